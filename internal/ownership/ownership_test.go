// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/internal/ownership"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/contract"
	"seatkeeper.dev/seatkeeper/test/env"
)

func TestMain(m *testing.M) { env.Main(m) }

var (
	now      = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	dealKind = schema.GroupVersionKind{Group: "crm.example.com", Version: "v1", Kind: "Deal"}
	installs sync.Once
)

// definition is a kind of somebody else's, whose objects have an owner. A locked object keeps its owner.
func definition(plural, kind string, scope apiextensionsv1.ResourceScope) *apiextensionsv1.CustomResourceDefinition {
	yes := true
	spec := apiextensionsv1.JSONSchemaProps{
		Type: "object", XPreserveUnknownFields: &yes,
		Properties: map[string]apiextensionsv1.JSONSchemaProps{"owner": {Type: "string"}, "locked": {Type: "boolean"}},
		XValidations: apiextensionsv1.ValidationRules{{
			Rule: "!has(oldSelf.locked) || !oldSelf.locked || self.owner == oldSelf.owner", Message: "a locked deal keeps its owner",
		}},
	}
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: plural + ".crm.example.com"},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: "crm.example.com", Scope: scope,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: plural, Kind: kind},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: "v1", Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{"spec": spec},
				}},
			}},
		},
	}
}

