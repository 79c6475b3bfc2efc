// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
)

// known tells of the record of who had the address before: whoever creates the User brings that person back (rules AX-10,
// AX-14). That takes no right beside those that the roles take, which are never those of the record.
func (a *userAdmission) known(ctx context.Context, u *v1alpha1.User) (admission.Warnings, error) {
	record, err := a.record(ctx, u)
	if record == nil {
		return nil, err
	}
	follows := "an invitation follows, since none was accepted then"
	switch {
	case record.Ended():
		follows = "nothing happens before the person is archived, and no invitation is sent then, since one was accepted"
	case record.Record.AcceptedAt != nil:
		follows = "no invitation is sent, since one was accepted then"
	}
	return admission.Warnings{fmt.Sprintf(
		"User %s is the person who left organization %s on %s as User %s, and comes back with the same account: %s",
		u.Name, u.Spec.Organization, moment(record.Record.ArchivedAt.Time), record.Record.User, follows)}, nil
}

// passedOn tells of the record of who had the address before, where somebody who has an account gets the address.
func (a *userAdmission) passedOn(ctx context.Context, before, after *v1alpha1.User) (admission.Warnings, error) {
	if membership.ComesFresh(before) {
		return a.known(ctx, after)
	}
	record, err := a.record(ctx, after)
	if record == nil || record.Record.Account() == before.Account() {
		return nil, err
	}
	if record.Parked() {
		return admission.Warnings{fmt.Sprintf(
			"the address is that of User %s, whose deletion was rejected: the edit of User %s takes effect when the person is archived", record.Record.User, after.Name)}, nil
	}
	return admission.Warnings{fmt.Sprintf(
		"the address was that of User %s until %s: User %s stays who it is, with an account of its own, and the record of the other stays as ArchivedUser %s",
		record.Record.User, moment(record.Record.ArchivedAt.Time), after.Name, record.Name)}, nil
}

func (a *userAdmission) record(ctx context.Context, u *v1alpha1.User) (*v1alpha1.ArchivedUser, error) {
	record := &v1alpha1.ArchivedUser{}
	there, err := a.read(ctx, u.Namespace, membership.RecordName(u.Spec.Organization, u.Spec.Email), record)
	if !there {
		return nil, err
	}
	return record, nil
}

// irreversible tells what the deletion of a user comes to where it leaves no record (rules IN-10, AC-15).
func irreversible(u *v1alpha1.User, org *v1alpha1.Organization) admission.Warnings {
	if !membership.Final(org) || !org.DeletionTimestamp.IsZero() {
		return nil
	}
	what := fmt.Sprintf("this cannot be undone: User %s loses access and the seat for good, and no record is left (spec.offboarding.policy of organization %s is Delete)",
		u.Name, org.Name)
	if membership.Confirmed(u) {
		return admission.Warnings{what}
	}
	return admission.Warnings{what, "nothing happens until you confirm it: " + membership.Confirmation(u)}
}
