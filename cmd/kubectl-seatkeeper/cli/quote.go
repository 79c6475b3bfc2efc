// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/ownership"
	"seatkeeper.dev/seatkeeper/internal/pricing"
)

func init() { commands = append(commands, quoteCommand) }

// quoting is what `quote` was told.
type quoting struct {
	output

	dryRun dryRun
	yes    bool
}

// quotation is a quote as JSON and YAML.
type quotation struct {
	Organization  string `json:"organization"`
	Pool          string `json:"pool"`
	Plan          string `json:"plan,omitempty"`
	pricing.Offer `json:",inline"`
}

func quoteCommand(sh *Shell) *cobra.Command {
	q := &quoting{}
	cmd := &cobra.Command{
		Use:   "quote POOL [+N|-N]",
		Short: "Show what seats cost, and order them",
		Long: `Show what so many more seats cost, with tax, and until when (rule EZ-2), and order them once that is confirmed. With a minus, seats are given
back: write it behind two dashes. Without a number, show what the seats cost that there are.

The order is placed as 'kubectl scale' does it, and takes the same rights: to read the SeatPool, and to update its scale.`,
		Example: `  # What would 5 more seats cost? Then ask whether to order them
  kubectl seatkeeper quote users +5

  # Only show it
  kubectl seatkeeper quote users +5 --dry-run=client

  # Give two back
  kubectl seatkeeper quote users -- -2`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: sh.onlyFirst(sh.names(func() client.ObjectList { return &v1alpha1.SeatPoolList{} })),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := q.check(); err != nil {
				return err
			}
			delta, err := readDelta(args[1:])
			if err != nil {
				return err
			}
			return sh.quote(cmd.Context(), q, args[0], delta)
		},
	}
	q.flags(cmd, formatTable, formatWide, formatJSON, formatYAML, formatName)
	q.dryRun.flags(cmd)
	yesFlag(cmd, &q.yes)
	return cmd
}

// readDelta reads a number with its sign; 0 when there is none.
func readDelta(args []string) (int32, error) {
	if len(args) == 0 {
		return 0, nil
	}
	n, err := strconv.ParseInt(args[0], 10, 32)
	if err != nil || n == 0 || !strings.ContainsAny(args[0][:1], "+-") {
		return 0, fmt.Errorf("%q is no number of seats to order, such as +5, or to give back, such as -2", args[0])
	}
	return int32(n), nil
}

// deal is a change of the number of seats that is about to be made.
type deal struct {
	pool, after *v1alpha1.SeatPool
	quotation   quotation
}

func (sh *Shell) quote(ctx context.Context, q *quoting, name string, delta int32) error {
	c, err := sh.cluster()
	if err != nil {
		return err
	}
	d, err := sh.deal(ctx, c, name, delta)
	if err != nil {
		return err
	}
	if err := sh.showQuote(q, &d.quotation); err != nil || delta == 0 {
		return err
	}
	return sh.order(ctx, c, q, d, delta)
}

// deal finds out what a change of the number of seats means.
func (sh *Shell) deal(ctx context.Context, c *cluster, name string, delta int32) (*deal, error) {
	p := &v1alpha1.SeatPool{}
	if err := c.read(ctx, name, p); err != nil {
		return nil, err
	}
	if pricing.Metered(&p.Spec) {
		return nil, fmt.Errorf("seats of SeatPool %s come by themselves and are billed by use (spec.billing.mode Metered): spec.purchase.maxSeats limits how many", name)
	}
	after := p.DeepCopy()
	s := pricing.Change(p, after, sh.Clock.Now())
	if delta == 0 { // what there is, and not what is declared
		after.Spec.Seats = s.Bought
	} else {
		if err := unfinished(p, *s.Bought); err != nil {
			return nil, err
		}
		seats, err := total(p, *s.Bought, delta)
		if err != nil {
			return nil, err
		}
		after.Spec.Seats = &seats
		after.Generation++
	}
	s = pricing.Change(p, after, s.Now)
	decision := pricing.Decide(s)
	if wrong := cmp.Or(decision.Refusal, decision.Invalid); wrong != "" && delta > 0 {
		return nil, fmt.Errorf("SeatPool %s: %s", name, wrong)
	}
	return &deal{p, after, quotation{p.Spec.Organization, p.Name, p.Spec.Plan, pricing.NewOffer(s, decision)}}, nil
}

