// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// until sets when access ends; the zero time removes the end.
func (s *stage) until(name string, t time.Time) {
	s.Helper()
	edit(s, name, func(u *v1alpha1.User) {
		if u.Spec.AccessUntil = nil; !t.IsZero() {
			u.Spec.AccessUntil = new(metav1.NewTime(t))
		}
	})
}

// in is a time so far ahead, in whole seconds.
func (s *stage) in(d time.Duration) time.Time { return s.clock.Now().Add(d).Truncate(time.Second) }

// noticed waits until it is on record that a person was mailed of the end of access.
func (s *stage) noticed(name string, until time.Time) *v1alpha1.User {
	s.Helper()
	return await(s, name, func(u *v1alpha1.User) error {
		if n := u.Status.AccessNotice; !n.Until.Time.Equal(until) || n.SentAt == nil {
			return fmt.Errorf("of the end at %v, %s is told %+v", until, name, n)
		}
		return nil
	})
}

// noted waits until there are so many events that the access of a user ends.
func (s *stage) noted(name string, want int) {
	s.Helper()
	env.Eventually(s, func() error {
		if n := s.events(name, v1alpha1.ReasonAccessEnding); n != want {
			return fmt.Errorf("%d events tell that the access of %s ends, want %d", n, name, want)
		}
		return nil
	})
}

// notices are the mails to an address that tell of the end of access.
func (s *stage) notices(address string) []mailbox.Message {
	return slices.DeleteFunc(s.mails(address), func(m mailbox.Message) bool { return !strings.Contains(m.Subject, "is about to end") })
}

// Rules IN-1, IN-11: access ends with nobody at the keyboard, all of it.
func TestIN1_AccessEndsByTheClock(t *testing.T) {
	t.Parallel()
	objects := append(acme(2, "ada"), build.Role("viewer").RoleRefs("view").Obj(), build.User("bea").Roles("member", "viewer").Obj(), member("cid").Obj())
	s := play(t, objects...)
	end := s.in(4000 * time.Hour)
	s.until("bea", end)
	s.join("bea")
	s.bound("bea")
	s.is("cid", v1alpha1.ReasonAwaitingSeat)
	spec := get[v1alpha1.User](s, "bea").Spec

	s.leapTo("bea", end.Add(-3*time.Second)) // a timer does the rest
	bea := s.says("bea", v1alpha1.ReasonArchived, "access ended at "+end.UTC().Format(time.RFC3339)+" (spec.accessUntil)")
	if bea.Status.AccessEndedAt == nil || bea.Status.AccessEndedAt.Time.Before(end) || bea.Status.AccessRevokedAt == nil || len(bea.Status.Roles) > 0 {
		t.Errorf("ended at %v, want %v; revoked at %v, with roles %v", bea.Status.AccessEndedAt, end, bea.Status.AccessRevokedAt, bea.Status.Roles)
	}
	if diff := cmp.Diff(spec, bea.Spec); diff != "" {
		t.Errorf("the spec is the people's, and changed:\n%s", diff)
	}
	s.holds(bea)
	s.bound()
	s.holds(s.is("cid", v1alpha1.ReasonInvited), "standard")
	await(s, "acme", func(o *v1alpha1.Organization) error { return counts("archived", o.Status.Archived, 1) })

	s.delete("bea")
	s.gone("bea")
	var records v1alpha1.ArchivedUserList
	s.must(s.List(t.Context(), &records, client.InNamespace(s.ns)), "listing the records")
	if len(records.Items) != 1 || !records.Items[0].Record.AccessEndedAt.Equal(bea.Status.AccessEndedAt) {
		t.Errorf("the records are %+v, want one that says when access ended", records.Items)
	}
}

// Rule IN-1: whoever was invited cannot accept any more, also when the operator was away at that moment.
func TestIN1_EndsWhileNobodyLooks(t *testing.T) {
	t.Parallel()
	s := play(t, acme(3, "ada", "bea", "cid")...)
	end := s.in(time.Hour)
	s.until("bea", end)
	s.until("cid", end)
	s.join("bea")
	s.invited("cid", 1)
	s.op.Stop(t)
	s.clock.LeapTo(end)
	s.start(operator.Options{})
	s.holds(s.is("bea", v1alpha1.ReasonArchived))
	s.holds(s.is("cid", v1alpha1.ReasonArchived))
	s.answer(s.links(at("cid"), 1)[0], accept, http.StatusGone)
}

