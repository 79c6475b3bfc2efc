// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/people"
)

// maxWorkers is how many requests are made at the same time, unless a flag says otherwise.
const maxWorkers = 32

func newAdopt(sh *Shell) *cobra.Command {
	i := &importing{Shell: sh, workers: maxWorkers, dryRun: dryRunNone, directory: fromDirectory{use: true}}
	cmd := &cobra.Command{
		Use:   "adopt",
		Short: "Make Users of the accounts that a directory has already",
		Long: `List the accounts of the organization's directory, and whose they are: Matched, of a User; Unmatched, nobody's; Conflicting, of which none can
be made a User; Inactive, with which nobody can sign in.

With --output-dir, the unmatched ones become Users, one YAML file each. For Users to have these accounts once they are applied,
spec.directory.adoption of the organization must be Adopt.`,
		Example: `  # Whose the accounts are
  kubectl seatkeeper adopt --organization=acme

  # Users for those that are nobody's
  kubectl seatkeeper adopt --organization=acme --output-dir=users/`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return i.adopt(cmd.Context()) },
	}
	cmd.Flags().StringVar(&i.outputDir, "output-dir", "", "Write one YAML file for each account that is nobody's to this directory.")
	sh.organizationFlag(cmd, &i.organization)
	i.output.flags(cmd, formatTable, formatJSON, formatYAML)
	return cmd
}

func (i *importing) adopt(ctx context.Context) error {
	if err := i.output.check(); err != nil {
		return err
	}
	c, err := i.cluster()
	if err != nil {
		return err
	}
	org, err := c.organization(ctx, i.organization)
	if err != nil {
		return err
	}
	i.organization = org.Name
	found, err := i.accounts(ctx)
	if err != nil {
		return err
	}
	known, err := c.people(ctx, org.Name)
	if err != nil {
		return err
	}
	left, err := c.left(ctx, "leave it to somebody who may: an account of somebody who left would be taken for nobody's")
	if err != nil {
		return err
	}
	all := people.Adopt(found, known.Users, left, org)
	if i.outputDir != "" {
		if err := i.adopted(ctx, found, all, known.Users); err != nil {
			return err
		}
	}
	return i.adoptions(all)
}

// adopted writes the Users of accounts that are nobody's.
func (i *importing) adopted(ctx context.Context, found []directory.Found, all []people.Adoption, users []v1alpha1.User) error {
	chosen := map[string]bool{}
	for _, a := range all {
		chosen[a.Account] = a.Match == people.Unmatched
	}
	choose := func(a *directory.Found) bool { return chosen[a.ID] }
	found, orphans := people.Orphans(found, choose, users, i.organization)
	table, left := people.Accounts(found, choose)
	i.notes(append(orphans, left...))
	if len(table.Rows) == 0 {
		i.note("every account is somebody's already: there is nothing to write")
		return nil
	}
	set, problems := people.Parse(table, nil)
	j := &job{importing: i, set: &set, problems: problems}
	if err := j.check(ctx); err != nil {
		return err
	}
	if err := j.write(ctx); err != nil {
		return err
	}
	i.note("%s written to %s", count(len(j.plan.Users), "user"), i.outputDir)
	return nil
}

// adoptions prints whose the accounts are.
func (i *importing) adoptions(all []people.Adoption) error {
	if !i.output.table() {
		return data(i.Out, i.output.format, map[string]any{"organization": i.organization, "accounts": all})
	}
	counts := map[people.Match]int{}
	t := &metav1.Table{ColumnDefinitions: columns([]string{"Match", "Account", "User name", "User", "Reason"})}
	for _, a := range all {
		counts[a.Match]++
		t.Rows = append(t.Rows, metav1.TableRow{Cells: []any{string(a.Match), a.Account, a.UserName, a.User, a.Reason}})
	}
	if err := i.output.printTable(i.Out, t); err != nil {
		return err
	}
	fmt.Fprintf(i.ErrOut, "%s: %d matched, %d unmatched, %d conflicting, %d inactive\n",
		count(len(all), "account"), counts[people.Matched], counts[people.Unmatched], counts[people.Conflicting], counts[people.Inactive])
	return nil
}
