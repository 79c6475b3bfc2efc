// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package figures

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Course counts what becomes of people: their invitations, and what they leave to others. It goes by what was written, so that nothing
// counts twice, however many passes see it. Nothing is counted by a nil Course.
type Course struct {
	invitations, objects *prometheus.CounterVec
	wait, acceptance     *prometheus.HistogramVec
}

// NewCourse makes one, which is to be registered.
func NewCourse() *Course {
	const (
		minute = 60.
		hour   = 60 * minute
		day    = 24 * hour
	)
	return &Course{
		invitations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "seatkeeper_invitations_total", Help: "Invitations, by what happened to them.",
		}, append(ofOrganization, "event")),
		wait: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "seatkeeper_invitation_wait_seconds", Help: "How long it took from the creation of a User until the first invitation was sent.",
			Buckets: []float64{1, 3, 10, 30, 100, 300, 1000, hour, 6 * hour, day, 7 * day},
		}, ofOrganization),
		acceptance: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "seatkeeper_invitation_acceptance_seconds", Help: "How long it took from the sending of an invitation until it was accepted.",
			Buckets: []float64{minute, 10 * minute, hour, 4 * hour, 12 * hour, day, 3 * day, 7 * day, 14 * day, 30 * day},
		}, ofOrganization),
		objects: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "seatkeeper_handover_objects_total", Help: "Objects of people who left, by what became of them.",
		}, append(ofOrganization, "outcome")),
	}
}

func (c *Course) all() []prometheus.Collector {
	return []prometheus.Collector{c.invitations, c.wait, c.acceptance, c.objects}
}

// Describe implements prometheus.Collector.
func (c *Course) Describe(ch chan<- *prometheus.Desc) {
	for _, one := range c.all() {
		one.Describe(ch)
	}
}

// Collect implements prometheus.Collector.
func (c *Course) Collect(ch chan<- prometheus.Metric) {
	for _, one := range c.all() {
		one.Collect(ch)
	}
}

// Wrote counts what happened to a User's invitation, when the operator has written after over before.
func (c *Course) Wrote(before, after *v1alpha1.User) {
	inv, was := after.Status.Invitation, before.Status.Invitation
	if c == nil || inv == nil {
		return
	}
	if was == nil || was.Sequence != inv.Sequence {
		was = &v1alpha1.InvitationStatus{}
	}
	of := []string{after.Namespace, after.Spec.Organization}
	if inv.SentAt != nil && was.SentAt == nil {
		c.happened("sent", of)
		if inv.Sequence == 1 {
			c.wait.WithLabelValues(of...).Observe(max(0, inv.SentAt.Sub(after.CreationTimestamp.Time).Seconds())) // by two clocks
		}
	}
	if inv.SentAt != nil && inv.ExpiredAt != nil && was.ExpiredAt == nil {
		c.happened("expired", of)
	}
	c.answered(before, after, of)
}

// answered counts what the person said.
func (c *Course) answered(before, after *v1alpha1.User, of []string) {
	if became(before, after, v1alpha1.ConditionInvited, v1alpha1.ReasonDeclined) {
		c.happened("declined", of)
	}
	if !accepts(before, after) {
		return
	}
	c.happened("accepted", of)
	if sent := after.Status.Invitation.SentAt; sent != nil {
		c.acceptance.WithLabelValues(of...).Observe(after.Status.AcceptedAt.Sub(sent.Time).Seconds())
	}
}

func (c *Course) happened(event string, of []string) {
	c.invitations.WithLabelValues(append(of[:len(of):len(of)], event)...).Inc()
}

// accepts says that the operator takes up a yes that the invitation page has written. Who comes back has accepted before, by what the
// operator itself writes.
func accepts(before, after *v1alpha1.User) bool {
	return before.Status.AcceptedAt != nil && after.Status.AcceptedAt != nil && became(before, after, v1alpha1.ConditionAccepted, v1alpha1.ReasonAccepted)
}

// became says that a condition has another reason than before, which is this one.
func became(before, after *v1alpha1.User, condition, reason string) bool {
	was := meta.FindStatusCondition(before.Status.Conditions, condition)
	is := meta.FindStatusCondition(after.Status.Conditions, condition)
	return is != nil && is.Reason == reason && (was == nil || was.Reason != reason)
}

// HandedOver counts objects of somebody who left, once that is on record: those that changed hands, and those that cannot at present.
func (c *Course) HandedOver(of *v1alpha1.User, moved, left int) {
	if c == nil {
		return
	}
	for outcome, n := range map[string]int{"moved": moved, "left": left} {
		if n > 0 {
			c.objects.WithLabelValues(of.Namespace, of.Spec.Organization, outcome).Add(float64(n))
		}
	}
}
