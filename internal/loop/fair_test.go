// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package loop_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"seatkeeper.dev/seatkeeper/internal/loop"
)

func key(namespace string, n int) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: fmt.Sprint(n)}}
}

// fair is a queue, and the order in which it gives keys out, one at a time.
type fair struct {
	priorityqueue.PriorityQueue[reconcile.Request]
}

func newFair(t *testing.T) fair {
	t.Helper()
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Hour, time.Hour)
	q := loop.FairQueue(clock.RealClock{}, share, most)("fair-"+t.Name(), limiter).(priorityqueue.PriorityQueue[reconcile.Request])
	t.Cleanup(q.ShutDown)
	return fair{q}
}

// crowd adds many keys of a namespace.
func (f fair) crowd(namespace string, o priorityqueue.AddOpts) {
	for i := range people {
		f.AddWithOpts(o, key(namespace, i))
	}
}

// until gives out keys until one comes, and says how many came before.
func (f fair) until(t *testing.T, want reconcile.Request) int {
	t.Helper()
	for before := 0; f.Len() > 0; before++ {
		got, _ := f.Get()
		f.Done(got)
		if got == want {
			return before
		}
	}
	t.Fatalf("%v never came", want)
	return 0
}

// ready waits until so many timers have fired.
func (f fair) ready(want int) {
	for f.Len() < want {
		runtime.Gosched()
	}
}

const (
	people = 2000
	// share is how many keys of a namespace may be under way beside others, and most while there are none.
	share, most = 4, 8
	// soon is how many keys of a wave may come before each of somebody else's: those of the turn that is on, and of one's own.
	soon = 2
)

func TestAWaveDoesNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	low := ptr.To(handler.LowPriority)
	for name, tc := range map[string]struct {
		wave, single priorityqueue.AddOpts
	}{
		"changes":              {},
		"the look after start": {wave: priorityqueue.AddOpts{Priority: low}, single: priorityqueue.AddOpts{Priority: low}},
		"a change after start": {wave: priorityqueue.AddOpts{Priority: low}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFair(t)
			f.crowd("acme", tc.wave)
			f.AddWithOpts(tc.single, key("globex", 0))
			if before := f.until(t, key("globex", 0)); before > soon {
				t.Errorf("%d of %d came before, want %d at most", before, people, soon)
			}
		})
	}
}

// Somebody else's change comes soon also when it comes in the middle of a wave that goes on.
func TestAWaveThatGoesOnHoldsUpNobody(t *testing.T) {
	t.Parallel()
	f := newFair(t)
	f.crowd("acme", priorityqueue.AddOpts{})
	for range people / 2 {
		got, _ := f.Get()
		f.Done(got)
		f.Add(got)
	}
	f.Add(key("globex", 0))
	if before := f.until(t, key("globex", 0)); before > soon {
		t.Errorf("%d came before, want %d at most", before, soon)
	}
}

// A few of somebody else take turns with the wave, however many they are.
func TestAFewTakeTurnsWithAWave(t *testing.T) {
	t.Parallel()
	const few = 40
	f := newFair(t)
	f.crowd("acme", priorityqueue.AddOpts{})
	for i := range few {
		f.Add(key("globex", i))
	}
	if before := f.until(t, key("globex", few-1)); before > few*soon {
		t.Errorf("the last of %d came after %d, want %d at most", few, before, few*soon)
	}
}

// What was the last of a wave is not the last of the next one because it is tried again, or has a timer.
func TestATurnIsNotKept(t *testing.T) {
	t.Parallel()
	f := newFair(t)
	f.crowd("globex", priorityqueue.AddOpts{})
	last := key("globex", people-1)
	f.until(t, key("globex", people-2))
	got, priority, _ := f.GetWithPriority()
	if got != last || priority != 0 {
		t.Fatalf("got %v with the priority %d, want %v with that of those who added it", got, priority, last)
	}
	f.AddWithOpts(priorityqueue.AddOpts{After: time.Nanosecond, Priority: &priority}, last)
	f.Done(last)
	f.ready(1)
	f.crowd("acme", priorityqueue.AddOpts{})
	if before := f.until(t, last); before > soon {
		t.Errorf("%d came before, want %d at most", before, soon)
	}
}

