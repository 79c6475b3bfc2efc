// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net/http"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// rememberingMapper remembers what it found of a kind. A cache of certain namespaces asks at every read whether the
// kind has namespaces at all, and finding out anew was a third of all that a wave of people allocated.
type rememberingMapper struct {
	meta.RESTMapper
	known sync.Map // schema.GroupKind to *meta.RESTMapping
}

func newMapper(cfg *rest.Config, c *http.Client) (meta.RESTMapper, error) {
	mapper, err := apiutil.NewDynamicRESTMapper(cfg, c)
	if err != nil {
		return nil, err
	}
	return &rememberingMapper{RESTMapper: mapper}, nil
}

// RESTMapping implements meta.RESTMapper. Every kind of the operator has one version.
func (m *rememberingMapper) RESTMapping(kind schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	if found, ok := m.known.Load(kind); ok {
		return found.(*meta.RESTMapping), nil
	}
	found, err := m.RESTMapper.RESTMapping(kind, versions...)
	if err == nil {
		m.known.Store(kind, found)
	}
	return found, err
}
