// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is as much of the API as the small product needs.
package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// User is one kind.
type User struct{ metav1.ObjectMeta }

// DeepCopy is what the generator makes.
func (u *User) DeepCopy() *User { return new(*u) }

// Team is another.
type Team struct{ metav1.ObjectMeta }

// ArchivedUser is one that the operator makes.
type ArchivedUser struct{ metav1.ObjectMeta }

// Conditioned is any of them.
type Conditioned interface{ GetName() string }
