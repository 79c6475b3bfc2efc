// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// guardedPeople are those of the organization of these tests, beside the owner.
var guardedPeople = []string{"bea", "cid", "dan", "eve"}

// guardedWorld is a settled world with an owner and four people on seats, of whom one may be removed within an hour.
func guardedWorld(t *testing.T) *passes.World {
	t.Helper()
	objects := []client.Object{
		build.Organization("acme").Owner("ada").Protection("1", time.Hour).Obj(), build.SeatPool("standard").Seats(9).Obj(),
		build.Role("member").SeatPool("standard").RoleRefs("view").Obj(), member("ada"),
	}
	for _, name := range guardedPeople {
		objects = append(objects, member(name))
	}
	return working(t, objects, append([]string{"ada"}, guardedPeople...)...)
}

func acmeOf(w *passes.World) *v1alpha1.Organization {
	var org v1alpha1.Organization
	w.Find("acme", &org)
	return &org
}

// approveHeld lets the list pass that is held.
func approveHeld(w *passes.World) {
	passes.Change(w, "acme", func(o *v1alpha1.Organization) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.AnnotationApproveRemovals, o.Status.Removals.Token)
	})
}

// staying are those of the people who are there, with access, roles, seat and rights, and leaving those who have none of these.
func staying(t *testing.T, w *passes.World) (names []string) {
	t.Helper()
	var bound []string
	for _, b := range allBindings(t, w) {
		for _, subject := range b.Subjects {
			bound = append(bound, strings.TrimSuffix(subject.Name, "@acme.example"))
		}
	}
	for _, name := range guardedPeople {
		var u v1alpha1.User
		here := w.Find(name, &u) && u.Status.AccessRevokedAt == nil
		if here {
			names = append(names, name)
		}
		if here && (len(u.Status.Roles) != 1 || len(u.Status.Seats) != 1) || slices.Contains(bound, name) != here {
			t.Errorf("%s is there: %t, with roles %v and seats %v; bound are %v", name, here, u.Status.Roles, u.Status.Seats, bound)
		}
	}
	return names
}

func wantStaying(t *testing.T, w *passes.World, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, staying(t, w)); diff != "" {
		t.Errorf("who stays (-want +got):\n%s", diff)
	}
}

// Removals beyond the limit do not happen, however somebody is removed: nothing changes for the person, and the User and the
// Organization say so. Approved, exactly these happen.
func TestRemovalsBeyondTheLimitAreHeld(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	w.Delete(build.User("cid").Obj())
	edit("bea", state(v1alpha1.UserArchived))(w)
	edit("dan", state(v1alpha1.UserSuspended))(w)
	w.Settle()
	wantStaying(t, w, "bea", "dan", "eve") // who is deleted passes first
	for name, remedy := range map[string]string{"bea": "approve it there, or set spec.state to Active", "dan": "approve it there, or set"} {
		wantCondition(t, w.User(name), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRemovalHeld, "organization acme", "RemovalsHeld", remedy)
		wantCondition(t, w.User(name), v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRemovalHeld)
	}
	org := acmeOf(w)
	wantCondition(t, org, v1alpha1.ConditionRemovalsHeld, metav1.ConditionTrue, v1alpha1.ReasonRemovalsHeld,
		"2 removals are held beyond the 1 that spec.protection allows within 1h: bea (Archive), dan (Suspend)",
		fmt.Sprintf("kubectl annotate --overwrite -n %s organization acme seatkeeper.dev/approve-removals=%s", w.Namespace, org.Status.Removals.Token))
	said := slices.DeleteFunc(w.Events.All(), func(e string) bool { return !strings.HasPrefix(e, "Warning RemovalsHeld acme: 2 removals are held") })
	if len(said) != 1 {
		t.Errorf("that removals are held is announced %d times", len(said))
	}

	w.Clock.SetTime(w.Clock.Now().Add(2 * time.Hour))
	w.Settle()
	wantStaying(t, w, "bea", "dan", "eve") // a window later, they are held still
	w.Delete(build.User("eve").Obj())
	w.Settle()
	wantStaying(t, w, "bea", "dan") // and who is removed now counts anew

	approveHeld(w)
	w.Settle()
	wantStaying(t, w)
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonArchived)
	wantReason(t, w, w.User("dan"), v1alpha1.ReasonSuspended)
	wantCondition(t, acmeOf(w), v1alpha1.ConditionRemovalsHeld, metav1.ConditionFalse, v1alpha1.ReasonNoRemovalsHeld)
}

