// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/contract"
)

const (
	ttl  = 168 * time.Hour
	hour = time.Hour
)

var (
	now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	// since is when the seat was given, and expiry when an invitation ends that counts from there.
	since  = now.Add(-2 * hour)
	expiry = since.Add(ttl)
)

// jean starts a user with a paid role, as most tests have it.
func jean() *build.UserBuilder {
	return build.User("jean").In("acme", "acme").Created(now.Add(-24 * hour)).Roles("standard")
}

// roles are those of the organization: two paid and one free.
var roles = []client.Object{
	build.Role("standard").In("acme", "acme").SeatPool("standard").Obj(),
	build.Role("manager").In("acme", "acme").SeatPool("premium").Obj(),
	build.Role("guest").In("acme", "acme").Obj(),
}

// source is what the users' roles rest on.
func source(org *v1alpha1.Organization) *build.Sources { return build.Source(append(roles, org)...) }

// situation is that of a user in an organization where both pools have a seat left to give.
func situation(u *v1alpha1.User, with ...func(*membership.Situation)) membership.Situation {
	s := membership.Situation{
		Facts: membership.Facts{Organization: build.Organization("acme").In("acme").Obj()},
		Now:   now.Add(321 * time.Millisecond), // the API keeps whole seconds
		User:  u,
		Roles: access.Of(u, source(build.Organization("acme").In("acme").Obj()), now),
		Pools: map[string]membership.Pool{},
	}
	s.UnknownRoles = len(s.Roles.Unknown) > 0
	for _, pool := range s.Roles.Pools {
		s.Pools[pool] = membership.Pool{Found: true, Capacity: 3}
	}
	for _, change := range with {
		change(&s)
	}
	return s
}

func seated(pools ...string) func(*membership.Situation) {
	return func(s *membership.Situation) {
		for i, pool := range pools {
			s.Seats = append(s.Seats, membership.Seat{Pool: pool, Since: since.Add(time.Duration(i) * time.Minute)})
		}
	}
}

func pool(name string, is membership.Pool) func(*membership.Situation) {
	return func(s *membership.Situation) { s.Pools[name] = is }
}

func noOrganization(s *membership.Situation) { s.Organization = nil }

func owned(s *membership.Situation) {
	s.Organization = build.Organization("acme").In("acme").Owner("jean").Obj()
}

func closing(s *membership.Situation) {
	s.Organization = build.Organization("acme").In("acme").Owner("jean").Deleting(now).Obj()
}

func at(t time.Time) *metav1.Time { return &metav1.Time{Time: t} }

// invitation is one to jean, as change makes it.
func invitation(sequence int64, expires time.Time, change ...func(*v1alpha1.InvitationStatus)) *v1alpha1.InvitationStatus {
	inv := &v1alpha1.InvitationStatus{Sequence: sequence, Email: "jean@acme.example", ExpiresAt: metav1.NewTime(expires)}
	for _, c := range change {
		c(inv)
	}
	return inv
}

// uncounted leaves out how often somebody was written to, which reminder_test.go is about.
var uncounted = cmpopts.IgnoreFields(v1alpha1.InvitationStatus{}, "Sends")

func sentAt(t time.Time) func(*v1alpha1.InvitationStatus) {
	return func(inv *v1alpha1.InvitationStatus) { inv.SentAt = at(t) }
}

func expiredAt(t time.Time) func(*v1alpha1.InvitationStatus) {
	return func(inv *v1alpha1.InvitationStatus) { inv.ExpiredAt = at(t) }
}

func declinedAt(t time.Time) func(*v1alpha1.InvitationStatus) {
	return func(inv *v1alpha1.InvitationStatus) { inv.DeclinedAt = at(t) }
}

func rejected(words string) func(*v1alpha1.InvitationStatus) {
	return func(inv *v1alpha1.InvitationStatus) { inv.Rejection = words }
}

func answered(inv *v1alpha1.InvitationStatus) {
	inv.AnswersRequest = "1"
}

// facts are what a status tells besides the conditions.
type facts struct {
	Roles, Seats          []string
	Invitation            *v1alpha1.InvitationStatus
	AcceptedAt, RevokedAt *metav1.Time
}

// outcome is what Next decides, as far as tests look at it.
type outcome struct {
	Kind     verdict.Kind
	Reason   string
	WakeAt   time.Time
	Facts    facts
	Send     *v1alpha1.InvitationStatus
	Farewell bool
	// Conditions are the domain conditions, each as True or False and its reason.
	Conditions map[string]string
}

func outcomeOf(d membership.Decision) outcome {
	st := d.User.Status
	o := outcome{
		Kind: d.Verdict.Kind, Reason: d.Verdict.Reason, WakeAt: d.Verdict.WakeAt.Truncate(time.Second), Send: d.Send, Farewell: d.Farewell,
		Facts:      facts{st.Roles, st.Seats, st.Invitation, st.AcceptedAt, st.AccessRevokedAt},
		Conditions: map[string]string{},
	}
	for _, c := range st.Conditions {
		o.Conditions[c.Type] = string(c.Status) + " " + c.Reason
	}
	return o
}

const (
	seatedYes    = "True Seated"
	seatAwaited  = "False AwaitingSeat"
	invitedYes   = "True Invited"
	inviting     = "False Inviting"
	acceptedYes  = "True Accepted"
	revokedNow   = "False InvitationRevoked"
	expiredNow   = "False InvitationExpired"
	declinedThen = "False Declined"
)

// conclude ends a pass as a controller does, and checks what must hold after every one.
func conclude(t testing.TB, d membership.Decision) {
	t.Helper()
	if d.Verdict.Kind == verdict.Silent {
		return
	}
	verdict.Conclude(d.User, d.Verdict, now)
	if err := contract.Conditions(d.User); err != nil {
		t.Error(err)
	}
	if got := meta.FindStatusCondition(d.User.Status.Conditions, v1alpha1.ConditionReady); got == nil || got.Reason != d.Verdict.Reason {
		t.Errorf("Ready is %v, the verdict is %s", got, d.Verdict.Reason)
	}
}

