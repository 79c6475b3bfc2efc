// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	"seatkeeper.dev/seatkeeper/internal/outbox"
)

// A wake-up of an errand that is nobody's comes late, when the next one of the kind is waiting: it is not forgotten.
func TestErrandsOfNobodyAreKept(t *testing.T) {
	for _, name := range []string{"directory/acme", "archived/0123"} {
		synctest.Test(t, func(t *testing.T) {
			o := outbox.New(outbox.Options{})
			r := &Reconciler{Outbox: o, Accounts: Accounts{Outbox: o}}
			key, ran := types.NamespacedName{Namespace: "acme", Name: name}, false
			o.Do(outbox.Errand{Owner: key, ID: "2", Run: func(context.Context) error {
				ran = true
				return nil
			}})
			if got, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: key}); err != nil || got != (ctrl.Result{}) {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- o.Start(ctx) }()
			synctest.Wait()
			if !ran {
				t.Errorf("%s is forgotten", name)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

// Nothing is done about one account twice at a time, and nobody waits for another's.
func TestAccountsHaveALockEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e errands
		lock := func(account types.UID) (unlock func()) {
			t.Helper()
			unlock, err := e.lock(t.Context(), account)
			if err != nil {
				t.Fatal(err)
			}
			return unlock
		}
		ada, bea := lock("ada"), lock("bea")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := e.lock(ctx, "ada"); !errors.Is(err, context.Canceled) {
			t.Errorf("who gives up waiting for ada gets %v", err)
		}
		var second func()
		go func() { second = lock("ada") }()
		synctest.Wait()
		if second != nil {
			t.Error("ada's account is had by two")
		}
		bea()
		synctest.Wait()
		if second != nil {
			t.Error("ada's account is had by two once bea's is let go")
		}
		ada()
		synctest.Wait()
		if second == nil {
			t.Fatal("ada's account is not to be had after it was let go")
		}
		second()
		if len(e.queues) > 0 {
			t.Errorf("left is %v", e.queues)
		}
	})
}
