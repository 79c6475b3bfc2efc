// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/guard"
	"seatkeeper.dev/seatkeeper/test/build"
)

// staff is an organization of which removals are decided.
type staff struct {
	guard.Removals
}

// employ makes an organization of u0, u1 and so on, who accepted, which lets so many removals pass within an hour.
func employ(people int, allowed string) *staff {
	s := &staff{guard.Removals{
		Protection: build.Organization("acme").Protection(allowed, time.Hour).Obj().Spec.Protection, Organization: build.Organization("acme").Owner("boss").Obj(), Now: now,
	}}
	for i := range people {
		s.Users = append(s.Users, *build.User("u" + strconv.Itoa(i)).AcceptedAt(now).Obj())
	}
	return s
}

// user is one of the people.
func (s *staff) user(name string) *v1alpha1.User {
	for i := range s.Users {
		if s.Users[i].Name == name {
			return &s.Users[i]
		}
	}
	panic("there is no " + name)
}

// turn edits what people are to be.
func (s *staff) turn(state v1alpha1.UserState, names ...string) *staff {
	for _, name := range names {
		u := s.user(name)
		u.Spec.State = state
		u.Generation++
	}
	return s
}

func (s *staff) archive(names ...string) *staff { return s.turn(v1alpha1.UserArchived, names...) }

// archiveAll archives so many people from the first on.
func (s *staff) archiveAll(n int) *staff {
	for i := range n {
		s.archive("u" + strconv.Itoa(i))
	}
	return s
}

// remove deletes people, each a second after the other.
func (s *staff) remove(names ...string) *staff {
	for i, name := range names {
		u := s.user(name)
		gone := build.User(name).Deleting(s.Now.Add(time.Duration(i) * time.Second)).Obj()
		u.DeletionTimestamp, u.Finalizers = gone.DeletionTimestamp, gone.Finalizers
		u.Generation++
	}
	return s
}

// readdress gives people another address, in an organization where that is another person.
func (s *staff) readdress(names ...string) *staff {
	s.Organization.Spec.EmailChange = v1alpha1.EmailChangeReplace
	for _, name := range names {
		u := s.user(name)
		u.Status.Email, u.Spec.Email = u.Spec.Email, "new-"+u.Spec.Email
		u.Generation++
	}
	return s
}

// end has the access of people end, which was planned when it says so.
func (s *staff) end(planned bool, names ...string) *staff {
	for _, name := range names {
		u, ended := s.user(name), build.User(name).Until(s.Now).Ended(s.Now)
		if planned {
			ended.Planned(s.Now)
		}
		u.Spec.AccessUntil, u.Status.AccessEndedAt, u.Status.PlannedEnd = ended.Obj().Spec.AccessUntil, ended.Obj().Status.AccessEndedAt, ended.Obj().Status.PlannedEnd
		u.Generation++
	}
	return s
}

// unrole has people ask to give up a role that somebody has to hold.
func (s *staff) unrole(names ...string) *staff {
	for _, name := range names {
		u := s.user(name)
		*u = *asks(u, strconv.FormatInt(u.Status.LastRoleRequest+1, 10)+":Loss:admin")
	}
	return s
}

// touch edits what is no matter here.
func (s *staff) touch(names ...string) *staff {
	for _, name := range names {
		s.user(name).Generation++
	}
	return s
}

// act has everybody go whose removal passed, and come back who is to.
func (s *staff) act() *staff {
	org := build.Organization("acme").Obj()
	org.Spec.Protection, org.Status.Removals = s.Protection, s.Record
	for i := range s.Users {
		u := &s.Users[i]
		switch leaves := u.Spec.State != v1alpha1.UserActive || u.DeletionTimestamp != nil; {
		case leaves && slices.ContainsFunc(s.Record.Passed, func(p v1alpha1.PassedRemoval) bool { return p.UID == u.UID && p.Generation == u.Generation }):
			u.Status.AccessRevokedAt = build.User("any").Revoked(s.Now).Obj().Status.AccessRevokedAt
		case !leaves:
			u.Status.AccessRevokedAt = nil
		}
	}
	return s
}

func (s *staff) decide() *staff {
	s.Record = guard.DecideRemovals(s.Removals)
	return s
}

func (s *staff) approve(token string) *staff {
	s.Approval = token
	return s.decide()
}

func (s *staff) later(d time.Duration) *staff {
	s.Now = s.Now.Add(d)
	return s
}

