// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
)

var limited = []client.Object{
	build.Role("admin").In("acme", "acme").MinHolders(1).Obj(),
	build.Role("trustee").In("acme", "acme").MinHolders(2).SeatPool("standard").Obj(),
	build.Role("principal").In("acme", "acme").MaxHolders(1).SeatPool("premium").Obj(),
}

// decided is the situation of a user in an organization that has decided something.
func decided(u *v1alpha1.User, decisions []v1alpha1.RoleDecision, objects ...client.Object) membership.Situation {
	org := build.Organization("acme").In("acme").Owner("marie").Obj()
	for _, d := range decisions {
		d.UID, d.User = u.UID, u.Name
		if d.Role == "principal" && d.Outcome == v1alpha1.RoleHold {
			org.Status.FullRoles = []string{d.Role}
			continue
		}
		org.Status.RoleDecisions = append(org.Status.RoleDecisions, d)
	}
	s := situation(u)
	s.Organization = org
	s.Roles = access.Of(u, build.Source(append(append(objects, limited...), append(roles, org, u)...)...), now)
	s.UnknownRoles, s.Tied = len(s.Roles.Unknown) > 0, len(s.Roles.Tied) > 0
	s.Pools = map[string]membership.Pool{"standard": {Found: true, Capacity: 3}, "premium": {Found: true, Capacity: 1}}
	return s
}

func requests(u *v1alpha1.User, last int64, all ...v1alpha1.RoleRequest) *v1alpha1.User {
	u.Status.RoleRequests, u.Status.LastRoleRequest = all, last
	return u
}

