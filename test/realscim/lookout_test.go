// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package realscim_test

import (
	"fmt"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// lookout looks all the time whether the directory lets somebody in, or somebody owns something, who is not to any more.
type lookout struct {
	looks int
	stop  func()
}

// sight is what Kubernetes says of people at a moment.
type sight struct {
	// by account
	users  map[string]*v1alpha1.User
	seated map[string]bool // by name
}

// look looks until end is called, or the test ends.
func (c *company) look() *lookout {
	c.Helper()
	l := &lookout{}
	stop, stopped := make(chan struct{}), make(chan struct{})
	l.stop = sync.OnceFunc(func() { close(stop); <-stopped })
	c.Cleanup(l.stop)
	go func() {
		defer close(stopped)
		told := map[string]bool{}
		for {
			select {
			case <-stop:
				return
			default:
			}
			for _, wrong := range c.wrong() {
				if !told[wrong] {
					c.Error(wrong)
				}
				told[wrong] = true
			}
			l.looks++
		}
	}()
	return l
}

func (l *lookout) end() { l.stop() }

// wrong is what cannot be, whenever it is: who can sign in at a moment was to be able to before it, or after.
func (c *company) wrong() (all []string) {
	invited := map[string]bool{}
	for _, m := range c.box.Messages() {
		for _, to := range m.To {
			invited[strings.ToLower(to)] = true
		}
	}
	before := c.sight()
	var notes corev1.ConfigMapList
	c.read(&notes, client.HasLabels{v1alpha1.LabelOwner})
	directory, err := c.server.Read()
	if err != nil {
		c.Errorf("asking the directory: %v", err)
	}
	after := c.sight()
	if c.Context().Err() != nil {
		return nil
	}
	for _, note := range notes.Items {
		if name := note.Labels[v1alpha1.LabelOwner]; !before.seated[name] {
			all = append(all, fmt.Sprintf("%s owns %s, and has no seat", name, note.Name))
		}
	}
	for _, a := range directory.Users {
		uid, address := text(a["externalId"]), strings.ToLower(text(a["userName"]))
		delete(invited, address)
		if a["active"] != true || before.knows(uid) || after.knows(uid) {
			continue
		}
		b, n := before.users[uid], after.users[uid]
		if b != nil && n != nil && b.ResourceVersion != n.ResourceVersion {
			continue // somebody came and went in between
		}
		status, name := "there is no User", strings.TrimSuffix(address, "@acme.example")
		if n != nil {
			status = fmt.Sprintf("accepted %v, revoked %v, roles %v, account %+v", n.Status.AcceptedAt, n.Status.AccessRevokedAt, n.Status.Roles, n.Status.DirectoryAccount)
		}
		all = append(all, fmt.Sprintf("%s can sign in, although: %s; has a seat: %v", name, status, after.seated[name]))
	}
	for address := range invited {
		all = append(all, address+" was sent a mail before there was an account")
	}
	return all
}

func (c *company) sight() sight {
	s := sight{users: map[string]*v1alpha1.User{}, seated: map[string]bool{}}
	var users v1alpha1.UserList
	c.read(&users)
	for i := range users.Items {
		s.users[string(users.Items[i].Account())] = &users.Items[i]
	}
	var ledger v1alpha1.SeatSliceList
	c.read(&ledger)
	for i := range ledger.Items {
		for _, a := range ledger.Items[i].Assignments {
			s.seated[a.User] = true
		}
	}
	return s
}

func (c *company) read(list client.ObjectList, options ...client.ListOption) {
	if err := c.List(c.Context(), list, append(options, client.InNamespace(c.ns))...); err != nil && c.Context().Err() == nil {
		c.Errorf("listing %T: %v", list, err)
	}
}

// knows says that somebody with an account may sign in by the status, and has a seat. Who is losing the last role may still, which
// is on record.
func (s sight) knows(account string) bool {
	u := s.users[account]
	if u == nil || u.Status.AcceptedAt == nil || u.Status.AccessRevokedAt != nil || !s.seated[u.Name] {
		return false
	}
	has := u.Status.DirectoryAccount
	return len(u.Status.Roles) > 0 || has != nil && has.State == v1alpha1.AccountActive
}
