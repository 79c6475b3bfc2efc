// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/contract"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// folder is a sample as a GitOps tool has it in Git, on a stage whose operator has webhooks.
type folder struct {
	*stage
	objects  []*unstructured.Unstructured
	traffic  *operator.Traffic
	accounts *fake.Directory
	probes   int
}

// inGit is a folder of config/samples of which nothing is applied yet.
func inGit(t *testing.T, sample string) *folder {
	t.Helper()
	f := &folder{stage: empty(t), traffic: &operator.Traffic{}, accounts: &fake.Directory{}}
	f.read(sample)
	f.start(operator.Options{Config: f.traffic.Config(env.Config(t)), Directory: f.accounts, Webhook: operator.Webhooks(t, f.ns)})
	env.Eventually(t, func() error { // the API server asks the webhooks
		wrong := build.User(probe).In(f.ns, probe).TimeZone("Nowhere/Atlantis").Obj()
		if err := f.Create(t.Context(), wrong, client.DryRunAll); !apierrors.IsInvalid(err) {
			return fmt.Errorf("a User in no time zone is not refused as invalid: %w", err)
		}
		return f.Create(t.Context(), build.User(probe).In(f.ns, probe).Obj(), client.DryRunAll)
	})
	return f
}

// read reads the objects as kubectl renders them. They are put into the namespace of the stage, and ClusterRoles, which are everybody's,
// get names of their own.
func (f *folder) read(sample string) {
	f.Helper()
	file, err := os.Open(env.Rendered(f, "config/samples/"+sample))
	f.must(err, "reading %s", sample)
	defer func() { _ = file.Close() }()
	for documents := utilyaml.NewYAMLReader(bufio.NewReader(file)); ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		o := &unstructured.Unstructured{}
		f.must(errors.Join(err, yaml.Unmarshal(document, &o.Object)), "reading %s", sample)
		switch o.GetKind() {
		case "Namespace":
			o.SetName(f.ns)
		case "ClusterRole":
			o.SetName(f.ns + "-" + o.GetName())
		default:
			o.SetNamespace(f.ns)
		}
		f.objects = append(f.objects, o)
	}
}

// name is how an object is called in what a test says.
func name(o *unstructured.Unstructured) string { return o.GetKind() + " " + o.GetName() }

// put applies one object as Flux does, and fails for one that is being deleted: it would have to be applied once more.
func (f *folder) put(o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	o = o.DeepCopy()
	err := f.Apply(f.Context(), client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("kustomize-controller"), client.ForceOwnership)
	if err != nil {
		return nil, fmt.Errorf("applying %s: %w", name(o), err)
	}
	if err := f.Get(f.Context(), client.ObjectKeyFromObject(o), o); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name(o), err)
	}
	if !o.GetDeletionTimestamp().IsZero() {
		return nil, fmt.Errorf("%s is being deleted", name(o))
	}
	return o, nil
}

// sync applies objects in their order, each by itself. What is refused is tried again, as Flux and Argo CD do, until all are in.
func (f *folder) sync(objects []*unstructured.Unstructured) {
	f.Helper()
	left := slices.Clone(objects)
	env.Eventually(f, func() error {
		var refused []error
		left = slices.DeleteFunc(left, func(o *unstructured.Unstructured) bool {
			_, err := f.put(o)
			refused = append(refused, err)
			return err == nil
		})
		return errors.Join(refused...)
	})
}

// inOrder are the objects in the order in which Flux and Argo CD apply them: kinds that they know first, and what has the name
// of one of these, as Role has; then the others by name.
func (f *folder) inOrder() []*unstructured.Unstructured {
	first := []string{"Namespace", "Role", "ClusterRole", "ConfigMap", "Secret"}
	rank := func(o *unstructured.Unstructured) int {
		if at := slices.Index(first, o.GetKind()); at >= 0 {
			return at
		}
		return len(first)
	}
	return slices.SortedFunc(slices.Values(f.objects), func(a, b *unstructured.Unstructured) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.GetKind(), b.GetKind()), cmp.Compare(a.GetName(), b.GetName()))
	})
}

// prune deletes the objects that are in no folder any more, the last that was applied first, and returns what was refused. The
// namespace stays.
func (f *folder) prune(which func(*unstructured.Unstructured) bool) (refused []error) {
	f.Helper()
	for _, o := range slices.Backward(f.inOrder()) {
		if o.GetKind() == "Namespace" || !which(o) {
			continue
		}
		if err := client.IgnoreNotFound(f.Delete(f.Context(), o.DeepCopy())); err != nil {
			refused = append(refused, fmt.Errorf("deleting %s: %w", name(o), err))
		}
	}
	return refused
}

func everything(*unstructured.Unstructured) bool { return true }

// pruned says that neither Flux nor Argo CD is told to leave an object alone.
func pruned(o *unstructured.Unstructured) bool {
	return o.GetAnnotations()["kustomize.toolkit.fluxcd.io/prune"] != "disabled" &&
		!strings.Contains(o.GetAnnotations()["argocd.argoproj.io/sync-options"], "Prune=false")
}

// kinds are what is looked at.
var kinds = []schema.GroupVersionKind{
	v1alpha1.GroupVersion.WithKind("Organization"), v1alpha1.GroupVersion.WithKind("SeatPool"), v1alpha1.GroupVersion.WithKind("SeatSlice"),
	v1alpha1.GroupVersion.WithKind("Role"), v1alpha1.GroupVersion.WithKind("Team"), v1alpha1.GroupVersion.WithKind("User"),
	v1alpha1.GroupVersion.WithKind("ArchivedUser"),
	{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "RoleBinding"},
}

