// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package billing_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"seatkeeper.dev/seatkeeper/internal/billing"
	"seatkeeper.dev/seatkeeper/internal/billing/billingtest"
	"seatkeeper.dev/seatkeeper/internal/billing/fake"
)

var pool = types.NamespacedName{Namespace: "acme", Name: "design"}

// In a synctest bubble the real clock is the bubble's, and synctest.Wait returns
// when the desk can go no further by itself.
func desk(t *testing.T, p billing.Provider, o billing.DeskOptions) *billing.Desk {
	t.Helper()
	d := billing.NewDesk(p, o)
	start(t, d)
	return d
}

func start(t *testing.T, d *billing.Desk) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- d.Start(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Start: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func order(key string, quantity int64) billing.Order {
	return billing.Order{
		Key: key, Item: billingtest.Item, Quantity: quantity,
		APIKey: func(context.Context) (string, error) { return billingtest.APIKey, nil },
	}
}

func wantState(t *testing.T, got billing.Outcome, want billing.State) {
	t.Helper()
	failed := want == billing.Rejected || want == billing.Retrying
	if got.State != want || (got.Err != nil) != failed {
		t.Errorf("the order is %s (%v), want %s", got.State, got.Err, want)
	}
}

// woken drains the wake-ups that are there.
func woken(d *billing.Desk) (owners []types.NamespacedName) {
	for {
		synctest.Wait()
		select {
		case owner := <-d.Done():
			owners = append(owners, owner)
		default:
			return owners
		}
	}
}

func wantWoken(t *testing.T, d *billing.Desk, times int) {
	t.Helper()
	if got := woken(d); len(got) != times {
		t.Errorf("woke %v, want %d wake-ups", got, times)
	}
}

func wantKeys(t *testing.T, p *fake.Provider, want ...string) {
	t.Helper()
	var got []string
	for _, c := range p.Attempts() {
		got = append(got, c.Key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("tried under the keys %v, want %v", got, want)
	}
}

func wantQuantity(t *testing.T, p *fake.Provider, want int64) {
	t.Helper()
	if got, _ := p.Quantity(billingtest.Item); got != want {
		t.Errorf("%d are billed, want %d", got, want)
	}
}

func spent(words string) error       { return billing.AsSpent(errors.New(words)) }
func unavailable(words string) error { return billing.AsUnavailable(errors.New(words)) }

func TestOrderIsCarriedOutOnceHoweverOftenItIsSubmitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		gate := p.Hang()
		d := desk(t, p, billing.DeskOptions{})
		o := order("k", 5)
		o.InvoiceNow = true
		for range 3 {
			wantState(t, d.Submit(pool, o), billing.Pending)
			synctest.Wait()
		}
		gate.Open()
		if got := woken(d); !slices.Equal(got, []types.NamespacedName{pool}) {
			t.Errorf("woke %v, want the owner once", got)
		}
		for range 3 {
			outcome := d.Submit(pool, o)
			wantState(t, outcome, billing.Confirmed)
			if outcome.Receipt.Invoice != "in_1" {
				t.Errorf("the receipt is %v, want the provider's", outcome.Receipt)
			}
		}
		wantWoken(t, d, 0)
		wantKeys(t, p, "k")
		want := billing.Change{Key: "k", Item: billingtest.Item, Quantity: 5, InvoiceNow: true, APIKey: billingtest.APIKey}
		if got := p.Changes(); !reflect.DeepEqual(got, []billing.Change{want}) {
			t.Errorf("made the changes %v, want %v", got, want)
		}
	})
}

func TestRejectionStaysUntilForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		p.Fail(billing.AsRejected(errors.New("declined")))
		d := desk(t, p, billing.DeskOptions{})
		d.Submit(pool, order("k", 5))
		wantWoken(t, d, 1)
		time.Sleep(time.Hour)
		outcome := d.Submit(pool, order("k", 5))
		wantState(t, outcome, billing.Rejected)
		if !errors.Is(outcome.Err, billing.ErrRejected) {
			t.Errorf("the error is %v, want the provider's", outcome.Err)
		}
		wantWoken(t, d, 0)
		wantKeys(t, p, "k")
		d.Forget(pool)
		wantState(t, d.Submit(pool, order("k2", 5)), billing.Pending)
		wantWoken(t, d, 1)
		wantState(t, d.Submit(pool, order("k2", 5)), billing.Confirmed)
	})
}

