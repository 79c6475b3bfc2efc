// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
)

const secretWords = "seven violets by the old bridge"

// asking is acme with ada, where people choose a password when they accept.
func asking(mode v1alpha1.AcceptanceMode) []client.Object {
	objects := acme(1, "ada")
	objects[0] = build.Organization("acme").Acceptance(mode).Directory().Obj()
	return append([]client.Object{&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "directory"}}}, objects...)
}

// choose accepts an invitation with a password.
func (s *stage) choose(link, password, again string) int {
	s.Helper()
	return s.request(http.MethodPost, link, url.Values{"answer": {accept}, "password": {password}, "repeat": {again}})
}

// tells says whether anything that the API server shows of the stage holds these words.
func (s *stage) tells(words string) bool {
	s.Helper()
	for _, list := range []client.ObjectList{
		&v1alpha1.UserList{}, &v1alpha1.OrganizationList{}, &v1alpha1.ArchivedUserList{}, &eventsv1.EventList{}, &corev1.ConfigMapList{},
	} {
		s.must(s.List(s.Context(), list, client.InNamespace(s.ns)), "listing %T", list)
		raw, err := json.Marshal(list)
		s.must(err, "encoding %T", list)
		if strings.Contains(string(raw), words) {
			return true
		}
	}
	return false
}

// Rules IN-6 and CO-3: mail, then password. It goes to the directory and nowhere else.
func TestIN6_MailThenPassword(t *testing.T) {
	t.Parallel()
	s := empty(t)
	accounts := &fake.Directory{}
	s.start(operator.Options{Directory: accounts})
	s.create(asking(v1alpha1.AcceptancePassword)...)
	ada := s.invited("ada", 1)
	link := s.links(at("ada"), 1)[0]
	for why, pair := range map[string][2]string{"none": {"", ""}, "short": {"short", "short"}, "two": {secretWords, secretWords + "!"}} {
		s.settles("a password that is "+why, http.StatusUnprocessableEntity, func() int { return s.choose(link, pair[0], pair[1]) })
	}
	s.is("ada", v1alpha1.ReasonInvited)
	if set := accounts.Record(); len(set) != 0 {
		t.Fatalf("the directory was given %d passwords", len(set))
	}
	if status := s.choose(link, secretWords, secretWords); status != http.StatusOK {
		t.Fatalf("a good password is answered with %d", status)
	}
	s.is("ada", v1alpha1.ReasonActive)
	if got := accounts.Accounts()[ada.UID]; got.Password != secretWords || got.Account.UserName != at("ada") || !got.Account.Active || len(accounts.Record()) != 1 {
		t.Errorf("the directory has %+v", accounts.Record())
	}
	if s.tells(secretWords) || get[v1alpha1.User](s, "ada").Status.Invitation.Answering.ID != "" {
		t.Error("the password, or the answer that it came with, is still somewhere")
	}
	if status := s.choose(link, secretWords+" again", secretWords+" again"); status != http.StatusConflict {
		t.Errorf("a second answer gives %d", status)
	}
	if got := accounts.Accounts()[ada.UID].Password; got != secretWords {
		t.Error("a second answer replaced the password")
	}
}

func TestOnePasswordCounts(t *testing.T) {
	t.Parallel()
	s := empty(t)
	accounts := &fake.Directory{}
	s.start(operator.Options{Directory: accounts})
	s.create(asking(v1alpha1.AcceptancePassword)...)
	ada := s.invited("ada", 1)
	link := s.links(at("ada"), 1)[0]
	var answering sync.WaitGroup
	var mu sync.Mutex
	won := map[string]bool{}
	for i := range 6 {
		answering.Go(func() {
			mine := fmt.Sprint(secretWords, " ", i)
			if s.choose(link, mine, mine) == http.StatusOK {
				mu.Lock()
				defer mu.Unlock()
				won[mine] = true
			}
		})
	}
	answering.Wait()
	s.is("ada", v1alpha1.ReasonActive)
	if got := accounts.Accounts()[ada.UID].Password; len(won) != 1 || !won[got] || len(accounts.Record()) != 1 {
		t.Errorf("%d answers counted, the directory was given %d passwords, and has the winner's: %t", len(won), len(accounts.Record()), won[got])
	}
}

func TestDirectoryIsDownWhenSomebodyAccepts(t *testing.T) {
	t.Parallel()
	s := empty(t)
	accounts := &fake.Directory{}
	s.start(operator.Options{Directory: accounts})
	s.create(asking(v1alpha1.AcceptancePassword)...)
	s.invited("ada", 1)
	link := s.links(at("ada"), 1)[0]
	accounts.Unavailable(1)
	if status := s.choose(link, secretWords, secretWords); status != http.StatusServiceUnavailable {
		t.Errorf("without the directory an answer gives %d", status)
	}
	s.is("ada", v1alpha1.ReasonInvited)
	if status := s.choose(link, secretWords, secretWords); status != http.StatusOK {
		t.Errorf("with the directory back, an answer gives %d", status)
	}
	s.is("ada", v1alpha1.ReasonActive)
}

