// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package spreadsheet_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/internal/spreadsheet"
)

// texts are the cells of a table, and its header, without where they are.
func texts(table spreadsheet.Table) [][]string {
	all := [][]string{nil}
	for _, cell := range table.Header {
		all[0] = append(all[0], cell.Text)
	}
	for _, row := range table.Rows {
		var cells []string
		for _, cell := range row.Cells {
			cells = append(cells, cell.Text)
		}
		all = append(all, cells)
	}
	return all
}

func utf16le(text string) string {
	b := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return string(b)
}

func TestReadCSV(t *testing.T) {
	t.Parallel()
	want := [][]string{{"email", "prénom"}, {"zoe@acme.example", "Zoé"}}
	for why, file := range map[string]string{
		"commas":                         "email,prénom\nzoe@acme.example,Zoé\n",
		"semicolons, as in French":       "email;prénom\nzoe@acme.example;Zoé\n",
		"tabs":                           "email\tprénom\nzoe@acme.example\tZoé\n",
		"bars":                           "email|prénom\nzoe@acme.example|Zoé\n",
		"a byte order mark":              "\ufeffemail,prénom\nzoe@acme.example,Zoé\n",
		"Latin-1":                        "email,pr\xe9nom\nzoe@acme.example,Zo\xe9\n",
		"Excel's Unicode text":           utf16le("email\tprénom\r\nzoe@acme.example\tZoé\r\n"),
		"lines that end as in DOS":       "email,prénom\r\nzoe@acme.example,Zoé\r\n",
		"lines that end as on old Macs":  "email,prénom\rzoe@acme.example,Zoé\r",
		"no end of the last line":        "email,prénom\nzoe@acme.example,Zoé",
		"Excel's sep= line":              "sep=;\nemail;prénom\nzoe@acme.example;Zoé\n",
		"a sep= line in quotes":          "\"sep=|\"\r\nemail|prénom\r\nzoe@acme.example|Zoé\r\n",
		"a sep= line with a tab":         "sep=\t\nemail\tprénom\nzoe@acme.example\tZoé\n",
		"empty columns at the end":       "email,prénom,,\nzoe@acme.example,Zoé,,\n",
		"empty lines at the end":         "email,prénom\nzoe@acme.example,Zoé\n,\n\n , \n",
		"empty lines at the beginning":   "\n  \nemail,prénom\nzoe@acme.example,Zoé\n",
		"blanks around values":           " email ,prénom\n zoe@acme.example,\u00a0Zoé \n",
		"typographic quotes":             "email,prénom\n“zoe@acme.example”,« Zoé »\n",
		"quotes":                         "\"email\",\"prénom\"\n\"zoe@acme.example\",\"Zoé\"\n",
		"the apostrophe of a text":       "email,prénom\nzoe@acme.example,'Zoé\n",
		"other separators within quotes": "email,\"prénom\"\n\"zoe@acme.example\",Zoé\n",
	} {
		t.Run(why, func(t *testing.T) {
			table, faults, err := spreadsheet.ReadCSV([]byte(file), spreadsheet.EncodingAuto)
			if err != nil || len(faults) > 0 {
				t.Fatalf("%v %v", err, faults)
			}
			expected := want
			if why == "the apostrophe of a text" { // which nobody but a Dutch name has before a letter
				expected = [][]string{want[0], {"zoe@acme.example", "'Zoé"}}
			}
			if diff := cmp.Diff(expected, texts(table)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhereThingsAre(t *testing.T) {
	t.Parallel()
	table, faults, err := spreadsheet.ReadCSV([]byte("sep=,\nemail,title\na@x.example,\"Head,\nof \"\"Sales\"\"\"\nb@x.example,Clerk\n"), spreadsheet.EncodingAuto)
	if err != nil || len(faults) > 0 {
		t.Fatalf("%v %v", err, faults)
	}
	want := []spreadsheet.Row{
		{Line: 3, Cells: []spreadsheet.Cell{{Text: "a@x.example", Line: 3, Column: 1}, {Text: "Head,\nof \"Sales\"", Line: 3, Column: 2}}},
		{Line: 5, Cells: []spreadsheet.Cell{{Text: "b@x.example", Line: 5, Column: 1}, {Text: "Clerk", Line: 5, Column: 2}}},
	}
	if diff := cmp.Diff(want, table.Rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why, file string
		want      []string
		rows      int
	}{
		{"a value has no header", "email\na@x.example,Ada\nb@x.example\n", []string{`line 2, column 2: "Ada" is in a column without a name`}, 2},
		{"a header is missing in between", "email,,title\na@x.example,Ada,\n", []string{`line 2, column 2: "Ada" is in a column without a name`}, 1},
		{
			"quotes within cells, and what comes after is read", "email,title\na@x.example,the \"boss\"\nb@x.example,\"the\" boss\nc@x.example,Clerk\n",
			[]string{`line 2: there is a " within a cell`, `line 3: a cell begins with "`},
			1,
		},
		{"a quote that is never closed", "email,title\na@x.example,\"Head\nb@x.example,Clerk\n", []string{`line 2: a cell begins with "`}, 0},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			table, faults, err := spreadsheet.ReadCSV([]byte(c.file), spreadsheet.EncodingAuto)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range faults {
				got = append(got, f.Error())
			}
			if len(got) != len(c.want) || len(table.Rows) != c.rows {
				t.Fatalf("%d rows, and %q", len(table.Rows), got)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("it says %q, want %q", got[i], want)
				}
			}
		})
	}
}

func TestFilesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why, file string
		encoding  spreadsheet.Encoding
		want      string
	}{
		{"nothing at all", "", spreadsheet.EncodingAuto, "the file is empty"},
		{"blank lines alone", "\n \n", spreadsheet.EncodingAuto, "the file is empty"},
		{"a NUL byte", "email\na@x.example\nb\x00@x.example\n", spreadsheet.EncodingAuto, "line 3: there is a NUL byte"},
		{"an Excel workbook", "PK\x03\x04\x14\x00", spreadsheet.EncodingAuto, "this is a workbook"},
		{"an old Excel workbook", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", spreadsheet.EncodingAuto, "this is a workbook"},
		{"broken UTF-8", "email,prénom\na@x.example,Zo\xe9\n", spreadsheet.EncodingAuto, "line 2: this is not UTF-8, although other lines are"},
		{"not the encoding that was asked for", "email,pr\xe9nom\n", spreadsheet.EncodingUTF8, "line 1: this is not UTF-8"},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			_, _, err := spreadsheet.ReadCSV([]byte(c.file), c.encoding)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("it says %v, want %q", err, c.want)
			}
		})
	}
}

