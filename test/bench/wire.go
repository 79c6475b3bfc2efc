// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"k8s.io/client-go/rest"
)

const (
	typeJSON       = "application/json"
	typeMergePatch = "application/merge-patch+json"
)

// wire is as bare a client of an API server as can be: bytes out, and what comes back only as far as it is wanted.
type wire struct {
	client *http.Client
	host   string
}

func newWire(cfg *rest.Config) (*wire, error) {
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, err
	}
	return &wire{client: client, host: strings.TrimSuffix(cfg.Host, "/")}, nil
}

// open sends a request, and returns the body of a good answer, which is to be closed.
func (w *wire) open(ctx context.Context, method, path, contentType string, body []byte) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, w.host+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		defer resp.Body.Close()
		said, _ := io.ReadAll(resp.Body)
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, said)
	}
	return resp.Body, nil
}

// send sends a request, and reads the answer into into unless that is nil.
func (w *wire) send(ctx context.Context, method, path, contentType string, body []byte, into any) error {
	answer, err := w.open(ctx, method, path, contentType, body)
	if err != nil {
		return err
	}
	defer answer.Close()
	if into != nil {
		err = json.NewDecoder(answer).Decode(into)
	}
	_, rest := io.Copy(io.Discard, answer) // so that the connection can be used again
	return errors.Join(err, rest)
}

// requests asks the API server what it was asked for until now.
func (w *wire) requests(ctx context.Context) (requests, error) {
	metrics, err := w.open(ctx, http.MethodGet, "/metrics", "", nil)
	if err != nil {
		return nil, err
	}
	defer metrics.Close()
	return parseRequests(metrics)
}
