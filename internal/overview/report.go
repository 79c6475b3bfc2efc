// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/pricing"
)

// States of people that no condition has.
const (
	// StatePending is somebody whom the operator has not looked at yet.
	StatePending = "Pending"
	// StateParked is somebody whose User is gone by a deletion that was rejected, and who keeps everything for now.
	StateParked = "Parked"
)

// Report is what an organization is like at a moment.
type Report struct {
	Organization string `json:"organization"`
	Namespace    string `json:"namespace"`
	DisplayName  string `json:"displayName,omitempty"`
	Owner        string `json:"owner"`
	Ready        Ready  `json:"ready"`
	// Access is the number of people who have accepted and have access.
	Access int `json:"access"`
	// People are counted by state, and nobody twice.
	People []State `json:"people"`
	Pools  []Pool  `json:"pools"`
	// Costs are what all pools cost with tax: one sum for each currency and period.
	Costs []v1alpha1.Amounts `json:"costs"`
	// Waiting is what is not ready: first where somebody has to act, then what goes on by itself.
	Waiting  []Waiting `json:"waiting"`
	Removals *Removals `json:"removals,omitempty"`
	Orders   []Order   `json:"orders"`
}

// Ready is the condition of that name.
type Ready struct {
	Status  metav1.ConditionStatus `json:"status"`
	Reason  string                 `json:"reason,omitempty"`
	Message string                 `json:"message,omitempty"`
}

// State is how many people are in it: the reason of the condition Ready.
type State struct {
	State  string `json:"state"`
	People int    `json:"people"`
}

// Pool is how the seats of a pool are used, and what they cost (rule AC-12).
type Pool struct {
	Name string `json:"name"`
	// DisplayName is what people call it; empty when it has no other name.
	DisplayName string `json:"displayName,omitempty"`

	Plan      string                 `json:"plan,omitempty"`
	Capacity  int32                  `json:"capacity"`
	Assigned  int32                  `json:"assigned"`
	Available int32                  `json:"available"`
	Waiting   int32                  `json:"waiting"`
	Queue     []string               `json:"queue,omitempty"`
	Cost      *v1alpha1.SeatPoolCost `json:"cost,omitempty"`
	ExpiresAt *metav1.Time           `json:"expiresAt,omitempty"`
	// Metered says that the capacity follows demand.
	Metered bool `json:"metered,omitempty"`
}

// Waiting is an object that is not ready.
type Waiting struct {
	Kind    string       `json:"kind"`
	Name    string       `json:"name"`
	State   string       `json:"state"`
	Message string       `json:"message"`
	Since   *metav1.Time `json:"since,omitempty"`
	// Stalled says that somebody has to act.
	Stalled bool `json:"stalled"`
}

// Removals are those that are held until somebody approves them (rule AC-18).
type Removals struct {
	Count int32                  `json:"count"`
	Token string                 `json:"token"`
	Held  []v1alpha1.HeldRemoval `json:"held"`
}

// Order is one that waits for approval (rule AC-11).
type Order struct {
	Pool                  string `json:"pool"`
	v1alpha1.PendingOrder `json:",inline"`
}

// Report says what the organization is like.
func (c *Company) Report() Report {
	org := c.lists.Organization
	ready := readiness(org)
	r := Report{
		Organization: org.Name, Namespace: org.Namespace, DisplayName: org.Spec.DisplayName, Owner: org.Spec.Owner, Ready: ready,
		People: c.people(), Pools: []Pool{}, Costs: []v1alpha1.Amounts{}, Waiting: c.waiting(), Orders: []Order{},
	}
	for i := range c.lists.Users {
		if access.Active(&c.lists.Users[i]) {
			r.Access++
		}
	}
	for i := range c.lists.Archived {
		if a := &c.lists.Archived[i]; a.Parked() && a.Record.AcceptedAt != nil && a.Record.Parked.Status.AccessRevokedAt == nil {
			r.Access++
		}
	}
	for i := range c.lists.Pools {
		p := &c.lists.Pools[i]
		r.Pools = append(r.Pools, pool(p))
		if p.Status.Cost != nil {
			r.Costs = append(r.Costs, p.Status.Cost.Amounts)
		}
		if o := p.Status.PendingOrder; o != nil {
			r.Orders = append(r.Orders, Order{p.Name, *o})
		}
	}
	r.Costs = pricing.Sum(r.Costs)
	if held := org.Status.Removals; held.HeldCount > 0 {
		r.Removals = &Removals{Count: held.HeldCount, Token: held.Token, Held: held.Held}
	}
	return r
}

