// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/util/cert"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// What is measured.
const (
	// scenarioInvite is people who are applied while there is a seat for each.
	scenarioInvite = "invite"
	// scenarioGrant is people who wait, and a pool that is scaled up for them.
	scenarioGrant = "grant"
	// scenarioRelease is people who wait for the few who leave.
	scenarioRelease = "release"
	// scenarioAdmission is requests that the webhooks judge.
	scenarioAdmission = "admission"
	// scenarioDirectory is people who have accounts elsewhere.
	scenarioDirectory = "directory"
	// scenarioHandover is objects of somebody who is archived.
	scenarioHandover = "handover"
	// scenarioImport is a spreadsheet that the kubectl plugin applies.
	scenarioImport = "import"
	// scenarioFairness is one person of an organization while many of another come.
	scenarioFairness = "fairness"
	// scenarioAccept is people who accept their invitations.
	scenarioAccept = "accept"
	// scenarioOffboard is people who are archived, with what they own.
	scenarioOffboard = "offboard"
	// scenarioTeam is a role that is given to a team of many.
	scenarioTeam = "team"
	// scenarioMove is people who move to another team, which gives a role.
	scenarioMove = "move"
	// scenarioRestart is an operator that starts where people are settled.
	scenarioRestart = "restart"
	// scenarioSingle is one person's changes.
	scenarioSingle = "single"
	// scenarioIdle is nothing.
	scenarioIdle = "idle"
)

var allScenarios = []string{
	scenarioInvite, scenarioGrant, scenarioAccept, scenarioOffboard, scenarioTeam, scenarioMove, scenarioRelease, scenarioAdmission, scenarioDirectory, scenarioHandover,
	scenarioRestart, scenarioSingle, scenarioIdle, scenarioImport, scenarioFairness,
}

// growing are the scenarios that are measured with few and with many people, to see what that does to the cost of each.
var growing = []string{scenarioInvite, scenarioGrant, scenarioAccept, scenarioOffboard, scenarioTeam, scenarioMove, scenarioRestart}

// The ways to take people from applied to invited. The first two do as little as can be done, and are what the
// third is measured by.
const (
	// wayRaw is a client that writes every status itself.
	wayRaw = "raw"
	// wayMinimal is a controller that does nothing but the same writes.
	wayMinimal = "minimal"
	// wayOperator is Seatkeeper.
	wayOperator = "operator"
)

var ways = []string{wayRaw, wayMinimal, wayOperator}

// staff are the processes that wait for the people of a namespace. A bare client has none.
type staff struct {
	manager, mailbox *child
	// mail is the address of the mail server; admission, metrics and portal are those at which the operator serves them.
	mail, admission, metrics, portal string
}

func (s staff) all() []*child {
	var all []*child
	for _, c := range []*child{s.manager, s.mailbox} {
		if c != nil {
			all = append(all, c)
		}
	}
	return all
}

// processes are all that the bench starts and is, by name.
func (s staff) processes(p *plane) map[string]int {
	processes := map[string]int{"client": os.Getpid(), "server": p.pid}
	for _, c := range s.all() {
		processes[c.name] = c.pid
	}
	return processes
}

// memory is the most that the manager ever had resident; 0 when there is none.
func (s staff) memory() (int64, error) {
	if s.manager == nil {
		return 0, nil
	}
	return peak(s.manager.pid)
}

func (s staff) end() {
	for _, c := range s.all() {
		c.end()
	}
}

