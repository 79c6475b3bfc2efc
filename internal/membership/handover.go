// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// Before a user leaves, what the user owns is looked for: it may be in the way, or nobody may be there to take it over. Then,
// in one write, access is revoked and the successors are recorded. Only after that an object changes hands, and only when
// none is left, by a look of its own, the seat is freed.

// most is as far as objects are counted.
const most = 1 << 30

// rules are the organization's rules of ownership, as far as they matter to a user who leaves for good.
func (d *Decision) rules(s Situation) []v1alpha1.OwnershipRule {
	if s.Spared || s.Organization == nil || !s.Organization.DeletionTimestamp.IsZero() || !d.archiving(s) || keepsName(s) {
		return nil
	}
	return s.Organization.Spec.Offboarding.Ownership
}

// keepsName says that what is owned by the name of a user is that of the person who is parked by the same name at the address, of whom the
// user has taken nothing over.
func keepsName(s Situation) bool {
	return s.Keeper != nil && !s.Keeper.Ended() && s.Keeper.Record.User == s.User.Name
}

// archiving says that a user leaves for good: by the end of access as this pass found it, and not by a deletion that nobody has
// confirmed.
func (d *Decision) archiving(s Situation) bool {
	u := d.User
	if Unconfirmed(u, s.Organization) && u.Spec.State != v1alpha1.UserArchived {
		return access.Ended(u)
	}
	return access.Archiving(u)
}

// keepAll has a user who stays, or comes back, keep what is left.
func (d *Decision) keepAll() {
	d.User.Status.Handover = nil
	verdict.Unset(d.User, v1alpha1.ConditionOwnershipTransferred)
}

// plan finds out whether a user who is to leave can, and who takes over what the user owns: Done when that is on record, or
// nothing is to be handed over.
func (d *Decision) plan(s Situation) verdict.Verdict {
	all := d.rules(s)
	if len(all) == 0 {
		d.forgo(s)
		return verdict.Verdict{}
	}
	if d.planned(all) && (!s.Strays || handover.Pending(&d.User.Status)) {
		return verdict.Verdict{}
	}
	task := &handover.Task{ID: fmt.Sprintf("%s %d look", d.User.UID, d.User.Generation), Namespace: d.User.Namespace, Organization: d.User.Spec.Organization}
	for _, rule := range all {
		if rule.OnArchive != v1alpha1.OwnershipRetain {
			task.ID += fmt.Sprintf(" %s %v %s", rule.Name, rule.Resource, rule.OwnerField)
			task.Rules = append(task.Rules, handover.TaskRule{Rule: rule, From: d.from(&rule)})
		}
	}
	switch {
	case len(task.Rules) == 0:
		s.Report = &handover.Report{ID: task.ID}
	case s.Report == nil || s.Report.ID != task.ID:
		d.Task = task
		return verdict.Verdict{Kind: verdict.Silent}
	case s.Report.Failure != "":
		return d.retry()
	}
	return d.settle(s, all)
}

// forgo hands nothing over. Where the organization is gone or goes, who took over before stays on record.
func (d *Decision) forgo(s Situation) {
	was := d.User.Status.Handover
	d.keepAll()
	if org := s.Organization; was == nil || org != nil && org.DeletionTimestamp.IsZero() {
		return
	}
	was = was.DeepCopy()
	was.Rules = slices.DeleteFunc(was.Rules, func(on v1alpha1.RuleHandover) bool { return !handover.Finished(&on) || ptr.Deref(on.Objects, 0) == 0 })
	if len(was.Rules) > 0 {
		d.User.Status.Handover = was
	}
}

// planned says that it is on record who takes over, by each of the rules, for the user as declared.
func (d *Decision) planned(all []v1alpha1.OwnershipRule) bool {
	h := d.User.Status.Handover
	return h != nil && h.Generation == d.User.Generation && len(h.Rules) == len(all) &&
		!slices.ContainsFunc(all, func(rule v1alpha1.OwnershipRule) bool {
			on := handover.On(d.User, rule.Name)
			return on == nil || (on.State == v1alpha1.HandoverRetained) != (rule.OnArchive == v1alpha1.OwnershipRetain)
		})
}

