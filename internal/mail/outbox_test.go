// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mail_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mail/fake"
	"seatkeeper.dev/seatkeeper/internal/mail/mailtest"
)

var ada = types.NamespacedName{Namespace: "acme", Name: "ada"}

// outbox runs an outbox until the test ends. In a synctest bubble, synctest.Wait
// returns when it can go no further by itself.
func outbox(t *testing.T, sender mail.Sender, options mail.OutboxOptions) *mail.Outbox {
	t.Helper()
	o := mail.NewOutbox(sender, options)
	start(t, o)
	return o
}

func start(t *testing.T, o *mail.Outbox) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- o.Start(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Start: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func inBubble(t *testing.T, name string, test func(*testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

func invitation(id string) func() (mail.Message, error) {
	return func() (mail.Message, error) {
		m := mailtest.Invitation()
		m.ID = id + "@seatkeeper.example"
		return m, nil
	}
}

func never(t *testing.T) func() (mail.Message, error) {
	return func() (mail.Message, error) {
		t.Error("composed a mail that nobody waits for")
		return mail.Message{}, errors.New("not to be composed")
	}
}

func wantState(t *testing.T, got mail.Outcome, want mail.State) {
	t.Helper()
	if got.State != want || (got.Err != nil) != (want == mail.Failed) {
		t.Errorf("the mail is %s (%v), want %s", got.State, got.Err, want)
	}
}

func wantSent(t *testing.T, sender *fake.Sender, ids ...string) {
	t.Helper()
	var got []string
	for _, m := range sender.Sent() {
		got = append(got, m.ID)
	}
	for i := range ids {
		ids[i] += "@seatkeeper.example"
	}
	if !slices.Equal(got, ids) {
		t.Errorf("sent %v, want %v", got, ids)
	}
}

// woken drains the wake-ups that are there.
func woken(o *mail.Outbox) (owners []types.NamespacedName) {
	for {
		synctest.Wait()
		select {
		case owner := <-o.Done():
			owners = append(owners, owner)
		default:
			return owners
		}
	}
}

func TestMailIsSentOnceHoweverOftenItIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sender := &fake.Sender{}
		gate := sender.Hang()
		o := outbox(t, sender, mail.OutboxOptions{})
		for range 3 {
			wantState(t, o.Deliver(ada, "1", invitation("1")), mail.Queued)
			synctest.Wait()
		}
		gate.Open()
		if got := woken(o); !slices.Equal(got, []types.NamespacedName{ada}) {
			t.Errorf("woke %v, want the owner once", got)
		}
		for range 3 {
			wantState(t, o.Deliver(ada, "1", never(t)), mail.Sent)
		}
		synctest.Wait()
		wantSent(t, sender, "1")
	})
}

func TestFailureStaysUntilForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sender := &fake.Sender{}
		sender.Unavailable(1)
		o := outbox(t, sender, mail.OutboxOptions{})
		o.Deliver(ada, "1", invitation("1"))
		if got := woken(o); len(got) != 1 {
			t.Errorf("woke %v, want the owner once", got)
		}
		for range 2 {
			outcome := o.Deliver(ada, "1", never(t))
			wantState(t, outcome, mail.Failed)
			if !errors.Is(outcome.Err, mail.ErrUnavailable) {
				t.Errorf("the error is %v, want the sender's", outcome.Err)
			}
		}
		o.Forget(ada)
		wantState(t, o.Deliver(ada, "1", invitation("1")), mail.Queued)
		woken(o)
		wantState(t, o.Deliver(ada, "1", never(t)), mail.Sent)
		wantSent(t, sender, "1")
	})
}

func TestMailThatCannotBeComposedFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sender := &fake.Sender{}
		o := outbox(t, sender, mail.OutboxOptions{})
		broken := errors.New("no subject")
		o.Deliver(ada, "1", func() (mail.Message, error) { return mail.Message{}, broken })
		woken(o)
		if outcome := o.Deliver(ada, "1", never(t)); !errors.Is(outcome.Err, broken) {
			t.Errorf("the error is %v, want %v", outcome.Err, broken)
		}
		if n := sender.Attempts(); n != 0 {
			t.Errorf("tried to send it %d times", n)
		}
	})
}

