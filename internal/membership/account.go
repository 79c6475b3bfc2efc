// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// What the directory is to have follows from the status that is to be recorded, and comes before it is: nobody is invited without
// an account, and nobody's access is said to be revoked while the account can be used.

// AccountVerb is what the directory is to do about an account.
type AccountVerb string

// What a directory is asked to do.
const (
	EnsureAccount     AccountVerb = "ensure"
	DeactivateAccount AccountVerb = "deactivate"
	DeleteAccount     AccountVerb = "delete"
)

// AccountTask is what the directory is to do before the decision can be recorded.
type AccountTask struct {
	// ID names the effect.
	ID      string
	Verb    AccountVerb
	Account account.Account
}

// AccountOutcome is what became of a task.
type AccountOutcome string

// The outcomes. What was given up is tried no more, since whoever could mend it goes as well.
const (
	AccountDone        AccountOutcome = "Done"
	AccountRejected    AccountOutcome = "Rejected"
	AccountConflict    AccountOutcome = "Conflict"
	AccountUnavailable AccountOutcome = "Unavailable"
	AccountGivenUp     AccountOutcome = "GivenUp"
)

// AccountReport is what became of the task with that ID.
type AccountReport struct {
	ID      string
	Outcome AccountOutcome
	// AccountID is what the directory calls an account that it was to ensure.
	AccountID string
	// KeptOtherwise are the attributes that the directory keeps its own way, of an account that it was to ensure.
	KeptOtherwise []string
	// Words are the directory's, when it is not done.
	Words string
	// RetryAt is when it is tried again.
	RetryAt time.Time
}

// HasDirectory says that the accounts of an organization's members live in a directory.
func HasDirectory(org *v1alpha1.Organization) bool {
	return org != nil && org.Spec.Directory.SCIM.URL != ""
}

// keepAccount has the directory do what follows from the decision.
func (d *Decision) keepAccount(s Situation) {
	switch {
	case !d.Parked.Until.IsZero(): // the person keeps the account
	case s.Organization == nil: // and so nobody knows which directory it is
		if was := s.User.Status.DirectoryAccount; d.Farewell && was != nil && was.State == v1alpha1.AccountActive {
			d.GaveUp = "the organization is gone, and with it the way to the directory: deactivate the account there"
		}
	case !HasDirectory(s.Organization):
		d.abandon(s)
	case d.Task != nil || d.quiet() || d.inherits(s):
	case d.signOut(s) && !d.Farewell:
		d.provision(s)
	}
}

// abandon forgets the account in a directory that the organization names no more.
func (d *Decision) abandon(s Situation) {
	if was := s.User.Status.DirectoryAccount; was != nil && was.State == v1alpha1.AccountActive && d.Verdict.Kind != verdict.Silent {
		d.GaveUp = "the organization names no directory any more: the account there can be used until somebody deactivates it"
	}
	d.User.Status.DirectoryAccount = nil
	verdict.Unset(d.User, v1alpha1.ConditionProvisioned)
}

// quiet says that nothing is to be recorded or sent.
func (d *Decision) quiet() bool {
	return d.Verdict.Kind == verdict.Silent && !d.Farewell && d.Send == nil && !d.HandOver && d.Replaced == nil
}

// MayEnter says that somebody is to be able to sign in.
func MayEnter(u *v1alpha1.User) bool { return access.Active(u) && len(u.Status.Roles) > 0 }

// signOut sees to it that nobody can sign in any more who is to have no access, before that is recorded. It says whether nothing
// is left to be done.
func (d *Decision) signOut(s Situation) (done bool) {
	verb, subject, stays := d.closing(s)
	if verb == "" {
		return true
	}
	switch report := d.request(&s, verb, account.Of(subject, s.Organization, false), ""); {
	case report == nil:
		d.holdBack(s)
		d.Verdict = verdict.Verdict{Kind: verdict.Silent}
	case report.Outcome == AccountDone:
		d.signedOut(stays)
	case report.Outcome == AccountGivenUp:
		d.GaveUp = fmt.Sprintf("the account in the directory is not %sd (%s), and nobody is left who could mend that: see to it there", verb, report.Words)
	default:
		d.stillSignedIn(s, verb, report)
	}
	return false
}

// closing is what is to be done so that nobody can sign in who is to have no access, about whose account, and whether that is on
// record of the user afterwards; empty when it is nothing.
func (d *Decision) closing(s Situation) (verb AccountVerb, subject *v1alpha1.User, recorded bool) {
	stays := !d.Farewell && s.User.Account() == d.User.Account()
	switch {
	case d.forGood():
		return DeleteAccount, s.User, stays
	case !signsIn(s) && d.adopts(s):
		return DeactivateAccount, d.User, true
	case stays && MayEnter(d.User), !signsIn(s) && !s.Drift.open():
		return "", nil, false
	}
	return DeactivateAccount, s.User, stays && signsIn(s) // else the record is right already
}