// from are those whose objects of a rule are to move.
func (d *Decision) from(rule *v1alpha1.OwnershipRule) []string {
	from := []string{d.User.Name}
	if on := handover.On(d.User, rule.Name); on != nil {
		from = append(from, on.Former...)
	}
	return from
}

// settle decides who takes over what was found.
func (d *Decision) settle(s Situation, all []v1alpha1.OwnershipRule) verdict.Verdict {
	h := &v1alpha1.Handover{Generation: d.User.Generation}
	var blocked, leaderless []string
	for i := range all {
		rule := &all[i]
		on := v1alpha1.RuleHandover{Rule: rule.Name, State: v1alpha1.HandoverMoving}
		if was := handover.On(d.User, rule.Name); was != nil {
			on.Successors, on.Former, on.Objects = was.Successors, was.Former, was.Objects
		}
		found := s.Report.Of(rule.Name)
		switch {
		case rule.OnArchive == v1alpha1.OwnershipRetain:
			on.State = v1alpha1.HandoverRetained
		case found.Left == 0 && found.Trouble == "":
			on.State, on.Message = v1alpha1.HandoverDone, found.Note
		case rule.OnArchive == v1alpha1.OwnershipBlock:
			blocked = append(blocked, inTheWay(rule, found))
		default:
			on.Objects = total(handover.On(d.User, rule.Name), found.Left)
			problem := d.succeed(s, rule, &on)
			if problem != "" && found.Left > 0 {
				leaderless = append(leaderless, fmt.Sprintf("%s, of which the user owns %d (%s): %s; %s",
					described(rule), found.Left, listed(found), problem, remedy(s, rule)))
			}
		}
		h.Rules = append(h.Rules, on)
	}
	switch {
	case len(blocked) > 0:
		return d.lookLater(v1alpha1.ReasonTransferBlocked, "nothing happens before these are moved: %s", strings.Join(blocked, "; "))
	case len(leaderless) > 0:
		return d.lookLater(v1alpha1.ReasonSuccessorRequired, "nothing happens before somebody can take over %s", strings.Join(leaderless, "; "))
	}
	d.User.Status.Handover = h
	return verdict.Verdict{}
}

// remedy is how somebody comes to take over by a rule: whoever leaves may name one, where it asks for that and there is a User to do it.
func remedy(s Situation, rule *v1alpha1.OwnershipRule) string {
	if slices.Contains(rule.Successor, v1alpha1.SuccessorNamed) && !s.Recorded {
		return "name one in spec.successor"
	}
	return "give access to one of those, or have the rule ask for others in spec.offboarding.ownership of organization " + s.User.Spec.Organization
}

// total is how many objects there are to hand over, with those that were before.
func total(was *v1alpha1.RuleHandover, found int) *int32 {
	n := int32(min(found, most))
	switch {
	case was == nil:
	case handover.Finished(was):
		n += ptr.Deref(was.Objects, 0)
	default:
		n = max(n, ptr.Deref(was.Objects, 0))
	}
	return &n
}

// inTheWay says what keeps a user by a rule that blocks.
func inTheWay(rule *v1alpha1.OwnershipRule, found *handover.Result) string {
	if found.Trouble != "" {
		return fmt.Sprintf("%s: %s", described(rule), found.Trouble)
	}
	return fmt.Sprintf("%d of %s: %s", found.Left, described(rule), listed(found))
}

// described names the objects of a rule.
func described(rule *v1alpha1.OwnershipRule) string {
	return fmt.Sprintf("%s (rule %s)", rule.Resource.Resource, rule.Name)
}

