// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// course is how a wave of people goes in a scenario that all three ways go through.
type course struct {
	// house is what they belong to, as far as it is there before.
	house func(people int) []client.Object
	// prepare has people be where the wave finds them; nil when nobody is there before.
	prepare func(ctx context.Context, p *plane, at staff, w *wave) error
	// start does what begins the wave. Where nobody else does, it plays the operator too.
	start func(ctx context.Context, c *wire, w *wave) error
	// wanted is where the wave takes everybody.
	wanted func(change) bool
	// title is what its time is of.
	title string
	// first is the number of the first person of the wave; those before have no part in it. It is 0 where nobody is there before.
	first int
	// beside is how many people have no part in a wave, other than these.
	beside func(people int) int
	// ratios are what the operator's time may be of each floor's, and budget what requests there may be for a person.
	ratios []Ratio
	budget func(owned int) requests
}

// courses are those of the scenarios with three ways.
var courses map[string]course

func init() {
	courses = map[string]course{
		scenarioInvite: {
			house: house, start: startInvite, wanted: invited, title: "seconds from apply to invited",
			ratios: []Ratio{{To: wayMinimal, Target: 1.15}, {To: wayRaw, Target: 1.5}},
		},
		scenarioGrant: {
			house: func(int) []client.Object { return house(0) }, prepare: assemble, start: startGrant, wanted: invited,
			title: "seconds from scale-up to invited", ratios: []Ratio{{To: wayMinimal, Target: 1.3}, {To: wayRaw}},
		},
		scenarioAccept: {
			house: func(people int) []client.Object { return house(1 + people) }, prepare: prepareAccept, start: startAccept, wanted: active, first: 1,
			title: "seconds from the first to the last accepted", ratios: []Ratio{{To: wayMinimal, Target: 1.3}, {To: wayRaw}},
			budget: func(int) requests { return requests{"PATCH users/status": 2} },
		},
		scenarioOffboard: {
			house: func(people int) []client.Object { return estate(1 + people) }, prepare: prepareOffboard, start: startOffboard, wanted: archived, first: 1,
			title: "seconds from the first to the last archived", ratios: []Ratio{{To: wayMinimal, Target: 1.3}, {To: wayRaw}},
			budget: func(owned int) requests {
				return requests{"PATCH users/status": 2, "PATCH configmaps": float64(owned)}
			},
		},
		scenarioTeam: {
			house: teamHouse, prepare: prepareActive, start: startTeam, wanted: promoted, first: 1, beside: bystanders,
			title: "seconds until all have the role of the team", ratios: []Ratio{{To: wayMinimal, Target: 1.3}, {To: wayRaw}},
			budget: func(int) requests { return requests{"PATCH users/status": 1} },
		},
		scenarioMove: {
			house: moveHouse, prepare: prepareActive, start: startMove, wanted: promoted, first: 1, beside: bystanders,
			title: "seconds until all have the new team's role", ratios: []Ratio{{To: wayMinimal, Target: 1.3}, {To: wayRaw}},
			budget: func(int) requests { return requests{"PATCH users/status": 1} },
		},
	}
}

// example is what the operator writes about somebody, before a wave and after it.
type example struct{ before, after *v1alpha1.UserStatus }

// wave is a number of people who get somewhere.
type wave struct {
	task
	course
	namespace string
	owned     int
	portal    string
	example   example
	// there are the versions of people who are there before, by their number, and from that of everything then.
	there []version
	from  string
	// links are the paths of people's invitations, by mail address.
	links map[string]string
	// ledger is the seconds until all seats were on slices, where somebody writes them.
	ledger float64
}

// crowd is how many people there are in all, those before the first left out.
func (w *wave) crowd() int {
	if w.beside == nil {
		return w.people
	}
	return w.people + w.beside(w.people)
}

// each does something for everybody who has a part in the wave.
func (w *wave) each(ctx context.Context, do func(ctx context.Context, i int) error) error {
	return each(ctx, w.people, func(ctx context.Context, n int) error { return do(ctx, w.first+n) })
}

// look is what is written about somebody.
func (w *wave) look(ctx context.Context, c *wire, i int) (*v1alpha1.UserStatus, error) {
	var u v1alpha1.User
	err := c.send(ctx, http.MethodGet, userPath(w.namespace, personName(i)), "", nil, &u)
	return &u.Status, err
}

// run has people get where they are wanted, and waits until all of them are seen to be.
func (w *wave) run(ctx context.Context, c *wire, processes map[string]int) (first, last sample, err error) {
	if first, err = take(processes); err != nil {
		return first, last, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return await(ctx, c, w.namespace, w.from, w.people, w.wanted) })
	group.Go(func() error { return w.start(ctx, c, w) })
	if err := group.Wait(); err != nil {
		return first, last, err
	}
	last, err = take(processes)
	return first, last, err
}

