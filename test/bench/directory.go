// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory/scimtest"
	"seatkeeper.dev/seatkeeper/test/build"
)

// Directory is what it took to have people's accounts in a directory, beside a bare client that makes the same requests there, as
// many at once, and nothing else.
type Directory struct {
	People int `json:"people"`
	// Latency is the milliseconds that the directory takes for each request, beside its work.
	Latency float64 `json:"latencyMilliseconds"`
	// Create is from the first person who is applied until the last is invited, and Change from the first edit of a name until the
	// directory has the last.
	Create Provision `json:"create"`
	Change Provision `json:"change"`
	// EmptyMemory and PeakMemory are the most bytes that the manager had resident, before there were people and ever.
	EmptyMemory int64 `json:"managerEmptyBytes"`
	PeakMemory  int64 `json:"managerPeakBytes"`
	// Disturbed says that others used too much of the machine, and that it was counted nevertheless.
	Disturbed bool `json:"disturbed"`
}

// Provision is one wave of changes of the directory.
type Provision struct {
	// Operator and Bare are seconds, and Ratio is of them.
	Operator float64 `json:"operatorSeconds"`
	Bare     float64 `json:"bareSeconds"`
	Ratio    float64 `json:"ratio"`
	// Asked and BareAsked are requests to the directory per person.
	Asked     requests `json:"directoryRequestsPerPerson"`
	BareAsked requests `json:"bareRequestsPerPerson"`
	// Requests are those to the API server per person, and Writes those of them that write.
	Requests requests `json:"requestsPerPerson"`
	Writes   float64  `json:"writesPerPerson"`
	// ServerCPU and ManagerCPU are milliseconds of processor time per person.
	ServerCPU  float64 `json:"serverMillisecondsPerPerson"`
	ManagerCPU float64 `json:"managerMillisecondsPerPerson"`
	Idle       float64 `json:"idle"`
	Foreign    float64 `json:"foreign"`
}

// directoryTarget is what the operator's time may be of the bare client's, where the directory is the slower side.
const directoryTarget = 1.25

// directory measures both ways, once: what the directory takes hardly differs from run to run.
func (b *bench) directory(ctx context.Context, out io.Writer, scenario string, people int) error {
	d := Directory{People: people, Latency: milliseconds(b.latency)}
	t := task{scenario: scenario, way: wayOperator, people: people}
	disturbed, err := b.quietly(ctx, out, t, 0, func() (float64, error) {
		err := d.operator(ctx, b, t)
		return max(d.Create.Foreign, d.Change.Foreign), err
	})
	if err != nil {
		return fmt.Errorf("measuring %s: %w", t, err)
	}
	d.Disturbed = disturbed
	t.way = wayRaw
	ctx, cancel := patience(ctx, t)
	defer cancel()
	if err := d.bare(ctx, b); err != nil {
		return fmt.Errorf("measuring %s: %w", t, err)
	}
	d.Create.Ratio, d.Change.Ratio = d.Create.Operator/d.Create.Bare, d.Change.Operator/d.Change.Bare
	b.report.Directories = append(b.report.Directories, d)
	d.print(out)
	return nil
}

// operator has people applied and then renamed, with an operator and an empty directory.
func (d *Directory) operator(ctx context.Context, b *bench, t task) (err error) {
	accounts, err := b.startScim(ctx, b.latency)
	if err != nil {
		return err
	}
	defer accounts.end()
	return b.onSite(ctx, t, 0, accounted(d.People, accounts.url, 0), func(ctx context.Context, s *site) error {
		if d.EmptyMemory, err = s.at.memory(); err != nil {
			return err
		}
		if err := d.Create.measure(ctx, s, accounts, d.People, func(ctx context.Context) error { return s.populate(ctx, d.People) }); err != nil {
			return err
		}
		if _, err := mails(s.at.mailbox, d.People); err != nil {
			return err
		}
		if err := d.Change.measure(ctx, s, accounts, d.People, func(ctx context.Context) error {
			if err := each(ctx, d.People, func(ctx context.Context, i int) error { return rename(ctx, s.p.wire, s.namespaces[0], i) }); err != nil {
				return err
			}
			return accounts.changed(ctx, d.People)
		}); err != nil {
			return err
		}
		d.PeakMemory, err = s.at.memory()
		return err
	}, accounts.child)
}

