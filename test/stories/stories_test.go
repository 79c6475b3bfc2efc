// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package stories_test tells the main stories against a real API server, mail server and operator.
package stories_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/contract"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

func TestMain(m *testing.M) { env.Main(m) }

func create(t *testing.T, objects ...client.Object) {
	t.Helper()
	for _, o := range objects {
		if err := env.Client(t).Create(t.Context(), o); err != nil {
			t.Fatalf("creating %T %s: %v", o, o.GetName(), err)
		}
	}
}

// awaitState waits until the user's Ready has the reason, and checks the contract of conditions.
func awaitState(t *testing.T, ns, name, reason string) *v1alpha1.User {
	t.Helper()
	u := &v1alpha1.User{}
	env.Eventually(t, func() error {
		*u = v1alpha1.User{}
		if err := env.Client(t).Get(t.Context(), client.ObjectKey{Namespace: ns, Name: name}, u); err != nil {
			return err
		}
		c := meta.FindStatusCondition(u.Status.Conditions, v1alpha1.ConditionReady)
		if c == nil || c.Reason != reason {
			return fmt.Errorf("%s is %+v, want %s", name, c, reason)
		}
		return nil
	})
	if err := contract.Conditions(u); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	return u
}

func link(t *testing.T, box *mailbox.Server, address string) string {
	t.Helper()
	m, err := box.Wait(t.Context(), func(m mailbox.Message) bool { return m.SentTo(address) })
	if err != nil {
		t.Fatalf("no mail for %s: %v", address, err)
	}
	links := m.Links()
	if len(links) != 1 {
		t.Fatalf("the mail has links %q, want one", links)
	}
	return links[0]
}

func answer(t *testing.T, link, word string, want int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, link+"?"+url.Values{}.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.PostForm(req.URL.String(), url.Values{"answer": {word}})
	if err != nil {
		t.Fatalf("posting the answer: %v", err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != want {
		t.Fatalf("answering %s gave %s, want %d", word, resp.Status, want)
	}
}

func TestMainStory(t *testing.T) {
	ns, box := env.Namespace(t), operator.Mailbox(t)
	operator.Start(t, ns, operator.Options{Mailbox: box})
	create(t,
		build.User("ada").In(ns, "acme").Roles("member").Obj(), // users before what they belong to
		build.Organization("acme").In(ns).Owner("ada").Obj(),
		build.SeatPool("standard").In(ns, "acme").Seats(3).Obj(),
		build.Role("member").In(ns, "acme").SeatPool("standard").Obj(),
	)
	for _, name := range []string{"bea", "cid", "dan", "eve"} {
		create(t, build.User(name).In(ns, "acme").Roles("member").Obj())
	}
	for _, name := range []string{"ada", "bea", "cid"} {
		u := awaitState(t, ns, name, v1alpha1.ReasonInvited)
		if !slices.Equal(u.Status.Seats, []string{"standard"}) {
			t.Errorf("%s has seats %v", name, u.Status.Seats)
		}
	}
	for _, name := range []string{"dan", "eve"} {
		awaitState(t, ns, name, v1alpha1.ReasonAwaitingSeat)
	}
	ada := awaitState(t, ns, "ada", v1alpha1.ReasonInvited)
	answer(t, link(t, box, ada.Spec.Email), "accept", http.StatusOK)
	awaitState(t, ns, "ada", v1alpha1.ReasonActive)
}
