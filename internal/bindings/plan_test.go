// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package bindings_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/bindings"
	"seatkeeper.dev/seatkeeper/test/build"
)

var (
	now     = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	support = build.Role("support").In("acme", "acme").RoleRefs("view").Obj()
)

// holders are people at version 1 of their User.
func holders(names ...string) []bindings.Holder {
	all := make([]bindings.Holder, len(names))
	for i, name := range names {
		all[i] = bindings.Holder{Name: name, UID: types.UID("uid-of-" + name), Version: "1"}
	}
	return all
}

// crowd are names that sort by number.
func crowd(from, to int) []string {
	var names []string
	for i := from; i < to; i++ {
		names = append(names, fmt.Sprintf("u%04d", i))
	}
	return names
}

// after is what is there once a plan was carried out.
func after(current []rbacv1.RoleBinding, p bindings.Plan) []rbacv1.RoleBinding {
	byName := map[string]rbacv1.RoleBinding{}
	for _, b := range current {
		byName[b.Name] = b
	}
	for _, b := range p.Delete {
		delete(byName, b.Name)
	}
	for _, b := range slices.Concat(p.Update, p.Create) {
		byName[b.Name] = *b
	}
	return slices.SortedFunc(maps.Values(byName), func(a, b rbacv1.RoleBinding) int { return strings.Compare(a.Name, b.Name) })
}

// bound are the RoleBindings that bind some people to what the role names.
func bound(role *v1alpha1.Role, names ...string) []rbacv1.RoleBinding {
	return after(nil, bindings.Decide(role, nil, holders(names...), now))
}

func subjects(b *rbacv1.RoleBinding) string {
	var names []string
	for _, s := range b.Subjects {
		names = append(names, s.Name)
	}
	return strings.Join(names, " ")
}

// say tells a plan in a few words; the hash in names is left out.
func say(p bindings.Plan) []string {
	var all []string
	for _, list := range []struct {
		verb     string
		bindings []*rbacv1.RoleBinding
	}{{"delete", p.Delete}, {"update", p.Update}, {"create", p.Create}} {
		for _, b := range list.bindings {
			text := fmt.Sprintf("%s %s %s", list.verb, b.RoleRef.Name, b.Name[strings.LastIndex(b.Name, "-")+1:])
			if list.verb != "delete" {
				text += ": " + subjects(b)
			}
			all = append(all, text)
		}
	}
	return all
}

