// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// crowd is a namespace with an organization that marie owns, whose people p0, p1 and so on have accepted. So many may be removed
// within an hour.
func crowd(t *testing.T, people int, allowed string) *door {
	t.Helper()
	d := serve(t, env.Namespace(t))
	d.create(t, build.Organization("acme").In(d.namespace).Owner("marie").Protection(allowed, time.Hour).Obj())
	d.member(t, build.User("marie"), true)
	for i := range people {
		d.member(t, build.User(fmt.Sprintf("p%d", i)), true)
	}
	return d
}

// remove deletes a User, in earnest.
func (d *door) remove(t *testing.T, name string) error {
	t.Helper()
	return d.Delete(t.Context(), &v1alpha1.User{ObjectMeta: metav1.ObjectMeta{Namespace: d.namespace, Name: name}})
}

// turn sets spec.state, in earnest.
func (d *door) turn(t *testing.T, name string, state v1alpha1.UserState) error {
	t.Helper()
	u := &v1alpha1.User{}
	if err := d.Get(t.Context(), client.ObjectKey{Namespace: d.namespace, Name: name}, u); err != nil {
		t.Fatal(err)
	}
	return d.try(t, u, func() { u.Spec.State = state })
}

// decided has the operator write what it decided about removals.
func (d *door) decided(t *testing.T, change func(*v1alpha1.RemovalsStatus)) {
	t.Helper()
	org := &v1alpha1.Organization{}
	if err := d.Get(t.Context(), client.ObjectKey{Namespace: d.namespace, Name: "acme"}, org); err != nil {
		t.Fatal(err)
	}
	change(&org.Status.Removals)
	if err := d.Status().Update(t.Context(), org); err != nil {
		t.Fatal(err)
	}
	d.known(t, org)
}

func (d *door) uidOf(t *testing.T, name string) *v1alpha1.User {
	t.Helper()
	u := &v1alpha1.User{}
	if err := d.Get(t.Context(), client.ObjectKey{Namespace: d.namespace, Name: name}, u); err != nil {
		t.Fatal(err)
	}
	return u
}

// tooMany holds that err is the refusal of one removal too many.
func tooMany(t *testing.T, err error, words ...string) {
	t.Helper()
	if !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) || err == nil {
		t.Errorf("got %v, want a refusal", err)
		return
	}
	for _, w := range append([]string{"is one removal too many: organization acme"}, words...) {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the refusal does not say %q: %v", w, err)
		}
	}
}

// Rule AC-18: users can be removed one by one or in bulk, up to the limit. The rest is refused, one by one, and nothing is left
// half-deleted; as fast as it may come.
func TestRemovalsInBulk(t *testing.T) {
	t.Parallel()
	d := crowd(t, 11, "25%") // three of twelve
	for i := range 8 {
		name := fmt.Sprintf("p%d", i)
		err := d.remove(t, name)
		if i < 3 {
			if err != nil {
				t.Errorf("%s is not deleted: %v", name, err)
			}
			continue
		}
		tooMany(t, err, "allows 3 (25% of its people) within 1h (spec.protection), and there were 3", "wait, remove fewer, or raise spec.protection.maxRemovals")
		if u := d.uidOf(t, name); !u.DeletionTimestamp.IsZero() {
			t.Errorf("%s is half-deleted", name)
		}
	}
	for _, state := range []v1alpha1.UserState{v1alpha1.UserArchived, v1alpha1.UserSuspended} {
		tooMany(t, d.turn(t, "p9", state), "spec.state: Forbidden")
	}
	err := d.DeleteAllOf(t.Context(), &v1alpha1.User{}, client.InNamespace(d.namespace), client.MatchingFields{"spec.email": "p9@acme.example"})
	tooMany(t, err)
	expect(t, d.turn(t, "p0", v1alpha1.UserArchived)) // is deleted already
	expect(t, userOf("p9", func(s *v1alpha1.UserSpec) { s.GivenName = "Pia" })(t, d, d.Client))
}

// However many ask at the same moment, before the cache shows any of it, as many pass as may.
func TestRemovalsAtOnce(t *testing.T) {
	t.Parallel()
	const people = 11
	d := crowd(t, people, "25%") // three of twelve
	answers := make(chan error, people)
	for i := range people {
		go func() {
			answers <- d.Delete(t.Context(), &v1alpha1.User{ObjectMeta: metav1.ObjectMeta{Namespace: d.namespace, Name: fmt.Sprintf("p%d", i)}})
		}()
	}
	passed := 0
	for range people {
		if err := <-answers; err == nil {
			passed++
		} else {
			tooMany(t, err)
		}
	}
	if passed != 3 {
		t.Errorf("%d pass, want 3", passed)
	}
}

