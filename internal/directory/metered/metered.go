// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metered counts what directories are asked for, and how long that takes. Nothing that it tells names a person.
package metered

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/password"
)

// Metrics are those of all directories together.
type Metrics struct {
	clock    clock.PassiveClock
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// New makes Metrics, which are to be registered.
func New(clock clock.PassiveClock) *Metrics {
	return &Metrics{
		clock: clock,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "seatkeeper_directory_requests_total", Help: "What directories were asked for, by what became of it.",
		}, []string{"operation", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "seatkeeper_directory_request_duration_seconds", Help: "How long it took.",
			Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30, 100, 300},
		}, []string{"operation"}),
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	m.requests.Describe(ch)
	m.seconds.Describe(ch)
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.requests.Collect(ch)
	m.seconds.Collect(ch)
}

// Wrap is a directory of which all is counted: accounts, groups, and lists of both. It closes what it wraps.
func (m *Metrics) Wrap(d directory.Directory) directory.Directory {
	if d == nil {
		return nil
	}
	return &counted{to: d, metrics: m}
}

func (m *Metrics) count(operation string, began time.Time, err error) {
	m.requests.WithLabelValues(operation, outcome(err)).Inc()
	m.seconds.WithLabelValues(operation).Observe(m.clock.Since(began).Seconds())
}

func outcome(err error) string {
	_, later := directory.RetryAfter(err)
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, directory.ErrRejected):
		return "rejected"
	case errors.Is(err, directory.ErrConflict):
		return "conflict"
	case later:
		return "later"
	}
	return "unavailable"
}

type counted struct {
	to      directory.Directory
	metrics *Metrics
}

var (
	_ directory.Directory = (*counted)(nil)
	_ directory.Groups    = (*counted)(nil)
	_ directory.Stubborn  = (*counted)(nil)
	_ io.Closer           = (*counted)(nil)
)

func (c *counted) do(operation string, do func() error) error {
	began := c.metrics.clock.Now()
	err := do()
	c.metrics.count(operation, began, err)
	return err
}

// Ensure implements directory.Directory.
func (c *counted) Ensure(ctx context.Context, account directory.Account) (id string, err error) {
	err = c.do("ensure", func() error {
		id, err = c.to.Ensure(ctx, account)
		return err
	})
	return id, err
}

// Deactivate implements directory.Directory.
func (c *counted) Deactivate(ctx context.Context, account directory.Account) error {
	return c.do("deactivate", func() error { return c.to.Deactivate(ctx, account) })
}

// Delete implements directory.Directory.
func (c *counted) Delete(ctx context.Context, account directory.Account) error {
	return c.do("delete", func() error { return c.to.Delete(ctx, account) })
}

// SetPassword implements directory.Directory.
func (c *counted) SetPassword(ctx context.Context, account directory.Account, secret password.Password) error {
	return c.do("set_password", func() error { return c.to.SetPassword(ctx, account, secret) })
}

// Nests implements directory.Groups. It takes no request most of the time, and is not counted.
func (c *counted) Nests(ctx context.Context) (bool, error) {
	to, ok := c.to.(directory.Groups)
	if !ok {
		return false, errNoGroups
	}
	return to.Nests(ctx)
}

var errNoGroups = directory.Rejected(errors.New("the directory has no groups"))

// EnsureGroup implements directory.Groups.
func (c *counted) EnsureGroup(ctx context.Context, group directory.Group) (id string, err error) {
	to, ok := c.to.(directory.Groups)
	if !ok {
		return "", errNoGroups
	}
	err = c.do("ensure_group", func() error {
		id, err = to.EnsureGroup(ctx, group)
		return err
	})
	return id, err
}

// DeleteGroup implements directory.Groups.
func (c *counted) DeleteGroup(ctx context.Context, group directory.Group) error {
	to, ok := c.to.(directory.Groups)
	if !ok {
		return errNoGroups
	}
	return c.do("delete_group", func() error { return to.DeleteGroup(ctx, group) })
}

// KeptOtherwise implements directory.Stubborn.
func (c *counted) KeptOtherwise(account directory.Account) []directory.Attribute {
	return directory.KeptOtherwise(c.to, account)
}

// Lister is that of what it wraps, counted as well; nil when there is none.
func (c *counted) Lister() directory.Lister {
	if to := directory.ListerOf(c.to); to != nil {
		return &countedLister{to, c.metrics}
	}
	return nil
}

// Close implements io.Closer.
func (c *counted) Close() error {
	if closer, ok := c.to.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

type countedLister struct {
	to      directory.Lister
	metrics *Metrics
}

// Accounts implements directory.Lister.
func (l *countedLister) Accounts(ctx context.Context) iter.Seq2[directory.Found, error] {
	return listed(l.metrics, "list_accounts", l.to.Accounts(ctx))
}

// Group implements directory.Lister.
func (l *countedLister) Group(ctx context.Context, group directory.Group) (*directory.FoundGroup, error) {
	began := l.metrics.clock.Now()
	found, err := l.to.Group(ctx, group)
	l.metrics.count("read_group", began, err)
	return found, err
}

// Groups implements directory.Lister.
func (l *countedLister) Groups(ctx context.Context) iter.Seq2[directory.FoundGroup, error] {
	return listed(l.metrics, "list_groups", l.to.Groups(ctx))
}

// listed counts a list as one, which ends well unless it says otherwise.
func listed[T any](m *Metrics, operation string, all iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		began := m.clock.Now()
		var failure error
		for one, err := range all {
			if failure = err; !yield(one, err) {
				break
			}
		}
		m.count(operation, began, failure)
	}
}
