// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// People do what they like, in any order, while passes come in any order, caches lag, writes fail and processes end.
// When all that is over, everything is as it should be.
func TestChaos(t *testing.T) {
	t.Parallel()
	for range 4 {
		seed := rand.Uint64()
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			c := newChaos(t, seed)
			for range 60 {
				c.step()
			}
			c.calm()
			c.check()
		})
	}
}

type chaos struct {
	*testing.T
	*passes.World
	*rand.Rand
	thaw  []func()
	hit   <-chan struct{}
	death bool
	came  int
	said  []string
}

func newChaos(t *testing.T, seed uint64) *chaos {
	t.Helper()
	w := passes.New(t, acme(2, "ada", "bea")()...)
	w.Patience = 2 * time.Second
	return &chaos{T: t, World: w, Rand: rand.New(rand.NewPCG(seed, 0))}
}

// step does one thing.
func (c *chaos) step() {
	c.Helper()
	deeds := []func(){
		c.somebodyComes, c.somebodyIsEdited, c.somebodyIsEdited, c.somebodyIsDeleted, c.somebodyAnswers,
		c.poolIsScaled, c.writeFails, c.cacheFreezes, c.cachesThaw, c.processEnds, c.timePasses,
		c.aPass, c.aPass, c.aPass, c.aRound, c.aRound,
	}
	deeds[c.IntN(len(deeds))]()
	c.safe()
}

func (c *chaos) say(format string, args ...any) { c.said = append(c.said, fmt.Sprintf(format, args...)) }

func (c *chaos) users() []v1alpha1.User {
	c.Helper()
	var list v1alpha1.UserList
	if err := env.Client(c).List(c.Context(), &list, client.InNamespace(c.Namespace)); err != nil {
		c.Fatal(err)
	}
	return list.Items
}

// somebody is a user who may be changed; nil when there is none.
func (c *chaos) somebody() *v1alpha1.User {
	c.Helper()
	all := slices.DeleteFunc(c.users(), func(u v1alpha1.User) bool { return !u.DeletionTimestamp.IsZero() })
	return &all[c.IntN(len(all))]
}

func (c *chaos) somebodyComes() {
	c.came++
	u := member(fmt.Sprintf("u%02d", c.came))
	if c.IntN(4) == 0 {
		u.Spec.Email = c.somebody().Spec.Email
	}
	c.say("%s comes as %s", u.Name, u.Spec.Email)
	c.Create(u)
}

func (c *chaos) somebodyIsEdited() {
	u := c.somebody()
	edits := map[string]func(*v1alpha1.User){
		"is active": state(v1alpha1.UserActive), "is suspended": state(v1alpha1.UserSuspended), "is archived": state(v1alpha1.UserArchived),
		"has no role":     func(u *v1alpha1.User) { u.Spec.Roles = nil },
		"has a role":      func(u *v1alpha1.User) { u.Spec.Roles = []string{"member"} },
		"has an unknown":  func(u *v1alpha1.User) { u.Spec.Roles = []string{"member", "unknown"} },
		"is asked again":  func(u *v1alpha1.User) { u.Annotations = map[string]string{v1alpha1.AnnotationResendInvitation: fmt.Sprint(c.Int())} },
		"has a new email": func(u *v1alpha1.User) { u.Spec.Email = fmt.Sprintf("x%d@acme.example", c.IntN(1000)) },
	}
	names := slices.Sorted(maps.Keys(edits))
	name := names[c.IntN(len(names))]
	c.say("%s %s", u.Name, name)
	passes.Change(c.World, u.Name, edits[name])
}

func (c *chaos) somebodyIsDeleted() {
	if u := c.somebody(); u.Name != "ada" {
		c.say("%s is deleted", u.Name)
		c.Delete(build.User(u.Name).Obj())
	}
}

func (c *chaos) somebodyAnswers() {
	u := c.somebody()
	if inv := u.Status.Invitation; inv == nil || inv.SentAt == nil || inv.DeclinedAt != nil || inv.ExpiredAt != nil ||
		u.Status.AcceptedAt != nil || u.Status.AccessRevokedAt != nil || u.Spec.State != v1alpha1.UserActive {
		return
	}
	answer, word := accept, "accepts"
	if c.IntN(2) == 0 {
		answer, word = decline, "declines"
	}
	c.say("%s %s", u.Name, word)
	c.Answer(u.Name, answer)
}

func (c *chaos) poolIsScaled() {
	seats := c.Int32N(5)
	c.say("scale %d", seats)
	scale(c.World, seats)
}

func (c *chaos) writeFails() {
	if c.hit != nil {
		return
	}
	fault := []operator.Fault{operator.NotSent, operator.NoAnswer}[c.IntN(2)]
	n := 1 + c.IntN(3)
	c.say("write %d is %s", n, fault)
	c.hit = c.Traffic.Break(fault, n, operator.Request.Writes)
}

