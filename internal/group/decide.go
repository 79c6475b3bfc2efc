// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package group

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// Verb is what a directory is to do about a group.
type Verb string

// What a directory is asked to do.
const (
	Ensure Verb = "ensure"
	Delete Verb = "delete"
)

// Task is what a directory is to do.
type Task struct {
	// ID names the effect.
	ID     string
	Verb   Verb
	Wanted Wanted
}

// Outcome is what became of a task.
type Outcome string

// The outcomes. What was given up is tried no more, since whoever could mend it goes as well.
const (
	Done        Outcome = "Done"
	Rejected    Outcome = "Rejected"
	Conflict    Outcome = "Conflict"
	Unavailable Outcome = "Unavailable"
	GivenUp     Outcome = "GivenUp"
)

// Report is what became of the task with that ID.
type Report struct {
	ID      string
	Outcome Outcome
	// GroupID is what the directory calls a group that it has, and Nests says that it takes groups as members.
	GroupID string
	Nests   bool
	// Words are the directory's, when it is not done.
	Words string
	// RetryAt is when it is tried again.
	RetryAt time.Time
}

// Finding is what a list of all groups of a directory says of one that differs from its record.
type Finding struct {
	// Serial tells it from earlier ones.
	Serial int64
	// Group is what the directory has; nil when it has none. Nests says that it takes groups as members.
	Group *Group
	Nests bool
}

// Situation is what a decision rests on.
type Situation struct {
	// Object is the team or the role, and Organization the one that it names; nil when there is none.
	Object       v1alpha1.Conditioned
	Organization *v1alpha1.Organization
	// Wanted is the group that it is to be; nil when it is to be none.
	Wanted *Wanted
	// Held says that the object has the finalizer, and so may have a group.
	Held bool
	// Asked is the task that was asked for last, as long as it is not on record.
	Asked string
	// Report is what became of what was asked for last, if that is known, and Finding what was found lately, if it was.
	Report  *Report
	Finding *Finding
}

// Decision is what is to be done, and what is to be recorded.
type Decision struct {
	// Task is what the directory is to do, unless it is known what became of it.
	Task *Task
	// Release lets go of the object: no group of it is left that could be reached.
	Release bool
	// GaveUp says what stays in a directory, for an event.
	GaveUp string
	// Record is the group that there is.
	Record *v1alpha1.DirectoryGroup
	// RetryAt is when it is tried again.
	RetryAt time.Time

	// is, reason and message are the condition Provisioned, of which there is none without a reason. It stays as it is when keeps says
	// so.
	is, keeps       bool
	reason, message string
}

// Decide says what is to be done about the group of a team or a role.
func Decide(s Situation) Decision {
	d := Decision{keeps: true}
	if has := *Record(s.Object); has != nil {
		d.Record = has.DeepCopy()
	}
	switch at := place(s); {
	case s.Wanted != nil && at != "":
		d.ensure(s, at)
	case !s.Held:
		d.none()
	case d.Record != nil && d.Record.Directory != at:
		d.abandon(unreachable(s, at))
	case at == "":
		d.abandon("")
	default:
		d.remove(s)
	}
	return d
}

// unreachable says why a group on record cannot be deleted.
func unreachable(s Situation, at string) string {
	switch {
	case s.Organization == nil:
		return "the organization is gone, and with it the way to the directory: delete the group there"
	case at == "":
		return "the organization names no directory any more: the group there stays until somebody deletes it"
	}
	return leftBehind
}

// leftBehind is what becomes of a group in another directory.
const leftBehind = "the group in the directory that the organization named before stays until somebody deletes it there"

func place(s Situation) string {
	if s.Organization == nil {
		return ""
	}
	return account.At(s.Organization)
}

// none says that there is no group.
func (d *Decision) none() { d.Record, d.keeps = nil, false }

// abandon lets go of a group that cannot be reached.
func (d *Decision) abandon(words string) {
	d.none()
	d.Release, d.GaveUp = true, words
}

