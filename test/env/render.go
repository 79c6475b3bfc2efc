// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Rendered returns a file with the objects of a kustomization of this repository, such as config/webhook, as
// kubectl puts them together.
func Rendered(t testing.TB, kustomization string) string {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, "bin", "kubectl"), "kustomize", filepath.Join(root, kustomization))
	out, err := cmd.Output()
	if err != nil {
		var complaint []byte
		if exit := new(exec.ExitError); errors.As(err, &exit) {
			complaint = exit.Stderr
		}
		t.Fatalf("putting %s together (bin/kubectl is built by `make build`): %v %s", kustomization, err, complaint)
	}
	path := filepath.Join(t.TempDir(), "rendered.yaml")
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
