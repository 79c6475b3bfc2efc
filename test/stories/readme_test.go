// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"

	"seatkeeper.dev/seatkeeper/cmd/kubectl-seatkeeper/cli"
	"seatkeeper.dev/seatkeeper/test/env"
)

var (
	consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```")
	prompt       = regexp.MustCompile(`(?m)^\$ (.*)\n`)
)

// command is a line of a transcript, and what it prints.
type command struct{ line, prints string }

// transcript are the commands of the README's example with people.csv.
func transcript(t *testing.T) []command {
	t.Helper()
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range consoleBlock.FindAllStringSubmatch(string(page), -1) {
		if !strings.HasPrefix(block[1], "$ cat people.csv\n") {
			continue
		}
		var all []command
		at := prompt.FindAllStringSubmatchIndex(block[1], -1)
		for i, m := range at {
			end := len(block[1])
			if i+1 < len(at) {
				end = at[i+1][0]
			}
			all = append(all, command{block[1][m[2]:m[3]], block[1][m[1]:end]})
		}
		return all
	}
	t.Fatal("README.md has no example that begins with people.csv")
	return nil
}

// plugin runs a command line of `kubectl seatkeeper` on the stage, and returns what a terminal shows.
func (s *stage) plugin(line string, files map[string]string) string {
	s.Helper()
	args := strings.Fields(line)
	for i := range args {
		if path := files[args[i]]; path != "" {
			args[i] = path
		}
	}
	var said bytes.Buffer
	config := genericclioptions.NewConfigFlags(true)
	config.Namespace = &s.ns
	config.WrapConfigFn = func(*rest.Config) *rest.Config { return env.Config(s) }
	sh := &cli.Shell{
		IOStreams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &said, ErrOut: &said}, Config: config,
		Terminal: func(any) bool { return false }, Env: func(string) string { return "" }, Clock: clock.RealClock{},
	}
	cli.Run(s.Context(), sh, "kubectl-seatkeeper", args)
	return strings.ReplaceAll(said.String(), files["people.csv"], "people.csv")
}

// TestTheReadmesTranscript plays what the README shows of the plugin, on the quick start.
func TestTheReadmesTranscript(t *testing.T) {
	t.Parallel()
	s := play(t)
	s.apply(quickstart(t))
	s.settle()
	file := filepath.Join(t.TempDir(), "people.csv")
	for _, c := range transcript(t) {
		line, ok := strings.CutPrefix(c.line, "kubectl seatkeeper ")
		if !ok {
			s.must(os.WriteFile(file, []byte(c.prints), 0o600), "writing what %s shows", c.line)
			continue
		}
		// The operator may be at it still. What changes something is done by the first time, and says so.
		once, said := strings.HasPrefix(line, "import"), ""
		env.Eventually(s, func() error {
			if !once || said == "" {
				said = s.plugin(line, map[string]string{"people.csv": file})
			}
			if said != c.prints {
				return fmt.Errorf("$ %s (-README.md +prints):\n%s", c.line, cmp.Diff(c.prints, said))
			}
			return nil
		})
	}
}
