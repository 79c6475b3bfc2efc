// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/keystore"
	"seatkeeper.dev/seatkeeper/internal/outbox"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// reminding is acme with one user, where people are reminded every two days, with three mails in all.
func reminding(user string) []client.Object {
	objects := acme(1, user)
	objects[0] = build.Organization("acme").Reminders(48*time.Hour, 3).Obj()
	return objects
}

// leapTo moves the clock, and has the timers of a user noticed.
func (s *stage) leapTo(name string, t time.Time) {
	s.Helper()
	s.clock.LeapTo(t)
	s.annotate(name, v1alpha1.AnnotationReconcileAt, t.String())
}

// sends waits until a user was sent so many mails.
func (s *stage) sends(name string, want int32) *v1alpha1.User {
	s.Helper()
	return await(s, name, func(u *v1alpha1.User) error {
		if inv := u.Status.Invitation; inv == nil || ptr.Deref(inv.Sends, 0) != want {
			return fmt.Errorf("the invitation of %s is %+v, want %d mails", name, inv, want)
		}
		return nil
	})
}

func TestReminders(t *testing.T) {
	t.Parallel()
	s := play(t, reminding("ada")...)
	inv := s.invited("ada", 1).Status.Invitation
	s.leapTo("ada", inv.SentAt.Add(48*time.Hour-3*time.Second)) // a timer does the rest
	first := s.sends("ada", 2).Status.Invitation
	s.leapTo("ada", first.RemindedAt.Add(48*time.Hour))
	s.sends("ada", 3)
	s.leapTo("ada", first.RemindedAt.Add(100*time.Hour))
	s.says("ada", v1alpha1.ReasonInvited, "waits for an answer") // in time, and three mails were sent
	links := s.links(at("ada"), 3)
	if links[0] != links[1] || links[1] != links[2] {
		t.Errorf("the links are %q, want one", links)
	}
	mails := s.mails(at("ada"))
	for i, m := range mails[1:] {
		if !strings.HasPrefix(m.Subject, "Reminder: ") || m.MessageID == mails[i].MessageID {
			t.Errorf("mail %d has the subject %q and the Message-ID %s", i+1, m.Subject, m.MessageID)
		}
	}
	s.answer(links[0], accept, http.StatusOK)
	s.is("ada", v1alpha1.ReasonActive)
}

func TestReminderStopsWithTheAnswer(t *testing.T) {
	t.Parallel()
	s := play(t, reminding("ada")...)
	inv := s.invited("ada", 1).Status.Invitation
	s.answer(s.links(at("ada"), 1)[0], decline, http.StatusOK)
	s.is("ada", v1alpha1.ReasonDeclined)
	s.leapTo("ada", inv.SentAt.Add(72*time.Hour))
	s.scale(2)
	s.is("ada", v1alpha1.ReasonDeclined)
	s.links(at("ada"), 1)
}

func TestReminderThatCannotBeSent(t *testing.T) {
	t.Parallel()
	s := play(t, reminding("bea")...)
	inv := s.invited("bea", 1).Status.Invitation
	s.box.SetScript(mailbox.Times(2, mailbox.At(mailbox.Rcpt, mailbox.Answer(450, "4.2.0 Greylisted"))))
	s.leapTo("bea", inv.SentAt.Add(48*time.Hour))
	s.sends("bea", 2)
	s.is("bea", v1alpha1.ReasonInvited)
	s.links(at("bea"), 2)
}

func TestOperatorDiesBeforeItRecordsAReminder(t *testing.T) {
	t.Parallel()
	s := empty(t)
	var traffic operator.Traffic
	s.start(operator.Options{Config: traffic.Config(env.Config(t))})
	s.create(reminding("ada")...)
	inv := s.invited("ada", 1).Status.Invitation
	dead := traffic.Kill(operator.NotSent, 1, func(r operator.Request) bool {
		return operator.Writing("users/status")(r) && len(s.mails(at("ada"))) > 1
	})
	s.leapTo("ada", inv.SentAt.Add(48*time.Hour))
	<-dead
	s.replace()
	s.sends("ada", 2)
	mails := s.mails(at("ada"))
	if len(mails) != 3 {
		t.Fatalf("ada has got %d mails, want the reminder twice", len(mails))
	}
	if diff := cmp.Diff(mails[1], mails[2], cmpopts.IgnoreFields(mailbox.Message{}, "ID", "Received")); diff != "" {
		t.Errorf("these are two reminders, not one twice:\n%s", diff)
	}
}

