// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// Whatever a Role does while a record ends, rights that were taken back are not given again.
func TestRightsStayTakenBack(t *testing.T) {
	t.Parallel()
	for nth, write := range []string{"the deletion", "the rights", "the end"} {
		t.Run("before "+write, func(t *testing.T) {
			t.Parallel()
			w := parking(t, directed)
			w.Create(build.Role("guest").Obj())
			w.Settle()
			twin := w.Twin()
			held := w.Traffic.Hold(nth+2, operator.Writing("archivedusers", "rolebindings")) // the first is the claim
			w.Create(build.User("cid").Roles("guest").Obj())
			done := make(chan struct{})
			go func() {
				defer close(done)
				for settled := false; !settled; settled, _ = w.Round() {
				}
			}()
			<-held.Reached()
			before := cidIsBound(t, w)
			twin.CatchUp()
			if _, err := twin.Pass(passes.Role, "member"); err != nil {
				t.Error(err)
			}
			if after := cidIsBound(t, w); after != before || before != (write != "the end") {
				t.Errorf("cid had rights: %t, and after a pass over the Role: %t", before, after)
			}
			held.Release()
			<-done
			wantReason(t, w, w.User("cid"), v1alpha1.ReasonActive)
			wantRights(t, w, "ada", "dan", "eve")
			if diff := cmp.Diff([]string{"dan"}, parkedRecords(t, w)); diff != "" || recordOf(w, "cid@acme.example") != nil {
				t.Errorf("parked are (-want +got):\n%s", diff)
			}
		})
	}
}

// cidIsBound says that cid has rights in Kubernetes.
func cidIsBound(t *testing.T, w *passes.World) bool {
	t.Helper()
	for _, b := range allBindings(t, w) {
		for _, s := range b.Subjects {
			if s.Name == "cid@acme.example" {
				return true
			}
		}
	}
	return false
}

// Who is applied again without access is removed by that, as anybody who was here: while the guard holds it, nothing is taken.
func TestHeirDeclaredWithoutAccess(t *testing.T) {
	t.Parallel()
	for state, reason := range map[v1alpha1.UserState]string{
		v1alpha1.UserSuspended: v1alpha1.ReasonSuspended,
		v1alpha1.UserArchived:  v1alpha1.ReasonArchived,
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := parking(t, directed)
			w.Create(build.User("cid").Roles("member").State(state).Obj())
			held := func(when string) {
				t.Helper()
				for settled := false; !settled; settled, _ = w.Round() {
					if !signIns(w)["cid@acme.example"] || !holdsSeat(w, "cid") || !cidIsBound(t, w) {
						t.Fatalf("%s, cid is signed out, or has no seat or no rights: %v", when, w.Ledger("standard"))
					}
				}
				wantReason(t, w, w.User("cid"), v1alpha1.ReasonRemovalHeld)
			}
			held("within the window")
			w.Clock.SetTime(w.Clock.Now().Add(2 * time.Hour))
			held("after it")
			passes.Change(w, "acme", func(o *v1alpha1.Organization) {
				metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.AnnotationApproveRemovals, o.Status.Removals.Token)
			})
			for settled := false; !settled; settled, _ = w.Round() {
				watchOrder(t, w, "cid", false)
			}
			wantReason(t, w, w.User("cid"), reason)
			if signIns(w)["cid@acme.example"] || holdsSeat(w, "cid") || cidIsBound(t, w) {
				t.Errorf("cid can sign in, or has a seat or rights: %v", w.Ledger("standard"))
			}
		})
	}
}

// A User that comes at the address of who is parked, and is deleted before anybody has looked at it, has nothing to hand over: what has
// its name is that of the person who is parked.
func TestNamesakeDeletedUnseenHandsNothingOver(t *testing.T) {
	t.Parallel()
	w := parking(t, handing)
	cid := member("cid")
	cid.Finalizers = []string{v1alpha1.FinalizerArchive}
	w.Create(cid)
	w.Delete(build.User("cid").Obj())
	w.Settle()
	wantOwners(t, w, map[string]string{"one": "cid", "two": "cid", "three": "dan"})
	over(w)
	w.Settle()
	wantOwners(t, w, map[string]string{"one": "ada", "two": "ada", "three": "ada"})
}
