// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stripe

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/billing"
	"seatkeeper.dev/seatkeeper/internal/billing/billingtest"
	"seatkeeper.dev/seatkeeper/internal/billing/fake"
)

func TestRequests(t *testing.T) {
	type request struct{ Method, Path, Key, APIKey, Form string }
	for why, tt := range map[string]struct {
		now  bool
		want string
	}{
		"with the next invoice":  {false, "proration_behavior=create_prorations&quantity=5"},
		"with an invoice of its": {true, "proration_behavior=always_invoice&quantity=5"},
	} {
		t.Run(why, func(t *testing.T) {
			p, s := start(t)
			c := billingtest.Change("k", 5)
			c.InvoiceNow = tt.now
			if _, err := p.SetQuantity(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			var got []request
			for _, r := range s.Requests() {
				got = append(got, request{r.Method, r.Path, r.IdempotencyKey, r.APIKey, r.Form.Encode()})
				agent := r.Header.Get("X-Stripe-Client-User-Agent")
				if _, told := r.Header["X-Stripe-Client-Telemetry"]; told || strings.Contains(agent, runtime.GOOS) {
					t.Errorf("Stripe is told how we do, or where we run: %s", agent)
				}
			}
			if diff := cmp.Diff([]request{
				{"POST", "/v1/subscription_items/" + billingtest.Item, "k", billingtest.APIKey, tt.want},
				{"GET", "/v1/subscriptions/sub_1", "", billingtest.APIKey, ""},
			}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What can be paid how is said first, so that it applies to the invoice that the change brings.
func TestPaymentMethodsComeFirst(t *testing.T) {
	p, s := start(t)
	c := billingtest.Change("k", 5)
	c.PaymentMethods = []v1alpha1.PaymentMethod{v1alpha1.PaymentCard, v1alpha1.PaymentSEPADebit}
	if _, err := p.SetQuantity(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range s.Requests() {
		got = append(got, r.Method+" "+r.Path)
	}
	if diff := cmp.Diff([]string{
		"GET /v1/subscription_items/" + billingtest.Item, "POST /v1/subscriptions/sub_1", "POST /v1/subscription_items/" + billingtest.Item, "GET /v1/subscriptions/sub_1",
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"card", "sepa_debit"}, s.PaymentMethods("sub_1")); diff != "" {
		t.Errorf("ways to pay (-want +got):\n%s", diff)
	}

	// A way that the account has not, and the quantity stays.
	s.Script(fake.Fault{Status: http.StatusBadRequest, Error: fake.Error{Type: "invalid_request_error", Message: "The payment method type sepa_debit is not activated"}})
	c.Key, c.Quantity = "k2", 7
	if _, err := p.SetQuantity(t.Context(), c); kindOf(err).Is != "rejected" || !strings.Contains(err.Error(), "sepa_debit is not activated") {
		t.Errorf("SetQuantity: %v, want a rejection with Stripe's words", err)
	}
	if got := s.Quantity(billingtest.Item); got != 5 {
		t.Errorf("%d are billed, want still 5", got)
	}
}

// What is to be paid otherwise, but is as much as before, brings no invoice: the quantity is not sent.
func TestPaymentMethodsAloneInvoiceNothing(t *testing.T) {
	p, s := start(t)
	c := billingtest.Change("k", 5)
	c.InvoiceNow = true
	c.PaymentMethods = []v1alpha1.PaymentMethod{v1alpha1.PaymentCard}
	first, err := p.SetQuantity(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	before := len(s.Requests())
	c.Key, c.PaymentMethods = "k2", []v1alpha1.PaymentMethod{v1alpha1.PaymentSEPADebit}
	if again, err := p.SetQuantity(t.Context(), c); err != nil || again != first {
		t.Errorf("SetQuantity: %v, %v, want still %v", again, err, first)
	}
	var got []string
	for _, r := range s.Requests()[before:] {
		got = append(got, r.Method+" "+r.Path+"?"+r.Form.Encode())
	}
	if diff := cmp.Diff([]string{
		"GET /v1/subscription_items/" + billingtest.Item + "?", "POST /v1/subscriptions/sub_1?payment_settings%5Bpayment_method_types%5D%5B0%5D=sepa_debit", "GET /v1/subscriptions/sub_1?",
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whoever reads that the ways to pay are refused has to know that the seats are billed nevertheless.
func TestRefusedPaymentMethodsSayThatTheQuantityIsBilled(t *testing.T) {
	p, s := start(t)
	c := billingtest.Change("k", 5)
	c.PaymentMethods = []v1alpha1.PaymentMethod{v1alpha1.PaymentSEPADebit}
	lost := c
	lost.PaymentMethods = nil // so that the next POST is that of the quantity
	s.Script(fake.Fault{Applied: true, Cut: true})
	if _, err := p.SetQuantity(t.Context(), lost); kindOf(err).Is != "unavailable" || s.Quantity(billingtest.Item) != 5 {
		t.Fatalf("SetQuantity: %v and %d are billed, want no answer and 5", err, s.Quantity(billingtest.Item))
	}
	s.Script(fake.Fault{Status: http.StatusBadRequest, Error: fake.Error{Type: "invalid_request_error", Message: "sepa_debit is not activated"}})
	_, err := p.SetQuantity(t.Context(), c)
	want := kind{"rejected", false, 0, "the ways to pay are refused, and this quantity is billed already: sepa_debit is not activated"}
	if diff := cmp.Diff(want, kindOf(err)); diff != "" {
		t.Errorf("SetQuantity: %v (-want +got):\n%s", err, diff)
	}
}

// An earlier try may still be on its way: Stripe bills it after it was asked how many it bills, and before it refuses the ways to pay.
func TestRefusedPaymentMethodsWhileAnEarlierTryIsOnItsWay(t *testing.T) {
	_, s := start(t)
	at, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(at)
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			s.Add(billingtest.Item, "sub_1", 5)
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(between.Close)
	p := provider(t, Options{BaseURL: between.URL})
	c := billingtest.Change("k", 5)
	c.PaymentMethods = []v1alpha1.PaymentMethod{v1alpha1.PaymentSEPADebit}
	refusal := fake.Fault{Status: http.StatusBadRequest, Error: fake.Error{Type: "invalid_request_error", Message: "sepa_debit is not activated"}}
	s.Script(refusal)
	_, err = p.SetQuantity(t.Context(), c)
	want := kind{"rejected", false, 0, "the ways to pay are refused, and this quantity is billed already: sepa_debit is not activated"}
	if diff := cmp.Diff(want, kindOf(err)); diff != "" {
		t.Errorf("SetQuantity: %v (-want +got):\n%s", err, diff)
	}
	c.Key, c.Quantity = "k2", 6 // of which Stripe has not heard
	s.Script(refusal)
	_, err = p.SetQuantity(t.Context(), c)
	want.Words = "the ways to pay are refused: sepa_debit is not activated"
	if diff := cmp.Diff(want, kindOf(err)); diff != "" || !billing.MethodsRejected(billing.Words(err)) {
		t.Errorf("SetQuantity: %v (-want +got):\n%s", err, diff)
	}
}

// The key is the quantity's: what fails before that is sent has not spent it.
func TestPaymentMethodsDoNotSpendTheKey(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		p, s := start(t)
		c := billingtest.Change("k", 5)
		c.PaymentMethods = []v1alpha1.PaymentMethod{v1alpha1.PaymentCard}
		s.Script(fake.Fault{Method: method, Status: http.StatusInternalServerError, Error: fake.Error{Type: "api_error", Message: "Sorry"}})
		_, err := p.SetQuantity(t.Context(), c)
		if diff := cmp.Diff(kind{"unavailable", false, 0, "Sorry"}, kindOf(err)); diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", method, err, diff)
		}
		if _, err := p.SetQuantity(t.Context(), c); err != nil || s.Quantity(billingtest.Item) != 5 {
			t.Errorf("%s: %v and %d are billed the next time, want 5", method, err, s.Quantity(billingtest.Item))
		}
	}
}

type kind struct {
	Is    string
	Spent bool
	After time.Duration
	Words string
}

func kindOf(err error) kind {
	k := kind{Spent: billing.Spent(err), Words: billing.Words(err)}
	throttled := billing.ErrThrottled{}
	switch {
	case errors.Is(err, billing.ErrRejected):
		k.Is = "rejected"
	case errors.Is(err, billing.ErrUnauthorized):
		k.Is = "unauthorized"
	case errors.Is(err, billing.ErrUnavailable):
		k.Is = "unavailable"
	case errors.As(err, &throttled):
		k.Is, k.After = "throttled", throttled.After
	}
	return k
}

func TestClassification(t *testing.T) {
	said := func(status int, kind, code, message string) fake.Fault {
		return fake.Fault{Status: status, Error: fake.Error{Type: kind, Code: code, Message: message}}
	}
	header := func(f fake.Fault, name, value string) fake.Fault {
		f.Header = http.Header{name: {value}, "Date": {"Sun, 01 Mar 2026 09:00:00 GMT"}}
		return f
	}
	reading := func(f fake.Fault) fake.Fault { f.Method = http.MethodGet; return f }
	const invalid = "invalid_request_error"
	limit := said(429, invalid, "rate_limit", "Slow down")
	for why, tt := range map[string]struct {
		fault fake.Fault
		want  kind
	}{
		"a bad request":                  {said(400, invalid, "parameter_unknown", "Received unknown parameter"), kind{"rejected", false, 0, "Received unknown parameter"}},
		"a decline":                      {said(402, "card_error", "card_declined", "Your card was declined."), kind{"rejected", false, 0, "Your card was declined."}},
		"a missing item":                 {said(404, invalid, "resource_missing", "No such subscription_item: 'si_seats'"), kind{"rejected", false, 0, "No such subscription_item: 'si_seats'"}},
		"a code alone":                   {said(400, invalid, "parameter_unknown", ""), kind{"rejected", false, 0, "parameter_unknown"}},
		"a wrong API key":                {said(401, invalid, "", "Invalid API Key provided: sk_test_*******ffee"), kind{"unauthorized", false, 0, "Invalid API Key provided: (API key)"}},
		"a live API key of someone":      {said(401, invalid, "", "Expired API Key provided: rk_live_abc123."), kind{"unauthorized", false, 0, "Expired API Key provided: (API key)."}},
		"an API key quoted":              {said(401, invalid, "", "Not "+billingtest.APIKey+"!"), kind{"unauthorized", false, 0, "Not (API key)!"}},
		"an API key that may not":        {said(403, invalid, "", "The provided key does not have the required permissions"), kind{"unauthorized", false, 0, "The provided key does not have the required permissions"}},
		"a conflict over the key":        {said(409, "idempotency_error", "idempotency_key_in_use", "There is another request"), kind{"unavailable", false, 0, "There is another request"}},
		"a conflict over the object":     {said(409, invalid, "lock_timeout", "This object cannot be accessed"), kind{"unavailable", false, 0, "This object cannot be accessed"}},
		"a lock":                         {said(429, invalid, "lock_timeout", "This object cannot be accessed"), kind{"throttled", false, 0, "This object cannot be accessed"}},
		"a key of another request":       {said(400, "idempotency_error", "", "Keys can only be used with the same parameters"), kind{"unavailable", true, 0, "Keys can only be used with the same parameters"}},
		"too many requests":              {limit, kind{"throttled", false, 0, "Slow down"}},
		"too many for a while":           {header(limit, "Retry-After", "90"), kind{"throttled", false, 90 * time.Second, "Slow down"}},
		"too many until a time":          {header(limit, "Retry-After", "Sun, 01 Mar 2026 09:02:00 GMT"), kind{"throttled", false, 2 * time.Minute, "Slow down"}},
		"too many until some time":       {header(limit, "Retry-After", "soon"), kind{"throttled", false, 0, "Slow down"}},
		"too many until before":          {header(limit, "Retry-After", "-5"), kind{"throttled", false, 0, "Slow down"}},
		"too many for ever":              {header(limit, "Retry-After", "9223372036854775807"), kind{"throttled", false, 7 * 24 * time.Hour, "Slow down"}},
		"a crash":                        {said(500, "api_error", "", "Sorry! (req_ab12Cd) Try again"), kind{"unavailable", true, 0, "Sorry! Try again"}},
		"maintenance":                    {said(503, "api_error", "", "Down"), kind{"unavailable", true, 0, "Down"}},
		"a proxy's crash":                {fake.Fault{Status: 502, Body: "<html>Bad gateway</html>"}, kind{"unavailable", true, 0, "HTTP status 502 Bad Gateway"}},
		"a proxy's 404":                  {fake.Fault{Status: 404, Body: "<html>Nothing here</html>"}, kind{"unavailable", false, 0, "HTTP status 404 Not Found"}},
		"a proxy's 400 in JSON":          {fake.Fault{Status: 400, Body: `{"error":{"message":"Bad"}}`}, kind{"unavailable", false, 0, "Bad"}},
		"a proxy's 429":                  {header(fake.Fault{Status: 429, Body: "wait"}, "Retry-After", "7"), kind{"throttled", false, 7 * time.Second, "HTTP status 429 Too Many Requests"}},
		"a proxy's 403":                  {fake.Fault{Status: 403, Body: "no"}, kind{"unauthorized", false, 0, "HTTP status 403 Forbidden"}},
		"a redirect":                     {header(fake.Fault{Status: 307, Body: "{}"}, "Location", "/v1/elsewhere"), kind{"unavailable", false, 0, "HTTP status 307 Temporary Redirect"}},
		"another quantity":               {fake.Fault{Status: 200, Body: `{"id":"si_seats","quantity":4,"subscription":"sub_1"}`}, kind{"unavailable", false, 0, "the answer does not confirm the quantity: something that is not Stripe may have given it"}},
		"anything in JSON":               {fake.Fault{Status: 200, Body: `{}`}, kind{"unavailable", false, 0, "the answer does not confirm the quantity: something that is not Stripe may have given it"}},
		"the invoice: a crash":           {reading(said(500, "api_error", "", "Sorry")), kind{"unavailable", false, 0, "the quantity is set, but reading the latest invoice failed: Sorry"}},
		"the invoice: missing":           {reading(said(404, invalid, "", "No such subscription")), kind{"unavailable", false, 0, "the quantity is set, but reading the latest invoice failed: No such subscription"}},
		"the invoice: not to be seen":    {reading(said(403, invalid, "", "Not yours")), kind{"unauthorized", false, 0, "Not yours"}},
		"the invoice: too many requests": {reading(limit), kind{"throttled", false, 0, "Slow down"}},
		"the invoice: something else":    {reading(fake.Fault{Status: 200, Body: `{}`}), kind{"unavailable", false, 0, "the answer is not about the subscription: something that is not Stripe may have given it"}},
	} {
		t.Run(why, func(t *testing.T) {
			p, s := start(t)
			s.Script(tt.fault)
			_, err := p.SetQuantity(t.Context(), billingtest.Change("k", 5))
			if diff := cmp.Diff(tt.want, kindOf(err)); diff != "" {
				t.Errorf("SetQuantity: %v (-want +got):\n%s", err, diff)
			}
			if n := len(s.Requests()); n > 1 && tt.fault.Method == "" {
				t.Errorf("%d requests, want 1: the caller tries again, nobody else", n)
			}
		})
	}
}

// The update is replayed, so it takes effect once.
func TestChangeIsRepeatedWhenTheInvoiceCouldNotBeRead(t *testing.T) {
	p, s := start(t)
	s.Script(fake.Fault{Method: http.MethodGet, Status: 500, Error: fake.Error{Type: "api_error"}})
	c := billingtest.Change("k", 5)
	c.InvoiceNow = true
	if _, err := p.SetQuantity(t.Context(), c); !errors.Is(err, billing.ErrUnavailable) {
		t.Errorf("SetQuantity: %v, want ErrUnavailable", err)
	}
	receipt, err := p.SetQuantity(t.Context(), c)
	if err != nil || receipt.Invoice != "in_1" || s.Applied() != 1 {
		t.Errorf("SetQuantity: %v, %v, applied %d times; want in_1, applied once", receipt, err, s.Applied())
	}
}

// What differs from try to try would wake the owner at every try.
func TestWordsOfALostConnectionAreSteady(t *testing.T) {
	var all []string
	for range 3 {
		p, s := start(t)
		s.Script(fake.Fault{Cut: true})
		_, err := p.SetQuantity(t.Context(), billingtest.Change("k", 5))
		all = append(all, billing.Words(err))
	}
	if want := slices.Repeat([]string{"the connection ended without an answer"}, 3); !slices.Equal(all, want) {
		t.Errorf("the words are %q, want %q", all, want)
	}
	got := words(&answer{}, nil, errors.New("read tcp 10.0.0.1:5123->1.2.3.4:443: connection reset by peer"), billingtest.APIKey)
	if want := "read tcp connection reset by peer"; got != want {
		t.Errorf("the words are %q, want %q", got, want)
	}
}

func TestOneRequestTakesNoLongerThanItsTimeout(t *testing.T) {
	s := fake.NewStripe(nil)
	t.Cleanup(s.Close)
	s.Hang()
	p := provider(t, Options{BaseURL: s.URL(), Timeout: 20 * time.Millisecond})
	_, err := p.SetQuantity(context.WithoutCancel(t.Context()), billingtest.Change("k", 5))
	if k := kindOf(err); k.Is != "unavailable" || k.Spent {
		t.Errorf("SetQuantity: %v, want ErrUnavailable, and the key not spent", err)
	}
}

func TestCertificateIsChecked(t *testing.T) {
	asked := false
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked = true
		w.WriteHeader(http.StatusUnauthorized)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains about the first client
	server.StartTLS()
	defer server.Close()
	_, err := provider(t, Options{BaseURL: server.URL}).SetQuantity(t.Context(), billingtest.Change("k", 5))
	if !errors.Is(err, billing.ErrUnavailable) || asked {
		t.Errorf("SetQuantity: %v, and the server was asked: %v; want ErrUnavailable, not asked", err, asked)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	_, err = provider(t, Options{BaseURL: server.URL, RootCAs: roots}).SetQuantity(t.Context(), billingtest.Change("k", 5))
	if !errors.Is(err, billing.ErrUnauthorized) {
		t.Errorf("SetQuantity: %v, want the server's ErrUnauthorized", err)
	}
}

// stripe-go logs to the standard streams unless it is told not to.
func TestNothingIsLogged(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = w, w
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()
	p, s := start(t)
	s.Script(fake.Fault{Status: 500, Error: fake.Error{Type: "api_error"}}, fake.Fault{Status: 400, Body: "?"}, fake.Fault{Cut: true})
	for range 4 {
		_, _ = p.SetQuantity(t.Context(), billingtest.Change("k", 5))
	}
	os.Stdout, os.Stderr = stdout, stderr
	w.Close()
	if logged, err := io.ReadAll(r); err != nil || len(logged) != 0 {
		t.Errorf("logged (%v): %s", err, logged)
	}
}

func TestOptions(t *testing.T) {
	for why, tt := range map[string]struct {
		options Options
		want    string
	}{
		"Stripe's own":              {Options{}, ""},
		"another place":             {Options{BaseURL: "https://stripe.example"}, ""},
		"a slash behind":            {Options{BaseURL: "https://stripe.example/"}, ""},
		"this machine":              {Options{BaseURL: "http://127.0.0.1:12111"}, ""},
		"this machine, IPv6":        {Options{BaseURL: "http://[::1]:12111"}, ""},
		"this machine by name":      {Options{BaseURL: "http://localhost:12111"}, ""},
		"in the clear":              {Options{BaseURL: "http://stripe.example"}, "must be https"},
		"a name that looks like it": {Options{BaseURL: "http://localhost.example"}, "must be https"},
		"another protocol":          {Options{BaseURL: "ftp://127.0.0.1"}, "must be https"},
		"no URL":                    {Options{BaseURL: "stripe.example"}, "must be like"},
		"a path":                    {Options{BaseURL: "https://stripe.example/v1"}, "must be like"},
		"a user":                    {Options{BaseURL: "https://a@stripe.example"}, "must be like"},
		"a password, unreadable":    {Options{BaseURL: "https://a:hunter2@[stripe"}, "cannot be read"},
		"a negative time-out":       {Options{Timeout: -1}, "must not be negative"},
	} {
		t.Run(why, func(t *testing.T) {
			_, err := New(tt.options)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("New: %v, want it to say %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("New: %v, which tells the password", err)
			}
		})
	}
}
