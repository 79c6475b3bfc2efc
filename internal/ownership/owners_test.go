// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/internal/handover"
)

// Who of several people owns anything takes as few pages as it takes to know, and no write.
func TestOwners(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	var objects []client.Object
	for i := range 510 {
		objects = append(objects, p.deal(fmt.Sprintf("d%04d", i), "max"))
	}
	p.create(append(objects, p.deal("a-first", "jean"), p.deal("z-last", "zoe"), p.note("n1", "zoe"), p.note("n2", "jeanne"), p.note("n3", ""))...)
	var crowd []string
	for i := range 100 {
		crowd = append(crowd, fmt.Sprintf("left-%02d", i))
	}
	long := strings.Repeat("n", 64)
	for _, tt := range []struct {
		why    string
		rule   handover.TaskRule
		people []string
		want   []string
		pages  int
	}{
		{why: "one who is found on the first page", rule: ofDeals(nil), people: []string{"jean"}, want: []string{"jean"}, pages: 1},
		{why: "one on the last", rule: ofDeals(nil), people: []string{"zoe", "jean", "nobody"}, want: []string{"jean", "zoe"}, pages: 2},
		{why: "no one", rule: ofDeals(nil), people: []string{"nobody"}, pages: 2},
		{why: "by label", rule: ofNotes(nil), people: []string{"zoe", "jean", long}, want: []string{"zoe"}, pages: 1},
		{why: "by label, among more people than a request can name", rule: ofNotes(nil), people: append(crowd, "zoe"), want: []string{"zoe"}, pages: 1},
		{why: "a name that fits no label owns nothing", rule: ofNotes(nil), people: []string{long}, pages: 0},
	} {
		t.Run(tt.why, func(t *testing.T) {
			p.requests = nil
			got, err := p.estate().Owners(t.Context(), p.ns, &tt.rule.Rule, tt.people)
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%v own something (%v), want %v", got, err, tt.want)
			}
			writes := slices.ContainsFunc(p.requests, func(r string) bool { return !strings.HasPrefix(r, http.MethodGet) })
			if len(p.requests) != tt.pages || writes {
				t.Errorf("it takes %v, want %d pages", p.requests, tt.pages)
			}
		})
	}
	unknown := ofDeals(nil).Rule
	unknown.Resource.Resource = "nothings"
	if _, err := p.estate().Owners(t.Context(), p.ns, &unknown, jean()); err == nil || !strings.Contains(err.Error(), "listing nothings.crm.example.com") {
		t.Errorf("of a kind that is not there: %v", err)
	}
}
