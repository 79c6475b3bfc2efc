// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

var onlyWalk = flag.Uint64("walk", 0, "the seed of the only walk that TestNothingIsLeftWithWhoWent takes")

// People come and go, in any order, name successors, own more and more, while two operators act at once and die. In the end
// nothing is left with a person who went, nobody who went holds a seat, and nobody who stays has lost anything.
func TestNothingIsLeftWithWhoWent(t *testing.T) {
	t.Parallel()
	for range 3 {
		seed := rand.Uint64()
		if *onlyWalk != 0 {
			seed = *onlyWalk
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			spread := build.Notes()
			spread.Successor = []v1alpha1.SuccessorSource{v1alpha1.SuccessorNamed, v1alpha1.SuccessorSpread}
			w := rich(t, []v1alpha1.OwnershipRule{build.Notes(), spread}[seed%2])
			s := &walk{T: t, Rand: rand.New(rand.NewPCG(seed, 0)), w: w, twin: w.Twin(), dies: map[*passes.World]<-chan struct{}{}}
			defer func() {
				if t.Failed() {
					t.Logf("go test -run TestNothingIsLeft -walk=%d; what happened: %v", seed, s.said)
				}
			}()
			for range 60 {
				s.step()
			}
			s.rest()
			s.check()
		})
	}
}

// walk is one run of events.
type walk struct {
	*testing.T
	*rand.Rand

	w, twin *passes.World
	notes   int
	said    []string
	// dies are the accidents that wait for an operator, until it is over.
	dies map[*passes.World]<-chan struct{}
	over atomic.Bool
}

// rise starts those operators anew that have died.
func (s *walk) rise() {
	for world, hit := range s.dies {
		select {
		case <-hit:
			s.act("it did")
			world.Traffic.Restore()
			world.Restart()
			delete(s.dies, world)
		default:
		}
	}
}

var walkers = []string{"bea", "cid", "dan", "eve"}

func (s *walk) step() {
	s.Helper()
	name, other := walkers[s.IntN(len(walkers))], walkers[s.IntN(len(walkers))]
	world := []*passes.World{s.w, s.twin}[s.IntN(2)]
	s.rise()
	switch s.IntN(10) {
	case 0:
		s.act("%s is archived", name)
		s.edit(name, archive)
	case 1:
		s.act("%s is back", name)
		s.edit(name, state(v1alpha1.UserActive))
	case 2:
		s.act("%s is deleted", name)
		if err := env.Client(s).Delete(s.Context(), build.User(name).In(s.w.Namespace, "acme").Obj()); client.IgnoreNotFound(err) != nil {
			s.Fatal(err)
		}
	case 3:
		s.act("%s is to succeed %s", other, name)
		if name != other {
			s.edit(name, func(u *v1alpha1.User) { u.Spec.Successor = other })
		}
	case 4:
		s.act("%s comes, and accepts", name)
		if err := env.Client(s).Create(s.Context(), build.User(name).In(s.w.Namespace, "acme").Roles("member").Obj()); err != nil && !apierrors.IsAlreadyExists(err) {
			s.Fatal(err)
		}
		_, _ = s.w.Round()
		s.accept(name)
	case 5, 6:
		s.note(name)
	case 7:
		s.act("an operator is to die")
		if s.dies[world] == nil {
			writes := operator.Writing("users", "users/status", "configmaps", "seatslices", "archivedusers")
			s.dies[world] = world.Traffic.Kill([]operator.Fault{operator.NotSent, operator.NoAnswer}[s.IntN(2)], 1+s.IntN(4),
				func(r operator.Request) bool { return !s.over.Load() && writes(r) })
		}
	default:
		s.act("a round")
		_, _ = world.Turn()
		if s.IntN(2) == 0 {
			world.Delivered()
		}
	}
}

func (s *walk) act(format string, args ...any) { s.said = append(s.said, fmt.Sprintf(format, args...)) }

// edit changes a user who is there.
func (s *walk) edit(name string, change func(*v1alpha1.User)) {
	s.Helper()
	u := &v1alpha1.User{}
	if !s.w.Find(name, u) || !u.DeletionTimestamp.IsZero() {
		return
	}
	base := u.DeepCopy()
	change(u)
	if err := env.Client(s).Patch(s.Context(), u, client.MergeFrom(base)); client.IgnoreNotFound(err) != nil {
		s.Fatal(err)
	}
}

// accept answers for a user who is invited.
func (s *walk) accept(name string) {
	s.Helper()
	u := &v1alpha1.User{}
	if s.w.Find(name, u) && u.Status.Invitation != nil && u.Status.AcceptedAt == nil && u.Status.AccessRevokedAt == nil && u.Status.Invitation.SentAt != nil {
		s.w.Answer(name, accept)
	}
}

// note makes something that a user owns, unless the user has left.
func (s *walk) note(name string) {
	s.Helper()
	u := &v1alpha1.User{}
	if !s.w.Find(name, u) || access.Leaving(u) {
		return
	}
	s.notes++
	s.act("%s owns note-%d", name, s.notes)
	s.w.Create(build.Note(fmt.Sprintf("note-%d", s.notes), name))
}

// rest lets both operators come to an end of what they do.
func (s *walk) rest() {
	s.Helper()
	s.over.Store(true)
	s.rise()
	for range 4 { // each may have found what the other was about to do
		_, _ = s.twin.Round()
		_, _ = s.w.Round()
	}
	s.w.Clock.SetTime(s.w.Clock.Now().Add(10 * time.Minute))
	s.w.Settle()
}

func (s *walk) check() {
	s.Helper()
	owned := owners(s.T, s.w)
	if want := 3 + s.notes; len(owned) != want {
		s.Errorf("there are %d notes, want %d", len(owned), want)
	}
	for note, name := range owned {
		u := &v1alpha1.User{}
		if !s.w.Find(name, u) {
			s.Errorf("%s is owned by %s, who is gone", note, name)
			continue
		}
		if reason := s.w.Reason(u); access.Archiving(u) && reason != v1alpha1.ReasonSuccessorRequired {
			s.Errorf("%s is owned by %s, who is %s", note, name, reason)
		}
	}
	var ledger v1alpha1.SeatSliceList
	if err := env.Client(s).List(s.Context(), &ledger, client.InNamespace(s.w.Namespace)); err != nil {
		s.Fatal(err)
	}
	held := map[types.UID]bool{}
	for _, slice := range ledger.Items {
		for _, a := range slice.Assignments {
			u := &v1alpha1.User{}
			if !s.w.Find(a.User, u) || u.UID != a.UID || access.Archiving(u) && s.w.Reason(u) == v1alpha1.ReasonArchived {
				s.Errorf("%s holds a seat, and went", a.User)
			}
			if held[a.UID] {
				s.Errorf("%s holds two seats", a.User)
			}
			held[a.UID] = true
		}
	}
	for _, name := range slices.Concat(walkers, []string{"ada"}) {
		if u := (&v1alpha1.User{}); s.w.Find(name, u) && access.Archiving(u) && access.Active(u) && s.w.Reason(u) != v1alpha1.ReasonSuccessorRequired {
			s.Errorf("%s has access, and is to leave: %s", name, s.w.Reason(u))
		}
	}
}
