// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// cabinet is an organization whose people lea and max are removed for good, or as its policy says.
func cabinet(t *testing.T, policy v1alpha1.OffboardingMode) string {
	t.Helper()
	ns := env.Namespace(t)
	stays := func(b *build.UserBuilder) client.Object {
		u := active(b.Holds("user").Seats("users"))
		u.Finalizers = []string{v1alpha1.FinalizerArchive}
		return u
	}
	notes := build.Notes()
	notes.Successor = []v1alpha1.SuccessorSource{v1alpha1.SuccessorManager, v1alpha1.SuccessorOwner}
	seed(t, ns,
		build.Organization("acme").Owner("olivia").Policy(policy).Retention(8760*time.Hour).Ownership(notes).Obj(), build.Role("user").MinHolders(2).Obj(),
		stays(build.User("olivia")), stays(build.User("lea").Manager("max")), stays(build.User("max").Manager("lea")))
	return ns
}

// TestDelete checks that what cannot be undone is said and asked before it is confirmed and done, and that it happens to this very User.
func TestDelete(t *testing.T) {
	t.Parallel()
	ns := cabinet(t, v1alpha1.OffboardingDelete)
	lea := func() *v1alpha1.User { return read(t, ns, "lea", &v1alpha1.User{}) }
	run(t, "delete", "olivia", "-n", ns, "--yes").failed(t, "user olivia is the owner of organization acme, who is not removed")
	run(t, "delete", "lea", "-n", ns).says(t, "Delete lea (lea@acme.example), who is Active", "This cannot be undone: no record is left",
		"Roles that are lost: user", "Seats that are freed: users", "Owned configmaps (rule notes): pass to max").failed(t, "give --yes to confirm")
	if got := run(t, "delete", "lea", "-n", ns, "--dry-run=server").done(t); got != "user.seatkeeper.dev/lea deleted (server dry run)\n" {
		t.Errorf("it prints %q", got)
	}
	if u := lea(); !u.DeletionTimestamp.IsZero() || len(u.Annotations) > 0 {
		t.Fatalf("nothing was confirmed, and it is deleted at %v, with %v", u.DeletionTimestamp, u.Annotations)
	}
	meddling := whileAsked(func() {
		u := lea()
		u.Spec.Title = "Countess"
		if err := env.Client(t).Update(t.Context(), u); err != nil {
			t.Error(err)
		}
	})
	if got := meddling.run(t, "delete", "lea", "-n", ns).done(t); got != "user.seatkeeper.dev/lea deleted\n" {
		t.Errorf("it prints %q", got)
	}
	if u := lea(); u.DeletionTimestamp.IsZero() || u.Annotations[v1alpha1.AnnotationConfirmDelete] != string(u.UID) {
		t.Errorf("it is deleted at %v, with %v", u.DeletionTimestamp, u.Annotations)
	}
	run(t, "delete", "lea", "-n", ns, "--yes").failed(t, "user lea is being deleted already")
	release(t, lea())
	run(t, "delete", "lea", "-n", ns, "--yes").failed(t, `has no User "lea"`)
}

// release has the API server delete a User whom nobody looks after.
func release(t *testing.T, u *v1alpha1.User) {
	t.Helper()
	u.Finalizers = nil
	if err := env.Client(t).Update(t.Context(), u); err != nil {
		t.Fatal(err)
	}
}

// TestDeleteConfirms checks that a deletion that waits for it is confirmed.
func TestDeleteConfirms(t *testing.T) {
	t.Parallel()
	ns := cabinet(t, v1alpha1.OffboardingDelete)
	if err := env.Client(t).Delete(t.Context(), read(t, ns, "lea", &v1alpha1.User{})); err != nil {
		t.Fatal(err)
	}
	a := asked("y\n").run(t, "delete", "lea", "-n", ns).says(t, "Confirm the deletion of lea", "This cannot be undone")
	if got := a.done(t); got != "user.seatkeeper.dev/lea deletion confirmed\n" {
		t.Errorf("it prints %q", got)
	}
	if u := read(t, ns, "lea", &v1alpha1.User{}); u.Annotations[v1alpha1.AnnotationConfirmDelete] != string(u.UID) {
		t.Errorf("it has %v", u.Annotations)
	}
}

