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
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mailroom"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/outbox"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// Inviter is what every invitation is made with.
type Inviter struct {
	// Mailroom knows who sends an organization's mail, and in which words.
	Mailroom *mailroom.Mailroom
	// Portal is the address at which people reach the invitation pages.
	Portal *url.URL
	// Keys returns the keys that links are made with at present.
	Keys func() invitation.Keyring
}

// deliver hands the mail that is to be sent to the outbox, and brings what became of it into the decision. Until that
// is known, an invitation's pass ends in silence: the outbox wakes the user.
func (r *Reconciler) deliver(s *snapshot, d *membership.Decision) (queued bool) {
	if d.Send == nil {
		return r.notify(s, d)
	}
	key := s.key
	id := fmt.Sprintf("%s %d %d %d %s", s.User.UID, d.Send.Sequence, d.Reminder, d.Send.ExpiresAt.Unix(), d.Send.Email)
	o := r.Outbox.Do(outbox.Errand{
		Owner: key, ID: id, Server: mailroom.Server(s.Organization), Tenant: client.ObjectKeyFromObject(s.Organization),
		Run: r.send(s, r.compose(s, d.User.DeepCopy(), letter{d.Send.DeepCopy(), d.Reminder, d.WrittenAt})),
	})
	switch {
	case o.State == outbox.Queued:
		d.Queued()
		return true
	case o.State == outbox.Done:
		r.patience.forget(key)
		d.Sent(o.At)
	case errors.Is(o.Err, mail.ErrRejected):
		r.patience.forget(key)
		d.Refused(mail.Words(o.Err))
	default:
		d.Unsent(mail.Words(o.Err), s.Now.Add(r.patience.next(key, id, errors.Is(o.Err, mail.ErrUnconfirmed))))
	}
	return false
}

// patience spaces the tries of a mail that the server does not take. The queue's own does not do: it forgets a
// failure at the next pass that waits for a mail. What is remembered is no truth, only courtesy.
type patience struct {
	mu       sync.Mutex
	failures map[types.NamespacedName]failures
}

// failures are those of one effect: another one starts anew.
type failures struct {
	id    string
	count int
}

// next counts one more failure, and says how long to wait after it. After an effect that may have come about, as of a mail
// that the server took without a word, the first try follows as soon as after others, and those after it much later: each
// may be one mail more.
func (p *patience) next(owner types.NamespacedName, id string, unconfirmed bool) time.Duration {
	const (
		first, last, doublings          = 50 * time.Millisecond, 5 * time.Minute, 13
		unsure, longest, unsureDoubling = time.Minute, 6 * time.Hour, 9
	)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failures == nil {
		p.failures = map[types.NamespacedName]failures{}
	}
	n := 0
	if was := p.failures[owner]; was.id == id {
		n = was.count
	}
	p.failures[owner] = failures{id, n + 1}
	if unconfirmed && n > 0 {
		return min(longest, unsure<<min(n-1, unsureDoubling))
	}
	return min(last, first<<min(n, doublings))
}

func (p *patience) forget(owner types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.failures, owner)
}

// letter is one mail: an invitation, or a reminder of it.
type letter struct {
	invitation *v1alpha1.InvitationStatus
	reminder   int
	writtenAt  time.Time
}

// composer writes a mail.
type composer func(context.Context) (mail.Message, error)

// send returns what sends a mail. It is called late, when its turn has come.
func (r *Reconciler) send(s *snapshot, compose composer) func(context.Context) error {
	return func(ctx context.Context) error {
		m, err := compose(ctx)
		if err != nil {
			return fmt.Errorf("%w: %w", outbox.ErrNotTried, err)
		}
		sender, err := r.Inviter.Mailroom.SenderOf(ctx, s.Organization)
		if err != nil {
			return err
		}
		return sender.Send(ctx, m)
	}
}

// compose writes an invitation, or a reminder of it.
func (r *Reconciler) compose(s *snapshot, u *v1alpha1.User, l letter) composer {
	return func(ctx context.Context) (mail.Message, error) {
		zone, err := invitation.LoadZone(u.Spec.TimeZone, s.Organization.Spec.TimeZone)
		if err != nil {
			return mail.Message{}, err
		}
		from, replyTo, err := r.Inviter.Mailroom.Addresses(s.Organization)
		if err != nil {
			return mail.Message{}, err
		}
		own, _, _, err := r.Inviter.Mailroom.TemplatesOf(ctx, s.Organization)
		if err != nil {
			return mail.Message{}, err
		}
		details := invitation.Describe(u, s.Organization, s.role)
		details.Locale = own.Match(u.Spec.Locale, s.Organization.Spec.Locale)
		return invitation.Message(invitation.Params{
			Details: details,
			Claims:  invitation.Claims{UID: u.UID, Sequence: l.invitation.Sequence, ExpiresAt: l.invitation.ExpiresAt.Time},
			TTL:     s.Organization.Spec.Invitation.TTL.Duration,
			Zone:    zone, From: from, ReplyTo: replyTo, Portal: r.Inviter.Portal, Keys: r.Inviter.Keys(),
			Reminder: l.reminder, Date: l.writtenAt, Templates: own,
		})
	}
}

// finish writes the status, and lets go of what was sent and handed over once its outcome is recorded.
func (r *Reconciler) finish(ctx context.Context, s *snapshot, d *membership.Decision, underWay bool) (ctrl.Result, error) {
	r.pace(s, d)
	err := r.Persist(ctx, s.User, d.User, d.Verdict)
	if err == nil && d.Verdict.Kind != verdict.Silent {
		r.announce(s, d.User)
		r.Course.Wrote(s.User, d.User)
		r.countHandover(d, nil)
		err = errors.Join(r.letGo(ctx, s.User, d.User), r.welcome(ctx, s.User, d))
		if !underWay {
			r.forget(s.key)
		}
	}
	return r.Result(d.Verdict, errors.Join(err, s.failed))
}

// countHandover counts what was handed over, once that is on record, or what would say so is gone.
func (r *Reconciler) countHandover(d *membership.Decision, err error) {
	if err == nil {
		r.Course.HandedOver(d.User, d.Moved, d.Left)
	}
}

// pace says when the next pass is due by the clock.
func (r *Reconciler) pace(s *snapshot, d *membership.Decision) {
	switch {
	case d.Task != nil: // nothing is known yet
	case !d.Later:
		r.estatePatience.forget(s.key)
	default:
		d.Verdict.WakeAt = access.Sooner(d.Verdict.WakeAt, r.Clock.Now().Add(r.estatePatience.next(s.key, d.Verdict.Reason, false)))
	}
	d.Verdict.WakeAt = d.Due()
}

// forgetAll forgets what is known of a user, or a record, who is no more.
func (r *Reconciler) forgetAll(key types.NamespacedName) {
	r.forget(key)
	r.patience.forget(key)
	r.tries.forget(key)
	r.estatePatience.forget(key)
	r.strays.forget(key)
	r.Departed.Forget(key)
}

func (r *Reconciler) forget(user types.NamespacedName) {
	r.Outbox.Forget(user)
	r.Accounts.Outbox.Forget(user)
	r.errands.forget(user)
	r.Estate.Forget(user)
}
