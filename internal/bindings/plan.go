// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// MaxSubjects is the most people that one RoleBinding binds.
const MaxSubjects = 100

// Holder is somebody who is to be bound.
type Holder struct {
	// Name is the one by which Kubernetes knows the person.
	Name string
	// UID and Version are those of the User, as it was read.
	UID     types.UID
	Version string
}

// Plan is what is to be done about the RoleBindings of a Role. What is to be replaced is in Delete and in Create.
type Plan struct {
	Delete, Update, Create []*rbacv1.RoleBinding
	// Again is when somebody can be bound who was withdrawn; zero when nobody waits for that.
	Again time.Time
}

// Decide says what makes the RoleBindings of a role bind its holders, and nobody else. current are those that belong to the
// role. It is pure. Whoever is bound stays in the RoleBinding that they are in, and who comes takes the first free place.
func Decide(role *v1alpha1.Role, current []rbacv1.RoleBinding, holders []Holder, now time.Time) Plan {
	d := decision{role: role, now: now, left: map[string]*rbacv1.RoleBinding{}}
	for i := range current {
		d.left[current[i].Name] = &current[i]
	}
	d.admit(holders)
	for _, ref := range role.Spec.Kubernetes.RoleRefs {
		d.bind(ref)
	}
	for _, name := range slices.Sorted(maps.Keys(d.left)) {
		d.Delete = append(d.Delete, d.left[name])
	}
	return d.Plan
}

// decision is a plan in the making.
type decision struct {
	Plan
	role *v1alpha1.Role
	now  time.Time
	// left are the RoleBindings that no roleRef has claimed yet, by name.
	left map[string]*rbacv1.RoleBinding
	// stay are the names of those who may be bound, join those of who may be bound anew, sorted.
	stay map[string]struct{}
	join []string
}

// admit sorts out who may be bound.
func (d *decision) admit(holders []Holder) {
	barred := map[types.UID]withdrawal{}
	for _, b := range d.left {
		for _, w := range withdrawals(b) {
			if d.now.Before(w.until) && barred[w.uid].until.Before(w.until) {
				barred[w.uid] = w
			}
		}
	}
	d.stay = make(map[string]struct{}, len(holders))
	for _, h := range holders {
		d.stay[h.Name] = struct{}{}
		if w, out := barred[h.UID]; !out || w.version != h.Version {
			d.join = append(d.join, h.Name)
		} else if d.Again.IsZero() || w.until.Before(d.Again) {
			d.Again = w.until
		}
	}
	slices.Sort(d.join)
	d.join = slices.Compact(d.join)
}

// bind decides on the RoleBindings to one role of Kubernetes.
func (d *decision) bind(ref v1alpha1.RoleRef) {
	base := baseName(d.role.Name, ref)
	have := map[int]*rbacv1.RoleBinding{}
	for name, b := range d.left {
		if n, ours := number(name, base); ours {
			have[n] = b
			delete(d.left, name)
		}
	}
	people := d.seat(have)
	for _, n := range slices.Sorted(maps.Keys(people)) {
		want := d.make(base+"-"+strconv.Itoa(n), ref, people[n])
		switch is := have[n]; {
		case is == nil:
			d.Create = append(d.Create, want)
		case is.RoleRef != want.RoleRef: // which cannot be changed
			d.Delete = append(d.Delete, is)
			if len(people[n]) > 0 {
				d.Create = append(d.Create, want)
			}
		case len(people[n]) == 0 && !d.keepsOut(is):
			d.Delete = append(d.Delete, is)
		default:
			if changed, differs := d.repair(is, want); differs {
				d.Update = append(d.Update, changed)
			}
		}
	}
}

// seat says who is in which RoleBinding.
func (d *decision) seat(have map[int]*rbacv1.RoleBinding) map[int][]string {
	people, seated := make(map[int][]string, len(have)), map[string]struct{}{}
	numbers := slices.Sorted(maps.Keys(have))
	for _, n := range numbers {
		people[n] = nil
		for _, s := range have[n].Subjects {
			_, stays := d.stay[s.Name]
			_, twice := seated[s.Name]
			if stays && !twice && len(people[n]) < MaxSubjects {
				people[n] = append(people[n], s.Name)
				seated[s.Name] = struct{}{}
			}
		}
	}
	join := slices.DeleteFunc(slices.Clone(d.join), func(name string) bool { _, is := seated[name]; return is })
	fill := func(n int) {
		free := min(MaxSubjects-len(people[n]), len(join))
		people[n] = append(people[n], join[:free]...)
		slices.Sort(people[n])
		join = join[free:]
	}
	for _, n := range numbers {
		fill(n)
	}
	for n := 0; len(join) > 0; n++ {
		if _, there := have[n]; !there {
			fill(n)
		}
	}
	return people
}

