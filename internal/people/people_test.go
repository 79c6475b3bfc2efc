// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/internal/spreadsheet"
)

func read(t testing.TB, file string) spreadsheet.Table {
	t.Helper()
	table, faults, err := spreadsheet.ReadCSV([]byte(file), spreadsheet.EncodingAuto)
	if err != nil || len(faults) > 0 {
		t.Fatalf("%v %v", err, faults)
	}
	return table
}

func messages(problems []Problem) []string {
	Sort(problems)
	var all []string
	for _, p := range problems {
		kind := ""
		if p.Warning {
			kind = "warning: "
		}
		all = append(all, fmt.Sprintf("%s%d:%d %s: %s", kind, p.Line, p.Column, p.Header, p.Message))
	}
	return all
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why, header string
		names       map[string]string
		want        []Column
		wrong       []string
	}{
		{why: "as they are written", header: "email,givenName,familyName", want: []Column{ColumnEmail, ColumnGivenName, ColumnFamilyName}},
		{why: "in any order and case, with blanks and hyphens", header: "FAMILY NAME,e-mail,Given-Name", want: []Column{ColumnFamilyName, ColumnEmail, ColumnGivenName}},
		{why: "in French", header: "Nom,Prénom,Courriel,Rôles,Équipes,État,Accès jusqu’au", want: []Column{
			ColumnFamilyName, ColumnGivenName, ColumnEmail, ColumnRoles, ColumnTeams, ColumnState, ColumnAccessUntil,
		}},
		{
			why: "as --map says", header: "Mail pro,Notes,Email", names: map[string]string{"mail PRO": "email", "Notes": "-", "Email": "manager"},
			want: []Column{ColumnEmail, ColumnManager},
		},
		{
			why: "unknown", header: "email,Notes", want: []Column{ColumnEmail},
			wrong: []string{"1:2 Notes: \"Notes\" is no column that is known: say what it is about with --map 'Notes=COLUMN', or leave it out with --map 'Notes=-'"},
		},
		{
			why: "twice", header: "email,E-mail", want: []Column{ColumnEmail},
			wrong: []string{"1:2 E-mail: \"E-mail\" is about email, and so is column 1: leave one out with --map 'E-mail=-'"},
		},
		{
			why: "--map of what is not there", header: "email", names: map[string]string{"Notes": "-"}, want: []Column{ColumnEmail},
			wrong: []string{"1:0 : --map names a column that is not there: Notes"},
		},
		{why: "no address", header: "nom", want: []Column{ColumnFamilyName}, wrong: []string{"1:0 : no column is about the address: name one email, or say which it is with --map 'HEADER=email'"}},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			s := Set{header: read(t, c.header).Header, at: map[Column]int{}}
			if diff := cmp.Diff(c.wrong, messages(s.columns(c.names, nil))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			got := slices.SortedFunc(maps.Keys(s.at), func(a, b Column) int { return s.at[a] - s.at[b] })
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNoHeaderMeansTwoThings(t *testing.T) {
	t.Parallel()
	seen := map[string]Column{}
	for _, c := range columns {
		for _, header := range append([]string{string(c.name), c.french}, c.also...) {
			if other, twice := seen[fold(header)]; twice && other != c.name {
				t.Errorf("%q is about %s and %s", header, other, c.name)
			}
			seen[fold(header)] = c.name
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why, header, cell string
		want              []string
	}{
		{"an address", "email", "ada@acme.example", nil},
		{"two addresses", "email", "ada@acme.example bob@acme.example", []string{`is no address: it must be one bare address`}},
		{"no address", "email", "ada", []string{`"ada" is no address`}},
		{"a name in front of the address", "email", "Ada <ada@acme.example>", []string{`is no address`}},
		{"an address with a no-break space after it", "email", "ada@acme.example\u00a0", nil},
		{"a long name", "familyName", strings.Repeat("x", 129), []string{"has 129 characters, and may have 128"}},
		{"a telephone number", "workPhone", "+33 1 02 03 04 05", nil},
		{"a telephone number with no-break spaces", "workPhone", "01\u202f02\u00a003\u00a004\u00a005", nil},
		{"a number that a spreadsheet has shortened", "workPhone", "3,36102E+10", []string{`is what a spreadsheet leaves of a long number`}},
		{"a number that may have lost its plus", "mobile", "33602030405", []string{`may have lost its + or its leading 0`}},
		{"a number that may have lost its 0", "mobile", "602030405", []string{`may have lost its + or its leading 0`}},
		{"no telephone number", "mobile", "ask Ada", []string{`is no telephone number`}},
		{"an employee number that was shortened", "matricule", "1.2E+11", []string{`is what a spreadsheet leaves of a long number`}},
		{"a language", "locale", "fr-FR", nil},
		{"no language", "locale", "French", []string{`"French" is no language`}},
		{"a language that nobody speaks", "locale", "xx", []string{`is no language that is known`}},
		{"a time zone", "timeZone", "Europe/Paris", nil},
		{"no time zone", "timeZone", "Europe/Lutetia", []string{`is no time zone`}},
		{"roles however they are separated", "roles", "it, fleet;Support\nsales", nil},
		{"no role", "roles", "l'équipe", []string{`is no name of a Role`}},
		{"too many roles", "roles", strings.Repeat("a ", 3) + manyRoles(33), []string{"has 34 roles, and may have 32"}},
		{"a lead", "teams", "sales:lead;support", nil},
		{"nothing that one is in a team", "teams", "sales:boss", []string{`"boss" is nothing that one is in a team`}},
		{"a state in French", "état", "Archivé", nil},
		{"no state", "state", "gone", []string{`"gone" is no state`}},
		{"a day", "accessUntil", "2027-06-30", nil},
		{"a time", "accessUntil", "2027-06-30T18:00:00+02:00", nil},
		{"a day as Excel counts it", "accessUntil", "46568", []string{"is how a spreadsheet counts days"}},
		{"a day that can be read in two ways", "accessUntil", "03/04/2027", []string{"can be read in two ways"}},
		{"long ago", "accessUntil", "1999-12-31T00:00:00Z", []string{"is not in this millennium"}},
		{"a manager by address", "manager", "bob@acme.example", nil},
		{"a manager by name", "manager", "bob", nil},
		{"a manager as people call them", "manager", "Bob B.", []string{"is neither an address nor the name of a User"}},
		{"yes", "newEmployee", "Oui", nil},
		{"neither yes nor no", "newEmployee", "maybe", []string{"is neither yes nor no"}},
		{"what is not imported", "seats", "whatever", nil},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			table := spreadsheet.Table{
				Header: []spreadsheet.Cell{{Text: "email", Line: 1, Column: 1}, {Text: c.header, Line: 1, Column: 2}},
				Rows:   []spreadsheet.Row{{Line: 2, Cells: []spreadsheet.Cell{{Text: "x@acme.example", Line: 2, Column: 1}, {Text: c.cell, Line: 2, Column: 2}}}},
			}
			if c.header == "email" {
				table.Header[0].Text = "manager"
			}
			_, problems := Parse(table, nil)
			got := messages(problems)
			if len(got) != len(c.want) {
				t.Fatalf("it says %q, want %q", got, c.want)
			}
			for i, want := range c.want {
				if !strings.Contains(got[i], "2:2 "+c.header) || !strings.Contains(got[i], want) {
					t.Errorf("it says %q, want %q", got[i], want)
				}
			}
		})
	}
}

func manyRoles(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("role-%d", i))
	}
	return strings.Join(all, ";")
}

