// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"seatkeeper.dev/seatkeeper/cmd/seatkeeper/app"
	"seatkeeper.dev/seatkeeper/internal/shards"
	"seatkeeper.dev/seatkeeper/test/env"
)

// With the rights that config/overlays/sharded gives, a shard gets ready and is elected, past a Lease of those before it.
func TestAShardHasTheRightsThatItNeeds(t *testing.T) {
	i := installFrom(t, "config/overlays/sharded")
	before := &coordinationv1.Lease{}
	before.Namespace, before.Name = i.ops, shards.WholeLease
	if err := i.Create(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = i.Delete(t.Context(), before) }()
	i.start(t, app.Options{Shard: &shards.Shard{Number: 1, Of: 4}, LeaderElect: true})
	env.Eventually(t, func() error {
		var lease coordinationv1.Lease
		if err := i.Get(t.Context(), client.ObjectKey{Namespace: i.ops, Name: "seatkeeper-1-of-4"}, &lease); err != nil {
			return err
		}
		if ptr.Deref(lease.Spec.HolderIdentity, "") == "" {
			return fmt.Errorf("nobody is elected: %+v", lease.Spec)
		}
		return nil
	})
}

// The Pods of shards are those of the Deployment but for what they are told, and there are two for each.
func TestShardsAreDeployedLikeTheRest(t *testing.T) {
	content, err := os.ReadFile(env.Rendered(t, "config/overlays/sharded"))
	if err != nil {
		t.Fatal(err)
	}
	var front appsv1.Deployment
	var set appsv1.StatefulSet
	var settings corev1.ConfigMap
	for _, document := range bytes.Split(content, []byte("\n---\n")) {
		for kind, o := range map[string]any{"Deployment": &front, "StatefulSet": &set, "ConfigMap": &settings} {
			if bytes.Contains(document, []byte("\nkind: "+kind+"\n")) {
				if err := yaml.UnmarshalStrict(document, o); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if got := fmt.Sprint(*set.Spec.Replicas / 2); got != settings.Data["SHARDS"] || *set.Spec.Replicas%2 != 0 {
		t.Errorf("there are %d replicas for %s shards: two for each are needed", *set.Spec.Replicas, settings.Data["SHARDS"])
	}
	want, got := front.Spec.Template.Spec.DeepCopy(), set.Spec.Template.Spec.DeepCopy()
	for _, pod := range []*corev1.PodSpec{want, got} {
		pod.TopologySpreadConstraints[0].LabelSelector = nil
		pod.Containers[0].Args, pod.Containers[0].Env, pod.Containers[0].Ports = nil, nil, nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a shard's Pod (-Deployment's +its own):\n%s", diff)
	}
	args := front.Spec.Template.Spec.Containers[0].Args
	if args[len(args)-1] != "--shards=$(SHARDS)" {
		t.Errorf("the Deployment is told %v: it would do the shards' work as well", args)
	}
}
