// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pki keeps the certificates of a control plane that serves on loopback.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/util/keyutil"
)

const (
	lifetime = 365 * 24 * time.Hour
	// A control plane that starts has at least this long before its certificates end.
	renewBefore = lifetime / 4
)

// Files are the paths of what the API server and its administrator need.
type Files struct {
	CA                    string
	ServerCert, ServerKey string
	AdminCert, AdminKey   string
	ServiceAccountKey     string
}

// Ensure makes the files in dir. Certificates are kept from start to start, so
// that copies of the kubeconfig go on working, and issued anew, all of them,
// when one is missing, damaged or near its end. The key of the service account
// tokens is kept for ever, since the tokens in the cluster depend on it.
func Ensure(dir string, now time.Time) (Files, error) {
	path := func(name string) string { return filepath.Join(dir, name) }
	f := Files{
		CA:         path("ca.crt"),
		ServerCert: path("server.crt"), ServerKey: path("server.key"),
		AdminCert: path("admin.crt"), AdminKey: path("admin.key"),
		ServiceAccountKey: path("service-account.key"),
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Files{}, err
	}
	if _, _, err := keyutil.LoadOrGenerateKeyFile(f.ServiceAccountKey); err != nil {
		return Files{}, fmt.Errorf("loading the service account key, which you may remove to have a new one: %w", err)
	}
	if f.check(now) == nil && f.check(now.Add(renewBefore)) == nil {
		return f, nil
	}
	if err := f.issue(now); err != nil {
		return Files{}, fmt.Errorf("issuing certificates: %w", err)
	}
	return f, nil
}

// check says whether the certificates belong together and are valid at the time.
func (f Files) check(at time.Time) error {
	ca, err := os.ReadFile(f.CA)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	verify := func(cert, key string, usage x509.ExtKeyUsage) error {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return err
		}
		_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{usage}})
		return err
	}
	return errors.Join(
		verify(f.ServerCert, f.ServerKey, x509.ExtKeyUsageServerAuth),
		verify(f.AdminCert, f.AdminKey, x509.ExtKeyUsageClientAuth),
	)
}

// issue writes new certificates. The authority's own key is not stored: nothing
// else is ever signed by it.
func (f Files) issue(now time.Time) error {
	caKey, err := newKey()
	if err != nil {
		return err
	}
	ca := template("seatkeeper-controlplane", now)
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	// Parsed, because then it names its key, which strict clients demand that a leaf points to.
	ca, err = writeCert(f.CA, ca, &caKey.PublicKey, ca, caKey)
	if err != nil {
		return err
	}
	server := template("kube-apiserver", now)
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	server.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	admin := template("admin", now)
	admin.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	admin.Subject.Organization = []string{"system:masters"}
	return errors.Join(
		issueLeaf(f.ServerCert, f.ServerKey, server, ca, caKey),
		issueLeaf(f.AdminCert, f.AdminKey, admin, ca, caKey),
	)
}

func template(name string, now time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), // for clocks that are put back a little
		NotAfter:  now.Add(lifetime),
		KeyUsage:  x509.KeyUsageDigitalSignature,
	}
}

func issueLeaf(certPath, keyPath string, leaf, ca *x509.Certificate, caKey *ecdsa.PrivateKey) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	data, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return err
	}
	if err := keyutil.WriteKey(keyPath, data); err != nil {
		return err
	}
	_, err = writeCert(certPath, leaf, &key.PublicKey, ca, caKey)
	return err
}

func writeCert(path string, cert *x509.Certificate, key *ecdsa.PublicKey, ca *x509.Certificate, caKey *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, cert, ca, key, caKey)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }
