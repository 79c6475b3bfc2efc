// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox_test

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

	"seatkeeper.dev/seatkeeper/internal/outbox"
)

var (
	ada  = types.NamespacedName{Namespace: "acme", Name: "ada"}
	acme = types.NamespacedName{Namespace: "acme", Name: "acme"}

	errDown    = errors.New("connection refused")
	errRefused = errors.New("no such user")
)

func isDown(err error) bool {
	return errors.Is(err, errDown) || errors.Is(err, context.DeadlineExceeded)
}

// world is what errands have effects on: it notes those that were had, in order.
type world struct {
	mu       sync.Mutex
	attempts int
	effects  []string
	failures []error       // of the next attempts
	gate     chan struct{} // what attempts wait for, unless it is nil
}

func (w *world) errand(owner types.NamespacedName, id string) outbox.Errand {
	return outbox.Errand{Owner: owner, ID: id, Tenant: acme, Run: func(ctx context.Context) error {
		w.mu.Lock()
		w.attempts++
		gate := w.gate
		w.mu.Unlock()
		if gate != nil {
			select {
			case <-gate:
			case <-ctx.Done():
				return fmt.Errorf("%w: %w", errDown, ctx.Err())
			}
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.failures) > 0 {
			err := w.failures[0]
			w.failures = w.failures[1:]
			return err
		}
		w.effects = append(w.effects, id)
		return nil
	}}
}

func (w *world) tried() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.attempts
}

func (w *world) had() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.effects)
}

func hanging() *world { return &world{gate: make(chan struct{})} }

// started runs an outbox until the test ends.
func started(t *testing.T, options outbox.Options) *outbox.Outbox {
	t.Helper()
	o := outbox.New(options)
	start(t, o)
	return o
}

func start(t *testing.T, o *outbox.Outbox) (stop func()) {
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

// report is an errand that is only asked after: it must not run.
func report(t *testing.T, owner types.NamespacedName, id string) outbox.Errand {
	return outbox.Errand{Owner: owner, ID: id, Tenant: acme, Run: func(context.Context) error {
		t.Error("ran an errand that nobody waits for")
		return errors.New("not to be run")
	}}
}

func wantState(t *testing.T, got outbox.Outcome, want outbox.State) {
	t.Helper()
	if got.State != want || (got.Err != nil) != (want == outbox.Failed) {
		t.Errorf("the errand is %s (%v), want %s", got.State, got.Err, want)
	}
}

func wantEffects(t *testing.T, w *world, want ...string) {
	t.Helper()
	if got := w.had(); !slices.Equal(got, want) {
		t.Errorf("effects are %v, want %v", got, want)
	}
}

// woken drains the wake-ups that are there.
func woken(from <-chan types.NamespacedName) (names []types.NamespacedName) {
	for {
		synctest.Wait()
		select {
		case name := <-from:
			names = append(names, name)
		default:
			return names
		}
	}
}

func owner(i int) types.NamespacedName {
	return types.NamespacedName{Namespace: "acme", Name: fmt.Sprint("user-", i)}
}

func TestErrandRunsOnceHoweverOftenItIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := hanging()
		o := started(t, outbox.Options{})
		for range 3 {
			wantState(t, o.Do(w.errand(ada, "1")), outbox.Queued)
			synctest.Wait()
		}
		close(w.gate)
		if got := woken(o.Done()); !slices.Equal(got, []types.NamespacedName{ada}) {
			t.Errorf("woke %v, want the owner once", got)
		}
		for range 3 {
			wantState(t, o.Do(report(t, ada, "1")), outbox.Done)
		}
		synctest.Wait()
		wantEffects(t, w, "1")
	})
}

func TestFailureStaysUntilForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{failures: []error{errDown}}
		o := started(t, outbox.Options{})
		o.Do(w.errand(ada, "1"))
		if got := woken(o.Done()); len(got) != 1 {
			t.Errorf("woke %v, want the owner once", got)
		}
		for range 2 {
			outcome := o.Do(report(t, ada, "1"))
			wantState(t, outcome, outbox.Failed)
			if !errors.Is(outcome.Err, errDown) {
				t.Errorf("the error is %v, want the errand's", outcome.Err)
			}
		}
		o.Forget(ada)
		wantState(t, o.Do(w.errand(ada, "1")), outbox.Queued)
		woken(o.Done())
		wantState(t, o.Do(report(t, ada, "1")), outbox.Done)
		wantEffects(t, w, "1")
	})
}

