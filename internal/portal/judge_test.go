// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"bytes"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/invitation"
)

const address = "jean.martin@acme.example"

var (
	now    = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	expiry = now.Add(168 * time.Hour)
)

func at(t time.Time) *metav1.Time { return &metav1.Time{Time: t} }

func testKeys(current byte) invitation.Keyring {
	return invitation.Keyring{Current: bytes.Repeat([]byte{current}, invitation.KeySize)}
}

// invited is a user whose third invitation is open.
func invited() *v1alpha1.User {
	u := &v1alpha1.User{
		ObjectMeta: metav1.ObjectMeta{Name: "jean", Namespace: "acme", UID: "0b7ba7a6-4f3c-4c57-9a4e-8a52a4f5a1de"},
		Spec: v1alpha1.UserSpec{
			Organization: "acme", Email: address, GivenName: "Jean", Roles: []string{"commercial"}, State: v1alpha1.UserActive,
		},
		Status: v1alpha1.UserStatus{
			Roles: []string{"commercial"},
			Invitation: &v1alpha1.InvitationStatus{
				Sequence: 3, Email: address, ExpiresAt: metav1.NewTime(expiry), SentAt: at(now.Add(-time.Hour)),
			},
		},
	}
	return u
}

// claimsOf are the claims of the link that the user has open.
func claimsOf(u *v1alpha1.User) invitation.Claims {
	return invitation.Claims{UID: u.UID, Sequence: u.Status.Invitation.Sequence, ExpiresAt: u.Status.Invitation.ExpiresAt.Time}
}

