// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// accounted is acme with a directory.
func accounted(how func(*v1alpha1.Organization), users ...string) func() []client.Object {
	return func() []client.Object {
		objects := acme(3, users...)()
		org := objects[0].(*v1alpha1.Organization)
		org.Spec.Directory = build.Organization("acme").Directory().Obj().Spec.Directory
		if how != nil {
			how(org)
		}
		return objects
	}
}

// signIns are who can sign in, by user name; those who cannot are there too.
func signIns(w *passes.World) map[string]bool {
	all := map[string]bool{}
	for _, has := range w.Directory.Accounts() {
		all[has.Account.UserName] = has.Account.Active
	}
	return all
}

// noneTooMany checks that nobody can sign in whose access is on record as revoked, or who has not accepted.
func noneTooMany(t *testing.T, w *passes.World) {
	t.Helper()
	var users v1alpha1.UserList
	if err := w.Client().List(t.Context(), &users); err != nil {
		t.Fatal(err)
	}
	enter := map[string]bool{}
	for i := range users.Items {
		st := &users.Items[i].Status
		enter[string(users.Items[i].Account())] = st.AcceptedAt != nil && st.AccessRevokedAt == nil
	}
	for uid, has := range w.Directory.Accounts() {
		if has.Account.Active && !enter[string(uid)] {
			t.Errorf("%s can sign in, and has no access on record", has.Account.UserName)
		}
	}
}

// accountStories are about one account each.
var accountStories = map[string]struct {
	story
	// ends are who can sign in in the end.
	ends map[string]bool
}{
	"invited": {
		story{given: accounted(nil), happens: func(w *passes.World) { w.Create(member("bea")) }},
		map[string]bool{"bea@acme.example": false},
	},
	"accepts": {
		story{given: accounted(nil, "bea"), happens: accepted("bea")},
		map[string]bool{"bea@acme.example": true},
	},
	"suspended": {
		story{given: accounted(nil, "bea"), before: accepted("bea"), happens: edit("bea", state(v1alpha1.UserSuspended))},
		map[string]bool{"bea@acme.example": false},
	},
	"back again": {
		story{
			given: accounted(nil, "bea"), before: func(w *passes.World) {
				accepted("bea")(w)
				w.Settle()
				edit("bea", state(v1alpha1.UserArchived))(w)
			},
			happens: edit("bea", state(v1alpha1.UserActive)),
		},
		map[string]bool{"bea@acme.example": true},
	},
	"deleted": {
		story{given: accounted(nil, "bea"), before: accepted("bea"), happens: gone("bea", nil)},
		map[string]bool{"bea@acme.example": false},
	},
	"deleted for good": {
		story{
			given:  accounted(func(o *v1alpha1.Organization) { o.Spec.Offboarding.Policy = v1alpha1.OffboardingDelete }, "bea"),
			before: accepted("bea"), happens: func(w *passes.World) {
				passes.Change(w, "bea", func(u *v1alpha1.User) {
					metav1.SetMetaDataAnnotation(&u.ObjectMeta, v1alpha1.AnnotationConfirmDelete, string(u.UID))
				})
				w.Delete(build.User("bea").Obj())
			},
		},
		map[string]bool{},
	},
	"comes back under the same address": {
		story{
			given: accounted(nil, "cid"), before: gone("cid", accept), happens: func(w *passes.World) { w.Create(member("cid")) },
		},
		map[string]bool{"cid@acme.example": true},
	},
	"renamed": {
		story{given: accounted(nil, "bea"), before: accepted("bea"), happens: edit("bea", func(u *v1alpha1.User) { u.Spec.Email = "b@acme.example" })},
		map[string]bool{"b@acme.example": true},
	},
	"replaced": {
		story{
			given:  accounted(func(o *v1alpha1.Organization) { o.Spec.EmailChange = v1alpha1.EmailChangeReplace }, "bea"),
			before: accepted("bea"), happens: edit("bea", func(u *v1alpha1.User) { u.Spec.Email = "b@acme.example" }),
		},
		map[string]bool{"bea@acme.example": false, "b@acme.example": false},
	},
	"without a role": {
		story{given: accounted(nil, "bea"), before: accepted("bea"), happens: withoutRole("bea")},
		map[string]bool{"bea@acme.example": false},
	},
	"another name": {
		story{given: accounted(nil, "bea"), before: accepted("bea"), happens: edit("bea", func(u *v1alpha1.User) {
			u.Spec.Title, u.Spec.PhoneNumbers.Work, u.Spec.Employee.Number = "Buyer", "+33 1 02 03 04 05", "E-7"
		})},
		map[string]bool{"bea@acme.example": true},
	},
}

