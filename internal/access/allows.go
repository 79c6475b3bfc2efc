// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import "slices"

// Allows says that permissions are, or cover, one that is asked for. One that ends in .* is asked for as a whole.
func Allows(permissions []string, asked string) bool {
	return slices.Contains(permissions, asked) || !slices.Contains(Merge(append(slices.Clone(permissions), asked)), asked)
}
