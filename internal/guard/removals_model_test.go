// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/guard"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/build"
)

// exodus is an organization as the API server has it, with all that it ever was: people leave and come back in it, and
// whoever works on it may see any of that. A write that rests on anything but the latest version is refused.
type exodus struct {
	*rapid.T

	now    time.Time
	limit  int
	window time.Duration
	org    []*v1alpha1.Organization
	users  [][]*v1alpha1.User
	// plans are the ends of access that a pass saw ahead, or while there was nothing to take; later ones take nothing from them.
	plans map[types.UID]time.Time
	// let is when who was let pass by the limit, and lists what each token stood for.
	let   []v1alpha1.PassedRemoval
	lists map[string][]v1alpha1.HeldRemoval
}

func newExodus(t *rapid.T) *exodus {
	const people = 7
	e := &exodus{T: t, now: now, limit: rapid.IntRange(1, 3).Draw(t, "limit"), window: time.Hour, lists: map[string][]v1alpha1.HeldRemoval{}, plans: map[types.UID]time.Time{}}
	allowed := fmt.Sprint(e.limit)
	e.org = []*v1alpha1.Organization{build.Organization("acme").Owner("boss").EmailChange(v1alpha1.EmailChangeReplace).Protection(allowed, e.window).Obj()}
	for i := range people {
		name := fmt.Sprintf("u%d", i)
		e.users = append(e.users, []*v1alpha1.User{build.User(name).Known(name + "@acme.example").AcceptedAt(now).Holds("admin").Obj()})
	}
	return e
}

// lets says that a removal is on record as one that passed.
func lets(org *v1alpha1.Organization, u *v1alpha1.User, kind v1alpha1.RemovalKind) bool {
	return slices.ContainsFunc(org.Status.Removals.Passed, func(p v1alpha1.PassedRemoval) bool {
		switch {
		case p.UID != u.UID, p.By == v1alpha1.PassRejection:
			return false
		case kind == v1alpha1.RemovalRoleLoss:
			return p.Kind == kind && p.Request >= u.Status.LastRoleRequest
		}
		return p.Generation == u.Generation || p.Kind == v1alpha1.RemovalDelete && !u.DeletionTimestamp.IsZero()
	})
}

// lose is a role that a user is to lose, or not any more, without an edit of the User: the user asks for it.
func (e *exodus) lose(t *rapid.T) {
	i := rapid.IntRange(0, len(e.users)-1).Draw(t, "user")
	u := last(e.users[i]).DeepCopy()
	u.Status.RoleRequests = nil
	if rapid.Bool().Draw(t, "asks") {
		u = asks(u, fmt.Sprintf("%d:Loss:admin", u.Status.LastRoleRequest+1))
	}
	e.users[i] = append(e.users[i], u)
}

// giveUp has a user give up a role that is not barred, by some view of the organization: what it released stays released.
func (e *exodus) giveUp(t *rapid.T) {
	i := rapid.IntRange(0, len(e.users)-1).Draw(t, "user")
	u, org := last(e.users[i]), e.org[version(t, e.org, "organization")]
	kind := access.Removal(u, org)
	if access.LossRequest(u) == 0 || kind == "" || guard.Barred(org, []*v1alpha1.User{u})[u.UID] {
		return
	}
	if !lets(org, u, kind) {
		e.Fatalf("%s gives up a role (%s), which nobody let pass: %v", u.Name, kind, org.Status.Removals)
	}
	u = u.DeepCopy()
	u.Status.RoleRequests = nil
	e.users[i] = append(e.users[i], u)
}

// version is one of those that somebody may see.
func version[T any](t *rapid.T, versions []T, what string) int {
	return max(0, len(versions)-1-rapid.SampledFrom([]int{0, 0, 0, 1, 2, 5}).Draw(t, what+" lags"))
}

