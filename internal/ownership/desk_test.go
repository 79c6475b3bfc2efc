// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/internal/ownership"
	"seatkeeper.dev/seatkeeper/test/build"
)

// slow is an API server with one deal, which jean owns whatever happens. It answers when it is told to. Whoever asks is
// known by the resource that a task looks for.
type slow struct {
	dynamic.NamespaceableResourceInterface

	who string
	*record
}

type record struct {
	mu sync.Mutex
	// said are the requests, such as "first list", in the order in which they came.
	said []string
	// hold holds up what a task asks for, until it is closed. Requests do not mind that their task is given up.
	hold map[string]chan struct{}
	// gone are the contexts that were given up while their request was held up.
	gone []string
	// failing is what a list answers, and broken a request that fails while others do not.
	failing error
	broken  string
	// refusal is what a patch answers.
	refusal error
}

func (r *record) Resource(resource schema.GroupVersionResource) dynamic.NamespaceableResourceInterface {
	return &slow{who: resource.Resource, record: r}
}

func (s *slow) Namespace(string) dynamic.ResourceInterface { return s }

func (r *record) note(ctx context.Context, what string) {
	r.mu.Lock()
	r.said = append(r.said, what)
	hold := r.hold[what]
	r.mu.Unlock()
	if hold == nil {
		return
	}
	stop := context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.gone = append(r.gone, what)
	})
	defer stop()
	<-hold
}

func (r *record) saw() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.said)
}

func (s *slow) List(ctx context.Context, _ metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	s.note(ctx, s.who+" list")
	if s.failing != nil {
		return nil, s.failing
	}
	if s.broken == s.who+" list" {
		return nil, errors.New("connection refused")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	deal := unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"owner": "jean"}}}
	deal.SetName("a")
	return &unstructured.UnstructuredList{Items: []unstructured.Unstructured{deal}}, nil
}

func (s *slow) Patch(ctx context.Context, _ string, _ types.PatchType, _ []byte, _ metav1.PatchOptions, _ ...string) (*unstructured.Unstructured, error) {
	s.note(ctx, s.who+" patch")
	if s.refusal != nil {
		return nil, s.refusal
	}
	return nil, ctx.Err()
}

// directory has bea alone.
type directory struct{ client.Reader }

func (directory) Get(_ context.Context, key client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
	if key.Name != "bea" {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "users"}, key.Name)
	}
	build.User("bea").AcceptedAt(now).Obj().DeepCopyInto(obj.(*v1alpha1.User))
	return nil
}

var (
	user = types.NamespacedName{Namespace: "acme", Name: "jean"}
	org  = types.NamespacedName{Namespace: "acme", Name: "acme"}
)

// errand is a task that is known by its name. It looks, or moves when there is somebody to take over.
func errand(name string, to ...v1alpha1.Successor) *handover.Task {
	rule := ofDeals(jean(), to...)
	rule.Rule.Resource.Resource = name
	return &handover.Task{ID: name, Namespace: "acme", Rules: []handover.TaskRule{rule}}
}

// open opens a desk for the time of a test, in a bubble of its own.
func open(t *testing.T, r *record) *ownership.Desk {
	desk := ownership.NewDesk(&ownership.Estate{Objects: r, People: directory{}}, clock.RealClock{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = desk.Outbox.Start(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return desk
}

var heir = v1alpha1.Successor{User: "bea", UID: "uid-of-bea"}

func TestDeskKeepsWhatWasFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &record{}
		desk := open(t, r)
		if report := desk.Do(user, org, errand("first")); report != nil {
			t.Errorf("nobody waits, and it reports %v", report)
		}
		if woken := <-desk.Outbox.Done(); woken != user {
			t.Errorf("%s is woken", woken)
		}
		for range 3 {
			report := desk.Do(user, org, errand("first"))
			if report == nil || report.Failure != "" || report.ID != "first" || report.Rules[0].Left != 1 {
				t.Errorf("it reports %v", report)
			}
		}
		other := types.NamespacedName{Namespace: "acme", Name: "paul"}
		if report := desk.Do(other, org, errand("first")); report != nil {
			t.Errorf("what was found of jean is told of paul: %v", report)
		}
		<-desk.Outbox.Done()
		desk.Forget(user)
		if report := desk.Do(other, org, errand("first")); report == nil || report.Failure != "" {
			t.Errorf("what was found of paul is forgotten with jean: %v", report)
		}
		if report := desk.Do(user, org, errand("first")); report != nil {
			t.Errorf("it is forgotten, and still reports %v", report)
		}
		<-desk.Outbox.Done()
		if said := strings.Join(r.saw(), ", "); said != "first list, first list, first list" {
			t.Errorf("it looked: %s", said)
		}
	})
}

func TestDeskSaysWhatFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &record{failing: errors.New("connection refused")}
		desk := open(t, r)
		desk.Do(user, org, errand("first"))
		<-desk.Outbox.Done()
		report := desk.Do(user, org, errand("first"))
		if report == nil || report.ID != "first" || report.Failure != "listing first.crm.example.com: connection refused" || report.Moved() > 0 {
			t.Errorf("it reports %v", report)
		}
		r.failing = nil
		if report := desk.Do(user, org, errand("first")); report == nil || report.Failure == "" {
			t.Errorf("it is not tried again before somebody asks: %v", report)
		}
		desk.Forget(user)
		desk.Do(user, org, errand("first"))
		<-desk.Outbox.Done()
		if report := desk.Do(user, org, errand("first")); report == nil || report.Failure != "" {
			t.Errorf("it reports %v", report)
		}
	})
}