// unfinished says what has to come of the order before, ahead of the next: the number that is declared holds one order alone.
func unfinished(p *v1alpha1.SeatPool, bought int32) error {
	declared := ptr.Deref(p.Spec.Seats, 0)
	if o := p.Status.PendingOrder; o != nil {
		return fmt.Errorf("an order of %s for SeatPool %s waits for approval: approve it ('kubectl seatkeeper approve order %s'), or turn it down ('kubectl scale seatpool/%s --replicas=%d'), before the next",
			pricing.Seats(o.Delta), p.Name, p.Name, p.Name, bought)
	}
	switch {
	case p.Status.ObservedGeneration != p.Generation:
		return fmt.Errorf("SeatPool %s was edited, and the operator has not looked at it since (it declares %s): try again in a moment, when what was ordered before is bought",
			p.Name, pricing.Seats(declared))
	case declared != bought:
		return fmt.Errorf("SeatPool %s declares %s, of which %d are bought: an order of %s is on its way, or was refused ('kubectl describe seatpool/%s' says why); "+
			"wait, or set it back ('kubectl scale seatpool/%s --replicas=%d'), before the next", p.Name, pricing.Seats(declared), bought, pricing.Seats(declared-bought), p.Name, p.Name, bought)
	}
	return nil
}

// total is the number of seats that there are to be.
func total(p *v1alpha1.SeatPool, bought, delta int32) (int32, error) {
	switch seats := int64(bought) + int64(delta); {
	case seats < 0:
		return 0, fmt.Errorf("SeatPool %s has %s bought: no more can be given back", p.Name, pricing.Seats(bought))
	case seats > pricing.MaxSeats:
		return 0, fmt.Errorf("SeatPool %s has %s bought: it can have %d at most, so order no more than %d", p.Name, pricing.Seats(bought), pricing.MaxSeats, pricing.MaxSeats-bought)
	default:
		return int32(seats), nil
	}
}

// showQuote prints a quote.
func (sh *Shell) showQuote(q *quoting, o *quotation) error {
	switch {
	case q.format == formatName:
		return sh.print([]string{"seatpool.seatkeeper.dev/" + o.Pool})
	case !q.table():
		return data(sh.Out, q.format, o)
	}
	return sh.print(offerLines(sh.palette(sh.Out), sh.width(sh.Out), !q.noHeaders, o))
}

// offerLines are a quote as people read it.
func offerLines(p palette, width int, headers bool, o *quotation) []string {
	title := "SeatPool " + p.strong.Render(o.Pool)
	if o.Plan != "" {
		title += styled(printable(", plan " + o.Plan))
	}
	g := &grid{width: width}
	if headers {
		g.row("", p.strong.Render("SEATS"), p.strong.Render("NET"), p.strong.Render("VAT"), p.strong.Render("GROSS"), "")
	}
	line := func(name string, l pricing.Line, sign string) {
		if l.Currency == "" {
			g.row(name, fmt.Sprintf(sign, l.Seats), "-", "-", "-", "without a price")
			return
		}
		g.row(name, fmt.Sprintf(sign, l.Seats), l.Net, l.Tax, l.Gross, l.Currency+" per "+string(l.Period))
	}
	line("bought", o.Bought, "%d")
	if o.Order.Seats != 0 {
		what := "order"
		if o.Order.Seats < 0 {
			what = "given back"
		}
		line(what, o.Order, "%+d")
		line("then", o.Then, "%d")
	}
	lines := append([]string{string(title)}, g.lines()...)
	if o.TaxRate != "" {
		lines = append(lines, printable("VAT is "+o.TaxRate+" %."))
	}
	lines = append(lines, endLine(p, o))
	if n := o.NewPrice; n != nil && o.Until != nil {
		lines = append(lines, printable(fmt.Sprintf("From %s, if a later spec.expiresAt renews them, %s cost %s net + %s VAT = %s %s per %s.",
			stamp(o.Until.Time), pricing.Seats(o.Then.Seats), n.Net, n.Tax, n.Gross, n.Currency, n.Period)))
	}
	if o.Approval {
		lines = append(lines, "The order waits until somebody approves it.")
	}
	return lines
}

