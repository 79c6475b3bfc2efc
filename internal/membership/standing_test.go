// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/seats"
	"seatkeeper.dev/seatkeeper/test/build"
)

func TestStanding(t *testing.T) {
	t.Parallel()
	acme := build.Organization("acme").In("acme").Obj()
	ofJean := build.Organization("acme").In("acme").Owner("jean").Obj()
	gone := build.Organization("acme").In("acme").Owner("jean").Deleting(now).Obj()
	ask := func(b *build.UserBuilder) *v1alpha1.User {
		return b.Annotation(v1alpha1.AnnotationResendInvitation, "1").Obj()
	}
	for name, c := range map[string]struct {
		why   string
		user  *v1alpha1.User
		facts membership.Facts
		// needed is the standing in a pool that the roles need, elsewhere that in any other.
		needed, elsewhere seats.Standing
	}{
		"new":     {why: "who is to hold the role claims the seat", user: jean().Obj(), needed: seats.Claims, elsewhere: seats.Frees},
		"invited": {why: "an open invitation holds the seat (EZ-8)", user: jean().Invited(1, expiry).Obj(), needed: seats.Claims, elsewhere: seats.Frees},
		"rejected": {
			why: "the seat is held while the address is being corrected", user: jean().Invited(1, expiry).Rejected("550").Obj(),
			needed: seats.Claims, elsewhere: seats.Frees,
		},
		"accepted": {
			why: "a person with access", user: jean().Invited(1, expiry).AcceptedAt(now).Obj(), needed: seats.Claims, elsewhere: seats.Frees,
		},
		"accepted in the end": {
			why: "an acceptance counts, whatever else is on record", user: jean().Invited(1, now).Expired(now).AcceptedAt(now).Obj(),
			needed: seats.Claims, elsewhere: seats.Frees,
		},
		"declined": {
			why: "access is not revoked yet", user: jean().Invited(1, expiry).Declined(now).Obj(), needed: seats.Leaves, elsewhere: seats.Leaves,
		},
		"declined, revoked": {
			why: "the seat can go", user: jean().Invited(1, expiry).Declined(now).Revoked(now).Obj(), needed: seats.Frees, elsewhere: seats.Frees,
		},
		"expired, revoked": {
			why: "the seat can go", user: jean().Invited(1, now).Expired(now).Revoked(now).Obj(), needed: seats.Frees, elsewhere: seats.Frees,
		},
		"expired, in use elsewhere": {
			why:  "what is wrong with the declaration keeps no seat for somebody who did not answer",
			user: jean().Invited(1, now).Expired(now).Revoked(now).Obj(), facts: membership.Facts{EmailHolder: "anna", UnknownRoles: true},
			needed: seats.Frees, elsewhere: seats.Frees,
		},
		"expired, asked again": {
			why: "the request knocks at the door to seats", user: ask(jean().Invited(1, now).Expired(now).Revoked(now)), needed: seats.Claims, elsewhere: seats.Frees,
		},
		"back": {
			why: "whoever comes back claims anew", user: jean().Invited(1, expiry).AcceptedAt(now).Revoked(now).Obj(), needed: seats.Claims, elsewhere: seats.Frees,
		},
		"suspended": {
			why: "never before access is revoked", user: jean().State(v1alpha1.UserSuspended).Obj(), needed: seats.Leaves, elsewhere: seats.Leaves,
		},
		"suspended, revoked": {
			why: "the seat can go", user: jean().State(v1alpha1.UserSuspended).Revoked(now).Obj(), needed: seats.Frees, elsewhere: seats.Frees,
		},
		"archived": {
			why: "never before access is revoked", user: jean().State(v1alpha1.UserArchived).Obj(), needed: seats.Leaves, elsewhere: seats.Leaves,
		},
		"archived, revoked": {
			why: "the seat can go", user: jean().State(v1alpha1.UserArchived).Revoked(now).Obj(), needed: seats.Frees, elsewhere: seats.Frees,
		},
		"deleted, revoked, role gone": {
			why: "YAML is deleted in any order: the role may be gone before the user, and must not hold the object", user: jean().Revoked(now).Deleting(now).Obj(),
			facts: membership.Facts{UnknownRoles: true}, needed: seats.Frees, elsewhere: seats.Frees,
		},
		"deleted": {why: "never before access is revoked", user: jean().Deleting(now).Obj(), needed: seats.Leaves, elsewhere: seats.Leaves},
		"deleted, revoked": {
			why: "the seat can go", user: jean().Revoked(now).Deleting(now).Obj(), needed: seats.Frees, elsewhere: seats.Frees,
		},
		"owner, suspended": {
			why: "the owner keeps access, hence the seat", user: jean().State(v1alpha1.UserSuspended).Obj(), facts: membership.Facts{Organization: ofJean},
			needed: seats.Claims, elsewhere: seats.Frees,
		},
		"owner of an organization that goes": {
			why: "an organization that is being deleted holds nobody", user: jean().Revoked(now).Deleting(now).Obj(),
			facts: membership.Facts{Organization: gone}, needed: seats.Frees, elsewhere: seats.Frees,
		},
		"unknown role": {
			why: "bad input loses nothing, and gains nothing", user: jean().Obj(), facts: membership.Facts{UnknownRoles: true},
			needed: seats.Keeps, elsewhere: seats.Keeps,
		},
		"address in use": {
			why: "one address is one person, with one seat", user: jean().Obj(), facts: membership.Facts{EmailHolder: "anna"},
			needed: seats.Keeps, elsewhere: seats.Frees,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.facts.Organization == nil {
				c.facts.Organization = acme
			}
			if got := membership.Standing(c.user, c.facts); got != c.needed {
				t.Errorf("%s: where a seat is needed, want %d, got %d", c.why, c.needed, got)
			}
			if got := membership.StandingElsewhere(c.user, c.facts); got != c.elsewhere {
				t.Errorf("%s: where none is needed, want %d, got %d", c.why, c.elsewhere, got)
			}
		})
	}
}

