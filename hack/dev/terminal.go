// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// abandoned returns once nobody can read what goes to out any more: its window
// is closed, or its pipe. Where make leads the session of a terminal, such as
// that of an editor's task, it alone gets the signal that says so.
//
// It never returns when out is a file.
func abandoned(out *os.File) {
	// Asks for no event: errors and hang-ups are always told.
	watched := []unix.PollFd{{Fd: int32(out.Fd())}}
	for {
		if _, err := unix.Poll(watched, -1); errors.Is(err, unix.EINTR) {
			continue
		}
		if watched[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0 {
			return
		}
		select {} // not every system can watch every kind of file
	}
}
