// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package shards divides the namespaces, and with them the organizations, among several operators.
package shards

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
)

// Shard is one of several operators that share the work.
type Shard struct {
	// Number is this one's, from 0.
	Number int
	// Of is how many there are.
	Of int
}

// Has says that a namespace is this shard's.
func (s Shard) Has(namespace string) bool { return Owner(namespace, s.Of) == s.Number }

// String implements fmt.Stringer.
func (s Shard) String() string { return fmt.Sprintf("%d of %d", s.Number, s.Of) }

// Owner is the number of the shard that a namespace is with, by rendezvous hashing: with one shard more, only what that one gets
// moves, and with one less, only what that one had. What it answers is never to change: two releases that run beside each other
// during an upgrade have to agree.
func Owner(namespace string, shards int) int {
	owner, most := 0, uint64(0)
	for n := range shards {
		sum := sha256.Sum256([]byte(strconv.Itoa(n) + "/" + namespace))
		if score := binary.BigEndian.Uint64(sum[:]); score > most {
			owner, most = n, score
		}
	}
	return owner
}
