// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package passes drives single passes of the controllers against a real API server: with a clock that stands still
// until told otherwise, a mail server that fails on demand, and a connection to the API server that counts, breaks
// and lags on demand.
package passes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/controllers/archiveduser"
	"seatkeeper.dev/seatkeeper/controllers/organization"
	"seatkeeper.dev/seatkeeper/controllers/role"
	"seatkeeper.dev/seatkeeper/controllers/seatpool"
	"seatkeeper.dev/seatkeeper/controllers/team"
	"seatkeeper.dev/seatkeeper/controllers/user"
	"seatkeeper.dev/seatkeeper/internal/billing"
	billingfake "seatkeeper.dev/seatkeeper/internal/billing/fake"
	"seatkeeper.dev/seatkeeper/internal/bindings"
	"seatkeeper.dev/seatkeeper/internal/claims"
	directoryfake "seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/internal/figures"
	"seatkeeper.dev/seatkeeper/internal/groups"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mail/fake"
	"seatkeeper.dev/seatkeeper/internal/mailroom"
	"seatkeeper.dev/seatkeeper/internal/outbox"
	"seatkeeper.dev/seatkeeper/internal/ownership"
	"seatkeeper.dev/seatkeeper/internal/resync"
	"seatkeeper.dev/seatkeeper/internal/signin"
	"seatkeeper.dev/seatkeeper/test/contract"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// Kind is a kind that has a controller.
type Kind string

// The kinds that have a controller, in the order in which a round takes them.
const (
	Organization Kind = "Organization"
	Role         Kind = "Role"
	Team         Kind = "Team"
	SeatPool     Kind = "SeatPool"
	User         Kind = "User"
	// ArchivedUser has one too, which a round leaves out: it has no status to settle, and a clock alone moves it.
	ArchivedUser Kind = "ArchivedUser"
)

// Kinds are those that a round takes.
var Kinds = []Kind{Organization, Role, Team, SeatPool, User}

// lists are the kinds that the controllers read, as the API server lists them.
func lists() map[Kind]client.ObjectList {
	return map[Kind]client.ObjectList{
		Organization: &v1alpha1.OrganizationList{}, Role: &v1alpha1.RoleList{}, Team: &v1alpha1.TeamList{},
		SeatPool: &v1alpha1.SeatPoolList{}, User: &v1alpha1.UserList{},
		"SeatSlice": &v1alpha1.SeatSliceList{}, ArchivedUser: &v1alpha1.ArchivedUserList{}, binding: &rbacv1.RoleBindingList{},
	}
}

// binding is what the operator keeps beside kinds of its own.
const binding Kind = "RoleBinding"

// cached are the objects of a kind that the cache has.
func (w *World) cached(kind Kind) []client.ListOption {
	options := []client.ListOption{client.InNamespace(w.Namespace)}
	if kind == binding {
		options = append(options, client.MatchingLabels{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy})
	}
	return options
}

// Noon is when a world begins.
var Noon = time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC)

// World is a namespace of a real API server, with an operator that does a pass when told to.
type World struct {
	// Namespace holds all that there is.
	Namespace string
	// Clock stands still but for Round and Settle, which let a second pass before each round.
	Clock *clocktesting.FakeClock
	// Mail takes the invitations.
	Mail *fake.Sender
	// Billing bills the seats.
	Billing *billingfake.Provider
	// Directory has people's accounts.
	Directory *directoryfake.Directory
	// Teams and Roles keep the groups that stand for them.
	Teams, Roles *groups.Desk
	// Traffic is what the operator asks of the API server.
	Traffic *operator.Traffic
	// Events are what the operator announced.
	Events *Events
	// Course is what was counted, by all processes.
	Course *figures.Course
	// Patience is how long a pass may take.
	Patience time.Duration

	t testing.TB
	// attempted is what the directory had been asked for when it was looked at last.
	attempted int

	as      string // whom the API server takes the operator for; an administrator when empty
	cluster cluster.Cluster
	shelf   *index.Shelf
	process
}

// process is what is gone when the operator's process ends.
type process struct {
	reconcilers map[Kind]reconcile.Reconciler
	estate      *ownership.Desk
	outbox      *outbox.Outbox
	accounts    *outbox.Outbox
	desk        *billing.Desk
	looks       *resync.Keeper
	end         func()
}

