// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package realscim_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/internal/directory/scim"
	"seatkeeper.dev/seatkeeper/internal/password"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/realscim"
)

func TestMain(m *testing.M) { env.Main(m) }

const (
	// faulty is the part of the requests to the directory that fail.
	faulty = 0.3
	// answersIn is how long the operator waits for the directory.
	answersIn = 400 * time.Millisecond
	owner     = "ada"
)

// company is an organization whose accounts are in a directory that is not ours, and that fails again and again.
type company struct {
	*testing.T
	client.Client
	ns      string
	server  *realscim.Server
	box     *mailbox.Server
	op      *operator.Operator
	traffic *operator.Traffic
	watch   *lookout
	dead    <-chan struct{}
	deaths  int
}

// found starts everything but the operator.
func found(t *testing.T) *company {
	t.Helper()
	c := &company{T: t, Client: env.Client(t), ns: env.Namespace(t), server: realscim.Start(t), box: operator.Mailbox(t)}
	org := build.Organization("acme").Directory().Ownership(build.Notes()).Obj()
	org.Spec.Directory.SCIM.URL = c.server.URL
	c.create(
		org, build.Secret("directory", map[string]string{"token": realscim.Token}),
		build.SeatPool("standard").Seats(100).Obj(), build.Role("member").SeatPool("standard").Obj(),
	)
	return c
}

func (c *company) must(err error, format string, args ...any) {
	c.Helper()
	if err != nil {
		c.Fatalf("%s: %v", fmt.Sprintf(format, args...), err)
	}
}

func (c *company) create(objects ...client.Object) {
	c.Helper()
	for _, o := range objects {
		o.SetNamespace(c.ns)
		c.must(c.Create(c.Context(), o), "creating %T %s", o, o.GetName())
	}
}

// run starts an operator, in place of the one before, which remembers nothing of the directory.
func (c *company) run() {
	c.Helper()
	accounts, err := scim.New(scim.Config{
		URL: c.server.URL, Credentials: scim.Credentials{Bearer: password.New(realscim.Token)}, Timeout: answersIn,
	})
	c.must(err, "making a client of the directory")
	c.traffic = &operator.Traffic{}
	o := operator.Options{Config: c.traffic.Config(env.Config(c)), Mailbox: c.box, Directory: accounts}
	if c.op != nil {
		c.op.Stop(c.T)
		o.Portal = c.op.Portal
	}
	c.op = operator.Start(c, c.ns, o)
}

// doom has the operator die at the nth status that it writes from now on.
func (c *company) doom(fault operator.Fault, nth int) {
	c.dead = c.traffic.Kill(fault, nth, operator.Writing("users/status"))
}

// heal has another operator take the place of one that is dead.
func (c *company) heal() {
	c.Helper()
	select {
	case <-c.dead:
		c.dead = nil
		c.deaths++
		c.run()
	default:
	}
}

func (c *company) edit(name string, change func(*v1alpha1.User)) {
	c.Helper()
	var u v1alpha1.User
	c.must(c.Get(c.Context(), client.ObjectKey{Namespace: c.ns, Name: name}, &u), "reading %s", name)
	before := u.DeepCopy()
	change(&u)
	c.must(c.Patch(c.Context(), &u, client.MergeFrom(before)), "editing %s", name)
}

// all waits until check finds nothing amiss with any of these people. nil is a User who is not there. Whom the directory keeps
// waiting is touched from time to time: the operator would try again by itself, with pauses that grow to minutes.
func (c *company) all(names []string, check func(*v1alpha1.User) error) {
	c.Helper()
	const touch, patience = time.Second, 40 * time.Second
	pending := map[string]error{}
	for _, name := range names {
		pending[name] = nil
	}
	begun, touched := time.Now(), time.Now()
	for tick := time.NewTicker(200 * time.Millisecond); len(pending) > 0; <-tick.C {
		c.heal()
		users := c.users()
		for name := range pending {
			if pending[name] = check(users[name]); pending[name] == nil {
				delete(pending, name)
			}
		}
		if time.Since(begun) > patience {
			c.Fatalf("still, after %s: %v", patience, errors.Join(slices.Collect(maps.Values(pending))...))
		}
		if time.Since(touched) > touch {
			touched = time.Now()
			for name := range pending {
				if users[name] != nil {
					c.touch(users[name])
				}
			}
		}
	}
}