// Whatever befalls a write, or the directory, and whether the operator dies of it or not: the same people can sign in in the end,
// and at no time anybody whose access is on record as revoked.
func TestAccountsCrash(t *testing.T) {
	t.Parallel()
	for name, s := range accountStories {
		s.writes = ofUser
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count := 0
			run := func(t *testing.T, a *accident, befalls func(*passes.World)) {
				t.Helper()
				w := passes.New(t, s.given()...)
				w.Settle()
				if s.before != nil {
					s.before(w)
					w.Settle()
				}
				w.Traffic.Reset()
				var hit <-chan struct{}
				switch {
				case a != nil && a.death:
					hit = w.Traffic.Kill(a.fault, a.nth, s.writes)
				case a != nil:
					hit = w.Traffic.Break(a.fault, a.nth, s.writes)
				}
				if befalls != nil {
					befalls(w)
				}
				s.happens(w)
				if a != nil {
					suffer(t, w, hit, a.death)
				}
				for range 4 { // what failed is tried again after a while
					noneTooMany(t, w)
					w.Settle()
					w.Clock.Step(time.Minute)
				}
				w.Settle()
				noneTooMany(t, w)
				if diff := cmp.Diff(s.ends, signIns(w)); diff != "" {
					t.Errorf("who can sign in (-want +got):\n%s", diff)
				}
				count = len(w.Traffic.Requests(s.writes))
			}
			run(t, nil, nil)
			for _, a := range drawn(deaths(count)) {
				t.Run(a.String(), func(t *testing.T) { run(t, &a, nil) })
			}
			t.Run("the directory is down", func(t *testing.T) { run(t, nil, func(w *passes.World) { w.Directory.Unavailable(3) }) })
			t.Run("its answers are lost", func(t *testing.T) { run(t, nil, func(w *passes.World) { w.Directory.Lose(2) }) })
		})
	}
}

// While nobody can be signed out, nothing else happens to who leaves but that the roles are lost: the seat is held.
func TestSeatWaitsForTheDirectory(t *testing.T) {
	t.Parallel()
	w := passes.New(t, accounted(nil, "bea")()...)
	w.Settle()
	w.Answer("bea", accept)
	w.Settle()
	w.Directory.Unavailable(1000)
	edit("bea", state(v1alpha1.UserArchived))(w)
	for range 6 {
		if _, err := w.Round(); err != nil {
			t.Fatal(err)
		}
	}
	bea := w.User("bea")
	wantReason(t, w, bea, v1alpha1.ReasonDirectoryUnavailable)
	if st := bea.Status; st.AccessRevokedAt != nil || len(st.Roles) > 0 {
		t.Errorf("access revoked at %v, roles %v", st.AccessRevokedAt, st.Roles)
	}
	wantLedger(t, w, map[int32]string{0: "bea"})
	w.Directory.Unavailable(0)
	w.Settle()
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonArchived)
	wantLedger(t, w, map[int32]string{})
}

// Nobody waits for ever for a directory that goes with its organization: what could not be done is said (an event), and the rest
// goes on.
func TestDirectoryThatGoesWithItsOrganization(t *testing.T) {
	t.Parallel()
	w := passes.New(t, accounted(nil, "bea", "cid")()...)
	w.Settle()
	w.Answer("bea", accept)
	w.Settle()
	w.Directory.Unavailable(1000)
	w.Delete(build.User("bea").Obj())
	for range 30 {
		if _, err := w.Round(); err != nil {
			t.Fatal(err)
		}
		w.Clock.Step(time.Minute)
	}
	if !w.Find("bea", &v1alpha1.User{}) {
		t.Fatal("bea went while her account can be used")
	}
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Finalizers = []string{"acme.example/wait"} })
	w.Delete(build.Organization("acme").Obj())
	for range 40 {
		if _, err := w.Round(); err != nil {
			t.Fatal(err)
		}
		w.Clock.Step(10 * time.Second)
	}
	if w.Find("bea", &v1alpha1.User{}) {
		t.Errorf("bea waits for a directory that goes: %v", w.User("bea").Status.Conditions)
	}
	if n := events(w, v1alpha1.ReasonDirectoryUnavailable); n == 0 {
		t.Errorf("nothing tells that the account can be used still: %v", w.Events.All())
	}
}

