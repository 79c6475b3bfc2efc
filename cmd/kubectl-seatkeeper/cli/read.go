// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/overview"
)

// pageSize is how many objects one list asks for, so that 100 000 people are not one answer.
const pageSize = 500

// Selectors of what belongs to an organization.
const (
	ofOrganization = "spec.organization"
	ofRecord       = "record.spec.organization"
)

// pages lists objects page by page, and counts them where there is a progress. When it takes so long that the cluster forgets where it was, it begins again.
func pages[L any, PL interface {
	*L
	client.ObjectList
}, T any](ctx context.Context, c client.Reader, p *progress, items func(*L) []T, options ...client.ListOption) ([]T, error) {
	var all []T
	for next := ""; ; {
		page := PL(new(L))
		err := c.List(ctx, page, append([]client.ListOption{client.Limit(pageSize), client.Continue(next)}, options...)...)
		if apierrors.IsResourceExpired(err) && next != "" {
			all, next = nil, ""
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, items(page)...)
		if p != nil {
			p.add(len(items(page)))
		}
		if next = page.GetContinue(); next == "" {
			return all, nil
		}
	}
}

// lists reads an organization, and all that belongs to it, by one list for each kind.
func (sh *Shell) lists(ctx context.Context, c *cluster, org *v1alpha1.Organization) (overview.Lists, error) {
	l := overview.Lists{Organization: org}
	p := sh.progress("reading organization "+org.Name, 0)
	defer p.end()
	in := []client.ListOption{client.InNamespace(c.namespace), client.MatchingFields{ofOrganization: org.Name}}
	var err error
	if l.Roles, err = pages(ctx, c, p, func(l *v1alpha1.RoleList) []v1alpha1.Role { return l.Items }, in...); err != nil {
		return l, fmt.Errorf("listing roles: %w", err)
	}
	if l.Teams, err = pages(ctx, c, p, func(l *v1alpha1.TeamList) []v1alpha1.Team { return l.Items }, in...); err != nil {
		return l, fmt.Errorf("listing teams: %w", err)
	}
	if l.Pools, err = pages(ctx, c, p, func(l *v1alpha1.SeatPoolList) []v1alpha1.SeatPool { return l.Items }, in...); err != nil {
		return l, fmt.Errorf("listing seat pools: %w", err)
	}
	if l.Users, err = pages(ctx, c, p, func(l *v1alpha1.UserList) []v1alpha1.User { return l.Items }, in...); err != nil {
		return l, fmt.Errorf("listing users: %w", err)
	}
	gone := []client.ListOption{client.InNamespace(c.namespace), client.MatchingFields{ofRecord: org.Name}}
	l.Archived, err = pages(ctx, c, p, func(l *v1alpha1.ArchivedUserList) []v1alpha1.ArchivedUser { return l.Items }, gone...)
	if apierrors.IsForbidden(err) { // all others can be seen
		p.end()
		sh.note("you may not list archivedusers of %s in namespace %s: those who left, and whose deletion was rejected, are not shown", v1alpha1.GroupVersion.Group, c.namespace)
		return l, nil
	}
	if err != nil {
		return l, fmt.Errorf("listing archived users: %w", err)
	}
	return l, nil
}

// company reads the organization of a name, or the only one of the namespace.
func (sh *Shell) company(ctx context.Context, c *cluster, name string) (*overview.Company, error) {
	org, err := c.organization(ctx, name)
	if err != nil {
		return nil, err
	}
	l, err := sh.lists(ctx, c, org)
	if err != nil {
		return nil, err
	}
	return overview.New(l), nil
}

// onlyOne is the only argument, if there is one.
func onlyOne(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// organizationArgument has a command take the name of an organization, which can be left out where the namespace has only one.
func (sh *Shell) organizationArgument(cmd *cobra.Command) {
	cmd.Args = cobra.MaximumNArgs(1)
	complete := sh.names(func() client.ObjectList { return &v1alpha1.OrganizationList{} })
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, prefix)
	}
}
