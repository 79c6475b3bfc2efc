// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package together_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"seatkeeper.dev/seatkeeper/internal/together"
)

// counter is read, and says how often it was.
type counter struct {
	reads together.Reads[string, int, int]

	mu    sync.Mutex
	wants [][]int
}

// read takes a second.
func (c *counter) read(ctx context.Context, wants []int) (int, error) {
	c.mu.Lock()
	c.wants = append(c.wants, slices.Sorted(slices.Values(wants)))
	n := len(c.wants)
	c.mu.Unlock()
	time.Sleep(time.Second)
	return n, ctx.Err()
}

// Who asks while a read is under way gets the next one, together with all others who do: what was read before is not what they asked for.
func TestNobodyGetsWhatWasReadBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c counter
		var all sync.WaitGroup
		ask := func(key string, want, read int) {
			all.Go(func() {
				if got, err := c.reads.Do(t.Context(), key, want, c.read); got != read || err != nil {
					t.Errorf("%d gets read %d (%v), want %d", want, got, err, read)
				}
			})
		}
		ask("one", 0, 1)
		synctest.Wait()
		for i := range 10 {
			ask("one", 1+i, 3)
		}
		synctest.Wait()
		ask("another", 20, 2) // which waits for none of those
		all.Wait()
		ask("one", 30, 4)
		all.Wait()
		want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
		if len(c.wants) != 4 || !slices.ContainsFunc(c.wants, func(wants []int) bool { return slices.Equal(wants, want) }) {
			t.Errorf("the reads were for %v", c.wants)
		}
	})
}

// Who gives up takes nothing from the others, even if the read is theirs.
func TestWhoGivesUpTakesNothingAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c counter
		var all sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		all.Go(func() {
			if _, err := c.reads.Do(ctx, "one", 0, c.read); !errors.Is(err, context.Canceled) {
				t.Errorf("who gives up gets %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if got, err := c.reads.Do(t.Context(), "one", 1, c.read); got != 2 || err != nil {
				t.Errorf("who waits gets read %d (%v)", got, err)
			}
		})
		synctest.Wait()
		cancel()
		all.Wait()
	})
}

// A read that panics is an error to those who have asked, and the next one is made.
func TestAPanicIsAnError(t *testing.T) {
	t.Parallel()
	var reads together.Reads[string, int, int]
	for i, fails := range []bool{true, false} {
		got, err := reads.Do(t.Context(), "one", 0, func(context.Context, []int) (int, error) {
			if fails {
				panic("nobody is at home")
			}
			return i, nil
		})
		if fails != (err != nil) || !fails && got != i || fails && !strings.Contains(err.Error(), "nobody is at home") {
			t.Errorf("read %d returns %d, %v", i, got, err)
		}
	}
}
