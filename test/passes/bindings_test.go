// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/bindings"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// office is an organization in which admins are viewers too. People hold what hold gives them.
func office(more ...client.Object) []client.Object {
	return append([]client.Object{
		build.Organization("acme").Obj(),
		build.Role("viewer").RoleRefs("view").Obj(),
		build.Role("admin").RoleRefs("admin", "edit").Includes("viewer").Obj(),
	}, more...)
}

// hold creates Users who accepted and hold roles, as the controller of users would leave them.
func hold(t *testing.T, w *passes.World, role string, names ...string) {
	t.Helper()
	for _, name := range names {
		w.Create(build.User(name).Roles(role).Obj())
		w.Answer(name, func(st *v1alpha1.UserStatus, now time.Time) {
			st.Roles = []string{role}
			accept(st, now)
		})
	}
}

// onlyRoles does passes over all roles until they write nothing.
func onlyRoles(t *testing.T, w *passes.World, names ...string) {
	t.Helper()
	for range 5 {
		w.CatchUp()
		before := len(w.Traffic.Writes())
		for _, name := range names {
			if _, err := w.Pass(passes.Role, name); err != nil {
				t.Fatalf("the pass over %s ends with %v", name, err)
			}
		}
		if before == len(w.Traffic.Writes()) {
			return
		}
	}
	t.Fatalf("the roles do not settle: writes %v", w.Traffic.Writes())
}

// allBindings are the RoleBindings of the namespace.
func allBindings(t *testing.T, w *passes.World) []rbacv1.RoleBinding {
	t.Helper()
	var list rbacv1.RoleBindingList
	if err := env.Client(t).List(t.Context(), &list, client.InNamespace(w.Namespace)); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// wantBound checks who is bound to what, by the name of the role of Kubernetes.
func wantBound(t *testing.T, w *passes.World, want map[string][]string) {
	t.Helper()
	got := map[string][]string{}
	for _, b := range allBindings(t, w) {
		for _, s := range b.Subjects {
			got[b.RoleRef.Name] = append(got[b.RoleRef.Name], strings.TrimSuffix(s.Name, "@acme.example"))
		}
	}
	for _, names := range got {
		slices.Sort(names)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("who is bound to what (-want +got):\n%s", diff)
	}
}

func role(w *passes.World, name string) *v1alpha1.Role {
	r := &v1alpha1.Role{}
	w.Find(name, r)
	return r
}

func TestBindings(t *testing.T) {
	t.Parallel()
	w := passes.New(t, office()...)
	hold(t, w, "admin", "ada")
	hold(t, w, "viewer", "bea", "cid")
	w.Answer("cid", func(st *v1alpha1.UserStatus, _ time.Time) { st.AcceptedAt = nil })
	onlyRoles(t, w, "admin", "viewer")
	wantBound(t, w, map[string][]string{"admin": {"ada"}, "edit": {"ada"}, "view": {"ada", "bea"}})
	wantCondition(t, role(w, "admin"), v1alpha1.ConditionBound, metav1.ConditionTrue, v1alpha1.ReasonBound, "ClusterRole admin", "ClusterRole edit")
	wantReason(t, w, role(w, "admin"), v1alpha1.ReasonReady)

	t.Run("a second pass writes nothing", func(t *testing.T) {
		w.Traffic.Reset()
		w.Clock.SetTime(w.Clock.Now().Add(time.Hour))
		onlyRoles(t, w, "admin", "viewer")
		if all := append(w.Traffic.Writes(), w.Traffic.Reads()...); len(all) > 0 {
			t.Errorf("it asks the API server for %v", all)
		}
	})

	w.Answer("cid", accept)
	w.Answer("bea", func(st *v1alpha1.UserStatus, now time.Time) { st.AccessRevokedAt = new(metav1.NewTime(now)) })
	edit("ada", state(v1alpha1.UserSuspended))(w) // whose access is not revoked yet
	onlyRoles(t, w, "admin", "viewer")
	wantBound(t, w, map[string][]string{"admin": {"ada"}, "edit": {"ada"}, "view": {"ada", "cid"}})

	w.Answer("ada", func(st *v1alpha1.UserStatus, _ time.Time) { st.Email = "ada.lovelace@acme.example" })
	onlyRoles(t, w, "admin", "viewer")
	wantBound(t, w, map[string][]string{"admin": {"ada.lovelace"}, "edit": {"ada.lovelace"}, "view": {"ada.lovelace", "cid"}})

	passes.Change(w, "admin", func(r *v1alpha1.Role) {
		r.Spec.Includes, r.Spec.Kubernetes.RoleRefs = nil, r.Spec.Kubernetes.RoleRefs[:1]
	})
	onlyRoles(t, w, "admin", "viewer")
	wantBound(t, w, map[string][]string{"admin": {"ada.lovelace"}, "view": {"cid"}})

	passes.Change(w, "viewer", func(r *v1alpha1.Role) { r.Spec.Kubernetes.RoleRefs = nil })
	onlyRoles(t, w, "admin", "viewer")
	wantBound(t, w, map[string][]string{"admin": {"ada.lovelace"}})
	wantNone(t, role(w, "viewer"), v1alpha1.ConditionBound)
}

// may asks the API server what a user may do.
func may(t *testing.T, w *passes.World, user, verb, resource string) bool {
	t.Helper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user + "@acme.example", ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: w.Namespace, Verb: verb, Resource: resource},
	}}
	if err := env.Client(t).Create(t.Context(), review); err != nil {
		t.Fatal(err)
	}
	return review.Status.Allowed
}

