// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// roles waits until a user holds just these roles.
func (s *stage) roles(name string, roles ...string) {
	s.Helper()
	await(s, name, func(u *v1alpha1.User) error {
		if !slices.Equal(u.Status.Roles, roles) {
			return fmt.Errorf("%s holds %v, want %v (%v)", name, u.Status.Roles, roles, u.Status.Conditions)
		}
		return nil
	})
}

// seats waits until a user has a seat of each of the pools, and no other.
func (s *stage) seats(name string, pools ...string) {
	s.Helper()
	await(s, name, func(u *v1alpha1.User) error {
		if !slices.Equal(u.Status.Seats, pools) {
			return fmt.Errorf("%s has the seats %v, want %v", name, u.Status.Seats, pools)
		}
		return nil
	})
}

// withholds waits until a role is withheld from a user for a reason.
func (s *stage) withholds(name, role, reason string) {
	s.Helper()
	await(s, name, func(u *v1alpha1.User) error {
		for _, w := range u.Status.WithheldRoles {
			if w.Name == role && w.Reason == reason {
				return nil
			}
		}
		return fmt.Errorf("of %s is withheld %v, want %s: %s", name, u.Status.WithheldRoles, role, reason)
	})
}

func members(team *v1alpha1.Team, names ...string) {
	team.Spec.Members = nil
	for _, name := range names {
		team.Spec.Members = append(team.Spec.Members, v1alpha1.TeamMembership{User: name, Role: v1alpha1.TeamMember})
	}
}

// Rules CO-11, AX-18, CO-2: roles come from the person, from teams and the teams above, or else by default, and add up.
func TestEffectiveRoles(t *testing.T) {
	t.Parallel()
	s := play(
		t, build.Organization("acme").Owner("ada").DefaultRole("support").Obj(),
		build.SeatPool("standard").Seats(1).Obj(),
		build.Role("support").Obj(), build.Role("guest").Obj(), build.Role("staff").Obj(), build.Role("seller").Includes("paid").Obj(),
		build.Role("paid").SeatPool("standard").Obj(),
		build.Team("company").Roles("staff").Obj(),
		build.Team("sales").Parent("company").Members("bea").Roles("guest").Obj(),
		build.User("ada").Obj(), build.User("bea").Obj(), build.User("cleo").Roles("seller").Obj(),
	)
	s.roles("ada", "support")
	s.roles("bea", "guest", "staff")
	s.roles("cleo", "seller")
	s.seats("cleo", "standard") // by what it includes

	edit(s, "company", func(team *v1alpha1.Team) { members(team, "ada") })
	s.roles("ada", "staff")
	edit(s, "company", func(team *v1alpha1.Team) { team.Spec.Roles = append(team.Spec.Roles, "seller") })
	s.withholds("ada", "seller", v1alpha1.ReasonAwaitingSeat)
	s.withholds("bea", "seller", v1alpha1.ReasonAwaitingSeat)
	s.scale(3)
	s.roles("ada", "seller", "staff")
	s.roles("bea", "guest", "seller", "staff")

	edit(s, "sales", func(team *v1alpha1.Team) { team.Spec.Parent = "" })
	s.roles("bea", "guest")
	s.seats("bea")
	edit(s, "sales", func(team *v1alpha1.Team) { team.Spec.Parent = "company" })
	s.roles("bea", "guest", "seller", "staff")
	edit(s, "seller", func(r *v1alpha1.Role) { r.Spec.Includes = nil })
	s.seats("bea")
	s.must(s.Delete(t.Context(), get[v1alpha1.Team](s, "company")), "deleting the company")
	s.roles("bea", "guest")
	s.roles("ada", "support")
	edit(s, "acme", func(o *v1alpha1.Organization) { o.Spec.DefaultRole = "" })
	s.roles("ada")
	s.is("ada", v1alpha1.ReasonNoRoles)
	edit(s, "sales", func(team *v1alpha1.Team) { team.Spec.Roles = []string{"nobody", "guest"} })
	s.says("bea", v1alpha1.ReasonRoleNotFound, "nobody (given by team sales)")
	s.roles("bea", "guest")
	s.withholds("bea", "nobody", v1alpha1.ReasonRoleNotFound)
	s.create(build.Role("nobody").Obj())
	s.roles("bea", "guest", "nobody")
}

