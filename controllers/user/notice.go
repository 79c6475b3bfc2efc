// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mailroom"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/outbox"
)

// announce tells by an event that access ends before long, or that somebody changed the account, once that is on record.
func (r *Reconciler) announce(s *snapshot, after *v1alpha1.User) {
	r.announceDrift(s.User, after)
	was, is := s.User.Status.AccessNotice, after.Status.AccessNotice
	if is.Until.IsZero() || was.Until.Equal(&is.Until) {
		return
	}
	zone, _ := invitation.LoadZone(after.Spec.TimeZone, s.Organization.Spec.TimeZone) // UTC where there is none such, which Ready tells of
	r.Events.Eventf(after, nil, corev1.EventTypeWarning, v1alpha1.ReasonAccessEnding, "Reconcile",
		"access ends on %s, by spec.accessUntil: set a later time, or none, if the person is to stay", invitation.English.FormatTime(is.Until.In(zone)))
}

// notify hands the mail that tells a person of the end of access to the outbox, and brings what became of it into the
// decision. Nothing waits for it: who has access has it, and loses it in time.
func (r *Reconciler) notify(s *snapshot, d *membership.Decision) (queued bool) {
	if d.Notice == nil {
		return false
	}
	key := s.key
	id := fmt.Sprintf("%s notice %d %s", s.User.UID, d.Notice.Until.Unix(), d.User.Status.Email)
	o := r.Outbox.Do(outbox.Errand{
		Owner: key, ID: id, Server: mailroom.Server(s.Organization), Tenant: client.ObjectKeyFromObject(s.Organization),
		Run: r.send(s, r.composeNotice(s, d.User.DeepCopy())),
	})
	switch {
	case o.State == outbox.Queued:
		return true
	case o.State == outbox.Done:
		r.patience.forget(key)
		d.NoticeSent(o.At)
	case errors.Is(o.Err, mail.ErrRejected):
		r.patience.forget(key)
		d.NoticeRefused(mail.Words(o.Err))
	default:
		d.NoticeUnsent(s.Now.Add(r.patience.next(key, id, errors.Is(o.Err, mail.ErrUnconfirmed))))
	}
	return false
}

// composeNotice writes it, from what is on record. It goes to the address that the person is known by.
func (r *Reconciler) composeNotice(s *snapshot, u *v1alpha1.User) composer {
	return func(context.Context) (mail.Message, error) {
		zone, err := invitation.LoadZone(u.Spec.TimeZone, s.Organization.Spec.TimeZone)
		if err != nil {
			return mail.Message{}, err
		}
		from, replyTo, err := r.Inviter.Mailroom.Addresses(s.Organization)
		if err != nil {
			return mail.Message{}, err
		}
		details := invitation.Describe(u, s.Organization, s.role)
		details.Email = u.Status.Email
		return invitation.NoticeMessage(invitation.Notice{
			Details: details, UID: u.UID, Until: u.Status.AccessNotice.Until.Time, Date: u.Status.AccessNotice.AnnouncedAt.Time,
			Zone: zone, From: from, ReplyTo: replyTo,
		})
	}
}
