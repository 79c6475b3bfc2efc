// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// state is the directory that outlives a run.
type state struct {
	// dir is its absolute path.
	dir string
	// since is when this process took it.
	since time.Time
	// lock is locked while this process lives: the system is up, or on its way.
	lock *os.File
	// inUse is the directory itself, locked while any process of the system
	// lives: each inherits it.
	inUse *os.File
}

// claim makes dir this process's own. The error is an *upError when another
// process has it.
func claim(dir string) (*state, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &state{dir: dir, since: time.Now()}
	if err := s.makeDir(); err != nil {
		return nil, err
	}
	if err := s.takeLock(); err != nil {
		return nil, err
	}
	if s.inUse, err = os.Open(dir); err == nil {
		err = s.forget(systemFile) // of a run that was killed
	}
	if err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}

// awaitEarlier waits for the parts of a run that was killed: they are ending by
// themselves.
func (s *state) awaitEarlier(ctx context.Context, show progress) error {
	if free, err := tryLock(s.inUse); free || err != nil {
		return err
	}
	return show.step(ctx, "earlier run", func(ctx context.Context) (string, error) {
		return "has ended", poll(ctx, func(context.Context) error {
			free, err := tryLock(s.inUse)
			if !free && err == nil {
				err = fmt.Errorf("something that it started still runs in %s: end that", s.dir)
			}
			return err
		})
	})
}

// lockFile marks a directory as a state directory.
const lockFile = "lock"

// makeDir makes the directory, unless it is there and somebody else's: it is
// one that `make run-clean` removes.
func (s *state) makeDir() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 && !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == lockFile }) {
		return fmt.Errorf("%s holds something else: choose an empty directory, or a new one", s.dir)
	}
	return nil
}

// takeLock locks the directory, and writes down who did.
func (s *state) takeLock() error {
	lock, err := os.OpenFile(s.path(lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	free, err := tryLock(lock)
	if err == nil && !free {
		err = s.inHand()
	}
	if err == nil {
		err = lock.Truncate(0)
	}
	if err == nil {
		err = json.NewEncoder(lock).Encode(record{PID: os.Getpid(), Since: s.since})
	}
	if err != nil {
		lock.Close()
		return err
	}
	s.lock = lock
	return nil
}

// inHand says who has the directory.
func (s *state) inHand() *upError {
	var up upError
	// What cannot be read is left out: that another process has the directory is known without it.
	_ = s.load(lockFile, &up.record)
	up.ready = s.load(systemFile, &up.record) == nil
	return &up
}

func (s *state) release() {
	if s.inUse != nil {
		s.inUse.Close()
	}
	s.lock.Close()
}

func (s *state) path(elements ...string) string {
	return filepath.Join(append([]string{s.dir}, elements...)...)
}

// load reads a JSON file of the directory.
func (s *state) load(name string, into any) error {
	data, err := os.ReadFile(s.path(name))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s is damaged, remove it: %w", s.path(name), err)
	}
	return nil
}

// save writes a JSON file of the directory; who reads it meanwhile sees all of
// it or nothing.
func (s *state) save(name string, from any) error {
	data, err := json.MarshalIndent(from, "", "  ")
	if err != nil {
		return err
	}
	draft := s.path(name + ".draft")
	if err := os.WriteFile(draft, append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(draft, s.path(name))
}

// forget removes a file of the directory, if it is there.
func (s *state) forget(name string) error {
	if err := os.Remove(s.path(name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// tryLock locks an open file, unless another process has it, for as long as the
// file, or a copy of it that a child process inherited, is open.
func tryLock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("locking %s: %w", f.Name(), err)
	}
	return true, nil
}