// An approval is of one list: when another is removed meanwhile, nobody passes.
func TestApprovalOfAnotherList(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	edit("bea", state(v1alpha1.UserArchived))(w)
	edit("cid", state(v1alpha1.UserArchived))(w)
	w.Settle()
	approveHeld(w)
	edit("dan", state(v1alpha1.UserArchived))(w)
	w.Settle()
	wantStaying(t, w, "cid", "dan", "eve")
	wantCondition(t, acmeOf(w), v1alpha1.ConditionRemovalsHeld, metav1.ConditionTrue, v1alpha1.ReasonApprovalOutdated,
		"is for another list, and nobody passed: 2 removals are held")
	edit("cid", state(v1alpha1.UserActive))(w)
	w.Settle()
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonActive)
	approveHeld(w)
	w.Settle()
	wantStaying(t, w, "cid", "eve")
}

// Without spec.protection, nothing is counted, and nothing is written besides: also when it is taken away while somebody
// is held.
func TestRemovalsWithoutProtection(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	for _, name := range []string{"bea", "cid"} {
		edit(name, state(v1alpha1.UserArchived))(w)
	}
	w.Settle()
	wantStaying(t, w, "cid", "dan", "eve")
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Protection = v1alpha1.ProtectionPolicy{} })
	w.Settle()
	wantStaying(t, w, "dan", "eve")
	w.Traffic.Reset()
	w.Delete(build.User("dan").Obj())
	edit("eve", state(v1alpha1.UserSuspended))(w)
	w.CatchUp()
	for _, name := range []string{"dan", "eve"} { // before anybody looks at the organization
		pass(t, w, passes.User, name)
	}
	wantStaying(t, w)
	w.Settle()
	org := acmeOf(w)
	wantNone(t, org, v1alpha1.ConditionRemovalsHeld)
	if diff := cmp.Diff(v1alpha1.RemovalsStatus{}, org.Status.Removals); diff != "" {
		t.Errorf("it is on record (-want +got):\n%s", diff)
	}
}

// In a settled world nothing is written, also when what counted counts no more, but for that once.
func TestQuietWhileRemovalsAreHeld(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	for _, name := range guardedPeople {
		edit(name, state(v1alpha1.UserArchived))(w)
	}
	w.Settle()
	w.Traffic.Reset()
	result, err := w.Pass(passes.Organization, "acme")
	if err != nil || result.RequeueAfter <= 0 || result.RequeueAfter > time.Hour {
		t.Errorf("the pass asks for the next after %s (%v)", result.RequeueAfter, err)
	}
	w.Clock.SetTime(w.Clock.Now().Add(30 * time.Minute))
	w.Settle()
	if writes := w.Traffic.Writes(); len(writes) > 0 {
		t.Errorf("written are %v", writes)
	}
	w.Clock.SetTime(w.Clock.Now().Add(30 * time.Minute))
	w.Settle()
	w.Settle()
	if writes := w.Traffic.Writes(); len(writes) != 1 {
		t.Errorf("when the window has moved on, written are %v", writes)
	}
	wantStaying(t, w, "cid", "dan", "eve")
}

// Whichever write is lost, with the process or without, the same person passes and the others are held.
func TestCrashWhileRemovalsAreDecided(t *testing.T) {
	t.Parallel()
	for _, a := range []accident{
		{fault: operator.NotSent, nth: 1},
		{fault: operator.NoAnswer, nth: 1},
		{fault: operator.NoAnswer, nth: 1, death: true},
		{fault: operator.NotSent, nth: 2},
		{fault: operator.NoAnswer, nth: 2, death: true},
	} {
		t.Run(a.String(), func(t *testing.T) {
			t.Parallel()
			w := guardedWorld(t)
			for _, name := range guardedPeople {
				edit(name, state(v1alpha1.UserArchived))(w)
			}
			w.CatchUp()
			writes := operator.Writing("organizations/status", "users/status")
			hit := w.Traffic.Break(a.fault, a.nth, writes)
			if a.death {
				hit = w.Traffic.Kill(a.fault, a.nth, writes)
			}
			suffer(t, w, hit, a.death)
			w.Settle()
			wantStaying(t, w, "cid", "dan", "eve")
			approveHeld(w)
			w.Settle()
			wantStaying(t, w)
		})
	}
}