func pool(p *v1alpha1.SeatPool) Pool {
	st := &p.Status
	return Pool{
		Name: p.Name, DisplayName: p.Spec.DisplayName, Plan: p.Spec.Plan, Capacity: ptr.Deref(st.Capacity, 0), Assigned: ptr.Deref(st.Assigned, 0),
		Available: ptr.Deref(st.Available, 0), Waiting: ptr.Deref(st.Waiting, 0), Queue: st.Queue, Cost: st.Cost,
		ExpiresAt: p.Spec.ExpiresAt, Metered: pricing.Metered(&p.Spec),
	}
}

// first and last are the states that people are listed by, before and after all others.
var (
	first = []string{v1alpha1.ReasonActive, v1alpha1.ReasonInvited}
	last  = []string{v1alpha1.ReasonNoRoles, v1alpha1.ReasonSuspended, StateParked, v1alpha1.ReasonArchived}
)

// people counts the people by state.
func (c *Company) people() []State {
	counts := map[string]int{}
	for i := range c.lists.Users {
		counts[StateOf(&c.lists.Users[i])]++
	}
	for i := range c.lists.Archived {
		counts[stateOfRecord(&c.lists.Archived[i])]++
	}
	states := make([]State, 0, len(counts))
	for state, n := range counts {
		states = append(states, State{state, n})
	}
	slices.SortFunc(states, func(a, b State) int {
		return cmp.Or(cmp.Compare(place(a.State), place(b.State)), cmp.Compare(a.State, b.State))
	})
	return states
}

// place is where a state is listed; 0 among all those in the middle.
func place(state string) int {
	if at := slices.Index(first, state); at >= 0 {
		return at - len(first)
	}
	return slices.Index(last, state) + 1
}

// StateOf is what the column STATE of a User says: the reason of Ready.
func StateOf(u *v1alpha1.User) string {
	if c := meta.FindStatusCondition(u.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		return c.Reason
	}
	return StatePending
}

func stateOfRecord(a *v1alpha1.ArchivedUser) string {
	switch {
	case a.Ended():
		return v1alpha1.ReasonArchiving
	case a.Parked():
		return StateParked
	}
	return v1alpha1.ReasonArchived
}

func readiness(o v1alpha1.Conditioned) Ready {
	conditions, _ := o.StatusConditions()
	c := meta.FindStatusCondition(*conditions, v1alpha1.ConditionReady)
	if c == nil {
		return Ready{Status: metav1.ConditionUnknown, Reason: StatePending, Message: "the operator has not looked at it yet: is it running, and for this namespace?"}
	}
	return Ready{c.Status, c.Reason, c.Message}
}

// waiting is what is not ready. An order that waits is told apart.
func (c *Company) waiting() []Waiting {
	all := []Waiting{}
	add := func(kind string, o v1alpha1.Conditioned) {
		if w := wait(kind, o); w != nil {
			all = append(all, *w)
		}
	}
	add("Organization", c.lists.Organization)
	for i := range c.lists.Pools {
		if p := &c.lists.Pools[i]; p.Status.PendingOrder == nil {
			add("SeatPool", p)
		}
	}
	for i := range c.lists.Roles {
		add("Role", &c.lists.Roles[i])
	}
	for i := range c.lists.Teams {
		add("Team", &c.lists.Teams[i])
	}
	for i := range c.lists.Users {
		add("User", &c.lists.Users[i])
	}
	slices.SortStableFunc(all, func(a, b Waiting) int { return cmp.Compare(rank(&a), rank(&b)) })
	return all
}

// rank has those first where somebody has to act, and of these what is not about one person.
func rank(w *Waiting) int {
	at := 0
	if !w.Stalled {
		at += 2
	}
	if w.Kind == "User" {
		at++
	}
	return at
}

// wait is an object that is not ready; nil for one that is.
func wait(kind string, o v1alpha1.Conditioned) *Waiting {
	conditions, _ := o.StatusConditions()
	c := meta.FindStatusCondition(*conditions, v1alpha1.ConditionReady)
	if c == nil {
		r := readiness(o)
		return &Waiting{Kind: kind, Name: o.GetName(), State: r.Reason, Message: r.Message, Since: ptr.To(o.GetCreationTimestamp())}
	}
	if c.Status == metav1.ConditionTrue {
		return nil
	}
	stalled := meta.IsStatusConditionTrue(*conditions, v1alpha1.ConditionStalled)
	return &Waiting{Kind: kind, Name: o.GetName(), State: c.Reason, Message: c.Message, Since: &c.LastTransitionTime, Stalled: stalled}
}
