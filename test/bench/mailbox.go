// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"time"

	"seatkeeper.dev/seatkeeper/hack/mailbox"
)

// tally counts mails, and how many of them are different, in a mailbox that keeps only the newest.
type tally struct {
	received int // the ID of the latest mail: they count from 1
	ids      map[string]bool
	missed   int
}

func (t *tally) add(kept []mailbox.Message) {
	for _, m := range kept {
		if m.ID <= t.received {
			continue
		}
		t.missed += m.ID - t.received - 1
		t.received = m.ID
		t.ids[m.MessageID] = true
	}
}

// runMailbox takes mail until standard input ends. It says "ready" and its address, and answers every line with
// how many mails came, how many of them are different, and how many were gone before they were counted.
func runMailbox(ctx context.Context) error {
	// Few, so that a mail costs little, and far more than come between two looks.
	const capacity, pause = 512, 50 * time.Millisecond
	box, err := mailbox.Start(mailbox.Options{Capacity: capacity})
	if err != nil {
		return err
	}
	defer box.Close()
	fmt.Println("ready", box.SMTPAddr())
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			asked <- struct{}{}
		}
	}()
	count := &tally{ids: map[string]bool{}}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
			count.add(box.Messages())
		case _, ok := <-asked:
			if !ok {
				return nil
			}
			count.add(box.Messages())
			fmt.Println("count", count.received, len(count.ids), count.missed)
		}
	}
}

// mails asks a mailbox process how many mails it got. It is an error unless every one of the people got one.
func mails(box *child, people int) (int, error) {
	if _, err := fmt.Fprintln(box.in); err != nil {
		return 0, box.failed(err)
	}
	said, err := box.answer("count")
	if err != nil {
		return 0, err
	}
	var received, different, missed int
	if _, err := fmt.Sscan(said, &received, &different, &missed); err != nil {
		return 0, box.failed(fmt.Errorf("it counted %q: %w", said, err))
	}
	if received != people || different != people || missed != 0 {
		return 0, fmt.Errorf("%d people got %d mails, %d of them different, and %d of them not looked at",
			people, received, different, missed)
	}
	return received, nil
}