// Rule CO-7: in case of absence a trusted person gets the same rights, from one moment to another, with nobody at the keyboard.
func TestDelegationKeepsTime(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada")...)
	from := s.clock.Now().Add(24 * time.Hour).Truncate(time.Second)
	until := from.Add(24 * time.Hour)
	s.create(
		build.Role("lead").Obj(), build.Team("ops").Lead("max").Roles("lead").Obj(),
		build.User("nadia").Obj(), build.User("max").Roles("member").Delegate("nadia", from, until).Obj(),
	)
	s.roles("max", "lead", "member")
	s.is("nadia", v1alpha1.ReasonNoRoles)

	leap := func(to time.Time) { // which timers do not feel: not nadia's, nor that of the pool, which she waits for
		s.leapTo("nadia", to)
		edit(s, "standard", func(p *v1alpha1.SeatPool) {
			metav1.SetMetaDataAnnotation(&p.ObjectMeta, v1alpha1.AnnotationReconcileAt, to.String())
		})
	}
	leap(from)
	s.roles("nadia", "lead")
	s.withholds("nadia", "member", v1alpha1.ReasonAwaitingSeat)
	s.scale(3)
	s.roles("nadia", "lead", "member")
	s.seats("nadia", "standard")

	leap(until)
	s.roles("nadia")
	await(s, "standard", func(p *v1alpha1.SeatPool) error { return counts("assigned", p.Status.Assigned, 2) })
	s.roles("max", "lead", "member")
}

// A window begins and ends on a timer.
func TestDelegationBeginsAndEndsByItself(t *testing.T) {
	t.Parallel()
	s := play(t, acme(3, "ada")...)
	from := s.clock.Now().Add(2 * time.Second).Truncate(time.Second)
	s.create(build.User("nadia").Obj(), build.User("max").Roles("member").Delegate("nadia", from, from.Add(3*time.Second)).Obj())
	s.is("nadia", v1alpha1.ReasonNoRoles)
	s.roles("nadia", "member")
	if s.clock.Now().Before(from) {
		t.Error("the delegation began too early")
	}
	s.roles("nadia")
	if s.clock.Now().Before(from.Add(3 * time.Second)) {
		t.Error("the delegation ended too early")
	}
	await(s, "standard", func(p *v1alpha1.SeatPool) error { return counts("assigned", p.Status.Assigned, 2) })
}

// admins is an organization with administrators, of whom it needs one. They have no other role.
func admins(names ...string) []client.Object {
	objects := []client.Object{build.Organization("acme").Owner("owner").Obj(), build.Role("admin").MinHolders(1).Obj(), build.Role("guest").Obj(), build.User("owner").Roles("guest").Obj()}
	for _, name := range names {
		objects = append(objects, build.User(name).Roles("admin").Obj())
	}
	return objects
}

