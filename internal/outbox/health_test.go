// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/outbox"
)

// after is an errand that ends after a time.
func after(owner types.NamespacedName, takes time.Duration, err error) outbox.Errand {
	return outbox.Errand{Owner: owner, ID: "1", Tenant: acme, Run: func(context.Context) error {
		<-time.After(takes)
		return err
	}}
}

func TestHealth(t *testing.T) {
	other := fmt.Errorf("dial mail.example: %w", errDown)
	broken := fmt.Errorf("%w: no subject", outbox.ErrNotTried)
	tests := map[string]struct {
		why      string
		outcomes []error // one after the other
		want     error
		known    bool
		wakeUps  int
	}{
		"none":                   {why: "nothing was tried"},
		"one success":            {outcomes: []error{nil}, known: true, wakeUps: 1},
		"more of them":           {outcomes: []error{nil, nil, nil}, known: true, wakeUps: 1, why: "nothing changes"},
		"one failure":            {outcomes: []error{errDown}, want: errDown, known: true, wakeUps: 1},
		"more of them, the same": {outcomes: []error{errDown, errDown}, want: errDown, known: true, wakeUps: 1, why: "nothing changes"},
		"another failure":        {outcomes: []error{errDown, other}, want: other, known: true, wakeUps: 2, why: "it says something else"},
		"success after failure":  {outcomes: []error{errDown, nil}, known: true, wakeUps: 2},
		"a refusal after it":     {outcomes: []error{errDown, errRefused}, known: true, wakeUps: 2, why: "whoever refuses is there"},
		"one not tried after it": {outcomes: []error{errDown, broken}, want: errDown, known: true, wakeUps: 1, why: "it tells nothing"},
		"one not tried":          {outcomes: []error{broken}, why: "it tells nothing"},
	}
	for name, tt := range tests {
		inBubble(t, name, func(t *testing.T) {
			o := started(t, outbox.Options{Down: isDown})
			var wakeUps []types.NamespacedName
			for i, outcome := range tt.outcomes {
				o.Do(after(owner(i), 0, outcome))
				wakeUps = append(wakeUps, woken(o.Changed())...)
			}
			if err, known := o.Health(acme); !errors.Is(err, tt.want) || known != tt.known {
				t.Errorf("health is %v, %v, want %v, %v: %s", err, known, tt.want, tt.known, tt.why)
			}
			if want := slices.Repeat([]types.NamespacedName{acme}, tt.wakeUps); !slices.Equal(wakeUps, want) {
				t.Errorf("woke %v, want %v: %s", wakeUps, want, tt.why)
			}
		})
	}
}

// A server that takes some connections and turns others away is there.
func TestHealthHasGrace(t *testing.T) {
	inBubble(t, "grace", func(t *testing.T) {
		o := started(t, outbox.Options{Down: isDown, Grace: 30 * time.Second})
		tell := func(i int, outcome error, want error) {
			t.Helper()
			o.Do(after(owner(i), 0, outcome))
			synctest.Wait()
			if err, _ := o.Health(acme); !errors.Is(err, want) {
				t.Errorf("after errand %d, health is %v, want %v", i, err, want)
			}
		}
		tell(1, errDown, errDown) // nothing went through before
		tell(2, nil, nil)
		tell(3, errDown, nil)
		<-time.After(30*time.Second - 1)
		tell(4, errDown, nil)
		<-time.After(1)
		tell(5, errDown, errDown)
	})
}

func TestHealthOfErrandsAtOnce(t *testing.T) {
	tests := map[string]struct {
		why           string
		first, second outbox.Errand // started in this order
		want          error
	}{
		"an old failure": {
			why:   "the server was reached after it was tried",
			first: after(owner(1), time.Minute, errDown), second: after(owner(2), time.Second, nil),
		},
		"an old success": {
			why:   "the server has just answered",
			first: after(owner(1), time.Minute, nil), second: after(owner(2), time.Second, errDown),
		},
		"a new failure": {
			why:   "the server was there, and is no more",
			first: after(owner(1), time.Second, nil), second: after(owner(2), time.Minute, errDown), want: errDown,
		},
	}
	for name, tt := range tests {
		inBubble(t, name, func(t *testing.T) {
			o := started(t, outbox.Options{Timeout: time.Hour, Down: isDown})
			o.Do(tt.first)
			synctest.Wait()
			o.Do(tt.second)
			for range 2 {
				<-o.Done()
			}
			if err, known := o.Health(acme); !errors.Is(err, tt.want) || !known {
				t.Errorf("health is %v, %v, want %v: %s", err, known, tt.want, tt.why)
			}
		})
	}
}

func TestHealthIsEachTenantsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := started(t, outbox.Options{Down: isDown})
		other := after(owner(2), 0, nil)
		other.Tenant = types.NamespacedName{Namespace: "other", Name: "other"}
		nobody := after(owner(3), 0, errDown)
		nobody.Tenant = types.NamespacedName{}
		for _, e := range []outbox.Errand{after(owner(1), 0, errDown), other, nobody} {
			o.Do(e)
		}
		if got := woken(o.Changed()); len(got) != 2 || !slices.Contains(got, acme) || !slices.Contains(got, other.Tenant) {
			t.Errorf("woke %v, want both tenants", got)
		}
		if err, known := o.Health(acme); !errors.Is(err, errDown) || !known {
			t.Errorf("health is %v, %v", err, known)
		}
		if err, known := o.Health(other.Tenant); err != nil || !known {
			t.Errorf("the other's health is %v, %v", err, known)
		}
		if err, known := o.Health(nobody.Tenant); err != nil || known {
			t.Errorf("nobody's health is %v, %v", err, known)
		}
	})
}

func TestWithoutDownEveryServerIsWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := started(t, outbox.Options{})
		o.Do(after(ada, 0, errDown))
		woken(o.Done())
		if err, known := o.Health(acme); err != nil || !known {
			t.Errorf("health is %v, %v", err, known)
		}
	})
}

func TestForgettingErrandsAndTenants(t *testing.T) {
	inBubble(t, "an owner's end is not its tenant's", func(t *testing.T) {
		o := started(t, outbox.Options{Down: isDown})
		o.Do(after(ada, 0, errDown))
		woken(o.Done())
		o.Forget(ada)
		if err, known := o.Health(acme); !errors.Is(err, errDown) || !known {
			t.Errorf("health is %v, %v", err, known)
		}
	})
	inBubble(t, "a forgotten errand tells of its server", func(t *testing.T) {
		o := started(t, outbox.Options{Down: isDown})
		o.Do(after(ada, time.Second, errDown))
		synctest.Wait()
		o.Forget(ada)
		<-o.Changed()
		if err, known := o.Health(acme); !errors.Is(err, errDown) || !known {
			t.Errorf("health is %v, %v", err, known)
		}
	})
	inBubble(t, "a tenant's end is the end of its health", func(t *testing.T) {
		o := started(t, outbox.Options{Down: isDown})
		o.Do(after(owner(1), 0, errDown))
		o.Do(after(owner(2), time.Second, nil))
		if got := woken(o.Changed()); len(got) != 1 {
			t.Errorf("woke %v, want the tenant once", got)
		}
		o.ForgetTenant(acme)
		<-time.After(time.Minute)
		if got := woken(o.Changed()); len(got) != 0 {
			t.Errorf("woke %v, which is gone", got)
		}
		if err, known := o.Health(acme); err != nil || known {
			t.Errorf("health is %v, %v", err, known)
		}
	})
}

// Nobody receives the changes while they are made.
func TestChangesWaitForTheirReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const tenants = 500
		o := started(t, outbox.Options{Down: isDown})
		for _, outcome := range []error{nil, errDown} {
			for i := range tenants {
				e := after(owner(i), 0, outcome)
				e.ID, e.Tenant = fmt.Sprint(outcome), types.NamespacedName{Name: fmt.Sprint(i)}
				o.Do(e)
			}
			synctest.Wait()
		}
		seen := map[types.NamespacedName]bool{}
		wakeUps := woken(o.Changed())
		for _, tenant := range wakeUps {
			seen[tenant] = true
		}
		// One was already being handed out when it changed again.
		if len(wakeUps) > tenants+1 {
			t.Errorf("%d wake-ups had piled up, want one for each tenant", len(wakeUps))
		}
		if len(seen) != tenants {
			t.Errorf("%d tenants were woken, want %d", len(seen), tenants)
		}
		for tenant := range seen {
			if err, _ := o.Health(tenant); !errors.Is(err, errDown) {
				t.Errorf("health is %v", err)
			}
		}
	})
}
