// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestUpSaysHowToUseIt(t *testing.T) {
	r := record{
		PID: 42, Since: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
		Kubeconfig: "/home/ada/my work/.run/controlplane/kubeconfig", Kubectl: "bin/kubectl", Mailbox: "http://127.0.0.1:8025",
		Directory: "http://127.0.0.1:8026/scim/v2",
	}
	want := `Seatkeeper is up already, since 2026-03-04 05:06:07 (process 42). In another terminal:

  export KUBECONFIG='/home/ada/my work/.run/controlplane/kubeconfig'
  bin/kubectl get users,seats,orgs -n acme
  bin/kubectl scale seatpool/standard -n acme --replicas=4

Open a mail in the mailbox, follow its link and accept the invitation:

  http://127.0.0.1:8025

config/samples/directory has people whose accounts are in a SCIM directory. Look at it by:

  curl -H 'Authorization: Bearer let-me-in' http://127.0.0.1:8026/scim/v2/Users

Ctrl-C where it runs stops it.
`
	if diff := cmp.Diff(want, (&upError{record: r, ready: true}).Error()); diff != "" {
		t.Error(diff)
	}
	want = "Seatkeeper is starting or stopping, since 2026-03-04 05:06:07 (process 42). Try again in a moment.\n"
	if diff := cmp.Diff(want, (&upError{record: r}).Error()); diff != "" {
		t.Error(diff)
	}
}

func TestQuote(t *testing.T) {
	for path, want := range map[string]string{
		"/home/ada/.run":  "/home/ada/.run",
		"/home/ada's":     `'/home/ada'\''s'`,
		"/home/$USER/run": "'/home/$USER/run'",
		"":                "''",
	} {
		if got := quote(path); got != want {
			t.Errorf("%q: got %s, want %s", path, got, want)
		}
	}
}

func TestKubectlCommand(t *testing.T) {
	dir := t.TempDir()
	machines, built, link := filepath.Join(dir, "kubectl"), filepath.Join(dir, "built", "kubectl"), filepath.Join(dir, "link", "kubectl")
	for _, path := range []string{built, link} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{machines, built} {
		if err := os.WriteFile(path, nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(machines, link); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	if got := kubectlCommand(built); got != built {
		t.Errorf("beside another one on the machine: got %s", got)
	}
	if got := kubectlCommand(link); got != "kubectl" {
		t.Errorf("linked to the machine's: got %s", got)
	}
	t.Setenv("PATH", filepath.Join(dir, "empty"))
	if got := kubectlCommand(link); got != link {
		t.Errorf("without one on the machine: got %s", got)
	}
}
