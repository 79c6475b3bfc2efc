// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// patience is how long one step may take on a slow machine.
const patience = 2 * time.Minute

// progress shows one line per step.
type progress struct{ out io.Writer }

// step shows name at once and, when do is over, how long it took and the remark
// that do returned. The context of do ends when it takes too long.
func (p progress) step(ctx context.Context, name string, do func(ctx context.Context) (remark string, err error)) error {
	stepCtx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it took longer than %s", patience))
	defer cancel()
	began := time.Now()
	fmt.Fprintf(p.out, "  %-14s", name)
	remark, err := do(stepCtx)
	switch {
	case err == nil:
		fmt.Fprintln(p.out, strings.TrimRight(fmt.Sprintf("%4.1f s  %s", time.Since(began).Seconds(), remark), " "))
		return nil
	case ctx.Err() != nil:
		fmt.Fprintln(p.out, "interrupted")
	default:
		fmt.Fprintln(p.out, "failed")
	}
	if cause := context.Cause(stepCtx); cause != nil {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return fmt.Errorf("%s: %w", name, err)
}
