// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/people"
)

// job is an import under way.
type job struct {
	*importing

	set  *people.Set
	plan people.Plan
	// namespace is where the Users go.
	namespace string
	cluster   *cluster

	mu       sync.Mutex
	problems []people.Problem
	// refused and refusedTeams are the names of the Users and Teams that were not written.
	refused, refusedTeams map[string]bool
}

func (j *job) report(problems ...people.Problem) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.problems = append(j.problems, problems...)
}

func (j *job) run(ctx context.Context) error {
	if err := j.check(ctx); err != nil {
		return err
	}
	switch {
	case j.dryRun != dryRunNone:
	case j.outputDir != "":
		if err := j.write(ctx); err != nil {
			return err
		}
	case j.apply:
		if err := j.put(ctx); err != nil {
			return err
		}
	}
	return j.succeed()
}

// check finds out what is to be done, and says what is wrong with it.
func (j *job) check(ctx context.Context) error {
	if err := j.compare(ctx); err != nil {
		return err
	}
	if !j.local && j.dryRun != dryRunClient {
		if err := j.try(ctx); err != nil {
			return err
		}
	}
	people.Sort(j.problems)
	if people.Fatal(j.problems) {
		return j.refuse()
	}
	j.warn()
	return nil
}

// compare finds out what is to be done.
func (j *job) compare(ctx context.Context) error {
	known := people.Cluster{Organization: j.organization, Manager: importManager, Unknown: true}
	var err error
	if j.local {
		if j.namespace, _, err = j.Config.ToRawKubeConfigLoader().Namespace(); err != nil {
			return fmt.Errorf("finding the namespace: %w", err)
		}
	} else {
		if j.cluster, err = j.Shell.cluster(); err != nil {
			return err
		}
		j.namespace = j.cluster.namespace
		org, err := j.cluster.organization(ctx, j.organization)
		if err != nil {
			return err
		}
		j.organization = org.Name
		if known, err = j.cluster.people(ctx, org.Name); err != nil {
			return err
		}
		if j.set.Archived() {
			if known.Left, err = j.cluster.left(ctx, "take out the lines of who is Archived, of whom some are records and no Users"); err != nil {
				return err
			}
		}
	}
	var wrong []people.Problem
	j.plan, wrong = j.set.Plan(known)
	j.report(wrong...)
	return nil
}

// people is what a namespace has of an organization.
func (c *cluster) people(ctx context.Context, organization string) (people.Cluster, error) {
	found := people.Cluster{Organization: organization, Manager: importManager}
	in := client.InNamespace(c.namespace)
	var err error
	if found.Users, err = pages(ctx, c, nil, func(l *v1alpha1.UserList) []v1alpha1.User { return l.Items }, in); err != nil {
		return found, fmt.Errorf("listing users: %w", err)
	}
	if found.Teams, err = pages(ctx, c, nil, func(l *v1alpha1.TeamList) []v1alpha1.Team { return l.Items }, in); err != nil {
		return found, fmt.Errorf("listing teams: %w", err)
	}
	roles, err := pages(ctx, c, nil, func(l *v1alpha1.RoleList) []v1alpha1.Role { return l.Items }, in)
	if err != nil {
		return found, fmt.Errorf("listing roles: %w", err)
	}
	for k := range roles {
		if roles[k].Spec.Organization == organization {
			found.Roles = append(found.Roles, roles[k].Name)
		}
	}
	return found, nil
}

// left are the records of who has left. without is what to do where they may not be seen.
func (c *cluster) left(ctx context.Context, without string) ([]v1alpha1.ArchivedUser, error) {
	all, err := pages(ctx, c, nil, func(l *v1alpha1.ArchivedUserList) []v1alpha1.ArchivedUser { return l.Items }, client.InNamespace(c.namespace))
	if apierrors.IsForbidden(err) {
		return nil, fmt.Errorf("you may not list archivedusers of %s in namespace %s: ask who runs the cluster for this right, or %s", v1alpha1.GroupVersion.Group, c.namespace, without)
	}
	if err != nil {
		return nil, fmt.Errorf("listing archived users: %w", err)
	}
	return all, nil
}