type nextCase struct {
	why  string
	user *v1alpha1.User
	with []func(*membership.Situation)
	want outcome
}

func TestNext(t *testing.T) {
	t.Parallel()
	revoked := now.Add(-5 * hour) // before the seat was given
	later := now.Add(-hour)       // after it
	for name, c := range map[string]nextCase{
		// Joining.
		"undecided": {
			why:  "the pool has not said anything: it does in a moment, and that is not worth a write",
			user: jean().Obj(),
			want: outcome{Kind: verdict.Silent},
		},
		"invited at once": {
			why:  "the first invitation follows from the seat alone, so it needs no record before it is sent",
			user: jean().Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Silent, Send: invitation(1, expiry),
				Facts:      facts{Roles: []string{"standard"}, Seats: []string{"standard"}},
				Conditions: map[string]string{"Seated": seatedYes},
			},
		},
		"seated long ago": {
			why:  "an invitation that counts from the seat would be over, so it is made anew and recorded first",
			user: jean().Obj(), with: with(func(s *membership.Situation) {
				s.Seats = []membership.Seat{{Pool: "standard", Since: now.Add(-ttl)}}
			}),
			want: outcome{
				Kind: verdict.Wait, Reason: "Inviting", WakeAt: now,
				Facts:      facts{Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(1, now.Add(ttl))},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": inviting},
			},
		},
		"free role": {
			why:  "a role without a pool needs no seat, and nothing that the invitation could count from",
			user: jean().Roles("guest").Obj(),
			want: outcome{
				Kind: verdict.Wait, Reason: "Inviting", WakeAt: now,
				Facts:      facts{Roles: []string{"guest"}, Invitation: invitation(1, now.Add(ttl))},
				Conditions: map[string]string{"Invited": inviting},
			},
		},
		"free role, recorded": {
			why:  "what was recorded is what is sent, as long as it leaves time to answer",
			user: jean().Roles("guest").Inviting(1, now.Add(ttl)).Obj(),
			want: outcome{
				Kind: verdict.Silent, Send: invitation(1, now.Add(ttl)),
				Facts: facts{Roles: []string{"guest"}, Invitation: invitation(1, now.Add(ttl))},
			},
		},
		"free role, recorded, spelled anew": {
			why:  "the mail goes to the address as it is spelled now, and that is what a refusal speaks of",
			user: changed(jean().Roles("guest").Inviting(1, now.Add(ttl)).Obj(), func(u *v1alpha1.User) { u.Spec.Email = "Jean@acme.example" }),
			want: outcome{
				Kind:  verdict.Silent,
				Send:  invitation(1, now.Add(ttl), func(inv *v1alpha1.InvitationStatus) { inv.Email = "Jean@acme.example" }),
				Facts: facts{Roles: []string{"guest"}, Invitation: invitation(1, now.Add(ttl))},
			},
		},
		"recorded, never sent, over": {
			why:  "an invitation that could not be sent while it was good is replaced, not sent",
			user: jean().Roles("guest").Inviting(1, now.Add(ttl/2)).Obj(),
			want: outcome{
				Kind: verdict.Wait, Reason: "Inviting", WakeAt: now,
				Facts:      facts{Roles: []string{"guest"}, Invitation: invitation(2, now.Add(ttl))},
				Conditions: map[string]string{"Invited": inviting},
			},
		},
		"two pools": {
			why:  "the invitation counts from the first seat",
			user: jean().Roles("standard", "manager", "guest").Obj(), with: with(seated("standard", "premium")),
			want: outcome{
				Kind: verdict.Silent, Send: invitation(1, expiry),
				Facts:      facts{Roles: []string{"guest", "manager", "standard"}, Seats: []string{"premium", "standard"}},
				Conditions: map[string]string{"Seated": seatedYes},
			},
		},
		"two pools, one undecided": {
			why:  "whether one or two roles come with the invitation is known in a moment",
			user: jean().Roles("standard", "manager").Obj(), with: with(seated("standard")),
			want: outcome{
				Kind:  verdict.Silent,
				Facts: facts{Roles: []string{"standard"}, Seats: []string{"standard"}},
			},
		},
		"two pools, one full": {
			why:  "the role that has its seat is granted, and its holder invited",
			user: jean().Roles("standard", "manager").Obj(),
			with: with(seated("standard"), pool("premium", membership.Pool{Found: true, Capacity: 3, Position: 2})),
			want: outcome{
				Kind: verdict.Silent, Send: invitation(1, expiry),
				Facts:      facts{Roles: []string{"standard"}, Seats: []string{"standard"}},
				Conditions: map[string]string{"Seated": seatAwaited},
			},
		},
		"two pools, one full, invited": {
			why:  "the seat that is missing is what somebody must act on; the clock of the invitation runs all the same",
			user: jean().Roles("standard", "manager").Invited(1, expiry).Obj(),
			with: with(seated("standard"), pool("premium", membership.Pool{Found: true, Capacity: 3, Position: 2})),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", WakeAt: expiry,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl))),
				},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": invitedYes},
			},
		},
		"two pools, one full, rejected": {
			why:  "that nobody can be reached comes before a role that is missing",
			user: jean().Roles("standard", "manager").Invited(1, expiry).Rejected("550 unknown").Obj(),
			with: with(seated("standard"), pool("premium", membership.Pool{Found: true, Capacity: 3, Position: 2})),
			want: outcome{
				Kind: verdict.Stuck, Reason: "MailRejected", WakeAt: expiry,
				Facts:      facts{Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(1, expiry, rejected("550 unknown"))},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": "False MailRejected"},
			},
		},
		"two pools, one full, accepted": {
			why:  "has access by one role, and waits for the other",
			user: jean().Roles("standard", "manager").Invited(1, expiry).AcceptedAt(later).Obj(),
			with: with(seated("standard"), pool("premium", membership.Pool{Found: true, Capacity: 3, Position: 2})),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat",
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, AcceptedAt: at(later),
					Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl))),
				},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": acceptedYes, "Accepted": acceptedYes},
			},
		},
		"queue": {
			why:  "nobody is invited before a role is granted",
			user: jean().Obj(), with: with(pool("standard", membership.Pool{Found: true, Capacity: 3, Position: 1})),
			want: outcome{Kind: verdict.Stuck, Reason: "AwaitingSeat", Conditions: map[string]string{"Seated": seatAwaited}},
		},
		"end of a long queue": {
			why:  "whoever is not on the list of a pool that lists as many as it can waits behind them",
			user: jean().Obj(), with: with(pool("standard", membership.Pool{Found: true, Capacity: 3, Crowded: true})),
			want: outcome{Kind: verdict.Stuck, Reason: "AwaitingSeat", Conditions: map[string]string{"Seated": seatAwaited}},
		},
		"two queues": {
			why:  "one pool that has not decided is enough to wait in silence",
			user: jean().Roles("standard", "manager").Obj(),
			with: with(pool("premium", membership.Pool{Found: true, Capacity: 3, Position: 1})),
			want: outcome{Kind: verdict.Silent},
		},
		"no such pool": {
			why:  "the role names a pool that the organization does not have",
			user: jean().Obj(), with: with(pool("standard", membership.Pool{})),
			want: outcome{Kind: verdict.Stuck, Reason: "SeatPoolNotFound", Conditions: map[string]string{"Seated": "False SeatPoolNotFound"}},
		},
		"no such pool, free role": {
			why:  "the role that needs none is granted",
			user: jean().Roles("standard", "guest").Inviting(1, now.Add(ttl)).Obj(), with: with(pool("standard", membership.Pool{})),
			want: outcome{
				Kind: verdict.Silent, Send: invitation(1, now.Add(ttl)),
				Facts:      facts{Roles: []string{"guest"}, Invitation: invitation(1, now.Add(ttl))},
				Conditions: map[string]string{"Seated": "False SeatPoolNotFound"},
			},
		},
		"no role": {
			why:  "a record without access (CO-1)",
			user: jean().Roles().Obj(),
			want: outcome{Kind: verdict.Done, Reason: "NoRoles"},
		},
		"role withdrawn from an invited person": {
			why:  "the invitation stands, since roles may still be changed (EZ-16), and ends on its clock",
			user: jean().Roles().Invited(1, expiry).Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Done, Reason: "NoRoles", WakeAt: expiry,
				Facts: facts{Seats: []string{"standard"}, Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl)))},
			},
		},

		// Waiting for an answer.
		"invited": {
			why:  "nothing is left to do until the person answers or the time is over",
			user: jean().Invited(1, expiry).Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Done, Reason: "Invited", WakeAt: expiry,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl))),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": invitedYes},
			},
		},
		"invited, address in capitals": {
			why:  "another spelling of an address is no other address",
			user: changed(jean().Invited(1, expiry).Obj(), func(u *v1alpha1.User) { u.Spec.Email = "Jean@ACME.example" }), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Done, Reason: "Invited", WakeAt: expiry,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl))),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": invitedYes},
			},
		},
		"invited, moved to a queue": {
			why:  "the seat that the new role needs comes first; the clock of the invitation runs all the same",
			user: jean().Roles("manager").Invited(1, expiry).Obj(),
			with: with(pool("premium", membership.Pool{Found: true, Capacity: 3, Position: 1})),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", WakeAt: expiry,
				Facts:      facts{Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl)))},
				Conditions: map[string]string{"Seated": seatAwaited},
			},
		},
		"rejected": {
			why:  "somebody must correct the address; the seat is held as long as the invitation would have been good",
			user: jean().Invited(1, expiry).Rejected("550 no such user").Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Stuck, Reason: "MailRejected", WakeAt: expiry,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(1, expiry, rejected("550 no such user")),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": "False MailRejected"},
			},
		},
		"rejected, address corrected": {
			why:  "another address is another invitation",
			user: changed(jean().Invited(1, expiry).Rejected("550").Obj(), func(u *v1alpha1.User) { u.Spec.Email = "j@acme.example" }), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Wait, Reason: "Inviting", WakeAt: now,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"},
					Invitation: invitation(2, now.Add(ttl), func(inv *v1alpha1.InvitationStatus) { inv.Email = "j@acme.example" }),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": inviting},
			},
		},
		"rejected, spelling corrected": {
			why:  "a server may be particular about capitals, so a corrected spelling is tried",
			user: changed(jean().Invited(1, expiry).Rejected("550").Obj(), func(u *v1alpha1.User) { u.Spec.Email = "Jean@acme.example" }), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Wait, Reason: "Inviting", WakeAt: now,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"},
					Invitation: invitation(2, now.Add(ttl), func(inv *v1alpha1.InvitationStatus) { inv.Email = "Jean@acme.example" }),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": inviting},
			},
		},
		"address changed": {
			why:  "the record of the next invitation kills the link to the old address before the new mail goes out",
			user: changed(jean().Invited(3, expiry).Obj(), func(u *v1alpha1.User) { u.Spec.Email = "j@acme.example" }), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Wait, Reason: "Inviting", WakeAt: now,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"},
					Invitation: invitation(4, now.Add(ttl), func(inv *v1alpha1.InvitationStatus) { inv.Email = "j@acme.example" }),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": inviting},
			},
		},
		"asked again while invited": {
			why:  "the record of the fresh invitation kills the old link before the new mail goes out",
			user: jean().Invited(3, expiry).Annotation(v1alpha1.AnnotationResendInvitation, "1").Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Wait, Reason: "Inviting", WakeAt: now,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(4, now.Add(ttl), answered),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": inviting},
			},
		},
		"asked before the first invitation": {
			why:  "one invitation answers the request",
			user: jean().Annotation(v1alpha1.AnnotationResendInvitation, "1").Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Silent, Send: invitation(1, expiry, answered),
				Facts:      facts{Roles: []string{"standard"}, Seats: []string{"standard"}},
				Conditions: map[string]string{"Seated": seatedYes},
			},
		},
		"asked and answered": {
			why: "a request that was answered asks for nothing",
			user: changed(jean().Invited(3, expiry).Annotation(v1alpha1.AnnotationResendInvitation, "1").Obj(), func(u *v1alpha1.User) {
				u.Status.Invitation.AnswersRequest = "1"
			}),
			with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Done, Reason: "Invited", WakeAt: expiry,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(3, expiry, sentAt(expiry.Add(-ttl)), answered),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": invitedYes},
			},
		},

		// The end of an invitation.
		"expires": {
			why:  "the timer ends it: access is revoked, and the seat can go",
			user: jean().Invited(1, now).Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Stuck, Reason: "InvitationExpired",
				Facts: facts{
					Seats: []string{"standard"}, RevokedAt: at(now), Invitation: invitation(1, now, sentAt(now.Add(-ttl)), expiredAt(now)),
				},
				Conditions: map[string]string{"Invited": expiredNow},
			},
		},
		"expires, rejected": {
			why:  "nobody can answer a mail that was refused: the seat does not wait for ever",
			user: jean().Invited(1, now).Rejected("550").Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Stuck, Reason: "InvitationExpired",
				Facts: facts{
					Seats: []string{"standard"}, RevokedAt: at(now), Invitation: invitation(1, now, rejected("550"), expiredAt(now)),
				},
				Conditions: map[string]string{"Invited": expiredNow},
			},
		},
		"expires in the queue": {
			why:  "who can no longer answer does not wait for a seat",
			user: jean().Roles("manager").Invited(1, now).Obj(),
			with: with(pool("premium", membership.Pool{Found: true, Capacity: 3, Position: 1})),
			want: outcome{
				Kind: verdict.Stuck, Reason: "InvitationExpired",
				Facts:      facts{RevokedAt: at(now), Invitation: invitation(1, now, sentAt(now.Add(-ttl)), expiredAt(now))},
				Conditions: map[string]string{"Invited": expiredNow},
			},
		},
		"expires without a role": {
			why:  "the invitation ends though nothing came with it",
			user: jean().Roles().Invited(1, now).Obj(),
			want: outcome{
				Kind: verdict.Done, Reason: "NoRoles",
				Facts:      facts{RevokedAt: at(now), Invitation: invitation(1, now, sentAt(now.Add(-ttl)), expiredAt(now))},
				Conditions: map[string]string{"Invited": expiredNow},
			},
		},
		"expires beside an unknown role": {
			why:  "what is wrong with the declaration does not keep a seat for somebody who did not answer",
			user: jean().Roles("standard", "nobody").Invited(1, now).Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Stuck, Reason: "RoleNotFound",
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, RevokedAt: at(now),
					Invitation: invitation(1, now, sentAt(now.Add(-ttl)), expiredAt(now)),
				},
				Conditions: map[string]string{"Invited": expiredNow},
			},
		},
		"expired, seat gone": {
			why:  "it stays so, whatever the pool says",
			user: jean().Invited(1, now.Add(-hour)).Expired(later).Revoked(later).Obj(),
			with: with(pool("standard", membership.Pool{Found: true, Capacity: 3, Crowded: true})),
			want: outcome{
				Kind: verdict.Stuck, Reason: "InvitationExpired",
				Facts: facts{
					RevokedAt: at(later), Invitation: invitation(1, now.Add(-hour), sentAt(now.Add(-hour-ttl)), expiredAt(later)),
				},
				Conditions: map[string]string{"Invited": expiredNow},
			},
		},
		"expired, free role": {
			why:  "who has no access holds no role, not even a free one",
			user: jean().Roles("guest").Invited(1, now.Add(-hour)).Expired(later).Revoked(later).Obj(),
			want: outcome{
				Kind: verdict.Stuck, Reason: "InvitationExpired",
				Facts: facts{
					RevokedAt: at(later), Invitation: invitation(1, now.Add(-hour), sentAt(now.Add(-hour-ttl)), expiredAt(later)),
				},
				Conditions: map[string]string{"Invited": expiredNow},
			},
		},
		"declines": {
			why: "the person said no: access is revoked, and the seat can go",
			user: changed(jean().Invited(1, expiry).Declined(later).Obj(), func(u *v1alpha1.User) {
				verdict.Set(u, v1alpha1.ConditionSeated, true, v1alpha1.ReasonSeated, "has a seat", later)
			}),
			with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Stuck, Reason: "Declined",
				Facts: facts{
					Seats: []string{"standard"}, RevokedAt: at(now), Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl)), declinedAt(later)),
				},
				Conditions: map[string]string{"Invited": declinedThen},
			},
		},
		"declines, looked at late": {
			why:  "a no stays a no when the time is over by then",
			user: jean().Invited(1, now).Declined(later).Obj(),
			want: outcome{
				Kind: verdict.Stuck, Reason: "Declined",
				Facts:      facts{RevokedAt: at(now), Invitation: invitation(1, now, sentAt(now.Add(-ttl)), declinedAt(later))},
				Conditions: map[string]string{"Invited": declinedThen},
			},
		},
		"declines, role gone": {
			why:  "what is wrong with the declaration does not keep a seat for somebody who said no",
			user: jean().Roles("nobody").Invited(1, expiry).Declined(later).Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Stuck, Reason: "RoleNotFound",
				Facts: facts{
					Seats: []string{"standard"}, RevokedAt: at(now), Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl)), declinedAt(later)),
				},
				Conditions: map[string]string{"Invited": declinedThen},
			},
		},
		"declines, role withdrawn": {
			why:  "nor does it take a role to say no",
			user: jean().Roles().Invited(1, expiry).Declined(later).Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Done, Reason: "NoRoles",
				Facts: facts{
					Seats: []string{"standard"}, RevokedAt: at(now), Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl)), declinedAt(later)),
				},
				Conditions: map[string]string{"Invited": declinedThen},
			},
		},
		"declined, long over": {
			why:  "a no is not turned into an expiry",
			user: jean().Invited(1, now.Add(-hour)).Declined(later).Revoked(later).Obj(),
			want: outcome{
				Kind: verdict.Stuck, Reason: "Declined",
				Facts: facts{
					RevokedAt: at(later), Invitation: invitation(1, now.Add(-hour), sentAt(now.Add(-hour-ttl)), declinedAt(later)),
				},
				Conditions: map[string]string{"Invited": declinedThen},
			},
		},
		"declined, address changed": {
			why:  "nobody is asked again until somebody says so",
			user: changed(jean().Invited(1, expiry).Declined(later).Revoked(later).Obj(), func(u *v1alpha1.User) { u.Spec.Email = "j@acme.example" }),
			want: outcome{
				Kind: verdict.Stuck, Reason: "Declined",
				Facts: facts{
					RevokedAt: at(later), Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl)), declinedAt(later)),
				},
				Conditions: map[string]string{"Invited": declinedThen},
			},
		},
		"declined, asked again": {
			why:  "the request puts the user in the queue, like anybody",
			user: jean().Invited(1, expiry).Declined(later).Revoked(later).Annotation(v1alpha1.AnnotationResendInvitation, "1").Obj(),
			with: with(pool("standard", membership.Pool{Found: true, Capacity: 3, Position: 7})),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat",
				Facts: facts{
					RevokedAt: at(later), Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl)), declinedAt(later)),
				},
				Conditions: map[string]string{"Seated": seatAwaited},
			},
		},
		"expired, asked again, seat new": {
			why:  "a seat that was given since the end is what the next invitation counts from",
			user: jean().Invited(1, now.Add(-6*hour)).Expired(revoked).Revoked(revoked).Annotation(v1alpha1.AnnotationResendInvitation, "1").Obj(),
			with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Silent, Send: invitation(2, expiry, answered),
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, RevokedAt: at(revoked),
					Invitation: invitation(1, now.Add(-6*hour), sentAt(now.Add(-6*hour-ttl)), expiredAt(revoked)),
				},
				Conditions: map[string]string{"Seated": seatedYes},
			},
		},
		"expired, asked again, seat kept": {
			why:  "a seat from before the end tells nothing: the next invitation is recorded first",
			user: jean().Invited(1, now.Add(-hour)).Expired(later).Revoked(later).Annotation(v1alpha1.AnnotationResendInvitation, "1").Obj(),
			with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Wait, Reason: "Inviting", WakeAt: now,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(2, now.Add(ttl), answered),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": inviting},
			},
		},

		// Accepted.
		"accepted": {
			why:  "the person has access, and nothing is left to do",
			user: jean().Invited(1, expiry).AcceptedAt(later).Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Done, Reason: "Active",
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, AcceptedAt: at(later),
					Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl))),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": acceptedYes, "Accepted": acceptedYes},
			},
		},
		"accepted, long over": {
			why:  "an acceptance does not expire",
			user: jean().Invited(1, now.Add(-hour)).AcceptedAt(later).Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Done, Reason: "Active",
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, AcceptedAt: at(later),
					Invitation: invitation(1, now.Add(-hour), sentAt(now.Add(-hour-ttl))),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": acceptedYes, "Accepted": acceptedYes},
			},
		},
		"accepted, asked again": {
			why:  "who has accepted is not invited again",
			user: jean().Invited(1, expiry).AcceptedAt(later).Annotation(v1alpha1.AnnotationResendInvitation, "1").Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Done, Reason: "Active",
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, AcceptedAt: at(later),
					Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl))),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": acceptedYes, "Accepted": acceptedYes},
			},
		},
		"accepted, back again": {
			why:  "an acceptance is remembered: a seat is all that it takes",
			user: jean().Invited(1, expiry).AcceptedAt(revoked).Revoked(revoked).Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Done, Reason: "Active",
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, AcceptedAt: at(revoked),
					Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl))),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": acceptedYes, "Accepted": acceptedYes},
			},
		},
		"accepted, back in the queue": {
			why:  "without a seat there is no access",
			user: jean().Invited(1, expiry).AcceptedAt(revoked).Revoked(revoked).Obj(),
			with: with(pool("standard", membership.Pool{Found: true, Capacity: 3, Position: 1})),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat",
				Facts: facts{
					AcceptedAt: at(revoked), RevokedAt: at(revoked), Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl))),
				},
				Conditions: map[string]string{"Seated": seatAwaited},
			},
		},

		// Coming back without an acceptance.
		"back, seat new": {
			why:  "the next invitation counts from the new seat, and has the next number",
			user: jean().Invited(1, expiry).Revoked(revoked).Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Silent, Send: invitation(2, expiry),
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, RevokedAt: at(revoked),
					Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl))),
				},
				Conditions: map[string]string{"Seated": seatedYes},
			},
		},
		"back, seat kept": {
			why:  "the link that was revoked stays dead, though the seat never left",
			user: jean().Invited(1, expiry).Revoked(later).Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Wait, Reason: "Inviting", WakeAt: now,
				Facts:      facts{Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(2, now.Add(ttl))},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": inviting},
			},
		},
		"back, seat given in the second of the end": {
			why:  "times have whole seconds: what is not known to be after counts as before",
			user: jean().Invited(1, expiry).Revoked(since).Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Wait, Reason: "Inviting", WakeAt: now,
				Facts:      facts{Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(2, now.Add(ttl))},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": inviting},
			},
		},

		// Leaving.
		"suspended": {
			why:  "access is revoked first, then the seats are waited for",
			user: jean().Invited(1, expiry).AcceptedAt(later).Holds("standard").State(v1alpha1.UserSuspended).Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Wait, Reason: "Suspending",
				Facts: facts{
					Seats: []string{"standard"}, AcceptedAt: at(later), RevokedAt: at(now), Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl))),
				},
				Conditions: map[string]string{"Invited": revokedNow},
			},
		},
		"suspended, seat gone": {
			why:  "the record and the acceptance stay",
			user: jean().Invited(1, expiry).AcceptedAt(later).Revoked(later).State(v1alpha1.UserSuspended).Obj(),
			want: outcome{
				Kind: verdict.Done, Reason: "Suspended",
				Facts: facts{
					AcceptedAt: at(later), RevokedAt: at(later), Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl))),
				},
				Conditions: map[string]string{"Invited": revokedNow},
			},
		},
		"suspended from the start": {
			why:  "a record without access, and without a word about invitations (CO-1, CO-3)",
			user: jean().State(v1alpha1.UserSuspended).Obj(),
			want: outcome{Kind: verdict.Done, Reason: "Suspended", Facts: facts{RevokedAt: at(now)}},
		},
		"suspended after the end": {
			why: "why the invitation ended stays legible",
			user: changed(jean().Invited(1, now.Add(-hour)).Expired(later).Revoked(later).State(v1alpha1.UserSuspended).Obj(), func(u *v1alpha1.User) {
				verdict.Set(u, v1alpha1.ConditionInvited, false, v1alpha1.ReasonInvitationExpired, "nobody answered", later)
			}),
			want: outcome{
				Kind: verdict.Done, Reason: "Suspended",
				Facts: facts{
					RevokedAt: at(later), Invitation: invitation(1, now.Add(-hour), sentAt(now.Add(-hour-ttl)), expiredAt(later)),
				},
				Conditions: map[string]string{"Invited": expiredNow},
			},
		},
		"suspended with an invitation that is over": {
			why:  "who is suspended does not let an invitation expire: it is revoked",
			user: jean().Invited(1, now).State(v1alpha1.UserSuspended).Obj(),
			want: outcome{
				Kind: verdict.Done, Reason: "Suspended",
				Facts:      facts{RevokedAt: at(now), Invitation: invitation(1, now, sentAt(now.Add(-ttl)))},
				Conditions: map[string]string{"Invited": revokedNow},
			},
		},
		"suspended, with a bad declaration": {
			why:  "leaving needs no role, no pool and no address",
			user: jean().Roles("nobody").State(v1alpha1.UserSuspended).Obj(), with: with(func(s *membership.Situation) {
				s.Invalid, s.EmailHolder = "timeZone: nonsense", "anna"
			}),
			want: outcome{Kind: verdict.Done, Reason: "Suspended", Facts: facts{RevokedAt: at(now)}},
		},
		"archived": {
			why:  "access is revoked first, then the seats are waited for",
			user: jean().Roles("standard", "manager").Invited(1, expiry).State(v1alpha1.UserArchived).Obj(), with: with(seated("standard", "premium")),
			want: outcome{
				Kind: verdict.Wait, Reason: "Archiving",
				Facts: facts{
					Seats: []string{"premium", "standard"}, RevokedAt: at(now), Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl))),
				},
				Conditions: map[string]string{"Invited": revokedNow},
			},
		},
		"archived, seat gone": {
			why:  "left for good, until somebody says otherwise",
			user: jean().Invited(1, expiry).Revoked(later).State(v1alpha1.UserArchived).Obj(),
			want: outcome{
				Kind: verdict.Done, Reason: "Archived",
				Facts:      facts{RevokedAt: at(later), Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl)))},
				Conditions: map[string]string{"Invited": revokedNow, "Archived": "True Archived"},
			},
		},
		"archived, then suspended": {
			why: "one or the other",
			user: changed(jean().Revoked(later).State(v1alpha1.UserSuspended).Obj(), func(u *v1alpha1.User) {
				verdict.Set(u, v1alpha1.ConditionArchived, true, v1alpha1.ReasonArchived, "left", later)
			}),
			want: outcome{Kind: verdict.Done, Reason: "Suspended", Facts: facts{RevokedAt: at(later)}},
		},
		"archived, then active": {
			why: "who is back is not archived, even while waiting",
			user: changed(jean().Revoked(later).Obj(), func(u *v1alpha1.User) {
				verdict.Set(u, v1alpha1.ConditionArchived, true, v1alpha1.ReasonArchived, "left", later)
			}),
			with: with(pool("standard", membership.Pool{Found: true, Capacity: 3, Position: 1})),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", Facts: facts{RevokedAt: at(later)},
				Conditions: map[string]string{"Seated": seatAwaited},
			},
		},
		"deleted": {
			why:  "the object stays until the seats are free",
			user: jean().Invited(1, expiry).Deleting(now).Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Wait, Reason: "Archiving",
				Facts: facts{
					Seats: []string{"standard"}, RevokedAt: at(now), Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl))),
				},
				Conditions: map[string]string{"Invited": revokedNow},
			},
		},
		"deleted while suspended": {
			why:  "what is being deleted is being archived",
			user: jean().State(v1alpha1.UserSuspended).Revoked(later).Deleting(now).Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Wait, Reason: "Archiving", Facts: facts{Seats: []string{"standard"}, RevokedAt: at(later)},
			},
		},
		"deleted, seat gone": {
			why:  "the object can go",
			user: jean().Revoked(later).Deleting(now).Obj(),
			want: outcome{Kind: verdict.Silent, Farewell: true, Facts: facts{RevokedAt: at(later)}},
		},
		"deleted without an organization": {
			why:  "nothing is left to hold the object",
			user: jean().Deleting(now).Obj(), with: with(noOrganization),
			want: outcome{Kind: verdict.Silent, Farewell: true, Facts: facts{RevokedAt: at(now)}},
		},

		// What somebody has to correct.
		"no organization": {
			why:  "a User may be applied before its Organization",
			user: jean().Obj(), with: with(noOrganization),
			want: outcome{Kind: verdict.Stuck, Reason: "OrganizationNotFound"},
		},
		"suspended without an organization": {
			why:  "whose rules apply is not known, so nothing is revoked",
			user: jean().Invited(1, expiry).State(v1alpha1.UserSuspended).Obj(), with: with(noOrganization, seated("standard")),
			want: outcome{
				Kind: verdict.Stuck, Reason: "OrganizationNotFound", WakeAt: expiry,
				Facts: facts{Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl)))},
			},
		},
		"owner, deleted": {
			why:  "the owner keeps access while the organization is there",
			user: jean().Invited(1, expiry).AcceptedAt(later).Holds("standard").Seats("standard").Deleting(now).Obj(), with: with(owned, seated("standard")),
			want: outcome{
				Kind: verdict.Stuck, Reason: "OwnerProtected",
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, AcceptedAt: at(later), Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl))),
				},
			},
		},
		"owner, suspended, invited": {
			why:  "the clock of the invitation runs for the owner too",
			user: jean().Invited(1, expiry).State(v1alpha1.UserSuspended).Obj(), with: with(owned),
			want: outcome{
				Kind: verdict.Stuck, Reason: "OwnerProtected", WakeAt: expiry,
				Facts: facts{Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl)))},
			},
		},
		"owner of an organization that goes": {
			why:  "an organization that is being deleted holds nobody",
			user: jean().Deleting(now).Obj(), with: with(closing),
			want: outcome{Kind: verdict.Silent, Farewell: true, Facts: facts{RevokedAt: at(now)}},
		},
		"unknown role": {
			why:  "the roles that are there are granted, but nobody is invited to half of them",
			user: jean().Roles("standard", "nobody").Obj(), with: with(seated("standard")),
			want: outcome{
				Kind: verdict.Stuck, Reason: "RoleNotFound", Facts: facts{Roles: []string{"standard"}, Seats: []string{"standard"}},
			},
		},
		"invalid": {
			why:  "no mail can be written in a time zone that does not exist",
			user: jean().Obj(), with: with(seated("standard"), func(s *membership.Situation) { s.Invalid = "timeZone: Mars is none" }),
			want: outcome{Kind: verdict.Stuck, Reason: "InvalidSpec"},
		},
		"invalid, invited": {
			why:  "the clock of the invitation runs all the same",
			user: jean().Invited(1, expiry).Obj(), with: with(seated("standard"), func(s *membership.Situation) { s.Invalid = "timeZone: Mars is none" }),
			want: outcome{
				Kind: verdict.Stuck, Reason: "InvalidSpec", WakeAt: expiry, Facts: facts{Invitation: invitation(1, expiry, sentAt(expiry.Add(-ttl)))},
			},
		},
		"address in use": {
			why:  "one address is one person",
			user: jean().Obj(), with: with(func(s *membership.Situation) { s.EmailHolder = "anna" }),
			want: outcome{Kind: verdict.Stuck, Reason: "EmailInUse"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := membership.Next(situation(c.user, c.with...))
			if c.want.Conditions == nil {
				c.want.Conditions = map[string]string{}
			}
			if diff := cmp.Diff(c.want, outcomeOf(d), cmpopts.EquateEmpty(), uncounted); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
			conclude(t, d)
		})
	}
}