// Rule IN-1: an end that is over at creation is the end of the matter, and costs nobody a seat.
func TestIN1_OverAtCreation(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada")...)
	s.create(member("bea").Until(s.in(-time.Hour)).Obj(), member("cid").Obj())
	s.holds(s.is("bea", v1alpha1.ReasonArchived))
	s.holds(s.is("cid", v1alpha1.ReasonInvited), "standard") // although bea was first
	s.until("bea", time.Time{})
	s.is("bea", v1alpha1.ReasonAwaitingSeat)
	s.links(at("bea"), 0)
	s.noted("bea", 0)
}

// Rules IN-1, AX-14: a later end keeps the person, and brings back who had gone, as from state Archived.
func TestIN1_Extension(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada", "bea", "cid")...)
	first := s.in(1000 * time.Hour)
	second := first.Add(1000 * time.Hour)
	s.until("bea", first)
	s.join("bea")
	s.until("bea", second)
	s.leapTo("bea", first.Add(time.Hour))
	s.rest()
	s.holds(s.is("bea", v1alpha1.ReasonActive), "standard")

	s.leapTo("bea", second)
	s.is("bea", v1alpha1.ReasonArchived)
	s.is("cid", v1alpha1.ReasonInvited)
	s.until("bea", second.Add(1000*time.Hour))
	s.says("bea", v1alpha1.ReasonAwaitingSeat, "number 1 in the queue")
	s.scale(3)
	bea := s.is("bea", v1alpha1.ReasonActive) // without another mail
	s.holds(bea, "standard")
	if bea.Status.AccessRevokedAt != nil || bea.Status.AccessEndedAt != nil {
		t.Errorf("bea is back, and access was revoked at %v, and ended at %v", bea.Status.AccessRevokedAt, bea.Status.AccessEndedAt)
	}
	s.links(at("bea"), 1)

	s.until("bea", s.in(-time.Hour))
	s.is("bea", v1alpha1.ReasonArchived)
	s.until("bea", time.Time{})
	s.holds(s.is("bea", v1alpha1.ReasonActive), "standard")
}

// Rule IN-1: whoever had not accepted is invited anew, and the link of before stays dead.
func TestIN1_ExtensionOfAnInvitation(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada", "bea")...)
	s.invited("bea", 1)
	end := s.in(time.Hour)
	s.until("bea", end)
	s.noted("bea", 1) // which is soon: whoever looks after people is told, and who has no access yet is not
	s.leapTo("bea", end)
	s.is("bea", v1alpha1.ReasonArchived)
	s.answer(s.links(at("bea"), 1)[0], accept, http.StatusGone)
	s.until("bea", end.Add(1000*time.Hour))
	s.invited("bea", 2)
	links := s.links(at("bea"), 2)
	s.answer(links[0], accept, http.StatusGone)
	s.answer(links[1], accept, http.StatusOK)
	s.is("bea", v1alpha1.ReasonActive)
	if n := len(s.notices(at("bea"))); n != 0 {
		t.Errorf("bea got %d notices", n)
	}
}

// Rule IN-1: it is told in time, once for each end, in the person's own words and time.
func TestIN1_NoticeOnce(t *testing.T) {
	t.Parallel()
	objects := append(acme(2, "ada"), member("bea").TimeZone("Europe/Paris").Obj())
	objects[0] = build.Organization("acme").DisplayName("Acme SAS").AccessNotice(48 * time.Hour).Obj()
	s := play(t, objects...)
	s.join("bea")
	paris, err := time.LoadLocation("Europe/Paris")
	s.must(err, "loading a time zone")
	end := s.in(1000 * time.Hour)
	for nth, later := range []time.Time{end, end.Add(1000 * time.Hour)} {
		s.until("bea", later)
		s.is("bea", v1alpha1.ReasonActive)
		s.noted("bea", nth)
		s.leapTo("bea", later.Add(-48*time.Hour-3*time.Second)) // a timer does the rest
		bea := s.noticed("bea", later)
		s.noted("bea", nth+1)
		s.rest()
		notices := s.notices(at("bea"))
		if len(notices) != nth+1 {
			t.Fatalf("bea got %d notices, want %d", len(notices), nth+1)
		}
		want := invitation.English.FormatTime(later.In(paris))
		if m := notices[nth]; m.Subject != "Your access to Acme SAS is about to end" || !strings.Contains(m.Text, want) || !strings.Contains(m.HTML, "<html") {
			t.Errorf("the notice is %q: %q; want it to say %q", m.Subject, m.Text, want)
		}
		s.holds(s.is("bea", v1alpha1.ReasonActive), "standard")
		s.settled(bea)
	}
	if notices := s.notices(at("bea")); notices[0].MessageID == notices[1].MessageID {
		t.Error("two ends have one Message-ID")
	}
}