// stillSignedIn records why nobody is signed out yet.
func (d *Decision) stillSignedIn(s Situation, verb AccountVerb, report *AccountReport) {
	kept := d.User.Status.Roles
	d.holdBack(s)
	then := "the object goes as soon as the account is deleted there"
	if verb != DeleteAccount {
		d.forfeit(kept)
		then = "access ends, and the seat is freed, as soon as the account is deactivated"
	}
	if s.Drift.open() && !signsIn(s) {
		then = "somebody activated the account there, which is deactivated as soon as that can be done"
	}
	d.Verdict = d.trouble(report, then)
}

// signsIn says that somebody may be able to sign in now, whether that is on record or not. Nobody is let in before the status says
// that they have access, so nobody else can.
func signsIn(s Situation) bool {
	was := s.User.Status.DirectoryAccount
	return was != nil && was.State == v1alpha1.AccountActive || MayEnter(s.User)
}

// adopts says that a user comes back who can sign in still, and is to have no access (after a deletion that was rejected).
func (d *Decision) adopts(s Situation) bool {
	has := d.User.Status.DirectoryAccount
	return has != nil && has.State == v1alpha1.AccountActive && s.User.Account() != d.User.Account() && !MayEnter(d.User)
}

// forfeit takes all roles but some from somebody who cannot be signed out yet: what they give elsewhere goes at once. Who has no
// role may still sign in, which stays on record.
func (d *Decision) forfeit(but []string) {
	st := &d.User.Status
	if st.DirectoryAccount == nil {
		return
	}
	st.Roles = both(but, st.Roles)
	st.DirectoryAccount.State = v1alpha1.AccountActive
}

// forGood says that nothing is to remain of somebody.
func (d *Decision) forGood() bool { return d.Farewell && d.Final && !d.Nobody }

// signedOut records that the account is deactivated. What else the directory is to do comes after that is on record: it would
// take the place of this.
func (d *Decision) signedOut(stays bool) {
	if was := d.User.Status.DirectoryAccount; was != nil && stays {
		d.User.Status.DirectoryAccount = deactivated(was)
		d.provisioned(false, v1alpha1.ReasonDeprovisioned, "the account is deactivated")
	}
	if d.Farewell {
		return
	}
	d.Send, d.Notice, d.HandOver = nil, nil, false
	if d.Verdict.Kind == verdict.Silent {
		d.Verdict = provisioning()
	}
	d.changes = access.Sooner(d.changes, d.now)
}

// holdBack records nothing of the decision before the directory has done its part.
func (d *Decision) holdBack(s Situation) {
	d.User.Status = *s.User.Status.DeepCopy()
	d.Send, d.Notice, d.HandOver, d.Replaced, d.Farewell, d.Spent, d.Returned, d.Later = nil, nil, false, nil, false, nil, false, false
	d.Moved, d.Left = 0, 0
}

// provision sees to it that who holds a role has an account, before anything is sent to the person.
func (d *Decision) provision(s Situation) {
	u, at := d.User, account.At(s.Organization)
	if len(u.Status.Roles) == 0 {
		d.nothingToCompare()
		return
	}
	if MayEnter(u) && !MayEnter(s.User) { // first it is on record, so that who loses it again is signed out whatever crashes
		if d.Verdict.Kind == verdict.Done {
			d.Verdict = provisioning()
		}
		d.changes = access.Sooner(d.changes, d.now)
		return
	}
	wanted := account.Of(u, s.Organization, MayEnter(u))
	wanted.ManagerID = s.ManagerID
	revision := wanted.Revision()
	if upToDate(s, u, &wanted, revision) && !d.astray(s) {
		d.compared(s)
		if u.Spec.Manager == "" { // else it would not be sent to whoever names the same manager again
			u.Status.DirectoryAccount.Revision = revision
		}
		return
	}
	switch report := d.request(&s, EnsureAccount, wanted, revision); {
	case report == nil:
		d.awaitAccount(s)
	case report.Outcome == AccountDone:
		d.keep(wanted, v1alpha1.DirectoryAccount{Directory: at, ID: report.AccountID, Revision: revision, KeptOtherwise: report.KeptOtherwise})
	default:
		d.Send, d.Notice, d.HandOver = nil, nil, false
		d.Verdict = d.trouble(report, "the account follows, and what waits for it, as soon as it is")
	}
}

