// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// serverGOGC lets the API server collect garbage less often than Go does by default, as it would be run for a
// load like this.
const serverGOGC = "400"

// serverMemory is from where on it collects garbage oftener after all: with 100 000 people, it would take more than 24 GiB otherwise.
const serverMemory = "12GiB"

// plane is a control plane that knows the kinds of Seatkeeper.
type plane struct {
	*child
	kubeconfig string
	client     client.Client
	wire       *wire
}

// startPlane runs a control plane of its own, whose etcd does not sync to disk.
func startPlane(ctx context.Context, binary, crds, dir string) (*plane, error) {
	c, err := start(ctx, dir, "controlplane", []string{"GOGC=" + serverGOGC, "GOMEMLIMIT=" + serverMemory}, binary, "-tied")
	if err != nil {
		return nil, err
	}
	p := &plane{child: c}
	if err := p.connect(crds); err != nil {
		p.end()
		return nil, fmt.Errorf("starting the control plane: %w", err)
	}
	return p, nil
}

func (p *plane) connect(crds string) error {
	var err error
	if p.kubeconfig, err = p.answer("ready"); err != nil {
		return err
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", p.kubeconfig)
	if err != nil {
		return err
	}
	cfg.QPS = -1
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	if _, err := envtest.InstallCRDs(cfg, envtest.CRDInstallOptions{Paths: []string{filepath.Clean(crds)}, ErrorIfPathMissing: true}); err != nil {
		return err
	}
	if p.client, err = client.New(cfg, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	p.wire, err = newWire(cfg)
	return err
}

// namespace makes a namespace of a new name.
func (p *plane) namespace(ctx context.Context) (string, error) {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "bench-"}}
	err := p.client.Create(ctx, ns)
	return ns.Name, err
}

// house makes a namespace with a house of so many seats.
func (p *plane) house(ctx context.Context, seats int) (string, error) {
	return p.furnish(ctx, house(seats))
}

// furnish makes a namespace with some objects.
func (p *plane) furnish(ctx context.Context, objects []client.Object) (string, error) {
	namespace, err := p.namespace(ctx)
	if err != nil {
		return "", err
	}
	for _, o := range objects {
		o.SetNamespace(namespace)
		if err := p.client.Create(ctx, o); err != nil {
			return "", err
		}
	}
	return namespace, nil
}

// furnished prepares a namespace with some objects.
func furnished(objects []client.Object) func(ctx context.Context, p *plane) ([]string, error) {
	return func(ctx context.Context, p *plane) ([]string, error) {
		namespace, err := p.furnish(ctx, objects)
		return []string{namespace}, err
	}
}

// settled waits until nobody has written anything for a moment. It returns what the API server was asked for, and
// the sample of before that moment, so that neither the waiting nor its end is counted.
func (p *plane) settled(ctx context.Context, processes map[string]int) (requests, sample, error) {
	const moment = 6 * time.Second // longer than any figure is put off while a wave of 100 000 people runs
	for {
		quiet, err := take(processes)
		if err != nil {
			return nil, quiet, err
		}
		before, err := p.wire.requests(ctx)
		if err != nil {
			return nil, quiet, err
		}
		select {
		case <-time.After(moment):
		case <-ctx.Done():
			return nil, quiet, fmt.Errorf("waiting until nobody writes: %w", context.Cause(ctx))
		}
		after, err := p.wire.requests(ctx)
		if err != nil {
			return nil, quiet, err
		}
		if after.since(before).writes() == 0 {
			return before, quiet, nil
		}
	}
}
