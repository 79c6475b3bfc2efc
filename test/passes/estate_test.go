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

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/bindings"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

var (
	onlyWalk = flag.Uint64("walk", 0, "the seed of the only walk that TestNothingIsLeftWithWhoWent takes")
	walks    = flag.Uint64("walks", 2, "how many walks TestNothingIsLeftWithWhoWent takes")
)

// People come and go, in any order, name successors, own more and more, are parked where the organization holds removals, while two
// operators act at once and die. In the end nothing is left with a person who went, nobody who went holds a seat, and nobody who stays
// has lost anything.
func TestNothingIsLeftWithWhoWent(t *testing.T) {
	t.Parallel()
	for i := range *walks {
		seed := rand.Uint64()&^parks | i%2*parks
		if *onlyWalk != 0 {
			if seed = *onlyWalk; i > 0 {
				return
			}
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			spread := build.Notes()
			spread.Successor = []v1alpha1.SuccessorSource{v1alpha1.SuccessorNamed, v1alpha1.SuccessorSpread}
			w := rich(t, []v1alpha1.OwnershipRule{build.Notes(), spread}[seed%2])
			passes.Change(w, "acme", func(o *v1alpha1.Organization) {
				o.Spec.Directory = build.Organization("acme").Directory().Obj().Spec.Directory
			})
			w.Settle()
			passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(walkSeats)) })
			w.Create(build.Role("viewer").RoleRefs("view").Obj(), build.Role("guest").RoleRefs("view").Obj(),
				build.Team("top").Roles("guest").Lead("ada").Obj(), build.Team("sales").Roles("viewer").Parent("top").Obj())
			s := newWalk(t, seed, w)
			defer func() {
				if t.Failed() {
					t.Logf("go test -run TestNothingIsLeft -walk=%d; what happened: %v; who is there: %v", seed, s.said, s.scene().standings(w))
				}
			}()
			for range s.steps {
				s.step()
			}
			s.calm()
			if s.parks {
				s.parkAll()
				s.reapply()
				s.check()
				s.unguarded()
			} else {
				s.rest()
			}
			s.check()
		})
	}
}

// parks is the bit of a seed by which the organization holds removals, and people are parked.
const parks = 2

// walk is one run of events.
type walk struct {
	*testing.T
	*rand.Rand

	w, twin *passes.World
	notes   int
	said    []string
	steps   int
	// names are those that Users have.
	names []string
	// parks says that people are parked. kept is what these have to keep, by the UID of the User that was; unrecorded are the records
	// that somebody deleted; renamed are the names of people who are here by another name, or went by that.
	parks      bool
	kept       map[types.UID]*kept
	unrecorded map[types.UID]bool
	renamed    map[string]bool
	// dies are the accidents that wait for an operator, until it is over.
	dies map[*passes.World]<-chan struct{}
	over atomic.Bool
}

