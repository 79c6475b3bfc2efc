// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	// Directory is the URL of the SCIM service that accounts can be in.
	Directory string `json:"directory,omitempty"`
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

config/samples/directory has people whose accounts are in a SCIM directory. Look at it by:

  curl -H 'Authorization: Bearer %[6]s' %[5]s/Users

`, opening, quote(r.Kubeconfig), r.Kubectl, r.Mailbox, r.Directory, directoryToken)
}

// plain is what a shell takes as one word.
var plain = regexp.MustCompile(`^[A-Za-z0-9/._+@:-]+$`)

// quote makes a path one word for a shell.
func quote(path string) string {
	if plain.MatchString(path) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// upError says that another process runs the system, and how to use that.
type upError struct {
	record
	ready bool
}

func (e *upError) Error() string {
	since := fmt.Sprintf("since %s (process %d).", e.Since.Format(time.DateTime), e.PID)
	if !e.ready {
		return "Seatkeeper is starting or stopping, " + since + " Try again in a moment.\n"
	}
	return e.hints("Seatkeeper is up already, "+since) + "Ctrl-C where it runs stops it.\n"
}

// kubectlCommand is how people call the kubectl that make found or built: by
// its bare name when that is what the shell finds too.
func kubectlCommand(built string) string {
	name := filepath.Base(built)
	if found, err := exec.LookPath(name); err == nil && sameFile(found, built) {
		return name
	}
	return built
}

func sameFile(one, other string) bool {
	a, err := os.Stat(one)
	if err != nil {
		return false
	}
	b, err := os.Stat(other)
	return err == nil && os.SameFile(a, b)
}
