// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"errors"
	"math"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

// Tamper changes an account as somebody does who works in the directory.
func (d *Directory) Tamper(uid types.UID, change func(*directory.Account)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept, ok := d.accounts[uid]
	if !ok {
		panic("there is no account of " + uid)
	}
	change(&kept.Account)
	d.keep(kept)
}

// KeepOwnWay has the directory write down its own way whatever it is given from now on. Of that it lists everything, as a directory
// does of which nobody remembers anything.
func (d *Directory) KeepOwnWay(change func(*directory.Account)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ownWay = change
}

// KeptOtherwise implements directory.Stubborn.
func (d *Directory) KeptOtherwise(account directory.Account) []directory.Attribute {
	d.mu.Lock()
	defer d.mu.Unlock()
	has := d.accounts[account.UID].Account
	return directory.Found{Account: has, DisplayName: has.Display(), Email: has.UserName}.Differs(account)
}

// Remove deletes an account as somebody does who works in the directory.
func (d *Directory) Remove(uid types.UID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.accounts, uid)
}

// WhileListing does something each time after the accounts were read, and before any of them is told.
func (d *Directory) WhileListing(do func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.whileListing = do
}

func (d *Directory) listed() {
	d.mu.Lock()
	do := d.whileListing
	d.mu.Unlock()
	if do != nil {
		do()
	}
}

// Postpone makes all attempts from now on find the directory unavailable, which asks to be left alone for so long; 0 ends it.
func (d *Directory) Postpone(after time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.outages, d.pause = 0, after
	if after > 0 {
		d.outages = math.MaxInt
	}
}

// down needs the lock.
func (d *Directory) down() error {
	err := errors.New("503 the directory is down for maintenance")
	if d.pause > 0 {
		return directory.UnavailableFor(err, d.pause)
	}
	return directory.Unavailable(err)
}
