// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

const (
	pageSize = 100
	// maxWalks is how many times a list is read that changes while it is.
	maxWalks = 3
	// maxListed bounds a list that does not end.
	maxListed = 2_000_000
	// maxSearched bounds how many are looked at for a name that a filter does not find.
	maxSearched = 50 * pageSize
)

// kind is what accounts and groups have in common.
type kind struct {
	// word is for errors; core is the schema; name is the attribute that people know it by.
	word, core, name, nameWord string
	endpoint                   string
}

func (f *features) accountKind() kind {
	return kind{"account", coreUser, "userName", "user name", f.users}
}

func (f *features) groupKind() kind {
	return kind{"group", coreGroup, "displayName", "display name", f.groups}
}

func (k kind) path(id string) string { return k.endpoint + "/" + url.PathEscape(id) }

// ref is what an account or a group is found by.
type ref struct {
	uid  types.UID
	id   string
	name string
}

// find returns what is ours: by its ID, else by its UID; nil when there is none. What is shown once is not waited for any more.
func (c *Client) find(ctx context.Context, f *features, k kind, who ref) (resource, error) {
	r, err := c.findAny(ctx, f, k, who)
	if r != nil {
		c.recent.forget(who.uid)
	}
	return r, err
}

func (c *Client) findAny(ctx context.Context, f *features, k kind, who ref) (resource, error) {
	if who.id != "" {
		r, err := c.read(ctx, k, who.id)
		if err == nil || !missing(err) {
			return r, err
		}
	}
	return c.findOurs(ctx, f, k, who)
}

// findOurs returns what has our UID.
func (c *Client) findOurs(ctx context.Context, f *features, k kind, who ref) (resource, error) {
	ours, err := c.lookup(ctx, f, k, "externalId", string(who.uid), func(r resource) bool { return r.uid() == who.uid })
	switch {
	case err != nil:
		return nil, err
	case len(ours) > 1:
		return nil, directory.Conflict(fmt.Errorf("there are %d %ss with the externalId %s: keep one of %s and %s", len(ours), k.word, who.uid, ours[0].id(), ours[1].id()))
	case len(ours) == 1:
		return ours[0], nil
	}
	return nil, nil
}

// findNamed returns what has the name, if it is ours after all or may be adopted; nil when there is none.
func (c *Client) findNamed(ctx context.Context, f *features, k kind, who ref) (resource, error) {
	named, err := c.lookup(ctx, f, k, k.name, who.name, k.named(who))
	if err != nil || len(named) == 0 {
		return nil, err
	}
	return c.mine(k, who, named)
}

// searchNamed is findNamed for a name that is taken although a filter does not find it: there are directories whose filters tell
// upper and lower case apart, and whose names do not. It looks at the first so many alone, since it may be called again and again.
func (c *Client) searchNamed(ctx context.Context, k kind, who ref) (resource, error) {
	named, err := c.collect(ctx, walk{k: k, matches: k.named(who), most: maxSearched})
	if err != nil || len(named) == 0 {
		return nil, err
	}
	return c.mine(k, who, named)
}

func (k kind) named(who ref) func(resource) bool {
	return func(r resource) bool { return strings.EqualFold(r.text(k.name), who.name) }
}

// mine returns what is ours of all that has the name, or may be adopted.
func (c *Client) mine(k kind, who ref, named []resource) (resource, error) {
	if i := slices.IndexFunc(named, func(r resource) bool { return r.uid() == who.uid }); i >= 0 {
		return named[i], nil
	}
	switch other := named[0]; {
	case other.uid() != "" || len(named) > 1:
		return nil, directory.Conflict(fmt.Errorf("an %s with the %s %s is there already, and belongs to somebody else: its externalId is %q", k.word, k.nameWord, who.name, other.uid()))
	case !c.adopt:
		return nil, directory.Conflict(fmt.Errorf("an %s with the %s %s is there already, and is not to be adopted: rename or remove it, or allow adoption", k.word, k.nameWord, who.name))
	default:
		return other, nil
	}
}

// read returns one resource.
func (c *Client) read(ctx context.Context, k kind, id string) (resource, error) {
	a, err := c.do(ctx, request{method: http.MethodGet, path: k.path(id)})
	if err != nil {
		return nil, err
	}
	r, err := parse(a.body)
	if err != nil {
		return nil, err
	}
	if got := r.id(); got != id && got != "" || r.text(k.name) == "" {
		return nil, directory.Unavailable(fmt.Errorf("the answer is not the %s that was asked for: something that is not a SCIM server may have given it", k.word))
	}
	r.set(id, "id")
	if etag := a.header.Get("ETag"); etag != "" {
		r.set(etag, "meta", "version")
	}
	return r, nil
}