// passed and held are the names of those on record.
func (s *staff) passed() (names []string) {
	for _, p := range s.Record.Passed {
		names = append(names, p.User)
	}
	return names
}

func (s *staff) held() (names []string) {
	for _, h := range s.Record.Held {
		names = append(names, h.User)
	}
	return names
}

func TestDecideRemovals(t *testing.T) {
	for name, tc := range map[string]struct {
		why          string
		staff        *staff
		passed, held []string
	}{
		"nobody is removed": {"there is nothing to decide", employ(4, "1").decide(), nil, nil},
		"within the limit":  {"two are allowed", employ(4, "2").archive("u1", "u0").decide(), []string{"u0", "u1"}, nil},
		"beyond the limit":  {"by name, where nothing tells who was first", employ(4, "2").archive("u2", "u1", "u0").decide(), []string{"u0", "u1"}, []string{"u2"}},
		"deleted first": {
			"who is deleted goes by the time of that, before who is archived",
			employ(4, "2").archive("u0").remove("u3", "u1").decide(),
			[]string{"u1", "u3"},
			[]string{"u0"},
		},
		"a quarter":             {"of eight", employ(8, "25%").archiveAll(4).decide(), []string{"u0", "u1"}, []string{"u2", "u3"}},
		"a quarter, rounded":    {"of seven is one", employ(7, "25%").archiveAll(2).decide(), []string{"u0"}, []string{"u1"}},
		"a small organization":  {"one removal is always possible", employ(2, "1%").archiveAll(2).decide(), []string{"u0"}, []string{"u1"}},
		"all":                   {"that is no limit", employ(3, "100%").archiveAll(3).decide(), []string{"u0", "u1", "u2"}, nil},
		"one after the other":   {"the share is of those who were there", employ(8, "25%").archive("u0").decide().act().archive("u1").decide().act().archive("u2").decide(), []string{"u0", "u1"}, []string{"u2"}},
		"all after it":          {"also those who come later", employ(4, "1").archive("u1", "u2").decide().act().archive("u0").decide(), []string{"u1"}, []string{"u0", "u2"}},
		"the window moves on":   {"who is held stays held, and who comes anew counts anew", employ(4, "1").archive("u0", "u1").decide().act().later(time.Hour).archive("u2", "u3").decide(), []string{"u2"}, []string{"u1", "u3"}},
		"the window has not":    {"a second is left", employ(4, "1").archive("u0").decide().act().later(time.Hour - time.Second).archive("u2").decide(), []string{"u0"}, []string{"u2"}},
		"taken back":            {"who is to stay is not held", employ(4, "1").archive("u0", "u1", "u2").decide().turn(v1alpha1.UserActive, "u1").decide(), []string{"u0"}, []string{"u2"}},
		"passed and taken back": {"it counts", employ(4, "1").archive("u0").decide().turn(v1alpha1.UserActive, "u0").archive("u1").decide(), []string{"u0"}, []string{"u1"}},
		"the same person again": {"one person within the window is one removal", employ(4, "1").archive("u0").decide().act().turn(v1alpha1.UserActive, "u0").act().archive("u0").decide(), []string{"u0"}, nil},
		"edited while held":     {"an edit of who is held is no new removal", employ(4, "1").archive("u0", "u1").decide().act().later(2*time.Hour).turn(v1alpha1.UserSuspended, "u1").decide(), nil, []string{"u1"}},
		"gone while held": {"somebody removed the finalizer", func() *staff {
			s := employ(4, "1").archive("u0", "u1").decide()
			s.Users = slices.DeleteFunc(s.Users, func(u v1alpha1.User) bool { return u.Name == "u1" })
			return s.decide()
		}(), []string{"u0"}, nil},
		"not gone yet": {"who passed and has not gone is on record beyond the window", employ(4, "1").archive("u0").decide().later(2 * time.Hour).decide(), []string{"u0"}, nil},
		"not gone yet, and another": {
			"it counted in its time", employ(4, "1").archive("u0").decide().later(2 * time.Hour).archive("u1").decide(),
			[]string{"u0", "u1"},
			nil,
		},
		"the owner": {"stays anyway, and takes nobody's place", func() *staff {
			s := employ(4, "1").archive("u0", "u1")
			s.Organization.Spec.Owner = "u0"
			return s.decide()
		}(), []string{"u1"}, nil},
		"nothing to lose": {"who has no access and no invitation is not counted", func() *staff {
			s := employ(4, "1")
			s.Users = append(s.Users, *build.User("record").State(v1alpha1.UserArchived).Obj(), *build.User("gone").AcceptedAt(now).Revoked(now).State(v1alpha1.UserArchived).Obj(),
				*build.User("lapsed").Invited(1, now).Expired(now).State(v1alpha1.UserArchived).Obj(), *build.User("refused").Invited(1, now).Declined(now).State(v1alpha1.UserArchived).Obj())
			return s.decide()
		}(), nil, nil},
		"invited": {"an open invitation is something to lose", func() *staff {
			s := employ(4, "1")
			s.Users = append(s.Users, *build.User("a").Invited(1, now).State(v1alpha1.UserSuspended).Obj(), *build.User("b").Inviting(1, now).State(v1alpha1.UserArchived).Obj())
			return s.decide()
		}(), []string{"a"}, []string{"b"}},
		"people nobody invited": {"the share is not of them, or whoever may create Users could raise the limit", func() *staff {
			s := employ(8, "25%")
			for i := range 100 {
				s.Users = append(s.Users, *build.User("x" + strconv.Itoa(i)).Obj())
			}
			return s.archiveAll(3).decide()
		}(), []string{"u0", "u1"}, []string{"u2"}},
		"people who have not accepted": {"the share is not of them either, for the same reason", func() *staff {
			s := employ(8, "25%")
			for i := range 100 {
				s.Users = append(s.Users, *build.User("x"+strconv.Itoa(i)).Invited(1, now).Obj())
			}
			return s.archiveAll(3).decide()
		}(), []string{"u0", "u1"}, []string{"u2"}},
		"replaced": {"another person in one's place takes the access of the one who was there", employ(4, "1").readdress("u0", "u1").decide(), []string{"u0"}, []string{"u1"}},
		"replaced, and back": {"who is to stay is not held", func() *staff {
			s := employ(4, "1").readdress("u0", "u1").decide()
			s.user("u1").Spec.Email = s.user("u1").Status.Email
			return s.touch("u1").decide()
		}(), []string{"u0"}, nil},
		"ended at once":         {"an end that nobody had seen ahead is a removal", employ(4, "1").end(false, "u0", "u1").decide(), []string{"u0"}, []string{"u1"}},
		"ended as planned":      {"it was declared ahead", employ(4, "1").end(true, "u0", "u1", "u2").decide(), nil, nil},
		"a role":                {"that somebody has to hold is no less", employ(4, "1").unrole("u0", "u1").decide(), []string{"u0"}, []string{"u1"}},
		"a role, and the other": {"one person within the window is one removal", employ(4, "1").unrole("u0").decide().unrole("u0").decide().archive("u0").decide(), []string{"u0"}, nil},
		"a role, approved":      {"exactly the list passes", approved(employ(4, "1").unrole("u0", "u1").decide()), []string{"u0", "u1"}, nil},
		"a role, edited since": {"an edit of something else is no other loss", func() *staff {
			s := employ(4, "1").unrole("u0", "u1").decide()
			return s.touch("u1").approve(s.Record.Token)
		}(), []string{"u0", "u1"}, nil},
		"a role, another since": {"another loss is another list", func() *staff {
			s := employ(4, "1").unrole("u0", "u1").decide()
			return s.unrole("u1").approve(s.Record.Token)
		}(), []string{"u0"}, []string{"u1"}},
		"deleted, approved, edited": {
			"a deletion cannot be taken back, so the approval is of the User", approved(employ(4, "1").remove("u0", "u1").decide()).touch("u1").decide(),
			[]string{"u0", "u1"},
			nil,
		},
		"deleted, passed, edited": {
			"also when the window is over", employ(4, "1").remove("u0").decide().later(2 * time.Hour).archive("u1").decide().touch("u0").decide(),
			[]string{"u0", "u1"},
			nil,
		},
		"archived, approved, edited": {
			"an approval of an edit is of that edit", approved(employ(4, "1").archive("u0", "u1").decide()).touch("u1").decide(),
			[]string{"u0"},
			[]string{"u1"},
		},
		"approved":          {"exactly the list passes", approved(employ(4, "1").archiveAll(3).decide()), []string{"u0", "u1", "u2"}, nil},
		"approved is over":  {"who was approved, and went, is not on record", approved(employ(4, "1").archiveAll(3).decide()).act().decide(), []string{"u0"}, nil},
		"approved by a lie": {"another token lets nobody pass", employ(4, "1").archiveAll(3).decide().approve("0123456789abcdef"), []string{"u0"}, []string{"u1", "u2"}},
		"approved too late": {"one more is on the list", func() *staff {
			s := employ(4, "1").archiveAll(3).decide()
			return s.archive("u3").approve(s.Record.Token)
		}(), []string{"u0"}, []string{"u1", "u2", "u3"}},
		"approved, one less": {"one was taken back", func() *staff {
			s := employ(4, "1").archiveAll(3).decide()
			return s.turn(v1alpha1.UserActive, "u2").approve(s.Record.Token)
		}(), []string{"u0"}, []string{"u1"}},
		"approved, and removed again": {"the approval was of that removal", func() *staff {
			s := approved(employ(4, "1").archiveAll(2).decide()).act().decide()
			return s.turn(v1alpha1.UserActive, "u1").act().archive("u1").decide()
		}(), []string{"u0"}, []string{"u1"}},
		"approved do not count": {"those by the limit do", func() *staff {
			s := approved(employ(6, "2").archiveAll(4).decide()).act().decide()
			return s.later(time.Hour).archive("u4", "u5").decide()
		}(), []string{"u4", "u5"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := [2][]string{tc.staff.passed(), tc.staff.held()}
			slices.Sort(got[0])
			if diff := cmp.Diff([2][]string{tc.passed, tc.held}, got); diff != "" {
				t.Errorf("%s; passed and held (-want +got):\n%s", tc.why, diff)
			}
			if n := int(tc.staff.Record.HeldCount); n != len(tc.held) || (tc.staff.Record.Token == "") != (n == 0) {
				t.Errorf("%d are held, with token %q, want %d", n, tc.staff.Record.Token, len(tc.held))
			}
			again := tc.staff.Record
			if diff := cmp.Diff(again, tc.staff.decide().Record); diff != "" {
				t.Errorf("decided once more, it is another (-first +second):\n%s", diff)
			}
		})
	}
}

