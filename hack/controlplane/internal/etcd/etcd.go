// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package etcd runs a single-member etcd in this process, on a Unix socket only.
package etcd

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// Member is a running etcd.
type Member struct {
	// Endpoint is the client URL.
	Endpoint string

	etcd      *embed.Etcd
	socketDir string
}

// Start serves the data in dir. Without durable, writes are left to the
// operating system: several times faster, and lost when the machine crashes.
func Start(ctx context.Context, dir string, durable bool, log *zap.Logger) (*Member, error) {
	// Not in dir: the path of a Unix socket has at most 107 bytes.
	socketDir, err := os.MkdirTemp("", "etcd-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for etcd's socket: %w", err)
	}
	client := url.URL{Scheme: "unix", Path: filepath.Join(socketDir, "sock")}
	cfg := embed.NewConfig()
	cfg.Dir = dir
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	cfg.ListenPeerUrls = nil // a single member has no peers; the URL it advertises is a mere name, the same for ever
	cfg.UnsafeNoFsync = !durable
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(log.WithOptions(zap.IncreaseLevel(zap.WarnLevel)))
	m := &Member{Endpoint: client.String(), socketDir: socketDir}
	if m.etcd, err = embed.StartEtcd(cfg); err != nil {
		os.RemoveAll(socketDir)
		return nil, fmt.Errorf("starting etcd on %s: %w", dir, err)
	}
	select {
	case <-m.etcd.Server.ReadyNotify():
		return m, nil
	case err = <-m.etcd.Err():
	case <-ctx.Done():
		err = ctx.Err()
	}
	m.Close()
	return nil, fmt.Errorf("waiting for etcd on %s: %w", dir, err)
}

// Close stops the member.
func (m *Member) Close() {
	m.etcd.Close()
	os.RemoveAll(m.socketDir)
}
