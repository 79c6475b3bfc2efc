// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// agency is an organization in which mia owns three notes, one of which is declared in Git, a secret, and a note that stays.
func agency(t *testing.T) string {
	t.Helper()
	ns := env.Namespace(t)
	secrets := build.Notes()
	secrets.Name, secrets.Resource.Resource, secrets.OnArchive = "secrets", "secrets", v1alpha1.OwnershipBlock
	gone := build.Notes()
	gone.Name, gone.Resource = "deals", v1alpha1.OwnedResource{Group: "crm.example.org", Version: "v1", Resource: "deals"}
	kept := build.Notes()
	kept.Name, kept.Resource.Resource, kept.OnArchive = "accounts", "serviceaccounts", v1alpha1.OwnershipRetain
	git := build.Note("in-git", "mia")
	git.Labels["kustomize.toolkit.fluxcd.io/name"] = "crm"
	key := &corev1.Secret{}
	key.Name, key.Labels = "key", map[string]string{v1alpha1.LabelOwner: "mia"}
	seed(t, ns,
		build.Organization("acme").Owner("olivia").Ownership(build.Notes(), secrets, gone, kept).Obj(),
		active(build.User("mia")), active(build.User("noah")), build.User("new").Obj(), active(build.User("out").In("", "other")),
		build.Note("one", "mia"), build.Note("two", "mia"), build.Note("hers", "noah"), git, key,
	)
	return ns
}

// owner is whose an object is.
func owner(t *testing.T, ns, name string, o client.Object) string {
	t.Helper()
	return read(t, ns, name, o).GetLabels()[v1alpha1.LabelOwner]
}

func TestHandover(t *testing.T) {
	t.Parallel()
	ns := agency(t)
	want := `RULE       RESOURCE                ON ARCHIVE   OBJECTS   IN GIT   TO
notes      configmaps              Reassign     2         1        noah
secrets    secrets                 Block        1         0        noah
deals      deals.crm.example.org   Reassign     0         0        deals.crm.example.org are not installed (rule deals)
accounts   serviceaccounts         Retain       -         -        they stay as they are
`
	if diff := cmp.Diff(want, run(t, "handover", "mia", "--to", "noah", "-n", ns, "--dry-run=client").done(t)); diff != "" {
		t.Errorf("a dry run of the client; want -, got +:\n%s", diff)
	}
	judged := run(t, "handover", "mia", "--to", "noah", "-n", ns, "--dry-run=server").says(t, "1 object is declared in Git")
	if diff := cmp.Diff(want+"configmaps: 2 handed over to noah (server dry run)\nsecrets: 1 handed over to noah (server dry run)\n", judged.out); diff != "" || judged.code != exitFailed {
		t.Errorf("a dry run of the server ends with %d, as without it; want -, got +:\n%s", judged.code, diff)
	}
	if got := run(t, "handover", "mia", "--to", "noah", "-n", ns, "--dry-run=client", "-o", "name").done(t); got != "user.seatkeeper.dev/mia\n" {
		t.Errorf("the name is %q", got)
	}
	if got := run(t, "handover", "mia", "--to", "noah", "-n", ns, "--dry-run=client", "-o", "wide").done(t); !strings.Contains(got, "ConfigMap in-git (Flux crm)\n") {
		t.Errorf("what is in Git is not named:\n%s", got)
	}
	if a := run(t, "handover", "mia", "--to", "noah", "-n", ns).says(t, "give --yes"); a.code != exitFailed || owner(t, ns, "one", &corev1.ConfigMap{}) != "mia" {
		t.Errorf("nobody confirmed it: exit code %d", a.code)
	}
	patch := fmt.Sprintf("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels:\n    seatkeeper.dev/owner: noah\n  name: in-git\n  namespace: %s\n", ns)
	if diff := cmp.Diff(patch, run(t, "handover", "mia", "--to", "noah", "-n", ns, "--patch").done(t)); diff != "" {
		t.Errorf("what Git must change; want -, got +:\n%s", diff)
	}

	a := asked("y\n").run(t, "handover", "mia", "--to", "noah", "-n", ns).says(t, "Hand 3 objects over to noah?", "1 object is declared in Git", "kubectl seatkeeper handover mia --to noah --patch -n "+ns)
	if a.code != exitFailed || a.out != want+"configmaps: 2 handed over to noah\nsecrets: 1 handed over to noah\n" {
		t.Errorf("exit code %d, and it prints:\n%s", a.code, a.out)
	}
	for name, o := range map[string]client.Object{"one": &corev1.ConfigMap{}, "two": &corev1.ConfigMap{}, "hers": &corev1.ConfigMap{}, "key": &corev1.Secret{}} {
		if got := owner(t, ns, name, o); got != "noah" {
			t.Errorf("%s is %s's", name, got)
		}
	}
	if got := owner(t, ns, "in-git", &corev1.ConfigMap{}); got != "mia" {
		t.Errorf("what is declared in Git is %s's", got)
	}
	if u := read(t, ns, "mia", &v1alpha1.User{}); u.Spec.State != v1alpha1.UserActive || u.Spec.Successor != "" {
		t.Errorf("mia was to stay: %+v", u.Spec)
	}
	run(t, "handover", "noah", "--to", "mia", "-n", ns, "--yes", "-o", "json").done(t)
	if got := owner(t, ns, "key", &corev1.Secret{}); got != "mia" {
		t.Errorf("there and back, the key is %s's", got)
	}
}

