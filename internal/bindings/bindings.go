// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package bindings keeps the RoleBindings that give the holders of a Role their rights in Kubernetes. Each binds up to a
// hundred people, so that a person who comes or goes is one write, however many hold the role.
package bindings

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	k8slabels "k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
)

// Cached is what a manager's cache keeps of RoleBindings: our own alone.
func Cached() cache.ByObject {
	return cache.ByObject{Label: k8slabels.SelectorFromSet(k8slabels.Set{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy})}
}

// Of are the RoleBindings of a Role, as the cache has them.
func Of(ctx context.Context, reader client.Reader, role types.NamespacedName) ([]rbacv1.RoleBinding, error) {
	var list rbacv1.RoleBindingList
	err := reader.List(ctx, &list, client.InNamespace(role.Namespace), client.MatchingFields{index.BindingRole: Label(role.Name)})
	if err != nil {
		return nil, fmt.Errorf("listing role bindings: %w", err)
	}
	return slices.DeleteFunc(list.Items, func(b rbacv1.RoleBinding) bool { return !Belongs(&b, role.Name) }), nil
}

// Outcome is what could not be done of a plan.
type Outcome struct {
	// Refused are the roles of Kubernetes that the operator may not bind to, each once, with what the API server said.
	Refused []Refusal
	// Taken are the names of RoleBindings that are somebody else's.
	Taken []string
}

// Refusal is a role of Kubernetes that the operator may not bind to, or that is not there.
type Refusal struct {
	Ref rbacv1.RoleRef
	Err error
}

func (o *Outcome) refuse(b *rbacv1.RoleBinding, err error) {
	if !o.refuses(b) {
		o.Refused = append(o.Refused, Refusal{b.RoleRef, err})
	}
}

func (o *Outcome) refuses(b *rbacv1.RoleBinding) bool {
	return slices.ContainsFunc(o.Refused, func(r Refusal) bool { return r.Ref == b.RoleRef })
}

// Writer writes RoleBindings.
type Writer struct {
	Client client.Client
	// Live reads past the cache.
	Live client.Reader
}

// CarryOut does what a plan says for a role. What the API server refuses is in the outcome; any other failure ends it.
func (w Writer) CarryOut(ctx context.Context, role *v1alpha1.Role, plan Plan, now time.Time) (Outcome, error) {
	var o Outcome
	for _, b := range plan.Delete {
		if err := remove(ctx, w.Client, b); err != nil {
			return o, err
		}
	}
	for _, b := range plan.Update {
		err := w.update(ctx, b)
		if refused(err, b) {
			o.refuse(b, err)
			err = w.withdrawRefused(ctx, role, b)
		}
		if err != nil {
			return o, err
		}
	}
	for _, b := range plan.Create {
		if o.refuses(b) {
			continue
		}
		err := w.create(ctx, role, b, now, &o)
		if refused(err, b) {
			o.refuse(b, err)
			err = nil
		}
		if err != nil {
			return o, err
		}
	}
	return o, nil
}

// withdrawRefused deletes a RoleBinding that cannot be changed and that binds somebody who is to be bound no more. Others lose
// their rights with it until the operator may bind again: better that than rights which nobody can take back.
func (w Writer) withdrawRefused(ctx context.Context, role *v1alpha1.Role, want *rbacv1.RoleBinding) error {
	var is rbacv1.RoleBinding
	if err := w.Client.Get(ctx, client.ObjectKeyFromObject(want), &is); err != nil {
		return client.IgnoreNotFound(err)
	}
	surplus := func(s rbacv1.Subject) bool { return !slices.Contains(want.Subjects, s) }
	if !Belongs(&is, role.Name) || !slices.ContainsFunc(is.Subjects, surplus) {
		return nil
	}
	return remove(ctx, w.Client, &is)
}

func (w Writer) update(ctx context.Context, b *rbacv1.RoleBinding) error {
	if err := w.Client.Update(ctx, b); err != nil {
		return fmt.Errorf("writing role binding %s: %w", b.Name, err)
	}
	return nil
}

