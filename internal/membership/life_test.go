// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	invitations "seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/portal"
	"seatkeeper.dev/seatkeeper/internal/seats"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/contract"
)

// A life is what may happen to one user: people edit, the person answers, time passes, a pool gives and frees the
// seat, the operator runs passes, some of them on a view of the past, and is killed before or after it has sent a
// mail or recorded anything. All links that were ever sent are kept. What must hold is checked after every event.
type life struct {
	*rapid.T
	now  time.Time
	keys invitations.Keyring

	// stored is the User as the API server has it, version counts its writes, and past are its former selves.
	stored  *v1alpha1.User
	version int
	past    []version
	org     *v1alpha1.Organization

	// held is the seat; the zero held while there is none. full says that the pool has none left to give, short that it
	// has fewer than are held, and withdraws them.
	held
	full, short bool

	accounts

	// sent are the links of the mails that the mail server took. buried are those that were replaced, revoked or
	// answered on record, and must never work again.
	sent   map[link]bool
	buried map[link]bool
	// drafts are the links that were sent, by all that they may depend on.
	drafts map[string]link
}

type version struct {
	user *v1alpha1.User
	held
}

// held is what the ledger says of a seat: when it was given, which turn withdrew it, and which turn wrote so.
type held struct {
	seat            *time.Time
	withdrawn, turn int64
}

// link is all that tells one link from another.
type link struct {
	sequence int64
	expires  int64
	email    string
}

func (l *life) linkOf(inv *v1alpha1.InvitationStatus, email string) link {
	return link{inv.Sequence, inv.ExpiresAt.Unix(), membership.FoldEmail(email)}
}

// judge asks the invitation page what a link is worth now.
func (l *life) judge(at link) portal.Verdict {
	claims := invitations.Claims{UID: l.stored.UID, Sequence: at.sequence, ExpiresAt: time.Unix(at.expires, 0)}
	token, err := l.keys.Token(claims, at.email)
	if err != nil {
		l.Fatal(err)
	}
	claims, seal, err := invitations.ParseToken(token)
	if err != nil {
		l.Fatal(err)
	}
	return portal.Judge(l.keys, l.stored, claims, seal, l.now)
}

// write stores a User as the API server does.
func (l *life) write(u *v1alpha1.User) {
	raw, err := json.Marshal(u)
	if err != nil {
		l.Fatal(err)
	}
	var stored v1alpha1.User
	if err := json.Unmarshal(raw, &stored); err != nil {
		l.Fatal(err)
	}
	if inv := l.stored.Status.Invitation; inv != nil {
		old := l.linkOf(inv, inv.Email)
		is := stored.Status.Invitation
		switch {
		case is.Sequence < inv.Sequence || is.Sequence > inv.Sequence+1:
			l.Fatalf("invitation %d follows invitation %d", is.Sequence, inv.Sequence)
		case is.Sequence > inv.Sequence, is.DeclinedAt != nil, is.ExpiredAt != nil, stored.Status.AcceptedAt != nil, stored.Status.AccessRevokedAt != nil:
			l.buried[old] = true
		}
	}
	l.past = append(l.past, version{l.stored, l.held})
	l.stored, l.version = &stored, l.version+1
}

// edit is a change of the spec or of an annotation by somebody.
func (l *life) edit(change func(*v1alpha1.User)) {
	u := l.stored.DeepCopy()
	change(u)
	if !cmp.Equal(u.Spec, l.stored.Spec) {
		u.Generation++
	}
	l.write(u)
}

func (l *life) situation(v version) membership.Situation {
	s := membership.Situation{
		Facts: membership.Facts{Organization: l.org, Ending: access.EndedBy(v.user, l.now)}, Now: l.now, User: v.user, Asked: l.asked,
		Roles: access.Of(v.user, source(l.org), l.now),
		Pools: map[string]membership.Pool{
			"standard": {Found: true, Capacity: 3},
			"premium":  {Found: true, Capacity: 1, Position: 1}, // always full
		},
	}
	s.UnknownRoles = len(s.Roles.Unknown) > 0
	if v.seat != nil {
		s.Seats = []membership.Seat{{Pool: "standard", Since: *v.seat, Withdrawn: v.withdrawn, Turn: v.held.turn}}
	} else if (l.full || l.short) && membership.Standing(v.user, s.Facts) == seats.Claims {
		s.Pools["standard"] = membership.Pool{Found: true, Capacity: 3, Position: 1}
	}
	return s
}

