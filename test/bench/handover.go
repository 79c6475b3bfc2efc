// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
)

// Handover is what it took to hand over what somebody owns who is archived, beside a bare client that makes the same patches.
type Handover struct {
	Objects int `json:"objects"`
	// Operator is the seconds from the write that archives the person until that is done, and Bare those of the patches alone.
	Operator float64 `json:"operatorSeconds"`
	Bare     float64 `json:"bareSeconds"`
	Ratio    float64 `json:"ratio"`
	// Requests are those to the API server per object, and Writes those of them that write.
	Requests requests `json:"requestsPerObject"`
	Writes   float64  `json:"writesPerObject"`
	// ServerCPU and ManagerCPU are milliseconds of processor time per object.
	ServerCPU  float64 `json:"serverMillisecondsPerObject"`
	ManagerCPU float64 `json:"managerMillisecondsPerObject"`
	Foreign    float64 `json:"foreign"`
	Disturbed  bool    `json:"disturbed"`
	// EmptyMemory and PeakMemory are the most bytes that the manager had resident, before the person was archived and ever.
	EmptyMemory int64 `json:"managerEmptyBytes"`
	PeakMemory  int64 `json:"managerPeakBytes"`
}

// patchesAtOnce is how many objects of one person the operator patches at once.
const patchesAtOnce = 8

// leaver is who is archived; the owner takes over.
var leaver = personName(1)

func noteName(i int) string { return fmt.Sprintf("note-%06d", i) }

// handover has somebody own so many objects, and archives the person.
func (b *bench) handover(ctx context.Context, out io.Writer, scenario string, objects int) error {
	t := task{scenario: scenario, way: wayOperator, people: objects}
	h := Handover{Objects: objects}
	disturbed, err := b.quietly(ctx, out, t, 0, func() (float64, error) {
		err := h.measure(ctx, b, t)
		return h.Foreign, err
	})
	if err != nil {
		return fmt.Errorf("measuring %s: %w", t, err)
	}
	h.Disturbed = disturbed
	b.report.Handovers = append(b.report.Handovers, h)
	h.print(out)
	return nil
}

func (h *Handover) measure(ctx context.Context, b *bench, t task) error {
	return b.onSite(ctx, t, 0, estateOf(h.Objects), func(ctx context.Context, s *site) error {
		namespace := s.namespaces[0]
		if err := s.populate(ctx, 2); err != nil {
			return err
		}
		if err := acceptAll(ctx, s.p.wire, namespace, 2); err != nil {
			return err
		}
		if err := h.wave(ctx, s.p, s.at, namespace); err != nil {
			return err
		}
		begun := time.Now()
		err := notes(ctx, h.Objects, func(ctx context.Context, i int) error { return pass(ctx, s.p.wire, namespace, noteName(i), leaver) })
		h.Bare = time.Since(begun).Seconds()
		h.Ratio = h.Operator / h.Bare
		return err
	})
}

// wave archives the person, and waits until everything is handed over.
func (h *Handover) wave(ctx context.Context, p *plane, at staff, namespace string) error {
	processes := at.processes(p)
	asked, _, err := p.settled(ctx, processes)
	if err != nil {
		return err
	}
	if h.EmptyMemory, err = at.memory(); err != nil {
		return err
	}
	first, err := take(processes)
	if err != nil {
		return err
	}
	var archived version
	patch := []byte(`{"spec":{"state":"` + v1alpha1.UserArchived + `"}}`)
	if err := p.wire.send(ctx, http.MethodPatch, userPath(namespace, leaver), typeMergePatch, patch, &archived); err != nil {
		return err
	}
	if err := await(ctx, p.wire, namespace, archived.Metadata.ResourceVersion, 1, func(c change) bool {
		return c.Object.Metadata.Name == leaver && c.reason() == v1alpha1.ReasonArchived
	}); err != nil {
		return err
	}
	last, err := take(processes)
	if err != nil {
		return err
	}
	total, end, err := p.settled(ctx, processes)
	if err != nil {
		return err
	}
	h.Operator, h.Foreign = last.at.Sub(first.at).Seconds(), foreign(first, last)
	h.ServerCPU = milliseconds(used(first, end, "server")) / float64(h.Objects)
	h.ManagerCPU = milliseconds(used(first, end, "manager")) / float64(h.Objects)
	h.Requests = total.since(asked).per(h.Objects)
	h.Writes = h.Requests.writes()
	h.PeakMemory, err = at.memory()
	return err
}

// estateOf prepares a house in which one of two people owns so many ConfigMaps.
func estateOf(objects int) func(ctx context.Context, p *plane) ([]string, error) {
	return func(ctx context.Context, p *plane) ([]string, error) {
		namespace, err := p.furnish(ctx, estate(2))
		if err != nil {
			return nil, err
		}
		return []string{namespace}, each(ctx, objects, func(ctx context.Context, i int) error { return p.note(ctx, namespace, noteName(i), leaver) })
	}
}

// estate is a house in which what people own is handed over when they leave.
func estate(seats int) []client.Object {
	all := house(seats)
	all[0].(*v1alpha1.Organization).Spec.Offboarding.Ownership = build.Organization(organization).Ownership(build.Notes()).Obj().Spec.Offboarding.Ownership
	return all
}

// note makes an object that somebody owns.
func (p *plane) note(ctx context.Context, namespace, name, owner string) error {
	note := build.Note(name, owner)
	note.Namespace = namespace
	note.Data = map[string]string{"text": "of a kilobyte or so: " + fmt.Sprintf("%01000d", 0)}
	return p.client.Create(ctx, note)
}

// pass gives an object to somebody.
func pass(ctx context.Context, w *wire, namespace, name, to string) error {
	patch := fmt.Appendf(nil, `{"metadata":{"labels":{%q:%q}}}`, v1alpha1.LabelOwner, to)
	return w.send(ctx, http.MethodPatch, "/api/v1/namespaces/"+namespace+"/configmaps/"+name, typeMergePatch, patch, nil)
}

// notes does something for each of n objects, as many at once as the operator.
func notes(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(patchesAtOnce)
	for i := range n {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// print writes the table of one size.
func (h Handover) print(w io.Writer) {
	row := func(title, format string, value float64) {
		fmt.Fprintf(w, "%-56s%11s\n", title, fmt.Sprintf(format, value))
	}
	fmt.Fprintf(w, "\nhandover: somebody is archived who owns %d objects\n", h.Objects)
	row("seconds from archived to handed over", "%.2f", h.Operator)
	row("seconds of a bare client for the same patches", "%.2f", h.Bare)
	row("operator / bare client", "%.2f", h.Ratio)
	row("machine used by others, %", "%.1f", 100*h.Foreign)
	row("API server, ms of processor per object", "%.2f", h.ServerCPU)
	row("manager, ms of processor per object", "%.2f", h.ManagerCPU)
	row("manager's peak memory, MiB", "%.1f", float64(h.PeakMemory)/(1<<20))
	row("  of it before", "%.1f", float64(h.EmptyMemory)/(1<<20))
	row("  the rest per object, KiB", "%.1f", float64(h.PeakMemory-h.EmptyMemory)/1024/float64(h.Objects))
	row("API writes per object", "%.3f", h.Writes)
	for _, kind := range kinds(h.Requests) {
		row("  "+kind, "%.3f", h.Requests[kind])
	}
	if h.Disturbed {
		fmt.Fprintf(w, "DISTURBED: other processes used %.0f %% of the machine meanwhile, so these figures mean little\n", 100*h.Foreign)
	}
}