// refuse has a policy of the cluster refuse what an expression does not allow, of one operation and resource, and waits until a probe is.
func refuse(t *testing.T, ns string, op admissionregistrationv1.OperationType, of schema.GroupVersionResource, unless string, probe func() error) {
	t.Helper()
	exact, fail, forbidden := admissionregistrationv1.Exact, admissionregistrationv1.Fail, metav1.StatusReasonForbidden
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{}
	policy.Name = ns
	policy.Spec = admissionregistrationv1.ValidatingAdmissionPolicySpec{
		FailurePolicy: &fail,
		MatchConstraints: &admissionregistrationv1.MatchResources{
			MatchPolicy: &exact, NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: ns}},
			ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: admissionregistrationv1.RuleWithOperations{
				Operations: []admissionregistrationv1.OperationType{op},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{of.Group}, APIVersions: []string{of.Version}, Resources: []string{of.Resource}},
			}}},
		},
		Validations: []admissionregistrationv1.Validation{{Expression: unless, Message: "nobody touches it", Reason: &forbidden}},
	}
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{}
	binding.Name = ns
	binding.Spec = admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
		PolicyName: ns, ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny},
	}
	for _, o := range []client.Object{policy, binding} {
		if err := env.Client(t).Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	env.Eventually(t, func() error { // the API server takes it up in a moment
		if err := probe(); err == nil || !strings.Contains(err.Error(), "nobody touches it") {
			return fmt.Errorf("not yet: %w", err)
		}
		return nil
	})
}

// A dry run of the server says what it would refuse, of each object, and ends.
func TestHandoverIsRefusedInADryRun(t *testing.T) {
	t.Parallel()
	ns := agency(t)
	fixed := build.Note("fixed", "mia")
	seed(t, ns, fixed)
	touch := client.RawPatch(types.MergePatchType, []byte(`{"data":{"probe":"x"}}`))
	refuse(t, ns, admissionregistrationv1.Update, corev1.SchemeGroupVersion.WithResource("configmaps"), `object.metadata.name != "fixed"`, func() error {
		return env.Client(t).Patch(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "fixed"}}, touch, client.DryRunAll)
	})
	a := run(t, "handover", "mia", "--to", "noah", "-n", ns, "--dry-run=server").says(t, "rule notes: configmaps fixed cannot be handed over", "nobody touches it")
	if a.code != exitFailed || !strings.HasSuffix(a.out, "configmaps: 2 handed over to noah (server dry run)\nsecrets: 1 handed over to noah (server dry run)\n") {
		t.Errorf("exit code %d, and it prints:\n%s", a.code, a.out)
	}
	for _, name := range []string{"one", "fixed"} {
		if got := owner(t, ns, name, &corev1.ConfigMap{}); got != "mia" {
			t.Errorf("%s is %s's", name, got)
		}
	}
}

