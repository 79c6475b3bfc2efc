// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package organization

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/fault"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// reach is whether a server of an organization's can be reached, and how that is said.
type reach struct {
	kind string
	// tried says that something was, and failure why the server could not be reached; nil when it could.
	tried   bool
	failure error
	// is and not are the reasons; notMessage has a place for the server's words.
	is, isMessage   string
	not, notMessage string
}

// directory is whether the directory of an organization can be reached.
func (r *Reconciler) directory(org *v1alpha1.Organization) reach {
	failure, tried := r.Accounts.Health(client.ObjectKeyFromObject(org))
	if !membership.HasDirectory(org) {
		return reach{kind: v1alpha1.ConditionDirectoryReachable}
	}
	return reach{
		kind: v1alpha1.ConditionDirectoryReachable, tried: tried, failure: failure,
		is: v1alpha1.ReasonDirectoryReachable, isMessage: "the directory takes what it is asked for",
		not: v1alpha1.ReasonDirectoryUnavailable, notMessage: "accounts cannot be kept (%s): they are as soon as the directory can be reached",
	}
}

// report says it. What an outage began with is said until it ends: the words may be others at every try.
func (s reach) report(org *v1alpha1.Organization, now time.Time) {
	const mostWords = 300
	is := meta.FindStatusCondition(org.Status.Conditions, s.kind)
	switch {
	case s.is == "":
		verdict.Unset(org, s.kind)
	case !s.tried || is != nil && is.Reason == s.not && s.failure != nil:
	case s.failure != nil:
		verdict.Set(org, s.kind, false, s.not, fmt.Sprintf(s.notMessage, fault.Words(s.failure, mostWords)), now)
	default:
		verdict.Set(org, s.kind, true, s.is, s.isMessage, now)
	}
}

// reportListed says what the directory has. What was said stays until it is looked at again.
func reportListed(org *v1alpha1.Organization, listed *v1alpha1.DirectoryStatus) {
	switch {
	case !membership.HasDirectory(org):
		org.Status.Directory = v1alpha1.DirectoryStatus{}
	case listed != nil:
		org.Status.Directory = *listed
	}
}
