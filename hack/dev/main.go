// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Command dev is `make run`: Seatkeeper on this machine, made of a Kubernetes
// control plane, the development mailbox, a directory and the operator as it
// runs in a cluster. It is called in the root of the repository, where it finds their
// programs in bin/ and what to install in config/.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if os.Args[0] == leashName {
		os.Exit(leash(os.Args[1:]))
	}
	dir := flag.String("dir", ".run", "`directory` of the state, kept for the next start")
	stripe := flag.String("stripe-url", "", "`address` of the Stripe API for the operator; Stripe's own if empty")
	remove := flag.Bool("clean", false, "remove the state directory, unless it is in use, and do nothing else")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "Error: unexpected argument %q: only flags are taken, see -h\n", flag.Arg(0))
		os.Exit(2)
	}

	ctx, cancel := context.WithCancel(context.Background())
	ctx, stop := signal.NotifyContext(ctx, stopSignals()...)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // it would end us in no order
	go func() {
		abandoned(os.Stdout)
		cancel()
	}()
	var err error
	if *remove {
		err = clean(ctx, *dir, os.Stdout)
	} else {
		err = run(ctx, *dir, *stripe, os.Stdout)
	}
	if up := new(upError); errors.As(err, &up) {
		fmt.Print(up)
		os.Exit(1)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

// stopSignals are those that end everything in good order. More of them change
// nothing: every step of the end has a limit of its own. Under nohup, the end
// of the terminal is none of them.
func stopSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// run serves until ctx ends, which is no error, or a part of the system does,
// which is.
func run(ctx context.Context, dir, stripe string, out io.Writer) error {
	kept, err := claim(dir)
	if err != nil {
		return err
	}
	defer kept.release()
	fmt.Fprintf(out, "Starting Seatkeeper, state in %s\n", dir)
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	s := &system{state: kept, progress: progress{out}, fail: fail, stripe: stripe}
	err = s.start(ctx)
	if err == nil {
		fmt.Fprint(out, "\n", s.record.hints("Seatkeeper is up."),
			"Ctrl-C here stops everything and keeps the state; 'make run-clean' removes it.\n")
		<-ctx.Done()
	}
	cause := context.Cause(ctx) // before stop, to which every child ends
	fmt.Fprintln(out, "\nStopping Seatkeeper")
	s.stop()
	if ended := new(endedError); errors.As(cause, &ended) || errors.As(err, &ended) {
		return ended // whatever else went wrong came of it
	}
	if cause != nil {
		return nil // as asked, be it in the middle of the start
	}
	return err
}

// clean removes the state.
func clean(ctx context.Context, dir string, out io.Writer) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	kept, err := claim(dir)
	if up := new(upError); errors.As(err, &up) {
		return fmt.Errorf("process %d uses %s: stop it first", up.PID, dir)
	}
	if err != nil {
		return err
	}
	defer kept.release()
	if err := kept.awaitEarlier(ctx, progress{out}); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}
