// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the API of Seatkeeper: what people declare about the membership of their
// organizations, and what the controllers report and record.
//
// +kubebuilder:object:generate=true
// +groupName=seatkeeper.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	// GroupVersion is the group and version of every kind of this package.
	GroupVersion = schema.GroupVersion{Group: "seatkeeper.dev", Version: "v1alpha1"}

	schemeBuilder = runtime.NewSchemeBuilder(func(s *runtime.Scheme) error {
		s.AddKnownTypes(GroupVersion,
			&ArchivedUser{}, &ArchivedUserList{},
			&Organization{}, &OrganizationList{},
			&Role{}, &RoleList{},
			&SeatPool{}, &SeatPoolList{},
			&SeatSlice{}, &SeatSliceList{},
			&Team{}, &TeamList{},
			&User{}, &UserList{},
		)
		metav1.AddToGroupVersion(s, GroupVersion)
		return nil
	})

	// AddToScheme registers the kinds of this package.
	AddToScheme = schemeBuilder.AddToScheme
)
