// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/seats"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/contract"
)

// colleagues are the users of an organization, who may take over.
type colleagues struct {
	*build.Sources

	users []*v1alpha1.User
}

func (c *colleagues) User(name string) *v1alpha1.User {
	for _, u := range c.users {
		if u.Name == name {
			return u
		}
	}
	return nil
}

func (c *colleagues) Members() []*v1alpha1.User { return c.users }

// ownedBy is a rule of ownership for objects of a kind.
func ownedBy(kind string, action v1alpha1.OwnershipAction, sources ...v1alpha1.SuccessorSource) v1alpha1.OwnershipRule {
	if len(sources) == 0 {
		sources = []v1alpha1.SuccessorSource{v1alpha1.SuccessorNamed, v1alpha1.SuccessorManager}
	}
	return v1alpha1.OwnershipRule{
		Name: kind, OwnerField: "spec.owner", OnArchive: action, Successor: sources,
		Resource: v1alpha1.OwnedResource{Group: "crm.example.com", Version: "v1", Resource: kind},
	}
}

const (
	reassign = v1alpha1.OwnershipReassign
	block    = v1alpha1.OwnershipBlock
	retain   = v1alpha1.OwnershipRetain
)

// leaver starts a user with access who is archived.
func leaver() *build.UserBuilder {
	return jean().State(v1alpha1.UserArchived).Generation(2).Invited(1, expiry).AcceptedAt(since).Holds("standard").Seats("standard").
		Known("jean@acme.example")
}

// departure is how one user leaves: the User as stored, the people and the rules, and the passes of the operator.
type departure struct {
	rapid.TB
	now      time.Time
	org      *v1alpha1.Organization
	people   *colleagues
	user     *v1alpha1.User
	seats    []membership.Seat
	spared   bool
	recorded bool
	// report is what was found last, until its outcome is recorded. writes counts those of the status.
	report *handover.Report
	writes int
}

func departing(t rapid.TB, u *v1alpha1.User, rules []v1alpha1.OwnershipRule, others ...*v1alpha1.User) *departure {
	org := build.Organization("acme").In("acme").Owner("ada").Ownership(rules...).Obj()
	return &departure{
		TB: t, now: now, org: org, user: u,
		people: &colleagues{build.Source(org), append(others, u)}, seats: []membership.Seat{{Pool: "standard", Since: since}},
	}
}

func colleague(name string) *build.UserBuilder {
	return build.User(name).In("acme", "acme").AcceptedAt(since)
}

func (l *departure) situation() membership.Situation {
	for i, u := range l.people.users {
		if u.Name == l.user.Name {
			l.people.users[i] = l.user
		}
	}
	s := situation(l.user)
	s.Organization, s.Now, s.Seats, s.People, s.Report, s.Spared, s.Recorded = l.org, l.now, l.seats, l.people, l.report, l.spared, l.recorded
	s.Roles = access.Of(l.user, source(l.org), l.now)
	return s
}

// pass is one pass of the operator, which asks for a task or writes.
func (l *departure) pass() membership.Decision {
	l.Helper()
	s := l.situation()
	before := l.user.DeepCopy()
	d := membership.Next(s)
	if again := membership.Next(s); !cmp.Equal(d.User, again.User) || !cmp.Equal(d.Verdict, again.Verdict) || !cmp.Equal(d.Task, again.Task) {
		l.Fatal("the same situation, another decision")
	}
	if diff := cmp.Diff(before, l.user); diff != "" {
		l.Fatalf("the input changed:\n%s", diff)
	}
	l.asked(d)
	if d.Verdict.Kind == verdict.Silent {
		return d
	}
	verdict.Conclude(d.User, d.Verdict, l.now)
	if err := contract.Conditions(d.User); err != nil {
		l.Fatal(err)
	}
	if !cmp.Equal(l.user, d.User) {
		l.user, l.writes = d.User, l.writes+1
	}
	l.report = nil
	return d
}

// asked checks what is asked for: nothing is moved that is not on record, with access revoked.
func (l *departure) asked(d membership.Decision) {
	l.Helper()
	if d.Task == nil {
		return
	}
	if d.Verdict.Kind != verdict.Silent || d.Farewell || d.Task.Namespace != "acme" || len(d.Task.Rules) == 0 {
		l.Fatalf("task %v beside %v", d.Task, d.Verdict)
	}
	st := &l.user.Status
	for _, rule := range d.Task.Rules {
		from := []string{"jean"}
		on := handover.On(l.user, rule.Rule.Name)
		if on != nil {
			from = append(from, on.Former...)
		}
		if diff := cmp.Diff(from, rule.From); diff != "" {
			l.Fatalf("rule %s moves what others own:\n%s", rule.Rule.Name, diff)
		}
		if len(rule.To) == 0 {
			continue
		}
		if on == nil || !cmp.Equal(on.Successors, rule.To) || handover.Finished(on) {
			l.Fatalf("rule %s moves to %v, and on record is %v", rule.Rule.Name, rule.To, on)
		}
		if st.AccessRevokedAt == nil || len(st.Roles) > 0 || !access.Archiving(l.user) || rule.Rule.OnArchive == retain {
			l.Fatalf("rule %s moves while the user is %s, with roles %v", rule.Rule.Name, l.user.Spec.State, st.Roles)
		}
	}
}

