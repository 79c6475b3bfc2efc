// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mailbox

import (
	"errors"
	"fmt"
	"io"

	"github.com/emersion/go-smtp"
)

// session is one SMTP connection: it collects an envelope, then its mail.
type session struct {
	server *Server
	conn   *smtp.Conn
	from   string
	to     []string
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.carryOut(s.reaction(Rcpt, to)); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

// Data may touch the envelope only after it has read everything: with CHUNKING
// it runs beside the goroutine that calls Reset.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if errors.Is(err, smtp.ErrDataTooLarge) {
		return err
	}
	if err != nil {
		return answer(421, "4.3.2 The mail did not arrive whole")
	}
	reaction := s.reaction(Data, s.to...)
	if reaction == (Reaction{}) || reaction.keep {
		if err := s.server.store.add(s.from, s.to, raw); err != nil {
			return answer(452, fmt.Sprintf("4.3.1 The mail cannot be kept: %v", err))
		}
	}
	return s.carryOut(reaction)
}

func (s *session) Reset() { s.from, s.to = "", nil }

func (s *session) Logout() error { return nil }

func (s *session) reaction(stage Stage, to ...string) Reaction {
	script := s.server.script.Load()
	if script == nil || *script == nil {
		return Reaction{}
	}
	return (*script)(Event{Stage: stage, From: s.from, To: to})
}

// carryOut returns the answer that go-smtp is to give. Where there is to be
// none, it closes the connection below go-smtp, whose answer then goes nowhere.
func (s *session) carryOut(r Reaction) error {
	raw := s.conn.Conn()
	switch {
	case r.hang:
		// The read ends when the client leaves or Close ends all reads.
		_, _ = io.Copy(io.Discard, raw)
		_ = raw.Close()
	case r.cut:
		_ = raw.Close()
	case r.code == 421:
		_, _ = fmt.Fprintf(raw, "%d %s\r\n", r.code, r.text)
		_ = raw.Close()
	case r.code != 0:
		return answer(r.code, r.text)
	}
	return nil
}

// answer keeps the text as it is; go-smtp would put an enhanced code before it.
func answer(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: text}
}
