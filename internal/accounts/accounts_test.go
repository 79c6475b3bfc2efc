// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package accounts_test

import (
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/accounts"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/directory/directorytest"
	"seatkeeper.dev/seatkeeper/internal/directory/scim"
	"seatkeeper.dev/seatkeeper/internal/directory/scimtest"
	"seatkeeper.dev/seatkeeper/internal/password"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

func TestMain(m *testing.M) { env.Main(m) }

func open(at accounts.Place, secret map[string][]byte) (directory.Directory, error) {
	return scim.New(scim.Config{URL: at.URL, Credentials: scim.Credentials{Bearer: password.New(string(secret["token"]))}, Adopt: at.Adopt, Budget: at.Budget})
}

// A directory that asks one request to come back later is left alone by all of the organization, also when its Secret is another and
// its policy too. Other organizations go on, at the same directory and with the same Secret as well.
func TestPauseIsTheOrganizations(t *testing.T) {
	ns, clock := env.Namespace(t), clocktesting.NewFakePassiveClock(time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC))
	slow, other := scimtest.New(scimtest.Rich()), scimtest.New(scimtest.Rich())
	defer slow.Close()
	defer other.Close()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "directory"}, Data: map[string][]byte{"token": []byte(scimtest.Token)}}
	if err := env.Client(t).Create(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	room := accounts.New(env.Client(t), open, 1000, clock)
	at := func(name, url string, adoption v1alpha1.AdoptionPolicy) *v1alpha1.Organization {
		o := build.Organization(name).In(ns).Directory().Obj()
		o.Spec.Directory.SCIM.URL, o.Spec.Directory.Adoption = url, adoption
		return o
	}
	ensure := func(o *v1alpha1.Organization) error {
		d, err := room.Of(t.Context(), o)
		if err != nil {
			return err
		}
		_, err = d.Ensure(t.Context(), directorytest.Ada())
		return err
	}
	acme := at("acme", slow.URL(), v1alpha1.AdoptionRefuse)
	slow.Script(scimtest.Answer(503, "", "Retry-After", "60"))
	if err := ensure(acme); !errors.Is(err, directory.ErrUnavailable) {
		t.Fatal(err)
	}
	asked := len(slow.Requests())
	secret.Data["rotated"] = []byte("today")
	if err := env.Client(t).Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	clock.SetTime(clock.Now().Add(30 * time.Second)) // by which the Secret is read anew
	for why, o := range map[string]*v1alpha1.Organization{
		"another Secret": acme, "another policy": at("acme", slow.URL(), v1alpha1.AdoptionAdopt), "the same URL": at("acme", slow.URL()+"/", v1alpha1.AdoptionRefuse),
	} {
		if left, ok := directory.RetryAfter(ensure(o)); !ok || left != 30*time.Second {
			t.Errorf("%s: the directory is to be left alone for %v", why, left)
		}
	}
	if n := len(slow.Requests()) - asked; n != 0 {
		t.Errorf("it is asked %d times", n)
	}
	for why, o := range map[string]*v1alpha1.Organization{
		"another directory": at("acme", other.URL(), v1alpha1.AdoptionRefuse), "another organization's": at("globex", other.URL(), v1alpha1.AdoptionRefuse),
		"another organization at the same": at("initech", slow.URL(), v1alpha1.AdoptionRefuse),
	} {
		if err := ensure(o); err != nil {
			t.Errorf("%s: %v", why, err)
		}
	}
	clock.SetTime(clock.Now().Add(30 * time.Second))
	if err := ensure(acme); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}
