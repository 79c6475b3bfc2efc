// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Nothing is left of servers, tenants and owners of the past: no memory, and no
// goroutine.
func TestNothingIsLeftOfThePast(t *testing.T) {
	tests := map[string]struct {
		why   string
		start bool
		run   func(context.Context) error
	}{
		"after success":         {why: "it is recorded", start: true, run: func(context.Context) error { return nil }},
		"after failure":         {why: "it is recorded", start: true, run: func(context.Context) error { return errors.New("down") }},
		"forgotten, under way":  {why: "nobody waits any more", start: true, run: func(context.Context) error { <-time.After(time.Second); return nil }},
		"forgotten, not begun":  {why: "nobody waits any more", run: func(context.Context) error { return nil }},
		"forgotten and hanging": {why: "it times out", start: true, run: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := New(Options{PerServer: 2, Down: func(error) bool { return true }})
				if tt.start {
					ctx, cancel := context.WithCancel(t.Context())
					ended := make(chan error)
					go func() { ended <- o.Start(ctx) }()
					defer func() {
						cancel()
						if err := <-ended; err != nil {
							t.Errorf("Start: %v", err)
						}
					}()
				}
				synctest.Wait()
				const few = 10 // the runtime and the testing package have some of their own, which come and go
				idle := runtime.NumGoroutine()
				for i := range 50 {
					o.Do(errandOf(i, tt.run))
				}
				synctest.Wait()
				for i := range 50 {
					o.Forget(errandOf(i, nil).Owner)
				}
				// Long enough for everything to time out. The wake-ups are received
				// meanwhile.
				for over := time.After(time.Hour); over != nil; {
					select {
					case <-o.Done():
					case <-o.Changed():
					case <-over:
						over = nil
					}
				}
				for i := range 50 {
					o.ForgetTenant(errandOf(i, nil).Tenant)
				}
				wantNothing(t, o)
				if n := runtime.NumGoroutine(); n > idle+few {
					t.Errorf("%d goroutines are left, of %d at first: %s", n, idle, tt.why)
				}
			})
		})
	}
}

func errandOf(i int, run func(context.Context) error) Errand {
	return Errand{
		Owner:  types.NamespacedName{Namespace: "acme", Name: fmt.Sprint("user-", i)},
		ID:     "1",
		Server: fmt.Sprint("server-", i%7),
		Tenant: types.NamespacedName{Namespace: fmt.Sprint("tenant-", i%5)},
		Run:    run,
	}
}
