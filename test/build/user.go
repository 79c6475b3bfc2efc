// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// UserBuilder makes a User.
type UserBuilder struct{ user v1alpha1.User }

// User starts an active User of the organization acme, who has the address <name>@acme.example and no role.
func User(name string) *UserBuilder {
	return &UserBuilder{user: v1alpha1.User{
		ObjectMeta: meta(name),
		Spec: v1alpha1.UserSpec{
			Organization: "acme", Email: name + "@acme.example", State: v1alpha1.UserActive,
		},
	}}
}

// In sets the namespace and the name of the organization.
func (b *UserBuilder) In(namespace, organization string) *UserBuilder {
	b.user.Namespace, b.user.Spec.Organization = namespace, organization
	return b
}

// Email sets the address.
func (b *UserBuilder) Email(address string) *UserBuilder {
	b.user.Spec.Email = address
	return b
}

// Name sets the person's given and family name.
func (b *UserBuilder) Name(given, family string) *UserBuilder {
	b.user.Spec.GivenName, b.user.Spec.FamilyName = given, family
	return b
}

// Locale sets the language of the person's mails and pages.
func (b *UserBuilder) Locale(tag string) *UserBuilder {
	b.user.Spec.Locale = tag
	return b
}

// TimeZone sets the time zone in which the person reads times.
func (b *UserBuilder) TimeZone(zone string) *UserBuilder {
	b.user.Spec.TimeZone = zone
	return b
}

// Roles sets the names of the roles that the user is to hold.
func (b *UserBuilder) Roles(names ...string) *UserBuilder {
	b.user.Spec.Roles = names
	return b
}

// Delegate adds a user who holds this user's roles as well until a time, and from one on; at once when from is zero.
func (b *UserBuilder) Delegate(user string, from, until time.Time) *UserBuilder {
	d := v1alpha1.Delegation{User: user, Until: metav1.NewTime(until)}
	if !from.IsZero() {
		d.From = stamp(from)
	}
	b.user.Spec.Delegates = append(b.user.Spec.Delegates, d)
	return b
}

// Known sets the address that the operator knows the person by, in the status.
func (b *UserBuilder) Known(address string) *UserBuilder {
	b.user.Status.Email = address
	return b
}

// State sets what somebody wants the user to be.
func (b *UserBuilder) State(state v1alpha1.UserState) *UserBuilder {
	b.user.Spec.State = state
	return b
}

// Until sets when access ends.
func (b *UserBuilder) Until(t time.Time) *UserBuilder {
	b.user.Spec.AccessUntil = stamp(t)
	return b
}

// Ended says that the operator found at t that access was over.
func (b *UserBuilder) Ended(t time.Time) *UserBuilder {
	b.user.Status.AccessEndedAt = stamp(t)
	return b
}

// Planned says that an end of access at t was declared ahead.
func (b *UserBuilder) Planned(t time.Time) *UserBuilder {
	b.user.Status.PlannedEnd = stamp(t)
	return b
}

// Asks adds a request about a role.
func (b *UserBuilder) Asks(number int64, role string, change v1alpha1.RoleChange) *UserBuilder {
	b.user.Status.RoleRequests = append(b.user.Status.RoleRequests, v1alpha1.RoleRequest{Number: number, Role: role, Change: change})
	b.user.Status.LastRoleRequest = max(number, b.user.Status.LastRoleRequest)
	return b
}

// Noticed says that it was announced at t that access ends, and mailed unless sent is zero.
func (b *UserBuilder) Noticed(t, sent time.Time) *UserBuilder {
	b.user.Status.AccessNotice = v1alpha1.AccessNotice{Until: *b.user.Spec.AccessUntil, AnnouncedAt: metav1.NewTime(t)}
	if !sent.IsZero() {
		b.user.Status.AccessNotice.SentAt = stamp(sent)
	}
	return b
}

// ArchiveReason sets why the person left.
func (b *UserBuilder) ArchiveReason(reason v1alpha1.ArchiveReason) *UserBuilder {
	b.user.Spec.ArchiveReason = reason
	return b
}

// Annotation sets an annotation.
func (b *UserBuilder) Annotation(key, value string) *UserBuilder {
	metav1.SetMetaDataAnnotation(&b.user.ObjectMeta, key, value)
	return b
}

// UID sets the UID.
func (b *UserBuilder) UID(uid types.UID) *UserBuilder {
	b.user.UID = uid
	return b
}

// Generation sets how often the spec was written.
func (b *UserBuilder) Generation(n int64) *UserBuilder {
	b.user.Generation = n
	return b
}

// Created sets when the object was created.
func (b *UserBuilder) Created(t time.Time) *UserBuilder {
	b.user.CreationTimestamp = metav1.NewTime(t)
	return b
}

// Deleting says that the object was deleted at t and its finalizer holds it.
func (b *UserBuilder) Deleting(t time.Time) *UserBuilder {
	deleting(&b.user, t)
	return b
}

// Holds sets the roles that are granted, in the status.
func (b *UserBuilder) Holds(roles ...string) *UserBuilder {
	b.user.Status.Roles = slices.Sorted(slices.Values(roles))
	return b
}

// Seats sets the pools in which the user holds a seat, in the status.
func (b *UserBuilder) Seats(pools ...string) *UserBuilder {
	b.user.Status.Seats = slices.Sorted(slices.Values(pools))
	return b
}

// Inviting sets an invitation to the address that the builder has by then, which the mail server did not
// take yet.
func (b *UserBuilder) Inviting(sequence int64, expires time.Time) *UserBuilder {
	b.user.Status.Invitation = &v1alpha1.InvitationStatus{
		Sequence: sequence, Email: b.user.Spec.Email, ExpiresAt: metav1.NewTime(expires),
	}
	return b
}

// Invited sets an invitation that is out, sent a week before it expires.
func (b *UserBuilder) Invited(sequence int64, expires time.Time) *UserBuilder {
	b.Inviting(sequence, expires)
	b.user.Status.Invitation.SentAt = stamp(expires.Add(-7 * 24 * time.Hour))
	return b
}

// Expired says that the operator found at t that nobody had answered the invitation.
func (b *UserBuilder) Expired(t time.Time) *UserBuilder {
	b.user.Status.Invitation.ExpiredAt = stamp(t)
	return b
}

// Declined says that the person declined the invitation at t.
func (b *UserBuilder) Declined(t time.Time) *UserBuilder {
	b.user.Status.Invitation.DeclinedAt = stamp(t)
	return b
}

// Rejected says in which words the mail server refused the invitation.
func (b *UserBuilder) Rejected(words string) *UserBuilder {
	b.user.Status.Invitation.SentAt, b.user.Status.Invitation.Rejection = nil, words
	return b
}

// AcceptedAt says that the person accepted at t.
func (b *UserBuilder) AcceptedAt(t time.Time) *UserBuilder {
	b.user.Status.AcceptedAt = stamp(t)
	return b
}

// Revoked says that access was revoked at t.
func (b *UserBuilder) Revoked(t time.Time) *UserBuilder {
	b.user.Status.AccessRevokedAt = stamp(t)
	return b
}

// Obj returns the User.
func (b *UserBuilder) Obj() *v1alpha1.User { return b.user.DeepCopy() }
