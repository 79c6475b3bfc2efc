// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BillingMode is how the seats of a pool come about and are billed.
//
// +enum
// +kubebuilder:validation:Enum=Prepaid;Metered
type BillingMode string

const (
	// BillingPrepaid is a pool whose seats are bought before they are used (rule EZ-9).
	BillingPrepaid BillingMode = "Prepaid"
	// BillingMetered is a pool whose capacity follows demand, and whose bill follows use (rules AX-2, AX-15).
	BillingMetered BillingMode = "Metered"
)

// BillingPeriod is the time that a price is for.
//
// +enum
// +kubebuilder:validation:Enum=Month;Year
type BillingPeriod string

const (
	// PeriodMonth is a price for a month.
	PeriodMonth BillingPeriod = "Month"
	// PeriodYear is a price for a year.
	PeriodYear BillingPeriod = "Year"
)

// ApprovalPolicy is whether an order waits for somebody to confirm it.
//
// +enum
// +kubebuilder:validation:Enum=None;Required
type ApprovalPolicy string

const (
	// ApprovalNone is an order that takes effect at once.
	ApprovalNone ApprovalPolicy = "None"
	// ApprovalRequired is an order that waits for the annotation seatkeeper.dev/approve-order (rule AC-11).
	ApprovalRequired ApprovalPolicy = "Required"
)

// ShortagePolicy is what happens while more seats are held than there are.
//
// +enum
// +kubebuilder:validation:Enum=Keep;Suspend
type ShortagePolicy string

const (
	// ShortageKeep takes no seat away, and gives none until enough are free.
	ShortageKeep ShortagePolicy = "Keep"
	// ShortageSuspend withdraws the seats of the newest holders. The organization's owner is spared, and so is
	// who a role needs for its minHolders.
	ShortageSuspend ShortagePolicy = "Suspend"
)

// Price is what one seat costs.
type Price struct {
	// amount is the net price of one seat for one period, a decimal number with a point and up to three
	// decimals, in units of the currency, such as "10.00".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,12}([.][0-9]{1,3})?$')",message="amount must be a decimal number with a point and up to three decimals, such as \"10.00\""
	Amount string `json:"amount,omitempty"`

	// currency is the code of the currency by ISO 4217, such as EUR.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=3
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z]{3}$')",message="currency must be a code of ISO 4217 such as EUR"
	Currency string `json:"currency,omitempty"`

	// period is Month or Year.
	// +required
	Period BillingPeriod `json:"period,omitempty"`
}

