// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package metered_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/directory/directorytest"
	"seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/internal/directory/metered"
	"seatkeeper.dev/seatkeeper/internal/password"
)

// What is counted is as good a directory as the one that it wraps.
func start(_ *testing.T, adopt bool) directorytest.Server {
	d := &fake.Directory{Adopt: adopt}
	wrapped := metered.New(clock.RealClock{}).Wrap(d)
	return directorytest.Server{
		Directory: wrapped, Groups: wrapped.(directory.Groups), Lister: directory.ListerOf(wrapped),
		Accounts: func() map[types.UID]directorytest.Kept {
			kept := map[types.UID]directorytest.Kept{}
			for _, s := range d.Accounts() {
				kept[s.Account.UID] = directorytest.Kept{
					UserName: s.Account.UserName, GivenName: s.Account.GivenName, FamilyName: s.Account.FamilyName, Password: s.Password, Active: s.Account.Active,
				}
			}
			return kept
		},
		OccupyGroup: d.OccupyGroup, Occupy: d.Occupy, Reject: d.Reject, Unavailable: d.Unavailable,
		Lose: func() { d.Lose(1) }, Hang: func() { d.Hang() }, Down: func() { d.Unavailable(1 << 30) },
	}
}

func TestDirectory(t *testing.T) { directorytest.Contract(t, start) }

func TestGroups(t *testing.T) { directorytest.GroupsContract(t, start) }

// slow is a directory that takes three seconds, asks to come back later, and has nothing but accounts.
type slow struct {
	clock  *clocktesting.FakePassiveClock
	closed bool
}

func (s *slow) take(err error) error {
	s.clock.SetTime(s.clock.Now().Add(3 * time.Second))
	return err
}

func (s *slow) Ensure(context.Context, directory.Account) (string, error) { return "7", s.take(nil) }

func (s *slow) Deactivate(context.Context, directory.Account) error {
	return s.take(directory.UnavailableFor(errors.New("ada@acme.example waits"), time.Minute))
}

func (s *slow) Delete(context.Context, directory.Account) error {
	return s.take(directory.Rejected(errors.New("no")))
}

func (s *slow) SetPassword(context.Context, directory.Account, password.Password) error {
	return s.take(directory.Conflict(errors.New("no")))
}

func (s *slow) Close() error {
	s.closed = true
	return nil
}

func TestCounts(t *testing.T) {
	s := &slow{clock: clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))}
	m := metered.New(s.clock)
	d := m.Wrap(s)
	if m.Wrap(nil) != nil || directory.ListerOf(d) != nil {
		t.Error("nothing becomes something by being counted")
	}
	id, err := d.Ensure(t.Context(), directorytest.Ada())
	if id != "7" || err != nil {
		t.Errorf("%q, %v", id, err)
	}
	_, _ = d.Ensure(t.Context(), directorytest.Ada())
	_, later := directory.RetryAfter(d.Deactivate(t.Context(), directorytest.Ada()))
	_, noGroups := d.(directory.Groups).EnsureGroup(t.Context(), directory.Group{})
	if !later || !errors.Is(d.Delete(t.Context(), directorytest.Ada()), directory.ErrRejected) || !errors.Is(noGroups, directory.ErrRejected) ||
		!errors.Is(d.SetPassword(t.Context(), directorytest.Ada(), password.New("x")), directory.ErrConflict) {
		t.Error("errors are others")
	}
	want := `# HELP seatkeeper_directory_requests_total What directories were asked for, by what became of it.
# TYPE seatkeeper_directory_requests_total counter
seatkeeper_directory_requests_total{operation="deactivate",outcome="later"} 1
seatkeeper_directory_requests_total{operation="delete",outcome="rejected"} 1
seatkeeper_directory_requests_total{operation="ensure",outcome="done"} 2
seatkeeper_directory_requests_total{operation="set_password",outcome="conflict"} 1
`
	if err := testutil.CollectAndCompare(m, strings.NewReader(want), "seatkeeper_directory_requests_total"); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.CollectAndLint(m); err != nil || len(problems) > 0 {
		t.Errorf("the rules of Prometheus: %v, %v", problems, err)
	}
	text, err := testutil.CollectAndFormat(m, expfmt.TypeTextPlain, "seatkeeper_directory_request_duration_seconds")
	if err != nil || !strings.Contains(string(text), `duration_seconds_sum{operation="ensure"} 6`) {
		t.Errorf("%s (%v)", text, err)
	}
	if d.(interface{ Close() error }).Close() != nil || !s.closed {
		t.Error("what is wrapped is not closed")
	}
}

// A list counts once, as well as it ends.
func TestListsCount(t *testing.T) {
	d := &fake.Directory{}
	d.Occupy("ada@acme.example", "1")
	m := metered.New(clock.RealClock{})
	all := directory.ListerOf(m.Wrap(d))
	for _, err := range all.Accounts(t.Context()) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	d.Unavailable(1)
	for _, err := range all.Accounts(t.Context()) {
		if !errors.Is(err, directory.ErrUnavailable) {
			t.Error(err)
		}
	}
	for _, err := range all.Groups(t.Context()) {
		t.Error(err)
	}
	want := `# HELP seatkeeper_directory_requests_total What directories were asked for, by what became of it.
# TYPE seatkeeper_directory_requests_total counter
seatkeeper_directory_requests_total{operation="list_accounts",outcome="done"} 1
seatkeeper_directory_requests_total{operation="list_accounts",outcome="unavailable"} 1
seatkeeper_directory_requests_total{operation="list_groups",outcome="done"} 1
`
	if err := testutil.CollectAndCompare(m, strings.NewReader(want), "seatkeeper_directory_requests_total"); err != nil {
		t.Error(err)
	}
}
