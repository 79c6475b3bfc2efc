// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/cmd/seatkeeper/app"
	"seatkeeper.dev/seatkeeper/internal/keystore"
)

// rotateKeys is the command that replaces the key of invitation links. It runs wherever there is a kubeconfig, with the
// rights of whoever runs it.
const rotateKeys = "rotate-keys"

func rotate(ctx context.Context, flags *flag.FlagSet, args []string, config func() (*rest.Config, error), out io.Writer) error {
	namespace := flags.String("namespace", "seatkeeper-system", "the operator's own namespace, where the keys are")
	force := flags.Bool("force", false, "rotate although links that are out end: after a key was stolen, twice")
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "Usage: seatkeeper %s [flags]\n\nMakes a new key for invitation links. Links that are out still work, until the rotation after this one.\n\n", rotateKeys)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not a flag: flags are given as --name=value", flags.Arg(0))
	}
	cfg, err := config()
	if err != nil {
		return fmt.Errorf("finding the cluster: %w", err)
	}
	scheme, err := app.Scheme()
	if err != nil {
		return err
	}
	c, err := client.New(cfg, client.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	next, err := keystore.Rotate(ctx, c, *namespace, clock.RealClock{}.Now(), *force)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "The invitation keys are rotated. Links that are out still work; rotate again after %s at the earliest.\n", next.UTC().Format(time.RFC3339))
	return nil
}
