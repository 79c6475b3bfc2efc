// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mailroom

import (
	"context"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/mail"
)

// Server names the mail server of an organization; empty is the operator's.
func Server(org *v1alpha1.Organization) string {
	if name := org.Spec.Mail.SMTPSecretRef.Name; name != "" {
		return org.Namespace + "/" + name
	}
	return ""
}

// SenderOf is the server that takes an organization's mail. An error is mail.ErrUnavailable: a Secret can be mended.
func (m *Mailroom) SenderOf(ctx context.Context, org *v1alpha1.Organization) (mail.Sender, error) {
	name := types.NamespacedName{Namespace: org.Namespace, Name: org.Spec.Mail.SMTPSecretRef.Name}
	if name.Name == "" {
		return m.Sender, nil
	}
	sender, err := m.servers.Get(ctx, name, struct{}{})
	if err != nil {
		return nil, mail.Unavailable(err)
	}
	return sender, nil
}
