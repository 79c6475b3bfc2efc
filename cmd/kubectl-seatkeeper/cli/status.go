// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/overview"
)

func init() { commands = append(commands, statusCommand) }

// statusView is what `status` was told to show.
type statusView struct {
	output

	watch bool
}

func statusCommand(sh *Shell) *cobra.Command {
	v := &statusView{}
	cmd := &cobra.Command{
		Use:   "status [ORGANIZATION]",
		Short: "Show people by state, seats, costs, and who waits for what",
		Long: `Show what an organization is like: people by state, how the seats of each pool are used and what they cost, what waits and why, and
what is held until somebody approves it. The organization can be left out where the namespace has only one.`,
		Example: `  # The only organization of the namespace
  kubectl seatkeeper status

  # Follow it while people accept
  kubectl seatkeeper status acme --watch

  # How many wait for a seat
  kubectl seatkeeper status acme -o json | jq '[.pools[].waiting] | add'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := v.check(); err != nil {
				return err
			}
			return sh.status(cmd.Context(), v, onlyOne(args))
		},
	}
	sh.organizationArgument(cmd)
	v.flags(cmd, formatTable, formatWide, formatJSON, formatYAML, formatName)
	cmd.Flags().BoolVarP(&v.watch, "watch", "w", false, "Show it again whenever it changes.")
	return cmd
}

func (sh *Shell) status(ctx context.Context, v *statusView, name string) error {
	c, err := sh.cluster()
	if err != nil {
		return err
	}
	if v.watch {
		org, err := c.organization(ctx, name)
		if err != nil {
			return err
		}
		return sh.watchStatus(ctx, c, v, org)
	}
	company, err := sh.company(ctx, c, name)
	if err != nil {
		return err
	}
	text, err := sh.showStatus(v, company.Report())
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(sh.Out, text)
	return err
}

// showStatus is a report in the format of the flag.
func (sh *Shell) showStatus(v *statusView, r overview.Report) (string, error) {
	var text strings.Builder
	switch v.format {
	case formatName:
		return "organization.seatkeeper.dev/" + r.Organization + "\n", nil
	case formatJSON, formatYAML:
		err := data(&text, v.format, r)
		return text.String(), err
	}
	s := &sheet{palette: sh.palette(sh.Out), width: sh.width(sh.Out), wide: v.format == formatWide, headers: !v.noHeaders, now: sh.Clock.Now()}
	s.head(r)
	s.people(r)
	s.seats(r)
	s.held(r)
	s.waiting(r)
	return strings.Join(s.lines, "\n") + "\n", nil
}

// sheet is a report as people read it.
type sheet struct {
	palette

	width         int
	wide, headers bool
	now           time.Time
	lines         []string
}

// section adds a table with a blank line before it.
func (s *sheet) section(headers []string, fill func(g *grid)) {
	g := &grid{width: s.width}
	if s.headers {
		cells := make([]any, len(headers))
		for i, h := range headers {
			cells[i] = s.strong.Render(h)
		}
		g.row(cells...)
	}
	fill(g)
	if len(s.lines) > 0 {
		s.lines = append(s.lines, "")
	}
	s.lines = append(s.lines, g.lines()...)
}

func (s *sheet) head(r overview.Report) {
	title := "Organization " + s.strong.Render(r.Organization)
	if r.DisplayName != "" {
		title += styled(printable(" (" + r.DisplayName + ")"))
	}
	style := s.good
	if r.Ready.Status != metav1.ConditionTrue {
		style = s.bad
	}
	s.lines = append(s.lines, fmt.Sprintf("%s, owner %s: %s", title, printable(r.Owner), style.Render(r.Ready.Reason)))
}

func (s *sheet) people(r overview.Report) {
	total := 0
	for _, state := range r.People {
		total += state.People
	}
	s.section([]string{"STATE", "PEOPLE"}, func(g *grid) {
		for _, state := range r.People {
			g.row(s.state(state.State), strconv.Itoa(state.People))
		}
		g.row("all", fmt.Sprintf("%d, of whom %d have access", total, r.Access))
	})
}

// state colours a state by what it means.
func (s *sheet) state(state string) styled {
	switch state {
	case v1alpha1.ReasonActive:
		return s.good.Render(state)
	case v1alpha1.ReasonInvited, v1alpha1.ReasonNoRoles, v1alpha1.ReasonSuspended, v1alpha1.ReasonArchived:
		return styled(printable(state))
	}
	return s.warn.Render(state)
}

func (s *sheet) seats(r overview.Report) {
	if len(r.Pools) == 0 {
		return
	}
	headers := []string{"POOL", "PLAN", "SEATS", "HELD", "FREE", "WAITING", "COST"}
	if s.wide {
		headers = []string{"POOL", "PLAN", "SEATS", "HELD", "FREE", "WAITING", "COST", "UNTIL", "NEXT"}
	}
	s.section(headers, func(g *grid) {
		for i := range r.Pools {
			g.row(s.pool(&r.Pools[i])...)
		}
	})
	if len(r.Costs) == 0 {
		return
	}
	var sums []string
	for _, a := range r.Costs {
		sums = append(sums, fmt.Sprintf("%s %s/%s (%s net + %s tax)", a.Gross, a.Currency, a.Period, a.Net, a.Tax))
	}
	s.lines = append(s.lines, wrapped(printable("All seats cost "+strings.Join(sums, ", and ")), s.width, 0)...)
}

// pool is a line of the seats.
func (s *sheet) pool(p *overview.Pool) []any {
	cost, until := "-", styled("-")
	if p.Cost != nil {
		cost = p.Cost.Summary
	}
	if p.ExpiresAt != nil {
		until = s.moment(p.ExpiresAt)
	}
	free := strconv.Itoa(int(p.Available))
	if p.Metered {
		free = "-" // there are as many as are needed
	}
	waiting := styled(strconv.Itoa(int(p.Waiting)))
	if p.Waiting > 0 {
		waiting = s.warn.Render(string(waiting))
	}
	cells := []any{p.Name, orDash(p.Plan), "[" + bar(p.Assigned, p.Capacity, s.palette) + "]", fmt.Sprintf("%d/%d", p.Assigned, p.Capacity), free, waiting, cost}
	if s.wide {
		cells = append(cells, until, orDash(strings.Join(p.Queue, ", ")))
	}
	return cells
}

// moment is a time, in red when it is over.
func (s *sheet) moment(t *metav1.Time) styled {
	text := t.UTC().Format(time.RFC3339)
	if !s.now.Before(t.Time) {
		return s.bad.Render(text)
	}
	return styled(text)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// shortList is how many entries of a list are shown without -o wide.
const shortList = 10

// held tells what waits for somebody's approval, and how to give it.
func (s *sheet) held(r overview.Report) {
	if r.Removals == nil && len(r.Orders) == 0 {
		return
	}
	s.section([]string{"HELD", "WHAT", "TO LET IT PASS"}, func(g *grid) {
		if h := r.Removals; h != nil {
			people := "1 person"
			if h.Count != 1 {
				people = fmt.Sprintf("%d people", h.Count)
			}
			g.row("removals", people, "kubectl seatkeeper approve removals "+r.Organization)
			for i := range h.Held[:s.limit(len(h.Held))] {
				g.row("", h.Held[i].User+" ("+string(h.Held[i].Kind)+")", "")
			}
			s.more(g, int(h.Count), s.limit(len(h.Held)))
		}
		for _, o := range r.Orders {
			what := fmt.Sprintf("%d seats", o.Delta)
			if o.Gross != "" {
				what += fmt.Sprintf(", %s %s/%s", o.Gross, o.Currency, o.Period)
			}
			g.row("order", what, "kubectl seatkeeper approve order "+o.Pool)
		}
	})
}

// limit is how many of a list are shown.
func (s *sheet) limit(n int) int {
	if s.wide {
		return n
	}
	return min(n, shortList)
}

func (s *sheet) more(g *grid, all, shown int) {
	if all > shown {
		g.row("", fmt.Sprintf("and %d more", all-shown), "")
	}
}

// waiting tells who waits for what.
func (s *sheet) waiting(r overview.Report) {
	if len(r.Waiting) == 0 {
		return
	}
	n := s.limit(len(r.Waiting))
	s.section([]string{"WAITING", "STATE", "WHY"}, func(g *grid) {
		for i := range r.Waiting[:n] {
			w := &r.Waiting[i]
			name, style := w.Name, s.warn
			if w.Kind != "User" {
				name = strings.ToLower(w.Kind) + "/" + w.Name
			}
			if w.Stalled {
				style = s.bad
			}
			g.row(name, style.Render(w.State), strings.Join(strings.Fields(w.Message), " "))
		}
	})
	if more := len(r.Waiting) - n; more > 0 {
		s.lines = append(s.lines, fmt.Sprintf("and %d more: -o wide shows all", more))
	}
}
