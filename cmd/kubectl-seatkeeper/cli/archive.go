// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/overview"
)

func init() { commands = append(commands, archiveCommand) }

// archiving is what `archive` was told.
type archiving struct {
	act

	departures

	successor, reason string
}

var archiveReasons = []string{
	string(v1alpha1.ArchiveLeft), string(v1alpha1.ArchiveRoleChange), string(v1alpha1.ArchiveDuplicate), string(v1alpha1.ArchiveOther),
}

func archiveCommand(sh *Shell) *cobra.Command {
	a := &archiving{}
	cmd := &cobra.Command{
		Use:   "archive USER...",
		Short: "Have people leave",
		Long: `Have people leave: access is revoked, what they own is handed over as the organization's rules say, and their seats are freed. The Users
stay, and 'kubectl seatkeeper reactivate' brings them back. It sets spec.state to Archived. 'kubectl seatkeeper delete' removes the Users.`,
		Example: `  # Jean leaves, and Nadia takes over
  kubectl seatkeeper archive jean --successor nadia --reason Left

  # What would the cluster say?
  kubectl seatkeeper archive jean marie --dry-run=server`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: sh.names(func() client.ObjectList { return &v1alpha1.UserList{} }),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(); err != nil {
				return err
			}
			if a.reason != "" && !slices.Contains(archiveReasons, a.reason) {
				return fmt.Errorf("--reason is %q: it must be one of %s", a.reason, strings.Join(archiveReasons, ", "))
			}
			c, err := sh.cluster()
			if err != nil {
				return err
			}
			return sh.do(cmd.Context(), c, &a.act, args, func(ctx context.Context, names []string) ([]edit, error) {
				orgs := sh.organizations(c)
				edits, err := eachUser(ctx, c, names, func(u *v1alpha1.User) (edit, error) {
					all, err := orgs.of(ctx, u)
					if err != nil {
						return edit{}, err
					}
					return a.edit(all, u)
				})
				if err != nil {
					return nil, err
				}
				return edits, a.review(ctx, orgs, edits, func(after *v1alpha1.User) *v1alpha1.User { return after })
			})
		},
	}
	a.flags(cmd)
	cmd.Flags().StringVar(&a.successor, "successor", "", "Name of the User who takes over what they own (spec.successor).")
	sh.completeWith(cmd, "successor", func() client.ObjectList { return &v1alpha1.UserList{} })
	cmd.Flags().StringVar(&a.reason, "reason", "", "Why they leave (spec.archiveReason). One of: ("+strings.Join(archiveReasons, ", ")+").")
	_ = cmd.RegisterFlagCompletionFunc("reason", cobra.FixedCompletions(archiveReasons, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}

// edit is the edit by which somebody leaves.
func (a *archiving) edit(all *colleagues, u *v1alpha1.User) (edit, error) {
	switch {
	case membership.IsOwner(u, all.org):
		return edit{}, fmt.Errorf("user %s is the owner of organization %s, who is not archived: name another in spec.owner of the Organization first", u.Name, u.Spec.Organization)
	case access.Archiving(u):
		return edit{}, fmt.Errorf("user %s is leaving, or has left, already (%s)", u.Name, overview.StateOf(u))
	case a.successor != "":
		if err := takesOver(all, u, a.successor); err != nil {
			return edit{}, err
		}
	}
	after := u.DeepCopy()
	after.Spec.State = v1alpha1.UserArchived
	if a.successor != "" {
		after.Spec.Successor = a.successor
	}
	if a.reason != "" {
		after.Spec.ArchiveReason = v1alpha1.ArchiveReason(a.reason)
	}
	review := []string{fmt.Sprintf("Archive %s (%s), who is %s", u.Name, u.Spec.Email, overview.StateOf(u))}
	return edit{before: u, after: after, review: review, done: "archived"}, nil
}

// loses says what somebody loses who leaves.
func loses(u *v1alpha1.User) []string {
	var lines []string
	if len(u.Status.Roles) > 0 {
		lines = append(lines, "Roles that are lost: "+strings.Join(u.Status.Roles, ", "))
	}
	if len(u.Status.Seats) > 0 {
		lines = append(lines, "Seats that are freed: "+strings.Join(u.Status.Seats, ", "))
	}
	return lines
}

// passesOn says what becomes of what somebody owns who leaves.
func passesOn(all *colleagues, u *v1alpha1.User) []string {
	var lines []string
	rules := all.org.Spec.Offboarding.Ownership
	for i := range rules {
		rule := &rules[i]
		what := fmt.Sprintf("Owned %s (rule %s): ", rule.Resource.Resource, rule.Name)
		switch rule.OnArchive {
		case v1alpha1.OwnershipRetain:
			what += "stay as they are"
		case v1alpha1.OwnershipBlock:
			what += "have to be moved first, if there are any ('kubectl seatkeeper handover')"
		default:
			if successors, problem := handover.Choose(rule, u, all); problem != "" {
				what += problem
			} else {
				what += "pass to " + successorNames(successors)
			}
		}
		lines = append(lines, what)
	}
	return lines
}

func successorNames(successors []v1alpha1.Successor) string {
	var names []string
	for _, s := range successors[:min(len(successors), shortList)] {
		names = append(names, s.User)
	}
	if more := len(successors) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// takesOver says why a user cannot take over from somebody.
func takesOver(all *colleagues, from *v1alpha1.User, name string) error {
	to := all.User(name)
	switch {
	case all.err != nil:
		return all.err
	case to == nil:
		return fmt.Errorf("organization %s has no User %q to take over: name one of its users", all.org.Name, name)
	}
	return mayTakeOver(from, to)
}

// mayTakeOver says why somebody cannot take over from somebody.
func mayTakeOver(from, to *v1alpha1.User) error {
	switch {
	case to.Name == from.Name:
		return fmt.Errorf("user %s cannot take over from themselves: name another", to.Name)
	case to.Spec.Organization != from.Spec.Organization:
		return fmt.Errorf("user %s belongs to organization %s, and user %s to %s: name another user of the same", to.Name, to.Spec.Organization, from.Name, from.Spec.Organization)
	case !handover.Available(to):
		return fmt.Errorf("user %s cannot take over, being %s: it takes somebody who has access and stays", to.Name, overview.StateOf(to))
	}
	return nil
}
