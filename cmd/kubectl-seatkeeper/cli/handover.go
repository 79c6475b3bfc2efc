// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/internal/ownership"
)

func init() { commands = append(commands, handoverCommand) }

// handing is what `handover` was told.
type handing struct {
	output

	to     string
	patch  bool
	dryRun dryRun
	yes    bool
}

// handoverPlan is what somebody owns and who is to have it.
type handoverPlan struct {
	Organization string     `json:"organization"`
	From         string     `json:"from"`
	To           string     `json:"to"`
	Rules        []rulePlan `json:"rules"`

	namespace string
	successor v1alpha1.Successor
}

// rulePlan is what somebody owns by one rule.
type rulePlan struct {
	Rule      string                   `json:"rule"`
	Resource  string                   `json:"resource"`
	OnArchive v1alpha1.OwnershipAction `json:"onArchive"`
	// Objects is the number of those that are handed over here, and InGit are those that are declared in Git.
	Objects int           `json:"objects"`
	InGit   []gitOwned    `json:"inGit"`
	Note    string        `json:"note,omitempty"`
	Trouble string        `json:"trouble,omitempty"`
	rule    ownershipRule `json:"-"`
}

type ownershipRule struct {
	v1alpha1.OwnershipRule

	tracked []ownership.Tracked
}

// gitOwned is an object that is declared in Git.
type gitOwned struct {
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	By    string `json:"by"`
	Place string `json:"place"`
}

func handoverCommand(sh *Shell) *cobra.Command {
	h := &handing{}
	cmd := &cobra.Command{
		Use:   "handover USER --to OTHER",
		Short: "Hand over what a person owns to another",
		Long: `Hand over what a person owns to another, by the rules of ownership of the organization (spec.offboarding.ownership), whether or not the person
leaves: first the plan, then, once that is confirmed, object by object, with your own rights. It takes list and patch on these kinds.

Objects under a rule with onArchive Block are handed over as well, so that the person can leave; those under Retain stay as they are. What is
declared in Git is left to Git: --patch prints what has to be changed there.`,
		Example: `  # What does Mia own, and who declares it? Then ask whether to hand it over
  kubectl seatkeeper handover mia --to noah

  # What Git must change
  kubectl seatkeeper handover mia --to noah --patch > handover.yaml`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: sh.onlyFirst(sh.names(func() client.ObjectList { return &v1alpha1.UserList{} })),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := h.check(); err != nil {
				return err
			}
			return sh.handover(cmd.Context(), h, args[0])
		},
	}
	h.flags(cmd, formatTable, formatWide, formatJSON, formatYAML, formatName)
	h.dryRun.flags(cmd)
	yesFlag(cmd, &h.yes)
	cmd.Flags().StringVar(&h.to, "to", "", "Name of the User who takes over.")
	_ = cmd.MarkFlagRequired("to") // the flag is there
	sh.completeWith(cmd, "to", func() client.ObjectList { return &v1alpha1.UserList{} })
	cmd.Flags().BoolVar(&h.patch, "patch", false, "Print, as YAML, what has to be changed in Git, and do nothing.")
	return cmd
}

func (sh *Shell) handover(ctx context.Context, h *handing, from string) error {
	c, err := sh.cluster()
	if err != nil {
		return err
	}
	estate, err := c.estate()
	if err != nil {
		return err
	}
	plan, err := sh.planHandover(ctx, c, estate, from, h.to)
	if err != nil {
		return err
	}
	if h.patch {
		return sh.printPatches(plan)
	}
	if err := sh.showPlan(h, plan); err != nil {
		return err
	}
	if err := plan.possible(ctx, c); err != nil || h.dryRun == dryRunClient {
		return err
	}
	if plan.objects() == 0 {
		fmt.Fprintln(sh.ErrOut, "There is nothing to hand over here.")
		return plan.left(sh)
	}
	if h.dryRun == dryRunServer {
		return sh.carryOut(ctx, h, estate.Try, plan)
	}
	if err := sh.ask(ctx, fmt.Sprintf("Hand %s over to %s?", objects(plan.objects()), plan.To), h.yes); err != nil {
		return err
	}
	return sh.carryOut(ctx, h, estate.Do, plan)
}

