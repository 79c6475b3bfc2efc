// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/spreadsheet"
)

// The rules of the API, which the server holds as well: here they are told by line and column, and all at once.
var (
	objectName = regexp.MustCompile(`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`)
	mailbox    = regexp.MustCompile(`^[^\s\p{Z}\p{C}@<>(),;:"\[\]\\.]+([.][^\s\p{Z}\p{C}@<>(),;:"\[\]\\.]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?[.])+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$`)
	phone      = regexp.MustCompile(`^[+]?[0-9(][0-9 ().,/-]*( ?(ext[.]?|x) ?[0-9]+)?$`)
	tag        = regexp.MustCompile(`^[A-Za-z]{2,3}(-([A-Za-z0-9]-)?[A-Za-z0-9]{2,8})*$`)
	zone       = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$`)
)

// The bounds of the API.
const (
	maxEmail  = 254
	maxShort  = 128
	maxNumber = 64
	maxLocale = 35
	maxZone   = 64
	maxPhone  = 32
	maxName   = 253
	maxRoles  = 32
)

// These are what spreadsheets make of numbers, and what is left of a telephone number that was taken for one.
var (
	scientific = regexp.MustCompile(`^[0-9]([.,][0-9]+)?[eE][+]?[0-9]+$`)
	bare       = regexp.MustCompile(`^[1-9][0-9]{8,}$`)
	serial     = regexp.MustCompile(`^[0-9]{5}([.,][0-9]+)?$`)
	slashed    = regexp.MustCompile(`^[0-9]{1,2}[/.][0-9]{1,2}[/.][0-9]{2,4}`)
)

func long(text string, most int) string {
	if n := utf8.RuneCountInString(text); n > most {
		return fmt.Sprintf("has %d characters, and may have %d", n, most)
	}
	return ""
}

func checkShort(text string) (wrong, odd string) {
	if broken(text) {
		return "", "has a line break or another control character in it"
	}
	return long(text, maxShort), ""
}

// broken says that a text has letters that move the cursor.
func broken(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func checkEmail(text string) (wrong, odd string) {
	switch {
	case utf8.RuneCountInString(text) > maxEmail:
		return long(text, maxEmail), ""
	case !mailbox.MatchString(text):
		return fmt.Sprintf("%s is no address: it must be one bare address such as jean@acme.example", spreadsheet.Quote(text)), ""
	}
	return "", ""
}

func checkName(text string) (wrong, odd string) {
	if len(text) > maxName || !objectName.MatchString(text) {
		return fmt.Sprintf("%s is no name of a User: lower case letters, digits, - and . only", spreadsheet.Quote(text)), ""
	}
	return "", ""
}

func checkPhone(text string) (wrong, odd string) {
	switch {
	case scientific.MatchString(text):
		return fmt.Sprintf("%s is what a spreadsheet leaves of a long number: give the column the format Text, and enter the number again", spreadsheet.Quote(text)), ""
	case len(text) > maxPhone, len(text) < 3, !phone.MatchString(text):
		return fmt.Sprintf("%s is no telephone number such as +33 6 02 03 04 05", spreadsheet.Quote(text)), ""
	case bare.MatchString(text):
		return "", fmt.Sprintf("%s may have lost its + or its leading 0 in a spreadsheet: give the column the format Text", spreadsheet.Quote(text))
	}
	return "", ""
}

func checkNumber(text string) (wrong, odd string) {
	if scientific.MatchString(text) {
		return fmt.Sprintf("%s is what a spreadsheet leaves of a long number: give the column the format Text, and enter the number again", spreadsheet.Quote(text)), ""
	}
	return long(text, maxNumber), ""
}

func checkLocale(text string) (wrong, odd string) {
	_, err := language.Parse(text)
	if !tag.MatchString(text) || len(text) > maxLocale {
		return fmt.Sprintf("%s is no language such as en or fr-FR", spreadsheet.Quote(text)), ""
	}
	if err != nil {
		return "", fmt.Sprintf("%s is no language that is known: mails are in another one", spreadsheet.Quote(text))
	}
	return "", ""
}

func checkZone(text string) (wrong, odd string) {
	_, err := time.LoadLocation(text)
	if err != nil || text == "Local" || !zone.MatchString(text) || len(text) > maxZone {
		return fmt.Sprintf("%s is no time zone such as Europe/Paris or UTC", spreadsheet.Quote(text)), ""
	}
	return "", ""
}

func checkRef(text string) (wrong, odd string) {
	if strings.Contains(text, "@") {
		return checkEmail(text)
	}
	if len(text) > maxName || !objectName.MatchString(text) {
		return fmt.Sprintf("%s is neither an address nor the name of a User", spreadsheet.Quote(text)), ""
	}
	return "", ""
}

func setNewEmployee(p *Person, text string) (wrong, odd string) {
	switch strings.ToLower(text) {
	case "yes", "y", "true", "vrai", "oui", "o", "1", "x":
		p.NewEmployee = true
	case "no", "n", "false", "faux", "non", "0":
	default:
		return fmt.Sprintf("%s is neither yes nor no", spreadsheet.Quote(text)), ""
	}
	return "", ""
}

// list splits a cell into words: whatever somebody writes between names, no name has it in it.
func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;|", r) || strings.ContainsRune(" \t\r\n\u00a0", r) })
}

func setRoles(p *Person, text string) (wrong, odd string) {
	for _, name := range list(text) {
		name = strings.ToLower(name)
		if len(name) > maxName || !objectName.MatchString(name) {
			return fmt.Sprintf("%s is no name of a Role: lower case letters, digits, - and . only", spreadsheet.Quote(name)), ""
		}
		p.Roles = append(p.Roles, name)
	}
	slices.Sort(p.Roles)
	p.Roles = slices.Compact(p.Roles)
	if len(p.Roles) > maxRoles {
		return fmt.Sprintf("has %d roles, and may have %d", len(p.Roles), maxRoles), ""
	}
	return "", ""
}

func setTeams(p *Person, text string) (wrong, odd string) {
	for _, name := range list(text) {
		name, role, given := strings.Cut(strings.ToLower(name), ":")
		if len(name) > maxName || !objectName.MatchString(name) {
			return fmt.Sprintf("%s is no name of a Team: lower case letters, digits, - and . only", spreadsheet.Quote(name)), ""
		}
		lead := role == "lead"
		if given && !lead && role != "member" {
			return fmt.Sprintf("%s is nothing that one is in a team: write %s, or %s:lead", spreadsheet.Quote(role), name, name), ""
		}
		if i := slices.IndexFunc(p.Teams, func(m Membership) bool { return m.Team == name }); i >= 0 {
			p.Teams[i].Lead = p.Teams[i].Lead || lead
			continue
		}
		p.Teams = append(p.Teams, Membership{name, lead})
	}
	slices.SortFunc(p.Teams, func(a, b Membership) int { return strings.Compare(a.Team, b.Team) })
	return "", ""
}

func setState(p *Person, text string) (wrong, odd string) {
	switch fold(text) {
	case "active", "actif":
		p.State = v1alpha1.UserActive
	case "suspended", "suspendu", "suspendue":
		p.State = v1alpha1.UserSuspended
	case "archived", "archive", "archivee":
		p.State = v1alpha1.UserArchived
	default:
		return fmt.Sprintf("%s is no state: Active, Suspended or Archived", spreadsheet.Quote(text)), ""
	}
	return "", ""
}

func setReason(p *Person, text string) (wrong, odd string) {
	for _, reason := range []v1alpha1.ArchiveReason{v1alpha1.ArchiveLeft, v1alpha1.ArchiveRoleChange, v1alpha1.ArchiveDuplicate, v1alpha1.ArchiveOther} {
		if strings.EqualFold(text, string(reason)) {
			p.ArchiveReason = reason
			return "", ""
		}
	}
	return fmt.Sprintf("%s is no reason: Left, RoleChange, Duplicate or Other", spreadsheet.Quote(text)), ""
}

// The times between which the API has access end.
var (
	earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
)

// setUntil takes a time, or a day, at whose end in UTC access ends.
func setUntil(p *Person, text string) (wrong, odd string) {
	const help = "write a day such as 2027-06-30, or a time such as 2027-06-30T18:00:00Z"
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		if at, err = time.Parse(time.DateOnly, text); err == nil {
			at = at.AddDate(0, 0, 1)
		}
	}
	switch {
	case err != nil && serial.MatchString(text):
		return fmt.Sprintf("%s is how a spreadsheet counts days: %s", spreadsheet.Quote(text), help), ""
	case err != nil && slashed.MatchString(text):
		return fmt.Sprintf("%s can be read in two ways: %s", spreadsheet.Quote(text), help), ""
	case err != nil:
		return fmt.Sprintf("%s is no time: %s", spreadsheet.Quote(text), help), ""
	case at.Before(earliest) || !at.Before(latest):
		return fmt.Sprintf("%s is not in this millennium: %s", spreadsheet.Quote(text), help), ""
	}
	p.AccessUntil = at.UTC().Truncate(time.Second)
	return "", ""
}
