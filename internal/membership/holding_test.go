// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/guard"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/seats"
	"seatkeeper.dev/seatkeeper/test/build"
)

// TestHeldUpAndDemoted checks that whatever keeps a user from going on does not keep a role that is to be lost, nor a request
// that nobody stands by any more.
func TestHeldUpAndDemoted(t *testing.T) {
	t.Parallel()
	request := func(role string, change v1alpha1.RoleChange) v1alpha1.RoleRequest {
		return v1alpha1.RoleRequest{Number: 4, Role: role, Change: change}
	}
	taken := func(s *membership.Situation) { s.EmailHolder = "bea" }
	owner := func(s *membership.Situation) { s.Organization.Spec.Owner = "jean" }
	active := func(roles ...string) *build.UserBuilder {
		return jean().UID("u-jean").Roles(roles...).AcceptedAt(now.Add(-hour))
	}
	suspended := func(roles ...string) *build.UserBuilder { return active(roles...).State(v1alpha1.UserSuspended) }
	for name, c := range map[string]struct {
		why    string
		user   *v1alpha1.User
		change func(*membership.Situation)
		reason string
		roles  []string
		asks   []v1alpha1.RoleRequest
	}{
		"address in use": {
			why: "a role that is not declared any more is lost", user: active("guest").Holds("guest", "standard").Seats("standard").Obj(),
			change: taken, reason: v1alpha1.ReasonEmailInUse, roles: []string{"guest"},
		},
		"address in use, all roles": {
			why: "so are all of them", user: active().Holds("guest", "standard").Seats("standard").Obj(),
			change: taken, reason: v1alpha1.ReasonEmailInUse,
		},
		"address in use, promoted": {
			why: "nothing is gained meanwhile", user: active("guest", "standard").Holds("guest").Obj(),
			change: taken, reason: v1alpha1.ReasonEmailInUse, roles: []string{"guest"},
		},
		"address in use, a role that somebody has to hold": {
			why: "the organization is asked whether it may go", user: requests(active("guest").Holds("admin", "guest").Obj(), 3),
			change: taken, reason: v1alpha1.ReasonEmailInUse, roles: []string{"admin", "guest"}, asks: []v1alpha1.RoleRequest{request("admin", v1alpha1.RoleLoss)},
		},
		"address in use, asked for a role": {
			why: "nothing can be gained, and a grant would be a place that nobody takes", user: requests(active("guest", "principal").Holds("guest").Obj(), 4, request("principal", v1alpha1.RoleGain)),
			change: taken, reason: v1alpha1.ReasonEmailInUse, roles: []string{"guest"},
		},
		"address in use, demotion taken back": {
			why: "a release would rest on a wish that is none any more", user: requests(active("admin").Holds("admin").Obj(), 4, request("admin", v1alpha1.RoleLoss)),
			change: taken, reason: v1alpha1.ReasonEmailInUse, roles: []string{"admin"},
		},
		"owner": {
			why: "the owner keeps access, and no role beyond those declared", user: suspended("guest").Holds("guest", "standard").Seats("standard").Obj(),
			change: owner, reason: v1alpha1.ReasonOwnerProtected, roles: []string{"guest"},
		},
		"owner, all roles": {
			why: "nor one at all", user: suspended().Holds("guest").Obj(),
			change: owner, reason: v1alpha1.ReasonOwnerProtected,
		},
		"owner, asked for a role": {
			why: "who is to leave asks for nothing", user: requests(suspended("guest", "principal").Holds("guest").Obj(), 4, request("principal", v1alpha1.RoleGain)),
			change: owner, reason: v1alpha1.ReasonOwnerProtected, roles: []string{"guest"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := decided(c.user, nil)
			s.Seats = []membership.Seat{{Pool: "standard", Since: now.Add(-hour)}}
			c.change(&s)
			d := membership.Next(s)
			st := d.User.Status
			if d.Verdict.Reason != c.reason || st.AccessRevokedAt != nil {
				t.Errorf("%s: is %s, access revoked at %v, want %s", c.why, d.Verdict.Reason, st.AccessRevokedAt, c.reason)
			}
			if diff := cmp.Diff(c.roles, st.Roles, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s; roles, want -, got +:\n%s", c.why, diff)
			}
			if diff := cmp.Diff(c.asks, st.RoleRequests, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s; asks for, want -, got +:\n%s", c.why, diff)
			}
			if access.Holds(d.User, "standard") && membership.StandingElsewhere(c.user, s.Facts) == seats.Frees {
				t.Error("the pool frees the seat of a role that the user keeps")
			}
		})
	}
}