// clusterRole makes a ClusterRole of the test's own.
func clusterRole(t *testing.T, w *passes.World, name string, rules ...rbacv1.PolicyRule) string {
	t.Helper()
	r := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: w.Namespace + "-" + name}, Rules: rules}
	if err := env.Client(t).Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r.Name
}

func TestBoundPeopleMay(t *testing.T) {
	t.Parallel()
	w := passes.New(t, build.Organization("acme").Obj())
	w.Create(build.Role("viewer").RoleRefs(clusterRole(t, w, "pods", rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get"}})).Obj())
	hold(t, w, "viewer", "ada", "bea")
	w.Answer("bea", func(st *v1alpha1.UserStatus, _ time.Time) { st.AcceptedAt = nil })
	becomes := func(user string, want bool) {
		t.Helper()
		env.Eventually(t, func() error {
			if may(t, w, user, "get", "pods") != want {
				return fmt.Errorf("%s may get pods: %t", user, !want)
			}
			return nil
		})
	}
	onlyRoles(t, w, "viewer")
	becomes("ada", true)
	if may(t, w, "bea", "get", "pods") || may(t, w, "ada", "delete", "pods") {
		t.Error("more is allowed than was given")
	}
	w.Answer("ada", func(st *v1alpha1.UserStatus, now time.Time) { st.AccessRevokedAt = new(metav1.NewTime(now)) })
	onlyRoles(t, w, "viewer")
	becomes("ada", false)
}

// What somebody changed by hand is set right.
func TestBindingsEditedByHand(t *testing.T) {
	for name, damage := range map[string]func(*testing.T, *passes.World, *rbacv1.RoleBinding){
		"somebody was added": func(t *testing.T, _ *passes.World, b *rbacv1.RoleBinding) {
			b.Subjects = append(b.Subjects, rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "eve@acme.example"})
			update(t, b)
		},
		"somebody was taken out": func(t *testing.T, _ *passes.World, b *rbacv1.RoleBinding) {
			b.Subjects = b.Subjects[1:]
			update(t, b)
		},
		"the labels are gone": func(t *testing.T, _ *passes.World, b *rbacv1.RoleBinding) {
			b.Labels = nil
			update(t, b)
		},
		"it is labelled as another role's": func(t *testing.T, _ *passes.World, b *rbacv1.RoleBinding) {
			b.Labels[v1alpha1.LabelRole] = "admin"
			update(t, b)
		},
		"the owner is gone": func(t *testing.T, _ *passes.World, b *rbacv1.RoleBinding) {
			b.OwnerReferences = nil
			update(t, b)
		},
		"it was deleted": func(_ *testing.T, w *passes.World, b *rbacv1.RoleBinding) { w.Delete(b) },
		"it leads elsewhere": func(_ *testing.T, w *passes.World, b *rbacv1.RoleBinding) {
			w.Delete(b)
			b.RoleRef.Name, b.ResourceVersion, b.UID = "cluster-admin", "", ""
			w.Create(b)
		},
		"there is one more": func(_ *testing.T, w *passes.World, b *rbacv1.RoleBinding) {
			b.Name, b.ResourceVersion, b.UID = "backdoor", "", ""
			b.Subjects[0].Name = "eve@acme.example"
			w.Create(b)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := passes.New(t, office()...)
			hold(t, w, "viewer", "ada", "bea")
			onlyRoles(t, w, "admin", "viewer")
			want := w.State()
			all := allBindings(t, w)
			if len(all) != 1 {
				t.Fatalf("there are %d role bindings, want 1", len(all))
			}
			damage(t, w, &all[0])
			settleBindings(t, w, "admin", "viewer")
			if diff := cmp.Diff(want, w.State()); diff != "" {
				t.Errorf("it is not as it was (-want +got):\n%s", diff)
			}
		})
	}
}

// settleBindings does passes until they ask for no other soon.
func settleBindings(t *testing.T, w *passes.World, names ...string) {
	t.Helper()
	for range 10 {
		w.CatchUp()
		before, again := len(w.Traffic.Writes()), false
		for _, name := range names {
			result, err := w.Pass(passes.Role, name)
			if err != nil {
				t.Fatalf("the pass over %s ends with %v", name, err)
			}
			again = again || result.RequeueAfter > 0 && result.RequeueAfter < time.Second
		}
		if !again && before == len(w.Traffic.Writes()) {
			return
		}
	}
	t.Fatalf("the roles do not settle: writes %v", w.Traffic.Writes())
}

func update(t *testing.T, o client.Object) {
	t.Helper()
	if err := env.Client(t).Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// A RoleBinding that is somebody else's is left as it is, whatever it is called.
func TestBindingsOfOthers(t *testing.T) {
	t.Parallel()
	w := passes.New(t, office()...)
	hold(t, w, "viewer", "ada")
	onlyRoles(t, w, "viewer")
	theirs := allBindings(t, w)[0]
	owners := theirs.OwnerReferences
	w.Delete(&theirs)
	theirs.UID, theirs.ResourceVersion, theirs.Labels, theirs.OwnerReferences = "", "", nil, nil
	theirs.Subjects[0].Name = "eve@acme.example"
	w.Create(&theirs)
	w.CatchUp()
	result, err := w.Pass(passes.Role, "viewer")
	if err != nil || result.RequeueAfter != 5*time.Minute {
		t.Errorf("the pass ends with %v, %v, want another look in 5 minutes", result, err)
	}
	wantBound(t, w, map[string][]string{"view": {"eve"}})
	for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionBound} {
		wantCondition(t, role(w, "viewer"), kind, metav1.ConditionFalse, v1alpha1.ReasonBindingConflict, theirs.Name, "delete or rename it")
	}
	w.Delete(&theirs)
	elsewhere := theirs.DeepCopy() // with an owner, as if it were ours
	elsewhere.UID, elsewhere.ResourceVersion, elsewhere.OwnerReferences = "", "", owners
	elsewhere.RoleRef.Name = "edit"
	w.Create(elsewhere)
	if _, err := w.Pass(passes.Role, "viewer"); err != nil {
		t.Error(err)
	}
	wantBound(t, w, map[string][]string{"edit": {"eve"}})
	wantReason(t, w, role(w, "viewer"), v1alpha1.ReasonBindingConflict)
	w.Delete(elsewhere)
	settleBindings(t, w, "viewer")
	wantBound(t, w, map[string][]string{"view": {"ada"}})
	wantReason(t, w, role(w, "viewer"), v1alpha1.ReasonReady)
}

// restricted is another operator, which has the rights that it is installed with, but for those to some resources, and no others. more
// gives it those of a ClusterRole, until the ClusterRoleBinding that it returns is gone.
func restricted(t *testing.T, w *passes.World, but ...string) (twin *passes.World, more func(clusterRole string) client.Object) {
	t.Helper()
	manifest, err := os.ReadFile("../../config/rbac/role.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var installed rbacv1.ClusterRole
	if err := yaml.Unmarshal(manifest, &installed); err != nil {
		t.Fatal(err)
	}
	for i := range installed.Rules {
		rule := &installed.Rules[i]
		rule.Resources = slices.DeleteFunc(rule.Resources, func(resource string) bool { return slices.Contains(but, resource) })
	}
	installed.Rules = slices.DeleteFunc(installed.Rules, func(rule rbacv1.PolicyRule) bool { return len(rule.Resources) == 0 })
	user := w.Namespace + "-operator"
	more = func(clusterRole string) client.Object {
		t.Helper()
		b := &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{GenerateName: user + "-"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: clusterRole},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: user}},
		}
		if err := env.Client(t).Create(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	more(clusterRole(t, w, "installed", installed.Rules...))
	return w.TwinAs(user), more
}

func TestBindingForbidden(t *testing.T) {
	t.Parallel()
	w := passes.New(t, build.Organization("acme").Obj())
	pods := clusterRole(t, w, "pods", rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get"}})
	w.Create(
		build.Role("viewer").RoleRefs(pods).Obj(), build.Role("shipped").RoleRefs("seatkeeper-organization-viewer").Obj(),
		build.Role("ghost").RoleRefs(w.Namespace+"-ghost").Obj(),
	)
	hold(t, w, "viewer", "ada")
	hold(t, w, "shipped", "bea")
	hold(t, w, "ghost", "cid")
	twin, more := restricted(t, w)
	onlyRoles(t, twin, "shipped")
	wantBound(t, twin, map[string][]string{"seatkeeper-organization-viewer": {"bea"}})
	for name, ref := range map[string]string{"viewer": pods, "ghost": w.Namespace + "-ghost"} {
		result, err := twin.Pass(passes.Role, name)
		if err != nil || result.RequeueAfter != 5*time.Minute {
			t.Errorf("%s: the pass ends with %v, %v, want another look in 5 minutes", name, result, err)
		}
		for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionBound} {
			wantCondition(t, role(w, name), kind, metav1.ConditionFalse, v1alpha1.ReasonBindingForbidden,
				"ClusterRole "+ref, "seatkeeper.dev/aggregate-to-operator", "verb bind on clusterroles")
		}
	}
	allowed := more(clusterRole(t, w, "bind", rbacv1.PolicyRule{APIGroups: []string{rbacv1.GroupName}, Resources: []string{"clusterroles"}, ResourceNames: []string{pods}, Verbs: []string{"bind"}}))
	env.Eventually(t, func() error {
		if _, err := twin.Pass(passes.Role, "viewer"); err != nil {
			return err
		}
		if got := w.Reason(role(w, "viewer")); got != v1alpha1.ReasonReady {
			return fmt.Errorf("the role is %s", got)
		}
		return nil
	})
	wantBound(t, twin, map[string][]string{"seatkeeper-organization-viewer": {"bea"}, pods: {"ada"}})

	t.Run("rights that cannot be taken back one by one are taken back at once", func(t *testing.T) {
		hold(t, w, "viewer", "dan")
		settleBindings(t, twin, "viewer")
		if err := env.Client(t).Delete(t.Context(), allowed); err != nil {
			t.Fatal(err)
		}
		w.Answer("ada", func(st *v1alpha1.UserStatus, now time.Time) { st.AccessRevokedAt = new(metav1.NewTime(now)) })
		env.Eventually(t, func() error {
			twin.CatchUp()
			if _, err := twin.Pass(passes.Role, "viewer"); err != nil {
				return err
			}
			if got := w.Reason(role(w, "viewer")); got != v1alpha1.ReasonBindingForbidden {
				w.Answer("ada", func(st *v1alpha1.UserStatus, _ time.Time) { st.AccessRevokedAt = nil })
				twin.CatchUp()
				_, _ = twin.Pass(passes.Role, "viewer")
				w.Answer("ada", func(st *v1alpha1.UserStatus, now time.Time) { st.AccessRevokedAt = new(metav1.NewTime(now)) })
				return fmt.Errorf("the role is %s", got)
			}
			return nil
		})
		wantBound(t, twin, map[string][]string{"seatkeeper-organization-viewer": {"bea"}})
	})
}

// Nobody is bound once the Role is gone, though the operator was away when it went.
func TestBindingsOfARoleThatIsGone(t *testing.T) {
	t.Parallel()
	w := passes.New(t, office()...)
	hold(t, w, "admin", "ada")
	onlyRoles(t, w, "admin", "viewer")
	w.Delete(build.Role("admin").Obj())
	w.Restart()
	w.CatchUp()
	if _, err := w.Pass(passes.Role, "admin"); err != nil {
		t.Error(err)
	}
	wantBound(t, w, map[string][]string{"view": {"ada"}})
	onlyRoles(t, w, "viewer", "admin")
	wantBound(t, w, map[string][]string{})
}

// A Role that the cache does not show yet keeps its RoleBindings.
func TestBindingsOfARoleNotSeenYet(t *testing.T) {
	t.Parallel()
	w := passes.New(t, build.Organization("acme").Obj())
	twin := w.Twin()
	thaw := twin.Traffic.Freeze("roles")
	w.Create(build.Role("viewer").RoleRefs("view").Obj())
	hold(t, w, "viewer", "ada")
	onlyRoles(t, w, "viewer")
	b := &rbacv1.RoleBinding{}
	twin.See(allBindings(t, w)[0].Name, b)
	if _, err := twin.Pass(passes.Role, "viewer"); err != nil {
		t.Error(err)
	}
	wantBound(t, w, map[string][]string{"view": {"ada"}})
	thaw()
}

// The Role goes while its RoleBinding is on its way.
func TestBindingsOfARoleDeletedHalfWay(t *testing.T) {
	t.Parallel()
	w := passes.New(t, office()...)
	hold(t, w, "viewer", "ada")
	w.CatchUp()
	held := w.Traffic.Hold(1, operator.Writing("rolebindings"))
	ended := make(chan error, 1)
	go func() {
		_, err := w.Try(passes.Role, "viewer")
		ended <- err
	}()
	<-held.Reached()
	w.Delete(build.Role("viewer").Obj())
	held.Release()
	if err := <-ended; err != nil {
		t.Errorf("the pass ends with %v", err)
	}
	onlyRoles(t, w, "viewer")
	wantBound(t, w, map[string][]string{})
}

// A pass that rests on an outdated view changes nothing.
func TestStaleBindings(t *testing.T) {
	t.Parallel()
	w := passes.New(t, office()...)
	hold(t, w, "viewer", "ada")
	onlyRoles(t, w, "viewer")
	thaw := w.Traffic.Freeze("rolebindings")
	b := allBindings(t, w)[0]
	b.Annotations = map[string]string{"by": "hand"}
	update(t, &b)
	hold(t, w, "viewer", "bea")
	w.See("bea", &v1alpha1.User{})
	refused(t, w, passes.Role, "viewer")
	thaw()
	onlyRoles(t, w, "viewer")
	wantBound(t, w, map[string][]string{"view": {"ada", "bea"}})
	if b := allBindings(t, w)[0]; b.Annotations["by"] != "hand" {
		t.Error("what somebody noted on the role binding is gone")
	}
}

// Whichever write of a pass fails, all ends the same.
func TestCrashOfBindings(t *testing.T) {
	writes := operator.Writing("rolebindings", "roles/status")
	run := func(t *testing.T, fault operator.Fault, nth int) (map[string]any, int) {
		w := passes.New(t, office()...)
		hold(t, w, "admin", "ada")
		hold(t, w, "viewer", "bea")
		onlyRoles(t, w, "admin", "viewer")
		hold(t, w, "viewer", "cid")
		w.Answer("ada", func(st *v1alpha1.UserStatus, _ time.Time) { st.Roles = nil })
		passes.Change(w, "viewer", func(r *v1alpha1.Role) {
			r.Spec.Kubernetes.RoleRefs = append(r.Spec.Kubernetes.RoleRefs, v1alpha1.RoleRef{Kind: v1alpha1.RoleRefRole, Name: "own"})
		})
		w.CatchUp()
		w.Traffic.Reset()
		if nth > 0 {
			hit := w.Traffic.Kill(fault, nth, writes)
			for _, name := range []string{"admin", "viewer"} {
				_, _ = w.Try(passes.Role, name)
			}
			<-hit
			w.Traffic.Restore()
			w.Restart()
		}
		settleBindings(t, w, "admin", "viewer")
		return w.State(), len(w.Traffic.Requests(writes))
	}
	want, n := run(t, "", 0)
	if n < 4 {
		t.Fatalf("it takes %d writes: is this the story?", n)
	}
	for _, a := range drawn(deaths(n)) {
		t.Run(a.String(), func(t *testing.T) {
			t.Parallel()
			got, _ := run(t, a.fault, a.nth)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("it ends otherwise (-without +with the accident):\n%s", diff)
			}
		})
	}
}

