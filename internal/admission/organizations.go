// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/mailroom"
)

// +kubebuilder:webhook:path=/validate-seatkeeper-dev-v1alpha1-organization,mutating=false,failurePolicy=fail,sideEffects=None,groups=seatkeeper.dev,resources=organizations,verbs=create;update,versions=v1alpha1,name=validate.organizations.seatkeeper.dev,admissionReviewVersions=v1

// organizationAdmission judges Organizations.
type organizationAdmission struct{ *base }

// ValidateCreate refuses values that mean nothing, and those that are not the requester's to set.
func (a *organizationAdmission) ValidateCreate(ctx context.Context, o *v1alpha1.Organization) (admission.Warnings, error) {
	return nil, a.judge(ctx, &v1alpha1.Organization{}, o, append(timeZone(o.Spec.TimeZone), addresses(o)...))
}

// ValidateUpdate refuses changes to values that mean nothing, and those that are not the requester's to make.
func (a *organizationAdmission) ValidateUpdate(ctx context.Context, before, after *v1alpha1.Organization) (admission.Warnings, error) {
	var errs field.ErrorList
	if before.Spec.TimeZone != after.Spec.TimeZone {
		errs = append(errs, timeZone(after.Spec.TimeZone)...)
	}
	if before.Spec.Mail != after.Spec.Mail {
		errs = append(errs, addresses(after)...)
	}
	return nil, a.judge(ctx, before, after, errs)
}

// ValidateDelete is not asked.
func (a *organizationAdmission) ValidateDelete(context.Context, *v1alpha1.Organization) (admission.Warnings, error) {
	return nil, nil
}

// judge adds to the faults of an organization what it says about others: its owner, and what members hold by default.
func (a *organizationAdmission) judge(ctx context.Context, before, after *v1alpha1.Organization, errs field.ErrorList) error {
	if !a.runs(after.Namespace) {
		return refusal("Organization", after.Name, errs)
	}
	r, err := a.roster(ctx, after.Namespace, after.Name)
	if err != nil {
		return err
	}
	g := &gains{role: r.Role}
	g.voice(before, after)
	g.estate(before.Spec.Offboarding.Ownership, after.Spec.Offboarding.Ownership)
	g.protection(before, after)
	if role := after.Spec.DefaultRole; role != "" && role != before.Spec.DefaultRole {
		at := field.NewPath("spec", "defaultRole")
		g.assign(at, role, "")
		wrong, err := a.foreignRole(ctx, at, after.Namespace, role, after.Name)
		if err != nil {
			return err
		}
		errs = append(errs, wrong...)
	}
	if err := r.Err(); err != nil {
		return apierrors.NewInternalError(err)
	}
	refused, err := a.rights.refuse(ctx, after.Namespace, g.demands)
	if err != nil {
		return err
	}
	return refusal("Organization", after.Name, append(errs, refused...))
}

// voice needs the rights to say who speaks for an organization: its owner, and the mails with links that go out in its
// name, and what these ask; and where the accounts and passwords of its people go.
func (g *gains) voice(before, after *v1alpha1.Organization) {
	if before.Spec.Owner != after.Spec.Owner {
		g.organization(field.NewPath("spec", "owner"), "say who owns organization "+after.Name, after.Name)
	}
	if before.Spec.Mail != after.Spec.Mail {
		g.organization(field.NewPath("spec", "mail"), "say who sends the invitations of organization "+after.Name, after.Name)
	}
	if ref := after.Spec.Mail.SMTPSecretRef; ref.Name != "" && ref != before.Spec.Mail.SMTPSecretRef {
		g.secret(field.NewPath("spec", "mail", "smtpSecretRef", "name"), ref.Name)
	}
	if !equality.Semantic.DeepEqual(before.Spec.Directory, after.Spec.Directory) {
		g.organization(field.NewPath("spec", "directory"), "say where the accounts and passwords of organization "+after.Name+" go", after.Name)
	}
	if ref := after.Spec.Directory.SCIM.CredentialsSecretRef; ref.Name != "" && (ref != before.Spec.Directory.SCIM.CredentialsSecretRef ||
		before.Spec.Directory.SCIM.URL != after.Spec.Directory.SCIM.URL) { // what is in it goes there
		g.secret(field.NewPath("spec", "directory", "scim", "credentialsSecretRef", "name"), ref.Name)
	}
	g.signIn(before.Spec.Invitation.IdentityProviders, after.Spec.Invitation.IdentityProviders, after.Name)
	if asksLess(before.Spec.Invitation.Acceptance, after.Spec.Invitation.Acceptance) {
		g.organization(field.NewPath("spec", "invitation", "acceptance"), "ask less of those who accept the invitations of organization "+after.Name, after.Name)
	}
	if before.Spec.Invitation.Templates != after.Spec.Invitation.Templates {
		g.organization(field.NewPath("spec", "invitation", "templates"), "say what the invitations of organization "+after.Name+" are", after.Name)
	}
}

// asksLess says that more people can accept than before: a link may be in more hands than one.
func asksLess(before, after v1alpha1.AcceptanceMode) bool {
	modes := []v1alpha1.AcceptanceMode{v1alpha1.AcceptanceConfirm, v1alpha1.AcceptancePassword, v1alpha1.AcceptanceSignIn}
	return slices.Index(modes, after) < slices.Index(modes, before)
}

// signIn needs the rights to say who vouches for the people of an organization, and to the Secrets that go there.
func (g *gains) signIn(before, after []v1alpha1.IdentityProvider, organization string) {
	at := field.NewPath("spec", "invitation", "identityProviders")
	if !equality.Semantic.DeepEqual(before, after) {
		g.organization(at, "say with whom the people of organization "+organization+" sign in", organization)
	}
	for i, provider := range after {
		known := slices.ContainsFunc(before, func(was v1alpha1.IdentityProvider) bool {
			return was.Issuer == provider.Issuer && was.ClientSecretRef == provider.ClientSecretRef
		})
		if ref := provider.ClientSecretRef; ref.Name != "" && !known {
			g.secret(at.Index(i).Child("clientSecretRef", "name"), ref.Name)
		}
	}
}

// estate needs the rights to what the operator does by rules of ownership: it lists the objects, and patches those that it hands
// over. Whoever may not do that is not to have it done.
func (g *gains) estate(before, after []v1alpha1.OwnershipRule) {
	for i, rule := range after {
		at := slices.IndexFunc(before, func(was v1alpha1.OwnershipRule) bool { return was.Name == rule.Name })
		if rule.OnArchive == v1alpha1.OwnershipRetain || at >= 0 && before[at].Resource == rule.Resource &&
			before[at].OwnerField == rule.OwnerField && before[at].OnArchive == rule.OnArchive {
			continue
		}
		verbs := []string{"list"}
		if rule.OnArchive == v1alpha1.OwnershipReassign {
			verbs = append(verbs, "patch")
		}
		for _, verb := range verbs {
			g.demands = append(g.demands, demand{
				field.NewPath("spec", "offboarding", "ownership").Index(i).Child("resource"), "have " + rule.Resource.Resource + " handed over",
				right{verb, rule.Resource.Group, rule.Resource.Resource, ""},
			})
		}
	}
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