// New makes a world with these objects in it. Their namespace is filled in.
func New(t testing.TB, objects ...client.Object) *World {
	t.Helper()
	w := &World{
		Namespace: env.Namespace(t), Clock: clocktesting.NewFakeClock(Noon), Mail: &fake.Sender{},
		Billing: &billingfake.Provider{}, Directory: &directoryfake.Directory{},
		Traffic: &operator.Traffic{}, Events: &Events{}, Course: figures.NewCourse(), Patience: time.Minute, t: t,
	}
	w.Create(objects...)
	w.startCluster()
	w.startProcess()
	t.Cleanup(func() { w.end() })
	return w
}

// startCluster fills the cache, which is set up as in package app.
func (w *World) startCluster() {
	w.t.Helper()
	cfg := env.Config(w.t)
	cfg.Impersonate.UserName = w.as
	w.shelf = &index.Shelf{}
	c, err := cluster.New(w.Traffic.Config(cfg), func(o *cluster.Options) {
		o.Scheme = env.Client(w.t).Scheme()
		o.MapperProvider = func(*rest.Config, *http.Client) (meta.RESTMapper, error) { return env.Client(w.t).RESTMapper(), nil }
		o.Cache = cache.Options{
			DefaultTransform:  cache.TransformStripManagedFields(),
			DefaultNamespaces: map[string]cache.Config{w.Namespace: {}},
			NewInformer:       w.shelf.Over(toolscache.NewSharedIndexInformer),
			ByObject:          map[client.Object]cache.ByObject{&rbacv1.RoleBinding{}: bindings.Cached()},
		}
		o.Client = client.Options{Cache: &client.CacheOptions{EnableReadYourWritesConsistency: new(true)}}
	})
	w.must(err, "making a cluster")
	ctx, cancel := context.WithCancel(w.t.Context())
	w.must(index.Register(ctx, c.GetCache()), "registering the indexes")
	ended := make(chan error, 1)
	go func() { ended <- c.Start(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("the cache ended with: %v", err)
		}
	})
	if !c.GetCache().WaitForCacheSync(ctx) {
		w.t.Fatal("the cache does not fill")
	}
	w.cluster = c
}

// startProcess makes what an operator has when it starts: nothing remembered.
func (w *World) startProcess() {
	base := loop.Base{Client: w.cluster.GetClient(), Live: w.cluster.GetAPIReader(), Shelf: w.shelf, Events: w.Events, Clock: w.Clock}
	// One errand at a time, in the order in which they were asked for.
	mails := outbox.New(outbox.Options{PerServer: 1, Clock: w.Clock, Down: func(err error) bool {
		return errors.Is(err, mail.ErrUnavailable) && !errors.Is(err, mail.ErrDeferred)
	}})
	accounts := outbox.New(outbox.Options{PerServer: 1, Clock: w.Clock})
	w.Teams = &groups.Desk{Directories: w.Directory, Counter: accounts.Counter("team")}
	w.Roles = &groups.Desk{Directories: w.Directory, Counter: accounts.Counter("role")}
	room := mailroom.New(mailroom.Options{
		Live: w.cluster.GetAPIReader(), Cache: w.cluster.GetClient(), Sender: w.Mail, Clock: w.Clock,
		From: mail.Address{Name: "Acme", Email: "people@acme.example"},
	})
	keys := invitation.Keyring{Current: make([]byte, invitation.KeySize)}
	looks := resync.New(w.cluster.GetClient(), w.Directory, accounts, w.Clock)
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	estate := &ownership.Desk{Estate: w.newEstate(), Outbox: outbox.New(outbox.Options{PerServer: 1, Clock: w.Clock})}
	desk := billing.NewDesk(w.Billing, billing.DeskOptions{Workers: 1, Clock: w.Clock})
	const workers = 4
	ended := make(chan error, workers)
	go func() { ended <- mails.Start(ctx) }()
	go func() { ended <- accounts.Start(ctx) }()
	go func() { ended <- estate.Outbox.Start(ctx) }()
	go func() { ended <- desk.Start(ctx) }()
	departed := &ownership.Departed{}
	direct, err := client.New(w.cluster.GetConfig(), client.Options{Scheme: w.cluster.GetScheme(), Mapper: env.Client(w.t).RESTMapper()})
	w.must(err, "making a client without a cache")
	users := &user.Reconciler{
		Base: base, Outbox: mails, Accounts: user.Accounts{Directories: w.Directory, Outbox: accounts, Resync: looks},
		Inviter: user.Inviter{
			Mailroom: room, Portal: &url.URL{Scheme: "https", Host: "join.acme.example"}, Keys: func() invitation.Keyring { return keys },
		},
		Estate: estate, Departed: departed, Course: w.Course, Claims: &claims.Desk{Live: direct, Namespace: w.Namespace, Clock: w.Clock},
	}
	looks.SignOut, looks.Groups = users.SignOut, (&groups.Comparer{Cache: w.cluster.GetClient(), Teams: w.Teams, Roles: w.Roles}).Look
	w.process = process{
		outbox: mails, accounts: accounts, desk: desk, estate: estate, looks: looks,
		end: func() {
			cancel()
			if err := errors.Join(<-ended, <-ended, <-ended, <-ended); err != nil {
				w.t.Errorf("an outbox or the billing desk ended with: %v", err)
			}
		},
		reconcilers: map[Kind]reconcile.Reconciler{
			Organization: &organization.Reconciler{
				Base: base, Mailroom: room, Outbox: mails, Accounts: accounts, Resync: looks, SignIn: signin.New(w.cluster.GetAPIReader(), w.Clock),
			},
			Role:         &role.Reconciler{Base: base, Groups: w.Roles},
			Team:         &team.Reconciler{Base: base, Groups: w.Teams},
			ArchivedUser: &archiveduser.Reconciler{Base: base},
			SeatPool:     &seatpool.Reconciler{Base: base, Departed: departed, Desk: desk},
			User:         users,
		},
	}
}