// find answers the task that the next pass asks for.
func (l *departure) find(results ...handover.Result) {
	l.Helper()
	d := l.pass()
	if d.Task == nil {
		l.Fatalf("nothing is asked for: %v", d.Verdict)
	}
	var want, got []string
	for _, r := range results {
		got = append(got, r.Rule)
	}
	for _, r := range d.Task.Rules {
		want = append(want, r.Rule.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		l.Fatalf("the rules that are asked for -, that are told of +:\n%s", diff)
	}
	l.report = &handover.Report{ID: d.Task.ID, Rules: results}
}

// is checks what a pass has concluded and recorded. The rules are as "deals Moving bea,cid < former 2/5": two of five are left.
func (l *departure) is(why, reason string, rules ...string) {
	l.Helper()
	if ready := meta.FindStatusCondition(l.user.Status.Conditions, v1alpha1.ConditionReady); ready == nil || ready.Reason != reason {
		l.Errorf("%s: the user is %v, want %s", why, ready, reason)
	}
	var got []string
	if h := l.user.Status.Handover; h != nil {
		if h.Generation != l.user.Generation {
			l.Errorf("%s: it speaks of generation %d of %d", why, h.Generation, l.user.Generation)
		}
		for i := range h.Rules {
			got = append(got, described(&h.Rules[i]))
		}
	}
	if diff := cmp.Diff(rules, got); diff != "" {
		l.Errorf("%s; want -, got +:\n%s", why, diff)
	}
}

func described(on *v1alpha1.RuleHandover) string {
	text := on.Rule + " " + string(on.State)
	for i, s := range on.Successors {
		text += []string{" ", ","}[min(i, 1)] + s.User
		if s.UID != types.UID("uid-of-"+s.User) {
			text += " with UID " + string(s.UID)
		}
	}
	if len(on.Former) > 0 {
		text += " < " + strings.Join(on.Former, ",")
	}
	if on.Objects != nil || on.Remaining != nil {
		left := "-"
		if on.Remaining != nil {
			left = fmt.Sprint(*on.Remaining)
		}
		text += fmt.Sprintf(" %s/%d", left, ptr.Deref(on.Objects, 0))
	}
	return text
}

func (l *departure) stands(why string, want seats.Standing) {
	l.Helper()
	l.standsBy(why, membership.Facts{Organization: l.org}, want)
}

func (l *departure) standsBy(why string, f membership.Facts, want seats.Standing) {
	l.Helper()
	if got := membership.Standing(l.user, f); got != want {
		l.Errorf("%s: the standing is %v, want %v", why, got, want)
	}
	if got := membership.StandingElsewhere(l.user, f); got != want {
		l.Errorf("%s: the standing elsewhere is %v, want %v", why, got, want)
	}
}

// transferred is what the condition says.
func transferred(u *v1alpha1.User) string {
	if c := meta.FindStatusCondition(u.Status.Conditions, v1alpha1.ConditionOwnershipTransferred); c != nil {
		return string(c.Status) + " " + c.Reason + ": " + c.Message
	}
	return ""
}

// rest checks that nothing is written however long it takes, as long as nothing happens and the same is found.
func (l *departure) rest(why string, found ...handover.Result) {
	l.Helper()
	settled := l.user
	for range 3 {
		l.now = l.now.Add(time.Hour)
		if len(found) > 0 {
			l.find(found...)
		}
		l.pass()
	}
	if diff := cmp.Diff(settled, l.user); diff != "" {
		l.Errorf("%s, and each pass writes:\n%s", why, diff)
	}
}

// askedOf has a rule ask those sources alone for a successor.
func askedOf(rule v1alpha1.OwnershipRule, sources ...v1alpha1.SuccessorSource) v1alpha1.OwnershipRule {
	rule.Successor = sources
	return rule
}

func TestLeaverIsHeld(t *testing.T) {
	t.Parallel()
	both := []v1alpha1.OwnershipRule{ownedBy("deals", reassign), ownedBy("leads", block), ownedBy("notes", retain)}
	for name, c := range map[string]struct {
		why     string
		user    *v1alpha1.User
		rules   []v1alpha1.OwnershipRule
		found   []handover.Result
		reason  string
		message string
		// recorded: the user is the person of a record.
		recorded bool
	}{
		"blocked": {
			why: "somebody has to move them first", user: leaver().Successor("bea").Obj(), rules: both, reason: v1alpha1.ReasonTransferBlocked,
			found:   []handover.Result{{Rule: "deals", Left: 2}, {Rule: "leads", Left: 7, Names: []string{"a", "b", "c", "d", "e"}}},
			message: "nothing happens before these are moved: 7 of leads (rule leads): a, b, c, d, e and 2 more",
		},
		"blocked by what cannot be known": {
			why: "there may be some", user: leaver().Successor("bea").Obj(), rules: both, reason: v1alpha1.ReasonTransferBlocked,
			found:   []handover.Result{{Rule: "deals"}, {Rule: "leads", Trouble: "the operator may not list leads"}},
			message: "nothing happens before these are moved: leads (rule leads): the operator may not list leads",
		},
		"nobody": {
			why: "somebody has to say who takes over", user: leaver().Obj(), rules: both, reason: v1alpha1.ReasonSuccessorRequired,
			found: []handover.Result{{Rule: "deals", Left: 1, Names: []string{"a"}}, {Rule: "leads"}},
			message: "nothing happens before somebody can take over deals (rule deals), of which the user owns 1 (a): " +
				"nobody takes over: of spec.successor, spec.manager, none has access and stays; name one in spec.successor",
		},
		"nobody, and nobody can be named": {
			why: "the rule does not ask for it", user: leaver().Obj(), rules: []v1alpha1.OwnershipRule{askedOf(ownedBy("deals", reassign), v1alpha1.SuccessorManager)}, reason: v1alpha1.ReasonSuccessorRequired,
			found: []handover.Result{{Rule: "deals", Left: 1, Names: []string{"a"}}},
			message: "nothing happens before somebody can take over deals (rule deals), of which the user owns 1 (a): " +
				"nobody takes over: of spec.manager, none has access and stays; " +
				"give access to one of those, or have the rule ask for others in spec.offboarding.ownership of organization acme",
		},
		"nobody, and no User": {
			why: "nobody can edit what is gone", user: leaver().Obj(), rules: both[:1], reason: v1alpha1.ReasonSuccessorRequired, recorded: true,
			found: []handover.Result{{Rule: "deals", Left: 1, Names: []string{"a"}}},
			message: "nothing happens before somebody can take over deals (rule deals), of which the user owns 1 (a): " +
				"nobody takes over: of spec.successor, spec.manager, none has access and stays; " +
				"give access to one of those, or have the rule ask for others in spec.offboarding.ownership of organization acme",
		},
		"blocked, and nobody": {
			why: "one thing after the other", user: leaver().Obj(), rules: both, reason: v1alpha1.ReasonTransferBlocked,
			found:   []handover.Result{{Rule: "deals", Left: 1, Names: []string{"a"}}, {Rule: "leads", Left: 1, Names: []string{"b"}}},
			message: "nothing happens before these are moved: 1 of leads (rule leads): b",
		},
		"in a cycle": {
			why: "bea, who leaves, named jean", user: leaver().Successor("paul").Obj(), rules: both[:1], reason: v1alpha1.ReasonSuccessorRequired,
			found: []handover.Result{{Rule: "deals", Left: 1, Names: []string{"a"}}},
			message: "nothing happens before somebody can take over deals (rule deals), of which the user owns 1 (a): " +
				"the successors lead back to where they began: jean, who hands over to paul, who hands over to jean; name one in spec.successor",
		},
		"being deleted": {
			why: "an object that is deleted waits as well", user: leaver().State(v1alpha1.UserActive).Deleting(now).Obj(), rules: both,
			reason: v1alpha1.ReasonTransferBlocked, found: []handover.Result{{Rule: "deals"}, {Rule: "leads", Left: 1, Names: []string{"b"}}},
			message: "nothing happens before these are moved: 1 of leads (rule leads): b",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := departing(t, c.user, c.rules, colleague("bea").Obj(), colleague("paul").State(v1alpha1.UserArchived).Successor("jean").Obj())
			l.recorded = c.recorded
			before := l.user.Status.DeepCopy()
			if d := l.pass(); d.Task == nil || !cmp.Equal(l.user.Status, *before) {
				t.Fatalf("before anything, what is there is looked for: %v", d.Verdict)
			}
			l.find(c.found...)
			d := l.pass()
			l.is(c.why, c.reason)
			if !d.Later || d.Verdict.Kind != verdict.Stuck || d.Verdict.Message != c.message {
				t.Errorf("%s:\nit is %v, %q\nwant   %q", c.why, d.Verdict.Kind, d.Verdict.Message, c.message)
			}
			after := l.user.Status.DeepCopy()
			after.Conditions, after.ObservedGeneration = before.Conditions, before.ObservedGeneration
			if diff := cmp.Diff(*before, *after); diff != "" {
				t.Errorf("roles, seats, access and links stay; want -, got +:\n%s", diff)
			}
			l.stands(c.why, seats.Leaves)
			l.rest(c.why, c.found...)
		})
	}
}

