// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/env"
)

// TestObjectsDoNotRuleTheTerminal checks that what others wrote into objects is shown, and never obeyed.
func TestObjectsDoNotRuleTheTerminal(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	const evil = "\x1b]0;owned\x07\x1b[2J\rfine\u009b8m\u202e"
	org := read(t, ns, "acme", &v1alpha1.Organization{})
	org.Spec.DisplayName = "Acme" + evil
	pool := read(t, ns, "addon", &v1alpha1.SeatPool{})
	pool.Spec.Plan = "Pro\x1b[8m"
	jean := read(t, ns, "jean", &v1alpha1.User{})
	jean.Annotations = map[string]string{"argocd.argoproj.io/tracking-id": "x" + evil}
	karim := read(t, ns, "karim", &v1alpha1.User{})
	karim.Annotations = map[string]string{"note": evil}
	for _, err := range []error{
		env.Client(t).Update(t.Context(), org), env.Client(t).Update(t.Context(), pool), env.Client(t).Update(t.Context(), jean), env.Client(t).Update(t.Context(), karim),
		env.Client(t).Status().Update(t.Context(), ready(karim, false, v1alpha1.ReasonAwaitingSeat, "it says "+evil, true)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"status"}, "(Acme ]0;owned"},
		{[]string{"status"}, "it says  ]0;owned"},
		{[]string{"status", "-o", "wide"}, "Pro [8m"},
		{[]string{"tree"}, "acme"},
		{[]string{"who-can", "support"}, "marie"},
		{[]string{"quote", "addon"}, "plan Pro [8m"},
		{[]string{"archive", "jean"}, "Argo CD (x ]0;owned"},
	} {
		got := call{terminal: true, environment: map[string]string{"COLUMNS": "300", "NO_COLOR": "1"}}.run(t, append(c.args, "-n", ns)...)
		text := got.out + got.err
		if !strings.Contains(text, c.want) {
			t.Errorf("%q does not show %q: %q", c.args, c.want, text)
		}
		if at := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); at >= 0 {
			t.Errorf("%q prints what a terminal obeys at %q", c.args, text[at:])
		}
	}
	for _, args := range [][]string{
		{"status", "-o", "json"},
		{"status", "-o", "yaml"},
		{"export", "-o", "json"},
		{"export", "-o", "yaml"},
		{"export", "-o", "wide"},
		{"export"},
		{"invite", "karim", "--yes", "--dry-run=client", "-o", "json"},
		{"invite", "karim", "--yes", "--dry-run=client", "-o", "yaml"},
	} {
		got := run(t, append(args, "-n", ns)...).done(t)
		if at := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }); at >= 0 {
			t.Errorf("%q prints what a terminal obeys at %q", args, got[at:])
		}
		var same struct{ DisplayName string }
		if args[0] != "status" {
			continue
		}
		if err := yaml.Unmarshal([]byte(got), &same); err != nil || same.DisplayName != "Acme"+evil {
			t.Errorf("%q reads as %q: %v", args, same.DisplayName, err)
		}
	}
	var table bytes.Buffer
	rows := &metav1.Table{ColumnDefinitions: columns([]string{"Name"}), Rows: []metav1.TableRow{{Cells: []any{"a" + evil}}}}
	if err := (&output{format: formatTable}).printTable(&table, rows); err != nil || table.String() != "NAME\na ]0;owned  [2J fine 8m \n" {
		t.Errorf("a table is %q: %v", table.String(), err)
	}
	if got := explain(errors.New("it says " + evil + "\nand goes on")); got != "it says  ]0;owned  [2J fine 8m \nand goes on" {
		t.Errorf("an error is shown as %q", got)
	}
}