// TestDeleteLeavesARecord checks that nothing is confirmed where a record is left, and that of two who go neither takes over.
func TestDeleteLeavesARecord(t *testing.T) {
	t.Parallel()
	ns := cabinet(t, v1alpha1.OffboardingArchive)
	run(t, "delete", "lea", "max", "-n", ns, "--dry-run=server").failed(t, "nothing was changed: role user needs 2 who hold it (spec.minHolders), and without them 1 do")
	fewer(t, ns)
	a := run(t, "delete", "lea", "max", "-n", ns, "--yes").says(t, "A record is left for 8760h0m0s")
	a.done(t)
	if strings.Count(a.err, "pass to olivia") != 2 {
		t.Errorf("neither of them is there to take over:\n%s", a.err)
	}
	for _, name := range []string{"lea", "max"} {
		if u := read(t, ns, name, &v1alpha1.User{}); u.DeletionTimestamp.IsZero() || len(u.Annotations) > 0 {
			t.Errorf("%s is deleted at %v, with %v", name, u.DeletionTimestamp, u.Annotations)
		}
	}
}

// TestDeleteMeansThisUser checks that another User of the name, who came while the question was on the screen, stays.
func TestDeleteMeansThisUser(t *testing.T) {
	t.Parallel()
	ns := cabinet(t, v1alpha1.OffboardingDelete)
	whileAsked(func() {
		u := read(t, ns, "lea", &v1alpha1.User{})
		if err := env.Client(t).Delete(t.Context(), u.DeepCopy()); err != nil {
			t.Error(err)
		}
		release(t, read(t, ns, "lea", &v1alpha1.User{}))
		another := active(build.User("lea").In(ns, "acme").Holds("user").Seats("users").Manager("max"))
		seed(t, ns, another)
	}).run(t, "delete", "lea", "-n", ns).failed(t, "User lea was changed meanwhile", "run the command again")
	if u := read(t, ns, "lea", &v1alpha1.User{}); !u.DeletionTimestamp.IsZero() || len(u.Annotations) > 0 {
		t.Errorf("another lea is deleted at %v, with %v", u.DeletionTimestamp, u.Annotations)
	}
}

func TestDeleteLeavesGitAlone(t *testing.T) {
	t.Parallel()
	ns := cabinet(t, v1alpha1.OffboardingDelete)
	u := read(t, ns, "lea", &v1alpha1.User{})
	u.Labels = map[string]string{"kustomize.toolkit.fluxcd.io/name": "people"}
	if err := env.Client(t).Update(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	run(t, "delete", "lea", "-n", ns, "--yes").failed(t, "User lea is declared in Git, and Flux (people) would create it anew. Nothing was changed: take it out of there")
	if err := env.Client(t).Delete(t.Context(), u); err != nil { // as Flux does then
		t.Fatal(err)
	}
	run(t, "delete", "lea", "-n", ns, "--yes").done(t)
	if u := read(t, ns, "lea", &v1alpha1.User{}); u.Annotations[v1alpha1.AnnotationConfirmDelete] != string(u.UID) {
		t.Errorf("it has %v", u.Annotations)
	}
}

// TestDeleteThatIsRefused checks that nothing is confirmed where the deletion would be refused.
func TestDeleteThatIsRefused(t *testing.T) {
	t.Parallel()
	ns := cabinet(t, v1alpha1.OffboardingDelete)
	may(t, ns, "eve", rbacv1.PolicyRule{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"*"}, Verbs: []string{"get", "list", "patch"}})
	run(t, "delete", "lea", "-n", ns, "--yes", "--as", "eve").failed(t, "user lea was not deleted")
	if u := read(t, ns, "lea", &v1alpha1.User{}); len(u.Annotations) > 0 {
		t.Errorf("it has %v", u.Annotations)
	}
}

// TestWarnings checks that nobody is told to confirm what is confirmed in the same breath.
func TestWarnings(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	w := warnings{rest.NewWarningWriter(&said, rest.WarningWriterOptions{})}
	w.HandleWarningHeader(299, "-", "nothing happens until you confirm it: kubectl annotate user lea -n a --overwrite seatkeeper.dev/confirm-delete=u")
	w.HandleWarningHeader(299, "-", "this cannot be undone")
	if got := said.String(); got != "Warning: this cannot be undone\n" {
		t.Errorf("it says %q", got)
	}
}