// staff starts what one way needs in namespaces, the first of which is the operator's own, and returns when it is ready for people.
func (b *bench) staff(ctx context.Context, p *plane, t task, namespaces ...string) (s staff, err error) {
	defer func() {
		if err != nil {
			s.end()
		}
	}()
	switch t.way {
	case wayMinimal:
		s.manager, err = b.startMinimal(ctx, p, t, namespaces[0])
	case wayOperator:
		if s.mailbox, err = start(ctx, b.dir, "mailbox", nil, b.self, "mailbox"); err != nil {
			return s, err
		}
		var errs [4]error
		s.mail, errs[0] = s.mailbox.answer("ready")
		for i, address := range []*string{&s.admission, &s.metrics, &s.portal} {
			*address, errs[i+1] = freeAddress(ctx)
		}
		if err = errors.Join(errs[:]...); err != nil {
			return s, err
		}
		s.manager, err = b.startOperator(ctx, p, s, namespaces...)
	}
	return s, err
}

func (b *bench) startMinimal(ctx context.Context, p *plane, t task, namespace string) (*child, error) {
	status, err := json.Marshal(b.examples[t.scenario].after)
	if err != nil {
		return nil, err
	}
	c, err := start(ctx, b.dir, "manager", nil, b.self, "minimal",
		"-kubeconfig", p.kubeconfig, "-namespace", namespace, "-scenario", t.scenario, "-owned", strconv.Itoa(b.owned), "-status", string(status))
	if err != nil {
		return nil, err
	}
	_, err = c.answer("ready")
	return c, err
}

// startOperator runs the operator, and waits until it has looked at what is there before the people.
func (b *bench) startOperator(ctx context.Context, p *plane, s staff, namespaces ...string) (*child, error) {
	c, err := b.launchOperator(ctx, p, s, namespaces...)
	if err != nil {
		return nil, err
	}
	waiting, cancel := untilAnyEnds(ctx, []*child{c})
	defer cancel()
	for _, namespace := range namespaces {
		if err := awaitReady(waiting, p.client, namespace); err != nil {
			return c, err
		}
	}
	return c, nil
}

// launchOperator runs the operator as it is released. It cannot be told to serve no admission, so it gets a certificate; the API
// server asks it in one scenario alone.
func (b *bench) launchOperator(ctx context.Context, p *plane, s staff, namespaces ...string) (*child, error) {
	host, port, err := net.SplitHostPort(s.mail)
	if err != nil {
		return nil, err
	}
	_, admission, err := net.SplitHostPort(s.admission)
	if err != nil {
		return nil, err
	}
	if err := writeCertificate(b.dir); err != nil {
		return nil, err
	}
	return start(ctx, b.dir, "manager", []string{"KUBECONFIG=" + p.kubeconfig}, b.operator,
		"-namespace", namespaces[0], "-namespaces", strings.Join(namespaces, ","), "-leader-elect=false", "-directory-rate-limit=0", // what it takes, and not what it is allowed
		"-metrics-bind-address", s.metrics, "-health-probe-bind-address", "0",
		"-webhook-host", "127.0.0.1", "-webhook-port", admission, "-webhook-cert-dir", b.dir,
		"-portal-bind-address", s.portal, "-portal-url", "https://join.acme.example", "-portal-trusted-proxies", "127.0.0.0/8",
		"-mail-host", host, "-mail-port", port, "-mail-tls", "Disabled", "-mail-from", "Acme <people@acme.example>")
}

func freeAddress(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

func writeCertificate(dir string) error {
	certificate, key, err := cert.GenerateSelfSignedCertKey("127.0.0.1", nil, nil)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "tls.crt"), certificate, 0o600),
		os.WriteFile(filepath.Join(dir, "tls.key"), key, 0o600),
	)
}

// awaitReady waits until the operator says of the pool and the role that they are in effect.
func awaitReady(ctx context.Context, c client.Client, namespace string) error {
	for {
		var seats v1alpha1.SeatPool
		var member v1alpha1.Role
		err := errors.Join(
			c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: pool}, &seats),
			c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: role}, &member),
		)
		if err == nil && meta.IsStatusConditionTrue(seats.Status.Conditions, v1alpha1.ConditionReady) &&
			meta.IsStatusConditionTrue(member.Status.Conditions, v1alpha1.ConditionReady) {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("waiting for the operator: %w", context.Cause(ctx)), err)
		}
	}
}