// has waits until a condition of acme has a reason, and says these words.
func (s *stage) has(condition, reason, words string) {
	s.Helper()
	await(s, "acme", func(o *v1alpha1.Organization) error {
		c := meta.FindStatusCondition(o.Status.Conditions, condition)
		if c == nil || c.Reason != reason || !strings.Contains(c.Message, words) {
			return fmt.Errorf("%s is %+v, want %s that says %q", condition, c, reason, words)
		}
		return nil
	})
}

// events counts the events about an object with a reason.
func (s *stage) events(object, reason string) (n int) {
	s.Helper()
	var list eventsv1.EventList
	s.must(s.List(s.Context(), &list, client.InNamespace(s.ns)), "listing events")
	for i := range list.Items {
		if e := &list.Items[i]; e.Regarding.Name == object && e.Reason == reason {
			n++
			if e.Series != nil {
				n += int(e.Series.Count) - 1
			}
		}
	}
	return n
}

func TestMailsOfAnOrganizationsOwn(t *testing.T) {
	t.Parallel()
	objects := acme(9, "ada")
	objects[0] = build.Organization("acme").DisplayName("Acme SAS").Templates("acme-mails").Obj()
	s := play(t, objects...)
	s.has(v1alpha1.ConditionTemplatesValid, v1alpha1.ReasonConfigMapNotFound, "there is no ConfigMap acme-mails")
	s.invited("ada", 1)
	if subject := s.mails(at("ada"))[0].Subject; subject != "Invitation to join Acme SAS" {
		t.Errorf("without the ConfigMap the subject is %q", subject)
	}
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "acme-mails"}, Data: map[string]string{
		"en.subject": "{{.Organization}} wants you", "en.text": "Dear {{.GivenName}},\n{{.Link}}\nuntil {{.Until}}\n",
	}}
	s.create(config)
	s.has(v1alpha1.ConditionTemplatesValid, v1alpha1.ReasonTemplatesValid, "acme-mails")
	s.create(member("bea").Name("Béa", "").Obj())
	s.invited("bea", 1)
	if m := s.mails(at("bea"))[0]; m.Subject != "Acme SAS wants you" || !strings.HasPrefix(m.Text, "Dear Béa,\n") || m.HTML != "" {
		t.Errorf("the mail is %q: %q, and in HTML %q", m.Subject, m.Text, m.HTML)
	}
	edit(s, "acme-mails", func(c *corev1.ConfigMap) { c.Data["en.text"] = "Dear {{.GivenName}},\n{{.Link}}\n{{.Organisation}}\n" })
	s.has(v1alpha1.ConditionTemplatesValid, v1alpha1.ReasonTemplatesInvalid, "key en.text, line 3")
	s.create(member("cid").Obj())
	s.invited("cid", 1)
	if subject := s.mails(at("cid"))[0].Subject; subject != "Invitation to join Acme SAS" {
		t.Errorf("with a mistake in the ConfigMap the subject is %q", subject)
	}
	edit(s, "acme-mails", func(c *corev1.ConfigMap) { delete(c.Data, "en.text"); c.Data["en.text"] = "{{.Link}}" })
	s.has(v1alpha1.ConditionTemplatesValid, v1alpha1.ReasonTemplatesValid, "acme-mails")
	s.create(member("dan").Obj())
	s.invited("dan", 1)
	if text := s.mails(at("dan"))[0].Text; strings.TrimSpace(text) != s.links(at("dan"), 1)[0] {
		t.Errorf("the mistake is mended, and the text is %q", text)
	}
	for _, link := range []string{s.links(at("bea"), 1)[0], s.links(at("cid"), 1)[0], s.links(at("dan"), 1)[0]} {
		s.answer(link, accept, http.StatusOK)
	}
}

// serverSecret says where a mailbox is, as Secrets of mail servers do.
func serverSecret(t *testing.T, box *mailbox.Server) map[string][]byte {
	t.Helper()
	host, port, err := net.SplitHostPort(box.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"host": []byte(host), "port": []byte(port), "tls": []byte("Disabled")}
}

func TestMailServerOfAnOrganizationsOwn(t *testing.T) {
	t.Parallel()
	objects := acme(9, "ada")
	objects[0] = build.Organization("acme").Mail(v1alpha1.OrganizationMail{
		From: "Acme <hello@acme.example>", ReplyTo: "help@acme.example", SMTPSecretRef: v1alpha1.SecretReference{Name: "acme-smtp"},
	}).Obj()
	s := play(t, objects...)
	s.says("ada", v1alpha1.ReasonMailUnavailable, "there is no Secret acme-smtp")
	s.has(v1alpha1.ConditionMailReachable, v1alpha1.ReasonMailUnavailable, "there is no Secret acme-smtp")

	own, next := operator.Mailbox(t), operator.Mailbox(t)
	s.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "acme-smtp"}, Data: serverSecret(t, own)})
	s.is("ada", v1alpha1.ReasonInvited)
	s.has(v1alpha1.ConditionMailReachable, v1alpha1.ReasonMailReachable, "takes mail")
	if m := own.Messages()[0]; m.From != "hello@acme.example" || m.Header.Get("Reply-To") != "<help@acme.example>" || !strings.Contains(m.Header.Get("From"), "Acme") {
		t.Errorf("the mail is from %s, with the header %v", m.From, m.Header)
	}
	for _, reason := range []string{v1alpha1.ReasonMailUnavailable, v1alpha1.ReasonMailReachable} {
		env.Eventually(t, func() error {
			if n := s.events("acme", reason); n != 1 {
				return fmt.Errorf("%d events tell of %s, want one an outage", n, reason)
			}
			return nil
		})
	}
	// The Secret is rotated, and nothing restarted.
	edit(s, "acme-smtp", func(secret *corev1.Secret) { secret.Data = serverSecret(t, next) })
	s.clock.LeapTo(s.clock.Now().Add(10 * time.Second)) // for as long a Secret is taken as read
	s.create(member("bea").Obj())
	s.is("bea", v1alpha1.ReasonInvited)
	if len(own.Messages()) != 1 || len(next.Messages()) != 1 || len(s.box.Messages()) != 0 {
		t.Errorf("the servers got %d, %d and %d mails, want one each of the organization's, and none the operator's",
			len(own.Messages()), len(next.Messages()), len(s.box.Messages()))
	}
}

// Secrets of identity providers are not watched: one that appears is found by itself. Meanwhile people accept in the other ways that
// there are.
func TestIdentityProviderWithoutItsSecret(t *testing.T) {
	t.Parallel()
	objects := acme(9, "ada")
	objects[0] = build.Organization("acme").SignIn("google", "google-client").Obj()
	s := play(t, objects...)
	s.has(v1alpha1.ConditionIdentityProvidersValid, v1alpha1.ReasonSecretNotFound, "there is no Secret google-client")
	s.has(v1alpha1.ConditionStalled, v1alpha1.ReasonSecretNotFound, "there is no Secret google-client")
	s.join("ada")
	s.create(build.Secret("google-client", map[string]string{"clientSecret": "s3cret"}))
	s.has(v1alpha1.ConditionIdentityProvidersValid, v1alpha1.ReasonIdentityProvidersValid, "")
	s.has(v1alpha1.ConditionReady, v1alpha1.ReasonReady, "")
}

