// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package people turns tables into Users and back: which column is what, whether a value can be one, who is meant by a row, and what is to be
// changed for that. It decides, and reads and writes nothing.
package people

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/spreadsheet"
)

// Membership is a team that somebody is in.
type Membership struct {
	Team string
	Lead bool
}

// String is how it stands in a cell.
func (m Membership) String() string {
	if m.Lead {
		return m.Team + ":lead"
	}
	return m.Team
}

// Person is a User as a row of a table.
type Person struct {
	// User is the name of the object; empty when it follows from the address.
	User, Email, GivenName, FamilyName, Title, WorkPhone, MobilePhone string
	EmployeeNumber                                                    string
	NewEmployee                                                       bool
	Locale, TimeZone                                                  string
	// Roles and Teams are sorted.
	Roles []string
	Teams []Membership
	// Manager and Successor are names of Users, or addresses of people.
	Manager, Successor string
	State              v1alpha1.UserState
	AccessUntil        time.Time
	ArchiveReason      v1alpha1.ArchiveReason
	// Seats and Status are for who reads: nothing is made of them.
	Seats  []string
	Status string
}

// Column is what a column of a table is about. Its name is the header that is written.
type Column string

// The columns.
const (
	ColumnUser           Column = "user"
	ColumnEmail          Column = "email"
	ColumnGivenName      Column = "givenName"
	ColumnFamilyName     Column = "familyName"
	ColumnTitle          Column = "title"
	ColumnWorkPhone      Column = "workPhone"
	ColumnMobilePhone    Column = "mobilePhone"
	ColumnEmployeeNumber Column = "employeeNumber"
	ColumnNewEmployee    Column = "newEmployee"
	ColumnLocale         Column = "locale"
	ColumnTimeZone       Column = "timeZone"
	ColumnRoles          Column = "roles"
	ColumnTeams          Column = "teams"
	ColumnManager        Column = "manager"
	ColumnSuccessor      Column = "successor"
	ColumnState          Column = "state"
	ColumnAccessUntil    Column = "accessUntil"
	ColumnArchiveReason  Column = "archiveReason"
	ColumnSeats          Column = "seats"
	ColumnStatus         Column = "status"
)

// column is what is known of a Column.
type column struct {
	name Column
	// french is the header in French; also are others, as fold leaves them.
	french string
	also   []string
	// path is where the value is in the spec of a User; nil when it is not there.
	path []string
	// template says that the column is in the one to fill in.
	template bool
	// set takes over a cell that is not empty, and returns what is wrong with it, or odd about it.
	set func(p *Person, text string) (wrong, odd string)
	// get is the text of the cell.
	get func(p *Person) string
}

// text is a column of plain text.
func text(of func(*Person) *string, check func(string) (wrong, odd string)) (set func(*Person, string) (string, string), get func(*Person) string) {
	return func(p *Person, text string) (string, string) {
			wrong, odd := check(text)
			if wrong == "" {
				*of(p) = text
			}
			return wrong, odd
		}, func(p *Person) string {
			return *of(p)
		}
}

func plain(name Column, french string, path []string, also []string, of func(*Person) *string, check func(string) (wrong, odd string)) column {
	set, get := text(of, check)
	return column{name: name, french: french, also: also, path: path, template: true, set: set, get: get}
}

// hide takes a column out of the template.
func (c column) hide() column {
	c.template = false
	return c
}

