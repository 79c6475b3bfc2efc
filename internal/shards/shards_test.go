// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package shards_test

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/internal/shards"
)

// Whatever the number of shards and the names, one shard more takes its share and nothing else moves; so one less gives that
// share to the others, and nothing else moves either.
func TestOneShardMoreMovesItsShareAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const namespaces = 4000
		n := rapid.IntRange(1, 32).Draw(t, "shards")
		prefix := rapid.StringMatching(`[a-z][a-z0-9-]{0,20}`).Draw(t, "prefix")
		moved := 0
		for i := range namespaces {
			namespace := fmt.Sprintf("%s-%d", prefix, i)
			before, after := shards.Owner(namespace, n), shards.Owner(namespace, n+1)
			if before == after {
				continue
			}
			if after != n {
				t.Fatalf("of %d shards, %s was with %d, and with one more it is with %d", n, namespace, before, after)
			}
			moved++
		}
		share := 1 / float64(n+1)
		if got, slack := float64(moved)/namespaces, 5*math.Sqrt(share*(1-share)/namespaces); math.Abs(got-share) > slack {
			t.Fatalf("shard %d of %d gets %.4f of all namespaces, want %.4f ± %.4f", n, n+1, got, share, slack)
		}
	})
}

func TestEveryNamespaceIsWithOneShard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.IntRange(1, 64).Draw(t, "shards")
		namespace := rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`).Draw(t, "namespace")
		owners := 0
		for number := range of {
			if (shards.Shard{Number: number, Of: of}).Has(namespace) {
				owners++
			}
		}
		if owners != 1 {
			t.Fatalf("%s is with %d of %d shards", namespace, owners, of)
		}
	})
}

// Two releases that run beside each other during an upgrade have to agree.
func TestOwnersStay(t *testing.T) {
	for namespace, want := range map[string][]int{"acme": {0, 1, 1, 1, 7, 7}, "globex": {0, 0, 0, 0, 4, 4}, "initech": {0, 1, 1, 3, 5, 13}} {
		for i, of := range []int{1, 2, 3, 4, 8, 16} {
			if got := shards.Owner(namespace, of); got != want[i] {
				t.Errorf("%s is with shard %d of %d, and was with %d", namespace, got, of, want[i])
			}
		}
	}
}
