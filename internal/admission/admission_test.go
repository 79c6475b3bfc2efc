// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

func TestFinalizerIsThereFromTheStart(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	const other = "example.org/other"
	for name, finalizers := range map[string][]string{
		"with-none":    nil,
		"with-it":      {v1alpha1.FinalizerArchive},
		"with-another": {other},
	} {
		t.Run(name, func(t *testing.T) {
			u := build.User(name).In(d.namespace, "acme").Obj()
			u.Finalizers = slices.Clone(finalizers)
			d.create(t, u)
			if want := max(len(finalizers), 1); !hasFinalizer(u) || len(u.Finalizers) < want || len(u.Finalizers) > len(finalizers)+1 {
				t.Errorf("created with the finalizers %v, it has %v", finalizers, u.Finalizers)
			}
		})
	}
}

// What is created is stored as it was sent, but for the finalizer: so the same YAML changes nothing.
func TestCreationIsNotRewritten(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	const offset = "2036-08-31T18:00:00+02:00"
	for kind, spec := range map[string]map[string]any{
		"User":     {"organization": "acme", "email": "ada@acme.example", "accessUntil": offset},
		"SeatPool": {"organization": "acme", "seats": int64(1), "expiresAt": offset},
	} {
		t.Run(kind, func(t *testing.T) {
			sent := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
			sent.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
			sent.SetNamespace(d.namespace)
			sent.SetName("ada")
			put := func() *unstructured.Unstructured {
				t.Helper()
				o := sent.DeepCopy()
				if err := d.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("gitops")); err != nil {
					t.Fatal(err)
				}
				if err := d.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
					t.Fatal(err)
				}
				return o
			}
			first := put()
			if len(first.GetFinalizers()) != 1 {
				t.Errorf("it has the finalizers %v, want one", first.GetFinalizers())
			}
			second := put()
			if diff := cmp.Diff(first.Object["spec"], second.Object["spec"]); diff != "" || first.GetGeneration() != second.GetGeneration() {
				t.Errorf("the second time the spec changes (-first +second):\n%s", diff)
			}
		})
	}
}

func TestAddressInUse(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	d.create(t, build.User("ada").In(d.namespace, "acme").Obj(), build.User("bea").In(d.namespace, "acme").Obj())
	taken := []string{"spec.email", "is in use by User ada of organization acme", "use another address, or change or delete that User"}

	for why, tc := range map[string]struct {
		user *v1alpha1.User
		want []string
	}{
		"another name":             {build.User("eve").In(d.namespace, "acme").Email("ada@acme.example").Obj(), taken},
		"another spelling":         {build.User("eve").In(d.namespace, "acme").Email("ADA@Acme.Example").Obj(), taken},
		"a tag is another address": {build.User("eve").In(d.namespace, "acme").Email("ada+two@acme.example").Obj(), nil},
		"another organization":     {build.User("eve").In(d.namespace, "globex").Email("ada@acme.example").Obj(), nil},
	} {
		t.Run("create: "+why, func(t *testing.T) {
			expect(t, d.Create(t.Context(), tc.user, client.DryRunAll), tc.want...)
		})
	}
	for why, tc := range map[string]struct {
		user   string
		mutate func(*v1alpha1.UserSpec)
		want   []string
	}{
		"another's address":               {"bea", func(s *v1alpha1.UserSpec) { s.Email = "ada@acme.example" }, taken},
		"another's address, respelled":    {"bea", func(s *v1alpha1.UserSpec) { s.Email = "aDa@acme.example" }, taken},
		"a free address":                  {"bea", func(s *v1alpha1.UserSpec) { s.Email = "beatrice@acme.example" }, nil},
		"its own address stays":           {"ada", func(s *v1alpha1.UserSpec) { s.GivenName = "Ada" }, nil},
		"its own address, respelled":      {"ada", func(s *v1alpha1.UserSpec) { s.Email = "Ada@acme.example" }, nil},
		"its own address, with much else": {"ada", func(s *v1alpha1.UserSpec) { s.Email, s.Roles = "ADA@acme.example", []string{"any"} }, nil},
	} {
		t.Run("update: "+why, func(t *testing.T) { expect(t, d.wouldChange(t, tc.user, tc.mutate), tc.want...) })
	}
}