// newEstate makes what finds and hands over objects, with the operator's rights and traffic.
func (w *World) newEstate() *ownership.Estate {
	w.t.Helper()
	objects, err := dynamic.NewForConfig(w.cluster.GetConfig())
	w.must(err, "making a client for objects of any kind")
	kinds, err := discovery.NewDiscoveryClientForConfig(w.cluster.GetConfig())
	w.must(err, "making a discovery client")
	return &ownership.Estate{Objects: objects, Kinds: kinds, People: w.cluster.GetAPIReader()}
}

// Twin is another operator beside this one: with a cache, a connection and a memory of its own.
func (w *World) Twin() *World {
	w.t.Helper()
	return w.TwinAs("")
}

// TwinAs is a twin that has the rights of a user.
func (w *World) TwinAs(user string) *World {
	w.t.Helper()
	twin := *w
	twin.as = user
	twin.Traffic = &operator.Traffic{}
	twin.startCluster()
	twin.startProcess()
	w.t.Cleanup(func() { twin.end() })
	return &twin
}

// Client reads from the cache, and writes as the operator does.
func (w *World) Client() client.Client { return w.cluster.GetClient() }

// Restart loses the process, with all that it remembers, and starts another.
func (w *World) Restart() {
	w.end()
	w.startProcess()
}

// Pass does one pass, with the cache as it is, and checks what it writes into the conditions.
func (w *World) Pass(kind Kind, name string) (ctrl.Result, error) {
	w.t.Helper()
	refused, wrote, seen := w.Traffic.Refused(), w.statusWrites(kind, name), w.generation(kind, name)
	result, err := w.Try(kind, name)
	lost := errors.Is(err, operator.ErrLost) || errors.Is(err, context.DeadlineExceeded)
	if w.statusWrites(kind, name) == wrote || w.Traffic.Refused() != refused || lost {
		return result, err
	}
	// The API server's own controllers may have deleted it since the pass wrote.
	if o := w.conditioned(kind); w.Find(name, o) && o.GetGeneration() == seen {
		if broken := contract.Conditions(o); broken != nil {
			w.t.Errorf("a pass that ended with %v wrote what it must not: %v", err, broken)
		}
	}
	return result, err
}

