// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package fake_test

import (
	"fmt"
	"math"
	"testing"

	"seatkeeper.dev/seatkeeper/internal/mail/fake"
	"seatkeeper.dev/seatkeeper/internal/mail/mailtest"
)

func TestSender(t *testing.T) {
	mailtest.Contract(t, func(*testing.T) mailtest.Server {
		s := &fake.Sender{}
		return mailtest.Server{
			Sender: s,
			Delivered: func() (all []mailtest.Delivery) {
				for _, m := range s.Sent() {
					all = append(all, mailtest.Delivery{Message: m, Raw: fmt.Sprint(m)})
				}
				return all
			},
			Reject:      s.Reject,
			Defer:       s.Defer,
			Unavailable: s.Unavailable,
			Unconfirmed: s.Unconfirmed,
			Hang:        func() { s.Hang() },
			Down:        func() { s.Unavailable(math.MaxInt) },
		}
	})
}

func TestOpenGateLetsMailThrough(t *testing.T) {
	s := &fake.Sender{}
	gate := s.Hang()
	outcome := make(chan error)
	go func() { outcome <- s.Send(t.Context(), mailtest.Invitation()) }()
	<-gate.Reached()
	if sent := s.Sent(); len(sent) != 0 {
		t.Errorf("mail was taken while it should hang: %v", sent)
	}
	gate.Open()
	gate.Open()
	if err := <-outcome; err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), mailtest.Invitation()); err != nil {
		t.Fatal(err)
	}
	if sent, attempts := len(s.Sent()), s.Attempts(); sent != 2 || attempts != 2 {
		t.Errorf("%d mails sent in %d attempts, want 2 in 2", sent, attempts)
	}
}
