// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/test/build"
)

func TestAdopt(t *testing.T) {
	t.Parallel()
	linked := build.User("linked").In("ns", "acme").Obj()
	linked.Status.DirectoryAccount = &v1alpha1.DirectoryAccount{ID: "7"}
	users := []v1alpha1.User{
		*build.User("ada").In("ns", "acme").UID("uid-of-ada").Obj(), *build.User("bob").In("ns", "acme").Obj(), *linked, *build.User("eve").In("ns", "other").Obj(),
	}
	left := []v1alpha1.ArchivedUser{
		{Record: v1alpha1.UserRecord{User: "gone", Spec: build.User("gone").In("ns", "acme").Obj().Spec}},
		{Record: v1alpha1.UserRecord{User: "eve.gone", Spec: build.User("eve.gone").In("ns", "other").Obj().Spec}},
	}
	acct := func(id string, uid types.UID, userName string, active bool) directory.Found {
		return directory.Found{Account: account.Account{ID: id, UID: uid, UserName: userName, Active: active}}
	}
	for _, c := range []struct {
		why      string
		account  directory.Found
		adoption v1alpha1.AdoptionPolicy
		match    Match
		user     string
	}{
		{"the User's own, whatever it is called", acct("1", "uid-of-ada", "countess@acme.example", true), v1alpha1.AdoptionRefuse, Matched, "ada"},
		{"the User's own, though nobody signs in with it", acct("1", "uid-of-ada", "ada@acme.example", false), v1alpha1.AdoptionRefuse, Matched, "ada"},
		{"on record as the User's own", acct("7", "", "seven", true), v1alpha1.AdoptionRefuse, Matched, "linked"},
		{"the address of a User", acct("2", "", "BOB@acme.example", true), v1alpha1.AdoptionAdopt, Matched, "bob"},
		{"the address of a User, where nothing is adopted", acct("2", "", "bob@acme.example", true), v1alpha1.AdoptionRefuse, Conflicting, "bob"},
		{"the address of a User of another organization", acct("2", "", "eve@acme.example", true), v1alpha1.AdoptionAdopt, Unmatched, ""},
		{"somebody else's", acct("2", "payroll-12", "bob@acme.example", true), v1alpha1.AdoptionAdopt, Conflicting, "bob"},
		{"nobody's", acct("3", "", "kim@acme.example", true), v1alpha1.AdoptionAdopt, Unmatched, ""},
		{"nobody's, where nothing is adopted", acct("3", "", "kim@acme.example", true), v1alpha1.AdoptionRefuse, Unmatched, ""},
		{"of who left, and can be signed in with", acct("6", "", "Gone@acme.example", true), v1alpha1.AdoptionAdopt, Conflicting, "gone"},
		{"of who left another organization", acct("6", "", "eve.gone@acme.example", true), v1alpha1.AdoptionAdopt, Unmatched, ""},
		{"a service", acct("4", "", "svc-backup", true), v1alpha1.AdoptionAdopt, Conflicting, ""},
		{"an address that two have", acct("5", "", "two@acme.example", true), v1alpha1.AdoptionAdopt, Conflicting, ""},
		{"of who left", acct("3", "", "kim@acme.example", false), v1alpha1.AdoptionAdopt, Inactive, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			org := build.Organization("acme").Directory().Obj()
			org.Spec.Directory.Adoption = c.adoption
			got := Adopt([]directory.Found{c.account, acct("99", "", "Two@acme.example", true)}, users, left, org)[0]
			if got.Reason == "" {
				t.Error("it does not say why")
			}
			want := Adoption{Match: c.match, Account: c.account.ID, UserName: c.account.UserName, User: c.user, Reason: got.Reason}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestOrphans has an account whose manager's account becomes nobody's here be one without a manager.
func TestOrphans(t *testing.T) {
	t.Parallel()
	acct := func(id, userName, manager string) directory.Found {
		return directory.Found{Account: account.Account{ID: id, UserName: userName, ManagerID: manager, Active: true}}
	}
	found := []directory.Found{acct("1", "boss@acme.example", ""), acct("2", "kim@acme.example", "1"), acct("3", "zoe@acme.example", "2"), acct("4", "bob@acme.example", ""), acct("5", "joe@acme.example", "4")}
	got, left := Orphans(found, func(a *directory.Found) bool { return a.ID != "1" && a.ID != "4" }, []v1alpha1.User{*build.User("bob").In("ns", "acme").Obj()}, "acme")
	var managers []string
	for _, a := range got {
		managers = append(managers, a.ManagerID)
	}
	if diff := cmp.Diff([]string{"", "", "2", "", "4"}, managers); diff != "" || len(left) != 1 || found[1].ManagerID != "1" {
		t.Errorf("%v (-want +got):\n%s", left, diff)
	}
}
