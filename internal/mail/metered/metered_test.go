// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package metered_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	clocktesting "k8s.io/utils/clock/testing"

	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mail/metered"
)

type server struct {
	clock  *clocktesting.FakePassiveClock
	err    error
	closed bool
}

func (s *server) Send(context.Context, mail.Message) error {
	s.clock.SetTime(s.clock.Now().Add(2 * time.Second))
	return s.err
}

func (s *server) Close() error {
	s.closed = true
	return nil
}

func TestCounts(t *testing.T) {
	s := &server{clock: clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))}
	m := metered.New(s.clock)
	sender := m.Wrap(s)
	why := errors.New("ada@acme.example")
	for _, err := range []error{nil, nil, mail.Rejected(why), mail.Deferred(why), mail.Unconfirmed(why), mail.Unavailable(why)} {
		s.err = err
		if got := sender.Send(t.Context(), mail.Message{}); !errors.Is(got, err) {
			t.Errorf("got %v, want %v", got, err)
		}
	}
	want := `# HELP seatkeeper_mail_duration_seconds How long a try took.
# TYPE seatkeeper_mail_duration_seconds histogram
seatkeeper_mail_duration_seconds_bucket{le="0.01"} 0
seatkeeper_mail_duration_seconds_bucket{le="0.03"} 0
seatkeeper_mail_duration_seconds_bucket{le="0.1"} 0
seatkeeper_mail_duration_seconds_bucket{le="0.3"} 0
seatkeeper_mail_duration_seconds_bucket{le="1"} 0
seatkeeper_mail_duration_seconds_bucket{le="3"} 6
seatkeeper_mail_duration_seconds_bucket{le="10"} 6
seatkeeper_mail_duration_seconds_bucket{le="30"} 6
seatkeeper_mail_duration_seconds_bucket{le="100"} 6
seatkeeper_mail_duration_seconds_bucket{le="300"} 6
seatkeeper_mail_duration_seconds_bucket{le="+Inf"} 6
seatkeeper_mail_duration_seconds_sum 12
seatkeeper_mail_duration_seconds_count 6
# HELP seatkeeper_mails_total The mails that were to be sent, by what became of each try.
# TYPE seatkeeper_mails_total counter
seatkeeper_mails_total{outcome="deferred"} 1
seatkeeper_mails_total{outcome="rejected"} 1
seatkeeper_mails_total{outcome="sent"} 2
seatkeeper_mails_total{outcome="unavailable"} 1
seatkeeper_mails_total{outcome="unconfirmed"} 1
`
	if err := testutil.CollectAndCompare(m, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.CollectAndLint(m); err != nil || len(problems) > 0 {
		t.Errorf("the rules of Prometheus: %v, %v", problems, err)
	}
	if m.Wrap(nil) != nil || sender.(interface{ Close() error }).Close() != nil || !s.closed {
		t.Error("what is wrapped is not closed, or nothing becomes something")
	}
}
