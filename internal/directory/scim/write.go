// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

// thing is what is to be there.
type thing struct {
	kind kind
	// differ says what to change of what is there, or of nothing when it has no ID.
	differ func(resource) []change
	// after is told what the directory shows of it once something was written, which may be nothing; nil when nobody asks.
	after func(resource)
}

func (t thing) tell(shown resource) {
	if t.after != nil {
		t.after(shown)
	}
}

// put has the thing be there as it is to be. It returns errChanged when somebody else came between.
func (c *Client) put(ctx context.Context, f *features, who ref, t thing) (id string, err error) {
	who = c.recent.complete(who)
	r, err := c.find(ctx, f, t.kind, who)
	if err == nil && r == nil {
		if err := c.recent.mayCreate(t.kind, who); err != nil {
			return "", err
		}
		r, err = c.findNamed(ctx, f, t.kind, who)
	}
	if err != nil {
		return "", err
	}
	if r == nil {
		return c.create(ctx, f, who, t)
	}
	if len(t.differ(r)) > 0 {
		if r, err = c.entire(ctx, f, t.kind, who, r); err != nil {
			return "", err
		}
	}
	return c.amend(ctx, f, who, t, r)
}

// amend changes what is there.
func (c *Client) amend(ctx context.Context, f *features, who ref, t thing, r resource) (id string, err error) {
	changes := t.differ(r)
	if len(changes) == 0 {
		return r.id(), nil
	}
	shown, err := c.write(ctx, f, t.kind, r, changes)
	if err == nil {
		t.tell(shown)
	}
	return r.id(), named(t.kind, who, err)
}

// entire is a resource with all that the directory has of it, for PUT, which takes away what it is not given: lists may leave
// attributes out. What was read by its ID is.
func (c *Client) entire(ctx context.Context, f *features, k kind, who ref, r resource) (resource, error) {
	if f.patch || r.id() == who.id {
		return r, nil
	}
	whole, err := c.read(ctx, k, r.id())
	if missing(err) {
		return nil, errChanged
	}
	return whole, err
}

// named says what there is another of, since a directory may just say that there is.
func named(k kind, who ref, err error) error {
	if statusOf(err) != http.StatusConflict {
		return err
	}
	return directory.Conflict(fmt.Errorf("another %s with the %s %s is there already: %s", k.word, k.nameWord, who.name, directory.Words(err)))
}

// create makes what neither its UID nor its name has found. What the answer says is trusted: a directory may show what it has made
// only later.
func (c *Client) create(ctx context.Context, f *features, who ref, t thing) (id string, err error) {
	body := resource{}.whole(t.kind.core, t.differ(resource{}))
	a, err := c.do(ctx, request{method: http.MethodPost, path: t.kind.endpoint, body: body})
	if statusOf(err) == http.StatusConflict {
		return c.taken(ctx, f, who, t, err)
	}
	if err != nil {
		if uncertain(err) {
			c.recent.note(who, "")
		}
		c.doubtAfter(f, err)
		return "", err
	}
	id = created(t.kind, a)
	c.recent.note(who, id)
	if id == "" {
		return "", directory.Unavailable(fmt.Errorf("the directory has taken the %s, and its answer does not say what it calls it", t.kind.word))
	}
	shown, err := parse(a.body)
	if err != nil {
		shown = resource{}
	}
	c.learnFrom(ctx, f, t.kind, id, shown)
	t.tell(shown)
	return id, nil
}

// created reads what the directory calls what it has made: from the answer, or else from where it says that it is.
func created(k kind, a *answer) string {
	if a.status != http.StatusCreated && a.status != http.StatusOK {
		return "" // it may be told how far it is
	}
	if r, err := parse(a.body); err == nil && r.id() != "" {
		return r.id()
	}
	location, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		return ""
	}
	parent, id := path.Split(location.Path)
	if !strings.HasSuffix(strings.TrimRight(parent, "/"), k.endpoint) {
		return ""
	}
	return id
}

// learnFrom notes when the directory has been given an externalId, and shows none, neither in its answer nor later: it then keeps
// none, and need not be given it every time.
func (c *Client) learnFrom(ctx context.Context, f *features, k kind, id string, shown resource) {
	if shown.uid() != "" && f.anonymous(k) {
		c.contradict(f, func(f *features) { f.markNamed(k) })
	}
	if shown.text(k.name) == "" || shown.uid() != "" || f.anonymous(k) {
		return
	}
	if r, err := c.read(ctx, k, id); err == nil && r.uid() == "" {
		c.contradict(f, func(f *features) { f.markAnonymous(k) })
	}
}

