// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package spreadsheet_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/internal/spreadsheet"
)

func TestReadJSON(t *testing.T) {
	t.Parallel()
	file := `{"more": {"users": 1}, "users": [
  {"email": "a@x.example", "roles": ["it", "fleet"], "newEmployee": true},
  {"email": "b@x.example",
   "employeeNumber": 007e1, "title": null}
]}`
	file = strings.ReplaceAll(file, "007e1", "71")
	table, faults, err := spreadsheet.ReadJSON([]byte(file))
	if err != nil || len(faults) > 0 {
		t.Fatalf("%v %v", err, faults)
	}
	want := [][]string{
		{"email", "roles", "newEmployee", "employeeNumber", "title"}, {"a@x.example", "it;fleet", "true", "", ""}, {"b@x.example", "", "", "71", ""},
	}
	if diff := cmp.Diff(want, texts(table)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(spreadsheet.Cell{Text: "71", Line: 4, Column: 22}, table.Rows[1].Cells[3]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadYAML(t *testing.T) {
	t.Parallel()
	table, faults, err := spreadsheet.ReadYAML([]byte("users:\n- email: a@x.example\n  roles: [it, fleet]\n- email: b@x.example\n  employeeNumber: 0071\n  title: null\n"))
	if err != nil || len(faults) > 0 {
		t.Fatalf("%v %v", err, faults)
	}
	want := [][]string{{"email", "roles", "employeeNumber", "title"}, {"a@x.example", "it;fleet", "", ""}, {"b@x.example", "", "0071", ""}}
	if diff := cmp.Diff(want, texts(table)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(spreadsheet.Cell{Text: "0071", Line: 5, Column: 19}, table.Rows[1].Cells[2]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRecordsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ why, file, json, yaml string }{
		{"nothing", "", "line 1, column 1: this is not a list of users in JSON: it ends too early", "this is not a list of users in YAML"},
		{"a text", `"a"`, "line 1, column 4: this is not a list of users in JSON: it must be", "this is not a list of users in YAML"},
		{"an object without users", `{"a": [1]}`, "line 1, column 11: this is not a list of users in JSON: it must be", "this is not a list of users in YAML"},
		{"a list that is cut short", "[\n{\"email\": \"a@x.example\"},\n", "line 3, column 1: this is not a list of users in JSON: it ends too early", "this is not YAML"},
		{"a NUL byte", "[\n\x00]", "line 2: there is a NUL byte", "line 2: there is a NUL byte"},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			if _, _, err := spreadsheet.ReadJSON([]byte(c.file)); err == nil || !strings.HasPrefix(err.Error(), c.json) {
				t.Errorf("of JSON it says %v, want %q", err, c.json)
			}
			if _, _, err := spreadsheet.ReadYAML([]byte(c.file)); err == nil || !strings.HasPrefix(err.Error(), c.yaml) {
				t.Errorf("of YAML it says %v, want %q", err, c.yaml)
			}
		})
	}
}

func TestValuesThatNoCellHolds(t *testing.T) {
	t.Parallel()
	file := `[{"email": "a@x.example", "phone": {"work": "1"}, "email": "b@x.example"}]`
	_, faults, err := spreadsheet.ReadJSON([]byte(file))
	if err != nil || len(faults) != 2 || faults[0].Column != 36 || faults[1].Message != "email is there twice" {
		t.Errorf("of JSON it says %v %v", err, faults)
	}
	_, faults, err = spreadsheet.ReadYAML([]byte("- email: a@x.example\n  phone: {work: 1}\n- just a text\n"))
	if err != nil || len(faults) != 2 || faults[0].Line != 2 || faults[1].Line != 3 {
		t.Errorf("of YAML it says %v %v", err, faults)
	}
}

func FuzzReadRecords(f *testing.F) {
	for _, seed := range []string{`[{"email": "a@x.example", "roles": ["it"]}]`, `{"users": []}`, "- email: a\n", "users:\n- &a {email: x}\n- *a\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, read := range []func([]byte) (spreadsheet.Table, []spreadsheet.Fault, error){spreadsheet.ReadJSON, spreadsheet.ReadYAML} {
			table, _, err := read(data)
			if err != nil {
				continue
			}
			for _, row := range table.Rows {
				if len(row.Cells) != len(table.Header) || row.Line < 1 {
					t.Fatalf("line %d has %d cells, and there are %d headers", row.Line, len(row.Cells), len(table.Header))
				}
			}
		}
	})
}

// TestNothingAfterTheListIsLost has a second list refused, and what is no list not minded.
func TestNothingAfterTheListIsLost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ why, json, yaml, want string }{
		{"two lists", "[{\"email\":\"a@x.example\"}]\n[{\"email\":\"b@x.example\"}]", "- email: a@x.example\n---\n- email: b@x.example\n", "put all into one list"},
		{"users twice", `{"users":[{"email":"a@x.example"}],"users":[]}`, "users: [{email: a@x.example}]\n---\nusers: []\n", "put all into one list"},
		{"users twice in one object", `{"n":1,"users":[],"m":2,"users":[{"email":"a@x.example"}]}`, "users: []\nm: 2\nusers: [{email: a@x.example}]\n", "it has users twice: put all into one list"},
		{"broken after the list", `[{"email":"a@x.example"}]]`, "- email: a@x.example\n---\n- [\n", "this is not"},
		{"an object that is cut short", `{"users":[{"email":"a@x.example"}],`, "- email: a@x.example\n---\n{\n", "this is not"},
		{"other keys, and blanks", "{\"users\":[{\"email\":\"a@x.example\"}],\"n\":{\"a\":1}}\n\n", "users: [{email: a@x.example}]\nn: 1\n---\n", ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			for what, read := range map[string]func() (spreadsheet.Table, []spreadsheet.Fault, error){
				"JSON": func() (spreadsheet.Table, []spreadsheet.Fault, error) { return spreadsheet.ReadJSON([]byte(c.json)) },
				"YAML": func() (spreadsheet.Table, []spreadsheet.Fault, error) { return spreadsheet.ReadYAML([]byte(c.yaml)) },
			} {
				table, _, err := read()
				if c.want == "" && (err != nil || len(table.Rows) != 1) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
					t.Errorf("of %s it says %v, want %q", what, err, c.want)
				}
			}
		})
	}
}
