// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/bindings"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// In a walk that parks, the organization lets one removal pass within parkWindow, and whoever is deleted beyond that may be parked.
const parkWindow = 12 * time.Hour

// again is how the name ends of a User that comes at the address of somebody of another name.
const again = "-again"

// guarded has the organization hold removals. Two have rights in Kubernetes from the start.
func (s *walk) guarded(w *passes.World) {
	passes.Change(w, "sales", func(team *v1alpha1.Team) {
		team.Spec.Members = []v1alpha1.TeamMembership{{User: "bea", Role: v1alpha1.TeamMember}, {User: "dan", Role: v1alpha1.TeamMember}}
	})
	passes.Change(w, "acme", func(o *v1alpha1.Organization) {
		o.Spec.Protection = build.Organization("acme").Protection("1", parkWindow).Obj().Spec.Protection
		o.Spec.EmailChange = []v1alpha1.EmailChange{v1alpha1.EmailChangeRename, v1alpha1.EmailChangeReplace, v1alpha1.EmailChangeDeny}[s.IntN(3)]
	})
}

// address is that of a walker, whatever the User is called.
func address(name string) string { return strings.TrimSuffix(name, again) + "@acme.example" }

// park is a step that has to do with people who are parked.
func (s *walk) park(name string) {
	s.Helper()
	switch s.IntN(13) {
	case 0, 1, 2:
		s.folder()
	case 3:
		s.annotate(v1alpha1.AnnotationRejectRemovals)
	case 4:
		s.annotate(v1alpha1.AnnotationApproveRemovals)
	case 5, 6, 7:
		s.comeBack()
	case 8:
		if a := s.any(s.scene().parked); a != nil {
			s.act("the time of %s is over", a.Record.User)
			s.w.Clock.SetTime(later(s.w.Clock.Now(), a.Record.Parked.Until.Time))
		}
	case 9:
		s.forget()
	case 10:
		s.readdress(name)
	default:
		s.heirGoes()
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// folder is lost: many are deleted at once, and most of the time somebody sees the mistake.
func (s *walk) folder() {
	s.Helper()
	for _, name := range s.names {
		if s.IntN(2) == 0 {
			s.remove(name)
		}
	}
	for range s.IntN(3) {
		s.turn()
	}
	if s.IntN(4) > 0 {
		s.annotate(v1alpha1.AnnotationRejectRemovals)
		s.turn()
	}
}

// remove deletes a User who is there.
func (s *walk) remove(name string) {
	s.Helper()
	s.act("%s is deleted", name)
	if err := env.Client(s).Delete(s.Context(), build.User(name).In(s.w.Namespace, "acme").Obj()); client.IgnoreNotFound(err) != nil {
		s.Fatal(err)
	}
}

// turn has one of the operators look at everything.
func (s *walk) turn() {
	s.Helper()
	world := []*passes.World{s.w, s.twin}[s.IntN(2)]
	s.rise()
	s.act("a round")
	_, _ = world.Turn()
	if s.IntN(2) == 0 {
		world.Delivered()
	}
	s.watch()
}

// annotate answers to the list of removals that are held, if there is one.
func (s *walk) annotate(answer string) {
	s.Helper()
	token := acmeOf(s.w).Status.Removals.Token
	if token == "" {
		return
	}
	s.act("%s, of %d", answer, acmeOf(s.w).Status.Removals.HeldCount)
	passes.Change(s.w, "acme", func(o *v1alpha1.Organization) { metav1.SetMetaDataAnnotation(&o.ObjectMeta, answer, token) })
}

// comeBack applies the User of somebody who is parked again, or another one at the address.
func (s *walk) comeBack() {
	s.Helper()
	a := s.any(s.scene().parked)
	if a == nil {
		return
	}
	name, roles := a.Record.User, []string{"member"}
	switch s.IntN(6) {
	case 0:
		name = strings.TrimSuffix(name, again) + again
	case 1:
		name = strings.TrimSuffix(name, again)
	case 2:
		roles = []string{"guest"}
	case 3:
		roles = append(roles, "nowhere")
	}
	s.comes(name, a.Record.Spec.Email, roles...)
	if s.IntN(2) == 0 {
		s.turn()
	}
}

// comes creates a User, as admission has it: nobody goes unseen.
func (s *walk) comes(name, email string, roles ...string) {
	s.Helper()
	s.act("%s comes at %s for %v", name, email, roles)
	u := build.User(name).In(s.w.Namespace, "acme").Email(email).Roles(roles...).Obj()
	u.Finalizers = []string{v1alpha1.FinalizerArchive}
	if err := env.Client(s).Create(s.Context(), u); err != nil && !apierrors.IsAlreadyExists(err) {
		s.Fatal(err)
	}
}

// forget deletes the record of somebody who is parked, or of anybody.
func (s *walk) forget() {
	s.Helper()
	here := s.scene()
	if a := cmp.Or(s.any(here.parked), s.any(here.records)); a != nil {
		s.act("the record of %s is deleted, parked: %t", a.Record.User, a.Parked())
		s.unrecorded[a.UID] = true
		if err := env.Client(s).Delete(s.Context(), a); client.IgnoreNotFound(err) != nil {
			s.Fatal(err)
		}
	}
}

// readdress edits the address of a User: of one who takes over, if there is one.
func (s *walk) readdress(name string) {
	s.Helper()
	here := s.scene()
	if heir := here.heir(s.any(here.parked)); heir != nil {
		name = heir.Name
	}
	to := "elsewhere-" + address(name)
	switch a := s.any(here.parked); {
	case s.IntN(3) == 0:
		to = address(name)
	case a != nil && s.IntN(2) == 0:
		to = a.Record.Spec.Email
	}
	s.act("%s is to have the address %s", name, to)
	s.edit(name, func(u *v1alpha1.User) { u.Spec.Email = to })
}

// heirGoes has a User go who takes over, or has just done so, or is at least back at all.
func (s *walk) heirGoes() {
	s.Helper()
	here := s.scene()
	heir := here.heir(s.any(here.parked))
	if heir == nil {
		return
	}
	switch s.IntN(3) {
	case 0:
		s.act("%s, who takes over, is suspended", heir.Name)
		s.edit(heir.Name, state(v1alpha1.UserSuspended))
	case 1:
		s.act("%s, who takes over, is archived", heir.Name)
		s.edit(heir.Name, archive)
	default:
		s.remove(heir.Name)
	}
}

// any is one of the records; nil when there is none.
func (s *walk) any(records []*v1alpha1.ArchivedUser) *v1alpha1.ArchivedUser {
	if len(records) == 0 {
		return nil
	}
	return records[s.IntN(len(records))]
}

// scene is all that there is at a moment.
type scene struct {
	users []*v1alpha1.User
	// records are all of them, parked those by which somebody keeps everything, and ending those of who is being archived after that.
	records, parked, ending []*v1alpha1.ArchivedUser
	// seats are who holds which seat, and names by which name.
	seats map[int32]types.UID
	names map[types.UID]string
	// notes are who owns them.
	notes map[string]string
	// rights are the roles by which somebody of an address has rights in Kubernetes.
	rights map[string][]string
}

func (s *walk) scene() *scene {
	s.Helper()
	here := &scene{seats: map[int32]types.UID{}, names: map[types.UID]string{}, rights: map[string][]string{}, notes: owners(s.T, s.w)}
	var users v1alpha1.UserList
	var records v1alpha1.ArchivedUserList
	var ledger v1alpha1.SeatSliceList
	for _, list := range []client.ObjectList{&users, &records, &ledger} {
		if err := env.Client(s).List(s.Context(), list, client.InNamespace(s.w.Namespace)); err != nil {
			s.Fatal(err)
		}
	}
	for i := range users.Items {
		here.users = append(here.users, &users.Items[i])
	}
	for i := range records.Items {
		switch a := &records.Items[i]; {
		case a.Parked() && here.user(a.Record.UID) != nil: // who speaks for itself
		case a.Ended():
			here.ending = append(here.ending, a)
		case a.Parked():
			here.parked = append(here.parked, a)
		}
		here.records = append(here.records, &records.Items[i])
	}
	for _, slice := range ledger.Items {
		for _, a := range slice.Assignments {
			here.seats[*a.Seat], here.names[a.UID] = a.UID, a.User
		}
	}
	for _, b := range allBindings(s.T, s.w) {
		for _, subject := range b.Subjects {
			here.rights[subject.Name] = append(here.rights[subject.Name], b.Labels[v1alpha1.LabelRole])
		}
	}
	return here
}

// people are those who are here, by a User or by a record.
func (here *scene) people() []*v1alpha1.User {
	people := slices.Clone(here.users)
	for _, a := range slices.Concat(here.parked, here.ending) {
		people = append(people, membership.Resident(a))
	}
	return people
}

func (here *scene) user(uid types.UID) *v1alpha1.User {
	return find(here.users, func(u *v1alpha1.User) bool { return u.UID == uid })
}

// named is the User of a name; nil when there is none.
func (here *scene) named(name string) *v1alpha1.User {
	return find(here.users, func(u *v1alpha1.User) bool { return u.Name == name })
}

// heir is the User that has claimed a record; nil when there is none.
func (here *scene) heir(a *v1alpha1.ArchivedUser) *v1alpha1.User {
	if a == nil {
		return nil
	}
	return here.user(a.Record.Parked.Heir.UID)
}

// person is the User that is the person of a record; nil when there is none.
func (here *scene) person(a *v1alpha1.ArchivedUser) *v1alpha1.User {
	return find(here.users, func(u *v1alpha1.User) bool { return membership.TakenOver(u, a) })
}

// keeps says that somebody is parked.
func (here *scene) keeps(uid types.UID) bool {
	return find(here.parked, func(a *v1alpha1.ArchivedUser) bool { return a.Record.UID == uid }) != nil
}

func (here *scene) holds(uid types.UID) bool {
	return slices.Contains(slices.Collect(maps.Values(here.seats)), uid)
}

func find[T any](all []*T, which func(*T) bool) *T {
	if at := slices.IndexFunc(all, which); at >= 0 {
		return all[at]
	}
	return nil
}

// kept is what somebody had who is parked, when that was seen first, and the record as it was seen last.
type kept struct {
	record *v1alpha1.ArchivedUser
	seat   bool
	signs  bool
	notes  []string
	rights []string
	// back says that somebody was seen who had taken over.
	back bool
}

// watch holds, at any moment, that nobody who is parked loses anything, and nobody has rights in Kubernetes without the role.
func (s *walk) watch() {
	s.Helper()
	here := s.scene()
	s.bound(here)
	accounts := s.w.Directory.Accounts()
	for _, a := range here.parked {
		k := s.kept[a.Record.UID]
		if k == nil {
			st := &a.Record.Parked.Status
			k = &kept{
				seat:   here.holds(a.Record.UID) || slices.Contains(st.Seats, "standard"),
				signs:  accounts[a.Record.Account()].Account.Active || st.DirectoryAccount != nil && st.DirectoryAccount.State == v1alpha1.AccountActive,
				rights: here.rights[a.Record.Spec.Email],
			}
			for note, owner := range here.notes {
				if owner == a.Record.User {
					k.notes = append(k.notes, note)
				}
			}
			s.kept[a.Record.UID] = k
		}
		k.record = a
		s.keeps(here, k)
	}
	for uid, k := range s.kept {
		if !here.keeps(uid) {
			delete(s.kept, uid)
			s.ends(here, k)
		}
	}
}

// keeps holds that who is parked, or has taken over from that and not gone again, loses nothing.
func (s *walk) keeps(here *scene, k *kept) {
	s.Helper()
	a, heir := k.record, here.person(k.record)
	if k.back = k.back || heir != nil; heir != nil && (!access.Active(heir) || access.Leaving(heir) && !access.Detained(heir, acmeOf(s.w))) {
		return
	}
	who := a.Record.User
	if k.seat && !here.holds(a.Record.UID) && (heir == nil || !here.holds(heir.UID)) {
		s.Errorf("the seat of %s is not kept", who)
	}
	if k.signs && !s.w.Directory.Accounts()[a.Record.Account()].Account.Active {
		s.Errorf("%s is parked and signed out", who)
	}
	if other := here.named(who); other == nil || heir != nil && other.UID == heir.UID {
		for _, note := range k.notes {
			if here.notes[note] != who {
				s.Errorf("%s is parked, and %s is owned by %q", who, note, here.notes[note])
			}
		}
	}
	for _, role := range k.rights {
		if heir == nil && !slices.Contains(here.rights[a.Record.Spec.Email], role) {
			s.Errorf("%s is parked, and has no rights by role %s any more", who, role)
		}
	}
}

// ends holds that somebody is parked no more since that was over, or since the person is here, with all that there was.
func (s *walk) ends(here *scene, k *kept) {
	s.Helper()
	a, heir := k.record, here.person(k.record)
	switch over := !s.w.Clock.Now().Before(a.Record.Parked.Until.Time) || s.unrecorded[a.UID]; {
	case heir == nil && !k.back && !over:
		s.Errorf("%s is archived, whose time was not over", a.Record.User)
	case heir == nil:
	case heir.Name != a.Record.User:
		s.renamed[a.Record.User] = true
		fallthrough
	default:
		if k.seat && access.Active(heir) && !access.Leaving(heir) && slices.Contains(heir.Spec.Roles, "member") && !here.holds(heir.UID) {
			s.Errorf("%s is back as %s, with the roles %v, and a seat: %t", a.Record.User, heir.Name, heir.Status.Roles, here.holds(heir.UID))
		}
	}
}

// parkAll has everybody be deleted, and whoever can be parked be so: first those come who are not here.
func (s *walk) parkAll() {
	s.Helper()
	for _, name := range walkers {
		s.comes(name, address(name), "member")
	}
	s.settle()
	for _, name := range walkers {
		s.accept(name)
	}
	s.settle()
	for _, name := range s.names {
		if u := (&v1alpha1.User{}); s.w.Find(name, u) && !access.Leaving(u) {
			s.note(name)
		}
	}
	for _, name := range s.names {
		s.remove(name)
	}
	s.settle()
	s.annotate(v1alpha1.AnnotationRejectRemovals)
	s.settle()
}

// settle lets the operator come to an end, and looks on.
func (s *walk) settle() {
	s.Helper()
	const bound = 40
	for range bound {
		settled, _ := s.w.Round()
		if s.watch(); settled {
			return
		}
	}
	s.Fatal("not settled")
}

// reapply has some of those who are parked come back, by their name or by another: nothing has happened to them.
func (s *walk) reapply() {
	s.Helper()
	here := s.scene()
	back := map[string]*v1alpha1.ArchivedUser{}
	for _, a := range here.parked {
		name := a.Record.User
		if s.IntN(2) == 0 {
			name = strings.TrimSuffix(name, again) + again
		}
		taken := here.named(name) != nil || back[name] != nil || here.heir(a) != nil || !a.DeletionTimestamp.IsZero() ||
			slices.ContainsFunc(here.users, func(u *v1alpha1.User) bool {
				return slices.ContainsFunc(membership.Addresses(u), func(email string) bool {
					return membership.FoldEmail(email) == membership.FoldEmail(a.Record.Spec.Email)
				})
			})
		if taken || s.IntN(3) == 0 || !s.w.Clock.Now().Add(time.Minute).Before(a.Record.Parked.Until.Time) {
			continue
		}
		back[name] = a
		if s.comes(name, a.Record.Spec.Email, "member"); s.IntN(3) == 0 { // and the record stays until its time is over
			s.edit(name, withRoles("member", "nowhere"))
		}
	}
	s.settle()
	after := s.scene()
	for name, a := range back {
		u := after.named(name)
		if u == nil || u.Account() != a.Record.Account() || !u.Status.AcceptedAt.Equal(a.Record.AcceptedAt) {
			s.Errorf("%s is back in time, and is not the same person: %+v", name, u)
			continue
		}
		for number, uid := range here.seats {
			if uid == a.Record.UID && after.seats[number] != u.UID {
				s.Errorf("%s is back in time, and has another seat than before: %v", name, s.w.Ledger("standard"))
			}
		}
		if here.holds(a.Record.UID) && len(u.Spec.Roles) == 1 && find(after.parked, func(b *v1alpha1.ArchivedUser) bool { return b.UID == a.UID }) != nil {
			s.Errorf("%s is back, and the record is there", name)
		}
	}
}

// stays holds that somebody who was here still is, can sign in, and has the seat.
func (s *walk) stays(was *v1alpha1.User) {
	s.Helper()
	here := s.scene()
	u := here.user(was.UID)
	if u == nil || !access.Active(u) || !s.w.Directory.Accounts()[u.Account()].Account.Active && membership.MayEnter(was) {
		s.Errorf("%s was here, and is %+v", was.Name, u)
	} else if access.Holds(was, "member") && !here.holds(u.UID) {
		s.Errorf("%s has no seat any more: %v", was.Name, s.w.Ledger("standard"))
	}
}

// unguarded lets everything be over that the guard keeps: nobody is parked any more, and nobody held.
func (s *walk) unguarded() {
	s.Helper()
	s.act("the time of all is over")
	before := s.scene()
	s.w.Clock.SetTime(s.w.Clock.Now().Add(parkWindow + time.Minute))
	s.settle()
	for _, u := range before.users { // a record that is over takes nothing from who is here
		if access.Active(u) && !access.Leaving(u) {
			s.stays(u)
		}
	}
	s.act("the organization holds nobody any more")
	passes.Change(s.w, "acme", func(o *v1alpha1.Organization) { o.Spec.Protection = v1alpha1.ProtectionPolicy{} })
	s.w.Clock.SetTime(s.w.Clock.Now().Add(10 * time.Minute))
	s.settle()
	s.w.Settle()
	here := s.scene()
	for _, a := range here.parked {
		s.Errorf("%s is parked: %+v", a.Record.User, a.Record.Parked)
	}
	for _, a := range here.ending {
		if u := membership.Resident(a); s.w.Reason(u) != v1alpha1.ReasonSuccessorRequired {
			s.Errorf("%s is being archived: %+v", a.Record.User, a.Record.Parked.Status)
		}
	}
}

// standings are what is said of people, for a failure to tell.
func (here *scene) standings(w *passes.World) (all []string) {
	for _, u := range here.people() {
		all = append(all, fmt.Sprintf("%s %s %s", u.Name, bindings.Address(u), w.Reason(u)))
	}
	return all
}
