// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/util/workqueue"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

func wantMails(t *testing.T, w *passes.World, want ...string) {
	t.Helper()
	var got []string
	for _, m := range w.Mail.Sent() {
		got = append(got, m.To.Email)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("mails went to %v, want %v", got, want)
	}
}

func TestMailServerIsAway(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(1, "ada")()...)
	w.Mail.Unavailable(1000)
	for range 4 {
		_, _ = w.Round() // it may well tell of the mail server
	}
	ada := w.User("ada")
	wantReason(t, w, ada, v1alpha1.ReasonMailUnavailable)
	if ada.Status.Invitation != nil {
		t.Errorf("an invitation is on record: %+v", ada.Status.Invitation)
	}
	version := ada.ResourceVersion
	for range 4 {
		_, _ = w.Round()
	}
	if w.User("ada").ResourceVersion != version {
		t.Error("a try that fails as the last one did writes something")
	}
	w.Mail.Unavailable(0)
	w.Settle()
	wantReason(t, w, w.User("ada"), v1alpha1.ReasonInvited)
	wantMails(t, w, "ada@acme.example")
}

func TestMailServerRefuses(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(1, "ada")()...)
	w.Mail.Reject("ada@acme.example", "550 5.1.1 No such user")
	w.Settle()
	ada := w.User("ada")
	wantReason(t, w, ada, v1alpha1.ReasonMailRejected)
	if got := ada.Status.Invitation.Rejection; got != "550 5.1.1 No such user" {
		t.Errorf("the server's words are recorded as %q", got)
	}
	if n := w.Mail.Attempts(); n != 1 {
		t.Errorf("the mail was tried %d times, want once", n)
	}
	edit("ada", func(u *v1alpha1.User) { u.Spec.Email = "lovelace@acme.example" })(w)
	w.Settle()
	wantReason(t, w, w.User("ada"), v1alpha1.ReasonInvited)
	wantMails(t, w, "lovelace@acme.example")
}

// Mail that hangs holds up nobody, not even the next pass over the same user.
func TestMailServerHangs(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(2, "ada", "bea")()...)
	w.Settle()
	gate := w.Mail.Hang()
	edit("bea", resend)(w)
	for range 3 {
		if _, err := w.Turn(); err != nil {
			t.Error(err)
		}
	}
	<-gate.Reached()
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonInviting)
	edit("bea", state(v1alpha1.UserArchived))(w)
	w.Create(member("cid"))
	for range 4 {
		if _, err := w.Turn(); err != nil {
			t.Error(err)
		}
	}
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonArchived)
	wantLedger(t, w, map[int32]string{0: "ada", 1: "cid"})
	gate.Open()
	w.Settle()
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonArchived)
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonInvited)
}

// The queue that calls a controller forgets its failures whenever a pass ends well, as one does that waits for a
// mail. Still, a mail server that is away for hours is tried now and then, not all the time.
func TestMailServerIsNotPressed(t *testing.T) {
	t.Parallel()
	const outage, enough = 2 * time.Hour, 50
	w := passes.New(t, acme(1, "ada")()...)
	w.Mail.Unavailable(1000)
	for w.Mail.Attempts() == 0 {
		_, _ = w.Round()
	}
	failures := workqueue.NewTypedItemExponentialFailureRateLimiter[string](50*time.Millisecond, 5*time.Minute)
	for until := w.Clock.Now().Add(outage); w.Clock.Now().Before(until); {
		result, err := w.Pass(passes.User, "ada")
		var wait time.Duration
		switch {
		case err != nil:
			wait = failures.When("ada")
		default:
			failures.Forget("ada")
			wait = result.RequeueAfter
		}
		if wait == 0 && w.Delivered() == 0 {
			t.Fatal("nothing wakes the user any more")
		}
		w.Clock.SetTime(w.Clock.Now().Add(wait))
		if n := w.Mail.Attempts(); n > enough {
			t.Fatalf("the mail was tried %d times within %s", n, outage-until.Sub(w.Clock.Now()))
		}
	}
	w.Mail.Unavailable(0)
	w.Clock.SetTime(w.Clock.Now().Add(5 * time.Minute))
	w.Settle()
	wantReason(t, w, w.User("ada"), v1alpha1.ReasonInvited)
}

// Whoever is invited with one role and waits for the seat of another is told so at once, in one write.
func TestInvitedAndWaiting(t *testing.T) {
	t.Parallel()
	w, _ := village(t)
	w.Traffic.Reset()
	late := member("zed")
	late.Spec.Roles = []string{"member", "scarce"}
	w.Create(late)
	w.Settle()
	zed := w.User("zed")
	wantReason(t, w, zed, v1alpha1.ReasonAwaitingSeat)
	if zed.Status.Invitation == nil || zed.Status.Invitation.SentAt == nil {
		t.Error("nobody is invited")
	}
	ofZed := func(r operator.Request) bool { return r.Resource == "users/status" && r.Name == "zed" }
	if writes := w.Traffic.Requests(ofZed); len(writes) != 1 {
		t.Errorf("it takes the writes %v, want one", writes)
	}
}

// Whoever is suspended while the mail waits for its turn gets none.
func TestMailThatNobodyNeedsAnyMore(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(2)()...)
	w.Settle()
	gate := w.Mail.Hang()
	w.Create(member("ada"), member("bea"))
	for range 3 {
		if _, err := w.Turn(); err != nil {
			t.Error(err)
		}
	}
	<-gate.Reached() // ada's mail, so that bea's waits
	edit("bea", state(v1alpha1.UserSuspended))(w)
	if _, err := w.Turn(); err != nil {
		t.Error(err)
	}
	gate.Open()
	w.Settle()
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonSuspended)
	wantMails(t, w, "ada@acme.example")
}