// with lists changes of a situation.
func with(changes ...func(*membership.Situation)) []func(*membership.Situation) { return changes }

func changed(u *v1alpha1.User, change func(*v1alpha1.User)) *v1alpha1.User {
	change(u)
	return u
}

func TestNextWordsAreForPeople(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why  string
		user *v1alpha1.User
		with []func(*membership.Situation)
		want string
	}{
		"queue": {
			why:  "the place, the pool and its size",
			user: jean().Obj(), with: with(pool("standard", membership.Pool{Found: true, Capacity: 3, Position: 2})),
			want: "number 2 in the queue of seat pool standard, whose 3 seats are taken: add seats, or free one",
		},
		"long queue": {
			why:  "the place is not known",
			user: jean().Obj(), with: with(pool("standard", membership.Pool{Found: true, Capacity: 3, Crowded: true})),
			want: "in the queue of seat pool standard, whose 3 seats are taken: add seats, or free one",
		},
		"two queues": {
			why:  "the first by name, so that it does not change by itself",
			user: jean().Roles("standard", "manager").Obj(),
			with: with(pool("standard", membership.Pool{Found: true, Capacity: 3, Position: 2}), pool("premium", membership.Pool{Found: true, Capacity: 1, Position: 4})),
			want: "number 4 in the queue of seat pool premium, whose 1 seats are taken: add seats, or free one",
		},
		"unknown roles": {
			why:  "all of them, in order",
			user: jean().Roles("zoe", "anna").Obj(),
			want: "organization acme has no role anna, zoe: create it, or correct spec.roles",
		},
		"address in use": {
			why:  "who has it, and how to free it",
			user: jean().Obj(), with: with(func(s *membership.Situation) { s.EmailHolder = "anna" }),
			want: "the address in spec.email is in use by User anna: change it here, or change or delete that User",
		},
		"invited": {
			why: "until when, in a form that does not depend on where the operator runs",
			user: changed(jean().Obj(), func(u *v1alpha1.User) {
				u.Status.Invitation = invitation(1, expiry.In(time.FixedZone("here", 3600)), sentAt(now))
			}),
			with: with(seated("standard")),
			want: "the invitation is out, and waits for an answer until 2026-03-09T07:00:00Z",
		},
		"archiving": {
			why:  "what is waited for",
			user: jean().State(v1alpha1.UserArchived).Obj(), with: with(seated("standard", "premium")),
			want: "access is revoked, and the seats are being freed: premium, standard",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := membership.Next(situation(c.user, c.with...)).Verdict.Message; got != c.want {
				t.Errorf("%s:\nwant %s\ngot  %s", c.why, c.want, got)
			}
		})
	}
}

