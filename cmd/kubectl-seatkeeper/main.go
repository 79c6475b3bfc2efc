// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubectl-seatkeeper is a plugin of kubectl: `kubectl seatkeeper` shows and changes who belongs to an organization.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	_ "time/tzdata" // machines without time zones check them too

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/cmd/kubectl-seatkeeper/cli"
)

func main() {
	// Libraries have nothing to say that an error would not.
	ctrllog.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	os.Exit(interruptible(func(ctx context.Context) int { return cli.Run(ctx, cli.OS(), filepath.Base(os.Args[0]), os.Args[1:]) }))
}

// interruptible tells work of the first signal to end. A second one ends what does not heed the first.
func interruptible(work func(context.Context) int) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return work(ctx)
}
