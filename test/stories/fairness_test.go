// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// While many of one organization are to be invited, and none of those who are under way gets anywhere, somebody of another comes and is
// invited: an organization does not have all workers, also where it was alone until then.
func TestAWaveDoesNotHoldUpAnotherOrganization(t *testing.T) {
	t.Parallel()
	const wave, most = 40, 16
	acmes := empty(t)
	globex := *acmes
	globex.ns = env.Namespace(t)
	var traffic operator.Traffic
	operator.Start(t, acmes.ns, operator.Options{
		Namespaces: []string{acmes.ns, globex.ns}, Config: traffic.Config(env.Config(t)), Mailbox: acmes.box, Clock: acmes.clock,
	})
	for _, s := range []*stage{acmes, &globex} {
		s.create(build.Organization("acme").Obj(), build.SeatPool("standard").Seats(wave).Obj(), build.Role("member").SeatPool("standard").Obj())
	}
	var busy []*operator.Held
	for range most {
		held := traffic.Hold(1, operator.Writing("users/status"))
		defer held.Release()
		busy = append(busy, held)
	}
	for i := range wave {
		acmes.create(member(fmt.Sprintf("p%03d", i)).Obj())
	}
	acmes.holding(wave)
	for _, held := range busy {
		<-held.Reached()
	}
	traffic.Reset()
	globex.create(member("zoe").Obj())
	globex.invited("zoe", 1)
	for _, r := range traffic.Requests(operator.Writing("users/status")) {
		if r.Name != "zoe" {
			t.Errorf("the status of %s is written beside %d others of the same organization", r.Name, most)
		}
	}
	for _, held := range busy {
		held.Release()
	}
	acmes.invited(fmt.Sprintf("p%03d", wave-1), 1)
}

// holding waits until so many seats of the pool are held.
func (s *stage) holding(want int) {
	s.Helper()
	env.Eventually(s, func() error {
		var ledger v1alpha1.SeatSliceList
		if err := s.List(s.Context(), &ledger, client.InNamespace(s.ns)); err != nil {
			return err
		}
		held := 0
		for _, slice := range ledger.Items {
			held += len(slice.Assignments)
		}
		if held != want {
			return fmt.Errorf("%d seats are held, want %d", held, want)
		}
		return nil
	})
}