// Rules AC-1, AC-2, AC-3, CO-7: administrators can remove each other, in whatever way, but for the last.
func TestOfTwoAdministratorsOneStays(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(s *stage, name string){
		"demotion": func(s *stage, name string) {
			edit(s, name, func(u *v1alpha1.User) { u.Spec.Roles = []string{"guest"} })
		},
		"suspension": func(s *stage, name string) { s.turn(name, v1alpha1.UserSuspended) },
		"archive":    func(s *stage, name string) { s.turn(name, v1alpha1.UserArchived) },
		"deletion":   func(s *stage, name string) { s.delete(name) },
		"team": func(s *stage, name string) {
			edit(s, "admins", func(team *v1alpha1.Team) {
				team.Spec.Members = slices.DeleteFunc(team.Spec.Members, func(m v1alpha1.TeamMembership) bool { return m.User == name })
			})
		},
		"delegation": func(s *stage, name string) {
			edit(s, "from-"+name, func(u *v1alpha1.User) { u.Spec.Delegates = nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := admins("ada", "bea")
			switch name {
			case "team":
				objects = append(admins(), build.User("ada").Obj(), build.User("bea").Obj(), build.Team("admins").Roles("admin").Members("ada", "bea").Obj())
			case "delegation":
				objects = append(
					admins(), build.User("ada").Obj(), build.User("bea").Obj(),
					build.User("from-ada").Roles("helper").Delegate("ada", time.Time{}, time.Now().Add(time.Hour)).Obj(),
					build.User("from-bea").Roles("helper").Delegate("bea", time.Time{}, time.Now().Add(time.Hour)).Obj(),
					build.Role("helper").MinHolders(3).Obj(),
				)
			}
			s := play(t, objects...)
			s.join("ada")
			s.join("bea")
			remove(s, "ada")
			remove(s, "bea")
			s.oneStays(name)
		})
	}
}

// oneStays waits until one of ada and bea is held by name of the role, and the other went, and lets the one go as well.
func (s *stage) oneStays(way string) {
	s.Helper()
	role := "admin"
	if way == "delegation" {
		role = "helper" // three of four
	}
	var held string
	env.Eventually(s, func() error {
		var went []string
		for _, name := range []string{"ada", "bea"} {
			var u v1alpha1.User
			switch err := s.Get(s.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, &u); {
			case client.IgnoreNotFound(err) != nil:
				return err
			case err != nil || !slices.Contains(u.Status.Roles, role):
				went = append(went, name)
			default:
				held = name
				if err := errors.Join(stands(&u, v1alpha1.ReasonLastHolder), message(&u, "keeps role "+role)); err != nil {
					return err
				}
				if u.Status.AccessRevokedAt != nil {
					return fmt.Errorf("%s has no access", name)
				}
			}
		}
		if len(went) != 1 {
			return fmt.Errorf("%v went", went)
		}
		return nil
	})
	if way == "delegation" {
		return
	}
	s.create(build.User("cleo").Roles(role).Obj())
	s.join("cleo") // somebody else does it now
	env.Eventually(s, func() error {
		var u v1alpha1.User
		if err := s.Get(s.Context(), client.ObjectKey{Namespace: s.ns, Name: held}, &u); client.IgnoreNotFound(err) != nil {
			return err
		} else if err == nil && slices.Contains(u.Status.Roles, role) {
			return fmt.Errorf("%s is held on: %v", held, u.Status.Conditions)
		}
		return nil
	})
}

// The operator dies at each write that a removal takes, and whether or not the write got through, one stays.
func TestOperatorDiesWhileAdministratorsGo(t *testing.T) {
	t.Parallel()
	for _, fault := range []operator.Fault{operator.NotSent, operator.NoAnswer} {
		for _, at := range []struct {
			resource string
			nth      int
		}{{"users/status", 1}, {"users/status", 2}, {"organizations/status", 1}, {"users/status", 3}} {
			t.Run(fmt.Sprintf("%v/%s/%d", fault, at.resource, at.nth), func(t *testing.T) {
				t.Parallel()
				s := play(t, admins("ada", "bea")...)
				s.join("ada")
				s.join("bea")
				s.op.Stop(t)
				var traffic operator.Traffic
				s.start(operator.Options{Config: traffic.Config(env.Config(t))})
				await(s, "admin", func(r *v1alpha1.Role) error { return counts("holders", r.Status.Holders, 2) })
				dead := traffic.Kill(fault, at.nth, operator.Writing(at.resource))
				edit(s, "ada", func(u *v1alpha1.User) { u.Spec.Roles = []string{"guest"} })
				s.turn("bea", v1alpha1.UserSuspended)
				<-dead
				fewest := s.watchHolders("admin")
				s.replace()
				s.oneStays("crash")
				if n := fewest(); n < 1 {
					t.Error("for a moment there was no administrator")
				}
			})
		}
	}
}

// The whole organization can go, whatever it needs.
func TestTearDownWithMinHolders(t *testing.T) {
	t.Parallel()
	s := play(t, admins("ada")...)
	s.join("ada")
	s.delete("ada")
	s.says("ada", v1alpha1.ReasonLastHolder, "needs 1 holder")
	s.must(s.Delete(t.Context(), get[v1alpha1.Organization](s, "acme")), "deleting the organization")
	s.gone("ada")
}

// A role that is given up with all that hangs on it comes back when the edit is taken back before anybody lost anything.
func TestTakenBackInTime(t *testing.T) {
	t.Parallel()
	s := play(t, admins("ada")...)
	s.join("ada")
	s.turn("ada", v1alpha1.UserArchived)
	s.is("ada", v1alpha1.ReasonLastHolder)
	s.turn("ada", v1alpha1.UserActive)
	u := s.is("ada", v1alpha1.ReasonActive)
	if len(u.Status.RoleRequests) > 0 || u.Status.AccessRevokedAt != nil {
		t.Errorf("asks for %v, and lost access at %v", u.Status.RoleRequests, u.Status.AccessRevokedAt)
	}
	await(s, "acme", func(o *v1alpha1.Organization) error {
		if len(o.Status.RoleDecisions) > 0 {
			return fmt.Errorf("on record are %v", o.Status.RoleDecisions)
		}
		return nil
	})
}

// Rules IN-3, IN-4: there is one principal, however many are declared, and the next when that one goes.
func TestMaxHolders(t *testing.T) {
	t.Parallel()
	const people = 10
	objects := append(acme(people+1, "ada"), build.SeatPool("premium").Seats(people).Obj(), build.Role("principal").SeatPool("premium").MaxHolders(1).Obj())
	for i := range people {
		objects = append(objects, build.User(fmt.Sprintf("p%d", i)).Roles("member", "principal").Obj())
	}
	s := play(t, objects...)
	former := ""
	principal := func() (name string) {
		env.Eventually(t, func() error {
			name = ""
			for i := range people {
				u := get[v1alpha1.User](s, fmt.Sprintf("p%d", i))
				if u.Name == former {
					continue
				}
				if slices.Contains(u.Status.Roles, "principal") {
					if name != "" {
						t.Fatalf("%s and %s are principal", name, u.Name)
					}
					name = u.Name
				} else if err := stands(u, v1alpha1.ReasonMaxHoldersReached); err != nil {
					return err
				}
			}
			if name == "" {
				return errors.New("nobody is principal")
			}
			return nil
		})
		return name
	}
	former = principal()
	await(s, "premium", func(p *v1alpha1.SeatPool) error { // a seat is not for those who wait
		return errors.Join(counts("assigned", p.Status.Assigned, 1), counts("waiting", p.Status.Waiting, 0))
	})
	edit(s, former, func(u *v1alpha1.User) { u.Spec.Roles = []string{"member"} })
	s.roles(former, "member")
	principal()
}

// Two replicas that both believe to lead, and twelve who go at once: two stay, at every moment.
func TestRivalsKeepAdministrators(t *testing.T) {
	t.Parallel()
	const people, least = 12, 2
	s := empty(t)
	s.create(build.Organization("acme").Owner("owner").Obj(), build.Role("admin").MinHolders(least).Obj(), build.Role("guest").Obj(), build.User("owner").Roles("guest").Obj())
	names := make([]string, people)
	for i := range names {
		names[i] = fmt.Sprintf("p%02d", i)
		s.create(build.User(names[i]).Roles("admin").Obj())
	}
	s.start(operator.Options{})
	operator.Start(s, s.ns, operator.Options{Mailbox: s.box, Clock: s.clock})
	for _, name := range names {
		s.roles(name, "admin")
	}
	fewest := s.watchHolders("admin")
	for i, name := range names {
		if i%2 == 0 {
			s.turn(name, v1alpha1.UserSuspended)
		} else {
			edit(s, name, func(u *v1alpha1.User) { u.Spec.Roles = []string{"guest"} })
		}
	}
	env.Eventually(t, func() error {
		held := 0
		for _, name := range names {
			u := get[v1alpha1.User](s, name)
			if slices.Contains(u.Status.Roles, "admin") {
				held++
				if err := stands(u, v1alpha1.ReasonLastHolder); err != nil {
					return err
				}
			}
		}
		if held != least {
			return fmt.Errorf("%d hold the role", held)
		}
		return nil
	})
	if n := fewest(); n < least {
		t.Errorf("there was a moment with %d holders", n)
	}
}

// watchHolders watches from now on how many hold a role. What it returns tells the fewest there were.
func (s *stage) watchHolders(role string) (fewest func() int) {
	s.Helper()
	c, err := client.NewWithWatch(env.Config(s), client.Options{Scheme: s.Scheme()})
	s.must(err, "making a client")
	var list v1alpha1.UserList
	s.must(c.List(s.Context(), &list, client.InNamespace(s.ns)), "listing users")
	holders := map[string]bool{}
	for _, u := range list.Items {
		holders[u.Name] = slices.Contains(u.Status.Roles, role)
	}
	count := func() (n int) {
		for _, holds := range holders {
			if holds {
				n++
			}
		}
		return n
	}
	least := count()
	watching, err := c.Watch(s.Context(), &v1alpha1.UserList{}, client.InNamespace(s.ns), &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: list.ResourceVersion}})
	s.must(err, "watching users")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for event := range watching.ResultChan() {
			if u, ok := event.Object.(*v1alpha1.User); ok {
				holders[u.Name] = slices.Contains(u.Status.Roles, role) && event.Type != watch.Deleted
				least = min(least, count())
			}
		}
	}()
	return func() int {
		watching.Stop()
		<-done
		return least
	}
}