func TestPasswordsNeedADirectory(t *testing.T) {
	t.Parallel()
	without := acme(1, "ada")
	without[0] = build.Organization("acme").Acceptance(v1alpha1.AcceptancePassword).Obj()
	s := play(t, without...)
	s.says("ada", v1alpha1.ReasonDirectoryRequired, "there is no directory to hand it to")
	await(s, "acme", func(o *v1alpha1.Organization) error { return stands(o, v1alpha1.ReasonDirectoryRequired) })
	edit(s, "acme", func(o *v1alpha1.Organization) { o.Spec.Invitation.Acceptance = v1alpha1.AcceptanceConfirm })
	s.invited("ada", 1)
	s.answer(s.links(at("ada"), 1)[0], accept, http.StatusOK)
}

// Rule EZ-12: the inviter chooses a first password. The directory gets it before anybody is invited, once.
func TestEZ12_TheInviterChoosesAFirstPassword(t *testing.T) {
	t.Parallel()
	s := empty(t)
	accounts := &fake.Directory{}
	s.start(operator.Options{Directory: accounts})
	objects := asking(v1alpha1.AcceptanceConfirm)
	ada := objects[len(objects)-1].(*v1alpha1.User)
	ada.Spec.InitialPasswordSecretRef.Name = "ada-first-password"
	s.create(objects...)
	s.says("ada", v1alpha1.ReasonSecretNotFound, "there is no Secret ada-first-password with the key password")
	s.links(at("ada"), 0)
	accounts.Unavailable(1)
	s.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "ada-first-password"}, Data: map[string][]byte{"password": []byte(secretWords)}})
	u := s.invited("ada", 1)
	if got := accounts.Record(); len(got) != 1 || got[0].Password != secretWords || got[0].Account.UID != u.UID || u.Status.InitialPasswordAt == nil {
		t.Errorf("the directory was given %+v, on record is %v", got, u.Status.InitialPasswordAt)
	}
	if s.tells(secretWords) {
		t.Error("the password is shown")
	}
	s.must(s.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "ada-first-password"}}), "deleting the Secret")
	s.annotate("ada", v1alpha1.AnnotationResendInvitation, "please")
	s.invited("ada", 2)
	s.answer(s.links(at("ada"), 2)[1], accept, http.StatusOK)
	s.is("ada", v1alpha1.ReasonActive)
	if n := len(accounts.Record()); n != 1 {
		t.Errorf("the directory was given %d passwords", n)
	}
}

func TestFirstPasswordThatTheDirectoryRefuses(t *testing.T) {
	t.Parallel()
	s := empty(t)
	accounts := &fake.Directory{}
	s.start(operator.Options{Directory: accounts})
	objects := asking(v1alpha1.AcceptanceConfirm)
	ada := objects[len(objects)-1].(*v1alpha1.User)
	ada.Spec.InitialPasswordSecretRef.Name = "ada-first-password"
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "ada-first-password"}, Data: map[string][]byte{"password": []byte("secret")}}
	gate := accounts.Hang()
	s.create(append([]client.Object{secret}, objects...)...)
	<-gate.Reached()
	accounts.Reject(get[v1alpha1.User](s, "ada").UID, "too short")
	gate.Open()
	s.says("ada", v1alpha1.ReasonDirectoryRejected, "too short")
	s.links(at("ada"), 0)
	accounts.Reject(get[v1alpha1.User](s, "ada").UID, "")
	s.annotate("ada", v1alpha1.AnnotationReconcileAt, "now")
	s.invited("ada", 1)
}

// policy has the addresses of acme edited in a way.
func policy(change v1alpha1.EmailChange, users ...string) []client.Object {
	objects := acme(2, users...)
	objects[0] = build.Organization("acme").EmailChange(change).Obj()
	return objects
}

