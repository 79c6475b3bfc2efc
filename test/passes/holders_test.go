// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// nobody is who is bound when nobody is.
var nobody = map[string][]string{}

func withRoles(names ...string) func(*v1alpha1.User) {
	return func(u *v1alpha1.User) { u.Spec.Roles = names }
}

func withEmail(address string) func(*v1alpha1.User) {
	return func(u *v1alpha1.User) { u.Spec.Email = address }
}

// working is a settled world in which some people have accepted.
func working(t *testing.T, objects []client.Object, people ...string) *passes.World {
	t.Helper()
	w := settled(t, objects...)
	for _, name := range people {
		w.Answer(name, accept)
	}
	w.Settle()
	return w
}

// pass does a pass, of which no failure is expected.
func pass(t *testing.T, w *passes.World, kind passes.Kind, name string) {
	t.Helper()
	if _, err := w.Pass(kind, name); err != nil {
		t.Fatalf("the pass over %s %s ends with %v", kind, name, err)
	}
}

func wantRoles(t *testing.T, u *v1alpha1.User, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, u.Status.Roles, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("roles of %s (-want +got):\n%s", u.Name, diff)
	}
}

// Whatever keeps a user from going on, a role that is not declared any more is lost, and before that the rights in Kubernetes
// that came with it.
func TestHeldUpAndDemotedLosesRights(t *testing.T) {
	t.Parallel()
	acme := build.Organization("acme").Owner("owner")
	for name, c := range map[string]struct {
		why    string
		org    *build.OrganizationBuilder
		heldUp func(*v1alpha1.User)
		reason string
		keeps  []string
	}{
		"address in use": {
			"nothing is gained, and all can be lost",
			acme, withEmail("owner@acme.example"), v1alpha1.ReasonEmailInUse,
			[]string{"guest"},
		},
		"address in use, all roles": {
			"so can all roles",
			acme, withEmail("owner@acme.example"), v1alpha1.ReasonEmailInUse, nil,
		},
		"owner": {
			"the owner keeps access, not roles",
			build.Organization("acme").Owner("ada"), state(v1alpha1.UserSuspended), v1alpha1.ReasonOwnerProtected,
			[]string{"guest"},
		},
		"address refused": {
			"the edit has no effect, the demotion has",
			build.Organization("acme").Owner("owner").EmailChange(v1alpha1.EmailChangeDeny), withEmail("ada@lovelace.example"),
			v1alpha1.ReasonEmailChangeDenied,
			[]string{"guest"},
		},
		"invalid": {
			"a mistake elsewhere keeps nobody in office",
			acme, func(u *v1alpha1.User) { u.Spec.TimeZone = "Europe/Atlantis" }, v1alpha1.ReasonInvalidSpec,
			[]string{"guest"},
		},
		"last of another role": {
			"that one role is kept is no reason to keep others",
			acme, state(v1alpha1.UserArchived), v1alpha1.ReasonLastHolder,
			[]string{"admin", "guest"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			declared := append([]string{"viewer"}, c.keeps...)
			w := working(t, []client.Object{
				c.org.Obj(), build.Role("viewer").RoleRefs("view").Obj(), build.Role("guest").Obj(), build.Role("admin").MinHolders(1).Obj(),
				build.User("owner").Roles("guest").Obj(), build.User("ada").Roles(declared...).Obj(),
			}, "ada")
			edit("ada", c.heldUp)(w)
			w.Settle()
			wantReason(t, w, w.User("ada"), c.reason)
			wantBound(t, w, map[string][]string{"view": {"ada"}})

			edit("ada", withRoles(c.keeps...))(w)
			w.CatchUp()
			w.Traffic.Reset()
			pass(t, w, passes.User, "ada")
			wantRoles(t, w.User("ada"), c.keeps...)
			wantBound(t, w, nobody)
			var order []string
			for _, r := range w.Traffic.Writes() {
				order = append(order, r.Resource)
			}
			if want := []string{"rolebindings", "users/status"}; !slices.Equal(order, want) {
				t.Errorf("%s; written are %v, want %v", c.why, order, want)
			}
			w.Settle()
			wantBound(t, w, nobody)
			wantReason(t, w, w.User("ada"), c.reason)
		})
	}
}