// Of a team's change hear those whom it concerns, and nobody else is written.
func TestATeamChangeTouchesItsTree(t *testing.T) {
	t.Parallel()
	s := empty(t)
	s.create(
		build.Organization("acme").Obj(), build.Role("guest").Obj(), build.Role("staff").Obj(), build.User("ada").Roles("guest").Obj(),
		build.Team("company").Obj(), build.Team("sales").Parent("company").Roles("guest").Obj(), build.Team("field").Parent("sales").Obj(), build.Team("labs").Parent("company").Roles("guest").Obj(),
	)
	team := map[string][]string{}
	for _, name := range []string{"sales", "field", "labs"} {
		for i := range 5 {
			user := fmt.Sprintf("%s%d", name, i)
			team[name] = append(team[name], user)
			s.create(build.User(user).Obj())
		}
		edit(s, name, func(t *v1alpha1.Team) { members(t, team[name]...) })
	}
	var traffic operator.Traffic
	s.start(operator.Options{Config: traffic.Config(env.Config(t))})
	for _, users := range team {
		for _, user := range users {
			s.invited(user, 1)
		}
	}
	s.invited("ada", 1)
	await(s, "company", func(t *v1alpha1.Team) error { return counts("members of all teams", t.Status.TotalMembers, 15) })

	traffic.Reset()
	edit(s, "sales", func(t *v1alpha1.Team) { t.Spec.Roles = []string{"guest", "staff"} })
	for _, user := range slices.Concat(team["sales"], team["field"]) {
		s.roles(user, "guest", "staff")
	}
	edit(s, "field", func(t *v1alpha1.Team) { members(t, append(team["field"][1:], "ada")...) })
	s.roles("ada", "guest", "staff")
	s.roles("field0")
	s.passOver()
	written := map[string]int{}
	for _, r := range traffic.Requests(operator.Writing("users/status")) {
		written[r.Name]++
	}
	for _, user := range slices.Concat(team["sales"], team["field"][1:]) {
		if written[user] != 1 {
			t.Errorf("%s is written %d times", user, written[user])
		}
	}
	for _, user := range team["labs"] {
		if written[user] != 0 {
			t.Errorf("%s is written %d times, and has nothing to do with it", user, written[user])
		}
	}
	if u := get[v1alpha1.User](s, "field1"); ptr.Deref(u.Status.Invitation, v1alpha1.InvitationStatus{}).Sequence != 1 {
		t.Error("a change of roles is no new invitation (EZ-16)")
	}
}

