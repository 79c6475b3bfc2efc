// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// What the system is made of, from the root of the repository.
const (
	controlplane = "bin/controlplane"
	mailbox      = "bin/mailbox"
	directory    = "bin/directory"
	seatkeeper   = "bin/seatkeeper"
	kubectl      = "bin/kubectl"

	// directoryToken is what the directory is asked with. The sample that uses it has it too.
	directoryToken = "let-me-in"

	installation = "config/default"
	quickstart   = "config/samples/quickstart"
)

// The names under which fields are applied: the quickstart is the user's own.
const (
	installer         = "make-run"
	quickstartApplier = "quickstart"
)

// system is everything that one run starts.
type system struct {
	*state
	progress
	// fail ends the run with a cause.
	fail context.CancelCauseFunc
	// stripe is the address of the Stripe API; empty for Stripe's own.
	stripe string

	ports    ports
	record   record
	cluster  *cluster
	webhooks []*unstructured.Unstructured
	// children are in the order of their start.
	children []*child
}

// start brings everything up. What it started, it leaves to stop to end.
func (s *system) start(ctx context.Context) error {
	if err := s.awaitEarlier(ctx, s.progress); err != nil {
		return err
	}
	var err error
	if s.ports, err = s.recallPorts(); err != nil {
		return err
	}
	s.record = record{PID: os.Getpid(), Since: s.since, Kubectl: kubectlCommand(kubectl)}
	for _, step := range []struct {
		name string
		do   func(ctx context.Context) (string, error)
	}{
		{"controlplane", s.startControlPlane},
		{"installation", s.install},
		{"mailbox", s.startMailbox},
		{"directory", s.startDirectory},
		{"operator", s.startOperator},
		{"admission", s.awaitAdmission},
		{"quickstart", s.applyQuickstart},
	} {
		if err := s.step(ctx, step.name, step.do); err != nil {
			return err
		}
	}
	if err := s.save(portsFile, s.ports); err != nil {
		return err
	}
	return s.save(systemFile, s.record)
}

// stop ends everything, what was started last first.
func (s *system) stop() {
	_ = s.forget(systemFile) // best effort: the lock says whether a system is up
	for _, c := range slices.Backward(s.children) {
		if c.hasEnded() {
			continue
		}
		_ = s.step(context.Background(), c.name, func(context.Context) (string, error) {
			c.stop()
			return "", nil
		})
	}
}

// launch starts a child that stop will end.
func (s *system) launch(name string, cmd *exec.Cmd) (*child, error) {
	c, err := s.state.launch(name, cmd)
	if err != nil {
		return nil, err
	}
	s.children = append(s.children, c)
	return c, nil
}

// watch ends the run when a child ends.
func (s *system) watch(c *child) {
	go func() {
		<-c.ended
		s.fail(c.death())
	}()
}

// launchTied starts a child that heeds its standard input, and returns what it
// says after the word "ready": how to reach it.
func (s *system) launchTied(ctx context.Context, name, program string, args ...string) (string, error) {
	c, err := s.launch(name, exec.Command(program, append(args, "-tied")...))
	if err != nil {
		return "", err
	}
	line, err := c.firstLine(ctx)
	if err != nil {
		return "", err
	}
	address, ok := strings.CutPrefix(line, "ready ")
	if !ok {
		return "", fmt.Errorf("it says %q, not that it is ready", line)
	}
	s.watch(c)
	return address, nil
}

func (s *system) startControlPlane(ctx context.Context) (string, error) {
	kubeconfig, err := s.launchTied(ctx, "controlplane", controlplane,
		"-durable", "-dir", s.path("controlplane"), "-port", strconv.Itoa(s.ports.API))
	if err != nil {
		return "", err
	}
	s.record.Kubeconfig = kubeconfig
	if s.cluster, err = connect(kubeconfig); err != nil {
		return "", err
	}
	s.ports.API, err = portOf(s.cluster.config.Host)
	return s.cluster.config.Host, err
}

// install applies what is the same in a cluster. The rest of config/default is
// for pods, of which there are none here.
func (s *system) install(ctx context.Context) (string, error) {
	objects, err := render(ctx, installation)
	if err != nil {
		return "", err
	}
	s.webhooks = ofKind(objects, "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
	definitions := ofKind(objects, "CustomResourceDefinition")
	rights := ofKind(objects, "Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
	if err := s.cluster.apply(ctx, installer, slices.Concat(definitions, rights)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d kinds", len(definitions)), s.cluster.served(ctx, definitions)
}

func (s *system) startMailbox(ctx context.Context) (string, error) {
	addresses, err := s.launchTied(ctx, "mailbox", mailbox,
		"-dir", s.path("mail"), "-smtp", address(s.ports.SMTP), "-http", address(s.ports.Mailbox))
	if err != nil {
		return "", err
	}
	if _, err := fmt.Sscanf(addresses, "smtp=%s http=%s", &s.record.SMTP, &s.record.Mailbox); err != nil {
		return "", fmt.Errorf("it says that it is ready at %q: %w", addresses, err)
	}
	if s.ports.SMTP, err = portOf(s.record.SMTP); err != nil {
		return "", err
	}
	s.ports.Mailbox, err = portOf(s.record.Mailbox)
	return s.record.Mailbox, err
}

// startDirectory starts a SCIM server, for whoever wants to have accounts there.
func (s *system) startDirectory(ctx context.Context) (string, error) {
	var err error
	s.record.Directory, err = s.launchTied(ctx, "directory", directory,
		"-dir", s.path("accounts"), "-http", address(s.ports.Directory), "-token", directoryToken)
	if err != nil {
		return "", err
	}
	s.ports.Directory, err = portOf(strings.TrimSuffix(s.record.Directory, "/scim/v2"))
	return s.record.Directory, err
}

func (s *system) awaitAdmission(ctx context.Context) (string, error) {
	return "webhooks answer", poll(ctx, s.cluster.admissionAnswers)
}

// applyQuickstart applies the sample to a new state only: later, it would undo
// what its user changed.
func (s *system) applyQuickstart(ctx context.Context) (string, error) {
	objects, err := render(ctx, quickstart)
	if err != nil {
		return "", err
	}
	for _, namespace := range ofKind(objects, "Namespace") {
		err := s.cluster.Get(ctx, types.NamespacedName{Name: namespace.GetName()}, &corev1.Namespace{})
		if err == nil {
			return fmt.Sprintf("namespace %s is there and left as it is", namespace.GetName()), nil
		}
		if !apierrors.IsNotFound(err) {
			return "", err
		}
	}
	// Not to be cut short by a Ctrl-C: half of it would be left as it is, too.
	return quickstart + " applied", s.cluster.apply(context.WithoutCancel(ctx), quickstartApplier, objects)
}