func TestOwnerStays(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	acme := build.Organization("acme").In(d.namespace).Owner("ada").Obj()
	d.create(t, acme, build.Organization("globex").In(d.namespace).Owner("bea").Obj(),
		build.User("ada").In(d.namespace, "acme").Obj(), build.User("bea").In(d.namespace, "acme").Obj())
	protected := []string{"spec.state", "is the owner of organization acme and keeps access", "name another owner there first"}
	leave := func(state v1alpha1.UserState) func(*v1alpha1.UserSpec) {
		return func(s *v1alpha1.UserSpec) { s.State = state }
	}
	for _, state := range []v1alpha1.UserState{v1alpha1.UserSuspended, v1alpha1.UserArchived} {
		expect(t, d.wouldChange(t, "ada", leave(state)), protected...)
		expect(t, d.wouldChange(t, "bea", leave(state))) // the owner of another organization is nobody here
	}
	d.change(t, acme, func() { acme.Spec.Owner = "bea" })
	for _, state := range []v1alpha1.UserState{v1alpha1.UserSuspended, v1alpha1.UserArchived} {
		expect(t, d.wouldChange(t, "ada", leave(state)))
		expect(t, d.wouldChange(t, "bea", leave(state)), protected...)
	}
}

func TestTimeZone(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	ada, acme := build.User("ada").In(d.namespace, "acme").Obj(), build.Organization("acme").In(d.namespace).Obj()
	d.create(t, ada, acme)
	unknown := []string{"spec.timeZone", "there is no time zone", "use a name of the IANA database such as Europe/Paris"}
	for zone, want := range map[string][]string{
		nowhere:        unknown,
		"Europe":       unknown,
		"Local":        {"spec.timeZone", "must be an IANA time zone"}, // the schema knows
		"Europe/Paris": nil,
		"UTC":          nil,
	} {
		t.Run(zone, func(t *testing.T) {
			expect(t, d.Create(t.Context(), build.User("eve").In(d.namespace, "acme").TimeZone(zone).Obj(), client.DryRunAll), want...)
			expect(t, d.Create(t.Context(), build.Organization("globex").In(d.namespace).TimeZone(zone).Obj(), client.DryRunAll), want...)
			expect(t, d.wouldChange(t, "ada", func(s *v1alpha1.UserSpec) { s.TimeZone = zone }), want...)
			changed := acme.DeepCopy()
			expect(t, d.try(t, changed, func() { changed.Spec.TimeZone = zone }, client.DryRunAll), want...)
		})
	}
}

// faults creates objects that the webhooks would refuse, before there are any.
func faults(t *testing.T, namespace string) {
	t.Helper()
	for _, o := range []client.Object{
		build.Organization("acme").In(namespace).Owner("ada").TimeZone(nowhere).Obj(),
		build.User("ada").In(namespace, "acme").State(v1alpha1.UserSuspended).Obj(),
		build.User("eve").In(namespace, "acme").Email("ADA@acme.example").Obj(),
		build.User("lost").In(namespace, "acme").TimeZone(nowhere).Obj(),
	} {
		o.SetFinalizers([]string{v1alpha1.FinalizerArchive})
		if err := env.Client(t).Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFormerFaultsDoNotHinder(t *testing.T) {
	t.Parallel()
	namespace := env.Namespace(t)
	faults(t, namespace)
	d := serve(t, namespace)
	for why, tc := range map[string]struct {
		user   string
		mutate func(*v1alpha1.UserSpec)
		want   []string
	}{
		"a name, in no time zone":            {"lost", func(s *v1alpha1.UserSpec) { s.GivenName = "Lou" }, nil},
		"a time zone that exists":            {"lost", func(s *v1alpha1.UserSpec) { s.TimeZone = "Europe/Paris" }, nil},
		"no time zone":                       {"lost", func(s *v1alpha1.UserSpec) { s.TimeZone = "" }, nil},
		"another wrong time zone":            {"lost", func(s *v1alpha1.UserSpec) { s.TimeZone = "Nowhere/Lemuria" }, []string{"there is no time zone"}},
		"a name, at an address in use":       {"eve", func(s *v1alpha1.UserSpec) { s.GivenName = "Eve" }, nil},
		"the address in use, respelled":      {"eve", func(s *v1alpha1.UserSpec) { s.Email = "ada@acme.example" }, nil},
		"archived, at an address in use":     {"eve", func(s *v1alpha1.UserSpec) { s.State = v1alpha1.UserArchived }, nil},
		"a name, of a suspended owner":       {"ada", func(s *v1alpha1.UserSpec) { s.GivenName = "Ada" }, nil},
		"a suspended owner returns":          {"ada", func(s *v1alpha1.UserSpec) { s.State = v1alpha1.UserActive }, nil},
		"a suspended owner is not archived":  {"ada", func(s *v1alpha1.UserSpec) { s.State = v1alpha1.UserArchived }, []string{"is the owner"}},
		"one fault mended, another one made": {"lost", func(s *v1alpha1.UserSpec) { s.TimeZone, s.Email = "UTC", "ada@acme.example" }, []string{"is in use by User"}},
	} {
		t.Run(why, func(t *testing.T) { expect(t, d.wouldChange(t, tc.user, tc.mutate), tc.want...) })
	}
	t.Run("an organization in no time zone", func(t *testing.T) {
		var acme v1alpha1.Organization
		if err := d.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "acme"}, &acme); err != nil {
			t.Fatal(err)
		}
		expect(t, d.try(t, &acme, func() { acme.Spec.DisplayName = "Acme" }, client.DryRunAll))
	})
}

