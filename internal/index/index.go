// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package index names the cache indexes that more than one controller reads by, and registers them. A list
// from the cache always goes through one of them, and names a namespace unless the index says otherwise.
package index

import (
	"context"
	"fmt"
	"hash/maphash"
	"strconv"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/membership"
)

const (
	// Organization finds what belongs to an organization, by its name: Users, Roles, SeatPools, Teams, ArchivedUsers.
	Organization = "spec.organization"
	// UserRole finds Users by the name of a role that they are to hold.
	UserRole = "spec.roles"
	// UserEmail finds Users by the Bucket of organization and address, see EmailKey, and others with them.
	UserEmail = "organizationAndFoldedEmail"
	// UserAddress finds Users of all organizations by the Bucket of the address that they declare, and of the one that they have claimed,
	// in lower case, and others with them; see HasAddress. It is asked without a namespace.
	UserAddress = "foldedEmail"
	// UserUID finds a User by the Bucket of its UID, and others with it. It is asked without a namespace.
	UserUID = "metadata.uid"
	// RolePool finds Roles by the name of the pool that they need.
	RolePool = "spec.seatPool"
	// SlicePool finds SeatSlices by the name of their pool.
	SlicePool = "pool"
	// SliceHolder finds SeatSlices by the Bucket of the UID of a User who holds a seat in them, and others with them.
	SliceHolder = "assignments.uid"
	// TeamMember finds Teams by the name of a member.
	TeamMember = "spec.members.user"
	// TeamParent finds Teams by the name of the team above them.
	TeamParent = "spec.parent"
	// TeamRole finds Teams by the name of a role that their members hold.
	TeamRole = "spec.roles"
	// UserHolds finds Users by the name of a role that is granted to them.
	UserHolds = "status.roles"
	// UserManager finds Users by the name of their manager.
	UserManager = "spec.manager"
	// UserDelegate finds Users by the name of one of their delegates.
	UserDelegate = "spec.delegates.user"
	// UserRequests finds the Users of an organization, by its name, who await a decision about a role.
	UserRequests = "status.roleRequests"
	// UserRemoval finds the Users of an organization, by its name, who are to lose access and have it still, or may be.
	UserRemoval = "removal"
	// Parked finds the ArchivedUsers of an organization, by its name, of people who keep what they had for now.
	Parked = "parked"
	// ParkedUser finds the ArchivedUsers of such people by the name that their User had, and by who takes over; see Heir.
	ParkedUser = "parkedUser"
	// RoleIncludes finds Roles by the name of a role that they include.
	RoleIncludes = "spec.includes"
	// BindingRole finds RoleBindings by the label that says whose holders they bind.
	BindingRole = "label.role"
	// BindingSubject finds RoleBindings by the name of a user whom they bind.
	BindingSubject = "subjects.name"
)

// everywhere stands for all namespaces, as it does for controller-runtime.
const everywhere = "__all_namespaces"

// Bucket is what stands for a value in an index that finds one object by each. A set for each of them would take more memory than all else
// that is kept of somebody but the User itself; so a few of them share one, and whoever asks picks from what is found.
func Bucket(value string) string {
	const most = 1 << 13
	return strconv.FormatUint(maphash.String(seed, value)%most, 36)
}

var seed = maphash.MakeSeed()

// addresses are the buckets of those that a user declares and has claimed.
func addresses(u *v1alpha1.User) []string {
	declared := Bucket(membership.FoldEmail(u.Spec.Email))
	if u.Status.AddressClaim.Email == "" {
		return []string{declared}
	}
	return []string{declared, Bucket(u.Status.AddressClaim.Email)}
}

// HasAddress says that a user declares an address, which is in lower case, or has claimed it.
func HasAddress(u *v1alpha1.User, email string) bool {
	return membership.FoldEmail(u.Spec.Email) == email || u.Status.AddressClaim.Email == email
}

// EmailKey is the value of the index UserEmail for an address in an organization.
func EmailKey(organization, email string) string {
	return organization + "/" + membership.FoldEmail(email)
}

// Heir is the value of the index ParkedUser for the User that takes over from a record. No User has such a name.
func Heir(uid types.UID) string { return "heir/" + string(uid) }

// Informers are those of a cache.
type Informers interface {
	GetInformer(ctx context.Context, of client.Object, opts ...cache.InformerGetOption) (cache.Informer, error)
}

