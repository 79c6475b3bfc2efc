// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/overview"
)

func init() { commands = append(commands, inviteCommand) }

func inviteCommand(sh *Shell) *cobra.Command {
	a := &act{}
	cmd := &cobra.Command{
		Use:   "invite USER...",
		Short: "Send fresh invitations",
		Long: `Send a fresh invitation with a fresh link to people who have not accepted yet: to whose invitation expired, who declined, or who cannot find
the mail. The link of the one before is dead from then on. It sets the annotation ` + v1alpha1.AnnotationResendInvitation + `.`,
		Example: `  # Invite Jean again
  kubectl seatkeeper invite jean

  # Everybody whose invitation expired
  kubectl get users -o json | jq -r '.items[] | select(any(.status.conditions[]?; .reason == "InvitationExpired")).metadata.name' |
    xargs kubectl seatkeeper invite --yes`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: sh.names(func() client.ObjectList { return &v1alpha1.UserList{} }),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(); err != nil {
				return err
			}
			c, err := sh.cluster()
			if err != nil {
				return err
			}
			now := sh.Clock.Now()
			return sh.do(cmd.Context(), c, a, args, func(ctx context.Context, names []string) ([]edit, error) {
				return eachUser(ctx, c, names, func(u *v1alpha1.User) (edit, error) { return inviting(u, now) })
			})
		},
	}
	a.flags(cmd)
	return cmd
}

// eachUser makes an edit of each of several Users. Names that come twice count once.
func eachUser(ctx context.Context, c *cluster, names []string, change func(*v1alpha1.User) (edit, error)) ([]edit, error) {
	var edits []edit
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		u, err := c.user(ctx, name)
		if err != nil {
			return nil, err
		}
		e, err := change(u)
		if err != nil {
			return nil, err
		}
		edits = append(edits, e)
	}
	return edits, nil
}

// inviting is the edit by which somebody asks for a fresh invitation.
func inviting(u *v1alpha1.User, now time.Time) (edit, error) {
	switch {
	case access.Leaving(u):
		return edit{}, fmt.Errorf("user %s cannot be invited, being suspended, archived or deleted (%s): bring the person back with 'kubectl seatkeeper reactivate %s'", u.Name, overview.StateOf(u), u.Name)
	case u.Status.AcceptedAt != nil:
		return edit{}, fmt.Errorf("user %s has accepted an invitation at %s: there is nothing to invite to", u.Name, stamp(u.Status.AcceptedAt.Time))
	}
	after, err := withAnnotation(u, v1alpha1.AnnotationResendInvitation, now.UTC().Format(time.RFC3339Nano))
	if err != nil {
		return edit{}, err
	}
	e := edit{before: u, after: after, done: "invited", annotation: v1alpha1.AnnotationResendInvitation}
	e.review = append(e.review, fmt.Sprintf("Invite %s (%s), who is %s", u.Name, u.Spec.Email, overview.StateOf(u)))
	if inv := u.Status.Invitation; inv != nil && inv.SentAt != nil {
		e.review = append(e.review, fmt.Sprintf("The link that was sent at %s is dead then.", stamp(inv.SentAt.Time)))
	}
	switch overview.StateOf(u) {
	case v1alpha1.ReasonAwaitingSeat:
		e.review = append(e.review, "The mail goes out when there is a seat.")
	case v1alpha1.ReasonNoRoles:
		e.review = append(e.review, "The mail goes out when the user is given a role.")
	}
	return e, nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