// TestMailAndDelegation checks that a pass is due when a delegation ends, whatever becomes of the mail that the pass sends.
func TestMailAndDelegation(t *testing.T) {
	t.Parallel()
	until := now.Add(2 * hour)
	for name, c := range map[string]struct {
		why      string
		user     *v1alpha1.User
		tell     func(d *membership.Decision)
		reminder bool
	}{
		"waits": {why: "the mail has not been tried yet", tell: (*membership.Decision).Queued},
		"sent":  {why: "the invitation waits for an answer", tell: func(d *membership.Decision) { d.Sent(now) }},
		"refused": {
			why: "the server refuses the mail for good", tell: func(d *membership.Decision) { d.Refused("550 5.1.1 No such user") },
		},
		"not sent": {
			why: "the server is away for long", tell: func(d *membership.Decision) { d.Unsent("421 try later", now.Add(6*hour)) },
		},
		"reminder waits": {why: "a reminder changes nothing", reminder: true, tell: (*membership.Decision).Queued},
		"reminder sent":  {why: "a reminder changes nothing", reminder: true, tell: func(d *membership.Decision) { d.Sent(now) }},
		"reminder not sent": {
			why: "a reminder changes nothing", reminder: true, tell: func(d *membership.Decision) { d.Unsent("421 try later", now.Add(6*hour)) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := build.User("max").Roles("guest").Delegate("jean", time.Time{}, until).Obj()
			u := jean().UID("u-jean").Roles()
			if c.reminder {
				u = u.Holds("guest").Invited(1, now.Add(100*hour))
			}
			s := decided(u.Obj(), nil, from)
			s.Seats = []membership.Seat{{Pool: "standard", Since: now.Add(-hour)}}
			s.Organization.Spec.Invitation.ReminderInterval = build.Organization("acme").Reminders(hour, 9).Obj().Spec.Invitation.ReminderInterval
			d := membership.Next(s)
			if d.Send == nil || (d.Reminder > 0) != c.reminder {
				t.Fatalf("sends %v, reminder %d: %v", d.Send, d.Reminder, d.Verdict)
			}
			c.tell(&d)
			if due := d.Due(); due.IsZero() || due.After(until) {
				t.Errorf("%s: the next pass is due at %v, and the delegation ends at %v", c.why, due, until)
			}
		})
	}
}

// TestEndedInvitationIsQuiet checks that whoever is not to be invited again asks for nothing, pass after pass.
func TestEndedInvitationIsQuiet(t *testing.T) {
	t.Parallel()
	gain := v1alpha1.RoleRequest{Number: 1, Role: "principal", Change: v1alpha1.RoleGain}
	invited := func() *build.UserBuilder { return jean().UID("u-jean").Roles("principal").Invited(1, expiry) }
	for name, c := range map[string]struct {
		why    string
		user   *v1alpha1.User
		reason string
		last   int64
	}{
		"declined":             {"nothing was asked yet", invited().Declined(now.Add(-hour)).Obj(), v1alpha1.ReasonDeclined, 0},
		"declined after it":    {"the request goes with the invitation", requests(invited().Declined(now.Add(-hour)).Obj(), 1, gain), v1alpha1.ReasonDeclined, 1},
		"declined with a role": {"so does the role, and what is kept of it", requests(invited().Holds("principal").Declined(now.Add(-hour)).Obj(), 1), v1alpha1.ReasonDeclined, 1},
		"expired":              {"nobody answered", jean().UID("u-jean").Roles("principal").Invited(1, now.Add(-hour)).Obj(), v1alpha1.ReasonInvitationExpired, 0},
		"expired after it":     {"nobody answered", requests(jean().UID("u-jean").Roles("principal").Invited(1, now.Add(-hour)).Obj(), 1, gain), v1alpha1.ReasonInvitationExpired, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := c.user
			for pass := range 3 {
				d := membership.Next(decided(u, nil))
				if st := d.User.Status; d.Verdict.Reason != c.reason || len(st.RoleRequests) > 0 || len(st.Roles) > 0 || st.LastRoleRequest != c.last {
					t.Errorf("%s: pass %d is %s, holds %v, asks for %v, up to number %d", c.why, pass, d.Verdict.Reason, st.Roles, st.RoleRequests, st.LastRoleRequest)
				}
				if diff := cmp.Diff(u.Status, d.User.Status); pass > 0 && diff != "" {
					t.Errorf("pass %d writes again:\n%s", pass, diff)
				}
				u = d.User
			}
		})
	}
}

