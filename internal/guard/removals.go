// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
)

// Removals of people are let pass one by one, so many within a window, and each is on record before it happens (rule AC-18):
//
//   - A User who is removed does nothing before the Organization's status lets that very generation pass. It is written by
//     compare-and-swap, so of two who decide at once one has to look again. A deletion that passed has passed for good.
//   - A role that somebody has to hold is not released before the loss of it has passed, which the number of the request tells.
//   - What is let pass counts until the window is over, also when it is taken back.
//   - What is held stays held, however the window moves on: until somebody approves the list, or it is taken back.
//   - Nothing is taken off the record on the word of a view of the user that is older than the record.

const (
	// mostPassing is how many removals by the limit are on record by name, and how many of those that were approved.
	mostPassing = 1000
	// mostHeld is how many of those that are held are listed.
	mostHeld = 1000
	// mostCounted is how many numbers there are of those that are not on record by name any more.
	mostCounted = 100
	// share is the part of the window by which those are told apart.
	share = 60
)

// Removals are what the decisions about removals rest on.
type Removals struct {
	// Protection is what the organization allows.
	Protection v1alpha1.ProtectionPolicy
	// Organization is that of which they are, which says what an edit of an address is. Its owner is not removed at all.
	Organization *v1alpha1.Organization
	// Users are those of the organization, as they are seen.
	Users []v1alpha1.User
	// Record is what was decided before.
	Record v1alpha1.RemovalsStatus
	// Approval is the token of the list that somebody approves, and Rejection that of the one whose deletions somebody rejects.
	Approval, Rejection string
	// Parks says that a User who is deleted can go while the person keeps everything; nil says so of nobody.
	Parks func(u *v1alpha1.User) bool
	Now   time.Time
}

// DecideRemovals decides which removals pass, and which are held.
func DecideRemovals(s Removals) v1alpha1.RemovalsStatus {
	d := &removals{Removals: s, seen: map[types.UID]*v1alpha1.User{}, passed: map[types.UID]v1alpha1.PassedRemoval{}, held: map[types.UID]bool{}}
	d.gather()
	d.keepPassed()
	d.keepHeld()
	d.decide()
	d.approve()
	d.reject()
	d.fold()
	return d.status
}

// Limit is how many removals are let pass within the window, of so many members: one at least.
func Limit(p v1alpha1.ProtectionPolicy, members int) int {
	limit, err := intstr.GetScaledValueFromIntOrPercent(p.MaxRemovals, members, false)
	if err != nil {
		return 1 // which the schema refuses
	}
	return max(1, limit)
}

// Counted is how many removals count at a time: those within the window which the limit let pass.
func Counted(p v1alpha1.ProtectionPolicy, record *v1alpha1.RemovalsStatus, now time.Time) int {
	n := 0
	for i := range record.Passed {
		if Counts(p, &record.Passed[i], now) {
			n++
		}
	}
	for _, c := range record.Counted {
		if within(p, c.At, now) {
			n += int(c.Count)
		}
	}
	return n
}

// Full says that whoever is removed next is held, whatever the limit: more are held than are listed, or as many.
func Full(record *v1alpha1.RemovalsStatus) bool { return record.HeldCount >= mostHeld }

// Members are those of whom maxRemovals may be a percentage: who accepted and has access, and who counts. Who has not accepted is
// none: whoever may create Users, and so have people invited, could make the limit as large as all the others.
func Members(p v1alpha1.ProtectionPolicy, users []v1alpha1.User, record *v1alpha1.RemovalsStatus, now time.Time) int {
	n := Counted(p, record, now)
	let := make(map[types.UID]bool, len(record.Passed))
	for i := range record.Passed {
		if was := &record.Passed[i]; Counts(p, was, now) || was.By != v1alpha1.PassLimit {
			let[was.UID] = true
		}
	}
	for i := range users {
		if u := &users[i]; access.Active(u) && !let[u.UID] {
			n++
		}
	}
	return n
}

