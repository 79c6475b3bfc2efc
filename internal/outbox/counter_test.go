// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/outbox"
)

// Owners of several kinds have errands of their own, whatever they are called, and are woken where they asked; the server's limit is
// one for all.
func TestCounters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := outbox.New(outbox.Options{PerServer: 1})
		teams, roles := o.Counter("team"), o.Counter("role")
		start(t, o)
		o.Do(after(ada, time.Second, nil))
		teams.Do(after(ada, time.Second, errDown))
		synctest.Wait()
		if got := roles.Do(after(ada, time.Second, nil)); got.State != outbox.Queued {
			t.Errorf("the role's errand is %v", got)
		}
		<-time.After(1500 * time.Millisecond)
		for what, got := range map[string]outbox.State{
			"the person's": o.Do(after(ada, 0, nil)).State, "the team's": teams.Do(after(ada, 0, nil)).State, "the role's": roles.Do(after(ada, 0, nil)).State,
		} {
			if want := map[string]outbox.State{"the person's": outbox.Done}[what]; want == "" && got != outbox.Queued || want != "" && got != want {
				t.Errorf("%s errand is %v: one at a time", what, got)
			}
		}
		<-time.After(2 * time.Second)
		for what, c := range map[string]<-chan types.NamespacedName{"the person": o.Done(), "the team": teams.Done(), "the role": roles.Done()} {
			if got := woken(c); !slices.Equal(got, []types.NamespacedName{ada}) {
				t.Errorf("of %s, %v are woken", what, got)
			}
		}
		if got := teams.Do(after(ada, 0, nil)); got.State != outbox.Failed {
			t.Errorf("the team's errand is %v", got)
		}
		teams.Forget(ada)
		if got := teams.Do(after(ada, 0, nil)); got.State != outbox.Queued {
			t.Errorf("what is forgotten is %v", got)
		}
		if got := o.Do(after(ada, 0, nil)); got.State != outbox.Done {
			t.Errorf("the person's errand is %v", got)
		}
	})
}
