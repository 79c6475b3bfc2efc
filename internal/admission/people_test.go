// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/env"
)

// allowed is a right that an administrator of Kubernetes gives somebody for one name, or for all when it is empty.
type allowed struct{ verb, group, resource, name string }

func assign(role string) allowed {
	return allowed{"assign", v1alpha1.GroupVersion.Group, "roles", role}
}

func assignOwner(org string) allowed {
	return allowed{"assign", v1alpha1.GroupVersion.Group, "organizations", org}
}

func bind(resource, name string) allowed {
	return allowed{"bind", rbacv1.GroupName, resource, name}
}

// handing are the rights to what the operator does by a rule of ownership.
func handing(resource string) []allowed {
	return []allowed{{"list", "", resource, ""}, {"patch", "", resource, ""}}
}

func read(secret string) allowed {
	return allowed{"get", "", "secrets", secret}
}

// readPassword is the right to read the Secret with the first passwords of the tests.
var readPassword = read("pw")

// String is how a refusal names the right.
func (a allowed) String() string {
	resource := a.resource
	if a.group != "" {
		resource += "." + a.group
	}
	if a.name != "" {
		resource += fmt.Sprintf(" %q", a.name)
	}
	return fmt.Sprintf("that needs the verb %s on %s in namespace ", a.verb, resource)
}

// The ClusterRoles that config/rbac ships.
const (
	shippedAdmin   = "seatkeeper-organization-admin"
	shippedEditor  = "seatkeeper-organization-editor"
	shippedViewer  = "seatkeeper-organization-viewer"
	shippedBilling = "seatkeeper-organization-billing"
	// writer may write everything, and has no other right: it is the tests' own.
	writer = "test-writer"
)

// rules are what the tests' own ClusterRole allows.
var rules = []rbacv1.PolicyRule{{
	APIGroups: []string{v1alpha1.GroupVersion.Group},
	Resources: []string{"organizations", "roles", "seatpools", "teams", "users"},
	Verbs:     []string{"create", "get", "list", "update", "patch", "delete", "deletecollection"},
}}

// ship applies the ClusterRoles of config/rbac, and that of the tests. They are the same for all tests.
func ship(t *testing.T) {
	t.Helper()
	roles := []*rbacv1.ClusterRole{{ObjectMeta: metav1.ObjectMeta{Name: writer}, Rules: rules}}
	for _, file := range []string{"role.yaml", "shipped_roles.yaml"} {
		roles = append(roles, clusterRoles(t, file)...)
	}
	for _, role := range roles {
		if err := env.Client(t).Create(t.Context(), role); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
}

// clusterRoles are those of a file of config/rbac.
func clusterRoles(t *testing.T, file string) (roles []*rbacv1.ClusterRole) {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join("../../config/rbac", file))
	if err != nil {
		t.Fatal(err)
	}
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096); ; {
		var role rbacv1.ClusterRole
		switch err := decoder.Decode(&role); {
		case errors.Is(err, io.EOF):
			return roles
		case err != nil:
			t.Fatalf("%s: %v", file, err)
		}
		roles = append(roles, &role)
	}
}

// operator is the configuration of a manager that may do what the operator may, and no more.
func operator(t *testing.T) *rest.Config {
	t.Helper()
	ship(t)
	const account = "seatkeeper"
	err := env.Client(t).Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "test-operator"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "seatkeeper"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "seatkeeper-system", Name: account}},
	})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	cfg := env.Config(t)
	cfg.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:seatkeeper-system:" + account}
	return cfg
}

// actor makes requests as somebody: a person, or a service account.
type actor struct {
	client.Client
	name string
	may  []allowed
}

// hires numbers the people of the tests, so that nobody has rights from before.
var hires struct {
	sync.Mutex
	count int
}

func hire(kind string) string {
	hires.Lock()
	defer hires.Unlock()
	hires.count++
	return fmt.Sprintf("%s-%d", kind, hires.count)
}

// kinds are who makes requests.
var kinds = []string{"person", "service account"}

// act makes somebody of a kind who is bound to a ClusterRole in the namespace, and has some more rights there.
func (d *door) act(t *testing.T, kind, clusterRole string, may ...allowed) *actor {
	t.Helper()
	ship(t)
	a := &actor{name: hire("eve"), may: may}
	subject := rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: a.name}
	if kind == "service account" {
		subject = rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: d.namespace, Name: a.name}
		a.name = "system:serviceaccount:" + d.namespace + ":" + a.name
	}
	a.Client = as(t, a.name)
	d.bind(t, subject, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: clusterRole})
	if len(may) == 0 {
		return a
	}
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Namespace: d.namespace}}
	for _, m := range may {
		rule := rbacv1.PolicyRule{Verbs: []string{m.verb}, APIGroups: []string{m.group}, Resources: []string{m.resource}}
		if m.name != "" {
			rule.ResourceNames = []string{m.name}
		}
		role.Rules = append(role.Rules, rule)
	}
	if err := env.Client(t).Create(t.Context(), role); err != nil {
		t.Fatal(err)
	}
	d.bind(t, subject, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name})
	return a
}

func (d *door) bind(t *testing.T, subject rbacv1.Subject, ref rbacv1.RoleRef) {
	t.Helper()
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Namespace: d.namespace}, Subjects: []rbacv1.Subject{subject}, RoleRef: ref,
	}
	if err := env.Client(t).Create(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
}

// as is a client of somebody.
func as(t *testing.T, name string) client.Client {
	t.Helper()
	cfg := env.Config(t)
	cfg.Impersonate = rest.ImpersonationConfig{UserName: name}
	c, err := client.New(cfg, client.Options{Scheme: env.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lacks tells whether an answer is a refusal for want of exactly these rights, or none when there are none.
func lacks(err error, name string, missing []allowed) error {
	if len(missing) == 0 {
		return err
	}
	if !apierrors.IsInvalid(err) {
		return fmt.Errorf("got %w, want a refusal for want of %s", errors.Join(err, errors.New("as it is")), missing)
	}
	said := err.Error()
	for _, m := range missing {
		if !strings.Contains(said, m.String()) || !strings.Contains(said, fmt.Sprintf("user %q may not ", name)) {
			return fmt.Errorf("the refusal does not say %q of %s: %w", m, name, err)
		}
	}
	if n := strings.Count(said, "that needs the verb"); n != len(missing) {
		return fmt.Errorf("%d rights are missing, want %s: %w", n, missing, err)
	}
	return nil
}

// without are the rights but one.
func without(rights []allowed, i int) []allowed {
	return slices.Delete(slices.Clone(rights), i, i+1)
}

// bindAccount lets a service account of kube-system write in the namespace.
func (d *door) bindAccount(t *testing.T, name string) {
	t.Helper()
	ship(t)
	d.bind(t, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: "kube-system", Name: name},
		rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: writer})
}
