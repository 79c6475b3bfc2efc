// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package figures_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/figures"
	"seatkeeper.dev/seatkeeper/test/build"
)

// cache has two organizations, of which one is new, and a pool.
type cache struct {
	client.Reader
	err error
}

func (c cache) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	switch list := list.(type) {
	case *v1alpha1.OrganizationList:
		acme := build.Organization("acme").In("people").Protection("3", 0).Obj()
		acme.Status = v1alpha1.OrganizationStatus{
			Active: new(int32(5)), Invited: new(int32(0)), Waiting: new(int32(2)), Archived: new(int32(1)),
			Directory: v1alpha1.DirectoryStatus{
				Accounts: new(int32(9)), Unknown: new(int32(1)), UnknownAccounts: []string{"zoe@acme.example"}, Drifted: new(int32(2)), DriftedUsers: []string{"bea"},
			},
		}
		acme.Status.Removals.HeldCount = 4
		list.Items = []v1alpha1.Organization{*acme, *build.Organization("new").In("people").Obj()}
	case *v1alpha1.SeatPoolList:
		pool := build.SeatPool("standard").In("people", "acme").Obj()
		pool.Status.Capacity, pool.Status.Assigned, pool.Status.Waiting = new(int32(7)), new(int32(7)), new(int32(2))
		list.Items = []v1alpha1.SeatPool{*pool, *build.SeatPool("new").In("people", "acme").Obj()}
	}
	return c.err
}

func TestFigures(t *testing.T) {
	want := `# HELP seatkeeper_directory_accounts Accounts in the directory of an organization.
# TYPE seatkeeper_directory_accounts gauge
seatkeeper_directory_accounts{namespace="people",organization="acme"} 9
# HELP seatkeeper_directory_drifted_accounts Those of them that are otherwise than they are to be.
# TYPE seatkeeper_directory_drifted_accounts gauge
seatkeeper_directory_drifted_accounts{namespace="people",organization="acme"} 2
# HELP seatkeeper_directory_unknown_accounts Those of them that are nobody's.
# TYPE seatkeeper_directory_unknown_accounts gauge
seatkeeper_directory_unknown_accounts{namespace="people",organization="acme"} 1
# HELP seatkeeper_removals_held Removals that wait for approval.
# TYPE seatkeeper_removals_held gauge
seatkeeper_removals_held{namespace="people",organization="acme"} 4
# HELP seatkeeper_seats_assigned Seats of a pool that somebody holds.
# TYPE seatkeeper_seats_assigned gauge
seatkeeper_seats_assigned{namespace="people",organization="acme",pool="standard"} 7
# HELP seatkeeper_seats_capacity Seats of a pool.
# TYPE seatkeeper_seats_capacity gauge
seatkeeper_seats_capacity{namespace="people",organization="acme",pool="standard"} 7
# HELP seatkeeper_seats_waiting Users who wait for a seat of a pool.
# TYPE seatkeeper_seats_waiting gauge
seatkeeper_seats_waiting{namespace="people",organization="acme",pool="standard"} 2
# HELP seatkeeper_users Users of an organization, by what they are.
# TYPE seatkeeper_users gauge
seatkeeper_users{namespace="people",organization="acme",state="active"} 5
seatkeeper_users{namespace="people",organization="acme",state="archived"} 1
seatkeeper_users{namespace="people",organization="acme",state="invited"} 0
seatkeeper_users{namespace="people",organization="acme",state="waiting"} 2
`
	if err := testutil.CollectAndCompare(&figures.Collector{Cache: cache{}}, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if err := testutil.CollectAndCompare(&figures.Collector{Cache: cache{err: errors.New("not started")}}, strings.NewReader("")); err != nil {
		t.Errorf("before there is a cache: %v", err)
	}
}
