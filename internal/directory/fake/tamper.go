// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package fake

import (
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