func TestAnotherErrandSupersedes(t *testing.T) {
	bob := types.NamespacedName{Namespace: "acme", Name: "bob"}
	inBubble(t, "before it was started", func(t *testing.T) {
		w := &world{}
		o := outbox.New(outbox.Options{PerServer: 1})
		o.Do(report(t, ada, "1"))
		o.Do(w.errand(bob, "b"))
		wantState(t, o.Do(w.errand(ada, "2")), outbox.Queued)
		start(t, o)
		synctest.Wait()
		wantState(t, o.Do(report(t, ada, "2")), outbox.Done)
		wantEffects(t, w, "2", "b")
	})
	inBubble(t, "which is urgent", func(t *testing.T) {
		urgent := func(e outbox.Errand) outbox.Errand {
			e.Urgent = true
			return e
		}
		w := &world{}
		o := outbox.New(outbox.Options{PerServer: 1})
		cid, dan := types.NamespacedName{Namespace: "acme", Name: "cid"}, types.NamespacedName{Namespace: "acme", Name: "dan"}
		o.Do(w.errand(bob, "b"))
		o.Do(urgent(w.errand(cid, "c")))
		o.Do(report(t, ada, "1"))
		o.Do(report(t, dan, "d"))
		o.Do(urgent(w.errand(ada, "2")))
		o.Do(urgent(report(t, cid, "c")))
		o.Do(w.errand(cid, "c, who is not any more, and keeps the place"))
		o.Do(urgent(w.errand(dan, "d")))
		start(t, o)
		synctest.Wait()
		wantEffects(t, w, "c, who is not any more, and keeps the place", "2", "d", "b")
	})
	inBubble(t, "while it is under way", func(t *testing.T) {
		w := hanging()
		o := started(t, outbox.Options{PerServer: 1})
		o.Do(w.errand(ada, "1"))
		synctest.Wait()
		wantState(t, o.Do(w.errand(ada, "2")), outbox.Queued)
		close(w.gate)
		if got := woken(o.Done()); len(got) != 1 {
			t.Errorf("woke %v, want one for the errand that is waited for", got)
		}
		wantState(t, o.Do(report(t, ada, "2")), outbox.Done)
		wantEffects(t, w, "1", "2")
	})
	inBubble(t, "after it was done", func(t *testing.T) {
		w := &world{}
		o := started(t, outbox.Options{})
		o.Do(w.errand(ada, "1"))
		woken(o.Done())
		wantState(t, o.Do(w.errand(ada, "2")), outbox.Queued)
		woken(o.Done())
		wantEffects(t, w, "1", "2")
	})
	inBubble(t, "at another server", func(t *testing.T) {
		hung, w := hanging(), &world{}
		o := started(t, outbox.Options{PerServer: 1})
		o.Do(hung.errand(bob, "b"))
		synctest.Wait()
		o.Do(report(t, ada, "1"))
		moved := w.errand(ada, "1")
		moved.Server = "new.example"
		wantState(t, o.Do(moved), outbox.Queued)
		woken(o.Done())
		wantState(t, o.Do(report(t, ada, "1")), outbox.Done)
		wantEffects(t, w, "1")
	})
	inBubble(t, "and so does the same one, asked for again with what is known by then", func(t *testing.T) {
		w := &world{}
		o := outbox.New(outbox.Options{})
		o.Do(report(t, ada, "1"))
		o.Do(w.errand(ada, "1"))
		start(t, o)
		synctest.Wait()
		wantEffects(t, w, "1")
	})
}

func TestForgottenErrand(t *testing.T) {
	inBubble(t, "does not run if it was not started", func(t *testing.T) {
		o := outbox.New(outbox.Options{})
		o.Do(report(t, ada, "1"))
		o.Forget(ada)
		start(t, o)
		if got := woken(o.Done()); len(got) != 0 {
			t.Errorf("woke %v", got)
		}
	})
	inBubble(t, "is not reported if it was", func(t *testing.T) {
		w := hanging()
		o := started(t, outbox.Options{})
		o.Do(w.errand(ada, "1"))
		synctest.Wait()
		o.Forget(ada)
		close(w.gate)
		if got := woken(o.Done()); len(got) != 0 {
			t.Errorf("woke %v", got)
		}
	})
	inBubble(t, "of somebody unknown", func(*testing.T) {
		outbox.New(outbox.Options{}).Forget(ada)
	})
	inBubble(t, "makes room for the others of its rate", func(t *testing.T) {
		w := &world{}
		o := started(t, outbox.Options{PerSecond: 1})
		began := time.Now()
		for i := range 101 {
			o.Do(w.errand(owner(i), fmt.Sprint(i)))
		}
		synctest.Wait()
		for i := range 100 {
			o.Forget(owner(i))
		}
		for done := range o.Done() {
			if done == owner(100) {
				break
			}
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("the only one left took %v, want %v", took, time.Second)
		}
	})
}