// edit is somebody's edit or deletion of a User.
func (e *exodus) edit(t *rapid.T) {
	i := rapid.IntRange(0, len(e.users)-1).Draw(t, "user")
	u := last(e.users[i]).DeepCopy()
	u.Generation++
	switch rapid.SampledFrom([]string{"stay", "leave", "leave", "suspend", "delete", "replace", "end", "plan"}).Draw(t, "edit") {
	case "stay":
		u.Spec.State, u.Spec.Email, u.Spec.AccessUntil = v1alpha1.UserActive, u.Status.Email, nil
	case "replace":
		u.Spec.Email = fmt.Sprintf("g%d@acme.example", u.Generation)
	case "end":
		u.Spec.AccessUntil = new(metav1.NewTime(e.now.Add(rapid.SampledFrom([]time.Duration{-time.Minute, time.Minute, 30 * time.Minute}).Draw(t, "until"))))
	case "plan":
		u.Spec.AccessUntil = new(metav1.NewTime(e.now.Add(e.window)))
	case "leave":
		u.Spec.State = v1alpha1.UserArchived
	case "suspend":
		u.Spec.State = v1alpha1.UserSuspended
	case "delete":
		if i > len(e.users)/2 && u.DeletionTimestamp.IsZero() { // some can always come back
			u.DeletionTimestamp = build.User("any").Deleting(e.now).Obj().DeletionTimestamp
		}
	}
	e.users[i] = append(e.users[i], u)
}

// pass is a pass over a User.
func (e *exodus) pass(t *rapid.T) {
	i := rapid.IntRange(0, len(e.users)-1).Draw(t, "user")
	at := version(t, e.users[i], "user")
	u, org := e.users[i][at], e.org[version(t, e.org, "organization")]
	d := membership.Next(membership.Situation{Facts: membership.Facts{Organization: org}, Now: e.now, User: u})
	if at != len(e.users[i])-1 {
		return // outdated
	}
	left := access.Active(u) && !access.Active(d.User)
	planned := access.Ended(d.User) && e.planned(u)
	if left && !planned && !lets(org, u, v1alpha1.RemovalArchive) {
		e.Fatalf("%s left as generation %d, which nobody let pass: %v", u.Name, u.Generation, org.Status.Removals)
	}
	e.users[i] = append(e.users[i], e.settled(u, d.User))
}

// planned says that access ends no earlier than was seen ahead.
func (e *exodus) planned(u *v1alpha1.User) bool {
	plan, seen := e.plans[u.UID]
	return seen && !access.Until(u).Before(plan)
}

// settled is a user after a pass. Who comes in another's place accepts at once; roles, seats and what is asked about them are not
// part of a pass here.
func (e *exodus) settled(before, after *v1alpha1.User) *v1alpha1.User {
	after.Status.RoleRequests, after.Status.LastRoleRequest, after.Status.Roles = before.Status.RoleRequests, before.Status.LastRoleRequest, before.Status.Roles
	if !access.Leaving(after) {
		after.Status.AccessRevokedAt = nil
		after.Status.AcceptedAt = before.Status.AcceptedAt
	}
	switch until := after.Spec.AccessUntil; {
	case until == nil:
		delete(e.plans, after.UID)
	case !access.Present(before), !until.Time.Before(e.now.Add(e.window * 9 / 10)), e.planned(after):
		e.plans[after.UID] = access.Until(after)
	}
	return after
}

// decide is a decision of the organization's controller, on views of each user.
func (e *exodus) decide(t *rapid.T) {
	at := version(t, e.org, "organization")
	var seen []v1alpha1.User
	for _, versions := range e.users {
		seen = append(seen, *versions[version(t, versions, "user")])
	}
	e.write(at, seen)
}

// write is what becomes of a decision.
func (e *exodus) write(at int, seen []v1alpha1.User) {
	was := e.org[at]
	annotations := last(e.org).Annotations
	status := guard.DecideRemovals(guard.Removals{
		Protection: was.Spec.Protection, Organization: was, Users: seen, Record: was.Status.Removals,
		Approval: was.Annotations[v1alpha1.AnnotationApproveRemovals], Rejection: was.Annotations[v1alpha1.AnnotationRejectRemovals], Now: e.now,
		Parks: func(u *v1alpha1.User) bool { return u.Name != "u6" },
	})
	if at != len(e.org)-1 {
		return // outdated
	}
	org := was.DeepCopy()
	org.Status.Removals = status
	e.org = append(e.org, org)
	e.lists[status.Token] = status.Held
	for _, p := range status.Passed {
		if slices.Contains(was.Status.Removals.Passed, p) {
			continue
		}
		e.passed(p, &was.Status.Removals, annotations)
	}
	var window []types.UID
	for _, p := range e.let {
		if p.At.Add(e.window).After(e.now) && !slices.Contains(window, p.UID) {
			window = append(window, p.UID)
		}
	}
	if len(window) > e.limit {
		e.Fatalf("%d people were let pass within %s, and the limit is %d: %v", len(window), e.window, e.limit, e.let)
	}
}