// Who is held up loses the roles that were taken all the same.
func TestHeldLeaverIsDemoted(t *testing.T) {
	t.Parallel()
	u := leaver().Holds("manager", "standard").Seats("premium", "standard").Obj()
	l := departing(t, u, []v1alpha1.OwnershipRule{ownedBy("leads", block)})
	l.seats = append(l.seats, membership.Seat{Pool: "premium", Since: since})
	l.find(handover.Result{Rule: "leads", Left: 1, Names: []string{"a"}})
	l.pass()
	l.is("it is blocked", v1alpha1.ReasonTransferBlocked)
	if diff := cmp.Diff([]string{"standard"}, l.user.Status.Roles); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if l.user.Status.AccessRevokedAt != nil {
		t.Error("access is revoked")
	}
}

func TestNothingIsHandedOver(t *testing.T) {
	t.Parallel()
	rules := []v1alpha1.OwnershipRule{ownedBy("deals", reassign), ownedBy("leads", block)}
	for name, c := range map[string]struct {
		why  string
		user *v1alpha1.User
		with func(*departure)
		kind verdict.Kind
		// stays says that access stays.
		stays bool
	}{
		"suspended":     {why: "who is suspended may come back", user: leaver().State(v1alpha1.UserSuspended).Obj(), kind: verdict.Wait},
		"no rules":      {why: "there is nothing to look for", user: leaver().Obj(), with: func(l *departure) { l.org.Spec.Offboarding.Ownership = nil }, kind: verdict.Wait},
		"spared":        {why: "all of it goes with the namespace", user: leaver().Obj(), with: func(l *departure) { l.spared = true }, kind: verdict.Wait},
		"organization":  {why: "an organization that goes needs no successors", user: leaver().Deleting(now).Obj(), with: func(l *departure) { l.org.DeletionTimestamp = at(now) }, kind: verdict.Wait},
		"organizations": {why: "nor does one that is gone", user: leaver().Deleting(now).Obj(), with: func(l *departure) { l.org = nil }, kind: verdict.Wait},
		"the owner":     {why: "the owner stays", user: leaver().Obj(), with: func(l *departure) { l.org.Spec.Owner = "jean" }, kind: verdict.Stuck, stays: true},
		"not leaving":   {why: "who stays keeps all", user: leaver().State(v1alpha1.UserActive).Obj(), kind: verdict.Done, stays: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.user.Status.Handover = &v1alpha1.Handover{Generation: 2, Rules: []v1alpha1.RuleHandover{
				{Rule: "deals", State: v1alpha1.HandoverMoving, Successors: []v1alpha1.Successor{{User: "bea", UID: "uid-of-bea"}}}, {Rule: "leads", State: v1alpha1.HandoverDone},
			}}
			verdict.Set(c.user, v1alpha1.ConditionOwnershipTransferred, false, v1alpha1.ReasonTransferring, "it is under way", now)
			l := departing(t, c.user, rules, colleague("bea").Obj())
			if c.with != nil {
				c.with(l)
			}
			d := l.pass()
			if d.Task != nil || d.Verdict.Kind != c.kind || l.user.Status.Handover != nil || transferred(l.user) != "" {
				t.Errorf("%s: task %v, %v, on record %v", c.why, d.Task, d.Verdict, l.user.Status.Handover)
			}
			if revoked := l.user.Status.AccessRevokedAt != nil; revoked == c.stays {
				t.Errorf("%s: access is revoked %t", c.why, revoked)
			}
			if l.seats = nil; !c.stays && l.pass().Farewell != !l.user.DeletionTimestamp.IsZero() {
				t.Errorf("%s: it does not go on: %v", c.why, l.user.Status)
			}
		})
	}
}

func TestLeaverHandsOver(t *testing.T) {
	t.Parallel()
	l := departing(t, leaver().Successor("bea").Obj(), []v1alpha1.OwnershipRule{ownedBy("deals", reassign), ownedBy("leads", block), ownedBy("notes", retain)},
		colleague("bea").Obj())
	l.find(handover.Result{Rule: "deals", Left: 5, Names: []string{"a"}}, handover.Result{Rule: "leads", Note: "leads are not installed"})
	d := l.pass()
	l.is("access is revoked and the plan is on record, in one write", v1alpha1.ReasonArchiving, "deals Moving bea -/5", "leads Done", "notes Retained")
	if st := l.user.Status; l.writes != 1 || !st.AccessRevokedAt.Equal(at(now)) || len(st.Roles) > 0 || d.Verdict.WakeAt.IsZero() || d.Later {
		t.Errorf("after %d writes access is revoked at %v, roles are %v, and it goes on at %v", l.writes, st.AccessRevokedAt, st.Roles, d.Verdict.WakeAt)
	}
	l.stands("objects are left", seats.Leaves)

	l.now = l.now.Add(time.Minute)
	l.find(handover.Result{Rule: "deals", Moved: 3, Left: 2, More: true})
	d = l.pass()
	l.is("a part is moved", v1alpha1.ReasonArchiving, "deals Moving bea 2/5", "leads Done", "notes Retained")
	if d.Verdict.WakeAt.IsZero() || d.Later {
		t.Errorf("it goes on at once: %v, %v", d.Verdict, d.Later)
	}
	l.stands("objects are left", seats.Leaves)

	l.find(handover.Result{Rule: "deals", Moved: 2})
	l.pass()
	l.is("nothing is left, and the seat is to be freed", v1alpha1.ReasonArchiving, "deals Done bea -/5", "leads Done", "notes Retained")
	if got, want := transferred(l.user), "True Transferred: nothing is left to be handed over; leads are not installed"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	l.stands("nothing is left", seats.Frees)
	l.seats = nil
	l.pass()
	l.is("the seat is free", v1alpha1.ReasonArchived, "deals Done bea -/5", "leads Done", "notes Retained")
	l.rest("jean is gone")
}