// What the provider remembers under a key never changes; what it has not seen to
// the end is found out under the same key.
func TestKeyAdvancesAfterAnswersThatAreRemembered(t *testing.T) {
	for why, tt := range map[string]struct {
		failures []error
		want     []string
	}{
		"a crash":                  {[]error{spent("a")}, []string{"k", "k~1"}},
		"two crashes":              {[]error{spent("a"), spent("a")}, []string{"k", "k~1", "k~2"}},
		"a lost connection":        {[]error{unavailable("a")}, []string{"k", "k"}},
		"throttled":                {[]error{billing.AsThrottled(errors.New("a"), 0)}, []string{"k", "k"}},
		"a refused API key":        {[]error{billing.AsUnauthorized(errors.New("a"))}, []string{"k", "k"}},
		"a loss, a crash, a loss":  {[]error{unavailable("a"), spent("a"), unavailable("a")}, []string{"k", "k", "k~1", "k~1"}},
		"an error that is no port": {[]error{errors.New("a")}, []string{"k", "k"}},
	} {
		t.Run(why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &fake.Provider{}
				p.Fail(tt.failures...)
				d := desk(t, p, billing.DeskOptions{})
				d.Submit(pool, order("k", 5))
				time.Sleep(time.Minute)
				wantWoken(t, d, 2) // that it is retrying and that it is confirmed
				wantState(t, d.Submit(pool, order("k", 5)), billing.Confirmed)
				wantKeys(t, p, tt.want...)
				wantQuantity(t, p, 5)
			})
		})
	}
}

func TestPausesGrow(t *testing.T) {
	throttled := func(after time.Duration) error { return billing.AsThrottled(errors.New("slow down"), after) }
	for why, tt := range map[string]struct {
		failures []error
		want     []time.Duration
	}{
		"from a second to five minutes": {
			slices.Repeat([]error{unavailable("a")}, 12),
			[]time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300},
		},
		"as long as the provider asks":       {[]error{throttled(time.Minute), throttled(10 * time.Minute)}, []time.Duration{60, 600}},
		"not shorter for it":                 {[]error{unavailable("a"), unavailable("a"), throttled(time.Second)}, []time.Duration{1, 2, 4}},
		"not longer than is good for anyone": {[]error{throttled(1000 * time.Hour)}, []time.Duration{3600}},
	} {
		t.Run(why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &fake.Provider{}
				p.Fail(tt.failures...)
				var at []time.Time
				o := order("k", 5)
				o.APIKey = func(context.Context) (string, error) {
					at = append(at, time.Now())
					return billingtest.APIKey, nil
				}
				d := desk(t, p, billing.DeskOptions{})
				d.Submit(pool, o)
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				var got []time.Duration
				for i := range len(at) - 1 {
					got = append(got, at[i+1].Sub(at[i])/time.Second)
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("paused for %d seconds, want %d", got, tt.want)
				}
				wantState(t, d.Submit(pool, o), billing.Confirmed)
			})
		})
	}
}

func TestOwnerIsWokenWhenThereIsSomethingNewToRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		p.Fail(unavailable("no route"), unavailable("no route"), spent("no route"), spent("it broke"), unavailable("it broke"))
		d := desk(t, p, billing.DeskOptions{})
		begun := time.Now()
		d.Submit(pool, order("k", 5))
		for _, step := range []struct {
			why   string
			wait  time.Duration
			woken int
			state billing.State
			words string
			at    time.Duration
		}{
			{"the first failure", 0, 1, billing.Retrying, "no route", 0},
			{"the same again", 1, 0, billing.Retrying, "no route", 0},
			{"the same in another way", 2, 0, billing.Retrying, "no route", 0},
			{"another", 4, 1, billing.Retrying, "it broke", 7},
			{"the same again", 8, 0, billing.Retrying, "it broke", 7},
			{"done", 16, 1, billing.Confirmed, "", 31},
			{"later", 3600, 0, billing.Confirmed, "", 31},
		} {
			time.Sleep(step.wait * time.Second)
			wantWoken(t, d, step.woken)
			outcome := d.Submit(pool, order("k", 5))
			wantState(t, outcome, step.state)
			if got := billing.Words(outcome.Err); got != step.words || outcome.At.Sub(begun) != step.at*time.Second {
				t.Errorf("%s: %q at %s, want %q at %d s", step.why, got, outcome.At.Sub(begun), step.words, step.at)
			}
		}
	})
}

func TestAPIKeyIsFetchedAtEveryTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		p.Refuse("old", "Expired API Key provided")
		missing := fmt.Errorf("reading the Secret acme/stripe: %w", billing.ErrRejected)
		keys := []func() (string, error){
			func() (string, error) { return "", missing },
			func() (string, error) { return "old", nil },
			func() (string, error) { return "new", nil },
		}
		o := order("k", 5)
		o.APIKey = func(context.Context) (string, error) {
			next := keys[0]
			keys = keys[1:]
			return next()
		}
		d := desk(t, p, billing.DeskOptions{})
		for _, want := range []struct {
			wait  time.Duration
			state billing.State
			words string
			is    error
		}{
			{0, billing.Retrying, missing.Error(), billing.ErrUnavailable},
			{time.Second, billing.Retrying, "Expired API Key provided", billing.ErrUnauthorized},
			{2 * time.Second, billing.Confirmed, "", nil},
		} {
			d.Submit(pool, o)
			time.Sleep(want.wait)
			wantWoken(t, d, 1)
			outcome := d.Submit(pool, o)
			wantState(t, outcome, want.state)
			if got := billing.Words(outcome.Err); got != want.words || !errors.Is(outcome.Err, want.is) {
				t.Errorf("the error is %v, want %v with the words %q", outcome.Err, want.is, want.words)
			}
		}
		if got := p.Changes(); len(got) != 1 || got[0].APIKey != "new" {
			t.Errorf("made the changes %v, want one, with the new API key", got)
		}
	})
}

func TestNewerWayToTheAPIKeyIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		d := desk(t, p, billing.DeskOptions{})
		broken := order("k", 5)
		broken.APIKey = func(context.Context) (string, error) { return "", errors.New("no such Secret") }
		d.Submit(pool, broken)
		wantWoken(t, d, 1)
		d.Submit(pool, order("k", 5))
		time.Sleep(time.Second)
		wantWoken(t, d, 1)
		wantState(t, d.Submit(pool, order("k", 5)), billing.Confirmed)
	})
}

// An older quantity that arrived after a newer one would be billed for good.
func TestOrderThatSupersedesWaitsForTheOneThatIsBeingSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		gate := p.Hang()
		d := desk(t, p, billing.DeskOptions{})
		d.Submit(pool, order("old", 5))
		<-gate.Reached()
		d.Submit(pool, order("never sent", 6))
		wantState(t, d.Submit(pool, order("new", 7)), billing.Pending)
		synctest.Wait()
		wantKeys(t, p, "old")
		gate.Open()
		wantWoken(t, d, 1)
		wantState(t, d.Submit(pool, order("new", 7)), billing.Confirmed)
		wantKeys(t, p, "old", "new")
		wantQuantity(t, p, 7)
	})
}

func TestOutcomeOfAnOrderThatWasSupersededIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		p.Fail(billing.AsRejected(errors.New("declined")))
		gate := p.Hang()
		d := desk(t, p, billing.DeskOptions{})
		d.Submit(pool, order("old", 5))
		<-gate.Reached()
		slow := order("new", 7)
		proceed := make(chan struct{})
		slow.APIKey = func(context.Context) (string, error) {
			<-proceed
			return billingtest.APIKey, nil
		}
		d.Submit(pool, slow)
		gate.Open()
		wantWoken(t, d, 0)
		wantState(t, d.Submit(pool, slow), billing.Pending)
		close(proceed)
		wantWoken(t, d, 1)
		wantState(t, d.Submit(pool, slow), billing.Confirmed)
	})
}

