// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/seats"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
)

// remains is the record of somebody of acme who had an address, and an account.
func remains(email string, account types.UID, accepted *metav1.Time, change ...func(*v1alpha1.UserRecord)) *v1alpha1.ArchivedUser {
	record := &v1alpha1.ArchivedUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: membership.RecordName("acme", email)},
		Record: v1alpha1.UserRecord{
			User: "jean", UID: "uid-of-then", AccountUID: account, Spec: v1alpha1.UserSpec{Organization: "acme", Email: email},
			Reason: v1alpha1.ArchiveLeft, Path: v1alpha1.ArchivePathDeletion, AcceptedAt: accepted,
		},
	}
	for _, c := range change {
		c(&record.Record)
	}
	return record
}

// recorded has records found, as package user does: by the address.
func recorded(records ...*v1alpha1.ArchivedUser) func(*membership.Situation) {
	return func(s *membership.Situation) {
		s.Records = map[string]*v1alpha1.ArchivedUser{}
		for _, r := range records {
			s.Records[membership.FoldEmail(r.Record.Spec.Email)] = r
		}
	}
}

func taken(by string, state v1alpha1.UserState) func(*membership.Situation) {
	return func(s *membership.Situation) { s.EmailHolder, s.HolderState = by, state }
}

func final(s *membership.Situation) {
	s.Organization = build.Organization("acme").In("acme").Policy(v1alpha1.OffboardingDelete).Obj()
}

func unpaid(s *membership.Situation) {
	*s = situation(changed(s.User, func(u *v1alpha1.User) { u.Spec.Roles = nil }))
}

// Rules AX-10 and AX-14: whoever has an address that somebody had in the organization is that person, once, unless the
// person is known already.
func TestComingBack(t *testing.T) {
	t.Parallel()
	then := now.Add(-1000 * hour)
	const address, before = "jean@acme.example", types.UID("account-of-then")
	here := remains(address, before, at(then))
	invitee := remains(address, before, nil)
	for name, c := range map[string]struct {
		why  string
		user *v1alpha1.User
		with []func(*membership.Situation)
		// reason is the verdict's; account the user's; accepted says that acceptance is remembered.
		reason   string
		account  types.UID
		accepted bool
		returned bool
		sends    bool
		spent    int
	}{
		"accepted, seat":       {"as before, without a mail", jean().Obj(), with(recorded(here), seated("standard")), "Active", before, true, true, false, 1},
		"accepted, no seat":    {"the seat is claimed like everybody's", jean().Obj(), with(recorded(here), pool("standard", membership.Pool{Found: true, Capacity: 1, Position: 2})), "AwaitingSeat", before, true, true, false, 1},
		"accepted, other case": {"the same address", jean().Email("JEAN@acme.example").Obj(), with(recorded(here), seated("standard")), "Active", before, true, true, false, 1},
		"invited then":         {"invited as usual, to the same account", jean().Obj(), with(recorded(invitee), seated("standard")), "", before, false, true, true, 1},
		"nobody was here":      {"invited as usual", jean().Obj(), with(seated("standard")), "", "uid-of-jean", false, false, true, 0},
		"suspended":            {"a person without access is one nevertheless", jean().State(v1alpha1.UserSuspended).Obj(), with(recorded(here)), "Suspended", before, true, true, false, 1},
		"archived":             {"the object is the archive from now on", jean().State(v1alpha1.UserArchived).Obj(), with(recorded(here)), "Archived", before, true, true, false, 1},
		"without a role":       {"who may give no role gets nobody's account", jean().Obj(), with(recorded(here), unpaid, recorded(here)), "NoRoles", "uid-of-jean", false, false, false, 0},
		"late record":          {"the mail is out, and the person is in", jean().Known(address).Invited(1, expiry).Obj(), with(recorded(here), seated("standard")), "Active", before, true, true, false, 1},

		"another organization": {"is another directory", jean().Obj(), with(recorded(remains(address, before, at(then), func(r *v1alpha1.UserRecord) { r.Spec.Organization = "globex" })), seated("standard")), "", "uid-of-jean", false, false, true, 0},
		"another address": {"a record of that name by accident, or of somebody's making", jean().Obj(), with(func(s *membership.Situation) {
			s.Records = map[string]*v1alpha1.ArchivedUser{address: remains("j@acme.example", before, at(then))}
		}, seated("standard")), "", "uid-of-jean", false, false, true, 0},
		"taken":                 {"the address is somebody else's", jean().Obj(), with(recorded(here), taken("ada", v1alpha1.UserActive), seated("standard")), "EmailInUse", "uid-of-jean", false, false, false, 0},
		"no organization":       {"it may come back", jean().Obj(), with(recorded(here), noOrganization), "OrganizationNotFound", "uid-of-jean", false, false, false, 0},
		"declined":              {"a no stands", jean().Invited(1, expiry).Declined(now).Revoked(now).Obj(), with(recorded(here)), "Declined", "uid-of-jean", false, false, false, 0},
		"accepted otherwise":    {"has an account of one's own, and the record stays", jean().Known(address).Invited(1, expiry).AcceptedAt(now.Add(-hour)).Obj(), with(recorded(here), seated("standard")), "Active", "uid-of-jean", true, false, false, 0},
		"has a password":        {"has an account of one's own, and the record stays", changed(jean().Obj(), func(u *v1alpha1.User) { u.Status.InitialPasswordAt = at(now) }), with(recorded(here), seated("standard")), "", "uid-of-jean", false, false, true, 0},
		"back, and not cleared": {"the record goes at last, without news", changed(jean().Known(address).AcceptedAt(then).Obj(), func(u *v1alpha1.User) { u.Status.AccountUID = before }), with(recorded(here), seated("standard")), "Active", before, true, false, false, 1},
		"a view of long ago":    {"the record of the deletion of this very User stays", jean().Known(address).AcceptedAt(then).Obj(), with(recorded(remains(address, "", at(then), func(r *v1alpha1.UserRecord) { r.UID = "uid-of-jean" })), seated("standard")), "Active", "uid-of-jean", true, false, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := membership.Next(situation(c.user, c.with...))
			u := d.User
			if d.Verdict.Reason != c.reason || u.Account() != c.account || (u.Status.AcceptedAt != nil) != c.accepted {
				t.Errorf("%s: %v, account %s, accepted %v", c.why, d.Verdict, u.Account(), u.Status.AcceptedAt)
			}
			if d.Returned != c.returned || (d.Send != nil) != c.sends || len(d.Spent) != c.spent {
				t.Errorf("%s: news %t, a mail %v, records that end %d", c.why, d.Returned, d.Send, len(d.Spent))
			}
			if c.accepted && c.returned && !u.Status.AcceptedAt.Time.Equal(then) {
				t.Errorf("%s: accepted at %v, want the time of then", c.why, u.Status.AcceptedAt)
			}
			if d.Verdict.Kind != verdict.Silent {
				conclude(t, d)
			}
		})
	}
}