func withdraw(t *testing.T, w *passes.World, user string, keeps ...string) error {
	t.Helper()
	w.CatchUp()
	return bindings.Names{}.Withdraw(t.Context(), w.Client(), w.User(user), w.Clock.Now(), func(role string) bool { return slices.Contains(keeps, role) })
}

// A user is out before the status says so, and stays out whoever looks in between.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	w := passes.New(t, office(build.Organization("globex").Obj(), build.Role("guest").In("", "globex").RoleRefs("guest").Obj())...)
	hold(t, w, "admin", "ada")
	hold(t, w, "viewer", "bea")
	w.Create(build.User("ada-of-globex").In("", "globex").Email("ada@acme.example").Obj())
	w.Answer("ada-of-globex", func(st *v1alpha1.UserStatus, now time.Time) {
		st.Roles = []string{"guest"}
		accept(st, now)
	})
	onlyRoles(t, w, "admin", "viewer", "guest")

	w.Traffic.Reset()
	if err := withdraw(t, w, "ada", "viewer"); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"view": {"ada", "bea"}, "guest": {"ada"}}
	wantBound(t, w, want)
	onlyRoles(t, w, "admin", "viewer", "guest")
	wantBound(t, w, want)
	if writes := w.Traffic.Writes(); len(writes) != 2 {
		t.Errorf("that two rights are lost takes the writes %v", writes)
	}
	if result, err := w.Pass(passes.Role, "admin"); err != nil || result.RequeueAfter <= 0 || result.RequeueAfter > time.Minute {
		t.Errorf("the pass ends with %v, %v, want another look in case nothing is written", result, err)
	}

	w.Answer("ada", func(st *v1alpha1.UserStatus, _ time.Time) { st.Roles = []string{"viewer"} })
	onlyRoles(t, w, "admin", "viewer", "guest")
	wantBound(t, w, want)
	if n := len(allBindings(t, w)); n != 2 {
		t.Errorf("there are %d role bindings, want those of view and guest", n)
	}
	w.Answer("ada", func(st *v1alpha1.UserStatus, _ time.Time) { st.Roles = []string{"admin"} })
	onlyRoles(t, w, "admin", "viewer", "guest")
	wantBound(t, w, map[string][]string{"admin": {"ada"}, "edit": {"ada"}, "view": {"ada", "bea"}, "guest": {"ada"}})
}

