// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Command controlplane is a Kubernetes control plane for development and tests
// in one process: etcd, a complete kube-apiserver and the few controllers that
// an operator depends on. Called by the name of etcd or kube-apiserver it is
// just that program, so that envtest can use it too.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/go-logr/zapr"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/component-base/cli"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"

	"seatkeeper.dev/seatkeeper/hack/controlplane/internal/plane"
)

func main() {
	switch filepath.Base(os.Args[0]) {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(app.NewAPIServerCommand()))
	default:
		if err := run(); err != nil {
			fmt.Fprintln(os.Stderr, "controlplane:", err)
			os.Exit(1)
		}
	}
}

func run() error {
	var o plane.Options
	flag.StringVar(&o.Dir, "dir", "", "state directory, kept for the next start; without it a temporary one, removed at the end")
	flag.IntVar(&o.Port, "port", 0, "preferred port on 127.0.0.1; a free one is chosen when it is taken or 0")
	flag.BoolVar(&o.Durable, "durable", false, "sync every write to disk, so that the state survives a crash of the machine")
	tied := flag.Bool("tied", false, "stop when standard input closes, so that no parent can leave this process behind")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *tied {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // a broken pipe ends the tie like a closed one
			stop()
		}()
	}

	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "controlplane-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.Dir = dir
	}
	logFile, err := claim(&o.Dir)
	if err != nil {
		return err
	}
	defer func() { _ = logFile.Close() }()
	o.Log = newLog(logFile)
	klog.SetLogger(zapr.NewLogger(o.Log))

	return plane.Run(ctx, o, func(kubeconfig string) { fmt.Println("ready", kubeconfig) })
}

// claim creates dir, makes it absolute and starts its log anew. The log is locked:
// two control planes on one directory would leave the second one's etcd waiting
// for its database without a word.
func claim(dir *string) (*os.File, error) {
	var err error
	if *dir, err = filepath.Abs(*dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(*dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(*dir, "controlplane.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("a control plane runs on %s already: stop it, or choose another -dir (%w)", *dir, err)
	}
	return file, file.Truncate(0)
}

func newLog(w zapcore.WriteSyncer) *zap.Logger {
	config := zap.NewProductionEncoderConfig()
	config.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	return zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(config), zapcore.Lock(w), zap.InfoLevel))
}