// Rule EZ-15: of two people who had the same place, each has an account, whoever comes after whom.
func TestReplacedPeopleHaveAccountsOfTheirOwn(t *testing.T) {
	t.Parallel()
	replace := changing(v1alpha1.EmailChangeReplace)
	first := readdressed(jean().Invited(1, expiry).AcceptedAt(now.Add(-hour)).Obj())
	d := membership.Next(situation(first, replace, seated("standard")))
	if d.Replaced == nil || d.Replaced.UID != "uid-of-jean" || d.User.Account() == "uid-of-jean" || d.User.Account() == "" {
		t.Fatalf("jean leaves with %+v, and nadia has account %q", d.Replaced, d.User.Account())
	}
	if again := membership.Next(situation(first, replace, seated("standard"))); again.User.Account() != d.User.Account() {
		t.Errorf("a pass that comes to nothing gives %s, the next %s", again.User.Account(), d.User.Account())
	}

	// And back: jean is jean, and what remains of jean goes. nadia, who was only invited, leaves with hers.
	second := d.User.DeepCopy()
	second.Status.Invitation.SentAt = at(now)
	second.Spec.Email = "jean@acme.example"
	left := remains("jean@acme.example", "", d.Replaced.AcceptedAt, func(r *v1alpha1.UserRecord) {
		r.UID, r.Path = "uid-of-jean", v1alpha1.ArchivePathReplacement
	})
	back := membership.Next(situation(second, replace, seated("standard"), recorded(left)))
	if back.Replaced == nil || back.Replaced.UID != d.User.Account() {
		t.Errorf("nadia leaves with %+v, want account %s", back.Replaced, d.User.Account())
	}
	if back.User.Account() != "uid-of-jean" || back.User.Status.AccountUID != "" || back.User.Status.AcceptedAt == nil || len(back.Spent) != 1 || !back.Returned {
		t.Errorf("jean is back as %+v, news %t, records that end %d", back.User.Status, back.Returned, len(back.Spent))
	}

	// Without a record, as of somebody who was never written to, it is nobody's account of before.
	other := membership.Next(situation(second, replace, seated("standard")))
	if got := other.User.Account(); got == "uid-of-jean" || got == d.User.Account() {
		t.Errorf("a third person has account %s, which is another's", got)
	}
}