// A dry run is answered as the request would be, and changes nothing for the next.
func TestRemovalsAsDryRuns(t *testing.T) {
	t.Parallel()
	d := crowd(t, 4, "1")
	for range 3 {
		if err := removes("p0")(t, d, d.Client); err != nil {
			t.Error(err)
		}
		expect(t, state("p1", v1alpha1.UserArchived)(t, d, d.Client))
	}
	expect(t, d.turn(t, "p2", v1alpha1.UserSuspended))
	for range 3 {
		tooMany(t, removes("p0")(t, d, d.Client))
		tooMany(t, state("p1", v1alpha1.UserArchived)(t, d, d.Client))
	}
}

// What was refused for another reason does not count.
func TestRefusedRemovalsDoNotCount(t *testing.T) {
	t.Parallel()
	d := crowd(t, 2, "1")
	d.create(t, build.Role("sole").In(d.namespace, "acme").MinHolders(1).Obj())
	d.member(t, build.User("solo").Roles("sole"), true, "sole")
	for _, name := range []string{"solo", "marie"} {
		if err := d.remove(t, name); !apierrors.IsForbidden(err) || strings.Contains(err.Error(), "too many") {
			t.Errorf("%s: %v", name, err)
		}
	}
	expect(t, d.turn(t, "marie", v1alpha1.UserArchived), "is the owner")
	if err := d.remove(t, "p0"); err != nil {
		t.Error(err)
	}
}

// Who has nothing to lose is not counted, and neither is who is removed already.
func TestWhatIsNoRemoval(t *testing.T) {
	t.Parallel()
	d := crowd(t, 3, "1")
	d.member(t, build.User("record"), false)
	d.member(t, build.User("away").State(v1alpha1.UserSuspended), false)
	expect(t, d.turn(t, "p0", v1alpha1.UserArchived))
	tooMany(t, removes("p1")(t, d, d.Client))
	for _, try := range []attempt{
		removes("record"), state("record", v1alpha1.UserArchived), removes("away"), state("away", v1alpha1.UserArchived),
		removes("p0"), state("p0", v1alpha1.UserSuspended), state("p0", v1alpha1.UserActive),
	} {
		if err := try(t, d, d.Client); err != nil {
			t.Error(err)
		}
	}
}

// Another person in one's place is a removal, where an edit of the address is that; so is the loss of a role that somebody has to
// hold. What has not happened counts already.
func TestRemovalsByOtherEdits(t *testing.T) {
	t.Parallel()
	d := crowd(t, 4, "1")
	acme := &v1alpha1.Organization{}
	if err := d.Get(t.Context(), client.ObjectKey{Namespace: d.namespace, Name: "acme"}, acme); err != nil {
		t.Fatal(err)
	}
	policy := func(p v1alpha1.EmailChange) {
		d.change(t, acme, func() { acme.Spec.EmailChange = p })
		d.known(t, acme)
	}
	d.create(t, build.Role("admin").In(d.namespace, "acme").MinHolders(1).Obj(), build.Role("guest").In(d.namespace, "acme").Obj())
	d.member(t, build.User("a0").Roles("admin", "guest"), true, "admin", "guest")
	d.member(t, build.User("a1").Roles("admin", "guest"), true, "admin", "guest")
	d.member(t, build.User("fresh").Roles("admin"), true)
	email := func(name string) attempt {
		return userOf(name, func(s *v1alpha1.UserSpec) { s.Email = "new-" + name + "@acme.example" })
	}
	roles := func(name string, roles ...string) attempt {
		return userOf(name, func(s *v1alpha1.UserSpec) { s.Roles = roles })
	}
	policy(v1alpha1.EmailChangeReplace)
	for _, try := range []attempt{email("p1"), roles("a1", "guest"), email("p2"), roles("a0")} { // each alone may pass
		expect(t, try(t, d, d.Client))
	}
	expect(t, d.turn(t, "p0", v1alpha1.UserArchived))
	tooMany(t, email("p1")(t, d, d.Client), "spec.email: Forbidden")
	tooMany(t, roles("a1", "guest")(t, d, d.Client), "spec.roles: Forbidden")
	for _, try := range []attempt{
		roles("a1", "admin"), roles("fresh"), // nobody has to hold the one, and the other is not held
		userOf("p1", func(s *v1alpha1.UserSpec) { s.Email = "P1@acme.example" }),
	} {
		expect(t, try(t, d, d.Client))
	}
	policy(v1alpha1.EmailChangeRename)
	expect(t, email("p1")(t, d, d.Client))
}

