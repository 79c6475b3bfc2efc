// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"strings"
	"testing"
)

func TestHelpIsData(t *testing.T) {
	got := call{}.raw(t, "--help").done(t)
	for _, want := range []string{"kubectl seatkeeper", "--namespace", "--context", "--as"} {
		if !strings.Contains(got, want) {
			t.Errorf("the help does not mention %s:\n%s", want, got)
		}
	}
}

func TestVersion(t *testing.T) {
	if got := (call{}).raw(t, "--version").done(t); !strings.HasPrefix(got, "kubectl seatkeeper version ") || strings.Contains(got, "unknown") {
		t.Errorf("the version is %q", got)
	}
}

func TestWrongCommandLines(t *testing.T) {
	for _, c := range []struct {
		why  string
		args []string
		want string
	}{
		{"there is no such command", []string{"frobnicate"}, `unknown command "frobnicate"`},
		{"there is no such flag", []string{"--frobnicate"}, "unknown flag: --frobnicate (see 'kubectl seatkeeper --help')"},
	} {
		t.Run(c.why, func(t *testing.T) { call{}.raw(t, c.args...).failed(t, c.want) })
	}
}

func TestAsk(t *testing.T) {
	for _, c := range []struct {
		why, answer   string
		terminal, yes bool
		want          string
	}{
		{why: "--yes has answered", yes: true},
		{why: "yes is yes", terminal: true, answer: "y\n"},
		{why: "in French, too", terminal: true, answer: "Oui\n"},
		{why: "no is the default", terminal: true, answer: "\n", want: "the answer was not yes"},
		{why: "the end of input is no answer", terminal: true, want: "the answer was not yes"},
		{why: "a pipe answers nothing", answer: "y\n", want: "give --yes"},
	} {
		t.Run(c.why, func(t *testing.T) {
			sh, errs := testShell(c.answer, c.terminal, nil)
			err := sh.ask("Archive 3 users?", c.yes)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("it says %v, want %q", err, c.want)
			}
			if asked := strings.Contains(errs.String(), "Archive 3 users?"); asked != (c.terminal && !c.yes) {
				t.Errorf("it was asked: %t", asked)
			}
		})
	}
}

func TestColour(t *testing.T) {
	for _, c := range []struct {
		why      string
		terminal bool
		env      map[string]string
		want     bool
	}{
		{"a terminal has colours", true, nil, true},
		{"a file has none", false, nil, false},
		{"NO_COLOR is respected", true, map[string]string{"NO_COLOR": "1"}, false},
		{"a dumb terminal has none", true, map[string]string{"TERM": "dumb"}, false},
	} {
		t.Run(c.why, func(t *testing.T) {
			sh, errs := testShell("", c.terminal, c.env)
			if got := strings.Contains(sh.palette(errs).bad.Render("x"), "\x1b["); got != c.want {
				t.Errorf("colour: %t", got)
			}
		})
	}
}

func TestExplainKeepsTheErrorsWords(t *testing.T) {
	if got := explain(errors.New("the moon is down")); got != "the moon is down" {
		t.Errorf("it says %q", got)
	}
}