// approved approves the list that is held.
func approved(s *staff) *staff { return s.approve(s.Record.Token) }

// Deletions that somebody rejects let the Users go, and nobody else: neither who is held otherwise, nor who cannot be parked.
func TestReject(t *testing.T) {
	employed := func() *staff {
		s := employ(6, "1").archive("u0").decide().act().remove("u1", "u2", "u3").archive("u4").decide()
		s.Parks = func(u *v1alpha1.User) bool { return u.Name != "u3" }
		return s
	}
	reject := func(s *staff, token string) *staff {
		s.Rejection = token
		return s.decide()
	}
	for name, tc := range map[string]struct {
		why            string
		staff          *staff
		rejected, held []string
		counted        int
	}{
		"the list":     {"who is deleted, and can be parked", func() *staff { s := employed(); return reject(s, s.Record.Token) }(), []string{"u1", "u2"}, []string{"u3", "u4"}, 1},
		"another list": {"nobody is let go", reject(employed(), "0123456789abcdef"), nil, []string{"u1", "u2", "u3", "u4"}, 1},
		"nobody parks": {"nobody is let go", func() *staff { s := employed(); s.Parks = nil; return reject(s, s.Record.Token) }(), nil, []string{"u1", "u2", "u3", "u4"}, 1},
		"edited since": {"a deletion is not taken back", func() *staff { s := employed(); return reject(s, s.Record.Token).touch("u1").decide() }(), []string{"u1", "u2"}, []string{"u3", "u4"}, 1},
		"much later":   {"it has not happened", func() *staff { s := employed(); return reject(s, s.Record.Token).later(5 * time.Hour).decide() }(), []string{"u1", "u2"}, []string{"u3", "u4"}, 0},
		"both at once": {"who is approved passes, and there is nobody left to reject", func() *staff { s := employed(); s.Rejection = s.Record.Token; return s.approve(s.Record.Token) }(), nil, nil, 1},
		"and they went": {"it is off the record", func() *staff {
			s := employed()
			reject(s, s.Record.Token)
			s.Users = slices.DeleteFunc(s.Users, func(u v1alpha1.User) bool { return u.Name == "u1" || u.Name == "u2" })
			return s.decide()
		}(), nil, []string{"u3", "u4"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var rejected []string
			for _, p := range tc.staff.Record.Passed {
				if p.By == v1alpha1.PassRejection {
					rejected = append(rejected, p.User)
				}
			}
			slices.Sort(rejected)
			if diff := cmp.Diff([2][]string{tc.rejected, tc.held}, [2][]string{rejected, tc.staff.held()}); diff != "" {
				t.Errorf("%s; rejected and held (-want +got):\n%s", tc.why, diff)
			}
			if n := guard.Counted(tc.staff.Protection, &tc.staff.Record, tc.staff.Now); n != tc.counted {
				t.Errorf("%s; %d count, want %d", tc.why, n, tc.counted)
			}
			org := build.Organization("acme").Protection("1", time.Hour).Obj()
			org.Status.Removals = tc.staff.Record
			for i := range tc.staff.Users {
				u := &tc.staff.Users[i]
				if is := slices.Contains(tc.rejected, u.Name); access.Rejected(u, org) != is || is && !access.Detained(u, org) {
					t.Errorf("%s; %s is let go: %t, and may leave: %t", tc.why, u.Name, access.Rejected(u, org), !access.Detained(u, org))
				}
			}
			again := tc.staff.Record
			if diff := cmp.Diff(again, tc.staff.decide().Record); diff != "" {
				t.Errorf("decided once more, it is another (-first +second):\n%s", diff)
			}
		})
	}
}