// TestStrangersTakeNothingOver checks that neither who belongs to another organization, nor a role that is being deleted, counts.
func TestStrangersTakeNothingOver(t *testing.T) {
	t.Parallel()
	ns := cabinet(t, v1alpha1.OffboardingArchive)
	seed(t, ns, active(build.User("out").In("", "other").Holds("user")), active(build.User("new").Manager("out").Holds("user", "going")))
	going := build.Role("going").In(ns, "acme").MinHolders(1).Obj()
	going.Finalizers = []string{v1alpha1.FinalizerArchive}
	seed(t, ns, going)
	if err := env.Client(t).Delete(t.Context(), read(t, ns, "going", &v1alpha1.Role{})); err != nil {
		t.Fatal(err)
	}
	a := run(t, "archive", "new", "-n", ns, "--yes", "--dry-run=client").says(t, "(rule notes): pass to olivia")
	if a.done(t); strings.Contains(a.err, "Role going") {
		t.Errorf("the role goes, and it says:\n%s", a.err)
	}
	run(t, "archive", "new", "--successor", "out", "-n", ns, "--yes").failed(t, `organization acme has no User "out" to take over`)
}

// TestOnePersonTakesFewRequests checks that who archives one person does not read all of the organization, and needs no right to.
func TestOnePersonTakesFewRequests(t *testing.T) {
	t.Parallel()
	ns := cabinet(t, v1alpha1.OffboardingArchive)
	group := []string{v1alpha1.GroupVersion.Group}
	of := func(verbs []string, resources ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: group, Resources: resources, Verbs: verbs}
	}
	may(t, ns, "eve", of([]string{"get"}, "organizations", "roles", "seatpools"), of([]string{"get", "patch"}, "users"))
	may(t, ns, "max", of([]string{"get"}, "organizations", "roles", "seatpools"), of([]string{"get", "list", "patch"}, "users"), of([]string{"list"}, "teams"))
	run(t, "archive", "lea", "-n", ns, "--as", "eve", "--yes").failed(t, "listing users") // of the role, somebody has to stay
	fewer(t, ns)
	run(t, "archive", "lea", "-n", ns, "--as", "eve", "--successor", "max", "--yes").says(t, "pass to max").done(t)
	run(t, "reactivate", "lea", "-n", ns, "--as", "max", "--yes").done(t)
	org := read(t, ns, "acme", &v1alpha1.Organization{})
	org.Spec.Offboarding.Ownership[0].Successor = []v1alpha1.SuccessorSource{v1alpha1.SuccessorTeamLead}
	if err := env.Client(t).Update(t.Context(), org); err != nil {
		t.Fatal(err)
	}
	run(t, "archive", "lea", "-n", ns, "--as", "eve", "--yes").failed(t, "listing teams")
	org.Spec.Offboarding.Ownership[0].Successor = []v1alpha1.SuccessorSource{v1alpha1.SuccessorSpread}
	if err := env.Client(t).Update(t.Context(), org); err != nil {
		t.Fatal(err)
	}
	run(t, "archive", "lea", "-n", ns, "--as", "eve", "--yes").failed(t, "listing users")
	run(t, "archive", "lea", "-n", ns, "--as", "max", "--yes").says(t, "pass to max, olivia").done(t)
}

// fewer has nobody be needed as a holder of role user.
func fewer(t *testing.T, ns string) {
	t.Helper()
	role := read(t, ns, "user", &v1alpha1.Role{})
	role.Spec.MinHolders = nil
	if err := env.Client(t).Update(t.Context(), role); err != nil {
		t.Fatal(err)
	}
}

// refuseDeletions has the cluster refuse to delete somebody, of whom a dry run says that it would not.
func refuseDeletions(t *testing.T, ns, name string) {
	t.Helper()
	probe := build.User("probe").In(ns, "acme").Obj()
	seed(t, ns, probe)
	unless := fmt.Sprintf(`request.name != "probe" && (request.dryRun || request.name != %q)`, name)
	refuse(t, ns, admissionregistrationv1.Delete, v1alpha1.GroupVersion.WithResource("users"), unless, func() error {
		return env.Client(t).Delete(t.Context(), probe, client.DryRunAll)
	})
}

