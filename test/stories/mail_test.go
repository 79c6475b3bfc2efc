// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/outbox"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

func TestMailServerIsDownAtFirst(t *testing.T) {
	t.Parallel()
	s := empty(t)
	s.must(s.box.Close(), "stopping the mail server")
	s.start(operator.Options{})
	s.create(acme(1, "ada")...)
	s.holds(s.is("ada", v1alpha1.ReasonMailUnavailable), "standard")
	box, err := mailbox.Start(mailbox.Options{SMTPAddr: s.box.SMTPAddr()})
	s.must(err, "starting the mail server")
	t.Cleanup(func() { _ = box.Close() })
	s.box = box
	s.is("ada", v1alpha1.ReasonInvited)
	s.links(at("ada"), 1)
}

func TestMailServerAsksForPatience(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]mailbox.Script{
		"451 4.3.0 Come back later": mailbox.At(mailbox.Rcpt, mailbox.Answer(451, "4.3.0 Come back later")),
		"452 4.3.1 Disk full":       mailbox.At(mailbox.Data, mailbox.Answer(452, "4.3.1 Disk full")),
		"421 4.3.2 Closing":         mailbox.At(mailbox.Rcpt, mailbox.Answer(421, "4.3.2 Closing")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := empty(t)
			s.box.SetScript(script)
			s.start(operator.Options{})
			s.create(acme(1, "ada")...)
			s.holds(s.says("ada", v1alpha1.ReasonMailUnavailable, name), "standard")
			s.box.SetScript(nil)
			s.is("ada", v1alpha1.ReasonInvited)
			s.links(at("ada"), 1)
		})
	}
}

func TestMailIsRefused(t *testing.T) {
	t.Parallel()
	s := empty(t)
	s.box.SetScript(mailbox.To(at("bea"), mailbox.At(mailbox.Rcpt, mailbox.Answer(550, "5.1.1 No such user"))))
	s.start(operator.Options{})
	s.create(acme(2, "ada", "bea", "cid")...)
	s.holds(s.says("bea", v1alpha1.ReasonMailRejected, "550 5.1.1 No such user"), "standard")
	s.is("ada", v1alpha1.ReasonInvited)
	s.is("cid", v1alpha1.ReasonAwaitingSeat)
	edit(s, "bea", func(u *v1alpha1.User) { u.Spec.Email = at("beatrice") })
	s.holds(s.is("bea", v1alpha1.ReasonInvited), "standard")
	s.answer(s.links(at("beatrice"), 1)[0], accept, http.StatusOK)
}

func TestHangingMailServerHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	s := empty(t)
	hangs := make(chan struct{})
	once := sync.OnceFunc(func() { close(hangs) })
	s.box.SetScript(mailbox.To(at("bea"), func(mailbox.Event) mailbox.Reaction {
		once()
		return mailbox.Hang()
	}))
	s.start(operator.Options{})
	s.create(acme(3, "ada", "bea", "cid", "dan")...)
	<-hangs
	s.turn("cid", v1alpha1.UserArchived)
	s.is("cid", v1alpha1.ReasonArchived)
	s.is("dan", v1alpha1.ReasonInvited)
	s.turn("bea", v1alpha1.UserArchived) // not even bea
	s.is("bea", v1alpha1.ReasonArchived)
}

// slow is a mail server that takes nothing until it is open, then each mail after a while, and one person's never.
type slow struct {
	mail.Sender
	opened  chan struct{}
	takes   time.Duration
	never   string
	arrived chan struct{} // holds something for each mail that was tried
}

// Send implements mail.Sender.
func (s *slow) Send(ctx context.Context, m mail.Message) error {
	select {
	case s.arrived <- struct{}{}:
	default:
	}
	opened := s.opened
	if m.To.Email == s.never {
		opened = nil
	}
	select {
	case <-opened:
	case <-ctx.Done():
		return mail.Unavailable(ctx.Err())
	}
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return mail.Unavailable(ctx.Err())
	}
	return s.Sender.Send(ctx, m)
}

// fills waits until a channel that nobody receives from holds so much.
func (s *stage) fills(c chan struct{}, n int) {
	s.Helper()
	env.Eventually(s, func() error {
		if len(c) < n {
			return fmt.Errorf("%d are there, want %d", len(c), n)
		}
		return nil
	})
}

// seated are those who hold a seat, by the ledger of acme's pool.
func (s *stage) seated() (names []string) {
	s.Helper()
	var slices v1alpha1.SeatSliceList
	s.must(s.List(s.Context(), &slices, client.InNamespace(s.ns)), "listing seats")
	for i := range slices.Items {
		for _, a := range slices.Items[i].Assignments {
			names = append(names, a.User)
		}
	}
	return names
}

