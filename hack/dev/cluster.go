// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// cluster is the control plane, as its administrator.
type cluster struct {
	client.Client
	config *rest.Config
}

func connect(kubeconfig string) (*cluster, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // the API server's own flow control is limit enough
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, err
	}
	return &cluster{Client: c, config: config}, nil
}

// apply does what `kubectl apply --server-side --force-conflicts` does.
func (c *cluster) apply(ctx context.Context, manager string, objects []*unstructured.Unstructured) error {
	for _, o := range objects {
		err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner(manager), client.ForceOwnership)
		if err != nil {
			return fmt.Errorf("applying %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

// served returns once the API server serves the kinds that are defined.
func (c *cluster) served(ctx context.Context, definitions []*unstructured.Unstructured) error {
	for _, d := range definitions {
		group, _, _ := unstructured.NestedString(d.Object, "spec", "group")
		kind, _, _ := unstructured.NestedString(d.Object, "spec", "names", "kind")
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(schema.GroupVersionKind{Group: group, Version: v1alpha1.GroupVersion.Version, Kind: kind + "List"})
		if err := poll(ctx, func(ctx context.Context) error { return c.List(ctx, list, client.Limit(1)) }); err != nil {
			return fmt.Errorf("waiting for %s: %w", d.GetName(), err)
		}
	}
	return nil
}

// writeCredentials writes a kubeconfig with which one acts as a service account.
func (c *cluster) writeCredentials(ctx context.Context, path string, account types.NamespacedName) error {
	const name, lifetime = "seatkeeper", 365 * 24 * time.Hour
	seconds := int64(lifetime.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	owner := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: account.Namespace, Name: account.Name}}
	if err := c.SubResource("token").Create(ctx, owner, request); err != nil {
		return fmt.Errorf("asking for a token of service account %s: %w", account, err)
	}
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters[name] = &clientcmdapi.Cluster{Server: c.config.Host, CertificateAuthorityData: c.config.CAData}
	kubeconfig.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: request.Status.Token}
	kubeconfig.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	kubeconfig.CurrentContext = name
	return clientcmd.WriteToFile(*kubeconfig, path) // readable by its owner alone
}

// render returns the objects of a kustomization.
func render(ctx context.Context, dir string) ([]*unstructured.Unstructured, error) {
	out, err := exec.CommandContext(ctx, kubectl, "kustomize", dir).Output()
	if err != nil {
		if exit := new(exec.ExitError); errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("putting %s together: %w", dir, err)
	}
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(out), 4096)
	for {
		o := &unstructured.Unstructured{}
		switch err := decoder.Decode(o); {
		case errors.Is(err, io.EOF):
			return objects, nil
		case err != nil:
			return nil, fmt.Errorf("reading %s: %w", dir, err)
		}
		objects = append(objects, o)
	}
}

// ofKind returns the objects of any of these kinds, in the order that they are in.
func ofKind(objects []*unstructured.Unstructured, kinds ...string) []*unstructured.Unstructured {
	var those []*unstructured.Unstructured
	for _, o := range objects {
		if slices.Contains(kinds, o.GetKind()) {
			those = append(those, o)
		}
	}
	return those
}

// poll tries until try returns nil. When ctx ends first, the error is try's
// last one.
func poll(ctx context.Context, try func(ctx context.Context) error) error {
	var last error
	ended := wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		last = try(ctx)
		return last == nil, nil
	})
	if last != nil {
		return last
	}
	return ended
}
