// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// systemFile is there while the system is up, for tests and for a second
// `make run`.
const systemFile = "system.json"

// record is how to reach a system. Before it is ready, only who starts it, and
// since when, is known.
type record struct {
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
	// Kubeconfig is the path of the administrator's.
	Kubeconfig string `json:"kubeconfig,omitempty"`
	// Kubectl is the command to call, from the root of the repository.
	Kubectl string `json:"kubectl,omitempty"`
	// SMTP is the host:port that takes mail, Mailbox the URL of the page that shows it.
	SMTP    string `json:"smtp,omitempty"`
	Mailbox string `json:"mailbox,omitempty"`
	// Portal is the URL of the invitation pages, Metrics that of the operator's metrics.
	Portal  string `json:"portal,omitempty"`
	Metrics string `json:"metrics,omitempty"`
}

// hints say what to do next.
func (r record) hints(opening string) string {
	return fmt.Sprintf(`%[1]s In another terminal:

  export KUBECONFIG=%[2]s
  %[3]s get users,seats,orgs -n acme
  %[3]s scale seatpool/standard -n acme --replicas=4

Open a mail in the mailbox, follow its link and accept the invitation:

  %[4]s

Ctrl-C here stops everything and keeps the state; 'make run-clean' removes it.
`, opening, quote(r.Kubeconfig), r.Kubectl, r.Mailbox)
}

// quote makes a path one word for a shell.
func quote(path string) string {
	if strings.ContainsFunc(path, func(c rune) bool { return !strings.ContainsRune("/._-+@:", c) && !isAlphanumeric(c) }) {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

func isAlphanumeric(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// upError says that another process runs the system, and how to use that.
type upError struct {
	record
	ready bool
}

func (e *upError) Error() string {
	opening := fmt.Sprintf("Seatkeeper is up already, since %s (process %d).", e.Since.Format(time.TimeOnly), e.PID)
	if !e.ready {
		return strings.Replace(opening, "up already", "starting or stopping already", 1) + " Try again in a moment.\n"
	}
	return e.hints(opening)
}

// kubectlCommand is how people call the kubectl that make found or built: by
// its bare name when that is what the shell finds too.
func kubectlCommand(built string) string {
	found, err := exec.LookPath(filepath.Base(built))
	if err != nil {
		return built
	}
	one, err := os.Stat(found)
	if err != nil {
		return built
	}
	other, err := os.Stat(built)
	if err != nil || !os.SameFile(one, other) {
		return built
	}
	return filepath.Base(built)
}
