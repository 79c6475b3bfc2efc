// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package figures tells Prometheus what the status of Organizations and SeatPools says, of which every replica says the same, and counts
// what becomes of people, where that is written.
package figures

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

var (
	ofOrganization = []string{"namespace", "organization"}
	ofPool         = []string{"namespace", "organization", "pool"}

	users    = prometheus.NewDesc("seatkeeper_users", "Users of an organization, by what they are.", append(ofOrganization, "state"), nil)
	held     = prometheus.NewDesc("seatkeeper_removals_held", "Removals that wait for approval.", ofOrganization, nil)
	accounts = prometheus.NewDesc("seatkeeper_directory_accounts", "Accounts in the directory of an organization.", ofOrganization, nil)
	unknown  = prometheus.NewDesc("seatkeeper_directory_unknown_accounts", "Those of them that are nobody's.", ofOrganization, nil)
	drifted  = prometheus.NewDesc("seatkeeper_directory_drifted_accounts", "Those of them that are otherwise than they are to be.", ofOrganization, nil)
	capacity = prometheus.NewDesc("seatkeeper_seats_capacity", "Seats of a pool.", ofPool, nil)
	assigned = prometheus.NewDesc("seatkeeper_seats_assigned", "Seats of a pool that somebody holds.", ofPool, nil)
	waiting  = prometheus.NewDesc("seatkeeper_seats_waiting", "Users who wait for a seat of a pool.", ofPool, nil)
)

// Collector reads them from the cache.
type Collector struct{ Cache client.Reader }

// Describe implements prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{users, held, accounts, unknown, drifted, capacity, assigned, waiting} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. What is not known yet is left out: the cache is local, and lacks something only until it is
// filled, which is not to keep other metrics from being told.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	const patience = time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var organizations v1alpha1.OrganizationList
	if c.Cache.List(ctx, &organizations, loop.Lagging{}) != nil {
		return
	}
	for i := range organizations.Items {
		organization(ch, &organizations.Items[i])
	}
	var pools v1alpha1.SeatPoolList
	if c.Cache.List(ctx, &pools, loop.Lagging{}) != nil {
		return
	}
	for i := range pools.Items {
		p := &pools.Items[i]
		of := []string{p.Namespace, p.Spec.Organization, p.Name}
		tell(ch, capacity, p.Status.Capacity, of...)
		tell(ch, assigned, p.Status.Assigned, of...)
		tell(ch, waiting, p.Status.Waiting, of...)
	}
}

func organization(ch chan<- prometheus.Metric, o *v1alpha1.Organization) {
	of, st := []string{o.Namespace, o.Name}, &o.Status
	for state, n := range map[string]*int32{"active": st.Active, "invited": st.Invited, "waiting": st.Waiting, "archived": st.Archived} {
		tell(ch, users, n, append(of[:2:2], state)...)
	}
	if o.Spec.Protection != (v1alpha1.ProtectionPolicy{}) {
		tell(ch, held, &st.Removals.HeldCount, of...)
	}
	tell(ch, accounts, st.Directory.Accounts, of...)
	tell(ch, unknown, st.Directory.Unknown, of...)
	tell(ch, drifted, st.Directory.Drifted, of...)
}

func tell(ch chan<- prometheus.Metric, what *prometheus.Desc, n *int32, labels ...string) {
	if n != nil {
		ch <- prometheus.MustNewConstMetric(what, prometheus.GaugeValue, float64(*n), labels...)
	}
}