// Rule EZ-15: another address is another person, on the same seat.
func TestEZ15_AnotherAddressReplacesThePerson(t *testing.T) {
	t.Parallel()
	s := play(t, policy(v1alpha1.EmailChangeReplace, "ada", "bea")...)
	s.join("ada")
	s.join("bea")
	before := get[v1alpha1.SeatSlice](s, "standard-0")
	edit(s, "bea", func(u *v1alpha1.User) { u.Spec.Email = at("nadia") })
	u := s.invited("bea", 2)
	if u.Status.AcceptedAt != nil || u.Status.Email != at("nadia") {
		t.Errorf("nadia is known as %s, and has accepted at %v", u.Status.Email, u.Status.AcceptedAt)
	}
	s.holds(u, "standard")
	if after := get[v1alpha1.SeatSlice](s, "standard-0"); after.ResourceVersion != before.ResourceVersion {
		t.Errorf("the seat left: %+v", after.Assignments)
	}
	var records v1alpha1.ArchivedUserList
	s.must(s.List(t.Context(), &records, client.InNamespace(s.ns)), "listing records")
	if len(records.Items) != 1 || records.Items[0].Record.Spec.Email != at("bea") || records.Items[0].Record.AcceptedAt == nil {
		t.Errorf("of bea remains %+v", records.Items)
	}
	s.answer(s.links(at("bea"), 1)[0], accept, http.StatusGone)
	s.answer(s.links(at("nadia"), 1)[0], accept, http.StatusOK)
	s.is("bea", v1alpha1.ReasonActive)
}

func TestEZ15_AnInvitedPersonIsReplaced(t *testing.T) {
	t.Parallel()
	s := play(t, policy(v1alpha1.EmailChangeReplace, "ada")...)
	s.invited("ada", 1)
	s.answer(s.links(at("ada"), 1)[0], decline, http.StatusOK)
	s.is("ada", v1alpha1.ReasonDeclined)
	edit(s, "ada", func(u *v1alpha1.User) { u.Spec.Email = at("nadia") }) // who was not asked yet
	s.holds(s.invited("ada", 2), "standard")
	s.answer(s.links(at("nadia"), 1)[0], accept, http.StatusOK)
}

// Whoever was asked and has not answered is replaced as well: the old link ends, the seat stays, and there is a record of
// whoever was written to.
func TestEZ15_AnOpenInvitationPassesOn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		why         string
		people      []string // one after the other, the last of whom accepts
		unreachable string
		records     []string
	}{
		"mailed":            {people: []string{"bea", "nadia"}, records: []string{at("bea")}},
		"not mailed":        {people: []string{"bea", "nadia"}, unreachable: "bea", why: "nobody ever wrote to bea"},
		"mailed, then not":  {people: []string{"bea", "eve", "nadia"}, unreachable: "eve", records: []string{at("bea")}, why: "nobody ever wrote to eve"},
		"two, who got mail": {people: []string{"bea", "eve", "nadia"}, records: []string{at("bea"), at("eve")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := empty(t)
			s.box.SetScript(mailbox.To(at(tt.unreachable), mailbox.At(mailbox.Rcpt, mailbox.Answer(451, "4.3.0 Come back later"))))
			s.start(operator.Options{})
			s.create(policy(v1alpha1.EmailChangeReplace, "ada", "bea")...)
			s.holds(s.asked("bea", "bea", tt.unreachable), "standard")
			before := get[v1alpha1.SeatSlice](s, "standard-0")
			for _, next := range tt.people[1:] {
				edit(s, "bea", func(u *v1alpha1.User) { u.Spec.Email = at(next) })
				u := s.asked("bea", next, tt.unreachable)
				if u.Status.Email != at(next) || u.Status.AcceptedAt != nil {
					t.Errorf("%s is known as %s, and has accepted at %v", next, u.Status.Email, u.Status.AcceptedAt)
				}
				s.holds(u, "standard")
			}
			for _, address := range tt.records {
				s.answer(s.links(address, 1)[0], accept, http.StatusGone)
			}
			s.answer(s.links(at("nadia"), 1)[0], accept, http.StatusOK)
			s.holds(s.is("bea", v1alpha1.ReasonActive), "standard")
			if after := get[v1alpha1.SeatSlice](s, "standard-0"); after.ResourceVersion != before.ResourceVersion {
				t.Errorf("the seat left: %+v", after.Assignments)
			}
			if records := s.recorded(); !slices.Equal(records, tt.records) {
				t.Errorf("there are records of %q, want %q: %s", records, tt.records, tt.why)
			}
		})
	}
}

// asked waits until a person was written to as the user with the name, or is found to be unreachable.
func (s *stage) asked(name, person, unreachable string) *v1alpha1.User {
	s.Helper()
	if person == unreachable {
		return s.is(name, v1alpha1.ReasonMailUnavailable)
	}
	return s.is(name, v1alpha1.ReasonInvited)
}

// recorded are the addresses of those of whom there are records.
func (s *stage) recorded() (addresses []string) {
	s.Helper()
	var list v1alpha1.ArchivedUserList
	s.must(s.List(s.Context(), &list, client.InNamespace(s.ns)), "listing records")
	for i := range list.Items {
		addresses = append(addresses, list.Items[i].Record.Spec.Email)
	}
	slices.Sort(addresses)
	return addresses
}

