// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// What is on record is what the directory was left with. Others change things there, and a crash may have: whoever looks at all
// accounts says what was found, and what follows from that is decided here like all else.

// Drift is how the directory has the account of a user. What is like it should be is the zero Drift.
type Drift struct {
	// Open says that the person can sign in, who is not to be able to.
	Open bool
	// Missing says that there is no account.
	Missing bool
	// Differs are the names of the attributes that are otherwise than they are to be.
	Differs []string
}

// Astray says that the account is otherwise than it is to be.
func (f *Drift) Astray() bool { return f != nil && (f.Open || f.Missing || len(f.Differs) > 0) }

func (f *Drift) open() bool { return f != nil && f.Open }

// astray says that the directory is to see to an account although nothing of it was changed here. What was reported when that was
// all that was asked for is seen to when it is no more.
func (d *Decision) astray(s Situation) bool {
	if reports(s.Organization) {
		return false
	}
	return s.Drift.Astray() || s.Drift == nil && d.drifted()
}

// compared records what is known of an account that nobody is to change. Without a look since, what the one before found is said.
func (d *Decision) compared(s Situation) {
	switch {
	case s.Drift == nil && d.drifted():
	case s.Drift.Astray() && !s.Drift.Open: // who is about to be signed out is told of by that
		d.provisioned(false, v1alpha1.ReasonDrifted, s.Drift.words(s.Organization))
	default:
		d.provisioned(true, v1alpha1.ReasonProvisioned, "the directory has the account")
	}
}

// nothingToCompare says so of an account of somebody without a role: it is only to be deactivated, and that it is.
func (d *Decision) nothingToCompare() {
	if d.drifted() {
		d.provisioned(false, v1alpha1.ReasonDeprovisioned, "the account is deactivated")
	}
}

// drifted says that the record tells of a difference.
func (d *Decision) drifted() bool {
	c := meta.FindStatusCondition(d.User.Status.Conditions, v1alpha1.ConditionProvisioned)
	return c != nil && c.Reason == v1alpha1.ReasonDrifted
}

func reports(org *v1alpha1.Organization) bool {
	return org.Spec.Directory.DriftPolicy == v1alpha1.DriftReport
}

// words tell which attributes differ, and of none the value: those are the person's.
func (f *Drift) words(org *v1alpha1.Organization) string {
	what := "has the account no more"
	if !f.Missing {
		what = "has of the account otherwise than declared: " + strings.Join(f.Differs, ", ")
	}
	return fmt.Sprintf("the directory %s; set it right there, or let spec.directory.driftPolicy of organization %s be Correct", what, org.Name)
}