// Barred are those whose loss of a role is not to be released: it is a removal, or beside one, that was not let pass. org has the
// record of what was.
func Barred(org *v1alpha1.Organization, users []*v1alpha1.User) map[types.UID]bool {
	barred := map[types.UID]bool{}
	for _, u := range users {
		if org.Protected() && u.Name != org.Spec.Owner && access.LossRequest(u) != 0 && access.Unpassed(u, org) {
			barred[u.UID] = true
		}
	}
	return barred
}

// Ends is when the last of the removals that count counts no more; zero when none does.
func Ends(p v1alpha1.ProtectionPolicy, record *v1alpha1.RemovalsStatus, now time.Time) time.Time {
	var last time.Time
	note := func(at metav1.Time) {
		if end := at.Add(Window(p)); within(p, at, now) && end.After(last) {
			last = end
		}
	}
	for i := range record.Passed {
		if record.Passed[i].By == v1alpha1.PassLimit {
			note(record.Passed[i].At)
		}
	}
	for _, c := range record.Counted {
		note(c.At)
	}
	return last
}

// Within is the window as people write it.
func Within(p v1alpha1.ProtectionPolicy) string {
	text := Window(p).String()
	for _, none := range []string{"m0s", "h0m"} {
		if short, found := strings.CutSuffix(text, none); found {
			text = short + none[:1]
		}
	}
	return text
}

// Window is for how long a removal counts.
func Window(p v1alpha1.ProtectionPolicy) time.Duration { return access.Window(p) }

func within(p v1alpha1.ProtectionPolicy, at metav1.Time, now time.Time) bool {
	return at.Add(Window(p)).After(now)
}

// Counts says that a removal that passed counts at a time.
func Counts(p v1alpha1.ProtectionPolicy, r *v1alpha1.PassedRemoval, now time.Time) bool {
	return r.By == v1alpha1.PassLimit && within(p, r.At, now)
}

// removals is a decision in the making.
type removals struct {
	Removals

	status v1alpha1.RemovalsStatus
	// wanted are the users who are removed, in the order in which they pass, and seen are they and those on record.
	wanted []*v1alpha1.User
	seen   map[types.UID]*v1alpha1.User
	passed map[types.UID]v1alpha1.PassedRemoval
	held   map[types.UID]bool
	// waiting are those who are held and find no place on the list.
	waiting []*v1alpha1.User
	// limit is how many may count, counted how many do, and pending how many have not happened yet.
	limit, counted, pending int
}

func (d *removals) gather() {
	recorded := make(map[types.UID]bool, len(d.Record.Passed)+len(d.Record.Held))
	for i := range d.Record.Passed {
		recorded[d.Record.Passed[i].UID] = true
	}
	for i := range d.Record.Held {
		recorded[d.Record.Held[i].UID] = true
	}
	for i := range d.Users {
		u := &d.Users[i]
		removed := d.removed(u)
		if removed {
			d.wanted = append(d.wanted, u)
		}
		if removed || recorded[u.UID] {
			d.seen[u.UID] = u
		}
	}
	slices.SortFunc(d.wanted, earlier)
	members := Members(d.Protection, d.Users, &d.Record, d.Now)
	if d.Protection.MaxRemovals.Type == intstr.String {
		d.status.Members = ptr.To(int32(members))
	}
	d.limit = Limit(d.Protection, members)
	d.counted = Counted(d.Protection, &d.Record, d.Now)
	d.status.Approved, d.status.Rejected = d.Record.Approved, d.Record.Rejected
}

// removed says that the removal of a user is to be decided about.
func (d *removals) removed(u *v1alpha1.User) bool {
	return access.Removal(u, d.Organization) != "" && u.Name != d.Organization.Spec.Owner
}

// open says that what was let pass has not happened yet, or that the view of the user is older than that.
func (d *removals) open(p *v1alpha1.PassedRemoval) bool {
	u := d.seen[p.UID]
	if p.By == v1alpha1.PassRejection {
		return u != nil // a deletion is not taken back
	}
	return u != nil && (outdated(u, p.Generation, p.Request) || d.removed(u) && access.Covers(p, u, access.Removal(u, d.Organization)))
}

// outdated says that a view of a user is older than what is on record.
func outdated(u *v1alpha1.User, generation, request int64) bool {
	return u.Generation < generation || u.Status.LastRoleRequest < request
}

