// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"testing"
	"time"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// Who is deleted together with the organization does not wait for as long as a directory asks to be left alone, and neither do teams
// and roles. Others do.
func TestDeletionAndADirectoryThatIsToBeLeftAlone(t *testing.T) {
	t.Parallel()
	w := passes.New(t, grouped("bea", "cid")()...)
	w.Settle()
	for _, name := range []string{"ada", "bea", "cid"} {
		w.Answer(name, accept)
	}
	w.Settle()
	rounds := func(n int) {
		t.Helper()
		for range n {
			if _, err := w.Round(); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.Settle()
	w.Directory.Postpone(time.Hour)
	edit("bea", state(v1alpha1.UserSuspended))(w)
	passes.Change(w, "sales", func(tm *v1alpha1.Team) { tm.Spec.DisplayName = "Sales" })
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Finalizers = []string{"acme.example/wait"} })
	w.Delete(build.Organization("acme").Obj())
	w.Delete(build.User("cid").Obj())
	w.Delete(build.Team("field").Obj())
	w.Delete(build.Role("member").Obj())
	w.Clock.SetTime(time.Now()) // as the API server has it, which says when something is deleted
	rounds(3)
	for _, tt := range []struct {
		kind     passes.Kind
		name     string
		at, most time.Duration
	}{
		{passes.User, "bea", 59 * time.Minute, time.Hour},
		{passes.Team, "sales", 59 * time.Minute, time.Hour},
		{passes.User, "cid", time.Second, 2 * time.Minute},
		{passes.Team, "field", time.Second, 2 * time.Minute},
		{passes.Role, "member", time.Second, 2 * time.Minute},
	} {
		if got, err := w.Pass(tt.kind, tt.name); err != nil || got.RequeueAfter < tt.at || got.RequeueAfter > tt.most {
			t.Errorf("%s is looked at after %v, %v", tt.name, got.RequeueAfter, err)
		}
	}
	w.Clock.Step(2 * time.Minute)
	rounds(6)
	if w.Find("field", &v1alpha1.Team{}) || w.Find("member", &v1alpha1.Role{}) {
		t.Error("after two minutes, the directory is waited for")
	}
	for _, name := range []string{"cid", "field", "member"} {
		wantSaid(t, w, "Warning DirectoryUnavailable "+name+": ", "nobody is left who could mend that")
	}
}