// What was handed over just now is recorded together with the seat that is free, which the pool is told by the way. Where the seat takes
// its time, people are told that it is the seat.
func TestTheLastIsRecordedWithTheSeat(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		pause  time.Duration
		writes int
	}{"at once": {time.Second, 2}, "late": {10 * time.Second, 3}} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			l := departing(t, leaver().Successor("bea").Obj(), []v1alpha1.OwnershipRule{ownedBy("deals", reassign)}, colleague("bea").Obj())
			l.find(handover.Result{Rule: "deals", Left: 2, Names: []string{"a", "b"}})
			l.pass()
			if d := l.pass(); d.AwaitsSeats {
				t.Error("the seat is to be freed before anything is handed over")
			}
			l.find(handover.Result{Rule: "deals", Moved: 2})
			l.report.At = l.now
			d := l.pass()
			if !d.AwaitsSeats || !d.Verdict.WakeAt.Equal(l.now.Add(10*time.Second)) || l.writes != 1 {
				t.Errorf("the seat is to be freed: %t, after %d writes, and waited for until %v", d.AwaitsSeats, l.writes, d.Verdict.WakeAt)
			}
			l.stands("as far as is on record", seats.Leaves)
			l.standsBy("nothing is left", membership.Facts{Organization: l.org, HandedOver: true}, seats.Frees)
			if l.now = l.now.Add(tt.pause); tt.writes == 3 {
				l.pass()
				l.is("the seat takes its time", v1alpha1.ReasonArchiving, "deals Done bea -/2")
			}
			l.seats = nil
			if d := l.pass(); d.AwaitsSeats || l.writes != tt.writes {
				t.Errorf("after %d writes, want %d, it waits for the seat: %t", l.writes, tt.writes, d.AwaitsSeats)
			}
			l.is("the seat is free", v1alpha1.ReasonArchived, "deals Done bea -/2")
			l.rest("jean is gone")
		})
	}
}

func TestNothingIsOwned(t *testing.T) {
	t.Parallel()
	l := departing(t, leaver().Obj(), []v1alpha1.OwnershipRule{ownedBy("deals", reassign), ownedBy("leads", block)})
	l.find(handover.Result{Rule: "deals"}, handover.Result{Rule: "leads"})
	l.pass()
	l.is("nobody has to take over what there is not", v1alpha1.ReasonArchiving, "deals Done", "leads Done")
	l.stands("nothing is left", seats.Frees)
}

func TestEverythingIsRetained(t *testing.T) {
	t.Parallel()
	l := departing(t, leaver().Obj(), []v1alpha1.OwnershipRule{ownedBy("notes", retain)})
	if d := l.pass(); d.Task != nil {
		t.Errorf("nothing has to be looked for: %v", d.Task)
	}
	l.is("what is retained is in nobody's way", v1alpha1.ReasonArchiving, "notes Retained")
	l.stands("nothing is to be moved", seats.Frees)
}

func TestLookFails(t *testing.T) {
	t.Parallel()
	l := departing(t, leaver().Successor("bea").Obj(), []v1alpha1.OwnershipRule{ownedBy("deals", reassign)}, colleague("bea").Obj())
	fails := func() membership.Decision {
		d := l.pass()
		l.report = &handover.Report{ID: d.Task.ID, Failure: "connection refused", Rules: []handover.Result{{Rule: "deals", Moved: 2}}}
		return l.pass()
	}
	if d := fails(); d.Verdict.Kind != verdict.Wait || !d.Later || l.user.Status.AccessRevokedAt != nil || len(l.user.Status.Roles) != 1 {
		t.Errorf("it is tried again, and until then nothing happens: %v, %v", d.Verdict, l.user.Status)
	}
	l.is("nothing is known", v1alpha1.ReasonTransferring)
	l.find(handover.Result{Rule: "deals", Left: 1})
	l.pass()
	l.is("it passed", v1alpha1.ReasonArchiving, "deals Moving bea -/1")
	if d := fails(); d.Verdict.Kind != verdict.Wait || !d.Later || d.Moved != 2 {
		t.Errorf("it is tried again, and what moved before counts: %v, %d", d.Verdict, d.Moved)
	}
	l.is("it is tried again, with the same successor", v1alpha1.ReasonTransferring, "deals Moving bea -/1")
	l.stands("objects are left", seats.Leaves)
}

// A report on something else that was asked for is none.
func TestReportOnSomethingElse(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*departure){
		"another generation": func(l *departure) { l.user.Generation++ },
		"another kind":       func(l *departure) { l.org.Spec.Offboarding.Ownership[0].Resource.Version = "v2" },
		"another field":      func(l *departure) { l.org.Spec.Offboarding.Ownership[0].OwnerField = "spec.manager" },
		"another successor":  func(l *departure) { l.user.Status.Handover = nil },
	}
	for _, moving := range []bool{false, true} {
		for name, change := range changes {
			if !moving && name == "another successor" {
				continue
			}
			t.Run(fmt.Sprintf("%s, moving %t", name, moving), func(t *testing.T) {
				t.Parallel()
				l := departing(t, leaver().Successor("bea").Obj(), []v1alpha1.OwnershipRule{ownedBy("deals", reassign)}, colleague("bea").Obj())
				if moving {
					l.find(handover.Result{Rule: "deals", Left: 5})
					l.pass()
				}
				l.find(handover.Result{Rule: "deals"})
				before := l.report.ID
				change(l)
				if d := l.pass(); d.Task == nil || d.Task.ID == before {
					t.Errorf("what was found before is taken for it: %v", d.Verdict)
				}
			})
		}
	}
}

