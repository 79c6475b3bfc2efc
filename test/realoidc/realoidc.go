// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package realoidc runs an OpenID provider that is not ours for tests: oidc-provider on Node.js, on loopback.
package realoidc

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// ClientID and ClientSecret are those of the client that Start registers.
const (
	ClientID     = "seatkeeper"
	ClientSecret = "realoidc-secret-7a30"
)

// Start runs a provider until the test ends, and returns its issuer. Whoever signs in there as somebody, with any password, has
// the address somebody@domain, verified unless the name begins with "unverified", and is sent back to callback. REALOIDC names
// the directory that holds the provider, with what it needs.
func Start(t *testing.T, domain, callback string) (issuer string) {
	t.Helper()
	dir := os.Getenv("REALOIDC")
	if dir == "" {
		t.Fatal("REALOIDC is not set: run this by `make test-e2e`, or with REALOIDC=$(hack/realoidc.sh)")
	}
	cmd := exec.Command("node", "server.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "REALOIDC_DOMAIN="+domain)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the test, whose end closes the input
	var complaints bytes.Buffer
	cmd.Stderr = &complaints // it warns of being for development
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the OpenID provider: %v\n%s", err, &complaints)
		}
	})
	port, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("the OpenID provider does not say its port: %v", err)
	}
	issuer = "http://127.0.0.1:" + strings.TrimSpace(port)
	register(t, issuer, callback)
	return issuer
}

func register(t *testing.T, issuer, callback string) {
	t.Helper()
	client, err := json.Marshal(map[string]any{"client_id": ClientID, "client_secret": ClientSecret, "redirect_uris": []string{callback}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, issuer+"/test/clients", bytes.NewReader(client))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("registering a client: %s", response.Status)
	}
}