// generation is that of an object as a pass is to see it; 0 when there is none.
func (w *World) generation(kind Kind, name string) int64 {
	w.t.Helper()
	object, err := w.cluster.GetScheme().New(v1alpha1.GroupVersion.WithKind(string(kind)))
	w.must(err, "making a "+string(kind))
	o := object.(client.Object)
	err = w.cluster.GetCache().Get(w.t.Context(), client.ObjectKey{Namespace: w.Namespace, Name: name}, o)
	w.must(client.IgnoreNotFound(err), "reading "+name)
	return o.GetGeneration()
}

// Try is Pass without the check, for a pass during which people act.
func (w *World) Try(kind Kind, name string) (ctrl.Result, error) {
	ctx, cancel := context.WithTimeout(logr.NewContext(w.t.Context(), logr.Discard()), w.Patience)
	defer cancel()
	key := types.NamespacedName{Namespace: w.Namespace, Name: name}
	return w.reconcilers[kind].Reconcile(ctx, ctrl.Request{NamespacedName: key})
}

// statusWrites counts how often the status of an object was to be written.
func (w *World) statusWrites(kind Kind, name string) int {
	resource := strings.ToLower(string(kind)) + "s/status"
	return len(w.Traffic.Requests(func(r operator.Request) bool { return r.Writes() && r.Resource == resource && r.Name == name }))
}

func (w *World) conditioned(kind Kind) v1alpha1.Conditioned {
	w.t.Helper()
	object, err := w.cluster.GetScheme().New(v1alpha1.GroupVersion.WithKind(string(kind)))
	w.must(err, "making a "+string(kind))
	return object.(v1alpha1.Conditioned)
}

// checkConditions checks the conditions of every object, but for those that are left alone because they are being
// deleted.
func (w *World) checkConditions() {
	w.t.Helper()
	for kind, names := range w.CatchUp() {
		for _, name := range names {
			o := w.conditioned(kind)
			w.must(w.cluster.GetCache().Get(w.t.Context(), client.ObjectKey{Namespace: w.Namespace, Name: name}, o), "reading "+name)
			if !o.GetDeletionTimestamp().IsZero() && !controllerutil.ContainsFinalizer(o, v1alpha1.FinalizerArchive) &&
				!controllerutil.ContainsFinalizer(o, v1alpha1.FinalizerSeats) {
				continue
			}
			if broken := contract.Conditions(o); broken != nil {
				w.t.Errorf("in a settled world: %v", broken)
			}
		}
	}
}