// create makes a RoleBinding. One of the name that the cache does not show is repaired when it is ours, and left alone when
// it is not.
func (w Writer) create(ctx context.Context, role *v1alpha1.Role, want *rbacv1.RoleBinding, now time.Time, o *Outcome) error {
	err := w.Client.Create(ctx, want.DeepCopy())
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return nil // and all in it goes
	}
	if !apierrors.IsAlreadyExists(err) {
		if err != nil {
			return fmt.Errorf("creating role binding %s: %w", want.Name, err)
		}
		return nil
	}
	var is rbacv1.RoleBinding
	if err := w.Live.Get(ctx, client.ObjectKeyFromObject(want), &is); err != nil {
		return fmt.Errorf("reading role binding %s: %w", want.Name, err)
	}
	d := decision{role: role, now: now}
	changed, differs := d.repair(&is, want)
	switch {
	case !Belongs(&is, role.Name) || is.RoleRef != want.RoleRef && differs: // which we never made
		o.Taken = append(o.Taken, is.Name)
		return nil
	case differs:
		return w.update(ctx, changed)
	}
	return err // the cache will show it in a moment
}

// Remove deletes the RoleBindings of a Role.
func (w Writer) Remove(ctx context.Context, bindings []rbacv1.RoleBinding) error {
	for i := range bindings {
		if err := remove(ctx, w.Client, &bindings[i]); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes a RoleBinding as it was read.
func remove(ctx context.Context, c client.Client, b *rbacv1.RoleBinding) error {
	err := c.Delete(ctx, b, client.Preconditions{UID: &b.UID, ResourceVersion: &b.ResourceVersion})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting role binding %s: %w", b.Name, err)
	}
	return nil
}

// refused says that the API server does not let the operator bind to a role, or does not find the role, which it looks for
// where the operator has no right to bind to it. It calls the role a RoleBinding then.
func refused(err error, b *rbacv1.RoleBinding) bool {
	var status *apierrors.StatusError
	if apierrors.IsForbidden(err) {
		return true
	}
	if !apierrors.IsNotFound(err) || !errors.As(err, &status) || status.ErrStatus.Details == nil {
		return false
	}
	missing := status.ErrStatus.Details
	return missing.Name == b.RoleRef.Name && missing.Name != b.Name && missing.Kind != "namespaces"
}

// Withdraw takes a user out of the RoleBindings of those Roles of the user's organization that keeps does not name, under the
// name that the user has had so far. It is for the pass that is about to write that the roles are lost, and before that
// write: whoever looks in between does not bind the user again. An outdated view is returned as the API server told it.
func (n Names) Withdraw(ctx context.Context, c client.Client, u *v1alpha1.User, now time.Time, keeps func(role string) bool) error {
	name, err := n.Of(u)
	if err != nil {
		return nil //nolint:nilerr // who has no name was not bound
	}
	var list rbacv1.RoleBindingList
	err = c.List(ctx, &list, client.InNamespace(u.Namespace), client.MatchingFields{index.BindingSubject: name})
	if err != nil {
		return fmt.Errorf("listing the role bindings of user %s: %w", u.Name, err)
	}
	for i := range list.Items {
		b := &list.Items[i]
		lost, err := loses(ctx, c, u, b, keeps)
		if err == nil && lost {
			err = withdraw(ctx, c, b, name, withdrawal{u.UID, u.ResourceVersion, now.Add(withdrawalLasts)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// loses says that a RoleBinding is of a Role which the user does not keep. Roles of other organizations have users of their
// own, who may have the same address.
func loses(ctx context.Context, c client.Client, u *v1alpha1.User, b *rbacv1.RoleBinding, keeps func(role string) bool) (bool, error) {
	name := Owner(b)
	if name == "" {
		name = b.Labels[v1alpha1.LabelRole]
	}
	if !Belongs(b, name) {
		return false, nil
	}
	var role v1alpha1.Role
	switch err := c.Get(ctx, types.NamespacedName{Namespace: u.Namespace, Name: name}, &role); {
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("reading role %s: %w", name, err)
	}
	return role.Spec.Organization == u.Spec.Organization && !keeps(name), nil
}

func withdraw(ctx context.Context, c client.Client, b *rbacv1.RoleBinding, name string, by withdrawal) error {
	changed := b.DeepCopy()
	changed.Subjects = slices.DeleteFunc(changed.Subjects, func(s rbacv1.Subject) bool { return s == subject(name) })
	note(changed, append(slices.DeleteFunc(withdrawals(b), func(w withdrawal) bool { return w.uid == by.uid }), by))
	err := c.Update(ctx, changed)
	switch {
	case refused(err, b): // see withdrawRefused
		return remove(ctx, c, b)
	case client.IgnoreNotFound(err) != nil:
		return fmt.Errorf("writing role binding %s: %w", b.Name, err)
	}
	return nil
}