// A user whose loss was never written is bound again.
func TestWithdrawGivenUp(t *testing.T) {
	t.Parallel()
	w := passes.New(t, office()...)
	hold(t, w, "viewer", "ada")
	onlyRoles(t, w, "viewer")
	if err := withdraw(t, w, "ada"); err != nil {
		t.Fatal(err)
	}
	onlyRoles(t, w, "viewer")
	wantBound(t, w, map[string][]string{})
	w.Clock.SetTime(w.Clock.Now().Add(time.Minute))
	onlyRoles(t, w, "viewer")
	wantBound(t, w, map[string][]string{"view": {"ada"}})
}

func TestWithdrawFromAnOutdatedView(t *testing.T) {
	t.Parallel()
	w := passes.New(t, office()...)
	hold(t, w, "viewer", "ada")
	onlyRoles(t, w, "viewer")
	w.CatchUp()
	thaw := w.Traffic.Freeze("rolebindings")
	b := allBindings(t, w)[0]
	b.Annotations = map[string]string{"by": "hand"}
	update(t, &b)
	err := bindings.Names{}.Withdraw(t.Context(), w.Client(), w.User("ada"), w.Clock.Now(), func(string) bool { return false })
	if !apierrors.IsConflict(err) {
		t.Errorf("got %v, want a conflict", err)
	}
	thaw()
	if err := withdraw(t, w, "ada"); err != nil {
		t.Error(err)
	}
	wantBound(t, w, map[string][]string{})
}

