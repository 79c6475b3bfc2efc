// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Command reference writes the reference of `kubectl seatkeeper`, as Markdown and as man pages, from the commands themselves.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"

	"seatkeeper.dev/seatkeeper/cmd/kubectl-seatkeeper/cli"
)

func main() {
	markdown := flag.String("markdown", "docs/reference/kubectl", "directory for Markdown")
	man := flag.String("man", "docs/man", "directory for man pages")
	flag.Parse()
	if err := write(*markdown, *man); err != nil {
		fmt.Fprintln(os.Stderr, "writing the reference:", err)
		os.Exit(1)
	}
}

// write writes all pages, and leaves nothing else in the directories: a command that is gone has no page.
func write(markdown, man string) error {
	for _, dir := range []string{markdown, man} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // these are for everybody to read
			return err
		}
	}
	return pages(commands(), markdown, man)
}

// commands are those of the plugin, the same on every machine.
func commands() *cobra.Command {
	root := cli.New(&cli.Shell{
		IOStreams: genericiooptions.NewTestIOStreamsDiscard(), Config: genericclioptions.NewConfigFlags(true),
		Terminal: func(any) bool { return false }, Env: func(string) string { return "" }, Clock: clock.RealClock{},
	})
	// The default is a directory of whoever runs this.
	root.PersistentFlags().Lookup("cache-dir").DefValue = "$HOME/.kube/cache"
	root.DisableAutoGenTag = true // it has the day
	return root
}

// pages writes the pages of a command and those below it.
func pages(cmd *cobra.Command, markdown, man string) error {
	var text, roff bytes.Buffer
	if err := doc.GenMarkdown(cmd, &text); err != nil {
		return err
	}
	if err := doc.GenMan(cmd, &doc.GenManHeader{Section: "1", Source: "Seatkeeper", Manual: "Seatkeeper", Date: &noDate}, &roff); err != nil {
		return err
	}
	path := cmd.CommandPath()
	err := errors.Join(
		save(filepath.Join(markdown, strings.ReplaceAll(path, " ", "_")+".md"), tidy(text.String())),
		save(filepath.Join(man, strings.ReplaceAll(path, " ", "-")+".1"), strings.Replace(roff.String(), noDate.Format(`"Jan 2006"`), `""`, 1)),
	)
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() && !child.IsAdditionalHelpTopicCommand() {
			err = errors.Join(err, pages(child, markdown, man))
		}
	}
	return err
}

// noDate stands where cobra would have the day, and is left out again.
var noDate = time.Unix(0, 0).UTC()

// tidy ends a text as files end, and has no blanks at the end of lines, nor tabs between words.
func tidy(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i := range lines {
		lines[i] = strings.ReplaceAll(strings.TrimRight(lines[i], " \t"), "\t - ", " - ")
	}
	return strings.Join(lines, "\n") + "\n"
}

func save(path, text string) error {
	return os.WriteFile(path, []byte(text), 0o644)
}
