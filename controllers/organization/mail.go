// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package organization

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// mails is what a pass knows of an organization's mail.
type mails struct {
	// found says that there is the ConfigMap that the organization names; problems is what is wrong with it.
	found    bool
	problems []invitation.Problem
	server   reach
}

func (r *Reconciler) gatherMails(ctx context.Context, org *v1alpha1.Organization) (m mails, err error) {
	_, m.problems, m.found, err = r.Mailroom.TemplatesOf(ctx, org)
	failure, tried := r.Outbox.Health(client.ObjectKeyFromObject(org))
	m.server = reach{
		kind: v1alpha1.ConditionMailReachable, tried: tried, failure: failure,
		is: v1alpha1.ReasonMailReachable, isMessage: "the mail server takes mail",
		not: v1alpha1.ReasonMailUnavailable, notMessage: "mail cannot be sent (%s): it is as soon as the server can be reached",
	}
	return m, err
}

// reportTemplates says what is wrong with the organization's own mails. The built-in ones are sent instead.
func reportTemplates(org *v1alpha1.Organization, m mails, now time.Time) {
	const shown = 5
	name := org.Spec.Invitation.Templates.Name
	switch {
	case name == "":
		verdict.Unset(org, v1alpha1.ConditionTemplatesValid)
	case !m.found:
		verdict.Set(org, v1alpha1.ConditionTemplatesValid, false, v1alpha1.ReasonConfigMapNotFound,
			fmt.Sprintf("there is no ConfigMap %s, which spec.invitation.templates names, and the built-in mails are sent: create it", name), now)
	case len(m.problems) > 0:
		var said []string
		for _, p := range m.problems[:min(shown, len(m.problems))] {
			said = append(said, p.String())
		}
		if more := len(m.problems) - len(said); more > 0 {
			said = append(said, fmt.Sprintf("and %d more", more))
		}
		verdict.Set(org, v1alpha1.ConditionTemplatesValid, false, v1alpha1.ReasonTemplatesInvalid,
			fmt.Sprintf("ConfigMap %s has mistakes, and where a language has one, the built-in mail is sent: %s", name, strings.Join(said, "; ")), now)
	default:
		verdict.Set(org, v1alpha1.ConditionTemplatesValid, true, v1alpha1.ReasonTemplatesValid,
			fmt.Sprintf("the mails of ConfigMap %s are sent", name), now)
	}
}

// announce tells people when an outage begins and ends, and when mails of their own cannot be used.
func (r *Reconciler) announce(before, after *v1alpha1.Organization) {
	for _, kind := range []string{v1alpha1.ConditionMailReachable, v1alpha1.ConditionTemplatesValid, v1alpha1.ConditionDirectoryReachable} {
		was, is := meta.FindStatusCondition(before.Status.Conditions, kind), meta.FindStatusCondition(after.Status.Conditions, kind)
		switch {
		case is == nil || was != nil && was.Reason == is.Reason && was.Message == is.Message:
		case is.Status != "True":
			r.Events.Eventf(after, nil, corev1.EventTypeWarning, is.Reason, "Reconcile", "%s", is.Message)
		case was != nil:
			r.Events.Eventf(after, nil, corev1.EventTypeNormal, is.Reason, "Reconcile", "%s", is.Message)
		}
	}
}