// rename edits a person as somebody would who corrects a name.
func rename(ctx context.Context, w *wire, namespace string, i int) error {
	return w.send(ctx, http.MethodPatch, userPath(namespace, personName(i)), typeMergePatch, []byte(`{"spec":{"givenName":"Augusta"}}`), nil)
}

// accounted prepares a house whose people have accounts in the directory at a URL, which is looked at so often; 0, and as often as
// by default.
func accounted(people int, url string, resync time.Duration) func(ctx context.Context, p *plane) ([]string, error) {
	all := house(people)
	org := all[0].(*v1alpha1.Organization)
	org.Spec.Directory = build.Organization(organization).Directory().Obj().Spec.Directory
	org.Spec.Directory.SCIM.URL = url
	if resync > 0 {
		org.Spec.Directory.ResyncPeriod = &metav1.Duration{Duration: resync}
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: org.Spec.Directory.SCIM.CredentialsSecretRef.Name},
		StringData: map[string]string{"token": scimtest.Token},
	}
	return furnished(append([]client.Object{secret}, all...))
}

// measure measures one wave of the operator between two moments of silence.
func (v *Provision) measure(ctx context.Context, s *site, accounts *scim, people int, wave func(context.Context) error) error {
	processes := s.at.processes(s.p)
	processes["directory"] = accounts.pid
	before, _, err := s.p.settled(ctx, processes)
	if err != nil {
		return err
	}
	asked, err := accounts.asked()
	if err != nil {
		return err
	}
	first, err := take(processes)
	if err != nil {
		return err
	}
	if err := wave(ctx); err != nil {
		return err
	}
	last, err := take(processes)
	if err != nil {
		return err
	}
	total, end, err := s.p.settled(ctx, processes)
	if err != nil {
		return err
	}
	answered, err := accounts.asked()
	v.Operator, v.Idle, v.Foreign = last.at.Sub(first.at).Seconds(), idle(first, last), foreign(first, last)
	v.ServerCPU, v.ManagerCPU = milliseconds(used(first, end, "server"))/float64(people), milliseconds(used(first, end, "manager"))/float64(people)
	v.Asked, v.Requests = answered.since(asked).per(people), total.since(before).per(people)
	v.Writes = v.Requests.writes()
	return err
}

// bare makes the requests of the operator, and nothing else, to an empty directory.
func (d *Directory) bare(ctx context.Context, b *bench) error {
	s, err := b.startScim(ctx, b.latency)
	if err != nil {
		return err
	}
	defer s.end()
	c := newScimClient(s.url)
	ids := make([]string, d.People)
	for _, wave := range []struct {
		of *Provision
		do func(ctx context.Context, i int) error
	}{
		{&d.Create, func(ctx context.Context, i int) (err error) { ids[i], err = c.create(ctx, i); return err }},
		{&d.Change, func(ctx context.Context, i int) error { return c.change(ctx, ids[i]) }},
	} {
		asked, err := s.asked()
		if err != nil {
			return err
		}
		begun := time.Now()
		if err := each(ctx, d.People, wave.do); err != nil {
			return err
		}
		wave.of.Bare = time.Since(begun).Seconds()
		answered, err := s.asked()
		if err != nil {
			return err
		}
		wave.of.BareAsked = answered.since(asked).per(d.People)
	}
	return nil
}

// scimClient is as bare a client of a directory as can be.
type scimClient struct {
	http http.Client
	base string
}

func newScimClient(base string) *scimClient {
	return &scimClient{base: base, http: http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}}}
}

