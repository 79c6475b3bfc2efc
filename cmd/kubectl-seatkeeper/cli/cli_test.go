// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/test/build"
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
			cmd, yes := &cobra.Command{}, false
			yesFlag(cmd, &yes)
			if err := cmd.ParseFlags(map[bool][]string{true: {"-y"}}[c.yes]); err != nil {
				t.Fatal(err)
			}
			err := sh.ask(t.Context(), "Archive 3 users?", yes)
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
			if got := strings.Contains(string(sh.palette(errs).bad.Render("x")), "\x1b["); got != c.want {
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

func TestNoCluster(t *testing.T) {
	bad := write(t, "kubeconfig", "}{")
	for _, c := range []struct {
		why  string
		args []string
		want string
	}{
		{"the kubeconfig is not there", []string{"--kubeconfig", "/nowhere/kubeconfig"}, "/nowhere/kubeconfig"},
		{"the kubeconfig is none", []string{"--kubeconfig", bad}, bad},
		{"there is no such context", []string{"--context", "moon"}, "specified context: moon"},
		{"nobody is at the address", []string{"--server", "http://127.0.0.1:1"}, "The cluster cannot be reached"},
	} {
		t.Run(c.why, func(t *testing.T) {
			args := c.args
			if args[0] != "--kubeconfig" {
				args = append([]string{"--kubeconfig", kubeconfig(t)}, args...)
			}
			call{}.raw(t, append(args, "export")...).failed(t, c.want)
		})
	}
}

func TestPrint(t *testing.T) {
	rows := func() *metav1.Table {
		return &metav1.Table{ColumnDefinitions: columns([]string{"Name"}, "Email"), Rows: []metav1.TableRow{{Cells: []any{"ada", "ada@acme.example"}}}}
	}
	for format, want := range map[string]string{
		formatTable: "NAME\nada\n",
		formatWide:  "NAME   EMAIL\nada    ada@acme.example\n",
		formatName:  "user.seatkeeper.dev/ada\n",
		formatYAML:  "apiVersion: seatkeeper.dev/v1alpha1\nkind: User\n",
		formatJSON:  "{\n    \"kind\": \"User\",\n    \"apiVersion\": \"seatkeeper.dev/v1alpha1\"",
	} {
		t.Run(format, func(t *testing.T) {
			var o output
			cmd := &cobra.Command{}
			o.flags(cmd, formatTable, formatWide, formatJSON, formatYAML, formatName)
			if err := cmd.ParseFlags([]string{"-o", format}); err != nil || o.check() != nil {
				t.Fatal(err, o.check())
			}
			var b strings.Builder
			if err := o.print(&b, build.User("ada").Obj(), rows); err != nil || !strings.HasPrefix(b.String(), want) {
				t.Errorf("%v, and it prints\n%s", err, &b)
			}
		})
	}
}