// What the operator decided counts as it decided: what passed within the window, what is held not.
func TestRemovalsThatWereDecided(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) metav1.Time { return metav1.NewTime(time.Now().Add(-d).Truncate(time.Second)) }
	passed := func(u *v1alpha1.User, at metav1.Time, by v1alpha1.RemovalPass) []v1alpha1.PassedRemoval {
		return []v1alpha1.PassedRemoval{{User: u.Name, UID: u.UID, Generation: u.Generation, At: at, By: by}}
	}
	other := build.User("gone").UID("of-somebody-gone").Obj()
	d := crowd(t, 3, "1")
	p0 := d.uidOf(t, "p0")
	for name, tc := range map[string]struct {
		why     string
		record  v1alpha1.RemovalsStatus
		refused bool
	}{
		"nothing":       {"one is always possible", v1alpha1.RemovalsStatus{}, false},
		"one passed":    {"it counts", v1alpha1.RemovalsStatus{Passed: passed(other, ago(time.Minute), v1alpha1.PassLimit)}, true},
		"long ago":      {"the window has moved on", v1alpha1.RemovalsStatus{Passed: passed(other, ago(2*time.Hour), v1alpha1.PassLimit)}, false},
		"by approval":   {"it does not count", v1alpha1.RemovalsStatus{Passed: passed(other, ago(time.Minute), v1alpha1.PassApproval)}, false},
		"counted":       {"it counts without a name", v1alpha1.RemovalsStatus{Counted: []v1alpha1.CountedRemovals{{At: ago(time.Minute), Count: 1}}}, true},
		"the same":      {"one person within the window is one removal", v1alpha1.RemovalsStatus{Passed: passed(p0, ago(time.Minute), v1alpha1.PassLimit)}, false},
		"one held":      {"it takes nobody's place", v1alpha1.RemovalsStatus{HeldCount: 1, Held: []v1alpha1.HeldRemoval{{User: "gone", UID: "other", Generation: 1, Kind: v1alpha1.RemovalDelete}}}, false},
		"very many are": {"more cannot be listed", v1alpha1.RemovalsStatus{HeldCount: 1000}, true},
	} {
		t.Run(name, func(t *testing.T) {
			d.decided(t, func(r *v1alpha1.RemovalsStatus) { *r = tc.record })
			if err := removes("p0")(t, d, d.Client); (err != nil) != tc.refused {
				t.Errorf("%s; got %v", tc.why, err)
			}
		})
	}
	d.decided(t, func(r *v1alpha1.RemovalsStatus) { *r = v1alpha1.RemovalsStatus{} })
	expect(t, d.turn(t, "p0", v1alpha1.UserArchived))
	d.known(t, d.uidOf(t, "p0"))
	d.decided(t, func(r *v1alpha1.RemovalsStatus) {
		r.HeldCount, r.Held = 1, []v1alpha1.HeldRemoval{{User: "p0", UID: p0.UID, Generation: 2, Kind: v1alpha1.RemovalArchive}}
	})
	if err := removes("p0")(t, d, d.Client); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "which organization acme holds") {
		t.Errorf("who is held is deleted on top of it: %v", err)
	}
}