// slow takes the same time for each errand; in a synctest bubble, that is exact.
func slow(owner types.NamespacedName, takes time.Duration) outbox.Errand {
	return outbox.Errand{Owner: owner, ID: "1", Tenant: acme, Run: func(ctx context.Context) error {
		select {
		case <-time.After(takes):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
}

func TestWaveRunsUpToTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const errands = 300
		o := started(t, outbox.Options{})
		began := time.Now()
		for i := range errands {
			wantState(t, o.Do(slow(owner(i), 100*time.Millisecond)), outbox.Queued)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("the caller waited for %v", took)
		}
		seen := map[types.NamespacedName]bool{}
		for range errands {
			done := <-o.Done()
			wantState(t, o.Do(report(t, done, "1")), outbox.Done)
			seen[done] = true
		}
		if len(seen) != errands {
			t.Errorf("%d owners were woken, want %d", len(seen), errands)
		}
		// 19 rounds: 300 errands, 16 at a time.
		if took, want := time.Since(began), 1900*time.Millisecond; took != want {
			t.Errorf("the wave took %v, want %v", took, want)
		}
	})
}

func TestHangingServerHoldsUpItsOwnErrandsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung, well := hanging(), &world{}
		o := started(t, outbox.Options{})
		began := time.Now()
		for i := range 40 {
			e := hung.errand(owner(i), "1")
			e.Server = "hung.example"
			o.Do(e)
		}
		synctest.Wait()
		if n := hung.tried(); n != outbox.DefaultPerServer {
			t.Errorf("%d errands hang, want %d", n, outbox.DefaultPerServer)
		}
		for i := range 40 {
			e := well.errand(owner(100+i), "1")
			e.Server = "well.example"
			o.Do(e)
		}
		synctest.Wait()
		if n := len(well.had()); n != 40 || time.Since(began) != 0 {
			t.Errorf("%d errands to the other server were done after %v, want 40 at once", n, time.Since(began))
		}
	})
}

// A server may hang for one organization alone: when it looks long at whom its mails go to, say.
func TestHangingTenantHoldsUpItsOwnErrandsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const wave, others = 1000, 40
		hung, well := hanging(), &world{}
		o := started(t, outbox.Options{})
		began := time.Now()
		for i := range wave {
			o.Do(hung.errand(owner(i), "1"))
		}
		synctest.Wait()
		if n := hung.tried(); n != outbox.DefaultPerServer {
			t.Errorf("%d errands of one tenant hang, want %d", n, outbox.DefaultPerServer)
		}
		for i := range others {
			e := well.errand(owner(wave+i), "1")
			e.Tenant.Name = "other"
			o.Do(e)
		}
		synctest.Wait()
		if n := len(well.had()); n != others || time.Since(began) != 0 {
			t.Errorf("%d errands of the other tenant were done after %v, want %d at once", n, time.Since(began), others)
		}
		close(hung.gate)
		for range wave + others {
			<-o.Done()
		}
	})
}

func TestTheLastPlaceIsForATenantWithoutAny(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := hanging()
		o := started(t, outbox.Options{PerServer: 8})
		next := 0
		ask := func(tenant string, errands int) (begun int) {
			before := hung.tried()
			for range errands {
				e := hung.errand(owner(next), "1")
				e.Tenant.Name = tenant
				o.Do(e)
				next++
			}
			synctest.Wait()
			return hung.tried() - before
		}
		for _, step := range []struct {
			tenant        string
			errands, want int
			why           string
		}{
			{"a", 100, 8, "a tenant has its part"},
			{"b", 100, 1, "what is beyond it is for others, but for the last"},
			{"c", 1, 1, "the last is for one who has none"},
			{"d", 1, 0, "that was the last"},
		} {
			if got := ask(step.tenant, step.errands); got != step.want {
				t.Errorf("%d of %d errands of %s are begun, want %d: %s", got, step.errands, step.tenant, step.want, step.why)
			}
		}
		close(hung.gate)
		for range next {
			<-o.Done()
		}
	})
}

