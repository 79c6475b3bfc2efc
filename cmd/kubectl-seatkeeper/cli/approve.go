// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/pricing"
)

func init() { commands = append(commands, approveCommand, rejectCommand) }

func approveCommand(sh *Shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "approve",
		Short: "Let pass what is held: removals of people, or an order of seats",
		Example: `  # What is held?
  kubectl seatkeeper status

  # Let the people go
  kubectl seatkeeper approve removals acme

  # Confirm an order of seats
  kubectl seatkeeper approve order users`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(removalsCommand(sh, approval), orderCommand(sh))
	return cmd
}

func rejectCommand(sh *Shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reject",
		Short: "Take back what is held: deletions of people that were a mistake",
		Example: `  # Keep the people, and apply the Users again
  kubectl seatkeeper reject removals acme`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(removalsCommand(sh, rejection))
	return cmd
}

// answering is how somebody decides on the removals that are held.
type answering struct {
	short, long, example string
	annotation           string
	verb, done, means    string
}

var (
	approval = answering{
		short: "Let the people go whose removal is held",
		long: `Let exactly those removals pass that are held, since they are more than spec.protection of the organization allows. What is shown is what
passes: a list that has changed since is another one. It sets the annotation ` + v1alpha1.AnnotationApproveRemovals + `.`,
		example: `  # Show who is held, and ask
  kubectl seatkeeper approve removals acme

  # Approve the list that was looked at, and no other
  kubectl seatkeeper approve removals acme --token 8bb791e73bb39d41 --yes`,
		annotation: v1alpha1.AnnotationApproveRemovals,
		verb:       "Let pass", done: "approved", means: "They lose access, or the role. A deletion cannot be taken back.",
	}
	rejection = answering{
		short: "Keep the people whose deletion is held, and was a mistake",
		long: `Let those Users go that are deleted and held, and keep what the people have, for one window of spec.protection: apply the Users again within it, and
nothing has happened to them. Edits that are held stay so, to be taken back. It sets the annotation ` + v1alpha1.AnnotationRejectRemovals + `.`,
		example: `  # Show who is held, and ask
  kubectl seatkeeper reject removals acme`,
		annotation: v1alpha1.AnnotationRejectRemovals,
		verb:       "Reject", done: "rejected", means: "Who is deleted keeps everything for one window (spec.protection.window): apply these Users again within it.",
	}
)

func removalsCommand(sh *Shell, how answering) *cobra.Command {
	a := &act{}
	var token string
	cmd := &cobra.Command{
		Use:     "removals [ORGANIZATION]",
		Short:   how.short,
		Long:    how.long,
		Example: how.example,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(); err != nil {
				return err
			}
			c, err := sh.cluster()
			if err != nil {
				return err
			}
			return sh.do(cmd.Context(), c, a, args, func(ctx context.Context, names []string) ([]edit, error) {
				org, err := c.organization(ctx, onlyOne(names))
				if err != nil {
					return nil, err
				}
				e, err := how.edit(org, token)
				return []edit{e}, err
			})
		},
	}
	sh.organizationArgument(cmd)
	a.flags(cmd)
	cmd.Flags().StringVar(&token, "token", "", "Only if this is the token of the list that is held (status.removals.token).")
	return cmd
}

