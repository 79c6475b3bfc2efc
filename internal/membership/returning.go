// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// RecordName is the name of the ArchivedUser of whoever has an address in an organization. It is the same for every stay, and
// shows no address.
func RecordName(organization, email string) string {
	sum := sha256.Sum256([]byte(organization + "/" + FoldEmail(email)))
	return hex.EncodeToString(sum[:16])
}

// Addresses are those whose records matter to a user: the one that the user has, and the one that the spec declares.
func Addresses(u *v1alpha1.User) []string {
	if declared := u.Spec.Email; FoldEmail(known(u)) != FoldEmail(declared) {
		return []string{known(u), declared}
	}
	return []string{known(u)}
}

// ComesFresh says that nothing is known of the person yet by which an account would be in use: who comes back comes so. An
// address that such a user has is the address of whoever had it before (rules AX-10, AX-14).
func ComesFresh(u *v1alpha1.User) bool {
	return u.Status.AcceptedAt == nil && u.Status.InitialPasswordAt == nil && (u.Status.Invitation == nil || u.Status.Invitation.DeclinedAt == nil)
}

// recall takes up the record of an earlier stay: acceptance is remembered, and the account is the one of then. Whoever has an
// account already is somebody else, and the record stays (an address can be passed on). So it does while the user is to hold no
// role: whoever may give nobody a role could otherwise have the account of another, and pass it on by an edit of the address.
func (d *Decision) recall(s Situation) {
	u := d.User
	if record := s.claims(u); record != nil {
		d.Returned, d.takesOver = true, true
		d.adopt(record)
	}
	if s.Organization == nil && u.DeletionTimestamp.IsZero() || s.taken() {
		return
	}
	somebody := !s.Roles.None()
	if record := s.recordAt(u.Status.Email); record != nil && record.Parked.Until.IsZero() && somebody && (ComesFresh(u) || d.renewed) {
		d.Returned = record.Account() != u.Account() || record.AcceptedAt != nil
		d.adopt(record)
	}
	if u.DeletionTimestamp.IsZero() { // else the record is written over
		d.spend(s, func(a *v1alpha1.ArchivedUser) bool { return d.outlived(s, a) })
	}
}

// outlived says that a record was written before the user came, and has nothing more to keep.
func (d *Decision) outlived(s Situation, a *v1alpha1.ArchivedUser) bool {
	return (a.Record.UID != d.User.UID || a.Record.Path == v1alpha1.ArchivePathReplacement) && !a.Ended() && !d.needs(s, a)
}

// spend notes the records of the person who is here, or gone for good. Of a User who is here, no record can have been written
// at the deletion: one that seems to be was written since, and the user as seen is outdated.
func (d *Decision) spend(s Situation, of func(*v1alpha1.ArchivedUser) bool) {
	d.Spent = nil
	for _, email := range slices.Sorted(maps.Keys(s.Records)) {
		if a := s.Records[email]; a.Record.Account() == d.User.Account() && of(a) {
			d.Spent = append(d.Spent, a)
		}
	}
}

// adopt makes a user the person of a record.
func (d *Decision) adopt(record *v1alpha1.UserRecord) {
	st := &d.User.Status
	if st.AccountUID = record.Account(); st.AccountUID == d.User.UID {
		st.AccountUID = ""
	}
	st.EmployeeNumber = cmp.Or(record.EmployeeNumber, st.EmployeeNumber)
	if st.DirectoryAccount = record.DirectoryAccount.DeepCopy(); st.DirectoryAccount != nil {
		st.DirectoryAccount.Revision = "" // somebody may have seen to the account since
	}
	if record.AcceptedAt == nil {
		return
	}
	st.AcceptedAt, st.Identity = record.AcceptedAt.DeepCopy(), record.Identity
	if access.Leaving(d.User) && st.AccessRevokedAt == nil && !d.takesOver {
		st.AccessRevokedAt = d.stamp() // nothing is taken from who comes back without access; whoever was parked has it to lose
	}
	verdict.Set(d.User, v1alpha1.ConditionAccepted, true, v1alpha1.ReasonAccepted, "the invitation was accepted", d.now)
}

// recordAt is the record of whoever had an address in the user's organization; nil when there is none.
func (s *Situation) recordAt(email string) *v1alpha1.UserRecord {
	a := s.Records[FoldEmail(email)]
	if a == nil || a.Record.Spec.Organization != s.User.Spec.Organization || FoldEmail(a.Record.Spec.Email) != FoldEmail(email) {
		return nil
	}
	return &a.Record
}

// Welcome says that somebody is back, once that is recorded.
func (d *Decision) Welcome() string {
	if d.User.Status.AcceptedAt == nil {
		return "was here before, and has the same account: an invitation follows as usual"
	}
	return "was here before, and has the same account: the acceptance counts, and no invitation is sent"
}

// another is the account of whoever takes the place of a user at an address: one that nobody else has. It follows from what is
// known, so that a pass that comes to nothing leads to the same.
func another(u *v1alpha1.User, email string) types.UID {
	sum := sha256.Sum256([]byte(string(u.UID) + "/" + string(u.Account()) + "/" + FoldEmail(email)))
	return types.UID(fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]))
}

