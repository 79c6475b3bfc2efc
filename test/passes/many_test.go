// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// crowd creates objects, many at once.
func crowd(t *testing.T, w *passes.World, objects []client.Object) {
	t.Helper()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(16)
	for _, o := range objects {
		o.SetNamespace(w.Namespace)
		group.Go(func() error { return env.Client(t).Create(ctx, o) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// Each of very many objects is handed over by one request, the status tells of thousands and not of each, and in the end a look of
// its own finds none.
func TestTenThousandObjectsAreHandedOver(t *testing.T) {
	t.Parallel()
	const batch, page, looks = 1000, 500, 3
	many := env.Size(10_000, 2_200)
	w := rich(t, build.Notes())
	var notes []client.Object
	for i := range many - 2 { // bea has two
		notes = append(notes, build.Note(fmt.Sprintf("note-%05d", i), "bea"))
	}
	crowd(t, w, notes)
	edit("bea", archive)(w)
	w.CatchUp()
	w.Traffic.Reset()
	w.Settle()
	for note, owner := range owners(t, w) {
		if owner != "cid" && note != "three" {
			t.Fatalf("%s is owned by %s", note, owner)
		}
	}
	bea := w.User("bea")
	wantReason(t, w, bea, v1alpha1.ReasonArchived)
	if on := bea.Status.Handover.Rules[0]; int(*on.Objects) != many || on.Remaining != nil || on.State != v1alpha1.HandoverDone {
		t.Errorf("the handover is %+v", on)
	}
	if n := len(w.Traffic.Requests(operator.Writing("configmaps"))); n != many {
		t.Errorf("%d objects take %d writes", many, n)
	}
	batches := (many + batch - 1) / batch
	if n, most := len(w.Traffic.Requests(operator.Writing("users/status"))), batches+4; n > most {
		t.Errorf("%d status writes, want at most %d", n, most)
	}
	// A first look, and of what is left at each time two for each part: before it moves, and after.
	pages := 0
	for left := many; left > 0; left -= batch {
		pages += looks * (left/page + 1)
	}
	lists := w.Traffic.Requests(func(r operator.Request) bool { return r.Verb == "list" && r.Resource == "configmaps" })
	if len(lists) > pages {
		t.Errorf("%d lists, want at most %d", len(lists), pages)
	}
	wantQuiet(t, w)
}

// Whatever is deleted first, of an organization of many whose mail server is down, whose mail Secret is gone, and whose people own
// objects of kinds that are gone or in nobody's namespace, all of it goes: with no finalizer left, in few rounds, and few writes for
// each of them.
func TestThousandUsersAreTornDown(t *testing.T) {
	t.Parallel()
	people := env.Size(1000, 60)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	w, objects := doomed(t, people)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
	tearDown(t, w, people, slices.Collect(slices.Chunk(objects, len(objects)/3+1)))
}

// People who go before their organization wait for what cannot be handed over, and say so; when it goes, nobody does.
func TestTearDownInOrder(t *testing.T) {
	t.Parallel()
	const people, others = 20, 4
	t.Run("people first", func(t *testing.T) {
		t.Parallel()
		w, objects := doomed(t, people)
		for _, o := range objects[others:] {
			w.Delete(o)
		}
		for range 10 {
			_, _ = w.Round()
		}
		wantReason(t, w, w.User("p0001"), v1alpha1.ReasonSuccessorRequired) // since everybody goes
		wantReason(t, w, w.User("p0003"), v1alpha1.ReasonTransferIncomplete)
		said := strings.Join(w.Events.All(), "\n")
		for _, words := range []string{
			"Warning SuccessorRequired p0001", "Warning TransferIncomplete p0003", "nodes are in no namespace", "Warning OwnerProtected p0000",
		} {
			if !strings.Contains(said, words) {
				t.Errorf("no event says %q:\n%s", words, said)
			}
		}
		tearDown(t, w, people, [][]client.Object{objects[:others]})
	})
	t.Run("organization first", func(t *testing.T) {
		t.Parallel()
		w, objects := doomed(t, people)
		tearDown(t, w, people, [][]client.Object{objects[:1], objects[others:], objects[1:others]})
	})
	t.Run("pool and role first", func(t *testing.T) {
		t.Parallel()
		w, objects := doomed(t, people)
		tearDown(t, w, people, [][]client.Object{objects[1:others], objects[others:], objects[:1]})
	})
	t.Run("namespace", func(t *testing.T) {
		t.Parallel()
		w, _ := doomed(t, people)
		w.Traffic.Reset()
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.Namespace}}
		if err := env.Client(t).Delete(t.Context(), namespace); err != nil {
			t.Fatal(err)
		}
		env.Eventually(t, func() error { // the API server deletes them in its own time
			_, _ = w.Round()
			w.Clock.SetTime(w.Clock.Now().Add(5 * time.Minute))
			if names := remaining(t, w); len(names) > 0 {
				return fmt.Errorf("there are still %v", names)
			}
			return nil
		})
		wantCheap(t, w, people)
	})
}

// tearDown deletes objects in parts, and holds that all goes.
func tearDown(t *testing.T, w *passes.World, people int, parts [][]client.Object) {
	t.Helper()
	w.Traffic.Reset()
	for _, part := range parts {
		for _, o := range part {
			w.Delete(o)
		}
		_, _ = w.Round()
		_, _ = w.Round()
	}
	const rounds = 12
	for round := 0; len(remaining(t, w)) > 0; round++ {
		if round == rounds {
			t.Fatalf("after %d rounds there are still %v", rounds, remaining(t, w))
		}
		_, _ = w.Round()
		w.Clock.SetTime(w.Clock.Now().Add(5 * time.Minute)) // as far as the longest pause
	}
	wantCheap(t, w, people)
}

func wantCheap(t *testing.T, w *passes.World, people int) {
	t.Helper()
	const each = 10
	if n := len(w.Traffic.Writes()); n > each*people+50 {
		t.Errorf("%d people take %d writes to go, want at most %d for each", people, n, each)
	} else {
		t.Logf("%d people take %d writes", people, n)
	}
}

// doomed is an organization of many, as TestThousandUsersAreTornDown has it, and what is to be deleted of it.
func doomed(t *testing.T, people int) (*passes.World, []client.Object) {
	t.Helper()
	lost, nowhere := build.Notes(), build.Notes()
	lost.Name, lost.Resource = "lost", v1alpha1.OwnedResource{Group: "gone.example.com", Version: "v1", Resource: "things"}
	nowhere.Name, nowhere.Resource = "nowhere", v1alpha1.OwnedResource{Version: "v1", Resource: "nodes"}
	org := build.Organization("acme").Owner("p0000").Ownership(build.Notes(), lost, nowhere).Obj()
	org.Spec.Mail.SMTPSecretRef.Name = "pruned"
	w := passes.New(t, org, build.SeatPool("standard").Seats(int32(people/2)).Obj(),
		build.Role("member").SeatPool("standard").MinHolders(1).Obj(), build.Team("sales").Lead("p0001").Members("p0002").Obj())
	objects := []client.Object{
		build.Organization("acme").Obj(), build.SeatPool("standard").Obj(), build.Role("member").Obj(), build.Team("sales").Obj(),
	}
	var users []client.Object
	for i := range people {
		name := fmt.Sprintf("p%04d", i)
		users = append(users, member(name))
		objects = append(objects, build.User(name).Obj())
	}
	crowd(t, w, users)
	crowd(t, w, []client.Object{build.Note("one", "p0001"), build.Note("two", "p0002")})
	w.CatchUp()
	for range 3 {
		_, _ = w.Round()
	}
	for _, name := range []string{"p0000", "p0001", "p0002"} {
		w.Answer(name, accept)
	}
	_, _ = w.Round()
	w.Mail.Unavailable(1 << 20)
	return w, objects
}

// remaining are the names of what is still there, but for records.
func remaining(t *testing.T, w *passes.World) []string {
	t.Helper()
	var names []string
	for _, list := range []client.ObjectList{
		&v1alpha1.UserList{}, &v1alpha1.OrganizationList{}, &v1alpha1.SeatPoolList{}, &v1alpha1.SeatSliceList{}, &v1alpha1.RoleList{}, &v1alpha1.TeamList{},
	} {
		if err := env.Client(t).List(t.Context(), list, client.InNamespace(w.Namespace)); err != nil {
			t.Fatal(err)
		}
		if err := meta.EachListItem(list, func(o runtime.Object) error {
			names = append(names, o.(client.Object).GetName())
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return names
}