func TestSuccessorsLeave(t *testing.T) {
	t.Parallel()
	more := handover.Result{Rule: "deals", Moved: 2, Left: 3, Absent: true}
	leaves := func(name string, change func(*v1alpha1.User)) func(*departure) {
		return func(l *departure) { change(l.people.User(name)) }
	}
	archived := func(u *v1alpha1.User) { u.Spec.State = v1alpha1.UserArchived }
	for name, c := range map[string]struct {
		why     string
		user    *v1alpha1.User
		sources []v1alpha1.SuccessorSource
		others  []*v1alpha1.User
		first   string
		happens func(*departure)
		want    string
		reason  string
	}{
		"to the one who takes over from bea": {
			why: "jean to bea to cid gives cid", user: leaver().Successor("bea").Manager("max").Obj(),
			others: []*v1alpha1.User{colleague("bea").Successor("cid").Obj(), colleague("cid").Obj(), colleague("max").Obj()},
			first:  "deals Moving bea", happens: leaves("bea", archived), want: "deals Moving cid < bea 3/5",
		},
		"to the next source": {
			why: "bea is suspended, and nobody takes over from bea", user: leaver().Successor("bea").Manager("max").Obj(),
			others: []*v1alpha1.User{colleague("bea").Successor("cid").Obj(), colleague("cid").Obj(), colleague("max").Obj()},
			first:  "deals Moving bea", happens: leaves("bea", func(u *v1alpha1.User) { u.Spec.State = v1alpha1.UserSuspended }), want: "deals Moving max < bea 3/5",
		},
		"bea is somebody else": {
			why: "another person of that name was not chosen, and is chosen now", user: leaver().Successor("bea").Obj(),
			others: []*v1alpha1.User{colleague("bea").Obj()},
			first:  "deals Moving bea", happens: leaves("bea", func(u *v1alpha1.User) { u.UID = "another" }), want: "deals Moving bea with UID another < bea 3/5",
		},
		"one of several": {
			why: "only who leaves is replaced", user: leaver().Obj(), sources: []v1alpha1.SuccessorSource{v1alpha1.SuccessorSpread},
			others: []*v1alpha1.User{colleague("bea").Obj(), colleague("cid").Obj()},
			first:  "deals Moving bea,cid", happens: leaves("bea", archived), want: "deals Moving cid < bea 3/5",
		},
		"the chosen one stays chosen": {
			why: "who was named comes to have access, and bea has taken over half of it", user: leaver().Successor("cid").Manager("bea").Obj(),
			others: []*v1alpha1.User{colleague("bea").Obj(), build.User("cid").In("acme", "acme").Obj()},
			first:  "deals Moving bea", happens: leaves("cid", func(u *v1alpha1.User) { u.Status.AcceptedAt = at(now) }), want: "deals Moving bea 3/5",
		},
		"nobody is there any more": {
			why: "access is revoked, so nothing is undone: it waits for somebody", user: leaver().Successor("bea").Obj(),
			others: []*v1alpha1.User{colleague("bea").Obj()}, reason: v1alpha1.ReasonSuccessorRequired,
			first: "deals Moving bea", happens: leaves("bea", archived), want: "deals Moving bea 3/5",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := departing(t, c.user, []v1alpha1.OwnershipRule{ownedBy("deals", reassign, c.sources...)}, c.others...)
			l.find(handover.Result{Rule: "deals", Left: 5})
			l.pass()
			l.is("chosen", v1alpha1.ReasonArchiving, c.first+" -/5")
			l.find(more)
			if d := l.pass(); !d.Later {
				t.Errorf("the cache may not know yet who left, so it is not asked again at once: %v", d.Verdict)
			}
			l.is("a part is moved", v1alpha1.ReasonArchiving, c.first+" 3/5")
			c.happens(l)
			reason := c.reason
			if reason == "" {
				reason = v1alpha1.ReasonArchiving
			}
			d := l.pass()
			l.is(c.why, reason, c.want)
			l.stands("objects are left", seats.Leaves)
			if c.reason != "" {
				if want := "access is revoked, and what the user owns waits: deals (rule deals): nobody takes over: " +
					"of spec.successor, spec.manager, none has access and stays"; d.Verdict.Message != want || !d.Later {
					t.Errorf("it says %q, want %q", d.Verdict.Message, want)
				}
				l.rest(c.why)
				return
			}
			l.find(handover.Result{Rule: "deals", Moved: 3})
			l.pass()
			l.is(c.why, v1alpha1.ReasonArchiving, strings.Replace(strings.Replace(c.want, "Moving", "Done", 1), "3/5", "-/5", 1))
			l.user = changed(l.user.DeepCopy(), func(u *v1alpha1.User) { u.Generation++ })
			if d := l.pass(); d.Task == nil {
				t.Errorf("another edit looks once more, also at what former successors have: %v", d.Verdict)
			}
		})
	}
}

func TestTroubleOfOneRule(t *testing.T) {
	t.Parallel()
	l := departing(t, leaver().Successor("bea").Obj(), []v1alpha1.OwnershipRule{ownedBy("deals", reassign), ownedBy("leads", reassign)}, colleague("bea").Obj())
	l.find(handover.Result{Rule: "deals", Left: 1}, handover.Result{Rule: "leads", Left: 5})
	l.pass()
	const words = `deals a cannot be handed over: (the owner is fixed)`
	trouble := handover.Result{Rule: "deals", Left: 1, Trouble: words}
	counts := func(d membership.Decision, why string, moved, left int) {
		t.Helper()
		if d.Moved != moved || d.Left != left {
			t.Errorf("%s: %d count as moved and %d as left, want %d and %d", why, d.Moved, d.Left, moved, left)
		}
	}
	l.find(trouble, handover.Result{Rule: "leads", Moved: 3, Left: 2, More: true})
	counts(l.pass(), "one cannot be moved", 3, 1)
	counts(l.pass(), "nothing is known yet of the next", 0, 0)
	l.is("the other rule goes on", v1alpha1.ReasonArchiving, "deals Incomplete bea 1/1", "leads Moving bea 2/5")
	l.find(trouble, handover.Result{Rule: "leads", Moved: 2})
	d := l.pass()
	counts(d, "the same cannot be moved", 2, 0)
	l.is("somebody has to act", v1alpha1.ReasonTransferIncomplete, "deals Incomplete bea 1/1", "leads Done bea -/5")
	want := "access is revoked, and some of what the user owns is not handed over: " + words + "; it is tried again"
	if d.Verdict.Message != want || d.Verdict.Kind != verdict.Stuck || !d.Later {
		t.Errorf("it says %q, want %q", d.Verdict.Message, want)
	}
	if got := transferred(l.user); got != "False TransferIncomplete: "+want {
		t.Errorf("it says %q", got)
	}
	l.stands("an object is left", seats.Leaves)
	l.rest("it is tried again", trouble)
	l.find(handover.Result{Rule: "deals", Moved: 1})
	counts(l.pass(), "it passed", 1, 0)
	l.is("it passed", v1alpha1.ReasonArchiving, "deals Done bea -/1", "leads Done bea -/5")
	l.stands("nothing is left", seats.Frees)
}