func TestEscape(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ why, text, want string }{
		{"a formula", "=HYPERLINK(\"http://evil.example\")", "'=HYPERLINK(\"http://evil.example\")"},
		{"a telephone number is one to a spreadsheet", "+33 1 02 03 04 05", "'+33 1 02 03 04 05"},
		{"a command", "@SUM(1)", "'@SUM(1)"},
		{"a difference", "-1", "'-1"},
		{"in wide letters", "＝1", "'＝1"},
		{"an apostrophe that would be taken for ours", "'=1", "''=1"},
		{"a name with an apostrophe", "'t Hooft", "'t Hooft"},
		{"a name", "Ada", "Ada"},
		{"nothing", "", ""},
		{"a formula for who splits at semicolons", "x;=cmd|' /C calc'!A0;y", "x;'=cmd|' /C calc'!A0;y"},
		{"a formula on a line of its own", "x\r\n -1", "x\r\n '-1"},
		{"an apostrophe before it that would be taken for ours", "x,'=1", "x,''=1"},
		{"a blank alone", "\u200b", "'\u200b"},
		{"a line break alone", "\r", "'\r"},
		{"a blank at the end of what begins with a formula", "=1 ", "'=1 "},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			got := spreadsheet.Escape(c.text)
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if back := spreadsheet.Clean(got); back != c.text {
				t.Errorf("and back it is %q", back)
			}
		})
	}
}

