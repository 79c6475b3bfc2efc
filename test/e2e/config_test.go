// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/test/env"
)

// TestConfigIsAccepted tries what a cluster is given on the API server: all but cert-manager's kinds, which it has not.
// It does so in the name of who installed the rest of it there, which takes back what was different.
func TestConfigIsAccepted(t *testing.T) {
	var warnings bytes.Buffer
	cfg, err := clientcmd.BuildConfigFromFlags("", system.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	cfg.WarningHandler = rest.NewWarningWriter(&warnings, rest.WarningWriterOptions{})
	c, err := client.New(cfg, client.Options{Scheme: env.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	certificates := map[string]bool{}
	for _, o := range objectsOf(t, must(t, "kustomize", "config/default")) {
		if strings.HasPrefix(o.GetAPIVersion(), "cert-manager.io/") {
			certificates[o.GetKind()] = true
			continue
		}
		if err := c.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(o.DeepCopy()),
			client.DryRunAll, client.ForceOwnership, client.FieldOwner("make-run")); err != nil {
			t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), err)
		}
		if o.GetKind() == "Deployment" {
			tryPod(t, c, o)
		}
	}
	if !certificates["Issuer"] || !certificates["Certificate"] {
		t.Errorf("of cert-manager's kinds there are %v", certificates)
	}
	if warnings.Len() > 0 {
		t.Errorf("the API server warns: %s", &warnings)
	}
}

// tryPod creates a pod of the Deployment on trial: its namespace admits only what is restricted enough.
func tryPod(t *testing.T, c client.Client, o *unstructured.Unstructured) {
	t.Helper()
	var deployment appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &deployment); err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{ObjectMeta: deployment.Spec.Template.ObjectMeta, Spec: deployment.Spec.Template.Spec}
	pod.Namespace, pod.Name = deployment.Namespace, "try"
	if err := c.Create(t.Context(), pod, client.DryRunAll); err != nil {
		t.Errorf("a pod of %s: %v", deployment.Name, err)
	}
	pod.ResourceVersion, pod.UID = "", ""
	pod.Spec.SecurityContext.RunAsNonRoot = nil
	if err := c.Create(t.Context(), pod, client.DryRunAll); err == nil {
		t.Errorf("a pod of %s that may run as root is admitted too", deployment.Name)
	}
}

// objectsOf reads the documents of a YAML stream.
func objectsOf(t *testing.T, stream string) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(stream), 4096)
	for {
		o := &unstructured.Unstructured{}
		err := decoder.Decode(o)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
}
