// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// shutdownGrace is how long answers on their way may take when the server stops: as long as a password's, or somebody's who comes
// back from an identity provider.
const shutdownGrace = max(directoryTimeout, signInTimeout) + 2*finishTimeout

// Server serves the portal as part of a manager, on every replica, once the caches are filled. It speaks plain
// HTTP: an Ingress or a Gateway in front of it ends TLS.
type Server struct {
	// Listener is where it serves. The server closes it.
	Listener net.Listener
	// Handler is what New returns.
	Handler http.Handler
	// Log takes what goes wrong with connections, at the debug level.
	Log logr.Logger
}

var (
	_ manager.Runnable               = (*Server)(nil)
	_ manager.LeaderElectionRunnable = (*Server)(nil)
)

// NeedLeaderElection says that every replica serves.
func (s *Server) NeedLeaderElection() bool { return false }

// Start serves until ctx ends, then lets the answers on their way finish.
func (s *Server) Start(ctx context.Context) error {
	server := &http.Server{
		Handler:           s.Handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10*time.Second + answerTimeout,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(logr.ToSlogHandler(s.Log), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(s.Listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serving the portal: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return fmt.Errorf("stopping the portal, with answers still on their way: %w", err)
	}
	return nil
}