// Seats are given and freed while all mail that can be on its way is, and none of it has ended.
func TestSlowMailHoldsUpNeitherSeatsNorArchiving(t *testing.T) {
	t.Parallel()
	const seats, leavers = 40, 5
	s := empty(t)
	server := &slow{
		Sender: operator.Sender(t, s.box), opened: make(chan struct{}), takes: 300 * time.Millisecond, never: at("p00"),
		arrived: make(chan struct{}, 10*seats),
	}
	open := sync.OnceFunc(func() { close(server.opened) })
	defer open()
	s.start(operator.Options{Sender: server})
	var names []string
	for i := range seats + leavers {
		names = append(names, fmt.Sprintf("p%02d", i))
	}
	s.create(acme(seats, names...)...)
	s.fills(server.arrived, outbox.DefaultPerServer)
	leaving, next := names[1:1+leavers], names[seats:]
	for _, name := range leaving { // mail to them is on its way
		s.turn(name, v1alpha1.UserArchived)
	}
	for _, name := range leaving {
		s.holds(s.is(name, v1alpha1.ReasonArchived))
	}
	env.Eventually(t, func() error { // on the ledger: the status of whoever is to be invited says it with the mail
		for _, name := range next {
			if !slices.Contains(s.seated(), name) {
				return fmt.Errorf("%s has no seat, the seated are %v", name, s.seated())
			}
		}
		return nil
	})
	if n := len(s.box.Messages()); n > 0 {
		t.Fatalf("%d mails have arrived meanwhile, and so this test shows nothing", n)
	}
	for _, name := range slices.Concat(names[:1], names[1+leavers:]) {
		if u := get[v1alpha1.User](s, name); stands(u, v1alpha1.ReasonMailUnavailable) == nil {
			t.Fatalf("the mail to %s has ended meanwhile: %v", name, u.Status.Conditions)
		}
	}
	open()
	for _, name := range names[1+leavers:] {
		s.is(name, v1alpha1.ReasonInvited)
	}
	s.links(server.never, 0)
	s.turn(names[0], v1alpha1.UserArchived)
	s.is(names[0], v1alpha1.ReasonArchived)
}

// sameMailTwice fails the story unless an address has got one mail twice, and returns its link.
func (s *stage) sameMailTwice(address string) string {
	s.Helper()
	mails := s.mails(address)
	if len(mails) != 2 {
		s.Fatalf("%s has got %d mails, want 2", address, len(mails))
	}
	if diff := cmp.Diff(mails[0], mails[1], cmpopts.IgnoreFields(mailbox.Message{}, "ID", "Received")); diff != "" {
		s.Errorf("these are two mails, not one mail twice:\n%s", diff)
	}
	return s.links(address, 2)[0]
}

func TestConnectionIsCutAfterTheMail(t *testing.T) {
	t.Parallel()
	s := empty(t)
	s.box.SetScript(mailbox.Times(1, mailbox.At(mailbox.Data, mailbox.Cut().Keeping())))
	s.start(operator.Options{})
	s.create(acme(1, "ada")...)
	s.is("ada", v1alpha1.ReasonInvited)
	s.answer(s.sameMailTwice(at("ada")), accept, http.StatusOK)
}

// recordOf chooses the writes that follow upon a mail to name.
func (s *stage) recordOf(name string) operator.Match {
	return func(r operator.Request) bool {
		return operator.Writing("users/status")(r) && len(s.mails(at(name))) > 0
	}
}

// replace runs another operator, a while later.
func (s *stage) replace() {
	s.Helper()
	s.op.Stop(s.T)
	s.clock.LeapTo(s.clock.Now().Add(time.Hour))
	s.start(operator.Options{})
}

func TestOperatorDiesBeforeItRecordsTheMail(t *testing.T) {
	t.Parallel()
	s := empty(t)
	var traffic operator.Traffic
	dead := traffic.Kill(operator.NotSent, 1, s.recordOf("ada"))
	s.start(operator.Options{Config: traffic.Config(env.Config(t))})
	s.create(acme(1, "ada")...)
	<-dead
	s.replace()
	s.invited("ada", 1)
	s.answer(s.sameMailTwice(at("ada")), accept, http.StatusOK)
}

func TestOperatorDiesBeforeItRecordsAnotherMail(t *testing.T) {
	t.Parallel()
	s := empty(t)
	var traffic operator.Traffic
	s.start(operator.Options{Config: traffic.Config(env.Config(t))})
	s.create(acme(1, "ada")...)
	s.invited("ada", 1)
	dead := traffic.Kill(operator.NotSent, 1, s.recordOf("lovelace"))
	edit(s, "ada", func(u *v1alpha1.User) { u.Spec.Email = at("lovelace") })
	<-dead
	s.replace()
	s.invited("ada", 2)
	s.answer(s.sameMailTwice(at("lovelace")), accept, http.StatusOK)
}
