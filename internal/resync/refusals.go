// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package resync

import (
	"fmt"
	"maps"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Whoever left and can sign in nevertheless is signed out, at each look that finds it. A directory that refuses that for good would
// refuse it again, so it is asked again after pauses that double; at once when the record or the organization was changed. Nobody
// may stay in for long once what was wrong is mended, so the pauses stay short.

const firstRefusal, lastRefusal = 30 * time.Minute, time.Hour

// refusal is what a directory answered who was to sign out somebody who left.
type refusal struct {
	// version is that of the record and the organization, and count how often it refused since.
	version string
	count   int
	again   time.Time
}

// rests says that the directory is not to be asked again yet to sign out the person of a record.
func (b *board) rests(org *v1alpha1.Organization, record *v1alpha1.ArchivedUser, now time.Time) bool {
	was, ok := b.refused[record.Name]
	return ok && was.version == versionOf(org, record) && now.Before(was.again)
}

// stillOpen forgets refusals about accounts with which nobody can sign in any more, by what a look has found.
func (b *board) stillOpen(found map[person]bool) {
	maps.DeleteFunc(b.refused, func(name string, _ refusal) bool { return !found[person{name, true}] })
}

func versionOf(org *v1alpha1.Organization, record *v1alpha1.ArchivedUser) string {
	return fmt.Sprintf("%s %s %s %d", record.UID, record.ResourceVersion, org.UID, org.Generation)
}

// Refused notes that a directory refuses to sign out the person of a record. It says whether that is news.
func (k *Keeper) Refused(org *v1alpha1.Organization, record *v1alpha1.ArchivedUser) (news bool) {
	const doublings = 8
	organization, now := client.ObjectKeyFromObject(org), k.Clock.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	b := k.boards[organization]
	if b == nil {
		return true
	}
	was, ok := b.refused[record.Name]
	if version := versionOf(org, record); was.version != version {
		was = refusal{version: version}
	}
	was.again = now.Add(min(lastRefusal, firstRefusal<<min(was.count, doublings)))
	was.count++
	if b.refused == nil {
		b.refused = map[string]refusal{}
	}
	b.refused[record.Name] = was
	if !ok {
		k.organizations.push(organization)
	}
	return was.count == 1
}

// Closed forgets that a directory refused it: it has signed the person out.
func (k *Keeper) Closed(org *v1alpha1.Organization, record *v1alpha1.ArchivedUser) {
	organization := client.ObjectKeyFromObject(org)
	k.mu.Lock()
	defer k.mu.Unlock()
	b := k.boards[organization]
	if b == nil {
		return
	}
	if _, ok := b.refused[record.Name]; ok {
		delete(b.refused, record.Name)
		k.organizations.push(organization)
	}
}