func (l *life) present() version { return version{l.stored, l.held} }

// turn is a turn of the pool: it gives the seat to who claims it, frees that of who does not, and withdraws it when the
// pool is short.
func (l *life) turn() {
	s := l.situation(l.present())
	needs := slices.Contains(s.Roles.Pools, "standard")
	standing := membership.StandingElsewhere(l.stored, s.Facts)
	if needs {
		standing = membership.Standing(l.stored, s.Facts)
	}
	next := l.held.turn + 1
	switch withdraws := l.short && standing == seats.Claims; {
	case l.seat == nil && standing == seats.Claims && !l.full && !l.short:
		l.held = held{seat: new(l.now.Truncate(time.Second)), turn: next}
	case l.seat != nil && withdraws && l.withdrawn == 0:
		l.withdrawn, l.held.turn = next, next
	case l.seat != nil && withdraws && membership.Revoked(l.stored, "standard") == l.withdrawn:
		// An invitation without a role stands (EZ-16), also when the roles come back before anybody looks.
		// Of whom nobody was ever invited, there is none to revoke.
		looked := l.stored.Status.ObservedGeneration == l.stored.Generation && l.stored.Status.Invitation != nil
		if st := l.stored.Status; slices.Contains(st.Roles, "standard") || len(st.Roles) == 0 && st.AccessRevokedAt == nil && looked {
			l.Fatalf("the seat is freed with roles %v, access revoked at %v", st.Roles, st.AccessRevokedAt)
		}
		l.held = held{turn: next}
	case l.seat != nil && l.withdrawn != 0 && !withdraws && standing != seats.Frees:
		l.withdrawn, l.held.turn = 0, next
	case standing == seats.Frees && l.seat != nil:
		if needs && l.stored.Status.AccessRevokedAt == nil {
			l.Fatal("the seat is freed before access is revoked")
		}
		l.held = held{turn: next}
	}
}

// crash is where the operator dies in a pass.
type crash string

const (
	nowhere       crash = "nowhere"
	beforeSending crash = "before sending"
	beforeRecord  crash = "before recording"
)

// pass is a pass of the operator over what it sees. What it sends is sent whatever happens then; what it records is
// refused if it rests on an outdated version.
func (l *life) pass(seen version, dies crash, refused string) (membership.Decision, bool) {
	s := l.situation(seen)
	input := s.User.DeepCopy()
	d := membership.Next(s)
	if again := membership.Next(s); !cmp.Equal(d.User, again.User) || !cmp.Equal(d.Verdict, again.Verdict) || !cmp.Equal(d.Send, again.Send) {
		l.Fatal("the same situation, another decision")
	}
	if diff := cmp.Diff(input, s.User); diff != "" {
		l.Fatalf("the input changed:\n%s", diff)
	}
	if d.AccountTask != nil {
		if dies == beforeSending {
			l.died()
			return d, false
		}
		d = l.act(seen, s, d.AccountTask)
	}
	l.decided(seen.user, d)
	if d.Farewell {
		if l.seat != nil && seen.user == l.stored && seen.held == l.held {
			l.Fatal("the object goes before the seat")
		}
		return d, false
	}
	if d.HandOver {
		if dies == beforeSending {
			return d, false
		}
		l.handOver(seen.user)
		d.HandedOver(l.now)
	}
	if d.Send != nil {
		if dies == beforeSending {
			return d, false
		}
		if d.Reminder > 0 {
			l.remind(seen, &d)
			d.Sent(l.now)
		} else if refused == "" {
			l.send(seen, l.linkOf(d.Send, d.User.Spec.Email))
			d.Sent(l.now)
		} else {
			d.Refused(refused)
		}
	}
	if d.Notice != nil {
		if dies == beforeSending {
			return d, false
		}
		l.notice(seen.user, &d, refused)
	}
	if dies != nowhere {
		l.died()
	}
	if dies == beforeRecord || d.Verdict.Kind == verdict.Silent {
		return d, false
	}
	verdict.Conclude(d.User, d.Verdict, l.now)
	if err := contract.Conditions(d.User); err != nil {
		l.Fatal(err)
	}
	if seen.user != l.stored {
		return d, false
	}
	l.recorded()
	if cmp.Equal(seen.user, d.User) {
		return d, false
	}
	l.write(d.User)
	l.quiet(seen, d.Verdict)
	return d, true
}

