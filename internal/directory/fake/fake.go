// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fake is a directory for tests, without the server: it keeps what it is given, and fails on demand. It
// passes the same contract as a real one.
package fake

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/password"
)

// Set is one password that was set.
type Set struct {
	Account directory.Account
	// Password is in the clear, for tests to compare; empty when none was set.
	Password string
}

// Directory is a directory.Directory that keeps accounts. The zero value takes everything at once. Its methods
// may be called from any goroutine.
type Directory struct {
	// Adopt takes accounts that nobody has claimed.
	Adopt bool
	// Nested takes groups as members of groups.
	Nested bool

	mu       sync.Mutex
	set      []Set
	accounts map[types.UID]Set
	groups   map[types.UID]directory.Group
	attempts int
	written  int
	rejected map[types.UID]string
	outages  int
	pause    time.Duration
	lost     int
	gate     *Gate

	whileListing func()
	ownWay       func(*directory.Account)
}

var (
	_ directory.Directory   = (*Directory)(nil)
	_ directory.Directories = (*Directory)(nil)
	_ directory.Stubborn    = (*Directory)(nil)
)

// Of implements directory.Directories: it is that of every organization.
func (d *Directory) Of(context.Context, *v1alpha1.Organization) (directory.Directory, error) {
	return d, nil
}

// Ensure implements directory.Directory.
func (d *Directory) Ensure(ctx context.Context, account directory.Account) (id string, err error) {
	err = d.answer(ctx, account, func() error {
		if err := d.claim(account); err != nil {
			return err
		}
		account.ID = idOf(account.UID)
		kept := account
		if d.ownWay != nil {
			d.ownWay(&kept)
		}
		d.keep(Set{kept, d.accounts[account.UID].Password})
		return nil
	})
	if err != nil {
		return "", err
	}
	return account.ID, nil
}

// claim takes the account of nobody that has the name, if it may; one of somebody else stays theirs.
func (d *Directory) claim(account directory.Account) error {
	for key, other := range d.accounts {
		if key == account.UID || !strings.EqualFold(other.Account.UserName, account.UserName) {
			continue
		}
		if _, ours := d.accounts[account.UID]; !d.Adopt || other.Account.UID != "" || ours {
			return directory.Conflict(errors.New("another account has the user name " + account.UserName))
		}
		d.keep(Set{account, other.Password})
		delete(d.accounts, key)
	}
	return nil
}

func idOf(uid types.UID) string { return "id-" + string(uid) }

// Deactivate implements directory.Directory.
func (d *Directory) Deactivate(ctx context.Context, account directory.Account) error {
	return d.answer(ctx, account, func() error {
		if kept, ok := d.accounts[account.UID]; ok {
			kept.Account.Active = false
			d.keep(kept)
		}
		return nil
	})
}

// Delete implements directory.Directory.
func (d *Directory) Delete(ctx context.Context, account directory.Account) error {
	return d.answer(ctx, account, func() error {
		delete(d.accounts, account.UID)
		return nil
	})
}

// SetPassword implements directory.Directory.
func (d *Directory) SetPassword(ctx context.Context, account directory.Account, secret password.Password) error {
	return d.answer(ctx, account, func() error {
		if err := d.claim(account); err != nil {
			return err
		}
		kept, ok := d.accounts[account.UID]
		if !ok {
			kept.Account = account
			kept.Account.ID = idOf(account.UID)
		}
		kept.Password = secret.Reveal()
		d.set = append(d.set, Set{account, kept.Password})
		d.keep(kept)
		return nil
	})
}

func (d *Directory) keep(s Set) {
	if d.accounts == nil {
		d.accounts = map[types.UID]Set{}
	}
	d.accounts[s.Account.UID] = s
}

// answer does what is asked for, unless it is to fail.
func (d *Directory) answer(ctx context.Context, account directory.Account, do func() error) error {
	if account.UID == "" || account.UserName == "" {
		return directory.Rejected(errors.New("an account needs a UID and a user name"))
	}
	if err := d.arrive().pass(ctx); err != nil {
		return directory.Unavailable(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.outages > 0 {
		d.outages--
		return d.down()
	}
	if words, ok := d.rejected[account.UID]; ok {
		return directory.Rejected(errors.New(words))
	}
	if err := do(); err != nil || d.lost == 0 {
		return err
	}
	d.lost--
	return directory.Unavailable(errors.New("the connection ended without an answer"))
}

func (d *Directory) arrive() *Gate {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.attempts++
	return d.gate
}

// Record returns the passwords that were set, in the order in which they were.
func (d *Directory) Record() []Set {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.set)
}

// Accounts returns the accounts as they are now, with their passwords.
func (d *Directory) Accounts() map[types.UID]Set {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.accounts)
}

// Attempts returns how many times something was asked for, whatever became of it.
func (d *Directory) Attempts() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.attempts
}

// Reject refuses whatever is asked for the account with these words; "" ends it.
func (d *Directory) Reject(uid types.UID, words string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rejected == nil {
		d.rejected = map[types.UID]string{}
	}
	d.rejected[uid] = words
	if words == "" {
		delete(d.rejected, uid)
	}
}

// Unavailable makes the next n attempts find the directory unavailable; 0 ends it.
func (d *Directory) Unavailable(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.outages = n
}

// Lose does the next n things that are asked for, and reports that the directory is unavailable nevertheless.
func (d *Directory) Lose(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lost = n
}

// Occupy puts an account there that somebody else has made; uid is empty when nobody has claimed it.
func (d *Directory) Occupy(userName string, uid types.UID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keep(Set{Account: directory.Account{UID: uid, UserName: userName, Active: true}})
}

// Hang leaves whatever arrives from now on without an answer until the gate is opened.
func (d *Directory) Hang() *Gate {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gate = &Gate{reached: make(chan struct{}), opened: make(chan struct{})}
	return d.gate
}

// Gate is where attempts hang.
type Gate struct {
	reached, opened       chan struct{}
	reachOnce, openedOnce sync.Once
}

// Reached is closed when the first attempt hangs.
func (g *Gate) Reached() <-chan struct{} { return g.reached }

// Open lets the attempts go on that hang, and all that come later.
func (g *Gate) Open() { g.openedOnce.Do(func() { close(g.opened) }) }

// pass also fails if there is no gate but the context has ended.
func (g *Gate) pass(ctx context.Context) error {
	if g != nil {
		g.reachOnce.Do(func() { close(g.reached) })
		select {
		case <-g.opened:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}