// create looks for an account by both of its names, as who does not know whether it is there, and makes it.
func (c *scimClient) create(ctx context.Context, i int) (id string, err error) {
	u := person("", i)
	for attribute, value := range map[string]string{"externalId": string(u.UID), "userName": u.Spec.Email} {
		query := url.Values{"filter": {fmt.Sprintf("%s eq %q", attribute, value)}, "count": {"100"}, "startIndex": {"1"}}
		if err := c.do(ctx, http.MethodGet, "/Users?"+query.Encode(), nil, nil); err != nil {
			return "", err
		}
	}
	var made struct{ ID string }
	err = c.do(ctx, http.MethodPost, "/Users", map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "externalId": u.UID, "userName": u.Spec.Email, "active": false,
		"displayName": "Ada Lovelace", "name": map[string]string{"givenName": "Ada", "familyName": "Lovelace"}, "locale": "en", "timezone": "UTC",
		"emails": []any{map[string]any{"value": u.Spec.Email, "type": "work", "primary": true}}, "roles": []any{map[string]string{"value": role}},
	}, &made)
	if err == nil && made.ID == "" {
		err = errors.New("the directory does not say what it calls an account")
	}
	return made.ID, err
}

// change looks at an account, and renames the person.
func (c *scimClient) change(ctx context.Context, id string) error {
	if err := c.do(ctx, http.MethodGet, "/Users/"+id, nil, nil); err != nil {
		return err
	}
	replace := func(path, value string) map[string]string {
		return map[string]string{"op": "replace", "path": path, "value": value}
	}
	return c.do(ctx, http.MethodPatch, "/Users/"+id, map[string]any{
		"schemas":    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []any{replace("displayName", "Augusta Lovelace"), replace("name.givenName", "Augusta")},
	}, nil)
}

func (c *scimClient) do(ctx context.Context, method, path string, body, into any) error {
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(sent))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+scimtest.Token)
	req.Header.Set("Content-Type", "application/scim+json")
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case res.StatusCode/100 != 2:
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, said)
	case into == nil:
		return nil
	}
	return json.Unmarshal(said, into)
}

// judge shows a ratio. Without a latency, the API server is the slower side, and there is no target.
func (d Directory) judge(w io.Writer, title string, ratio float64) {
	if d.Latency == 0 {
		fmt.Fprintf(w, "%-42s%11.2f\n", title, ratio)
		return
	}
	judge(w, title, "%.2f", ratio, directoryTarget)
}

// print writes the table of one size.
func (d Directory) print(w io.Writer) {
	fmt.Fprintf(w, "\ndirectory: %d people, %.0f ms for a request%33s%11s\n", d.People, d.Latency, "create", "change")
	row := func(title, format string, value func(v Provision) float64) {
		fmt.Fprintf(w, "%-56s%11s%11s\n", title, fmt.Sprintf(format, value(d.Create)), fmt.Sprintf(format, value(d.Change)))
	}
	row("seconds by the operator", "%.2f", func(v Provision) float64 { return v.Operator })
	row("seconds by a bare client", "%.2f", func(v Provision) float64 { return v.Bare })
	row("machine idle, %", "%.1f", func(v Provision) float64 { return 100 * v.Idle })
	row("machine used by others, %", "%.1f", func(v Provision) float64 { return 100 * v.Foreign })
	row("API server, ms of processor per person", "%.2f", func(v Provision) float64 { return v.ServerCPU })
	row("manager, ms of processor per person", "%.2f", func(v Provision) float64 { return v.ManagerCPU })
	row("API writes per person", "%.3f", func(v Provision) float64 { return v.Writes })
	for _, kind := range kinds(d.Create.Requests, d.Change.Requests) {
		row("  "+kind, "%.3f", func(v Provision) float64 { return v.Requests[kind] })
	}
	for _, kind := range kinds(d.Create.Asked, d.Change.Asked, d.Create.BareAsked, d.Change.BareAsked) {
		row("directory, per person: "+kind, "%.3f", func(v Provision) float64 { return v.Asked[kind] })
		row("  by the bare client", "%.3f", func(v Provision) float64 { return v.BareAsked[kind] })
	}
	fmt.Fprintf(w, "%-56s%11.1f\n", "manager's peak memory, MiB", float64(d.PeakMemory)/(1<<20))
	fmt.Fprintf(w, "%-56s%11.1f\n", "  of it before there were people", float64(d.EmptyMemory)/(1<<20))
	d.judge(w, "create: operator / bare client", d.Create.Ratio)
	d.judge(w, "change: operator / bare client", d.Change.Ratio)
	if d.Disturbed {
		fmt.Fprintf(w, "DISTURBED: other processes used %.0f %% of the machine, so these figures mean little\n", 100*max(d.Create.Foreign, d.Change.Foreign))
	}
}
