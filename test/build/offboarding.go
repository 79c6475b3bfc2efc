// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	corev1 "k8s.io/api/core/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Ownership adds rules of ownership, with the defaults that an API server fills in.
func (b *OrganizationBuilder) Ownership(rules ...v1alpha1.OwnershipRule) *OrganizationBuilder {
	for _, rule := range rules {
		if rule.OnArchive == "" {
			rule.OnArchive = v1alpha1.OwnershipReassign
		}
		if rule.Successor == nil {
			rule.Successor = []v1alpha1.SuccessorSource{
				v1alpha1.SuccessorNamed, v1alpha1.SuccessorManager, v1alpha1.SuccessorTeamLead, v1alpha1.SuccessorOwner,
			}
		}
		b.org.Spec.Offboarding.Ownership = append(b.org.Spec.Offboarding.Ownership, rule)
	}
	return b
}

// Notes is a rule of ownership for ConfigMaps, by label.
func Notes() v1alpha1.OwnershipRule {
	return v1alpha1.OwnershipRule{Name: "notes", Resource: v1alpha1.OwnedResource{Version: "v1", Resource: "configmaps"}}
}

// Note makes a ConfigMap that a user owns.
func Note(name, owner string) *corev1.ConfigMap {
	note := &corev1.ConfigMap{ObjectMeta: meta(name)}
	note.Labels = map[string]string{v1alpha1.LabelOwner: owner}
	return note
}

// Successor sets who takes over what the user owns.
func (b *UserBuilder) Successor(user string) *UserBuilder {
	b.user.Spec.Successor = user
	return b
}

// Manager sets whom the user reports to.
func (b *UserBuilder) Manager(user string) *UserBuilder {
	b.user.Spec.Manager = user
	return b
}
