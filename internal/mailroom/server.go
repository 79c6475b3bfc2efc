// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mailroom

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/mail"
)

const (
	// fresh is how long a Secret is taken as read. A wave of mails reads it once, and a password that is rotated is in
	// use within this time.
	fresh = 10 * time.Second
	// failed is how long a Secret that is no use is not looked at again: a wave of mails finds that out once.
	failed = time.Second
	// unused is after how long a server's connections are let go.
	unused = 10 * time.Minute
)

// server is a mail server that a Secret says.
type server struct {
	mu      sync.Mutex
	version string // of the Secret that sender was made from
	sender  mail.Sender
	readAt  time.Time
	// failure is why there is no sender, as of readAt.
	failure error
	// usedAt is guarded by the mailroom's lock.
	usedAt time.Time
}

// Server names the server that takes an organization's mail; empty for the operator's own.
func Server(org *v1alpha1.Organization) string {
	if name := org.Spec.Mail.SMTPSecretRef.Name; name != "" {
		return org.Namespace + "/" + name
	}
	return ""
}

// SenderOf is who takes an organization's mail. An error is mail.ErrUnavailable: it passes when the Secret is
// corrected.
func (m *Mailroom) SenderOf(ctx context.Context, org *v1alpha1.Organization) (mail.Sender, error) {
	name := types.NamespacedName{Namespace: org.Namespace, Name: org.Spec.Mail.SMTPSecretRef.Name}
	if name.Name == "" {
		return m.Sender, nil
	}
	sender, err := m.server(name).open(ctx, m, name)
	if err != nil {
		return nil, mail.Unavailable(err)
	}
	return sender, nil
}

// server finds what is known of a server, and lets go of those that nobody has used for a while.
func (m *Mailroom) server(name types.NamespacedName) *server {
	now := m.Clock.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for other, s := range m.servers {
		if other != name && now.Sub(s.usedAt) > unused {
			delete(m.servers, other)
			go s.close()
		}
	}
	s := m.servers[name]
	if s == nil {
		s = &server{}
		m.servers[name] = s
	}
	s.usedAt = now
	return s
}

// open returns the sender for the server as the Secret says it now.
func (s *server) open(ctx context.Context, m *Mailroom, name types.NamespacedName) (mail.Sender, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := m.Clock.Now()
	switch age := now.Sub(s.readAt); {
	case s.failure != nil && age >= 0 && age < failed:
		return nil, s.failure
	case s.failure == nil && s.sender != nil && age >= 0 && age < fresh:
		return s.sender, nil
	}
	sender, err := s.read(ctx, m, name)
	s.failure, s.readAt = err, now
	return sender, err
}

// read looks at the Secret, and makes a sender for the server that it says if it has changed.
func (s *server) read(ctx context.Context, m *Mailroom, name types.NamespacedName) (mail.Sender, error) {
	var secret corev1.Secret
	if err := m.Live.Get(ctx, name, &secret); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("there is no Secret %s, which spec.mail.smtpSecretRef of the organization names: create it", name.Name)
		}
		return nil, fmt.Errorf("reading Secret %s: %s", name.Name, apierrors.ReasonForError(err))
	}
	version := string(secret.UID) + " " + secret.ResourceVersion
	if s.sender != nil && s.version == version {
		return s.sender, nil
	}
	sender, err := m.Open(secret.Data)
	if err != nil {
		return nil, fmt.Errorf("reading Secret %s: %w", name.Name, err)
	}
	if s.sender != nil {
		go closeSender(s.sender)
	}
	s.sender, s.version = sender, version
	return sender, nil
}

func (s *server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sender != nil {
		closeSender(s.sender)
		s.sender = nil
	}
}

// closeSender ends what a sender keeps open. Mail on its way goes on.
func closeSender(sender mail.Sender) {
	if closer, ok := sender.(io.Closer); ok {
		_ = closer.Close() // there is nobody left to tell
	}
}
