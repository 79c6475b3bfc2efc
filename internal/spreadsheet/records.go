// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package spreadsheet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Between is what is between the values of a list in one cell.
const Between = ";"

// builder makes a table of records, whose keys are the columns.
type builder struct {
	table   Table
	columns map[string]int
	faults  []Fault
	// over is which limit is exceeded: nothing more is to be read.
	over error
}

func (b *builder) row(line int) {
	b.table.Rows = append(b.table.Rows, Row{Line: line})
	b.over = b.table.over()
}

// set gives a column of the last row its value.
func (b *builder) set(key, value Cell) {
	at, known := b.columns[key.Text]
	if !known {
		at = len(b.table.Header)
		b.columns[key.Text] = at
		b.table.Header = append(b.table.Header, key)
		if b.over = b.table.over(); b.over != nil {
			return
		}
	}
	row := &b.table.Rows[len(b.table.Rows)-1]
	for len(row.Cells) <= at {
		row.Cells = append(row.Cells, Cell{Line: row.Line, Missing: true})
	}
	if row.Cells[at].Column != 0 {
		b.fault(key, fmt.Sprintf("%s is there twice", Short(key.Text)))
		return
	}
	row.Cells[at] = value
}

func (b *builder) fault(at Cell, message string) {
	if len(b.faults) > maxFaults {
		return
	}
	b.faults = append(b.faults, Fault{Line: at.Line, Column: at.Column, Message: message})
}

func (b *builder) done() (Table, []Fault) {
	for i := range b.table.Rows {
		row := &b.table.Rows[i]
		for len(row.Cells) < len(b.table.Header) {
			row.Cells = append(row.Cells, Cell{Line: row.Line, Missing: true})
		}
	}
	if len(b.faults) > maxFaults {
		return b.table, many(b.faults)
	}
	return b.table, b.faults
}

// notScalar is said of a value that no cell can hold.
const notScalar = "must be a text, a number, true or false, or a list of these"

// places tells the line and column of places in a text. It is quick when they come in the order of the text, which may be one line.
type places struct {
	data   []byte
	starts []int
	// before is the place that was told last: at is where, and column its column.
	before struct{ line, at, column int }
}

func newPlaces(data []byte) *places {
	starts := []int{0}
	for i, b := range data {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return &places{data: data, starts: starts}
}

// cell is one that begins at or after an offset, after what JSON has between values.
func (p *places) cell(text string, offset int64) Cell {
	at := max(0, min(int(offset), len(p.data)))
	for at < len(p.data) && strings.IndexByte(" \t\r\n,:", p.data[at]) >= 0 {
		at++
	}
	line := sort.Search(len(p.starts), func(i int) bool { return p.starts[i] > at })
	from, column := p.starts[line-1], 1
	if p.before.line == line && p.before.at <= at {
		from, column = p.before.at, p.before.column
	}
	column += utf8.RuneCount(p.data[from:at])
	p.before.line, p.before.at, p.before.column = line, at, column
	return Cell{Text: text, Line: line, Column: column}
}

// ReadJSON reads a list of objects, or an object whose users are one. Faults are about values, and an error about the whole file.
func ReadJSON(data []byte) (Table, []Fault, error) {
	text, _, err := decode(data, EncodingAuto)
	if err != nil {
		return Table{}, nil, err
	}
	r := &jsonReader{places: newPlaces(text), decoder: json.NewDecoder(bytes.NewReader(text)), b: builder{columns: map[string]int{}}}
	r.decoder.UseNumber()
	if err := r.read(); err != nil {
		if r.b.over != nil {
			return Table{}, nil, r.b.over
		}
		at := r.cell("", r.decoder.InputOffset())
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("it ends too early")
		}
		return Table{}, nil, Fault{Line: at.Line, Column: at.Column, Message: fmt.Sprintf("this is not a list of users in JSON: %v", err)}
	}
	table, faults := r.b.done()
	return table, faults, nil
}

type jsonReader struct {
	*places

	decoder *json.Decoder
	b       builder
}

var errNoList = errors.New(`it must be [{"email": …}, …], or {"users": […]}`)

// token is the next one, and where it is.
func (r *jsonReader) token() (json.Token, Cell, error) {
	offset := r.decoder.InputOffset()
	token, err := r.decoder.Token()
	return token, r.cell("", offset), err
}

// open finds the beginning of the list, and says whether it is inside of an object.
func (r *jsonReader) open() (inside bool, err error) {
	token, _, err := r.token()
	if err != nil {
		return false, err
	}
	if inside = token == json.Delim('{'); inside {
		if err := r.users(); err != nil {
			return inside, err
		}
		if token, _, err = r.token(); err != nil {
			return inside, err
		}
	}
	if token != json.Delim('[') {
		return inside, errNoList
	}
	return inside, nil
}

// users goes on to the value of the key users.
func (r *jsonReader) users() error {
	for {
		key, _, err := r.token()
		switch {
		case err != nil:
			return err
		case key == json.Delim('}'):
			return errNoList
		case key == "users":
			return nil
		}
		if err := r.decoder.Decode(new(json.RawMessage)); err != nil {
			return err
		}
	}
}

func (r *jsonReader) read() error {
	inside, err := r.open()
	if err != nil {
		return err
	}
	for r.decoder.More() {
		if err := r.record(); err != nil {
			return err
		}
		if r.b.over != nil {
			return r.b.over
		}
	}
	if _, _, err = r.token(); err != nil {
		return err
	}
	return r.rest(inside)
}