// Five thousand holders are fifty RoleBindings, and one who leaves is one write.
func TestManyHolders(t *testing.T) {
	t.Parallel()
	const people, workers = 5000, 8
	w := passes.New(t, office()...)
	names := make(chan string)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for name := range names {
				u := build.User(name).In(w.Namespace, "acme").Roles("viewer").Obj()
				err := env.Client(t).Create(t.Context(), u)
				if err == nil {
					u.Status.Roles, u.Status.AcceptedAt = []string{"viewer"}, new(metav1.NewTime(passes.Noon))
					err = env.Client(t).Status().Update(t.Context(), u)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range people {
		names <- fmt.Sprintf("u%04d", i)
	}
	close(names)
	all.Wait()
	onlyRoles(t, w, "viewer")
	if n := len(allBindings(t, w)); n != people/bindings.MaxSubjects {
		t.Errorf("%d holders are in %d role bindings", people, n)
	}
	w.Answer("u2345", func(st *v1alpha1.UserStatus, now time.Time) { st.AccessRevokedAt = new(metav1.NewTime(now)) })
	w.Traffic.Reset()
	onlyRoles(t, w, "viewer")
	verbs := map[string]int{}
	for _, r := range w.Traffic.Requests(operator.Writing("rolebindings")) {
		verbs[r.Verb]++
	}
	if want := map[string]int{"update": 1}; !maps.Equal(want, verbs) {
		t.Errorf("that one leaves takes %v", verbs)
	}
}