// Nobody receives wake-ups while the errands run.
func TestWakeUpsWaitForTheirReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const errands = 1000
		w := &world{}
		o := started(t, outbox.Options{})
		for i := range errands {
			o.Do(w.errand(owner(i), "1"))
		}
		synctest.Wait()
		if n := len(w.had()); n != errands {
			t.Errorf("%d errands were done before wake-ups were received, want %d", n, errands)
		}
		seen := map[types.NamespacedName]bool{}
		for _, done := range woken(o.Done()) {
			seen[done] = true
		}
		if len(seen) != errands {
			t.Errorf("%d owners were woken, want %d", len(seen), errands)
		}
	})
}

// What takes longer than all else may have a time of its own.
func TestLongErrands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := started(t, outbox.Options{Timeout: time.Minute})
		long := after(owner(0), 59*time.Minute, nil)
		long.Timeout = time.Hour
		endless := after(owner(1), 0, nil)
		endless.Timeout, endless.Run = time.Hour, func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
		began := time.Now()
		for _, tt := range []struct {
			errand outbox.Errand
			want   outbox.State
			took   time.Duration
		}{{long, outbox.Done, 59 * time.Minute}, {endless, outbox.Failed, time.Hour + 59*time.Minute}} {
			o.Do(tt.errand)
			<-o.Done()
			if outcome, took := o.Do(tt.errand), time.Since(began); outcome.State != tt.want || took != tt.took {
				t.Errorf("after %v: %+v", took, outcome)
			}
		}
	})
}

func TestHangingErrandsAreGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := hanging()
		o := started(t, outbox.Options{PerServer: 2, Timeout: time.Minute})
		began := time.Now()
		for i := range 4 {
			wantState(t, o.Do(w.errand(owner(i), "1")), outbox.Queued)
		}
		synctest.Wait()
		if n := w.tried(); n != 2 || time.Since(began) != 0 {
			t.Errorf("%d errands hang after %v, want 2 at once", n, time.Since(began))
		}
		for range 4 {
			outcome := o.Do(report(t, <-o.Done(), "1"))
			wantState(t, outcome, outbox.Failed)
			if !errors.Is(outcome.Err, context.DeadlineExceeded) {
				t.Errorf("the error is %v, want DeadlineExceeded", outcome.Err)
			}
		}
		if took, want := time.Since(began), 2*time.Minute; took != want {
			t.Errorf("they were given up after %v, want %v", took, want)
		}
	})
}

func TestRateIsKeptOverAllServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		o := started(t, outbox.Options{PerSecond: 4})
		<-time.After(time.Hour) // saves up nothing
		began := time.Now()
		for i := range 9 {
			e := w.errand(owner(i), "1")
			e.Server = fmt.Sprint("server-", i%3)
			o.Do(e)
		}
		for i := range 9 {
			<-o.Done()
			if at, want := time.Since(began), time.Duration(i)*250*time.Millisecond; at != want {
				t.Errorf("errand %d was done after %v, want %v", i, at, want)
			}
		}
	})
}

func TestBacklogsTakeTurns(t *testing.T) {
	tests := map[string]struct {
		why    string
		change func(wave, single *outbox.Errand)
	}{
		"of tenants at a server": {why: "it is another organization's", change: func(_, single *outbox.Errand) {
			single.Tenant.Namespace = "other"
		}},
		"of servers": {why: "it goes to another server", change: func(wave, single *outbox.Errand) {
			wave.Server, single.Server = "a.example", "b.example"
		}},
		"of a server and the default one": {why: "it goes to another server", change: func(wave, _ *outbox.Errand) {
			wave.Server = "a.example"
		}},
	}
	for name, tt := range tests {
		for _, options := range []outbox.Options{{PerServer: 1}, {PerServer: 1000, PerSecond: 1}} {
			inBubble(t, fmt.Sprint(name, options.PerSecond), func(t *testing.T) {
				w := &world{}
				o := started(t, options)
				single := w.errand(types.NamespacedName{Namespace: "other", Name: "bob"}, "single")
				for i := range 100 {
					wave := w.errand(owner(i), "wave")
					tt.change(&wave, &single)
					if options.PerSecond == 0 {
						run := wave.Run
						wave.Run = func(ctx context.Context) error { <-time.After(time.Second); return run(ctx) }
					}
					o.Do(wave)
				}
				synctest.Wait() // one is under way, and one waits for the rate if there is one
				began := time.Now()
				o.Do(single)
				for done := range o.Done() {
					if done == single.Owner {
						break
					}
				}
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("the single errand waited for %v behind the wave, want its turn at once: %s", took, tt.why)
				}
			})
		}
	}
}