// estate is what people own, with the rights of who calls.
func (c *cluster) estate() (*ownership.Estate, error) {
	objects, err := dynamic.NewForConfig(c.config)
	if err != nil {
		return nil, err
	}
	kinds, err := discovery.NewDiscoveryClientForConfig(c.config)
	if err != nil {
		return nil, err
	}
	return &ownership.Estate{Objects: objects, Kinds: kinds, People: c.Client, ByHand: fieldManager}, nil
}

// planHandover looks for what somebody owns.
func (sh *Shell) planHandover(ctx context.Context, c *cluster, estate *ownership.Estate, from, to string) (*handoverPlan, error) {
	u, err := c.user(ctx, from)
	if err != nil {
		return nil, err
	}
	heir, err := c.user(ctx, to)
	if err != nil {
		return nil, fmt.Errorf("--to: %w", err)
	}
	if err := mayTakeOver(u, heir); err != nil {
		return nil, err
	}
	org, err := c.organization(ctx, u.Spec.Organization)
	if err != nil {
		return nil, err
	}
	rules := org.Spec.Offboarding.Ownership
	if len(rules) == 0 {
		return nil, fmt.Errorf("organization %s does not say what people own: declare it in spec.offboarding.ownership", org.Name)
	}
	plan := &handoverPlan{
		Organization: org.Name, From: from, To: to, namespace: c.namespace, successor: v1alpha1.Successor{User: heir.Name, UID: heir.UID},
	}
	p := sh.progress("looking for what "+from+" owns: rules", len(rules))
	defer p.end()
	for i := range rules {
		r := rulePlan{Rule: rules[i].Name, Resource: resourceOf(&rules[i]).String(), OnArchive: rules[i].OnArchive, InGit: []gitOwned{}}
		if r.rule.OwnershipRule = rules[i]; rules[i].OnArchive != v1alpha1.OwnershipRetain {
			found, err := estate.Find(ctx, c.namespace, &rules[i], from)
			if err != nil {
				return nil, err
			}
			r.Objects, r.Trouble, r.Note, r.rule.tracked = found.Free, found.Trouble, found.Note, found.Tracked
			for _, t := range found.Tracked {
				r.InGit = append(r.InGit, gitOwned{t.Kind, t.Name, t.By, t.Place})
			}
		}
		plan.Rules = append(plan.Rules, r)
		p.add(1)
	}
	return plan, nil
}

func resourceOf(rule *v1alpha1.OwnershipRule) schema.GroupResource {
	return schema.GroupResource{Group: rule.Resource.Group, Resource: rule.Resource.Resource}
}

// objects is how many are handed over here.
func (p *handoverPlan) objects() int {
	n := 0
	for i := range p.Rules {
		n += p.Rules[i].Objects
	}
	return n
}

// possible says why the plan cannot be carried out. Half a handover is worse than none.
func (p *handoverPlan) possible(ctx context.Context, c *cluster) error {
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.Trouble != "" {
			return fmt.Errorf("rule %s: %s", r.Rule, r.Trouble)
		}
		if r.Objects == 0 {
			continue
		}
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: p.namespace, Verb: "patch", Group: r.rule.Resource.Group, Version: r.rule.Resource.Version, Resource: r.rule.Resource.Resource,
			},
		}}
		if err := c.Create(ctx, review); err != nil {
			return fmt.Errorf("asking for the right to patch %s: %w", r.Resource, err)
		}
		if !review.Status.Allowed {
			return fmt.Errorf("rule %s: you may not patch %s in namespace %s: ask who runs the cluster for this right", r.Rule, r.Resource, p.namespace)
		}
	}
	return nil
}

// printPatches prints what Git has to change.
func (sh *Shell) printPatches(p *handoverPlan) error {
	n := 0
	for i := range p.Rules {
		if trouble := p.Rules[i].Trouble; trouble != "" {
			return fmt.Errorf("rule %s: %s", p.Rules[i].Rule, trouble)
		}
		for _, t := range p.Rules[i].rule.tracked {
			n++
			if err := sh.printYAML(t.Patch(p.namespace, p.To)); err != nil {
				return err
			}
		}
	}
	if n == 0 {
		fmt.Fprintf(sh.ErrOut, "Nothing that %s owns is declared in Git.\n", p.From)
	}
	return nil
}