// An edit of the address to one that somebody else had is no return of that person.
func TestRenamedToAnAddressOfThen(t *testing.T) {
	t.Parallel()
	record := remains(newAddress, "account-of-nadia", at(now.Add(-100*hour)))
	accepted := membership.Next(situation(readdressed(jean().Invited(1, expiry).AcceptedAt(now.Add(-hour)).Obj()), recorded(record), seated("standard")))
	if accepted.User.Account() != "uid-of-jean" || accepted.User.Status.Email != newAddress || len(accepted.Spent) != 0 || accepted.Returned {
		t.Errorf("jean is %+v now, and %d records end", accepted.User.Status, len(accepted.Spent))
	}
	typo := membership.Next(situation(readdressed(jean().Invited(1, expiry).Obj()), recorded(record), seated("standard")))
	if typo.User.Account() != "account-of-nadia" || typo.User.Status.AcceptedAt == nil || len(typo.Spent) != 1 {
		t.Errorf("whoever was only mistyped is %+v, and %d records end", typo.User.Status, len(typo.Spent))
	}

	// A crash before the record of jean's earlier stay went, and then an edit: nobody else is to find it.
	old := changed(readdressed(jean().Invited(1, expiry).AcceptedAt(now.Add(-hour)).Obj()), func(u *v1alpha1.User) { u.Status.AccountUID = "account-of-then" })
	late := membership.Next(situation(old, recorded(remains("jean@acme.example", "account-of-then", at(now.Add(-100*hour)))), seated("standard")))
	if len(late.Spent) != 1 {
		t.Errorf("%d records end, want that of jean at the address of before", len(late.Spent))
	}
}

// Whoever is deleted before anything else happened is recorded as before, unless it was without a role: then the record stays as
// it is, or whoever may give nobody a role could write over it. Where nothing is to remain, nothing of before does.
func TestDeletedAtOnceAfterComingBack(t *testing.T) {
	t.Parallel()
	record := remains("jean@acme.example", "account-of-then", at(now.Add(-100*hour)))
	back := membership.Next(situation(jean().Deleting(now).Obj(), recorded(record)))
	if !back.Farewell || back.Nobody || back.User.Account() != "account-of-then" || back.User.Status.AcceptedAt == nil || len(back.Spent) != 0 {
		t.Errorf("with a role: farewell %t, %+v, records that end %d", back.Farewell, back.User.Status, len(back.Spent))
	}
	for why, change := range map[string]func(*membership.Situation){"kept": func(*membership.Situation) {}, "for good": final} {
		nobody := confirmed(build.User("jean").In("acme", "acme").Deleting(now).Obj())
		d := membership.Next(situation(nobody, recorded(record), change))
		if !d.Farewell || !d.Nobody || d.User.Account() == "account-of-then" || d.User.Status.AcceptedAt != nil || len(d.Spent) != 0 {
			t.Errorf("without, %s: farewell %t, nobody %t, %+v, records that end %d", why, d.Farewell, d.Nobody, d.User.Status, len(d.Spent))
		}
	}
	d := membership.Next(situation(confirmed(jean().Deleting(now).Obj()), recorded(record), final))
	if !d.Farewell || !d.Final || len(d.Spent) != 1 {
		t.Errorf("for good: farewell %t, final %t, records that end %d", d.Farewell, d.Final, len(d.Spent))
	}
}

func confirmed(u *v1alpha1.User) *v1alpha1.User {
	metav1.SetMetaDataAnnotation(&u.ObjectMeta, v1alpha1.AnnotationConfirmDelete, string(u.UID))
	return u
}

// Of whoever claimed an address that stayed another's, nothing is recorded: the record would be taken for the other's.
func TestWhoNeverHadTheAddressLeavesNoRecord(t *testing.T) {
	t.Parallel()
	for why, c := range map[string]struct {
		user *v1alpha1.User
		want bool
	}{
		"claimed":     {jean().Known("jean@acme.example").Deleting(now).Obj(), true},
		"was invited": {jean().Known("jean@acme.example").Invited(1, expiry).Deleting(now).Obj(), false},
		"accepted":    {jean().Known("j@acme.example").AcceptedAt(now).Deleting(now).Obj(), false},
	} {
		if d := membership.Next(situation(c.user, taken("ada", v1alpha1.UserActive))); !d.Farewell || d.Nobody != c.want {
			t.Errorf("%s: farewell %t, nobody %t", why, d.Farewell, d.Nobody)
		}
	}
}

