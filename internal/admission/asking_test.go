// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	ctrladmission "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/admission"
)

// desk answers who may assign roles, and keeps the names of those it was asked about; "" is all of them.
type desk struct {
	mu     sync.Mutex
	may    []string
	broken error
	asked  []string
	specs  []authorizationv1.SubjectAccessReviewSpec
	// under is how many questions are under way, most how many there were at once.
	under, most int
}

func (d *desk) answer(spec *authorizationv1.SubjectAccessReviewSpec) (bool, error) {
	name := spec.ResourceAttributes.Name
	d.mu.Lock()
	d.under++
	d.most = max(d.most, d.under)
	d.asked = append(d.asked, name)
	d.specs = append(d.specs, *spec)
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.under--
	}()
	return slices.Contains(d.may, name), d.broken
}

// heard are the names that were asked about since the last time, sorted.
func (d *desk) heard() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	asked := d.asked
	d.asked = nil
	slices.Sort(asked)
	return asked
}

// by is the context of a request.
func by(ctx context.Context, who authenticationv1.UserInfo) context.Context {
	return ctrladmission.NewContextWithRequest(ctx, ctrladmission.Request{AdmissionRequest: admissionv1.AdmissionRequest{UserInfo: who}})
}

var eve = authenticationv1.UserInfo{
	Username: "eve", UID: "1", Groups: []string{"a", "b"}, Extra: map[string]authenticationv1.ExtraValue{"scopes": {"x", "y"}},
}

func TestAsking(t *testing.T) {
	t.Parallel()
	for why, tc := range map[string]struct {
		may, roles    []string
		asked, denied []string
	}{
		"nothing is given: nobody is asked":        {may: []string{""}},
		"who may give all is asked about once":     {may: []string{""}, roles: []string{"admin", "support"}, asked: []string{""}},
		"who may give some is asked about each":    {may: []string{"support"}, roles: []string{"admin", "support"}, asked: []string{"", "admin", "support"}, denied: []string{"admin"}},
		"what is given twice is asked about once":  {roles: []string{"admin", "admin"}, asked: []string{"", "admin"}, denied: []string{"admin"}},
		"who may give all that is given is let be": {may: []string{"admin", "support"}, roles: []string{"admin", "support"}, asked: []string{"", "admin", "support"}},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			d := &desk{may: tc.may}
			errs, err := admission.Giving(clocktesting.NewFakePassiveClock(time.Now()), d.answer)(by(t.Context(), eve), tc.roles...)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, role := range tc.denied {
				want = append(want, fmt.Sprintf(`spec.roles[%d]: Forbidden: user "eve" may not assign role %s: that needs the verb assign on roles.seatkeeper.dev %q in namespace acme`,
					slices.Index(tc.roles, role), role, role))
			}
			var got []string
			for _, e := range errs {
				got = append(got, e.Error())
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if diff := cmp.Diff(tc.asked, d.heard()); diff != "" {
				t.Errorf("asked about; want -, got +:\n%s", diff)
			}
		})
	}
}

// All that the API server knows of the requester is handed on: rights may rest on any of it.
func TestAskingForWhom(t *testing.T) {
	t.Parallel()
	d := &desk{may: []string{""}}
	if _, err := admission.Giving(clocktesting.NewFakePassiveClock(time.Now()), d.answer)(by(t.Context(), eve), "admin"); err != nil {
		t.Fatal(err)
	}
	want := []authorizationv1.SubjectAccessReviewSpec{{
		User: "eve", UID: "1", Groups: []string{"a", "b"}, Extra: map[string]authorizationv1.ExtraValue{"scopes": {"x", "y"}},
		ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: "acme", Verb: "assign", Group: "seatkeeper.dev", Version: "*", Resource: "roles"},
	}}
	if diff := cmp.Diff(want, d.specs); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// Yes counts for a while, for that requester alone; no never does, but for everything at once.
