// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"
)

var (
	consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```")
	prompt       = "$ kubectl seatkeeper "
)

// TestDocs runs the examples of the documentation, one after the other, on the organization that the tests see and change as well, and
// compares what they print.
func TestDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/kubectl-see-and-act.md")
	if err != nil {
		t.Fatal(err)
	}
	ns, config, ran := organized(t), kubeconfig(t), 0
	for _, block := range consoleBlock.FindAllStringSubmatch(string(page), -1) {
		for _, example := range strings.Split(block[1], prompt)[1:] {
			line, want, _ := strings.Cut(example, "\n")
			var said bytes.Buffer
			sh := &Shell{
				IOStreams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &said, ErrOut: &said}, Config: genericclioptions.NewConfigFlags(true),
				Terminal: func(any) bool { return false }, Env: func(string) string { return "" }, Clock: clock.RealClock{},
			}
			Run(t.Context(), sh, "", append([]string{"--kubeconfig", config, "-n", ns}, strings.Fields(line)...))
			if got := strings.ReplaceAll(said.String(), ns, "acme"); got != want {
				t.Errorf("%s%s\nprints:\n%s\nand not:\n%s", prompt, line, got, want)
			}
			ran++
		}
	}
	if ran < 8 {
		t.Errorf("%d examples were found: is this where they are?", ran)
	}
}
