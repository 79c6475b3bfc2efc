// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// estate is an organization whose people own notes. All have accepted.
func estate(rules ...v1alpha1.OwnershipRule) func() []client.Object {
	return func() []client.Object {
		return []client.Object{
			build.Organization("acme").Owner("ada").Ownership(rules...).Obj(),
			build.SeatPool("standard").Seats(9).Obj(), build.Role("member").SeatPool("standard").Obj(),
			member("ada"), build.User("bea").Roles("member").Successor("cid").Obj(), member("cid"), member("dan"),
			build.Note("one", "bea"), build.Note("two", "bea"), build.Note("three", "dan"),
		}
	}
}

func rich(t *testing.T, rules ...v1alpha1.OwnershipRule) *passes.World {
	t.Helper()
	w := settled(t, estate(rules...)()...)
	arrive(w)
	w.Settle()
	return w
}

func arrive(w *passes.World) {
	for _, name := range []string{"ada", "bea", "cid", "dan"} {
		w.Answer(name, accept)
	}
}

// owners are who owns the notes.
func owners(t *testing.T, w *passes.World) map[string]string {
	t.Helper()
	var list corev1.ConfigMapList
	if err := env.Client(t).List(t.Context(), &list, client.InNamespace(w.Namespace), client.HasLabels{v1alpha1.LabelOwner}); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, note := range list.Items {
		all[note.Name] = note.Labels[v1alpha1.LabelOwner]
	}
	return all
}

func wantOwners(t *testing.T, w *passes.World, want map[string]string) {
	t.Helper()
	if got := owners(t, w); !maps.Equal(got, want) {
		t.Errorf("the notes are owned by %v, want %v", got, want)
	}
}

var archive = state(v1alpha1.UserArchived)

// Rule AX-17: what a person who leaves owns is shared out among the members of the organization.
func TestAX17_SharedOutAmongMembers(t *testing.T) {
	t.Parallel()
	rule := build.Notes()
	rule.Successor = []v1alpha1.SuccessorSource{v1alpha1.SuccessorSpread}
	w := rich(t, rule)
	for i := range 20 {
		w.Create(build.Note(fmt.Sprintf("more-%d", i), "bea"))
	}
	edit("bea", archive)(w)
	w.Settle()
	with := map[string]int{}
	for _, owner := range owners(t, w) {
		with[owner]++
	}
	if with["bea"] > 0 || len(with) < 2 || with["ada"]+with["cid"]+with["dan"] != 23 {
		t.Errorf("the notes are shared out as %v, want all 23 among ada, cid and dan", with)
	}
}

// Rule AC-17: what a person who leaves owns is handed over, after access is revoked and before the seat is free.
func TestAC17_HandedOverBeforeTheSeatIsFree(t *testing.T) {
	t.Parallel()
	w := rich(t, build.Notes())
	w.Traffic.Reset()
	held := w.Traffic.Hold(1, operator.Writing("configmaps"))
	edit("bea", archive)(w)
	for begun := false; !begun; {
		if w.User("bea").Status.AccessRevokedAt == nil {
			wantOwners(t, w, map[string]string{"one": "bea", "two": "bea", "three": "dan"})
		}
		_, _ = w.Turn()
		select {
		case <-held.Reached():
			begun = true
		default:
		}
	}
	for range 3 {
		_, _ = w.Turn()
	}
	if bea := w.User("bea"); bea.Status.AccessRevokedAt == nil || len(bea.Status.Roles) > 0 {
		t.Errorf("while things change hands, bea has the status %+v", bea.Status)
	}
	wantCondition(t, w.User("bea"), v1alpha1.ConditionOwnershipTransferred, metav1.ConditionFalse, v1alpha1.ReasonTransferring)
	if !slices.Contains(slices.Collect(maps.Values(w.Ledger("standard"))), "bea") {
		t.Error("the seat is free before all is handed over")
	}
	held.Release()
	w.Settle()
	if slices.Contains(slices.Collect(maps.Values(w.Ledger("standard"))), "bea") {
		t.Error("the seat is not free")
	}
	wantOwners(t, w, map[string]string{"one": "cid", "two": "cid", "three": "dan"})
	bea := w.User("bea")
	wantReason(t, w, bea, v1alpha1.ReasonArchived)
	wantCondition(t, bea, v1alpha1.ConditionOwnershipTransferred, metav1.ConditionTrue, v1alpha1.ReasonTransferred)
	if on := bea.Status.Handover.Rules[0]; ptr.Deref(on.Objects, 0) != 2 || on.State != v1alpha1.HandoverDone || len(on.Successors) != 1 || on.Successors[0].User != "cid" {
		t.Errorf("the handover is %+v", on)
	}
	if n := len(w.Traffic.Requests(operator.Writing("users/status"))); n > 2 {
		t.Errorf("%d status writes, want one when access is revoked, and one when all is done", n)
	}
	wantQuiet(t, w)
	w.Delete(build.User("bea").Obj())
	w.Settle()
	var records v1alpha1.ArchivedUserList
	if err := env.Client(t).List(t.Context(), &records, client.InNamespace(w.Namespace)); err != nil || len(records.Items) != 1 {
		t.Fatalf("there are the records %v (%v)", records.Items, err)
	}
	for _, r := range records.Items {
		if len(r.Record.Handovers) != 1 || r.Record.Handovers[0].Successors[0].User != "cid" || *r.Record.Handovers[0].Objects != 2 {
			t.Errorf("the record says %+v", r.Record.Handovers)
		}
	}
}

