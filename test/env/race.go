// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"runtime/debug"
	"slices"
)

// Size is how large a test is: under the race detector, which makes everything several times slower, the smaller one. `make test`
// runs the tests whose names begin with TestTenThousand and TestThousand, or have Crash in them, without it as well.
func Size(full, raced int) int {
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return raced
	}
	return full
}
