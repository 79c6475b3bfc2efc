// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	for kustomization, want := range map[string]struct {
		// managed are the objects of who makes the certificate of the webhooks, and flag is what the operator is told of it.
		managed []string
		flag    string
	}{
		"config/default": {[]string{
			"ClusterRole/seatkeeper-rotation", "ClusterRoleBinding/seatkeeper-rotation", "Role/seatkeeper-rotation", "RoleBinding/seatkeeper-rotation",
		}, "--webhook-certs=Rotate"},
		"config/overlays/cert-manager": {[]string{"Certificate/seatkeeper-webhook", "Issuer/seatkeeper-selfsigned"}, "--webhook-cert-dir=/etc/seatkeeper/webhook"},
	} {
		t.Run(kustomization, func(t *testing.T) {
			objects := objectsOf(t, must(t, "kustomize", kustomization))
			accepted(t, objects)
			var managed, flags []string
			for _, o := range objects {
				if strings.HasPrefix(o.GetAPIVersion(), "cert-manager.io/") || o.GetName() == "seatkeeper-rotation" {
					managed = append(managed, o.GetKind()+"/"+o.GetName())
				}
				if o.GetKind() == "Deployment" {
					flags = slices.DeleteFunc(podOf(t, o).Spec.Containers[0].Args, func(arg string) bool { return !strings.HasPrefix(arg, "--webhook-") })
				}
				if _, injected := o.GetAnnotations()["cert-manager.io/inject-ca-from"]; o.GroupVersionKind().Group == "admissionregistration.k8s.io" &&
					injected != strings.Contains(kustomization, "cert-manager") {
					t.Errorf("%s: that cert-manager writes the caBundle is %t", o.GetName(), injected)
				}
			}
			slices.Sort(managed)
			if diff := cmp.Diff(want.managed, managed); diff != "" {
				t.Errorf("who makes the certificate (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{want.flag}, flags); diff != "" {
				t.Errorf("flags of the webhooks (-want +got):\n%s", diff)
			}
		})
	}
}

// accepted holds that the API server takes the objects without a warning.
func accepted(t *testing.T, objects []*unstructured.Unstructured) {
	t.Helper()
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
	for _, o := range objects {
		if strings.HasPrefix(o.GetAPIVersion(), "cert-manager.io/") {
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
	if warnings.Len() > 0 {
		t.Errorf("the API server warns: %s", &warnings)
	}
}

// tryPod creates a pod of the Deployment on trial: its namespace admits only what is restricted enough.
func tryPod(t *testing.T, c client.Client, o *unstructured.Unstructured) {
	t.Helper()
	pod := podOf(t, o)
	if err := c.Create(t.Context(), pod, client.DryRunAll); err != nil {
		t.Errorf("a pod of %s: %v", o.GetName(), err)
	}
	pod.ResourceVersion, pod.UID = "", ""
	pod.Spec.SecurityContext.RunAsNonRoot = nil
	if err := c.Create(t.Context(), pod, client.DryRunAll); err == nil {
		t.Errorf("a pod of %s that may run as root is admitted too", o.GetName())
	}
}

// podOf is a pod as a Deployment makes them.
func podOf(t *testing.T, o *unstructured.Unstructured) *corev1.Pod {
	t.Helper()
	var deployment appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &deployment); err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{ObjectMeta: deployment.Spec.Template.ObjectMeta, Spec: deployment.Spec.Template.Spec}
	pod.Namespace, pod.Name = deployment.Namespace, "try"
	return pod
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
