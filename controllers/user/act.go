// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// Inviter is what every invitation is made with.
type Inviter struct {
	// From is who sends the mails.
	From mail.Address
	// Portal is the address at which people reach the invitation pages.
	Portal *url.URL
	// Keys returns the keys that links are made with at present.
	Keys func() invitation.Keyring
}

// deliver hands the invitation that is to be sent to the outbox, and brings what became of it into the decision.
// Until that is known, the pass ends in silence: the outbox wakes the user.
func (r *Reconciler) deliver(s *snapshot, d *membership.Decision) {
	if d.Send == nil {
		return
	}
	key := client.ObjectKeyFromObject(s.User)
	id := fmt.Sprintf("%s %d %d %s", s.User.UID, d.Send.Sequence, d.Send.ExpiresAt.Unix(), d.Send.Email)
	switch o := r.Outbox.Deliver(key, id, r.compose(s, d.User, d.Send)); {
	case o.State == mail.Sent:
		r.patience.forget(key)
		d.Sent(o.At)
	case o.State == mail.Failed && errors.Is(o.Err, mail.ErrRejected):
		r.patience.forget(key)
		d.Refused(mail.Words(o.Err))
	case o.State == mail.Failed:
		d.Unsent(mail.Words(o.Err), s.Now.Add(r.patience.next(key)))
	}
}

// patience spaces the tries of a mail that the server does not take. The queue's own does not do: it forgets a
// failure at the next pass that waits for a mail. What is remembered is no truth, only courtesy.
type patience struct {
	mu       sync.Mutex
	failures map[types.NamespacedName]int
}

// next counts one more failure, and says how long to wait after it.
func (p *patience) next(owner types.NamespacedName) time.Duration {
	const first, last, doublings = 50 * time.Millisecond, 5 * time.Minute, 13
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failures == nil {
		p.failures = map[types.NamespacedName]int{}
	}
	n := p.failures[owner]
	p.failures[owner]++
	return min(last, first<<min(n, doublings))
}

func (p *patience) forget(owner types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.failures, owner)
}

// compose returns what writes the mail. It is called late, when the mail is sent.
func (r *Reconciler) compose(s *snapshot, u *v1alpha1.User, inv *v1alpha1.InvitationStatus) func() (mail.Message, error) {
	return func() (mail.Message, error) {
		zone, err := invitation.LoadZone(u.Spec.TimeZone, s.Organization.Spec.TimeZone)
		if err != nil {
			return mail.Message{}, err
		}
		return invitation.Message(invitation.Params{
			Details: invitation.Describe(u, s.Organization, s.role),
			Claims:  invitation.Claims{UID: u.UID, Sequence: inv.Sequence, ExpiresAt: inv.ExpiresAt.Time},
			TTL:     s.Organization.Spec.Invitation.TTL.Duration,
			Zone:    zone, From: r.Inviter.From, Portal: r.Inviter.Portal, Keys: r.Inviter.Keys(),
		})
	}
}

// finish writes the status, and lets go of the mail once its outcome is recorded.
func (r *Reconciler) finish(ctx context.Context, before *v1alpha1.User, d *membership.Decision) (ctrl.Result, error) {
	err := r.Persist(ctx, before, d.User, d.Verdict)
	if err == nil && d.Verdict.Kind != verdict.Silent {
		r.Outbox.Forget(client.ObjectKeyFromObject(before))
	}
	return r.Result(d.Verdict, err)
}
