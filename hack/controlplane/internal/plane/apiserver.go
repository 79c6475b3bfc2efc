// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"context"
	"net"
	"net/http"
	"time"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"

	"seatkeeper.dev/seatkeeper/hack/controlplane/internal/pki"
)

// apiServer returns the options of a complete kube-apiserver on the listener.
func apiServer(ctx context.Context, listener net.Listener, etcdEndpoint string, certs pki.Files) (options.CompletedOptions, error) {
	o := options.NewServerRunOptions()
	o.Etcd.StorageConfig.Transport.ServerList = []string{etcdEndpoint}
	loopback := listener.Addr().(*net.TCPAddr)
	o.SecureServing.Listener, o.SecureServing.BindAddress, o.SecureServing.BindPort = listener, loopback.IP, loopback.Port
	o.SecureServing.ServerCert.CertKey.CertFile, o.SecureServing.ServerCert.CertKey.KeyFile = certs.ServerCert, certs.ServerKey
	o.GenericServerRunOptions.AdvertiseAddress = loopback.IP
	o.Authentication.ClientCert.ClientCA = certs.CA
	o.Authentication.ServiceAccounts.Issuers = []string{"https://kubernetes.default.svc"}
	o.Authentication.ServiceAccounts.KeyFiles = []string{certs.ServiceAccountKey}
	o.ServiceAccountSigningKeyFile = certs.ServiceAccountKey
	o.Authorization.Modes = []string{"RBAC"}
	o.ServiceClusterIPRanges = "10.0.0.0/24"
	o.EndpointReconcilerType = "none" // nothing can reach the kubernetes service: there is no network
	completed, err := o.Complete(ctx)
	if err != nil {
		return options.CompletedOptions{}, err
	}
	return completed, utilerrors.NewAggregate(completed.Validate())
}

// waitUntilReady asks as the administrator, and so proves the kubeconfig too.
func waitUntilReady(ctx context.Context, config *rest.Config) error {
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return err
	}
	return wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		var status int
		client.RESTClient().Get().AbsPath("/readyz").Do(ctx).StatusCode(&status)
		return status == http.StatusOK, nil
	})
}
