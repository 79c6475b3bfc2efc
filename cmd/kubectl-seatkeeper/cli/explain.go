// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/clientcmd"
)

// explain is an error in words that say what to do.
func explain(err error) string {
	if remedy := remedy(err); remedy != "" {
		return printableLines(err.Error()) + "\n" + remedy
	}
	return printableLines(err.Error())
}

// remedy is what helps against an error; empty when its own words say it.
func remedy(err error) string {
	var resolving *net.DNSError
	switch {
	case clientcmd.IsEmptyConfig(err):
		return "There is no kubeconfig: set KUBECONFIG, or give --kubeconfig or --server."
	case clientcmd.IsContextNotFound(err), clientcmd.IsConfigurationInvalid(err):
		return "Check the kubeconfig ('kubectl config view') and --kubeconfig, --context, --cluster and --user."
	case meta.IsNoMatchError(err):
		return "This cluster does not know Seatkeeper's kinds: install Seatkeeper there, or choose another cluster with --context."
	case apierrors.IsUnauthorized(err):
		return "The cluster does not know you: sign in again, or choose other credentials with --user or --context."
	case apierrors.IsForbidden(err) && !denied(err):
		return "Ask who runs the cluster for this right ('kubectl auth can-i --list' shows yours), or choose another namespace with --namespace."
	case errors.Is(err, syscall.ECONNREFUSED), errors.As(err, &resolving):
		return "The cluster cannot be reached: is it running, and is its address right ('kubectl cluster-info')?"
	case errors.Is(err, context.DeadlineExceeded):
		return "The cluster did not answer in time: try again, with a longer --request-timeout."
	}
	return ""
}

// denied says that a webhook or a policy of the cluster refused a request. Its words say why, and it is no right that is missing.
func denied(err error) bool {
	text := err.Error()
	return strings.Contains(text, "denied the request") || strings.Contains(text, "denied request")
}
