// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/password"
)

func TestDiffers(t *testing.T) {
	account := directory.Account{
		UID: "1", UserName: "ada@acme.example", GivenName: "Ada", FamilyName: "Lovelace", Title: "Countess", WorkPhone: "+44 20 7946 0000",
		MobilePhone: "+44 7700 900000", Locale: "en-GB", TimeZone: "Europe/London", EmployeeNumber: "E-1", ManagerID: "7", Roles: []string{"a", "b"}, Active: true,
	}
	type attributes = []directory.Attribute
	for why, tt := range map[string]struct {
		change func(*directory.Found)
		want   attributes
	}{
		"nothing":                    {func(*directory.Found) {}, nil},
		"what the directory knows":   {func(f *directory.Found) { f.ID, f.Organization.Name = "users-1", "acme" }, nil},
		"the case of the user name":  {func(f *directory.Found) { f.UserName, f.Email = "ADA@acme.example", "Ada@Acme.example" }, nil},
		"another user name":          {func(f *directory.Found) { f.UserName = "king@acme.example" }, attributes{directory.UserName}},
		"another address":            {func(f *directory.Found) { f.Email = "" }, attributes{directory.Email}},
		"nobody's":                   {func(f *directory.Found) { f.UID = "" }, attributes{directory.ExternalID}},
		"names":                      {func(f *directory.Found) { f.GivenName, f.FamilyName, f.DisplayName = "A", "L", "A L" }, attributes{directory.DisplayName, directory.GivenName, directory.FamilyName}},
		"a telephone in other form":  {func(f *directory.Found) { f.WorkPhone, f.MobilePhone = "tel:+44-20-7946-0000", "+447700900000" }, nil},
		"another telephone":          {func(f *directory.Found) { f.WorkPhone, f.MobilePhone = "+44 20 7946 0001", "" }, attributes{directory.WorkPhone, directory.MobilePhone}},
		"a telephone without digits": {func(f *directory.Found) { f.WorkPhone = "ask" }, attributes{directory.WorkPhone}},
		"the rest": {
			func(f *directory.Found) {
				f.Title, f.Locale, f.TimeZone, f.EmployeeNumber, f.ManagerID = "", "", "", "", ""
			},
			attributes{directory.Title, directory.Locale, directory.TimeZone, directory.EmployeeNumber, directory.Manager},
		},
		"inactive":               {func(f *directory.Found) { f.Active = false }, attributes{directory.Active}},
		"roles in another order": {func(f *directory.Found) { f.Roles = []string{"b", "a", "b"} }, nil},
		"other roles":            {func(f *directory.Found) { f.Roles = []string{"b"} }, attributes{directory.Roles}},
		"what it does not keep": {func(f *directory.Found) {
			f.Title, f.Roles, f.Without = "", nil, attributes{directory.Title, directory.Roles}
		}, nil},
	} {
		t.Run(why, func(t *testing.T) {
			found := directory.Found{Account: account, DisplayName: "Ada Lovelace", Email: account.UserName}
			tt.change(&found)
			if diff := cmp.Diff(tt.want, found.Differs(account)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got := (directory.Account{FamilyName: "Lovelace"}).Display(); got != "Lovelace" {
		t.Errorf("a family name alone is shown as %q", got)
	}
}

func TestRetryAfter(t *testing.T) {
	pause := directory.UnavailableFor(errors.New("slow down: seven violets"), time.Minute)
	for why, err := range map[string]error{"itself": pause, "without its words": directory.Discreet(pause, password.New("seven violets"))} {
		if after, ok := directory.RetryAfter(err); !ok || after != time.Minute || !errors.Is(err, directory.ErrUnavailable) {
			t.Errorf("%s: %v, %t", why, after, ok)
		}
	}
	if got := directory.Words(pause); got != "slow down: seven violets" {
		t.Errorf("the words are %q", got)
	}
	if after, ok := directory.RetryAfter(directory.Unavailable(errors.New("gone"))); ok {
		t.Errorf("a directory that says nothing is left alone for %v", after)
	}
}