// A view of the past lets nobody pass: neither the organization's of what was decided, nor a user's.
func TestStaleRemovals(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	twin := w.Twin()
	twin.CatchUp()
	thaw := twin.Traffic.Freeze("organizations")
	edit("bea", state(v1alpha1.UserArchived))(w)
	w.Settle()
	edit("cid", state(v1alpha1.UserArchived))(w)
	twin.See("cid", &v1alpha1.User{})
	refused(t, twin, passes.Organization, "acme") // it does not see that bea passed
	pass(t, twin, passes.User, "cid")
	wantStaying(t, w, "cid", "dan", "eve")
	thaw()
	w.Settle()
	wantStaying(t, w, "cid", "dan", "eve")

	approveHeld(w)
	w.CatchUp()
	pass(t, w, passes.Organization, "acme")
	thaw = w.Traffic.Freeze("users")
	edit("cid", state(v1alpha1.UserActive))(w)
	w.See("acme", &v1alpha1.Organization{})
	if _, err := w.Pass(passes.User, "cid"); err != nil { // which sees cid leave
		t.Error(err)
	}
	thaw()
	w.Settle()
	wantStaying(t, w, "cid", "dan", "eve")
}

// Of two operators that decide at once, on views of their own, one has to look again.
func TestTwoOperatorsDecideAboutRemovals(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	twin := w.Twin()
	twin.CatchUp()
	thaw := twin.Traffic.Freeze("users")
	edit("bea", state(v1alpha1.UserArchived))(w)
	w.CatchUp()
	held := w.Traffic.Hold(1, operator.Writing("organizations/status"))
	ended := make(chan error, 1)
	go func() {
		_, err := w.Try(passes.Organization, "acme")
		ended <- err
	}()
	<-held.Reached()
	thaw()
	edit("dan", state(v1alpha1.UserArchived))(w)
	edit("bea", state(v1alpha1.UserActive))(w)
	twin.See("dan", &v1alpha1.User{})
	twin.See("bea", &v1alpha1.User{})
	pass(t, twin, passes.Organization, "acme")
	held.Release()
	if err := <-ended; err != nil {
		t.Errorf("the pass ends with %v", err)
	}
	edit("bea", state(v1alpha1.UserArchived))(w)
	w.Settle()
	twin.Settle()
	wantStaying(t, w, "bea", "cid", "eve")
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonRemovalHeld)
}

// An organization that is deleted, half-way through a decision or later, lets everybody go.
func TestOrganizationDeletedWhileRemovalsAreHeld(t *testing.T) {
	t.Parallel()
	for name, held := range map[string]bool{"gone": false, "going": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := guardedWorld(t)
			for _, name := range guardedPeople {
				w.Delete(build.User(name).Obj())
			}
			w.Settle()
			if names := staying(t, w); len(names) != len(guardedPeople)-1 {
				t.Fatalf("%v stay", names)
			}
			if held {
				passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Finalizers = []string{"example.org/held"} })
			}
			w.Delete(build.Organization("acme").Obj())
			for range 10 {
				_, _ = w.Round()
			}
			wantStaying(t, w)
		})
	}
}

// An invitation that is open is removed like access is; who waits for a seat, or has none, is not counted.
func TestRemovalOfTheInvited(t *testing.T) {
	t.Parallel()
	w := settled(t, build.Organization("acme").Owner("ada").Protection("1", time.Hour).Obj(), build.SeatPool("standard").Seats(3).Obj(),
		build.Role("member").SeatPool("standard").Obj(), member("ada"), member("bea"), member("cid"), member("dan"), build.User("eve").Obj())
	wantReason(t, w, w.User("dan"), v1alpha1.ReasonAwaitingSeat)
	for _, name := range guardedPeople {
		edit(name, state(v1alpha1.UserArchived))(w)
	}
	w.Settle()
	for name, want := range map[string]string{
		"bea": v1alpha1.ReasonArchived, "cid": v1alpha1.ReasonRemovalHeld, "dan": v1alpha1.ReasonArchived, "eve": v1alpha1.ReasonArchived,
	} {
		wantReason(t, w, w.User(name), want)
	}
	if m := acmeOf(w).Status.Removals; len(m.Passed) != 1 || m.HeldCount != 1 || strings.Join([]string{m.Passed[0].User, m.Held[0].User}, " ") != "bea cid" {
		t.Errorf("on record is %+v", m)
	}
}
