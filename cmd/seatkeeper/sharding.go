// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"

	"seatkeeper.dev/seatkeeper/cmd/seatkeeper/app"
	"seatkeeper.dev/seatkeeper/internal/shards"
)

// mostShards is more than an API server can feed, and keeps what looks for a namespace's shard short.
const mostShards = 256

// sharding are the flags of who does which part of the work.
type sharding struct{ shards, shard int }

// nobody is the shard of who is none.
const nobody = -1

func (s *sharding) bind(flags *flag.FlagSet) {
	flags.IntVar(&s.shards, "shards", 0, "how many shards the organizations are divided among, by their namespaces; with 0, one operator does all the work. Without --shard, it then serves the pages and admission alone, of all")
	flags.IntVar(&s.shard, "shard", nobody, "with --shards, whose organizations are run, and nothing served: from 0, and modulo --shards, so that the replicas of a StatefulSet can have their ordinals")
}

// complete checks these flags, and says what they say.
func (s *sharding) complete(o *app.Options) error {
	switch {
	case s.shards < 0 || s.shards > mostShards:
		return fmt.Errorf("--shards is %d: it must be 1 to %d, or 0 for one operator that does all the work", s.shards, mostShards)
	case s.shard < nobody:
		return fmt.Errorf("--shard is %d: it must be 0 or more", s.shard)
	case s.shards == 0 && s.shard != nobody:
		return errors.New("--shard needs --shards: say how many shards there are, or leave --shard out")
	case s.shards == 0:
	case s.shard == nobody:
		o.Front = true
	default:
		o.Shard = &shards.Shard{Number: s.shard % s.shards, Of: s.shards}
	}
	return nil
}
