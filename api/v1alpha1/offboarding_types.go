// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// OffboardingPolicy says how people leave an organization.
type OffboardingPolicy struct {
	// accessNotice is how long before spec.accessUntil of a User it is told that access ends (rule IN-1): by an event on the
	// User, and by a mail to the person if access was accepted, once for each value of spec.accessUntil. It is a duration
	// such as 72h, up to 8760h; 0s tells nobody. Default: 72h.
	// +optional
	// +default="72h"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?[hms])+$') && duration(self) <= duration('8760h')",message="accessNotice must be a duration up to 8760h such as 72h, or 0s"
	AccessNotice *metav1.Duration `json:"accessNotice,omitempty"`
}
