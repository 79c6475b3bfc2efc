// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package env_test

import (
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/env"
)

func TestMain(m *testing.M) { env.Main(m) }

func TestKindsAreServed(t *testing.T) {
	c, ns := env.Client(t), env.Namespace(t)
	for _, list := range []client.ObjectList{
		&v1alpha1.ArchivedUserList{}, &v1alpha1.OrganizationList{}, &v1alpha1.RoleList{}, &v1alpha1.SeatPoolList{},
		&v1alpha1.SeatSliceList{}, &v1alpha1.TeamList{}, &v1alpha1.UserList{},
	} {
		if err := c.List(t.Context(), list, client.InNamespace(ns)); err != nil {
			t.Errorf("listing %T: %v", list, err)
		}
	}
}

func TestNamespacesAreUnique(t *testing.T) {
	one, other := env.Namespace(t), env.Namespace(t)
	if one == other {
		t.Fatalf("two namespaces are both called %s", one)
	}
	if err := env.Client(t).Get(t.Context(), client.ObjectKey{Name: one}, &corev1.Namespace{}); err != nil {
		t.Errorf("reading the namespace back: %v", err)
	}
}

func TestConfigIsTheCallersOwn(t *testing.T) {
	cfg := env.Config(t)
	if cfg.QPS >= 0 {
		t.Errorf("QPS is %v: the client limits itself", cfg.QPS)
	}
	cfg.Host = "changed"
	if env.Config(t).Host == cfg.Host {
		t.Error("a change of one caller's config shows in the next one's")
	}
}

func TestEventuallyTriesAgain(t *testing.T) {
	tries := 0
	env.Eventually(t, func() error {
		if tries++; tries < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	if tries != 3 {
		t.Errorf("check ran %d times, want 3", tries)
	}
}
