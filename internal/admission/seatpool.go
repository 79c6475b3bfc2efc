// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/pricing"
)

// +kubebuilder:webhook:path=/mutate-seatkeeper-dev-v1alpha1-seatpool,mutating=true,failurePolicy=fail,sideEffects=None,groups=seatkeeper.dev,resources=seatpools,verbs=create,versions=v1alpha1,name=default.seatpools.seatkeeper.dev,admissionReviewVersions=v1
// +kubebuilder:webhook:path=/validate-seatkeeper-dev-v1alpha1-seatpool,mutating=false,failurePolicy=fail,sideEffects=None,groups=seatkeeper.dev,resources=seatpools,verbs=create;update;delete,versions=v1alpha1,name=validate.seatpools.seatkeeper.dev,admissionReviewVersions=v1
// +kubebuilder:webhook:path=/validate-seatkeeper-dev-v1alpha1-seatpool-scale,mutating=false,failurePolicy=fail,sideEffects=None,groups=seatkeeper.dev,resources=seatpools/scale,verbs=update,versions=v1alpha1,name=scale.seatpools.seatkeeper.dev,admissionReviewVersions=v1

// poolAdmission judges SeatPools: what is ordered, and what it costs.
type poolAdmission struct{ *base }

// ValidateCreate refuses what no order could bring, and quotes the rest.
func (a *poolAdmission) ValidateCreate(ctx context.Context, p *v1alpha1.SeatPool) (admission.Warnings, error) {
	if !a.runs(p.Namespace) {
		return nil, nil
	}
	return a.judge(ctx, nil, p)
}

// ValidateUpdate refuses orders beyond the limits, and quotes the rest.
func (a *poolAdmission) ValidateUpdate(ctx context.Context, before, after *v1alpha1.SeatPool) (admission.Warnings, error) {
	if !after.DeletionTimestamp.IsZero() || !a.runs(after.Namespace) {
		return nil, nil // it must be possible to let go, and of others' pools nothing is known
	}
	return a.judge(ctx, before, after)
}

// ValidateDelete refuses what the finalizer would only hold up, and what nobody could take back: a pool that is being deleted gives no
// seat until all who hold one are gone, whoever applies it again. A pool may go with its holders, and with its organization.
func (a *poolAdmission) ValidateDelete(ctx context.Context, p *v1alpha1.SeatPool) (admission.Warnings, error) {
	if !p.DeletionTimestamp.IsZero() || !a.runs(p.Namespace) || swept(ctx) {
		return nil, nil
	}
	org, err := a.organization(ctx, p.Namespace, p.Spec.Organization)
	if err != nil || org == nil || !org.DeletionTimestamp.IsZero() {
		return nil, err
	}
	stay, err := a.staying(ctx, p, org)
	if err != nil || len(stay) == 0 {
		return nil, err
	}
	if going, err := a.going(ctx, p.Namespace); err != nil || going {
		return nil, err
	}
	who := stay[0]
	if others := len(stay) - 1; others > 0 {
		who += fmt.Sprintf(" and %d more", others)
	}
	return nil, apierrors.NewForbidden(v1alpha1.GroupVersion.WithResource("seatpools").GroupResource(), p.Name, fmt.Errorf(
		"seats of it are held, by %s: give their roles another seatPool, or archive or delete the holders first; if everything is to go, delete Organization %s first",
		who, org.Name))
}

// staying are those who hold a seat of a pool and are not about to leave, also those whose deletion was rejected, and who have no User
// until that is applied again.
func (a *poolAdmission) staying(ctx context.Context, p *v1alpha1.SeatPool, org *v1alpha1.Organization) ([]string, error) {
	holders, err := a.holders(ctx, p)
	if err != nil || len(holders) == 0 {
		return nil, err
	}
	var parked v1alpha1.ArchivedUserList
	if err := a.find(ctx, p, &parked, index.Parked, org.Name); err != nil {
		return nil, err
	}
	var users v1alpha1.UserList
	if err := a.find(ctx, p, &users, index.Organization, org.Name); err != nil {
		return nil, err
	}
	var stay []string
	for i := range parked.Items {
		if r := &parked.Items[i]; holders.Has(r.Record.UID) && !r.Ended() {
			stay = append(stay, fmt.Sprintf("User %s, who is parked in ArchivedUser %s", r.Record.User, r.Name))
			holders.Delete(r.Record.UID) // the User may be there for a moment yet
		}
	}
	for i := range users.Items {
		if u := &users.Items[i]; holders.Has(u.UID) && !departs(u, org) {
			stay = append(stay, "User "+u.Name)
		}
	}
	slices.Sort(stay)
	return stay, nil
}

// holders are who holds a seat of a pool by its SeatSlices: what the status of a User says of seats comes later.
func (a *poolAdmission) holders(ctx context.Context, p *v1alpha1.SeatPool) (sets.Set[types.UID], error) {
	var ledger v1alpha1.SeatSliceList
	if err := a.find(ctx, p, &ledger, index.SlicePool, p.Name); err != nil {
		return nil, err
	}
	holders := sets.Set[types.UID]{}
	for i := range ledger.Items {
		for _, seat := range ledger.Items[i].Assignments {
			holders.Insert(seat.UID)
		}
	}
	return holders, nil
}

// find lists what an index finds in the namespace of a pool.
func (a *poolAdmission) find(ctx context.Context, p *v1alpha1.SeatPool, list client.ObjectList, by, value string) error {
	if err := a.cache.List(ctx, list, client.InNamespace(p.Namespace), client.MatchingFields{by: value}, loop.Lagging{}); err != nil {
		return apierrors.NewInternalError(fmt.Errorf("looking for who holds a seat: %w", err))
	}
	return nil
}