func TestDecide(t *testing.T) {
	t.Parallel()
	two := support.DeepCopy()
	two.Spec.Kubernetes.RoleRefs = append(two.Spec.Kubernetes.RoleRefs, v1alpha1.RoleRef{Kind: v1alpha1.RoleRefRole, Name: "edit"})
	none := support.DeepCopy()
	none.Spec.Kubernetes.RoleRefs = nil
	again := build.Role("support").In("acme", "acme").RoleRefs("view").UID("born-again").Obj()
	stranger := metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: "x", UID: "u"}
	change := func(b []rbacv1.RoleBinding, how func(*rbacv1.RoleBinding)) []rbacv1.RoleBinding {
		how(&b[0])
		return b
	}
	for name, c := range map[string]struct {
		why     string
		role    *v1alpha1.Role
		current []rbacv1.RoleBinding
		holders []string
		want    []string
	}{
		"nobody":          {why: "no RoleBinding for nobody", role: support},
		"first":           {why: "sorted, in one", role: support, holders: []string{"b", "a"}, want: []string{"create view 0: a b"}},
		"twice":           {why: "two ways to a role are one subject", role: support, holders: []string{"a", "a"}, want: []string{"create view 0: a"}},
		"two roles":       {why: "each has its own", role: two, holders: []string{"a"}, want: []string{"create view 0: a", "create edit 0: a"}},
		"settled":         {why: "nothing to do", role: support, current: bound(support, "a", "b"), holders: []string{"b", "a"}},
		"one more":        {why: "the gap is filled", role: support, current: bound(support, "a", "c"), holders: []string{"a", "b", "c"}, want: []string{"update view 0: a b c"}},
		"one leaves":      {why: "taken out", role: support, current: bound(support, "a", "b"), holders: []string{"b"}, want: []string{"update view 0: b"}},
		"all leave":       {why: "an empty one goes", role: support, current: bound(support, "a"), want: []string{"delete view 0"}},
		"no roles":        {why: "what is bound to nothing declared goes", role: none, current: bound(two, "a"), holders: []string{"a"}, want: []string{"delete edit 0", "delete view 0"}},
		"one role less":   {why: "the other stays", role: support, current: bound(two, "a"), holders: []string{"a"}, want: []string{"delete edit 0"}},
		"101":             {why: "a hundred in each", role: support, current: bound(support, crowd(0, 100)...), holders: crowd(0, 101), want: []string{"create view 1: u0100"}},
		"first full goes": {why: "nobody is moved into the gap", role: support, current: bound(support, crowd(0, 101)...), holders: crowd(100, 101), want: []string{"delete view 0"}},
		"the gap in front": {
			why: "the lowest free number", role: support, current: bound(support, crowd(0, 101)...)[1:],
			holders: append(crowd(100, 101), crowd(200, 300)...), want: []string{"update view 1: " + strings.Join(append(crowd(100, 101), crowd(200, 299)...), " "), "create view 0: u0299"},
		},
		"a stranger": {
			why: "whoever was added by hand is no holder", role: support, holders: []string{"a"},
			current: change(bound(support, "a"), func(b *rbacv1.RoleBinding) {
				b.Subjects = append(b.Subjects, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: "a", Namespace: "acme"}, rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "eve"})
			}),
			want: []string{"update view 0: a"},
		},
		"crammed": {
			why: "whoever is one too many goes elsewhere", role: support, holders: crowd(0, 102),
			current: change(bound(support, crowd(0, 100)...), func(b *rbacv1.RoleBinding) {
				for _, name := range crowd(100, 102) {
					b.Subjects = append(b.Subjects, rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: name})
				}
			}),
			want: []string{"update view 0: " + strings.Join(crowd(0, 100), " "), "create view 1: u0100 u0101"},
		},
		"not as a user": {
			why: "a service account of the name is somebody else", role: support, holders: []string{"a"},
			current: change(bound(support, "a"), func(b *rbacv1.RoleBinding) {
				b.Subjects = []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: "a", Namespace: "acme"}}
			}),
			want: []string{"update view 0: a"},
		},
		"a label": {
			why: "set right, others stay", role: support, holders: []string{"a"},
			current: change(bound(support, "a"), func(b *rbacv1.RoleBinding) {
				b.Labels = map[string]string{v1alpha1.LabelRole: "x", "team": "y"}
			}),
			want: []string{"update view 0: a"},
		},
		"no owner": {
			why: "set right", role: support, holders: []string{"a"},
			current: change(bound(support, "a"), func(b *rbacv1.RoleBinding) { b.OwnerReferences = nil }),
			want:    []string{"update view 0: a"},
		},
		"one more owner": {
			why: "that is no harm", role: support, holders: []string{"a"},
			current: change(bound(support, "a"), func(b *rbacv1.RoleBinding) { b.OwnerReferences = append(b.OwnerReferences, stranger) }),
		},
		"the role was created anew": {why: "it owns what is there", role: again, current: bound(support, "a"), holders: []string{"a"}, want: []string{"update view 0: a"}},
		"another roleRef": {
			why: "that cannot be changed", role: support, holders: []string{"a"},
			current: change(bound(support, "a"), func(b *rbacv1.RoleBinding) { b.RoleRef.Name = "cluster-admin" }),
			want:    []string{"delete cluster-admin 0", "create view 0: a"},
		},
		"a name that is none": {
			why: "01 is not a number of ours", role: support, holders: []string{"a"},
			current: change(bound(support, "a"), func(b *rbacv1.RoleBinding) { b.Name = strings.TrimSuffix(b.Name, "0") + "01" }),
			want:    []string{"delete view 01", "create view 0: a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := bindings.Decide(c.role, c.current, holders(c.holders...), now)
			if diff := cmp.Diff(c.want, say(p), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
			next := after(c.current, p)
			if rest := say(bindings.Decide(c.role, next, holders(c.holders...), now)); len(rest) > 0 {
				t.Errorf("%s: once that is done there is still %v", c.why, rest)
			}
			for _, b := range next {
				wantOurs(t, c.role, &b)
			}
		})
	}
}

