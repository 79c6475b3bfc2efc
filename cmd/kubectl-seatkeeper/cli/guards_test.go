// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

func TestWhatCannotBeUndoneOrBought(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	going := build.User("going").Obj()
	going.Finalizers = []string{v1alpha1.FinalizerArchive}
	seed(t, ns, going, active(build.User("over").Until(then)), build.SeatPool("use").Metered().Price("1.00", "EUR").Obj())
	if err := env.Client(t).Delete(t.Context(), going); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"reactivate", "going"}, "user going is being deleted, which cannot be taken back"},
		{[]string{"reactivate", "over"}, "access of user over ended at " + stamp(then) + " (spec.accessUntil): give --until a later time"},
		{[]string{"quote", "use", "+1"}, "seats of SeatPool use come by themselves and are billed by use"},
		{[]string{"quote", "addon", "+2000000000"}, "SeatPool addon has 0 seats bought: it can have"},
	} {
		run(t, append(c.args, "-n", ns, "--yes")...).failed(t, c.want)
	}
	if got := run(t, "invite", "jean", "jean", "-n", ns, "--yes").done(t); got != "user.seatkeeper.dev/jean invited\n" {
		t.Errorf("a name that comes twice counts once: %q", got)
	}
	if got := run(t, "status", "-n", ns).done(t); !strings.Contains(got, "use     -      [----------]   0/0    -      0") {
		t.Errorf("of a metered pool, as many are free as are needed:\n%s", got)
	}
}

// TestTheQuoteThatWasShownIsOrdered checks that a pool which is edited while the question is on the screen is looked at again.
func TestTheQuoteThatWasShownIsOrdered(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	edit := func(change func(*v1alpha1.SeatPool)) call {
		return whileAsked(func() {
			p := read(t, ns, "addon", &v1alpha1.SeatPool{})
			change(p)
			status := p.Status
			if err := env.Client(t).Update(t.Context(), p); err != nil {
				t.Error(err)
			}
			p.Status = status
			p.Status.ObservedGeneration = p.Generation
			if err := env.Client(t).Status().Update(t.Context(), p); err != nil {
				t.Error(err)
			}
		})
	}
	edit(func(p *v1alpha1.SeatPool) { p.Spec.Plan = "Dear" }).run(t, "quote", "addon", "+2", "-n", ns).says(t, "the quote is another one now: run the command again")
	if p := read(t, ns, "addon", &v1alpha1.SeatPool{}); p.Spec.Seats != nil && *p.Spec.Seats != 0 {
		t.Errorf("%d seats are ordered of another plan", *p.Spec.Seats)
	}
	edit(func(p *v1alpha1.SeatPool) { p.Labels = map[string]string{"of": "nobodys-concern"} }).run(t, "quote", "addon", "+2", "-n", ns).done(t)
	if p := read(t, ns, "addon", &v1alpha1.SeatPool{}); *p.Spec.Seats != 2 {
		t.Errorf("%d seats are ordered", *p.Spec.Seats)
	}
}

// TestLongListsAreCutShort checks that of many who wait or are in no team ten are shown, and all with -o wide, and that who is parked is a holder
// without a User.
func TestLongListsAreCutShort(t *testing.T) {
	t.Parallel()
	ns := env.Namespace(t)
	seed(t, ns, build.Organization("acme").Obj(), build.Role("it").In(ns, "acme").Permissions("a.b").Obj())
	for i := range 12 {
		seed(t, ns, ready(build.User(fmt.Sprintf("u%02d", i)).Obj(), false, v1alpha1.ReasonAwaitingSeat, "there is none", true))
	}
	parked := &v1alpha1.ArchivedUser{ObjectMeta: metav1.ObjectMeta{Name: "record"}}
	parked.Record = v1alpha1.UserRecord{
		User: "gone", UID: "u", Spec: v1alpha1.UserSpec{Organization: "acme", Email: "gone@acme.example"}, Reason: v1alpha1.ArchiveOther, ArchivedAt: metav1.NewTime(then),
		Parked: v1alpha1.Parking{Until: metav1.NewTime(then.Add(time.Hour)), Status: v1alpha1.UserStatus{Roles: []string{"it"}}},
	}
	seed(t, ns, parked)
	for _, c := range []struct {
		command, more string
	}{{"status", "and 4 more: -o wide shows all"}, {"tree", "and 2 more: -o wide shows all"}} {
		short, wide := run(t, c.command, "-n", ns).done(t), run(t, c.command, "-n", ns, "-o", "wide").done(t)
		if !strings.Contains(short, c.more) || strings.Contains(short, "u11") || strings.Contains(wide, c.more) || !strings.Contains(wide, "u11") {
			t.Errorf("%s shows\n%s\nand wide\n%s", c.command, short, wide)
		}
	}
	if got := run(t, "who-can", "it", "-n", ns).done(t); !strings.Contains(got, "gone") {
		t.Errorf("who is parked holds the role:\n%s", got)
	}
	if got := run(t, "who-can", "it", "-n", ns, "-o", "name").done(t); got != "" {
		t.Errorf("nobody has a User: %q", got)
	}
}

// TestRetainedObjectsStay checks that what a rule retains is not handed over by hand either.
func TestRetainedObjectsStay(t *testing.T) {
	t.Parallel()
	ns := agency(t)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "bot", Labels: map[string]string{v1alpha1.LabelOwner: "mia"}}}
	seed(t, ns, account)
	run(t, "handover", "mia", "--to", "noah", "-n", ns, "--yes").says(t, "1 object is declared in Git")
	if got := owner(t, ns, "bot", &corev1.ServiceAccount{}); got != "mia" {
		t.Errorf("the account is %s's", got)
	}
}
