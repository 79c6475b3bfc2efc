// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
)

// ledger is a ledger that records some seats for the user.
func ledger(held ...membership.Seat) func(*membership.Situation) {
	return func(s *membership.Situation) { s.Seats = held }
}

// kept is a seat in a slice that a turn wrote, and marked one that a turn withdrew.
func kept(pool string, turn int64) membership.Seat {
	return membership.Seat{Pool: pool, Since: since, Turn: turn}
}

func marked(pool string, turn int64) membership.Seat {
	return membership.Seat{Pool: pool, Since: since, Turn: turn, Withdrawn: turn}
}

// lost is a user on whose record it is that seats were withdrawn.
func lost(u *v1alpha1.User, withdrawals ...v1alpha1.SeatWithdrawal) *v1alpha1.User {
	u.Status.Withdrawals = withdrawals
	return u
}

func withdrawal(pool string, turn int64) v1alpha1.SeatWithdrawal {
	return v1alpha1.SeatWithdrawal{Pool: pool, Turn: turn}
}

func TestNextWithdraws(t *testing.T) {
	t.Parallel()
	const (
		lostStandard = "lost the seat in seat pool standard, which had more holders than seats: add seats, or free one"
		lostPremium  = "lost the seat in seat pool premium, which had more holders than seats: add seats, or free one"
	)
	revoked := now.Add(-5 * hour) // before the seat was given
	later := now.Add(-hour)       // after it
	first := invitation(1, expiry, sentAt(expiry.Add(-ttl)))
	for name, c := range map[string]struct {
		why  string
		user *v1alpha1.User
		with []func(*membership.Situation)
		want outcome
		// withdrawals are those on record then, says what the verdict says, where it matters.
		withdrawals []v1alpha1.SeatWithdrawal
		says        string
	}{
		// Withdrawn.
		"the last seat": {
			why:  "nothing is left, so access is revoked, and that is acknowledged in the same write",
			user: jean().Invited(1, expiry).AcceptedAt(later).Holds("standard").Seats("standard").Obj(), with: with(ledger(marked("standard", 7))),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", Facts: facts{Invitation: first, AcceptedAt: at(later), RevokedAt: at(now)},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": revokedNow},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 7)}, says: lostStandard,
		},
		"the last seat, invited": {
			why:  "an open invitation is revoked with what it was for, and its clock runs no more",
			user: jean().Invited(1, expiry).Holds("standard").Seats("standard").Obj(), with: with(ledger(marked("standard", 7))),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", Facts: facts{Invitation: first, RevokedAt: at(now)},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": revokedNow},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 7)}, says: lostStandard,
		},
		"the last seat, not invited yet": {
			why:  "nobody is invited to a seat that is withdrawn",
			user: jean().Obj(), with: with(ledger(marked("standard", 7))),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", Facts: facts{RevokedAt: at(now)}, Conditions: map[string]string{"Seated": seatAwaited},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 7)}, says: lostStandard,
		},
		"one of two seats": {
			why:  "the role that came with it goes, the other stays, and access with it",
			user: jean().Roles("standard", "manager").Invited(1, expiry).AcceptedAt(later).Obj(),
			with: with(ledger(marked("premium", 7), kept("standard", 3))),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat",
				Facts:      facts{Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: first, AcceptedAt: at(later)},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": acceptedYes, "Accepted": acceptedYes},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("premium", 7)}, says: lostPremium,
		},
		"both seats": {
			why:  "each is acknowledged by its own turn, for turns of two pools have nothing to do with each other",
			user: jean().Roles("standard", "manager").Invited(1, expiry).AcceptedAt(later).Obj(),
			with: with(ledger(marked("standard", 7), marked("premium", 12))),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", Facts: facts{Invitation: first, AcceptedAt: at(later), RevokedAt: at(now)},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": revokedNow},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("premium", 12), withdrawal("standard", 7)}, says: lostPremium,
		},
		"a free role is left": {
			why:  "access stays",
			user: jean().Roles("standard", "guest").Invited(1, expiry).AcceptedAt(later).Obj(), with: with(ledger(marked("standard", 7))),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", Facts: facts{Roles: []string{"guest"}, Invitation: first, AcceptedAt: at(later)},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": acceptedYes, "Accepted": acceptedYes},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 7)}, says: lostStandard,
		},
		"a free role is left, invited": {
			why:  "the link still leads somewhere, and its clock runs",
			user: jean().Roles("standard", "guest").Invited(1, expiry).Obj(), with: with(ledger(marked("standard", 7))),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", WakeAt: expiry, Facts: facts{Roles: []string{"guest"}, Invitation: first},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": invitedYes},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 7)}, says: lostStandard,
		},
		"another pool is undecided": {
			why:  "the pool that withdraws a seat waits for the answer, whatever another has to say",
			user: jean().Roles("standard", "manager").Invited(1, expiry).AcceptedAt(later).Obj(), with: with(ledger(marked("standard", 7))),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", Facts: facts{Invitation: first, AcceptedAt: at(later), RevokedAt: at(now)},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": revokedNow},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 7)}, says: lostStandard,
		},
		"expires": {
			why:  "an invitation that ends unanswered is the better reason",
			user: jean().Invited(1, now).Obj(), with: with(ledger(marked("standard", 7))),
			want: outcome{
				Kind: verdict.Stuck, Reason: "InvitationExpired",
				Facts:      facts{RevokedAt: at(now), Invitation: invitation(1, now, sentAt(now.Add(-ttl)), expiredAt(now))},
				Conditions: map[string]string{"Invited": expiredNow},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 7)},
		},
		"an unknown role": {
			why:  "what is acknowledged is revoked, whatever else is wrong",
			user: jean().Roles("standard", "nobody").Invited(1, expiry).Obj(), with: with(ledger(marked("standard", 7))),
			want: outcome{
				Kind: verdict.Stuck, Reason: "RoleNotFound", Facts: facts{Invitation: first, RevokedAt: at(now)},
				Conditions: map[string]string{"Invited": revokedNow},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 7)},
		},
		"a time zone that is none": {
			why:  "the pool waits for the answer, and cannot know that a mail could not be written",
			user: jean().Invited(1, expiry).AcceptedAt(later).Obj(),
			with: with(ledger(marked("standard", 7)), func(s *membership.Situation) { s.Invalid = "timeZone: Mars is none" }),
			want: outcome{
				Kind: verdict.Stuck, Reason: "InvalidSpec", Facts: facts{Invitation: first, AcceptedAt: at(later), RevokedAt: at(now)},
				Conditions: map[string]string{"Invited": revokedNow},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 7)},
		},
		"the role is gone": {
			why:  "no role needs the seat, so an open invitation stands (EZ-16); the withdrawal is on record as long as the mark is there",
			user: jean().Roles().Invited(1, expiry).Obj(), with: with(ledger(marked("standard", 7))),
			want:        outcome{Kind: verdict.Done, Reason: "NoRoles", WakeAt: expiry, Facts: facts{Invitation: first}},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 7)},
		},

		// What is on record stays there.
		"free, undecided": {
			why:  "the seat is free, and the pool has not said what place in the queue that makes",
			user: lost(jean().Invited(1, expiry).AcceptedAt(later).Revoked(later).Obj(), withdrawal("standard", 7)),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", Facts: facts{Invitation: first, AcceptedAt: at(later), RevokedAt: at(later)},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": revokedNow},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 7)}, says: lostStandard,
		},
		"free, in the queue": {
			why:  "the place in the queue, and how it came to that",
			user: lost(jean().Invited(1, expiry).AcceptedAt(later).Revoked(later).Obj(), withdrawal("standard", 7)),
			with: with(pool("standard", membership.Pool{Found: true, Capacity: 3, Position: 2})),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", Facts: facts{Invitation: first, AcceptedAt: at(later), RevokedAt: at(later)},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": revokedNow},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 7)},
			says:        "lost the seat in seat pool standard, which had more holders than seats, and is number 2 in its queue: add seats, or free one",
		},
		"free, asked again": {
			why:  "without a seat, asking for an invitation brings none",
			user: lost(jean().Invited(1, expiry).Revoked(later).Annotation(v1alpha1.AnnotationResendInvitation, "1").Obj(), withdrawal("standard", 7)),
			with: with(pool("standard", membership.Pool{Found: true, Capacity: 3, Position: 2})),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", Facts: facts{Invitation: first, RevokedAt: at(later)},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": revokedNow},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 7)},
		},
		"a view from before": {
			why:  "a slice that is older than the withdrawal knows nothing of it: the seat may be somebody else's by now",
			user: lost(jean().Invited(1, expiry).AcceptedAt(later).Revoked(later).Obj(), withdrawal("standard", 7)), with: with(ledger(kept("standard", 6))),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", Facts: facts{Invitation: first, AcceptedAt: at(later), RevokedAt: at(later)},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": revokedNow},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 7)}, says: lostStandard,
		},
		"a view of an earlier withdrawal": {
			why:  "the acknowledgement of the later one is not taken back, or a view of the time between them would give access",
			user: lost(jean().Invited(1, expiry).AcceptedAt(later).Revoked(later).Obj(), withdrawal("standard", 9)), with: with(ledger(marked("standard", 7))),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", Facts: facts{Invitation: first, AcceptedAt: at(later), RevokedAt: at(later)},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": revokedNow},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 9)},
		},
		"withdrawn again": {
			why:  "another turn takes another acknowledgement",
			user: lost(jean().Invited(1, expiry).AcceptedAt(later).Revoked(later).Obj(), withdrawal("standard", 7)), with: with(ledger(marked("standard", 9))),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat", Facts: facts{Invitation: first, AcceptedAt: at(later), RevokedAt: at(later)},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": revokedNow},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 9)},
		},
		"a seat of another pool": {
			why:  "gives nothing back of this one",
			user: lost(jean().Roles("standard", "manager").Invited(1, expiry).AcceptedAt(later).Revoked(later).Obj(), withdrawal("standard", 7)),
			with: with(ledger(kept("premium", 99))),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat",
				Facts:      facts{Roles: []string{"manager"}, Seats: []string{"premium"}, Invitation: first, AcceptedAt: at(later)},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": acceptedYes, "Accepted": acceptedYes},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("standard", 7)}, says: lostStandard,
		},

		// What takes it off the record.
		"given back, accepted": {
			why:  "the mark is gone: access is back without another invitation",
			user: lost(jean().Invited(1, expiry).AcceptedAt(later).Revoked(later).Obj(), withdrawal("standard", 7)), with: with(ledger(kept("standard", 8))),
			want: outcome{
				Kind: verdict.Done, Reason: "Active",
				Facts:      facts{Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: first, AcceptedAt: at(later)},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": acceptedYes, "Accepted": acceptedYes},
			},
		},
		"given back, invited": {
			why:  "the link that was revoked stays dead: a fresh one is recorded, then sent",
			user: lost(jean().Invited(1, expiry).Revoked(later).Obj(), withdrawal("standard", 7)), with: with(ledger(kept("standard", 8))),
			want: outcome{
				Kind: verdict.Wait, Reason: "Inviting", WakeAt: now,
				Facts:      facts{Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: invitation(2, now.Add(ttl))},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": inviting},
			},
		},
		"given back before it was acknowledged": {
			why:  "nothing happened",
			user: jean().Invited(1, expiry).Holds("standard").Seats("standard").Obj(), with: with(ledger(kept("standard", 8))),
			want: outcome{
				Kind: verdict.Done, Reason: "Invited", WakeAt: expiry,
				Facts:      facts{Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: first},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": invitedYes},
			},
		},
		"given anew, accepted": {
			why:  "a seat from the queue is as good as the one that was lost",
			user: lost(jean().Invited(1, expiry).AcceptedAt(revoked).Revoked(revoked).Obj(), withdrawal("standard", 7)), with: with(ledger(kept("standard", 7))),
			want: outcome{
				Kind: verdict.Done, Reason: "Active",
				Facts:      facts{Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: first, AcceptedAt: at(revoked)},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": acceptedYes, "Accepted": acceptedYes},
			},
		},
		"given anew, invited": {
			why:  "the next invitation counts from the new seat, and has a link of its own",
			user: lost(jean().Invited(1, expiry).Revoked(revoked).Obj(), withdrawal("standard", 7)), with: with(ledger(kept("standard", 12))),
			want: outcome{
				Kind: verdict.Silent, Send: invitation(2, expiry),
				Facts:      facts{Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: first, RevokedAt: at(revoked)},
				Conditions: map[string]string{"Seated": seatedYes, "Invited": revokedNow},
			},
		},
		"one of two given back": {
			why:  "each withdrawal ends by itself",
			user: lost(jean().Roles("standard", "manager").Invited(1, expiry).AcceptedAt(later).Revoked(later).Obj(), withdrawal("premium", 12), withdrawal("standard", 7)),
			with: with(ledger(marked("premium", 12), kept("standard", 8))),
			want: outcome{
				Kind: verdict.Stuck, Reason: "AwaitingSeat",
				Facts:      facts{Roles: []string{"standard"}, Seats: []string{"standard"}, Invitation: first, AcceptedAt: at(later)},
				Conditions: map[string]string{"Seated": seatAwaited, "Invited": acceptedYes, "Accepted": acceptedYes},
			},
			withdrawals: []v1alpha1.SeatWithdrawal{withdrawal("premium", 12)}, says: lostPremium,
		},
		"no role needs the pool any more": {
			why:  "who needs no seat has lost none",
			user: lost(jean().Roles("guest").Invited(1, expiry).AcceptedAt(later).Revoked(later).Obj(), withdrawal("standard", 7)),
			want: outcome{
				Kind: verdict.Done, Reason: "Active", Facts: facts{Roles: []string{"guest"}, Invitation: first, AcceptedAt: at(later)},
				Conditions: map[string]string{"Invited": acceptedYes, "Accepted": acceptedYes},
			},
		},
		"leaves": {
			why:  "who leaves frees every seat by leaving, withdrawn or not",
			user: lost(jean().Invited(1, expiry).Revoked(later).State(v1alpha1.UserSuspended).Obj(), withdrawal("standard", 7)),
			with: with(ledger(marked("standard", 7))),
			want: outcome{
				Kind: verdict.Wait, Reason: "Suspending", Facts: facts{Seats: []string{"standard"}, Invitation: first, RevokedAt: at(later)},
				Conditions: map[string]string{"Invited": revokedNow},
			},
		},
		"left": {
			why:  "nothing is held, and nothing is on record",
			user: lost(jean().Revoked(later).State(v1alpha1.UserArchived).Obj(), withdrawal("standard", 7)),
			want: outcome{
				Kind: verdict.Done, Reason: "Archived", Facts: facts{RevokedAt: at(later)}, Conditions: map[string]string{"Archived": "True Archived"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, w := range c.user.Status.Withdrawals { // as an earlier pass left it
				if c.user.Status.AccessRevokedAt != nil && c.user.Status.Invitation != nil && w.Turn > 0 {
					verdict.Set(c.user, v1alpha1.ConditionInvited, false, v1alpha1.ReasonInvitationRevoked, "access is revoked, since the last seat was withdrawn", later)
				}
			}
			s := situation(c.user, c.with...)
			d := membership.Next(s)
			if c.want.Conditions == nil {
				c.want.Conditions = map[string]string{}
			}
			if diff := cmp.Diff(c.want, outcomeOf(d), cmpopts.EquateEmpty(), uncounted); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
			if diff := cmp.Diff(c.withdrawals, d.User.Status.Withdrawals, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: withdrawals on record; want -, got +:\n%s", c.why, diff)
			}
			if c.says != "" && d.Verdict.Message != c.says {
				t.Errorf("%s:\nwant %s\ngot  %s", c.why, c.says, d.Verdict.Message)
			}
			conclude(t, d)
			if d.Verdict.Kind != verdict.Stuck && d.Verdict.Kind != verdict.Done {
				return
			}
			s.User, s.Now = d.User, s.Now.Add(time.Minute)
			again := membership.Next(s)
			verdict.Conclude(again.User, again.Verdict, s.Now)
			if diff := cmp.Diff(d.User, again.User); diff != "" {
				t.Errorf("the next pass writes again:\n%s", diff)
			}
		})
	}
}

