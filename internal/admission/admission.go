// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package admission gives the fast answer to what needs other objects to be judged. It is never the only guard:
// the controllers check everything again, since objects arrive in any order, and around it.
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
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/mailroom"
	"seatkeeper.dev/seatkeeper/internal/membership"
)

// +kubebuilder:webhook:path=/mutate-seatkeeper-dev-v1alpha1-user,mutating=true,failurePolicy=fail,sideEffects=None,groups=seatkeeper.dev,resources=users,verbs=create,versions=v1alpha1,name=default.users.seatkeeper.dev,admissionReviewVersions=v1
// +kubebuilder:webhook:path=/validate-seatkeeper-dev-v1alpha1-user,mutating=false,failurePolicy=fail,sideEffects=None,groups=seatkeeper.dev,resources=users,verbs=create;update,versions=v1alpha1,name=validate.users.seatkeeper.dev,admissionReviewVersions=v1
// +kubebuilder:webhook:path=/validate-seatkeeper-dev-v1alpha1-organization,mutating=false,failurePolicy=fail,sideEffects=None,groups=seatkeeper.dev,resources=organizations,verbs=create;update,versions=v1alpha1,name=validate.organizations.seatkeeper.dev,admissionReviewVersions=v1

// Register adds the webhooks to the manager. The namespaces are those whose organizations it runs; all when empty.
func Register(mgr ctrl.Manager, namespaces []string, clock clock.PassiveClock) error {
	users := &userAdmission{reader: mgr.GetClient(), namespaces: namespaces}
	if err := ctrl.NewWebhookManagedBy(mgr, &v1alpha1.User{}).WithDefaulter(users).WithValidator(users).Complete(); err != nil {
		return fmt.Errorf("registering the webhooks of User: %w", err)
	}
	if err := ctrl.NewWebhookManagedBy(mgr, &v1alpha1.Organization{}).WithValidator(organizationAdmission{}).Complete(); err != nil {
		return fmt.Errorf("registering the webhook of Organization: %w", err)
	}
	pools := &poolAdmission{namespaces: namespaces, clock: clock}
	if err := ctrl.NewWebhookManagedBy(mgr, &v1alpha1.SeatPool{}).WithDefaulter(pools).WithValidator(pools).Complete(); err != nil {
		return fmt.Errorf("registering the webhooks of SeatPool: %w", err)
	}
	mgr.GetWebhookServer().Register("/validate-seatkeeper-dev-v1alpha1-seatpool-scale",
		admission.WithValidator(mgr.GetScheme(), &scaleAdmission{pools: pools, live: mgr.GetAPIReader()}))
	return nil
}

// userAdmission judges Users.
type userAdmission struct {
	reader     client.Reader
	namespaces []string
}

// runs says that the User is one of the operator's. Of others it knows nothing: it lets them pass, and gives them
// no finalizer that it would not remove.
func (a *userAdmission) runs(u *v1alpha1.User) bool {
	return len(a.namespaces) == 0 || slices.Contains(a.namespaces, u.Namespace)
}

// Default adds the finalizer at creation, which saves a write later.
func (a *userAdmission) Default(_ context.Context, u *v1alpha1.User) error {
	if u.DeletionTimestamp.IsZero() && a.runs(u) {
		controllerutil.AddFinalizer(u, v1alpha1.FinalizerArchive)
	}
	return nil
}

// ValidateCreate refuses what cannot become a member.
func (a *userAdmission) ValidateCreate(ctx context.Context, u *v1alpha1.User) (admission.Warnings, error) {
	taken, err := a.emailTaken(ctx, u)
	if err != nil {
		return nil, err
	}
	return nil, refusal("User", u.Name, append(timeZone(u.Spec.TimeZone), taken...))
}

// ValidateUpdate refuses changes that cannot take effect. What was wrong before does not keep the rest from being
// changed.
func (a *userAdmission) ValidateUpdate(ctx context.Context, before, after *v1alpha1.User) (admission.Warnings, error) {
	if !after.DeletionTimestamp.IsZero() {
		return nil, nil // it must be possible to let go
	}
	var errs field.ErrorList
	if before.Spec.TimeZone != after.Spec.TimeZone {
		errs = append(errs, timeZone(after.Spec.TimeZone)...)
	}
	readdressed, warnings, err := a.readdressed(ctx, before, after)
	if err != nil {
		return nil, err
	}
	errs = append(errs, readdressed...)
	if before.Spec.State != after.Spec.State && after.Spec.State != v1alpha1.UserActive {
		owner, err := a.owner(ctx, after)
		if err != nil {
			return nil, err
		}
		errs = append(errs, owner...)
	}
	return warnings, refusal("User", after.Name, errs)
}