// holding are the reasons for which somebody who is declared to leave keeps access, perhaps for good.
var holding = []string{
	v1alpha1.ReasonConfirmationRequired, v1alpha1.ReasonLastHolder, v1alpha1.ReasonRemovalHeld, v1alpha1.ReasonSuccessorRequired, v1alpha1.ReasonTransferBlocked,
}

// departs says that a user is about to give the seat back: access is revoked, or nothing is known to hold the user.
func departs(u *v1alpha1.User, org *v1alpha1.Organization) bool {
	switch {
	case !access.Leaving(u):
		return false
	case u.Status.AccessRevokedAt != nil:
		return true
	case access.Rejected(u, org), membership.Unconfirmed(u, org):
		return false
	}
	stalled := meta.FindStatusCondition(u.Status.Conditions, v1alpha1.ConditionStalled)
	return stalled == nil || stalled.Status != metav1.ConditionTrue || !slices.Contains(holding, stalled.Reason)
}

// judge applies the rules that the controller applies too, and asks for the right to what the pool has read. What was wrong
// before does not keep the rest from being changed. before is nil for a pool that is created.
func (a *poolAdmission) judge(ctx context.Context, before, after *v1alpha1.SeatPool) (admission.Warnings, error) {
	warnings, errs := a.order(before, after)
	refused, err := a.rights.refuse(ctx, after.Namespace, poolGains(before, after))
	if err != nil {
		return nil, err
	}
	return answer("SeatPool", after.Name, warnings, append(errs, refused...))
}

// poolGains are the rights that a change of a pool needs: to the Secret that it names.
func poolGains(before, after *v1alpha1.SeatPool) []demand {
	is := after.Spec.Billing.Stripe
	if is == nil {
		return nil
	}
	if before != nil && before.Spec.Billing.Stripe != nil && before.Spec.Billing.Stripe.APIKeySecretRef == is.APIKeySecretRef {
		return nil
	}
	g := &gains{}
	g.secret(field.NewPath("spec", "billing", "stripe", "apiKeySecretRef", "name"), is.APIKeySecretRef.Name)
	return g.demands
}

// order judges what is ordered, and quotes it.
func (a *poolAdmission) order(before, after *v1alpha1.SeatPool) (admission.Warnings, field.ErrorList) {
	s := pricing.Change(before, after, a.clock.Now())
	var spec *v1alpha1.SeatPoolSpec
	if before != nil {
		spec = &before.Spec
	}
	d := pricing.Decide(s)
	var errs field.ErrorList
	if d.Invalid != "" && (before == nil || d.Ordered > 0 || !pricing.SamePrice(spec, &after.Spec)) {
		at, detail, _ := strings.Cut(d.Invalid, ": ")
		errs = append(errs, field.Invalid(field.NewPath("spec."+at), field.OmitValueType{}, detail))
	}
	if d.Refusal != "" && (before == nil || !ptr.Equal(spec.Seats, after.Spec.Seats)) {
		errs = append(errs, field.Forbidden(field.NewPath("spec", "seats"), d.Refusal))
	}
	if before != nil && d.Pending != nil {
		errs = append(errs, approval(before, after)...)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return pricing.Quote(after.Name, spec, s, d), nil
}

// approval refuses the approval of anything but the order as it is now.
func approval(before, after *v1alpha1.SeatPool) field.ErrorList {
	const name = v1alpha1.AnnotationApproveOrder
	given := after.Annotations[name]
	if given == "" || given == before.Annotations[name] {
		return nil
	}
	if generation, err := strconv.ParseInt(given, 10, 64); err == nil && generation <= before.Status.ApprovedGeneration {
		return nil // of an order before, as a repository may keep it
	}
	return field.ErrorList{field.Invalid(field.NewPath("metadata", "annotations").Key(name), given, fmt.Sprintf(
		"approves an order of another generation: look at status.pendingOrder, and approve it by %q", strconv.FormatInt(after.Generation, 10)))}
}

// scaleAdmission judges what `kubectl scale` does to a SeatPool, by the same rules.
type scaleAdmission struct{ pools *poolAdmission }

// ValidateUpdate judges the SeatPool as the scale makes it.
func (a *scaleAdmission) ValidateUpdate(ctx context.Context, _, scale *autoscalingv1.Scale) (admission.Warnings, error) {
	if !a.pools.runs(scale.Namespace) {
		return nil, nil
	}
	var before v1alpha1.SeatPool
	if err := a.pools.live.Get(ctx, client.ObjectKeyFromObject(scale), &before); err != nil {
		return nil, apierrors.NewInternalError(fmt.Errorf("reading the SeatPool: %w", err))
	}
	after := before.DeepCopy()
	if after.Spec.Seats = &scale.Spec.Replicas; !ptr.Equal(before.Spec.Seats, after.Spec.Seats) {
		after.Generation++
	}
	return a.pools.judge(ctx, &before, after)
}

// ValidateCreate is not asked.
func (a *scaleAdmission) ValidateCreate(context.Context, *autoscalingv1.Scale) (admission.Warnings, error) {
	return nil, nil
}

// ValidateDelete is not asked.
func (a *scaleAdmission) ValidateDelete(context.Context, *autoscalingv1.Scale) (admission.Warnings, error) {
	return nil, nil
}