func TestAnswersThatCount(t *testing.T) {
	t.Parallel()
	clock := clocktesting.NewFakePassiveClock(time.Now())
	d := &desk{may: []string{"admin"}}
	give := admission.Giving(clock, d.answer)
	other := *eve.DeepCopy()
	other.Groups = []string{"a"}
	scoped := *eve.DeepCopy()
	scoped.Extra["scopes"] = authenticationv1.ExtraValue{"x"}
	again := *eve.DeepCopy()
	again.UID = "2"
	for _, step := range []struct {
		why   string
		who   authenticationv1.UserInfo
		after time.Duration
		may   []string
		asked []string
		fails bool
	}{
		{"the first time", eve, 0, []string{"admin"}, []string{"", "admin"}, false},
		{"that all was denied counts, since each is asked about", eve, 0, []string{"admin"}, nil, false},
		{"a right that was just taken away still counts", eve, admission.RightsKept - 1, nil, nil, false},
		{"not in other groups", other, 0, nil, []string{"", "admin"}, true},
		{"not with other extras", scoped, 0, nil, []string{"", "admin"}, true},
		{"not for another of that name", again, 0, nil, []string{"", "admin"}, true},
		{"and not for long", eve, 2, nil, []string{"", "admin"}, true},
		{"a right that was just given counts", eve, 0, []string{"admin"}, []string{"admin"}, false},
		{"a right to all that was just given as well", eve, 1, []string{"", "admin"}, nil, false},
	} {
		clock.SetTime(clock.Now().Add(step.after))
		d.may = step.may
		errs, err := give(by(t.Context(), step.who), "admin")
		if err != nil || (len(errs) > 0) != step.fails {
			t.Errorf("%s: got %v, %v", step.why, errs, err)
		}
		if diff := cmp.Diff(step.asked, d.heard()); diff != "" {
			t.Errorf("%s: asked about; want -, got +:\n%s", step.why, diff)
		}
	}
}

// Whoever lacks very many rights learns of some, and the API server is not flooded.
func TestManyMissingRights(t *testing.T) {
	t.Parallel()
	d := &desk{}
	var roles []string
	for i := range 500 {
		roles = append(roles, fmt.Sprintf("role-%d", i))
	}
	errs, err := admission.Giving(clocktesting.NewFakePassiveClock(time.Now()), d.answer)(by(t.Context(), eve), roles...)
	if err != nil || len(errs) != admission.RightsListed {
		t.Errorf("got %d refusals and %v, want %d", len(errs), err, admission.RightsListed)
	}
	if d.most > admission.RightsAsked || len(d.heard()) > 1+admission.RightsListed+admission.RightsAsked {
		t.Errorf("%d questions, %d at once", len(d.specs), d.most)
	}
}

// Without an answer nobody is let through.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	clock := clocktesting.NewFakePassiveClock(time.Now())
	down := &desk{broken: errors.New("no route to host")}
	if _, err := admission.Giving(clock, down.answer)(by(t.Context(), eve), "admin"); !apierrors.IsInternalError(err) {
		t.Errorf("with an API server that does not answer, got %v", err)
	}
	if _, err := admission.Giving(clock, (&desk{may: []string{""}}).answer)(t.Context(), "admin"); !apierrors.IsInternalError(err) {
		t.Errorf("for a request of nobody, got %v", err)
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	window := func(user string, from, until int) v1alpha1.Delegation {
		d := v1alpha1.Delegation{User: user, Until: metav1.NewTime(base.AddDate(0, 0, until))}
		if from != 0 {
			d.From = new(metav1.NewTime(base.AddDate(0, 0, from)))
		}
		return d
	}
	for why, tc := range map[string]struct {
		is   v1alpha1.Delegation
		was  []v1alpha1.Delegation
		want bool
	}{
		"the same":                     {window("a", 2, 5), []v1alpha1.Delegation{window("a", 2, 5)}, true},
		"shorter at both ends":         {window("a", 3, 4), []v1alpha1.Delegation{window("a", 2, 5)}, true},
		"later":                        {window("a", 2, 6), []v1alpha1.Delegation{window("a", 2, 5)}, false},
		"earlier":                      {window("a", 1, 5), []v1alpha1.Delegation{window("a", 2, 5)}, false},
		"at once":                      {window("a", 0, 5), []v1alpha1.Delegation{window("a", 2, 5)}, false},
		"at once as before":            {window("a", 0, 5), []v1alpha1.Delegation{window("a", 0, 5)}, true},
		"not at once any more":         {window("a", 2, 5), []v1alpha1.Delegation{window("a", 0, 5)}, true},
		"somebody else":                {window("b", 2, 5), []v1alpha1.Delegation{window("a", 2, 5)}, false},
		"the second of two":            {window("b", 2, 5), []v1alpha1.Delegation{window("a", 2, 5), window("b", 1, 6)}, true},
		"over the end of one of two":   {window("a", 2, 9), []v1alpha1.Delegation{window("a", 1, 5), window("a", 8, 9)}, false},
		"none before":                  {window("a", 2, 5), nil, false},
		"in one of several windows":    {window("a", 7, 8), []v1alpha1.Delegation{window("a", 1, 5), window("a", 6, 9)}, true},
		"over, and longer than it was": {window("a", -9, -1), []v1alpha1.Delegation{window("a", -9, -2)}, false},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			if got := admission.Within(&tc.is, tc.was); got != tc.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