// make is a RoleBinding as it is to be.
func (d *decision) make(name string, ref v1alpha1.RoleRef, people []string) *rbacv1.RoleBinding {
	b := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: d.role.Namespace, Labels: labels(d.role.Name),
			OwnerReferences: []metav1.OwnerReference{owner(d.role)},
		},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: string(ref.Kind), Name: ref.Name},
	}
	for _, name := range people {
		b.Subjects = append(b.Subjects, subject(name))
	}
	return b
}

// repair brings is to what want says. Labels, annotations and owners that others added stay.
func (d *decision) repair(is, want *rbacv1.RoleBinding) (changed *rbacv1.RoleBinding, differs bool) {
	changed = is.DeepCopy()
	changed.Subjects = want.Subjects
	if changed.Labels == nil {
		changed.Labels = map[string]string{}
	}
	maps.Copy(changed.Labels, want.Labels)
	changed.OwnerReferences = slices.DeleteFunc(changed.OwnerReferences, func(o metav1.OwnerReference) bool {
		return ownsAs(&o, d.role.Name) && !same(o, want.OwnerReferences[0])
	})
	if !slices.ContainsFunc(changed.OwnerReferences, func(o metav1.OwnerReference) bool { return same(o, want.OwnerReferences[0]) }) {
		changed.OwnerReferences = append(changed.OwnerReferences, want.OwnerReferences...)
	}
	if equality.Semantic.DeepEqual(is, changed) {
		return nil, false
	}
	note(changed, slices.DeleteFunc(withdrawals(changed), func(w withdrawal) bool { return !d.now.Before(w.until) }))
	return changed, true
}

// keepsOut says that the RoleBinding has a withdrawal that still counts for somebody.
func (d *decision) keepsOut(b *rbacv1.RoleBinding) bool {
	return !d.Again.IsZero() && slices.ContainsFunc(withdrawals(b), func(w withdrawal) bool { return d.now.Before(w.until) })
}

func subject(name string) rbacv1.Subject {
	return rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: name}
}

func labels(role string) map[string]string {
	return map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy, v1alpha1.LabelRole: Label(role)}
}

// longLabel begins the labels that stand for names too long for a label. No Role can be called so.
const longLabel = "sha256_"

// Label is the value of the label for a Role.
func Label(role string) string {
	const limit, digits = 63, 40
	if len(role) <= limit {
		return role
	}
	return longLabel + digest(role)[:digits]
}

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "/")))
	return hex.EncodeToString(sum[:])
}

// baseName begins the names of a Role's RoleBindings to one role of Kubernetes. A number follows.
func baseName(role string, ref v1alpha1.RoleRef) string {
	const limit, digits = 200, 10
	return strings.TrimRight(role[:min(len(role), limit)], "-.") + "-" + digest(role, string(ref.Kind), ref.Name)[:digits]
}

// number is that at the end of a name.
func number(name, base string) (int, bool) {
	text, found := strings.CutPrefix(name, base+"-")
	n, err := strconv.Atoi(text)
	return n, found && err == nil && n >= 0 && strconv.Itoa(n) == text
}

func owner(role *v1alpha1.Role) metav1.OwnerReference {
	return metav1.OwnerReference{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: "Role", Name: role.Name, UID: role.UID, Controller: ptr.To(true),
	}
}

func same(a, b metav1.OwnerReference) bool { return equality.Semantic.DeepEqual(a, b) }

// Owner is the name of the Role that a RoleBinding belongs to by its owner; empty when that is no Role.
func Owner(b *rbacv1.RoleBinding) string {
	if o := metav1.GetControllerOf(b); o != nil && ownsAs(o, o.Name) {
		return o.Name
	}
	return ""
}

func ownsAs(o *metav1.OwnerReference, role string) bool {
	group, _, _ := strings.Cut(o.APIVersion, "/")
	return group == v1alpha1.GroupVersion.Group && o.Kind == "Role" && o.Name == role
}

// Belongs says that a RoleBinding is for the operator to change on behalf of a Role: by its owner, or by its labels where it
// has none.
func Belongs(b *rbacv1.RoleBinding, role string) bool {
	if metav1.GetControllerOf(b) != nil {
		return Owner(b) == role
	}
	return b.Labels[v1alpha1.LabelManagedBy] == v1alpha1.ManagedBy && b.Labels[v1alpha1.LabelRole] == Label(role)
}
