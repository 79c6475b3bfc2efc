// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/seats"
)

// A wave is written slice by slice, not seat by seat, and the whole of it in one pass.
func TestTenThousandGrantsTakeFewWrites(t *testing.T) {
	const people, granted, most = 100_000, 10_000, 170
	at := time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC)
	s := seats.Situation{Now: at, Turn: 1, Capacity: granted}
	for i := range people {
		name := fmt.Sprintf("p%06d", i)
		s.People = append(s.People, seats.Person{
			Name: name, UID: types.UID(name), Created: at.Add(time.Duration(i) * time.Second), Standing: seats.Claims,
		})
	}
	plan := seats.Next(s)
	if len(plan.Granted) != granted || len(plan.Queue) != people-granted || plan.More {
		t.Fatalf("one pass grants %d seats and leaves %d waiting (more to do: %t)", len(plan.Granted), len(plan.Queue), plan.More)
	}
	if len(plan.Writes) > most {
		t.Errorf("%d grants take %d slice writes, want at most %d", granted, len(plan.Writes), most)
	}
}