func TestFormerFaultsDoNotHinderDeletion(t *testing.T) {
	t.Parallel()
	namespace := env.Namespace(t)
	faults(t, namespace)
	d := serve(t, namespace)
	for _, o := range []client.Object{
		// With the organization goes the protection of its owner, so it is first.
		&v1alpha1.Organization{ObjectMeta: build.Organization("acme").In(namespace).Obj().ObjectMeta},
		&v1alpha1.User{ObjectMeta: build.User("ada").In(namespace, "acme").Obj().ObjectMeta},
		&v1alpha1.User{ObjectMeta: build.User("eve").In(namespace, "acme").Obj().ObjectMeta},
		&v1alpha1.User{ObjectMeta: build.User("lost").In(namespace, "acme").Obj().ObjectMeta},
	} {
		key := client.ObjectKeyFromObject(o)
		if err := d.Delete(t.Context(), o, client.Preconditions{}); err != nil {
			t.Errorf("deleting %T %s: %v", o, key.Name, err)
		}
		if err := d.Get(t.Context(), key, o); err != nil || o.GetDeletionTimestamp() == nil {
			t.Fatalf("%T %s is not being deleted: %v", o, key.Name, err)
		}
		if err := d.try(t, o, func() { o.SetFinalizers(nil) }); err != nil {
			t.Errorf("letting %T %s go: %v", o, key.Name, err)
		}
		if err := d.Get(t.Context(), key, o); !apierrors.IsNotFound(err) {
			t.Errorf("%T %s is not gone: %v", o, key.Name, err)
		}
		d.gone(t, o)
	}
}

func TestDryRunLeavesNothing(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	dry := build.User("dry").In(d.namespace, "acme").Email("ada@acme.example").Obj()
	expect(t, d.Create(t.Context(), dry, client.DryRunAll))
	if !hasFinalizer(dry) {
		t.Error("the dry run does not show the finalizer that the object would have")
	}
	if err := d.Get(t.Context(), client.ObjectKeyFromObject(dry), dry); !apierrors.IsNotFound(err) {
		t.Errorf("the dry run is there: %v", err)
	}
	d.create(t, build.User("ada").In(d.namespace, "acme").Obj()) // whose address the dry run had
}

func TestForeignNamespaces(t *testing.T) {
	t.Parallel()
	d := serveFor(t, env.Namespace(t), env.Namespace(t))
	u := build.User("ada").In(d.namespace, "acme").Obj()
	if err := d.Create(t.Context(), u); err != nil {
		t.Fatalf("where the operator runs nothing, it keeps a User from being created: %v", err)
	}
	if hasFinalizer(u) {
		t.Error("the User has a finalizer that nobody is going to remove")
	}
	expect(t, d.wouldChange(t, "ada", func(s *v1alpha1.UserSpec) { s.Email, s.State = "bea@acme.example", v1alpha1.UserArchived }))
}

func TestStatusPassesByTheWebhooks(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	ada, acme := build.User("ada").In(d.namespace, "acme").Obj(), build.Organization("acme").In(d.namespace).Obj()
	d.create(t, ada, acme)
	d.stop()
	for _, tc := range []struct {
		object       client.Object
		spec, status string
	}{
		{ada, `{"spec":{"givenName":"Ada"}}`, `{"status":{"roles":["member"]}}`},
		{acme, `{"spec":{"displayName":"Acme"}}`, `{"status":{"active":1}}`},
	} {
		if err := d.Patch(t.Context(), tc.object, client.RawPatch(types.MergePatchType, []byte(tc.spec))); !apierrors.IsInternalError(err) {
			t.Errorf("with nobody to judge it, a change of the spec of %T ends with %v", tc.object, err)
		}
		if err := d.Status().Patch(t.Context(), tc.object, client.RawPatch(types.MergePatchType, []byte(tc.status))); err != nil {
			t.Errorf("writing the status of %T: %v", tc.object, err)
		}
	}
	if err := d.Delete(t.Context(), acme); err != nil {
		t.Errorf("deleting an organization: %v", err)
	}
	if err := d.Delete(t.Context(), ada); !apierrors.IsInternalError(err) {
		t.Errorf("with nobody to judge it, the deletion of a User ends with %v", err)
	}
}