// send notes a mail that the mail server took. A mail that is sent again, since nobody recorded that it was, has to
// be the same mail.
func (l *life) send(seen version, is link) {
	l.sent[is] = true
	rests, err := json.Marshal([]any{
		seen.user.Status.Invitation, seen.user.Status.AccessRevokedAt, membership.FoldEmail(seen.user.Spec.Email), seen.seat, l.org.Spec,
	})
	if err != nil {
		l.Fatal(err)
	}
	if was, ok := l.drafts[string(rests)]; ok && was != is && l.now.Before(time.Unix(was.expires, 0).Add(-l.org.Spec.Invitation.TTL.Duration/2)) {
		l.Fatalf("nothing has changed, and link %v follows link %v", is, was)
	}
	l.drafts[string(rests)] = is
}

// remind checks a reminder: it carries a link that was sent, to somebody who can still answer, and there are not more
// of them than the organization allows.
func (l *life) remind(seen version, d *membership.Decision) {
	inv, policy := seen.user.Status.Invitation, l.org.Spec.Invitation
	is := l.linkOf(d.Send, d.User.Spec.Email)
	switch last := inv.SentAt; {
	case !l.sent[is]:
		l.Fatalf("reminds of link %v, which nobody has", is)
	case seen.user.Status.AcceptedAt != nil || inv.DeclinedAt != nil || !l.now.Before(inv.ExpiresAt.Time) || l.gone(seen.user):
		l.Fatal("reminds somebody who cannot answer")
	case policy.ReminderInterval == nil || int32(d.Reminder) >= policy.MaxSends:
		l.Fatalf("sends reminder %d, and %v is the policy", d.Reminder, policy)
	case inv.RemindedAt == nil && l.now.Before(last.Add(policy.ReminderInterval.Duration)),
		inv.RemindedAt != nil && l.now.Before(inv.RemindedAt.Add(policy.ReminderInterval.Duration)):
		l.Fatal("reminds somebody too soon")
	}
}

// notice checks a mail that tells of the end of access: it is about the end that is declared, to somebody who has access, and
// repeats what is on record, so that a crash repeats the same mail.
func (l *life) notice(u *v1alpha1.User, d *membership.Decision, refused string) {
	on := u.Status.AccessNotice
	switch {
	case u.Spec.AccessUntil == nil || !on.Until.Time.Equal(access.Until(u)) || !cmp.Equal(&on, d.Notice):
		l.Fatalf("mails of %v, and on record is %v", d.Notice, on)
	case on.SentAt != nil || on.Rejection != "":
		l.Fatal("mails the same twice")
	case u.Status.AcceptedAt == nil || u.Spec.State != v1alpha1.UserActive || !l.now.Before(on.Until.Time):
		l.Fatal("mails somebody whose access does not end, for there is none")
	}
	if refused == "" {
		d.NoticeSent(l.now)
	} else {
		d.NoticeRefused(refused)
	}
}

// gone says that somebody said, or the clock says, that the user has no access.
func (l *life) gone(u *v1alpha1.User) bool {
	return u.Spec.State != v1alpha1.UserActive || access.EndedBy(u, l.now)
}

// handOver notes that the directory was given the first password: never again once it is on record, and before anybody
// can sign in.
func (l *life) handOver(u *v1alpha1.User) {
	stays := membership.FoldEmail(u.Status.Email) == membership.FoldEmail(u.Spec.Email)
	if stays && (u.Status.InitialPasswordAt != nil || u.Status.AcceptedAt != nil) {
		l.Fatal("hands over a first password again")
	}
}

// quiet checks that a pass that sees the same as one that left nothing to do has nothing to write.
func (l *life) quiet(seen version, v verdict.Verdict) {
	if v.Kind != verdict.Done && v.Kind != verdict.Stuck {
		return
	}
	s := l.situation(version{l.stored, seen.held})
	s.Pools = l.situation(seen).Pools // a pool has not looked since
	again := membership.Next(s)
	verdict.Conclude(again.User, again.Verdict, l.now.Add(time.Second))
	if diff := cmp.Diff(l.stored, again.User); again.Verdict.Kind != verdict.Silent && diff != "" || again.Send != nil {
		l.Fatalf("the next pass sends %v, and writes:\n%s", again.Send, diff)
	}
}