// endLine says when the bought seats end.
func endLine(p palette, o *quotation) string {
	switch {
	case o.Expired:
		return string(p.bad.Render("The bought seats ended at " + stamp(o.Until.Time) + ": a later spec.expiresAt renews them."))
	case o.Until != nil:
		return "The bought seats end at " + stamp(o.Until.Time) + "."
	default:
		return "The bought seats do not end by themselves."
	}
}

// order places an order once it is confirmed: that which was shown.
func (sh *Shell) order(ctx context.Context, c *cluster, q *quoting, d *deal, delta int32) error {
	if by := seatsInGit(d.pool); by != "" {
		return sh.leaveToGit(q.format, []edit{{before: d.pool, after: d.after, git: by}})
	}
	if q.dryRun == dryRunClient {
		return sh.scaled(q, d)
	}
	if err := scale(ctx, c, d, client.DryRunAll); err != nil {
		return err
	}
	if q.dryRun == dryRunServer {
		return sh.scaled(q, d)
	}
	if err := sh.ask(ctx, "Do it?", q.yes); err != nil {
		return err
	}
	const tries = 5
	err := scale(ctx, c, d)
	for try := 0; apierrors.IsConflict(err) && try < tries; try++ {
		again, err2 := sh.deal(ctx, c, d.pool.Name, delta)
		if err2 != nil {
			return err2
		}
		if !reflect.DeepEqual(again.quotation, d.quotation) {
			return fmt.Errorf("SeatPool %s was changed meanwhile, and the quote is another one now: run the command again", d.pool.Name)
		}
		err = scale(ctx, c, again)
	}
	if err != nil {
		return err
	}
	if d.quotation.Approval {
		fmt.Fprintf(sh.ErrOut, "It waits for approval: kubectl seatkeeper approve order %s\n", d.pool.Name)
	}
	return sh.scaled(q, d)
}

// seatsInGit is who declares the number of seats in Git; empty when people set it. Tools leave what is not in Git to people.
func seatsInGit(p *v1alpha1.SeatPool) string {
	by := declaredIn(p)
	known := false
	for _, entry := range p.ManagedFields {
		known = known || ownership.Tool(&entry) != ""
	}
	if known && !inGit(p, "spec", "seats") {
		return ""
	}
	return by
}

// scale sets the number of seats as `kubectl scale` does, unless somebody has changed the pool.
func scale(ctx context.Context, c *cluster, d *deal, options ...client.SubResourceUpdateOption) error {
	s := &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{Name: d.pool.Name, Namespace: d.pool.Namespace, ResourceVersion: d.pool.ResourceVersion, UID: d.pool.UID},
		Spec:       autoscalingv1.ScaleSpec{Replicas: *d.after.Spec.Seats},
	}
	options = append(options, client.WithSubResourceBody(s), client.FieldOwner(fieldManager))
	err := c.SubResource("scale").Update(ctx, d.pool.DeepCopy(), options...)
	if err != nil && !apierrors.IsInvalid(err) {
		return fmt.Errorf("scaling SeatPool %s: %w", d.pool.Name, err)
	}
	return err
}

// scaled says what was done. Where the quote is read by a program, it is all that is printed.
func (sh *Shell) scaled(q *quoting, d *deal) error {
	w := sh.Out
	if !q.table() {
		w = sh.ErrOut
	}
	_, err := fmt.Fprintf(w, "seatpool.seatkeeper.dev/%s scaled%s\n", d.pool.Name, q.dryRun.suffix())
	return err
}