// value is a text as people have it in cells: without control characters, and blanks at its end.
func value(t *rapid.T) string {
	text := rapid.OneOf(
		rapid.StringMatching(`[-=+@'"“”«»„;,|\t 0-9A-Za-zé\x{a0}\x{202f}]{0,12}`),
		rapid.StringN(0, 8, -1),
	).Draw(t, "value")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == 0xfffd || r == 0xfeff {
			return -1
		}
		return r
	}, text)
	return strings.TrimRightFunc(text, func(r rune) bool { return spreadsheet.Blank(string(r)) })
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(2, 4).Draw(t, "width")
		records := [][]string{make([]string, width)}
		for i := range width {
			records[0][i] = string(rune('a' + i))
		}
		for range rapid.IntRange(0, 5).Draw(t, "height") {
			record := []string{"somebody"}
			for range width - 1 {
				record = append(record, value(t))
			}
			records = append(records, record)
		}
		options := spreadsheet.Options{Comma: rapid.SampledFrom([]rune{0, ',', ';', '\t'}).Draw(t, "comma"), Mark: rapid.Bool().Draw(t, "mark")}
		var b bytes.Buffer
		if err := spreadsheet.WriteCSV(&b, options, records); err != nil {
			t.Fatal(err)
		}
		table, faults, err := spreadsheet.ReadCSV(b.Bytes(), spreadsheet.EncodingAuto)
		if err != nil || len(faults) > 0 {
			t.Fatalf("%v %v\n%s", err, faults, &b)
		}
		if diff := cmp.Diff(records, texts(table)); diff != "" {
			t.Errorf("(-want +got):\n%s\n%q", diff, &b)
		}
	})
}

func TestNothingThatIsWrittenIsAFormula(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringMatching(`[-=+@＝＋－＠\t\r',;|\n ]{1,6}`), rapid.String()).Draw(t, "text")
		if strings.IndexAny(spreadsheet.Escape(text), "=+-@\t\r＝＋－＠") == 0 {
			t.Fatalf("%q begins with a formula", spreadsheet.Escape(text))
		}
		for _, part := range strings.FieldsFunc("x"+spreadsheet.Escape(text), func(r rune) bool { return strings.ContainsRune(",;|\t\r\n", r) }) {
			if strings.IndexAny(strings.TrimSpace(part), "=+-@＝＋－＠") == 0 {
				t.Fatalf("a part of %q begins with a formula", spreadsheet.Escape(text))
			}
		}
	})
}

func FuzzReadCSV(f *testing.F) {
	for _, seed := range []string{"email,prénom\na@x.example,Zoé\n", "sep=;\na;b\n", "\xff\xfea\x00", "\"", "a,\"b\"c\n", "PK\x03\x04"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		table, _, err := spreadsheet.ReadCSV(data, spreadsheet.EncodingAuto)
		if err != nil {
			return
		}
		for _, row := range table.Rows {
			if len(row.Cells) != len(table.Header) || row.Line < 1 {
				t.Fatalf("line %d has %d cells, and there are %d headers", row.Line, len(row.Cells), len(table.Header))
			}
		}
	})
}

func TestShortLinesAreTold(t *testing.T) {
	t.Parallel()
	table, faults, err := spreadsheet.ReadCSV([]byte("email,title,roles\na@x.example,Clerk,it\nb@x.example,Cl\nc@x.example\n"), spreadsheet.EncodingAuto)
	if err != nil || len(faults) != 1 || faults[0].Line != 3 || !faults[0].Warning || !strings.HasPrefix(faults[0].Message, "2 of 3 lines") {
		t.Errorf("%v %v", faults, err)
	}
	if cells := table.Rows[2].Cells; cells[0].Missing || !cells[1].Missing || !cells[2].Missing {
		t.Errorf("%+v", cells)
	}
}

// TestLimits has small files that would take all memory refused.
func TestLimits(t *testing.T) {
	t.Parallel()
	keys := func() string {
		var b strings.Builder
		b.WriteString("[")
		for i := range 3000 {
			fmt.Fprintf(&b, `{"%d":1},`, i)
		}
		return b.String() + `{"email":"a"}]`
	}
	readCSV := func(data []byte) (spreadsheet.Table, []spreadsheet.Fault, error) {
		return spreadsheet.ReadCSV(data, spreadsheet.EncodingAuto)
	}
	for _, c := range []struct {
		why, file string
		read      func([]byte) (spreadsheet.Table, []spreadsheet.Fault, error)
		want      string
	}{
		{"a wide header", "email" + strings.Repeat(",a", 2000) + "\n" + strings.Repeat("a\n", 5000), readCSV, "line 1, column 257: there are more than 256 columns"},
		{"short lines", "email\n" + strings.Repeat("a\n", 1_000_001), readCSV, "line 1000002: there are more than 1000000 people"},
		{"another key in each record", keys(), spreadsheet.ReadJSON, "line 1, column 2453: there are more than 256 columns"},
		{"YAML with other keys", keys(), spreadsheet.ReadYAML, "line 1, column 2453: there are more than 256 columns"},
		{"YAML that is large", strings.Repeat("#", 17<<20), spreadsheet.ReadYAML, "this is YAML of more than 16 MiB"},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			if _, _, err := c.read([]byte(c.file)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("it says %v, want %q", err, c.want)
			}
		})
	}
	_, faults, err := readCSV([]byte("email\n" + strings.Repeat("a,b\n", 20_000)))
	if err != nil || len(faults) != 10_001 || !strings.HasPrefix(faults[10_000].Message, "there are more problems") {
		t.Errorf("%d faults, %v", len(faults), err)
	}
}

