// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package group_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/group"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// settled is a team whose group is as it is to be.
func settled() group.Situation {
	team := build.Team("sales").In("acme", "acme").Obj()
	team.UID = "sales-uid"
	w := wanted()
	team.Status.DirectoryGroup = &v1alpha1.DirectoryGroup{Directory: build.DirectoryURL, ID: "g-1", Revision: w.For(true).Revision()}
	return group.Situation{Object: team, Organization: build.Organization("acme").Directory().Obj(), Wanted: w, Held: true}
}

func record(s group.Situation) *v1alpha1.DirectoryGroup {
	return s.Object.(*v1alpha1.Team).Status.DirectoryGroup
}

// outcome is what a decision comes to.
type outcome struct {
	Task    group.Verb
	Release bool
	GaveUp  string
	// Record is the directory, the ID, and whether what the group was given is known.
	Record string
	Reason string
	Ready  string
}

func (o outcome) of(t *testing.T, s group.Situation) outcome {
	t.Helper()
	d := group.Decide(s)
	got := outcome{Release: d.Release}
	if d.Task != nil {
		got.Task = d.Task.Verb
	}
	if o.GaveUp != "" && strings.Contains(d.GaveUp, o.GaveUp) {
		got.GaveUp = o.GaveUp
	} else {
		got.GaveUp = d.GaveUp
	}
	after := s.Object.(*v1alpha1.Team).DeepCopy()
	v := d.Conclude(after, verdict.Verdict{Reason: v1alpha1.ReasonReady, Message: "the team is in effect"}, now)
	got.Ready = v.Reason
	if c := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionProvisioned); c != nil {
		got.Reason = c.Reason
	}
	if r := after.Status.DirectoryGroup; r != nil {
		got.Record = strings.TrimPrefix(r.Directory, "https://") + " " + r.ID
		if r.Revision == "" {
			got.Record += "?"
		}
	}
	return got
}

