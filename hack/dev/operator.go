// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os/exec"
	"slices"
	"strconv"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// operatorAccount is the service account that the operator runs as, here and
// in a cluster.
var operatorAccount = types.NamespacedName{Namespace: "seatkeeper-system", Name: "seatkeeper"}

// operator is what the operator is run with.
type operator struct {
	kubeconfig, certificates string
	smtp                     int
	stripe                   string
	portal, webhook          int
	metrics, health          int
}

// startOperator starts the operator with the rights, and behind the webhooks,
// that it has in a cluster.
func (s *system) startOperator(ctx context.Context) (string, error) {
	o := operator{kubeconfig: s.path("operator.kubeconfig"), certificates: s.path("webhook"), smtp: s.ports.SMTP, stripe: s.stripe}
	if err := s.cluster.writeCredentials(ctx, o.kubeconfig, operatorAccount); err != nil {
		return "", err
	}
	// No other operator runs here: a Lease is that of one which was killed, and would hold this one up for a while.
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: operatorAccount.Namespace, Name: "seatkeeper"}}
	if err := client.IgnoreNotFound(s.cluster.Delete(ctx, lease)); err != nil {
		return "", err
	}
	trust, err := writeServingCertificate(o.certificates)
	if err != nil {
		return "", err
	}
	for {
		if err := o.choosePorts(s.ports.Portal); err != nil {
			return "", err
		}
		err := s.tryOperator(ctx, o, trust)
		if err == nil {
			s.ports.Portal = o.portal
			s.record.Portal, s.record.Metrics = o.portalURL(), "http://"+address(o.metrics)+"/metrics"
			return o.portalURL(), nil
		}
		// A port can be taken between our look and the operator's.
		if ctx.Err() != nil || !slices.ContainsFunc([]int{o.portal, o.webhook, o.metrics, o.health}, taken) {
			return "", err
		}
	}
}

// tryOperator starts the operator on these ports, with the webhooks pointing there.
func (s *system) tryOperator(ctx context.Context, o operator, trust []byte) error {
	webhooks, err := redirected(s.webhooks, o.webhook, trust)
	if err != nil {
		return err
	}
	if err := s.cluster.apply(ctx, installer, webhooks); err != nil {
		return err
	}
	cmd, err := o.command()
	if err != nil {
		return err
	}
	c, err := s.launch("operator", cmd)
	if err != nil {
		return err
	}
	if err := c.answers(ctx, "http://"+address(o.health)+"/readyz"); err != nil {
		return err
	}
	s.watch(c)
	return nil
}

// choosePorts takes the preferred port for the pages, and any for what nobody
// has in a bookmark.
func (o *operator) choosePorts(portal int) error {
	free, err := freePorts(portal, 0, 0, 0)
	if err != nil {
		return err
	}
	o.portal, o.webhook, o.metrics, o.health = free[0], free[1], free[2], free[3]
	return nil
}

func (o *operator) portalURL() string { return "http://" + address(o.portal) }

func (o *operator) command() (*exec.Cmd, error) {
	return leashed(seatkeeper,
		"--kubeconfig="+o.kubeconfig,
		"--namespace="+operatorAccount.Namespace,
		"--metrics-bind-address="+address(o.metrics),
		"--health-probe-bind-address="+address(o.health),
		"--webhook-host="+loopback,
		"--webhook-port="+strconv.Itoa(o.webhook),
		"--webhook-cert-dir="+o.certificates,
		"--portal-bind-address="+address(o.portal),
		"--portal-url="+o.portalURL(),
		"--mail-host="+loopback,
		"--mail-port="+strconv.Itoa(o.smtp),
		"--mail-tls=Disabled",
		"--mail-from=Seatkeeper <no-reply@seatkeeper.example>",
		"--stripe-url="+o.stripe,
		"--zap-encoder=console",
		"--zap-time-encoding=rfc3339",
	)
}
