// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stripe

import (
	"bufio"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/billing"
	"seatkeeper.dev/seatkeeper/internal/billing/billingtest"
)

// stripe-mock is Stripe's own: it answers 400 to what Stripe's API description
// does not allow. It keeps nothing.
func TestStripeTakesOurRequests(t *testing.T) {
	base := startMock(t)
	if status := post(t, base+"/v1/subscription_items/si_seats", url.Values{"proration_behavior": {"sometimes"}}); status != http.StatusBadRequest {
		t.Fatalf("stripe-mock answers %d to a request that is wrong: what it takes proves nothing", status)
	}
	p := provider(t, Options{BaseURL: base})
	for why, change := range map[string]func(*billing.Change){
		"with the next invoice": func(*billing.Change) {},
		"with one of its own":   func(c *billing.Change) { c.InvoiceNow = true },
		"none any more":         func(c *billing.Change) { c.Quantity = 0 },
		"with ways to pay": func(c *billing.Change) {
			c.PaymentMethods = []v1alpha1.PaymentMethod{v1alpha1.PaymentCard, v1alpha1.PaymentSEPADebit}
		},
	} {
		t.Run(why, func(t *testing.T) {
			c := billingtest.Change("k", 5)
			c.APIKey = "sk_test_123"
			change(&c)
			if _, err := p.SetQuantity(t.Context(), c); err != nil {
				t.Errorf("SetQuantity: %v", err)
			}
		})
	}
	t.Run("an API key that is none", func(t *testing.T) {
		c := billingtest.Change("k", 5)
		c.APIKey = "hunter2"
		if _, err := p.SetQuantity(t.Context(), c); kindOf(err).Is != "unauthorized" || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("SetQuantity: %v, want ErrUnauthorized without the API key", err)
		}
	})
}

// startMock returns the base URL of a stripe-mock that ends with the test.
func startMock(t *testing.T) string {
	t.Helper()
	bin, err := filepath.Abs(filepath.Join("..", "..", "..", "bin", "stripe-mock"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(bin); err != nil {
		t.Fatalf("there is no stripe-mock to start: run `make bin/stripe-mock`, which builds it (%v)", err)
	}
	cmd := exec.CommandContext(t.Context(), bin, "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // it was killed by then, and says so
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "Listening for HTTP at address: "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return "http://" + address
		}
	}
	t.Fatalf("stripe-mock ended before it listened: %v", lines.Err())
	return ""
}

func post(t *testing.T, to string, form url.Values) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Authorization": {"Bearer sk_test_123"}, "Content-Type": {"application/x-www-form-urlencoded"}}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}