// TestWhoIsToLeaveGetsNoSeat checks that whoever is only held back keeps what is held, and claims nothing.
func TestWhoIsToLeaveGetsNoSeat(t *testing.T) {
	t.Parallel()
	tied := func() *build.UserBuilder {
		return jean().UID("u-jean").Roles("admin", "standard").Holds("admin").AcceptedAt(now.Add(-hour))
	}
	for name, c := range map[string]struct {
		why  string
		user *v1alpha1.User
		want seats.Standing
	}{
		"stays":     {"who stays needs the seat", tied().Obj(), seats.Claims},
		"suspended": {"who is to be suspended does not", tied().State(v1alpha1.UserSuspended).Obj(), seats.Keeps},
		"archived":  {"nor who is to be archived", tied().State(v1alpha1.UserArchived).Obj(), seats.Keeps},
		"deleted":   {"nor who is to be deleted", tied().Deleting(now).Obj(), seats.Keeps},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := decided(c.user, nil)
			if !s.Tied {
				t.Fatal("nothing holds the user back")
			}
			if got := membership.Standing(c.user, s.Facts); got != c.want {
				t.Errorf("%s: the standing is %v, want %v", c.why, got, c.want)
			}
		})
	}
}

// TestReleasedOneByOne checks that whoever leaves, and has to ask for one role more while the release of the first is under
// way, keeps the first request and goes in the end.
func TestReleasedOneByOne(t *testing.T) {
	t.Parallel()
	first := build.Role("auditor").In("acme", "acme").MinHolders(1).Obj()
	second := build.Role("keeper").In("acme", "acme").Obj() // which gets a minimum later
	holder := func(name string) *build.UserBuilder {
		return build.User(name).In("acme", "acme").UID(types.UID("u-"+name)).Roles("auditor", "keeper").Holds("auditor", "keeper").AcceptedAt(now.Add(-hour))
	}
	u := holder("jean").State(v1alpha1.UserSuspended).Obj()
	stay := []*v1alpha1.User{holder("ada").Obj(), holder("bea").Obj()}
	var decisions []v1alpha1.RoleDecision
	asked := int64(0)
	const passes = 12
	for pass := range passes {
		s := decided(u, decisions, first, second)
		d := membership.Next(s)
		u = d.User
		if u.Status.AccessRevokedAt != nil {
			if pass < 2 || len(u.Status.Roles) > 0 || len(u.Status.RoleRequests) > 0 {
				t.Errorf("goes in pass %d, with the roles %v, and asks for %v", pass, u.Status.Roles, u.Status.RoleRequests)
			}
			return
		}
		if got := u.Status.Roles; len(got) != 2 {
			t.Fatalf("in pass %d, before all may go, the roles are %v", pass, got)
		}
		for _, r := range u.Status.RoleRequests {
			if r.Role == first.Name {
				if asked != 0 && r.Number != asked {
					t.Fatalf("in pass %d, the role is asked for as number %d, and was as number %d", pass, r.Number, asked)
				}
				asked = r.Number
			}
		}
		limited := map[string]*v1alpha1.Role{first.Name: first}
		if second.Spec.MinHolders != nil {
			limited[second.Name] = second
		}
		decisions = guard.Decide(guard.Situation{Roles: limited, Owner: "marie", Users: append([]*v1alpha1.User{u}, stay...), Decisions: decisions}).Roles
		second.Spec.MinHolders = new(int32(1))
	}
	t.Errorf("never leaves, although two others hold both roles: asks for %v, and on record are %v", u.Status.RoleRequests, decisions)
}

// TestWhoDoesNotAskHearsNothing checks that whoever does not ask for a role is told the same whether it is full or not: nobody
// wakes them when that changes.
func TestWhoDoesNotAskHearsNothing(t *testing.T) {
	t.Parallel()
	u := jean().UID("u-jean").Roles("principal").Obj()
	for why, c := range map[string]struct {
		change func(*membership.Situation)
		told   bool
	}{
		"whoever asks is told":               {func(*membership.Situation) {}, true},
		"whoever has no right to an address": {func(s *membership.Situation) { s.EmailHolder = "bea" }, false},
	} {
		var said []string
		for _, decisions := range [][]v1alpha1.RoleDecision{nil, {{Role: "principal", Outcome: v1alpha1.RoleHold}}} {
			s := decided(u, decisions)
			c.change(&s)
			d := membership.Next(s)
			for _, w := range d.User.Status.WithheldRoles {
				said = append(said, w.Reason+" "+w.Message)
			}
		}
		if len(said) != 2 || (said[0] != said[1]) != c.told {
			t.Errorf("%s: hears %q", why, said)
		}
	}
}