// A delegation that ends takes its role by the clock alone: each pass, whatever became of the mail that it sent, asks for
// the next at that time at the latest.
func TestDelegationEndsByTheClock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why    string
		before func(*passes.World)
		reason string
		bound  map[string][]string
	}{
		"invited": {"the invitation waits for an answer much longer", func(*passes.World) {}, v1alpha1.ReasonInvited, nobody},
		"refused": {
			"nobody will answer", func(w *passes.World) { w.Mail.Reject("jean@acme.example", "550 5.1.1 No such user") },
			v1alpha1.ReasonMailRejected, nobody,
		},
		"not sent": {"the mail server is away", func(w *passes.World) { w.Mail.Unavailable(1000) }, v1alpha1.ReasonMailUnavailable, nobody},
		"accepted": {"there is nothing else to wait for", nil, v1alpha1.ReasonActive, map[string][]string{"view": {"jean"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			until := passes.Noon.Add(2 * time.Hour)
			w := passes.New(
				t, build.Organization("acme").Owner("owner").Obj(), build.Role("viewer").RoleRefs("view").Obj(),
				build.User("max").Roles("viewer").Delegate("jean", time.Time{}, until).Obj(), build.User("jean").Obj(),
			)
			if c.before != nil {
				c.before(w)
			}
			const rounds = 8
			for round := range rounds {
				w.CatchUp()
				result, err := w.Pass(passes.User, "jean")
				if left := until.Sub(w.Clock.Now()); err != nil || result.RequeueAfter <= 0 || result.RequeueAfter > left {
					t.Errorf("%s; a pass as %q asks for the next after %s (%v), and the delegation ends in %s", c.why, w.Reason(w.User("jean")), result.RequeueAfter, err, left)
				}
				_, _ = w.Round()
				if round == rounds/2 && c.before == nil {
					w.Answer("jean", accept)
				}
			}
			wantReason(t, w, w.User("jean"), c.reason)
			wantRoles(t, w.User("jean"), "viewer")
			wantBound(t, w, c.bound)

			w.CatchUp()
			w.Clock.SetTime(until.Add(-time.Second))
			pass(t, w, passes.User, "jean")
			wantRoles(t, w.User("jean"), "viewer")
			w.CatchUp()
			w.Clock.SetTime(until)
			pass(t, w, passes.User, "jean")
			wantRoles(t, w.User("jean"))
			wantReason(t, w, w.User("jean"), v1alpha1.ReasonNoRoles)
			wantBound(t, w, nobody)
		})
	}
}

// Who does not want a role, or did not answer, asks for it no more: the next in line has it, and all is quiet.
func TestEndedInvitationToALimitedRole(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason string
		end    func(*passes.World)
	}{
		"declined": {v1alpha1.ReasonDeclined, func(w *passes.World) { w.Answer("jean", decline) }},
		"expired": {v1alpha1.ReasonInvitationExpired, func(w *passes.World) {
			w.Clock.SetTime(w.User("jean").Status.Invitation.ExpiresAt.Time)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := settled(
				t, build.Organization("acme").Owner("owner").Obj(), build.SeatPool("premium").Seats(2).Obj(),
				build.Role("principal").SeatPool("premium").MaxHolders(1).Obj(), build.User("jean").Roles("principal").Obj(),
			)
			wantReason(t, w, w.User("jean"), v1alpha1.ReasonInvited)
			c.end(w)
			w.Settle()
			wantEnded := func() {
				t.Helper()
				jean := w.User("jean")
				wantReason(t, w, jean, c.reason)
				wantRoles(t, jean)
				if st := jean.Status; len(st.RoleRequests) > 0 || st.LastRoleRequest != 1 {
					t.Errorf("jean asks for %v, up to number %d", st.RoleRequests, st.LastRoleRequest)
				}
			}
			wantEnded()
			wantQuiet(t, w)
			w.Create(build.User("zoe").Roles("principal").Obj())
			w.Settle()
			wantReason(t, w, w.User("zoe"), v1alpha1.ReasonInvited)
			wantRoles(t, w.User("zoe"), "principal")
			wantEnded()
			wantQuiet(t, w)
		})
	}
}

// decisionOn is what the organization decided about a user; empty when it did not.
func decisionOn(w *passes.World, user string) v1alpha1.RoleOutcome {
	org := &v1alpha1.Organization{}
	w.Find("acme", org)
	for _, d := range org.Status.RoleDecisions {
		if d.User == user {
			return d.Outcome
		}
	}
	return ""
}