func (c *chaos) cacheFreezes() {
	resource := []string{"users", "seatslices", "seatpools", "roles"}[c.IntN(4)]
	if len(c.thaw) > 0 {
		return
	}
	c.say("freeze %s", resource)
	c.thaw = append(c.thaw, c.Traffic.Freeze(resource))
}

func (c *chaos) cachesThaw() {
	for _, thaw := range c.thaw {
		thaw()
	}
	c.say("thaw")
	c.thaw = nil
}

func (c *chaos) processEnds() {
	c.say("restart")
	c.Restart()
}

func (c *chaos) timePasses() {
	d := []time.Duration{time.Second, time.Minute, 100 * time.Hour}[c.IntN(3)]
	c.say("%s pass", d)
	c.Clock.SetTime(c.Clock.Now().Add(d))
}

func (c *chaos) aPass() {
	kind, name := passes.User, c.somebody().Name
	if c.IntN(2) == 0 {
		kind, name = passes.SeatPool, "standard"
	}
	c.Clock.SetTime(c.Clock.Now().Add(time.Second))
	_, err := c.Pass(kind, name)
	c.say("pass of %s: %v", name, err)
	select {
	case <-c.hit:
		c.hit = nil
	default:
	}
}

func (c *chaos) aRound() {
	if len(c.thaw) > 0 {
		c.aPass()
		return
	}
	_, err := c.Round()
	c.say("round: %v", err)
}

// safe holds what holds at any moment.
func (c *chaos) safe() {
	c.Helper()
	seats := map[string]bool{}
	for _, name := range c.Ledger("standard") {
		if seats[name] {
			c.Errorf("%s holds two seats", name)
		}
		seats[name] = true
	}
}

func (c *chaos) calm() {
	c.Helper()
	c.cachesThaw()
	c.hit = nil
	for range 3 {
		_, _ = c.Round()
	}
	c.Settle()
}

// check holds what holds in a settled world.
func (c *chaos) check() {
	c.Helper()
	defer func() {
		if c.Failed() {
			for _, s := range c.said {
				c.Log(s)
			}
		}
	}()
	holders := map[string]bool{}
	for _, name := range c.Ledger("standard") {
		holders[name] = true
	}
	distinct(c.T, c.Mail.Sent())
	mails := map[string]int{}
	for _, m := range c.Mail.Sent() {
		mails[m.To.Email]++
	}
	waiting := 0
	for _, u := range c.users() {
		if err := c.consistent(&u, holders[u.Name], mails); err != nil {
			c.Errorf("%s is %s: %v\nspec %+v\nstatus %+v", u.Name, c.Reason(&u), err, u.Spec, u.Status)
		}
		if c.Reason(&u) == v1alpha1.ReasonAwaitingSeat {
			waiting++
		}
		delete(holders, u.Name)
	}
	if len(holders) > 0 {
		c.Errorf("nobody by the name of %v is here, and holds a seat", holders)
	}
	pool := c.Pool("standard")
	if waiting > 0 && *pool.Status.Available > 0 || int(*pool.Status.Waiting) != waiting {
		c.Errorf("%d wait, and the pool says %+v", waiting, pool.Status)
	}
}

func (c *chaos) consistent(u *v1alpha1.User, seated bool, mails map[string]int) error {
	inv := u.Status.Invitation
	if held := len(u.Status.Seats) > 0; held != seated {
		return fmt.Errorf("the ledger says %t", seated)
	}
	if inv != nil && inv.SentAt != nil && mails[inv.Email] == 0 {
		return errors.New("there was no mail")
	}
	switch c.Reason(u) {
	case v1alpha1.ReasonInvited:
		if !seated || inv == nil || inv.SentAt == nil || u.Status.AccessRevokedAt != nil {
			return errors.New("no open invitation")
		}
	case v1alpha1.ReasonActive:
		if !seated || u.Status.AcceptedAt == nil || u.Status.AccessRevokedAt != nil {
			return errors.New("not accepted")
		}
	case v1alpha1.ReasonSuspended, v1alpha1.ReasonArchived, v1alpha1.ReasonDeclined, v1alpha1.ReasonInvitationExpired:
		if seated || u.Status.AccessRevokedAt == nil || len(u.Status.Roles) > 0 {
			return errors.New("something is left")
		}
	case v1alpha1.ReasonAwaitingSeat, v1alpha1.ReasonNoRoles:
		if seated {
			return errors.New("there is a seat")
		}
	case v1alpha1.ReasonRoleNotFound, v1alpha1.ReasonEmailInUse, v1alpha1.ReasonOwnerProtected:
	default:
		return errors.New("is that a place to rest?")
	}
	return nil
}