func TestDays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2027-06-30":                "2027-07-01T00:00:00Z",
		"2027-06-30T18:00:00+02:00": "2027-06-30T16:00:00Z",
		"2027-06-30T18:00:00.9Z":    "2027-06-30T18:00:00Z",
	} {
		var p Person
		if wrong, _ := setUntil(&p, text); wrong != "" || moment(p.AccessUntil) != want {
			t.Errorf("%s is %s, want %s %s", text, moment(p.AccessUntil), want, wrong)
		}
	}
}

func TestRowsAsAWhole(t *testing.T) {
	t.Parallel()
	_, problems := Parse(read(t, "email,employeeNumber,newEmployee\nada@acme.example,1,yes\n,2,\nADA@acme.example,3,no\n"), nil)
	want := []string{
		"2:3 newEmployee: there is an employee number already: either it, or a new one",
		"3:1 email: the address is missing",
		`4:1 email: "ADA@acme.example" is the address of line 2 already`,
	}
	if diff := cmp.Diff(want, messages(problems)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, problems := Parse(read(t, "email\n"), nil); !Fatal(problems) {
		t.Error("a table without people is one")
	}
}

// TestRulesAreTheServers holds the patterns here to those of the CRD.
func TestRulesAreTheServers(t *testing.T) {
	t.Parallel()
	crd, err := os.ReadFile("../../config/crd/bases/seatkeeper.dev_users.yaml")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, match := range regexp.MustCompile(`self\.matches\('(.*)'\)`).FindAllSubmatch(crd, -1) {
		there[strings.ReplaceAll(string(match[1]), `\\`, `\`)] = true
	}
	for _, pattern := range []*regexp.Regexp{objectName, mailbox, phone, tag, zone} {
		if !there[pattern.String()] {
			t.Errorf("the API has no rule %s", pattern)
		}
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	none := func(string) bool { return false }
	for _, c := range []struct{ why, email, stem string }{
		{"what is before the @", "ada@acme.example", "ada-"},
		{"dots", "jean.martin@acme.example", "jean-martin-"},
		{"a tag", "jean+a@acme.example", "jean-a-"},
		{"accents", "Zoé.ÉTÉ@acme.example", "zoe-ete-"},
		{"no letter that a name can have", "伊藤@acme.example", "user-"},
		{"very long", strings.Repeat("x", 64) + "@acme.example", strings.Repeat("x", 40) + "-"},
		{"marks at the ends", "_ada_@acme.example", "ada-"},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			name := Name("acme", c.email, none)
			if rest, ok := strings.CutPrefix(name, c.stem); !ok || len(rest) != shortHash {
				t.Errorf("%s is called %s", c.email, name)
			}
			if other := Name("acme", strings.ToUpper(c.email), none); c.email == strings.ToLower(c.email) && other != name {
				t.Errorf("in capitals it is called %s", other)
			}
			if other := Name("emca", c.email, none); other == name {
				t.Errorf("in another organization it is called %s, too", other)
			}
			if other := Name("acme", c.email, func(n string) bool { return n == name }); other == name || !strings.HasPrefix(other, name) {
				t.Errorf("when %s is taken, it is called %s", name, other)
			}
		})
	}
}

func TestNamesAreNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := Name("acme", rapid.String().Draw(t, "email"), func(string) bool { return false })
		if wrong := validation.IsDNS1123Label(name); len(wrong) > 0 {
			t.Fatalf("%q: %s", name, wrong)
		}
	})
}

func TestColumnsOfFields(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]Column{
		"spec.email": ColumnEmail, ".spec.title": ColumnTitle, "spec.roles[0]": ColumnRoles, "spec.phoneNumbers.mobile": ColumnMobilePhone, "spec.phoneNumbers": ColumnWorkPhone,
		"spec.employee": ColumnEmployeeNumber, "metadata.name": ColumnEmail, "": ColumnEmail, "spec": ColumnEmail, "spec.elsewhere": ColumnEmail,
	} {
		if got := columnOf(field); got != want {
			t.Errorf("%s is in column %s, want %s", field, got, want)
		}
	}
}

// TestProblemsAreNoFlood has no more told than anybody reads, neither in number nor in length.
func TestProblemsAreNoFlood(t *testing.T) {
	t.Parallel()
	_, problems := Parse(read(t, "email,phone\n"+strings.Repeat("a,\n", 30_000)), nil)
	if n := len(problems); n != maxProblems+1 || problems[maxProblems].Line != maxProblems+2 {
		t.Errorf("%d problems, and the last is %+v", n, problems[n-1])
	}
	_, problems = Parse(read(t, "email,phone\na@acme.example,"+strings.Repeat("9", 1<<20)+"\n"), nil)
	if len(problems) != 1 || len(problems[0].Message) > 200 {
		t.Errorf("%d problems", len(problems))
	}
	_, problems = Parse(read(t, "email,shoes\nnope,42\n"), nil)
	if len(problems) != 1 || problems[0].Line != 1 {
		t.Errorf("below a header that is not understood, it says %v", messages(problems))
	}
}

// TestWantedColumns checks that Parse says the same of a table that has only the columns that it wants, of which the others are the fewest.
func TestWantedColumns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why, file string
		names     map[string]string
		skipped   int
	}{
		{"all are known", "Courriel,given-name\nada@acme.example,Ada\n", nil, 0},
		{"one is left out, and another one is mapped", "Mail,Notes,roles\nada@acme.example,long,it\n", map[string]string{"Mail": "email", "notes": "-"}, 1},
		{"one is not known", "email,shoe size\nada@acme.example,39\n", nil, 1},
		{"--map names one that is not there", "email\nada@acme.example\n", map[string]string{"Notes": "-"}, 0},
		{"no address", "shoe size\n39\n", map[string]string{"shoe size": "-"}, 1},
	} {
		all, _, err := spreadsheet.ReadCSV([]byte(c.file), spreadsheet.EncodingAuto)
		if err != nil {
			t.Fatal(err)
		}
		some, _, err := spreadsheet.ReadColumns([]byte(c.file), spreadsheet.EncodingAuto, Wanted(c.names))
		if err != nil || len(some.Skipped) != c.skipped {
			t.Errorf("%s: it skips %v: %v", c.why, some.Skipped, err)
		}
		people := func(s Set) (all []Person) {
			for _, row := range s.Rows {
				all = append(all, row.Person)
			}
			return all
		}
		wantSet, wantSaid := Parse(all, c.names)
		set, said := Parse(some, c.names)
		if diff := cmp.Diff(people(wantSet), people(set)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.why, diff)
		}
		if diff := cmp.Diff(messages(wantSaid), messages(said)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.why, diff)
		}
	}
}
