// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package admission gives the fast answer to what needs other objects to be judged. It is never the only guard:
// the controllers check everything again, since objects arrive in any order, and around it. But for one thing: who made
// a request is known here alone, and so whether they may give what they give is judged nowhere else.
package admission

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// Register adds the webhooks to the manager. The namespaces are those whose organizations it runs; all when empty.
func Register(mgr ctrl.Manager, namespaces []string, clock clock.PassiveClock) error {
	rights, err := newRights(mgr, clock)
	if err != nil {
		return err
	}
	b := &base{cache: mgr.GetClient(), live: mgr.GetAPIReader(), namespaces: namespaces, clock: clock, rights: rights}
	users, pools := &userAdmission{base: b}, &poolAdmission{b}
	for kind, complete := range map[string]func() error{
		"User":         ctrl.NewWebhookManagedBy(mgr, &v1alpha1.User{}).WithValidator(users).Complete,
		"Team":         ctrl.NewWebhookManagedBy(mgr, &v1alpha1.Team{}).WithValidator(&teamAdmission{b}).Complete,
		"Role":         ctrl.NewWebhookManagedBy(mgr, &v1alpha1.Role{}).WithValidator(&roleAdmission{b}).Complete,
		"Organization": ctrl.NewWebhookManagedBy(mgr, &v1alpha1.Organization{}).WithValidator(&organizationAdmission{b}).Complete,
		"SeatPool":     ctrl.NewWebhookManagedBy(mgr, &v1alpha1.SeatPool{}).WithValidator(pools).Complete,
	} {
		if err := complete(); err != nil {
			return fmt.Errorf("registering the webhooks of %s: %w", kind, err)
		}
	}
	server := mgr.GetWebhookServer()
	server.Register("/mutate-seatkeeper-dev-v1alpha1-user", &admission.Webhook{Handler: &finalizing{b, v1alpha1.FinalizerArchive}})
	server.Register("/mutate-seatkeeper-dev-v1alpha1-seatpool", &admission.Webhook{Handler: &finalizing{b, v1alpha1.FinalizerSeats}})
	server.Register("/validate-seatkeeper-dev-v1alpha1-seatpool-scale", admission.WithValidator(mgr.GetScheme(), &scaleAdmission{pools}))
	return nil
}

// base is what the webhooks judge by.
type base struct {
	// cache may lag behind; live asks the API server.
	cache, live client.Reader
	namespaces  []string
	clock       clock.PassiveClock
	rights      *rights
}

// runs says that what is in a namespace is the operator's. Of the rest it knows nothing: it lets it pass, and gives it
// no finalizer that it would not remove.
func (b *base) runs(namespace string) bool {
	return len(b.namespaces) == 0 || slices.Contains(b.namespaces, namespace)
}

// organization reads an organization; nil when there is none.
func (b *base) organization(ctx context.Context, namespace, name string) (*v1alpha1.Organization, error) {
	org := &v1alpha1.Organization{}
	there, err := b.read(ctx, namespace, name, org)
	if !there {
		return nil, err
	}
	return org, nil
}

// roster is what the roles of an organization's users rest on.
func (b *base) roster(ctx context.Context, namespace, organization string) (*roster.Roster, error) {
	org, err := b.organization(ctx, namespace, organization)
	if err != nil {
		return nil, err
	}
	return roster.New(ctx, b.cache, types.NamespacedName{Namespace: namespace, Name: organization}, org), nil
}

// read reads an object, which is not to be changed, and tells whether there is one.
func (b *base) read(ctx context.Context, namespace, name string, o client.Object) (bool, error) {
	err := b.cache.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, o, loop.Lagging{})
	switch {
	case apierrors.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, apierrors.NewInternalError(fmt.Errorf("reading %T %s: %w", o, name, err))
	}
	return true, nil
}

// foreignRole refuses the name of a role that another organization has. A name that nobody has yet is none of those.
func (b *base) foreignRole(ctx context.Context, at *field.Path, namespace, name, organization string) (field.ErrorList, error) {
	var role v1alpha1.Role
	if there, err := b.read(ctx, namespace, name, &role); !there || role.Spec.Organization == organization {
		return nil, err
	}
	return foreign(at, "role", name, role.Spec.Organization, organization), nil
}

// foreignRoles refuses new names of roles that another organization has.
func (b *base) foreignRoles(ctx context.Context, at *field.Path, namespace, organization string, before, after []string) (field.ErrorList, error) {
	var errs field.ErrorList
	for _, i := range added(before, after) {
		wrong, err := b.foreignRole(ctx, at.Index(i), namespace, after[i], organization)
		if err != nil {
			return nil, err
		}
		errs = append(errs, wrong...)
	}
	return errs, nil
}

func foreign(at *field.Path, kind, name, of, organization string) field.ErrorList {
	return field.ErrorList{field.Invalid(at, name, fmt.Sprintf(
		"%s %s belongs to organization %s: name a %s of organization %s", kind, name, of, kind, organization))}
}

// added are the positions of the names that were not there before.
func added(before, after []string) []int {
	var at []int
	for i, name := range after {
		if !slices.Contains(before, name) {
			at = append(at, i)
		}
	}
	return at
}

func timeZone(name string) field.ErrorList {
	if _, err := invitation.LoadZone("", name); err != nil {
		return field.ErrorList{field.Invalid(field.NewPath("spec", "timeZone"), name, err.Error())}
	}
	return nil
}

// answer refuses, or lets pass with warnings.
func answer(kind, name string, warnings admission.Warnings, errs field.ErrorList) (admission.Warnings, error) {
	if err := refusal(kind, name, errs); err != nil {
		return nil, err
	}
	return warnings, nil
}

func refusal(kind, name string, errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(v1alpha1.GroupVersion.WithKind(kind).GroupKind(), name, errs)
}