// showPlan prints the plan.
func (sh *Shell) showPlan(h *handing, p *handoverPlan) error {
	switch {
	case h.format == formatName:
		return sh.print([]string{"user.seatkeeper.dev/" + p.From})
	case !h.table():
		return data(sh.Out, h.format, p)
	}
	t := &metav1.Table{ColumnDefinitions: columns([]string{"Rule", "Resource", "On archive", "Objects", "In Git", "To"}, "Declared in Git")}
	for i := range p.Rules {
		r := &p.Rules[i]
		to := p.To
		objects, git := strconv.Itoa(r.Objects), strconv.Itoa(len(r.InGit))
		switch {
		case r.OnArchive == v1alpha1.OwnershipRetain:
			to, objects, git = "they stay as they are", "-", "-"
		case r.Trouble != "":
			to, objects, git = r.Trouble, "?", "?"
		case r.Note != "":
			to = r.Note
		case r.Objects+len(r.InGit) == 0:
			to = "-"
		}
		var declared []string
		for _, o := range r.InGit {
			declared = append(declared, fmt.Sprintf("%s %s (%s %s)", o.Kind, o.Name, o.By, o.Place))
		}
		t.Rows = append(t.Rows, metav1.TableRow{Cells: []any{r.Rule, r.Resource, string(r.OnArchive), objects, git, to, orDash(strings.Join(declared, ", "))}})
	}
	return h.print(sh.Out, nil, func() *metav1.Table { return t })
}

// doing is how objects are handed over: for good, or in a dry run.
type doing func(context.Context, *handover.Task) (*handover.Report, error)

// carryOut hands over what is not declared in Git, a part at a time.
func (sh *Shell) carryOut(ctx context.Context, h *handing, do doing, p *handoverPlan) error {
	w := sh.Out
	if !h.table() {
		w = sh.ErrOut
	}
	bar := sh.progress("handing over", p.objects())
	defer bar.end()
	var failed []error
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.Objects == 0 {
			continue
		}
		done, err := r.move(ctx, do, p, bar)
		if err != nil {
			return fmt.Errorf("rule %s, after %s: %w", r.Rule, objects(done.Moved), err)
		}
		bar.end() // what is printed begins a line
		if done.Moved > 0 {
			fmt.Fprintf(w, "%s: %d handed over to %s%s\n", r.Resource, done.Moved, p.To, h.dryRun.suffix())
		}
		if done.Trouble != "" {
			failed = append(failed, fmt.Errorf("rule %s: %s", r.Rule, done.Trouble))
		}
		if n := r.Objects + len(r.InGit) - done.Moved - done.Left; n > 0 && h.dryRun == dryRunServer {
			failed = append(failed, fmt.Errorf("rule %s: %s changed or deleted meanwhile and not judged: run the command again", r.Rule, objects(n)+" "+was(n)))
		}
	}
	bar.end()
	if err := p.left(sh); err != nil && len(failed) == 0 {
		return err
	}
	return errors.Join(failed...)
}

// move hands over what is owned by one rule. Its result counts all parts, and has no trouble where Git alone has to change the rest.
func (r *rulePlan) move(ctx context.Context, do doing, p *handoverPlan, bar *progress) (handover.Result, error) {
	moved := 0
	for {
		task := &handover.Task{
			Namespace: p.namespace, Organization: p.Organization,
			Rules: []handover.TaskRule{{Rule: r.rule.OwnershipRule, From: []string{p.From}, To: []v1alpha1.Successor{p.successor}}},
		}
		report, err := do(ctx, task)
		moved += report.Moved()
		bar.add(report.Moved())
		if err != nil {
			return handover.Result{Moved: moved}, err
		}
		result := report.Rules[0]
		result.Moved = moved
		switch {
		case result.Absent:
			result.Trouble = fmt.Sprintf("user %s cannot take over any more: %d objects are left", p.To, result.Left)
		case result.More:
			continue
		case len(r.InGit) > 0 && result.Left == len(r.InGit):
			result.Trouble = ""
		}
		return result, nil
	}
}

// left fails when something is left that Git has to change.
func (p *handoverPlan) left(sh *Shell) error {
	n := 0
	for i := range p.Rules {
		n += len(p.Rules[i].InGit)
	}
	if n == 0 {
		return nil
	}
	fmt.Fprintf(sh.ErrOut, "%s declared in Git, which would set it back. This prints what has to be changed there:\n"+
		"  kubectl seatkeeper handover %s --to %s --patch -n %s\n", objects(n)+" "+be(n), p.From, p.To, p.namespace)
	return errSilent
}

func objects(n int) string {
	if n == 1 {
		return "1 object"
	}
	return fmt.Sprintf("%d objects", n)
}

func be(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func was(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}