// decided checks what may be decided for a user of whom that much is known.
func (l *life) decided(u *v1alpha1.User, d membership.Decision) {
	was, is := u.Status.Invitation, d.User.Status.Invitation
	another := d.Send != nil || was == nil && is != nil || was != nil && is.Sequence != was.Sequence
	asked := u.Annotations[v1alpha1.AnnotationResendInvitation]
	switch {
	case !another, d.Reminder > 0:
	case u.Status.AcceptedAt != nil && d.Replaced == nil:
		l.Fatal("invites somebody who has accepted")
	case l.gone(u) || !u.DeletionTimestamp.IsZero():
		l.Fatal("invites somebody who is leaving")
	case len(d.User.Status.Roles) == 0:
		l.Fatal("invites somebody to nothing")
	case d.Replaced != nil:
	case l.org.Spec.EmailChange == v1alpha1.EmailChangeReplace && was != nil &&
		(membership.FoldEmail(was.Email) != membership.FoldEmail(u.Spec.Email) || membership.FoldEmail(u.Status.Email) != membership.FoldEmail(u.Spec.Email)):
		// another person, even if nobody was reached at the address before
	case was != nil && (was.DeclinedAt != nil || was.ExpiredAt != nil && membership.FoldEmail(was.Email) == membership.FoldEmail(u.Spec.Email)) &&
		(asked == "" || asked == was.AnswersRequest):
		l.Fatal("invites somebody again whom nobody asked it for")
	}
}

// check says what must hold at every moment.
func (l *life) check(what string) {
	l.signedIn(what)
	var alive []link
	for sent := range l.sent {
		if l.judge(sent) != portal.Open {
			continue
		}
		alive = append(alive, sent)
		if l.buried[sent] {
			l.Fatalf("after %s, link %v works again", what, sent)
		}
	}
	if len(alive) > 1 {
		l.Fatalf("after %s, links %v work", what, alive)
	}
	// An invitation that is on record as sent is in somebody's hands.
	u, inv := l.stored, l.stored.Status.Invitation
	if inv == nil || inv.SentAt == nil {
		return
	}
	if at := l.linkOf(inv, inv.Email); !l.sent[at] {
		l.Fatalf("after %s, link %v is on record, and nobody has it", what, at)
	}
	open := u.DeletionTimestamp.IsZero() && !l.gone(u) && u.Status.AcceptedAt == nil && u.Status.AccessRevokedAt == nil &&
		inv.DeclinedAt == nil && inv.ExpiredAt == nil && l.now.Before(inv.ExpiresAt.Time)
	sameAddress := membership.FoldEmail(inv.Email) == membership.FoldEmail(u.Spec.Email)
	if open && sameAddress && len(alive) == 0 || !open && len(alive) > 0 {
		l.Fatalf("after %s, the invitation is open %t, and links %v work", what, open, alive)
	}
}

// answer is what the invitation page does with an answer to any link that was ever sent.
func (l *life) answer(accept bool) {
	for sent := range l.sent {
		if l.judge(sent) != portal.Open {
			continue
		}
		u := l.stored.DeepCopy()
		if accept {
			u.Status.AcceptedAt = at(l.now.Truncate(time.Second))
		} else {
			u.Status.Invitation.DeclinedAt = at(l.now.Truncate(time.Second))
		}
		l.write(u)
		return
	}
}

