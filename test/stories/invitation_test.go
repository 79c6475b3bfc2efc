// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/keystore"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// freed waits until a user has no seat any more.
func (s *stage) freed(name string) {
	s.Helper()
	await(s, name, func(u *v1alpha1.User) error {
		if len(u.Status.Seats)+len(u.Status.Roles) > 0 {
			return fmt.Errorf("%s has seats %v and roles %v", name, u.Status.Seats, u.Status.Roles)
		}
		return nil
	})
}

func TestExpiryFreesTheSeat(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada", "bea", "cid")...)
	bea := s.is("bea", v1alpha1.ReasonInvited)
	s.clock.LeapTo(bea.Status.Invitation.ExpiresAt.Add(-3 * time.Second))
	s.annotate("bea", v1alpha1.AnnotationReconcileAt, "set the timer anew") // it does the rest
	s.is("bea", v1alpha1.ReasonInvitationExpired)
	s.holds(s.is("cid", v1alpha1.ReasonInvited), "standard")
	s.freed("bea")
	s.answer(s.links(at("bea"), 1)[0], accept, http.StatusGone)
}

func TestExpiryWhileNobodyLooks(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada", "bea", "cid")...)
	s.join("ada")
	bea := s.is("bea", v1alpha1.ReasonInvited)
	s.op.Stop(t)
	s.clock.LeapTo(bea.Status.Invitation.ExpiresAt.Time)
	s.start(operator.Options{})
	s.is("bea", v1alpha1.ReasonInvitationExpired)
	s.is("cid", v1alpha1.ReasonInvited)
	s.is("ada", v1alpha1.ReasonActive)
}

func TestResendGivesAFreshLink(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(*stage, *v1alpha1.User){
		"while the first is open": func(*stage, *v1alpha1.User) {},
		"after expiry": func(s *stage, bea *v1alpha1.User) {
			s.clock.LeapTo(bea.Status.Invitation.ExpiresAt.Time)
			s.annotate("bea", v1alpha1.AnnotationReconcileAt, "now")
			s.is("bea", v1alpha1.ReasonInvitationExpired)
		},
		"after a no": func(s *stage, _ *v1alpha1.User) {
			s.answer(s.links(at("bea"), 1)[0], decline, http.StatusOK)
			s.is("bea", v1alpha1.ReasonDeclined)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, acme(2, "ada", "bea")...)
			before(s, s.invited("bea", 1))
			s.annotate("bea", v1alpha1.AnnotationResendInvitation, "please")
			s.holds(s.invited("bea", 2), "standard")
			links := s.links(at("bea"), 2)
			s.answer(links[0], accept, http.StatusGone)
			s.answer(links[1], accept, http.StatusOK)
			s.is("bea", v1alpha1.ReasonActive)
		})
	}
}

func TestDeclineIsSticky(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada", "bea", "cid")...)
	s.is("bea", v1alpha1.ReasonInvited)
	link := s.links(at("bea"), 1)[0]
	s.answer(link, decline, http.StatusOK)
	s.is("bea", v1alpha1.ReasonDeclined)
	s.is("cid", v1alpha1.ReasonInvited)
	s.freed("bea")
	s.answer(link, accept, http.StatusConflict)
	s.scale(3)
	edit(s, "bea", func(u *v1alpha1.User) { u.Spec.GivenName = "Bea" })
	s.holds(s.is("bea", v1alpha1.ReasonDeclined))
	s.links(at("bea"), 1)
}

func TestAcceptanceIsFinal(t *testing.T) {
	t.Parallel()
	s := play(t, acme(1, "ada")...)
	s.join("ada")
	for _, again := range []string{accept, decline} {
		s.answer(s.links(at("ada"), 1)[0], again, http.StatusConflict)
	}
	s.holds(s.is("ada", v1alpha1.ReasonActive), "standard")
}

func TestOneAnswerCounts(t *testing.T) {
	t.Parallel()
	s := play(t, acme(1, "ada")...)
	s.is("ada", v1alpha1.ReasonInvited)
	link := s.links(at("ada"), 1)[0]
	var answering sync.WaitGroup
	var mu sync.Mutex
	answers := map[int]string{} // by status, one answer that got it
	counted := 0
	for _, answer := range []string{accept, decline, accept, decline, accept, decline} {
		answering.Go(func() {
			status := s.post(link, answer)
			mu.Lock()
			defer mu.Unlock()
			answers[status] = answer
			if status == http.StatusOK {
				counted++
			}
		})
	}
	answering.Wait()
	if counted != 1 || answers[http.StatusConflict] == "" || len(answers) != 2 {
		t.Fatalf("%d answers count, with the statuses of %v, want one, and conflicts", counted, answers)
	}
	want := map[string]string{accept: v1alpha1.ReasonActive, decline: v1alpha1.ReasonDeclined}
	s.is("ada", want[answers[http.StatusOK]])
	s.answer(link, accept, http.StatusConflict)
}