// upToDate says that the directory has what is wanted, and that nothing was asked for since that may have changed it.
func upToDate(s Situation, u *v1alpha1.User, wanted *account.Account, revision string) bool {
	was := u.Status.DirectoryAccount
	if was == nil || was.Directory != account.At(s.Organization) || !wanted.Given(was.Revision) {
		return false
	}
	// Somebody may have been signed out since the latest record was made, and that forgotten in a crash: a look tells.
	looked := !wanted.Active || u.Status.ObservedGeneration == u.Generation
	return looked && (s.Asked == "" || s.Asked == taskID(u, EnsureAccount, wanted, revision))
}

// awaitAccount waits for the directory in silence, unless there is something to record that does not wait.
func (d *Decision) awaitAccount(s Situation) {
	invites := d.Send != nil || d.HandOver
	d.Send, d.Notice, d.HandOver = nil, nil, false
	lost := slices.ContainsFunc(s.User.Status.Roles, func(role string) bool { return !access.Holds(d.User, role) })
	if !invites && !lost && d.Replaced == nil && !urgent(s.User, d.User) && !asksAnew(s.User, d.User) {
		d.Verdict = verdict.Verdict{Kind: verdict.Silent}
	}
}

// keep puts on record what the directory has. A first password is another errand, and comes after that.
func (d *Decision) keep(given account.Account, has v1alpha1.DirectoryAccount) {
	has.State = v1alpha1.AccountInactive
	if given.Active {
		has.State = v1alpha1.AccountActive
	}
	was := d.User.Status.DirectoryAccount
	if was != nil && was.Directory != has.Directory && was.State == v1alpha1.AccountActive {
		d.GaveUp = "the account in the directory that the organization named before can be used until somebody deactivates it there"
	}
	d.User.Status.DirectoryAccount = &has
	d.provisioned(true, v1alpha1.ReasonProvisioned, "the directory has the account")
	if d.HandOver && !equality.Semantic.DeepEqual(was, &has) {
		d.HandOver, d.Verdict = false, provisioning()
		d.changes = access.Sooner(d.changes, d.now)
	}
}

func provisioning() verdict.Verdict {
	return verdict.Verdict{Kind: verdict.Wait, Reason: v1alpha1.ReasonProvisioning, Message: "what waited for the directory follows"}
}

// taskID tells a task from any other. It has the version of the User that it is for: what was done for an earlier one may have been
// undone since, by another operator, of which this one knows nothing.
func taskID(u *v1alpha1.User, verb AccountVerb, a *account.Account, revision string) string {
	return fmt.Sprintf("%s %s %d %s", a.UID, verb, u.Generation, revision)
}

// request asks for an effect, and says what became of it: nil while nothing is known.
func (d *Decision) request(s *Situation, verb AccountVerb, a account.Account, revision string) *AccountReport {
	id := taskID(d.User, verb, &a, revision)
	if s.Account != nil && s.Account.ID == id {
		return s.Account
	}
	d.AccountTask = &AccountTask{ID: id, Verb: verb, Account: a}
	return nil
}

// trouble is why the directory has not done what it was asked for.
func (d *Decision) trouble(report *AccountReport, then string) verdict.Verdict {
	words := cmp.Or(report.Words, "it did not say why")
	var v verdict.Verdict
	switch report.Outcome {
	case AccountRejected:
		v = stuck(v1alpha1.ReasonDirectoryRejected, "the directory refused the account (%s): correct what it names, and set annotation %s to any new value; %s",
			words, v1alpha1.AnnotationReconcileAt, then)
	case AccountConflict:
		v = stuck(v1alpha1.ReasonDirectoryConflict,
			"the directory has an account that is in the way (%s): rename or delete it there, change spec.email, or have it adopted (spec.directory.adoption of organization %s)",
			words, d.User.Spec.Organization)
	default:
		v = verdict.Verdict{
			Kind: verdict.Retry, Reason: v1alpha1.ReasonDirectoryUnavailable,
			Message: fmt.Sprintf("the directory is not available (%s): %s", words, then),
		}
		if c := meta.FindStatusCondition(d.User.Status.Conditions, v1alpha1.ConditionReady); c != nil && sameStart(c.Message, v.Message) {
			v.Message = c.Message
		}
	}
	// What is refused would be the same again, and whoever is deleted is not held up by that for good.
	if report.Outcome != AccountRejected || !d.User.DeletionTimestamp.IsZero() {
		v.WakeAt = report.RetryAt
	}
	if has := d.User.Status.DirectoryAccount; has != nil {
		has.Revision = "" // what it has now is not known
	}
	d.provisioned(false, v.Reason, v.Message)
	return v
}

func (d *Decision) provisioned(is bool, reason, message string) {
	verdict.Set(d.User, v1alpha1.ConditionProvisioned, is, reason, message, d.now)
}
