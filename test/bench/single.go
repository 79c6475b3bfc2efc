// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
)

// Single is how long one person's changes take, one after the other, among people who are settled.
type Single struct {
	People int `json:"people"`
	// Meanwhile is how many others are applied at the same time; 0 when nothing else happens.
	Meanwhile int `json:"meanwhile"`
	// Kinds are the changes.
	Kinds []Settled `json:"kinds"`
	// Write is the milliseconds that one status patch takes on the same control plane, in the median, and Mail those that a mail takes
	// the operator to send, in the mean. Where nothing else happens, such a patch comes after as long a rest as each of the changes.
	Write    float64 `json:"writeMilliseconds"`
	WriteP99 float64 `json:"writeP99Milliseconds"`
	Mail     float64 `json:"mailMilliseconds"`
	// ServerCPU and ManagerCPU are milliseconds of processor time for everything together.
	ServerCPU  float64 `json:"serverMilliseconds"`
	ManagerCPU float64 `json:"managerMilliseconds"`
	// Requests are those to the API server in all.
	Requests  requests `json:"requests"`
	Foreign   float64  `json:"foreign"`
	Disturbed bool     `json:"disturbed"`
}

// Settled is how many milliseconds one kind of change took from the request until it was seen to be settled.
type Settled struct {
	Kind    string  `json:"kind"`
	Changes int     `json:"changes"`
	Median  float64 `json:"medianMilliseconds"`
	P99     float64 `json:"p99Milliseconds"`
	// Target is what the P99 may be, where nothing else happens: three writes, and the calls of others that the change needs.
	Target float64 `json:"targetMilliseconds,omitempty"`
}

// pace is how long nothing happens before a change: figures are written once a second, and seats given twice.
const pace = 1200 * time.Millisecond

const (
	kindApply = "a person is applied: until invited"
	kindRole  = "a role is given: until held"
)

// scene is a namespace with people who are settled, where one thing happens after the other.
type scene struct {
	namespace string
	people    int
	// newcomers are who was applied, and edits how often a role was given or taken.
	newcomers, edits int
	// others is how many were applied by the wave.
	others atomic.Int64
	calm   bool
}

