// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestEnsureKeepsWhatIsGood(t *testing.T) {
	issued := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		why    string
		later  time.Duration
		damage func(t *testing.T, f Files)
		keep   bool
	}{
		"next day": {
			why:   "copies of the kubeconfig go on working",
			later: 24 * time.Hour, keep: true,
		},
		"near the end": {
			why:   "the control plane may run for weeks from now on",
			later: lifetime - renewBefore + time.Hour,
		},
		"after the end": {
			why:   "a directory may lie unused for longer than certificates last",
			later: 2 * lifetime,
		},
		"clock put back": {
			why:   "nobody accepts certificates of the future",
			later: -48 * time.Hour,
		},
		"cut certificate": {
			why:    "a crash can end between two writes",
			damage: func(t *testing.T, f Files) { truncate(t, f.AdminCert) },
		},
		"no authority": {
			why:    "what is missing cannot verify the others",
			damage: func(t *testing.T, f Files) { truncate(t, f.CA) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files, err := Ensure(dir, issued)
			if err != nil {
				t.Fatal(err)
			}
			if tc.damage != nil {
				tc.damage(t, files)
			}
			before := contents(t, dir)
			now := issued.Add(tc.later)
			if _, err := Ensure(dir, now); err != nil {
				t.Fatal(err)
			}
			after := contents(t, dir)
			if kept := maps.Equal(before, after); kept != tc.keep {
				t.Errorf("kept = %v, want %v: %s", kept, tc.keep, tc.why)
			}
			if err := files.check(now.Add(renewBefore)); err != nil {
				t.Errorf("not valid for long enough: %v", err)
			}
			if key := filepath.Base(files.ServiceAccountKey); before[key] != after[key] {
				t.Error("the service account key changed: every token in the cluster is void")
			}
		})
	}
}

func truncate(t *testing.T, path string) {
	t.Helper()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}