func TestAnotherMailSupersedes(t *testing.T) {
	inBubble(t, "before it was started", func(t *testing.T) {
		sender := &fake.Sender{}
		o := mail.NewOutbox(sender, mail.OutboxOptions{Workers: 1})
		o.Deliver(ada, "1", never(t))
		o.Deliver(types.NamespacedName{Namespace: "acme", Name: "bob"}, "b", invitation("b"))
		wantState(t, o.Deliver(ada, "2", invitation("2")), mail.Queued)
		start(t, o)
		synctest.Wait()
		wantState(t, o.Deliver(ada, "2", never(t)), mail.Sent)
		wantSent(t, sender, "2", "b")
	})
	inBubble(t, "while it is being sent", func(t *testing.T) {
		sender := &fake.Sender{}
		gate := sender.Hang()
		o := outbox(t, sender, mail.OutboxOptions{Workers: 1})
		o.Deliver(ada, "1", invitation("1"))
		<-gate.Reached()
		wantState(t, o.Deliver(ada, "2", invitation("2")), mail.Queued)
		gate.Open()
		if got := woken(o); len(got) != 1 {
			t.Errorf("woke %v, want one for the mail that is waited for", got)
		}
		wantState(t, o.Deliver(ada, "2", never(t)), mail.Sent)
		wantSent(t, sender, "1", "2")
	})
	inBubble(t, "after it was sent", func(t *testing.T) {
		sender := &fake.Sender{}
		o := outbox(t, sender, mail.OutboxOptions{})
		o.Deliver(ada, "1", invitation("1"))
		woken(o)
		wantState(t, o.Deliver(ada, "2", invitation("2")), mail.Queued)
		woken(o)
		wantSent(t, sender, "1", "2")
	})
}

func TestForgottenMail(t *testing.T) {
	inBubble(t, "is not sent if it was not started", func(t *testing.T) {
		sender := &fake.Sender{}
		o := mail.NewOutbox(sender, mail.OutboxOptions{})
		o.Deliver(ada, "1", never(t))
		o.Forget(ada)
		start(t, o)
		if got := woken(o); len(got) != 0 {
			t.Errorf("woke %v", got)
		}
		wantSent(t, sender)
	})
	inBubble(t, "is not reported if it was", func(t *testing.T) {
		sender := &fake.Sender{}
		gate := sender.Hang()
		o := outbox(t, sender, mail.OutboxOptions{})
		o.Deliver(ada, "1", invitation("1"))
		<-gate.Reached()
		o.Forget(ada)
		gate.Open()
		if got := woken(o); len(got) != 0 {
			t.Errorf("woke %v", got)
		}
	})
	inBubble(t, "of somebody unknown", func(*testing.T) {
		mail.NewOutbox(&fake.Sender{}, mail.OutboxOptions{}).Forget(ada)
	})
}

// slow takes the same time for each mail; in a synctest bubble, that is exact.
type slow time.Duration

func (s slow) Send(ctx context.Context, _ mail.Message) error {
	select {
	case <-time.After(time.Duration(s)):
		return nil
	case <-ctx.Done():
		return mail.Unavailable(ctx.Err())
	}
}

func owner(i int) types.NamespacedName {
	return types.NamespacedName{Namespace: "acme", Name: fmt.Sprint("user-", i)}
}

func TestWaveIsSentByAllWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const mails = 300
		o := outbox(t, slow(100*time.Millisecond), mail.OutboxOptions{})
		began := time.Now()
		for i := range mails {
			wantState(t, o.Deliver(owner(i), "1", invitation("1")), mail.Queued)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("the caller waited for %v", took)
		}
		seen := map[types.NamespacedName]bool{}
		for range mails {
			done := <-o.Done()
			wantState(t, o.Deliver(done, "1", never(t)), mail.Sent)
			seen[done] = true
		}
		if len(seen) != mails {
			t.Errorf("%d owners were woken, want %d", len(seen), mails)
		}
		// 19 rounds: 300 mails, 16 at a time.
		if took, want := time.Since(began), 1900*time.Millisecond; took != want {
			t.Errorf("the wave took %v, want %v", took, want)
		}
	})
}

// Nobody receives wake-ups while the mail goes out.
func TestWakeUpsWaitForTheirReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const mails = 1000
		sender := &fake.Sender{}
		o := outbox(t, sender, mail.OutboxOptions{})
		for i := range mails {
			o.Deliver(owner(i), "1", invitation("1"))
		}
		synctest.Wait()
		if n := len(sender.Sent()); n != mails {
			t.Errorf("%d mails were sent before wake-ups were received, want %d", n, mails)
		}
		seen := map[types.NamespacedName]bool{}
		for _, done := range woken(o) {
			seen[done] = true
		}
		if len(seen) != mails {
			t.Errorf("%d owners were woken, want %d", len(seen), mails)
		}
	})
}

func TestHangingServerHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sender := &fake.Sender{}
		sender.Hang()
		o := outbox(t, sender, mail.OutboxOptions{Workers: 2, Timeout: time.Minute})
		began := time.Now()
		for i := range 4 {
			wantState(t, o.Deliver(owner(i), "1", invitation("1")), mail.Queued)
		}
		synctest.Wait()
		if n := sender.Attempts(); n != 2 || time.Since(began) != 0 {
			t.Errorf("%d mails hang after %v, want 2 at once", n, time.Since(began))
		}
		for range 4 {
			outcome := o.Deliver(<-o.Done(), "1", never(t))
			wantState(t, outcome, mail.Failed)
			if !errors.Is(outcome.Err, mail.ErrUnavailable) {
				t.Errorf("the error is %v, want ErrUnavailable", outcome.Err)
			}
		}
		if took, want := time.Since(began), 2*time.Minute; took != want {
			t.Errorf("they were given up after %v, want %v", took, want)
		}
	})
}

func TestRateIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := outbox(t, &fake.Sender{}, mail.OutboxOptions{PerSecond: 4})
		<-time.After(time.Hour) // saves up nothing
		began := time.Now()
		for i := range 9 {
			o.Deliver(owner(i), "1", invitation("1"))
		}
		for range 9 {
			<-o.Done()
		}
		if took, want := time.Since(began), 2*time.Second; took != want {
			t.Errorf("9 mails took %v, want %v", took, want)
		}
	})
}

func TestOneOrganizationsWaveDoesNotHoldUpAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sender := &fake.Sender{}
		o := mail.NewOutbox(sender, mail.OutboxOptions{Workers: 1})
		for i := range 100 {
			o.Deliver(owner(i), "1", invitation("wave"))
		}
		o.Deliver(types.NamespacedName{Namespace: "other", Name: "bob"}, "1", invitation("single"))
		start(t, o)
		synctest.Wait()
		if got := sender.Sent()[1].ID; got != "single@seatkeeper.example" {
			t.Errorf("the second mail is %s, want the other organization's", got)
		}
	})
}

func TestStopGivesUpWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sender := &fake.Sender{}
		gate := sender.Hang()
		o := mail.NewOutbox(sender, mail.OutboxOptions{Workers: 1})
		stop := start(t, o)
		o.Deliver(owner(1), "1", invitation("1"))
		o.Deliver(owner(2), "1", never(t))
		<-gate.Reached()
		stop()
		for i := range 2 {
			// Nobody was told of a failure: the next process sends both.
			wantState(t, o.Deliver(owner(i+1), "1", never(t)), mail.Queued)
		}
		wantSent(t, sender)
	})
}

func TestStopDoesNotWaitForWhoeverIsWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := mail.NewOutbox(&fake.Sender{}, mail.OutboxOptions{})
		stop := start(t, o)
		o.Deliver(ada, "1", invitation("1"))
		synctest.Wait()
		stop()
	})
}

func TestOutcomeHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
		clock := clocktesting.NewFakePassiveClock(asked)
		sender := &fake.Sender{}
		gate := sender.Hang()
		o := outbox(t, sender, mail.OutboxOptions{Clock: clock})
		o.Deliver(ada, "1", invitation("1"))
		<-gate.Reached()
		clock.SetTime(asked.Add(time.Minute))
		if got := o.Deliver(ada, "1", never(t)).At; got != asked {
			t.Errorf("queued at %v, want %v", got, asked)
		}
		gate.Open()
		woken(o)
		clock.SetTime(asked.Add(time.Hour))
		if got, want := o.Deliver(ada, "1", never(t)).At, asked.Add(time.Minute); got != want {
			t.Errorf("sent at %v, want %v", got, want)
		}
	})
}

func TestOutboxRunsOnTheLeaderAlone(t *testing.T) {
	if !mail.NewOutbox(&fake.Sender{}, mail.OutboxOptions{}).NeedLeaderElection() {
		t.Error("every replica would start it")
	}
}

// Many owners at once, each as a controller does it, over a server that often
// fails: each gets its mail, once.
func TestEveryOwnerGetsItsMailInTheEnd(t *testing.T) {
	const owners, outages = 200, 150
	sender := &fake.Sender{}
	sender.Unavailable(outages)
	o := outbox(t, sender, mail.OutboxOptions{})
	pass := func(user types.NamespacedName) (sent bool) {
		switch o.Deliver(user, user.Name, invitation(user.Name)).State {
		case mail.Sent:
			o.Forget(user)
			return true
		case mail.Failed:
			o.Forget(user)
			o.Deliver(user, user.Name, invitation(user.Name))
		}
		return false
	}
	for i := range owners {
		go pass(owner(i))
	}
	for sent := 0; sent < owners; {
		if pass(<-o.Done()) {
			sent++
		}
	}
	if got := len(sender.Sent()); got != owners {
		t.Errorf("%d mails were sent, want %d", got, owners)
	}
	if got := sender.Attempts(); got != owners+outages {
		t.Errorf("%d attempts, want %d", got, owners+outages)
	}
}