// edit is the edit by which somebody decides on the list that is held now.
func (how *answering) edit(org *v1alpha1.Organization, token string) (edit, error) {
	held := &org.Status.Removals
	switch {
	case held.HeldCount == 0 || held.Token == "":
		return edit{}, fmt.Errorf("no removal is held in organization %s: there is nothing to decide", org.Name)
	case token != "" && token != held.Token:
		return edit{}, fmt.Errorf("--token is %s, and the list that is held in organization %s has the token %s: it is another one, so look at it again", token, org.Name, held.Token)
	}
	after, err := withAnnotation(org, how.annotation, held.Token)
	if err != nil {
		return edit{}, err
	}
	e := edit{before: org, after: after, done: "removals " + how.done, annotation: how.annotation}
	what := fmt.Sprintf("%d removals that are held", len(held.Held))
	if len(held.Held) == 1 {
		what = "1 removal that is held"
	}
	e.review = []string{fmt.Sprintf("%s %s in organization %s (token %s)", how.verb, what, org.Name, held.Token)}
	for _, h := range held.Held {
		e.review = append(e.review, fmt.Sprintf("%s (%s)", h.User, h.Kind))
	}
	if more := int(held.HeldCount) - len(held.Held); more > 0 {
		e.review = append(e.review, fmt.Sprintf("%d more are held, and come after these.", more))
	}
	e.review = append(e.review, how.means)
	return e, nil
}

func orderCommand(sh *Shell) *cobra.Command {
	a := &act{}
	var generation int64
	cmd := &cobra.Command{
		Use:   "order POOL",
		Short: "Confirm an order of seats that waits for approval",
		Long: `Confirm the order of seats that waits for approval (rule AC-11), after showing what it costs. It sets the annotation
` + v1alpha1.AnnotationApproveOrder + ` to the generation of the SeatPool that was looked at, so that nobody confirms an order that has changed
meanwhile. To turn an order down, set spec.seats back.`,
		Example: `  # Show the order, and ask
  kubectl seatkeeper approve order users`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: sh.onlyFirst(sh.names(func() client.ObjectList { return &v1alpha1.SeatPoolList{} })),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(); err != nil {
				return err
			}
			c, err := sh.cluster()
			if err != nil {
				return err
			}
			return sh.do(cmd.Context(), c, a, args, func(ctx context.Context, names []string) ([]edit, error) {
				p := &v1alpha1.SeatPool{}
				if err := c.read(ctx, onlyOne(names), p); err != nil {
					return nil, err
				}
				e, err := sh.ordering(p, generation)
				return []edit{e}, err
			})
		},
	}
	a.flags(cmd)
	cmd.Flags().Int64Var(&generation, "generation", 0, "Only if this is the generation of the order that waits (status.pendingOrder.generation).")
	return cmd
}

// ordering is the edit by which somebody confirms an order.
func (sh *Shell) ordering(p *v1alpha1.SeatPool, generation int64) (edit, error) {
	order := p.Status.PendingOrder
	switch {
	case order == nil:
		return edit{}, fmt.Errorf("no order of SeatPool %s waits for approval: there is nothing to approve", p.Name)
	case order.Generation != p.Generation:
		return edit{}, fmt.Errorf("SeatPool %s was edited since the order that status.pendingOrder shows: try again in a moment", p.Name)
	case generation != 0 && generation != order.Generation:
		return edit{}, fmt.Errorf("--generation is %d, and the order of SeatPool %s that waits has the generation %d: it is another one, so look at it again", generation, p.Name, order.Generation)
	}
	after, err := withAnnotation(p, v1alpha1.AnnotationApproveOrder, strconv.FormatInt(order.Generation, 10))
	if err != nil {
		return edit{}, err
	}
	s := pricing.Change(p, after, sh.Clock.Now())
	d := pricing.Decide(s)
	if d.Refusal != "" || d.Invalid != "" {
		return edit{}, errors.New("the order of SeatPool " + p.Name + " does not go through: " + cmp.Or(d.Refusal, d.Invalid))
	}
	e := edit{before: p, after: after, done: "order approved", annotation: v1alpha1.AnnotationApproveOrder}
	o := &quotation{p.Spec.Organization, p.Name, p.Spec.Plan, pricing.NewOffer(s, d)}
	e.review = []string{fmt.Sprintf("Approve the order of %s for SeatPool %s", pricing.Seats(o.Order.Seats), p.Name)}
	e.review = append(e.review, offerLines(palette{}, 0, true, o)[1:]...)
	return e, nil
}
