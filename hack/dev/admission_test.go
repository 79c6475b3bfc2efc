// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestRedirected(t *testing.T) {
	configuration := func(clientConfig map[string]any) []*unstructured.Unstructured {
		return []*unstructured.Unstructured{{Object: map[string]any{
			"metadata": map[string]any{"name": "some"},
			"webhooks": []any{map[string]any{"name": "users", "failurePolicy": "Fail", "clientConfig": clientConfig}},
		}}}
	}
	before := configuration(map[string]any{"service": map[string]any{"name": "webhooks", "namespace": "system", "path": "/users"}})
	kept := before[0].DeepCopy()
	got, err := redirected(before, 4711, []byte("CA"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(configuration(map[string]any{"url": "https://127.0.0.1:4711/users", "caBundle": "Q0E="}), got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(kept, before[0]); diff != "" {
		t.Errorf("its input changed: %s", diff)
	}

	if _, err := redirected(got, 4711, nil); err == nil || !strings.Contains(err.Error(), "webhook users of some has no clientConfig.service.path") {
		t.Errorf("without a service: %v", err)
	}
}

func TestServingCertificateIsTrusted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certificates")
	trust, err := writeServingCertificate(dir)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(trust)
	for _, name := range []string{loopback, "localhost"} {
		client, server := net.Pipe()
		go func() { _ = tls.Server(server, &tls.Config{Certificates: []tls.Certificate{pair}}).Handshake() }()
		if err := tls.Client(client, &tls.Config{RootCAs: roots, ServerName: name}).Handshake(); err != nil {
			t.Errorf("as %s: %v", name, err)
		}
	}
}
