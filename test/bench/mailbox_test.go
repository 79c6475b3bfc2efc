// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"seatkeeper.dev/seatkeeper/hack/mailbox"
)

func TestTally(t *testing.T) {
	kept := func(id int, messageIDs ...string) []mailbox.Message {
		var all []mailbox.Message
		for i, messageID := range messageIDs {
			all = append(all, mailbox.Message{ID: id + i, MessageID: messageID})
		}
		return all
	}
	count := newTally()
	for _, c := range []struct {
		why                         string
		kept                        []mailbox.Message
		received, different, missed int
	}{
		{"nothing came yet", nil, 0, 0, 0},
		{"two mails", kept(1, "a", "b"), 2, 2, 0},
		{"the same two are still kept", kept(1, "a", "b"), 2, 2, 0},
		{"one is gone, one is new, and one came again", kept(2, "b", "c", "a"), 4, 3, 0},
		{"some came and went without being seen", kept(7, "d"), 7, 4, 2},
	} {
		count.add(c.kept)
		if count.received != c.received || len(count.ids) != c.different || count.missed != c.missed {
			t.Errorf("%s: %d received, %d different, %d missed; want %d, %d, %d",
				c.why, count.received, len(count.ids), count.missed, c.received, c.different, c.missed)
		}
	}
}
