// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mailroom

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

// templates are the mails that a ConfigMap says.
type templates struct {
	version  string
	parsed   *invitation.Templates
	problems []invitation.Problem
}

// ConfigMapMetadata is what is watched of ConfigMaps: that one has changed. Those of others are not kept in memory.
func ConfigMapMetadata() *metav1.PartialObjectMetadata {
	m := &metav1.PartialObjectMetadata{}
	m.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMap"))
	return m
}

// Cached is what a manager's cache keeps of ConfigMaps: that they are there, and in which version. An annotation may hold
// all of one.
func Cached() cache.ByObject {
	return cache.ByObject{Transform: func(o any) (any, error) {
		if object, ok := o.(metav1.Object); ok {
			object.SetAnnotations(nil)
			object.SetLabels(nil)
			object.SetManagedFields(nil)
		}
		return o, nil
	}}
}

// TemplatesOf are an organization's own mails, with what is wrong with them; found is false when there is no such
// ConfigMap. Without any, they are nil, which stands for those that are built in.
func (m *Mailroom) TemplatesOf(ctx context.Context, org *v1alpha1.Organization) (own *invitation.Templates, problems []invitation.Problem, found bool, err error) {
	name := types.NamespacedName{Namespace: org.Namespace, Name: org.Spec.Invitation.Templates.Name}
	if name.Name == "" {
		return nil, nil, false, nil
	}
	meta := ConfigMapMetadata()
	if err := m.Cache.Get(ctx, name, meta, loop.Lagging{}); err != nil {
		m.forget(name)
		if apierrors.IsNotFound(err) {
			return nil, nil, false, nil
		}
		return nil, nil, false, fmt.Errorf("reading ConfigMap %s: %w", name, err)
	}
	m.mu.Lock()
	known := m.templates[name]
	m.mu.Unlock()
	if known.version != string(meta.UID)+" "+meta.ResourceVersion {
		if known, found, err = m.parse(ctx, name); err != nil || !found {
			return nil, nil, false, err
		}
	}
	return known.parsed, known.problems, true, nil
}

func (m *Mailroom) parse(ctx context.Context, name types.NamespacedName) (templates, bool, error) {
	var config corev1.ConfigMap
	if err := m.Live.Get(ctx, name, &config); err != nil {
		if apierrors.IsNotFound(err) {
			return templates{}, false, nil
		}
		return templates{}, false, fmt.Errorf("reading ConfigMap %s: %w", name, err)
	}
	t := templates{version: string(config.UID) + " " + config.ResourceVersion}
	t.parsed, t.problems = invitation.ParseTemplates(config.Data)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.templates[name] = t
	return t, true, nil
}

func (m *Mailroom) forget(name types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.templates, name)
}