// What was moved before it failed is told of once, so that nobody counts it twice.
func TestDeskTellsOnceWhatMovedBeforeAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		desk := open(t, &record{broken: "second list"})
		task := errand("first", heir)
		task.Rules = append(task.Rules, errand("second", heir).Rules...)
		desk.Do(user, org, task)
		<-desk.Outbox.Done()
		for i, moved := range []int{3, 0, 0} { // the deal is set back until somebody is taken to want it so
			report := desk.Do(user, org, task)
			if report == nil || report.Failure == "" || report.Moved() != moved {
				t.Errorf("the report %d is %v, want %d moved", i, report, moved)
			}
		}
	})
}

// A later look must not be overtaken by an earlier patch.
func TestDeskWaitsForWhatIsSuperseded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := make(chan struct{})
		r := &record{hold: map[string]chan struct{}{"first patch": held}}
		desk := open(t, r)
		desk.Do(user, org, errand("first", heir))
		synctest.Wait()
		desk.Do(user, org, errand("second"))
		synctest.Wait()
		if said := strings.Join(r.saw(), ", "); said != "first list, first patch" {
			t.Errorf("the second begins while a patch of the first is under way: %s", said)
		}
		if !slices.Equal(r.gone, []string{"first patch"}) {
			t.Errorf("the first is not given up: %v", r.gone)
		}
		close(held)
		synctest.Wait()
		if said := strings.Join(r.saw(), ", "); said != "first list, first patch, second list" {
			t.Errorf("it asked for %s", said)
		}
		if report := desk.Do(user, org, errand("second")); report == nil || report.ID != "second" || report.Failure != "" {
			t.Errorf("it reports %v", report)
		}
	})
}

// People who leave while a list is under way share the next: none is told what was listed before somebody asked for it.
func TestAWaveSharesItsLists(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := make(chan struct{})
		r := &record{hold: map[string]chan struct{}{"deals list": held}}
		desk := open(t, r)
		const wave = 10
		of := func(i int) (types.NamespacedName, *handover.Task) {
			name := fmt.Sprintf("jean-%d", i)
			if i == 0 {
				name = "jean" // who owns something
			}
			rule := ofDeals([]string{name})
			return types.NamespacedName{Namespace: "acme", Name: name}, &handover.Task{ID: name, Namespace: "acme", Rules: []handover.TaskRule{rule}}
		}
		for i := wave - 1; i >= 0; i-- {
			who, task := of(i)
			desk.Do(who, org, task)
			synctest.Wait()
		}
		close(held)
		synctest.Wait()
		if said := r.saw(); len(said) != 2 {
			t.Errorf("it asked for %v", said)
		}
		for i := range wave {
			who, task := of(i)
			want := 0
			if i == 0 {
				want = 1
			}
			if report := desk.Do(who, org, task); report == nil || report.Failure != "" || report.Rules[0].Left != want || report.At.IsZero() {
				t.Errorf("%s is told %+v", who.Name, report)
			}
		}
	})
}

// Of several that wait, the latest is the one that counts.
func TestDeskDoesTheLatest(t *testing.T) {
	t.Parallel()
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			held := make(chan struct{})
			r := &record{hold: map[string]chan struct{}{"first patch": held}}
			desk := open(t, r)
			desk.Do(user, org, errand("first", heir))
			synctest.Wait()
			desk.Do(user, org, errand("second", heir))
			synctest.Wait()
			desk.Do(user, org, errand("third"))
			synctest.Wait()
			close(held)
			synctest.Wait()
			said := r.saw()
			if at := slices.Index(said, "third list"); at < 0 || slices.Contains(said[at:], "second patch") {
				t.Errorf("the second patches after the third has begun: %v", said)
			}
			if report := desk.Do(user, org, errand("third")); report == nil || report.ID != "third" || report.Failure != "" {
				t.Errorf("it reports %v", report)
			}
		})
	}
}

// Who comes back keeps what is left: nothing is moved any more once the task is forgotten.
func TestDeskGivesUpWhatIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := make(chan struct{})
		r := &record{hold: map[string]chan struct{}{"first list": held}}
		desk := open(t, r)
		desk.Do(user, org, errand("first", heir))
		synctest.Wait()
		desk.Forget(user)
		synctest.Wait()
		close(held) // a list is not given up: others may wait for it
		synctest.Wait()
		if said := r.saw(); slices.Contains(said, "first patch") {
			t.Errorf("it is forgotten, and moves objects: %v", said)
		}
		desk.Do(user, org, errand("second"))
		synctest.Wait()
		if report := desk.Do(user, org, errand("second")); report == nil || report.Failure != "" {
			t.Errorf("the next one is not hindered: %v", report)
		}
	})
}

// What a webhook says is long, and comes in lines and sentences.
func TestWordsOfAWebhook(t *testing.T) {
	t.Parallel()
	for name, words := range map[string]string{
		"lines": "not today:\n- it is Sunday. Come back\r\n- it rains", "long": strings.Repeat("It is Sunday. ", 100),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource := schema.GroupResource{Group: "crm.example.com", Resource: "deals"}
			r := &record{refusal: apierrors.NewForbidden(resource, "a", errors.New(words))}
			report, err := (&ownership.Estate{Objects: r, People: directory{}}).Do(t.Context(), errand("deals", heir))
			if err != nil {
				t.Fatal(err)
			}
			got := &report.Rules[0]
			if len(got.Trouble) > 400 || !strings.Contains(got.Trouble, "deals.crm.example.com a cannot be handed over") || got.More {
				t.Errorf("it is one object's trouble, in words that fit: %+v", got)
			}
			(&place{t: t}).wantMessage(got.Trouble)
		})
	}
}