// Whose loss of a role has not passed is barred from it, and so is who is held otherwise; the others are not.
func TestBarred(t *testing.T) {
	org := build.Organization("acme").Owner("boss").Protection("1", time.Hour).Obj()
	org.Status.Removals.Passed = []v1alpha1.PassedRemoval{
		{User: "passed", UID: "uid-of-passed", Generation: 1, Kind: v1alpha1.RemovalRoleLoss, Request: 1},
		{User: "another", UID: "uid-of-another", Generation: 1, Kind: v1alpha1.RemovalRoleLoss, Request: 1},
		{User: "leaver", UID: "uid-of-leaver", Generation: 1, Kind: v1alpha1.RemovalArchive},
	}
	person := func(name string) *build.UserBuilder { return build.User(name).Generation(1).AcceptedAt(now) }
	loses := func(name string, number int64) *build.UserBuilder {
		return person(name).Asks(number, "admin", v1alpha1.RoleLoss)
	}
	users := []*v1alpha1.User{
		loses("new", 1).Obj(), loses("passed", 1).Obj(), loses("another", 2).Obj(), loses("boss", 1).Obj(), person("stays").Obj(),
		loses("leaver", 1).State(v1alpha1.UserArchived).Obj(), loses("detained", 1).State(v1alpha1.UserArchived).Obj(),
		person("gains").Asks(1, "admin", v1alpha1.RoleGain).Obj(), loses("revoked", 1).Revoked(now).Obj(),
	}
	want := map[types.UID]bool{"uid-of-new": true, "uid-of-another": true, "uid-of-detained": true}
	if diff := cmp.Diff(want, guard.Barred(org, users)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := guard.Barred(build.Organization("acme").Obj(), users); len(got) > 0 {
		t.Errorf("without protection, barred are %v", got)
	}
	admin := build.Role("admin").MinHolders(1).Obj()
	decided := guard.Decide(guard.Situation{
		Roles: map[string]*v1alpha1.Role{"admin": admin}, Barred: want,
		Users: []*v1alpha1.User{loses("new", 1).Holds("admin").Obj(), loses("passed", 1).Holds("admin").Obj(), person("stays").Holds("admin").Obj()},
	})
	if got, want := decided.Roles, record("Hold:admin:new:1", "Release:admin:passed:1"); len(got) != 2 || got[0].Outcome != want[0].Outcome || got[1].Outcome != want[1].Outcome {
		t.Errorf("decided is %+v", got)
	}
}

// A view of a user that is older than the record says nothing against it.
func TestRemovalsOnAnOlderView(t *testing.T) {
	before := employ(4, "1").archive("u0", "u1")
	s := employ(4, "1").archive("u0", "u1").turn(v1alpha1.UserSuspended, "u0", "u1").decide()
	want := s.Record
	s.Users = before.Users
	if diff := cmp.Diff(want, s.decide().Record); diff != "" {
		t.Errorf("the generation before (-want +got):\n%s", diff)
	}
	s.Users = employ(4, "1").Users // as they were before anybody was removed
	if diff := cmp.Diff(want, s.later(2*time.Hour).decide().Record); diff != "" {
		t.Errorf("long before (-want +got):\n%s", diff)
	}
}

// A token stands for the list: for who is on it, and as which generation.
func TestTokens(t *testing.T) {
	token := func(s *staff) string { return s.decide().Record.Token }
	first := token(employ(4, "1").archiveAll(3))
	for name, other := range map[string]string{
		"more":         token(employ(4, "1").archiveAll(4)),
		"fewer":        token(employ(4, "1").archiveAll(2)),
		"another":      token(employ(4, "1").archive("u0", "u1", "u3")),
		"edited since": token(employ(4, "1").archiveAll(3).archive("u1")),
	} {
		if other == first {
			t.Errorf("%s: the token is the same", name)
		}
	}
	if again := token(employ(4, "1").archiveAll(3)); again != first || len(first) != 16 {
		t.Errorf("the token of one list is %s and %s", first, again)
	}
}

// However many are removed at once, the status stays within its bounds, and all is decided in the end, so many as the limit
// says by the limit.
func TestRemovalsAreBounded(t *testing.T) {
	const people, listed = 5000, 1000
	for allowed, pass := range map[string]int{"1": 1, "25%": 1250, "3000": 3000} {
		s := employ(people, allowed).archiveAll(people).decide()
		for s.Record.HeldCount < int32(people-pass) {
			size := len(s.Record.Passed)
			s.act().later(time.Second).decide()
			if len(s.Record.Passed) > 2*listed || len(s.Record.Counted) > 100 {
				t.Fatalf("%s: %d are on record, after %d, and %d numbers", allowed, len(s.Record.Passed), size, len(s.Record.Counted))
			}
		}
		if n := guard.Counted(s.Protection, &s.Record, s.Now); n != pass || len(s.Record.Held) != listed {
			t.Errorf("%s: %d count, want %d; %d of %d held are listed", allowed, n, pass, len(s.Record.Held), s.Record.HeldCount)
		}
		// While more are held than listed, nobody new passes, however late it is; each approval lets a list pass.
		s.act().later(2 * time.Hour).decide()
		for s.Record.HeldCount > 0 {
			held := s.Record.HeldCount
			if approved(s); held-s.Record.HeldCount != int32(min(int(held), listed)) {
				t.Fatalf("%s: of %d held, an approval leaves %d", allowed, held, s.Record.HeldCount)
			}
			s.act().decide()
		}
		for i := range s.Users {
			if s.Users[i].Status.AccessRevokedAt == nil {
				t.Fatalf("%s: %s has access still", allowed, s.Users[i].Name)
			}
		}
	}
}

func TestLimit(t *testing.T) {
	for _, tc := range []struct {
		allowed string
		members int
		want    int
	}{
		{"25%", 100, 25}, {"25%", 99, 24}, {"25%", 3, 1}, {"25%", 0, 1}, {"100%", 7, 7}, {"3", 100, 3}, {"3", 1, 3},
	} {
		if got := guard.Limit(employ(0, tc.allowed).Protection, tc.members); got != tc.want {
			t.Errorf("%s of %d is %d, want %d", tc.allowed, tc.members, got, tc.want)
		}
	}
}

func TestWithin(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Hour: "1h", 30 * time.Minute: "30m", 90 * time.Minute: "1h30m", 10 * time.Hour: "10h", 90 * time.Second: "1m30s", time.Hour + time.Second: "1h0m1s",
	} {
		if got := guard.Within(v1alpha1.ProtectionPolicy{Window: build.Organization("acme").Protection("1", d).Obj().Spec.Protection.Window}); got != want {
			t.Errorf("%s reads %q, want %q", d, got, want)
		}
	}
	if got := guard.Within(v1alpha1.ProtectionPolicy{}); got != "1h" {
		t.Errorf("without a window, it is %q", got)
	}
}

// The last to count says when the record is to be looked at again.
func TestEnds(t *testing.T) {
	s := employ(4, "2").archive("u0").decide().later(time.Minute).archive("u1").decide()
	if got, want := guard.Ends(s.Protection, &s.Record, s.Now), now.Add(time.Hour+time.Minute); !got.Equal(want) {
		t.Errorf("it ends at %s, want %s", got, want)
	}
	if got := guard.Ends(s.Protection, &s.Record, s.Now.Add(time.Hour)); !got.IsZero() {
		t.Errorf("when nobody counts, it ends at %s", got)
	}
}
