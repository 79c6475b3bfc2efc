// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

func wantPermissions(t *testing.T, r *v1alpha1.Role, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, r.Status.Permissions, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("permissions of %s (-want +got):\n%s", r.Name, diff)
	}
}

func TestRolePermissions(t *testing.T) {
	t.Parallel()
	w := passes.New(t, build.Organization("acme").Obj(),
		build.Role("support").Permissions("customers.read", "tickets.write").Obj(),
		build.Role("sales").Permissions("crm.*", "customers.read").Includes("support").Obj(),
		build.Role("boss").Permissions("crm.deals.read").Includes("sales").Obj(),
	)
	onlyRoles(t, w, "boss", "sales", "support")
	wantPermissions(t, role(w, "support"), "customers.read", "tickets.write")
	wantPermissions(t, role(w, "boss"), "crm.*", "customers.read", "tickets.write")

	passes.Change(w, "sales", func(r *v1alpha1.Role) { r.Spec.Includes = nil })
	onlyRoles(t, w, "boss", "sales", "support")
	wantPermissions(t, role(w, "boss"), "crm.*", "customers.read")
	for _, name := range []string{"boss", "sales", "support"} {
		wantReason(t, w, role(w, name), v1alpha1.ReasonReady)
	}
}

// What the status cannot list stays as it was, and is said.
func TestRoleWithTooManyPermissions(t *testing.T) {
	t.Parallel()
	w := passes.New(t, build.Organization("acme").Obj(), build.Role("boss").Permissions("a").Obj())
	onlyRoles(t, w, "boss")
	var names []string
	for i := range 17 {
		var permissions []string
		for j := range 256 {
			permissions = append(permissions, fmt.Sprintf("p%d.q%d", i, j))
		}
		names = append(names, fmt.Sprintf("part-%d", i))
		w.Create(build.Role(names[i]).Permissions(permissions...).Obj())
	}
	passes.Change(w, "boss", func(r *v1alpha1.Role) { r.Spec.Includes = names })
	onlyRoles(t, w, "boss")
	wantCondition(t, role(w, "boss"), v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec, "4353", "at most 4096")
	wantPermissions(t, role(w, "boss"), "a")
}

// Each role of a cycle says so, whoever is above it does not, and nobody loses anything.
func TestRoleCycle(t *testing.T) {
	t.Parallel()
	w := passes.New(t, build.Organization("acme").Obj(),
		build.Role("a").Permissions("a").Includes("b").Obj(),
		build.Role("b").Permissions("b").Includes("c").RoleRefs("view").Obj(),
		build.Role("c").Permissions("c").Obj(),
		build.Role("above").Includes("a").Obj(),
	)
	hold(t, w, "a", "ada")
	all := []string{"a", "b", "c", "above"}
	onlyRoles(t, w, all...)
	wantBound(t, w, map[string][]string{"view": {"ada"}})
	passes.Change(w, "c", func(r *v1alpha1.Role) { r.Spec.Includes = []string{"a"} })
	onlyRoles(t, w, all...)
	for name, cycle := range map[string]string{
		"a": "a includes b includes c includes a: ", "b": "b includes c includes a includes b: ", "c": "c includes a includes b includes c: ",
	} {
		wantCondition(t, role(w, name), v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRoleCycle, cycle, "take one of them out of spec.includes")
		wantPermissions(t, role(w, name), "a", "b", "c")
	}
	wantReason(t, w, role(w, "above"), v1alpha1.ReasonReady)
	wantBound(t, w, map[string][]string{"view": {"ada"}})
	passes.Change(w, "a", func(r *v1alpha1.Role) { r.Spec.Includes = nil })
	onlyRoles(t, w, all...)
	for _, name := range all {
		wantReason(t, w, role(w, name), v1alpha1.ReasonReady)
	}
}

