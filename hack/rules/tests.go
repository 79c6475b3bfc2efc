// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// test is a test of a rule, in a file of the repository.
type test struct{ name, file string }

var named = regexp.MustCompile(`^Test([A-Z]{2})([0-9]+)_`)

// testsIn finds the tests of rules in a directory, by the ids of the rules, in the order of files and lines.
func testsIn(dir string) (map[string][]test, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return nil, err
	}
	found := map[string][]test{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range parsed.Decls {
			function, ok := decl.(*ast.FuncDecl)
			if !ok || function.Recv != nil {
				continue
			}
			if m := named.FindStringSubmatch(function.Name.Name); m != nil {
				id := m[1] + "-" + m[2]
				found[id] = append(found[id], test{function.Name.Name, filepath.ToSlash(file)})
			}
		}
	}
	return found, nil
}

// outcomes are what came of tests: pass, fail or skip by their names. A test with a part that was skipped was skipped.
type outcomes map[string]string

// resultsOf reads the results of the tests on a tree. Those of another tree say nothing.
func resultsOf(dir, tree string) (outcomes, error) {
	file, err := os.Open(filepath.Join(dir, tree+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there are no results of the tests of this very tree in %s: run make verify-rules, which makes them", dir)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return outcomesIn(file)
}

// outcomesIn reads what `go test -json` says. Of what was run twice, the worst counts.
func outcomesIn(r io.Reader) (outcomes, error) {
	worst := []string{"pass", "skip", "fail"}
	found := outcomes{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var event struct{ Action, Test string }
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return nil, fmt.Errorf("reading results: %w", err)
		}
		name, _, _ := strings.Cut(event.Test, "/")
		if at := slices.Index(worst, event.Action); name != "" && at >= 0 && at >= slices.Index(worst, found[name]) {
			found[name] = event.Action
		}
	}
	return found, lines.Err()
}

// check says which rules no test holds.
func check(products []product, found map[string][]test, results outcomes) (broken []error) {
	known := map[string]bool{}
	for _, p := range products {
		for _, r := range p.Rules {
			known[r.ID] = true
			tests := found[r.ID]
			if len(tests) == 0 {
				broken = append(broken, fmt.Errorf("%s has no test: %s (a test of it is called Test%s_...)", r.ID, r.Text, strings.Replace(r.ID, "-", "", 1)))
			}
			for _, t := range tests {
				if words := map[string]string{"": "did not run", "fail": "failed", "skip": "was skipped"}[results[t.name]]; words != "" {
					broken = append(broken, fmt.Errorf("%s: %s in %s %s", r.ID, t.name, t.file, words))
				}
			}
		}
	}
	for id, tests := range found {
		if !known[id] {
			broken = append(broken, fmt.Errorf("%s in %s is the test of a rule that is not there, %s", tests[0].name, tests[0].file, id))
		}
	}
	return broken
}
