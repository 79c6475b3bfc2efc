// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package overview_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/overview"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// company is an organization of objects, in the order in which they are given.
func company(objects ...client.Object) *overview.Company {
	l := overview.Lists{Organization: build.Organization("acme").In("acme").Owner("marie").Obj()}
	for _, o := range objects {
		switch o := o.(type) {
		case *v1alpha1.Organization:
			l.Organization = o
		case *v1alpha1.User:
			l.Users = append(l.Users, *o)
		case *v1alpha1.Role:
			l.Roles = append(l.Roles, *o)
		case *v1alpha1.Team:
			l.Teams = append(l.Teams, *o)
		case *v1alpha1.SeatPool:
			l.Pools = append(l.Pools, *o)
		case *v1alpha1.ArchivedUser:
			l.Archived = append(l.Archived, *o)
		}
	}
	return overview.New(l)
}

// ready is an object with the condition Ready: stalled says that somebody has to act where it is False.
func ready[T v1alpha1.Conditioned](o T, status bool, reason string, stalled bool) T {
	verdict.Set(o, v1alpha1.ConditionReady, status, reason, "why "+o.GetName(), now)
	if stalled {
		verdict.Set(o, v1alpha1.ConditionStalled, true, reason, "why "+o.GetName(), now)
	}
	return o
}

func user(name string) *build.UserBuilder { return build.User(name).In("acme", "acme") }

// record is who left; until is set for who is parked.
func record(name string, until, ended time.Time) *v1alpha1.ArchivedUser {
	a := &v1alpha1.ArchivedUser{ObjectMeta: metav1.ObjectMeta{Name: "record-of-" + name}}
	a.Record.User, a.Record.Spec.Email, a.Record.AcceptedAt = name, name+"@acme.example", ptr.To(metav1.NewTime(now))
	if !until.IsZero() {
		a.Record.Parked.Until = metav1.NewTime(until)
		a.Record.Parked.Status.Roles = []string{"commercial"}
	}
	if !ended.IsZero() {
		a.Record.Parked.EndedAt = ptr.To(metav1.NewTime(ended))
	}
	return a
}

func TestPeopleAreCountedOnce(t *testing.T) {
	t.Parallel()
	c := company(
		ready(user("a").AcceptedAt(now).Obj(), true, v1alpha1.ReasonActive, false),
		ready(user("b").AcceptedAt(now).Obj(), true, v1alpha1.ReasonActive, false),
		ready(user("c").Obj(), true, v1alpha1.ReasonArchived, false),
		ready(user("d").AcceptedAt(now).Obj(), false, v1alpha1.ReasonAwaitingSeat, true), // active thanks to another pool
		ready(user("e").Obj(), true, v1alpha1.ReasonSuspended, false),
		ready(user("f").AcceptedAt(now).Revoked(now).Obj(), false, v1alpha1.ReasonArchiving, false),
		user("g").Obj(),
		ready(user("h").Obj(), true, v1alpha1.ReasonInvited, false),
		record("i", time.Time{}, time.Time{}),
		record("j", now, time.Time{}),
		record("k", now, now),
	)
	r := c.Report()
	want := []overview.State{
		{State: "Active", People: 2},
		{State: "Invited", People: 1},
		{State: "Archiving", People: 2},
		{State: "AwaitingSeat", People: 1},
		{State: "Pending", People: 1},
		{State: "Suspended", People: 1},
		{State: "Parked", People: 1},
		{State: "Archived", People: 2},
	}
	if diff := cmp.Diff(want, r.People); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if r.Access != 5 { // a, b, d, j, and k as long as nobody has taken it back
		t.Errorf("%d have access", r.Access)
	}
}

