// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/internal/invitation"
)

// tally counts mails, and how many of them are different, in a mailbox that keeps only the newest.
type tally struct {
	received int // the ID of the latest mail: they count from 1
	ids      map[string]bool
	missed   int
	// links are the paths of the invitations, by whom the mail is for.
	links map[string]string
}

func newTally() *tally { return &tally{ids: map[string]bool{}, links: map[string]string{}} }

func (t *tally) add(kept []mailbox.Message) {
	for _, m := range kept {
		if m.ID <= t.received {
			continue
		}
		t.missed += m.ID - t.received - 1
		t.received = m.ID
		t.ids[m.MessageID] = true
		if link := invitationOf(m); link != "" && len(m.To) == 1 {
			t.links[m.To[0]] = link
		}
	}
}

// invitationOf is the path of the invitation that a mail has a link to, "" when it has none.
func invitationOf(m mailbox.Message) string {
	for _, link := range m.Links() {
		if at := strings.Index(link, invitation.Path); at >= 0 {
			return link[at:]
		}
	}
	return ""
}

// runMailbox takes mail until standard input ends. It says "ready" and its address, and answers the line "links" with who was
// invited and by which link, and every other one with how many mails came, how many of them are different, and how many were gone
// before they were counted.
func runMailbox(ctx context.Context) error {
	// Few, so that a mail costs little, and far more than come between two looks.
	const capacity, pause = 512, 50 * time.Millisecond
	box, err := mailbox.Start(mailbox.Options{Capacity: capacity})
	if err != nil {
		return err
	}
	defer box.Close()
	fmt.Println("ready", box.SMTPAddr())
	asked := make(chan string)
	go func() {
		defer close(asked)
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			asked <- lines.Text()
		}
	}()
	count := newTally()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
			count.add(box.Messages())
		case question, ok := <-asked:
			if !ok {
				return nil
			}
			count.add(box.Messages())
			if question == "links" {
				if err := json.NewEncoder(os.Stdout).Encode(count.links); err != nil {
					return err
				}
				continue
			}
			fmt.Println("count", count.received, len(count.ids), count.missed)
		}
	}
}

// links asks a mailbox process for the paths of the invitations that it got, by whom they are for.
func links(box *child) (map[string]string, error) {
	if _, err := fmt.Fprintln(box.in, "links"); err != nil {
		return nil, box.failed(err)
	}
	said, err := box.answer("")
	if err != nil {
		return nil, err
	}
	var all map[string]string
	if err := json.Unmarshal([]byte(said), &all); err != nil {
		return nil, box.failed(err)
	}
	return all, nil
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