func newWalk(t *testing.T, seed uint64, w *passes.World) *walk {
	t.Helper()
	s := &walk{
		T: t, Rand: rand.New(rand.NewPCG(seed, 0)), w: w, twin: w.Twin(), steps: 60, names: walkers, parks: seed&parks != 0,
		kept: map[types.UID]*kept{}, unrecorded: map[types.UID]bool{}, renamed: map[string]bool{}, dies: map[*passes.World]<-chan struct{}{},
	}
	if s.parks {
		s.names, s.steps = nil, 22
		for _, name := range walkers {
			s.names = append(s.names, name, name+again)
		}
		s.guarded(w)
	}
	return s
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

// walkSeats are fewer seats than there may be people.
const walkSeats = 4

var walkers = []string{"bea", "cid", "dan", "eve"}

func (s *walk) step() {
	s.Helper()
	name, other := s.names[s.IntN(len(s.names))], s.names[s.IntN(len(s.names))]
	world := []*passes.World{s.w, s.twin}[s.IntN(2)]
	s.rise()
	if s.parks {
		defer s.watch()
		if s.IntN(2) == 0 {
			s.park(name)
			return
		}
	}
	switch s.IntN(17) {
	case 15:
		n := 1 + s.IntN(3)
		s.act("the directory is down %d times", n)
		s.w.Directory.Unavailable(n)
	case 16:
		s.act("an answer of the directory is lost")
		s.w.Directory.Lose(1)
	case 10:
		s.team(name)
	case 11, 12:
		s.until(name)
	case 13:
		s.act("%s is suspended", name)
		s.edit(name, state(v1alpha1.UserSuspended))
	case 14:
		d := []time.Duration{time.Minute, 2 * time.Hour}[s.IntN(2)]
		s.act("%s pass", d)
		s.w.Clock.SetTime(s.w.Clock.Now().Add(d))
	case 0:
		s.act("%s is archived", name)
		s.edit(name, archive)
	case 1:
		s.act("%s is back", name)
		s.edit(name, state(v1alpha1.UserActive))
	case 2:
		s.remove(name)
	case 3:
		s.act("%s is to succeed %s", other, name)
		if name != other {
			s.edit(name, func(u *v1alpha1.User) { u.Spec.Successor = other })
		}
	case 4:
		s.comes(name, address(name), "member")
		_, _ = s.w.Round()
		s.accept(name)
	case 5, 6:
		s.note(name)
	case 7:
		s.act("an operator is to die")
		if s.dies[world] == nil {
			writes := operator.Writing("users", "users/status", "configmaps", "seatslices", "archivedusers", "organizations/status", "rolebindings")
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

// team makes a user a member of a team, its lead, or neither, or moves the team out of the one above it.
func (s *walk) team(name string) {
	s.Helper()
	how := s.IntN(4)
	s.act("%s and the team sales: %d", name, how)
	passes.Change(s.w, "sales", func(team *v1alpha1.Team) {
		if how == 3 {
			team.Spec.Parent = map[string]string{"": "top", "top": ""}[team.Spec.Parent]
			return
		}
		team.Spec.Members = slices.DeleteFunc(team.Spec.Members, func(m v1alpha1.TeamMembership) bool {
			return m.User == name || how == 1 && m.Role == v1alpha1.TeamLead // a team has at most one
		})
		if how < 2 {
			team.Spec.Members = append(team.Spec.Members, v1alpha1.TeamMembership{
				User: name, Role: []v1alpha1.TeamRole{v1alpha1.TeamMember, v1alpha1.TeamLead}[how],
			})
		}
	})
}

// until has access end in the past, soon, or never.
func (s *walk) until(name string) {
	s.Helper()
	in := []time.Duration{-time.Hour, time.Hour, 0}[s.IntN(3)]
	s.act("the access of %s ends in %s", name, in)
	s.edit(name, func(u *v1alpha1.User) {
		if u.Spec.AccessUntil = nil; in != 0 {
			u.Spec.AccessUntil = new(metav1.NewTime(s.w.Clock.Now().Add(in)))
		}
	})
}

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

// calm ends all accidents, and lets both operators come to an end of what they do.
func (s *walk) calm() {
	s.Helper()
	s.over.Store(true)
	s.w.Directory.Unavailable(0)
	s.w.Directory.Lose(0)
	s.rise()
	for range 3 { // each may have found what the other was about to do
		_, _ = s.twin.Round()
		_, _ = s.w.Round()
	}
}

// rest lets the operator do what waits for a while.
func (s *walk) rest() {
	s.Helper()
	s.w.Clock.SetTime(s.w.Clock.Now().Add(10 * time.Minute))
	s.w.Settle()
}

func (s *walk) check() {
	s.Helper()
	here := s.scene()
	people := here.people()
	if want := 3 + s.notes; len(here.notes) != want {
		s.Errorf("there are %d notes, want %d", len(here.notes), want)
	}
	for note, name := range here.notes {
		owner := find(people, func(u *v1alpha1.User) bool { return u.Name == name && !s.gone(here, u) })
		if owner == nil && (here.named(name) != nil || !s.renamed[name]) {
			s.Errorf("%s is owned by %s, who is gone: %v", note, name, here.standings(s.w))
		}
	}
	held := map[types.UID]bool{}
	for number, uid := range here.seats {
		holder := find(people, func(u *v1alpha1.User) bool { return u.UID == uid })
		if holder == nil || holder.Name != here.names[uid] || here.user(uid) != nil && !slices.Equal(holder.Status.Seats, []string{"standard"}) {
			s.Errorf("%s holds seat %d, and does not know or went", here.names[uid], number)
		}
		if held[uid] {
			s.Errorf("%s holds two seats", here.names[uid])
		}
		held[uid] = true
	}
	if len(held) > walkSeats {
		s.Errorf("%d people hold %d seats", len(held), walkSeats)
	}
	for _, u := range here.users {
		s.standing(u, held)
	}
	s.bound(here)
	s.signedIn(here)
}

// gone says that somebody is archived, or should be: is not parked, waits for no successor, and is not held.
func (s *walk) gone(here *scene, u *v1alpha1.User) bool {
	reason := s.w.Reason(u)
	return access.Archiving(u) && !here.keeps(u.UID) && reason != v1alpha1.ReasonSuccessorRequired && !access.Detained(u, acmeOf(s.w))
}

// signedIn holds that an account is active if whose it is has access, and no other is, and that nobody has that of another.
func (s *walk) signedIn(here *scene) {
	s.Helper()
	may, whose := map[types.UID]string{}, map[types.UID]string{}
	for _, u := range here.people() {
		if membership.MayEnter(u) {
			may[u.Account()] = u.Name
		}
	}
	for _, u := range here.users {
		if other := whose[u.Account()]; other != "" {
			s.Errorf("%s and %s have the same account", u.Name, other)
		}
		whose[u.Account()] = u.Name
	}
	accounts := s.w.Directory.Accounts()
	for uid, a := range accounts {
		if (may[uid] != "") != a.Account.Active {
			s.Errorf("the account %s is active: %t, and is that of %q, who has access", a.Account.UserName, a.Account.Active, may[uid])
		}
	}
	for uid, name := range may {
		if _, ok := accounts[uid]; !ok {
			s.Errorf("%s has access and no account", name)
		}
	}
}

// standing holds that who is to have no access has none, and nobody a seat who is not to have it.
func (s *walk) standing(u *v1alpha1.User, held map[types.UID]bool) {
	s.Helper()
	reason := s.w.Reason(u)
	stays := access.Detained(u, acmeOf(s.w)) || reason == v1alpha1.ReasonSuccessorRequired && u.Status.AccessRevokedAt == nil
	leaves := access.Leaving(u) || u.Spec.AccessUntil != nil && !s.w.Clock.Now().Before(u.Spec.AccessUntil.Time)
	switch st := u.Status; {
	case leaves && !stays && (access.Active(u) || len(st.Roles) > 0 || reason == v1alpha1.ReasonInvited):
		s.Errorf("%s is to have no access, is %s and has the roles %v", u.Name, reason, st.Roles)
	case access.Leaving(u) && (reason == v1alpha1.ReasonArchived || reason == v1alpha1.ReasonSuspended) && (held[u.UID] || st.AccessRevokedAt == nil):
		s.Errorf("%s is %s and holds a seat, or nobody revoked access: %+v", u.Name, reason, st)
	case (reason == v1alpha1.ReasonActive || reason == v1alpha1.ReasonRemovalHeld && access.Active(u)) && access.Holds(u, "member") != held[u.UID]:
		s.Errorf("%s is %s and holds the roles %v, and a seat: %t", u.Name, reason, st.Roles, held[u.UID])
	case !access.Leaving(u) && !held[u.UID] && len(held) < walkSeats && slices.Contains(u.Spec.Roles, "member") && reason == v1alpha1.ReasonAwaitingSeat:
		s.Errorf("%s waits for a seat, and %d of %d are held", u.Name, len(held), walkSeats)
	}
}

// bound holds that nobody has rights in Kubernetes but who holds the role that they come with.
func (s *walk) bound(here *scene) {
	s.Helper()
	people := here.people()
	for name, roles := range here.rights {
		for _, role := range roles {
			if !slices.ContainsFunc(people, func(u *v1alpha1.User) bool {
				return bindings.Address(u) == name && access.Active(u) && access.Holds(u, role)
			}) {
				s.Errorf("%s has the rights of role %s: %v", name, role, here.standings(s.w))
			}
		}
	}
}