// TestAcknowledgementsOutlastViewsOfThePast shows a user's controller any version of the slices in any order. Once it
// has acknowledged the withdrawal of a turn, it gives nothing back on a version from before that turn, and the turn on
// record never goes back while it is acknowledged.
func TestAcknowledgementsOutlastViewsOfThePast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		history := [][]membership.Seat{{kept("standard", 1)}}
		for turn := int64(2); turn < 12; turn++ {
			switch rapid.IntRange(0, 3).Draw(t, "the turn") {
			case 0:
				history = append(history, []membership.Seat{kept("standard", turn)})
			case 1:
				history = append(history, []membership.Seat{marked("standard", turn)})
			case 2: // another seat of the slice changes
				last := append([]membership.Seat(nil), history[len(history)-1]...)
				for i := range last {
					last[i].Turn = turn
				}
				history = append(history, last)
			default:
				history = append(history, nil)
			}
		}
		u := jean().Invited(1, expiry).AcceptedAt(now).Obj()
		acknowledged := int64(0)
		for range rapid.IntRange(1, 12).Draw(t, "passes") {
			view := rapid.SampledFrom(history).Draw(t, "view")
			d := membership.Next(situation(u, ledger(view...)))
			if d.Verdict.Kind == verdict.Silent {
				continue // a seat that is not there, in a pool that has not decided
			}
			u = d.User
			is := membership.Revoked(u, "standard")
			switch has := len(u.Status.Roles) > 0; {
			case has && (is != 0 || u.Status.AccessRevokedAt != nil):
				t.Fatalf("has roles %v, acknowledges turn %d, revoked at %v", u.Status.Roles, is, u.Status.AccessRevokedAt)
			case has && (len(view) == 0 || view[0].Withdrawn != 0 || view[0].Turn < acknowledged):
				t.Fatalf("has acknowledged turn %d, and has access by %v", acknowledged, view)
			case !has && (is == 0 || u.Status.AccessRevokedAt == nil):
				t.Fatalf("has no roles, acknowledges turn %d, revoked at %v", is, u.Status.AccessRevokedAt)
			case !has && is < acknowledged:
				t.Fatalf("has acknowledged turn %d, and now %d", acknowledged, is)
			}
			acknowledged = is
		}
	})
}

// A seat that is given back gives access back, although a role was misspelt meanwhile: bad input never loses anything.
func TestGivenBackWithAnUnknownRole(t *testing.T) {
	t.Parallel()
	revoked := metav1.NewTime(now)
	u := lost(jean().Roles("commercial", "comercial").Obj(), withdrawal("standard", 7))
	u.Status.AcceptedAt, u.Status.AccessRevokedAt = &revoked, &revoked
	commercial := build.Role("commercial").SeatPool("standard").Obj()
	s := membership.Situation{
		Now: now, User: u, Facts: membership.Facts{Organization: build.Organization("acme").Obj(), UnknownRoles: true},
		Roles: access.Of(u, build.Source(commercial), now),
		Seats: []membership.Seat{kept("standard", 8)},
	}
	d := membership.Next(s)
	if d.Verdict.Reason != v1alpha1.ReasonRoleNotFound || d.User.Status.AccessRevokedAt != nil || len(d.User.Status.Roles) != 1 {
		t.Errorf("%s: access revoked at %v, roles %v", d.Verdict.Reason, d.User.Status.AccessRevokedAt, d.User.Status.Roles)
	}
}