func mustToken(t testing.TB, keys invitation.Keyring, claims invitation.Claims, email string) string {
	t.Helper()
	token, err := keys.Token(claims, email)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

type judgeCase struct {
	why  string
	want Verdict
	// user changes the User, link what the link claims.
	user func(*v1alpha1.User)
	link func(*invitation.Claims)
	// email is the address that the link was made for; keys are those it was made with; now is when.
	email string
	keys  invitation.Keyring
	now   time.Time
}

var judgeCases = map[string]judgeCase{
	"open": {why: "the usual case", want: Open},
	"open, address in capitals": {
		why: "addresses are compared without regard to case", want: Open, email: strings.ToUpper(address),
	},
	"open, last moment": {
		why: "the invitation is good until it expires", want: Open, now: expiry.Add(-time.Nanosecond),
	},
	"open, mail refused": {
		why: "who has the link in spite of the refusal may use it", want: Open,
		user: func(u *v1alpha1.User) {
			u.Status.Invitation.SentAt, u.Status.Invitation.Rejection = nil, "no such mailbox"
		},
	},
	"open, expiry has fractions": {
		why: "links and the API keep whole seconds", want: Open,
		user: func(u *v1alpha1.User) { u.Status.Invitation.ExpiresAt = metav1.NewTime(expiry.Add(time.Millisecond)) },
	},

	"foreign key": {why: "somebody else made the link", want: NotFound, keys: testKeys(9)},
	"other address": {
		why: "the link is ours, for whoever the user was then", want: Superseded, email: "eve@acme.example",
	},
	"other user": {
		why: "the link is for somebody else", want: NotFound,
		link: func(c *invitation.Claims) { c.UID = "1b7ba7a6-4f3c-4c57-9a4e-8a52a4f5a1de" },
	},
	"foreign key, nobody invited": {
		why: "no record of an invitation is no reason to trust", want: NotFound, keys: testKeys(9),
		user: func(u *v1alpha1.User) { u.Status.Invitation = nil },
	},
	"foreign key, suspended": {
		why: "the state of a user is nobody else's business", want: NotFound, keys: testKeys(9),
		user: func(u *v1alpha1.User) { u.Spec.State = v1alpha1.UserSuspended },
	},
	"foreign key, accepted": {
		why: "whether a user accepted is nobody else's business", want: NotFound, keys: testKeys(9),
		user: func(u *v1alpha1.User) { u.Status.AcceptedAt = at(now) },
	},

	"suspended": {
		why: "a suspended member has no access to accept", want: Revoked,
		user: func(u *v1alpha1.User) { u.Spec.State = v1alpha1.UserSuspended },
	},
	"archived": {
		why: "who left is not invited", want: Revoked,
		user: func(u *v1alpha1.User) { u.Spec.State = v1alpha1.UserArchived },
	},
	"access ends": {
		why: "until the last moment", want: Open, now: now.Add(time.Hour - time.Nanosecond),
		user: func(u *v1alpha1.User) { u.Spec.AccessUntil = at(now.Add(time.Hour)) },
	},
	"access ended": {
		why: "the page looks at the clock itself, before the operator has", want: Revoked, now: now.Add(time.Hour),
		user: func(u *v1alpha1.User) { u.Spec.AccessUntil = at(now.Add(time.Hour)) },
	},
	"access ended, on record": {
		why: "the record counts for a clock that is behind", want: Revoked,
		user: func(u *v1alpha1.User) {
			u.Spec.AccessUntil, u.Status.AccessEndedAt = at(now.Add(time.Second)), at(now.Add(time.Second))
		},
	},
	"being deleted": {
		why: "who is leaving is not invited", want: Revoked,
		user: func(u *v1alpha1.User) { u.DeletionTimestamp = at(now) },
	},
	"suspended after acceptance": {
		why: "that there is no access now matters more than that the link is used", want: Revoked,
		user: func(u *v1alpha1.User) { u.Spec.State, u.Status.AcceptedAt = v1alpha1.UserSuspended, at(now) },
	},
	"back, not invited again yet": {
		why: "revocation ended the old invitation for good", want: Revoked,
		user: func(u *v1alpha1.User) { u.Status.AccessRevokedAt = at(now) },
	},

	"accepted": {
		why: "a link works once", want: Accepted,
		user: func(u *v1alpha1.User) { u.Status.AcceptedAt = at(now) },
	},
	"accepted, older link": {
		why: "there is nothing left to answer", want: Accepted,
		user: func(u *v1alpha1.User) { u.Status.AcceptedAt = at(now) },
		link: func(c *invitation.Claims) { c.Sequence = 2 },
	},
	"accepted, then time ran out": {
		why: "the acceptance counts, not the clock", want: Accepted, now: expiry.Add(time.Hour),
		user: func(u *v1alpha1.User) { u.Status.AcceptedAt = at(now) },
	},
	"declined": {
		why: "a link works once", want: Declined,
		user: func(u *v1alpha1.User) { u.Status.Invitation.DeclinedAt, u.Status.AccessRevokedAt = at(now), at(now) },
	},

	"expired": {
		why: "the clock decides, whether the operator has looked or not", want: Expired, now: expiry.Add(time.Hour),
	},
	"expired, that very moment": {
		why: "expiresAt is when it is over", want: Expired, now: expiry,
	},
	"expired, on record": {
		why: "what is recorded as over stays over, whatever this machine's clock says", want: Expired,
		user: func(u *v1alpha1.User) { u.Status.Invitation.ExpiredAt, u.Status.AccessRevokedAt = at(now), at(now) },
	},

	"superseded": {
		why: "only the latest link works", want: Superseded,
		link: func(c *invitation.Claims) { c.Sequence = 2 },
	},
	"superseded by a declined one": {
		why: "the no to a newer invitation does not revive the older", want: Superseded,
		link: func(c *invitation.Claims) { c.Sequence = 2 },
		user: func(u *v1alpha1.User) { u.Status.Invitation.DeclinedAt = at(now) },
	},
	"same sequence, other expiry": {
		why: "the link is not the one on record", want: Superseded,
		link: func(c *invitation.Claims) { c.ExpiresAt = expiry.Add(time.Second) },
	},
	"address changed": {
		why: "the link was sent to somebody who may not be the user any more", want: Superseded,
		user: func(u *v1alpha1.User) { u.Spec.Email = "j.martin@acme.example" },
	},
	"address changed and suspended": {
		why: "whoever has the old address is told nothing of the user", want: Superseded,
		user: func(u *v1alpha1.User) {
			u.Spec.Email, u.Spec.State = "j.martin@acme.example", v1alpha1.UserSuspended
		},
	},
	"address changed and accepted": {
		why: "whoever has the old address is told nothing of the user", want: Superseded,
		user: func(u *v1alpha1.User) { u.Spec.Email, u.Status.AcceptedAt = "j.martin@acme.example", at(now) },
	},
	"address changed, never recorded": {
		why: "an address that was corrected before the mail went out leaves no working link", want: Superseded,
		user: func(u *v1alpha1.User) { u.Spec.Email, u.Status.Invitation = "j.martin@acme.example", nil },
	},
	"address changed and invited anew": {
		why: "the old link is ours all the same, and its reader is to look for a newer one", want: Superseded,
		user: func(u *v1alpha1.User) {
			u.Spec.Email, u.Status.Invitation.Email, u.Status.Invitation.Sequence = "j.martin@acme.example", "j.martin@acme.example", 4
		},
	},

	"first mail before its record": {
		why: "mail is sent, then recorded", want: NotYet,
		user: func(u *v1alpha1.User) { u.Status.Invitation = nil },
	},
	"next mail before its record": {
		why: "mail is sent, then recorded", want: NotYet,
		link: func(c *invitation.Claims) { c.Sequence = 4 },
	},
	"next mail before its record, after a no": {
		why: "the newer invitation counts, as soon as it is recorded", want: NotYet,
		link: func(c *invitation.Claims) { c.Sequence = 4 },
		user: func(u *v1alpha1.User) { u.Status.Invitation.DeclinedAt, u.Status.AccessRevokedAt = at(now), at(now) },
	},
	"reserved": {
		why: "the mail may have arrived, but is not on record as sent", want: NotYet,
		user: func(u *v1alpha1.User) { u.Status.Invitation.SentAt = nil },
	},
	"never recorded": {
		why: "nobody is asked to try again for ever", want: Expired, now: expiry,
		user: func(u *v1alpha1.User) { u.Status.Invitation = nil },
	},
}

func TestJudge(t *testing.T) {
	for name, c := range judgeCases {
		t.Run(name, func(t *testing.T) {
			user, keys, moment, email := invited(), testKeys(1), now, address
			made := claimsOf(user)
			if c.link != nil {
				c.link(&made)
			}
			if c.user != nil {
				c.user(user)
			}
			if c.keys.Current != nil {
				keys = c.keys
			}
			if c.email != "" {
				email = c.email
			}
			if !c.now.IsZero() {
				moment = c.now
			}
			claims, seal, err := invitation.ParseToken(mustToken(t, keys, made, email))
			if err != nil {
				t.Fatal(err)
			}
			if got := Judge(testKeys(1), user, claims, seal, moment); got != c.want {
				t.Errorf("Judge = %s, want %s: %s", got, c.want, c.why)
			}
		})
	}
}

func TestJudgeWithRotatedKeys(t *testing.T) {
	user := invited()
	claims, seal, err := invitation.ParseToken(mustToken(t, testKeys(1), claimsOf(user), address))
	if err != nil {
		t.Fatal(err)
	}
	rotated := invitation.Keyring{Current: testKeys(2).Current, Previous: testKeys(1).Current}
	if got := Judge(rotated, user, claims, seal, now); got != Open {
		t.Errorf("after one rotation: %s, want Open: links outlive it", got)
	}
	if got := Judge(testKeys(3), user, claims, seal, now); got != NotFound {
		t.Errorf("after two rotations: %s, want NotFound: the key is gone", got)
	}
}
