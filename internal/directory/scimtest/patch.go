// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scimtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// path is a path of PATCH: an extension, an attribute, which of its values, and a part of these.
var path = regexp.MustCompile(`^(?:(urn:[^\[]*):)?([A-Za-z]+)(?:\[([A-Za-z]+) eq ("(?:[^"\\]|\\.)*")\])?(?:\.([A-Za-z]+))?$`)

// patch carries out the operations on data.
func patch(data, body map[string]any) *problem {
	operations, _ := body["Operations"].([]any)
	if len(operations) == 0 || len(operations) > 1000 {
		return &problem{400, "invalidSyntax", "There must be Operations, and not too many."}
	}
	for _, o := range operations {
		operation, _ := o.(map[string]any)
		if p := operate(data, operation); p != nil {
			return p
		}
	}
	maps.DeleteFunc(data, func(_ string, v any) bool { inner, ok := v.(map[string]any); return ok && len(inner) == 0 })
	return nil
}

func operate(data, operation map[string]any) *problem {
	op, _ := operation["op"].(string)
	at, _ := operation["path"].(string)
	value := operation["value"]
	parts := path.FindStringSubmatch(at)
	switch {
	case parts == nil:
		return &problem{400, "invalidPath", fmt.Sprintf("%q is no path.", at)}
	case op != "add" && op != "replace" && op != "remove":
		return &problem{400, "invalidSyntax", fmt.Sprintf("%q is no operation.", op)}
	case (op == "remove") != (value == nil):
		return &problem{400, "invalidValue", "A value belongs to add and replace, and to them alone."}
	}
	if urn := parts[1]; urn != "" {
		data = within(data, urn)
	}
	if parts[3] != "" {
		return operateSelected(data, op, value, parts)
	}
	name := canonicalName(parts[2])
	if part := parts[5]; part != "" {
		data, name = within(data, name), canonicalName(part)
	}
	if op == "remove" {
		delete(data, name)
		return nil
	}
	if values, many := value.([]any); many && op == "add" {
		had, _ := data[name].([]any)
		value = append(slices.Clone(had), slices.DeleteFunc(slices.Clone(values), func(v any) bool { return holds(had, v) })...)
	}
	data[name] = value
	return nil
}

// within is what an attribute holds, which is made if it holds nothing.
func within(data map[string]any, name string) map[string]any {
	inner, ok := data[name].(map[string]any)
	if !ok {
		inner = map[string]any{}
		data[name] = inner
	}
	return inner
}

// operateSelected changes those of many values that the path selects.
func operateSelected(data map[string]any, op string, value any, parts []string) *problem {
	var wanted string
	if json.Unmarshal([]byte(parts[4]), &wanted) != nil {
		return &problem{400, "invalidPath", "The text cannot be read."}
	}
	name, hit := canonicalName(parts[2]), false
	had, _ := data[name].([]any)
	var left []any
	for _, v := range had {
		entry, _ := v.(map[string]any)
		if got, _ := entry[canonicalName(parts[3])].(string); !strings.EqualFold(got, wanted) {
			left = append(left, v)
			continue
		}
		hit = true
		switch {
		case op == "remove" && parts[5] == "":
			continue
		case op == "remove":
			delete(entry, canonicalName(parts[5]))
		case parts[5] != "":
			entry[canonicalName(parts[5])] = value
		default:
			entry, _ = value.(map[string]any)
		}
		left = append(left, entry)
	}
	if !hit && op != "remove" {
		return &problem{400, "noTarget", "No value is selected."}
	}
	if data[name] = left; len(left) == 0 {
		delete(data, name)
	}
	return nil
}

func holds(had []any, v any) bool {
	entry, _ := v.(map[string]any)
	return slices.ContainsFunc(had, func(other any) bool {
		o, _ := other.(map[string]any)
		return o["value"] == entry["value"] && o["type"] == entry["type"]
	})
}

func canonicalName(name string) string {
	if known, ok := names[strings.ToLower(name)]; ok {
		return known
	}
	return name
}

var term = regexp.MustCompile(`^\s*([A-Za-z][A-Za-z0-9.]*)\s+(eq|ne|co|sw|ew|pr)(?:\s+("(?:[^"\\]|\\.)*"|true|false))?\s*`)

// filter reads a filter: terms with "and" between them.
func (s *Server) filter(text string) (func(*object) bool, *problem) {
	var terms []func(*object) bool
	if s.profile.Filter == FilterIgnored {
		text = ""
	}
	for text != "" {
		m := term.FindStringSubmatch(text)
		if m == nil || !s.knows(m[2], len(terms)) {
			return nil, &problem{400, "invalidFilter", "This filter is not known here."}
		}
		var value any
		if m[3] != "" && json.Unmarshal([]byte(m[3]), &value) != nil || (m[2] == "pr") != (m[3] == "") {
			return nil, &problem{400, "invalidFilter", "The value cannot be read."}
		}
		terms = append(terms, func(o *object) bool { return s.compare(o, m[1], m[2], value) })
		text = strings.TrimPrefix(text[len(m[0]):], "and ")
	}
	return func(o *object) bool {
		return !slices.ContainsFunc(terms, func(t func(*object) bool) bool { return !t(o) })
	}, nil
}

// knows says whether another term with an operator is known after so many.
func (s *Server) knows(operator string, before int) bool {
	switch s.profile.Filter {
	case FilterNone:
		return false
	case FilterEq:
		return operator == "eq" && before == 0
	}
	return true
}

var operators = map[string]func(got, want string) bool{
	"eq": func(g, w string) bool { return g == w }, "ne": func(g, w string) bool { return g != w },
	"co": strings.Contains, "sw": strings.HasPrefix, "ew": strings.HasSuffix,
}

func (s *Server) compare(o *object, attribute, op string, want any) bool {
	var got any = o.data
	for _, name := range strings.Split(attribute, ".") {
		inner, _ := got.(map[string]any)
		got = inner[canonicalName(name)]
	}
	if strings.EqualFold(attribute, "id") {
		got = o.id
	}
	if op == "pr" || got == nil {
		return op == "pr" && got != nil || op == "ne"
	}
	g, w := fmt.Sprint(got), fmt.Sprint(want)
	if !s.profile.CaseCounts && !strings.EqualFold(attribute, "externalId") {
		g, w = strings.ToLower(g), strings.ToLower(w)
	}
	return operators[op](g, w)
}