// TestSending walks what may become of a mail.
func TestSending(t *testing.T) {
	t.Parallel()
	sent := now.Add(90*time.Second + 4*time.Millisecond)
	retry := now.Add(5 * time.Second)
	revoked := now.Add(-5 * hour)
	full := pool("premium", membership.Pool{Found: true, Capacity: 3, Position: 1})
	for name, c := range map[string]struct {
		why    string
		user   *v1alpha1.User
		with   []func(*membership.Situation)
		become func(*membership.Decision)
		want   outcome
	}{
		"sent": {
			why:  "the invitation is out until it expires",
			user: jean().Obj(), with: with(seated("standard")),
			become: func(d *membership.Decision) { d.Sent(sent) },
			want: outcome{
				Kind: verdict.Done, Reason: "Invited", WakeAt: expiry,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(1, expiry, sentAt(now.Add(90*time.Second))),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": invitedYes},
			},
		},
		"sent after a return": {
			why:  "from then on there is access to be revoked again",
			user: jean().Invited(4, now.Add(-6*hour)).Expired(revoked).Revoked(revoked).Annotation(v1alpha1.AnnotationResendInvitation, "1").Obj(),
			with: with(seated("standard")), become: func(d *membership.Decision) { d.Sent(sent) },
			want: outcome{
				Kind: verdict.Done, Reason: "Invited", WakeAt: expiry,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"},
					Invitation: invitation(5, expiry, answered, sentAt(now.Add(90*time.Second))),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": invitedYes},
			},
		},
		"sent, one seat missing": {
			why:  "the same as every pass after it says, or the next one would have something to write",
			user: jean().Roles("standard", "manager").Obj(), with: with(seated("standard"), full),
			become: func(d *membership.Decision) { d.Sent(sent) },
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", WakeAt: expiry,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(1, expiry, sentAt(now.Add(90*time.Second))),
				},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": invitedYes},
			},
		},
		"refused": {
			why:  "somebody must correct the address; until it would have expired, the seat is held",
			user: jean().Obj(), with: with(seated("standard")),
			become: func(d *membership.Decision) { d.Refused("550 5.1.1 No such user. Go away.") },
			want: outcome{
				Kind: verdict.Stuck, Reason: "MailRejected", WakeAt: expiry,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"},
					Invitation: invitation(1, expiry, rejected("550 5.1.1 No such user. Go away.")),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": "False MailRejected"},
			},
		},
		"refused without a word": {
			why:  "a refusal is one even when the server does not explain it",
			user: jean().Obj(), with: with(seated("standard")),
			become: func(d *membership.Decision) { d.Refused("") },
			want: outcome{
				Kind: verdict.Stuck, Reason: "MailRejected", WakeAt: expiry,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(1, expiry, rejected("it did not say why")),
				},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": "False MailRejected"},
			},
		},
		"refused, one seat missing": {
			why:  "that nobody can be reached comes first",
			user: jean().Roles("standard", "manager").Obj(), with: with(seated("standard"), full),
			become: func(d *membership.Decision) { d.Refused("550") },
			want: outcome{
				Kind: verdict.Stuck, Reason: "MailRejected", WakeAt: expiry,
				Facts: facts{
					Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(1, expiry, rejected("550")),
				},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": "False MailRejected"},
			},
		},
		"unsent": {
			why:  "the mail server is down: nothing is recorded but why, and it is tried again",
			user: jean().Obj(), with: with(seated("standard")),
			become: func(d *membership.Decision) { d.Unsent("connection refused", retry) },
			want: outcome{
				Kind: verdict.Retry, Reason: "MailUnavailable", WakeAt: retry,
				Facts:      facts{Roles: []string{"standard"}, Seats: []string{"standard"}},
				Conditions: map[string]string{"Seated": seatedYes},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := situation(c.user, c.with...)
			d := membership.Next(s)
			if d.Send == nil {
				t.Fatal("nothing is to be sent")
			}
			c.become(&d)
			got := outcomeOf(d)
			got.Send = nil
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty(), uncounted); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
			conclude(t, d)
			if d.Verdict.Kind == verdict.Retry {
				return
			}
			// The next pass finds nothing to add.
			s.User, s.Now = d.User, now.Add(hour)
			again := membership.Next(s)
			verdict.Conclude(again.User, again.Verdict, s.Now)
			if diff := cmp.Diff(d.User, again.User); diff != "" || again.Send != nil {
				t.Errorf("the next pass writes again, sends %v:\n%s", again.Send, diff)
			}
		})
	}
}

func TestRequestsAreKeptInPart(t *testing.T) {
	t.Parallel()
	long := slices.Repeat([]rune("é"), 300)
	u := jean().Annotation(v1alpha1.AnnotationResendInvitation, string(long)).Obj()
	d := membership.Next(situation(u, seated("standard")))
	if got := []rune(d.Send.AnswersRequest); len(got) != 256 {
		t.Fatalf("%d characters of the request are kept: the API takes few, and whole ones", len(got))
	}
	d.Sent(now)
	if again := membership.Next(situation(d.User, seated("standard"))); again.Verdict.Reason != v1alpha1.ReasonInvited {
		t.Errorf("a long request is answered more than once: %v", again.Verdict)
	}
}