// Rule AC-4: what has to be moved first keeps its owner, who loses nothing until then, and goes on by itself.
func TestAC4_TheRemovalWaitsForWhatIsToBeMoved(t *testing.T) {
	t.Parallel()
	block := build.Notes()
	block.OnArchive = v1alpha1.OwnershipBlock
	for _, leave := range []func(*passes.World){edit("bea", archive), func(w *passes.World) { w.Delete(build.User("bea").Obj()) }} {
		w := rich(t, block)
		leave(w)
		for range 5 {
			_, _ = w.Round()
		}
		bea := w.User("bea")
		wantReason(t, w, bea, v1alpha1.ReasonTransferBlocked)
		wantCondition(t, bea, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonTransferBlocked, "2 of configmaps (rule notes): one, two")
		if st := bea.Status; st.AccessRevokedAt != nil || !slices.Equal(st.Roles, []string{"member"}) || !slices.Equal(st.Seats, []string{"standard"}) {
			t.Errorf("bea has the status %+v", st)
		}
		for _, name := range []string{"one", "two"} {
			passes.Change(w, name, func(note *corev1.ConfigMap) { note.Labels[v1alpha1.LabelOwner] = "cid" })
		}
		w.Settle()
		if w.Find("bea", &v1alpha1.User{}) {
			wantReason(t, w, w.User("bea"), v1alpha1.ReasonArchived)
		}
		if slices.Contains(slices.Collect(maps.Values(w.Ledger("standard"))), "bea") {
			t.Error("the seat is held")
		}
	}
}

// What is in the way is looked at again after pauses that grow.
func TestBlockedIsLookedAtWithPauses(t *testing.T) {
	t.Parallel()
	block := build.Notes()
	block.OnArchive = v1alpha1.OwnershipBlock
	w := rich(t, block)
	edit("bea", archive)(w)
	var pauses []time.Duration
	for range 30 {
		w.CatchUp()
		result, err := w.Pass(passes.User, "bea")
		if err != nil {
			t.Fatal(err)
		}
		if result.RequeueAfter > 0 && w.Reason(w.User("bea")) == v1alpha1.ReasonTransferBlocked {
			pauses = append(pauses, result.RequeueAfter)
		}
		w.Delivered()
	}
	if len(pauses) < 5 || !slices.IsSorted(pauses) || pauses[len(pauses)-1] < 8*pauses[0] {
		t.Errorf("the pauses are %v", pauses)
	}
}

// Whatever write fails, with or without the process, all ends the same: nothing is left with who went.
func TestHandoverCrash(t *testing.T) {
	t.Parallel()
	leaving := map[string]func(*passes.World){
		"archived": edit("bea", archive), "deleted": func(w *passes.World) { w.Delete(build.User("bea").Obj()) },
	}
	writes := operator.Writing("users", "users/status", "archivedusers", "configmaps")
	for name, leave := range leaving {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := rich(t, build.Notes())
			w.Traffic.Reset()
			leave(w)
			w.Settle()
			want, deaths := w.State(), distinctDeaths(w.Traffic.Writes(), writes)
			if len(deaths) < 6 {
				t.Fatalf("there are %d moments to die at", len(deaths))
			}
			for _, d := range drawn(deaths) {
				w := rich(t, build.Notes())
				w.Traffic.Reset()
				hit := w.Traffic.Kill(d.fault, d.nth, writes)
				leave(w)
				for happened := false; !happened; {
					_, _ = w.Round()
					select {
					case <-hit:
						happened = true
					default:
					}
				}
				w.Traffic.Restore()
				w.Restart()
				w.Settle()
				wantOwners(t, w, map[string]string{"one": "cid", "two": "cid", "three": "dan"})
				if slices.Contains(slices.Collect(maps.Values(w.Ledger("standard"))), "bea") {
					t.Errorf("write %d %s: the seat is held", d.nth, d.fault)
				}
				if diff := cmp.Diff(want, w.State()); diff != "" {
					t.Errorf("write %d %s: it ends otherwise (-without +with the accident):\n%s", d.nth, d.fault, diff)
				}
			}
		})
	}
}

// demise is a moment at which an operator dies: at the n-th of the writes that matter.
type demise struct {
	nth   int
	fault operator.Fault
}

// distinctDeaths are the moments to die at, after each write and before each, that differ to who starts next: before a write is the
// same as after the one before, unless something else was written in between.
func distinctDeaths(all []operator.Request, matter operator.Match) []demise {
	var deaths []demise
	nth, other := 0, true
	for _, r := range all {
		if !matter(r) {
			other = true
			continue
		}
		if nth++; other {
			deaths = append(deaths, demise{nth, operator.NotSent})
		}
		deaths = append(deaths, demise{nth, operator.NoAnswer})
		other = false
	}
	return deaths
}
