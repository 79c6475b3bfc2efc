// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"slices"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// While hundreds of one organization wait to be invited, somebody of another comes, and is not the last: at most a few of the wave
// are written down before, and not nearly all.
func TestAWaveDoesNotHoldUpAnotherOrganization(t *testing.T) {
	t.Parallel()
	const wave, workers, most = 400, 16, 100
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
	for range workers { // every worker has somebody of the wave in its hands, and the others wait
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
	globex.create(member("zoe").Obj())
	globex.holding(1)
	traffic.Reset()
	for _, held := range busy {
		held.Release()
	}
	globex.invited("zoe", 1)
	before := slices.IndexFunc(traffic.Requests(operator.Writing("users/status")), func(r operator.Request) bool { return r.Name == "zoe" })
	t.Logf("%d were written down before", before)
	if before > most {
		t.Errorf("%d of %d who came before were written down before, want %d at most", before, wave, most)
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