// taken looks once more after the directory has said that there is one already: somebody else has made it since, or it was us and
// the answer was lost.
func (c *Client) taken(ctx context.Context, f *features, who ref, t thing, conflict error) (id string, err error) {
	r, err := c.findOurs(ctx, f, t.kind, who)
	if err == nil && r == nil {
		r, err = c.findNamed(ctx, f, t.kind, who)
	}
	if err == nil && r == nil {
		r, err = c.searchNamed(ctx, f, t.kind, who)
	}
	switch {
	case err != nil:
		return "", err
	case r != nil:
		if r, err = c.entire(ctx, f, t.kind, ref{}, r); err != nil {
			return "", err
		}
		return c.amend(ctx, f, who, t, r)
	}
	return "", directory.Unavailable(fmt.Errorf("the directory says that it has an %s like %s already, but shows none: %s", t.kind.word, who.name, directory.Words(conflict)))
}

// uncertain says that a request may have been carried out although there is no answer that says so.
func uncertain(err error) bool {
	status := statusOf(err)
	return errors.Is(err, directory.ErrUnavailable) && (status == 0 || status >= 500)
}

// write changes what is there: all of it at once, on condition that nobody else has since it was read, where that can be said and
// matters. It returns what the directory shows of it then.
func (c *Client) write(ctx context.Context, f *features, k kind, r resource, changes []change) (shown resource, err error) {
	req := request{path: k.path(r.id())}
	if f.etag && !(f.patch && len(changes) == 1 && changes[0].blind) {
		req.version = r.version()
	}
	a, err := c.replace(ctx, f, k, r, req, changes)
	switch {
	case err == nil:
		if shown, err = parse(a.body); err != nil {
			shown = resource{}
		}
		if slices.ContainsFunc(changes, func(ch change) bool { return ch.identifies }) {
			c.learnFrom(ctx, f, k, r.id(), shown)
		}
		return shown, nil
	case statusOf(err) == http.StatusPreconditionFailed:
		c.mistrust(ctx, f, k, r)
		return nil, errChanged
	case missing(err):
		return nil, errChanged
	}
	c.doubtAfter(f, err)
	return nil, err
}

// mistrust has no version be named any more where it is refused although it is the one that is there: something on the way may write
// others (RFC 9110, section 13.1.1, compares strong ones alone).
func (c *Client) mistrust(ctx context.Context, f *features, k kind, r resource) {
	if now, err := c.read(ctx, k, r.id()); err == nil && now.version() == r.version() {
		c.contradict(f, func(f *features) { f.etag = false })
	}
}

// replace sends the changes with PATCH, and all of the resource with PUT to a directory that has no PATCH, or does not understand
// this one: not all know every path.
func (c *Client) replace(ctx context.Context, f *features, k kind, r resource, req request, changes []change) (*answer, error) {
	if !f.patch {
		return c.overwrite(ctx, k, r, req, changes)
	}
	var operations []any
	for _, ch := range changes {
		operations = append(operations, ch.operation)
	}
	a, refusal := c.patch(ctx, req, operations)
	switch status := statusOf(refusal); {
	case status == http.StatusMethodNotAllowed, status == http.StatusNotImplemented:
		c.contradict(f, func(f *features) { f.patch = false })
	case status == http.StatusBadRequest && formal(refusal, changes):
		c.doubt(f)
	default:
		return a, refusal
	}
	r, err := c.entire(ctx, &features{}, k, ref{}, r)
	if err != nil {
		return nil, err
	}
	if a, err = c.overwrite(ctx, k, r, req, changes); statusOf(err)/100 == 4 && statusOf(refusal) == http.StatusBadRequest {
		return nil, refusal // which is more to the point
	}
	return a, err
}

// formal says that a directory may have refused the form of a change, and not what it says.
func formal(refusal error, changes []change) bool {
	switch scimTypeOf(refusal) {
	case "invalidPath", "invalidSyntax", "invalidFilter", "noTarget":
		return true
	case "":
		return errors.Is(refusal, directory.ErrRejected) && !slices.ContainsFunc(changes, func(ch change) bool { return ch.secret })
	}
	return false
}

