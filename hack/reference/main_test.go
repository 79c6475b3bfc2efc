// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// files are those of a directory, by name.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(text)
	}
	return all
}

// TestTheReferenceIsTheSameAnywhere writes the reference as somebody else would, and compares it with what is in docs.
func TestTheReferenceIsTheSameAnywhere(t *testing.T) {
	t.Setenv("HOME", "/home/somebody-else")
	t.Setenv("KUBECACHEDIR", "/var/cache/of-somebody")
	t.Setenv("SOURCE_DATE_EPOCH", "1000000000")
	markdown, man := filepath.Join(t.TempDir(), "markdown"), filepath.Join(t.TempDir(), "man")
	if err := os.MkdirAll(man, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(man, "kubectl-seatkeeper-gone.1"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(markdown, man); err != nil {
		t.Fatal(err)
	}
	for got, want := range map[string]string{markdown: "../../docs/reference/kubectl", man: "../../docs/man"} {
		pages := files(t, got)
		if diff := cmp.Diff(files(t, want), pages); diff != "" {
			t.Errorf("%s is not up to date, run 'make reference' (-want +got):\n%s", want, diff)
		}
		for name, text := range pages {
			if strings.Contains(text, "of-somebody") || strings.Contains(text, "somebody-else") || !strings.HasSuffix(text, "\n") {
				t.Errorf("%s names a directory of whoever wrote it, or does not end as files end", name)
			}
		}
	}
}

// TestEveryCommandHasAPage counts them, down to the last.
func TestEveryCommandHasAPage(t *testing.T) {
	pages := files(t, "../../docs/reference/kubectl")
	for _, name := range []string{"", "_import", "_export", "_adopt", "_status", "_tree", "_who-can", "_invite", "_archive", "_reactivate", "_quote", "_handover", "_approve_order", "_reject_removals"} {
		if pages["kubectl_seatkeeper"+name+".md"] == "" {
			t.Errorf("kubectl seatkeeper %s has no page", strings.ReplaceAll(strings.TrimPrefix(name, "_"), "_", " "))
		}
	}
}