// changed are the positions of the Users that are to be written.
func (j *job) changed() []int {
	var at []int
	for k := range j.plan.Users {
		if j.plan.Users[k].Action != people.Unchanged {
			at = append(at, k)
		}
	}
	return at
}

// try has the server judge everything, without keeping it.
func (j *job) try(ctx context.Context) error {
	changed := j.changed()
	if err := j.may(ctx, changed); err != nil {
		return err
	}
	return j.send(ctx, "checking", changed, true)
}

// put has the server keep everything.
func (j *job) put(ctx context.Context) error {
	before := len(j.problems)
	changed := j.changed()
	if err := j.send(ctx, "applying", changed, false); err != nil {
		j.note("not everybody is imported: run the same command again to go on")
		return err
	}
	if people.Fatal(j.problems[before:]) {
		return j.partly()
	}
	return nil
}

// send sends users, and then the teams that they join and leave.
func (j *job) send(ctx context.Context, what string, changed []int, dry bool) error {
	p := j.progress(what, len(changed)+len(j.plan.Teams))
	defer p.end()
	err := j.each(ctx, len(changed), func(ctx context.Context, k int) error {
		defer p.add(1)
		return j.settle(ctx, &userItem{j, &j.plan.Users[changed[k]]}, dry)
	})
	if err != nil {
		return err
	}
	if !dry {
		j.plan.Without(j.refused)
	}
	return j.each(ctx, len(j.plan.Teams), func(ctx context.Context, k int) error {
		defer p.add(1)
		return j.settle(ctx, &teamItem{j, &j.plan.Teams[k]}, dry)
	})
}

// each does something for many at the same time. It ends early with the first error.
func (j *job) each(ctx context.Context, n int, do func(ctx context.Context, k int) error) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(j.workers)
	for k := range n {
		if inner.Err() != nil {
			break
		}
		group.Go(func() error { return do(inner, k) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// judged says that an error is about the object, and not about the server or who asks.
func judged(err error) bool {
	var status *apierrors.StatusError
	if !errors.As(err, &status) {
		return false
	}
	switch status.ErrStatus.Code {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	case http.StatusConflict: // of which others are races
		return apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict)
	}
	return false
}

// raced says that somebody else has written the object in the meantime.
func raced(err error) bool {
	return apierrors.IsAlreadyExists(err) || apierrors.IsConflict(err) && !apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict)
}

// passing says that an error may not come again.
func passing(err error) bool {
	return !raced(err) && !apierrors.IsUnauthorized(err) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// may asks once whether who calls has the rights that everything takes, instead of being told for each line.
func (j *job) may(ctx context.Context, changed []int) error {
	needs := map[string][]string{}
	if len(changed) > 0 {
		needs["users"] = []string{"patch"}
	}
	if slices.ContainsFunc(changed, func(k int) bool { return j.plan.Users[k].Action == people.Created }) {
		needs["users"] = []string{"create", "patch"}
	}
	if len(j.plan.Teams) > 0 {
		needs["teams"] = []string{"patch"}
	}
	var lacking []string
	for _, resource := range []string{"users", "teams"} {
		for _, verb := range needs[resource] {
			review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
				ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: j.namespace, Verb: verb, Group: v1alpha1.GroupVersion.Group, Resource: resource},
			}}
			if err := j.cluster.Create(ctx, review); err != nil {
				return fmt.Errorf("asking for your rights: %w", err)
			}
			if !review.Status.Allowed {
				lacking = append(lacking, verb+" "+resource)
			}
		}
	}
	if len(lacking) > 0 {
		return fmt.Errorf("you may not %s of %s in namespace %s: ask who runs the cluster for this right, or check without the server by --dry-run=client",
			strings.Join(lacking, ", "), v1alpha1.GroupVersion.Group, j.namespace)
	}
	return nil
}