// Who was withdrawn is not bound again before the User changed, or is given up on.
func TestDecideAfterWithdrawal(t *testing.T) {
	t.Parallel()
	withdrawn := func(names []string, notes string) []rbacv1.RoleBinding {
		b := bound(support, append(names, "b")...)
		b[0].Subjects = slices.DeleteFunc(b[0].Subjects, func(s rbacv1.Subject) bool { return s.Name == "b" })
		b[0].Annotations = map[string]string{"seatkeeper.dev/withdrawn": notes}
		return b
	}
	note := func(version string, in time.Duration) string {
		return fmt.Sprintf("uid-of-b/%s/%d", version, now.Add(in).Unix())
	}
	for name, c := range map[string]struct {
		why     string
		current []rbacv1.RoleBinding
		holders []string
		want    []string
		again   time.Duration
	}{
		"just now":            {why: "the User is about to lose the role", current: withdrawn([]string{"a"}, note("1", time.Second)), holders: []string{"a", "b"}, again: time.Second},
		"the last one":        {why: "the note is kept", current: withdrawn(nil, note("1", time.Second)), holders: []string{"b"}, again: time.Second},
		"lost":                {why: "the User is no holder any more", current: withdrawn([]string{"a"}, note("1", time.Second)), holders: []string{"a"}},
		"lost, the last one":  {why: "nobody is kept out any more", current: withdrawn(nil, note("1", time.Second)), want: []string{"delete view 0"}},
		"lost, and back":      {why: "the User changed since", current: withdrawn([]string{"a"}, note("0", time.Second)), holders: []string{"a", "b"}, want: []string{"update view 0: a b"}},
		"given up":            {why: "nobody wrote that the role is lost", current: withdrawn([]string{"a"}, note("1", 0)), holders: []string{"a", "b"}, want: []string{"update view 0: a b"}},
		"twice":               {why: "the later one counts", current: withdrawn([]string{"a"}, note("1", 0)+" "+note("1", time.Second)), holders: []string{"a", "b"}, again: time.Second},
		"somebody else comes": {why: "who was not withdrawn is bound", current: withdrawn([]string{"a"}, note("1", time.Second)), holders: []string{"a", "b", "c"}, want: []string{"update view 0: a c"}, again: time.Second},
		"by hand":             {why: "what is no note is no matter", current: withdrawn([]string{"a"}, "x uid-of-b/1 uid-of-b/1/soon"), holders: []string{"a", "b"}, want: []string{"update view 0: a b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := bindings.Decide(support, c.current, holders(c.holders...), now)
			if diff := cmp.Diff(c.want, say(p), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
			var again time.Time
			if c.again != 0 {
				again = now.Add(c.again)
			}
			if !p.Again.Equal(again) {
				t.Errorf("%s: it is decided again at %v, want %v", c.why, p.Again, again)
			}
		})
	}
}

// wantOurs checks what shows whose a RoleBinding is.
func wantOurs(t *testing.T, role *v1alpha1.Role, b *rbacv1.RoleBinding) {
	t.Helper()
	if b.Labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedBy || b.Labels[v1alpha1.LabelRole] != bindings.Label(role.Name) {
		t.Errorf("%s has labels %v", b.Name, b.Labels)
	}
	if o := metav1.GetControllerOf(b); o == nil || o.UID != role.UID || o.BlockOwnerDeletion != nil {
		t.Errorf("%s has owners %v", b.Name, b.OwnerReferences)
	}
}

// TestDecideHoldsForEver checks what must hold after any change of holders, however the RoleBindings came to be.
func TestDecideHoldsForEver(t *testing.T) {
	t.Parallel()
	people := crowd(0, 320)
	rapid.Check(t, func(t *rapid.T) {
		var current []rbacv1.RoleBinding
		for step := range rapid.IntRange(1, 5).Draw(t, "steps") {
			from := rapid.IntRange(0, len(people)).Draw(t, "from")
			to := rapid.IntRange(from, len(people)).Draw(t, "to")
			every := rapid.IntRange(1, 3).Draw(t, "every")
			var names []string
			for i := from; i < to; i += every {
				names = append(names, people[i])
			}
			where := places(current)
			p := bindings.Decide(support, current, holders(rapid.Permutation(names).Draw(t, "order")...), now)
			if diff := cmp.Diff(p, bindings.Decide(support, current, holders(names...), now)); diff != "" {
				t.Fatalf("step %d: the order of the holders changes the plan:\n%s", step, diff)
			}
			current = after(current, p)
			check(t, current, names)
			for name, is := range places(current) {
				if was, bound := where[name]; bound && was != is {
					t.Fatalf("step %d: %s moves from %s to %s", step, name, was, is)
				}
			}
		}
		everyone := slices.Sorted(maps.Keys(places(current)))
		if len(everyone) == 0 {
			return
		}
		leaver := rapid.SampledFrom(everyone).Draw(t, "leaver")
		rest := slices.DeleteFunc(everyone, func(name string) bool { return name == leaver })
		p := bindings.Decide(support, current, holders(rest...), now)
		if writes := len(p.Delete) + len(p.Update) + len(p.Create); writes != 1 {
			t.Fatalf("that one leaves takes %d writes: %v", writes, say(p))
		}
	})
}

// check checks that everybody is bound once, nobody else is, and no more than a hundred are in one RoleBinding.
func check(t *rapid.T, current []rbacv1.RoleBinding, names []string) {
	var all []string
	for _, b := range current {
		if len(b.Subjects) == 0 || len(b.Subjects) > bindings.MaxSubjects {
			t.Fatalf("%s binds %d people", b.Name, len(b.Subjects))
		}
		for _, s := range b.Subjects {
			all = append(all, s.Name)
		}
	}
	slices.Sort(all)
	if !slices.Equal(all, names) {
		t.Fatalf("bound are %v, want %v", all, names)
	}
}

// places are the RoleBindings by the people whom they bind.
func places(current []rbacv1.RoleBinding) map[string]string {
	where := map[string]string{}
	for _, b := range current {
		for _, s := range b.Subjects {
			where[s.Name] = b.Name
		}
	}
	return where
}

func TestNamesOfObjects(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a.", 126) + "a"
	names := map[string]string{}
	for _, role := range []string{"a", "a-b", long, long[:251] + "b", strings.Repeat("b", 63), strings.Repeat("b", 64)} {
		for _, ref := range []v1alpha1.RoleRef{{Kind: v1alpha1.RoleRefClusterRole, Name: "x"}, {Kind: v1alpha1.RoleRefRole, Name: "x"}, {Kind: v1alpha1.RoleRefClusterRole, Name: "y"}} {
			r := build.Role(role).In("acme", "acme").Obj()
			r.Spec.Kubernetes.RoleRefs = []v1alpha1.RoleRef{ref}
			b := bound(r, "a")[0]
			if other, taken := names[b.Name]; taken {
				t.Errorf("%s and %s to %s have one name", other, role, ref.Name)
			}
			names[b.Name] = role
			if broken := validation.IsDNS1123Subdomain(b.Name); len(broken) > 0 {
				t.Errorf("%s: %v", b.Name, broken)
			}
			if broken := validation.IsValidLabelValue(b.Labels[v1alpha1.LabelRole]); len(broken) > 0 {
				t.Errorf("%s: %v", role, broken)
			}
			if !bindings.Belongs(&b, role) || bindings.Owner(&b) != role {
				t.Errorf("%s does not belong to %s", b.Name, role)
			}
		}
	}
	if got := bindings.Label(long); got == long || len(validation.IsDNS1123Subdomain(got)) == 0 {
		t.Errorf("the label %s could be that of another role", got)
	}
}

func TestBelongs(t *testing.T) {
	t.Parallel()
	of := func(change func(*rbacv1.RoleBinding)) *rbacv1.RoleBinding {
		b := bound(support, "a")[0]
		change(&b)
		return &b
	}
	for name, c := range map[string]struct {
		why     string
		binding *rbacv1.RoleBinding
		want    bool
	}{
		"as made":         {"ours", of(func(*rbacv1.RoleBinding) {}), true},
		"no labels":       {"its owner says whose it is", of(func(b *rbacv1.RoleBinding) { b.Labels = nil }), true},
		"no owner":        {"its labels say whose it is", of(func(b *rbacv1.RoleBinding) { b.OwnerReferences = nil }), true},
		"neither":         {"somebody made it their own", of(func(b *rbacv1.RoleBinding) { b.Labels, b.OwnerReferences = nil, nil }), false},
		"another role's":  {"its owner says whose it is", of(func(b *rbacv1.RoleBinding) { b.OwnerReferences[0].Name = "admin" }), false},
		"another kind's":  {"not for us to change", of(func(b *rbacv1.RoleBinding) { b.OwnerReferences[0].Kind = "User" }), false},
		"a Role of RBAC":  {"of the same kind by name alone", of(func(b *rbacv1.RoleBinding) { b.OwnerReferences[0].APIVersion = "rbac.authorization.k8s.io/v1" }), false},
		"an older one's":  {"a Role of the name was there before", of(func(b *rbacv1.RoleBinding) { b.OwnerReferences[0].UID = "old" }), true},
		"another version": {"the API goes on", of(func(b *rbacv1.RoleBinding) { b.OwnerReferences[0].APIVersion = "seatkeeper.dev/v1" }), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := bindings.Belongs(c.binding, "support"); got != c.want {
				t.Errorf("%s: got %t", c.why, got)
			}
		})
	}
}