// events are what may happen, each as often as it is named.
func (l *life) events() map[string]func(*rapid.T) {
	pass := func(t *rapid.T) {
		l.pass(l.present(), nowhere, rapid.SampledFrom([]string{"", "", "", "550 no such user"}).Draw(t, "the mail server says"))
	}
	state := func(s v1alpha1.UserState) func(*rapid.T) {
		return func(*rapid.T) { l.edit(func(u *v1alpha1.User) { u.Spec.State = s }) }
	}
	wait := func(t *rapid.T) {
		l.now = l.now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "ms")) * time.Millisecond)
	}
	all := map[string]func(*rapid.T){
		"a pass that dies": func(t *rapid.T) {
			l.pass(l.present(), rapid.SampledFrom([]crash{beforeSending, beforeRecord}).Draw(t, "where"), "")
		},
		"a pass on the past": func(t *rapid.T) {
			if len(l.past) == 0 {
				return
			}
			seen := l.past[len(l.past)-1-rapid.IntRange(0, min(3, len(l.past)-1)).Draw(t, "ago")]
			if rapid.Bool().Draw(t, "of the seat alone") {
				seen.user = l.stored
			}
			l.pass(seen, nowhere, "")
		},
		"suspend":      state(v1alpha1.UserSuspended),
		"archive":      state(v1alpha1.UserArchived),
		"activate":     state(v1alpha1.UserActive),
		"activate too": state(v1alpha1.UserActive),
		"ask again": func(t *rapid.T) {
			l.edit(func(u *v1alpha1.User) {
				metav1.SetMetaDataAnnotation(&u.ObjectMeta, v1alpha1.AnnotationResendInvitation, rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "request"))
			})
		},
		"another address": func(t *rapid.T) {
			l.edit(func(u *v1alpha1.User) {
				u.Spec.Email = rapid.SampledFrom([]string{"jean@acme.example", "j@acme.example", "Jean@acme.example"}).Draw(t, "email")
			})
		},
		"other roles": func(t *rapid.T) {
			l.edit(func(u *v1alpha1.User) {
				u.Spec.Roles = rapid.SampledFrom([][]string{{"standard"}, {"standard"}, {"standard", "guest"}, {"standard", "manager"}, {"guest"}, nil, {"nobody"}}).Draw(t, "roles")
			})
		},
		"another ttl": func(t *rapid.T) {
			l.org.Spec.Invitation.TTL.Duration = rapid.SampledFrom([]time.Duration{time.Hour, 2 * time.Hour}).Draw(t, "ttl")
		},
		"another policy": func(t *rapid.T) {
			directory := l.org.Spec.Directory
			l.org = build.Organization("acme").In("acme").TTL(time.Hour).
				EmailChange(rapid.SampledFrom([]v1alpha1.EmailChange{v1alpha1.EmailChangeRename, v1alpha1.EmailChangeReplace, v1alpha1.EmailChangeDeny}).Draw(t, "emailChange")).
				Reminders(rapid.SampledFrom([]time.Duration{time.Minute, 20 * time.Minute, 3 * time.Hour}).Draw(t, "interval"), rapid.Int32Range(1, 4).Draw(t, "maxSends")).Obj()
			l.org.Spec.Directory = directory
		},
		"a first password": func(t *rapid.T) {
			l.edit(func(u *v1alpha1.User) {
				u.Spec.InitialPasswordSecretRef.Name = rapid.SampledFrom([]string{"", "jean-first-password"}).Draw(t, "secret")
			})
		},
		"time passes until a reminder": func(t *rapid.T) {
			l.now = l.now.Add(time.Duration(rapid.IntRange(1, 21).Draw(t, "minutes")) * time.Minute)
		},
		"another end": func(t *rapid.T) {
			ends := rapid.SampledFrom([]time.Duration{-time.Hour, 0, 700 * time.Millisecond, time.Second, 20 * time.Minute, 100 * time.Hour}).Draw(t, "in")
			l.edit(func(u *v1alpha1.User) { u.Spec.AccessUntil = at(l.now.Add(ends)) })
		},
		"no end": func(*rapid.T) { l.edit(func(u *v1alpha1.User) { u.Spec.AccessUntil = nil }) },
		"time passes until access ends": func(*rapid.T) {
			if until := access.Until(l.stored); l.now.Before(until) {
				l.now = until
			}
		},
		"accept":     func(*rapid.T) { l.answer(true) },
		"decline":    func(*rapid.T) { l.answer(false) },
		"a crowd":    func(t *rapid.T) { l.full = rapid.Bool().Draw(t, "full") },
		"a shortage": func(t *rapid.T) { l.short = rapid.Bool().Draw(t, "short") },
		"time passes until it expires": func(*rapid.T) {
			if inv := l.stored.Status.Invitation; inv != nil && l.now.Before(inv.ExpiresAt.Time) {
				l.now = inv.ExpiresAt.Time
			}
		},
	}
	maps.Copy(all, l.directoryEvents())
	for i := range 8 {
		all[fmt.Sprintf("pass %d", i)] = pass
		all[fmt.Sprintf("turn %d", i)] = func(t *rapid.T) {
			wait(t)
			l.turn()
		}
	}
	return all
}