// Rule IN-9, around admission: nothing changes for the person until the address is set back.
func TestIN9_AnAddressCannotBeEdited(t *testing.T) {
	t.Parallel()
	s := play(t, policy(v1alpha1.EmailChangeDeny, "ada", "bea")...)
	s.join("ada")
	s.invited("bea", 1)
	for _, name := range []string{"ada", "bea"} {
		edit(s, name, func(u *v1alpha1.User) { u.Spec.Email = at("new." + name) })
		s.holds(s.says(name, v1alpha1.ReasonEmailChangeDenied, "set it back, or delete this User"), "standard")
		s.links(at("new."+name), 0)
		edit(s, name, func(u *v1alpha1.User) { u.Spec.Email = at(name) })
	}
	s.is("ada", v1alpha1.ReasonActive)
	s.is("bea", v1alpha1.ReasonInvited)
	s.answer(s.links(at("bea"), 1)[0], accept, http.StatusOK)
}

// A correction of the address of somebody who never got the mail.
func TestCorrectedAddressAfterExpiry(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada", "bea")...)
	inv := s.invited("bea", 1).Status.Invitation
	s.leapTo("bea", inv.ExpiresAt.Add(time.Second))
	s.is("bea", v1alpha1.ReasonInvitationExpired)
	s.freed("bea")
	edit(s, "bea", func(u *v1alpha1.User) { u.Spec.Email = at("lovelace") })
	s.holds(s.invited("bea", 2), "standard")
	s.answer(s.links(at("lovelace"), 1)[0], accept, http.StatusOK)
}

// The same, when nothing has happened for long: the edit itself is all there is to wake the pool.
func TestCorrectedAddressAfterExpiryAndRest(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada", "cid")...)
	inv := s.invited("cid", 1).Status.Invitation
	s.leapTo("cid", inv.ExpiresAt.Add(time.Second))
	s.is("cid", v1alpha1.ReasonInvitationExpired)
	s.freed("cid")
	s.rest()
	edit(s, "cid", func(u *v1alpha1.User) { u.Spec.Email = at("lovelace") })
	s.holds(s.invited("cid", 2), "standard")
	s.answer(s.links(at("lovelace"), 1)[0], accept, http.StatusOK)
}

// Rule EZ-16: the roles of somebody who is invited can still be changed; the link goes on.
func TestEZ16_RolesChangeWhileInvited(t *testing.T) {
	t.Parallel()
	objects := append(acme(1, "ada"), build.SeatPool("premium").Seats(1).Obj(), build.Role("manager").SeatPool("premium").Obj(), build.Role("guest").Obj())
	s := play(t, objects...)
	s.invited("ada", 1)
	link := s.links(at("ada"), 1)[0]
	for _, roles := range [][]string{{"manager"}, {"guest"}, {"guest", "member", "manager"}} {
		edit(s, "ada", func(u *v1alpha1.User) { u.Spec.Roles = roles })
		await(s, "ada", func(u *v1alpha1.User) error {
			if len(u.Status.Roles) != len(roles) {
				return fmt.Errorf("ada has the roles %v, want %v", u.Status.Roles, roles)
			}
			return stands(u, v1alpha1.ReasonInvited)
		})
		s.settles("the page", http.StatusOK, func() int { return s.request(http.MethodGet, link, nil) })
	}
	s.answer(link, accept, http.StatusOK)
	if got := s.is("ada", v1alpha1.ReasonActive).Status.Roles; len(got) != 3 {
		t.Errorf("ada has the roles %v", got)
	}
	s.links(at("ada"), 1)
}

// Whoever is here when an organization gets a directory is provisioned there, and signed out of it like everybody else.
func TestDirectoryThatComesLater(t *testing.T) {
	t.Parallel()
	s := empty(t)
	accounts := &fake.Directory{}
	s.start(operator.Options{Directory: accounts})
	s.create(acme(2, "ada", "bea")...)
	s.invited("bea", 1)
	s.answer(s.links(at("bea"), 1)[0], accept, http.StatusOK)
	bea := s.is("bea", v1alpha1.ReasonActive)
	s.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "directory"}})
	edit(s, "acme", func(o *v1alpha1.Organization) {
		o.Spec.Directory = build.Organization("acme").Directory().Obj().Spec.Directory
	})
	enters := func(wanted bool) func(*v1alpha1.User) error {
		return func(u *v1alpha1.User) error {
			on, has := u.Status.DirectoryAccount, accounts.Accounts()[bea.UID].Account
			if on == nil || (on.State == v1alpha1.AccountActive) != wanted || has.Active != wanted {
				return fmt.Errorf("on record is %+v, and the directory has %+v", on, has)
			}
			return nil
		}
	}
	await(s, "bea", enters(true))
	edit(s, "bea", func(u *v1alpha1.User) { u.Spec.State = v1alpha1.UserSuspended })
	await(s, "bea", enters(false))
	s.is("bea", v1alpha1.ReasonSuspended)
}
