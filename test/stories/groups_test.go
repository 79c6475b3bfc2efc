// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// grouped is acme, whose teams and roles are groups in a directory, with so many seats.
func grouped(seats int32, teams ...*v1alpha1.Team) []client.Object {
	org := build.Organization("acme").Directory().Obj()
	org.Spec.Directory.SCIM.TeamsAsGroups, org.Spec.Directory.SCIM.RolesAsGroups = new(true), new(true)
	org.Spec.Directory.ResyncPeriod = &metav1.Duration{Duration: time.Minute}
	objects := []client.Object{
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "directory"}}, org,
		build.SeatPool("standard").Seats(seats).Obj(), build.Role("member").SeatPool("standard").Obj(),
	}
	for _, tm := range teams {
		objects = append(objects, tm)
	}
	return objects
}

// inGroup waits until the group of a team or a role has so many members.
func (s *stage) inGroup(at *fake.Directory, of client.Object, want int) directory.Group {
	s.Helper()
	var g directory.Group
	env.Eventually(s.T, func() error {
		var ok bool
		if g, ok = at.Groups()[of.GetUID()]; !ok || len(g.Members) != want {
			return fmt.Errorf("the group of %s has %d members, want %d", of.GetName(), len(g.Members), want)
		}
		return nil
	})
	return g
}

// noTeam waits until a team is gone.
func (s *stage) noTeam(name string) {
	s.Helper()
	env.Eventually(s, func() error {
		err := s.Get(s.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, &v1alpha1.Team{})
		if err == nil {
			err = errors.New(name + " is there still")
		}
		return client.IgnoreNotFound(err)
	})
}

// A wave of people into a team is a few changes of its group, and of those above; and when it is over, nothing happens any more, also
// when the operator starts anew.
func TestAWaveIsFewChangesOfAGroup(t *testing.T) {
	t.Parallel()
	const people = 120
	var names []string
	for i := range people {
		names = append(names, fmt.Sprintf("p%03d", i))
	}
	s := empty(t)
	at := &fake.Directory{Nested: true}
	s.start(operator.Options{Directory: at})
	s.create(grouped(people+1, build.Team("sales").Lead("ada").Obj(), build.Team("field").Parent("sales").Members(names...).Obj())...)
	s.create(member("ada").Obj())
	for _, name := range names {
		s.create(member(name).Obj())
	}
	s.inGroup(at, get[v1alpha1.Team](s, "field"), people)
	s.inGroup(at, get[v1alpha1.Team](s, "sales"), 2)
	s.inGroup(at, get[v1alpha1.Role](s, "member"), people+1)
	if n := at.GroupWrites(); n > 24 {
		t.Errorf("%d people take %d changes of 3 groups", people, n)
	}
	await(s, "field", func(tm *v1alpha1.Team) error {
		if c := meta.FindStatusCondition(tm.Status.Conditions, v1alpha1.ConditionProvisioned); c == nil || c.Reason != v1alpha1.ReasonProvisioned {
			return fmt.Errorf("the group is %v", c)
		}
		return stands(tm, v1alpha1.ReasonReady)
	})
	for _, name := range []string{names[0], names[people-1]} {
		s.invited(name, 1)
	}
	s.rest()
	attempts, before := at.Attempts(), s.versions()
	s.op.Stop(t)
	s.start(operator.Options{Directory: at})
	s.rest()
	// The first look at all that the directory has may come by: it lists accounts and groups, and the Organization says what it found.
	looked, asked, after := before, at.Attempts()-attempts, s.versions()
	if asked == 2 {
		looked = maps.Clone(before)
		looked["*v1alpha1.Organization acme"] = after["*v1alpha1.Organization acme"]
	}
	if diff := cmp.Diff(looked, after); diff != "" || asked != 0 && asked != 2 {
		t.Errorf("a restart takes %d requests, and writes (-before +after):\n%s", asked, diff)
	}
}

// What somebody changes in the directory is found within the period, and set right. Teams that go, or are to be no groups any more,
// take their groups with them, and nobody else's.
func TestGroupsAreKept(t *testing.T) {
	t.Parallel()
	s := empty(t)
	at := &fake.Directory{}
	at.OccupyGroup("Somebody else's", "s-else")
	s.start(operator.Options{Directory: at})
	s.create(grouped(3, build.Team("sales").Members("ada", "bea").Obj(), build.Team("labs").Members("bea").Obj())...)
	s.create(member("ada").Obj(), member("bea").Obj())
	s.inGroup(at, get[v1alpha1.Team](s, "labs"), 1)
	sales := s.inGroup(at, get[v1alpha1.Team](s, "sales"), 2)
	await(s, "sales", func(tm *v1alpha1.Team) error {
		if has := tm.Status.DirectoryGroup; has == nil || has.ID != sales.ID {
			return fmt.Errorf("on record is %+v", has)
		}
		return nil
	})
	s.rest()
	at.ChangeGroup(sales.UID, func(g *directory.Group) { g.Members = append(g.Members[:1:1], "id-of-a-stranger", "id-of-another") })
	s.clock.LeapTo(s.clock.Now().Add(2 * time.Minute))
	if got := s.inGroup(at, get[v1alpha1.Team](s, "sales"), 2); !slices.Equal(got.Members, sales.Members) {
		t.Errorf("in sales are %q, and were %q", got.Members, sales.Members)
	}
	s.must(s.Delete(t.Context(), get[v1alpha1.Team](s, "labs")), "deleting labs")
	s.noTeam("labs")
	s.inGroup(at, get[v1alpha1.Role](s, "member"), 2)
	s.turn("bea", v1alpha1.UserSuspended)
	s.inGroup(at, get[v1alpha1.Role](s, "member"), 1)
	s.inGroup(at, get[v1alpha1.Team](s, "sales"), 2)
	edit(s, "acme", func(o *v1alpha1.Organization) {
		o.Spec.Directory.SCIM.TeamsAsGroups, o.Spec.Directory.SCIM.RolesAsGroups = new(false), nil
	})
	await(s, "sales", func(tm *v1alpha1.Team) error {
		if tm.Status.DirectoryGroup != nil || len(tm.Finalizers) > 0 || len(at.Groups()) != 1 {
			return fmt.Errorf("sales has %+v, there are %d groups", tm.Status.DirectoryGroup, len(at.Groups()))
		}
		return nil
	})
	if _, ok := at.Groups()["s-else"]; !ok {
		t.Error("somebody else's group is gone")
	}
}

// A team does not wait for ever for a directory that cannot be reached when its namespace goes.
func TestTeamGoesWithItsNamespace(t *testing.T) {
	t.Parallel()
	s := empty(t)
	at := &fake.Directory{}
	s.start(operator.Options{Directory: at})
	s.create(grouped(3, build.Team("sales").Members("ada").Obj())...)
	s.create(member("ada").Obj())
	s.inGroup(at, get[v1alpha1.Team](s, "sales"), 1)
	sales := await(s, "sales", func(tm *v1alpha1.Team) error {
		if tm.Status.DirectoryGroup == nil {
			return errors.New("nothing is on record")
		}
		return nil
	})
	at.Reject(sales.UID, "groups are read only")
	s.must(s.Delete(t.Context(), sales), "deleting sales")
	await(s, "sales", func(tm *v1alpha1.Team) error { return stands(tm, v1alpha1.ReasonDirectoryRejected) })
	s.must(s.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}), "deleting the namespace")
	s.clock.LeapTo(s.clock.Now().Add(10 * time.Minute))
	s.noTeam("sales")
}
