// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// plurals are the resources of the kinds.
var plurals = map[string]string{
	archivedUser: "archivedusers", organization: "organizations", role: "roles", seatPool: "seatpools", seatSlice: "seatslices",
	team: "teams", user: "users",
}

func TestNames(t *testing.T) {
	d, err := discovery.NewDiscoveryClientForConfig(env.Config(t))
	if err != nil {
		t.Fatal(err)
	}
	served, err := d.ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
	if err != nil {
		t.Fatal(err)
	}
	shortNames := map[string][]string{organization: {"org", "orgs"}, role: {"orgrole", "orgroles"}, seatPool: {"seats"}}
	for kind, plural := range plurals {
		at := slices.IndexFunc(served.APIResources, func(r metav1.APIResource) bool { return r.Name == plural })
		if at < 0 {
			t.Errorf("%s is not served", plural)
			continue
		}
		r := served.APIResources[at]
		if r.Kind != kind || !r.Namespaced || !slices.Equal(r.Categories, []string{"seatkeeper"}) {
			t.Errorf("%s: kind %s, namespaced %v, categories %v; want %s, namespaced, in seatkeeper", plural, r.Kind, r.Namespaced, r.Categories, kind)
		}
		if diff := cmp.Diff(shortNames[kind], r.ShortNames); diff != "" {
			t.Errorf("%s: short names (-want +got):\n%s", plural, diff)
		}
	}
}