// settled restarts the operator, and fails the story if it writes to a user who was at rest.
func (s *stage) settled(u *v1alpha1.User) {
	s.Helper()
	s.op.Stop(s.T)
	var traffic operator.Traffic
	s.start(operator.Options{Config: traffic.Config(env.Config(s))})
	s.rest()
	for _, r := range traffic.Requests(operator.Writing("users", "users/status")) {
		if r.Name == u.Name {
			s.Errorf("%s is at rest, and the next operator makes the request %v", u.Name, r)
		}
	}
}

// Rule IN-1: what ended stays ended, without another write.
func TestIN1_TheEndIsQuiet(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada", "bea")...)
	s.join("bea")
	s.until("bea", s.in(-time.Hour))
	s.settled(s.is("bea", v1alpha1.ReasonArchived))
	if n := s.events("bea", v1alpha1.ReasonAccessEnding); n != 0 {
		t.Errorf("%d events tell of an end that is over", n)
	}
}

// An operator that dies after it has sent the notice sends the same once more.
func TestIN1_OperatorDiesBeforeItRecordsTheNotice(t *testing.T) {
	t.Parallel()
	s := empty(t)
	var traffic operator.Traffic
	s.start(operator.Options{Config: traffic.Config(env.Config(t))})
	s.create(acme(1, "ada")...)
	s.join("ada")
	dead := traffic.Kill(operator.NotSent, 1, func(r operator.Request) bool {
		return operator.Writing("users/status")(r) && len(s.notices(at("ada"))) > 0
	})
	end := s.in(40 * time.Hour)
	s.until("ada", end)
	<-dead
	s.replace()
	s.noticed("ada", end)
	mails := s.mails(at("ada"))
	if len(mails) != 3 {
		t.Fatalf("ada has got %d mails, want the notice twice", len(mails))
	}
	mails[1].ID, mails[1].Received = mails[2].ID, mails[2].Received
	if diff := cmp.Diff(mails[1], mails[2]); diff != "" {
		t.Errorf("these are two notices, not one twice:\n%s", diff)
	}
	s.noted("ada", 1)
}

// Rule IN-1: a mail server that is away delays the notice, and not the end.
func TestIN1_NoticeWhileTheMailServerIsAway(t *testing.T) {
	t.Parallel()
	s := play(t, acme(3, "ada", "bea", "cid")...)
	s.join("bea")
	s.join("cid")
	s.box.SetScript(mailbox.At(mailbox.Rcpt, mailbox.Answer(451, "4.3.0 Come back later")))
	bea, cid := s.in(40*time.Hour), s.in(60*time.Hour)
	s.until("bea", bea)
	s.until("cid", cid)
	s.noted("bea", 1)
	s.noted("cid", 1)
	s.is("bea", v1alpha1.ReasonActive)
	s.leapTo("bea", bea)
	s.holds(s.is("bea", v1alpha1.ReasonArchived))
	s.box.SetScript(nil)
	s.annotate("cid", v1alpha1.AnnotationReconcileAt, "the server is back")
	s.noticed("cid", cid)
	if n, m := len(s.notices(at("bea"))), len(s.notices(at("cid"))); n != 0 || m != 1 {
		t.Errorf("bea, who is gone, got %d notices, want none; cid %d, want 1", n, m)
	}
}

