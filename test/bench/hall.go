// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
)

// Who makes the requests. All may write; what they may give is what they differ in.
const (
	administrator, loader = "administrator", "loader" // every role
	unasked               = "unasked"                 // as much; the webhooks are not asked about it
	steward               = "steward"                 // the one role, by its name
	editor                = "editor"                  // nothing
)

const (
	// teams is how many there are, each but the first below another.
	teams = 20
	// joined is the team that somebody joins, and that gives scarce, which needs two holders.
	joined, scarce = 18, 9
	dryRun         = "?dryRun=All"
)

func teamName(i int) string  { return fmt.Sprintf("team-%02d", i) }
func extraRole(i int) string { return fmt.Sprintf("extra-%d", i) }

// hall is a namespace with people, teams and roles, and with those who make requests there.
type hall struct {
	namespace string
	people    int
	wires     map[string]*wire // by who makes requests
	rounds    int
	created   atomic.Int64 // Users, by those who make the load
	operator  *wire        // where admission is served
	manager   int          // the operator's process
	calm      bool         // nobody else writes
}

// member is somebody of a team.
func (h *hall) member(team, n int) string {
	size := h.people / teams
	return personName(team*size + n%size)
}

// call is one request to the API server.
type call struct {
	method, path, contentType string
	body                      []byte
}

func write(method, path, contentType string, o any) call {
	body, err := json.Marshal(o)
	if err != nil {
		panic(err) // the bench's own values
	}
	return call{method, path, contentType, body}
}

// inquiry is a kind of request. call makes the n-th, of which the even ones are judged, and the odd ones the floor.
type inquiry struct {
	kind, by string
	call     func(h *hall, n int) call
}

var inquiries = []inquiry{
	{"create a User with 2 roles, dry run", administrator, func(h *hall, n int) call {
		return h.create(dryRun, n, role, extraRole(1))
	}},
	{"create a User with 2 roles", administrator, func(h *hall, n int) call {
		return h.create("", n, role, extraRole(1))
	}},
	{"give a role by spec.roles", administrator, func(h *hall, n int) call {
		give := []string{role, extraRole(1 + n/h.people%2)} // another one than it was, when everybody has had one
		return h.patch("users", personName(n%h.people), "", map[string]any{"roles": give})
	}},
	{"add a member to a team with roles, dry run", administrator, func(h *hall, n int) call {
		return write(http.MethodPatch, path(h.namespace, "teams")+"/"+teamName(joined)+dryRun, "application/json-patch+json", []any{map[string]any{
			"op": "add", "path": "/spec/members/-", "value": map[string]string{"user": h.member(0, n), "role": string(v1alpha1.TeamMember)},
		}})
	}},
	{"change a permission of a Role", administrator, func(h *hall, n int) call {
		return h.patch("roles", extraRole(5), "", map[string]any{"permissions": []string{fmt.Sprintf("files.read%d", n)}})
	}},
	{"name another owner of the Organization, dry run", administrator, func(h *hall, n int) call {
		return h.patch("organizations", organization, dryRun, map[string]any{"owner": h.member(1, n)})
	}},
	{"delete a holder of a role with minHolders, dry run", administrator, func(h *hall, n int) call {
		return call{method: http.MethodDelete, path: userPath(h.namespace, h.member(joined, n)) + dryRun}
	}},
	{"delete a User", administrator, func(h *hall, n int) call {
		return call{method: http.MethodDelete, path: userPath(h.namespace, guestName(n))}
	}},
	{"create a User with the one role to be given, dry run", steward, func(h *hall, n int) call {
		return h.create(dryRun, n+1_000_000, role)
	}},
	{"create a User with a role not to be given, refused", editor, func(h *hall, n int) call {
		return h.create(dryRun, n+1_000_000, role)
	}},
}

func guestName(n int) string { return fmt.Sprintf("guest-%07d", n) }