func (c *company) touch(u *v1alpha1.User) {
	c.Helper()
	before := u.DeepCopy()
	metav1.SetMetaDataAnnotation(&u.ObjectMeta, v1alpha1.AnnotationReconcileAt, time.Now().Format(time.RFC3339Nano))
	c.must(client.IgnoreNotFound(c.Patch(c.Context(), u, client.MergeFrom(before))), "touching %s", u.Name)
}

func (c *company) users() map[string]*v1alpha1.User {
	c.Helper()
	var list v1alpha1.UserList
	c.must(c.List(c.Context(), &list, client.InNamespace(c.ns)), "listing users")
	users := map[string]*v1alpha1.User{}
	for i := range list.Items {
		users[list.Items[i].Name] = &list.Items[i]
	}
	return users
}

// reason waits for nothing, and says why somebody is not in a state.
func reason(want string) func(*v1alpha1.User) error {
	return func(u *v1alpha1.User) error {
		if u == nil {
			return errors.New("somebody is not there")
		}
		for _, ready := range u.Status.Conditions {
			if ready.Type == v1alpha1.ConditionReady && ready.Reason == want && ready.ObservedGeneration == u.Generation {
				return nil
			}
		}
		return fmt.Errorf("%s is %+v, want %s", u.Name, u.Status.Conditions, want)
	}
}

// out says why the status of somebody does not say that the person has no access, and no seat. Who is deleted is out once the name
// is free.
func out(u *v1alpha1.User) error {
	if u == nil || u.DeletionTimestamp == nil && !mayEnter(u) && len(u.Status.Seats) == 0 && u.Status.ObservedGeneration == u.Generation {
		return nil
	}
	return fmt.Errorf("%s is still in: %+v", u.Name, u.Status)
}

// in says why somebody has not come in.
func in(u *v1alpha1.User) error {
	if err := reason(v1alpha1.ReasonActive)(u); err != nil {
		return err
	}
	if !mayEnter(u) || u.Status.DirectoryAccount == nil || u.Status.DirectoryAccount.State != v1alpha1.AccountActive {
		return fmt.Errorf("%s is not in: %+v", u.Name, u.Status)
	}
	return nil
}

// mayEnter says that the status says of somebody that the person may sign in.
func mayEnter(u *v1alpha1.User) bool {
	return u.Status.AcceptedAt != nil && u.Status.AccessRevokedAt == nil && len(u.Status.Roles) > 0
}

// accept follows the link of the invitation.
func (c *company) accept(name string) {
	c.Helper()
	var link string
	for _, m := range c.box.Messages() {
		if m.SentTo(name + "@acme.example") {
			link = m.Links()[0]
		}
	}
	form := url.Values{"answer": {"accept"}}.Encode()
	env.Eventually(c, func() error { // the portal may be on its way up
		c.heal()
		r, err := http.NewRequestWithContext(c.Context(), http.MethodPost, link, strings.NewReader(form))
		c.must(err, "making a request")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Close = true
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusConflict { // it was lost that it counted
			return fmt.Errorf("the link of %s gives %d", name, response.StatusCode)
		}
		return nil
	})
}

// ways are how people leave, whether what they own is handed over then, and how they come back.
var ways = []struct {
	name        string
	handsOver   bool
	leave, back func(c *company, name string)
}{
	{
		"archived", true,
		func(c *company, name string) { c.turn(name, v1alpha1.UserArchived) },
		func(c *company, name string) { c.turn(name, v1alpha1.UserActive) },
	},
	{
		"suspended", false,
		func(c *company, name string) { c.turn(name, v1alpha1.UserSuspended) },
		func(c *company, name string) { c.turn(name, v1alpha1.UserActive) },
	},
	{
		"deleted", true,
		func(c *company, name string) {
			c.must(c.Delete(c.Context(), build.User(name).In(c.ns, "acme").Obj(), client.PropagationPolicy(metav1.DeletePropagationBackground)), "deleting %s", name)
		},
		func(c *company, name string) { c.create(member(name)) },
	},
	{
		"access is over", true,
		func(c *company, name string) {
			c.edit(name, func(u *v1alpha1.User) { u.Spec.AccessUntil = new(metav1.NewTime(time.Now().Add(time.Second))) })
		},
		func(c *company, name string) { c.edit(name, func(u *v1alpha1.User) { u.Spec.AccessUntil = nil }) },
	},
	{
		"without a role", false,
		func(c *company, name string) { c.edit(name, func(u *v1alpha1.User) { u.Spec.Roles = nil }) },
		func(c *company, name string) {
			c.edit(name, func(u *v1alpha1.User) { u.Spec.Roles = []string{"member"} })
		},
	},
}

