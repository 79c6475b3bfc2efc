// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/overview"
)

func init() { commands = append(commands, whoCanCommand) }

// whoCan is what `who-can` was asked.
type whoCan struct {
	output

	organization string
	// permission says that the word is one, although there is a role of that name.
	permission bool
}

// whoCanAnswer is the answer as JSON and YAML.
type whoCanAnswer struct {
	Organization string `json:"organization"`
	Role         string `json:"role,omitempty"`
	Permission   string `json:"permission,omitempty"`
	// GivenBy are the roles whose holders these are.
	GivenBy []string          `json:"givenBy"`
	Holders []overview.Holder `json:"holders"`
}

func whoCanCommand(sh *Shell) *cobra.Command {
	q := &whoCan{}
	cmd := &cobra.Command{
		Use:   "who-can ROLE|PERMISSION",
		Short: "Show who holds a role, or may do something, and why",
		Long: `Show who holds a role, or a role that includes it; or who has a permission, or one that covers it, such as crm.* for crm.read. A word that
names a Role of the organization is taken for the role.

ACCESS says whether the person can use it: who was invited holds the role, and has no access before accepting.`,
		Example: `  # Who is an administrator
  kubectl seatkeeper who-can administration

  # Who may write invoices
  kubectl seatkeeper who-can invoices.write

  # As input of other commands
  kubectl seatkeeper who-can invoices.write -o name | xargs kubectl get -o wide`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: sh.onlyFirst(sh.names(func() client.ObjectList { return &v1alpha1.RoleList{} })),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := q.check(); err != nil {
				return err
			}
			return sh.whoCan(cmd.Context(), q, args[0])
		},
	}
	q.flags(cmd, formatTable, formatWide, formatJSON, formatYAML, formatName)
	sh.organizationFlag(cmd, &q.organization)
	cmd.Flags().BoolVar(&q.permission, "permission", false, "Take the word for a permission, although there is a Role of that name.")
	return cmd
}

// onlyFirst completes the first argument alone.
func (sh *Shell) onlyFirst(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, prefix)
	}
}

func (sh *Shell) whoCan(ctx context.Context, q *whoCan, word string) error {
	c, err := sh.cluster()
	if err != nil {
		return err
	}
	company, err := sh.company(ctx, c, q.organization)
	if err != nil {
		return err
	}
	a := whoCanAnswer{Organization: company.Organization().Name}
	if !q.permission && company.Role(word) != nil {
		a.Role, a.GivenBy = word, company.GivingRole(word)
	} else {
		a.Permission, a.GivenBy = word, company.GivingPermission(word)
	}
	if len(a.GivenBy) == 0 {
		return fmt.Errorf("organization %s has no Role %q, and no Role with a permission that is or covers %q: 'kubectl get orgroles -o yaml' shows what there is", a.Organization, word, word)
	}
	a.Holders = company.Holders(a.GivenBy, sh.Clock.Now())
	switch {
	case q.format == formatName:
		return sh.print(userNames(a.Holders))
	case !q.table():
		return data(sh.Out, q.format, a)
	case len(a.Holders) == 0:
		fmt.Fprintf(sh.ErrOut, "Nobody holds %s.\n", strings.Join(a.GivenBy, " or "))
		return nil
	}
	return q.print(sh.Out, nil, func() *metav1.Table { return holderTable(a.Holders) })
}

// userNames are the users that there are: who is parked has none at present.
func userNames(holders []overview.Holder) []string {
	var names []string
	for _, h := range holders {
		if h.Record == "" {
			names = append(names, "user.seatkeeper.dev/"+h.User)
		}
	}
	return names
}

func holderTable(holders []overview.Holder) *metav1.Table {
	t := &metav1.Table{ColumnDefinitions: columns([]string{"User", "State", "Access", "Roles", "Given by"}, "Email")}
	for _, h := range holders {
		var roles, by []string
		for _, g := range h.Roles {
			roles, by = append(roles, g.Role), append(by, orDash(g.By))
		}
		access := "No"
		if h.Access {
			access = "Yes"
		}
		t.Rows = append(t.Rows, metav1.TableRow{Cells: []any{h.User, h.State, access, strings.Join(roles, ", "), strings.Join(by, ", "), h.Email}})
	}
	return t
}