func TestRoleIncludesNobody(t *testing.T) {
	t.Parallel()
	w := passes.New(t, build.Organization("acme").Obj(), build.Organization("globex").Obj(),
		build.Role("boss").Permissions("a").Includes("ghost", "theirs").Obj(), build.Role("theirs").In("", "globex").Permissions("b").Obj(),
	)
	onlyRoles(t, w, "boss")
	wantCondition(t, role(w, "boss"), v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRoleNotFound, "acme has no Role ghost, theirs", "spec.includes")
	wantPermissions(t, role(w, "boss"), "a")
}

func TestRoleCovered(t *testing.T) {
	t.Parallel()
	w := passes.New(t, build.Organization("acme").Obj(), build.Role("admin").MinHolders(2).Obj(), build.Role("any").MinHolders(0).Obj())
	hold(t, w, "admin", "ada", "bea", "cid")
	w.Answer("bea", func(st *v1alpha1.UserStatus, _ time.Time) { st.AcceptedAt = nil })
	w.Answer("cid", func(st *v1alpha1.UserStatus, now time.Time) { st.AccessRevokedAt = new(metav1.NewTime(now)) })
	onlyRoles(t, w, "admin", "any")
	wantCondition(t, role(w, "admin"), v1alpha1.ConditionCovered, metav1.ConditionFalse, v1alpha1.ReasonTooFewHolders, "2 holders", "there are 1")
	wantReason(t, w, role(w, "admin"), v1alpha1.ReasonReady)
	if got := ptr.Deref(role(w, "admin").Status.Holders, -1); got != 3 {
		t.Errorf("%d hold the role, want 3", got)
	}
	wantNone(t, role(w, "any"), v1alpha1.ConditionCovered)
	w.Answer("bea", accept)
	onlyRoles(t, w, "admin")
	wantCondition(t, role(w, "admin"), v1alpha1.ConditionCovered, metav1.ConditionTrue, v1alpha1.ReasonCovered)
	passes.Change(w, "admin", func(r *v1alpha1.Role) { r.Spec.MinHolders = nil })
	onlyRoles(t, w, "admin")
	wantNone(t, role(w, "admin"), v1alpha1.ConditionCovered)
}

// running starts an operator on what is in a namespace, which starts empty.
func running(t *testing.T, objects ...client.Object) (namespace string, change func(func(context.Context, client.Client) error)) {
	t.Helper()
	namespace = env.Namespace(t)
	for _, o := range objects {
		o.SetNamespace(namespace)
		if err := env.Client(t).Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	operator.Start(t, namespace, operator.Options{Mailbox: operator.Mailbox(t)})
	return namespace, func(how func(context.Context, client.Client) error) {
		t.Helper()
		env.Eventually(t, func() error { return how(t.Context(), client.NewNamespacedClient(env.Client(t), namespace)) })
	}
}

// becomes waits until a status is as it is to be.
func becomes[P interface {
	*T
	client.Object
}, T any](t *testing.T, namespace, name, why string, is func(P) bool) {
	t.Helper()
	env.Eventually(t, func() error {
		o := P(new(T))
		if err := env.Client(t).Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, o); err != nil {
			return err
		}
		if !is(o) {
			return fmt.Errorf("%s: %s is %+v", why, name, o)
		}
		return nil
	})
}

// edited changes the spec of an object.
func edited[P interface {
	*T
	client.Object
}, T any](name string, how func(P)) func(context.Context, client.Client) error {
	return func(ctx context.Context, c client.Client) error {
		o := P(new(T))
		if err := c.Get(ctx, client.ObjectKey{Name: name}, o); err != nil {
			return err
		}
		how(o)
		return c.Update(ctx, o)
	}
}

