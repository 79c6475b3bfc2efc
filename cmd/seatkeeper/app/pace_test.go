// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"testing"

	"seatkeeper.dev/seatkeeper/internal/shards"
)

// Errands that go on at once come to their end in time.
func TestAtOnce(t *testing.T) {
	for rate, want := range map[float64]int{0: 16, 0.1: 2, 0.5: 3, 1: 6, 2.5: 15, 3: 16, 50: 16, 1e9: 16} {
		if got := atOnce(rate); got != want {
			t.Errorf("with %v requests in a second, %d, want %d", rate, got, want)
		}
	}
}

// Together, shards send as many mails as one operator would.
func TestShardsShareTheRateOfMails(t *testing.T) {
	for _, tc := range []struct {
		shard *shards.Shard
		rate  float64
		want  float64
	}{{nil, 10, 10}, {&shards.Shard{Of: 4}, 10, 2.5}, {&shards.Shard{Of: 4}, 0, 0}} {
		if got := (&Options{Shard: tc.shard, MailsPerSecond: tc.rate}).mailsPerSecond(); got != tc.want {
			t.Errorf("shard %v of an operator with %v mails in a second: %v, want %v", tc.shard, tc.rate, got, tc.want)
		}
	}
}