// Passes that something else wakes are no tries, after which the account of who is deleted with the organization would be given up;
// and one that the directory refuses to deactivate is not waited for for ever.
func TestPassesAreNoTries(t *testing.T) {
	t.Parallel()
	for why, fails := range map[string]func(w *passes.World){
		"down":    func(w *passes.World) { w.Directory.Unavailable(1000) },
		"refuses": func(w *passes.World) { w.Directory.Reject(w.User("bea").UID, "not today") },
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			w := passes.New(t, accounted(nil, "bea")()...)
			w.Settle()
			w.Answer("bea", accept)
			w.Settle()
			passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Finalizers = []string{"acme.example/wait"} })
			w.Delete(build.Organization("acme").Obj())
			fails(w)
			w.Delete(build.User("bea").Obj())
			asked := w.Directory.Attempts()
			for range 40 {
				w.CatchUp()
				if _, err := w.Pass(passes.User, "bea"); err != nil {
					t.Fatal(err)
				}
				w.Delivered()
			}
			if n := w.Directory.Attempts() - asked; n != 1 || !w.Find("bea", &v1alpha1.User{}) {
				t.Fatalf("in a moment, the directory was asked %d times, and then bea was given up", n)
			}
			result, err := w.Pass(passes.User, "bea")
			if err != nil || result.RequeueAfter == 0 || result.RequeueAfter > time.Second {
				t.Errorf("the next try is after %v, %v", result.RequeueAfter, err)
			}
			for range 40 {
				if _, err := w.Round(); err != nil {
					t.Fatal(err)
				}
				w.Clock.Step(10 * time.Second)
			}
			if n := w.Directory.Attempts() - asked; n != 10 || w.Find("bea", &v1alpha1.User{}) {
				t.Errorf("the directory was asked %d times", n)
			}
		})
	}
}

// The number of an employee is issued once, and is the person's through archive, deletion and return; whoever comes in the
// person's place has another (rule AX-6).
func TestAX6_EmployeeNumbers(t *testing.T) {
	t.Parallel()
	w := passes.New(t, accounted(nil, "bea")()...)
	employed := func(u *v1alpha1.User) { u.Spec.Employee.Create = new(true) }
	edit("bea", employed)(w)
	w.Settle()
	number := w.User("bea").Status.EmployeeNumber
	if len(number) != len("E-0123456789") {
		t.Fatalf("the number is %q", number)
	}
	w.Answer("bea", accept)
	w.Settle()
	w.Delete(build.User("bea").Obj())
	w.Settle()
	if record := recordOf(w, "bea@acme.example"); record == nil || record.Record.EmployeeNumber != number {
		t.Fatalf("on record is %+v", record)
	}
	w.Create(member("bea")) // and nothing is said of a number
	w.Settle()
	bea := w.User("bea")
	if bea.Status.EmployeeNumber != number {
		t.Errorf("who is back has number %q, and had %q", bea.Status.EmployeeNumber, number)
	}
	if has := w.Directory.Accounts()[bea.Account()].Account; has.EmployeeNumber != number || !has.Active {
		t.Errorf("the directory has %+v", has)
	}
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.EmailChange = v1alpha1.EmailChangeReplace })
	edit("bea", func(u *v1alpha1.User) {
		employed(u)
		u.Spec.Email = "newcomer@acme.example"
	})(w)
	w.Settle()
	if got := w.User("bea").Status.EmployeeNumber; got == number || got == "" {
		t.Errorf("whoever came in the place of %s has number %q", number, got)
	}
}

// A settled system asks the directory nothing, after a restart neither, and whoever is provisioned costs one status write.
func TestAccountsCostNothingMore(t *testing.T) {
	t.Parallel()
	users := make([]string, 3)
	for i := range users {
		users[i] = fmt.Sprintf("user-%d", i)
	}
	w := passes.New(t, accounted(nil, users...)()...)
	w.Settle()
	ofStatus := operator.Writing("users/status")
	if n := len(w.Traffic.Requests(ofStatus)); n != len(users) {
		t.Errorf("%d status writes for %d people who are invited", n, len(users))
	}
	asked := w.Directory.Attempts()
	if asked != len(users) {
		t.Errorf("the directory was asked %d times for %d accounts", asked, len(users))
	}
	w.Traffic.Reset()
	w.Restart()
	w.Settle()
	if n := len(w.Traffic.Requests(ofStatus)); n != 0 || w.Directory.Attempts() != asked {
		t.Errorf("after a restart, %d status writes, and the directory was asked %d times", n, w.Directory.Attempts()-asked)
	}
	w.Answer(users[0], accept)
	w.Settle()
	if n := w.Directory.Attempts() - asked; n != 1 {
		t.Errorf("the directory was asked %d times about who accepts", n)
	}
}