// A change of one role reaches those that include it, and the RoleBindings of those that it includes.
func TestRolesWakeEachOther(t *testing.T) {
	t.Parallel()
	ns, change := running(t, build.Organization("acme").Obj(),
		build.Role("bottom").Permissions("a").RoleRefs("view").Obj(),
		build.Role("beside").RoleRefs("edit").Obj(),
		build.Role("middle").Includes("bottom").Obj(), build.Role("top").Includes("middle").Obj(),
		build.User("ada").Roles("top").Obj(),
		&rbacv1.RoleBinding{ // of a role that went while no operator ran
			ObjectMeta: metav1.ObjectMeta{Name: "gone", Labels: map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy, v1alpha1.LabelRole: "gone"}},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "eve"}},
		},
	)
	permissions := func(why string, want ...string) {
		t.Helper()
		becomes(t, ns, "top", why, func(r *v1alpha1.Role) bool { return slices.Equal(r.Status.Permissions, want) })
	}
	reason := func(name, want string) {
		t.Helper()
		becomes(t, ns, name, "is to be "+want, func(r *v1alpha1.Role) bool {
			return slices.ContainsFunc(r.Status.Conditions, func(c metav1.Condition) bool { return c.Type == v1alpha1.ConditionReady && c.Reason == want })
		})
	}
	people := func(why string, want int) {
		t.Helper()
		env.Eventually(t, func() error {
			if got := boundIn(t, ns); got != want {
				return fmt.Errorf("%s: %d are bound, want %d", why, got, want)
			}
			return nil
		})
	}
	permissions("two roles below", "a")
	change(edited("bottom", func(r *v1alpha1.Role) { r.Spec.Permissions = []string{"b"} }))
	permissions("changed two roles below", "b")

	becomes(t, ns, "ada", "holds the role", func(u *v1alpha1.User) bool { return slices.Equal(u.Status.Roles, []string{"top"}) })
	people("not accepted", 0)
	change(func(ctx context.Context, c client.Client) error {
		u := &v1alpha1.User{}
		if err := c.Get(ctx, client.ObjectKey{Name: "ada"}, u); err != nil {
			return err
		}
		accept(&u.Status, passes.Noon)
		return c.Status().Update(ctx, u)
	})
	people("accepted", 1)
	change(func(ctx context.Context, c client.Client) error { return c.DeleteAllOf(ctx, &rbacv1.RoleBinding{}) })
	people("the role binding was deleted by hand", 1)
	change(func(ctx context.Context, c client.Client) error {
		var list rbacv1.RoleBindingList
		if err := c.List(ctx, &list); err != nil || len(list.Items) == 0 {
			return errors.Join(err, errors.New("there is no role binding yet"))
		}
		list.Items[0].Labels, list.Items[0].Subjects = nil, nil
		return c.Update(ctx, &list.Items[0])
	})
	people("the role binding was changed by hand", 1)

	change(edited("middle", func(r *v1alpha1.Role) { r.Spec.Includes = []string{"bottom", "beside"} }))
	people("what ada holds includes one more", 2)
	change(edited("middle", func(r *v1alpha1.Role) { r.Spec.Includes = nil }))
	people("what ada holds includes nothing", 0)
	permissions("nothing is included")
	change(edited("middle", func(r *v1alpha1.Role) { r.Spec.Includes = []string{"bottom", "new"} }))
	people("included again", 1)
	reason("middle", v1alpha1.ReasonRoleNotFound)
	change(func(ctx context.Context, c client.Client) error {
		return c.Create(ctx, build.Role("new").In(ns, "acme").Includes("top").Permissions("c").Obj())
	})
	for _, name := range []string{"top", "middle", "new"} {
		reason(name, v1alpha1.ReasonRoleCycle)
	}
	change(edited("new", func(r *v1alpha1.Role) { r.Spec.Includes = nil }))
	for _, name := range []string{"top", "middle", "new"} {
		reason(name, v1alpha1.ReasonReady)
	}
	permissions("a role came", "b", "c")

	change(func(ctx context.Context, c client.Client) error {
		return c.Delete(ctx, build.Role("bottom").In(ns, "acme").Obj())
	})
	people("the role is gone", 0)
	permissions("a role is gone", "c")
}

// boundIn counts the people who are bound in a namespace.
func boundIn(t *testing.T, namespace string) (people int) {
	t.Helper()
	var list rbacv1.RoleBindingList
	if err := env.Client(t).List(t.Context(), &list, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
	for _, b := range list.Items {
		people += len(b.Subjects)
	}
	return people
}