// SecretReference names a Secret of the same namespace.
type SecretReference struct {
	// name is the name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// PaymentMethod is a way in which invoices can be paid.
//
// +enum
// +kubebuilder:validation:Enum=Card;SEPADebit
type PaymentMethod string

const (
	// PaymentCard is a credit or debit card.
	PaymentCard PaymentMethod = "Card"
	// PaymentSEPADebit is a direct debit by SEPA.
	PaymentSEPADebit PaymentMethod = "SEPADebit"
)

// StripeBilling is the item of a Stripe subscription whose quantity follows the pool.
type StripeBilling struct {
	// subscriptionItem is the ID of the item, such as si_123. Its quantity is set to the number of seats bought
	// (Prepaid) or billable (Metered).
	// +required
	// +kubebuilder:validation:MinLength=4
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^si_[A-Za-z0-9_]+$')",message="subscriptionItem must be the ID of a Stripe subscription item, such as si_123"
	SubscriptionItem string `json:"subscriptionItem,omitempty"`

	// apiKeySecretRef names the Secret whose key apiKey holds a Stripe API key that may write subscription items
	// and read subscriptions. It is read anew each time, so that it can be rotated.
	// +required
	APIKeySecretRef SecretReference `json:"apiKeySecretRef,omitempty,omitzero"`

	// paymentMethods are the ways in which the invoices of the subscription can be paid, 1 to 2 of Card and SEPADebit (rule
	// EZ-3). Stripe is told of them before the quantity, so that they apply to the invoice that follows, and again when they
	// change; the API key must be allowed to write subscriptions for that. SEPADebit needs the currency EUR. When unset, they are
	// left as they are in Stripe.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	PaymentMethods []PaymentMethod `json:"paymentMethods,omitempty"`
}

// SeatPoolBilling is how the seats of a pool are billed.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.stripe) || !has(self.stripe.paymentMethods) || !('SEPADebit' in self.stripe.paymentMethods) || !has(self.price) || self.price.currency == 'EUR'",message="SEPADebit of stripe.paymentMethods needs price.currency EUR, the only currency of SEPA: leave it out, or change the currency"
type SeatPoolBilling struct {
	// mode is Prepaid or Metered. Prepaid: the capacity is included + seats. Metered: it follows demand, with
	// purchase.maxSeats beyond the included ones at most. Default: Prepaid.
	// +optional
	// +default="Prepaid"
	Mode BillingMode `json:"mode,omitempty"`

	// price is what one seat costs, the included ones apart. When unset, no figures are shown.
	// +optional
	Price *Price `json:"price,omitempty"`

	// taxRate is the tax on top of the price in percent, "0" to "100", a decimal number with a point and up to
	// three decimals, such as "20" or "5.5". When unset, none is added.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=7
	// +kubebuilder:validation:XValidation:rule="self.matches('^(100([.]0{1,3})?|[0-9]{1,2}([.][0-9]{1,3})?)$')",message="taxRate must be a percentage from 0 to 100 with a point and up to three decimals, such as \"20\" or \"5.5\""
	TaxRate string `json:"taxRate,omitempty"`

	// stripe has Stripe bill the seats. When unset, nobody is billed, and the status alone shows figures.
	// +optional
	Stripe *StripeBilling `json:"stripe,omitempty"`
}

// SeatPoolPurchase limits orders, that is, every rise of seats after the pool was created. What a pool is created
// with is no order: a pool that is restored from Git gets the seats it had.
//
// +kubebuilder:validation:MinProperties=1
type SeatPoolPurchase struct {
	// maxSeats is the most that seats may be (rule AC-6), 0 to 1000000; in a Metered pool, the most seats that are
	// given beyond the included ones. When unset, there is no limit.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	MaxSeats *int32 `json:"maxSeats,omitempty"`

	// maxSeatsPerOrder is the most that seats may rise by in one order (rule EZ-5), 1 to 1000000. When unset,
	// there is no limit.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MaxSeatsPerOrder int32 `json:"maxSeatsPerOrder,omitempty"`

	// maxOrderAmount is the most that one order may cost with tax for one period (rule EZ-6), a decimal number
	// with a point and up to three decimals, in billing.price.currency. When unset, there is no limit.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,12}([.][0-9]{1,3})?$')",message="maxOrderAmount must be a decimal number with a point and up to three decimals, such as \"10000.00\""
	MaxOrderAmount string `json:"maxOrderAmount,omitempty"`

	// onlyWhenFull lets seats be ordered only while every seat is assigned (rule AC-9). Default: false.
	// +optional
	OnlyWhenFull *bool `json:"onlyWhenFull,omitempty"`

	// approval is None or Required. Required: an order is shown in status.pendingOrder, and takes effect when
	// somebody sets the annotation seatkeeper.dev/approve-order to its generation (rule AC-11). Default: None.
	// +optional
	// +default="None"
	Approval ApprovalPolicy `json:"approval,omitempty"`
}

// SeatPoolSpec declares a number of seats of an organization.
//
// +kubebuilder:validation:XValidation:rule="!has(self.billing) || !has(self.billing.mode) || self.billing.mode != 'Metered' || !has(self.seats) || self.seats == 0",message="seats must be 0 or left out in a Metered pool, whose capacity follows demand: purchase.maxSeats limits it"
// +kubebuilder:validation:XValidation:rule="!has(self.billing) || !has(self.billing.mode) || self.billing.mode != 'Metered' || !has(self.purchase) || !(has(self.purchase.maxSeatsPerOrder) || has(self.purchase.maxOrderAmount) || has(self.purchase.onlyWhenFull) || has(self.purchase.approval) && self.purchase.approval != 'None')",message="a Metered pool has no orders: of purchase, only maxSeats can be set"
// +kubebuilder:validation:XValidation:rule="!has(self.purchase) || !has(self.purchase.maxOrderAmount) || has(self.billing) && has(self.billing.price)",message="purchase.maxOrderAmount needs billing.price, which says what an order costs and in which currency"
type SeatPoolSpec struct {
	// organization is the name of the Organization of this namespace that the pool belongs to. It cannot
	// be changed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="organization must be the name of an Organization, in lower case letters, digits, - and ."
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="organization cannot be changed: create a SeatPool in the other organization"
	Organization string `json:"organization,omitempty"`

	// displayName is the name that people read, up to 128 characters. When unset, the object's name is shown.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`

	// plan is the name of the plan that the seats belong to, a label for people, up to 64 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Plan string `json:"plan,omitempty"`

	// included is the number of seats that come with the plan (rule AC-5), 0 to 1000000. Default: 0.
	// +optional
	// +default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	Included *int32 `json:"included,omitempty"`

	// seats is the number of seats bought on top, 0 to 1000000; `kubectl scale` sets it. The capacity is
	// included + seats. A rise is an order, which purchase may limit; seats can be given back at any time (rule
	// AC-13). Default: 0.
	// +optional
	// +default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	Seats *int32 `json:"seats,omitempty"`

	// billing is how the seats are billed. When unset, they are Prepaid and have no price.
	// +optional
	Billing SeatPoolBilling `json:"billing,omitempty,omitzero"`

	// purchase limits how seats are ordered. When unset, there is no limit.
	// +optional
	Purchase SeatPoolPurchase `json:"purchase,omitempty,omitzero"`

	// expiresAt is when the bought seats end; the included ones stay (rule EZ-2). A later time renews them. When
	// unset, they do not end.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= timestamp('2000-01-01T00:00:00Z') && self < timestamp('9999-12-31T00:00:00Z')",message="expiresAt must be a time such as 2027-06-30T18:00:00Z, of this millennium"
	ExpiresAt *metav1.Time `json:"expiresAt,omitempty"`

	// onShortage is Keep or Suspend: what happens while more seats are held than there are. Keep: nobody loses a
	// seat, and none is given. Suspend: the newest holders lose theirs and wait in the queue; the organization's
	// owner is spared, and so is who a role needs for its minHolders. Default: Keep.
	// +optional
	// +default="Keep"
	OnShortage ShortagePolicy `json:"onShortage,omitempty"`
}

// Amounts are what seats cost for one period: decimal numbers in units of the currency, rounded half up to its
// minor unit (ISO 4217).
type Amounts struct {
	// net is the cost before tax.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Net string `json:"net,omitempty"`

	// tax is the tax on net.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Tax string `json:"tax,omitempty"`

	// gross is net + tax.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Gross string `json:"gross,omitempty"`

	// currency is the code of the currency by ISO 4217.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=3
	Currency string `json:"currency,omitempty"`

	// period is Month or Year.
	// +optional
	Period BillingPeriod `json:"period,omitempty"`
}

// SeatPoolCost is what the seats of a pool cost at present.
type SeatPoolCost struct {
	// seats is the number of seats that are paid for.
	// +required
	// +kubebuilder:validation:Minimum=0
	Seats *int32 `json:"seats,omitempty"`

	Amounts `json:",inline"`

	// summary is gross as people read it, such as "108.00 EUR/Month".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Summary string `json:"summary,omitempty"`
}

// PendingOrder is an order that waits for approval. Its amounts are unset where the pool has no price.
type PendingOrder struct {
	// generation is that of the SeatPool that asks for the seats: the annotation seatkeeper.dev/approve-order
	// with this value confirms the order.
	// +required
	// +kubebuilder:validation:Minimum=1
	Generation int64 `json:"generation,omitempty"`

	// delta is the number of seats that are ordered on top of those bought.
	// +required
	// +kubebuilder:validation:Minimum=1
	Delta int32 `json:"delta,omitempty"`

	Amounts `json:",inline"`
}

// SeatTerm is the time for which seats are bought at a price, from the order or renewal to expiresAt.
type SeatTerm struct {
	// price is what one seat costs throughout the term.
	// +required
	Price Price `json:"price,omitempty,omitzero"`

	// taxRate is the tax on top of the price in percent throughout the term; none when unset.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=7
	TaxRate string `json:"taxRate,omitempty"`

	// until is when the term ends.
	// +required
	Until metav1.Time `json:"until,omitempty,omitzero"`
}

// BillingStatus is what the billing provider was told, and what it answered.
type BillingStatus struct {
	// subscriptionItem is the ID of what is billed; unset while the pool has no provider any more.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	SubscriptionItem string `json:"subscriptionItem,omitempty"`

	// sequence counts the changes from 1. It is written before the provider is told, and is a part of the key by
	// which the provider recognizes a change that it is told of twice.
	// +required
	// +kubebuilder:validation:Minimum=1
	Sequence int64 `json:"sequence,omitempty"`

	// quantity is the number of seats that the provider is told to bill.
	// +required
	// +kubebuilder:validation:Minimum=0
	Quantity *int32 `json:"quantity,omitempty"`

	// paymentMethods are the ways to pay that the provider is told to offer, sorted; unset where it is told of none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=2
	PaymentMethods []PaymentMethod `json:"paymentMethods,omitempty"`

	// confirmedAt is when the provider confirmed the quantity; unset while it has not.
	// +optional
	ConfirmedAt *metav1.Time `json:"confirmedAt,omitempty"`

	// invoice is the provider's reference of the latest invoice when it confirmed (rule EZ-4); unset where there
	// was none.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Invoice string `json:"invoice,omitempty"`

	// rejection is what the provider said when it refused the quantity or the ways to pay for good, up to 512
	// characters. It is not tried again until the spec, the quantity or the annotation seatkeeper.dev/reconcile-at
	// changes.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Rejection string `json:"rejection,omitempty"`

	// rejectedRevision is the generation of the SeatPool whose quantity was refused, with the value of the
	// annotation seatkeeper.dev/reconcile-at.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	RejectedRevision string `json:"rejectedRevision,omitempty"`
}

// LedgerTurn is the right to write the pool's SeatSlices. It is taken by compare-and-swap on the SeatPool,
// which makes the capacity that its writer saw the capacity in force, and is over when every slice named
// here carries its number.
type LedgerTurn struct {
	// turn counts the turns from 1.
	// +required
	// +kubebuilder:validation:Minimum=1
	Turn int64 `json:"turn,omitempty"`

	// slices are the numbers of the SeatSlices that this turn writes, sorted.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	Slices []int32 `json:"slices,omitempty"`
}

// SeatPoolStatus is what the operator reports about a pool.
type SeatPoolStatus struct {
	// observedGeneration is the generation that the status speaks of; -1 until the operator has looked.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready, Exhausted, Overcommitted, the conditions Expired, OrderPending, PriceChangePending and
	// Billed where they have something to say and, when True, Reconciling or Stalled. docs/conditions.md lists the
	// reasons.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// bought is the number of seats that were bought by the orders that went through; 0 in a Metered pool.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Bought *int32 `json:"bought,omitempty"`

	// seats is the number of seats in effect beyond the included ones; the scale subresource shows it. Prepaid:
	// those bought, 0 once they have expired. Metered: those in use, which are billed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Seats *int32 `json:"seats,omitempty"`

	// capacity is the number of seats that can be held: included and bought, or in a Metered pool included or in
	// use, whichever is more.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Capacity *int32 `json:"capacity,omitempty"`

	// assigned is the number of seats that are held.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Assigned *int32 `json:"assigned,omitempty"`

	// available is the number of seats that are free; 0 when the capacity was lowered below use.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Available *int32 `json:"available,omitempty"`

	// waiting is the number of Users who wait for a seat.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Waiting *int32 `json:"waiting,omitempty"`

	// queue holds the names of the first 100 Users who wait, next one first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	Queue []string `json:"queue,omitempty"`

	// pendingOrder is the order that waits for approval; unset when none does.
	// +optional
	PendingOrder *PendingOrder `json:"pendingOrder,omitempty"`

	// approvedGeneration is the generation that the annotation seatkeeper.dev/approve-order approved last. What it
	// has approved once it does not approve again; unset when there is no such annotation.
	// +optional
	// +kubebuilder:validation:Minimum=1
	ApprovedGeneration int64 `json:"approvedGeneration,omitempty"`

	// cost is what the seats in effect beyond the included ones cost for one period; unset where the pool has no
	// price.
	// +optional
	Cost *SeatPoolCost `json:"cost,omitempty"`

	// term is the time for which the bought seats keep their price; unset where they do not expire.
	// +optional
	Term *SeatTerm `json:"term,omitempty"`

	// billing is what the billing provider was told; unset where there never was one.
	// +optional
	Billing *BillingStatus `json:"billing,omitempty"`

	// ledger is the latest turn at writing the pool's SeatSlices; unset before the first seat was given.
	// +optional
	Ledger *LedgerTurn `json:"ledger,omitempty"`
}

// SeatPool is a number of seats that the holders of roles need. Its seats are given in the order of the
// users' creation, the organization's owner before all, and never more than its capacity.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.seats,statuspath=.status.seats
// +kubebuilder:resource:shortName=seats,categories=seatkeeper
// +kubebuilder:selectablefield:JSONPath=`.spec.organization`
// +kubebuilder:printcolumn:name="Plan",type=string,JSONPath=`.spec.plan`
// +kubebuilder:printcolumn:name="Capacity",type=integer,JSONPath=`.status.capacity`
// +kubebuilder:printcolumn:name="Assigned",type=integer,JSONPath=`.status.assigned`
// +kubebuilder:printcolumn:name="Available",type=integer,JSONPath=`.status.available`
// +kubebuilder:printcolumn:name="Waiting",type=integer,JSONPath=`.status.waiting`
// +kubebuilder:printcolumn:name="Cost",type=string,JSONPath=`.status.cost.summary`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Expires",type=string,JSONPath=`.spec.expiresAt`,priority=1
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 200",message="the name of a SeatPool has at most 200 characters, so that its SeatSlices can be named after it"
type SeatPool struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what people declare.
	// +required
	Spec SeatPoolSpec `json:"spec,omitzero"`

	// status is what the operator reports.
	// +optional
	// +default={"observedGeneration":-1}
	Status SeatPoolStatus `json:"status,omitempty,omitzero"`
}

// SeatPoolList is a list of SeatPools.
//
// +kubebuilder:object:root=true
type SeatPoolList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []SeatPool `json:"items"`
}
