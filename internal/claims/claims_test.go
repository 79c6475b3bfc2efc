// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package claims_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/claims"
	"seatkeeper.dev/seatkeeper/internal/keystore"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

func TestMain(m *testing.M) { env.Main(m) }

// desk is one of an operator with the rights of a client.
func desk(c client.Client, namespace string) *claims.Desk {
	return &claims.Desk{Live: c, Namespace: namespace, Clock: testingclock.NewFakePassiveClock(time.Now())}
}

// member creates a User of an organization of the cluster's scope, of the same name, with that organization.
func member(t *testing.T, namespace, name, email string) *v1alpha1.User {
	t.Helper()
	u := build.User(name).In(namespace, name).Email(email).Obj()
	for _, o := range []client.Object{build.Organization(name).In(namespace).EmailScope(v1alpha1.EmailScopeCluster).Obj(), u} {
		if err := env.Client(t).Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	return u
}

// take claims until it is settled, as passes do.
func take(t *testing.T, d *claims.Desk, u *v1alpha1.User) bool {
	t.Helper()
	lease, err := d.Name(t.Context(), u.Spec.Email)
	if err != nil {
		t.Error(err)
		return false
	}
	for {
		taken, err := d.Take(t.Context(), u.Spec.Email, lease, u)
		if err == nil {
			return taken
		}
		if !loop.Outdated(err) {
			t.Error(err)
			return false
		}
	}
}

// Operators who know nothing of each other, not even the key, which each is about to make.
func TestOfManyWhoClaimAtOnceOneHasIt(t *testing.T) {
	t.Parallel()
	const rounds = 20
	var people []*v1alpha1.User
	namespace := env.Namespace(t)
	for _, name := range []string{"ada", "bea", "cid", "dan", "eve", "fay"} {
		people = append(people, member(t, namespace, name, "kim@people.example"))
	}
	for range rounds {
		own := env.Namespace(t)
		var taken atomic.Int32
		var running sync.WaitGroup
		for _, u := range people {
			running.Go(func() {
				if take(t, desk(env.Client(t), own), u) {
					taken.Add(1)
				}
			})
		}
		running.Wait()
		if taken.Load() != 1 {
			t.Fatalf("%d have claimed the address, want one", taken.Load())
		}
	}
}

// Whoever reads the operator's namespace learns who has some address, and not which.
func TestAClaimShowsNoAddress(t *testing.T) {
	t.Parallel()
	namespace, own := env.Namespace(t), env.Namespace(t)
	kim := member(t, namespace, "kim", "Kim@people.example")
	one, two := desk(env.Client(t), own), desk(env.Client(t), env.Namespace(t))
	for range 2 { // as after a crash
		if !take(t, one, kim) {
			t.Fatal("kim cannot claim the address")
		}
	}
	var list coordinationv1.LeaseList
	if err := env.Client(t).List(t.Context(), &list, client.InNamespace(own), client.MatchingLabels{claims.Label: claims.OnAddress}); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 || strings.Contains(strings.ToLower(list.Items[0].String()), "people") ||
		*list.Items[0].Spec.HolderIdentity != namespace+"/kim/kim/"+string(kim.UID) {
		t.Fatalf("claims are %+v", list.Items)
	}
	names := map[string]bool{}
	for d, email := range map[*claims.Desk]string{one: "kim@people.example", two: "kim@people.example", desk(env.Client(t), own): "kim+1@people.example"} {
		name, err := d.Name(t.Context(), email)
		if err != nil {
			t.Fatal(err)
		}
		names[name] = true
	}
	if len(names) != 3 || !names[list.Items[0].Name] {
		t.Errorf("another key or another address has another name: %v", names)
	}
}

// Only what is somebody's is given back, whatever is asked for.
func TestGivingBack(t *testing.T) {
	t.Parallel()
	namespace, own := env.Namespace(t), env.Namespace(t)
	kim, other := member(t, namespace, "kim", "kim@people.example"), member(t, namespace, "other", "kim@people.example")
	d := desk(env.Client(t), own)
	lease, err := d.Name(t.Context(), kim.Spec.Email)
	if err != nil || !take(t, d, kim) || take(t, d, other) {
		t.Fatalf("kim cannot claim the address alone (%v)", err)
	}
	for _, of := range []*v1alpha1.User{other, kim, kim} {
		if err := d.GiveBack(t.Context(), v1alpha1.AddressClaim{Email: of.Spec.Email, Lease: lease}, of); err != nil {
			t.Fatal(err)
		}
		if got, want := take(t, d, other), of == kim; got != want {
			t.Errorf("after %s gave back, other has the address: %t", of.Name, got)
		}
	}
}

// What the operator is installed with is enough to take a claim, to see that nobody is there, to take over and to give back.
func TestShippedRights(t *testing.T) {
	t.Parallel()
	namespace, own := env.Namespace(t), env.Namespace(t)
	c := installed(t, own)
	kim, other := member(t, namespace, "kim", "kim@people.example"), member(t, namespace, "other", "kim@people.example")
	d := desk(c, own)
	var lease string
	env.Eventually(t, func() (err error) { // the API server grants rights a moment after they are given
		lease, err = d.Name(t.Context(), kim.Spec.Email)
		return err
	})
	if !take(t, d, kim) || take(t, d, other) {
		t.Fatal("kim cannot claim the address alone")
	}
	if err := env.Client(t).Delete(t.Context(), kim); err != nil {
		t.Fatal(err)
	}
	if !take(t, d, other) {
		t.Error("other cannot take over from who is gone")
	}
	if err := d.GiveBack(t.Context(), v1alpha1.AddressClaim{Email: other.Spec.Email, Lease: lease}, other); err != nil {
		t.Error(err)
	}
	// Nobody is taken for gone who may not be read.
	if err := env.Client(t).Create(t.Context(), &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: own, Name: lease},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: new(namespace + "/kim/kim/" + string(kim.UID))},
	}); err != nil {
		t.Fatal(err)
	}
	if err := env.Client(t).Delete(t.Context(), &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: own}}); err != nil {
		t.Fatal(err)
	}
	env.Eventually(t, func() error {
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(other), &v1alpha1.User{}); !apierrors.IsForbidden(err) {
			return fmt.Errorf("reading a User: %w", err)
		}
		return nil
	})
	if take(t, d, other) {
		t.Error("the claim of somebody who cannot be looked for is taken over")
	}
}

