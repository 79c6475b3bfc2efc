// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package realmail_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/realmail"
)

func TestMain(m *testing.M) { env.Main(m) }

// company is an organization whose operator sends through a real mail server. People need no seat, so that their invitation is
// recorded before it is sent; two days later they are reminded.
type company struct {
	*testing.T
	client.Client
	ns      string
	clock   *operator.Clock
	server  *realmail.Server
	op      *operator.Operator
	traffic *operator.Traffic
}

const ada = "ada@example.org"

func found(t *testing.T, server *realmail.Server) *company {
	t.Helper()
	c := &company{T: t, Client: env.Client(t), ns: env.Namespace(t), clock: &operator.Clock{}, server: server}
	for _, o := range []client.Object{
		build.Organization("acme").In(c.ns).Reminders(48*time.Hour, 2).Obj(),
		build.Role("guest").In(c.ns, "acme").Obj(),
	} {
		if err := c.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// run starts an operator, where the one before was reached.
func (c *company) run() {
	c.Helper()
	c.traffic = &operator.Traffic{}
	o := operator.Options{Config: c.traffic.Config(env.Config(c)), Sender: sender(c.T, c.server, nil), Clock: c.clock}
	if c.op != nil {
		c.op.Stop(c.T)
		o.Portal = c.op.Portal
	}
	c.op = operator.Start(c, c.ns, o)
}

func (c *company) hire() {
	c.Helper()
	if err := c.Create(c.Context(), build.User("ada").In(c.ns, "acme").Email(ada).Roles("guest").Obj()); err != nil {
		c.Fatal(err)
	}
}

// sends waits until ada was sent so many mails, or stop is closed.
func (c *company) sends(want int32, stop <-chan struct{}) (u *v1alpha1.User) {
	c.Helper()
	env.Eventually(c, func() error {
		u = &v1alpha1.User{}
		if err := c.Get(c.Context(), client.ObjectKey{Namespace: c.ns, Name: "ada"}, u); err != nil {
			return err
		}
		select {
		case <-stop:
			return nil
		default:
		}
		if inv := u.Status.Invitation; inv == nil || ptr.Deref(inv.Sends, 0) < want {
			return fmt.Errorf("the invitation is %+v, want %d mails", inv, want)
		}
		return nil
	})
	return u
}

// remind lets time pass until a reminder is due.
func (c *company) remind(u *v1alpha1.User) {
	c.Helper()
	c.clock.LeapTo(u.Status.Invitation.SentAt.Add(48 * time.Hour))
	before := u.DeepCopy()
	metav1.SetMetaDataAnnotation(&u.ObjectMeta, v1alpha1.AnnotationReconcileAt, "the timer is of another time")
	if err := c.Patch(c.Context(), u, client.MergeFrom(before)); err != nil {
		c.Fatal(err)
	}
}

var linkPattern = regexp.MustCompile(`https?://\S+/invitations/\S+`)

// letters are the mails to ada, by Message-ID: every copy is to be the same, and every link.
func (c *company) letters(from int) (copies map[string]int, link string) {
	c.Helper()
	copies = map[string]int{}
	bodies := map[string][]byte{}
	for _, m := range c.server.Messages(c.T)[from:] {
		id := m.Header.Get("Message-Id")
		if was, ok := bodies[id]; ok && !bytes.Equal(was, m.Body) {
			c.Errorf("two mails are both %s:\n%s\n%s", id, was, m.Body)
		}
		bodies[id] = m.Body
		copies[id]++
		is := linkPattern.FindString(m.Text)
		if is == "" || link != "" && is != link {
			c.Errorf("a mail has the link %q, and another %q", is, link)
		}
		link = is
	}
	return copies, link
}

func (c *company) accept(link string) int {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), http.MethodPost, link, strings.NewReader(url.Values{"answer": {"accept"}}.Encode()))
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Close = true
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// TestManagerIsKilledAroundTheSend kills the manager at each of the writes around an invitation and its reminder, with the write
// lost or its answer. At least one copy of each mail arrives, all copies are the same, and there is one link, which
// works.
func TestManagerIsKilledAroundTheSend(t *testing.T) {
	server := realmail.Start(t)
	for n, what := range []string{"what is to be sent", "what was sent", "the reminder"} {
		for _, fault := range []operator.Fault{operator.NotSent, operator.NoAnswer} {
			t.Run(fmt.Sprintf("recording %s, %s", what, fault), func(t *testing.T) {
				c, before := found(t, server), len(server.Messages(t))
				c.run()
				dead := c.traffic.Kill(fault, n+1, operator.Writing("users/status"))
				c.hire()
				if u := c.sends(1, dead); n == 2 {
					c.remind(u)
				}
				<-dead
				c.run()
				u := c.sends(1, nil)
				if ptr.Deref(u.Status.Invitation.Sends, 0) == 1 {
					c.remind(u)
				}
				c.sends(2, nil)
				copies, link := c.letters(before)
				if len(copies) != 2 {
					t.Errorf("of an invitation and a reminder arrive %v", copies)
				}
				if status := c.accept(link); status != http.StatusOK {
					t.Errorf("the link gives %d", status)
				}
			})
		}
	}
}

// TestServerIsDownThenGreylistsThenTakesIt has everything go wrong in turn; the invitation arrives.
func TestServerIsDownThenGreylistsThenTakesIt(t *testing.T) {
	server := realmail.Start(t)
	c := found(t, server)
	server.Stop(t)
	c.run()
	c.hire()
	reason := func(want string) {
		t.Helper()
		env.Eventually(t, func() error {
			var u v1alpha1.User
			if err := c.Get(t.Context(), client.ObjectKey{Namespace: c.ns, Name: "ada"}, &u); err != nil {
				return err
			}
			if r := meta.FindStatusCondition(u.Status.Conditions, v1alpha1.ConditionReady); r == nil || r.Reason != want {
				return fmt.Errorf("ada is %+v, want %s", r, want)
			}
			return nil
		})
	}
	reason(v1alpha1.ReasonMailUnavailable)
	server.Refuse(ada, "450 4.2.0 Greylisted, come back later", 3)
	server.Restart(t)
	c.sends(1, nil)
	copies, link := c.letters(0)
	if len(copies) != 1 {
		t.Errorf("%v arrive", copies)
	}
	server.Refuse(ada, "550 5.1.1 No such user here", 1)
	c.remind(c.sends(1, nil))
	reason(v1alpha1.ReasonMailRejected) // somebody should know, and the link still works
	if status := c.accept(link); status != http.StatusOK {
		t.Errorf("the link gives %d", status)
	}
	reason(v1alpha1.ReasonActive)
}
