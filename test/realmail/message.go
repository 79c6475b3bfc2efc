// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package realmail

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Message is a mail in the Maildir.
type Message struct {
	// Raw is all of it, with the fields that Postfix has put before the others; Body is what comes after the header.
	// Lines end in LF.
	Raw  []byte
	Body []byte
	// From and To are the envelope's.
	From, To string
	// Header is not decoded; Subject is.
	Header  netmail.Header
	Subject string
	// Text and HTML are the decoded parts.
	Text, HTML string
}

// deliveryTimeout is far more than Postfix needs for mail of its own machine.
const deliveryTimeout = 20 * time.Second

// Messages returns all mail that was delivered, to whomever, in the order in which it was. It waits until Postfix has
// delivered all that it has taken.
func (s *Server) Messages(t *testing.T) []Message {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(deliveryTimeout); s.undelivered(t) > 0; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("Postfix still has mail that it has not delivered, after %v", deliveryTimeout)
		}
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "mail/Maildir/new/*"))
	if err != nil {
		t.Fatal(err)
	}
	type arrival struct {
		at   time.Time
		file string
	}
	var arrivals []arrival
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		arrivals = append(arrivals, arrival{at: info.ModTime(), file: file})
	}
	slices.SortFunc(arrivals, func(a, b arrival) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.file, b.file)) })
	var all []Message
	for _, a := range arrivals {
		m, err := read(a.file)
		if err != nil {
			t.Fatalf("a mail cannot be read: %v", err)
		}
		all = append(all, m)
	}
	return all
}

// undelivered counts mail in the queue. Mail moves from the first of these directories to the last, so that none is
// missed while it moves.
func (s *Server) undelivered(t *testing.T) (count int) {
	t.Helper()
	for _, queue := range []string{"incoming", "active", "deferred"} {
		err := filepath.WalkDir(filepath.Join(s.dir, "spool", queue), func(_ string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				count++
			}
			if errors.Is(err, fs.ErrNotExist) {
				return nil // it has moved meanwhile
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return count
}

func read(file string) (Message, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return Message{}, err
	}
	parsed, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Message{}, err
	}
	m := Message{Raw: raw, Header: parsed.Header, To: parsed.Header.Get("Delivered-To")}
	if m.Body, err = io.ReadAll(parsed.Body); err != nil {
		return Message{}, err
	}
	if sender, err := netmail.ParseAddress(parsed.Header.Get("Return-Path")); err == nil {
		m.From = sender.Address // else it is <>, which is nobody's
	}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject")); err != nil {
		return Message{}, err
	}
	return m, m.readPart(textproto.MIMEHeader(parsed.Header), bytes.NewReader(m.Body))
}

// readPart takes the text of a part, and of the parts in it.
func (m *Message) readPart(header textproto.MIMEHeader, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return err
	}
	if kind == "multipart/alternative" {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := m.readPart(part.Header, part); err != nil {
				return err
			}
		}
	}
	if encoding := header.Get("Content-Transfer-Encoding"); encoding != "quoted-printable" {
		return fmt.Errorf("a part is encoded as %q, want quoted-printable", encoding)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(body))
	if err != nil {
		return err
	}
	switch kind {
	case "text/plain":
		m.Text += string(text)
	case "text/html":
		m.HTML += string(text)
	default:
		return fmt.Errorf("a part is %q, want text/plain or text/html", kind)
	}
	return nil
}