// rest holds that nothing comes after the list but other keys of the object that it is inside of: a second list would be lost.
func (r *jsonReader) rest(inside bool) error {
	for inside {
		key, _, err := r.token()
		if err != nil {
			return err
		}
		if key == "users" {
			return errors.New("it has users twice: put all into one list")
		}
		if inside = key != json.Delim('}'); inside {
			if err := r.decoder.Decode(new(json.RawMessage)); err != nil {
				return err
			}
		}
	}
	if _, err := r.decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the end of the list: put all into one list")
	}
	return nil
}

func (r *jsonReader) record() error {
	token, at, err := r.token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return errNoList
	}
	r.b.row(at.Line)
	for r.decoder.More() && r.b.over == nil {
		name, at, err := r.token()
		if err != nil {
			return err
		}
		at.Text, _ = name.(string) // a key is nothing else
		offset := r.decoder.InputOffset()
		var raw any
		if err := r.decoder.Decode(&raw); err != nil {
			return err
		}
		value := r.cell("", offset)
		var ok bool
		if value.Text, ok = flat(raw); !ok {
			r.b.fault(value, Short(at.Text)+" "+notScalar)
			continue
		}
		r.b.set(at, value)
	}
	if r.b.over != nil {
		return r.b.over
	}
	_, _, err = r.token()
	return err
}

// flat is a value as it would stand in a cell.
func flat(raw any) (string, bool) {
	switch v := raw.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return fmt.Sprint(v), true
	case []any:
		var all []string
		for _, item := range v {
			text, ok := flat(item)
			if _, nested := item.([]any); nested || !ok {
				return "", false
			}
			all = append(all, text)
		}
		return strings.Join(all, Between), true
	}
	return "", false
}

// ReadYAML reads what ReadJSON does, from YAML.
func ReadYAML(data []byte) (Table, []Fault, error) {
	text, _, err := decode(data, EncodingAuto)
	if err != nil {
		return Table{}, nil, err
	}
	if len(text) > maxYAML {
		return Table{}, nil, Fault{Message: fmt.Sprintf("this is YAML of more than %d MiB: split it, or save it as JSON or CSV", maxYAML>>20)}
	}
	document, err := onlyDocument(text)
	if err != nil {
		return Table{}, nil, err
	}
	list, err := users(document)
	if err != nil {
		return Table{}, nil, err
	}
	if list == nil {
		return Table{}, nil, Fault{Message: "this is not a list of users in YAML: it must be a list, or users: and a list"}
	}
	b := builder{columns: map[string]int{}}
	for _, item := range list.Content {
		if item.Kind != yaml.MappingNode {
			b.fault(Cell{Line: item.Line, Column: item.Column}, "a user must have keys and values, such as email: jean@acme.example")
			continue
		}
		b.row(item.Line)
		for i := 0; i+1 < len(item.Content); i += 2 {
			key, value := item.Content[i], item.Content[i+1]
			at := Cell{Text: key.Value, Line: key.Line, Column: key.Column}
			text, ok := flatNode(value)
			if !ok {
				b.fault(Cell{Line: value.Line, Column: value.Column}, Short(key.Value)+" "+notScalar)
				continue
			}
			b.set(at, Cell{Text: text, Line: value.Line, Column: value.Column})
			if b.over != nil {
				return Table{}, nil, b.over
			}
		}
	}
	table, faults := b.done()
	return table, faults, nil
}

// onlyDocument is the one document of a file. Of others that have something in them, one would be lost.
func onlyDocument(text []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var first yaml.Node
	for n := 0; ; n++ {
		var next yaml.Node
		err := decoder.Decode(&next)
		switch {
		case errors.Is(err, io.EOF):
			return &first, nil
		case err != nil:
			return nil, Fault{Message: fmt.Sprintf("this is not YAML: %v", err)}
		case n == 0:
			first = next
		case len(next.Content) != 1 || next.Content[0].Tag != "!!null":
			return nil, Fault{Line: next.Line, Column: next.Column, Message: "there is a second document: put all into one list, or import one file after the other"}
		}
	}
}

// users is the list in a document; nil when there is none. A second one would be lost.
func users(document *yaml.Node) (*yaml.Node, error) {
	if len(document.Content) != 1 {
		return nil, nil
	}
	list := document.Content[0]
	if top := list; top.Kind == yaml.MappingNode {
		list = nil
		for i := 0; i+1 < len(top.Content); i += 2 {
			if key := top.Content[i]; key.Value != "users" {
				continue
			} else if list != nil {
				return nil, Fault{Line: key.Line, Column: key.Column, Message: "it has users twice: put all into one list"}
			}
			list = top.Content[i+1]
		}
	}
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil, nil
	}
	return list, nil
}

func flatNode(node *yaml.Node) (string, bool) {
	switch node.Kind {
	case yaml.ScalarNode:
		if node.Tag == "!!null" {
			return "", true
		}
		return node.Value, true
	case yaml.SequenceNode:
		var all []string
		for _, item := range node.Content {
			text, ok := flatNode(item)
			if item.Kind != yaml.ScalarNode || !ok {
				return "", false
			}
			all = append(all, text)
		}
		return strings.Join(all, Between), true
	}
	return "", false
}