// Settle does rounds until one changes nothing and nothing is left to wait for but people and deadlines. Then it
// checks all conditions.
func (w *World) Settle() {
	w.t.Helper()
	const bound = 40
	var errs []error
	for range bound {
		settled, err := w.Round()
		if settled {
			w.checkConditions()
			return
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	w.t.Fatalf("not settled after %d rounds: writes %v, errors %v", bound, w.Traffic.Writes(), errors.Join(errs...))
}

// Round lets a second pass, the cache catch up and every controller do a pass over each of its objects, and waits
// for the mail that they asked for and for the billing desk. It says whether there was nothing to do, and which passes
// failed.
func (w *World) Round() (settled bool, err error) {
	w.t.Helper()
	settled, err = w.Turn()
	news := w.Delivered() + w.Billed()
	if asked := w.Directory.Attempts(); asked != w.attempted { // about groups, whose owners nobody wakes here
		w.attempted = asked
		news++
	}
	return news == 0 && settled, err
}

// Turn is Round without the wait for mail and billing.
func (w *World) Turn() (settled bool, err error) {
	w.t.Helper()
	const soon = time.Minute
	w.Clock.SetTime(w.Clock.Now().Add(time.Second))
	writes, again := len(w.Traffic.Writes()), false
	for kind, names := range w.CatchUp() {
		for _, name := range names {
			result, failed := w.Pass(kind, name)
			err = errors.Join(err, failed)
			again = again || failed != nil || result.RequeueAfter > 0 && result.RequeueAfter <= soon
		}
	}
	for _, name := range w.Parked() {
		result, failed := w.PassOver(name)
		err = errors.Join(err, failed)
		again = again || failed != nil || result.RequeueAfter > 0 && result.RequeueAfter <= soon
	}
	return !again && writes == len(w.Traffic.Writes()), err
}

// Delivered waits until all mail that was asked for has been tried, and all that goes to the directory, and says how many
// outcomes are news.
func (w *World) Delivered() int {
	w.t.Helper()
	news := w.drained(w.outbox, "") + w.drained(w.estate.Outbox, "")
	var all v1alpha1.OrganizationList
	w.must(w.Client().List(w.t.Context(), &all, client.InNamespace(w.Namespace)), "listing organizations")
	for i := range all.Items { // each has a directory of its own
		news += w.drained(w.accounts, client.ObjectKeyFromObject(&all.Items[i]).String())
	}
	return news
}

// drained waits until a last errand to a server is alone: errands of others take turns with it.
func (w *World) drained(box *outbox.Outbox, server string) int {
	w.t.Helper()
	last := types.NamespacedName{Namespace: w.Namespace, Name: "the last one in the queue"}
	defer box.Forget(last)
	others := 0
	for round, before := 0, -1; before != others; round++ {
		before = others
		box.Do(outbox.Errand{Owner: last, ID: strconv.Itoa(round), Server: server, Run: func(context.Context) error { return nil }})
		for woken := false; !woken; {
			select {
			case owner := <-box.Done():
				if woken = owner == last; !woken {
					others++
				}
			case <-time.After(time.Minute):
				w.t.Fatal("the outbox does not come to its end")
			}
		}
	}
	return others
}

// Billed waits until the billing desk has tried all that it was asked for and that is due, and says how many outcomes are
// news.
func (w *World) Billed() int {
	w.t.Helper()
	last := types.NamespacedName{Namespace: w.Namespace, Name: "the last one at the desk"}
	defer w.desk.Forget(last)
	w.desk.Submit(last, billing.Order{Key: "~"}) // which is refused without asking anybody
	for woken := 0; ; woken++ {
		if w.nextBilled() == last {
			return woken
		}
	}
}

func (w *World) nextBilled() types.NamespacedName {
	w.t.Helper()
	select {
	case owner := <-w.desk.Done():
		return owner
	case <-time.After(time.Minute):
		w.t.Fatal("the billing desk does not come to its end")
		return types.NamespacedName{}
	}
}

// BilledAgain lets time pass until the billing desk has tried again what it could not do, and has news of a pool.
func (w *World) BilledAgain(pool string) {
	w.t.Helper()
	const step = 10 * time.Second
	want := types.NamespacedName{Namespace: w.Namespace, Name: pool}
	env.Eventually(w.t, func() error {
		select {
		case owner := <-w.desk.Done():
			if owner == want {
				return nil
			}
		default:
			w.Clock.SetTime(w.Clock.Now().Add(step))
		}
		return fmt.Errorf("the billing desk has no news of %s", pool)
	})
}

// CatchUp waits until the cache shows what is there, and returns its names by kind, in the order of a round.
func (w *World) CatchUp() func(yield func(Kind, []string) bool) {
	w.t.Helper()
	names := map[Kind][]string{}
	behind := slices.Collect(maps.Keys(lists()))
	env.Eventually(w.t, func() error {
		seen, err := w.look(behind)
		maps.Copy(names, seen)
		behind = slices.DeleteFunc(behind, func(kind Kind) bool { return seen[kind] != nil })
		return err
	})
	return func(yield func(Kind, []string) bool) {
		for _, kind := range Kinds {
			if !yield(kind, names[kind]) {
				return
			}
		}
	}
}

// look returns the names of the kinds of which the cache shows what is there, and says what of the others differs. It asks for all
// at once: an API server that writes other kinds takes up to a tenth of a second to be sure that a list is up to date.
func (w *World) look(kinds []Kind) (map[Kind][]string, error) {
	w.t.Helper()
	names, errs := make([][]string, len(kinds)), make([]error, len(kinds))
	var all sync.WaitGroup
	for i, kind := range kinds {
		all.Go(func() { names[i], errs[i] = w.shown(kind) })
	}
	all.Wait()
	seen := map[Kind][]string{}
	for i, kind := range kinds {
		if errs[i] == nil {
			seen[kind] = names[i]
		}
	}
	return seen, errors.Join(errs...)
}

// shown are the names of a kind, if the cache shows what is there.
func (w *World) shown(kind Kind) ([]string, error) {
	live, cached := lists()[kind], lists()[kind]
	if err := env.Client(w.t).List(w.t.Context(), live, w.cached(kind)...); err != nil {
		return nil, err
	}
	if err := w.cluster.GetCache().List(w.t.Context(), cached, w.cached(kind)...); err != nil {
		return nil, err
	}
	want, err := versions(live)
	if err != nil {
		return nil, err
	}
	got, err := versions(cached)
	if err != nil {
		return nil, err
	}
	if !maps.Equal(want, got) {
		return nil, fmt.Errorf("the cache has %ss %v, the API server %v", kind, got, want)
	}
	return append([]string{}, slices.Sorted(maps.Keys(want))...), nil
}

// See waits until the cache shows an object as it is.
func (w *World) See(name string, o client.Object) {
	w.t.Helper()
	if !w.Find(name, o) {
		w.t.Fatalf("there is no %T %s", o, name)
	}
	want := o.GetResourceVersion()
	env.Eventually(w.t, func() error {
		if err := w.cluster.GetCache().Get(w.t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		if o.GetResourceVersion() != want {
			return fmt.Errorf("the cache has %s at %s, the API server at %s", name, o.GetResourceVersion(), want)
		}
		return nil
	})
}

// versions are the resource versions of what is listed, by name.
func versions(list client.ObjectList) (map[string]string, error) {
	versions := map[string]string{}
	err := meta.EachListItem(list, func(o runtime.Object) error {
		versions[o.(client.Object).GetName()] = o.(client.Object).GetResourceVersion()
		return nil
	})
	return versions, err
}

// Create creates objects, as people do.
func (w *World) Create(objects ...client.Object) {
	w.t.Helper()
	for _, o := range objects {
		o.SetNamespace(w.Namespace)
		w.must(env.Client(w.t).Create(w.t.Context(), o), "creating "+o.GetName())
	}
}

// Find reads an object as it is into o. It says whether there is one.
func (w *World) Find(name string, o client.Object) bool {
	w.t.Helper()
	err := env.Client(w.t).Get(w.t.Context(), client.ObjectKey{Namespace: w.Namespace, Name: name}, o)
	w.must(client.IgnoreNotFound(err), "reading "+name)
	return err == nil
}

// User reads a User as it is.
func (w *World) User(name string) *v1alpha1.User { return get[v1alpha1.User](w, name) }

// Pool reads a SeatPool as it is.
func (w *World) Pool(name string) *v1alpha1.SeatPool { return get[v1alpha1.SeatPool](w, name) }

func get[T any, P interface {
	*T
	client.Object
}](w *World, name string) P {
	w.t.Helper()
	object := P(new(T))
	if !w.Find(name, object) {
		w.t.Fatalf("there is no %T %s", object, name)
	}
	return object
}

// Change changes an object, as people do: the spec and the metadata.
func Change[P interface {
	*T
	client.Object
}, T any](w *World, name string, change func(P)) {
	w.t.Helper()
	object := get[T, P](w, name)
	change(object)
	w.must(env.Client(w.t).Update(w.t.Context(), object), "changing "+name)
}

// Answer records a person's answer, as the invitation page does.
func (w *World) Answer(name string, change func(*v1alpha1.UserStatus, time.Time)) {
	w.t.Helper()
	u := w.User(name)
	change(&u.Status, w.Clock.Now())
	w.must(env.Client(w.t).Status().Update(w.t.Context(), u), "answering for "+name)
}

// Delete deletes an object, as people do.
func (w *World) Delete(o client.Object) {
	w.t.Helper()
	o.SetNamespace(w.Namespace)
	w.must(env.Client(w.t).Delete(w.t.Context(), o), "deleting "+o.GetName())
}

// Reason is that of the condition Ready; empty when nothing was said yet.
func (w *World) Reason(o v1alpha1.Conditioned) string {
	conditions, _ := o.StatusConditions()
	if c := meta.FindStatusCondition(*conditions, v1alpha1.ConditionReady); c != nil {
		return c.Reason
	}
	return ""
}

func (w *World) must(err error, doing string) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%s: %v", doing, err)
	}
}
