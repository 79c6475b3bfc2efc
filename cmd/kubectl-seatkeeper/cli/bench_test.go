// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"seatkeeper.dev/seatkeeper/internal/people"
	"seatkeeper.dev/seatkeeper/internal/spreadsheet"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// table is a spreadsheet with so many people.
func table(n int) string {
	var b strings.Builder
	b.WriteString("email,givenName,familyName,title,phone,roles,locale,timeZone\n")
	for i := range n {
		fmt.Fprintf(&b, "person%d@acme.example,Given%d,Family%d,Clerk,+33 1 02 03 04 05,it;fleet,fr-FR,Europe/Paris\n", i, i, i)
	}
	return b.String()
}

// BenchmarkImport measures people a second: checked here alone, checked by the server as well, applied as well, and created by a client that does
// nothing else. What is applied has been checked before, so that the time that applying takes is the difference of the two.
func BenchmarkImport(b *testing.B) {
	const size = 2000
	file := write(b, "people.csv", table(size))
	timed := func(b *testing.B, do func(ns string)) {
		for b.Loop() {
			b.StopTimer()
			ns := acme(b)
			b.StartTimer()
			do(ns)
		}
		b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "people/s")
	}
	for name, flag := range map[string]string{"client": "--dry-run=client", "checked": "--dry-run=server", "applied": "--apply"} {
		b.Run(name, func(b *testing.B) {
			timed(b, func(ns string) { run(b, "-n", ns, "import", file, flag).done(b) })
		})
	}
	b.Run("bare", func(b *testing.B) {
		timed(b, func(ns string) { bare(b, ns, size) })
	})
}

// bare creates as many Users with a client that does nothing else.
func bare(b *testing.B, ns string, size int) {
	group, ctx := errgroup.WithContext(b.Context())
	group.SetLimit(maxWorkers)
	for i := range size {
		u := build.User(fmt.Sprintf("person%d", i)).In(ns, "acme").Roles("it", "fleet").Name(fmt.Sprintf("Given%d", i), fmt.Sprintf("Family%d", i)).
			Locale("fr-FR").TimeZone("Europe/Paris").Obj()
		u.UID, u.Spec.Title, u.Spec.PhoneNumbers.Work = "", "Clerk", "+33 1 02 03 04 05"
		group.Go(func() error { return env.Client(b).Create(ctx, u) })
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

// TestFiftyThousandAreCheckedInSeconds is about what this program does by itself.
func TestFiftyThousandAreCheckedInSeconds(t *testing.T) {
	n := env.Size(50_000, 5_000)
	data := []byte(table(n))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		sheet, faults, err := spreadsheet.ReadCSV(data, spreadsheet.EncodingAuto)
		if err == nil && len(faults) > 0 {
			err = faults[0]
		}
		set, problems := people.Parse(sheet, nil)
		plan, more := set.Plan(people.Cluster{Organization: "acme", Roles: []string{"it", "fleet"}})
		if err == nil && (len(plan.Users) != n || len(problems)+len(more) > 0) {
			err = fmt.Errorf("%d users, and %v %v", len(plan.Users), problems, more)
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-ctx.Done():
		t.Error("it takes longer than 30 seconds")
	}
}