func TestHandoverIsRefused(t *testing.T) {
	t.Parallel()
	ns := agency(t)
	group := v1alpha1.GroupVersion.Group
	people := rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{"users", "organizations"}, Verbs: []string{"get", "list"}}
	may(t, ns, "blind", people)
	may(t, ns, "reader", people, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"configmaps", "secrets"}, Verbs: []string{"list"}},
		rbacv1.PolicyRule{APIGroups: []string{"crm.example.org"}, Resources: []string{"deals"}, Verbs: []string{"list"}})
	for _, c := range []struct {
		why, to, as, want string
	}{
		{"themselves", "mia", "", "user mia cannot take over from themselves"},
		{"who has not accepted", "new", "", "user new cannot take over, being Pending"},
		{"another organization", "out", "", "user out belongs to organization other"},
		{"what is owned cannot be seen", "noah", "blind", "rule notes: you may not list configmaps: ask for the rights list and patch"},
		{"it cannot be changed", "noah", "reader", "rule notes: you may not patch configmaps in namespace " + ns},
	} {
		t.Run(c.why, func(t *testing.T) {
			args := []string{"handover", "mia", "--to", c.to, "-n", ns, "--yes"}
			if c.as != "" {
				args = append(args, "--as", c.as)
			}
			if a := run(t, args...).says(t, c.want); a.code != exitFailed || strings.Contains(a.out, "handed over") {
				t.Errorf("exit code %d, and it prints:\n%s", a.code, a.out)
			}
		})
	}
	if got := owner(t, ns, "one", &corev1.ConfigMap{}); got != "mia" {
		t.Errorf("a note is %s's", got)
	}
}

// TestHandoverOfNothing checks that a dry run ends as what it tries does where Git has all.
func TestHandoverOfNothing(t *testing.T) {
	t.Parallel()
	ns := agency(t)
	for _, o := range []client.Object{build.Note("one", ""), build.Note("two", ""), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "key"}}} {
		o.SetNamespace(ns)
		if err := env.Client(t).Delete(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	for _, flag := range []string{"--dry-run=server", "--yes"} {
		if a := run(t, "handover", "mia", "--to", "noah", "-n", ns, flag).says(t, "There is nothing to hand over here.", "1 object is declared in Git"); a.code != exitFailed {
			t.Errorf("%s ends with %d", flag, a.code)
		}
	}
}

// TestADryRunTellsWhatItCouldNotJudge checks that an object which somebody else has at the same time is not left out without a word.
func TestADryRunTellsWhatItCouldNotJudge(t *testing.T) {
	t.Parallel()
	ns := agency(t)
	config, path := genericclioptions.NewConfigFlags(true), kubeconfig(t)
	config.KubeConfig, config.Namespace = &path, &ns
	sh, _ := testShell("", false, nil)
	sh.Config = config
	c, err := sh.cluster()
	if err != nil {
		t.Fatal(err)
	}
	estate, err := c.estate()
	if err != nil {
		t.Fatal(err)
	}
	plan, err := sh.planHandover(t.Context(), c, estate, "mia", "noah")
	if err != nil {
		t.Fatal(err)
	}
	h := &handing{dryRun: dryRunServer}
	h.format = formatTable
	err = sh.carryOut(t.Context(), h, func(ctx context.Context, task *handover.Task) (*handover.Report, error) {
		one := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "one"}}
		if err := env.Client(t).Delete(ctx, one); client.IgnoreNotFound(err) != nil {
			return nil, err
		}
		return estate.Try(ctx, task)
	}, plan)
	if want := "rule notes: 1 object was changed or deleted meanwhile and not judged"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("it does not say %q: %v", want, err)
	}
}