func TestStandingWithoutAnOrganization(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why  string
		user *v1alpha1.User
		want seats.Standing
	}{
		"active":            {why: "a User may come before its Organization, and survive it", user: jean().Obj(), want: seats.Keeps},
		"archived, revoked": {why: "whose rules apply is not known", user: jean().State(v1alpha1.UserArchived).Revoked(now).Obj(), want: seats.Keeps},
		"deleted":           {why: "never before access is revoked", user: jean().Deleting(now).Obj(), want: seats.Leaves},
		"deleted, revoked":  {why: "nothing must hold an object that is to go", user: jean().Revoked(now).Deleting(now).Obj(), want: seats.Frees},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := membership.Standing(c.user, membership.Facts{}); got != c.want {
				t.Errorf("%s: want %d, got %d", c.why, c.want, got)
			}
			if got := membership.StandingElsewhere(c.user, membership.Facts{}); got != c.want {
				t.Errorf("%s: in a pool that the roles do not need, want %d, got %d", c.why, c.want, got)
			}
		})
	}
}

func TestIsOwner(t *testing.T) {
	t.Parallel()
	for why, c := range map[string]struct {
		org  *v1alpha1.Organization
		want bool
	}{
		"there is no organization":         {nil, false},
		"the organization names somebody":  {build.Organization("acme").Owner("anna").Obj(), false},
		"the organization names the user":  {build.Organization("acme").Owner("jean").Obj(), true},
		"another one names a user jean":    {build.Organization("globex").Owner("jean").Obj(), false},
		"the organization is on its way":   {build.Organization("acme").Owner("jean").Deleting(now).Obj(), true},
		"nobody is named, which cannot be": {build.Organization("acme").Owner("").Obj(), false},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			if got := membership.IsOwner(jean().Obj(), c.org); got != c.want {
				t.Errorf("want %t, got %t", c.want, got)
			}
		})
	}
}

