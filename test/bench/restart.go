// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Restart is what it takes an operator to start where people are settled, beside a bare client that lists everything.
type Restart struct {
	People int `json:"people"`
	// Quiet is the seconds from the start of the process until it has looked at everybody and does nothing more.
	Quiet float64 `json:"quietSeconds"`
	// Paged and Streamed are the seconds in which a bare client lists the same kinds, page by page and by one watch for each.
	// Ratio is of Quiet to the shorter of them.
	Paged    float64 `json:"pagedSeconds"`
	Streamed float64 `json:"streamedSeconds"`
	Ratio    float64 `json:"ratio"`
	// Requests are all those to the API server from the start on, and Writes those of them that write.
	Requests requests `json:"requests"`
	Writes   float64  `json:"writes"`
	// ServerCPU and ManagerCPU are milliseconds of processor time per person.
	ServerCPU  float64 `json:"serverMillisecondsPerPerson"`
	ManagerCPU float64 `json:"managerMillisecondsPerPerson"`
	// EmptyMemory is the most bytes that a manager had resident before there were people, and PeakMemory that of the one that
	// started. PerPerson is what is between them, in KiB.
	EmptyMemory int64   `json:"managerEmptyBytes"`
	PeakMemory  int64   `json:"managerPeakBytes"`
	PerPerson   float64 `json:"kibibytesPerPerson"`
	Foreign     float64 `json:"foreign"`
	Disturbed   bool    `json:"disturbed"`
}

const (
	// restartTarget is what the time until all is quiet may be of that of listing everything.
	restartTarget = 2
	// memoryTarget is how many KiB a person may take, where there are so many as memoryPeople.
	memoryTarget, memoryPeople = 6, 100_000
)

// restart has people invited, and then starts the operator anew.
func (b *bench) restart(ctx context.Context, out io.Writer, scenario string, people int) error {
	if b.restarted(people) {
		return nil // where they were invited
	}
	p, err := b.warmPlane(ctx, scenario)
	if err != nil {
		return err
	}
	defer p.end()
	_, err = b.measure(ctx, p, task{scenario: scenarioInvite, way: wayOperator, people: people}, func(ctx context.Context, s *site, m Measurement) error {
		return b.restarts(ctx, out, s, people, m.EmptyMemory)
	})
	return err
}

// restarted says that this is measured.
func (b *bench) restarted(people int) bool {
	return slices.ContainsFunc(b.report.Restarts, func(r Restart) bool { return r.People == people })
}

// restartsAfter says that what the operator leaves of a task is where it is started anew: to have as many people invited once more
// would take as long again.
func (b *bench) restartsAfter(t task) bool {
	return t.scenario == scenarioInvite && t.way == wayOperator &&
		slices.Contains(b.scenarios, scenarioRestart) && slices.Contains(b.sizes[scenarioRestart], t.people) && !b.restarted(t.people)
}

// restarts starts the operator anew where people are settled, several times. empty is the memory that it took without them.
func (b *bench) restarts(ctx context.Context, out io.Writer, s *site, people int, empty int64) (err error) {
	t := task{scenario: scenarioRestart, way: wayOperator, people: people}
	var runs []Restart
	for run := range b.runs {
		r := Restart{People: people, EmptyMemory: empty}
		if r.Disturbed, err = b.quietly(ctx, out, t, run, func() (float64, error) {
			err := r.measure(ctx, b, s)
			return r.Foreign, err
		}); err != nil {
			return fmt.Errorf("measuring %s: %w", t, err)
		}
		fmt.Fprintf(out, "run %d of %d: %s took %.2f s\n", run+1, b.runs, t, r.Quiet)
		runs = append(runs, r)
	}
	slices.SortFunc(runs, func(a, b Restart) int { return cmp.Compare(a.Ratio, b.Ratio) })
	r := runs[(len(runs)-1)/2]
	b.report.Restarts = append(b.report.Restarts, r)
	r.print(out)
	return nil
}

