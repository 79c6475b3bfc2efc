// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
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
}

// put has the thing be there as it is to be. It returns errChanged when somebody else came between.
func (c *Client) put(ctx context.Context, f *features, who ref, t thing) (id string, err error) {
	who = c.recent.complete(who)
	r, err := c.find(ctx, f, t.kind, who)
	if err == nil && r == nil {
		if err := c.recent.mayCreate(who); err != nil {
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
	return r.id(), named(t.kind, who, c.write(ctx, f, t.kind, r, t.differ(r)))
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
	id = created(a)
	c.learnFrom(f, t.kind, a)
	c.recent.note(who, id)
	if id == "" {
		return "", directory.Unavailable(fmt.Errorf("the directory has taken the %s, and its answer does not say what it calls it", t.kind.word))
	}
	return id, nil
}

// created reads what the directory calls what it has made: from the answer, or else from where it says that it is.
func created(a *answer) string {
	if r, err := parse(a.body); err == nil && r.id() != "" {
		return r.id()
	}
	location, err := url.Parse(a.header.Get("Location"))
	if err != nil || location.Path == "" {
		return ""
	}
	return path.Base(location.Path)
}

// learnFrom notes when the directory shows what it has just been given, but for the externalId: it then keeps none, and need not
// be given it every time.
func (c *Client) learnFrom(f *features, k kind, a *answer) {
	if r, err := parse(a.body); err == nil && r.text(k.name) != "" && r.uid() == "" && !f.anonymous(k) {
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
		r, err = c.searchNamed(ctx, t.kind, who)
	}
	switch {
	case err != nil:
		return "", err
	case r != nil:
		if r, err = c.entire(ctx, f, t.kind, ref{}, r); err != nil {
			return "", err
		}
		return r.id(), named(t.kind, who, c.write(ctx, f, t.kind, r, t.differ(r)))
	}
	return "", directory.Unavailable(fmt.Errorf("the directory says that it has an %s like %s already, but shows none: %s", t.kind.word, who.name, directory.Words(conflict)))
}

// uncertain says that a request may have been carried out although there is no answer that says so.
func uncertain(err error) bool {
	status := statusOf(err)
	return errors.Is(err, directory.ErrUnavailable) && (status == 0 || status >= 500)
}

// write changes what is there: all of it at once, on condition that nobody else has since it was read, where that can be said.
func (c *Client) write(ctx context.Context, f *features, k kind, r resource, changes []change) error {
	if len(changes) == 0 {
		return nil
	}
	req := request{path: k.path(r.id())}
	if f.etag {
		req.version = r.version()
	}
	a, err := c.replace(ctx, f, k, r, req, changes)
	switch {
	case err == nil:
		c.learnFrom(f, k, a)
	case statusOf(err) == http.StatusPreconditionFailed, missing(err):
		return errChanged
	}
	c.doubtAfter(f, err)
	return err
}

// replace sends the changes with PATCH, and all of the resource with PUT to a directory that has no PATCH.
func (c *Client) replace(ctx context.Context, f *features, k kind, r resource, req request, changes []change) (*answer, error) {
	if f.patch {
		var operations []any
		for _, ch := range changes {
			operations = append(operations, ch.operation)
		}
		a, err := c.patch(ctx, req, operations)
		if status := statusOf(err); status != http.StatusMethodNotAllowed && status != http.StatusNotImplemented {
			return a, err
		}
		c.contradict(f, func(f *features) { f.patch = false })
		if r, err = c.entire(ctx, &features{}, k, ref{}, r); err != nil {
			return nil, err
		}
	}
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

// remove takes away what has the ID, else what has the UID.
func (c *Client) remove(ctx context.Context, f *features, k kind, who ref) error {
	who = c.recent.complete(who)
	return again(func() error {
		id := who.id
		who.id = ""
		if id == "" {
			r, err := c.findOurs(ctx, f, k, who)
			if err != nil {
				return err
			}
			if r == nil {
				return c.recent.gone(who.uid)
			}
			id = r.id()
		}
		_, err := c.do(ctx, request{method: http.MethodDelete, path: k.path(id)})
		if err == nil {
			c.recent.forget(who.uid)
			return nil
		}
		if missing(err) {
			return errChanged
		}
		return err
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
}

type creation struct {
	// id is empty when there was no answer.
	id, name string
	at       time.Time
}

func newRecent(c clock.PassiveClock) *recent {
	return &recent{clock: c, made: map[types.UID]creation{}}
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
func (m *recent) mayCreate(who ref) error {
	switch made, ok := m.get(who.uid); {
	case !ok:
		return nil
	case made.id != "" && who.id == "":
		return errChanged // by somebody else in this process, since it was looked for
	case made.id != "" || made.name != who.name:
		return directory.Unavailable(errLag)
	}
	return nil
}
