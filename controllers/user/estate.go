// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/roster"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// next decides what is to be done, with what is known of what the user owns. While that is being looked for, the pass ends in
// silence: the outbox wakes the user.
func (r *Reconciler) next(ctx context.Context, s *snapshot) (membership.Decision, error) {
	s.Strays = r.strays.of(s.key, s.User.UID)
	d := membership.Next(s.Situation)
	if d.Task != nil {
		if s.Report = r.Estate.Do(s.key, client.ObjectKeyFromObject(s.Organization), d.Task); s.Report == nil {
			r.depart(s, false) // there may be more than was known
			return d, nil
		}
		if s.Report.Failure != "" { // its words may be others at each try, so they are not for the status
			log.FromContext(ctx).Info("what a user owns cannot be reached", "failure", s.Report.Failure)
		}
		d = membership.Next(s.Situation)
	}
	if err := s.people().err; err != nil {
		return d, err
	}
	if !d.Later {
		r.strays.forget(s.key)
	}
	r.depart(s, d.AwaitsSeats)
	if !d.Later || d.Verdict.Kind != verdict.Stuck || s.User.DeletionTimestamp.IsZero() {
		return d, nil
	}
	going, err := r.going(ctx, s.User.Namespace)
	if err != nil || !going {
		return d, err
	}
	log.FromContext(ctx).Info("what a user owns is not handed over, since the namespace goes", "reason", d.Verdict.Reason)
	s.Spared = true
	return membership.Next(s.Situation), nil
}

// depart tells the pools whether somebody owns nothing any more, before that is on record. Who is on a record is none of theirs.
func (r *Reconciler) depart(s *snapshot, ownsNothing bool) {
	switch {
	case s.record != nil:
	case ownsNothing:
		r.Departed.Note(s.User)
	default:
		r.Departed.Forget(s.key)
	}
}

// going says that a namespace goes with all that is in it. Namespaces are not in the cache.
func (r *Reconciler) going(ctx context.Context, name string) (bool, error) {
	var namespace corev1.Namespace
	switch err := r.Live.Get(ctx, types.NamespacedName{Name: name}, &namespace); {
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("looking for the namespace: %w", err)
	}
	return !namespace.DeletionTimestamp.IsZero(), nil
}

// people are those who may take over from a user.
type people struct {
	*roster.Roster
	*Reconciler

	ctx context.Context
	of  *v1alpha1.User
	err error
}

func (s *snapshot) people() *people { return s.People.(*people) }

// User implements handover.People.
func (p *people) User(name string) *v1alpha1.User {
	var u v1alpha1.User
	found, err := p.find(p.ctx, p.of.Namespace, name, &u)
	if err != nil && p.err == nil {
		p.err = err
	}
	if !found || u.Spec.Organization != p.of.Spec.Organization {
		return nil
	}
	return &u
}

// Members implements handover.People.
func (p *people) Members() []*v1alpha1.User {
	users, err := index.Find[v1alpha1.User](p.Shelf, p.of.Namespace, index.Organization, p.of.Spec.Organization)
	if err != nil && p.err == nil {
		p.err = err
	}
	return users
}
