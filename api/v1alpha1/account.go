// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"

	"k8s.io/apimachinery/pkg/types"
)

// Account is the identity that the person's account elsewhere is tied to: it outlasts the User object.
func (u *User) Account() types.UID { return cmp.Or(u.Status.AccountUID, u.UID) }

// Account is the identity that the person's account elsewhere is tied to.
func (r *UserRecord) Account() types.UID { return cmp.Or(r.AccountUID, r.UID) }