// listed names the first objects that were found.
func listed(found *handover.Result) string {
	text := strings.Join(found.Names, ", ")
	if more := found.Left - len(found.Names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// succeed sees to it that the successors of a rule are there, and says why there is none. Who was chosen stays chosen.
func (d *Decision) succeed(s Situation, rule *v1alpha1.OwnershipRule, on *v1alpha1.RuleHandover) (problem string) {
	const kept = 64
	var gone []v1alpha1.Successor
	for _, successor := range on.Successors {
		if u := s.People.User(successor.User); u == nil || u.UID != successor.UID || !handover.Available(u) {
			gone = append(gone, successor)
		}
	}
	stay := slices.DeleteFunc(slices.Clone(on.Successors), func(s v1alpha1.Successor) bool { return slices.Contains(gone, s) })
	if len(stay) == 0 {
		if stay, problem = d.follow(s, rule, gone); problem != "" {
			return problem
		}
	}
	for _, successor := range gone {
		if !slices.Contains(on.Former, successor.User) {
			on.Former = append(slices.Clone(on.Former), successor.User)
		}
	}
	if more := len(on.Former) - kept; more > 0 {
		on.Former = on.Former[more:]
	}
	on.Successors = stay
	return ""
}

// follow finds who takes over from those who took over before, or else from the user.
func (d *Decision) follow(s Situation, rule *v1alpha1.OwnershipRule, gone []v1alpha1.Successor) ([]v1alpha1.Successor, string) {
	for _, successor := range gone {
		u := s.People.User(successor.User)
		if u == nil || u.UID != successor.UID || !access.Archiving(u) {
			continue
		}
		if found, problem := handover.Choose(rule, u, without{s.People, d.User.Name}); problem == "" {
			return found, ""
		}
	}
	return handover.Choose(rule, d.User, s.People)
}

// without are people without one.
type without struct {
	handover.People

	name string
}

// User implements handover.People.
func (w without) User(name string) *v1alpha1.User {
	if name == w.name {
		return nil
	}
	return w.People.User(name)
}

// lookLater is the verdict on what is to be looked at again after a while.
func (d *Decision) lookLater(reason, format string, args ...any) verdict.Verdict {
	d.Later = true
	return stuck(reason, format, args...)
}

// retry is the verdict on what failed, and may pass by itself.
func (d *Decision) retry() verdict.Verdict {
	d.Later = true
	return verdict.Verdict{
		Kind: verdict.Wait, Reason: v1alpha1.ReasonTransferring,
		Message: "what the user owns cannot be reached at present: it is tried again",
	}
}

// handOver hands over what the user owns: Done when nothing is left.
func (d *Decision) handOver(s Situation) verdict.Verdict {
	h := d.User.Status.Handover
	if h == nil {
		return verdict.Verdict{}
	}
	h = h.DeepCopy()
	d.User.Status.Handover = h
	task, problems := d.task(s, h)
	v := verdict.Verdict{}
	switch {
	case task == nil && len(problems) > 0:
		v = d.lookLater(v1alpha1.ReasonSuccessorRequired, "access is revoked, and what the user owns waits: %s", strings.Join(problems, "; "))
	case task == nil:
	case !equality.Semantic.DeepEqual(s.User.Status.Handover, h): // who takes over is on record before anything moves
		v = d.moving("what the user owns is being handed over")
		v.WakeAt = d.now
	case s.Report == nil || s.Report.ID != task.ID:
		d.Task = task
		return verdict.Verdict{Kind: verdict.Silent}
	case s.Report.Failure != "":
		v = d.retry()
		d.Moved += s.Report.Moved() // before it failed
	default:
		v = d.advance(h, s.Report, problems)
	}
	d.reportTransfer(h, v)
	return v
}

// seatPatience is how long the seats may take before people are told that it is them that is waited for.
const seatPatience = 10 * time.Second

// awaitsSeats says that all was handed over just now, and that it is recorded together with the seats that are free: pools are told
// of it by the way, and a write for each is spared. Who starts anew meanwhile looks again. A record has another way to its pools.
func (d *Decision) awaitsSeats(s Situation) bool {
	return len(s.Seats) > 0 && s.Report != nil && d.now.Before(s.Report.At.Add(seatPatience)) && !s.Recorded &&
		handover.Pending(&s.User.Status) && !handover.Pending(&d.User.Status)
}

func (d *Decision) moving(message string) verdict.Verdict {
	return verdict.Verdict{Kind: verdict.Wait, Reason: v1alpha1.ReasonArchiving, Message: "access is revoked, and " + message}
}

// task is what is left to hand over; nil when nothing is.
func (d *Decision) task(s Situation, h *v1alpha1.Handover) (task *handover.Task, problems []string) {
	all := d.rules(s)
	var chosen strings.Builder
	for i := range h.Rules {
		on := &h.Rules[i]
		at := slices.IndexFunc(all, func(rule v1alpha1.OwnershipRule) bool { return rule.Name == on.Rule })
		if at < 0 || handover.Finished(on) {
			continue
		}
		problem := d.succeed(s, &all[at], on)
		if problem != "" && len(on.Successors) > 0 {
			problems = append(problems, described(&all[at])+": "+problem)
			continue
		}
		if task == nil {
			task = &handover.Task{Namespace: d.User.Namespace, Organization: d.User.Spec.Organization}
		}
		task.Rules = append(task.Rules, handover.TaskRule{Rule: all[at], From: append([]string{d.User.Name}, on.Former...), To: on.Successors})
		fmt.Fprintf(&chosen, " %s %v %s %d %v", on.Rule, all[at].Resource, all[at].OwnerField, ptr.Deref(on.Remaining, 0), on.Successors)
	}
	if task != nil {
		task.ID = fmt.Sprintf("%s %d hand over%s", d.User.UID, d.User.Generation, chosen.String())
	}
	return task, problems
}

// advance takes up what was handed over. troubles are what keeps other rules.
func (d *Decision) advance(h *v1alpha1.Handover, report *handover.Report, troubles []string) verdict.Verdict {
	goOn := false
	for i := range h.Rules {
		on := &h.Rules[i]
		result := report.Of(on.Rule)
		if result == nil {
			continue
		}
		already := lying(on)
		count(on, result)
		d.Moved, d.Left = d.Moved+result.Moved, d.Left+max(0, lying(on)-already)
		d.Later = d.Later || result.Absent
		switch on.State {
		case v1alpha1.HandoverIncomplete:
			troubles = append(troubles, on.Message)
		case v1alpha1.HandoverMoving:
			goOn = true
		default:
		}
	}
	switch {
	case goOn:
		v := d.moving("what the user owns is being handed over")
		if !d.Later {
			v.WakeAt = d.now
		}
		return v
	case len(troubles) > 0:
		return d.lookLater(v1alpha1.ReasonTransferIncomplete, "access is revoked, and some of what the user owns is not handed over: %s; it is tried again", strings.Join(troubles, "; "))
	}
	return verdict.Verdict{}
}

// lying is how many objects of a rule cannot be handed over at present.
func lying(on *v1alpha1.RuleHandover) int {
	if on.State != v1alpha1.HandoverIncomplete {
		return 0
	}
	return int(ptr.Deref(on.Remaining, 0))
}

// count takes up what was done about one rule.
func count(on *v1alpha1.RuleHandover, result *handover.Result) {
	on.Objects = ptr.To(max(ptr.Deref(on.Objects, 0), int32(min(result.Moved+result.Left, most))))
	on.Remaining, on.Message = ptr.To(int32(min(result.Left, most))), short(result.Trouble)
	switch {
	case result.Absent, result.More:
		on.State = v1alpha1.HandoverMoving
	case result.Trouble != "":
		on.State = v1alpha1.HandoverIncomplete
	case result.Left > 0:
		on.State, on.Message = v1alpha1.HandoverIncomplete, short("nobody takes over "+listed(result))
	default:
		on.State, on.Remaining, on.Message = v1alpha1.HandoverDone, nil, short(result.Note)
	}
}

func short(text string) string {
	const most = 512
	runes := []rune(text)
	return string(runes[:min(len(runes), most)])
}

// reportTransfer says in a condition how far it is.
func (d *Decision) reportTransfer(h *v1alpha1.Handover, v verdict.Verdict) {
	switch {
	case v.Kind == verdict.Stuck:
		verdict.Set(d.User, v1alpha1.ConditionOwnershipTransferred, false, v.Reason, v.Message, d.now)
	case v.Kind != verdict.Done:
		verdict.Set(d.User, v1alpha1.ConditionOwnershipTransferred, false, v1alpha1.ReasonTransferring, "what the user owns is being handed over", d.now)
	default:
		said := []string{"nothing is left to be handed over"}
		for i := range h.Rules {
			if h.Rules[i].Message != "" {
				said = append(said, h.Rules[i].Message)
			}
		}
		verdict.Set(d.User, v1alpha1.ConditionOwnershipTransferred, true, v1alpha1.ReasonTransferred, strings.Join(said, "; "), d.now)
	}
}