func TestDecide(t *testing.T) {
	t.Parallel()
	const here = "directory.acme.example/v2 g-1"
	ready, provisioned := v1alpha1.ReasonReady, v1alpha1.ReasonProvisioned
	reported := func(o group.Outcome, words string) func(*group.Situation) {
		return func(s *group.Situation) {
			s.Report = &group.Report{ID: group.Decide(*s).Task.ID, Outcome: o, GroupID: "g-1", Words: words, RetryAt: now.Add(time.Second)}
		}
	}
	fresh := func(s *group.Situation) { s.Object.(*v1alpha1.Team).Status.DirectoryGroup, s.Held = nil, false }
	unwanted := func(s *group.Situation) { s.Wanted = nil }
	drift := func(s *group.Situation) {
		s.Finding = &group.Finding{Serial: 7, Group: &group.Group{UID: "sales-uid", DisplayName: "Sales"}, Nests: true}
	}
	report := func(s *group.Situation) { s.Organization.Spec.Directory.DriftPolicy = v1alpha1.DriftReport }
	for name, c := range map[string]struct {
		why    string
		change []func(*group.Situation)
		want   outcome
	}{
		"settled":  {"nothing is asked", nil, outcome{Record: here, Reason: provisioned, Ready: ready}},
		"not made": {"it is asked for", []func(*group.Situation){fresh}, outcome{Task: group.Ensure, Ready: ready}},
		"made":     {"it is on record", []func(*group.Situation){fresh, reported(group.Done, "")}, outcome{Record: here, Reason: provisioned, Ready: ready}},
		"somebody more": {
			"until it is done, the record stands",
			[]func(*group.Situation){func(s *group.Situation) { s.Wanted.Members = append(s.Wanted.Members, "d") }},
			outcome{Task: group.Ensure, Record: here, Ready: ready},
		},
		"flat": {
			"what was given is known either way",
			[]func(*group.Situation){func(s *group.Situation) { record(*s).Revision = s.Wanted.For(false).Revision() }},
			outcome{Record: here, Reason: provisioned, Ready: ready},
		},
		"something else is under way": {
			"which makes the record void: it is asked for again",
			[]func(*group.Situation){func(s *group.Situation) { s.Asked = "something else" }},
			outcome{Task: group.Ensure, Record: here, Ready: ready},
		},
		"unavailable": {
			"Ready does not wait for a directory",
			[]func(*group.Situation){fresh, reported(group.Unavailable, "down")},
			outcome{Reason: v1alpha1.ReasonDirectoryUnavailable, Ready: ready},
		},
		"changed, unavailable": {
			"part of it may have been done: what the group has is not known",
			[]func(*group.Situation){func(s *group.Situation) { s.Wanted.DisplayName = "Sales" }, reported(group.Unavailable, "down")},
			outcome{Record: here + "?", Reason: v1alpha1.ReasonDirectoryUnavailable, Ready: ready},
		},
		"refused": {
			"somebody has to act",
			[]func(*group.Situation){fresh, reported(group.Rejected, "no")},
			outcome{Reason: v1alpha1.ReasonDirectoryRejected, Ready: v1alpha1.ReasonDirectoryRejected},
		},
		"in the way": {
			"somebody has to act",
			[]func(*group.Situation){fresh, reported(group.Conflict, "no")},
			outcome{Reason: v1alpha1.ReasonDirectoryConflict, Ready: v1alpha1.ReasonDirectoryConflict},
		},
		"another directory": {
			"it is made there",
			[]func(*group.Situation){func(s *group.Situation) { record(*s).Directory = "https://there" }},
			outcome{Task: group.Ensure, Record: "there g-1", Ready: ready},
		},
		"made in another directory": {
			"the one of before stays, and somebody has to know",
			[]func(*group.Situation){func(s *group.Situation) { record(*s).Directory = "https://there" }, reported(group.Done, "")},
			outcome{GaveUp: "before stays", Record: here, Reason: provisioned, Ready: ready},
		},
		"opted out":       {"the group is deleted", []func(*group.Situation){unwanted}, outcome{Task: group.Delete, Record: here, Ready: ready}},
		"opted out, done": {"and forgotten", []func(*group.Situation){unwanted, reported(group.Done, "")}, outcome{Release: true, Ready: ready}},
		"opted out before it was on record": {
			"a crash may have left one", []func(*group.Situation){fresh, unwanted, func(s *group.Situation) { s.Held = true }}, outcome{Task: group.Delete, Ready: ready},
		},
		"let go of, and on record": {"it was deleted before that", []func(*group.Situation){unwanted, func(s *group.Situation) { s.Held = false }}, outcome{Ready: ready}},
		"cannot be deleted": {
			"it is tried again",
			[]func(*group.Situation){unwanted, reported(group.Unavailable, "down")},
			outcome{Record: here + "?", Reason: v1alpha1.ReasonDirectoryUnavailable, Ready: ready},
		},
		"given up": {
			"the object goes", []func(*group.Situation){unwanted, reported(group.GivenUp, "down")}, outcome{Release: true, GaveUp: "(down)", Ready: ready},
		},
		"no organization": {
			"nobody knows the directory any more",
			[]func(*group.Situation){unwanted, func(s *group.Situation) { s.Organization = nil }},
			outcome{Release: true, GaveUp: "the organization is gone", Ready: ready},
		},
		"no directory any more": {
			"nor how to sign in",
			[]func(*group.Situation){unwanted, func(s *group.Situation) { s.Organization = build.Organization("acme").Obj() }},
			outcome{Release: true, GaveUp: "names no directory", Ready: ready},
		},
		"no directory, and nothing on record": {
			"nothing is known to be there",
			[]func(*group.Situation){fresh, unwanted, func(s *group.Situation) { s.Organization, s.Held = build.Organization("acme").Obj(), true }},
			outcome{Release: true, Ready: ready},
		},
		"opted out of another directory": {
			"the one of before cannot be reached",
			[]func(*group.Situation){unwanted, func(s *group.Situation) { record(*s).Directory = "https://there" }},
			outcome{Release: true, GaveUp: "before stays", Ready: ready},
		},
		"drifted":            {"it is set right", []func(*group.Situation){drift}, outcome{Task: group.Ensure, Record: here, Ready: ready}},
		"drifted, done":      {"and is as before", []func(*group.Situation){drift, reported(group.Done, "")}, outcome{Record: here, Reason: provisioned, Ready: ready}},
		"drifted, and stays": {"which is said", []func(*group.Situation){drift, report}, outcome{Record: here, Reason: v1alpha1.ReasonDrifted, Ready: ready}},
		"gone, and stays gone": {
			"which is said",
			[]func(*group.Situation){func(s *group.Situation) { s.Finding = &group.Finding{Serial: 1} }, report},
			outcome{Record: here, Reason: v1alpha1.ReasonDrifted, Ready: ready},
		},
		"drifted, and changed since": {
			"what is given sets the rest right as well",
			[]func(*group.Situation){drift, report, func(s *group.Situation) { s.Wanted.DisplayName = "Sale" }},
			outcome{Task: group.Ensure, Record: here, Ready: ready},
		},
		"right again": {
			"somebody did it", []func(*group.Situation){
				report, func(s *group.Situation) { g := s.Wanted.For(true); s.Finding = &group.Finding{Group: &g, Nests: true} },
			}, outcome{Record: here, Reason: provisioned, Ready: ready},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settled()
			for _, change := range c.change {
				change(&s)
			}
			if diff := cmp.Diff(c.want, c.want.of(t, s)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

// What was found stands until somebody looks again, also for an operator that has just started.
func TestDriftIsSaidUntilSomebodyLooks(t *testing.T) {
	t.Parallel()
	s := settled()
	team := s.Object.(*v1alpha1.Team)
	verdict.Set(team, v1alpha1.ConditionProvisioned, false, v1alpha1.ReasonDrifted, "the directory has another displayName", now)
	s.Organization.Spec.Directory.DriftPolicy = v1alpha1.DriftReport
	if got := (outcome{}).of(t, s); got.Reason != v1alpha1.ReasonDrifted {
		t.Errorf("got %+v", got)
	}
	s.Organization.Spec.Directory.DriftPolicy = v1alpha1.DriftCorrect
	if got := (outcome{}).of(t, s); got.Reason != v1alpha1.ReasonProvisioned {
		t.Errorf("nobody waits to hear of it any more, and it is %+v", got)
	}
}

func TestLeaving(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[group.Outcome]verdict.Kind{
		group.Unavailable: verdict.Wait, group.Rejected: verdict.Stuck, "": verdict.Silent,
	} {
		s := settled()
		s.Wanted = nil
		if outcome != "" {
			s.Report = &group.Report{ID: group.Decide(s).Task.ID, Outcome: outcome, RetryAt: now}
		}
		d := group.Decide(s)
		if v := d.Leaving(); v.Kind != want || d.Open() == false {
			t.Errorf("%q: a team that waits for its group to be deleted is %v, want %v", outcome, v.Kind, want)
		}
	}
}