// measure lists everything, and then ends the operator and starts another.
func (r *Restart) measure(ctx context.Context, b *bench, s *site) (err error) {
	p, namespace := s.p, s.namespaces[0]
	s.at.manager.end()
	if r.Paged, err = timed(func() error { return listAll(ctx, p.wire, namespace, pages) }); err != nil {
		return err
	}
	if r.Streamed, err = timed(func() error { return listAll(ctx, p.wire, namespace, streams) }); err != nil {
		return err
	}
	others := s.at
	others.manager = nil
	asked, _, err := p.settled(ctx, others.processes(p))
	if err != nil {
		return err
	}
	first, err := take(others.processes(p))
	if err != nil {
		return err
	}
	if s.at.manager, err = b.launchOperator(ctx, p, s.at, namespace); err != nil {
		return err
	}
	return s.watched(ctx, func(ctx context.Context) error {
		last, err := r.awaitQuiet(ctx, p, s.at)
		if err != nil {
			return err
		}
		total, end, err := p.settled(ctx, s.at.processes(p))
		if err != nil {
			return err
		}
		r.Quiet, r.Foreign = last.at.Sub(first.at).Seconds(), foreign(first, last)
		r.Ratio = r.Quiet / min(r.Paged, r.Streamed)
		r.ServerCPU, r.ManagerCPU = milliseconds(used(first, end, "server"))/float64(r.People), milliseconds(used(first, end, "manager"))/float64(r.People)
		r.Requests = total.since(asked)
		r.Writes = r.Requests.writes()
		r.PeakMemory, err = s.at.memory()
		r.PerPerson = float64(r.PeakMemory-r.EmptyMemory) / 1024 / float64(r.People)
		return err
	})
}

func timed(do func() error) (float64, error) {
	begun := time.Now()
	err := do()
	return time.Since(begun).Seconds(), err
}

// awaitQuiet returns the sample of when the operator had looked at everybody and did nothing more, once that has lasted for a while.
func (r *Restart) awaitQuiet(ctx context.Context, p *plane, at staff) (sample, error) {
	const pause, lasts = 100 * time.Millisecond, 6 * time.Second // figures are put off by less
	plain := &http.Transport{DisableCompression: true}           // which would be a part of what the manager does
	defer plain.CloseIdleConnections()
	metrics := &wire{client: &http.Client{Transport: plain}, host: "http://" + at.metrics}
	var latest sample
	passes := -1.0
	for {
		now, err := take(at.processes(p))
		if err != nil {
			return latest, err
		}
		s, err := metrics.text(ctx, "/metrics")
		switch of := sumOf(s, passesTotal); {
		case err != nil || sumOf(s, passesTotal, `controller="user"`) < float64(r.People) || sumOf(s, "workqueue_depth") > 0 || of != passes:
			passes, latest = of, now // it does not serve yet, or works
		case now.at.Sub(latest.at) >= lasts:
			return latest, nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return latest, fmt.Errorf("waiting until the operator is quiet: %w", context.Cause(ctx))
		}
	}
}

// passesTotal is what controller-runtime counts passes as.
const passesTotal = "controller_runtime_reconcile_total"

// sumOf adds up the series of a metric that have some labels.
func sumOf(metrics, name string, labels ...string) float64 {
	var sum float64
	for line := range strings.Lines(metrics) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest == "" || !strings.ContainsAny(rest[:1], "{ ") ||
			slices.ContainsFunc(labels, func(label string) bool { return !strings.Contains(rest, label) }) {
			continue
		}
		if value, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' ')+1:]), 64); err == nil {
			sum += value
		}
	}
	return sum
}

// text is the answer to a GET.
func (w *wire) text(ctx context.Context, path string) (string, error) {
	answer, err := w.open(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return "", err
	}
	defer answer.Close()
	content, err := io.ReadAll(answer)
	return string(content), err
}

// listing is a way to list the objects of one path, which all are kept.
type listing func(ctx context.Context, w *wire, path string, into kept) error

// kept is a list of one kind.
type kept interface {
	page(from io.Reader) (next string, err error)
	stream(from io.Reader) error
	size() int
}