func (c *Client) overwrite(ctx context.Context, k kind, r resource, req request, changes []change) (*answer, error) {
	req.method, req.body = http.MethodPut, r.whole(k.core, changes)
	return c.do(ctx, req)
}

func (c *Client) patch(ctx context.Context, req request, operations []any) (*answer, error) {
	req.method, req.body = http.MethodPatch, map[string]any{"schemas": []string{patchOp}, "Operations": operations}
	return c.do(ctx, req)
}

// doubtAfter has the features be read again when the directory does not know what they say that it does.
func (c *Client) doubtAfter(f *features, err error) {
	if statusOf(err) == http.StatusBadRequest || statusOf(err) == http.StatusNotImplemented {
		c.doubt(f)
	}
}

// remove takes away what is ours.
func (c *Client) remove(ctx context.Context, f *features, k kind, who ref) error {
	who = c.recent.complete(who)
	return again(func() error {
		all, err := c.ours(ctx, f, k, who)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return c.recent.gone(who.uid)
		}
		for _, r := range all {
			if _, err := c.do(ctx, request{method: http.MethodDelete, path: k.path(r.id())}); err != nil && !missing(err) {
				return err
			}
		}
		c.recent.forget(who.uid)
		return nil
	})
}

// lagLife is how long a directory may take to show what it has made.
const lagLife = time.Minute

// recent remembers what was made a moment ago, since a directory may not show it yet. It is lost with the process: then the ID that
// the caller has kept finds it, and the name, which a directory gives once, keeps there from being a second one.
type recent struct {
	clock clock.PassiveClock
	mu    sync.Mutex
	made  map[types.UID]creation
	// entered is when accounts were let in.
	entered map[types.UID]time.Time
}

type creation struct {
	// id is empty when there was no answer.
	id, name string
	at       time.Time
}

func newRecent(c clock.PassiveClock) *recent {
	return &recent{clock: c, made: map[types.UID]creation{}, entered: map[types.UID]time.Time{}}
}

func (m *recent) get(uid types.UID) (creation, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	made, ok := m.made[uid]
	return made, ok && m.clock.Since(made.at) < lagLife
}

func (m *recent) note(who ref, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for uid, made := range m.made {
		if m.clock.Since(made.at) >= lagLife {
			delete(m.made, uid)
		}
	}
	m.made[who.uid] = creation{id: id, name: who.name, at: m.clock.Now()}
}

// lost says that something of that name was asked for a moment ago, and nothing answered.
func (m *recent) lost(who ref) bool {
	made, ok := m.get(who.uid)
	return ok && made.id == "" && made.name == who.name
}

// enter notes that somebody is let in, or may be.
func (m *recent) enter(uid types.UID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.entered); n >= 1024 && n&(n-1) == 0 { // now and then
		maps.DeleteFunc(m.entered, func(_ types.UID, at time.Time) bool { return m.clock.Since(at) >= lagLife })
	}
	m.entered[uid] = m.clock.Now()
}

// leave notes that somebody can sign in no more.
func (m *recent) leave(uid types.UID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entered, uid)
}

// letIn says that somebody was let in a moment ago, or may still be by what is on its way: the directory may not show it yet.
func (m *recent) letIn(uid types.UID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, ok := m.entered[uid]
	return ok && m.clock.Since(at) < lagLife
}

func (m *recent) forget(uid types.UID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.made, uid)
}

// complete adds an ID that the caller does not know yet.
func (m *recent) complete(who ref) ref {
	if made, ok := m.get(who.uid); ok && who.id == "" {
		who.id = made.id
	}
	return who
}

var errLag = errors.New("it was made a moment ago, and the directory does not show it yet")

// gone says whether something that is not there is gone for good, or may still come.
func (m *recent) gone(uid types.UID) error {
	if _, ok := m.get(uid); ok {
		return directory.Unavailable(errLag)
	}
	return nil
}

// mayCreate says whether to make something that is not there. After a creation without an answer, the directory refuses a second
// one of the same name, but not of another.
func (m *recent) mayCreate(k kind, who ref) error {
	switch made, ok := m.get(who.uid); {
	case !ok:
		return nil
	case made.id != "" && who.id == "":
		return errChanged // by somebody else in this process, since it was looked for
	case made.id != "" || made.name != who.name || k.core == coreGroup: // whose names are not one of a kind (RFC 7643, section 8.7.1)
		return directory.Unavailable(errLag)
	}
	return nil
}