// TestARefusedDeletionIsNotConfirmed checks that who stays has nothing by which a later deletion would be final (rule IN-10).
func TestARefusedDeletionIsNotConfirmed(t *testing.T) {
	t.Parallel()
	ns := cabinet(t, v1alpha1.OffboardingDelete)
	fewer(t, ns)
	refuseDeletions(t, ns, "max")
	run(t, "delete", "max", "-n", ns, "--dry-run=server").done(t)
	a := run(t, "delete", "lea", "max", "-n", ns, "--yes").says(t, "user max was not deleted", "nobody touches it", "It stopped at max: of 2, 1 were done before, which stay so, and 0 were not tried.")
	if a.code != exitFailed || a.out != "user.seatkeeper.dev/lea deleted\n" || strings.Contains(a.err, "for this right") {
		t.Errorf("exit code %d, and it prints %q\n%s", a.code, a.out, a.err)
	}
	if u := read(t, ns, "max", &v1alpha1.User{}); !u.DeletionTimestamp.IsZero() || len(u.Annotations) > 0 {
		t.Errorf("max is deleted at %v, with %v", u.DeletionTimestamp, u.Annotations)
	}
	if u := read(t, ns, "lea", &v1alpha1.User{}); u.DeletionTimestamp.IsZero() || u.Annotations[v1alpha1.AnnotationConfirmDelete] != string(u.UID) {
		t.Errorf("lea is deleted at %v, with %v", u.DeletionTimestamp, u.Annotations)
	}
}