// lookup returns what matches. What the directory answers is looked at again, since some ignore a filter; one that refuses it
// has everything listed.
func (c *Client) lookup(ctx context.Context, f *features, k kind, attribute, value string, matches func(resource) bool) ([]resource, error) {
	if !slices.Contains(f.unfiltered, attribute) {
		found, err := c.collect(ctx, walk{k: k, filter: attribute + " eq " + quote(value), matches: matches})
		if status := statusOf(err); status != http.StatusBadRequest && status != http.StatusNotImplemented {
			return found, err
		}
		c.contradict(f, func(f *features) { f.unfiltered = append(f.unfiltered, attribute) })
	}
	return c.collect(ctx, walk{k: k, matches: matches})
}

func (c *Client) collect(ctx context.Context, w walk) (found []resource, err error) {
	for r, err := range c.list(ctx, w) {
		if err != nil {
			return nil, err
		}
		if w.matches(r) {
			found = append(found, r)
		}
	}
	return found, nil
}

// list tells everything that a walk comes by. While it is read page by page, what comes and goes can push others from a page to come to one
// that was read; so it is read again if its length has changed meanwhile, a few times at most.
func (c *Client) list(ctx context.Context, w walk) iter.Seq2[resource, error] {
	return func(yield func(resource, error) bool) {
		w := w
		w.c, w.seen, w.yield = c, map[string]bool{}, yield
		for range maxWalks {
			steady, goOn := w.once(ctx)
			if steady || !goOn {
				return
			}
		}
	}
}

// walk goes through the list of a kind.
type walk struct {
	k kind
	// filter is what is asked for, and matches what counts; both are empty when it is everything.
	filter  string
	matches func(resource) bool
	// most is how many are enough; 0, and all are.
	most int

	c     *Client
	seen  map[string]bool
	yield func(resource, error) bool
}

// complete says that a page is the last: all that there is was received, or it is not said how much that is but the directory has
// kept to the filter.
func (w *walk) complete(p page, received int) bool {
	if w.most > 0 && received >= w.most {
		return true
	}
	if len(p.resources) == 0 || p.total >= 0 {
		return len(p.resources) == 0 || received >= p.total
	}
	return w.filter != "" && !slices.ContainsFunc(p.resources, func(r resource) bool { return !w.matches(r) })
}

// once reads all pages. It says whether the list kept its length, and whether somebody still listens.
func (w *walk) once(ctx context.Context) (steady, goOn bool) {
	steady = true
	for before, total, received := "", -1, 0; ; {
		p, err := w.c.page(ctx, w.k, w.filter, received+1)
		if err == nil && p.first() != "" && p.first() == before {
			// It gives the first page whatever is asked for, so there is no way to the others.
			if received >= p.total {
				return steady, true
			}
			err = fmt.Errorf("the directory shows %d of its %d %ss and ignores startIndex: no others can be found", received, p.total, w.k.word)
			err = directory.Unavailable(err)
		}
		if received > maxListed {
			err = directory.Unavailable(errors.New("the directory's list does not end"))
		}
		if err != nil {
			w.yield(nil, err)
			return false, false
		}
		if !w.tell(p) {
			return steady, false
		}
		steady = steady && (total < 0 || total == p.total)
		before, total, received = p.first(), p.total, received+len(p.resources)
		if w.complete(p, received) {
			return steady, true
		}
	}
}

// tell passes on what has not come by before, and says whether somebody still listens.
func (w *walk) tell(p page) bool {
	for _, r := range p.resources {
		if !w.seen[r.id()] && !w.yield(r, nil) {
			return false
		}
		w.seen[r.id()] = true
	}
	return true
}

type page struct {
	resources []resource
	// total is how many there are on all pages, -1 if that is not said.
	total int
}

// first is the ID of the first, "" if there is none.
func (p page) first() string {
	if len(p.resources) == 0 {
		return ""
	}
	return p.resources[0].id()
}

func (c *Client) page(ctx context.Context, k kind, filter string, start int) (page, error) {
	query := url.Values{"count": {strconv.Itoa(pageSize)}, "startIndex": {strconv.Itoa(start)}}
	if filter != "" {
		query.Set("filter", filter)
	}
	a, err := c.do(ctx, request{method: http.MethodGet, path: k.endpoint, query: query})
	if err != nil {
		return page{}, err
	}
	said, err := parse(a.body)
	if err != nil {
		return page{}, err
	}
	return readPage(said, k, start)
}

func readPage(said resource, k kind, start int) (page, error) {
	p := page{total: -1}
	if total, err := strconv.Atoi(said.text("totalResults")); err == nil && total >= 0 {
		p.total = total
	}
	_, listed := said.get("Resources").([]any)
	if !listed && (p.total < 0 || p.total > 0 && start == 1) {
		return page{}, directory.Unavailable(errors.New("the answer is not a list: something that is not a SCIM server may have given it"))
	}
	for _, r := range said.list("Resources") {
		if r.id() == "" {
			return page{}, directory.Unavailable(fmt.Errorf("the directory lists an %s without an id", k.word))
		}
		p.resources = append(p.resources, r)
	}
	return p, nil
}