// Whoever is released rests on another who stays in truth, and not only in a view of the past: a replica that has just begun
// to lead may have one of the users, and be up to date about the organization.
func TestReleaseRestsOnWhoStays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why  string
		goes func(*passes.World)
		want v1alpha1.RoleOutcome
	}{
		"stays":    {"with another holder there is no reason to hold anybody", nil, v1alpha1.RoleRelease},
		"demoted":  {"bea does not hold the role any more", edit("bea", withRoles("guest")), v1alpha1.RoleHold},
		"archived": {"bea left", edit("bea", state(v1alpha1.UserArchived)), v1alpha1.RoleHold},
		"deleted":  {"there is no bea any more", func(w *passes.World) { w.Delete(build.User("bea").Obj()) }, v1alpha1.RoleHold},
		"replaced": {"whoever came in place of bea has accepted nothing yet", edit("bea", withEmail("nadia@acme.example")), v1alpha1.RoleHold},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := working(t, []client.Object{
				build.Organization("acme").Owner("owner").EmailChange(v1alpha1.EmailChangeReplace).Obj(),
				build.Role("admin").MinHolders(1).Obj(), build.Role("guest").Obj(), build.User("owner").Roles("guest").Obj(),
				build.User("ada").Roles("admin", "guest").Obj(), build.User("bea").Roles("admin", "guest").Obj(),
			}, "ada", "bea")
			edit("ada", withRoles("guest"))(w)
			w.CatchUp()
			pass(t, w, passes.User, "ada") // who asks
			w.See("ada", &v1alpha1.User{})
			thaw := w.Traffic.Freeze("users")
			if c.goes != nil {
				twin := w.Twin()
				c.goes(w)
				twin.CatchUp()
				pass(t, twin, passes.User, "bea") // who asks as well, and goes before ada does
				twin.Settle()
			}
			w.See("acme", &v1alpha1.Organization{})
			seen := &v1alpha1.User{}
			if err := w.Client().Get(t.Context(), client.ObjectKey{Namespace: w.Namespace, Name: "bea"}, seen); err != nil || !access.Active(seen) || !access.Holds(seen, "admin") {
				t.Fatalf("the cache does not show bea as she was: %v, %+v", err, seen.Status)
			}

			w.Traffic.Reset()
			pass(t, w, passes.Organization, "acme")
			if got := decisionOn(w, "ada"); got != c.want || w.Traffic.Refused() > 0 {
				t.Errorf("%s; the decision is %q, want %q, and %d writes were refused", c.why, got, c.want, w.Traffic.Refused())
			}
			thaw()
			w.Settle()
			if got := access.Holds(w.User("ada"), "admin"); got != (c.want == v1alpha1.RoleHold) {
				t.Errorf("%s; that ada holds the role is %t", c.why, got)
			}
		})
	}
}

// Another name takes effect in Kubernetes in this order: the old one has no rights any more, the status says the new one, the
// new one has them. Whoever looks in between does not bind the old one again.
func TestAddressChangesInKubernetes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why    string
		policy v1alpha1.EmailChange
		to     string
		bound  bool // with the new name, at once
	}{
		"renamed":  {"it is the same person", v1alpha1.EmailChangeRename, "nadia", true},
		"spelled":  {"to Kubernetes that is another name, and to nobody else", v1alpha1.EmailChangeDeny, "Bea", true},
		"replaced": {"the other person has accepted nothing yet", v1alpha1.EmailChangeReplace, "nadia", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := working(t, []client.Object{
				build.Organization("acme").Owner("owner").EmailChange(c.policy).Obj(), build.Role("viewer").RoleRefs("view").Obj(), build.User("bea").Roles("viewer").Obj(),
			}, "bea")
			wantBound(t, w, map[string][]string{"view": {"bea"}})
			edit("bea", withEmail(c.to+"@acme.example"))(w)
			w.CatchUp()
			held := w.Traffic.Hold(1, operator.Writing("users/status"))
			ended := make(chan error, 1)
			go func() {
				_, err := w.Try(passes.User, "bea")
				ended <- err
			}()
			<-held.Reached()
			for range 2 {
				if got := w.User("bea").Status.Email; got != "bea@acme.example" {
					t.Errorf("the status says %s already", got)
				}
				wantBound(t, w, nobody)
				w.CatchUp()
				pass(t, w, passes.Role, "viewer") // who looks in between
			}
			held.Release()
			if err := <-ended; err != nil {
				t.Errorf("the pass ends with %v", err)
			}
			if got := w.User("bea").Status.Email; got != c.to+"@acme.example" {
				t.Errorf("the status says %s", got)
			}
			wantBound(t, w, nobody)
			onlyRoles(t, w, "viewer")
			if got := len(allBindings(t, w)) > 0; got != c.bound {
				t.Errorf("%s; that somebody is bound is %t, want %t", c.why, got, c.bound)
			}
			w.Settle()
			w.Answer("bea", accept)
			w.Settle()
			wantBound(t, w, map[string][]string{"view": {c.to}})
		})
	}
}

// An edit of an address that has no effect takes nobody's rights.
func TestAddressStaysInKubernetes(t *testing.T) {
	t.Parallel()
	w := working(t, []client.Object{
		build.Organization("acme").Owner("owner").EmailChange(v1alpha1.EmailChangeDeny).Obj(), build.Role("viewer").RoleRefs("view").Obj(), build.User("bea").Roles("viewer").Obj(),
	}, "bea")
	edit("bea", withEmail("nadia@acme.example"))(w)
	w.Traffic.Reset()
	w.Settle()
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonEmailChangeDenied)
	if wrote := w.Traffic.Requests(operator.Writing("rolebindings")); len(wrote) > 0 {
		t.Errorf("the role bindings are written: %v", wrote)
	}
	wantBound(t, w, map[string][]string{"view": {"bea"}})
}