// guest is a User as somebody applies it.
func (h *hall) guest(name string, roles ...string) *v1alpha1.User {
	u := build.User(name).In(h.namespace, organization).Name("Ada", "Lovelace").Roles(roles...).Obj()
	u.TypeMeta = metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "User"}
	return u
}

func (h *hall) create(query string, n int, roles ...string) call {
	u := h.guest(guestName(n), roles...)
	if n%2 == 1 {
		u.Finalizers = []string{v1alpha1.FinalizerArchive} // which admission would add
	}
	return write(http.MethodPost, path(h.namespace, "users")+query, typeJSON, u)
}

func (h *hall) patch(resource, name, query string, spec map[string]any) call {
	return write(http.MethodPatch, path(h.namespace, resource)+"/"+name+query, typeMergePatch, map[string]any{"spec": spec})
}

// fill makes a namespace with people in teams, whose roles are one of their own and those of every other team, and with those
// who make requests there. There are seats for all that come.
func (h *hall) fill(ctx context.Context, p *plane) (err error) {
	const more = 200_000
	if h.namespace, err = p.house(ctx, h.people+more); err != nil {
		return err
	}
	var objects []client.Object
	for i := range teams / 2 {
		r := build.Role(extraRole(i)).In(h.namespace, organization).DisplayName("Extra").Permissions("files.read")
		if i == scarce {
			r.MinHolders(2).Includes(extraRole(i - 1))
		}
		objects = append(objects, r.Obj())
	}
	for i := range teams {
		t := build.Team(teamName(i)).In(h.namespace, organization)
		for n := range h.people / teams {
			t.Members(h.member(i, n))
		}
		if i > 0 {
			t.Parent(teamName((i - 1) / 3))
		}
		if i%2 == 0 {
			t.Roles(extraRole(i / 2))
		}
		objects = append(objects, t.Obj())
	}
	all := rbacv1.PolicyRule{Resources: []string{"organizations", "roles"}}
	one := rbacv1.PolicyRule{Resources: []string{"roles"}, ResourceNames: []string{role}}
	for who, gives := range map[string][]rbacv1.PolicyRule{administrator: {all}, loader: {all}, unasked: {all}, steward: {one}, editor: nil} {
		objects = append(objects, h.rights(who, gives)...)
		if h.wires[who], err = p.as(who); err != nil {
			return err
		}
	}
	for _, o := range objects {
		if err := p.client.Create(ctx, o); err != nil {
			return err
		}
	}
	return each(ctx, h.people, func(ctx context.Context, i int) error { return create(ctx, p.wire, h.namespace, i, nil) })
}

// rights let somebody write, and assign what is given.
func (h *hall) rights(who string, gives []rbacv1.PolicyRule) []client.Object {
	meta := metav1.ObjectMeta{Namespace: h.namespace, Name: who}
	rules := []rbacv1.PolicyRule{{
		Verbs: []string{"create", "patch", "delete"}, Resources: []string{"organizations", "roles", "teams", "users"},
	}}
	for _, rule := range gives {
		rule.Verbs = []string{"assign"}
		rules = append(rules, rule)
	}
	for i := range rules {
		rules[i].APIGroups = []string{v1alpha1.GroupVersion.Group}
	}
	return []client.Object{
		&rbacv1.Role{ObjectMeta: meta, Rules: rules},
		&rbacv1.RoleBinding{
			ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: who},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: who}},
		},
	}
}

// as is a client that makes requests as somebody.
func (p *plane) as(who string) (*wire, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", p.kubeconfig)
	if err != nil {
		return nil, err
	}
	cfg.QPS = -1
	cfg.Impersonate.UserName = who
	return newWire(cfg)
}

