// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/spreadsheet"
)

// fromAccounts are the columns that accounts fill.
var fromAccounts = []Column{
	ColumnEmail, ColumnGivenName, ColumnFamilyName, ColumnTitle, ColumnWorkPhone, ColumnMobilePhone, ColumnEmployeeNumber, ColumnLocale, ColumnTimeZone, ColumnManager,
}

// Accounts is a table of the accounts of a directory that are chosen, each on the line of its turn. Accounts that nobody can sign in with, or that have no
// address, are no people to invite: left says of them why, by what the directory calls them. What a directory does not have, or has in a form
// that a User cannot have, is not said: it is no reason to take away what the User has.
func Accounts(found []directory.Found, chosen func(*directory.Found) bool) (table spreadsheet.Table, left []string) {
	emails := map[string]string{}
	for i := range found {
		if email := emailOf(&found[i]); email != "" && found[i].Active {
			emails[found[i].ID] = email
		}
	}
	for i, name := range fromAccounts {
		table.Header = append(table.Header, spreadsheet.Cell{Text: string(name), Column: i + 1})
	}
	for i := range found {
		a := &found[i]
		switch {
		case !chosen(a):
		case !a.Active:
			left = append(left, fmt.Sprintf("account %q is left out: nobody can sign in with it", cmp.Or(a.UserName, a.ID)))
		case emails[a.ID] == "":
			left = append(left, fmt.Sprintf("account %q is left out: it has no address", cmp.Or(a.UserName, a.ID)))
		default:
			row, dropped := accountRow(a, i+1, emails)
			table.Rows, left = append(table.Rows, row), append(left, dropped...)
		}
	}
	slices.Sort(left)
	return table, left
}

// accountRow is an account as a row, and what is left out of it. emails are the addresses of accounts, by what the directory calls them.
func accountRow(a *directory.Found, line int, emails map[string]string) (row spreadsheet.Row, left []string) {
	person := Person{
		Email: emails[a.ID], GivenName: a.GivenName, FamilyName: a.FamilyName, Title: a.Title, WorkPhone: telephone(a.WorkPhone), MobilePhone: telephone(a.MobilePhone),
		EmployeeNumber: a.EmployeeNumber, Locale: strings.ReplaceAll(a.Locale, "_", "-"), TimeZone: a.TimeZone,
	}
	if manager := emails[a.ManagerID]; a.ManagerID != "" && foldEmail(manager) != foldEmail(person.Email) {
		person.Manager = manager
	}
	row.Line = line
	for at, name := range fromAccounts {
		text, wrong := fitting(find(name), &person)
		if wrong != "" {
			left = append(left, fmt.Sprintf("account %q: its %s is left out: %s", cmp.Or(a.UserName, a.ID), name, wrong))
		}
		row.Cells = append(row.Cells, spreadsheet.Cell{Text: text, Line: line, Column: at + 1, Missing: text == ""})
	}
	return row, left
}

// emailOf is the address of an account: its user name, or else that at work.
func emailOf(a *directory.Found) string {
	for _, text := range []string{a.UserName, a.Email} {
		if wrong, _ := checkEmail(text); wrong == "" {
			return text
		}
	}
	return ""
}

// telephone is a number without what makes it a link.
func telephone(text string) string { return strings.TrimPrefix(text, "tel:") }

// fitting is the value of a column, if a User can have it, and else what is wrong with it.
func fitting(c *column, p *Person) (text, wrong string) {
	if text = c.get(p); text == "" {
		return "", ""
	}
	if wrong, _ = c.set(&Person{}, text); wrong != "" {
		return "", wrong
	}
	return text, ""
}