// Timers that fire together are a wave like any other.
func TestTimersThatFireTogetherHoldUpNobody(t *testing.T) {
	t.Parallel()
	f := newFair(t)
	f.crowd("acme", priorityqueue.AddOpts{After: time.Nanosecond})
	f.ready(people)
	f.Add(key("globex", 0))
	if before := f.until(t, key("globex", 0)); before > soon {
		t.Errorf("%d came before, want %d at most", before, soon)
	}
}

// Neither is a wave of people less of a wave because each of them has a timer.
func TestWhoeverHasATimerIsInTheWave(t *testing.T) {
	t.Parallel()
	f := newFair(t)
	f.crowd("acme", priorityqueue.AddOpts{After: time.Hour})
	f.crowd("acme", priorityqueue.AddOpts{})
	f.Add(key("globex", 0))
	if before := f.until(t, key("globex", 0)); before > soon {
		t.Errorf("%d came before, want %d at most", before, soon)
	}
}

// Who has many members, each with a timer, and is quiet otherwise, is no crowd: two waves of others do not hold it up.
func TestTimersAreNoCrowd(t *testing.T) {
	t.Parallel()
	f := newFair(t)
	f.crowd("globex", priorityqueue.AddOpts{After: time.Hour})
	f.crowd("globex", priorityqueue.AddOpts{RateLimited: true})
	f.crowd("acme", priorityqueue.AddOpts{})
	f.crowd("initech", priorityqueue.AddOpts{})
	f.Add(key("globex", 7))
	if before := f.until(t, key("globex", 7)); before > 2*soon {
		t.Errorf("%d came before, want %d at most", before, 2*soon)
	}
}

// Somebody else who always has something to do does not hold up a wave for ever.
func TestAWaveComesToItsEnd(t *testing.T) {
	t.Parallel()
	for _, busy := range []int{1, 16} {
		t.Run(fmt.Sprint(busy), func(t *testing.T) {
			t.Parallel()
			f := newFair(t)
			f.crowd("acme", priorityqueue.AddOpts{})
			for i := range busy {
				f.Add(key("globex", i))
			}
			served := 0
			for range soon*people + busy {
				got, _ := f.Get()
				f.Done(got)
				if got.Namespace == "acme" {
					served++
				} else {
					f.Add(got)
				}
			}
			if served != people {
				t.Errorf("%d of %d came in %d passes", served, people, soon*people+busy)
			}
		})
	}
}

// What waits in the look after a start takes no turns from changes of the same organization.
func TestWhatCanWaitTakesNoTurns(t *testing.T) {
	t.Parallel()
	f := newFair(t)
	f.crowd("globex", priorityqueue.AddOpts{Priority: ptr.To(handler.LowPriority)})
	f.crowd("acme", priorityqueue.AddOpts{})
	f.Add(key("globex", people-1))
	if before := f.until(t, key("globex", people-1)); before > soon {
		t.Errorf("%d came before, want %d at most", before, soon)
	}
	for f.Len() > 0 {
		got, priority, _ := f.GetWithPriority()
		f.Done(got)
		if want := map[string]int{"globex": handler.LowPriority}[got.Namespace]; priority != want {
			t.Fatalf("%v comes with the priority %d, want %d", got, priority, want)
		}
	}
}

// What can wait comes after all that cannot, whoever's it is.
func TestWhatCanWaitComesLast(t *testing.T) {
	t.Parallel()
	f := newFair(t)
	f.crowd("globex", priorityqueue.AddOpts{Priority: ptr.To(handler.LowPriority)})
	f.crowd("acme", priorityqueue.AddOpts{})
	for range people {
		got, _ := f.Get()
		f.Done(got)
		if got.Namespace != "acme" {
			t.Fatalf("%v comes before the last of acme", got)
		}
	}
}

// What is delayed keeps the priority that it was added with.
func TestWhatIsDelayedCanStillWait(t *testing.T) {
	t.Parallel()
	f := newFair(t)
	f.AddWithOpts(priorityqueue.AddOpts{After: time.Nanosecond, Priority: ptr.To(handler.LowPriority)}, key("acme", 0))
	f.ready(1)
	if got, priority, _ := f.GetWithPriority(); priority != handler.LowPriority {
		t.Errorf("%v comes with the priority %d, want %d", got, priority, handler.LowPriority)
	}
}