// What the operator may not list keeps nobody's access, and nobody has to take over what may not be there.
func TestTroubleBeforeAnythingIsKnown(t *testing.T) {
	t.Parallel()
	l := departing(t, leaver().Obj(), []v1alpha1.OwnershipRule{ownedBy("deals", reassign)})
	trouble := handover.Result{Rule: "deals", Trouble: "the operator may not list deals"}
	l.find(trouble)
	l.pass()
	l.is("access is revoked", v1alpha1.ReasonArchiving, "deals Moving -/0")
	l.find(trouble)
	l.pass()
	l.is("it waits for the right to look", v1alpha1.ReasonTransferIncomplete, "deals Incomplete 0/0")
	l.rest("it is tried again", trouble)
	l.find(handover.Result{Rule: "deals", Left: 2, Names: []string{"a", "b"}})
	d := l.pass()
	l.is("there are some, and nobody takes over", v1alpha1.ReasonTransferIncomplete, "deals Incomplete 2/2")
	if !strings.Contains(d.Verdict.Message, "nobody takes over a, b") {
		t.Errorf("it says %q", d.Verdict.Message)
	}
	l.people.users = append(l.people.users, colleague("bea").Obj())
	l.user = changed(l.user.DeepCopy(), func(u *v1alpha1.User) { u.Spec.Successor, u.Generation = "bea", u.Generation+1 })
	l.find(handover.Result{Rule: "deals", Left: 2, Names: []string{"a", "b"}})
	l.pass()
	l.is("somebody was named", v1alpha1.ReasonArchiving, "deals Moving bea -/2")
}

func TestDeletedAfterArchive(t *testing.T) {
	t.Parallel()
	l := departing(t, leaver().Successor("bea").Obj(), []v1alpha1.OwnershipRule{ownedBy("deals", reassign)}, colleague("bea").Obj(), colleague("cid").Obj())
	l.find(handover.Result{Rule: "deals", Left: 1})
	l.pass()
	l.find(handover.Result{Rule: "deals", Moved: 1})
	l.seats = nil
	l.pass()
	l.is("archived", v1alpha1.ReasonArchived, "deals Done bea -/1")
	l.user = changed(l.user.DeepCopy(), func(u *v1alpha1.User) { u.DeletionTimestamp, u.Generation = at(now), u.Generation+1 })
	l.find(handover.Result{Rule: "deals", Left: 2})
	if d := l.pass(); d.Farewell {
		t.Error("the object goes, and objects came since")
	}
	l.is("it is looked anew, and bea is still there", v1alpha1.ReasonArchiving, "deals Moving bea -/3")
	l.find(handover.Result{Rule: "deals", Moved: 2})
	if d := l.pass(); !d.Farewell {
		t.Errorf("nothing is left, and the object stays: %v", d.Verdict)
	}
}

func TestComesBack(t *testing.T) {
	t.Parallel()
	l := departing(t, leaver().Successor("bea").Obj(), []v1alpha1.OwnershipRule{ownedBy("deals", reassign)}, colleague("bea").Obj())
	l.find(handover.Result{Rule: "deals", Left: 5})
	l.pass()
	l.find(handover.Result{Rule: "deals", Moved: 3, Left: 2, More: true})
	l.pass()
	l.user = changed(l.user.DeepCopy(), func(u *v1alpha1.User) { u.Spec.State, u.Generation = v1alpha1.UserActive, u.Generation+1 })
	if d := l.pass(); d.Task != nil || l.user.Status.AccessRevokedAt != nil {
		t.Errorf("jean is back: task %v, %v", d.Task, l.user.Status)
	}
	l.is("jean is back", v1alpha1.ReasonActive)
	if got := transferred(l.user); got != "" {
		t.Errorf("it says %q", got)
	}
	if got := membership.Standing(l.user, membership.Facts{Organization: l.org}); got != seats.Claims {
		t.Errorf("jean is back, and the standing is %v", got)
	}
}

func TestRulesChange(t *testing.T) {
	t.Parallel()
	deals, leads := ownedBy("deals", reassign), ownedBy("leads", reassign)
	for name, c := range map[string]struct {
		why   string
		rules []v1alpha1.OwnershipRule
		found []handover.Result
		want  []string
	}{
		"another":    {"a rule that came is looked at", []v1alpha1.OwnershipRule{deals, leads}, []handover.Result{{Rule: "deals", Left: 2}, {Rule: "leads", Left: 1}}, []string{"deals Moving bea -/5", "leads Moving bea -/1"}},
		"renamed":    {"a rule of another name is another", []v1alpha1.OwnershipRule{leads}, []handover.Result{{Rule: "leads", Left: 1}}, []string{"leads Moving bea -/1"}},
		"to retain":  {"what is to stay stays", []v1alpha1.OwnershipRule{ownedBy("deals", retain)}, nil, []string{"deals Retained bea -/5"}},
		"none found": {"what was moved by hand is done", []v1alpha1.OwnershipRule{deals, leads}, []handover.Result{{Rule: "deals"}, {Rule: "leads"}}, []string{"deals Done bea -/5", "leads Done"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := departing(t, leaver().Successor("bea").Obj(), []v1alpha1.OwnershipRule{deals}, colleague("bea").Obj())
			l.find(handover.Result{Rule: "deals", Left: 5})
			l.pass()
			l.find(handover.Result{Rule: "deals", Moved: 3, Left: 2, More: true})
			l.pass()
			l.org.Spec.Offboarding.Ownership = c.rules
			if c.found != nil {
				l.find(c.found...)
			}
			l.pass()
			l.is(c.why, v1alpha1.ReasonArchiving, c.want...)
		})
	}
}