func startInvite(ctx context.Context, c *wire, w *wave) error {
	return each(ctx, w.people, func(ctx context.Context, i int) error {
		if w.way != wayRaw {
			return create(ctx, c, w.namespace, i, nil)
		}
		var created version
		if err := create(ctx, c, w.namespace, i, &created); err != nil {
			return err
		}
		return invite(ctx, c, w.namespace, i, created, w.example.after, nil)
	})
}

// assemble creates people who wait until there are seats, and have been told so.
func assemble(ctx context.Context, p *plane, _ staff, w *wave) error {
	if err := w.createAll(ctx, p.wire, w.people, waiting); err != nil {
		return err
	}
	return w.found(ctx, p.wire)
}

// createAll creates so many people, and waits until the operator has them be as is wanted. Where there is none, it writes what is said of
// each before the wave.
func (w *wave) createAll(ctx context.Context, c *wire, people int, wanted func(change) bool) error {
	w.there = make([]version, people)
	err := each(ctx, people, func(ctx context.Context, i int) error {
		if err := create(ctx, c, w.namespace, i, &w.there[i]); err != nil || w.way == wayOperator {
			return err
		}
		return invite(ctx, c, w.namespace, i, w.there[i], w.example.before, &w.there[i])
	})
	if err != nil || w.way != wayOperator {
		return err
	}
	return await(ctx, c, w.namespace, "", people, wanted)
}

// found notes how people are before the wave, and from where on they are watched.
func (w *wave) found(ctx context.Context, c *wire) (err error) {
	if w.way == wayOperator {
		if w.example.before, err = w.look(ctx, c, w.first); err != nil {
			return err
		}
	}
	w.from, err = present(ctx, c, w.namespace)
	return err
}

func startGrant(ctx context.Context, c *wire, w *wave) error {
	scale := fmt.Appendf(nil, `{"spec":{"seats":%d}}`, w.people)
	begun := time.Now()
	err := c.send(ctx, http.MethodPatch, path(w.namespace, "seatpools")+"/"+pool, typeMergePatch, scale, nil)
	if err != nil || w.way == wayMinimal { // it keeps none
		return err
	}
	if w.way == wayOperator {
		err = awaitLedger(ctx, c, w.namespace, w.from, w.people)
		w.ledger = time.Since(begun).Seconds()
		return err
	}
	if err := w.keep(ctx, c, w.people); err != nil {
		return err
	}
	w.ledger = time.Since(begun).Seconds()
	return each(ctx, w.people, func(ctx context.Context, i int) error {
		return invite(ctx, c, w.namespace, i, w.there[i], w.example.after, nil)
	})
}

// keep writes the ledger of so many seats.
func (w *wave) keep(ctx context.Context, c *wire, seats int) error {
	slices := ledger(w.namespace, seats)
	return each(ctx, len(slices), func(ctx context.Context, i int) error {
		return post(ctx, c, path(w.namespace, "seatslices"), slices[i], nil)
	})
}

// settle has everybody invited, or as the operator leaves those who have accepted.
func (w *wave) settle(ctx context.Context, p *plane, accepted bool) (err error) {
	c, n := p.wire, w.first+w.crowd()
	err = w.createAll(ctx, c, n, invited)
	if err == nil && w.way == wayOperator && accepted {
		err = acceptAll(ctx, c, w.namespace, n)
	}
	if err != nil {
		return err
	}
	return w.found(ctx, c)
}

// acceptAll accepts for everybody, without the pages, and waits until the operator has seen to that.
func acceptAll(ctx context.Context, c *wire, namespace string, n int) error {
	if err := each(ctx, n, func(ctx context.Context, i int) error { return accept(ctx, c, namespace, i, version{}, nil) }); err != nil {
		return err
	}
	return await(ctx, c, namespace, "", n, active)
}

// accept writes what the page does for somebody who accepts.
func accept(ctx context.Context, c *wire, namespace string, i int, v version, into any) error {
	metadata := ""
	if at := v.Metadata.ResourceVersion; at != "" {
		metadata = fmt.Sprintf(`"metadata":{"resourceVersion":%q},`, at)
	}
	patch := fmt.Appendf(nil, `{%s"status":{"acceptedAt":%q}}`, metadata, time.Now().UTC().Format(time.RFC3339))
	return c.send(ctx, http.MethodPatch, userPath(namespace, personName(i))+"/status", typeMergePatch, patch, into)
}

func prepareActive(ctx context.Context, p *plane, _ staff, w *wave) error {
	return w.settle(ctx, p, true)
}
