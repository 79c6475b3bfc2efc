// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/drift"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/build"
)

var (
	acme = build.Organization("acme").In("acme").Directory().Obj()
	then = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
)

// jean has accepted, and has an account like that.
func jean(managerID string, change func(*v1alpha1.User)) *v1alpha1.User {
	u := build.User("jean").In("acme", "acme").UID("u-1").Name("Jean", "Martin").Holds("member").AcceptedAt(then).Obj()
	a := account.Of(u, acme, true)
	a.ManagerID = managerID
	u.Status.DirectoryAccount = &v1alpha1.DirectoryAccount{
		Directory: build.DirectoryURL, ID: "7", State: v1alpha1.AccountActive, Revision: a.Revision(),
	}
	if change != nil {
		change(u)
	}
	return u
}

func listed(change func(*directory.Found)) *directory.Found {
	a := account.Of(jean("", nil), acme, true)
	f := &directory.Found{Account: a, DisplayName: a.Display(), Email: a.UserName}
	if change != nil {
		change(f)
	}
	return f
}

func TestOfUser(t *testing.T) {
	t.Parallel()
	retitle := func(f *directory.Found) { f.Title = "Countess" }
	off := func(f *directory.Found) { f.Active = false }
	invited := func(u *v1alpha1.User) {
		u.Status.AcceptedAt = nil
		u.Status.DirectoryAccount.State = v1alpha1.AccountInactive
		u.Status.DirectoryAccount.Revision = new(account.Of(u, acme, false)).Revision()
	}
	out := func(u *v1alpha1.User) {
		u.Status.Roles, u.Status.AccessRevokedAt, u.Status.DirectoryAccount.Revision = nil, new(metav1.NewTime(then)), ""
		u.Status.DirectoryAccount.State = v1alpha1.AccountInactive
	}
	elsewhere := func(u *v1alpha1.User) { u.Status.DirectoryAccount.Directory = "https://old.example" }
	active := func(u *v1alpha1.User) { u.Status.DirectoryAccount.State = v1alpha1.AccountActive }
	for why, tt := range map[string]struct {
		user  *v1alpha1.User
		found *directory.Found
		want  membership.Drift
	}{
		"as it is to be":                       {jean("", nil), listed(nil), membership.Drift{}},
		"somebody wrote there":                 {jean("", nil), listed(retitle), membership.Drift{Differs: []string{"title"}}},
		"somebody signed the person out":       {jean("", nil), listed(off), membership.Drift{Differs: []string{"active"}}},
		"nobody is, that the directory tells":  {jean("", nil), listed(func(f *directory.Found) { off(f); f.Without = []directory.Attribute{directory.Active} }), membership.Drift{}},
		"another account of the person's":      {jean("", nil), listed(func(f *directory.Found) { f.ID = "8" }), membership.Drift{Differs: []string{"id"}}},
		"out, and another account":             {jean("", out), listed(func(f *directory.Found) { off(f); f.ID = "8" }), membership.Drift{}},
		"no account":                           {jean("", nil), nil, membership.Drift{Missing: true}},
		"edited, and on its way there":         {jean("", func(u *v1alpha1.User) { u.Spec.Title = "Buyer" }), listed(retitle), membership.Drift{}},
		"edited, and made there":               {jean("", func(u *v1alpha1.User) { u.Spec.Title = "Buyer" }), nil, membership.Drift{}},
		"not known what it was left with":      {jean("", func(u *v1alpha1.User) { u.Status.DirectoryAccount.Revision = "" }), listed(retitle), membership.Drift{}},
		"in another directory":                 {jean("", elsewhere), listed(retitle), membership.Drift{}},
		"invited, and has no account":          {jean("", invited), nil, membership.Drift{}},
		"out, with an account elsewhere":       {jean("", func(u *v1alpha1.User) { out(u); elsewhere(u) }), listed(retitle), membership.Drift{Open: true}},
		"out, active elsewhere":                {jean("", func(u *v1alpha1.User) { out(u); active(u); elsewhere(u) }), listed(retitle), membership.Drift{Open: true}},
		"out, and none is on record":           {jean("", func(u *v1alpha1.User) { out(u); u.Status.DirectoryAccount = nil }), listed(retitle), membership.Drift{Open: true}},
		"out, and the account is kept":         {jean("", func(u *v1alpha1.User) { out(u); active(u) }), listed(retitle), membership.Drift{}},
		"never had one":                        {jean("", func(u *v1alpha1.User) { u.Status.DirectoryAccount = nil }), listed(retitle), membership.Drift{}},
		"invited, and cannot sign in":          {jean("", invited), listed(off), membership.Drift{}},
		"invited, and can":                     {jean("", invited), listed(nil), membership.Drift{Open: true, Differs: []string{"active"}}},
		"invited, edited, and can":             {jean("", func(u *v1alpha1.User) { invited(u); u.Spec.Title = "Buyer" }), listed(nil), membership.Drift{Open: true}},
		"out, whatever else there is":          {jean("", out), listed(func(f *directory.Found) { off(f); retitle(f) }), membership.Drift{}},
		"out, and can sign in":                 {jean("", out), listed(retitle), membership.Drift{Open: true}},
		"out, and has no account":              {jean("", out), nil, membership.Drift{}},
		"reports to somebody else there":       {jean("m-1", nil), listed(func(f *directory.Found) { f.ManagerID = "m-2" }), membership.Drift{}},
		"out, where the directory cannot tell": {jean("", out), listed(func(f *directory.Found) { f.Without = []directory.Attribute{directory.Active} }), membership.Drift{}},
	} {
		t.Run(why, func(t *testing.T) {
			want := drift.OfUser(tt.user, acme, "")
			var got membership.Drift
			if tt.found != nil {
				got = drift.Compare(tt.found, &want)
			} else {
				got = drift.Absent(&want)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	want := drift.OfUser(jean("m-1", nil), acme, "m-1")
	if got := drift.Compare(listed(func(f *directory.Found) { f.ManagerID = "m-2" }), &want); !cmp.Equal(got.Differs, []string{"manager"}) {
		t.Errorf("of another manager: %+v", got)
	}
}

// What the directory keeps its own way is no difference where nothing is sent by which that could be found out again.
func TestWhatIsKeptOtherwise(t *testing.T) {
	t.Parallel()
	shortened := jean("", func(u *v1alpha1.User) { u.Status.DirectoryAccount.KeptOtherwise = []string{"locale", "title"} })
	found := listed(func(f *directory.Found) { f.Title, f.FamilyName, f.DisplayName = "C.", "M.", "Jean M." })
	for policy, want := range map[v1alpha1.DriftPolicy][]string{
		v1alpha1.DriftReport:  {"displayName", "name.familyName"},
		v1alpha1.DriftCorrect: {"displayName", "name.familyName", "title"},
	} {
		org := acme.DeepCopy()
		org.Spec.Directory.DriftPolicy = policy
		of := drift.OfUser(shortened, org, "")
		if got := drift.Compare(found, &of); !cmp.Equal(got.Differs, want) {
			t.Errorf("%s: %v", policy, got.Differs)
		}
	}
}

func TestOfRecord(t *testing.T) {
	t.Parallel()
	at := func(url string) *v1alpha1.DirectoryAccount {
		return &v1alpha1.DirectoryAccount{Directory: url, ID: "7"}
	}
	for why, tt := range map[string]struct {
		record v1alpha1.UserRecord
		open   bool
	}{
		"left":                        {v1alpha1.UserRecord{DirectoryAccount: at(build.DirectoryURL)}, true},
		"left another directory":      {v1alpha1.UserRecord{DirectoryAccount: at("https://old.example")}, true},
		"had no account on record":    {v1alpha1.UserRecord{}, true},
		"parked, none is on record":   {v1alpha1.UserRecord{Parked: v1alpha1.Parking{Until: metav1.NewTime(then)}}, false},
		"parked, and keeps all":       {v1alpha1.UserRecord{DirectoryAccount: at(build.DirectoryURL), Parked: v1alpha1.Parking{Until: metav1.NewTime(then)}}, false},
		"left, by another identity":   {v1alpha1.UserRecord{DirectoryAccount: at(build.DirectoryURL), AccountUID: "a-1"}, true},
		"of a directory with a slash": {v1alpha1.UserRecord{DirectoryAccount: at(build.DirectoryURL)}, true},
	} {
		t.Run(why, func(t *testing.T) {
			tt.record.UID, tt.record.Spec.Email = "u-1", "jean@acme.example"
			want := drift.OfRecord(&v1alpha1.ArchivedUser{Record: tt.record}, acme)
			if got := drift.Compare(listed(nil), &want); got.Open != tt.open || got.Missing || got.Differs != nil {
				t.Errorf("%+v", got)
			}
			if got := drift.Absent(&want); got.Astray() {
				t.Errorf("without an account: %+v", got)
			}
			if uid := want.Account.UID; uid != "u-1" && uid != tt.record.AccountUID || want.Account.UserName != "jean@acme.example" {
				t.Errorf("the account is %+v", want.Account)
			}
		})
	}
}

func TestLedger(t *testing.T) {
	t.Parallel()
	l := drift.NewLedger[string]()
	l.Enter("record", &account.Account{UID: "u-1", ID: "7"})
	l.Enter("jean", &account.Account{UID: "u-1", ID: "7"}) // who is back
	l.Enter("anna", &account.Account{UID: "u-2"})
	l.Enter("max", &account.Account{UID: "u-3", ID: "9"})
	l.Enter("eve", &account.Account{UID: "u-4", ID: "4"})
	for _, tt := range []struct {
		why, id string
		uid     types.UID
		want    string
	}{
		{"by the ID", "7", "", "jean"},
		{"by the UID, when the ID is not known", "8", "u-2", "anna"},
		{"a second of the same UID", "88", "u-2", ""},
		{"a second one, and the first was there by its ID", "77", "u-1", ""},
		{"made anew by somebody", "99", "u-3", "max"},
		{"the one on record comes after it", "9", "u-3", "max"},
		{"nobody's", "1", "u-9", ""},
		{"nobody's, and nobody claims it", "2", "", ""},
	} {
		if got, ours := l.Whose(&directory.Found{Account: account.Account{ID: tt.id, UID: tt.uid}}); ours != (tt.want != "") || ours && got != tt.want {
			t.Errorf("%s: %q, %t", tt.why, got, ours)
		}
	}
	if got := slices.Collect(l.Unseen); !slices.Equal(got, []string{"eve"}) {
		t.Errorf("without an account: %v", got)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	n := drift.Names{Most: 3}
	for i := range 100 {
		n.Add(fmt.Sprintf("%02d", i*37%100))
	}
	if n.Count != 100 || !slices.Equal(n.First, []string{"00", "01", "02"}) {
		t.Errorf("%+v", n)
	}
}