// settle is what follows when nothing more happens: the user comes to rest, where nothing is left to do.
func (l *life) settle() {
	var d membership.Decision
	l.down, l.accounts.lost = false, false
	const rounds = 12
	for round := range rounds {
		l.turn()
		var wrote bool
		if d, wrote = l.pass(l.present(), nowhere, ""); d.Farewell {
			return
		}
		l.check("a last pass")
		if !wrote && round > 4 {
			break
		}
		l.now = l.now.Add(time.Second)
		if round == rounds-1 {
			l.Fatalf("still writing: %v", d.Verdict)
		}
	}
	u := l.stored
	if err := contract.Conditions(u); err != nil {
		l.Fatal(err)
	}
	if d.Verdict.Kind == verdict.Silent || d.Verdict.Kind == verdict.Wait {
		l.Fatalf("at rest, and the verdict is %v", d.Verdict)
	}
	inv, reason := u.Status.Invitation, d.Verdict.Reason
	asked := u.Annotations[v1alpha1.AnnotationResendInvitation]
	pending := inv != nil && asked != "" && asked != inv.AnswersRequest
	waiting := reason == v1alpha1.ReasonInvited || reason == v1alpha1.ReasonMailRejected
	if waiting && (pending || !l.now.Before(inv.ExpiresAt.Time) || membership.FoldEmail(inv.Email) != membership.FoldEmail(u.Spec.Email)) {
		l.Fatalf("the user at %s is %s by %v, somebody asked for another %t, and it is %v", u.Spec.Email, reason, inv, pending, l.now)
	}
	if l.judgeLatest() == portal.Open && !pending && (d.Verdict.WakeAt.IsZero() || d.Verdict.WakeAt.After(inv.ExpiresAt.Time) ||
		!d.Verdict.WakeAt.After(l.now.Add(-time.Second))) {
		l.Fatalf("the invitation is open until %v, and the next look at it is at %v", inv.ExpiresAt, d.Verdict.WakeAt)
	}
	corrected := inv != nil && membership.FoldEmail(inv.Email) != membership.FoldEmail(u.Status.Email) // which calls for another invitation
	over := u.Status.AcceptedAt == nil && !pending && inv != nil && (inv.DeclinedAt != nil || inv.ExpiredAt != nil && !corrected)
	l.ended(d)
	l.accounted()
	if (over || l.gone(u)) && l.seat != nil {
		l.Fatalf("the user is %s, and still has a seat", reason)
	}
	due := access.Of(u, source(l.org), l.now)
	if needs, unknown := slices.Contains(due.Pools, "standard"), len(due.Unknown) > 0; !l.gone(u) && needs && !unknown && !over && l.short {
		if l.seat != nil || slices.Contains(u.Status.Roles, "standard") {
			l.Fatalf("seats are withdrawn, and the user, who is %s, has one %t, and roles %v", reason, l.seat != nil, u.Status.Roles)
		}
	} else if !l.gone(u) && needs && !unknown && !over && !l.full {
		if reason != v1alpha1.ReasonActive && reason != v1alpha1.ReasonEmailChangeDenied && reason != v1alpha1.ReasonDirectoryRequired && !waiting && len(u.Spec.Roles) == 1 {
			l.Fatalf("there is a seat, nothing is in the way, and the user is %s", reason)
		}
	}
}

// ended checks that at rest the end of access is on record when it is over, and that the clock is looked at when it is to come.
func (l *life) ended(d membership.Decision) {
	u, until := l.stored, access.Until(l.stored)
	over := access.EndedBy(u, l.now.Add(-time.Second)) // a second passes after each pass
	switch {
	case over && (!access.Ended(u) || d.Verdict.Reason != v1alpha1.ReasonArchived || u.Status.AccessRevokedAt == nil):
		l.Fatalf("access ended at %v, and the user is %s, with %v on record", until, d.Verdict.Reason, u.Status.AccessEndedAt)
	case !l.now.Before(until), until.IsZero():
	case u.Status.AccessEndedAt != nil:
		l.Fatalf("access ends at %v, and %v is on record", until, u.Status.AccessEndedAt)
	case d.Due().IsZero() || d.Due().After(until):
		l.Fatalf("access ends at %v, and the next look at it is at %v", until, d.Due())
	}
	if told := u.Status.AccessNotice; told.Until.IsZero() && d.Verdict.Reason == v1alpha1.ReasonActive && l.now.Before(until) && until.Before(l.now.Add(72*time.Hour)) {
		l.Fatalf("access ends at %v, and nobody was told", until)
	} else if !told.Until.IsZero() && d.Verdict.Reason == v1alpha1.ReasonActive && told.SentAt == nil && told.Rejection == "" && l.now.Before(until) {
		l.Fatalf("access ends at %v, and the person was not told", until)
	}
}