// A name comes back with another person each time, and is on record once. The latest are kept.
func TestFormerSuccessorsAreKept(t *testing.T) {
	t.Parallel()
	l := departing(t, leaver().Successor("bea").Obj(), []v1alpha1.OwnershipRule{ownedBy("deals", reassign)}, colleague("bea").Obj())
	l.find(handover.Result{Rule: "deals", Left: 5})
	l.pass()
	for range 3 {
		l.people.User("bea").UID += "+"
		l.pass()
	}
	if diff := cmp.Diff([]string{"bea"}, handover.On(l.user, "deals").Former); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	const kept = 64
	var former []string
	for i := range kept {
		former = append(former, fmt.Sprintf("u%02d", i))
	}
	l.user.Status.Handover.Rules[0].Former = former
	l.people.User("bea").UID += "+"
	l.pass()
	if diff := cmp.Diff(append(former[1:], "bea"), handover.On(l.user, "deals").Former); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// A rule that is removed keeps nobody.
func TestRuleGoes(t *testing.T) {
	t.Parallel()
	l := departing(t, leaver().Successor("bea").Obj(), []v1alpha1.OwnershipRule{ownedBy("deals", reassign), ownedBy("leads", reassign)}, colleague("bea").Obj())
	trouble := handover.Result{Rule: "leads", Left: 1, Trouble: "leads a are locked"}
	l.find(handover.Result{Rule: "deals", Left: 5}, handover.Result{Rule: "leads", Left: 1})
	l.pass()
	l.find(handover.Result{Rule: "deals", Moved: 5}, trouble)
	l.pass()
	l.is("it cannot be moved", v1alpha1.ReasonTransferIncomplete, "deals Done bea -/5", "leads Incomplete bea 1/1")
	l.org.Spec.Offboarding.Ownership = l.org.Spec.Offboarding.Ownership[:1]
	l.find(handover.Result{Rule: "deals"})
	l.pass()
	l.is("it need not be moved any more", v1alpha1.ReasonArchiving, "deals Done bea -/5")
	l.stands("nothing is left", seats.Frees)
}

// The words of servers are long, and come in lines and sentences.
func TestWordsOfServers(t *testing.T) {
	t.Parallel()
	for name, words := range map[string]string{
		"long": "deals a cannot be handed over: (" + strings.Repeat("é", 600) + ")",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := departing(t, leaver().Successor("bea").Obj(), []v1alpha1.OwnershipRule{ownedBy("deals", reassign)}, colleague("bea").Obj())
			l.find(handover.Result{Rule: "deals", Left: 1})
			l.pass()
			l.find(handover.Result{Rule: "deals", Left: 1, Trouble: words})
			l.pass()
			if on := handover.On(l.user, "deals"); len([]rune(on.Message)) != 512 || !strings.HasPrefix(words, on.Message) {
				t.Errorf("on record is %q", on.Message)
			}
		})
	}
}

// An estate is what the people of a departure own, and who moves it.
type estate struct {
	*departure

	// owned is how many objects of a rule somebody owns. locked are rules whose objects cannot be moved.
	owned  map[string]map[string]int
	locked map[string]bool
	// task is what was asked for last, and is not done yet.
	task *handover.Task
	gone bool
}

// step is a pass of the operator, which may die before it records anything.
func (e *estate) step(dies bool) {
	if e.gone {
		return
	}
	before, report := e.user, e.report
	d := e.pass()
	e.task = d.Task
	if dies {
		e.user, e.report, e.task = before, nil, nil
		return
	}
	if d.Send != nil || d.HandOver {
		e.Fatalf("jean, who has accepted, is written to: %v", d.Verdict)
	}
	if e.gone = d.Farewell; e.gone && (len(e.seats) > 0 || handover.Pending(&d.User.Status)) {
		e.Fatal("the object goes before the seat, or before what it owns")
	}
	e.recorded(before, report)
}

// recorded checks one write after the other.
func (e *estate) recorded(before *v1alpha1.User, report *handover.Report) {
	was, is := before.Status, e.user.Status
	leaves := access.Archiving(e.user) && len(e.org.Spec.Offboarding.Ownership) > 0
	if revoked := was.AccessRevokedAt == nil && is.AccessRevokedAt != nil; revoked && leaves {
		if is.Handover == nil || is.Handover.Generation != e.user.Generation {
			e.Fatalf("access is revoked, and on record is %v", is.Handover)
		}
		for _, rule := range e.org.Spec.Offboarding.Ownership {
			if found := reportOf(report, rule.Name); rule.OnArchive == block && (found == nil || found.Left > 0 || found.Trouble != "") {
				e.Fatalf("access is revoked, and of %s there was %v", rule.Name, found)
			}
		}
	}
	if !access.Archiving(e.user) && is.Handover != nil && !cmp.Equal(was, is) {
		e.Fatalf("the user is %s, and %v is handed over", e.user.Spec.State, is.Handover)
	}
	if is.Handover == nil || was.Handover == nil {
		return
	}
	for i := range is.Handover.Rules {
		on := &is.Handover.Rules[i]
		then := handover.On(before, on.Rule)
		if then == nil {
			continue
		}
		for _, s := range then.Successors {
			if !slices.Contains(on.Successors, s) && !slices.Contains(on.Former, s.User) {
				e.Fatalf("%s had successor %s, who is forgotten: %v", on.Rule, s.User, on)
			}
		}
	}
}

func reportOf(report *handover.Report, rule string) *handover.Result {
	if report == nil {
		return nil
	}
	return report.Of(rule)
}

// work does what was asked for last, or a part of it.
func (e *estate) work(t *rapid.T) {
	if e.task == nil {
		return
	}
	report := &handover.Report{ID: e.task.ID}
	for _, rule := range e.task.Rules {
		report.Rules = append(report.Rules, e.workOn(t, &rule))
	}
	e.report, e.task = report, nil
}

func (e *estate) workOn(t *rapid.T, rule *handover.TaskRule) handover.Result {
	result, all := handover.Result{Rule: rule.Rule.Name}, e.owned[rule.Rule.Name]
	var from []string
	for _, name := range rule.From {
		if u := e.people.User(name); name == "jean" || u == nil || access.Archiving(u) {
			from = append(from, name)
			result.Left += all[name]
		}
	}
	if result.Left == 0 || len(rule.To) == 0 {
		return result
	}
	for _, s := range rule.To {
		if u := e.people.User(s.User); !handover.Available(u) || u.UID != s.UID {
			result.Absent = true
			return result
		}
	}
	if e.locked[rule.Rule.Name] {
		result.Trouble = "objects are locked"
		return result
	}
	goal := rapid.IntRange(1, result.Left).Draw(t, "moved")
	for _, name := range from {
		for ; all[name] > 0 && result.Moved < goal; all[name]-- {
			all[rule.To[result.Moved%len(rule.To)].User]++
			result.Moved++
		}
	}
	result.Left -= result.Moved
	result.More = result.Left > 0
	return result
}

// turn is a turn of the pool.
func (e *estate) turn() {
	switch standing := membership.Standing(e.user, membership.Facts{Organization: e.org}); {
	case e.gone:
	case standing == seats.Frees && e.seats != nil:
		if e.user.Status.AccessRevokedAt == nil || handover.Pending(&e.user.Status) {
			e.Fatalf("the seat is freed while access is revoked at %v, and %v is handed over", e.user.Status.AccessRevokedAt, e.user.Status.Handover)
		}
		e.seats = nil
	case standing == seats.Claims && e.seats == nil:
		e.seats = []membership.Seat{{Pool: "standard", Since: e.now.Truncate(time.Second)}}
	}
}

