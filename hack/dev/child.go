// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// grace is how long a child may take to end. It is more than the operator's
// own limit for finishing what it does.
const grace = 40 * time.Second

// child is a program of the system. It ends when its standard input closes, and
// hence with this process, whatever ends that. A process group of its own keeps
// the terminal's Ctrl-C from it, so that the order of the end is ours.
type child struct {
	name    string
	logPath string
	cmd     *exec.Cmd
	stdin   io.Closer
	// line is the first that it prints, if any.
	line chan string
	// ended is closed when it has ended; err is then how.
	ended chan struct{}
	err   error
}

// launch starts a command as a child; its output goes to a log of that name.
func (s *state) launch(name string, cmd *exec.Cmd) (*child, error) {
	c := &child{
		name:    name,
		logPath: s.path(name + ".log"),
		cmd:     cmd,
		line:    make(chan string, 1),
		ended:   make(chan struct{}),
	}
	log, err := os.OpenFile(c.logPath, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = &lineReporter{log: log, line: c.line}, log
	cmd.ExtraFiles = []*os.File{s.inUse}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second // for output that something it started holds open
	if c.stdin, err = cmd.StdinPipe(); err == nil {
		err = cmd.Start()
	}
	if err != nil {
		log.Close()
		return nil, fmt.Errorf("%w: it has to be called by make run, which builds everything, or in the same directory", err)
	}
	go func() {
		c.err = cmd.Wait()
		c.kill() // what it may have left of its group
		log.Close()
		close(c.ended)
	}()
	return c, nil
}

// firstLine waits for the first line that the child prints.
func (c *child) firstLine(ctx context.Context) (string, error) {
	select {
	case line := <-c.line:
		return line, nil
	case <-c.ended:
		return "", c.death()
	case <-ctx.Done():
		return "", fmt.Errorf("it says nothing; its log is %s", c.logPath)
	}
}

// answers waits until the child answers a request with success.
func (c *child) answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-c.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := poll(ctx, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s; the log is %s", url, response.Status, c.logPath)
		}
		return nil
	})
	if err != nil && c.hasEnded() {
		return c.death()
	}
	return err
}

func (c *child) hasEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// stop ends the child and returns when it is over.
func (c *child) stop() {
	c.stdin.Close()
	select {
	case <-c.ended:
	case <-time.After(grace):
		c.kill()
		<-c.ended
	}
}

func (c *child) kill() {
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) // it fails when nothing is left
}

// endedError says that a child ended that should not have.
type endedError struct {
	name    string
	err     error
	logPath string
	logTail string
}

func (e *endedError) Error() string {
	how := "without an error"
	if e.err != nil {
		how = "with " + e.err.Error()
	}
	return fmt.Sprintf("the %s ended by itself, %s. The end of %s:\n%s", e.name, how, e.logPath, e.logTail)
}

// death is the error of a child that has ended.
func (c *child) death() *endedError {
	return &endedError{name: c.name, err: c.err, logPath: c.logPath, logTail: tail(c.logPath)}
}

// tail returns the last lines of a log, indented.
func tail(path string) string {
	const lines = 15
	data, err := os.ReadFile(path)
	if err != nil {
		return "  " + err.Error()
	}
	all := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	return "  " + strings.Join(all[max(0, len(all)-lines):], "\n  ")
}

// lineReporter copies all that is written to a log, and reports the first line.
type lineReporter struct {
	log     io.Writer
	line    chan<- string
	partial []byte
	seen    bool
}

func (w *lineReporter) Write(p []byte) (int, error) {
	if !w.seen {
		w.partial = append(w.partial, p...)
		if line, _, ok := bytes.Cut(w.partial, []byte("\n")); ok {
			w.line <- string(line)
			w.seen, w.partial = true, nil
		}
	}
	return w.log.Write(p)
}

// leashName is the name by which this program runs another one on a leash.
const leashName = "leash"

// leashed is a command that ends when its standard input closes, although the
// program does not heed that.
func leashed(program string, args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return &exec.Cmd{Path: self, Args: append([]string{leashName, program}, args...)}, nil
}

// leash runs a program until standard input closes, which it does however the
// process at its other end goes. It returns the exit code.
func leash(command []string) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = grace - 5*time.Second
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // a broken pipe ends it like a closed one
		cancel()
	}()
	err := cmd.Run()
	if err == nil || ctx.Err() != nil {
		return 0
	}
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode()
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}