// open has the API server ask the webhooks of config/webhook, and returns when it does.
func (h *hall) open(ctx context.Context, b *bench, p *plane, at staff) error {
	trust, err := os.ReadFile(filepath.Join(b.dir, "tls.crt"))
	if err != nil {
		return err
	}
	h.manager = at.manager.pid
	if h.operator, err = newWire(&rest.Config{Host: "https://" + at.admission, TLSClientConfig: rest.TLSClientConfig{CAData: trust}}); err != nil {
		return err
	}
	rendered, err := exec.CommandContext(ctx, b.kubectl, "kustomize", b.webhooks).Output()
	if err != nil {
		return fmt.Errorf("putting %s together: %w", b.webhooks, err)
	}
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(rendered), 4096)
	for {
		o := &unstructured.Unstructured{}
		if err := documents.Decode(o); errors.Is(err, io.EOF) {
			return h.opened(ctx)
		} else if err != nil {
			return err
		}
		webhooks, found, err := unstructured.NestedSlice(o.Object, "webhooks")
		if err != nil || !found {
			continue // the Service
		}
		for i := range webhooks {
			redirect(webhooks[i].(map[string]any), "https://"+at.admission, trust)
		}
		if err := errors.Join(unstructured.SetNestedSlice(o.Object, webhooks, "webhooks"), p.client.Create(ctx, o)); err != nil {
			return err
		}
	}
}

// rest waits, when nobody else writes, until the operator has done what follows from a request: what it does competes with
// the next one, all the more the more that takes.
func (h *hall) rest(ctx context.Context, after call) error {
	if !h.calm || strings.HasSuffix(after.path, dryRun) {
		return nil
	}
	return untilIdle(ctx, h.manager)
}

// untilIdle waits until a process does nothing.
func untilIdle(ctx context.Context, pid int) error {
	const pause = 100 * time.Millisecond
	processes := map[string]int{"manager": pid}
	for {
		begin, err := take(processes)
		if err != nil {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		end, err := take(processes)
		if err != nil || used(begin, end, "manager") == 0 {
			return err
		}
	}
}

// knock makes a call that the operator only answers with an error, and says how many milliseconds that took.
func (h *hall) knock(ctx context.Context) (float64, error) {
	begun := time.Now()
	if err := h.operator.send(ctx, http.MethodPost, "/", typeJSON, []byte("{}"), nil); err == nil || !strings.Contains(err.Error(), ": 404 ") {
		return 0, errors.Join(err, errors.New("the operator knows what there is at / of admission"))
	}
	return milliseconds(time.Since(begun)), nil
}

// redirect has a webhook called at a URL, but not about those whose requests are the floor.
func redirect(webhook map[string]any, url string, trust []byte) {
	path, _, _ := unstructured.NestedString(webhook, "clientConfig", "service", "path")
	webhook["clientConfig"] = map[string]any{"url": url + path, "caBundle": base64.StdEncoding.EncodeToString(trust)}
	conditions, _ := webhook["matchConditions"].([]any)
	webhook["matchConditions"] = append(conditions, map[string]any{
		"name": "not-the-floor", "expression": "request.userInfo.username != '" + unasked + "'",
	})
}

// opened waits until the API server asks both who defaults and who validates. It does not when it is to be the floor.
func (h *hall) opened(ctx context.Context) error {
	try := func(who string) (defaulted bool, err error) {
		var u v1alpha1.User
		err = post(ctx, h.wires[who], path(h.namespace, "users")+dryRun, h.guest("probe", role), &u)
		return len(u.Finalizers) > 0, err
	}
	for {
		defaulted, err := try(administrator)
		if err != nil {
			return err
		}
		if _, err := try(editor); defaulted && refused(err) {
			break
		} else if err != nil && !refused(err) {
			return err
		}
	}
	if defaulted, err := try(unasked); err != nil || defaulted {
		return errors.Join(err, errors.New("the webhooks are asked about the floor too"))
	}
	return nil
}

// refused says that a webhook refused a request for want of a right.
func refused(err error) bool {
	return err != nil && strings.Contains(err.Error(), "may not assign role")
}