// One organization's server does not hold up another's mail: as many mails as go to one server at once hang there, none has
// ended, and ada is invited.
func TestHangingServerOfAnotherOrganization(t *testing.T) {
	t.Parallel()
	s := empty(t)
	s.start(operator.Options{})
	hanging := operator.Mailbox(t)
	answers := make(chan struct{})
	answer := sync.OnceFunc(func() { close(answers) })
	defer answer()
	hang := make(chan struct{}, 10*outbox.DefaultPerServer)
	hanging.SetScript(func(mailbox.Event) mailbox.Reaction {
		select {
		case hang <- struct{}{}:
		default:
		}
		<-answers
		return mailbox.Reaction{}
	})
	s.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "globex-smtp"}, Data: serverSecret(t, hanging)},
		build.Organization("globex").Mail(v1alpha1.OrganizationMail{SMTPSecretRef: v1alpha1.SecretReference{Name: "globex-smtp"}}).Obj(),
		build.Role("guest").In("", "globex").Obj())
	guests := make([]string, 40) // more than go to one server at once
	for i := range guests {
		guests[i] = fmt.Sprint("g", i)
		s.create(build.User(guests[i]).In("", "globex").Roles("guest").Obj())
	}
	s.fills(hang, outbox.DefaultPerServer)
	s.create(acme(1, "ada")...)
	s.is("ada", v1alpha1.ReasonInvited)
	for _, name := range guests {
		if u := get[v1alpha1.User](s, name); stands(u, v1alpha1.ReasonMailUnavailable) == nil {
			t.Fatalf("ada had to wait until the mail to %s was given up: %v", name, u.Status.Conditions)
		}
	}
	answer()
	for _, name := range guests {
		s.is(name, v1alpha1.ReasonInvited)
	}
}

// rekeyed waits until links are made with other keys than before, as those show that a user gets.
func (s *stage) rekeyed(was invitation.Keyring, name string) {
	s.Helper()
	sequence := get[v1alpha1.User](s, name).Status.Invitation.Sequence
	env.Eventually(s, func() error {
		sequence++
		s.annotate(name, v1alpha1.AnnotationResendInvitation, fmt.Sprint("please ", sequence))
		inv := s.invited(name, sequence).Status.Invitation
		mails := s.mails(at(name))
		if links := mails[len(mails)-1].Links(); links[0] == s.link(was, name, inv) {
			return errors.New("the latest link is made with the key of before")
		}
		return nil
	})
}

func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	s := play(t, acme(3, "ada", "bea", "cid")...)
	for _, name := range []string{"ada", "bea", "cid"} {
		s.invited(name, 1)
	}
	rotate := func() {
		t.Helper()
		was := s.keys()
		_, err := keystore.Rotate(t.Context(), s.Client, s.ns, s.clock.Now(), true)
		s.must(err, "rotating the keys")
		s.rekeyed(was, "cid")
	}
	rotate()
	s.answer(s.links(at("ada"), 1)[0], accept, http.StatusOK) // both keys are good
	rotate()
	s.answer(s.links(at("bea"), 1)[0], accept, http.StatusNotFound) // and not the one before
	s.annotate("bea", v1alpha1.AnnotationResendInvitation, "please")
	s.invited("bea", 2)
	s.answer(s.links(at("bea"), 2)[1], accept, http.StatusOK)
}

// Whoever edits the Secret by hand has the same: both keys are good while both are there, and a key that is dropped ends its
// links, and no others.
func TestKeysAreRotatedByHand(t *testing.T) {
	t.Parallel()
	s := play(t, acme(3, "ada", "bea", "cid")...)
	for _, name := range []string{"ada", "bea", "cid"} {
		s.invited(name, 1)
	}
	was := s.keys()
	key, err := invitation.NewKey(rand.Reader)
	s.must(err, "making a key")
	edit(s, keystore.SecretName, func(secret *corev1.Secret) {
		secret.Data = map[string][]byte{invitation.SecretKeyCurrent: key, invitation.SecretKeyPrevious: was.Current}
	})
	s.rekeyed(was, "cid")
	bea := s.links(at("bea"), 1)[0]
	s.answer(s.links(at("ada"), 1)[0], accept, http.StatusOK)
	if status := s.request(http.MethodGet, bea, nil); status != http.StatusOK {
		t.Errorf("with both keys there, a link of the old one gives %d", status)
	}
	edit(s, keystore.SecretName, func(secret *corev1.Secret) { delete(secret.Data, invitation.SecretKeyPrevious) })
	env.Eventually(t, func() error {
		if status := s.request(http.MethodGet, bea, nil); status != http.StatusNotFound {
			return fmt.Errorf("a link whose key was dropped gives %d, want 404", status)
		}
		return nil
	})
	s.answer(bea, accept, http.StatusNotFound)
	mails := s.mails(at("cid"))
	s.answer(mails[len(mails)-1].Links()[0], accept, http.StatusOK)
}
