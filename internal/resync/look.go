// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package resync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/drift"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/outbox"
)

func durationOf(d time.Duration) metav1.Duration { return metav1.Duration{Duration: d} }

// person is whoever an account may be of, by the name of a User or of an ArchivedUser.
type person struct {
	name string
	left bool
}

// look is one look at all accounts of a directory. Of people it keeps names alone, and takes from the cache as it comes to them what
// they are to have.
type look struct {
	*Keeper

	org    *v1alpha1.Organization
	ledger *drift.Ledger[person]
	tally  tally
	// astray is what was found of whom, and well are those who are well and are said not to be.
	astray map[person]membership.Drift
	well   map[string]bool
	// missed are those of whom no account was listed, and before those of whom the look before found none.
	missed, before map[person]bool
}

var errNoLister = errors.New("the directory cannot list what it has")

// look looks, and has those seen to of whom something is otherwise. Before an error it does nothing.
func (k *Keeper) look(ctx context.Context, key types.NamespacedName, round int) error {
	began := k.Clock.Now()
	var org v1alpha1.Organization
	if err := k.Cache.Get(ctx, key, &org, loop.Lagging{}); err != nil {
		return fmt.Errorf("%w: reading the organization: %w", outbox.ErrNotTried, err)
	}
	at, err := k.Directories.Of(ctx, &org)
	if err != nil {
		return err
	}
	lister := directory.ListerOf(at)
	if lister == nil {
		return fmt.Errorf("%w: %w", outbox.ErrNotTried, errNoLister)
	}
	l := &look{
		Keeper: k, org: &org, ledger: drift.NewLedger[person](), tally: tally{unknown: drift.Names{Most: unknownShown}},
		astray: map[person]membership.Drift{}, well: map[string]bool{},
		missed: map[person]bool{}, before: k.missed(key),
	}
	if err := l.enter(ctx); err != nil {
		return fmt.Errorf("%w: %w", outbox.ErrNotTried, err)
	}
	for found, err := range lister.Accounts(ctx) {
		if err != nil {
			return err
		}
		if err := l.see(ctx, &found); err != nil {
			return fmt.Errorf("%w: %w", outbox.ErrNotTried, err)
		}
	}
	if err := l.miss(ctx); err != nil {
		return fmt.Errorf("%w: %w", outbox.ErrNotTried, err)
	}
	if err := l.end(ctx, round); err != nil || k.Groups == nil {
		return err
	}
	return k.Groups(ctx, &org, at, began)
}

// enter enters whoever has an account. Who left comes first: who is back has the same account.
func (l *look) enter(ctx context.Context) error {
	of := []client.ListOption{client.InNamespace(l.org.Namespace), client.MatchingFields{index.Organization: l.org.Name}, loop.Lagging{}}
	var users v1alpha1.UserList
	if err := l.Cache.List(ctx, &users, of...); err != nil {
		return fmt.Errorf("listing users: %w", err)
	}
	var records v1alpha1.ArchivedUserList // after the users, since a record is there before its User goes
	if err := l.Cache.List(ctx, &records, of...); err != nil {
		return fmt.Errorf("listing archived users: %w", err)
	}
	for i := range records.Items {
		want := drift.OfRecord(&records.Items[i], l.org)
		l.ledger.Enter(person{records.Items[i].Name, true}, &want.Account)
	}
	for i := range users.Items {
		a := account.Of(&users.Items[i], l.org, false)
		l.ledger.Enter(person{users.Items[i].Name, false}, &a)
	}
	return nil
}

// see takes in an account.
func (l *look) see(ctx context.Context, found *directory.Found) error {
	l.tally.accounts++
	who, ours := l.ledger.Whose(found)
	if !ours {
		if !l.recently(found.UID, found.UserName) {
			l.tally.unknown.Add(cmp.Or(printable(found.UserName), printable(found.ID), "?"))
		}
		return nil
	}
	want, condition, err := l.wanted(ctx, who)
	if err != nil {
		return err
	}
	l.note(who, &want, drift.Compare(found, &want), condition)
	return nil
}

// miss takes in that some have no account.
func (l *look) miss(ctx context.Context) error {
	for who := range l.ledger.Unseen {
		want, condition, err := l.wanted(ctx, who)
		if err != nil {
			return err
		}
		l.note(who, &want, drift.Absent(&want), condition)
	}
	return nil
}

func (l *look) note(who person, want *drift.Want, d membership.Drift, saidDrifted bool) {
	delete(l.astray, who)
	delete(l.well, who.name)
	if d.Missing {
		l.missed[who] = true
	}
	switch {
	case d.Missing && !saidDrifted && !l.before[who] && l.org.Spec.Directory.DriftPolicy == v1alpha1.DriftReport:
		// A list can miss what is there, and nobody looks again before it is told.
	case d.Astray():
		l.astray[who] = d
	case saidDrifted && want.Care == drift.Whole:
		l.well[who.name] = true
	}
}

// missed are those of whom the latest look found no account.
func (k *Keeper) missed(organization types.NamespacedName) map[person]bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if b := k.boards[organization]; b != nil {
		return b.missed
	}
	return nil
}