func TestForgottenOrderStillKeepsTheNextFromOvertaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		gate := p.Hang()
		d := desk(t, p, billing.DeskOptions{})
		d.Submit(pool, order("old", 5))
		<-gate.Reached()
		d.Forget(pool)
		d.Submit(pool, order("new", 7))
		synctest.Wait()
		wantKeys(t, p, "old")
		gate.Open()
		wantWoken(t, d, 1)
		wantKeys(t, p, "old", "new")
		wantQuantity(t, p, 7)
	})
}

func TestOrderThatSupersedesIsTriedAtOnceAndOnItsOwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		p.Fail(billing.AsThrottled(errors.New("a"), time.Minute), billing.AsThrottled(errors.New("b"), 10*time.Minute))
		d := desk(t, p, billing.DeskOptions{})
		d.Submit(pool, order("old", 5))
		wantWoken(t, d, 1)
		d.Submit(pool, order("new", 7))
		wantWoken(t, d, 1)
		wantKeys(t, p, "old", "new")
		time.Sleep(9 * time.Minute) // the old one's minute has passed
		wantWoken(t, d, 0)
		wantKeys(t, p, "old", "new")
		time.Sleep(time.Minute)
		wantWoken(t, d, 1)
		wantKeys(t, p, "old", "new", "new")
	})
}

func TestPauseOfAnOrderThatWasSupersededRepeatsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		p.Fail(billing.AsThrottled(errors.New("a"), time.Minute))
		d := desk(t, p, billing.DeskOptions{})
		d.Submit(pool, order("old", 5))
		wantWoken(t, d, 1)
		d.Submit(pool, order("new", 7))
		wantWoken(t, d, 1)
		time.Sleep(time.Hour)
		wantWoken(t, d, 0)
		wantKeys(t, p, "old", "new")
	})
}

func TestForgetEndsAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		p.Fail(billing.AsThrottled(errors.New("a"), time.Minute))
		d := desk(t, p, billing.DeskOptions{})
		d.Submit(pool, order("k", 5))
		wantWoken(t, d, 1)
		d.Forget(pool)
		wantState(t, d.Submit(pool, order("k", 5)), billing.Pending)
		wantWoken(t, d, 1)
		wantState(t, d.Submit(pool, order("k", 5)), billing.Confirmed)
	})
}

func TestForgottenOrderIsNotTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		p.Fail(unavailable("a"))
		d := billing.NewDesk(p, billing.DeskOptions{})
		other := types.NamespacedName{Namespace: "acme", Name: "other"}
		d.Submit(other, order("never sent", 5))
		d.Submit(pool, order("k", 5))
		d.Forget(other)
		d.Forget(other)
		start(t, d)
		wantWoken(t, d, 1)
		d.Forget(pool)
		time.Sleep(time.Hour)
		wantWoken(t, d, 0)
		wantKeys(t, p, "k")
	})
}

func TestTryEndsAfterItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		gate := p.Hang()
		d := desk(t, p, billing.DeskOptions{Timeout: 3 * time.Second})
		d.Submit(pool, order("k", 5))
		time.Sleep(3*time.Second - time.Millisecond)
		wantWoken(t, d, 0)
		time.Sleep(time.Millisecond)
		wantWoken(t, d, 1)
		outcome := d.Submit(pool, order("k", 5))
		wantState(t, outcome, billing.Retrying)
		if !errors.Is(outcome.Err, context.DeadlineExceeded) {
			t.Errorf("the error is %v, want DeadlineExceeded", outcome.Err)
		}
		gate.Open()
		time.Sleep(time.Second)
		wantWoken(t, d, 1)
		wantKeys(t, p, "k", "k")
	})
}

func TestSlowProviderHoldsUpNoMoreThanItsWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		gate := p.Hang()
		d := desk(t, p, billing.DeskOptions{Workers: 2})
		for i := range 5 {
			d.Submit(types.NamespacedName{Name: fmt.Sprint(i)}, order(fmt.Sprint("k", i), 5))
		}
		synctest.Wait()
		if n := len(p.Attempts()); n != 2 {
			t.Errorf("%d changes are being made, want 2", n)
		}
		gate.Open()
		wantWoken(t, d, 5)
		wantWoken(t, d, 0)
	})
}

func TestKeyWithARetryMarkIsRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		d := desk(t, p, billing.DeskOptions{})
		d.Submit(pool, order("k~1", 5))
		wantWoken(t, d, 1)
		wantState(t, d.Submit(pool, order("k~1", 5)), billing.Rejected)
		wantKeys(t, p)
	})
}

// synctest fails when a goroutine is left at the end.
func TestEndLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		p.Fail(unavailable("a"))
		d := billing.NewDesk(p, billing.DeskOptions{})
		stop := start(t, d)
		d.Submit(pool, order("k", 5)) // retrying, and nobody receives from Done
		synctest.Wait()
		p.Hang()
		other := types.NamespacedName{Name: "other"}
		d.Submit(other, order("k2", 5))
		synctest.Wait()
		stop()
		wantState(t, d.Submit(other, order("k2", 5)), billing.Pending) // our end is no failure
		wantState(t, d.Submit(types.NamespacedName{Name: "late"}, order("k3", 5)), billing.Pending)
		wantKeys(t, p, "k", "k2")
	})
}

// A desk that is never started starts nothing.
func TestDeskWaitsForStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fake.Provider{}
		d := billing.NewDesk(p, billing.DeskOptions{})
		wantState(t, d.Submit(pool, order("k", 5)), billing.Pending)
		wantWoken(t, d, 0)
		wantKeys(t, p)
		if !d.NeedLeaderElection() {
			t.Error("the desk would work on every replica")
		}
	})
}

// Outside of a bubble, with a clock that stands still until it is told.
func TestInjectedClockMovesTheDesk(t *testing.T) {
	begun := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	clock := clocktesting.NewFakeClock(begun)
	p := &fake.Provider{}
	p.Fail(billing.AsThrottled(errors.New("a"), time.Hour))
	d := desk(t, p, billing.DeskOptions{Clock: clock})
	if outcome := d.Submit(pool, order("k", 5)); !outcome.At.Equal(begun) {
		t.Errorf("submitted at %s, want %s", outcome.At, begun)
	}
	<-d.Done()
	wantState(t, d.Submit(pool, order("k", 5)), billing.Retrying)
	clock.Step(time.Hour)
	<-d.Done()
	outcome := d.Submit(pool, order("k", 5))
	wantState(t, outcome, billing.Confirmed)
	if want := begun.Add(time.Hour); !outcome.At.Equal(want) {
		t.Errorf("confirmed at %s, want %s", outcome.At, want)
	}
}

// jumpy is a clock that jumps whenever somebody looks at it, as after a machine
// has slept.
type jumpy struct{ *clocktesting.FakeClock }

func (c jumpy) Now() time.Time {
	c.Step(2 * time.Second)
	return c.FakeClock.Now()
}

func TestNoTryIsLostWhenTheClockJumps(t *testing.T) {
	p := &fake.Provider{}
	p.Fail(unavailable("a"))
	d := desk(t, p, billing.DeskOptions{Clock: jumpy{clocktesting.NewFakeClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))}})
	for d.Submit(pool, order("k", 5)).State != billing.Confirmed {
		select {
		case <-d.Done():
		case <-t.Context().Done():
		case <-time.After(10 * time.Second):
			t.Fatal("the order was not tried again")
		}
	}
}

func TestManyOwnersAtOnce(t *testing.T) {
	p := &fake.Provider{}
	d := desk(t, p, billing.DeskOptions{})
	const owners = 50
	for i := range owners {
		go func() {
			owner := types.NamespacedName{Name: fmt.Sprint(i)}
			o := order(fmt.Sprint("k", i), int64(i))
			o.Item = fmt.Sprint("si_", i)
			d.Submit(owner, o)
			d.Submit(owner, o)
		}()
	}
	seen := map[types.NamespacedName]bool{}
	for len(seen) < owners {
		seen[<-d.Done()] = true
	}
	for i := range owners {
		if n, ok := p.Quantity(fmt.Sprint("si_", i)); !ok || n != int64(i) {
			t.Errorf("%d of item %d are billed, want %d", n, i, i)
		}
	}
}
