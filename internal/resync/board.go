// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package resync

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/drift"
	"seatkeeper.dev/seatkeeper/internal/membership"
)

const (
	// settling is how long after something was done a directory may still list what was before.
	settling = 30 * time.Second
	// The pauses between looks that fail: they double, up to the last.
	firstPause, lastPause = 2 * time.Second, 5 * time.Minute
	// namesShown is how many names of accounts that are nobody's, and of users, are told.
	unknownShown, driftedShown = 100, 20
)

// board is what is known of one directory. The Keeper's lock guards it.
type board struct {
	place string
	// round is the number of the look that is under way, or was the last.
	round   int
	running bool
	// began is when it did, and due when the next one is to be, which period may change; retry is set instead after a failure.
	began, due, retry time.Time
	failures          int
	late              float64
	// asked are the UIDs and user names of accounts about which something was asked, with when.
	asked map[string]time.Time
	// marks are what was found of users that somebody has to know, by name.
	marks map[string]mark
	// missed are those of whom the latest look that came to its end found no account.
	missed map[person]bool
	// refused are the sign-outs of people who left that the directory refused, by the name of the record.
	refused map[string]refusal
	// found is what the latest look that came to its end counted; nil when there was none.
	found *tally
}

type mark struct {
	uid   types.UID
	drift *membership.Drift
}

// tally is what a look counts.
type tally struct {
	accounts int
	unknown  drift.Names
}

// next is when the next look is due.
func (b *board) next(org *v1alpha1.Organization) time.Time {
	switch {
	case !b.retry.IsZero():
		return b.retry
	case b.round == 0:
		return b.due
	}
	period := ptr.Deref(org.Spec.Directory.ResyncPeriod, durationOf(defaultPeriod)).Duration
	return b.began.Add(time.Duration(float64(period) * b.late))
}

func (b *board) begin(now time.Time) int {
	b.round++
	b.running, b.began, b.late = true, now, float64(wait.Jitter(time.Second, jitter))/float64(time.Second)
	for what, at := range b.asked {
		if now.Sub(at) > settling {
			delete(b.asked, what)
		}
	}
	return b.round
}

func (b *board) failed(now time.Time, err error) {
	const doublings = 8
	pause := min(lastPause, firstPause<<min(b.failures, doublings))
	if after, ok := directory.RetryAfter(err); ok {
		pause = max(pause, after)
	}
	b.failures++
	b.running, b.retry = false, now.Add(pause)
}

// ended takes in what a look found, and says whose account is to be seen to, or said to be well.
func (b *board) ended(found *tally, marks map[string]mark) []string {
	b.running, b.failures, b.retry, b.found, b.marks = false, 0, time.Time{}, found, marks
	var names []string
	for name := range marks {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// recently says that something was asked about an account since a look began, or so shortly before that it may not show it.
func (b *board) recently(uid types.UID, userName string) bool {
	_, byUID := b.asked[string(uid)]
	_, byName := b.asked[fold(userName)]
	return uid != "" && byUID || userName != "" && byName
}

// fold is a user name as all spell it. No UID has a sign of it.
func fold(userName string) string { return "@" + strings.ToLower(userName) }

func (b *board) report() *v1alpha1.DirectoryStatus {
	if b.found == nil {
		return nil
	}
	astray := drift.Names{Most: driftedShown}
	for name, m := range b.marks {
		if m.drift.Astray() {
			astray.Add(name)
		}
	}
	return &v1alpha1.DirectoryStatus{
		Accounts: ptr.To(int32(b.found.accounts)),
		Unknown:  ptr.To(int32(b.found.unknown.Count)), UnknownAccounts: slices.Clone(b.found.unknown.First),
		Drifted: ptr.To(int32(astray.Count + len(b.refused))), DriftedUsers: astray.First,
	}
}