// earlier is the order in which removals pass: those who are deleted by the time of that, then the others; by name.
func earlier(a, b *v1alpha1.User) int {
	switch x, y := a.DeletionTimestamp, b.DeletionTimestamp; {
	case x.IsZero() != y.IsZero():
		if x.IsZero() {
			return 1
		}
		return -1
	case !x.IsZero() && !x.Equal(y):
		return x.Compare(y.Time)
	}
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(string(a.UID), string(b.UID)))
}

// keepPassed keeps what was let pass while it counts, or has not happened.
func (d *removals) keepPassed() {
	for _, was := range d.Record.Passed {
		open := d.open(&was)
		if !open && !Counts(d.Protection, &was, d.Now) {
			continue
		}
		if open {
			d.pending++
		}
		d.passed[was.UID] = was
	}
	for _, c := range d.Record.Counted {
		if within(d.Protection, c.At, d.Now) {
			d.status.Counted = append(d.status.Counted, c)
		}
	}
}

// keepHeld keeps what is held, unless it was taken back.
func (d *removals) keepHeld() {
	for _, was := range d.Record.Held {
		switch u := d.seen[was.UID]; {
		case u == nil:
		case outdated(u, was.Generation, was.Request):
			d.list(was)
		case d.removed(u):
			d.list(d.holding(u))
		}
	}
}

func (d *removals) list(h v1alpha1.HeldRemoval) {
	d.status.Held = append(d.status.Held, h)
	d.held[h.UID] = true
}

func (d *removals) holding(u *v1alpha1.User) v1alpha1.HeldRemoval {
	h := v1alpha1.HeldRemoval{User: u.Name, UID: u.UID, Generation: u.Generation, Kind: access.Removal(u, d.Organization)}
	if h.Kind == v1alpha1.RemovalRoleLoss {
		h.Request = access.LossRequest(u)
	}
	return h
}

// decide lets pass those of whom nothing is on record, as far as the limit allows, and holds the others. While more are held
// than are listed, nobody passes: it cannot be told who is new.
func (d *removals) decide() {
	unlisted := int(d.Record.HeldCount) > len(d.Record.Held)
	for _, u := range d.wanted {
		was, known := d.passed[u.UID]
		again := known && Counts(d.Protection, &was, d.Now)
		switch {
		case d.held[u.UID], known && d.open(&was):
		case again:
			d.pass(u, v1alpha1.PassLimit) // one person within the window is one removal
		case unlisted || d.counted >= d.limit || len(d.status.Held) >= mostHeld:
			d.hold(u)
		case d.pending >= mostPassing: // in a moment, when others have gone
		default:
			d.counted++
			d.pass(u, v1alpha1.PassLimit)
		}
	}
	d.sum()
}

func (d *removals) pass(u *v1alpha1.User, by v1alpha1.RemovalPass) {
	d.pending++
	d.passed[u.UID] = d.passing(d.holding(u), by)
}

func (d *removals) passing(h v1alpha1.HeldRemoval, by v1alpha1.RemovalPass) v1alpha1.PassedRemoval {
	return v1alpha1.PassedRemoval{User: h.User, UID: h.UID, Generation: h.Generation, Kind: h.Kind, Request: h.Request, At: d.stamp(), By: by}
}

// stamp is the time as it can be recorded: not earlier than it is, so that nothing counts for less than the window.
func (d *removals) stamp() metav1.Time {
	at := d.Now.Truncate(time.Second)
	if at.Before(d.Now) {
		at = at.Add(time.Second)
	}
	return metav1.NewTime(at)
}

func (d *removals) hold(u *v1alpha1.User) {
	if len(d.status.Held) < mostHeld {
		d.list(d.holding(u))
		return
	}
	d.waiting = append(d.waiting, u)
}

// sum brings what is held into order, and counts it.
func (d *removals) sum() {
	slices.SortFunc(d.status.Held, func(a, b v1alpha1.HeldRemoval) int {
		return cmp.Or(strings.Compare(a.User, b.User), strings.Compare(string(a.UID), string(b.UID)))
	})
	d.status.HeldCount = int32(len(d.status.Held) + len(d.waiting))
	d.status.Token = token(d.status.Held)
}

