// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/build"
)

func TestMayTake(t *testing.T) {
	t.Parallel()
	const email, lease = "kim@acme.example", "address-1"
	me := membership.Claimant{Namespace: "globex", Organization: "globex", User: "second", UID: "uid-of-second"}
	from := membership.Claimant{Namespace: "acme", Organization: "acme", User: "kim", UID: "uid-of-kim"}
	org := build.Organization("acme").EmailScope(v1alpha1.EmailScopeCluster).Obj()
	sharing := build.Organization("acme").EmailScope(v1alpha1.EmailScopeOrganization).Obj()
	kim := func(change func(*v1alpha1.User)) *v1alpha1.User {
		u := build.User("kim").Email("KIM@acme.example").Obj()
		u.Finalizers = []string{v1alpha1.FinalizerArchive}
		change(u)
		return u
	}
	colleague := membership.Claimant{Namespace: "globex", Organization: "globex", User: "kim", UID: "uid-of-kim"}
	nothing := func(*v1alpha1.User) {}
	goesByIt := func(u *v1alpha1.User) { u.Status.AddressClaim = v1alpha1.AddressClaim{Email: email, Lease: lease} }
	readdressed := func(u *v1alpha1.User) { u.Spec.Email = "other@acme.example" }
	parked := func(uid types.UID) *v1alpha1.ArchivedUser {
		return &v1alpha1.ArchivedUser{Record: v1alpha1.UserRecord{UID: uid, Parked: v1alpha1.Parking{Until: metav1.Now()}}}
	}
	parkedFor := func(heir types.UID) *v1alpha1.ArchivedUser {
		a := parked("other")
		a.Record.Parked.Heir.UID = heir
		return a
	}
	for why, c := range map[string]struct {
		from membership.Claimant
		now  membership.ClaimState
		want bool
	}{
		"whoever it is of goes by it": {from, membership.ClaimState{User: kim(goesByIt), Organization: org}, false},
		"is about to":                 {from, membership.ClaimState{User: kim(nothing), Organization: org}, false},
		"is about to let go of it": {from, membership.ClaimState{User: kim(func(u *v1alpha1.User) {
			goesByIt(u)
			readdressed(u)
		}), Organization: org}, false},
		"will let go, since the organization shares": {from, membership.ClaimState{User: kim(goesByIt), Organization: sharing}, false},
		"waits for its organization":                 {from, membership.ClaimState{User: kim(goesByIt)}, false},
		"has another address":                        {from, membership.ClaimState{User: kim(readdressed), Organization: org}, true},
		"shares addresses":                           {from, membership.ClaimState{User: kim(nothing), Organization: sharing}, true},
		"never came to have an organization":         {from, membership.ClaimState{User: kim(nothing)}, true},
		"is being deleted": {from, membership.ClaimState{User: kim(func(u *v1alpha1.User) {
			goesByIt(u)
			u.DeletionTimestamp = new(metav1.Now())
		}), Organization: org}, false},
		"has left, and is held by somebody else": {from, membership.ClaimState{User: kim(func(u *v1alpha1.User) {
			goesByIt(u)
			u.DeletionTimestamp, u.Finalizers = new(metav1.Now()), []string{"others.example/hold"}
		}), Organization: org}, true},
		"is gone":                          {from, membership.ClaimState{Organization: org}, true},
		"is gone, and there is a namesake": {from, membership.ClaimState{User: kim(func(u *v1alpha1.User) { u.UID = "other" }), Organization: org}, true},
		"is parked":                        {from, membership.ClaimState{Organization: org, Record: parked("uid-of-kim")}, false},
		"is gone, and another is parked":   {from, membership.ClaimState{Organization: org, Record: parked("other")}, false},
		"is archived":                      {from, membership.ClaimState{Organization: org, Record: &v1alpha1.ArchivedUser{Record: v1alpha1.UserRecord{UID: "uid-of-kim"}}}, true},
		"is nobody":                        {membership.Claimant{}, membership.ClaimState{}, true},
		"is of the same organization, and goes by it":              {colleague, membership.ClaimState{User: kim(goesByIt), Organization: org}, false},
		"is of the same organization, and is about to":             {colleague, membership.ClaimState{User: kim(nothing), Organization: org}, true},
		"is of the same organization, and is gone":                 {colleague, membership.ClaimState{Organization: org}, true},
		"is of the same organization, and is parked":               {colleague, membership.ClaimState{Organization: org, Record: parked("uid-of-kim")}, false},
		"is of the same organization, and parked for who comes":    {colleague, membership.ClaimState{Organization: org, Record: parkedFor("uid-of-second")}, true},
		"is of another organization, and parked for who has a UID": {from, membership.ClaimState{Organization: org, Record: parkedFor("uid-of-second")}, false},
		"takes over, and is here": {colleague, membership.ClaimState{
			User: kim(goesByIt), Organization: org, Record: parkedFor("uid-of-kim"),
		}, false},
		"is of another in the same namespace": {membership.Claimant{Namespace: "globex", Organization: "acme", User: "kim", UID: "uid-of-kim"}, membership.ClaimState{User: kim(goesByIt), Organization: org}, false},
		"is of a namesake in another one":     {membership.Claimant{Namespace: "acme", Organization: "globex", User: "kim", UID: "uid-of-kim"}, membership.ClaimState{User: kim(goesByIt), Organization: org}, false},
	} {
		if got := me.MayTake(c.from, email, lease, c.now); got != c.want {
			t.Errorf("it is of somebody who %s: may be taken over: %t", why, got)
		}
	}
}

