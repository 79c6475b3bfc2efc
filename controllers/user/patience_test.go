// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

func TestPatience(t *testing.T) {
	ada := types.NamespacedName{Namespace: "acme", Name: "ada"}
	var p patience
	wants := func(why, id string, unconfirmed bool, wait time.Duration) {
		t.Helper()
		if got := p.next(ada, id, unconfirmed); got != wait {
			t.Errorf("%s: waits for %v, want %v", why, got, wait)
		}
	}
	wants("first", "1", false, 50*time.Millisecond)
	wants("second", "1", false, 100*time.Millisecond)
	wants("another mail", "2", false, 50*time.Millisecond)
	p.forget(ada)
	wants("forgotten", "2", false, 50*time.Millisecond)
	for range 20 {
		p.next(ada, "2", false)
	}
	wants("many", "2", false, 5*time.Minute)
	wants("unconfirmed, first", "3", true, 50*time.Millisecond)
	wants("unconfirmed, second", "3", true, time.Minute)
	wants("unconfirmed, third", "3", true, 2*time.Minute)
	for range 20 {
		p.next(ada, "3", true)
	}
	wants("unconfirmed, many", "3", true, 6*time.Hour)
}