func install(t *testing.T) {
	t.Helper()
	installs.Do(func() {
		for _, crd := range []*apiextensionsv1.CustomResourceDefinition{
			definition("deals", "Deal", apiextensionsv1.NamespaceScoped), definition("regions", "Region", apiextensionsv1.ClusterScoped),
		} {
			if err := env.Client(t).Create(t.Context(), crd); err != nil {
				t.Fatal(err)
			}
		}
		objects := dynamicClient(t, env.Config(t))
		env.Eventually(t, func() error {
			for _, plural := range []string{"deals", "regions"} {
				if _, err := objects.Resource(dealKind.GroupVersion().WithResource(plural)).List(t.Context(), metav1.ListOptions{}); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func dynamicClient(t *testing.T, config *rest.Config) dynamic.Interface {
	t.Helper()
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// place is a namespace with people and what they own. What is to happen between the requests of an estate is said by
// before and after, which are called for each request about objects, one at a time.
type place struct {
	t  *testing.T
	ns string
	c  client.Client
	// as is who the estate is to the API server; the administrator when empty.
	as string

	mu            sync.Mutex
	before, after func(*http.Request)
	requests      []string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	install(t)
	return &place{t: t, ns: env.Namespace(t), c: env.Client(t)}
}

type transport struct {
	http.RoundTripper

	p *place
}

func (tr transport) RoundTrip(r *http.Request) (*http.Response, error) {
	tr.p.at(r, true)
	response, err := tr.RoundTripper.RoundTrip(r)
	tr.p.at(r, false)
	return response, err
}

func (p *place) at(r *http.Request, before bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	hook := p.after
	if before {
		hook = p.before
		p.requests = append(p.requests, r.Method+" "+r.URL.String())
	}
	if hook != nil {
		hook(r)
	}
}

// estate is what is tested.
func (p *place) estate() *ownership.Estate {
	p.t.Helper()
	config := env.Config(p.t)
	config.Impersonate.UserName = p.as
	kinds, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		p.t.Fatal(err)
	}
	config.Wrap(func(rt http.RoundTripper) http.RoundTripper { return transport{rt, p} })
	return &ownership.Estate{Objects: dynamicClient(p.t, config), Kinds: kinds, People: p.c}
}

// do does a task by rules, and returns what it reports on the first.
func (p *place) do(rules ...handover.TaskRule) *handover.Result {
	p.t.Helper()
	report := p.doAll(rules...)
	return &report.Rules[0]
}

func (p *place) doAll(rules ...handover.TaskRule) *handover.Report {
	p.t.Helper()
	report, err := p.estate().Do(p.t.Context(), &handover.Task{ID: "one", Namespace: p.ns, Organization: "acme", Rules: rules})
	if err != nil {
		p.t.Fatal(err)
	}
	if report.ID != "one" || len(report.Rules) != len(rules) {
		p.t.Fatalf("the report is %v", report)
	}
	return report
}

func (p *place) create(objects ...client.Object) {
	p.t.Helper()
	group, ctx := errgroup.WithContext(p.t.Context())
	group.SetLimit(16)
	for _, o := range objects {
		group.Go(func() error { return p.c.Create(ctx, o) })
	}
	if err := group.Wait(); err != nil {
		p.t.Fatal(err)
	}
}

// member creates a user who has access, and returns the user as a successor.
func (p *place) member(name string, change ...func(*v1alpha1.User)) v1alpha1.Successor {
	p.t.Helper()
	u := build.User(name).In(p.ns, "acme").Email(fmt.Sprintf("%s%d@acme.example", name[:1], len(name))).AcceptedAt(now).Obj()
	for _, c := range change {
		c(u)
	}
	status := u.Status
	p.create(u)
	u.Status = status
	if err := p.c.Status().Update(p.t.Context(), u); err != nil {
		p.t.Fatal(err)
	}
	return v1alpha1.Successor{User: u.Name, UID: u.UID}
}

// parked leaves a record of somebody whose deletion was rejected.
func (p *place) parked(name string, ended *metav1.Time) {
	p.t.Helper()
	p.create(&v1alpha1.ArchivedUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.ns, Name: "record-of-" + name},
		Record: v1alpha1.UserRecord{
			User: name, UID: types.UID(name), Spec: v1alpha1.UserSpec{Organization: "acme", Email: name + "@acme.example"}, Reason: v1alpha1.ArchiveOther,
			ArchivedAt: metav1.NewTime(now), Parked: v1alpha1.Parking{Until: metav1.NewTime(now.Add(time.Hour)), EndedAt: ended},
		},
	})
}

func state(s v1alpha1.UserState) func(*v1alpha1.User) {
	return func(u *v1alpha1.User) { u.Spec.State = s }
}

func invited(u *v1alpha1.User) { u.Status.AcceptedAt = nil }

func revoked(u *v1alpha1.User) {
	u.Spec.State, u.Status.AccessRevokedAt = v1alpha1.UserArchived, &metav1.Time{Time: now}
}

// become changes what a user is declared to be. It may be called from a hook.
func (p *place) become(name string, s v1alpha1.UserState) {
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"state":"`+string(s)+`"}}`))
	u := &v1alpha1.User{ObjectMeta: metav1.ObjectMeta{Namespace: p.ns, Name: name}}
	if err := p.c.Patch(context.Background(), u, patch); err != nil {
		p.t.Error(err)
	}
}

// deal makes an object that somebody owns.
func (p *place) deal(name, owner string, change ...func(*unstructured.Unstructured)) *unstructured.Unstructured {
	d := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"owner": owner, "amount": int64(100)}}}
	d.SetGroupVersionKind(dealKind)
	d.SetNamespace(p.ns)
	d.SetName(name)
	d.SetLabels(map[string]string{"kept": "yes"})
	for _, c := range change {
		c(d)
	}
	return d
}

// edit changes an object in the name of somebody else. It may be called from a hook.
func (p *place) edit(name, patch string) {
	if err := p.c.Patch(context.Background(), p.deal(name, ""), client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
		p.t.Error(err)
	}
}

// deals are those that there are, by name.
func (p *place) deals() map[string]*unstructured.Unstructured {
	p.t.Helper()
	var list unstructured.UnstructuredList
	list.SetGroupVersionKind(dealKind.GroupVersion().WithKind("DealList"))
	if err := p.c.List(p.t.Context(), &list, client.InNamespace(p.ns)); err != nil {
		p.t.Fatal(err)
	}
	all := map[string]*unstructured.Unstructured{}
	for i := range list.Items {
		all[list.Items[i].GetName()] = &list.Items[i]
	}
	return all
}

// owners are the owners of the deals, by name of the deal.
func (p *place) owners() map[string]string {
	p.t.Helper()
	owners := map[string]string{}
	for name, d := range p.deals() {
		owners[name], _, _ = unstructured.NestedString(d.Object, "spec", "owner")
	}
	return owners
}

func (p *place) wantOwners(why string, want map[string]string) {
	p.t.Helper()
	if diff := cmp.Diff(want, p.owners()); diff != "" {
		p.t.Errorf("%s; want -, got +:\n%s", why, diff)
	}
}

func ofDeals(from []string, to ...v1alpha1.Successor) handover.TaskRule {
	return handover.TaskRule{
		Rule: v1alpha1.OwnershipRule{
			Name: "deals", OwnerField: "spec.owner", Resource: v1alpha1.OwnedResource{Group: "crm.example.com", Version: "v1", Resource: "deals"},
		},
		From: from, To: to,
	}
}

func ofNotes(from []string, to ...v1alpha1.Successor) handover.TaskRule {
	return handover.TaskRule{Rule: build.Notes(), From: from, To: to}
}

func jean(former ...string) []string { return append([]string{"jean"}, former...) }

func wantResult(t *testing.T, why string, want handover.Result, got *handover.Result) {
	t.Helper()
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Errorf("%s; want -, got +:\n%s", why, diff)
	}
}

func isPatch(r *http.Request) bool { return r.Method == http.MethodPatch }

func TestManyObjectsMoveInParts(t *testing.T) {
	p := newPlace(t)
	const many = 1200
	var objects []client.Object
	for i := range many {
		objects = append(objects, p.deal(fmt.Sprintf("d%04d", i), "jean"))
	}
	other := newPlace(t)
	other.create(other.deal("elsewhere", "jean"))
	p.create(append(objects, p.deal("of-max", "max"), p.deal("of-jeanne", "jeanne"), p.deal("of-nobody", ""))...)
	was := p.deals()
	bea, cid := p.member("bea"), p.member("cid")

	first := []string{"d0000", "d0001", "d0002", "d0003", "d0004"}
	wantResult(t, "a look moves nothing, and names the first", handover.Result{Rule: "deals", Left: many, Names: first}, p.do(ofDeals(jean())))
	if pages := len(p.requests); pages != 3 || !strings.Contains(p.requests[0], "limit=500") || !strings.Contains(p.requests[2], "continue=") {
		t.Errorf("%d pages: %v", pages, p.requests)
	}
	got := p.do(ofDeals(jean(), bea, cid))
	if got.Moved != 1000 || got.Left != 200 || !got.More || got.Trouble != "" {
		t.Errorf("a part of them moves, and that is to be recorded: %+v", got)
	}
	wantResult(t, "the rest", handover.Result{Rule: "deals", Moved: 200}, p.do(ofDeals(jean(), bea, cid)))
	wantResult(t, "none is left", handover.Result{Rule: "deals"}, p.do(ofDeals(jean(), bea, cid)))

	heirs := map[string]int{}
	for name, d := range p.deals() {
		before := was[name]
		owner, _, _ := unstructured.NestedString(d.Object, "spec", "owner")
		if !strings.HasPrefix(name, "d") {
			if d.GetResourceVersion() != before.GetResourceVersion() {
				t.Errorf("%s was touched, and is now %s's", name, owner)
			}
			continue
		}
		heirs[owner]++
		if want := handover.Heir([]v1alpha1.Successor{bea, cid}, d.GetUID()).User; owner != want {
			t.Errorf("%s is with %s, want %s", name, owner, want)
		}
		unstructured.RemoveNestedField(d.Object, "spec", "owner")
		unstructured.RemoveNestedField(before.Object, "spec", "owner")
		if diff := cmp.Diff(before.Object["spec"], d.Object["spec"]); diff != "" || !cmp.Equal(before.GetLabels(), d.GetLabels()) {
			t.Errorf("%s lost something else:\n%s", name, diff)
		}
	}
	if heirs["bea"] < many/3 || heirs["cid"] < many/3 || heirs["bea"]+heirs["cid"] != many {
		t.Errorf("they have %v", heirs)
	}
	other.wantOwners("what is in another namespace is another organization's", map[string]string{"elsewhere": "jean"})
}

func TestOwnerField(t *testing.T) {
	p := newPlace(t)
	bea := p.member("bea")
	set := func(value any, path ...string) func(*unstructured.Unstructured) {
		return func(d *unstructured.Unstructured) {
			if err := unstructured.SetNestedField(d.Object, value, path...); err != nil {
				t.Error(err)
			}
		}
	}
	p.create(
		p.deal("nested", "max", set("jean", "spec", "sales", "owner"), set("kept", "spec", "sales", "region")),
		p.deal("none", "jean"), p.deal("number", "jean", set(int64(7), "spec", "sales", "owner")), p.deal("flat", "jean", set("jean", "spec", "sales")),
	)
	was := p.deals()
	rule := ofDeals(jean(), bea)
	rule.Rule.OwnerField = "spec.sales.owner"
	wantResult(t, "what is no name is nobody's", handover.Result{Rule: "deals", Moved: 1}, p.do(rule))
	for name, d := range p.deals() {
		want := was[name].Object["spec"].(map[string]any)
		if name == "nested" {
			want["sales"].(map[string]any)["owner"] = "bea"
		}
		if diff := cmp.Diff(was[name].Object["spec"], d.Object["spec"]); diff != "" {
			t.Errorf("%s; want -, got +:\n%s", name, diff)
		}
	}
}

// note makes a ConfigMap that a user owns by label.
func (p *place) note(name, owner string) *corev1.ConfigMap {
	n := build.Note(name, owner)
	n.Namespace, n.Data = p.ns, map[string]string{"text": "kept"}
	n.Labels["kept"] = "yes"
	return n
}

func (p *place) noteOwners() map[string]string {
	p.t.Helper()
	var list corev1.ConfigMapList
	if err := p.c.List(p.t.Context(), &list, client.InNamespace(p.ns), client.HasLabels{v1alpha1.LabelOwner}); err != nil {
		p.t.Fatal(err)
	}
	owners := map[string]string{}
	for _, n := range list.Items {
		owners[n.Name] = n.Labels[v1alpha1.LabelOwner]
		if n.Data["text"] != "kept" || n.Labels["kept"] != "yes" {
			p.t.Errorf("%s lost something else: %v", n.Name, n)
		}
	}
	return owners
}

func TestOwnerLabel(t *testing.T) {
	p := newPlace(t)
	long := strings.Repeat("long-name.", 7) + "x"
	bea := p.member("bea")
	p.create(p.note("one", "jean"), p.note("two", "jean.b"), p.note("three", "max"))
	p.member(long, revoked)

	p.requests = nil
	wantResult(t, "who has a name that no label can hold owns nothing by label", handover.Result{Rule: "notes"}, p.do(ofNotes([]string{long})))
	if len(p.requests) > 0 {
		t.Errorf("nothing is to be looked for: %v", p.requests)
	}
	wantResult(t, "others are looked for all the same", handover.Result{Rule: "notes", Moved: 1}, p.do(ofNotes([]string{long, "jean"}, bea)))
	want := map[string]string{"one": "bea", "two": "jean.b", "three": "max"}
	if diff := cmp.Diff(want, p.noteOwners()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	heir := p.member("a" + long)
	got := p.do(ofNotes([]string{"max"}, heir))
	if got.Left != 1 || got.More || !strings.Contains(got.Trouble, "configmaps three cannot be handed over") || !strings.Contains(got.Trouble, "63") {
		t.Errorf("who takes over has too long a name for a label, which is said: %+v", got)
	}
}

func TestObjectsThatChangeMeanwhile(t *testing.T) {
	for name, c := range map[string]struct {
		why string
		// meanwhile happens between the list and the first patch.
		meanwhile func(p *place)
		want      map[string]string
		moved     int
		check     func(t *testing.T, p *place)
	}{
		"created": {
			why: "nothing is left behind", moved: 3,
			meanwhile: func(p *place) { p.create(p.deal("c", "jean")) },
			want:      map[string]string{"a": "bea", "b": "bea", "c": "bea"},
		},
		"edited": {
			why: "what somebody else wrote stays, and the object moves", moved: 2,
			meanwhile: func(p *place) { p.edit("a", `{"spec":{"amount":777}}`) },
			want:      map[string]string{"a": "bea", "b": "bea"},
			check: func(t *testing.T, p *place) {
				if amount, _, _ := unstructured.NestedInt64(p.deals()["a"].Object, "spec", "amount"); amount != 777 {
					t.Errorf("the amount is %d", amount)
				}
			},
		},
		"given away": {
			why: "somebody else decided whose it is", moved: 1,
			meanwhile: func(p *place) { p.edit("a", `{"spec":{"owner":"max"}}`) },
			want:      map[string]string{"a": "max", "b": "bea"},
		},
		"deleted": {
			why: "what is gone needs nobody", moved: 1,
			meanwhile: func(p *place) {
				if err := p.c.Delete(p.t.Context(), p.deal("a", "")); err != nil {
					p.t.Error(err)
				}
			},
			want: map[string]string{"b": "bea"},
		},
		"replaced": {
			why: "another object of the same name is somebody else's", moved: 1,
			meanwhile: func(p *place) {
				if err := p.c.Delete(p.t.Context(), p.deal("a", "")); err != nil {
					p.t.Error(err)
				}
				p.create(p.deal("a", "max"))
			},
			want: map[string]string{"a": "max", "b": "bea"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			bea := p.member("bea")
			p.create(p.deal("a", "jean"), p.deal("b", "jean"))
			var once sync.Once
			p.before = func(r *http.Request) {
				if isPatch(r) {
					once.Do(func() { c.meanwhile(p) })
				}
			}
			wantResult(t, c.why, handover.Result{Rule: "deals", Moved: c.moved}, p.do(ofDeals(jean(), bea)))
			p.wantOwners(c.why, c.want)
			if c.check != nil {
				c.check(t, p)
			}
		})
	}
}

// An object that somebody sets back, or writes all the time, is told rather than fought over without end.
func TestNobodyIsFoughtWith(t *testing.T) {
	for name, c := range map[string]struct {
		why   string
		write func(p *place)
		// before says that it is written before each patch rather than after it.
		before bool
	}{
		"set back":             {"a controller wants jean to be the owner", func(p *place) { p.edit("a", `{"spec":{"owner":"jean"}}`) }, false},
		"written all the time": {"a controller counts in it", func(p *place) { p.edit("a", fmt.Sprintf(`{"spec":{"amount":%d}}`, len(p.requests))) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			bea := p.member("bea")
			p.create(p.deal("a", "jean"), p.deal("b", "jean"))
			hook := func(r *http.Request) {
				if isPatch(r) && strings.Contains(r.URL.Path, "/deals/a") {
					c.write(p)
				}
			}
			if c.before {
				p.before = hook
			} else {
				p.after = hook
			}
			got := p.do(ofDeals(jean(), bea))
			if got.Left != 1 || got.More || !strings.Contains(got.Trouble, "deals.crm.example.com a ") {
				t.Errorf("%s, and it would be tried again at once, for ever: %+v", c.why, got)
			}
		})
	}
}

func TestObjectsThatGitHas(t *testing.T) {
	p := newPlace(t)
	bea := p.member("bea")
	label := func(key string) func(*unstructured.Unstructured) {
		return func(d *unstructured.Unstructured) { d.SetLabels(map[string]string{key: "crm"}) }
	}
	argo := func(d *unstructured.Unstructured) {
		d.SetAnnotations(map[string]string{"argocd.argoproj.io/tracking-id": "crm:crm.example.com/Deal:x/d"})
	}
	p.create(
		p.deal("kustomize", "jean", label("kustomize.toolkit.fluxcd.io/name")), p.deal("helm", "jean", label("helm.toolkit.fluxcd.io/name")),
		p.deal("argo-label", "jean", label("argocd.argoproj.io/instance")), p.deal("argo", "jean", argo),
		p.deal("kustomize-2", "jean", label("kustomize.toolkit.fluxcd.io/name")), p.deal("free", "jean"), p.deal("of-max", "max", argo),
	)
	was := p.deals()
	want := handover.Result{
		Rule: "deals", Moved: 1, Left: 5, Names: []string{"argo", "argo-label", "helm", "kustomize", "kustomize-2"},
		Trouble: "deals.crm.example.com argo are declared in Git, as Argo CD has it (crm:crm.example.com/Deal:x/d): set spec.owner there; " +
			"deals.crm.example.com argo-label are declared in Git, as Argo CD has it (crm): set spec.owner there; " +
			"deals.crm.example.com helm, kustomize, kustomize-2 are declared in Git, as Flux has it (crm): set spec.owner there",
	}
	wantResult(t, "Git would set it back", want, p.do(ofDeals(jean(), bea)))
	for name, d := range p.deals() {
		if moved := d.GetResourceVersion() != was[name].GetResourceVersion(); moved != (name == "free") {
			t.Errorf("%s was touched: %t", name, moved)
		}
	}
	unmarked := []client.Object{p.deal("applied", "jean"), p.deal("edited", "jean"), p.deal("by-hand", "jean")}
	for i, manager := range []string{"kustomize-controller", "argocd-application-controller", "kubectl-edit"} {
		if err := p.c.Create(t.Context(), unmarked[i], client.FieldOwner(manager)); err != nil {
			t.Fatal(err)
		}
	}
	got := p.do(ofDeals(jean(), bea))
	if got.Moved != 1 || got.Left != 7 ||
		!strings.Contains(got.Trouble, "applied are declared in Git, as Flux has it (field manager kustomize-controller): set spec.owner there") ||
		!strings.Contains(got.Trouble, "edited are declared in Git, as Argo CD has it (field manager argocd-application-controller)") {
		t.Errorf("known by who writes them: %+v", got)
	}
	if err := p.c.Delete(t.Context(), unmarked[0]); err != nil {
		t.Fatal(err)
	}
	if err := p.c.Delete(t.Context(), unmarked[1]); err != nil {
		t.Fatal(err)
	}
	p.edit("argo", `{"metadata":{"annotations":null}}`)
	if got := p.do(ofDeals(jean(), bea)); got.Moved != 1 || got.Left != 4 {
		t.Errorf("once Git has it no more, it moves: %+v", got)
	}
}

func TestObjectsThatAreRefused(t *testing.T) {
	p := newPlace(t)
	bea := p.member("bea")
	locked := func(d *unstructured.Unstructured) { d.Object["spec"].(map[string]any)["locked"] = true }
	p.create(p.deal("a", "jean"), p.deal("b", "jean", locked), p.deal("c", "jean"), p.note("n", "jean"))
	report := p.doAll(ofDeals(jean(), bea), ofNotes(jean(), bea))
	got := report.Of("deals")
	if got.Moved != 2 || got.Left != 1 || got.More || !slices.Equal(got.Names, []string{"b"}) {
		t.Errorf("one is refused, and the others go on: %+v", got)
	}
	for _, words := range []string{"deals.crm.example.com b cannot be handed over", "a locked deal keeps its owner"} {
		if !strings.Contains(got.Trouble, words) {
			t.Errorf("%q does not say %q", got.Trouble, words)
		}
	}
	p.wantOwners("one is refused, and the others go on", map[string]string{"a": "bea", "b": "jean", "c": "bea"})
	wantResult(t, "other rules go on", handover.Result{Rule: "notes", Moved: 1}, report.Of("notes"))
	if again := p.do(ofDeals(jean(), bea)); again.Trouble != got.Trouble || again.Moved != 0 {
		t.Errorf("the words are the same as long as nothing changes:\n%s\n%s", got.Trouble, again.Trouble)
	}
}

// refuse has admission refuse to change a deal of the place, for a reason.
func (p *place) refuse(name string, reason metav1.StatusReason) {
	p.t.Helper()
	exact, fail := admissionregistrationv1.Exact, admissionregistrationv1.Fail
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: p.ns},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			FailurePolicy: &fail,
			MatchConstraints: &admissionregistrationv1.MatchResources{
				NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: p.ns}},
				ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: admissionregistrationv1.RuleWithOperations{
					Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Update},
					Rule:       admissionregistrationv1.Rule{APIGroups: []string{dealKind.Group}, APIVersions: []string{"v1"}, Resources: []string{"deals"}},
				}}},
				MatchPolicy: &exact,
			},
			Validations: []admissionregistrationv1.Validation{{
				Expression: "object.metadata.name != '" + name + "'", Message: "nobody touches it. Ask the desk.", Reason: &reason,
			}},
		},
	}
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: p.ns},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: p.ns, ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny},
		},
	}
	p.create(policy, binding)
	env.Eventually(p.t, func() error { // the API server takes it up in a moment
		err := p.c.Patch(p.t.Context(), p.deal(name, ""), client.RawPatch(types.MergePatchType, []byte(`{"spec":{"probe":"x"}}`)), client.DryRunAll)
		if err != nil && strings.Contains(err.Error(), "nobody touches it") {
			return nil
		}
		return fmt.Errorf("not yet: %w", err)
	})
}

// A policy may refuse with any of these reasons; what one object is refused keeps nothing else.
func TestObjectsThatPoliciesRefuse(t *testing.T) {
	for _, reason := range []metav1.StatusReason{
		metav1.StatusReasonForbidden, metav1.StatusReasonInvalid, metav1.StatusReasonRequestEntityTooLarge,
	} {
		t.Run(string(reason), func(t *testing.T) {
			p := newPlace(t)
			bea := p.member("bea")
			p.create(p.deal("a", "jean"), p.deal("b", "jean"), p.note("n", "jean"))
			p.refuse("a", reason)
			report := p.doAll(ofDeals(jean(), bea), ofNotes(jean(), bea))
			got := report.Of("deals")
			if got.Moved != 1 || got.Left != 1 || got.More || !strings.Contains(got.Trouble, "nobody touches it") {
				t.Errorf("one is refused, and the others go on: %+v", got)
			}
			wantResult(t, "other rules go on", handover.Result{Rule: "notes", Moved: 1}, report.Of("notes"))
			p.wantMessage(got.Trouble)
		})
	}
}

// wantMessage checks that a text is fit for a condition.
func (p *place) wantMessage(text string) {
	p.t.Helper()
	u := build.User("jean").Obj()
	verdict.Conclude(u, verdict.Verdict{Kind: verdict.Stuck, Reason: v1alpha1.ReasonTransferIncomplete, Message: text}, now)
	if err := contract.Conditions(u); err != nil {
		p.t.Error(err)
	}
}

func TestWhatTheOperatorMayNot(t *testing.T) {
	p := newPlace(t)
	bea := p.member("bea")
	p.create(p.deal("a", "jean"))
	p.as = "system:serviceaccount:" + p.ns + ":operator"
	want := handover.Result{
		Rule: "deals",
		Trouble: "the operator may not list deals.crm.example.com: allow it list and patch, " +
			`by a ClusterRole with the label seatkeeper.dev/aggregate-to-operator: "true"`,
	}
	wantResult(t, "what it may not list it does not know", want, p.do(ofDeals(jean())))
	wantResult(t, "what it may not list it does not know", want, p.do(ofDeals(jean(), bea)))

	role := &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.ns, Name: "reader"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{dealKind.Group}, Resources: []string{"deals"}, Verbs: []string{"list"}}},
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.ns, Name: "reader"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: p.ns, Name: "operator"}},
	}
	p.create(role, binding)
	var got *handover.Result
	env.Eventually(t, func() error {
		if got = p.do(ofDeals(jean(), bea)); got.Left == 0 {
			return fmt.Errorf("it may not list yet: %s", got.Trouble)
		}
		return nil
	})
	if got.Left != 1 || got.More || !strings.Contains(got.Trouble, "deals.crm.example.com a cannot be handed over") || !strings.Contains(got.Trouble, "cannot patch") {
		t.Errorf("what it may not patch stays: %+v", got)
	}
	p.wantOwners("it may not", map[string]string{"a": "jean"})
}

func TestKindsThatAreNotThere(t *testing.T) {
	p := newPlace(t)
	bea := p.member("bea")
	for name, c := range map[string]struct {
		why      string
		resource v1alpha1.OwnedResource
		want     handover.Result
	}{
		"no group": {
			"what is not installed has no objects",
			v1alpha1.OwnedResource{Group: "nothing.example.com", Version: "v1", Resource: "things"},
			handover.Result{Note: "things.nothing.example.com are not installed (rule deals)"},
		},
		"no kind": {
			"the group has others",
			v1alpha1.OwnedResource{Group: "crm.example.com", Version: "v1", Resource: "leads"},
			handover.Result{Note: "leads.crm.example.com are not installed (rule deals)"},
		},
		"no core kind": {
			"the core group has no name",
			v1alpha1.OwnedResource{Version: "v1", Resource: "things"},
			handover.Result{Note: "things are not installed (rule deals)"},
		},
		"another version": {
			"there may be objects, and they cannot be seen",
			v1alpha1.OwnedResource{Group: "crm.example.com", Version: "v2", Resource: "deals"},
			handover.Result{Trouble: "deals.crm.example.com are served as v1, not v2: correct spec.offboarding.ownership of the organization (rule deals)"},
		},
		"in no namespace": {
			"what belongs to no organization is nobody's to hand over",
			v1alpha1.OwnedResource{Group: "crm.example.com", Version: "v1", Resource: "regions"},
			handover.Result{Trouble: "regions.crm.example.com are in no namespace, and what people own is in that of their organization: remove rule deals"},
		},
		"in no namespace, another version": {
			"that is what there is to say first",
			v1alpha1.OwnedResource{Group: "crm.example.com", Version: "v2", Resource: "regions"},
			handover.Result{Trouble: "regions.crm.example.com are in no namespace, and what people own is in that of their organization: remove rule deals"},
		},
		"not to be listed": {
			"there is no list of them",
			v1alpha1.OwnedResource{Group: "authorization.k8s.io", Version: "v1", Resource: "localsubjectaccessreviews"},
			handover.Result{Trouble: "localsubjectaccessreviews.authorization.k8s.io cannot be listed: correct spec.offboarding.ownership of the organization"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := &place{t: t, ns: p.ns, c: p.c}
			rule := ofDeals(jean(), bea)
			rule.Rule.Resource, c.want.Rule = c.resource, "deals"
			wantResult(t, c.why, c.want, q.do(rule))
			rule.To = nil
			wantResult(t, c.why, c.want, q.do(rule))
		})
	}
}

func TestSuccessorsWhoAreNotThere(t *testing.T) {
	for name, c := range map[string]struct {
		why  string
		make func(p *place) v1alpha1.Successor
	}{
		"archived":  {"who leaves takes nothing", func(p *place) v1alpha1.Successor { return p.member("cid", state(v1alpha1.UserArchived)) }},
		"suspended": {"who has no access takes nothing", func(p *place) v1alpha1.Successor { return p.member("cid", state(v1alpha1.UserSuspended)) }},
		"invited":   {"who has not accepted takes nothing", func(p *place) v1alpha1.Successor { return p.member("cid", invited) }},
		"another": {"another person of the same name was not chosen", func(p *place) v1alpha1.Successor {
			p.member("cid")
			return v1alpha1.Successor{User: "cid", UID: "another"}
		}},
		"nobody": {"who is not there takes nothing", func(*place) v1alpha1.Successor { return v1alpha1.Successor{User: "cid", UID: "gone"} }},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.create(p.deal("a", "jean"), p.deal("b", "jean"))
			want := handover.Result{Rule: "deals", Left: 2, Names: []string{"a", "b"}, Absent: true}
			wantResult(t, c.why, want, p.do(ofDeals(jean(), p.member("bea"), c.make(p))))
			p.wantOwners("nothing moves, to nobody", map[string]string{"a": "jean", "b": "jean"})
		})
	}
}

// Whoever leaves while objects arrive may have been looked at before the last one came.
func TestSuccessorWhoLeavesMeanwhile(t *testing.T) {
	for name, at := range map[string]int{"before the first": 1, "between two": 20, "before the last": 40} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			bea := p.member("bea")
			for i := range 40 {
				p.create(p.deal(fmt.Sprintf("d%02d", i), "jean"))
			}
			patches := 0
			p.before = func(r *http.Request) {
				if isPatch(r) {
					if patches++; patches == at {
						p.become("bea", v1alpha1.UserArchived)
					}
				}
			}
			if got := p.do(ofDeals(jean(), bea)); !got.Absent || got.More {
				t.Errorf("bea left before patch %d: %+v", at, got)
			}
		})
	}
}

func TestFormerSuccessors(t *testing.T) {
	for name, c := range map[string]struct {
		why    string
		make   func(p *place)
		want   map[string]string
		moved  int
		absent bool
	}{
		"archived": {
			why: "what bea took over goes on to cid", moved: 2, want: map[string]string{"a": "cid", "of-bea": "cid", "of-max": "max"},
			make: func(p *place) { p.member("bea", revoked) },
		},
		"gone": {
			why: "what bea took over goes on to cid", moved: 2, want: map[string]string{"a": "cid", "of-bea": "cid", "of-max": "max"},
			make: func(*place) {},
		},
		"held": {
			why: "nobody has decided yet that bea leaves", moved: 1, want: map[string]string{"a": "cid", "of-bea": "bea", "of-max": "max"},
			make: func(p *place) { p.member("bea", state(v1alpha1.UserArchived)) },
		},
		"parked": {
			why: "bea may come back as if nothing had happened", moved: 1, want: map[string]string{"a": "cid", "of-bea": "bea", "of-max": "max"},
			make: func(p *place) { p.parked("bea", nil) },
		},
		"parked, and over": {
			why: "bea did not come back", moved: 2, want: map[string]string{"a": "cid", "of-bea": "cid", "of-max": "max"},
			make: func(p *place) { p.parked("bea", &metav1.Time{Time: now}) },
		},
		"back": {
			why: "bea is back, and keeps what is bea's", moved: 1, want: map[string]string{"a": "cid", "of-bea": "bea", "of-max": "max"},
			make: func(p *place) { p.member("bea") },
		},
		"suspended": {
			why: "bea does not leave: what was bea's before jean left stays", moved: 1, want: map[string]string{"a": "cid", "of-bea": "bea", "of-max": "max"},
			make: func(p *place) { p.member("bea", state(v1alpha1.UserSuspended)) },
		},
		"invited anew": {
			why: "another bea was declared, and things were made ready", moved: 1, want: map[string]string{"a": "cid", "of-bea": "bea", "of-max": "max"},
			make: func(p *place) { p.member("bea", invited) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			c.make(p)
			p.create(p.deal("a", "jean"), p.deal("of-bea", "bea"), p.deal("of-max", "max"))
			wantResult(t, c.why, handover.Result{Rule: "deals", Moved: c.moved}, p.do(ofDeals(jean("bea", "bea"), p.member("cid"))))
			p.wantOwners(c.why, c.want)
		})
	}
}

// What fails in passing is no trouble of an object: all is tried again.
func TestFailures(t *testing.T) {
	p := newPlace(t)
	bea := p.member("bea")
	p.create(p.deal("a", "jean"))
	ctx, cancel := context.WithCancel(t.Context())
	p.before = func(r *http.Request) {
		if isPatch(r) {
			cancel()
		}
	}
	report, err := p.estate().Do(ctx, &handover.Task{ID: "one", Namespace: p.ns, Organization: "acme", Rules: []handover.TaskRule{ofDeals(jean(), bea)}})
	if err == nil || apierrors.IsNotFound(err) || report.Moved() != 0 {
		t.Errorf("it was cut short, and reports %v, %v", report, err)
	}
}

// What was moved before, or beside, a failure is reported with it.
func TestWhatMovedBeforeAFailure(t *testing.T) {
	p := newPlace(t)
	bea := p.member("bea")
	p.create(p.deal("a", "jean"), p.deal("b", "jean"), p.deal("c", "jean"), p.note("n", "jean"))
	p.before = func(r *http.Request) {
		if isPatch(r) && strings.HasSuffix(r.URL.Path, "/deals/b") {
			r.URL.Host = "127.0.0.1:1" // where nobody answers
		}
	}
	task := &handover.Task{ID: "one", Namespace: p.ns, Organization: "acme", Rules: []handover.TaskRule{ofNotes(jean(), bea), ofDeals(jean(), bea)}}
	report, err := p.estate().Do(t.Context(), task)
	if err == nil || !strings.Contains(err.Error(), "handing over deals.crm.example.com b") || report.Moved() != 3 || report.Of("deals").Moved != 2 {
		t.Errorf("it reports %v, %v", report, err)
	}
	p.wantOwners("the others moved", map[string]string{"a": "bea", "b": "jean", "c": "bea"})
}

// In a dry run, the API server judges every object, and keeps nothing.
func TestTry(t *testing.T) {
	p := newPlace(t)
	bea := p.member("bea")
	argo := func(d *unstructured.Unstructured) {
		d.SetAnnotations(map[string]string{"argocd.argoproj.io/tracking-id": "crm"})
	}
	locked := func(d *unstructured.Unstructured) { d.Object["spec"].(map[string]any)["locked"] = true }
	p.create(p.deal("a", "jean"), p.deal("b", "jean", locked), p.deal("c", "jean", argo), p.deal("d", "max"), p.deal("e", "jean"), p.note("n", "jean"))
	task := &handover.Task{ID: "one", Namespace: p.ns, Organization: "acme", Rules: []handover.TaskRule{ofDeals(jean(), bea), ofNotes(jean(), bea)}}
	try := func() *handover.Report {
		t.Helper()
		by := p.estate()
		by.ByHand = "somebody"
		report, err := by.Try(t.Context(), task)
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	was := p.deals()
	p.member("jean")
	report := try()
	got := report.Of("deals")
	if got.Moved != 2 || got.Left != 2 || got.More || !strings.Contains(got.Trouble, "a locked deal keeps its owner") || !strings.Contains(got.Trouble, "c are declared in Git") {
		t.Errorf("of the deals, it reports %+v", got)
	}
	if got := report.Of("notes"); got.Moved != 1 || got.Left != 0 || got.Trouble != "" {
		t.Errorf("of the notes, it reports %+v", got)
	}
	for name, d := range p.deals() {
		if d.GetResourceVersion() != was[name].GetResourceVersion() {
			t.Errorf("%s was written", name)
		}
	}
	p.become("bea", v1alpha1.UserArchived)
	if got := try().Of("deals"); !got.Absent || got.Moved != 0 || got.Left != 4 {
		t.Errorf("the successor leaves, and it reports %+v", got)
	}
}
