// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package build makes objects for tests, in the words of the story that a test tells:
//
//	build.User("ada").In(ns, "acme").Roles("support").Obj()
//
// What a test does not mention has a value that is valid and does not matter. Obj returns an object of the
// caller's own, so that one builder serves as the start of several.
package build

import (
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// meta is the metadata of an object that nobody has changed yet. The UID is as unique as the name; an API
// server replaces it.
func meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, UID: types.UID("uid-of-" + name), Generation: 1}
}

func stamp(t time.Time) *metav1.Time { return new(metav1.NewTime(t)) }

// OrganizationBuilder makes an Organization.
type OrganizationBuilder struct{ org v1alpha1.Organization }

// Organization starts an Organization that the User ada owns, with the defaults that an API server fills in.
func Organization(name string) *OrganizationBuilder {
	return &OrganizationBuilder{org: v1alpha1.Organization{
		ObjectMeta: meta(name),
		Spec: v1alpha1.OrganizationSpec{
			Owner: "ada", Locale: "en", TimeZone: "UTC",
			EmailChange: v1alpha1.EmailChangeRename,
			Offboarding: v1alpha1.OffboardingPolicy{Policy: v1alpha1.OffboardingArchive, AccessNotice: &metav1.Duration{Duration: 72 * time.Hour}},
			Invitation: v1alpha1.InvitationPolicy{
				TTL: &metav1.Duration{Duration: 168 * time.Hour}, MaxSends: 3, Acceptance: v1alpha1.AcceptanceConfirm,
			},
		},
	}}
}

// In sets the namespace.
func (b *OrganizationBuilder) In(namespace string) *OrganizationBuilder {
	b.org.Namespace = namespace
	return b
}

// Owner sets the name of the principal User.
func (b *OrganizationBuilder) Owner(user string) *OrganizationBuilder {
	b.org.Spec.Owner = user
	return b
}

// DefaultRole sets the name of the role of users who have none.
func (b *OrganizationBuilder) DefaultRole(role string) *OrganizationBuilder {
	b.org.Spec.DefaultRole = role
	return b
}

// DisplayName sets the name that people read.
func (b *OrganizationBuilder) DisplayName(name string) *OrganizationBuilder {
	b.org.Spec.DisplayName = name
	return b
}

// Locale sets the language of users who have none of their own.
func (b *OrganizationBuilder) Locale(tag string) *OrganizationBuilder {
	b.org.Spec.Locale = tag
	return b
}

// TimeZone sets the time zone of users who have none of their own.
func (b *OrganizationBuilder) TimeZone(zone string) *OrganizationBuilder {
	b.org.Spec.TimeZone = zone
	return b
}

// TTL sets how long an invitation can be answered.
func (b *OrganizationBuilder) TTL(ttl time.Duration) *OrganizationBuilder {
	b.org.Spec.Invitation.TTL = &metav1.Duration{Duration: ttl}
	return b
}

// Reminders has people who do not answer reminded each interval, until they were sent as many mails as limit says.
func (b *OrganizationBuilder) Reminders(interval time.Duration, limit int32) *OrganizationBuilder {
	b.org.Spec.Invitation.ReminderInterval, b.org.Spec.Invitation.MaxSends = &metav1.Duration{Duration: interval}, limit
	return b
}

// AccessNotice sets how long before it is told that access ends.
func (b *OrganizationBuilder) AccessNotice(before time.Duration) *OrganizationBuilder {
	b.org.Spec.Offboarding.AccessNotice = &metav1.Duration{Duration: before}
	return b
}

// EmailChange sets what an edit of an address makes of a user.
func (b *OrganizationBuilder) EmailChange(policy v1alpha1.EmailChange) *OrganizationBuilder {
	b.org.Spec.EmailChange = policy
	return b
}

// EmailScope sets where an address can be had by one user only.
func (b *OrganizationBuilder) EmailScope(scope v1alpha1.EmailScope) *OrganizationBuilder {
	b.org.Spec.EmailScope = scope
	return b
}

// Policy sets what the deletion of a user leaves.
func (b *OrganizationBuilder) Policy(policy v1alpha1.OffboardingMode) *OrganizationBuilder {
	b.org.Spec.Offboarding.Policy = policy
	return b
}

// Retention sets how long an ArchivedUser is kept.
func (b *OrganizationBuilder) Retention(d time.Duration) *OrganizationBuilder {
	b.org.Spec.Offboarding.Retention = &metav1.Duration{Duration: d}
	return b
}

