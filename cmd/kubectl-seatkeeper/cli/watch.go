// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/overview"
)

// clearScreen has a terminal begin again at the top.
const clearScreen = "\x1b[H\x1b[2J\x1b[3J"

// errGone ends the watch of something that was deleted.
var errGone = errors.New("it was deleted")

// watchStatus shows the status of an organization whenever it reads otherwise, until it is told to stop. A terminal shows the latest
// alone; other programs get one after the other.
func (sh *Shell) watchStatus(ctx context.Context, c *cluster, v *statusView, org *v1alpha1.Organization) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	seen, changed, err := sh.follow(ctx, c, org, stop)
	if err != nil {
		return watchError(ctx, err)
	}
	ticker := sh.Clock.NewTicker(beat)
	defer ticker.Stop()
	shown := ""
	for {
		select {
		case <-ctx.Done():
			return watchError(ctx, ctx.Err())
		case <-changed:
		}
		text, err := sh.statusNow(ctx, v, seen, org)
		if err != nil {
			return watchError(ctx, err)
		}
		if text != shown {
			shown = text
			if err := sh.showNext(v, text); err != nil {
				return err
			}
		}
		select { // so much is not read so fast
		case <-ctx.Done():
		case <-ticker.C():
		}
	}
}

// watchError is why a watch ended: what the cluster said, rather than that others were told to stop for it.
func watchError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// showNext shows a status after the one before.
func (sh *Shell) showNext(v *statusView, text string) error {
	before, after := "", ""
	switch {
	case sh.Terminal(sh.Out):
		before = clearScreen
	case v.format == formatYAML:
		before = "---\n"
	case v.table():
		after = "\n"
	}
	_, err := fmt.Fprint(sh.Out, before, text, after)
	return err
}

// follow reads all that belongs to an organization, and goes on to follow it. changed has something whenever there is news.
func (sh *Shell) follow(ctx context.Context, c *cluster, org *v1alpha1.Organization, stop context.CancelCauseFunc) (seen cache.Cache, changed <-chan struct{}, err error) {
	of := func(path string) cache.ByObject {
		return cache.ByObject{Field: fields.OneTermEqualSelector(path, org.Name)}
	}
	kinds := map[client.Object]cache.ByObject{
		&v1alpha1.Organization{}: of("metadata.name"), &v1alpha1.Role{}: of(ofOrganization), &v1alpha1.Team{}: of(ofOrganization),
		&v1alpha1.SeatPool{}: of(ofOrganization), &v1alpha1.User{}: of(ofOrganization), &v1alpha1.ArchivedUser{}: of(ofRecord),
	}
	seen, err = cache.New(c.config, cache.Options{
		Scheme: Scheme(), Mapper: c.RESTMapper(), DefaultNamespaces: map[string]cache.Config{c.namespace: {}}, ByObject: kinds,
		DefaultWatchErrorHandler: func(_ context.Context, _ *toolscache.Reflector, err error) {
			if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) { // others pass, or come again
				stop(fmt.Errorf("watching: %w", err))
			}
		},
	})
	if err != nil {
		return nil, nil, err
	}
	news := make(chan struct{}, 1)
	tell := func() {
		select {
		case news <- struct{}{}:
		default: // somebody is to look already
		}
	}
	go func() {
		if err := seen.Start(ctx); err != nil {
			stop(err)
		}
	}()
	for kind := range kinds {
		informer, err := seen.GetInformer(ctx, kind)
		if err != nil {
			return nil, nil, err
		}
		if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { tell() }, UpdateFunc: func(any, any) { tell() }, DeleteFunc: func(any) { tell() },
		}); err != nil {
			return nil, nil, err
		}
	}
	if !seen.WaitForCacheSync(ctx) {
		return nil, nil, ctx.Err()
	}
	return seen, news, nil
}

// statusNow is the status as of now, of what is followed.
func (sh *Shell) statusNow(ctx context.Context, v *statusView, seen client.Reader, org *v1alpha1.Organization) (string, error) {
	l := overview.Lists{Organization: &v1alpha1.Organization{}}
	if err := seen.Get(ctx, client.ObjectKeyFromObject(org), l.Organization); err != nil {
		if apierrors.IsNotFound(err) {
			return "", fmt.Errorf("organization %s: %w", org.Name, errGone)
		}
		return "", err
	}
	var (
		users    v1alpha1.UserList
		roles    v1alpha1.RoleList
		teams    v1alpha1.TeamList
		pools    v1alpha1.SeatPoolList
		archived v1alpha1.ArchivedUserList
	)
	for _, list := range []client.ObjectList{&users, &roles, &teams, &pools, &archived} {
		if err := seen.List(ctx, list); err != nil {
			return "", err
		}
	}
	l.Users, l.Roles, l.Teams, l.Pools, l.Archived = users.Items, roles.Items, teams.Items, pools.Items, archived.Items
	return sh.showStatus(v, overview.New(l).Report())
}