// passed checks that somebody might pass.
func (e *exodus) passed(p v1alpha1.PassedRemoval, was *v1alpha1.RemovalsStatus, annotations map[string]string) {
	approval := annotations[v1alpha1.AnnotationApproveRemovals]
	held := slices.ContainsFunc(was.Held, func(h v1alpha1.HeldRemoval) bool { return h.UID == p.UID })
	switch p.By {
	case v1alpha1.PassLimit:
		if held {
			e.Fatalf("%s was held, and passed by itself", p.User)
		}
		p.At = metav1.NewTime(e.now)
		e.let = append(e.let, p)
	case v1alpha1.PassRejection:
		if approval = annotations[v1alpha1.AnnotationRejectRemovals]; p.Kind != v1alpha1.RemovalDelete || p.User == "u6" {
			e.Fatalf("%s, who is removed by %s, is let go", p.User, p.Kind)
		}
		fallthrough
	case v1alpha1.PassApproval:
		if !slices.ContainsFunc(e.lists[approval], func(h v1alpha1.HeldRemoval) bool {
			return h.UID == p.UID && (h.Generation == p.Generation || h.Kind == v1alpha1.RemovalRoleLoss) && h.Kind == p.Kind && h.Request == p.Request
		}) {
			e.Fatalf("%s passed as generation %d, which is not on the list that was approved: %v", p.User, p.Generation, e.lists[approval])
		}
	}
}

// approve has somebody approve, or reject, a list of the past, most often the latest.
func (e *exodus) approve(t *rapid.T) {
	org := last(e.org).DeepCopy()
	annotation := rapid.SampledFrom([]string{v1alpha1.AnnotationApproveRemovals, v1alpha1.AnnotationRejectRemovals}).Draw(t, "annotation")
	org.Annotations = map[string]string{annotation: e.org[version(t, e.org, "approval")].Status.Removals.Token}
	e.org = append(e.org, org)
}

// settle has everybody see what is, until nothing changes.
func (e *exodus) settle() {
	const rounds = 20
	for range rounds {
		var seen []v1alpha1.User
		for i, versions := range e.users {
			u := last(versions)
			d := membership.Next(membership.Situation{Facts: membership.Facts{Organization: last(e.org)}, Now: e.now, User: u})
			u = e.settled(u, d.User)
			e.users[i] = append(versions, u)
			seen = append(seen, *u)
		}
		e.write(len(e.org)-1, seen)
	}
}

// Whatever people do, and however old what the controllers see: within any window no more people are let pass than the limit
// says, but for those on a list that somebody approved; who is held does not pass by itself; in the end everybody who is
// declared to leave, to be replaced or to lose a role that somebody has to hold has done so or is held, and nobody else is; and one removal is always possible.
func TestNeverMoreRemovalsThanTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := newExodus(t)
		t.Repeat(map[string]func(*rapid.T){
			"edit": e.edit, "edit too": e.edit, "lose": e.lose, "give up": e.giveUp, "pass": e.pass, "decide": e.decide, "decide too": e.decide, "approve": e.approve,
			"wait": func(t *rapid.T) {
				e.now = e.now.Add(time.Duration(rapid.IntRange(1, 3000).Draw(t, "seconds")) * time.Second)
			},
		})
		e.settle()
		held := last(e.org).Status.Removals.Held
		for _, versions := range e.users {
			u := last(versions)
			kind := access.Removal(u, last(e.org))
			is := slices.ContainsFunc(held, func(h v1alpha1.HeldRemoval) bool {
				return h.UID == u.UID && h.Generation == u.Generation && h.Kind == kind
			})
			if access.Rejected(u, last(e.org)) {
				continue // it goes as it is
			}
			if asked := kind == v1alpha1.RemovalRoleLoss && lets(last(e.org), u, kind); !asked && (kind != "") != is {
				t.Fatalf("%s is %s, is to lose %q yet, and is held: %t", u.Name, u.Spec.State, kind, is)
			}
			if access.Leaving(u) && access.Active(u) && !is {
				t.Fatalf("%s is to leave, is not held, and stays", u.Name)
			}
		}
		e.now = e.now.Add(e.window)
		e.users = append(e.users, []*v1alpha1.User{build.User("new").AcceptedAt(now).State(v1alpha1.UserArchived).Obj()})
		e.settle()
		if u := last(last(e.users)); u.Status.AccessRevokedAt == nil {
			t.Fatal("a window later, nobody can be removed")
		}
	})
}
