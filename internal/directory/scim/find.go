// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim

import (
	"cmp"
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
	// long is the attribute that is read by itself, since it may be as long as everything else together.
	long string
}

func (f *features) accountKind() kind {
	return kind{"account", coreUser, "userName", "user name", f.users, ""}
}

func (f *features) groupKind() kind {
	return kind{"group", coreGroup, "displayName", "display name", f.groups, "members"}
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
	if who.id == "" {
		return c.findOurs(ctx, f, k, who)
	}
	named, err := c.read(ctx, k, who.id)
	if err == nil && (named.uid() == "" || named.uid() == who.uid) || err != nil && !missing(err) {
		return named, err
	}
	r, err := c.findOurs(ctx, f, k, who)
	if err == nil && r == nil && named != nil { // a directory that was set up anew may give an ID once more
		err = directory.Conflict(fmt.Errorf("the %s with the ID %s belongs to somebody else by now: its externalId is %q", k.word, who.id, named.uid()))
	}
	return r, err
}

// findOurs returns what has our UID.
func (c *Client) findOurs(ctx context.Context, f *features, k kind, who ref) (resource, error) {
	ours, err := c.withUID(ctx, f, k, who)
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

func (c *Client) withUID(ctx context.Context, f *features, k kind, who ref) ([]resource, error) {
	return c.lookup(ctx, f, k, "externalId", string(who.uid), func(r resource) bool { return r.uid() == who.uid })
}

// ours are all that are ours, which there is to be one of, for what is to be done to every one. Something of our name that has no
// externalId may be ours where the directory keeps none.
func (c *Client) ours(ctx context.Context, f *features, k kind, who ref) ([]resource, error) {
	r, err := c.find(ctx, f, k, who)
	switch {
	case r != nil:
		return []resource{r}, nil
	case errors.Is(err, directory.ErrConflict):
		if all, err := c.withUID(ctx, f, k, who); err != nil || len(all) > 0 {
			return all, err
		}
	case err != nil:
		return nil, err
	}
	all, err := c.lookup(ctx, f, k, k.name, who.name, k.named(who))
	if err != nil {
		return nil, err
	}
	if f.anonymous(k) && slices.ContainsFunc(all, func(r resource) bool { return r.uid() == "" }) {
		return nil, directory.Conflict(fmt.Errorf("an %s with the %s %s is there, and it cannot be told whose it is: the directory keeps no externalId", k.word, k.nameWord, who.name))
	}
	return slices.DeleteFunc(all, func(r resource) bool { return r.uid() != who.uid }), nil
}

// findNamed returns what has the name, if it is ours after all or may be adopted; nil when there is none.
func (c *Client) findNamed(ctx context.Context, f *features, k kind, who ref) (resource, error) {
	named, err := c.lookup(ctx, f, k, k.name, who.name, k.named(who))
	if err != nil || len(named) == 0 {
		return nil, err
	}
	return c.mine(f, k, who, named)
}

// searchNamed is findNamed for a name that is taken although a filter does not find it: there are directories whose filters tell
// upper and lower case apart, and whose names do not. It looks at the first so many alone, since it may be called again and again.
func (c *Client) searchNamed(ctx context.Context, f *features, k kind, who ref) (resource, error) {
	named, err := c.collect(ctx, walk{k: k, matches: k.named(who), most: maxSearched, without: k.long})
	if err != nil || len(named) == 0 {
		return nil, err
	}
	return c.mine(f, k, who, named)
}

func (k kind) named(who ref) func(resource) bool {
	return func(r resource) bool { return strings.EqualFold(r.text(k.name), who.name) }
}

// mine returns what is ours of all that has the name, or may be adopted.
func (c *Client) mine(f *features, k kind, who ref, named []resource) (resource, error) {
	if i := slices.IndexFunc(named, func(r resource) bool { return r.uid() == who.uid }); i >= 0 {
		return named[i], nil
	}
	switch other := named[0]; {
	case other.uid() != "" || len(named) > 1:
		return nil, directory.Conflict(fmt.Errorf("an %s with the %s %s is there already, and belongs to somebody else: its externalId is %q", k.word, k.nameWord, who.name, other.uid()))
	case c.adopt && f.anonymous(k) && !c.recent.lost(who): // it may be that of another of ours
		return nil, directory.Conflict(fmt.Errorf("an %s with the %s %s is there already, and it cannot be told whose it is: the directory keeps no externalId", k.word, k.nameWord, who.name))
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
		found, err := c.collect(ctx, walk{k: k, filter: attribute + " eq " + quote(value), matches: matches, without: k.long})
		if status := statusOf(err); status != http.StatusBadRequest && status != http.StatusNotImplemented {
			return found, err
		}
		if kind := scimTypeOf(err); kind == "" || kind == "invalidFilter" { // and not the value alone, or what it finds
			c.contradict(f, func(f *features) { f.unfiltered = append(f.unfiltered, attribute) })
		}
	}
	return c.collect(ctx, walk{k: k, matches: matches, without: k.long})
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

// list tells everything that a walk comes by. While it is read page by page, what goes can move others from a page to come to one that
// was read; so it is read again if it has become shorter meanwhile, a few times at most. What is not shown whole is an error, since
// nobody is missing from a list that is not.
func (c *Client) list(ctx context.Context, w walk) iter.Seq2[resource, error] {
	return func(yield func(resource, error) bool) {
		w := w
		w.c, w.told, w.yield = c, map[string]bool{}, yield
		for range maxWalks {
			steady, goOn := w.once(ctx)
			if steady || !goOn {
				return
			}
		}
		yield(nil, directory.Unavailable(fmt.Errorf("the directory's list of %ss changes each time while it is read", w.k.word)))
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
	// without is an attribute that is not needed, and may be long.
	without string

	c     *Client
	told  map[string]bool // of all walks
	seen  map[string]bool // of this one
	yield func(resource, error) bool
}

// complete says that nothing is to come after a page that brought something new. A total that is just what the page has is believed of
// what a filter has found alone: there are directories that count the page.
func (w *walk) complete(p page) bool {
	kept := w.filter != "" && !slices.ContainsFunc(p.resources, func(r resource) bool { return !w.matches(r) })
	switch {
	case w.most > 0 && len(w.seen) >= w.most:
		return true
	case p.total < 0:
		return kept
	}
	return len(w.seen) >= p.total && (kept || p.total > len(p.resources))
}

// ended is what is wrong with the end of a list, unless it goes on: some directories stop before they have shown all, and some never.
func (w *walk) ended(p page, goesOn bool) error {
	switch {
	case len(w.seen) > maxListed:
		return directory.Unavailable(errors.New("the directory's list does not end"))
	case goesOn || len(w.seen) >= p.total:
		return nil
	}
	return directory.Unavailable(fmt.Errorf("the directory shows %d of its %d %ss: the others cannot be found", len(w.seen), p.total, w.k.word))
}

// once reads all pages. It says whether none can have been passed over, and whether somebody still listens.
func (w *walk) once(ctx context.Context) (steady, goOn bool) {
	steady, w.seen = true, map[string]bool{}
	for total, received := -1, 0; ; {
		p, err := w.c.page(ctx, w, received+1)
		had := len(w.seen)
		if err == nil && !w.tell(p) {
			return steady, false
		}
		if p.total != len(p.resources) { // else it may be that of the page
			steady, total = steady && p.total >= total, p.total
		}
		news := len(w.seen) > had
		if err = cmp.Or(err, w.ended(p, news || !steady)); err != nil {
			w.yield(nil, err)
			return false, false
		}
		if received += len(p.resources); !news || w.complete(p) {
			return steady, true
		}
	}
}

// tell passes on what has not come by before, and says whether somebody still listens.
func (w *walk) tell(p page) bool {
	for _, r := range p.resources {
		if !w.told[r.id()] && !w.yield(r, nil) {
			return false
		}
		w.told[r.id()], w.seen[r.id()] = true, true
	}
	return true
}

type page struct {
	resources []resource
	// total is how many there are on all pages, -1 if that is not said.
	total int
}

func (c *Client) page(ctx context.Context, w *walk, start int) (page, error) {
	query := url.Values{"count": {strconv.Itoa(pageSize)}, "startIndex": {strconv.Itoa(start)}}
	if w.filter != "" {
		query.Set("filter", w.filter)
	}
	if w.without != "" {
		query.Set("excludedAttributes", w.without)
	}
	a, err := c.do(ctx, request{method: http.MethodGet, path: w.k.endpoint, query: query})
	if err != nil {
		return page{}, err
	}
	said, err := parse(a.body)
	if err != nil {
		return page{}, err
	}
	return readPage(said, w.k, start)
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