func TestFoldEmail(t *testing.T) {
	t.Parallel()
	for why, c := range map[string]struct {
		a, b string
		same bool
	}{
		"case does not matter":          {"Jean.Martin@ACME.example", "jean.martin@acme.example", true},
		"that of other letters neither": {"RENÉ@acme.example", "rené@acme.example", true},
		"a tag does (AX-12)":            {"jean+crm@acme.example", "jean@acme.example", false},
		"an accent does":                {"rené@acme.example", "rene@acme.example", false},
		"a dot does":                    {"jean.martin@acme.example", "jeanmartin@acme.example", false},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			if same := membership.FoldEmail(c.a) == membership.FoldEmail(c.b); same != c.same {
				t.Errorf("%s and %s: the same %t, want %t", c.a, c.b, same, c.same)
			}
		})
	}
}

func TestHasPriority(t *testing.T) {
	t.Parallel()
	old, young := now.Add(-2*time.Hour), now.Add(-time.Hour)
	at := func(name string, created time.Time) *build.UserBuilder {
		return build.User(name).Created(created).Email("info@acme.example")
	}
	for name, c := range map[string]struct {
		why           string
		first, second *v1alpha1.User
	}{
		"older":   {why: "first come", first: at("zoe", old).Obj(), second: at("anna", young).Obj()},
		"by name": {why: "applied in the same second", first: at("anna", old).Obj(), second: at("zoe", old).Obj()},
		"invited": {
			why:   "who has a link is not cut off by who only claims the address",
			first: at("zoe", young).Invited(1, expiry).Obj(), second: at("anna", old).Obj(),
		},
		"both invited": {
			why:   "it happened: the older",
			first: at("zoe", old).Invited(1, expiry).Obj(), second: at("anna", young).Invited(1, expiry).Obj(),
		},
		"invited elsewhere": {
			why:   "an invitation to another address does not count",
			first: at("zoe", old).Obj(), second: build.User("anna").Created(young).Email("a@acme.example").Invited(1, expiry).Email("info@acme.example").Obj(),
		},
		"invited in capitals": {
			why:   "addresses are compared without regard to case",
			first: build.User("zoe").Created(young).Email("INFO@acme.example").Invited(1, expiry).Email("info@acme.example").Obj(), second: at("anna", old).Obj(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !membership.HasPriority(c.first, c.second) || membership.HasPriority(c.second, c.first) {
				t.Errorf("%s: want %s before %s, and not the other way round", c.why, c.first.Name, c.second.Name)
			}
		})
	}
}

// TestPriorityIsAnOrder checks that of any number of users at one address exactly one goes before all others,
// whichever way they are compared: two controllers that read the same must say the same.
func TestPriorityIsAnOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var users []*v1alpha1.User
		for i := range rapid.IntRange(2, 6).Draw(t, "users") {
			b := build.User(fmt.Sprintf("user-%d", i)).Created(now.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "created")) * time.Second)).
				Email(rapid.SampledFrom([]string{"info@acme.example", "INFO@acme.example"}).Draw(t, "email"))
			if rapid.Bool().Draw(t, "invited") {
				b.Invited(1, expiry)
			}
			if rapid.Bool().Draw(t, "changed") {
				b.Email("info@ACME.example")
			}
			users = append(users, b.Obj())
		}
		firsts := 0
		for i, a := range users {
			if !slices.ContainsFunc(users, func(b *v1alpha1.User) bool { return b != a && membership.HasPriority(b, a) }) {
				firsts++
			}
			for j, b := range users {
				if i != j && membership.HasPriority(a, b) == membership.HasPriority(b, a) {
					t.Fatalf("%s and %s both go before the other, or neither", a.Name, b.Name)
				}
			}
		}
		if firsts != 1 {
			t.Fatalf("%d users go before all others", firsts)
		}
	})
}