func TestLongValuesAreNotToldInFull(t *testing.T) {
	t.Parallel()
	if got := spreadsheet.Quote(strings.Repeat("é", 1<<20)); got != `"`+strings.Repeat("é", 64)+`…"` {
		t.Errorf("it is %d long", len(got))
	}
	if got := spreadsheet.Quote("a\x1b"); got != `"a\x1b"` {
		t.Errorf("it is %s", got)
	}
}

func TestControlCharactersAreNotWritten(t *testing.T) {
	t.Parallel()
	if got := spreadsheet.Escape("A\x1b[2J\x00\u009bB\nC\tD"); got != "A[2JB\nC\tD" {
		t.Errorf("it is %q", got)
	}
}

func TestLineBreaksWithinCells(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why, file string
		want      [][]string
	}{
		{"in the first header", "\"Adresse\ncourriel\";Nom\r\na@x.example;N\r\n", [][]string{{"Adresse\ncourriel", "Nom"}, {"a@x.example", "N"}}},
		{"where \\r alone ends lines", "email,title\ra@x.example,\"Head\nof\"\rb@x.example,Clerk\r", [][]string{{"email", "title"}, {"a@x.example", "Head\nof"}, {"b@x.example", "Clerk"}}},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			table, faults, err := spreadsheet.ReadCSV([]byte(c.file), spreadsheet.EncodingAuto)
			if err != nil || len(faults) > 0 {
				t.Fatal(faults, err)
			}
			if diff := cmp.Diff(c.want, texts(table)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestColumnsThatNobodyWants checks that of columns that are left out only the headers are kept, and that all others are where they are.
func TestColumnsThatNobodyWants(t *testing.T) {
	t.Parallel()
	const file = "notes,email,,more\nlong,a@x.example,,\n\"a\nb\",b@x.example,stray,x\n,c@x.example\n"
	table, faults, err := spreadsheet.ReadColumns([]byte(file), spreadsheet.EncodingAuto, func(header string) bool { return header == "email" })
	if err != nil {
		t.Fatal(err)
	}
	cell := func(text string, line, column int, missing bool) spreadsheet.Cell {
		return spreadsheet.Cell{Text: text, Line: line, Column: column, Missing: missing}
	}
	want := spreadsheet.Table{
		Header: []spreadsheet.Cell{cell("email", 1, 2, false), cell("", 1, 3, false)}, Skipped: []spreadsheet.Cell{cell("notes", 1, 1, false), cell("more", 1, 4, false)},
		Rows: []spreadsheet.Row{
			{Line: 2, Cells: []spreadsheet.Cell{cell("a@x.example", 2, 2, false), cell("", 2, 3, false)}},
			{Line: 3, Cells: []spreadsheet.Cell{cell("b@x.example", 3, 2, false), cell("stray", 3, 3, false)}},
			{Line: 5, Cells: []spreadsheet.Cell{cell("c@x.example", 5, 2, false), cell("", 5, 3, true)}},
		},
		Encoding: table.Encoding, Comma: ',',
	}
	if diff := cmp.Diff(want, table); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(faults) != 2 || faults[0].Line != 3 || faults[0].Column != 3 || !strings.Contains(faults[0].Message, "name it in line 1") || !faults[1].Warning {
		t.Errorf("it says %v", faults)
	}
	none, _, err := spreadsheet.ReadColumns([]byte(file), spreadsheet.EncodingAuto, func(string) bool { return false })
	if err != nil || len(none.Skipped) != 3 || len(none.Rows) != 3 {
		t.Errorf("nothing is wanted, and it reads %v, %v", none, err)
	}
}
