// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package billing is the port through which Seatkeeper tells a billing provider
// how many seats to bill: what a change is, what a provider promises, and the
// desk that keeps a slow provider away from the reconcile workers.
package billing

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Change sets how many seats are billed. It says what the quantity is, never by
// how much it moves, so making it twice is making it once.
type Change struct {
	// Key names this change for ever. A provider remembers what became of it, so
	// going back to an earlier quantity is another change and needs another key.
	Key string
	// Item is what is billed, as the provider names it.
	Item string
	// Quantity is how many of it are billed from now on.
	Quantity int64
	// InvoiceNow bills the change at once instead of with the next regular
	// invoice.
	InvoiceNow bool
	// PaymentMethods are the ways in which invoices can be paid, this change's as well. They are left as they are when there are
	// none here.
	PaymentMethods []v1alpha1.PaymentMethod
	// APIKey lets us in. It is a secret and in no error.
	APIKey string
}

// Receipt is what a provider has to show for a change.
type Receipt struct {
	// Invoice names the latest invoice; empty when there is none yet.
	Invoice string
}

// Provider tells a billing provider about changes.
//
// SetQuantity returns nil once the provider has made the change. The same Key
// sent twice takes effect once. Any other outcome is exactly one of these:
//
//   - ErrRejected: it comes again for the same change, which is not to be retried.
//     Where the ways to pay are refused, it is made by AsMethodsRejected: the
//     quantity may be billed before.
//   - ErrUnauthorized: the API key is refused; it may pass when that is corrected.
//   - ErrThrottled: the provider wants fewer requests; it may pass later.
//   - ErrUnavailable: there is no good answer; it may pass. Spent says when to
//     repeat the change under another key.
//
// After all but ErrRejected the change may have been made nevertheless: repeating
// it is safe because it is absolute.
//
// SetQuantity returns soon after ctx ends, with an error that is ErrUnavailable as
// well as the context's own. It refuses a change that Validate refuses. It may be
// called from many goroutines.
type Provider interface {
	SetQuantity(ctx context.Context, c Change) (Receipt, error)
}

// An idempotency key and an ID go into a header and a URL. No provider knows
// longer or wilder ones, and what is no ID cannot lead elsewhere.
var (
	keyPattern  = regexp.MustCompile(`^[!-~]{1,255}$`)
	itemPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$`)
)

// Validate returns the error with which any provider refuses this change before
// it asks anybody: ErrRejected, or ErrUnauthorized for an API key that is none.
func (c Change) Validate() error {
	switch {
	case !keyPattern.MatchString(c.Key):
		return AsRejected(fmt.Errorf("the key %.80q must be 1 to 255 characters of ASCII without blanks", c.Key))
	case !itemPattern.MatchString(c.Item):
		return AsRejected(fmt.Errorf("the item %.80q must be an ID: ASCII letters, digits and . _ -", c.Item))
	case c.Quantity < 0:
		return AsRejected(fmt.Errorf("the quantity is %d: it must not be negative", c.Quantity))
	case c.APIKey == "":
		return AsUnauthorized(errors.New("the API key is empty"))
	case strings.ContainsFunc(c.APIKey, func(r rune) bool { return r <= ' ' || r > '~' }):
		return AsUnauthorized(errors.New("the API key has a blank, a line break or another character that no API key has"))
	}
	return nil
}