// installed is a client with the rights of config/rbac, for an operator whose namespace it is.
func installed(t *testing.T, own string) client.Client {
	t.Helper()
	var everywhere rbacv1.ClusterRole
	var here rbacv1.Role
	for file, o := range map[string]client.Object{"role.yaml": &everywhere, "namespace_role.yaml": &here} {
		manifest, err := os.ReadFile("../../config/rbac/" + file)
		if err == nil {
			err = yaml.UnmarshalStrict(manifest, o)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	who := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: own}}
	everywhere.Name, here.Namespace = own, own
	for _, o := range []client.Object{
		&everywhere, &here,
		&rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: own}, Subjects: who, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: own}},
		&rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: own, Name: own}, Subjects: who, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: here.Name}},
	} {
		if err := env.Client(t).Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	cfg := env.Config(t)
	cfg.Impersonate.UserName = own
	c, err := client.New(cfg, client.Options{Scheme: env.Scheme(), Mapper: env.Client(t).RESTMapper()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A key that is lost is not made anew while there are claims: they would be nobody's, and whoever has an address would not know.
func TestAKeyThatIsLost(t *testing.T) {
	t.Parallel()
	own := env.Namespace(t)
	kim := member(t, env.Namespace(t), "kim", "kim@people.example")
	c := installed(t, own)
	env.Eventually(t, func() error { // the API server grants rights a moment after they are given
		_, err := desk(c, own).Name(t.Context(), kim.Spec.Email)
		return err
	})
	if !take(t, desk(c, own), kim) {
		t.Fatal("kim cannot claim the address")
	}
	lost := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: own, Name: keystore.AddressSecretName}}
	if err := env.Client(t).Delete(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	_, err := desk(c, own).Name(t.Context(), kim.Spec.Email)
	if err == nil || !strings.Contains(err.Error(), "Secret "+own+"/seatkeeper-address-key") || !strings.Contains(err.Error(), "restore it from a backup") {
		t.Errorf("got %v", err)
	}
	if err := env.Client(t).DeleteAllOf(t.Context(), &coordinationv1.Lease{}, client.InNamespace(own), client.MatchingLabels{claims.Label: claims.OnAddress}); err != nil {
		t.Fatal(err)
	}
	if !take(t, desk(c, own), kim) {
		t.Error("kim cannot claim the address by another key")
	}
}

// A key that is no use is said, with what to do.
func TestAKeyThatIsNoUse(t *testing.T) {
	t.Parallel()
	own := env.Namespace(t)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: own, Name: keystore.AddressSecretName}, Data: map[string][]byte{"current": []byte("short")}}
	if err := env.Client(t).Create(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	_, err := desk(env.Client(t), own).Name(t.Context(), "kim@people.example")
	if err == nil || !strings.Contains(err.Error(), "Secret "+own+"/seatkeeper-address-key") || !strings.Contains(err.Error(), "restore it from a backup") {
		t.Errorf("got %v", err)
	}
}
