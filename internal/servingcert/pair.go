// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"time"
)

// backdated is by how much a certificate is older than it is, for machines whose clocks are behind.
const backdated = time.Hour

// pair is a certificate for a server, with its key.
type pair struct {
	// chain is the certificate, with its authority's at the end; key is its key. Both are PEM.
	chain, key []byte
	served     tls.Certificate
	// authority vouches for the certificate. Of those that we make, each is its own: there is no key that could sign another.
	authority *x509.Certificate
}

// issue makes a certificate for a server of these names.
func issue(names []string, now time.Time, life time.Duration) (*pair, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "seatkeeper webhooks " + serial.Text(16)}, DNSNames: names,
		NotBefore: now.Add(-backdated), NotAfter: now.Add(life), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return parse(encode(certificate), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

func encode(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// parse reads a pair as it is kept.
func parse(chain, key []byte) (*pair, error) {
	served, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return nil, err
	}
	last := served.Certificate[len(served.Certificate)-1]
	authority, err := x509.ParseCertificate(last)
	if err != nil {
		return nil, err
	}
	return &pair{chain: chain, key: key, served: served, authority: authority}, nil
}

// check says why the API server would not accept the certificate from a server of these names, if its authority is trusted.
func (p *pair) check(names []string, now time.Time) error {
	if p == nil {
		return errors.New("there is none")
	}
	roots := x509.NewCertPool()
	roots.AddCert(p.authority)
	for _, name := range names {
		if _, err := p.served.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: now}); err != nil {
			return err
		}
	}
	return nil
}
