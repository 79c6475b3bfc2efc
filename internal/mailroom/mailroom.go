// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package mailroom knows for each organization who sends its mail, through which server, and in which words. What an
// organization keeps in Secrets and ConfigMaps is followed, so that it can be changed without a restart.
package mailroom

import (
	"fmt"
	netmail "net/mail"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/follow"
	"seatkeeper.dev/seatkeeper/internal/mail"
)

// Options are what a mailroom works with.
type Options struct {
	// Live reads Secrets and ConfigMaps from the API server itself. Cache has the metadata of ConfigMaps.
	Live, Cache client.Reader
	// Sender and From send the mail of the organizations that have no server, and no sender, of their own.
	Sender mail.Sender
	From   mail.Address
	// Open makes the sender for the server that a Secret's data says. One that is an io.Closer is closed when the data
	// changes, or nobody has used it for a while.
	Open func(data map[string][]byte) (mail.Sender, error)
	// Clock tells the time.
	Clock clock.PassiveClock
}

// Mailroom serves many goroutines.
type Mailroom struct {
	Options

	mu        sync.Mutex
	servers   follow.Secrets[struct{}, mail.Sender]
	templates map[types.NamespacedName]templates // by ConfigMap
}

// New makes a mailroom.
func New(options Options) *Mailroom {
	return &Mailroom{
		Options: options, templates: map[types.NamespacedName]templates{},
		servers: follow.Secrets[struct{}, mail.Sender]{
			Live: options.Live, Clock: options.Clock, Field: "spec.mail.smtpSecretRef of the organization",
			Make: func(_ struct{}, data map[string][]byte) (mail.Sender, error) { return options.Open(data) },
		},
	}
}

// Addresses are who sends an organization's mail, and who gets the answers if not the sender.
func (m *Mailroom) Addresses(org *v1alpha1.Organization) (from mail.Address, replyTo *mail.Address, err error) {
	from = m.From
	if own := org.Spec.Mail.From; own != "" {
		if from, err = ParseAddress(own); err != nil {
			return mail.Address{}, nil, fmt.Errorf("mail.from: %w", err)
		}
	}
	if answers := org.Spec.Mail.ReplyTo; answers != "" {
		parsed, err := ParseAddress(answers)
		if err != nil {
			return mail.Address{}, nil, fmt.Errorf("mail.replyTo: %w", err)
		}
		replyTo = &parsed
	}
	return from, replyTo, nil
}

// CheckAddresses says which address of an organization is none.
func CheckAddresses(org *v1alpha1.Organization) error {
	_, _, err := new(Mailroom).Addresses(org)
	return err
}

// plainAddress is what can send every mail: its domain becomes a part of Message-IDs, and so has to be ASCII.
var plainAddress = regexp.MustCompile(`^[^\s@"(),:;<>\[\]\\]+@[A-Za-z0-9.-]+$`)

// ParseAddress reads the address of a sender, with or without a name.
func ParseAddress(s string) (mail.Address, error) {
	parsed, err := netmail.ParseAddress(s)
	if err != nil || !plainAddress.MatchString(parsed.Address) || strings.ContainsFunc(parsed.Name, unicode.IsControl) {
		return mail.Address{}, fmt.Errorf("%q is not an address such as Acme <people@acme.example>", s)
	}
	return mail.Address{Name: parsed.Name, Email: parsed.Address}, nil
}
