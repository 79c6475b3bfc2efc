// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"
)

// site is where something is measured: namespaces of a control plane, the first of which is the operator's own, and who waits
// there for people.
type site struct {
	p          *plane
	namespaces []string
	at         staff
}

// open starts what one way needs in namespaces of a control plane.
func (b *bench) open(ctx context.Context, p *plane, t task, namespaces ...string) (*site, error) {
	at, err := b.staff(ctx, p, t, namespaces...)
	return &site{p: p, namespaces: namespaces, at: at}, err
}

// end ends who is there then.
func (s *site) end() { s.at.end() }

// watched does something until it is done or a process ends that it needs.
func (s *site) watched(ctx context.Context, do func(ctx context.Context) error, others ...*child) error {
	return watched(ctx, append(append(s.at.all(), s.p.child), others...), do)
}

// onSite has something happen on a control plane of its own, in namespaces that are prepared before the operator starts. longer is
// what it takes that has nothing to do with how many people there are, and others are processes that it needs as well.
func (b *bench) onSite(
	ctx context.Context, t task, longer time.Duration, prepare func(ctx context.Context, p *plane) ([]string, error),
	do func(ctx context.Context, s *site) error, others ...*child,
) error {
	p, err := b.warmPlane(ctx, t.scenario)
	if err != nil {
		return err
	}
	defer p.end()
	ctx, cancel := patienceBeside(ctx, t, longer)
	defer cancel()
	namespaces, err := prepare(ctx, p)
	if err != nil {
		return err
	}
	s, err := b.open(ctx, p, t, namespaces...)
	if err != nil {
		return err
	}
	defer s.end()
	return s.watched(ctx, func(ctx context.Context) error { return do(ctx, s) }, others...)
}

// populate has people invited who are there when something else begins.
func (s *site) populate(ctx context.Context, people int) error {
	w, namespace := s.p.wire, s.namespaces[0]
	if err := each(ctx, people, func(ctx context.Context, i int) error { return create(ctx, w, namespace, i, nil) }); err != nil {
		return err
	}
	return await(ctx, w, namespace, "", people, invited)
}