func (d *Decision) remove(s Situation) {
	task := &Task{ID: fmt.Sprintf("%s %s%s", s.Object.GetUID(), Delete, again(s)), Verb: Delete, Wanted: Wanted{Group: Of(s.Object, s.Organization)}}
	switch {
	case s.Report == nil || s.Report.ID != task.ID:
		d.Task = task
	case s.Report.Outcome == Done:
		d.none()
		d.Release = true
	case s.Report.Outcome == GivenUp:
		d.abandon(fmt.Sprintf("the group in the directory is not deleted (%s), and nobody is left who could mend that: see to it there", s.Report.Words))
	default:
		d.trouble(s, "the group is deleted as soon as the directory does it")
	}
}

// again tells tries that somebody asked for from those before.
func again(s Situation) string {
	if at := s.Object.GetAnnotations()[v1alpha1.AnnotationReconcileAt]; at != "" {
		return " at " + at
	}
	return ""
}

func (d *Decision) ensure(s Situation, at string) {
	task, known := d.task(s, at)
	drifted := known && s.Finding != nil && !s.Finding.same(s.Wanted)
	if drifted {
		task.ID += fmt.Sprintf(" found %d", s.Finding.Serial)
	}
	known = known && slices.Contains([]string{"", task.ID}, s.Asked) // what else is under way may make it another
	switch {
	case drifted && tolerates(s):
		d.says(false, v1alpha1.ReasonDrifted, s.Finding.differs(s.Wanted)+", and stays so (spec.directory.driftPolicy of the organization)")
	case known && reports(s): // what was found stands until somebody looks again
	case known && !drifted:
		d.provisioned()
	default:
		d.request(s, task, at)
	}
}

// task is what makes the group as it is to be. known says that it is so already, by the record.
func (d *Decision) task(s Situation, at string) (task *Task, known bool) {
	nested, flat := s.Wanted.Revisions()
	id := fmt.Sprintf("%s %s at %s: %s or %s%s", s.Wanted.UID, Ensure, at, nested, flat, again(s))
	known = d.Record != nil && d.Record.Directory == at && slices.Contains([]string{nested, flat}, d.Record.Revision)
	return &Task{ID: id, Verb: Ensure, Wanted: *s.Wanted}, known
}

// request has the group be made or changed, unless it is known what became of that.
func (d *Decision) request(s Situation, task *Task, at string) {
	switch {
	case s.Report == nil || s.Report.ID != task.ID:
		d.Task = task
	case s.Report.Outcome == Done:
		d.keep(s, at)
	default:
		d.trouble(s, "the group follows as soon as it is")
	}
}

// tolerates says that what others change is to stay.
func tolerates(s Situation) bool {
	return s.Organization.Spec.Directory.DriftPolicy == v1alpha1.DriftReport
}

// reports says that what others changed is on record, and is to stay as it is; nobody has looked since.
func reports(s Situation) bool {
	conditions, _ := s.Object.StatusConditions()
	c := meta.FindStatusCondition(*conditions, v1alpha1.ConditionProvisioned)
	return s.Finding == nil && c != nil && c.Reason == v1alpha1.ReasonDrifted && tolerates(s)
}

// same says that what was found is what is wanted after all.
func (f *Finding) same(w *Wanted) bool {
	return f.Group != nil && w.For(f.Nests).Differs(*f.Group) == ""
}

func (f *Finding) differs(w *Wanted) string {
	if f.Group == nil {
		return "somebody deleted the group in the directory"
	}
	return "somebody changed the group in the directory: it has " + w.For(f.Nests).Differs(*f.Group)
}

func (d *Decision) keep(s Situation, at string) {
	if d.Record != nil && d.Record.Directory != at {
		d.GaveUp = leftBehind
	}
	d.Record = &v1alpha1.DirectoryGroup{Directory: at, ID: s.Report.GroupID, Revision: s.Wanted.For(s.Report.Nests).Revision()}
	d.provisioned()
}