// What goes as a whole goes: an organization and a namespace that are being deleted, and whatever the namespace controller sweeps.
func TestRemovalsWhereAllGo(t *testing.T) {
	t.Parallel()
	held := func(t *testing.T) (*door, *v1alpha1.Organization) {
		t.Helper()
		d := crowd(t, 3, "1")
		acme := &v1alpha1.Organization{}
		if err := d.Get(t.Context(), client.ObjectKey{Namespace: d.namespace, Name: "acme"}, acme); err != nil {
			t.Fatal(err)
		}
		d.change(t, acme, func() { acme.Finalizers = []string{"example.org/held"} })
		if err := d.remove(t, "p0"); err != nil {
			t.Fatal(err)
		}
		tooMany(t, removes("p1")(t, d, d.Client))
		return d, acme
	}
	t.Run("swept", func(t *testing.T) {
		d, _ := held(t)
		sweeper := as(t, "system:serviceaccount:kube-system:namespace-controller")
		d.bindAccount(t, "namespace-controller")
		env.Eventually(t, func() error { return removes("p1")(t, d, sweeper) })
	})
	t.Run("organization", func(t *testing.T) {
		d, acme := held(t)
		if err := d.Delete(t.Context(), acme); err != nil {
			t.Fatal(err)
		}
		if err := d.Get(t.Context(), client.ObjectKeyFromObject(acme), acme); err != nil {
			t.Fatal(err)
		}
		d.known(t, acme)
		if err := removes("p1")(t, d, d.Client); err != nil {
			t.Error(err)
		}
		expect(t, state("p2", v1alpha1.UserArchived)(t, d, d.Client))
	})
	t.Run("namespace", func(t *testing.T) {
		d, _ := held(t)
		if err := d.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: d.namespace}}); err != nil {
			t.Fatal(err)
		}
		if err := removes("p1")(t, d, d.Client); err != nil {
			t.Error(err)
		}
	})
}

// protecting is an attempt to change the protection of an organization.
func protecting(name string, change func(*v1alpha1.ProtectionPolicy)) attempt {
	return organization(name, func(s *v1alpha1.OrganizationSpec) { change(&s.Protection) })
}

// approving is an attempt to approve removals.
func approving(name string) attempt {
	return changing(&v1alpha1.Organization{}, name, func(o *v1alpha1.Organization) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.AnnotationApproveRemovals, "0123456789abcdef")
	})
}

// rejecting is an attempt to reject removals.
func rejecting(name string) attempt {
	return changing(&v1alpha1.Organization{}, name, func(o *v1alpha1.Organization) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.AnnotationRejectRemovals, "0123456789abcdef")
	})
}

// byProtection are ways round the protection of an organization, which globex has.
func byProtection() map[string]gain {
	globex, at := []allowed{assignOwner("globex")}, "spec.protection: Forbidden"
	approved := build.Organization("new").Owner("eve").Obj()
	approved.Annotations = map[string]string{v1alpha1.AnnotationApproveRemovals: "0123456789abcdef"}
	return map[string]gain{
		"no protection": {protecting("globex", func(p *v1alpha1.ProtectionPolicy) { *p = v1alpha1.ProtectionPolicy{} }), globex, at},
		"more removals": {protecting("globex", func(p *v1alpha1.ProtectionPolicy) { p.MaxRemovals = new(intstr.FromInt32(1000)) }), globex, at},
		"a share":       {protecting("globex", func(p *v1alpha1.ProtectionPolicy) { p.MaxRemovals = new(intstr.FromString("100%")) }), globex, at},
		"a short window": {
			protecting("globex", func(p *v1alpha1.ProtectionPolicy) { p.Window = &metav1.Duration{Duration: time.Minute} }), globex,
			"say how many people may be removed from organization globex",
		},
		"a rejection":          {rejecting("globex"), globex, "metadata.annotations[seatkeeper.dev/reject-removals]: Forbidden"},
		"an approval":          {approving("globex"), globex, "metadata.annotations[seatkeeper.dev/approve-removals]: Forbidden"},
		"an approval, at once": {making(approved), []allowed{assignOwner("new")}, "spec.owner: Forbidden"},
	}
}

// To set a protection where there was none, or to take an approval away, needs no right but to write.
func TestProtectingIsFree(t *testing.T) {
	t.Parallel()
	d := company(t)
	eve := d.act(t, "person", writer)
	for name, try := range map[string]attempt{
		"protect": protecting("acme", func(p *v1alpha1.ProtectionPolicy) { p.MaxRemovals = new(intstr.FromString("25%")) }),
		"words":   organization("globex", func(s *v1alpha1.OrganizationSpec) { s.DisplayName = "Globex" }),
		"another annotation": changing(&v1alpha1.Organization{}, "globex", func(o *v1alpha1.Organization) {
			metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.AnnotationReconcileAt, "now")
		}),
	} {
		t.Run(name, func(t *testing.T) { env.Eventually(t, func() error { return soonAllowed(t, try(t, d, eve)) }) })
	}
}
