// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/types"
)

// annotationWithdrawn notes who was taken out of a RoleBinding before their Users said that the role is lost. Without it,
// whoever looks between the two would bind them again.
const annotationWithdrawn = "seatkeeper.dev/withdrawn"

// withdrawal keeps somebody out while the User is as it was then, and not for longer than it takes to write that the role is
// lost, should that never happen.
type withdrawal struct {
	uid     types.UID
	version string
	until   time.Time
}

// withdrawalLasts is how long a withdrawal counts.
const withdrawalLasts = 30 * time.Second

// withdrawals are those that a RoleBinding notes. What is not one is no matter: somebody wrote it by hand.
func withdrawals(b *rbacv1.RoleBinding) []withdrawal {
	var all []withdrawal
	for text := range strings.FieldsSeq(b.Annotations[annotationWithdrawn]) {
		const parts = 3
		fields := strings.Split(text, "/")
		if len(fields) != parts {
			continue
		}
		until, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			continue
		}
		all = append(all, withdrawal{types.UID(fields[0]), fields[1], time.Unix(until, 0)})
	}
	return all
}

// note makes withdrawals those that a RoleBinding notes.
func note(b *rbacv1.RoleBinding, all []withdrawal) {
	if len(all) == 0 {
		delete(b.Annotations, annotationWithdrawn)
		return
	}
	texts := make([]string, len(all))
	for i, w := range all {
		texts[i] = fmt.Sprintf("%s/%s/%d", w.uid, w.version, w.until.Unix())
	}
	slices.Sort(texts)
	if b.Annotations == nil {
		b.Annotations = map[string]string{}
	}
	b.Annotations[annotationWithdrawn] = strings.Join(texts, " ")
}