func TestWaitingBeginsWithWhatSomebodyHasToDo(t *testing.T) {
	t.Parallel()
	ordering := ready(build.SeatPool("ordering").Obj(), false, v1alpha1.ReasonOrderPending, true)
	ordering.Status.PendingOrder = &v1alpha1.PendingOrder{Generation: 2, Delta: 3}
	c := company(
		ready(user("zoe").Obj(), false, v1alpha1.ReasonAwaitingSeat, true),
		ready(user("ada").Obj(), false, v1alpha1.ReasonProvisioning, false),
		ready(user("bob").Obj(), true, v1alpha1.ReasonActive, false),
		ready(user("cleo").Obj(), false, v1alpha1.ReasonDeclined, true),
		ready(build.Role("support").Obj(), false, v1alpha1.ReasonRoleCycle, true),
		ready(build.Team("sales").Obj(), true, v1alpha1.ReasonReady, false),
		ready(build.Organization("acme").Owner("marie").Obj(), false, v1alpha1.ReasonOwnerNotFound, true),
		ordering,
	)
	r := c.Report()
	var got []string
	for _, w := range r.Waiting {
		got = append(got, w.Kind+"/"+w.Name+" "+w.State)
	}
	want := []string{
		"Organization/acme OwnerNotFound", "Role/support RoleCycle", "User/cleo Declined", "User/zoe AwaitingSeat", "User/ada Provisioning",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if len(r.Orders) != 1 || r.Orders[0].Pool != "ordering" || r.Orders[0].Delta != 3 {
		t.Errorf("the orders are %v", r.Orders)
	}
	if r.Ready.Status != metav1.ConditionFalse || r.Ready.Message != "why acme" {
		t.Errorf("the organization is %v", r.Ready)
	}
}

func TestCostsAreSummedByCurrency(t *testing.T) {
	t.Parallel()
	pool := func(name, gross, currency string) *v1alpha1.SeatPool {
		p := build.SeatPool(name).Obj()
		p.Status.Cost = &v1alpha1.SeatPoolCost{Amounts: v1alpha1.Amounts{Net: gross, Tax: "0.00", Gross: gross, Currency: currency, Period: v1alpha1.PeriodMonth}}
		return p
	}
	r := company(pool("a", "10.10", "EUR"), pool("b", "0.20", "EUR"), pool("c", "7", "JPY"), build.SeatPool("free").Obj()).Report()
	want := []v1alpha1.Amounts{
		{Net: "10.30", Tax: "0.00", Gross: "10.30", Currency: "EUR", Period: v1alpha1.PeriodMonth},
		{Net: "7", Tax: "0", Gross: "7", Currency: "JPY", Period: v1alpha1.PeriodMonth},
	}
	if diff := cmp.Diff(want, r.Costs); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	c := company(
		build.Team("sales").Parent("company").Roles("commercial").Members("jean").Lead("zoe").Obj(),
		build.Team("company").Members("gone").Obj(),
		build.Team("field").Parent("sales").Obj(),
		build.Team("lost").Parent("nowhere").Obj(),
		build.Team("x").Parent("y").Obj(), build.Team("y").Parent("x").Obj(),
		user("jean").Holds("commercial").Obj(), user("zoe").Obj(), user("alone").Obj(), user("left").State(v1alpha1.UserArchived).Obj(),
	)
	want := overview.Tree{
		Organization: "acme",
		Teams: []overview.Branch{
			{Name: "company", Members: []overview.Member{{User: "gone", Role: "Member"}}, Teams: []overview.Branch{
				{
					Name: "sales", Roles: []string{"commercial"},
					Members: []overview.Member{{User: "zoe", Role: "Lead", State: "Pending"}, {User: "jean", Role: "Member", State: "Pending", Roles: []string{"commercial"}}},
					Teams:   []overview.Branch{{Name: "field"}},
				},
			}},
			{Name: "lost", Problem: "team lost names the parent nowhere, which is not there"},
			{Name: "x", Problem: "the teams above it lead back to where they began: x, below y, below x"},
			{Name: "y", Problem: "the teams above it lead back to where they began: y, below x, below y"},
		},
		Teamless: []overview.Member{{User: "alone", State: "Pending"}},
	}
	if diff := cmp.Diff(want, c.Tree(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestHolders(t *testing.T) {
	t.Parallel()
	gone := build.Role("gone").Includes("support").Obj()
	gone.DeletionTimestamp = ptr.To(metav1.NewTime(now))
	c := company(
		build.Role("support").Permissions("tickets.*").Obj(),
		build.Role("commercial").Includes("support").Permissions("crm.read").Obj(),
		build.Role("admin").Permissions("*").Obj(), gone,
		build.Team("sales").Roles("commercial").Members("jean").Obj(),
		user("jean").Holds("commercial").AcceptedAt(now).Obj(),
		user("zoe").Roles("support").Holds("support").Obj(),
		user("marie").Roles("admin").Holds("admin", "commercial").AcceptedAt(now).Obj(),
		user("waits").Roles("commercial").Obj(),
		record("parked", now, time.Time{}),
	)
	for _, step := range []struct {
		why   string
		roles []string
		want  []string
	}{
		{"those that include it give a role, too", c.GivingRole("support"), []string{"commercial", "support"}},
		{"what is wider covers a permission", c.GivingPermission("tickets.close"), []string{"admin", "commercial", "support"}},
		{"what is narrower does not", c.GivingPermission("crm.*"), []string{"admin"}},
		{"nobody gives what there is not", c.GivingRole("nobody"), nil},
	} {
		if diff := cmp.Diff(step.want, step.roles); diff != "" {
			t.Errorf("%s; want -, got +:\n%s", step.why, diff)
		}
	}
	want := []overview.Holder{
		{User: "jean", Email: "jean@acme.example", State: "Pending", Access: true, Roles: []overview.Given{{"commercial", "team sales"}}},
		{User: "marie", Email: "marie@acme.example", State: "Pending", Access: true, Roles: []overview.Given{{"commercial", ""}}},
		{User: "parked", Email: "parked@acme.example", State: "Parked", Record: "record-of-parked", Access: true, Roles: []overview.Given{{"commercial", ""}}},
		{User: "zoe", Email: "zoe@acme.example", State: "Pending", Roles: []overview.Given{{"support", "spec.roles"}}},
	}
	if diff := cmp.Diff(want, c.Holders(c.GivingRole("support"), now)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// TestWhoIsTakenOverIsOnePerson checks that a record is not counted beside the User who is the person: neither the one whom it is of,
// nor the one who has taken over, while the record waits to be cleared away.
func TestWhoIsTakenOverIsOnePerson(t *testing.T) {
	t.Parallel()
	heir := user("jean").UID("new").AcceptedAt(now).Holds("commercial").Obj()
	heir.Status.AccountUID = "old"
	waits := user("zoe").UID("z2").Obj()
	taken, own, other := record("jean", now.Add(time.Hour), time.Time{}), record("max", now.Add(time.Hour), time.Time{}), record("zoe", now.Add(time.Hour), time.Time{})
	taken.Record.UID, taken.Record.Parked.Heir = "old", v1alpha1.Heir{User: "jean", UID: "new"}
	own.Record.UID = "m"
	other.Record.UID, other.Record.Parked.Heir = "z1", v1alpha1.Heir{User: "zoe", UID: "z2"}
	c := company(build.Role("commercial").Permissions("crm.*").Obj(), heir, user("max").UID("m").AcceptedAt(now).Holds("commercial").Obj(), waits, taken, own, other)
	if r := c.Report(); r.Access != 3 {
		t.Errorf("%d people have access, want jean, max, and zoe by her record; by state: %v", r.Access, r.People)
	}
	var names []string
	for _, h := range c.Holders([]string{"commercial"}, now) {
		names = append(names, h.User+h.Record)
	}
	if diff := cmp.Diff([]string{"jean", "max", "zoerecord-of-zoe"}, names); diff != "" {
		t.Errorf("who holds the role; want -, got +:\n%s", diff)
	}
}
