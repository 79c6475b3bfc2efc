// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/contract"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// The two answers to an invitation.
const (
	accept  = "accept"
	decline = "decline"
)

// stage is where a story is played: a namespace, a mail server, a clock and an operator of its own.
type stage struct {
	*testing.T
	client.Client
	ns    string
	box   *mailbox.Server
	clock *operator.Clock
	op    *operator.Operator
}

// empty is a stage on which no operator runs yet.
func empty(t *testing.T) *stage {
	t.Helper()
	return &stage{T: t, Client: env.Client(t), ns: env.Namespace(t), box: operator.Mailbox(t), clock: &operator.Clock{}}
}

// play opens a stage on which an operator runs, and then creates the objects.
func play(t *testing.T, objects ...client.Object) *stage {
	t.Helper()
	s := empty(t)
	s.start(operator.Options{})
	s.create(objects...)
	return s
}

// acme is an organization with a pool of so many seats, whose users have the role member. Ada owns it.
func acme(seats int32, users ...string) []client.Object {
	objects := []client.Object{
		build.Organization("acme").Obj(),
		build.SeatPool("standard").Seats(seats).Obj(),
		build.Role("member").SeatPool("standard").Obj(),
	}
	for _, name := range users {
		objects = append(objects, member(name).Obj())
	}
	return objects
}

func member(name string) *build.UserBuilder { return build.User(name).Roles("member") }

// at is the address of the user with the name.
func at(name string) string { return name + "@acme.example" }

// start runs an operator in place of the one before, if there was one, which is to be stopped already.
func (s *stage) start(o operator.Options) {
	s.Helper()
	o.Mailbox, o.Clock = s.box, s.clock
	if s.op != nil {
		o.Portal = s.op.Portal
	}
	s.op = operator.Start(s, s.ns, o)
}

func (s *stage) must(err error, format string, args ...any) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", fmt.Sprintf(format, args...), err)
	}
}

func (s *stage) create(objects ...client.Object) {
	s.Helper()
	for _, o := range objects {
		o.SetNamespace(s.ns)
		s.must(s.Create(s.Context(), o), "creating %T %s", o, o.GetName())
	}
}

func (s *stage) delete(name string) {
	s.Helper()
	s.must(s.Delete(s.Context(), get[v1alpha1.User](s, name)), "deleting %s", name)
}

type kind[T any] interface {
	*T
	client.Object
}

// get reads an object.
func get[T any, P kind[T]](s *stage, name string) P {
	s.Helper()
	o := P(new(T))
	s.must(s.Get(s.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, o), "reading %T %s", o, name)
	return o
}

// edit changes an object.
func edit[T any, P kind[T]](s *stage, name string, change func(P)) {
	s.Helper()
	o := get[T, P](s, name)
	before := o.DeepCopyObject().(P)
	change(o)
	s.must(s.Patch(s.Context(), o, client.MergeFrom(before)), "editing %T %s", o, name)
}

// turn sets what somebody wants a user to be.
func (s *stage) turn(name string, state v1alpha1.UserState) {
	s.Helper()
	edit(s, name, func(u *v1alpha1.User) { u.Spec.State = state })
}

// annotate sets an annotation of a user.
func (s *stage) annotate(name, key, value string) {
	s.Helper()
	edit(s, name, func(u *v1alpha1.User) { metav1.SetMetaDataAnnotation(&u.ObjectMeta, key, value) })
}

// await waits until check finds nothing amiss with an object.
func await[T any, P kind[T]](s *stage, name string, check func(P) error) P {
	s.Helper()
	var o P
	env.Eventually(s, func() error {
		o = P(new(T))
		if err := s.Get(s.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, o); err != nil {
			return err
		}
		return check(o)
	})
	return o
}

// is waits until the user is in a state, by the reason of Ready, and that for the spec as it stands.
func (s *stage) is(name, reason string) *v1alpha1.User {
	s.Helper()
	u := await(s, name, func(u *v1alpha1.User) error { return stands(u, reason) })
	if err := contract.Conditions(u); err != nil {
		s.Error(err)
	}
	return u
}

// stands says why the state of an object is not the one with the reason.
func stands(o v1alpha1.Conditioned, reason string) error {
	conditions, _ := o.StatusConditions()
	c := meta.FindStatusCondition(*conditions, v1alpha1.ConditionReady)
	if c == nil || c.Reason != reason || c.ObservedGeneration != o.GetGeneration() {
		return fmt.Errorf("%s is %+v, want %s at generation %d", o.GetName(), c, reason, o.GetGeneration())
	}
	return nil
}

