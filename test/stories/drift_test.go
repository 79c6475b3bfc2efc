// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/directory/fake"
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
