// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package fault_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"seatkeeper.dev/seatkeeper/internal/fault"
)

var errKind, errOther = errors.New("port unavailable"), errors.New("port rejected")

const most = 40

func TestKinds(t *testing.T) {
	made := fault.New(io.EOF, errKind)
	cases := map[string]struct {
		why         string
		err, target error
		want        bool
	}{
		"its kind":            {"callers decide by it", made, errKind, true},
		"its cause":           {"a context's own error must be found", made, io.EOF, true},
		"another kind":        {"a failure is of one kind", made, errOther, false},
		"wrapped":             {"callers say what they were doing", fmt.Errorf("asking: %w", made), errKind, true},
		"the text of another": {"text is no kind", errors.New("port unavailable: EOF"), errKind, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := errors.Is(c.err, c.target); got != c.want {
				t.Errorf("errors.Is(%v, %v) = %t, want %t: %s", c.err, c.target, got, c.want, c.why)
			}
		})
	}
	if got, want := made.Error(), "port unavailable: EOF"; got != want {
		t.Errorf("the text is %q, want %q", got, want)
	}
}

func TestWords(t *testing.T) {
	saying := func(words string) error { return fault.New(errors.New(words), errKind) }
	cases := map[string]struct {
		why  string
		err  error
		want string
	}{
		"no error":       {"there is nothing to say", nil, ""},
		"a reply":        {"the other side's words alone", saying("too weak"), "too weak"},
		"wrapped":        {"what we were doing is not their words", fmt.Errorf("asking: %w", saying("later")), "later"},
		"another error":  {"better than nothing", errors.New("no route"), "no route"},
		"several lines":  {"it must fit one", saying("too\r\n\tweak "), "too weak"},
		"control codes":  {"it must not turn a terminal or a line around", saying("\x1b[31mred\x00 \u202eback"), "[31mred back"},
		"not UTF-8":      {"the API takes UTF-8 alone", saying("caf\xe9"), "caf"},
		"a novel":        {"a stranger does not fill a status", saying(strings.Repeat("\u00e9", most+1)), strings.Repeat("\u00e9", most-1) + "\u2026"},
		"just no novel":  {"characters are counted, not bytes", saying(strings.Repeat("\u00e9", most)), strings.Repeat("\u00e9", most)},
		"nothing at all": {"silence stays silence", saying("\r\n"), ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := fault.Words(c.err, most); got != c.want {
				t.Errorf("Words(%v) = %q, want %q: %s", c.err, got, c.want, c.why)
			}
		})
	}
}

func FuzzWords(f *testing.F) {
	f.Add("too weak")
	f.Add("a\r\nb \x00\xff\u2028")
	f.Fuzz(func(t *testing.T, said string) {
		words := fault.Words(fault.New(errors.New(said), errKind), most)
		if utf8.RuneCountInString(words) > most || !utf8.ValidString(words) {
			t.Errorf("not short and clean: %q", words)
		}
		if i := strings.IndexFunc(words, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("unprintable at %d: %q", i, words)
		}
	})
}