// readdressed judges an edit of the address by the organization's policy (rules EZ-15, IN-9). Setting back an edit that
// came around admission is none.
func (a *userAdmission) readdressed(ctx context.Context, before, after *v1alpha1.User) (field.ErrorList, admission.Warnings, error) {
	if membership.FoldEmail(before.Spec.Email) == membership.FoldEmail(after.Spec.Email) || !a.runs(after) {
		return nil, nil, nil
	}
	errs, err := a.emailTaken(ctx, after)
	if err != nil || membership.FoldEmail(after.Spec.Email) == membership.FoldEmail(after.Status.Email) {
		return errs, nil, err
	}
	org, err := a.organization(ctx, after)
	if err != nil || org == nil {
		return errs, nil, err
	}
	switch org.Spec.EmailChange {
	case v1alpha1.EmailChangeDeny:
		errs = append(errs, field.Forbidden(field.NewPath("spec", "email"), fmt.Sprintf(
			"organization %s does not let addresses be edited (spec.emailChange is Deny): delete this User, and create one with the new address", org.Name)))
	case v1alpha1.EmailChangeReplace:
		if membership.IsOwner(after, org) && after.Status.AcceptedAt != nil {
			return append(errs, field.Forbidden(field.NewPath("spec", "email"), fmt.Sprintf(
				"stands for another person then (spec.emailChange of organization %s is Replace), and this User is its owner: name another owner there first", org.Name))), nil, nil
		}
		return errs, admission.Warnings{fmt.Sprintf(
			"the address of User %s now stands for another person (spec.emailChange of organization %s is Replace): whoever had the old one loses access, and an invitation goes to the new one",
			after.Name, org.Name)}, nil
	default:
	}
	return errs, nil, nil
}

// ValidateDelete is not asked.
func (a *userAdmission) ValidateDelete(context.Context, *v1alpha1.User) (admission.Warnings, error) {
	return nil, nil
}

func (a *userAdmission) emailTaken(ctx context.Context, u *v1alpha1.User) (field.ErrorList, error) {
	if !a.runs(u) {
		return nil, nil
	}
	var list v1alpha1.UserList
	if err := a.reader.List(ctx, &list, client.InNamespace(u.Namespace),
		client.MatchingFields{index.UserEmail: index.EmailKey(u.Spec.Organization, u.Spec.Email)}, loop.Lagging{}); err != nil {
		return nil, apierrors.NewInternalError(fmt.Errorf("looking for the address: %w", err))
	}
	for i := range list.Items {
		if other := &list.Items[i]; other.Name != u.Name {
			return field.ErrorList{field.Invalid(field.NewPath("spec", "email"), u.Spec.Email, fmt.Sprintf(
				"is in use by User %s of organization %s: use another address, or change or delete that User", other.Name, u.Spec.Organization))}, nil
		}
	}
	return nil, nil
}

func (a *userAdmission) owner(ctx context.Context, u *v1alpha1.User) (field.ErrorList, error) {
	if !a.runs(u) {
		return nil, nil
	}
	org, err := a.organization(ctx, u)
	if err != nil || org == nil {
		return nil, err
	}
	if org.DeletionTimestamp.IsZero() && membership.IsOwner(u, org) {
		return field.ErrorList{field.Forbidden(field.NewPath("spec", "state"), fmt.Sprintf(
			"is the owner of organization %s and keeps access: name another owner there first", org.Name))}, nil
	}
	return nil, nil
}

// organization reads the user's organization; nil when there is none.
func (a *userAdmission) organization(ctx context.Context, u *v1alpha1.User) (*v1alpha1.Organization, error) {
	var org v1alpha1.Organization
	err := a.reader.Get(ctx, types.NamespacedName{Namespace: u.Namespace, Name: u.Spec.Organization}, &org, loop.Lagging{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, apierrors.NewInternalError(fmt.Errorf("reading the organization: %w", err))
	}
	return &org, nil
}

// organizationAdmission judges Organizations.
type organizationAdmission struct{}

// ValidateCreate refuses values that mean nothing.
func (organizationAdmission) ValidateCreate(_ context.Context, o *v1alpha1.Organization) (admission.Warnings, error) {
	return nil, refusal("Organization", o.Name, append(timeZone(o.Spec.TimeZone), addresses(o)...))
}

// ValidateUpdate refuses changes to values that mean nothing.
func (organizationAdmission) ValidateUpdate(_ context.Context, before, after *v1alpha1.Organization) (admission.Warnings, error) {
	var errs field.ErrorList
	if before.Spec.TimeZone != after.Spec.TimeZone {
		errs = append(errs, timeZone(after.Spec.TimeZone)...)
	}
	if before.Spec.Mail != after.Spec.Mail {
		errs = append(errs, addresses(after)...)
	}
	return nil, refusal("Organization", after.Name, errs)
}

func addresses(o *v1alpha1.Organization) (errs field.ErrorList) {
	for _, a := range []struct{ field, value string }{{"from", o.Spec.Mail.From}, {"replyTo", o.Spec.Mail.ReplyTo}} {
		if a.value == "" {
			continue
		}
		if _, err := mailroom.ParseAddress(a.value); err != nil {
			errs = append(errs, field.Invalid(field.NewPath("spec", "mail", a.field), a.value, "must be an address such as Acme <people@acme.example>, with a domain in ASCII"))
		}
	}
	return errs
}

// ValidateDelete is not asked.
func (organizationAdmission) ValidateDelete(context.Context, *v1alpha1.Organization) (admission.Warnings, error) {
	return nil, nil
}

func timeZone(name string) field.ErrorList {
	if _, err := invitation.LoadZone("", name); err != nil {
		return field.ErrorList{field.Invalid(field.NewPath("spec", "timeZone"), name, err.Error())}
	}
	return nil
}

func refusal(kind, name string, errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(v1alpha1.GroupVersion.WithKind(kind).GroupKind(), name, errs)
}