// Rights in Kubernetes begin with the acceptance, and are gone before it is told that the role is lost.
func TestRightsGoBeforeTheRole(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(s *stage){
		"demotion": func(s *stage) {
			edit(s, "ada", func(u *v1alpha1.User) { u.Spec.Roles = []string{"guest"} })
			s.roles("ada", "guest")
		},
		"suspension": func(s *stage) {
			s.turn("ada", v1alpha1.UserSuspended)
			s.is("ada", v1alpha1.ReasonSuspended)
		},
		"deletion": func(s *stage) {
			s.delete("ada")
			s.gone("ada")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := empty(t)
			s.create(
				build.Organization("acme").Owner("owner").Obj(), build.Role("guest").Obj(),
				build.Role("chief").Includes("auditor").Obj(), build.Role("auditor").RoleRefs("view").Obj(), build.User("ada").Roles("chief").Obj(),
			)
			var traffic operator.Traffic
			s.start(operator.Options{Config: traffic.Config(env.Config(t))})
			s.invited("ada", 1)
			if s.may(at("ada")) {
				t.Error("an invitation gives rights before it is accepted")
			}
			s.join("ada")
			env.Eventually(t, func() error {
				if !s.may(at("ada")) {
					return errors.New("ada has no rights")
				}
				return nil
			})
			traffic.Reset()
			remove(s)
			if s.may(at("ada")) {
				t.Error("ada has rights still")
			}
			var order []string
			for _, r := range traffic.Requests(operator.Writing("rolebindings", "users/status")) {
				order = append(order, r.Resource)
			}
			if len(order) == 0 || order[0] != "rolebindings" || !slices.Contains(order, "users/status") && name != "deletion" {
				t.Errorf("written are %v", order)
			}
		})
	}
}

// may says that somebody may read ConfigMaps in the namespace.
func (s *stage) may(user string) bool {
	s.Helper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user, ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: s.ns, Verb: "get", Resource: "configmaps"},
	}}
	s.must(s.Create(s.Context(), review), "asking for the rights of %s", user)
	return review.Status.Allowed
}