func (d *Decision) provisioned() {
	d.says(true, v1alpha1.ReasonProvisioned, "the directory has the group")
}

// trouble records why the directory has not done what it was asked for.
func (d *Decision) trouble(s Situation, then string) {
	words := cmp.Or(s.Report.Words, "it did not say why")
	switch s.Report.Outcome {
	case Rejected:
		d.says(false, v1alpha1.ReasonDirectoryRejected, fmt.Sprintf(
			"the directory refused the group (%s): correct what it names, and set annotation %s to any new value", words, v1alpha1.AnnotationReconcileAt))
	case Conflict:
		d.says(false, v1alpha1.ReasonDirectoryConflict, fmt.Sprintf(
			"the directory has a group that is in the way (%s): rename or delete it there, change spec.displayName, or have it adopted (spec.directory.adoption of the organization)", words))
	default:
		d.says(false, v1alpha1.ReasonDirectoryUnavailable, fmt.Sprintf("the directory is not available (%s): %s", words, then))
		conditions, _ := s.Object.StatusConditions()
		was := meta.FindStatusCondition(*conditions, v1alpha1.ConditionProvisioned)
		if was != nil && was.Reason == d.reason && strings.HasSuffix(was.Message, then) {
			d.message = was.Message // the words may be others at every try
		}
	}
	d.RetryAt = s.Report.RetryAt
	if d.Record != nil {
		d.Record.Revision = "" // what it has now is not known
	}
}

func (d *Decision) says(is bool, reason, message string) {
	d.is, d.keeps, d.reason, d.message = is, false, reason, message
}

// refused are the reasons for which somebody has to act.
var refused = map[string]bool{v1alpha1.ReasonDirectoryRejected: true, v1alpha1.ReasonDirectoryConflict: true}

// Conclude records the decision, and says how the object is, which was v before. Ready does not wait for a directory that cannot be
// reached, but somebody has to act where it refuses the group.
func (d *Decision) Conclude(object v1alpha1.Conditioned, v verdict.Verdict, now time.Time) verdict.Verdict {
	*Record(object) = d.Record
	d.condition(object, now)
	if v.WakeAt.IsZero() || !d.RetryAt.IsZero() && d.RetryAt.Before(v.WakeAt) {
		v.WakeAt = d.RetryAt
	}
	conditions, _ := object.StatusConditions()
	if is := meta.FindStatusCondition(*conditions, v1alpha1.ConditionProvisioned); v.Kind == verdict.Done && is != nil && refused[is.Reason] {
		v.Kind, v.Reason, v.Message = verdict.Stuck, is.Reason, is.Message
	}
	return v
}

func (d *Decision) condition(object v1alpha1.Conditioned, now time.Time) {
	switch {
	case d.keeps:
	case d.reason == "":
		verdict.Unset(object, v1alpha1.ConditionProvisioned)
	default:
		verdict.Set(object, v1alpha1.ConditionProvisioned, d.is, d.reason, d.message, now)
	}
}

// Open says that there is something that the directory has not done yet, or will not do.
func (d *Decision) Open() bool { return d.Task != nil || !d.RetryAt.IsZero() || refused[d.reason] }

// Leaving is the verdict on an object that is deleted, and waits for its group to be.
func (d *Decision) Leaving() verdict.Verdict {
	switch d.reason {
	case "":
		return verdict.Verdict{Kind: verdict.Silent, WakeAt: d.RetryAt}
	case v1alpha1.ReasonDirectoryUnavailable:
		return verdict.Verdict{Kind: verdict.Wait, Reason: d.reason, Message: d.message, WakeAt: d.RetryAt}
	}
	return verdict.Verdict{Kind: verdict.Stuck, Reason: d.reason, Message: d.message, WakeAt: d.RetryAt}
}
