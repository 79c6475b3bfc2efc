// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

const opening = `# Rules of five products

Five products document how users are managed in them. The rules differ, and some contradict each other, so each is a policy in YAML: a
sample says it, and a test drives the sample on what ` + "`make run`" + ` runs, with kubectl, a browser and a mailbox.

` + "`make verify`" + ` fails on a rule without a test that has passed. This page is made by ` + "`make generate`" + ` from
[hack/rules/rules.yaml](../hack/rules/rules.yaml) and the names of the tests.
`

// render is the page about the rules. Paths in it are seen from docs.
func render(products []product, found map[string][]test) string {
	var b strings.Builder
	b.WriteString(opening)
	for _, p := range products {
		fmt.Fprintf(&b, "\n## %s\n\n%s, %s: [the sample](../%s), [a walk through it](%s).\n\n", p.Name, p.Name, p.About, p.Sample, p.Page)
		b.WriteString("| id | rule | how it is said | tests | status |\n|---|---|---|---|---|\n")
		for _, r := range p.Rules {
			tests, status := links(found[r.ID]), "tested"
			if tests == "" {
				tests, status = "–", "**no test**"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.ID, r.Text, r.How, tests, status)
		}
	}
	return b.String()
}

func links(tests []test) string {
	all := make([]string, len(tests))
	for i, t := range tests {
		_, name, _ := strings.Cut(t.name, "_")
		all[i] = fmt.Sprintf("[%s](../%s)", name, t.file)
	}
	return strings.Join(all, ", ")
}
