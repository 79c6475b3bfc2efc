// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package env gives tests a real Kubernetes API server that knows the kinds of Seatkeeper. A test binary
// starts one at the first use and stops it at the end; its tests keep apart by namespaces.
package env

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

var (
	// managed says that Main runs the tests, and so that somebody stops what they start.
	managed bool
	// stop ends the control plane; nil until one runs.
	stop func() error

	config = sync.OnceValues(func() (*rest.Config, error) {
		if !managed {
			return nil, errors.New("this package needs: func TestMain(m *testing.M) { env.Main(m) }")
		}
		cfg, end, err := start()
		if err != nil {
			return nil, err
		}
		stop = end
		return cfg, nil
	})

	apiClient = sync.OnceValues(func() (client.Client, error) {
		cfg, err := config()
		if err != nil {
			return nil, err
		}
		return client.New(cfg, client.Options{Scheme: Scheme()})
	})
)

// Main runs the tests of a package and stops the control plane after them. It is the whole TestMain of
// every package that uses this one.
func Main(m *testing.M) {
	managed = true
	code := m.Run()
	if stop != nil {
		if err := stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stopping the control plane:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// Config returns an administrator's configuration without a client-side rate limit. It is the caller's own
// copy.
func Config(t testing.TB) *rest.Config {
	t.Helper()
	cfg, err := config()
	if err != nil {
		t.Fatalf("no API server: %v", err)
	}
	return rest.CopyConfig(cfg)
}

// Client returns an administrator's client. It has no cache: what it reads is what is there.
func Client(t testing.TB) client.Client {
	t.Helper()
	c, err := apiClient()
	if err != nil {
		t.Fatalf("no API server: %v", err)
	}
	return c
}

// Scheme returns a scheme with this API, the built-in kinds and CustomResourceDefinition.
func Scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(apiextensionsv1.AddToScheme(s))
	utilruntime.Must(v1alpha1.AddToScheme(s))
	return s
}

// Namespace creates a namespace of the test's own and returns its name. It stays until the control plane
// goes: deleting it would take the API server longer than the test.
func Namespace(t testing.TB) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := Client(t).Create(t.Context(), ns); err != nil {
		t.Fatalf("creating a namespace: %v", err)
	}
	return ns.Name
}

// patience is how long Eventually waits: far longer than anything takes, so that only a fault meets it.
const patience = time.Minute

// Eventually calls check until it returns nil and fails the test with check's last error when that takes
// too long. It is for what others do in their own time, such as controllers; nothing else needs waiting.
func Eventually(t testing.TB, check func() error) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still, after %s: %v", patience, err)
		}
	}
}
