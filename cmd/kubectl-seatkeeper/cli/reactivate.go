// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/overview"
)

func init() { commands = append(commands, reactivateCommand) }

// reactivating is what `reactivate` was told.
type reactivating struct {
	act

	until string
	end   *metav1.Time
}

// noEnd is a value of --until.
const noEnd = "none"

func reactivateCommand(sh *Shell) *cobra.Command {
	a := &reactivating{}
	cmd := &cobra.Command{
		Use:   "reactivate USER...",
		Short: "Bring people back who are archived or suspended",
		Long: `Bring people back who are archived or suspended (rule AX-14): the same account, and an acceptance still counts, but each seat is claimed anew.
It sets spec.state to Active, and with --until spec.accessUntil.`,
		Example: `  # Karim is back
  kubectl seatkeeper reactivate karim

  # The intern stays until June
  kubectl seatkeeper reactivate lea --until 2027-06-30T18:00:00Z`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: sh.names(func() client.ObjectList { return &v1alpha1.UserList{} }),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(); err != nil {
				return err
			}
			now := sh.Clock.Now()
			if err := a.readUntil(now); err != nil {
				return err
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
					return a.edit(all, u, now)
				})
				return edits, c.orRecord(ctx, err)
			})
		},
	}
	a.flags(cmd)
	cmd.Flags().StringVar(&a.until, "until", "", "When access ends by itself (spec.accessUntil), such as 2027-06-30T18:00:00Z, or "+noEnd+". When not given, it stays as it is.")
	_ = cmd.RegisterFlagCompletionFunc("until", cobra.FixedCompletions([]string{noEnd}, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}

// readUntil reads --until.
func (a *reactivating) readUntil(now time.Time) error {
	if a.until == "" || a.until == noEnd {
		return nil
	}
	t, err := time.Parse(time.RFC3339, a.until)
	if err != nil {
		return fmt.Errorf("--until is %q: it must be a time such as 2027-06-30T18:00:00Z, or %s", a.until, noEnd)
	}
	if !t.After(now) {
		return fmt.Errorf("--until is %s, which is over: name a later time, or %s", a.until, noEnd)
	}
	a.end = ptr.To(metav1.NewTime(t.UTC()))
	return nil
}

// edit is the edit by which somebody comes back.
func (a *reactivating) edit(all *colleagues, u *v1alpha1.User, now time.Time) (edit, error) {
	switch {
	case !u.DeletionTimestamp.IsZero():
		return edit{}, fmt.Errorf("user %s is being deleted, which cannot be taken back: create the User again with the same address when it is gone; "+
			"while it is held, 'kubectl seatkeeper reject removals %s' keeps what the person has", u.Name, u.Spec.Organization)
	case access.EndedBy(u, now) && a.until == "":
		return edit{}, fmt.Errorf("access of user %s ended at %s (spec.accessUntil): give --until a later time, or --until=%s", u.Name, stamp(access.Until(u)), noEnd)
	}
	after := u.DeepCopy()
	after.Spec.State = v1alpha1.UserActive
	if a.until != "" {
		after.Spec.AccessUntil = a.end
	}
	if u.Spec.State == v1alpha1.UserActive && after.Spec.AccessUntil.Equal(u.Spec.AccessUntil) {
		return edit{}, fmt.Errorf("user %s is neither archived nor suspended (%s): there is nothing to bring back", u.Name, overview.StateOf(u))
	}
	e := edit{before: u, after: after, done: "reactivated"}
	e.review = []string{fmt.Sprintf("Reactivate %s (%s), who is %s", u.Name, u.Spec.Email, overview.StateOf(u))}
	if after.Spec.AccessUntil != nil {
		e.review = append(e.review, "Access ends at "+stamp(after.Spec.AccessUntil.Time))
	}
	e.review = append(e.review, a.regains(all, after, now)...)
	return e, all.err
}

// regains says what somebody who comes back is to have, and what it takes.
func (a *reactivating) regains(all *colleagues, u *v1alpha1.User, now time.Time) []string {
	roles := access.Of(u, all, now)
	if roles.None() {
		return []string{"No role is given to the user: a record without access."}
	}
	lines := []string{"Roles: " + strings.Join(roles.Names(), ", ")}
	for _, name := range roles.Pools {
		lines = append(lines, "Needs a seat of pool "+name+all.vacancy(name))
	}
	if u.Status.AcceptedAt == nil {
		return append(lines, "An invitation was not accepted before: another is sent, unless the last one was declined or expired.")
	}
	return append(lines, "An invitation was accepted before, so none is sent.")
}

// orRecord is an error about a User, which says what remains of one who was deleted.
func (c *cluster) orRecord(ctx context.Context, err error) error {
	var missing notThere
	if !errors.As(err, &missing) {
		return err
	}
	records, err2 := pages(ctx, c, nil, func(l *v1alpha1.ArchivedUserList) []v1alpha1.ArchivedUser { return l.Items }, client.InNamespace(c.namespace))
	if err2 != nil {
		return err
	}
	for i := range records {
		if r := &records[i]; r.Record.User == missing.name {
			return fmt.Errorf("user %s was deleted, and ArchivedUser %s is what remains: create a User with the address %s in organization %s, under any name, and the person is back",
				r.Record.User, r.Name, r.Record.Spec.Email, r.Record.Spec.Organization)
		}
	}
	return err
}
