// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Command mailbox runs the development mailbox.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"seatkeeper.dev/seatkeeper/hack/mailbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mailbox:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends or, if tied, stdin does.
func run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	var options mailbox.Options
	flags := flag.NewFlagSet("mailbox", flag.ExitOnError)
	flags.StringVar(&options.SMTPAddr, "smtp", "127.0.0.1:1025", "`address` that takes mail; a free port if it is taken")
	flags.StringVar(&options.HTTPAddr, "http", "127.0.0.1:8025", "`address` of the web page; a free port if it is taken")
	flags.IntVar(&options.Capacity, "capacity", mailbox.DefaultCapacity, "how many mails to keep; the oldest go first")
	flags.StringVar(&options.Dir, "dir", "", "`directory` to keep mail in across restarts; in memory alone if empty")
	tied := flags.Bool("tied", false, "stop when standard input closes")
	_ = flags.Parse(args) // it exits with the usage on an error
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: only flags are taken, see -h", flags.Arg(0))
	}

	server, err := mailbox.Start(options)
	if err != nil {
		return err
	}
	if *tied {
		tiedCtx, stop := context.WithCancel(ctx)
		ctx = tiedCtx
		go func() {
			defer stop()
			// Any end of stdin means that whoever started us is gone.
			_, _ = io.Copy(io.Discard, stdin)
		}()
	}
	if _, err := fmt.Fprintf(stdout, "ready smtp=%s http=%s\n", server.SMTPAddr(), server.URL()); err != nil {
		return errors.Join(err, server.Close())
	}
	<-ctx.Done()
	return server.Close()
}