// Whoever had a wave has none when it is over, and nothing is lost in it or comes twice.
func TestAWaveIsOver(t *testing.T) {
	t.Parallel()
	f := newFair(t)
	f.crowd("acme", priorityqueue.AddOpts{})
	f.crowd("acme", priorityqueue.AddOpts{})
	seen := map[reconcile.Request]bool{}
	for f.Len() > 0 {
		got, _ := f.Get()
		f.Done(got)
		if seen[got] {
			t.Errorf("%v came twice", got)
		}
		seen[got] = true
	}
	if len(seen) != people {
		t.Errorf("%d of %d came", len(seen), people)
	}
	f.Add(key("acme", 0))
	if _, priority, _ := f.GetWithPriority(); priority != 0 {
		t.Errorf("after the wave, the first one has the priority %d", priority)
	}
}

// bubble runs a test in which nobody has anything to do any more when synctest.Wait returns.
func bubble(t *testing.T, test func(t *testing.T, f fair)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newFair(t)) })
}

// work has so many get keys, which they keep until they are told of as done. It returns how many are under way in a namespace, and what
// ends one of them.
func (f fair) work(t *testing.T) (underWay func(namespace string) []reconcile.Request, end func(reconcile.Request)) {
	t.Helper()
	var mu sync.Mutex
	working := map[reconcile.Request]chan struct{}{}
	for range workers {
		go func() {
			for {
				key, shutdown := f.Get()
				if shutdown {
					return
				}
				done := make(chan struct{})
				mu.Lock()
				if working[key] != nil {
					t.Errorf("%v is under way twice", key)
				}
				working[key] = done
				mu.Unlock()
				select {
				case <-done:
				case <-t.Context().Done():
				}
				f.Done(key)
			}
		}()
	}
	underWay = func(namespace string) (keys []reconcile.Request) {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		for key := range working {
			if key.Namespace == namespace {
				keys = append(keys, key)
			}
		}
		return keys
	}
	return underWay, func(key reconcile.Request) {
		mu.Lock()
		defer mu.Unlock()
		close(working[key])
		delete(working, key)
	}
}

// workers are more than two namespaces may have under way.
const workers = 3 * share

// A wave has more under way until somebody else comes, who need not wait for any of it to end, and again when they are gone.
func TestANamespaceHasItsShareUnderWay(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, f fair) {
		underWay, end := f.work(t)
		wants := func(namespace string, want int) {
			t.Helper()
			if got := len(underWay(namespace)); got != want {
				t.Fatalf("%d of %s are under way, want %d", got, namespace, want)
			}
		}
		for range 2 { // nobody is somebody else's company for having been here before
			f.Add(key("acme", 0))
			wants("acme", 1)
			end(underWay("acme")[0])
			wants("acme", 0)
		}
		f.crowd("acme", priorityqueue.AddOpts{})
		for range 3 * share {
			wants("acme", most)
			end(underWay("acme")[0])
		}
		wants("acme", most)
		f.Add(key("globex", 0))
		wants("globex", 1)
		for n := most; n > share; n-- {
			wants("acme", n)
			end(underWay("acme")[0])
		}
		for range 3 * share {
			wants("acme", share)
			end(underWay("acme")[0])
		}
		f.crowd("initech", priorityqueue.AddOpts{})
		wants("initech", share)
		for _, other := range append(underWay("initech"), underWay("globex")...) {
			end(other)
		}
		wants("initech", share)
		time.Sleep(time.Minute) // in which whatever is under way hangs
		for i := range most {
			f.Add(key("acme", people+i))
		}
		wants("acme", most)
	})
}

