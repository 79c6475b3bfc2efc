// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Removed are the users whose removal an organization decided anew: it let a generation of the User pass, or holds it, which it
// did not before. Who is held no more has passed, or was taken back, and knows.
func Removed(before, after *v1alpha1.Organization) []string {
	users := names{}
	was := removals(before)
	for r, user := range removals(after) {
		if _, stood := was[r]; !stood {
			users.add(user)
		}
	}
	return users.sorted()
}

// removal is a decision about the removal of a user.
type removal struct {
	uid        types.UID
	generation int64
	request    int64
	held       bool
}

func removals(org *v1alpha1.Organization) map[removal]string {
	all := map[removal]string{}
	for _, p := range org.Status.Removals.Passed {
		all[removal{p.UID, p.Generation, p.Request, false}] = p.User
	}
	for _, h := range org.Status.Removals.Held {
		all[removal{h.UID, h.Generation, h.Request, true}] = h.User
	}
	return all
}