func TestClaimants(t *testing.T) {
	t.Parallel()
	kim := membership.ClaimantOf(build.User("kim").In("ns", "acme").Obj())
	if got := membership.ParseClaimant(kim.String()); got != kim || kim.User != "kim" || kim.Namespace != "ns" {
		t.Errorf("got %+v, want %+v", got, kim)
	}
	for _, text := range []string{"", "somebody", "ns/acme/kim", "ns/acme/kim/", "/acme/kim/uid", "ns/acme/kim/uid/more"} {
		if got := membership.ParseClaimant(text); got != (membership.Claimant{}) {
			t.Errorf("%q is %+v, want nobody", text, got)
		}
	}
}

func TestUnclaimed(t *testing.T) {
	t.Parallel()
	cluster, sharing := build.Organization("acme").EmailScope(v1alpha1.EmailScopeCluster).Obj(), build.Organization("acme").Obj()
	claim := func(email string) v1alpha1.AddressClaim {
		return v1alpha1.AddressClaim{Email: email, Lease: "address-1"}
	}
	for why, c := range map[string]struct {
		org   *v1alpha1.Organization
		claim v1alpha1.AddressClaim
		want  bool
	}{
		"nobody has looked yet":            {cluster, v1alpha1.AddressClaim{}, true},
		"the address is claimed":           {cluster, claim("kim@acme.example"), false},
		"it was another that was claimed":  {cluster, claim("other@acme.example"), true},
		"the organization shares":          {sharing, v1alpha1.AddressClaim{}, false},
		"there is no organization for now": {nil, v1alpha1.AddressClaim{}, false},
	} {
		u := build.User("kim").Email("Kim@acme.example").Obj()
		u.Status.AddressClaim = c.claim
		if got := membership.Unclaimed(u, c.org); got != c.want {
			t.Errorf("%s: %t", why, got)
		}
	}
}

func TestToClaim(t *testing.T) {
	t.Parallel()
	const known, declared = "kim@acme.example", "other@acme.example"
	cluster := func() *build.OrganizationBuilder {
		return build.Organization("acme").EmailScope(v1alpha1.EmailScopeCluster)
	}
	for why, c := range map[string]struct {
		change func(*membership.Situation)
		want   string
	}{
		"an edit takes effect":                  {func(*membership.Situation) {}, declared},
		"it is denied":                          {func(s *membership.Situation) { s.Organization = cluster().EmailChange(v1alpha1.EmailChangeDeny).Obj() }, known},
		"it waits for a namesake":               {func(s *membership.Situation) { s.EmailHolder = "namesake" }, known},
		"it was refused before":                 {func(s *membership.Situation) { s.Unclaimed = true }, declared},
		"the organization shares":               {func(s *membership.Situation) { s.Organization = build.Organization("acme").Obj() }, ""},
		"nobody is known yet":                   {func(s *membership.Situation) { s.User.Status = v1alpha1.UserStatus{} }, declared},
		"a namesake has the address":            {func(s *membership.Situation) { s.User.Spec.Email, s.EmailHolder = known, "namesake" }, ""},
		"nobody is known, and there is no role": {func(s *membership.Situation) { s.User.Status, s.NoRoles = v1alpha1.UserStatus{}, true }, ""},
		"nobody is known, and is to stay out": {func(s *membership.Situation) {
			s.User.Status, s.User.Spec.State = v1alpha1.UserStatus{}, v1alpha1.UserArchived
		}, ""},
		"the last role is gone":                  {func(s *membership.Situation) { s.NoRoles = true }, declared},
		"who is archived releases it by an edit": {func(s *membership.Situation) { s.User.Spec.State = v1alpha1.UserArchived }, declared},
	} {
		u := build.User("kim").Email("Other@acme.example").Obj()
		u.Status.Email, u.Status.AddressClaim = known, v1alpha1.AddressClaim{Email: known, Lease: "address-1"}
		s := membership.Situation{User: u}
		s.Organization = cluster().Obj()
		c.change(&s)
		if got := membership.ToClaim(s); got != c.want {
			t.Errorf("%s: %q, want %q", why, got, c.want)
		}
	}
}

func TestComesTo(t *testing.T) {
	t.Parallel()
	kim := build.User("kim").In("ns", "acme").Obj()
	record := func(account types.UID, parked bool) *v1alpha1.ArchivedUser {
		a := &v1alpha1.ArchivedUser{Record: v1alpha1.UserRecord{User: "cid", UID: "uid-of-cid", AccountUID: account, Spec: v1alpha1.UserSpec{Organization: "acme"}}}
		a.Namespace = "ns"
		if parked {
			a.Record.Parked.Until = metav1.Now()
		}
		return a
	}
	for why, c := range map[string]struct {
		record *v1alpha1.ArchivedUser
		want   membership.Claimant
	}{
		"there is none":           {nil, membership.Claimant{}},
		"somebody is archived":    {record("", false), membership.Claimant{}},
		"somebody is parked":      {record("", true), membership.Claimant{Namespace: "ns", Organization: "acme", User: "cid", UID: "uid-of-cid"}},
		"the person is kim's own": {record(kim.Account(), true), membership.Claimant{}},
	} {
		if got, parked := membership.ComesTo(kim, c.record); got != c.want || parked != (c.want.UID != "") {
			t.Errorf("%s: it comes to %+v (%t)", why, got, parked)
		}
	}
}
