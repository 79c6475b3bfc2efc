// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// rendered are the kustomizations that were put together, each once: no test changes one.
var rendered sync.Map

// Rendered returns a file with the objects of a kustomization of this repository, such as config/webhook, as
// kubectl puts them together.
func Rendered(t testing.TB, kustomization string) string {
	t.Helper()
	once, _ := rendered.LoadOrStore(kustomization, sync.OnceValues(func() ([]byte, error) { return render(kustomization) }))
	out, err := once.(func() ([]byte, error))()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rendered.yaml")
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func render(kustomization string) ([]byte, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	out, err := exec.Command(filepath.Join(root, "bin", "kubectl"), "kustomize", filepath.Join(root, kustomization)).Output()
	if err != nil {
		var complaint []byte
		if exit := new(exec.ExitError); errors.As(err, &exit) {
			complaint = exit.Stderr
		}
		return nil, fmt.Errorf("putting %s together (bin/kubectl is built by `make build`): %w %s", kustomization, err, complaint)
	}
	return out, nil
}