// Rules IN-10 and AC-15: what cannot be undone is confirmed first, and until then nothing happens.
func TestConfirmation(t *testing.T) {
	t.Parallel()
	active := func() *build.UserBuilder {
		return jean().Known("jean@acme.example").Invited(1, expiry).AcceptedAt(now.Add(-hour)).Holds("standard").Seats("standard").Deleting(now)
	}
	archive := func(s *membership.Situation) { s.Organization = build.Organization("acme").In("acme").Obj() }
	goes := func(s *membership.Situation) {
		s.Organization = build.Organization("acme").In("acme").Policy(v1alpha1.OffboardingDelete).Deleting(now).Obj()
	}
	wrong := func(u *v1alpha1.User) *v1alpha1.User {
		metav1.SetMetaDataAnnotation(&u.ObjectMeta, v1alpha1.AnnotationConfirmDelete, "uid-of-another-jean")
		return u
	}
	for name, c := range map[string]struct {
		why      string
		user     *v1alpha1.User
		with     []func(*membership.Situation)
		reason   string
		revoked  bool
		farewell bool
		standing seats.Standing
	}{
		"asked":                   {"nothing happens", active().Obj(), with(final, seated("standard")), "ConfirmationRequired", false, false, seats.Keeps},
		"another's UID":           {"of an earlier User of this name", wrong(active().Obj()), with(final, seated("standard")), "ConfirmationRequired", false, false, seats.Keeps},
		"confirmed":               {"access goes, then the seat", confirmed(active().Obj()), with(final, seated("standard")), "Archiving", true, false, seats.Frees},
		"confirmed, no seat left": {"then the object", confirmed(active().Revoked(now).Obj()), with(final), "", true, true, seats.Frees},
		"Archive":                 {"a record remains: nobody is asked", active().Obj(), with(archive, seated("standard")), "Archiving", true, false, seats.Frees},
		"the organization goes":   {"with all that is in it", active().Obj(), with(goes, seated("standard")), "Archiving", true, false, seats.Frees},
		"no organization":         {"nobody says what is to remain", active().Obj(), with(noOrganization, seated("standard")), "Archiving", true, false, seats.Frees},
		"suspended, asked":        {"to suspend takes no confirmation", active().State(v1alpha1.UserSuspended).Obj(), with(final, seated("standard")), "Archiving", true, false, seats.Frees},
		"suspended, no seat left": {"to delete does", active().State(v1alpha1.UserSuspended).Revoked(now).Obj(), with(final), "ConfirmationRequired", true, false, seats.Frees},
		"archived":                {"nor does to archive", jean().AcceptedAt(now.Add(-hour)).State(v1alpha1.UserArchived).Obj(), with(final), "Archived", true, false, seats.Frees},
		"still tied":              {"confirmed or not, the last holder stays", active().Obj(), with(final, seated("standard"), func(s *membership.Situation) { s.Tied = true }), "ConfirmationRequired", false, false, seats.Keeps},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := situation(c.user, c.with...)
			d := membership.Next(s)
			if d.Verdict.Reason != c.reason || (d.User.Status.AccessRevokedAt != nil) != c.revoked || d.Farewell != c.farewell {
				t.Errorf("%s: %v, revoked %v, farewell %t", c.why, d.Verdict, d.User.Status.AccessRevokedAt, d.Farewell)
			}
			if c.reason == "ConfirmationRequired" {
				if want := "kubectl annotate user jean -n acme --overwrite seatkeeper.dev/confirm-delete=uid-of-jean"; !strings.Contains(d.Verdict.Message, want) || !strings.Contains(d.Verdict.Message, "cannot be undone") {
					t.Errorf("it says %q, want %q and that it cannot be undone", d.Verdict.Message, want)
				}
				if diff := cmp.Diff(c.user.Status.RoleRequests, d.User.Status.RoleRequests); diff != "" {
					t.Errorf("roles are asked about:\n%s", diff)
				}
			}
			if got := membership.Standing(d.User, s.Facts); got != c.standing {
				t.Errorf("%s: to the pool the user is %v, want %v", c.why, got, c.standing)
			}
			if !d.Farewell {
				conclude(t, d)
			}
		})
	}
}

// Rules AX-10 and AX-11: the error names who has the address, how to bring that person back, and how to release it.
func TestAddressInUseNamesTheWayBack(t *testing.T) {
	t.Parallel()
	const release = "to release the address, change or delete that User"
	for state, words := range map[v1alpha1.UserState][]string{
		v1alpha1.UserActive:    {"is in use by User ada: change it here, or change or delete that User"},
		v1alpha1.UserArchived:  {"is in use by User ada, who is archived", "comes back when spec.state of User ada is set to Active", release},
		v1alpha1.UserSuspended: {"is in use by User ada, who is suspended", "comes back when spec.state of User ada is set to Active", release},
	} {
		d := membership.Next(situation(jean().Obj(), taken("ada", state)))
		for _, word := range words {
			if d.Verdict.Reason != v1alpha1.ReasonEmailInUse || !strings.Contains(d.Verdict.Message, word) {
				t.Errorf("%s: %v does not say %q", state, d.Verdict, word)
			}
		}
	}
}
