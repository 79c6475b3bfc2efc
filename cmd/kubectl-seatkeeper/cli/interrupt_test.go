// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"io"
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// silence is a terminal at which nobody types; asked is closed when somebody waits for it.
type silence struct {
	asked chan struct{}
	io.Reader
}

func (s *silence) Read(p []byte) (int, error) {
	close(s.asked)
	return s.Reader.Read(p)
}

// TestInterruptAtTheQuestion checks that who is asked, and interrupts, does not have to answer first.
func TestInterruptAtTheQuestion(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	never, write := io.Pipe()
	defer func() { _ = write.Close() }() // a pipe closes
	s := &silence{make(chan struct{}), never}
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		<-s.asked
		interrupt()
	}()
	got := call{terminal: true, stdin: s, ctx: ctx}.run(t, "archive", "noah", "-n", ns)
	if got.code != exitInterrupted || !strings.HasSuffix(got.err, "\ninterrupted\n") {
		t.Errorf("exit code %d, and it says %q", got.code, got.err)
	}
	if u := read(t, ns, "noah", &v1alpha1.User{}); u.Spec.State != v1alpha1.UserActive {
		t.Errorf("noah is %s", u.Spec.State)
	}
}
