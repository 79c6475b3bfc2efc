// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Command directory runs a SCIM server on this machine, to try what Seatkeeper does in one.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"seatkeeper.dev/seatkeeper/internal/directory/scimtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "directory:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends or, if tied, stdin does.
func run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("directory", flag.ExitOnError)
	address := flags.String("http", "127.0.0.1:8026", "`address` of the SCIM service; a free port if it is taken")
	dir := flags.String("dir", "", "`directory` to keep accounts in across restarts; in memory alone if empty")
	token := flags.String("token", "let-me-in", "bearer `token` that requests have to bring")
	tied := flags.Bool("tied", false, "stop when standard input closes")
	_ = flags.Parse(args) // it exits with the usage on an error
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: only flags are taken, see -h", flags.Arg(0))
	}
	listener, err := listen(ctx, *address)
	if err != nil {
		return err
	}
	defer listener.Close()
	base := "http://" + listener.Addr().String() + "/scim/v2"
	d, err := open(base, *dir, *token)
	if err != nil {
		return err
	}
	if *tied {
		tiedCtx, stop := context.WithCancel(ctx)
		ctx = tiedCtx
		go func() {
			defer stop()
			_, _ = io.Copy(io.Discard, stdin) // any end means that whoever started us is gone
		}()
	}
	if _, err := fmt.Fprintf(stdout, "ready %s\n", base); err != nil {
		return err
	}
	return d.serve(ctx, listener)
}

// listen takes any port where the one that is asked for is taken.
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return l, err
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
}

// service is a directory, and what can be done to it from outside.
type service struct {
	scim *scimtest.Server
	// file is where everything is kept; empty, and nothing is.
	file string
	// changing is held by whoever changes anything, until it is kept.
	changing sync.Mutex
	down     atomic.Bool
}

func open(base, dir, token string) (*service, error) {
	d := &service{scim: scimtest.Handler(scimtest.Rich(), base)}
	d.scim.Tokens(token)
	if dir == "" {
		return d, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	d.file = filepath.Join(dir, "accounts.json")
	saved, err := os.ReadFile(d.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return d, nil
	case err != nil:
		return nil, err
	}
	if err := d.scim.Load(saved); err != nil {
		return nil, fmt.Errorf("%s is damaged, remove it: %w", d.file, err)
	}
	return d, nil
}

// serve serves until ctx ends.
func (d *service) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: d, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}

// ServeHTTP answers as the directory does, but for /outage, which POST begins and DELETE ends, and /sign-in.
func (d *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/outage" && r.Method == http.MethodPost, r.URL.Path == "/outage" && r.Method == http.MethodDelete:
		d.down.Store(r.Method == http.MethodPost)
		w.WriteHeader(http.StatusNoContent)
	case d.down.Load():
		http.Error(w, "down", http.StatusServiceUnavailable)
	case r.URL.Path == "/sign-in" && r.Method == http.MethodPost:
		d.signIn(w, r)
	case r.Method == http.MethodGet:
		d.scim.ServeHTTP(w, r)
	default:
		d.change(w, r)
	}
}

// signIn says whether somebody can sign in with a name and a password, as what relies on the directory would ask it.
func (d *service) signIn(w http.ResponseWriter, r *http.Request) {
	for _, account := range d.scim.Accounts() {
		if account.UserName == r.PostFormValue("name") && account.Active && account.Password != "" && account.Password == r.PostFormValue("password") {
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	http.Error(w, "no active account has this name and password", http.StatusUnauthorized)
}

// change carries a request out, and answers when what came of it is kept.
func (d *service) change(w http.ResponseWriter, r *http.Request) {
	d.changing.Lock()
	defer d.changing.Unlock()
	later := &answer{ResponseWriter: w}
	d.scim.ServeHTTP(later, r)
	if err := d.keep(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(cmp.Or(later.status, http.StatusOK))
	_, _ = w.Write(later.body)
}

func (d *service) keep() error {
	if d.file == "" {
		return nil
	}
	saved, err := d.scim.Save()
	if err != nil {
		return err
	}
	draft := d.file + ".draft"
	if err := os.WriteFile(draft, saved, 0o600); err != nil {
		return err
	}
	return os.Rename(draft, d.file)
}

// answer is one that waits to be given.
type answer struct {
	http.ResponseWriter

	status int
	body   []byte
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements io.Writer.
func (a *answer) Write(p []byte) (int, error) {
	a.body = append(a.body, p...)
	return len(p), nil
}
