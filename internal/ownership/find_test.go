// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/internal/handover"
)

// What somebody owns is found page by page, apart by who may change it, without a write.
func TestFind(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	var objects []client.Object
	for i := range 510 {
		objects = append(objects, p.deal(fmt.Sprintf("d%04d", i), "jean"))
	}
	argo := func(u *unstructured.Unstructured) {
		u.SetAnnotations(map[string]string{"argocd.argoproj.io/tracking-id": "crm"})
	}
	p.create(append(objects, p.deal("max", "max"), p.deal("z-argo", "jean", argo), p.note("n1", "jean"), p.note("n2", "max"))...)
	p.requests = nil
	rule := ofDeals(nil).Rule
	found, err := p.estate().Find(t.Context(), p.ns, &rule, "jean")
	if err != nil || found.Free != 510 || len(found.Tracked) != 1 || found.Tracked[0].By != "Argo CD" || found.Trouble+found.Note != "" {
		t.Fatalf("it finds %d and %v: %v", found.Free, found.Tracked, err)
	}
	if writes := slices.ContainsFunc(p.requests, func(r string) bool { return !strings.HasPrefix(r, http.MethodGet) }); writes || len(p.requests) != 2 {
		t.Errorf("it takes %v", p.requests)
	}
	want := map[string]any{
		"apiVersion": "crm.example.com/v1", "kind": "Deal", "metadata": map[string]any{"name": "z-argo", "namespace": p.ns}, "spec": map[string]any{"owner": "zoe"},
	}
	if diff := cmp.Diff(want, found.Tracked[0].Patch(p.ns, "zoe")); diff != "" {
		t.Errorf("what Git must change; want -, got +:\n%s", diff)
	}
	rule = ofNotes(nil).Rule
	if found, err := p.estate().Find(t.Context(), p.ns, &rule, "jean"); err != nil || found.Free != 1 {
		t.Errorf("by label, it finds %+v: %v", found, err)
	}
	if found, err := p.estate().Find(t.Context(), p.ns, &rule, strings.Repeat("n", 64)); err != nil || found.Free != 0 {
		t.Errorf("a name that fits no label owns %+v: %v", found, err)
	}
}

// Somebody who stays hands nothing over by the operator, and by hand does.
func TestByHand(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	heir := p.member("zoe")
	p.member("jean")
	p.create(p.deal("a", "jean"))
	if got := p.do(ofDeals(jean(), heir)); got.Moved != 0 || !got.Absent {
		t.Errorf("the operator moves what somebody owns who stays: %+v", got)
	}
	by := p.estate()
	by.ByHand = "somebody"
	report, err := by.Do(t.Context(), &handover.Task{Namespace: p.ns, Organization: "acme", Rules: []handover.TaskRule{ofDeals(jean(), heir)}})
	if err != nil || report.Rules[0].Moved != 1 || report.Rules[0].Absent {
		t.Fatalf("by hand it moves %+v: %v", report, err)
	}
	p.wantOwners("by hand", map[string]string{"a": "zoe"})
	for _, entry := range p.deals()["a"].GetManagedFields() {
		if entry.Manager == "seatkeeper" {
			t.Error("it is written down as the operator's doing")
		}
	}
}
