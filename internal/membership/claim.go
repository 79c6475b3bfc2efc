// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// Within an organization, whoever sees its Users sees who has an address (HasPriority). In the cluster nobody need see everybody, so an
// address is had by a claim there, of which there can be one. It is the organization's: which of its Users has the address is decided
// as anywhere. A User goes by the claim that the status names, of the address that it is known by, and lets go of it in the status first,
// so that of two whom a claim could be of, one at most goes by it.

// Elsewhere is who has an address, to those who may not know, and what can be done.
const Elsewhere = "in another organization of this cluster: use another address; this one is free once whoever runs that organization has changed or deleted the User there"

// lookAgain is how long it takes at most until an address that is free in another organization is noticed.
const lookAgain = 5 * time.Minute

// Scoped says that an address can be in one only of all organizations like this one (rule AX-11).
func Scoped(org *v1alpha1.Organization) bool {
	return org != nil && org.Spec.EmailScope == v1alpha1.EmailScopeCluster
}

// Unclaimed says that a user lacks the claim to the address that the spec declares: somebody has it elsewhere, or nobody has looked yet.
func Unclaimed(u *v1alpha1.User, org *v1alpha1.Organization) bool {
	return Scoped(org) && u.Status.AddressClaim.Email != FoldEmail(u.Spec.Email)
}

// ToClaim is the address to which a user, who is not being deleted and has an organization, is to have a claim: the one that the user has
// once this pass is over, whatever the spec declares. It is empty where the user has no business with any: the organization shares its
// addresses, another of its Users has this one, or whoever has no claim so far is to have no access.
func ToClaim(s Situation) string {
	u := s.User
	if !Scoped(s.Organization) || u.Status.AddressClaim.Email == "" && (s.NoRoles || access.Leaving(u)) {
		return ""
	}
	s.Unclaimed = false
	d := &Decision{User: u.DeepCopy(), now: s.Now, org: s.Organization}
	d.readdress(s)
	email := FoldEmail(d.User.Status.Email)
	if s.EmailHolder != "" && email == FoldEmail(u.Spec.Email) {
		return ""
	}
	return email
}

// goBy has a user go by a claim from when the address takes effect.
func (d *Decision) goBy(claim v1alpha1.AddressClaim) {
	if st := &d.User.Status; claim.Email != "" && claim.Email == FoldEmail(st.Email) {
		st.AddressClaim = claim
	}
}

// Claimant is the one whom a claim is of.
type Claimant struct {
	Namespace, Organization, User string
	UID                           types.UID
}

// ClaimantOf is a user as a claimant.
func ClaimantOf(u *v1alpha1.User) Claimant {
	return Claimant{u.Namespace, u.Spec.Organization, u.Name, u.UID}
}

// String implements fmt.Stringer. No part of it has a slash.
func (c Claimant) String() string {
	return strings.Join([]string{c.Namespace, c.Organization, c.User, string(c.UID)}, "/")
}

// ParseClaimant reads what String wrote. Of anything else, nobody is the claimant.
func ParseClaimant(s string) Claimant {
	const parts = 4
	p := strings.Split(s, "/")
	if len(p) != parts || slices.Contains(p, "") {
		return Claimant{}
	}
	return Claimant{p[0], p[1], p[2], types.UID(p[3])}
}

// ClaimState is what a claim rests on, as it is at this moment: nil where there is nothing of the name.
type ClaimState struct {
	User         *v1alpha1.User
	Organization *v1alpha1.Organization
	// Record is that of whoever had the address in the organization.
	Record *v1alpha1.ArchivedUser
}

// MayTake says that somebody may take over a claim, by the name of lease, to an address. While anybody is parked there, it is that
// person's, and then the User's that takes over from the record. Else whoever has it keeps it while the User is there and goes by it; or is
// about to, where it is not of another User of the same organization, who knows better which of them has the address.
func (c Claimant) MayTake(from Claimant, email, lease string, now ClaimState) bool {
	if from.UID == "" {
		return true
	}
	same := c.Namespace == from.Namespace && c.Organization == from.Organization
	if u := now.User; u != nil && u.UID == from.UID && !retired(u) {
		if u.Status.AddressClaim.Lease == lease || !same && isAbout(u, now.Organization, email) {
			return false
		}
	}
	a := now.Record
	return a == nil || !a.Parked() || same && a.Record.Parked.Heir.UID == c.UID
}

// isAbout says that a user is about to go by a claim to an address.
func isAbout(u *v1alpha1.User, org *v1alpha1.Organization, email string) bool {
	return Scoped(org) && FoldEmail(u.Spec.Email) == FoldEmail(email)
}

// ComesTo is the person to whom a claim to an address comes that a user gives back, by the record of who had it in the organization:
// whoever is parked there, and is not the user. false when it comes to nobody.
func ComesTo(u *v1alpha1.User, a *v1alpha1.ArchivedUser) (Claimant, bool) {
	if a == nil || !a.Parked() || TakenOver(u, a) {
		return Claimant{}, false
	}
	return ClaimantOf(Resident(a)), true
}

// retired says that nothing of ours holds a User any more who is being deleted.
func retired(u *v1alpha1.User) bool {
	return !u.DeletionTimestamp.IsZero() && !slices.Contains(u.Finalizers, v1alpha1.FinalizerArchive)
}

// inUseElsewhere is why a user cannot have an address that somebody has in another organization (rule AX-11). Who that is, is nobody's
// business here.
func (d *Decision) inUseElsewhere(s Situation) verdict.Verdict {
	if s.ClaimUnknown {
		return verdict.Verdict{Kind: verdict.Wait, Reason: v1alpha1.ReasonInviting, Message: "whether the address in spec.email is in use in another organization " +
			"of this cluster cannot be found out at present, which the operator's log says more about: it goes on by itself when it can"}
	}
	v := stuck(v1alpha1.ReasonEmailInUse, "the address in spec.email is in use %s (spec.emailScope of organization %s is Cluster)", Elsewhere, s.Organization.Name)
	v.WakeAt = d.now.Add(lookAgain)
	return v
}