// Register adds every index to the cache.
func Register(ctx context.Context, informers Informers) error {
	for _, add := range []func() error{
		of(ctx, informers, Organization, func(u *v1alpha1.User) []string { return []string{u.Spec.Organization} }),
		of(ctx, informers, Organization, func(r *v1alpha1.Role) []string { return []string{r.Spec.Organization} }),
		of(ctx, informers, Organization, func(p *v1alpha1.SeatPool) []string { return []string{p.Spec.Organization} }),
		of(ctx, informers, Organization, func(t *v1alpha1.Team) []string { return []string{t.Spec.Organization} }),
		of(ctx, informers, Organization, func(a *v1alpha1.ArchivedUser) []string { return []string{a.Record.Spec.Organization} }),
		of(ctx, informers, UserRole, func(u *v1alpha1.User) []string { return u.Spec.Roles }),
		of(ctx, informers, UserEmail, func(u *v1alpha1.User) []string { return []string{Bucket(EmailKey(u.Spec.Organization, u.Spec.Email))} }),
		ofAll(ctx, informers, UserAddress, addresses),
		ofAll(ctx, informers, UserUID, func(u *v1alpha1.User) []string { return []string{Bucket(string(u.UID))} }),
		of(ctx, informers, RolePool, func(r *v1alpha1.Role) []string { return []string{r.Spec.SeatPool} }),
		of(ctx, informers, SlicePool, func(s *v1alpha1.SeatSlice) []string { return []string{s.Pool} }),
		of(ctx, informers, SliceHolder, holders),
		of(ctx, informers, TeamParent, func(t *v1alpha1.Team) []string { return some(t.Spec.Parent) }),
		of(ctx, informers, TeamRole, func(t *v1alpha1.Team) []string { return t.Spec.Roles }),
		of(ctx, informers, UserHolds, func(u *v1alpha1.User) []string { return u.Status.Roles }),
		of(ctx, informers, UserManager, func(u *v1alpha1.User) []string { return some(u.Spec.Manager) }),
		of(ctx, informers, UserDelegate, delegates),
		of(ctx, informers, UserRequests, func(u *v1alpha1.User) []string {
			if len(u.Status.RoleRequests) == 0 {
				return nil
			}
			return []string{u.Spec.Organization}
		}),
		of(ctx, informers, UserRemoval, func(u *v1alpha1.User) []string {
			if !access.MayBeRemoved(u) {
				return nil
			}
			return []string{u.Spec.Organization}
		}),
		of(ctx, informers, Parked, func(a *v1alpha1.ArchivedUser) []string {
			if !a.Parked() {
				return nil
			}
			return []string{a.Record.Spec.Organization}
		}),
		of(ctx, informers, ParkedUser, func(a *v1alpha1.ArchivedUser) []string {
			if !a.Parked() {
				return nil
			}
			return []string{a.Record.User, Heir(a.Record.Parked.Heir.UID)}
		}),
		of(ctx, informers, RoleIncludes, func(r *v1alpha1.Role) []string { return r.Spec.Includes }),
		of(ctx, informers, BindingRole, func(b *rbacv1.RoleBinding) []string { return some(b.Labels[v1alpha1.LabelRole]) }),
		of(ctx, informers, BindingSubject, bound),
		of(ctx, informers, TeamMember, func(t *v1alpha1.Team) []string {
			names := make([]string, len(t.Spec.Members))
			for i, m := range t.Spec.Members {
				names[i] = m.User
			}
			return names
		}),
	} {
		if err := add(); err != nil {
			return err
		}
	}
	return nil
}

func some(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

func delegates(u *v1alpha1.User) []string {
	names := make([]string, len(u.Spec.Delegates))
	for i, d := range u.Spec.Delegates {
		names[i] = d.User
	}
	return names
}

func holders(s *v1alpha1.SeatSlice) []string {
	uids := make([]string, len(s.Assignments))
	for i, a := range s.Assignments {
		uids[i] = Bucket(string(a.UID))
	}
	return uids
}

func bound(b *rbacv1.RoleBinding) []string {
	var names []string
	for _, s := range b.Subjects {
		if s.Kind == rbacv1.UserKind {
			names = append(names, s.Name)
		}
	}
	return names
}

// kind is an object of the kind T.
type kind[T any] interface {
	*T
	client.Object
}

// of is the registration of one index over the kind T, which finds what is in a namespace.
func of[T any, P kind[T]](ctx context.Context, informers Informers, name string, values func(P) []string) func() error {
	return func() error { return register(ctx, informers, name, client.Object.GetNamespace, values) }
}

// ofAll is the registration of one index over the kind T, which finds what is in any namespace.
func ofAll[T any, P kind[T]](ctx context.Context, informers Informers, name string, values func(P) []string) func() error {
	return func() error {
		return register(ctx, informers, name, func(client.Object) string { return everywhere }, values)
	}
}

// register adds an index under the name, and with the keys, by which controller-runtime looks for what a list selects. Its own IndexField
// would keep each value twice, for lists of a namespace and of all, which is more memory than anything else takes for a person.
func register[T any, P kind[T]](ctx context.Context, informers Informers, name string, scope func(client.Object) string, values func(P) []string) error {
	of := P(new(T))
	informer, err := informers.GetInformer(ctx, of, cache.BlockUntilSynced(false))
	if err == nil {
		err = informer.AddIndexers(toolscache.Indexers{"field:" + name: func(o any) ([]string, error) {
			object, ok := o.(P)
			if !ok {
				return nil, fmt.Errorf("indexing %T by %s: it is no %T", o, name, of)
			}
			found := values(object)
			keys := make([]string, len(found))
			for i, value := range found {
				keys[i] = scope(object) + "/" + value
			}
			return keys, nil
		}})
	}
	if err != nil {
		return fmt.Errorf("indexing %T by %s: %w", of, name, err)
	}
	return nil
}
