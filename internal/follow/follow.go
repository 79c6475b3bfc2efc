// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package follow keeps what is made from a Secret, and makes it anew when the Secret changes, so that it can be rotated without
// a restart.
package follow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// fresh is how long a Secret is taken as read. A wave reads it once, and what is rotated is in use within this time.
	fresh = 10 * time.Second
	// failed is how long a Secret that is no use is not looked at again: a wave finds that out once.
	failed = time.Second
	// unused is after how long what nobody uses is let go.
	unused = 10 * time.Minute
)

// ErrUnread is a Secret that the API server did not show: nobody knows whether anything is wrong with it.
var ErrUnread = errors.New("the API server does not show it")

// ErrForbidden is an ErrUnread that does not pass by itself: the operator has no right to read the Secret.
var ErrForbidden = fmt.Errorf("%w to the operator, which has no right to read it: let its ServiceAccount get secrets in that namespace", ErrUnread)

// Secrets keeps a T for each Secret and each K, which is what else it is made from. What is an io.Closer is closed when it is made
// anew, or nobody has used it for a while. It serves many goroutines.
type Secrets[K comparable, T any] struct {
	// Live reads Secrets from the API server itself.
	Live client.Reader
	// Make makes a T from the data of a Secret.
	Make func(from K, data map[string][]byte) (T, error)
	// Field is what names the Secret, for errors, such as spec.mail.smtpSecretRef of the organization.
	Field string
	// Content is what a Secret that is missing is to be created with; empty when the documentation has to say it.
	Content string
	// Clock tells the time.
	Clock clock.PassiveClock

	mu   sync.Mutex
	kept map[key[K]]*entry[K, T]
}

type key[K comparable] struct {
	secret types.NamespacedName
	from   K
}

type entry[K comparable, T any] struct {
	mu      sync.Mutex
	version string // of the Secret that made was made from; empty when there is none
	made    T
	readAt  time.Time
	// failure is why there is none, as of readAt.
	failure error
	// usedAt is guarded by the lock of all.
	usedAt time.Time
}

// Get is what is made from a Secret as it is now, or was a few seconds ago.
func (s *Secrets[K, T]) Get(ctx context.Context, secret types.NamespacedName, from K) (T, error) {
	e := s.entry(key[K]{secret, from})
	e.mu.Lock()
	defer e.mu.Unlock()
	now := s.Clock.Now()
	switch age := now.Sub(e.readAt); {
	case e.failure != nil && age >= 0 && age < failed:
		var none T
		return none, e.failure
	case e.failure == nil && e.version != "" && age >= 0 && age < fresh:
		return e.made, nil
	}
	made, err := s.read(ctx, e, secret, from)
	e.failure, e.readAt = err, now
	return made, err
}

// entry finds an entry, and lets go of those that nobody has used for a while.
func (s *Secrets[K, T]) entry(k key[K]) *entry[K, T] {
	now := s.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for other, e := range s.kept {
		if other != k && now.Sub(e.usedAt) > unused {
			delete(s.kept, other)
			go e.close()
		}
	}
	if s.kept == nil {
		s.kept = map[key[K]]*entry[K, T]{}
	}
	e := s.kept[k]
	if e == nil {
		e = &entry[K, T]{}
		s.kept[k] = e
	}
	e.usedAt = now
	return e
}

func (s *Secrets[K, T]) read(ctx context.Context, e *entry[K, T], name types.NamespacedName, from K) (none T, err error) {
	var secret corev1.Secret
	if err := s.Live.Get(ctx, name, &secret); err != nil {
		if apierrors.IsNotFound(err) {
			return none, s.missing(name.Name)
		}
		if apierrors.IsForbidden(err) {
			return none, fmt.Errorf("reading Secret %s: %w", name.Name, ErrForbidden)
		}
		return none, fmt.Errorf("reading Secret %s: %w: %s", name.Name, ErrUnread, reason(err))
	}
	version := string(secret.UID) + " " + secret.ResourceVersion
	if e.version == version {
		return e.made, nil
	}
	made, err := s.Make(from, secret.Data)
	if err != nil {
		return none, fmt.Errorf("reading Secret %s: %w", name.Name, err)
	}
	if e.version != "" {
		go shut(e.made)
	}
	e.made, e.version = made, version
	return made, nil
}

func (s *Secrets[K, T]) missing(name string) error {
	with := ""
	if s.Content != "" {
		with = ", with " + s.Content
	}
	return fmt.Errorf("there is no Secret %s, which %s names: create it%s", name, s.Field, with)
}

// reason leaves of an error only what kind it is: the text may quote the address of the API server.
func reason(err error) string {
	switch known := apierrors.ReasonForError(err); {
	case known != "":
		return string(known)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "it does not answer in time"
	}
	return "it cannot be reached"
}

func (e *entry[K, T]) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.version != "" {
		shut(e.made)
		e.version = ""
	}
}

func shut(made any) {
	if closer, ok := made.(io.Closer); ok {
		_ = closer.Close() // there is nobody left to tell
	}
}