func (l *look) recently(uid types.UID, userName string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.boards[client.ObjectKeyFromObject(l.org)]
	return b != nil && b.recently(uid, userName)
}

// wanted is what somebody is to have by now, and whether it is said that it is otherwise. Who is gone is to have nothing.
func (l *look) wanted(ctx context.Context, who person) (want drift.Want, saidDrifted bool, err error) {
	key := types.NamespacedName{Namespace: l.org.Namespace, Name: who.name}
	if who.left {
		var record v1alpha1.ArchivedUser
		if err := l.Cache.Get(ctx, key, &record, loop.Lagging{}); err != nil {
			return want, false, client.IgnoreNotFound(err)
		}
		return drift.OfRecord(&record, l.org), false, nil
	}
	var u v1alpha1.User
	if err := l.Cache.Get(ctx, key, &u, loop.Lagging{}); err != nil {
		return want, false, client.IgnoreNotFound(err)
	}
	managerID, err := l.managerID(ctx, &u)
	c := meta.FindStatusCondition(u.Status.Conditions, v1alpha1.ConditionProvisioned)
	return drift.OfUser(&u, l.org, managerID), c != nil && c.Reason == v1alpha1.ReasonDrifted, err
}

func (l *look) managerID(ctx context.Context, u *v1alpha1.User) (string, error) {
	if u.Spec.Manager == "" {
		return "", nil
	}
	var manager v1alpha1.User
	err := l.Cache.Get(ctx, types.NamespacedName{Namespace: u.Namespace, Name: u.Spec.Manager}, &manager, loop.Lagging{})
	if err != nil {
		return "", client.IgnoreNotFound(err)
	}
	return account.ManagerID(&manager, l.org), nil
}

// end tells those who have to see to it, but for accounts about which something was asked meanwhile.
func (l *look) end(ctx context.Context, round int) error {
	marks, open := map[string]mark{}, map[person]bool{}
	var records []*v1alpha1.ArchivedUser
	for who, d := range l.astray {
		open[who] = true
		if !who.left {
			if err := l.mark(ctx, marks, who.name, &d); err != nil {
				return err
			}
			continue
		}
		record, err := l.record(ctx, who.name)
		if err != nil {
			return err
		}
		if record != nil {
			records = append(records, record)
		}
	}
	for name := range l.well {
		if err := l.mark(ctx, marks, name, &membership.Drift{}); err != nil {
			return err
		}
	}
	if l.tell(round, marks, open) {
		for _, record := range records {
			l.SignOut(l.org.DeepCopy(), record)
		}
	}
	return nil
}

// mark marks a user who is still there.
func (l *look) mark(ctx context.Context, marks map[string]mark, name string, d *membership.Drift) error {
	var u v1alpha1.User
	if err := l.Cache.Get(ctx, types.NamespacedName{Namespace: l.org.Namespace, Name: name}, &u, loop.Lagging{}); err != nil {
		return notTried(err)
	}
	if a := account.Of(&u, l.org, false); !l.recently(a.UID, a.UserName) {
		marks[name] = mark{uid: u.UID, drift: d}
	}
	return nil
}

// record is that of somebody who left; nil when there is none any more, or none to be seen to now.
func (l *look) record(ctx context.Context, name string) (*v1alpha1.ArchivedUser, error) {
	var record v1alpha1.ArchivedUser
	if err := l.Cache.Get(ctx, types.NamespacedName{Namespace: l.org.Namespace, Name: name}, &record); err != nil {
		return nil, notTried(err)
	}
	if a := drift.OfRecord(&record, l.org).Account; l.recently(a.UID, a.UserName) || l.refuses(&record) {
		return nil, nil
	}
	return &record, nil
}

// refuses says that the directory refused to sign out the person of a record, and is not to be asked again yet.
func (l *look) refuses(record *v1alpha1.ArchivedUser) bool {
	now := l.Clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.boards[client.ObjectKeyFromObject(l.org)]
	return b != nil && b.rests(l.org, record, now)
}

// notTried says that a look ends for want of the cache; nothing is wrong with somebody who is gone.
func notTried(err error) error {
	if client.IgnoreNotFound(err) == nil {
		return nil
	}
	return fmt.Errorf("%w: reading the cache: %w", outbox.ErrNotTried, err)
}

// tell says whether what was found is still of use. open are those of whom anything is otherwise.
func (l *look) tell(round int, marks map[string]mark, open map[person]bool) bool {
	key := client.ObjectKeyFromObject(l.org)
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.boards[key]
	if b == nil || b.round != round || b.place != account.At(l.org) {
		return false
	}
	b.missed = l.missed
	b.stillOpen(open)
	for _, name := range b.ended(&l.tally, marks) {
		l.users.push(types.NamespacedName{Namespace: key.Namespace, Name: name})
	}
	l.organizations.push(key)
	return true
}

// printable is a user name fit for a status.
func printable(userName string) string {
	const most = 320
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, userName))
	return string(runes[:min(len(runes), most)])
}