// Acceptance sets what the invitation page asks for.
func (b *OrganizationBuilder) Acceptance(mode v1alpha1.AcceptanceMode) *OrganizationBuilder {
	b.org.Spec.Invitation.Acceptance = mode
	return b
}

// Directory has the members' accounts live in a directory: at DirectoryURL, with the credentials of the Secret directory.
func (b *OrganizationBuilder) Directory() *OrganizationBuilder {
	b.org.Spec.Directory = v1alpha1.DirectoryPolicy{
		Adoption: v1alpha1.AdoptionRefuse, DriftPolicy: v1alpha1.DriftCorrect, ResyncPeriod: &metav1.Duration{Duration: 10 * time.Minute},
		SCIM: v1alpha1.SCIMDirectory{URL: DirectoryURL, CredentialsSecretRef: v1alpha1.SecretReference{Name: "directory"}},
	}
	return b
}

// DirectoryURL is where Directory is.
const DirectoryURL = "https://directory.acme.example/v2"

// Mail sets who sends the organization's mail, through which server.
func (b *OrganizationBuilder) Mail(mail v1alpha1.OrganizationMail) *OrganizationBuilder {
	b.org.Spec.Mail = mail
	return b
}

// Protection has so many people removed within the window.
func (b *OrganizationBuilder) Protection(removals string, window time.Duration) *OrganizationBuilder {
	b.org.Spec.Protection = v1alpha1.ProtectionPolicy{
		MaxRemovals: new(intstr.Parse(removals)), Window: &metav1.Duration{Duration: window},
	}
	return b
}

// Templates names the ConfigMap with the organization's own mails.
func (b *OrganizationBuilder) Templates(name string) *OrganizationBuilder {
	b.org.Spec.Invitation.Templates.Name = name
	return b
}

// SignIn adds an identity provider, whose client secret is in a Secret unless that is empty.
func (b *OrganizationBuilder) SignIn(provider, secret string) *OrganizationBuilder {
	of := &b.org.Spec.Invitation
	of.IdentityProviders = append(of.IdentityProviders, v1alpha1.IdentityProvider{
		Name: provider, Issuer: "https://" + provider + ".example", ClientID: "seatkeeper", ClientSecretRef: v1alpha1.SecretReference{Name: secret},
	})
	return b
}

// Generation sets how often the spec was written.
func (b *OrganizationBuilder) Generation(n int64) *OrganizationBuilder {
	b.org.Generation = n
	return b
}

// Deleting says that the Organization was deleted at t and a finalizer holds it.
func (b *OrganizationBuilder) Deleting(t time.Time) *OrganizationBuilder {
	deleting(&b.org, t)
	return b
}

// Obj returns the Organization.
func (b *OrganizationBuilder) Obj() *v1alpha1.Organization { return b.org.DeepCopy() }

// deleting marks o as deleted. An API server keeps such an object only for a finalizer.
func deleting(o metav1.Object, t time.Time) {
	o.SetDeletionTimestamp(stamp(t))
	o.SetFinalizers([]string{v1alpha1.FinalizerArchive})
}

// RoleBuilder makes a Role.
type RoleBuilder struct{ role v1alpha1.Role }

// Role starts a Role that needs no seat.
func Role(name string) *RoleBuilder {
	return &RoleBuilder{role: v1alpha1.Role{ObjectMeta: meta(name), Spec: v1alpha1.RoleSpec{Organization: "acme"}}}
}

// In sets the namespace and the name of the organization.
func (b *RoleBuilder) In(namespace, organization string) *RoleBuilder {
	b.role.Namespace, b.role.Spec.Organization = namespace, organization
	return b
}

// SeatPool sets the pool of which every holder needs a seat.
func (b *RoleBuilder) SeatPool(pool string) *RoleBuilder {
	b.role.Spec.SeatPool = pool
	return b
}

// DisplayName sets the name that people read.
func (b *RoleBuilder) DisplayName(name string) *RoleBuilder {
	b.role.Spec.DisplayName = name
	return b
}

// Description sets what the role is for.
func (b *RoleBuilder) Description(text string) *RoleBuilder {
	b.role.Spec.Description = text
	return b
}

// MinHolders sets the number of holders below which nobody loses the role.
func (b *RoleBuilder) MinHolders(n int32) *RoleBuilder {
	b.role.Spec.MinHolders = &n
	return b
}

// MaxHolders sets the number of holders beyond which nobody is given the role.
func (b *RoleBuilder) MaxHolders(n int32) *RoleBuilder {
	b.role.Spec.MaxHolders = &n
	return b
}

