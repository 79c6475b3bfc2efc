// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/keystore"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// Somebody prunes the Secret with the keys of the links, and then the organization. Links go on as long as the operator does; whoever
// starts next has keys of its own, says of old links that they are none, and all goes nevertheless.
func TestTearDownWithoutKeys(t *testing.T) {
	t.Parallel()
	for name, restarted := range map[string]bool{"the same operator": false, "another operator": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, acme(3, "ada", "bea", "cid")...)
			s.join("ada")
			s.invited("bea", 1)
			s.invited("cid", 1)
			link, want := s.links(at("bea"), 1)[0], http.StatusOK
			s.must(s.Delete(t.Context(), get[corev1.Secret](s, keystore.SecretName)), "deleting the keys")
			if restarted {
				s.op.Stop(t)
				s.start(operator.Options{})
				want = http.StatusNotFound
			}
			s.settles("the link of bea", want, func() int { return s.post(link, accept) })
			for _, o := range []client.Object{
				get[v1alpha1.Organization](s, "acme"), get[v1alpha1.SeatPool](s, "standard"), get[v1alpha1.Role](s, "member"),
			} {
				s.must(s.Delete(t.Context(), o), "deleting %s", o.GetName())
			}
			for _, user := range []string{"ada", "bea", "cid"} {
				s.delete(user)
			}
			for _, user := range []string{"ada", "bea", "cid"} {
				s.gone(user)
			}
			env.Eventually(t, func() error {
				var pools v1alpha1.SeatPoolList
				s.must(s.List(t.Context(), &pools, client.InNamespace(s.ns)), "listing pools")
				if n := len(pools.Items); n > 0 {
					return fmt.Errorf("there are %d pools", n)
				}
				return nil
			})
		})
	}
}
