// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"time"
)

const (
	// period is for how long a certificate is served. It lives for three: in the first it is the next, so that
	// everybody trusts it long before it is served, and the third is for an operator that is down.
	period = 30 * 24 * time.Hour
	// published is how long a certificate is the next one at least, when there is a choice.
	published = time.Hour
)

// The keys of the Secret.
const (
	keyCurrent, keyCurrentKey = "tls.crt", "tls.key"
	keyNext, keyNextKey       = "next.crt", "next.key"
	keyPrevious               = "previous-ca.crt"
)

// certificates are what the Secret holds.
type certificates struct {
	// current is served, and next will be.
	current, next *pair
	// previous is the authority of what was served before: a replica may not have noticed the change yet.
	previous []byte
}

// stored reads a Secret. What makes no sense is not there.
func stored(data map[string][]byte) certificates {
	var c certificates
	c.current, _ = parse(data[keyCurrent], data[keyCurrentKey])
	c.next, _ = parse(data[keyNext], data[keyNextKey])
	if block, _ := pem.Decode(data[keyPrevious]); block != nil {
		if authority, err := x509.ParseCertificate(block.Bytes); err == nil {
			c.previous = encode(authority.Raw)
		}
	}
	return c
}

// data is what a Secret holds of them.
func (c certificates) data() map[string][]byte {
	data := map[string][]byte{
		keyCurrent: c.current.chain, keyCurrentKey: c.current.key, keyNext: c.next.chain, keyNextKey: c.next.key,
	}
	if c.previous != nil {
		data[keyPrevious] = c.previous
	}
	return data
}

// bundle is whom the API server has to trust, so that no call fails while replicas change from one to the next.
func (c certificates) bundle() []byte {
	return bytes.Join([][]byte{encode(c.current.authority.Raw), encode(c.next.authority.Raw), c.previous}, nil)
}

// renewed returns what there should be in place of these certificates, which are the same while they are fit. served is
// what this replica serves at present, if anything: it outlives a Secret that was emptied or edited.
func (c certificates) renewed(served *pair, names []string, now time.Time) (certificates, error) {
	if c.current.check(names, now) != nil {
		c.current = served
	}
	if c.current.check(names, now) != nil {
		c.current = nil
	}
	if c.next.check(names, now) != nil {
		c.next = nil
	}
	if c.next != nil && (c.current == nil || !now.Before(c.due())) {
		if c.current != nil {
			c.previous = encode(c.current.authority.Raw)
		}
		c.current, c.next = c.next, nil
	}
	var err error
	if c.current == nil {
		if c.current, err = issue(names, now, 2*period); err != nil {
			return c, err
		}
	}
	if c.next == nil {
		c.next, err = issue(names, now, 3*period)
	}
	return c, err
}

// due is when the next certificate takes over: when the current one has lived two thirds of its life, but not before the
// next one is known.
func (c certificates) due() time.Time {
	due, known := c.current.served.Leaf.NotAfter.Add(-period), c.next.served.Leaf.NotBefore.Add(backdated+published)
	if known.After(due) {
		return known
	}
	return due
}