func TestDefaults(t *testing.T) {
	c, ns := env.Client(t), env.Namespace(t)
	acme := map[string]any{
		"owner": "ada", "locale": "en", "timeZone": "UTC", "emailChange": "Rename", "emailScope": "Organization",
		"invitation":  map[string]any{"ttl": "168h", "maxSends": int64(3), "acceptance": "Confirm"},
		"offboarding": map[string]any{"accessNotice": "72h", "policy": "Archive"},
	}
	kept := maps.Clone(acme)
	kept["offboarding"] = map[string]any{"accessNotice": "72h", "policy": "Archive", "retention": "1h"}
	pool := func(more map[string]any) map[string]any {
		spec := map[string]any{"organization": "acme", "included": int64(0), "seats": int64(0), "onShortage": "Keep"}
		maps.Copy(spec, more)
		return spec
	}
	for why, d := range map[string]struct {
		kind       string
		spec, want map[string]any
	}{
		"an organization":              {organization, map[string]any{"owner": "ada"}, acme},
		"an empty policy":              {organization, map[string]any{"owner": "ada", "invitation": map[string]any{}}, acme},
		"an empty farewell":            {organization, map[string]any{"owner": "ada", "offboarding": map[string]any{}}, acme},
		"a null is no value":           {organization, map[string]any{"owner": "ada", "invitation": nil, "locale": nil}, acme},
		"a null in the policy":         {organization, map[string]any{"owner": "ada", "invitation": map[string]any{"ttl": nil}}, acme},
		"who leaves, and for how long": {organization, map[string]any{"owner": "ada", "offboarding": map[string]any{"retention": "1h"}}, kept},
		"an absence begins at once": {
			user,
			map[string]any{"organization": "acme", "email": "ada@acme.example", "delegates": []any{delegation("bob", "", "2027-01-05T00:00:00Z")}},
			map[string]any{"organization": "acme", "email": "ada@acme.example", "delegates": []any{delegation("bob", "", "2027-01-05T00:00:00Z")}, "state": "Active"},
		},
		"a role has none":         {role, map[string]any{"organization": "acme"}, map[string]any{"organization": "acme"}},
		"a pool starts with none": {seatPool, map[string]any{"organization": "acme"}, pool(nil)},
		"a pool is prepaid, and orders pass": {
			seatPool,
			map[string]any{"organization": "acme", "billing": map[string]any{}, "purchase": map[string]any{}},
			pool(map[string]any{"billing": map[string]any{"mode": "Prepaid"}, "purchase": map[string]any{"approval": "None"}}),
		},
		"a price has no defaults": {
			seatPool,
			map[string]any{"organization": "acme", "billing": map[string]any{"price": euros("10.00")}},
			pool(map[string]any{"billing": map[string]any{"mode": "Prepaid", "price": euros("10.00")}}),
		},
		"what a Metered pool gets is allowed in one": {
			seatPool,
			map[string]any{"organization": "acme", "billing": map[string]any{"mode": "Metered"}, "purchase": map[string]any{"maxSeats": int64(50)}},
			pool(map[string]any{"billing": map[string]any{"mode": "Metered"}, "purchase": map[string]any{"maxSeats": int64(50), "approval": "None"}}),
		},
		"a user is active": {
			user,
			map[string]any{"organization": "acme", "email": "ada@acme.example"},
			map[string]any{"organization": "acme", "email": "ada@acme.example", "state": "Active"},
		},
		"a member does not lead": {
			team,
			map[string]any{"organization": "acme", "members": []any{map[string]any{"user": "ada"}}},
			map[string]any{"organization": "acme", "members": []any{map[string]any{"user": "ada", "role": "Member"}}},
		},
	} {
		t.Run(why, func(t *testing.T) {
			obj := untyped(t, d.kind, typical(ns)[d.kind], fields{"spec": d.spec})
			if err := c.Create(t.Context(), obj, client.DryRunAll); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(d.want, obj.Object["spec"]); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStatusBeforeTheFirstLook holds that GitOps waits for an object that the operator has not seen yet, and
// again for one that was changed since.
func TestStatusBeforeTheFirstLook(t *testing.T) {
	c, ns := env.Client(t), env.Namespace(t)
	for kind, obj := range typical(ns) {
		written, ok := obj.(v1alpha1.Conditioned)
		if !ok {
			continue
		}
		t.Run(kind, func(t *testing.T) {
			wants := func(when string, want status.Status) {
				t.Helper()
				seen := untyped(t, kind, obj, nil)
				if err := c.Get(t.Context(), client.ObjectKeyFromObject(obj), seen); err != nil {
					t.Fatal(err)
				}
				if got, err := status.Compute(seen); err != nil || got.Status != want {
					t.Errorf("%s: kstatus says %v (%v), want %s; status is %v", when, got, err, want, seen.Object["status"])
				}
			}
			if err := c.Create(t.Context(), obj); err != nil {
				t.Fatal(err)
			}
			if _, observed := written.StatusConditions(); *observed != -1 {
				t.Errorf("status.observedGeneration is %d as created, want -1", *observed)
			}
			wants("as created", status.InProgressStatus)
			conclude(t, c, written)
			wants("after a look", status.CurrentStatus)
			name := map[bool]string{true: "spec.givenName", false: "spec.displayName"}[kind == user]
			if err := c.Update(t.Context(), untyped(t, kind, obj, fields{name: "Another"})); err != nil {
				t.Fatal(err)
			}
			wants("after a change", status.InProgressStatus)
		})
	}
}

// conclude writes Ready=True into the status of obj.
func conclude(t *testing.T, c client.Client, obj v1alpha1.Conditioned) {
	t.Helper()
	conditions, observed := obj.StatusConditions()
	*observed = obj.GetGeneration()
	*conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady, Message: "is in effect",
		ObservedGeneration: obj.GetGeneration(), LastTransitionTime: metav1.NewTime(noon),
	}}
	if err := c.Status().Update(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
}

// TestSpecAndStatusAreApart holds that who writes the one cannot write the other.
func TestSpecAndStatusAreApart(t *testing.T) {
	c, ns := env.Client(t), env.Namespace(t)
	u := build.User("ada").In(ns, "acme").Holds("administrator").AcceptedAt(noon).Obj()
	if err := c.Create(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if len(u.Status.Roles) != 0 || u.Status.AcceptedAt != nil {
		t.Errorf("whoever creates a User writes its status: %+v", u.Status)
	}
	u.Spec.GivenName, u.Status.Roles = "Ada", []string{"support"}
	if err := c.Status().Update(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if u.Spec.GivenName != "" || !slices.Equal(u.Status.Roles, []string{"support"}) {
		t.Errorf("writing the status made the given name %q and the roles %v", u.Spec.GivenName, u.Status.Roles)
	}
}

func TestSelectableFields(t *testing.T) {
	c, ns := env.Client(t), env.Namespace(t)
	for kind, obj := range typical(ns) {
		if err := c.Create(t.Context(), obj); err != nil {
			t.Fatalf("creating the typical %s: %v", kind, err)
		}
	}
	for _, s := range []struct {
		kind, field, value string
	}{
		{user, "spec.organization", "acme"},
		{user, "spec.email", "ada@acme.example"},
		{user, "spec.state", "Active"},
		{role, "spec.organization", "acme"},
		{seatPool, "spec.organization", "acme"},
		{team, "spec.organization", "acme"},
		{seatSlice, "pool", "standard"},
		{archivedUser, "record.spec.organization", "acme"},
	} {
		t.Run(s.kind+"/"+s.field, func(t *testing.T) {
			for value, want := range map[string]int{s.value: 1, "another": 0} {
				list := &metav1.PartialObjectMetadataList{}
				list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(s.kind + "List"))
				if err := c.List(t.Context(), list, client.InNamespace(ns), client.MatchingFields{s.field: value}); err != nil {
					t.Fatal(err)
				}
				if len(list.Items) != want {
					t.Errorf("%s=%s selects %d objects, want %d", s.field, value, len(list.Items), want)
				}
			}
		})
	}
}

// TestScale drives what `kubectl scale` does.
func TestScale(t *testing.T) {
	c, ns := env.Client(t), env.Namespace(t)
	pool := build.SeatPool("standard").In(ns, "acme").Included(1).Seats(3).Obj()
	if err := c.Create(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	scale := func() *autoscalingv1.Scale {
		t.Helper()
		s := &autoscalingv1.Scale{}
		if err := c.SubResource("scale").Get(t.Context(), pool, s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := scale(); s.Spec.Replicas != 3 || s.Status.Replicas != 0 {
		t.Errorf("before the first look the scale is %d wanted, %d there; want 3 and 0", s.Spec.Replicas, s.Status.Replicas)
	}
	pool.Status.Seats = new(int32(3))
	if err := c.Status().Update(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	s := scale()
	if s.Status.Replicas != 3 {
		t.Errorf("the scale shows %d seats, the status has 3", s.Status.Replicas)
	}
	for _, seats := range []int32{12, 0} {
		s.Spec.Replicas = seats
		if err := c.SubResource("scale").Update(t.Context(), pool, client.WithSubResourceBody(s)); err != nil {
			t.Fatal(err)
		}
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(pool), pool); err != nil {
			t.Fatal(err)
		}
		if *pool.Spec.Seats != seats || *pool.Spec.Included != 1 {
			t.Errorf("scaled to %d, the spec has %d seats and %d included", seats, *pool.Spec.Seats, *pool.Spec.Included)
		}
		s = scale()
	}
	for seats, want := range map[int32]string{
		1_000_001: "spec.seats: Invalid value: 1000001",
		-1:        "spec.seats: Invalid value: -1",
	} {
		s.Spec.Replicas = seats
		err := c.SubResource("scale").Update(t.Context(), pool, client.WithSubResourceBody(s))
		judge(t, err, want)
	}
}

// TestScaleMetered holds that nobody sets the number of seats of a pool that is billed by use.
func TestScaleMetered(t *testing.T) {
	c, ns := env.Client(t), env.Namespace(t)
	pool := build.SeatPool("standard").In(ns, "acme").Included(1).Obj()
	pool.Spec.Billing.Mode = v1alpha1.BillingMetered
	if err := c.Create(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	pool.Status.Seats = new(int32(4))
	if err := c.Status().Update(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	s := &autoscalingv1.Scale{}
	if err := c.SubResource("scale").Get(t.Context(), pool, s); err != nil {
		t.Fatal(err)
	}
	if s.Spec.Replicas != 0 || s.Status.Replicas != 4 {
		t.Errorf("the scale is %d wanted, %d there; want 0, and the 4 in use", s.Spec.Replicas, s.Status.Replicas)
	}
	for seats, want := range map[int32]string{0: "", 3: meteredSeatsRule, -1: "spec.seats: Invalid value: -1"} {
		s.Spec.Replicas = seats
		judge(t, c.SubResource("scale").Update(t.Context(), pool, client.WithSubResourceBody(s), client.DryRunAll), want)
	}
}

// TestColumns holds what `kubectl get` shows: the names of the columns, those of -o wide behind a bar, and that
// each has something to show.
func TestColumns(t *testing.T) {
	c, ns := env.Client(t), env.Namespace(t)
	figures := map[string]func(client.Object){
		organization: func(o client.Object) {
			st := &o.(*v1alpha1.Organization).Status
			st.Active, st.Invited, st.Waiting, st.Archived = new(int32(1)), new(int32(2)), new(int32(3)), new(int32(4))
		},
		user: func(o client.Object) {
			o.(*v1alpha1.User).Status = build.User("ada").Invited(1, noon).Holds("commercial", "support").Seats("standard").Obj().Status
		},
		role: func(o client.Object) { o.(*v1alpha1.Role).Status.Holders = new(int32(2)) },
		seatPool: func(o client.Object) {
			st := &o.(*v1alpha1.SeatPool).Status
			st.Capacity, st.Assigned, st.Available, st.Waiting = new(int32(3)), new(int32(2)), new(int32(1)), new(int32(0))
			st.Cost = &v1alpha1.SeatPoolCost{Seats: new(int32(3)), Summary: "36.00 EUR/Month"}
		},
		team: func(o client.Object) {
			st := &o.(*v1alpha1.Team).Status
			st.Lead, st.Members, st.TotalMembers, st.Path = "ada", new(int32(2)), new(int32(5)), "company/sales"
		},
	}
	for kind, want := range map[string]struct{ columns, cells string }{ // cells that do not change with time
		organization: {"Name Owner Active Invited Waiting Archived Ready Age", "acme ada 1 2 3 4 True"},
		user: {
			"Name Email Roles Seats State Ready Age | Manager Invited Expires Until Message",
			`ada ada@acme.example ["commercial","support"] ["standard"] Ready True`,
		},
		role: {"Name SeatPool Holders Min Max Ready Age", "support standard 2 1 3 True"},
		seatPool: {
			"Name Plan Capacity Assigned Available Waiting Cost Ready Age | Expires Message",
			"standard Professional 3 2 1 0 36.00 EUR/Month True",
		},
		team:         {"Name Parent Lead Members | All Path Ready Age", "sales company ada 2 5 company/sales True"},
		seatSlice:    {"Name Pool First Capacity Age", "standard-1 standard 64 128"},
		archivedUser: {"Name Email Successor Reason Archived | Parked", "f00d ada@acme.example bea Left"},
	} {
		t.Run(kind, func(t *testing.T) {
			obj := typical(ns)[kind]
			switch o := obj.(type) {
			case *v1alpha1.SeatPool:
				o.Spec.Plan, o.Spec.ExpiresAt = "Professional", new(metav1.NewTime(noon))
			case *v1alpha1.Role:
				o.Spec.MinHolders, o.Spec.MaxHolders = new(int32(1)), new(int32(3))
			case *v1alpha1.Team:
				o.Spec.Parent = "company"
			case *v1alpha1.User:
				o.Spec.Manager, o.Spec.AccessUntil = "marie", new(metav1.NewTime(noon))
			case *v1alpha1.ArchivedUser:
				o.Record.Parked.Until = metav1.NewTime(noon)
				o.Record.Handovers = []v1alpha1.RuleHandover{{Rule: "deals", State: v1alpha1.HandoverDone, Successors: []v1alpha1.Successor{{User: "bea", UID: "b"}}}}
			}
			if err := c.Create(t.Context(), obj); err != nil {
				t.Fatal(err)
			}
			if fill := figures[kind]; fill != nil {
				fill(obj)
				conclude(t, c, obj.(v1alpha1.Conditioned))
			}
			table := printed(t, ns, plurals[kind])
			var columns []string
			for i, column := range table.ColumnDefinitions {
				if column.Priority > 0 && !slices.Contains(columns, "|") {
					columns = append(columns, "|")
				}
				columns = append(columns, column.Name)
				if cell := table.Rows[0].Cells[i]; cell == nil || cell == "" {
					t.Errorf("column %s shows nothing", column.Name)
				}
			}
			if got := strings.Join(columns, " "); got != want.columns {
				t.Errorf("the columns are %s, want %s", got, want.columns)
			}
			var cells []string
			for _, cell := range table.Rows[0].Cells {
				cells = append(cells, fmt.Sprint(cell))
			}
			if got := strings.Join(cells, " "); !strings.HasPrefix(got, want.cells+" ") {
				t.Errorf("the cells are %s, want %s and the age", got, want.cells)
			}
		})
	}
}

// printed is the table that the API server makes of a list for kubectl.
func printed(t *testing.T, namespace, plural string) metav1.Table {
	t.Helper()
	cfg := env.Config(t)
	httpClient, err := rest.HTTPClientFor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	url := cfg.Host + "/apis/" + v1alpha1.GroupVersion.String() + "/namespaces/" + namespace + "/" + plural
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
	response, err := httpClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var table metav1.Table
	if err := json.Unmarshal(content, &table); err != nil {
		t.Fatalf("%v in %s", err, content)
	}
	return table
}