func TestRequests(t *testing.T) {
	t.Parallel()
	loss := func(number int64, role string) v1alpha1.RoleRequest {
		return v1alpha1.RoleRequest{Number: number, Role: role, Change: v1alpha1.RoleLoss}
	}
	gain := func(number int64, role string) v1alpha1.RoleRequest {
		return v1alpha1.RoleRequest{Number: number, Role: role, Change: v1alpha1.RoleGain}
	}
	answer := func(role string, number int64, outcome v1alpha1.RoleOutcome) []v1alpha1.RoleDecision {
		return []v1alpha1.RoleDecision{{Role: role, Number: number, Outcome: outcome}}
	}
	active := func() *build.UserBuilder { return jean().UID("u-jean").AcceptedAt(now.Add(-hour)) }
	type result struct {
		Reason   string
		Roles    []string
		Requests []v1alpha1.RoleRequest
		Last     int64
		Withheld []string
		Revoked  bool
	}
	for name, c := range map[string]struct {
		why       string
		user      *v1alpha1.User
		decisions []v1alpha1.RoleDecision
		seats     []membership.Seat
		want      result
	}{
		"demotion": {
			why: "a role that somebody has to hold is kept, and the organization asked", user: active().Roles("guest").Holds("admin").Obj(),
			want: result{Reason: v1alpha1.ReasonRoleRequested, Roles: []string{"admin", "guest"}, Requests: []v1alpha1.RoleRequest{loss(1, "admin")}, Last: 1},
		},
		"demotion, asked": {
			why: "a request that stands keeps its number", user: requests(active().Roles("guest").Holds("admin").Obj(), 4, loss(4, "admin")),
			want: result{Reason: v1alpha1.ReasonRoleRequested, Roles: []string{"admin", "guest"}, Requests: []v1alpha1.RoleRequest{loss(4, "admin")}, Last: 4},
		},
		"demotion, held": {
			why: "who is the last one is told", user: requests(active().Roles("guest").Holds("admin").Obj(), 4, loss(4, "admin")),
			decisions: answer("admin", 4, v1alpha1.RoleHold),
			want:      result{Reason: v1alpha1.ReasonLastHolder, Roles: []string{"admin", "guest"}, Requests: []v1alpha1.RoleRequest{loss(4, "admin")}, Last: 4},
		},
		"demotion, released": {
			why: "then it goes, and the request with it", user: requests(active().Roles("guest").Holds("admin").Obj(), 4, loss(4, "admin")),
			decisions: answer("admin", 4, v1alpha1.RoleRelease),
			want:      result{Reason: v1alpha1.ReasonActive, Roles: []string{"guest"}, Last: 4},
		},
		"demotion taken back": {
			why: "a release that is not wanted any more is none", user: requests(active().Roles("admin").Holds("admin").Obj(), 4, loss(4, "admin")),
			decisions: answer("admin", 4, v1alpha1.RoleRelease),
			want:      result{Reason: v1alpha1.ReasonActive, Roles: []string{"admin"}, Last: 4},
		},
		"an answer to another request": {
			why: "only the number that was asked under counts", user: requests(active().Roles("guest").Holds("admin").Obj(), 5, loss(5, "admin")),
			decisions: answer("admin", 4, v1alpha1.RoleRelease),
			want:      result{Reason: v1alpha1.ReasonRoleRequested, Roles: []string{"admin", "guest"}, Requests: []v1alpha1.RoleRequest{loss(5, "admin")}, Last: 5},
		},
		"suspension": {
			why: "nothing happens before all roles may go", user: active().State(v1alpha1.UserSuspended).Roles("admin", "guest").Holds("admin", "guest").Obj(),
			want: result{Reason: v1alpha1.ReasonRoleRequested, Roles: []string{"admin", "guest"}, Requests: []v1alpha1.RoleRequest{loss(1, "admin")}, Last: 1},
		},
		"suspension, held": {
			why: "the last one keeps access", user: requests(active().State(v1alpha1.UserSuspended).Roles("admin").Holds("admin").Obj(), 1, loss(1, "admin")),
			decisions: answer("admin", 1, v1alpha1.RoleHold),
			want:      result{Reason: v1alpha1.ReasonLastHolder, Roles: []string{"admin"}, Requests: []v1alpha1.RoleRequest{loss(1, "admin")}, Last: 1},
		},
		"archive of two, one held": {
			why: "all or nothing", user: requests(active().State(v1alpha1.UserArchived).Roles("admin", "trustee").Holds("admin", "trustee").Obj(), 2, loss(1, "admin"), loss(2, "trustee")),
			decisions: append(answer("admin", 1, v1alpha1.RoleHold), answer("trustee", 2, v1alpha1.RoleHold)...), seats: []membership.Seat{{Pool: "standard"}},
			want: result{Reason: v1alpha1.ReasonLastHolder, Roles: []string{"admin", "trustee"}, Requests: []v1alpha1.RoleRequest{loss(1, "admin"), loss(2, "trustee")}, Last: 2},
		},
		"suspension, released": {
			why: "then it goes its way", user: requests(active().State(v1alpha1.UserSuspended).Roles("admin").Holds("admin").Obj(), 1, loss(1, "admin")),
			decisions: answer("admin", 1, v1alpha1.RoleRelease),
			want:      result{Reason: v1alpha1.ReasonSuspended, Last: 1, Revoked: true},
		},
		"a seat that was withdrawn": {
			why: "the role that somebody has to hold is kept without it, and the withdrawal is not acknowledged", user: active().Roles("trustee").Holds("trustee").Obj(),
			seats: []membership.Seat{{Pool: "standard", Withdrawn: 7, Turn: 7}},
			want:  result{Reason: v1alpha1.ReasonRoleRequested, Roles: []string{"trustee"}, Requests: []v1alpha1.RoleRequest{loss(1, "trustee")}, Last: 1},
		},
		"a role that few may hold": {
			why: "the organization is asked", user: active().Roles("guest", "principal").Obj(),
			want: result{Reason: v1alpha1.ReasonRoleRequested, Roles: []string{"guest"}, Requests: []v1alpha1.RoleRequest{gain(1, "principal")}, Last: 1, Withheld: []string{"principal RoleRequested"}},
		},
		"and that is taken": {
			why: "who is one too many is told", user: requests(active().Roles("guest", "principal").Obj(), 1, gain(1, "principal")),
			decisions: answer("principal", 1, v1alpha1.RoleHold),
			want:      result{Reason: v1alpha1.ReasonMaxHoldersReached, Roles: []string{"guest"}, Requests: []v1alpha1.RoleRequest{gain(1, "principal")}, Last: 1, Withheld: []string{"principal MaxHoldersReached"}},
		},
		"and that is free": {
			why: "the request stands until the role is held, for which it takes a seat", user: requests(active().Roles("guest", "principal").Holds("guest").Obj(), 1, gain(1, "principal")),
			decisions: answer("principal", 1, v1alpha1.RoleGrant),
			want:      result{Roles: []string{"guest"}, Requests: []v1alpha1.RoleRequest{gain(1, "principal")}, Last: 1, Withheld: []string{"principal AwaitingSeat"}},
		},
		"and that is taken up": {
			why: "then the request is answered", user: requests(active().Roles("guest", "principal").Holds("guest").Obj(), 1, gain(1, "principal")),
			decisions: answer("principal", 1, v1alpha1.RoleGrant), seats: []membership.Seat{{Pool: "premium"}},
			want: result{Reason: v1alpha1.ReasonActive, Roles: []string{"guest", "principal"}, Last: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := decided(c.user, c.decisions)
			s.Seats = c.seats
			d := membership.Next(s)
			st := d.User.Status
			got := result{Reason: d.Verdict.Reason, Roles: st.Roles, Requests: st.RoleRequests, Last: st.LastRoleRequest, Revoked: st.AccessRevokedAt != nil}
			for _, w := range st.WithheldRoles {
				got.Withheld = append(got.Withheld, w.Name+" "+w.Reason)
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
			if len(st.Withdrawals) > 0 {
				t.Errorf("acknowledges %v", st.Withdrawals)
			}
			s.User = d.User
			if again := membership.Next(s); !cmp.Equal(again.User.Status.RoleRequests, st.RoleRequests) || again.User.Status.LastRoleRequest != st.LastRoleRequest {
				t.Errorf("the next pass asks for %v, up to number %d", again.User.Status.RoleRequests, again.User.Status.LastRoleRequest)
			}
		})
	}
}

// TestUnknownRoleOfATeam checks that a user is told who gives a role that there is not.
func TestUnknownRoleOfATeam(t *testing.T) {
	t.Parallel()
	u := jean().UID("u-jean").Roles("guest").Obj()
	d := membership.Next(decided(u, nil, build.Team("sales").In("acme", "acme").Members("jean").Roles("ghost").Obj()))
	if d.Verdict.Kind != verdict.Stuck || d.Verdict.Reason != v1alpha1.ReasonRoleNotFound || !strings.Contains(d.Verdict.Message, "ghost (given by team sales)") {
		t.Errorf("got %+v", d.Verdict)
	}
}

// TestDelegationWakes checks that a pass is due when a delegation begins, and when it ends.
func TestDelegationWakes(t *testing.T) {
	t.Parallel()
	nadia := jean().UID("u-nadia").Roles().Obj()
	nadia.Name = "nadia"
	from, until := now.Add(hour), now.Add(2*hour)
	jean := jean().Roles("guest").Delegate("nadia", from, until).Obj()
	for _, c := range []struct{ now, want time.Time }{{now, from}, {from, until}, {until, time.Time{}}} {
		s := decided(nadia, nil)
		s.Now = c.now
		s.Roles = access.Of(nadia, build.Source(append(roles, jean, nadia, s.Organization)...), c.now)
		if d := membership.Next(s); c.want.IsZero() != d.Verdict.WakeAt.IsZero() || d.Verdict.WakeAt.After(c.want) {
			t.Errorf("at %v, the next pass is due at %v, want %v", c.now, d.Verdict.WakeAt, c.want)
		}
	}
}

// TestWrongAndDemoted checks that a user who is held up by something else loses what is to be lost, and gains nothing.
func TestWrongAndDemoted(t *testing.T) {
	t.Parallel()
	u := jean().AcceptedAt(now).Roles("guest").Holds("standard").Seats("standard").Obj()
	s := situation(u)
	s.Invalid = "timeZone: there is no time zone Europe/Atlantis"
	d := membership.Next(s)
	if len(d.User.Status.Roles) > 0 || d.Verdict.Reason != v1alpha1.ReasonInvalidSpec {
		t.Errorf("is %s, and holds %v", d.Verdict.Reason, d.User.Status.Roles)
	}
}

// TestReplacedAdministrator checks that whoever has to hold a role is not replaced by somebody who has accepted nothing yet,
// before the organization has let that go.
func TestReplacedAdministrator(t *testing.T) {
	t.Parallel()
	for outcome, replaced := range map[v1alpha1.RoleOutcome]bool{"": false, v1alpha1.RoleHold: false, v1alpha1.RoleRelease: true} {
		t.Run(string(outcome), func(t *testing.T) {
			t.Parallel()
			u := jean().UID("u-jean").AcceptedAt(now).Roles("admin").Holds("admin").Invited(1, now.Add(hour)).Email("other@acme.example").Known("jean@acme.example").Obj()
			request := v1alpha1.RoleRequest{Number: 3, Role: "admin", Change: v1alpha1.RoleLoss}
			s := decided(requests(u, 3, request), []v1alpha1.RoleDecision{{Role: "admin", Number: 3, Outcome: outcome}})
			s.Organization.Spec.EmailChange = v1alpha1.EmailChangeReplace
			d := membership.Next(s)
			if is := d.User.Status.AcceptedAt == nil && d.User.Status.Email == "other@acme.example"; is != replaced {
				t.Errorf("replaced: %t, want %t, and is %s", is, replaced, d.Verdict.Reason)
			}
			if len(d.User.Status.Roles) != 1 || (len(d.User.Status.RoleRequests) > 0) == replaced {
				t.Errorf("holds %v, and asks for %v", d.User.Status.Roles, d.User.Status.RoleRequests)
			}
		})
	}
}