func TestLookingChangesNothing(t *testing.T) {
	t.Parallel()
	s := play(t, acme(1, "ada")...)
	before := s.is("ada", v1alpha1.ReasonInvited)
	link := s.links(at("ada"), 1)[0]
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} {
		env.Eventually(t, func() error { // the page shows what the operator's cache knows
			if status := s.request(method, link, nil); status != http.StatusOK {
				return fmt.Errorf("%s gives %d", method, status)
			}
			return nil
		})
	}
	if after := get[v1alpha1.User](s, "ada"); after.ResourceVersion != before.ResourceVersion {
		t.Errorf("looking at the page has changed ada: %+v", after.Status)
	}
	s.answer(link, accept, http.StatusOK)
}

func TestLinksOfOthers(t *testing.T) {
	t.Parallel()
	s := play(t, acme(1, "ada")...)
	ada := s.is("ada", v1alpha1.ReasonInvited)
	link := s.links(at("ada"), 1)[0]
	pages, token, _ := strings.Cut(link, invitation.Path)
	genuine, claims := s.keys(), invitation.Claims{UID: ada.UID, Sequence: 1, ExpiresAt: ada.Status.Invitation.ExpiresAt.Time}
	forged := func(keys invitation.Keyring, change func(*invitation.Claims)) string {
		changed := claims
		change(&changed)
		token, err := keys.Token(changed, ada.Spec.Email)
		s.must(err, "making a token")
		return token
	}
	if forged(genuine, func(*invitation.Claims) {}) != token {
		t.Fatal("this is not how links are made")
	}
	other := invitation.Keyring{Current: make([]byte, invitation.KeySize)}
	for name, token := range map[string]string{
		"altered":      flip(token),
		"cut":          token[:len(token)-1],
		"unknown":      "unknown",
		"foreign":      forged(other, func(*invitation.Claims) {}),
		"nobody's":     forged(genuine, func(c *invitation.Claims) { c.UID = "11111111-2222-4333-8444-555555555555" }),
		"foreign, new": forged(other, func(c *invitation.Claims) { c.Sequence++ }),
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if got := s.request(method, pages+invitation.Path+token, map[string][]string{"answer": {accept}}); got != http.StatusNotFound {
				t.Errorf("%s of a link that is %s gives %d, want 404", method, name, got)
			}
		}
	}
	s.answer(link, accept, http.StatusOK) // none of it did harm
}

// keys are those that the operator makes links with.
func (s *stage) keys() invitation.Keyring {
	s.Helper()
	var secret corev1.Secret
	s.must(s.Get(s.Context(), client.ObjectKey{Namespace: s.ns, Name: keystore.SecretName}, &secret), "reading the keys")
	keys, err := invitation.ParseKeyring(secret.Data)
	s.must(err, "reading the keys")
	return keys
}

// link makes the link of an invitation of a user.
func (s *stage) link(keys invitation.Keyring, name string, inv *v1alpha1.InvitationStatus) string {
	s.Helper()
	token, err := keys.Token(invitation.Claims{UID: get[v1alpha1.User](s, name).UID, Sequence: inv.Sequence, ExpiresAt: inv.ExpiresAt.Time}, inv.Email)
	s.must(err, "making a token")
	return s.op.Portal.String() + invitation.Path + token
}

// flip changes the last character of a token, which is one of its seal.
func flip(token string) string {
	last := "A"
	if strings.HasSuffix(token, last) {
		last = "B"
	}
	return token[:len(token)-1] + last
}

func TestAnotherAddressIsInvitedAnew(t *testing.T) {
	t.Parallel()
	s := play(t, acme(1, "ada")...)
	s.is("ada", v1alpha1.ReasonInvited)
	edit(s, "ada", func(u *v1alpha1.User) { u.Spec.Email = at("lovelace") })
	s.holds(s.invited("ada", 2), "standard")
	s.answer(s.links(at("ada"), 1)[0], accept, http.StatusGone)
	s.answer(s.links(at("lovelace"), 1)[0], accept, http.StatusOK)
	s.is("ada", v1alpha1.ReasonActive)
}

func TestCaseOfAnAddressDoesNotMatter(t *testing.T) {
	t.Parallel()
	s := play(t, acme(1, "ada")...)
	s.is("ada", v1alpha1.ReasonInvited)
	edit(s, "ada", func(u *v1alpha1.User) { u.Spec.Email = strings.ToUpper(at("ada")) })
	s.invited("ada", 1)
	s.answer(s.links(at("ada"), 1)[0], accept, http.StatusOK)
}

func TestAnotherAddressAfterAcceptance(t *testing.T) {
	t.Parallel()
	s := play(t, acme(1, "ada")...)
	s.join("ada")
	edit(s, "ada", func(u *v1alpha1.User) { u.Spec.Email = at("lovelace") })
	s.holds(s.is("ada", v1alpha1.ReasonActive), "standard")
	s.links(at("lovelace"), 0)
}