func (e *estate) edit(change func(*v1alpha1.User)) {
	if !e.gone {
		e.user = changed(e.user.DeepCopy(), change)
		e.user.Generation++
	}
}

func (e *estate) events() map[string]func(*rapid.T) {
	state := func(s v1alpha1.UserState) func(*rapid.T) {
		return func(*rapid.T) { e.edit(func(u *v1alpha1.User) { u.Spec.State = s }) }
	}
	kinds := []string{"deals", "leads", "notes"}
	names := []string{"bea", "cid", "max"}
	all := map[string]func(*rapid.T){
		"a pass that dies": func(*rapid.T) { e.step(true) },
		"it fails": func(*rapid.T) {
			if e.task != nil {
				e.report, e.task = &handover.Report{ID: e.task.ID, Failure: "connection refused"}, nil
			}
		},
		"archive": state(v1alpha1.UserArchived), "archive again": state(v1alpha1.UserArchived),
		"activate": state(v1alpha1.UserActive), "suspend": state(v1alpha1.UserSuspended),
		"delete": func(t *rapid.T) {
			if rapid.IntRange(0, 5).Draw(t, "really") == 0 && e.user.DeletionTimestamp == nil {
				e.edit(func(u *v1alpha1.User) { u.DeletionTimestamp = at(e.now) })
			}
		},
		"name a successor": func(t *rapid.T) {
			name := rapid.SampledFrom(append(names, "", "nobody")).Draw(t, "successor")
			e.edit(func(u *v1alpha1.User) { u.Spec.Successor = name })
		},
		"somebody else": func(t *rapid.T) {
			u := e.people.User(rapid.SampledFrom(names).Draw(t, "who"))
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				u.Spec.State = rapid.SampledFrom([]v1alpha1.UserState{v1alpha1.UserActive, v1alpha1.UserActive, v1alpha1.UserArchived, v1alpha1.UserSuspended}).Draw(t, "state")
			case 1:
				u.UID += "+"
			case 2:
				u.Spec.Successor = rapid.SampledFrom(append(names, "jean", "")).Draw(t, "their successor")
			default:
				u.Spec.State = v1alpha1.UserActive
			}
		},
		"objects come": func(t *rapid.T) {
			e.owned[rapid.SampledFrom(kinds).Draw(t, "kind")]["jean"] += rapid.IntRange(1, 5).Draw(t, "objects")
		},
		"objects go": func(t *rapid.T) { e.owned[rapid.SampledFrom(kinds).Draw(t, "kind")]["jean"] = 0 },
		"a lock":     func(t *rapid.T) { e.locked[rapid.SampledFrom(kinds).Draw(t, "kind")] = rapid.Bool().Draw(t, "locked") },
		"rules": func(t *rapid.T) {
			e.org.Spec.Offboarding.Ownership = nil
			for _, kind := range kinds[:rapid.IntRange(0, 3).Draw(t, "rules")] {
				action := rapid.SampledFrom([]v1alpha1.OwnershipAction{reassign, reassign, reassign, block, retain}).Draw(t, "action")
				source := rapid.SampledFrom([]v1alpha1.SuccessorSource{v1alpha1.SuccessorNamed, v1alpha1.SuccessorSpread}).Draw(t, "source")
				e.org.Spec.Offboarding.Ownership = append(e.org.Spec.Offboarding.Ownership, ownedBy(kind, action, source, v1alpha1.SuccessorManager))
			}
		},
		"time passes": func(*rapid.T) { e.now = e.now.Add(time.Minute) },
		"turn":        func(*rapid.T) { e.turn() }, "turn too": func(*rapid.T) { e.turn() },
	}
	for i := range 6 {
		all[fmt.Sprintf("pass %d", i)] = func(*rapid.T) { e.step(false) }
		all[fmt.Sprintf("work %d", i)] = e.work
	}
	return all
}

// settle is what follows when nobody is in the way any more and nothing more happens: nothing is left behind.
func (e *estate) settle(t *rapid.T) {
	if e.gone {
		return
	}
	for _, u := range e.people.users {
		if u.Name != "jean" {
			u.Spec.State = v1alpha1.UserActive
		}
	}
	clear(e.locked)
	e.edit(func(u *v1alpha1.User) { u.Spec.Successor = "bea" }) // which looks once more
	for range 60 {
		e.step(false)
		e.work(t)
		e.turn()
	}
	rules := e.org.Spec.Offboarding.Ownership
	blocked := slices.ContainsFunc(rules, func(r v1alpha1.OwnershipRule) bool { return r.OnArchive == block && e.owned[r.Name]["jean"] > 0 })
	ready := meta.FindStatusCondition(e.user.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case !access.Archiving(e.user):
		if e.user.Status.Handover != nil {
			e.Fatalf("jean does not leave, and on record is %v", e.user.Status.Handover)
		}
	case blocked:
		if e.gone || ready.Reason != v1alpha1.ReasonTransferBlocked {
			e.Fatalf("jean owns what blocks, and is %v", ready)
		}
	case !e.gone && ready.Reason != v1alpha1.ReasonArchived, len(e.seats) > 0, e.gone != !e.user.DeletionTimestamp.IsZero():
		e.Fatalf("jean is gone %t, %v, with seats %v, and %v", e.gone, ready, e.seats, e.user.Status.Handover)
	default:
		for _, rule := range rules {
			if n := e.owned[rule.Name]["jean"]; rule.OnArchive == reassign && n > 0 {
				e.Fatalf("jean is gone, and %d %s are left: %v", n, rule.Name, e.user.Status.Handover)
			}
		}
	}
	if settled := e.user; !e.gone {
		for range 4 {
			e.now = e.now.Add(time.Hour)
			e.step(false)
			e.work(t)
		}
		if diff := cmp.Diff(settled, e.user); diff != "" {
			e.Fatalf("all is settled, and each pass writes:\n%s", diff)
		}
	}
}

func TestDepartures(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := leaver().State(v1alpha1.UserActive).Successor("bea").Manager("max").Obj()
		e := &estate{
			departure: departing(t, u, []v1alpha1.OwnershipRule{ownedBy("deals", reassign), ownedBy("leads", block), ownedBy("notes", retain)},
				colleague("bea").Obj(), colleague("cid").Obj(), colleague("max").Obj()),
			owned: map[string]map[string]int{"deals": {"jean": 4, "bea": 2}, "leads": {}, "notes": {"jean": 1}}, locked: map[string]bool{},
		}
		t.Repeat(e.events())
		e.settle(t)
	})
}