// single has people settle, and then makes changes: while nothing else happens, and while a wave of people is applied.
func (b *bench) single(ctx context.Context, out io.Writer, scenario string, people int) error {
	t := task{scenario: scenario, way: wayOperator, people: people}
	const more = 200_000
	longer := time.Duration(b.asks)*10*time.Second + patienceFor(b.meanwhile)
	prepare := furnished(append(house(people+more), build.Role(promotion).In("", organization).DisplayName("Promotion").Obj()))
	err := b.onSite(ctx, t, longer, prepare, func(ctx context.Context, at *site) (err error) {
		if err := at.populate(ctx, people); err != nil {
			return err
		}
		s := &scene{people: people, namespace: at.namespaces[0]}
		for _, meanwhile := range []int{0, b.meanwhile} {
			one := Single{People: people, Meanwhile: meanwhile}
			if one.Disturbed, err = b.quietly(ctx, out, t, 0, func() (float64, error) {
				err := one.measure(ctx, s, at.p, at.at, b.asks)
				return one.Foreign, err
			}); err != nil {
				return err
			}
			b.report.Singles = append(b.report.Singles, one)
			one.print(out)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("measuring %s: %w", t, err)
	}
	return nil
}

// measure makes so many changes of each kind, or while others are applied as many as there is time for.
func (o *Single) measure(ctx context.Context, s *scene, p *plane, at staff, often int) (err error) {
	processes := at.processes(p)
	s.calm = o.Meanwhile == 0
	if err := o.measureWrites(ctx, p, s.calm); err != nil {
		return err
	}
	asked, begin, err := p.settled(ctx, processes)
	if err != nil {
		return err
	}
	sentBefore, countBefore, err := at.mailTime(ctx)
	if err != nil {
		return err
	}
	var applied, edited []float64
	if err := s.whileOthers(ctx, p.wire, o.Meanwhile, often, func(ctx context.Context) error {
		took, err := s.apply(ctx, p.wire, at)
		if err != nil {
			return err
		}
		applied = append(applied, took)
		if took, err = s.edit(ctx, p.wire, at); err == nil {
			edited = append(edited, took)
		}
		return err
	}); err != nil {
		return err
	}
	end, err := take(processes)
	if err != nil {
		return err
	}
	total, _, err := p.settled(ctx, processes)
	if err != nil {
		return err
	}
	sent, count, err := at.mailTime(ctx)
	o.Mail = 1000 * (sent - sentBefore) / max(1, count-countBefore)
	o.Foreign, o.Requests = foreign(begin, end), total.since(asked)
	o.ServerCPU, o.ManagerCPU = milliseconds(used(begin, end, "server")), milliseconds(used(begin, end, "manager"))
	o.Kinds = []Settled{settled(kindApply, applied), settled(kindRole, edited)}
	if s.calm {
		o.Kinds[0].Target, o.Kinds[1].Target = 3*o.Write+o.Mail, 3*o.Write
	}
	return err
}

// measureWrites measures what one write takes: where nothing else happens, after the same rest as the changes, since a machine takes
// longer for what it has not done for a while.
func (o *Single) measureWrites(ctx context.Context, p *plane, calm bool) error {
	rest := time.Duration(0)
	if calm {
		rest = pace
	}
	writes, err := bareWrites(ctx, p, rest)
	if err != nil {
		return err
	}
	o.Write, o.WriteP99 = quantile(writes, 0.5), quantile(writes, 0.99)
	return nil
}

func settled(kind string, took []float64) Settled {
	return Settled{Kind: kind, Changes: len(took), Median: quantile(took, 0.5), P99: quantile(took, 0.99)}
}

// mailTime is how many seconds the operator has spent on mails until now, and how many these were.
func (s staff) mailTime(ctx context.Context) (seconds, mails float64, err error) {
	metrics, err := (&wire{client: http.DefaultClient, host: "http://" + s.metrics}).text(ctx, "/metrics")
	return sumOf(metrics, "seatkeeper_mail_duration_seconds_sum"), sumOf(metrics, "seatkeeper_mail_duration_seconds_count"), err
}

// whileOthers does something so often, or, when others are to be applied, once and until they are.
func (s *scene) whileOthers(ctx context.Context, w *wire, others, often int, do func(ctx context.Context) error) error {
	var done atomic.Bool
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer done.Store(true)
		return each(ctx, others, func(ctx context.Context, _ int) error {
			const first = 1_000_000 // beyond all others
			return create(ctx, w, s.namespace, first+int(s.others.Add(1)), nil)
		})
	})
	group.Go(func() error {
		for n := 0; others == 0 && n < often || others > 0 && (n == 0 || !done.Load()); n++ {
			if err := do(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

// apply applies one person, and says how many milliseconds it took until that one was seen to be invited.
func (s *scene) apply(ctx context.Context, w *wire, at staff) (float64, error) {
	i := s.people + s.newcomers
	s.newcomers++
	begun := time.Now()
	var v version
	if err := create(ctx, w, s.namespace, i, &v); err != nil {
		return 0, err
	}
	return s.seen(ctx, w, at, begun, personName(i), v, invited)
}

// edit gives somebody a role more, or takes it when everybody has it.
func (s *scene) edit(ctx context.Context, w *wire, at staff) (float64, error) {
	name, gives := personName(s.edits%s.people), s.edits/s.people%2 == 0
	s.edits++
	roles := []string{role}
	if gives {
		roles = append(roles, promotion)
	}
	call := write(http.MethodPatch, userPath(s.namespace, name), typeMergePatch, map[string]any{"spec": map[string]any{"roles": roles}})
	begun := time.Now()
	var v version
	if err := w.send(ctx, call.method, call.path, call.contentType, call.body, &v); err != nil {
		return 0, err
	}
	return s.seen(ctx, w, at, begun, name, v, func(c change) bool {
		return slices.Contains(c.Object.Status.Roles, promotion) == gives && c.reason() == v1alpha1.ReasonInvited
	})
}

// seen waits until somebody is seen to be as is wanted, and says how many milliseconds that took. When nothing else happens, it
// then waits until the operator has done what follows, and puts nothing off for what was before.
func (s *scene) seen(ctx context.Context, w *wire, at staff, begun time.Time, name string, v version, wanted func(change) bool) (float64, error) {
	a := &audience{wanted: wanted, seen: map[string]bool{}, version: v.Metadata.ResourceVersion}
	err := a.await(1, func(version string) (io.ReadCloser, error) {
		query := url.Values{"watch": {"1"}, "fieldSelector": {"metadata.name=" + name}, "resourceVersion": {version}}
		return w.open(ctx, http.MethodGet, path(s.namespace, "users")+"?"+query.Encode(), "", nil)
	})
	took := milliseconds(time.Since(begun))
	if err != nil || !s.calm {
		return took, err
	}
	if err := sleep(ctx, pace); err != nil {
		return took, err
	}
	return took, untilIdle(ctx, at.manager.pid)
}

// print writes the table.
func (o Single) print(w io.Writer) {
	meanwhile := "nothing else happens"
	if o.Meanwhile > 0 {
		meanwhile = fmt.Sprintf("%d others are applied", o.Meanwhile)
	}
	fmt.Fprintf(w, "\nsingle: one change after the other among %d people, %s\n", o.People, meanwhile)
	fmt.Fprintf(w, "%-42s%11s%11s%11s\n", "milliseconds", "changes", "median", "p99")
	for _, k := range o.Kinds {
		fmt.Fprintf(w, "%-42s%11d%11.1f%11.1f\n", k.Kind, k.Changes, k.Median, k.P99)
	}
	fmt.Fprintf(w, "%-42s%11d%11.1f%11.1f\n", "one status patch that nobody looks at", bareOften, o.Write, o.WriteP99)
	fmt.Fprintf(w, "%-42s%11.1f\n", "one mail, mean", o.Mail)
	fmt.Fprintf(w, "%-42s%11.1f\n", "machine used by others, %", 100*o.Foreign)
	for _, k := range o.Kinds {
		if k.Target > 0 {
			judge(w, k.Kind+", p99", "%.1f", k.P99, k.Target)
		}
	}
	if o.Disturbed {
		fmt.Fprintf(w, "DISTURBED: other processes used %.0f %% of the machine meanwhile, so these figures mean little\n", 100*o.Foreign)
	}
}
