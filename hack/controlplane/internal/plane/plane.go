// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plane runs a Kubernetes control plane in this process.
package plane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"

	"seatkeeper.dev/seatkeeper/hack/controlplane/internal/controllers"
	"seatkeeper.dev/seatkeeper/hack/controlplane/internal/etcd"
	"seatkeeper.dev/seatkeeper/hack/controlplane/internal/pki"
)

// Options say where and how a control plane runs.
type Options struct {
	// Dir is the absolute path of the state, and exists.
	Dir string
	// Port on 127.0.0.1 is used when it is free, and else another one.
	Port int
	// Durable data survives a crash of the machine, not just one of the process.
	Durable bool
	// Log is for etcd; everything else uses klog.
	Log *zap.Logger
}

// Run serves until ctx ends. It calls ready with the path of the administrator's
// kubeconfig once everything runs; only when ctx ends before that it is an error.
func Run(ctx context.Context, o Options, ready func(kubeconfig string)) error {
	certs, err := pki.Ensure(filepath.Join(o.Dir, "pki"), time.Now())
	if err != nil {
		return err
	}
	member, err := etcd.Start(ctx, filepath.Join(o.Dir, "etcd"), o.Durable, o.Log)
	if err != nil {
		return err
	}
	defer member.Close()
	listener, err := listen(o.Port)
	if err != nil {
		return err
	}
	server, err := apiServer(ctx, listener, member.Endpoint, certs)
	if err != nil {
		return fmt.Errorf("configuring the API server: %w", err)
	}
	kubeconfig := filepath.Join(o.Dir, "kubeconfig")
	config, err := writeKubeconfig(kubeconfig, listener.Addr(), certs)
	if err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}
	return serve(ctx, server, config, func() { ready(kubeconfig) })
}

// serve ends the controllers with ctx and the API server after them, so that
// nothing is left that complains about its peer in the log.
func serve(ctx context.Context, server options.CompletedOptions, config *rest.Config, ready func()) error {
	serverCtx, stopServer := context.WithCancel(context.WithoutCancel(ctx))
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := app.Run(serverCtx, server); err != nil {
			return fmt.Errorf("running the API server: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		defer stopServer()
		if err := waitUntilReady(ctx, config); err != nil {
			return fmt.Errorf("waiting for the API server: %w", err)
		}
		if err := controllers.Start(ctx, config); err != nil {
			return fmt.Errorf("starting the controllers: %w", err)
		}
		ready()
		<-ctx.Done()
		return nil
	})
	return group.Wait()
}

func listen(port int) (net.Listener, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return net.Listen("tcp", "127.0.0.1:0")
	}
	return listener, err
}

// writeKubeconfig embeds the certificates, so that a copy of the file works anywhere.
func writeKubeconfig(path string, server net.Addr, certs pki.Files) (*rest.Config, error) {
	const name, user = "seatkeeper", "seatkeeper-admin"
	c := clientcmdapi.NewConfig()
	c.Clusters[name] = &clientcmdapi.Cluster{Server: "https://" + server.String(), CertificateAuthority: certs.CA}
	c.AuthInfos[user] = &clientcmdapi.AuthInfo{ClientCertificate: certs.AdminCert, ClientKey: certs.AdminKey}
	c.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: user}
	c.CurrentContext = name
	if err := clientcmdapi.FlattenConfig(c); err != nil {
		return nil, err
	}
	if err := clientcmd.WriteToFile(*c, path); err != nil {
		return nil, err
	}
	return clientcmd.NewDefaultClientConfig(*c, nil).ClientConfig()
}
