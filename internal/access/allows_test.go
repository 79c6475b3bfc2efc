// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"testing"

	"seatkeeper.dev/seatkeeper/internal/access"
)

func TestAllows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why         string
		permissions []string
		asked       string
		want        bool
	}{
		{"it is among them", []string{"a", "crm.read"}, "crm.read", true},
		{"one covers it", []string{"crm.*"}, "crm.deals.read", true},
		{"everything covers it", []string{"*"}, "crm", true},
		{"a whole is covered by a wider one", []string{"crm.*"}, "crm.deals.*", true},
		{"a part is not the whole", []string{"crm.deals.*"}, "crm.*", false},
		{"words are whole", []string{"crm.*"}, "crmx.read", false},
		{"x.* is not x", []string{"crm.*"}, "crm", false},
		{"nothing allows nothing", nil, "crm", false},
	} {
		if got := access.Allows(c.permissions, c.asked); got != c.want {
			t.Errorf("%s: %v on %s: %t", c.why, c.permissions, c.asked, got)
		}
	}
}