// judgeLatest is what the link of the invitation on record is worth.
func (l *life) judgeLatest() portal.Verdict {
	if inv := l.stored.Status.Invitation; inv != nil && inv.SentAt != nil {
		return l.judge(l.linkOf(inv, inv.Email))
	}
	return portal.NotFound
}

// born is a user whom nobody has looked at yet.
func born(t *rapid.T) *life {
	l := &life{
		T: t, now: now, keys: invitations.Keyring{Current: bytes.Repeat([]byte{7}, invitations.KeySize)},
		org:  build.Organization("acme").In("acme").TTL(time.Hour).Obj(),
		sent: map[link]bool{}, buried: map[link]bool{}, drafts: map[string]link{},
	}
	if rapid.Bool().Draw(t, "directory") {
		l.withDirectory()
	}
	l.stored = jean().UID("0b7ba7a6-4f3c-4c57-9a4e-8a52a4f5a1de").Obj()
	l.stored.Status.ObservedGeneration = -1
	return l
}

func TestLives(t *testing.T) {
	check(t, 1500, func(t *rapid.T) {
		l := born(t)
		events := l.events()
		for what, happen := range events {
			events[what] = func(t *rapid.T) {
				happen(t)
				l.check(what)
			}
		}
		t.Repeat(events)
		l.settle()
		if rapid.Bool().Draw(t, "deleted in the end") {
			l.edit(func(u *v1alpha1.User) { u.DeletionTimestamp = at(l.now) })
			l.farewell()
		}
	})
}

// check is rapid.Check with a number of checks of its own, unless the command line has one. Tests that use it are not
// parallel, since the number is one for all.
func check(t *testing.T, checks int, property func(*rapid.T)) {
	t.Helper()
	const name = "rapid.checks"
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if !given {
		number := flag.Lookup(name).Value
		usual := number.String()
		defer func() { _ = number.Set(usual) }()
		if err := number.Set(strconv.Itoa(checks)); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, property)
}

// farewell is what follows when the object is deleted: it must go, after the seat.
func (l *life) farewell() {
	for range 6 {
		if d, _ := l.pass(l.present(), nowhere, ""); d.Farewell {
			if l.seat != nil {
				l.Fatal("the object goes before the seat")
			}
			return
		}
		l.turn()
	}
	l.Fatal("the object never goes")
}

// TestACrashCausesNoOtherInvitation checks that whoever dies between sending and recording sends the same again: the
// same sequence, address and expiry, as long as it has not expired.
func TestACrashCausesNoOtherInvitation(t *testing.T) {
	t.Parallel()
	for name, u := range map[string]*build.UserBuilder{
		"derived from the seat":                jean(),
		"derived from the seat, at a return":   jean().Invited(3, now.Add(-time.Hour)).Revoked(since.Add(-time.Minute)),
		"recorded, since there is no seat":     jean().Roles("guest"),
		"recorded, since the seat never left":  jean().Invited(3, expiry).Revoked(now.Add(-time.Minute)),
		"recorded, since somebody asked again": jean().Invited(3, expiry).Annotation(v1alpha1.AnnotationResendInvitation, "1"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				s := situation(u.Obj())
				if len(s.Roles.Pools) > 0 {
					seated("standard")(&s)
				}
				first := membership.Next(s)
				if first.Send == nil {
					s.User = first.User // what is to be sent is recorded first
					first = membership.Next(s)
				}
				s.Now = s.Now.Add(time.Duration(rapid.Int64Range(0, int64(ttl/2-3*time.Hour)).Draw(t, "later")))
				again := membership.Next(s)
				if diff := cmp.Diff(first.Send, again.Send); diff != "" || first.Send == nil {
					t.Fatalf("after a crash, another invitation is sent:\n%s", diff)
				}
			})
		})
	}
}