func (c *company) turn(name string, state v1alpha1.UserState) {
	c.Helper()
	c.edit(name, func(u *v1alpha1.User) { u.Spec.State = state })
}

func member(name string) *v1alpha1.User {
	return build.User(name).Name(strings.ToUpper(name), "Lovelace").Roles("member").Obj()
}

// accounts are those of the directory, asked around everything that fails, by user name.
func (c *company) accounts() map[string]map[string]any {
	c.Helper()
	all, uids := map[string]map[string]any{}, map[string]bool{}
	for _, a := range c.server.State(c.T).Users {
		name, uid := strings.ToLower(text(a["userName"])), text(a["externalId"])
		if all[name] != nil || uids[uid] {
			c.Errorf("somebody has two accounts, called %s, with the externalId %s", name, uid)
		}
		all[name], uids[uid] = a, true
	}
	return all
}

// agrees fails the story unless those can sign in whose status says that they may, and everybody has one account, the same as
// before.
func (c *company) agrees(names []string, before map[string]map[string]any) map[string]map[string]any {
	c.Helper()
	users, accounts := c.users(), c.accounts()
	for _, name := range names {
		account := accounts[name+"@acme.example"]
		if account == nil {
			c.Errorf("%s has no account", name)
			continue
		}
		wanted := users[name] != nil && mayEnter(users[name])
		if account["active"] != wanted {
			c.Errorf("%s is to be able to sign in: %v; and has the account %v", name, wanted, account)
		}
		if had := before[name+"@acme.example"]; had != nil && had["id"] != account["id"] {
			c.Errorf("%s had account %v, and has %v", name, had["id"], account["id"])
		}
	}
	if len(accounts) != len(names) {
		c.Errorf("there are %d accounts of %d people", len(accounts), len(names))
	}
	return accounts
}

// TestLifeUnderFaults has many people invited, accept, leave in every way that there is, and come back, while three of ten requests
// to the directory fail, and the operator dies three times. At every moment nobody can sign in whose status does not say so, nobody's
// seat is free, and nobody owns anything any more whose seat is.
func TestLifeUnderFaults(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("the seed of the faults is %d", seed)
	c := found(t)
	names := []string{owner}
	for i := range env.Size(50, 20) {
		names = append(names, fmt.Sprintf("p%02d", i))
	}
	others := names[1:]
	c.run()
	c.server.Chaos(seed, faulty)
	c.watch = c.look()

	for _, name := range names {
		c.create(member(name))
	}
	c.all(names, reason(v1alpha1.ReasonInvited))
	c.agrees(names, nil)
	c.doom(operator.NoAnswer, 10)
	for _, name := range names {
		c.accept(name)
	}
	c.all(names, in)
	accounts := c.agrees(names, nil)

	each := func(do func(way int, name string)) {
		for i, name := range others[:len(others)-5] { // a few stay
			do(i%len(ways), name)
		}
	}
	var left []string
	each(func(way int, name string) {
		left = append(left, name)
		if ways[way].handsOver {
			c.create(build.Note("note-of-"+name, name), build.Note("other-of-"+name, name))
		}
	})
	c.doom(operator.NotSent, 15)
	each(func(way int, name string) { ways[way].leave(c, name) })
	c.all(left, out)
	c.agrees(names, accounts)

	c.doom(operator.NoAnswer, 15)
	each(func(way int, name string) { ways[way].back(c, name) })
	c.all(names, in)
	c.agrees(names, accounts)

	each(func(way int, name string) { ways[(way+1)%len(ways)].leave(c, name) })
	c.all(left, out)
	c.watch.end()
	c.agrees(names, accounts)
	c.sufferedAll()
	if c.deaths != 3 {
		c.Errorf("the operator died %d times", c.deaths)
	}
}

// sufferedAll fails the story if it has shown less than it claims.
func (c *company) sufferedAll() {
	c.Helper()
	requests, hit := c.server.Suffered()
	failed := 0
	for _, fault := range realscim.Faults {
		if failed += hit[fault]; hit[fault] == 0 {
			c.Errorf("no request met: %s", fault)
		}
	}
	c.Logf("of %d requests to the directory %d failed: %v; it was looked %d times who can sign in", requests, failed, hit, c.watch.looks)
	// Of some 400 requests, by chance: a quarter more or less in one of several hundred runs, half in none.
	if part := float64(failed) / float64(requests); part < faulty/2 || part > faulty*3/2 {
		c.Errorf("%.0f %% of the requests failed", 100*part)
	}
}