// Unconfirmed says that u was deleted where that cannot be undone (rules IN-10, AC-15), and that nobody has confirmed it. Where
// the organization goes, everybody does.
func Unconfirmed(u *v1alpha1.User, org *v1alpha1.Organization) bool {
	return !u.DeletionTimestamp.IsZero() && Final(org) && org.DeletionTimestamp.IsZero() && !Confirmed(u)
}

// Final says that whoever is deleted leaves no record.
func Final(org *v1alpha1.Organization) bool {
	return org != nil && org.Spec.Offboarding.Policy == v1alpha1.OffboardingDelete
}

// Confirmed says that somebody agreed to the deletion of this very User, of which another of the same name is none.
func Confirmed(u *v1alpha1.User) bool {
	return u.Annotations[v1alpha1.AnnotationConfirmDelete] == string(u.UID)
}

// Confirmation is the command that confirms the deletion of a user.
func Confirmation(u *v1alpha1.User) string {
	return fmt.Sprintf("kubectl annotate user %s -n %s --overwrite %s=%s", u.Name, u.Namespace, v1alpha1.AnnotationConfirmDelete, u.UID)
}

// held says that a user who is deleted stays as before, since nobody has confirmed it. What spec.state says holds nevertheless.
func held(u *v1alpha1.User, org *v1alpha1.Organization) bool {
	return Unconfirmed(u, org) && u.Spec.State != v1alpha1.UserSuspended && u.Spec.State != v1alpha1.UserArchived && !access.Ended(u)
}

func confirmationRequired(u *v1alpha1.User) verdict.Verdict {
	return stuck(v1alpha1.ReasonConfirmationRequired,
		"was deleted and stays until that is confirmed, since it cannot be undone and leaves no record (spec.offboarding.policy of organization %s is Delete): run %s",
		u.Spec.Organization, Confirmation(u))
}

// depart lets go of a user whose seats are free.
func (d *Decision) depart(s Situation) verdict.Verdict {
	u := d.User
	if Unconfirmed(u, s.Organization) {
		return confirmationRequired(u)
	}
	d.Farewell = true
	earlier := s.recordAt(u.Status.Email) // of somebody else, or of an earlier stay: it says more than who came and went
	d.Nobody = (s.taken() || earlier != nil && earlier.UID != u.UID) && u.Status.AcceptedAt == nil && u.Status.Invitation == nil &&
		u.Status.DirectoryAccount == nil
	if d.Final = Final(s.Organization); d.Final {
		d.spend(s, func(*v1alpha1.ArchivedUser) bool { return true })
	}
	return verdict.Verdict{Kind: verdict.Silent}
}

// inUse is why a user cannot have an address that somebody else has, and how it becomes free (rules AX-10, AX-11).
func inUse(s Situation) verdict.Verdict {
	remedy := ": change it here, or change or delete that User"
	if away := Away(s.EmailHolder, s.HolderState); away != "" {
		remedy = ", " + away
	}
	return stuck(v1alpha1.ReasonEmailInUse, "the address in spec.email is in use by User %s%s", s.EmailHolder, remedy)
}

// Away says how somebody who has an address, and no access, comes back, and how the address becomes free; nothing of somebody
// who has access.
func Away(user string, state v1alpha1.UserState) string {
	words := map[v1alpha1.UserState]string{v1alpha1.UserArchived: "archived", v1alpha1.UserSuspended: "suspended"}
	if words[state] == "" {
		return ""
	}
	return fmt.Sprintf("who is %s, and comes back when spec.state of User %s is set to Active; to release the address, change or delete that User",
		words[state], user)
}

// deactivated is an account as it is on record once nobody can sign in with it: whoever has it again is given everything anew.
func deactivated(account *v1alpha1.DirectoryAccount) *v1alpha1.DirectoryAccount {
	if account == nil {
		return nil
	}
	return &v1alpha1.DirectoryAccount{Directory: account.Directory, ID: account.ID, State: v1alpha1.AccountInactive}
}

// numberEmployee keeps the number of the person's employee record (rule AX-6). One that is issued follows from the account, so
// that it is the same after archive and return, and whatever crashes in between.
func (d *Decision) numberEmployee() {
	st, employee := &d.User.Status, d.User.Spec.Employee
	switch {
	case employee.Number != "":
		st.EmployeeNumber = employee.Number
	case st.EmployeeNumber == "" && ptr.Deref(employee.Create, false):
		st.EmployeeNumber = issued(d.User.Account())
	}
}

// issued is the number of an employee: 50 bits of a hash, so that of 100 000 people no two have the same but in one case of
// 200 000. It has no letters that are taken for digits.
func issued(account types.UID) string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's
	sum := sha256.Sum256([]byte("employee/" + account))
	number := []byte("E-")
	for _, b := range sum[:10] {
		number = append(number, digits[b%32])
	}
	return string(number)
}