// message says why what Ready says of a user lacks the words.
func message(u *v1alpha1.User, words string) error {
	if c := meta.FindStatusCondition(u.Status.Conditions, v1alpha1.ConditionReady); c == nil || !strings.Contains(c.Message, words) {
		return fmt.Errorf("%s is %+v, and that does not say %q", u.Name, c, words)
	}
	return nil
}

// says waits until the user is in a state, and that is told in these words.
func (s *stage) says(name, reason, words string) *v1alpha1.User {
	s.Helper()
	await(s, name, func(u *v1alpha1.User) error { return errors.Join(stands(u, reason), message(u, words)) })
	return s.is(name, reason)
}

// invited waits until the nth invitation of a user is out.
func (s *stage) invited(name string, nth int64) *v1alpha1.User {
	s.Helper()
	return await(s, name, func(u *v1alpha1.User) error {
		if inv := u.Status.Invitation; inv == nil || inv.Sequence != nth || inv.SentAt == nil {
			return fmt.Errorf("the invitation of %s is %+v, want number %d, sent", name, inv, nth)
		}
		return stands(u, v1alpha1.ReasonInvited)
	})
}

// holds fails the story unless a user has a seat of each of the pools, and no other.
func (s *stage) holds(u *v1alpha1.User, pools ...string) {
	s.Helper()
	if !slices.Equal(u.Status.Seats, pools) {
		s.Errorf("%s has the seats %v, want %v", u.Name, u.Status.Seats, pools)
	}
}

// gone waits until there is no such user any more.
func (s *stage) gone(name string) {
	s.Helper()
	env.Eventually(s, func() error {
		err := s.Get(s.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, &v1alpha1.User{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("%s is still there: %w", name, err)
	})
}

// scale gives the pool of acme so many seats, as kubectl scale does.
func (s *stage) scale(seats int32) {
	s.Helper()
	const pool = "standard"
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: seats}}
	err := s.SubResource("scale").Update(s.Context(), get[v1alpha1.SeatPool](s, pool), client.WithSubResourceBody(scale))
	s.must(err, "scaling %s", pool)
}

// mails are those that an address has got, oldest first.
func (s *stage) mails(address string) []mailbox.Message {
	return slices.DeleteFunc(s.box.Messages(), func(m mailbox.Message) bool { return !m.SentTo(address) })
}

// links are those of the mails that an address has got, which are to be so many.
func (s *stage) links(address string, want int) []string {
	s.Helper()
	var links []string
	for _, m := range s.mails(address) {
		links = append(links, m.Links()...)
	}
	if len(links) != want {
		s.Fatalf("%s has got the links %q, want %d", address, links, want)
	}
	return links
}

// request asks the portal, and returns the status of its answer.
func (s *stage) request(method, link string, form url.Values) int {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, link, strings.NewReader(form.Encode()))
	s.must(err, "making a request")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Close = true // the next one may meet another operator at this address
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Errorf("asking the portal: %v", err)
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// post answers an invitation.
func (s *stage) post(link, answer string) int {
	s.Helper()
	return s.request(http.MethodPost, link, url.Values{"answer": {answer}})
}

// answer answers an invitation, and fails the story unless that ends with a status.
func (s *stage) answer(link, answer string, want int) {
	s.Helper()
	if got := s.post(link, answer); got != want {
		s.Fatalf("to %s gives status %d, want %d", answer, got, want)
	}
}

// settles asks the page until that ends with a status, no more often than the page takes requests for one link: it may not know yet of
// what was sent a moment ago.
func (s *stage) settles(what string, want int, ask func() int) {
	s.Helper()
	next, failed := time.Time{}, error(nil)
	env.Eventually(s, func() error {
		if time.Now().Before(next) {
			return failed
		}
		next, failed = time.Now().Add(1200*time.Millisecond), nil
		if got := ask(); got != want {
			failed = fmt.Errorf("%s gives %d, want %d", what, got, want)
		}
		return failed
	})
}

// join takes a user through the first invitation.
func (s *stage) join(name string) {
	s.Helper()
	s.invited(name, 1)
	s.answer(s.links(at(name), 1)[0], accept, http.StatusOK)
	s.is(name, v1alpha1.ReasonActive)
}