// there are the objects of the kinds, but the probes'.
func (f *folder) there(kinds ...schema.GroupVersionKind) (objects []unstructured.Unstructured) {
	f.Helper()
	for _, kind := range kinds {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		f.must(f.List(f.Context(), list, client.InNamespace(f.ns)), "listing %s", kind.Kind)
		objects = append(objects, slices.DeleteFunc(list.Items, func(o unstructured.Unstructured) bool { return strings.HasPrefix(o.GetName(), probe) })...)
	}
	return objects
}

func (f *folder) of(kind string) []unstructured.Unstructured {
	f.Helper()
	return f.there(v1alpha1.GroupVersion.WithKind(kind))
}

// versionsOf are the versions of all that is there, and whether the operator goes on with any.
func (f *folder) versionsOf() (versions map[string]string, goesOn bool) {
	f.Helper()
	versions = map[string]string{}
	for _, o := range f.there(kinds...) {
		versions[name(&o)] = o.GetResourceVersion()
		if result, err := status.Compute(&o); err != nil || result.Status == status.InProgressStatus {
			goesOn = true
		}
	}
	return versions, goesOn
}

// settleFolder waits until the operator, which is given something else to do, has done nothing about the folder in between.
func (f *folder) settleFolder() {
	f.Helper()
	before, _ := f.versionsOf()
	for range 60 {
		f.distract()
		after, goesOn := f.versionsOf()
		if !goesOn && maps.Equal(before, after) {
			f.keepsTheContract()
			return
		}
		before = after
	}
	f.Fatalf("it does not settle: %v", f.state())
}

// distract returns when the operator has dealt with what it was given last.
func (f *folder) distract() {
	f.Helper()
	f.probes++
	f.stage.distract(fmt.Sprintf("%s-%d", probe, f.probes))
}

// letters is how many mails each address of the folder has got.
func (f *folder) letters() map[string]int {
	letters := map[string]int{}
	for _, m := range f.box.Messages() {
		for _, to := range m.To {
			if !strings.HasPrefix(to, probe) {
				letters[to]++
			}
		}
	}
	return letters
}

// acceptAll has everybody accept who is invited.
func (f *folder) acceptAll() {
	f.Helper()
	for _, o := range f.of("User") {
		u := get[v1alpha1.User](f.stage, o.GetName())
		if stands(u, v1alpha1.ReasonInvited) != nil {
			continue
		}
		mails := f.mails(u.Spec.Email)
		f.answer(mails[len(mails)-1].Links()[0], accept, http.StatusOK)
		f.is(u.Name, v1alpha1.ReasonActive)
	}
}

// state is all that is to be the same however one came to it: what is not is who was first, when, and under which UID. Where people
// wait for seats, who has one follows from who was there first, and so names nobody.
func (f *folder) state() map[string]any {
	f.Helper()
	state, users, contested := map[string]any{}, []string{}, false
	for _, o := range f.there(kinds...) {
		switch o.GetKind() {
		case "SeatSlice":
			assignments, _, _ := unstructured.NestedSlice(o.Object, "assignments")
			state[name(&o)] = len(assignments)
		case "RoleBinding":
			subjects, _, _ := unstructured.NestedSlice(o.Object, "subjects")
			state[o.GetKind()+" "+o.GetLabels()[v1alpha1.LabelRole]] = len(subjects)
		case "User":
			u := get[v1alpha1.User](f.stage, o.GetName())
			contested = contested || stands(u, v1alpha1.ReasonAwaitingSeat) == nil
			is := fmt.Sprint(reasons(&o), u.Status.Seats, u.Status.AcceptedAt != nil, !u.DeletionTimestamp.IsZero(), f.letters()[u.Spec.Email])
			users = append(users, is)
			state[name(&o)] = fmt.Sprint(is, u.Status.Roles)
		default:
			content, _, _ := unstructured.NestedMap(o.Object, "status")
			// A directory is first looked at up to half a minute after an organization came.
			for _, passing := range []string{"conditions", "directory", "ledger", "observedGeneration", "removals", "queue", "roleDecisions"} {
				delete(content, passing)
			}
			state[name(&o)] = fmt.Sprint(reasons(&o), content, o.GetDeletionTimestamp() != nil)
		}
	}
	if contested {
		maps.DeleteFunc(state, func(name string, _ any) bool {
			return strings.HasPrefix(name, "User ") || strings.HasPrefix(name, "Role ")
		})
		slices.Sort(users)
		state["Users"] = users
	}
	accounts := 0
	for _, a := range f.accounts.Accounts() {
		if a.Account.Active {
			accounts++
		}
	}
	state["active accounts"] = accounts
	return state
}

// reasons are the conditions of an object, without words and times. MailReachable is there once there was a mail.
func reasons(o *unstructured.Unstructured) (reasons []string) {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		c := c.(map[string]any)
		if c["type"] == v1alpha1.ConditionMailReachable {
			continue
		}
		reasons = append(reasons, fmt.Sprintf("%s=%s (%s)", c["type"], c["status"], c["reason"]))
	}
	slices.Sort(reasons)
	return reasons
}

// keepsTheContract holds that Flux and Argo CD see of each object what its conditions say.
func (f *folder) keepsTheContract() {
	f.Helper()
	for _, list := range []client.ObjectList{&v1alpha1.OrganizationList{}, &v1alpha1.SeatPoolList{}, &v1alpha1.RoleList{}, &v1alpha1.TeamList{}, &v1alpha1.UserList{}} {
		f.must(f.List(f.Context(), list, client.InNamespace(f.ns)), "listing %T", list)
		f.must(meta.EachListItem(list, func(o runtime.Object) error { return contract.Conditions(o.(v1alpha1.Conditioned)) }), "the state of the folder")
	}
}