// listAll lists every kind that the operator watches in a namespace, and fails when nobody is found.
func listAll(ctx context.Context, w *wire, namespace string, list listing) error {
	people := &shelf[v1alpha1.User, *v1alpha1.User]{}
	for path, into := range map[string]kept{
		path(namespace, "users"):                          people,
		path(namespace, "archivedusers"):                  &shelf[v1alpha1.ArchivedUser, *v1alpha1.ArchivedUser]{},
		path(namespace, "organizations"):                  &shelf[v1alpha1.Organization, *v1alpha1.Organization]{},
		path(namespace, "roles"):                          &shelf[v1alpha1.Role, *v1alpha1.Role]{},
		path(namespace, "seatpools"):                      &shelf[v1alpha1.SeatPool, *v1alpha1.SeatPool]{},
		path(namespace, "seatslices"):                     &shelf[v1alpha1.SeatSlice, *v1alpha1.SeatSlice]{},
		path(namespace, "teams"):                          &shelf[v1alpha1.Team, *v1alpha1.Team]{},
		"/api/v1/namespaces/" + namespace + "/configmaps": &shelf[corev1.ConfigMap, *corev1.ConfigMap]{},
		"/apis/rbac.authorization.k8s.io/v1/namespaces/" + namespace + "/rolebindings": &shelf[rbacv1.RoleBinding, *rbacv1.RoleBinding]{},
	} {
		if err := list(ctx, w, path, into); err != nil {
			return fmt.Errorf("listing %s: %w", path, err)
		}
	}
	if people.size() == 0 {
		return fmt.Errorf("listing %s: nobody is there", path(namespace, "users"))
	}
	return nil
}

// pages lists by pages of as many as client-go asks for.
func pages(ctx context.Context, w *wire, path string, into kept) error {
	next := ""
	for {
		answer, err := w.open(ctx, http.MethodGet, path+"?limit=500&continue="+url.QueryEscape(next), "", nil)
		if err != nil {
			return err
		}
		next, err = into.page(answer)
		answer.Close()
		if err != nil || next == "" {
			return err
		}
	}
}

// streams lists by a watch that begins with what there is.
func streams(ctx context.Context, w *wire, path string, into kept) error {
	answer, err := w.open(ctx, http.MethodGet, path+"?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", "", nil)
	if err != nil {
		return err
	}
	defer answer.Close()
	return into.stream(answer)
}

// shelf has every object of a kind.
type shelf[T any, P interface {
	*T
	metav1.Object
}] struct{ items []T }

func (a *shelf[T, P]) size() int { return len(a.items) }

func (a *shelf[T, P]) page(from io.Reader) (string, error) {
	var page struct {
		Metadata struct{ Continue string }
		Items    []T
	}
	err := json.NewDecoder(from).Decode(&page)
	a.items = append(a.items, page.Items...)
	return page.Metadata.Continue, err
}

func (a *shelf[T, P]) stream(from io.Reader) error {
	events := json.NewDecoder(from)
	for {
		var e struct {
			Type   string
			Object T
		}
		if err := events.Decode(&e); err != nil {
			return err
		}
		switch {
		case e.Type == "ADDED":
			a.items = append(a.items, e.Object)
		case e.Type != "BOOKMARK":
			return fmt.Errorf("the watch says %s", e.Type)
		case P(&e.Object).GetAnnotations()[metav1.InitialEventsAnnotationKey] == "true":
			return nil
		}
	}
}

// print writes the table of one size.
func (r Restart) print(w io.Writer) {
	row := func(title, format string, value float64) {
		fmt.Fprintf(w, "%-56s%11s\n", title, fmt.Sprintf(format, value))
	}
	fmt.Fprintf(w, "\nrestart: the operator starts where %d people are settled\n", r.People)
	row("seconds until it is quiet", "%.2f", r.Quiet)
	row("seconds to list everything by pages", "%.2f", r.Paged)
	row("seconds to list everything by watches", "%.2f", r.Streamed)
	row("machine used by others, %", "%.1f", 100*r.Foreign)
	row("API server, ms of processor per person", "%.3f", r.ServerCPU)
	row("manager, ms of processor per person", "%.3f", r.ManagerCPU)
	row("manager's peak memory, MiB", "%.1f", float64(r.PeakMemory)/(1<<20))
	row("  of an empty one", "%.1f", float64(r.EmptyMemory)/(1<<20))
	for _, kind := range kinds(r.Requests) {
		row("requests in all: "+kind, "%.0f", r.Requests[kind])
	}
	judge(w, "quiet / listed", "%.2f", r.Ratio, restartTarget)
	judge(w, "API writes", "%.0f", r.Writes, 0)
	if r.People >= memoryPeople {
		judge(w, "memory above an empty one per person, KiB", "%.1f", r.PerPerson, memoryTarget)
	} else {
		row("memory above an empty one per person, KiB", "%.1f", r.PerPerson)
	}
	if r.Disturbed {
		fmt.Fprintf(w, "DISTURBED: other processes used %.0f %% of the machine meanwhile, so these figures mean little\n", 100*r.Foreign)
	}
}