// Rule IN-1: an address that refuses the notice is left alone.
func TestIN1_NoticeIsRefused(t *testing.T) {
	t.Parallel()
	s := play(t, acme(1, "ada")...)
	s.join("ada")
	s.box.SetScript(mailbox.At(mailbox.Rcpt, mailbox.Answer(550, "5.1.1 No such user")))
	s.until("ada", s.in(40*time.Hour))
	await(s, "ada", func(u *v1alpha1.User) error {
		if n := u.Status.AccessNotice; !strings.Contains(n.Rejection, "5.1.1 No such user") {
			return fmt.Errorf("on record is %+v", n)
		}
		return nil
	})
	s.is("ada", v1alpha1.ReasonActive)
}

// Rules IN-1, IN-4, AC-1, CO-7: the owner, and the last holder, stay until somebody else can take their place.
func TestIN1_OwnerAndLastHolderAreHeld(t *testing.T) {
	t.Parallel()
	s := play(t, append(admins("ada", "bea"), build.User("cid").Roles("guest").Obj())...)
	for _, name := range []string{"owner", "ada", "bea", "cid"} {
		s.join(name)
	}
	end := s.in(1000 * time.Hour)
	for _, name := range []string{"owner", "ada", "bea"} {
		s.until(name, end)
	}
	s.clock.LeapTo(end)
	for _, name := range []string{"owner", "ada", "bea"} {
		s.annotate(name, v1alpha1.AnnotationReconcileAt, "now")
	}
	s.oneStays("archive")
	s.is("owner", v1alpha1.ReasonOwnerProtected)
	edit(s, "acme", func(o *v1alpha1.Organization) { o.Spec.Owner = "cid" })
	s.is("owner", v1alpha1.ReasonArchived)
}

// Rules IN-1, CO-7, CO-11: what others have by a person ends with the person's access, and comes back with it.
func TestIN1_DelegationsAndTeams(t *testing.T) {
	t.Parallel()
	s := play(t, append(
		acme(3, "ada"), build.Role("lead").Obj(), build.Team("ops").Lead("max").Roles("lead").Obj(), build.User("nadia").Obj(),
	)...)
	end := s.in(1000 * time.Hour)
	s.create(build.User("max").Roles("member").Delegate("nadia", time.Time{}, end.Add(1000*time.Hour)).Until(end).Obj())
	s.roles("max", "lead", "member")
	s.roles("nadia", "lead", "member")
	s.join("max")
	s.join("nadia")

	s.leapTo("max", end)
	s.is("max", v1alpha1.ReasonArchived)
	s.roles("nadia")
	s.roles("max")
	await(s, "standard", func(p *v1alpha1.SeatPool) error { return counts("assigned", p.Status.Assigned, 1) })
	await(s, "ops", func(team *v1alpha1.Team) error { return counts("members", team.Status.Members, 0) })

	s.until("max", end.Add(500*time.Hour))
	s.roles("max", "lead", "member")
	s.roles("nadia", "lead", "member")
	await(s, "ops", func(team *v1alpha1.Team) error { return counts("members", team.Status.Members, 1) })
}

// An end that is far costs no write, and one that comes near costs two: that it was told, and that the mail was taken.
func TestIN1_WhatAnEndCosts(t *testing.T) {
	t.Parallel()
	const people = 20
	s := empty(t)
	s.create(acme(people)...)
	end := s.in(4000 * time.Hour)
	var names []string
	for i := range people {
		names = append(names, fmt.Sprintf("p%03d", i))
		s.create(member(names[i]).Until(end).Obj())
	}
	var traffic operator.Traffic
	s.start(operator.Options{Config: traffic.Config(env.Config(t))})
	for _, name := range names {
		s.invited(name, 1)
	}
	s.atMost(&traffic, 1, names)
	for _, name := range names {
		s.answer(s.links(at(name), 1)[0], accept, http.StatusOK)
		s.is(name, v1alpha1.ReasonActive)
	}
	s.rest()
	traffic.Reset()
	s.clock.LeapTo(end.Add(-72 * time.Hour))
	for _, name := range names {
		s.annotate(name, v1alpha1.AnnotationReconcileAt, "now")
	}
	for _, name := range names {
		s.noticed(name, end)
	}
	s.rest()
	s.atMost(&traffic, 2, names)
}
