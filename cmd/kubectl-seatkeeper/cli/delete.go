// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/overview"
)

func init() { commands = append(commands, deleteCommand) }

// deleting is what `delete` was told.
type deleting struct {
	act
	departures
}

func deleteCommand(sh *Shell) *cobra.Command {
	d := &deleting{}
	cmd := &cobra.Command{
		Use:   "delete USER...",
		Short: "Remove people, and confirm where that is final",
		Long: `Remove people: access is revoked, what they own is handed over as the organization's rules say, their seats are freed, and the Users are deleted.
It shows what goes, and asks.

Where spec.offboarding.policy of the organization is Delete, this cannot be undone and leaves no record (rules IN-10, AC-15): it sets the
annotation seatkeeper.dev/confirm-delete as well, without which nothing happens, and also confirms a deletion that waits for that.
Otherwise a record remains for the organization's spec.offboarding.retention.

'kubectl seatkeeper archive' has people leave whose Users stay.`,
		Example: `  # Lea is removed for good
  kubectl seatkeeper delete lea

  # What would the cluster say?
  kubectl seatkeeper delete lea --dry-run=server`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: sh.names(func() client.ObjectList { return &v1alpha1.UserList{} }),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := d.check(); err != nil {
				return err
			}
			c, err := sh.cluster()
			if err != nil {
				return err
			}
			now := sh.Clock.Now()
			return sh.do(cmd.Context(), c, &d.act, args, func(ctx context.Context, names []string) ([]edit, error) {
				orgs := sh.organizations(c)
				edits, err := eachUser(ctx, c, names, func(u *v1alpha1.User) (edit, error) {
					all, err := orgs.of(ctx, u)
					if err != nil {
						return edit{}, err
					}
					return removal(all.org, u)
				})
				if err != nil {
					return nil, err
				}
				return edits, d.review(ctx, orgs, edits, func(after *v1alpha1.User) *v1alpha1.User { return removed(after, now) })
			})
		},
	}
	d.flags(cmd)
	return cmd
}

// removal is the deletion of a user, or its confirmation.
func removal(org *v1alpha1.Organization, u *v1alpha1.User) (edit, error) {
	final, going := membership.Final(org), !u.DeletionTimestamp.IsZero()
	switch {
	case membership.IsOwner(u, org):
		return edit{}, fmt.Errorf("user %s is the owner of organization %s, who is not removed: name another in spec.owner of the Organization first", u.Name, org.Name)
	case going && !membership.Unconfirmed(u, org):
		return edit{}, fmt.Errorf("user %s is being deleted already (%s)", u.Name, overview.StateOf(u))
	}
	e := edit{before: u, after: u.DeepCopy(), done: "deleted", remove: !going}
	verb := "Delete"
	if going {
		verb, e.done = "Confirm the deletion of", "deletion confirmed"
	}
	e.review = []string{fmt.Sprintf("%s %s (%s), who is %s", verb, u.Name, u.Spec.Email, overview.StateOf(u)), remains(org)}
	if !final {
		return e, nil
	}
	after, err := withAnnotation(u, v1alpha1.AnnotationConfirmDelete, string(u.UID))
	if e.after = after; going { // an annotation alone, which Git leaves as it is
		e.annotation = v1alpha1.AnnotationConfirmDelete
	}
	return e, err
}

// remains says what is left of who is deleted.
func remains(org *v1alpha1.Organization) string {
	switch {
	case membership.Final(org):
		return fmt.Sprintf("This cannot be undone: no record is left (spec.offboarding.policy of organization %s is Delete), and who comes back is somebody new.", org.Name)
	case org.Spec.Offboarding.Retention != nil:
		return fmt.Sprintf("A record is left for %s, in which the person can come back.", org.Spec.Offboarding.Retention.Duration)
	}
	return "A record is left, with which the person can come back."
}

// removed is a user who is being deleted.
func removed(u *v1alpha1.User, now time.Time) *v1alpha1.User {
	gone := u.DeepCopy()
	if gone.DeletionTimestamp.IsZero() {
		gone.DeletionTimestamp = &metav1.Time{Time: now}
	}
	return gone
}