// columns are all columns, in the order in which they are written.
var columns = []column{
	plain(ColumnUser, "utilisateur", nil, []string{"username", "objectname", "identifiant"},
		func(p *Person) *string { return &p.User }, checkName).hide(),
	plain(ColumnEmail, "courriel", []string{"email"}, []string{
		"mail", "emailaddress", "mailaddress", "adresseemail", "adressemail", "adressecourriel", "adresseelectronique", "adressedemessagerie",
	}, func(p *Person) *string { return &p.Email }, checkEmail),
	plain(ColumnGivenName, "prénom", []string{"givenName"}, []string{"firstname", "forename"},
		func(p *Person) *string { return &p.GivenName }, checkShort),
	plain(ColumnFamilyName, "nom", []string{"familyName"}, []string{"lastname", "surname", "nomdefamille"},
		func(p *Person) *string { return &p.FamilyName }, checkShort),
	plain(ColumnTitle, "fonction", []string{"title"}, []string{"jobtitle", "position", "poste", "intitule", "intituledeposte"},
		func(p *Person) *string { return &p.Title }, checkShort),
	plain(ColumnWorkPhone, "téléphone", []string{"phoneNumbers", "work"}, []string{"phone", "landline", "tel", "fixe", "telephonefixe", "telephonebureau", "telephoneprofessionnel"},
		func(p *Person) *string { return &p.WorkPhone }, checkPhone),
	plain(ColumnMobilePhone, "portable", []string{"phoneNumbers", "mobile"}, []string{"mobile", "cell", "cellphone", "telephoneportable", "telephonemobile"},
		func(p *Person) *string { return &p.MobilePhone }, checkPhone),
	plain(ColumnEmployeeNumber, "matricule", []string{"employee", "number"}, []string{"employeeid", "numeroemploye", "numerodemploye", "numerodesalarie"},
		func(p *Person) *string { return &p.EmployeeNumber }, checkNumber),
	{
		name: ColumnNewEmployee, french: "nouveau matricule", also: []string{"createemployee", "nouvelemploye", "nouveausalarie"}, path: []string{"employee", "create"},
		template: true, set: setNewEmployee, get: func(p *Person) string { return word(p.NewEmployee, "yes") },
	},
	plain(ColumnLocale, "langue", []string{"locale"}, []string{"language", "lang"}, func(p *Person) *string { return &p.Locale }, checkLocale),
	plain(ColumnTimeZone, "fuseau horaire", []string{"timeZone"}, []string{"tz", "fuseau"}, func(p *Person) *string { return &p.TimeZone }, checkZone),
	{
		name: ColumnRoles, french: "rôles", also: []string{"role"}, path: []string{"roles"},
		template: true, set: setRoles, get: func(p *Person) string { return strings.Join(p.Roles, spreadsheet.Between) },
	},
	{
		name: ColumnTeams, french: "équipes", also: []string{"team", "equipe"},
		template: true, set: setTeams, get: func(p *Person) string {
			var all []string
			for _, m := range p.Teams {
				all = append(all, m.String())
			}
			return strings.Join(all, spreadsheet.Between)
		},
	},
	plain(ColumnManager, "responsable", []string{"manager"}, []string{"managedby", "reportsto", "manageur", "superieur"}, //nolint:misspell // in French
		func(p *Person) *string { return &p.Manager }, checkRef),
	plain(ColumnSuccessor, "successeur", []string{"successor"}, []string{"repreneur"}, func(p *Person) *string { return &p.Successor }, checkRef),
	{
		name: ColumnState, french: "état", also: []string{"etatsouhaite"}, path: []string{"state"},
		template: true, set: setState, get: func(p *Person) string { return string(p.State) },
	},
	{
		name: ColumnAccessUntil, french: "accès jusqu'au", also: []string{"until", "finacces", "findacces"}, path: []string{"accessUntil"},
		template: true, set: setUntil, get: func(p *Person) string { return moment(p.AccessUntil) },
	},
	{
		name: ColumnArchiveReason, french: "motif d'archivage", also: []string{"motif"}, path: []string{"archiveReason"},
		set: setReason, get: func(p *Person) string { return string(p.ArchiveReason) },
	},
	{
		name: ColumnSeats, french: "sièges", also: []string{"seat", "seatpools"},
		get: func(p *Person) string { return strings.Join(p.Seats, spreadsheet.Between) },
	},
	{name: ColumnStatus, french: "situation", get: func(p *Person) string { return p.Status }},
}

func word(yes bool, word string) string {
	if yes {
		return word
	}
	return ""
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// fold is a header without what does not tell headers apart: case, accents, blanks and marks.
func fold(header string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFD.String(header))
}

// headers are the columns by each header that means them, as fold leaves it.
var headers = func() map[string]int {
	all := map[string]int{}
	for i, c := range columns {
		for _, header := range append([]string{string(c.name), c.french}, c.also...) {
			all[fold(header)] = i
		}
	}
	return all
}()

func find(name Column) *column {
	i := slices.IndexFunc(columns, func(c column) bool { return c.name == name })
	if i < 0 {
		return nil
	}
	return &columns[i]
}

// Columns are the names of all columns, in the order in which they are written.
func Columns() []string {
	var all []string
	for _, c := range columns {
		all = append(all, string(c.name))
	}
	return all
}

// Language is that of headers.
type Language string

// The languages of headers. All are understood at any time.
const (
	English Language = "en"
	French  Language = "fr"
)

func (c *column) header(l Language) string {
	if l == French {
		return c.french
	}
	return string(c.name)
}

// Template is the table to fill in: a line with the names of the columns.
func Template(l Language) [][]string {
	var names []string
	for _, c := range columns {
		if c.template {
			names = append(names, c.header(l))
		}
	}
	return [][]string{names}
}

// Records are people as a table, with the names of the columns in the first line. only are the columns to have, in their order, by any
// header that means one; all of them when there are none.
func Records(all []Person, l Language, only ...string) [][]string {
	chosen := choose(only)
	records := make([][]string, 1, len(all)+1)
	for _, c := range chosen {
		records[0] = append(records[0], c.header(l))
	}
	for i := range all {
		record := make([]string, len(chosen))
		for j, c := range chosen {
			record[j] = c.get(&all[i])
		}
		records = append(records, record)
	}
	return records
}

// choose finds columns. What is none is left out: IsColumn tells before.
func choose(only []string) []*column {
	var chosen []*column
	for _, name := range only {
		if i, ok := headers[fold(name)]; ok {
			chosen = append(chosen, &columns[i])
		}
	}
	if len(only) == 0 {
		for i := range columns {
			chosen = append(chosen, &columns[i])
		}
	}
	return chosen
}

// Object is a person as JSON or YAML has them: what is empty is left out, and what is a list is one.
func Object(p *Person) map[string]any {
	object := map[string]any{}
	for _, c := range columns {
		text := c.get(p)
		switch {
		case text == "":
		case c.name == ColumnRoles, c.name == ColumnTeams, c.name == ColumnSeats:
			object[string(c.name)] = strings.Split(text, spreadsheet.Between)
		case c.name == ColumnNewEmployee:
			object[string(c.name)] = true
		default:
			object[string(c.name)] = text
		}
	}
	return object
}

// IsColumn says that a name is that of a column, or a header that means one.
func IsColumn(name string) bool {
	_, ok := headers[fold(name)]
	return ok
}
