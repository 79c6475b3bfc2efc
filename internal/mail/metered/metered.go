// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metered counts mails, and how long it takes to send them. Nothing that it tells names a person.
package metered

import (
	"context"
	"errors"
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"

	"seatkeeper.dev/seatkeeper/internal/mail"
)

// Metrics are those of all mail servers together.
type Metrics struct {
	clock   clock.PassiveClock
	mails   *prometheus.CounterVec
	seconds prometheus.Histogram
}

// New makes Metrics, which are to be registered.
func New(clock clock.PassiveClock) *Metrics {
	return &Metrics{
		clock: clock,
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "seatkeeper_mails_total", Help: "The mails that were to be sent, by what became of each try.",
		}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "seatkeeper_mail_duration_seconds", Help: "How long a try took.", Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30, 100, 300},
		}),
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	m.mails.Describe(ch)
	m.seconds.Describe(ch)
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.mails.Collect(ch)
	m.seconds.Collect(ch)
}

// Wrap is a sender whose mails are counted. It closes what it wraps.
func (m *Metrics) Wrap(s mail.Sender) mail.Sender {
	if s == nil {
		return nil
	}
	return &counted{s, m}
}

type counted struct {
	to      mail.Sender
	metrics *Metrics
}

var _ io.Closer = (*counted)(nil)

// Send implements mail.Sender.
func (c *counted) Send(ctx context.Context, message mail.Message) error {
	began := c.metrics.clock.Now()
	err := c.to.Send(ctx, message)
	c.metrics.mails.WithLabelValues(outcome(err)).Inc()
	c.metrics.seconds.Observe(c.metrics.clock.Since(began).Seconds())
	return err
}

// Close implements io.Closer.
func (c *counted) Close() error {
	if closer, ok := c.to.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

func outcome(err error) string {
	switch {
	case err == nil:
		return "sent"
	case errors.Is(err, mail.ErrRejected):
		return "rejected"
	case errors.Is(err, mail.ErrDeferred):
		return "deferred"
	case errors.Is(err, mail.ErrUnconfirmed):
		return "unconfirmed"
	}
	return "unavailable"
}