// A wave that has its share waits in the queue, and not with those who look past it: depth and latency are measured there.
func TestAWaveWaitsInTheQueue(t *testing.T) {
	t.Parallel()
	for name, others := range map[string]func(f fair, underWay func(string) []reconcile.Request) (more int){
		"nobody else": func(fair, func(string) []reconcile.Request) int { return 0 },
		"many who come singly": func(f fair, underWay func(string) []reconcile.Request) int {
			for i := range workers - share {
				f.Add(key(fmt.Sprint("other-", i), 0))
				underWay("")
			}
			return 0
		},
		"one whose key is under way and comes again": func(f fair, underWay func(string) []reconcile.Request) int {
			f.Add(key("globex", 0))
			underWay("globex")
			f.Add(key("globex", 0))
			return 1
		},
		"what can wait": func(f fair, _ func(string) []reconcile.Request) int {
			f.crowd("globex", priorityqueue.AddOpts{Priority: ptr.To(handler.LowPriority)})
			return people
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, f fair) {
				underWay, _ := f.work(t)
				f.crowd("acme", priorityqueue.AddOpts{})
				want := people - len(underWay("acme")) - soon*workers + others(f, underWay)
				if underWay(""); f.Len() < want {
					t.Errorf("%d wait in the queue, want %d at least", f.Len(), want)
				}
			})
		})
	}
}

// A timer of somebody else's that fires needs none of a wave to end.
func TestATimerFiresBesideAWave(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, f fair) {
		underWay, _ := f.work(t)
		f.crowd("acme", priorityqueue.AddOpts{})
		underWay("acme")
		f.AddWithOpts(priorityqueue.AddOpts{After: time.Second}, key("globex", 0))
		f.AddWithOpts(priorityqueue.AddOpts{RateLimited: true}, key("globex", 1)) // in an hour, as newFair says
		time.Sleep(2 * time.Second)
		if others := underWay("globex"); len(others) != 1 {
			t.Errorf("%v of somebody else are under way, want the one whose timer has fired", others)
		}
	})
}

// What cannot wait overtakes a wave of the same organization that can, also while that has its share under way.
func TestAChangeOvertakesTheLookAfterAStart(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, f fair) {
		low := priorityqueue.AddOpts{Priority: ptr.To(handler.LowPriority)}
		underWay, end := f.work(t)
		f.Add(key("globex", 0))
		f.crowd("acme", low)
		end(underWay("globex")[0])
		for range people / 2 { // others who are quicker have no part in it
			f.AddWithOpts(low, key("globex", 0))
			end(underWay("globex")[0])
		}
		f.Add(key("acme", people))
		f.Add(key("acme", people-1))
		for _, want := range []reconcile.Request{key("acme", people), key("acme", people-1)} {
			before := underWay("acme")
			end(before[0])
			if now := underWay("acme"); !slices.Contains(now, want) {
				t.Errorf("%v are under way, want %v among them", now, want)
			}
		}
	})
}

// Who has only what can wait does not wait for those who have all that may be under way of what cannot.
func TestAShareLeavesTheRestToOthers(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, f fair) {
		underWay, _ := f.work(t)
		f.crowd("acme", priorityqueue.AddOpts{})
		f.crowd("globex", priorityqueue.AddOpts{Priority: ptr.To(handler.LowPriority)})
		if others := underWay("globex"); len(others) != share {
			t.Errorf("%d of those who can wait are under way, want %d", len(others), share)
		}
	})
}

// Nothing is lost, comes twice at once, or is under way beyond a share, whoever adds what meanwhile.
func TestManyWavesComeToTheirEnd(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, f fair) {
		const waves, again = 4, 3
		var mu sync.Mutex
		passes, underWay := map[reconcile.Request]int{}, map[string]int{}
		pass := func(got reconcile.Request) {
			mu.Lock()
			passes[got]++
			underWay[got.Namespace]++
			if underWay[got.Namespace] > most {
				t.Errorf("%d of %s are under way, want %d at most", underWay[got.Namespace], got.Namespace, most)
			}
			if passes[got] < again {
				f.AddWithOpts(priorityqueue.AddOpts{After: time.Duration(passes[got]-1) * time.Millisecond}, got)
			}
			mu.Unlock()
			time.Sleep(time.Millisecond)
			mu.Lock()
			underWay[got.Namespace]--
			mu.Unlock()
			f.Done(got)
		}
		for range workers {
			go func() {
				for got, shutdown := f.Get(); !shutdown; got, shutdown = f.Get() {
					pass(got)
				}
			}()
		}
		for i := range waves {
			f.crowd(fmt.Sprint("wave-", i), priorityqueue.AddOpts{})
		}
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if len(passes) != waves*people {
			t.Errorf("%d of %d came", len(passes), waves*people)
		}
		for got, n := range passes {
			if n != again {
				t.Errorf("%v came %d times, want %d", got, n, again)
			}
		}
	})
}
