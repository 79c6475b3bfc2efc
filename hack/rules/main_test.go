// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	two = `
- name: Axonaut
  prefix: AX
  about: a CRM
  sample: config/samples/axonaut
  page: products/axonaut.md
  rules:
  - {id: AX-1, text: One place, how: kubectl}
  - {id: AX-12, text: An alias, how: no field}
`
	source = `package e2e_test
import "testing"
func TestAX1_Listed(t *testing.T) {}
func TestAX12_Alias(t *testing.T) {}
func TestAX12_Tag(t *testing.T) {}
func TestOther(t *testing.T) {}
`
	passed = `{"Action":"start","Package":"e2e"}
{"Action":"pass","Test":"TestAX1_Listed"}
{"Action":"pass","Test":"TestAX12_Alias"}
{"Action":"output","Test":"TestAX12_Tag","Output":"fail"}
{"Action":"pass","Test":"TestAX12_Tag/with_capitals"}
{"Action":"pass","Test":"TestAX12_Tag"}
{"Action":"pass","Package":"e2e"}
`
)

// dir is a directory with a file.
func dir(t *testing.T, name, text string) string {
	t.Helper()
	d := t.TempDir()
	if err := os.WriteFile(filepath.Join(d, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// verdict is what check says of rules, tests and their results on the tree t1, which is looked at.
func verdict(t *testing.T, rules, source, tree, results string) error {
	t.Helper()
	products, err := read([]byte(rules))
	if err != nil {
		return err
	}
	found, err := testsIn(dir(t, "rules_test.go", source))
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := resultsOf(dir(t, tree+".json", results), "t1")
	if err != nil {
		return err
	}
	return errors.Join(check(products, found, outcomes)...)
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rules, source, tree, results string
		want                         string // empty: nothing is wrong
	}{
		"all hold":              {},
		"a rule without a test": {source: strings.Replace(source, "TestAX1_", "Test", 1), want: "AX-1 has no test: One place"},
		"another rule's test":   {source: strings.Replace(source, "TestAX1_", "TestAX11_", 1), want: "AX-1 has no test"},
		"a method is no test":   {source: strings.Replace(source, "func TestAX1_", "func (x) TestAX1_", 1), want: "AX-1 has no test"},
		"a rule that is gone":   {source: strings.Replace(source, "Other", "AX13_", 1), want: "AX-13"},
		"a test failed":         {results: strings.Replace(passed, `pass","Test":"TestAX1_`, `fail","Test":"TestAX1_`, 1), want: "AX-1: TestAX1_Listed in"},
		"one of two failed":     {results: strings.Replace(passed, `pass","Test":"TestAX12_A`, `fail","Test":"TestAX12_A`, 1), want: "TestAX12_Alias"},
		"a test was skipped":    {results: strings.Replace(passed, `pass","Test":"TestAX1_`, `skip","Test":"TestAX1_`, 1), want: "was skipped"},
		"a part was skipped":    {results: strings.Replace(passed, `pass","Test":"TestAX12_Tag/`, `skip","Test":"TestAX12_Tag/`, 1), want: "TestAX12_Tag"},
		"it failed once":        {results: `{"Action":"fail","Test":"TestAX1_Listed"}` + "\n" + passed, want: "failed"},
		"a test did not run":    {results: strings.Replace(passed, `"TestAX1_Listed"`, `"TestAX10_Listed"`, 1), want: "did not run"},
		"nothing ran":           {results: `{"Action":"start"}`, want: "TestAX1_Listed"},
		"another tree":          {tree: "t2", want: "there are no results of the tests of this very tree"},
		"no results":            {results: "ok\n", want: "reading results"},
		"a rule twice":          {rules: strings.Replace(two, "AX-12", "AX-1", 1), want: `rule "AX-1" of Axonaut`},
		"a rule of nobody":      {rules: strings.Replace(two, "AX-12", "EZ-12", 1), want: `rule "EZ-12" of Axonaut`},
		"a rule without words":  {rules: strings.Replace(two, "One place", `""`, 1), want: `rule "AX-1" of Axonaut`},
		"an unknown field":      {rules: strings.Replace(two, "how", "why", 1), want: "unknown field"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			or := func(value, other string) string {
				if value == "" {
					return other
				}
				return value
			}
			err := verdict(t, or(tt.rules, two), or(tt.source, source), or(tt.tree, "t1"), or(tt.results, passed))
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	products, err := read([]byte(two))
	if err != nil {
		t.Fatal(err)
	}
	page := render(products, map[string][]test{"AX-12": {{"TestAX12_Alias", "test/e2e/a_test.go"}, {"TestAX12_Tag", "test/e2e/b_test.go"}}})
	for _, want := range []string{
		"| AX-1 | One place | kubectl | – | **no test** |\n",
		"| AX-12 | An alias | no field | [Alias](../test/e2e/a_test.go), [Tag](../test/e2e/b_test.go) | tested |\n",
		"[the sample](../config/samples/axonaut), [a walk through it](products/axonaut.md)",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
}

// TestTheRules holds that what is declared can be read, and that its samples and pages are there.
func TestTheRules(t *testing.T) {
	t.Parallel()
	products, err := read(declared)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, p := range products {
		count += len(p.Rules)
		for _, path := range []string{filepath.Join("../..", p.Sample, "kustomization.yaml"), filepath.Join("../../docs", p.Page)} {
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: %v", p.Name, err)
			}
		}
	}
	if len(products) != 5 || count != 72 {
		t.Errorf("there are %d rules of %d products, want 72 of 5", count, len(products))
	}
}
