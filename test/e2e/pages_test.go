// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/test/env"
)

var rewrite = flag.Bool("rewrite", false, "write what the commands of docs/products print into the pages")

var consoleBlock = regexp.MustCompile("(?s)```console\n.*?```")

// What differs from run to run: ages, times, UIDs, tokens of links, and the width of columns that goes with them.
var passing = []struct {
	pattern *regexp.Regexp
	as      string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`), "TIME"},
	{regexp.MustCompile(`\bE-[0-9A-Z]{10}\b`), "NUMBER"},
	{regexp.MustCompile(`\b(\d+[smhd]){1,2}( |\n)`), "AGE$2"},
	{regexp.MustCompile(` +`), " "},
}

// sorting is what kubectl logs of itself whenever a kustomization has sortOptions, whatever it is asked to do.
var sorting = regexp.MustCompile(`(?m)^I\d{4} .*Warning: Sorting order is set both.*\n`)

func steady(text string) string {
	for _, p := range passing {
		text = p.pattern.ReplaceAllString(text, p.as)
	}
	return text
}

// TestPages plays what docs/products shows, from the top of each page to its end.
func TestPages(t *testing.T) {
	pages, err := filepath.Glob(repository + "/docs/products/*.md")
	if err != nil || len(pages) != 5 {
		t.Fatalf("there are the pages %q (%v), want those of five products", pages, err)
	}
	for _, page := range pages {
		t.Run(strings.TrimSuffix(filepath.Base(page), ".md"), func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			played := consoleBlock.ReplaceAllStringFunc(string(text), func(block string) string { return playBlock(t, block) })
			if *rewrite {
				if err := os.WriteFile(page, []byte(played), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// playBlock runs the commands of a block, and returns it with what they print.
func playBlock(t *testing.T, block string) string {
	t.Helper()
	lines := strings.SplitAfter(strings.TrimSuffix(strings.TrimPrefix(block, "```console\n"), "```"), "\n")
	played := "```console\n"
	for i := 0; i < len(lines) && lines[i] != ""; {
		command, ok := strings.CutPrefix(lines[i], "$ ")
		if !ok {
			t.Fatalf("%q is no command", lines[i])
		}
		want := ""
		for i++; i < len(lines) && !strings.HasPrefix(lines[i], "$ "); i++ {
			want += lines[i]
		}
		played += "$ " + command + shell(t, strings.TrimSpace(command), want)
	}
	return played + "```"
}

// shell runs a command as people do at the root of the repository, until it prints what it is to print, if it changes nothing.
func shell(t *testing.T, command, want string) (said string) {
	t.Helper()
	bin, err := filepath.Abs(repository + "/bin")
	if err != nil {
		t.Fatal(err)
	}
	run := func() error {
		cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
		cmd.Dir = repository
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "KUBECONFIG="+system.Kubeconfig)
		out, err := cmd.CombinedOutput()
		if said = sorting.ReplaceAllString(string(out), ""); steady(said) == steady(want) {
			return nil
		}
		return fmt.Errorf("$ %s (%w; -page +prints):\n%s", command, err, cmp.Diff(steady(want), steady(said)))
	}
	if reads := strings.Contains(command, " get ") || strings.Contains(command, "seatkeeper export"); reads && !*rewrite {
		env.Eventually(t, run)
	} else if err := run(); err != nil && !*rewrite {
		t.Fatal(err)
	}
	return said
}
