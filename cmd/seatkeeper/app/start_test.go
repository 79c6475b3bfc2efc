// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"testing"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/shards"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// What is there comes by the watches, one object at a time: a list would be as many objects in memory at once as there are, in the API
// server and here. So it is for one operator, and for shards. What kinds there are is asked for.
func TestAStartListsNothing(t *testing.T) {
	for name, shard := range map[string]*shards.Shard{"whole": nil, "shard": {Number: 0, Of: 1}} {
		t.Run(name, func(t *testing.T) {
			s := &story{t: t, namespace: env.Namespace(t), box: operator.Mailbox(t)}
			s.create(build.Organization("acme").In(s.namespace).Owner("ada").Obj(),
				build.SeatPool("standard").In(s.namespace, "acme").Seats(9).Obj(),
				build.Role("member").In(s.namespace, "acme").SeatPool("standard").Obj())
			s.join("ada")
			var traffic operator.Traffic
			operator.Start(t, s.namespace, operator.Options{Mailbox: s.box, Shard: shard, Config: traffic.Config(env.Config(t))})
			s.reach("ada", v1alpha1.ReasonInvited)
			for _, r := range traffic.Requests(func(r operator.Request) bool { return r.Verb == "list" && r.Resource != "" }) {
				t.Errorf("the operator makes the request %v", r)
			}
		})
	}
}
