// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/internal/directory/scim"
	"seatkeeper.dev/seatkeeper/internal/directory/scimtest"
	"seatkeeper.dev/seatkeeper/internal/password"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// What somebody changes in the directory is set right by itself, who left is signed out again, and who reports to somebody with a
// new account has it named: whoever it concerns is woken.
func TestDirectoryIsLookedAt(t *testing.T) {
	t.Parallel()
	s := empty(t)
	accounts := &fake.Directory{}
	s.start(operator.Options{Directory: accounts})
	objects := acme(3, "ada")
	objects[0] = build.Organization("acme").Directory().Obj()
	s.create(append(objects, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "directory"}}, member("bea").Manager("cid").Obj())...)
	for _, name := range []string{"ada", "bea"} {
		s.invited(name, 1)
		s.answer(s.links(at(name), 1)[0], accept, http.StatusOK)
		s.is(name, v1alpha1.ReasonActive)
	}
	ada, bea := get[v1alpha1.User](s, "ada"), get[v1alpha1.User](s, "bea")
	has := func(u *v1alpha1.User) directory.Account { return accounts.Accounts()[u.UID].Account }

	s.create(member("cid").Obj())
	cid := s.invited("cid", 1)
	env.Eventually(t, func() error {
		if got := has(bea).ManagerID; got == "" || got != get[v1alpha1.User](s, "cid").Status.DirectoryAccount.ID {
			return fmt.Errorf("bea reports to %q", got)
		}
		return nil
	})
	s.delete("cid")
	await(s, "acme", func(o *v1alpha1.Organization) error {
		if *o.Status.Archived != 1 {
			return fmt.Errorf("%d are archived", *o.Status.Archived)
		}
		return nil
	})
	accounts.Tamper(ada.UID, func(a *directory.Account) { a.Title = "Countess" })
	accounts.Tamper(cid.UID, func(a *directory.Account) { a.Active = true })
	accounts.Remove(bea.UID)
	accounts.Occupy("zoe@acme.example", "hers")
	s.clock.LeapTo(s.clock.Now().Add(time.Minute))
	env.Eventually(t, func() error {
		if has(ada).Title != "" || has(cid).Active || !has(bea).Active {
			return fmt.Errorf("the directory has %+v", accounts.Accounts())
		}
		return nil
	})
	await(s, "acme", func(o *v1alpha1.Organization) error {
		if st := o.Status.Directory; st.Unknown == nil || *st.Unknown != 1 || *st.Drifted != 0 {
			return fmt.Errorf("the organization says %+v", st)
		}
		return nil
	})
}

// What a SCIM server has after all that was asked of it is what it is to have: a look at it takes the requests for its pages, and
// nothing else, whatever the server can do.
func TestLooksAreLists(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		profile scimtest.Profile
		pages   int // of 100; without the total, an empty one says that there are no more
	}{"rich": {scimtest.Rich(), 3}, "strict": {scimtest.Strict(), 4}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := scimtest.New(tt.profile)
			t.Cleanup(server.Close)
			const others = 230
			for i := range others {
				server.Add(map[string]any{"userName": fmt.Sprintf("other-%03d@acme.example", i), "active": true})
			}
			client, err := scim.New(scim.Config{URL: server.URL(), Credentials: scim.Credentials{Bearer: password.New(scimtest.Token)}})
			if err != nil {
				t.Fatal(err)
			}
			s := empty(t)
			s.start(operator.Options{Directory: client})
			objects := acme(3, "ada")
			objects[0] = build.Organization("acme").Directory().Obj()
			bea := member("bea").Name("Bea", "Baker").Manager("ada").Obj()
			bea.Spec.Title, bea.Spec.PhoneNumbers.Work, bea.Spec.Employee.Number = "Buyer", "+33 1 02 03 04 05", "E-7"
			s.create(append(objects, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "directory"}}, bea)...)
			s.invited("bea", 1)
			s.answer(s.links(at("bea"), 1)[0], accept, http.StatusOK)
			s.is("bea", v1alpha1.ReasonActive)
			s.invited("ada", 1)
			look := func() []scimtest.Request {
				before := len(server.Requests())
				s.clock.LeapTo(s.clock.Now().Add(13 * time.Minute))
				env.Eventually(t, func() error {
					if n := len(server.Requests()) - before; n < tt.pages {
						return fmt.Errorf("%d requests", n)
					}
					return nil
				})
				await(s, "acme", func(o *v1alpha1.Organization) error {
					if st := o.Status.Directory; st.Accounts == nil || *st.Accounts != others+2 || *st.Unknown != others || *st.Drifted != 0 {
						return fmt.Errorf("the organization says %+v", st)
					}
					return nil
				})
				return server.Requests()[before:]
			}
			look()
			version := get[v1alpha1.Organization](s, "acme").ResourceVersion
			requests := look()
			for _, r := range requests {
				if r.Method != http.MethodGet || !strings.HasSuffix(r.Path, "/Users") || r.Query != "" {
					t.Errorf("a look takes %s %s, filtered by %q", r.Method, r.Path, r.Query)
				}
			}
			if len(requests) != tt.pages {
				t.Errorf("a look takes %d requests", len(requests))
			}
			if get[v1alpha1.Organization](s, "acme").ResourceVersion != version {
				t.Error("a look that finds nothing writes")
			}
		})
	}
}
