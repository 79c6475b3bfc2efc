// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/internal/people"
)

var (
	shellBlock  = regexp.MustCompile("(?s)```sh\n(.*?)```")
	jsonBlock   = regexp.MustCompile("(?s)```json\n(.*?)```")
	commandLine = regexp.MustCompile(`(?m)^\s*kubectl seatkeeper ([^#>|\n]*)`)
	word        = regexp.MustCompile(`'[^']*'|\S+`)
)

// words are those of a command line, without quotes.
func words(line string) []string {
	var all []string
	for _, w := range word.FindAllString(line, -1) {
		all = append(all, strings.Trim(w, "'"))
	}
	return all
}

// TestExamplesAreCommands holds every command line of the documentation and of the help to the flags and arguments that there are.
func TestExamplesAreCommands(t *testing.T) {
	page, err := os.ReadFile("../../../docs/kubectl.md")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, block := range shellBlock.FindAllSubmatch(page, -1) {
		texts = append(texts, string(block[1]))
	}
	sh, _ := testShell("", false, nil)
	for _, command := range New(sh).Commands() {
		if command.Name() != "completion" && command.Name() != "help" && command.Example == "" {
			t.Errorf("%s has no examples", command.Name())
		}
		texts = append(texts, command.Example)
	}
	tried := 0
	for _, line := range commandLine.FindAllStringSubmatch(strings.Join(texts, "\n"), -1) {
		sh, _ := testShell("", false, nil)
		root := New(sh)
		root.InitDefaultHelpFlag()
		command, rest, err := root.Find(words(line[1]))
		if err == nil && command != root {
			command.InitDefaultHelpFlag()
			if err = command.ParseFlags(rest); err == nil {
				err = command.ValidateArgs(command.Flags().Args())
			}
		}
		if err != nil || command == root && !strings.HasPrefix(line[1], "--help") {
			t.Errorf("kubectl seatkeeper %s: %v", line[1], err)
		}
		tried++
	}
	if tried < 10 {
		t.Errorf("found %d command lines: is this where they are?", tried)
	}
}

func TestColumnsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../docs/kubectl.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range people.Columns() {
		french := people.Records(nil, people.French)[0][i]
		if !strings.Contains(string(page), "`"+name+"`") || !strings.Contains(string(page), french) {
			t.Errorf("docs/kubectl.md does not mention %s, %s in French", name, french)
		}
	}
}

func TestJSONExampleIsImported(t *testing.T) {
	page, err := os.ReadFile("../../../docs/kubectl.md")
	if err != nil {
		t.Fatal(err)
	}
	block := jsonBlock.FindSubmatch(page)
	if block == nil {
		t.Fatal("there is no example in JSON")
	}
	run(t, "-n", acme(t), "import", write(t, "people.json", string(block[1]))).done(t)
}
