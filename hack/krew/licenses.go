// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenses is the file of an archive with the licences of all that the program has in it of others.
const licenses = "THIRD_PARTY_LICENSES"

// legal are the names of files that licences ask to be passed on.
var legal = regexp.MustCompile(`(?i)^(licen[cs]e|notice|copying|copyright|patents|unlicense)([._-][a-z0-9._-]+)?$`)

// dependency is a package that the program is built of, as `go list` has it.
type dependency struct {
	Dir      string
	Standard bool
	Module   *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// thirdParty are the licences of all modules, and of Go, that the program for a platform is built of.
func thirdParty(ctx context.Context, p platform) ([]byte, error) {
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-json=Dir,Standard,Module", "./cmd/kubectl-seatkeeper")
	list.Env = p.environment()
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, err
	}
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	texts := texts{}
	if err := texts.add("Go", strings.TrimSpace(string(root)), strings.TrimSpace(string(root))); err != nil {
		return nil, err
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var d dependency
		if err := decoder.Decode(&d); errors.Is(err, io.EOF) {
			return texts.document(), nil
		} else if err != nil {
			return nil, err
		}
		if d.Standard || d.Module == nil || d.Module.Main {
			continue
		}
		if err := texts.add(d.Module.Path+" "+d.Module.Version, d.Module.Dir, d.Dir); err != nil {
			return nil, err
		}
	}
}

// texts are licences, and whose they are: many modules have the same.
type texts map[string][]string

// add adds the licences of a module that hold for one of its directories: those in it, and in the directories above.
func (t texts) add(module, root, dir string) error {
	found := false
	for ; ; dir = filepath.Dir(dir) {
		paths, err := legalIn(dir)
		if err != nil {
			return err
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			inside, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			found = true
			if of := fmt.Sprintf("%s (%s)", module, filepath.ToSlash(inside)); !slices.Contains(t[string(text)], of) {
				t[string(text)] = append(t[string(text)], of)
			}
		}
		if dir == root || dir == filepath.Dir(dir) {
			break
		}
	}
	if !found {
		return fmt.Errorf("%s has no licence that says whether it may be passed on", module)
	}
	return nil
}

// legalIn are the files with licences in a directory.
func legalIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var paths []string
	for _, entry := range entries {
		if entry.Type().IsRegular() && legal.MatchString(entry.Name()) && !strings.HasSuffix(entry.Name(), ".go") {
			paths = append(paths, filepath.Join(dir, entry.Name()))
		}
	}
	return paths, err
}

// document is all of them, in the order of the modules.
func (t texts) document() []byte {
	type part struct {
		of   []string
		text string
	}
	parts := make([]part, 0, len(t))
	for text, of := range t {
		slices.Sort(of)
		parts = append(parts, part{of, text})
	}
	slices.SortFunc(parts, func(a, b part) int { return strings.Compare(a.of[0], b.of[0]) })
	var b bytes.Buffer
	fmt.Fprintln(&b, "This program has these works of others in it, under the licences that follow each.")
	for _, p := range parts {
		fmt.Fprintf(&b, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(p.of, "\n"), strings.TrimSpace(p.text))
	}
	return b.Bytes()
}
