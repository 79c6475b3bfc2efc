// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// child is a process that the bench starts, and stops.
type child struct {
	name  string
	pid   int
	in    io.WriteCloser
	out   *bufio.Reader
	log   string
	stop  context.CancelFunc
	ended chan struct{} // closed when it has
}

// start runs a program. Its standard error goes to a file in dir.
func start(ctx context.Context, dir, name string, env []string, argv ...string) (*child, error) {
	ctx, stop := context.WithCancel(ctx)
	c := &child{name: name, log: filepath.Join(dir, name+".log"), stop: stop, ended: make(chan struct{})}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second // then it is killed
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	log, err3 := os.Create(c.log)
	if err := errors.Join(err1, err2, err3); err != nil {
		stop()
		return nil, err
	}
	defer log.Close()
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		stop()
		return nil, err
	}
	c.pid, c.in, c.out = cmd.Process.Pid, in, bufio.NewReader(out)
	go func() {
		_ = cmd.Wait() // what matters is in the log
		close(c.ended)
	}()
	return c, nil
}

// answer reads the next line that the child writes, and returns what follows the word.
func (c *child) answer(word string) (string, error) {
	line, err := c.out.ReadString('\n')
	if err != nil {
		return "", c.failed(err)
	}
	said, ok := strings.CutPrefix(strings.TrimSpace(line), word)
	if !ok {
		return "", c.failed(fmt.Errorf("it said %q", line))
	}
	return strings.TrimSpace(said), nil
}

// failed tells what the child said last.
func (c *child) failed(err error) error {
	const told = 2000
	log, _ := os.ReadFile(c.log)
	return fmt.Errorf("%s: %w\n%s", c.name, err, log[max(0, len(log)-told):])
}

// end stops the child, and returns when it is gone.
func (c *child) end() {
	c.stop()
	<-c.ended
}

// untilAnyEnds returns a context that ends with the first child, and says so as its cause.
func untilAnyEnds(ctx context.Context, children []*child) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	for _, c := range children {
		go func() {
			select {
			case <-c.ended:
				cancel(c.failed(errors.New("it ended by itself")))
			case <-ctx.Done():
			}
		}()
	}
	return ctx, func() { cancel(nil) }
}
