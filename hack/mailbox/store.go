// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mailbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

var (
	errClosed  = errors.New("the mailbox is closed")
	errNotKept = errors.New("this is not a mail kept by the mailbox")
)

// store keeps the newest mails, in memory and, if dir is set, as files.
type store struct {
	dir      string
	capacity int

	mu       sync.Mutex
	messages []Message // oldest first
	lastID   int
	closed   bool
	changed  chan struct{} // closed and replaced when a mail arrives or the store closes
}

func openStore(dir string, capacity int) (*store, error) {
	s := &store{dir: dir, capacity: capacity, changed: make(chan struct{})}
	if dir == "" {
		return s, nil
	}
	// Invitations let their bearer in: the files are their owner's alone.
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the mail directory: %w", err)
	}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("loading mail: %w", err)
	}
	return s, nil
}

func (s *store) load() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	var ids []int
	for _, entry := range entries {
		id, err := strconv.Atoi(strings.TrimSuffix(entry.Name(), ".eml"))
		if err == nil && entry.Name() == fileName(id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		path := s.path(id)
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		m, err := unmarshal(content)
		if err != nil {
			return fmt.Errorf("%s: %w; move the file away", path, err)
		}
		m.ID = id
		s.messages, s.lastID = append(s.messages, m), id
	}
	return s.removeOldest(len(s.messages) - s.capacity)
}

// add keeps a mail, and on disk before its sender may be told so.
func (s *store) add(from string, to []string, raw []byte) error {
	m := parse(raw)
	m.From, m.To, m.Received = from, to, time.Now().UTC()

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if err := s.removeOldest(len(s.messages) + 1 - s.capacity); err != nil {
		return err
	}
	m.ID = s.lastID + 1
	if s.dir != "" {
		if err := writeFile(s.path(m.ID), marshal(m)); err != nil {
			return err
		}
	}
	s.messages, s.lastID = append(s.messages, m), m.ID
	s.announce()
	return nil
}

func (s *store) all() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

func (s *store) get(id int) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.messages, func(m Message) bool { return m.ID == id })
	if i < 0 {
		return Message{}, false
	}
	return s.messages[i], true
}

func (s *store) clear() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.removeOldest(len(s.messages))
}

func (s *store) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.announce()
}

func (s *store) wait(ctx context.Context, match func(Message) bool) (Message, error) {
	seen := 0
	for {
		s.mu.Lock()
		messages, changed, closed := slices.Clone(s.messages), s.changed, s.closed
		s.mu.Unlock()

		// match runs without the lock, so that it may use the mailbox.
		for _, m := range messages {
			if m.ID > seen && match(m) {
				return m, nil
			}
			seen = max(seen, m.ID)
		}
		if closed {
			return Message{}, fmt.Errorf("waiting for a mail: %w", errClosed)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("waiting for a mail: %s: %w", describe(messages), ctx.Err())
		}
	}
}

// describe tells whoever waited in vain what came instead.
func describe(messages []Message) string {
	if len(messages) == 0 {
		return "none has arrived"
	}
	newest := messages[len(messages)-1]
	return fmt.Sprintf("none of the %d kept matches (the newest is %q to %s)",
		len(messages), newest.Subject, strings.Join(newest.To, ", "))
}

// announce needs the lock.
func (s *store) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// removeOldest needs the lock. It removes nothing if n is not positive.
func (s *store) removeOldest(n int) error {
	for range n {
		if s.dir != "" {
			if err := os.Remove(s.path(s.messages[0].ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("removing the oldest mail: %w", err)
			}
		}
		s.messages = slices.Delete(s.messages, 0, 1)
	}
	return nil
}

func (s *store) path(id int) string { return filepath.Join(s.dir, fileName(id)) }

func fileName(id int) string { return fmt.Sprintf("%08d.eml", id) }

// writeFile replaces the file as a whole, so that a crash leaves no half mail.
func writeFile(path string, content []byte) error {
	unfinished := path + ".tmp"
	if err := os.WriteFile(unfinished, content, 0o600); err != nil {
		return err
	}
	return os.Rename(unfinished, path)
}

// A file is the mail with the envelope as header fields before it, so that any
// mail program opens it. The time is the last of them.
const (
	fromField     = "X-Mailbox-From: "
	toField       = "X-Mailbox-To: "
	receivedField = "X-Mailbox-Received: "
)

func marshal(m Message) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s%s\r\n", fromField, m.From)
	for _, to := range m.To {
		fmt.Fprintf(&b, "%s%s\r\n", toField, to)
	}
	fmt.Fprintf(&b, "%s%s\r\n", receivedField, m.Received.Format(time.RFC3339Nano))
	b.Write(m.Raw)
	return b.Bytes()
}

func unmarshal(content []byte) (Message, error) {
	var from string
	var to []string
	for {
		line, rest, found := bytes.Cut(content, []byte("\r\n"))
		field := string(line)
		switch {
		case !found:
			return Message{}, errNotKept
		case strings.HasPrefix(field, fromField):
			from = strings.TrimPrefix(field, fromField)
		case strings.HasPrefix(field, toField):
			to = append(to, strings.TrimPrefix(field, toField))
		case strings.HasPrefix(field, receivedField):
			received, err := time.Parse(time.RFC3339Nano, strings.TrimPrefix(field, receivedField))
			m := parse(rest)
			m.From, m.To, m.Received = from, to, received
			return m, err
		default:
			return Message{}, errNotKept
		}
		content = rest
	}
}
