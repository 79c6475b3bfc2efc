// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"cmp"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// prepare does what comes before an invitation: the directory gets the first password (rule EZ-12). It is Done when
// the invitation can go out.
func (d *Decision) prepare(s Situation) verdict.Verdict {
	u := d.User
	secret := u.Spec.InitialPasswordSecretRef.Name
	handOver := secret != "" && u.Status.InitialPasswordAt == nil
	switch {
	case HasDirectory(s.Organization) && handOver:
		d.HandOver = true
		return verdict.Verdict{Kind: verdict.Silent}
	case HasDirectory(s.Organization):
		return verdict.Verdict{}
	case handOver:
		return stuck(v1alpha1.ReasonDirectoryRequired,
			"spec.initialPasswordSecretRef names a first password, and there is no directory to hand it to: configure one, or remove the field")
	case s.Organization.Spec.Invitation.Acceptance == v1alpha1.AcceptancePassword:
		return stuck(v1alpha1.ReasonDirectoryRequired,
			"organization %s asks for a password (spec.invitation.acceptance), and there is no directory to hand it to: configure one, or set Confirm there",
			s.Organization.Name)
	}
	return verdict.Verdict{}
}

// HandedOver records that the directory has the first password. The invitation follows.
func (d *Decision) HandedOver(at time.Time) {
	handed := metav1.NewTime(at.Truncate(time.Second))
	d.User.Status.InitialPasswordAt = &handed
	d.Verdict = verdict.Verdict{
		Kind: verdict.Wait, Reason: v1alpha1.ReasonInviting, Message: "the directory has the first password: the invitation follows", WakeAt: d.now,
	}
}

// Unprepared records that the directory refuses the first password for good, in its words.
func (d *Decision) Unprepared(words string) {
	d.Verdict = stuck(v1alpha1.ReasonDirectoryRejected, "the directory refused the first password (%s): correct it in Secret %s, and set annotation %s to any new value",
		cmp.Or(words, "it did not say why"), d.User.Spec.InitialPasswordSecretRef.Name, v1alpha1.AnnotationReconcileAt)
}

// PasswordMissing records that there is no first password to hand over. Secrets are not watched: the next look is at
// retryAt.
func (d *Decision) PasswordMissing(retryAt time.Time) {
	d.Verdict = stuck(v1alpha1.ReasonSecretNotFound, "there is no Secret %s with the key password, which spec.initialPasswordSecretRef names: create it, or remove the field",
		d.User.Spec.InitialPasswordSecretRef.Name)
	d.Verdict.WakeAt = retryAt
}

// Postponed records that the directory could not be reached, or asks to come back later, in its words.
func (d *Decision) Postponed(words string, retryAt time.Time) {
	d.Verdict = verdict.Verdict{
		Kind: verdict.Retry, Reason: v1alpha1.ReasonDirectoryUnavailable, WakeAt: retryAt,
		Message: fmt.Sprintf("the directory is not available (%s): the first password is handed over, and the invitation sent, as soon as it is", words),
	}
}
