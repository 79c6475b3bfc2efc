// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Command rules keeps the rules of five products and their tests together. It writes docs/rules.md; with -tree it holds the tests to
// what came of them on that tree.
package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

//go:embed rules.yaml
var declared []byte

// product is a product with its rules.
type product struct {
	Name   string `json:"name"`
	Prefix string `json:"prefix"`
	About  string `json:"about"`
	// Sample is a directory of the repository, and Page a page below docs.
	Sample string `json:"sample"`
	Page   string `json:"page"`
	Rules  []rule `json:"rules"`
}

type rule struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	// How is how the rule is said to Seatkeeper.
	How string `json:"how"`
}

func main() {
	tests := flag.String("tests", "test/e2e", "directory of the tests")
	page := flag.String("page", "docs/rules.md", "page to write")
	tree := flag.String("tree", "", "tree of Git whose results are looked at; no page is written then")
	results := flag.String("results", "bin/rules", "directory with the results of the tests, of each tree in a file <tree>.json")
	flag.Parse()
	err := run(*tests, *page, *tree, *results)
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

func run(tests, page, tree, results string) error {
	products, err := read(declared)
	if err != nil {
		return err
	}
	found, err := testsIn(tests)
	if err != nil {
		return err
	}
	if tree == "" {
		return os.WriteFile(page, []byte(render(products, found)), 0o644)
	}
	outcomes, err := resultsOf(results, tree)
	if err != nil {
		return err
	}
	return errors.Join(check(products, found, outcomes)...)
}

// read takes the rules for what they are: each once, of its product, and in whole.
func read(text []byte) ([]product, error) {
	var products []product
	if err := yaml.UnmarshalStrict(text, &products); err != nil {
		return nil, fmt.Errorf("reading the rules: %w", err)
	}
	known := map[string]bool{}
	for _, p := range products {
		for _, r := range p.Rules {
			if known[r.ID] || !strings.HasPrefix(r.ID, p.Prefix+"-") || r.Text == "" || r.How == "" {
				return nil, fmt.Errorf("rule %q of %s: there has to be one of this id, which begins with %s-, with text and how", r.ID, p.Name, p.Prefix)
			}
			known[r.ID] = true
		}
	}
	return products, nil
}