// TestADeletionThatCannotBeConfirmed checks that it says so, and that the next run confirms it.
func TestADeletionThatCannotBeConfirmed(t *testing.T) {
	t.Parallel()
	ns := cabinet(t, v1alpha1.OffboardingDelete)
	probe := build.User("probe").In(ns, "acme").Obj()
	seed(t, ns, probe)
	touch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"probe":"x"}}}`))
	refuse(t, ns, admissionregistrationv1.Update, v1alpha1.GroupVersion.WithResource("users"), `request.name != "probe" && !has(object.metadata.deletionTimestamp)`, func() error {
		return env.Client(t).Patch(t.Context(), probe.DeepCopy(), touch, client.DryRunAll)
	})
	run(t, "delete", "lea", "-n", ns, "--yes").failed(t, "user lea is deleted, which is not confirmed and waits for that: run the command again to confirm it", "nobody touches it")
	if u := read(t, ns, "lea", &v1alpha1.User{}); u.DeletionTimestamp.IsZero() || len(u.Annotations) > 0 {
		t.Errorf("lea is deleted at %v, with %v", u.DeletionTimestamp, u.Annotations)
	}
	run(t, "delete", "lea", "-n", ns, "--dry-run=client").says(t, "Confirm the deletion of lea").done(t)
}

// busy writes to a User before the first change of it, as the operator does to who is deleted.
type busy struct {
	client.Client

	before  func()
	patches int
}

func (b *busy) Patch(ctx context.Context, o client.Object, patch client.Patch, options ...client.PatchOption) error {
	if b.patches++; b.patches == 1 {
		b.before()
	}
	return b.Client.Patch(ctx, o, patch, options...)
}

// TestADeletionIsConfirmedWhateverIsWrittenMeanwhile checks that the operator's own writing is no reason to give up, and nor is that
// the User is gone by then.
func TestADeletionIsConfirmedWhateverIsWrittenMeanwhile(t *testing.T) {
	t.Parallel()
	for _, gone := range []bool{false, true} {
		ns := cabinet(t, v1alpha1.OffboardingDelete)
		e, err := removal(read(t, ns, "acme", &v1alpha1.Organization{}), read(t, ns, "lea", &v1alpha1.User{}))
		if err != nil {
			t.Fatal(err)
		}
		b := &busy{Client: env.Client(t), before: func() {
			u := read(t, ns, "lea", &v1alpha1.User{})
			u.Labels = map[string]string{"written": "meanwhile"}
			if gone {
				u.Finalizers = nil
			}
			if err := env.Client(t).Update(t.Context(), u); err != nil {
				t.Error(err)
			}
		}}
		if _, err := e.make(t.Context(), &cluster{Client: b, namespace: ns}, nil); err != nil {
			t.Fatal(err)
		}
		if gone {
			continue
		}
		if u := read(t, ns, "lea", &v1alpha1.User{}); u.DeletionTimestamp.IsZero() || u.Annotations[v1alpha1.AnnotationConfirmDelete] != string(u.UID) || b.patches != 2 {
			t.Errorf("lea is deleted at %v, with %v, after %d patches", u.DeletionTimestamp, u.Annotations, b.patches)
		}
	}
}

// TestWhoIsNotAsShownIsNotDeleted checks that an edit, while the question is on the screen, of what was shown ends it, whatever the policy.
func TestWhoIsNotAsShownIsNotDeleted(t *testing.T) {
	t.Parallel()
	for _, policy := range []v1alpha1.OffboardingMode{v1alpha1.OffboardingArchive, v1alpha1.OffboardingDelete} {
		ns := cabinet(t, policy)
		whileAsked(func() {
			u := read(t, ns, "lea", &v1alpha1.User{})
			u.Spec.Email = "lea2@acme.example"
			if err := env.Client(t).Update(t.Context(), u); err != nil {
				t.Error(err)
			}
		}).run(t, "delete", "lea", "-n", ns).failed(t, "User lea was changed meanwhile, and is not what was shown any more")
		if u := read(t, ns, "lea", &v1alpha1.User{}); !u.DeletionTimestamp.IsZero() || len(u.Annotations) > 0 {
			t.Errorf("%s: lea is deleted at %v, with %v", policy, u.DeletionTimestamp, u.Annotations)
		}
	}
}

// TestMoreThanMayLeaveAtOnce checks that several are counted together against spec.protection, which a dry run judges one by one.
func TestMoreThanMayLeaveAtOnce(t *testing.T) {
	t.Parallel()
	ns := cabinet(t, v1alpha1.OffboardingArchive)
	fewer(t, ns)
	seed(t, ns, build.User("new").In(ns, "acme").Obj()) // who has no access is no removal
	org := read(t, ns, "acme", &v1alpha1.Organization{})
	protect := func(most string) {
		org.Spec.Protection = build.Organization("acme").Protection(most, time.Hour).Obj().Spec.Protection
		if err := env.Client(t).Update(t.Context(), org); err != nil {
			t.Fatal(err)
		}
	}
	record := func(r v1alpha1.RemovalsStatus) {
		org.Status.Removals = r
		if err := env.Client(t).Status().Update(t.Context(), org); err != nil {
			t.Fatal(err)
		}
	}
	both := func(command string) answer { return run(t, command, "lea", "max", "-n", ns, "--dry-run=server") }
	protect("1")
	for _, command := range []string{"delete", "archive"} {
		both(command).failed(t, "nothing was changed: 2 removals are too many: organization acme allows 1 within 1h (spec.protection), and there were 0: wait, name fewer")
		run(t, command, "lea", "new", "-n", ns, "--dry-run=server").done(t)
	}
	protect("2")
	both("delete").done(t)
	passed := v1alpha1.PassedRemoval{User: "ghost", UID: "ghost", Generation: 1, Kind: v1alpha1.RemovalDelete, At: metav1.Now(), By: v1alpha1.PassLimit}
	record(v1alpha1.RemovalsStatus{Passed: []v1alpha1.PassedRemoval{passed}})
	both("archive").failed(t, "and there were 1")
	passed.User, passed.UID = "lea", read(t, ns, "lea", &v1alpha1.User{}).UID // who was removed within the window counts once
	record(v1alpha1.RemovalsStatus{Passed: []v1alpha1.PassedRemoval{passed}})
	both("archive").done(t)
	protect("50%")
	record(v1alpha1.RemovalsStatus{Members: ptr.To[int32](3)})
	both("delete").failed(t, "organization acme allows 1 within 1h")
}

// TestSomebodyWhoAcceptedStays checks that the holders who stay are counted as admission does: with those who are invited, if one of them all
// has accepted.
func TestSomebodyWhoAcceptedStays(t *testing.T) {
	t.Parallel()
	ns := cabinet(t, v1alpha1.OffboardingArchive)
	invited := func(name string) client.Object { return build.User(name).In(ns, "acme").Holds("user").Obj() }
	seed(t, ns, invited("new"))
	run(t, "delete", "lea", "max", "-n", ns, "--dry-run=server").done(t)
	owner := read(t, ns, "olivia", &v1alpha1.User{})
	owner.Status.Roles = nil
	if err := env.Client(t).Status().Update(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	seed(t, ns, invited("other"))
	run(t, "delete", "lea", "max", "-n", ns, "--dry-run=server").failed(t, "role user needs somebody who holds it and has accepted")
}

// TestARefusalIsNoMissingRight checks that who is refused by a webhook or a policy is not sent to ask for a right.
func TestARefusalIsNoMissingRight(t *testing.T) {
	t.Parallel()
	of := v1alpha1.GroupVersion.WithResource("users").GroupResource()
	for text, hinted := range map[string]bool{
		`User "eve" cannot delete resource "users" in API group "seatkeeper.dev"`:                                true,
		`admission webhook "validate.users.seatkeeper.dev" denied the request: is needed as a holder of role it`: false,
		`ValidatingAdmissionPolicy 'a' with binding 'a' denied request: nobody touches it`:                       false,
	} {
		if got := explain(apierrors.NewForbidden(of, "lea", errors.New(text))); strings.Contains(got, "for this right") != hinted {
			t.Errorf("it says %q", got)
		}
	}
}