// Permissions sets what the holders may do in the product.
func (b *RoleBuilder) Permissions(names ...string) *RoleBuilder {
	b.role.Spec.Permissions = names
	return b
}

// Includes sets the names of the roles that come with this one.
func (b *RoleBuilder) Includes(roles ...string) *RoleBuilder {
	b.role.Spec.Includes = roles
	return b
}

// RoleRefs adds ClusterRoles that the holders are bound to.
func (b *RoleBuilder) RoleRefs(clusterRoles ...string) *RoleBuilder {
	for _, name := range clusterRoles {
		b.role.Spec.Kubernetes.RoleRefs = append(b.role.Spec.Kubernetes.RoleRefs, v1alpha1.RoleRef{Kind: v1alpha1.RoleRefClusterRole, Name: name})
	}
	return b
}

// UID sets the UID.
func (b *RoleBuilder) UID(uid types.UID) *RoleBuilder {
	b.role.UID = uid
	return b
}

// Obj returns the Role.
func (b *RoleBuilder) Obj() *v1alpha1.Role { return b.role.DeepCopy() }

// TeamBuilder makes a Team.
type TeamBuilder struct{ team v1alpha1.Team }

// Team starts a Team without members.
func Team(name string) *TeamBuilder {
	return &TeamBuilder{team: v1alpha1.Team{ObjectMeta: meta(name), Spec: v1alpha1.TeamSpec{Organization: "acme"}}}
}

// In sets the namespace and the name of the organization.
func (b *TeamBuilder) In(namespace, organization string) *TeamBuilder {
	b.team.Namespace, b.team.Spec.Organization = namespace, organization
	return b
}

// Lead adds the member who leads the team.
func (b *TeamBuilder) Lead(user string) *TeamBuilder {
	b.team.Spec.Members = append(b.team.Spec.Members, v1alpha1.TeamMembership{User: user, Role: v1alpha1.TeamLead})
	return b
}

// Members adds members who do not lead.
func (b *TeamBuilder) Members(users ...string) *TeamBuilder {
	for _, user := range users {
		b.team.Spec.Members = append(b.team.Spec.Members, v1alpha1.TeamMembership{User: user, Role: v1alpha1.TeamMember})
	}
	return b
}

// Parent sets the name of the team that this one is a part of.
func (b *TeamBuilder) Parent(team string) *TeamBuilder {
	b.team.Spec.Parent = team
	return b
}

// Roles sets the names of the roles that the members hold, and those of the teams below.
func (b *TeamBuilder) Roles(names ...string) *TeamBuilder {
	b.team.Spec.Roles = names
	return b
}

// Obj returns the Team.
func (b *TeamBuilder) Obj() *v1alpha1.Team { return b.team.DeepCopy() }

// SeatSliceBuilder makes a SeatSlice.
type SeatSliceBuilder struct{ slice v1alpha1.SeatSlice }

// SeatSlice starts the slice with the given number of a pool, written in turn 1, with no seat held.
func SeatSlice(pool string, number int32) *SeatSliceBuilder {
	return &SeatSliceBuilder{slice: v1alpha1.SeatSlice{
		ObjectMeta: meta(pool + "-" + strconv.Itoa(int(number))),
		Pool:       pool, FirstSeat: new(number * v1alpha1.SeatsPerSlice), Capacity: new(int32), Turn: 1,
	}}
}

// In sets the namespace.
func (b *SeatSliceBuilder) In(namespace string) *SeatSliceBuilder {
	b.slice.Namespace = namespace
	return b
}

// Capacity sets the capacity that the writer of the slice knew.
func (b *SeatSliceBuilder) Capacity(n int32) *SeatSliceBuilder {
	b.slice.Capacity = &n
	return b
}

// Turn sets the turn in which the slice was written.
func (b *SeatSliceBuilder) Turn(n int64) *SeatSliceBuilder {
	b.slice.Turn = n
	return b
}

// Held adds a seat that user holds since t. Seats are to be added by number.
func (b *SeatSliceBuilder) Held(seat int32, user *v1alpha1.User, t time.Time) *SeatSliceBuilder {
	b.slice.Assignments = append(b.slice.Assignments, v1alpha1.SeatAssignment{
		Seat: &seat, User: user.Name, UID: user.UID, Since: metav1.NewTime(t),
	})
	return b
}

// Obj returns the SeatSlice.
func (b *SeatSliceBuilder) Obj() *v1alpha1.SeatSlice { return b.slice.DeepCopy() }

// Secret makes a Secret.
func Secret(name string, data map[string]string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, StringData: data}
}