func TestWavesTakeTurns(t *testing.T) {
	tests := map[string]func(e *outbox.Errand, wave string){
		"of tenants": func(e *outbox.Errand, wave string) { e.Tenant.Name = wave },
		"of servers": func(e *outbox.Errand, wave string) { e.Server = wave },
	}
	for name, change := range tests {
		inBubble(t, name, func(t *testing.T) {
			w := &world{}
			o := outbox.New(outbox.Options{PerSecond: 1})
			for i := range 9 {
				wave := []string{"a", "b", "c"}[i/3] // each asked for at once
				e := w.errand(owner(i), wave)
				change(&e, wave)
				o.Do(e)
			}
			start(t, o)
			for range 9 {
				<-o.Done()
			}
			wantEffects(t, w, "a", "b", "c", "a", "b", "c", "a", "b", "c")
		})
	}
}

func TestStopGivesUpWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := hanging()
		o := outbox.New(outbox.Options{PerServer: 1, Down: isDown})
		stop := start(t, o)
		o.Do(w.errand(owner(1), "1"))
		o.Do(report(t, owner(2), "1"))
		synctest.Wait()
		stop()
		for i := range 2 {
			// Nobody was told of a failure: the next process does both.
			wantState(t, o.Do(report(t, owner(i+1), "1")), outbox.Queued)
		}
		if err, known := o.Health(acme); err != nil || known {
			t.Errorf("our own end shows as the server's: %v, %v", err, known)
		}
		wantEffects(t, w)
	})
}

func TestStopEndsWaitingForTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		o := outbox.New(outbox.Options{PerSecond: 1.0 / 3600})
		stop := start(t, o)
		began := time.Now()
		for i := range 3 {
			o.Do(w.errand(owner(i), "1"))
		}
		synctest.Wait()
		stop()
		if took := time.Since(began); took != 0 {
			t.Errorf("stopping took %v", took)
		}
		wantEffects(t, w, "1")
	})
}

func TestStopDoesNotWaitForWhoeverIsWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := outbox.New(outbox.Options{})
		stop := start(t, o)
		o.Do((&world{}).errand(ada, "1"))
		synctest.Wait()
		stop()
	})
}

func TestOutcomeHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
		clock := clocktesting.NewFakePassiveClock(asked)
		w := hanging()
		o := started(t, outbox.Options{Clock: clock})
		o.Do(w.errand(ada, "1"))
		synctest.Wait()
		clock.SetTime(asked.Add(time.Minute))
		if got := o.Do(report(t, ada, "1")).At; got != asked {
			t.Errorf("queued at %v, want %v", got, asked)
		}
		close(w.gate)
		woken(o.Done())
		clock.SetTime(asked.Add(time.Hour))
		if got, want := o.Do(report(t, ada, "1")).At, asked.Add(time.Minute); got != want {
			t.Errorf("done at %v, want %v", got, want)
		}
	})
}

func TestOutboxRunsOnTheLeaderAlone(t *testing.T) {
	if !outbox.New(outbox.Options{}).NeedLeaderElection() {
		t.Error("every replica would start it")
	}
}

// Many owners at once, each as a controller does it, over servers that often fail:
// each gets its effect, once.
func TestEveryOwnerGetsItsEffectInTheEnd(t *testing.T) {
	const owners, failures = 200, 150
	w := &world{failures: slices.Repeat([]error{errDown}, failures)}
	o := started(t, outbox.Options{})
	errand := func(user types.NamespacedName) outbox.Errand {
		e := w.errand(user, user.Name)
		e.Server = fmt.Sprint("server-", len(user.Name))
		return e
	}
	pass := func(user types.NamespacedName) (done bool) {
		switch o.Do(errand(user)).State {
		case outbox.Done:
			o.Forget(user)
			return true
		case outbox.Failed:
			o.Forget(user)
			o.Do(errand(user))
		}
		return false
	}
	for i := range owners {
		go pass(owner(i))
	}
	for done := 0; done < owners; {
		if pass(<-o.Done()) {
			done++
		}
	}
	if got := len(w.had()); got != owners {
		t.Errorf("%d effects, want %d", got, owners)
	}
	if got := w.tried(); got != owners+failures {
		t.Errorf("%d attempts, want %d", got, owners+failures)
	}
}
