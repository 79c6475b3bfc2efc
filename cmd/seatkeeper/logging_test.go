// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"regexp"
	"testing"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	rawzap "go.uber.org/zap"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// What is said late is said as it would be otherwise, by a logger and by those made from it.
func TestALateLoggerSaysTheSame(t *testing.T) {
	t.Parallel()
	say := func(options ...rawzap.Option) string {
		var said bytes.Buffer
		log := zap.New(zap.WriteTo(&said), zap.RawZapOpts(options...))
		pass := log.WithName("controller").WithValues("User", klog.KRef("acme", "jean")).WithValues("reconcileID", "1")
		other := pass.WithValues("reconcileID", "2")
		pass.Info("transition", "reason", "Invited")
		other.V(1).Info("not said at this level")
		other.Error(errors.New("no route"), "Reconciler error")
		log.Info("of nobody")
		return regexp.MustCompile(`"ts":"[^"]*"|"stacktrace":"[^"]*"`).ReplaceAllString(said.String(), "")
	}
	if diff := cmp.Diff(say(), say(rawzap.WrapCore(newLate))); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// A logger that says nothing costs next to nothing, although each pass makes one.
func TestASilentLoggerIsCheap(t *testing.T) {
	cost := func(options ...rawzap.Option) testing.BenchmarkResult {
		log := zap.New(zap.WriteTo(&bytes.Buffer{}), zap.RawZapOpts(options...))
		return testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				pass(log)
			}
		})
	}
	eager, lazy := cost(), cost(rawzap.WrapCore(newLate))
	if 3*lazy.AllocedBytesPerOp() > eager.AllocedBytesPerOp() {
		t.Errorf("%d bytes, and %d if it said all it knows at once: want a third at most", lazy.AllocedBytesPerOp(), eager.AllocedBytesPerOp())
	}
}

func pass(log logr.Logger) {
	log.WithValues("User", klog.KRef("acme", "jean")).WithValues("namespace", "acme", "name", "jean").WithValues("reconcileID", "1").V(1).Info("nothing")
}