// token stands for a list: for who is on it, how, and as which generation, or with which request for who stays: what else is edited of
// them is no matter.
func token(held []v1alpha1.HeldRemoval) string {
	if len(held) == 0 {
		return ""
	}
	const length = 8
	sum := sha256.New()
	for _, h := range held {
		if h.Kind == v1alpha1.RemovalRoleLoss {
			_, _ = fmt.Fprintf(sum, "%s role %d\n", h.UID, h.Request)
			continue
		}
		_, _ = fmt.Fprintf(sum, "%s %s %d\n", h.UID, h.Kind, h.Generation)
	}
	return hex.EncodeToString(sum.Sum(nil)[:length])
}

// approve lets exactly the list pass that somebody approved.
func (d *removals) approve() {
	approved := d.status.Token
	if approved == "" || d.Approval != approved || d.approving()+len(d.status.Held) > mostPassing {
		return
	}
	for _, h := range d.status.Held {
		d.passed[h.UID] = d.passing(h, v1alpha1.PassApproval)
	}
	waiting := d.waiting
	d.status.Approved, d.status.Held, d.waiting = approved, nil, nil
	for _, u := range waiting {
		d.hold(u)
	}
	d.sum()
}

// reject lets those of the list go that somebody rejected who are deleted, and can be parked: nothing happens to the person. The
// others stay held.
func (d *removals) reject() {
	rejected := d.status.Token
	if rejected == "" || d.Rejection != rejected || d.Parks == nil || d.approving()+len(d.status.Held) > mostPassing {
		return
	}
	held := d.status.Held
	d.status.Held = nil
	for _, h := range held {
		if u := d.seen[h.UID]; h.Kind == v1alpha1.RemovalDelete && u != nil && !outdated(u, h.Generation, h.Request) && d.Parks(u) {
			d.passed[h.UID] = d.passing(h, v1alpha1.PassRejection)
			continue
		}
		d.status.Held = append(d.status.Held, h)
	}
	waiting := d.waiting
	d.status.Rejected, d.waiting = rejected, nil
	for _, u := range waiting {
		d.hold(u)
	}
	d.sum()
}

// approving is how many that were approved or rejected are on record.
func (d *removals) approving() int {
	n := 0
	for _, p := range d.passed {
		if p.By != v1alpha1.PassLimit {
			n++
		}
	}
	return n
}

// fold brings what passed into order. Of those that the limit let pass, the oldest that happened are only counted when
// there are many.
func (d *removals) fold() {
	var all []v1alpha1.PassedRemoval
	for _, p := range d.passed {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b v1alpha1.PassedRemoval) int {
		return cmp.Or(a.At.Compare(b.At.Time), strings.Compare(a.User, b.User), strings.Compare(string(a.UID), string(b.UID)))
	})
	many := len(all) - d.approving() - mostPassing
	d.status.Passed = slices.DeleteFunc(all, func(p v1alpha1.PassedRemoval) bool {
		if many <= 0 || d.open(&p) || p.By != v1alpha1.PassLimit {
			return false
		}
		many--
		d.count(p.At)
		return true
	})
	slices.SortFunc(d.status.Counted, func(a, b v1alpha1.CountedRemovals) int { return a.At.Compare(b.At.Time) })
	for len(d.status.Counted) > mostCounted {
		d.status.Counted[1].Count += d.status.Counted[0].Count
		d.status.Counted = d.status.Counted[1:]
	}
}

// count counts a removal that is not on record by name any more, together with others of about its time.
func (d *removals) count(at metav1.Time) {
	step := max(time.Second, (Window(d.Protection) / share).Truncate(time.Second))
	rounded := metav1.NewTime(at.Truncate(step).Add(step))
	for i := range d.status.Counted {
		if c := &d.status.Counted[i]; c.At.Equal(&rounded) {
			c.Count++
			return
		}
	}
	d.status.Counted = append(d.status.Counted, v1alpha1.CountedRemovals{At: rounded, Count: 1})
}
