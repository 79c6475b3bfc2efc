// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/cert"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// writeServingCertificate writes tls.crt and tls.key for a server on loopback
// and returns the certificates to trust it by.
func writeServingCertificate(dir string) (trust []byte, err error) {
	crt, key, err := cert.GenerateSelfSignedCertKey(loopback, nil, []string{"localhost"})
	if err != nil {
		return nil, fmt.Errorf("making the serving certificate: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return crt, errors.Join(
		os.WriteFile(filepath.Join(dir, "tls.crt"), crt, 0o600),
		os.WriteFile(filepath.Join(dir, "tls.key"), key, 0o600),
	)
}

// redirected returns webhook configurations that call a server on loopback in
// place of a service of the cluster, which has no network here.
func redirected(configurations []*unstructured.Unstructured, port int, trust []byte) ([]*unstructured.Unstructured, error) {
	result := make([]*unstructured.Unstructured, 0, len(configurations))
	for _, c := range configurations {
		c = c.DeepCopy()
		webhooks, _, err := unstructured.NestedSlice(c.Object, "webhooks")
		if err != nil {
			return nil, err
		}
		for i := range webhooks {
			webhook, _ := webhooks[i].(map[string]any)
			path, found, err := unstructured.NestedString(webhook, "clientConfig", "service", "path")
			if err != nil || !found {
				return nil, fmt.Errorf("webhook %v of %s has no clientConfig.service.path", webhook["name"], c.GetName())
			}
			webhook["clientConfig"] = map[string]any{
				"url":      "https://" + address(port) + path,
				"caBundle": base64.StdEncoding.EncodeToString(trust),
			}
		}
		if err := unstructured.SetNestedSlice(c.Object, webhooks, "webhooks"); err != nil {
			return nil, err
		}
		result = append(result, c)
	}
	return result, nil
}

// admissionAnswers tells whether every webhook is asked and answers: the API
// server takes notice of them about a second after they were applied.
func (c *cluster) admissionAnswers(ctx context.Context) error {
	const nowhere = "Nowhere/Atlantis" // only the webhooks know that there is no such zone
	meta := metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "probe"}
	user := &v1alpha1.User{ObjectMeta: meta, Spec: v1alpha1.UserSpec{Organization: "probe", Email: "probe@seatkeeper.example"}}
	lost := user.DeepCopy()
	lost.Spec.TimeZone = nowhere
	for _, invalid := range []client.Object{
		lost,
		&v1alpha1.Organization{ObjectMeta: meta, Spec: v1alpha1.OrganizationSpec{Owner: "probe", TimeZone: nowhere}},
	} {
		switch err := c.Create(ctx, invalid, client.DryRunAll); {
		case err == nil:
			return fmt.Errorf("the webhook that would refuse this %T is not asked yet", invalid)
		case !apierrors.IsInvalid(err):
			return fmt.Errorf("trying to create a %T: %w", invalid, err)
		}
	}
	if err := c.Create(ctx, user, client.DryRunAll); err != nil {
		return fmt.Errorf("trying to create a %T: %w", user, err)
	}
	if !controllerutil.ContainsFinalizer(user, v1alpha1.FinalizerArchive) {
		return errors.New("the webhook that would give a User its finalizer is not asked yet")
	}
	return nil
}
