// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

const (
	firstWait = time.Second
	maxWait   = 5 * time.Minute
	// A provider may ask for more than maxWait, but not to be left alone for days.
	maxThrottle = time.Hour

	// retryMark is between an order's key and the number of its retry, and in no
	// order's key, so that no retry is taken for another order.
	retryMark = "~"
)

// State is where an order at the desk is.
type State string

const (
	// Pending orders wait for their first try or are in it.
	Pending State = "Pending"
	// Confirmed orders were carried out by the provider.
	Confirmed State = "Confirmed"
	// Rejected orders never will be; Outcome.Err says why.
	Rejected State = "Rejected"
	// Retrying orders have failed so far; Outcome.Err says why. The desk tries again.
	Retrying State = "Retrying"
)

// Order is a change that is to be made, with a way to the API key.
type Order struct {
	// Key, Item, Quantity and InvoiceNow are as in Change. Key has no ~ and leaves
	// room for a number: at most 200 characters.
	Key        string
	Item       string
	Quantity   int64
	InvoiceNow bool
	// PaymentMethods are as in Change.
	PaymentMethods []v1alpha1.PaymentMethod
	// APIKey is called at every try, so that a corrected key is used. If it fails,
	// so has the try.
	APIKey func(ctx context.Context) (string, error)
}

// Outcome is what the desk knows about an order.
type Outcome struct {
	State State
	// At is when the order came into this state, or when Err was first this one.
	At time.Time
	// Receipt is the provider's when State is Confirmed.
	Receipt Receipt
	// Err is set when State is Rejected or Retrying: what Provider or APIKey
	// returned.
	Err error
}

// job is an order on its way. The desk's lock guards it.
type job struct {
	order    Order
	outcome  Outcome
	failures int
	spent    int       // keys of this order under which the provider remembers a failure
	due      time.Time // no try before
}

func (j *job) settled() bool {
	return j.outcome.State == Confirmed || j.outcome.State == Rejected
}

// key is what names the change to the provider. See Spent for why it moves on.
func (j *job) key() string {
	if j.spent == 0 {
		return j.order.Key
	}
	return fmt.Sprintf("%s%s%d", j.order.Key, retryMark, j.spent)
}

// record returns whether the owner has something new to read.
func (j *job) record(receipt Receipt, err error, now time.Time) bool {
	before := j.outcome
	switch {
	case err == nil:
		j.outcome = Outcome{State: Confirmed, At: now, Receipt: receipt}
		return true
	case errors.Is(err, ErrRejected) && !errors.Is(err, ErrUnavailable): // an APIKey's error is never final
		j.outcome = Outcome{State: Rejected, At: now, Err: err}
		return true
	}
	j.due = now.Add(pause(j.failures, err))
	j.failures++
	if Spent(err) {
		j.spent++
	}
	if before.State == Retrying && Words(before.Err) == Words(err) {
		return false // what is recorded of it stays true, to the minute
	}
	j.outcome = Outcome{State: Retrying, At: now, Err: err}
	return true
}

// pause doubles with each failure in a row, and is as long as the provider asks.
func pause(failures int, err error) time.Duration {
	wait := maxWait
	if failures < 9 { // 2^9 seconds are more than maxWait
		wait = firstWait << failures
	}
	if throttled := (ErrThrottled{}); errors.As(err, &throttled) {
		wait = max(wait, min(throttled.After, maxThrottle))
	}
	return wait
}