// Rules EZ-15 and IN-9: what an edit of an address is, the organization says.
func TestEditedAddress(t *testing.T) {
	t.Parallel()
	d := listen(t, serve(t, env.Namespace(t)))
	edit := func(s *v1alpha1.UserSpec) { s.Email = "beatrice@acme.example" }
	denied := []string{"spec.email", "organization acme does not let addresses be edited", "delete this User, and create one with the new address"}
	acme, bea := build.Organization("acme").In(d.namespace).Obj(), build.User("bea").In(d.namespace, "acme").Obj()
	d.create(t, acme, bea)
	for why, tc := range map[string]struct {
		policy v1alpha1.EmailChange
		mutate func(*v1alpha1.UserSpec)
		want   []string
		warned string
	}{
		"Rename":                        {v1alpha1.EmailChangeRename, edit, nil, ""},
		"Replace":                       {v1alpha1.EmailChangeReplace, edit, nil, "another person"},
		"Deny":                          {v1alpha1.EmailChangeDeny, edit, denied, ""},
		"Deny, but for the spelling":    {v1alpha1.EmailChangeDeny, func(s *v1alpha1.UserSpec) { s.Email = "Bea@acme.example" }, nil, ""},
		"Deny, and something else":      {v1alpha1.EmailChangeDeny, func(s *v1alpha1.UserSpec) { s.GivenName = "Bea" }, nil, ""},
		"Replace, but for the spelling": {v1alpha1.EmailChangeReplace, func(s *v1alpha1.UserSpec) { s.Email = "Bea@acme.example" }, nil, ""},
		"Deny, with a wrong time zone":  {v1alpha1.EmailChangeDeny, func(s *v1alpha1.UserSpec) { edit(s); s.TimeZone = nowhere }, append(denied, "there is no time zone"), ""},
	} {
		t.Run(why, func(t *testing.T) {
			d.change(t, acme, func() { acme.Spec.EmailChange = tc.policy })
			d.heard()
			expect(t, d.wouldChange(t, "bea", tc.mutate), tc.want...)
			said := strings.Join(d.heard(), "\n")
			if (said != "") != (tc.warned != "") || !strings.Contains(said, tc.warned) {
				t.Errorf("it warns %q, want %q", said, tc.warned)
			}
		})
	}
}

// What came around admission can be set back.
func TestDeniedEditCanBeSetBack(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	bea := build.User("bea").In(d.namespace, "acme").Email("beatrice@acme.example").Obj()
	d.create(t, build.Organization("acme").In(d.namespace).EmailChange(v1alpha1.EmailChangeDeny).Obj(), bea)
	bea.Status.Email = "bea@acme.example"
	if err := d.Status().Update(t.Context(), bea); err != nil {
		t.Fatal(err)
	}
	expect(t, d.wouldChange(t, "bea", func(s *v1alpha1.UserSpec) { s.Email = "BEA@acme.example" }))
	expect(t, d.wouldChange(t, "bea", func(s *v1alpha1.UserSpec) { s.Email = "b@acme.example" }), "spec.email", "does not let addresses be edited")
}

func TestMailAddresses(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	acme := build.Organization("acme").In(d.namespace).Obj()
	d.create(t, acme)
	for why, tc := range map[string]struct {
		mail v1alpha1.OrganizationMail
		want []string
	}{
		"with a name":         {v1alpha1.OrganizationMail{From: "Acme <people@acme.example>"}, nil},
		"without":             {v1alpha1.OrganizationMail{From: "people@acme.example", ReplyTo: "help@acme.example"}, nil},
		"no address":          {v1alpha1.OrganizationMail{From: "Acme"}, []string{"spec.mail.from", "must be an address such as Acme <people@acme.example>"}},
		"two":                 {v1alpha1.OrganizationMail{From: "a@acme.example, b@acme.example"}, []string{"spec.mail.from"}},
		"a header":            {v1alpha1.OrganizationMail{From: "Acme <people@acme.example>\nBcc: eve@acme.example"}, []string{"spec.mail.from"}},
		"no answers":          {v1alpha1.OrganizationMail{ReplyTo: "help"}, []string{"spec.mail.replyTo"}},
		"both":                {v1alpha1.OrganizationMail{From: "Acme", ReplyTo: "help"}, []string{"spec.mail.from", "spec.mail.replyTo"}},
		"a name of two lines": {v1alpha1.OrganizationMail{From: "=?utf-8?q?a=0Ab?= <people@acme.example>"}, []string{"spec.mail.from"}},
		"not ASCII":           {v1alpha1.OrganizationMail{From: "people@akmé.example"}, []string{"spec.mail.from", "a domain in ASCII"}},
	} {
		t.Run(why, func(t *testing.T) {
			changed := acme.DeepCopy()
			expect(t, d.try(t, changed, func() { changed.Spec.Mail = tc.mail }, client.DryRunAll), tc.want...)
			expect(t, d.Create(t.Context(), build.Organization("globex").In(d.namespace).Mail(tc.mail).Obj(), client.DryRunAll), tc.want...)
		})
	}
}
