// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// memory is how long Stripe remembers an idempotency key.
const memory = 24 * time.Hour

// Stripe is a server that behaves like the part of Stripe's API that the adapter
// uses: subscription items, their subscriptions, and idempotent replay. Its
// methods may be called from any goroutine.
type Stripe struct {
	server *httptest.Server
	clock  clock.PassiveClock

	mu       sync.Mutex
	items    map[string]*item
	invoices map[string]string // the latest by subscription
	invoiced int
	methods  map[string][]string // ways to pay by subscription
	refused  map[string]string   // words by API key
	stored   map[string]stored   // by idempotency key
	faults   []Fault
	requests []Request
	applied  int
	gate     *Gate
}

type item struct {
	subscription string
	quantity     int64
}

type stored struct {
	of     Request
	status int
	body   []byte
	at     time.Time
}

// Request is what the server was asked.
type Request struct {
	Method, Path   string
	APIKey         string
	IdempotencyKey string
	Header         http.Header
	Form           url.Values
}

// Fault is what goes wrong with one request.
type Fault struct {
	// Method says which request this happens to: the next with it. POST if empty.
	Method string
	// Applied says that it happens after the change was made.
	Applied bool
	// Cut ends the connection without an answer.
	Cut bool
	// Status answers with this status. Stripe remembers what it answers once it has
	// begun to carry out the request: not 401, 403, 409 or 429.
	Status int
	// Error is the answer's; Body is the whole answer instead.
	Error Error
	Body  string
	// Header is added to the answer.
	Header http.Header
}

// Error is an error object of Stripe's.
type Error struct {
	Type    string `json:"type"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
}

// NewStripe starts a server on the loopback interface. The clock says when a key
// is forgotten; the real one if nil.
func NewStripe(c clock.PassiveClock) *Stripe {
	if c == nil {
		c = clock.RealClock{}
	}
	s := &Stripe{
		clock: c, items: map[string]*item{}, invoices: map[string]string{}, methods: map[string][]string{},
		refused: map[string]string{}, stored: map[string]stored{},
	}
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	// Go's HTTP client repeats by itself what it lost on a connection that was not
	// new, if it has an idempotency key. That hides a cut from the test.
	s.server.Config.SetKeepAlivesEnabled(false)
	s.server.Start()
	return s
}

// URL is where the server is.
func (s *Stripe) URL() string { return s.server.URL }

// Close ends the server, and whatever hangs.
func (s *Stripe) Close() {
	s.server.CloseClientConnections()
	s.server.Close()
}

// Add makes an item of a subscription, which is made if it is not there.
func (s *Stripe) Add(id, subscription string, quantity int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[id] = &item{subscription: subscription, quantity: quantity}
	if _, ok := s.invoices[subscription]; !ok {
		s.invoices[subscription] = ""
	}
}

// Refuse refuses the API key from now on.
func (s *Stripe) Refuse(apiKey, words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[apiKey] = words
}

// Script makes these things happen to the next requests, one each.
func (s *Stripe) Script(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Hang leaves all requests that arrive from now on without an answer until the
// gate is opened.
func (s *Stripe) Hang() *Gate {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = newGate()
	return s.gate
}

// Quantity returns what is billed of the item.
func (s *Stripe) Quantity(id string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.items[id]; i != nil {
		return i.quantity
	}
	return 0
}

// PaymentMethods returns the ways in which a subscription can be paid; none while nobody has said so.
func (s *Stripe) PaymentMethods(subscription string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.methods[subscription])
}

// Applied returns how many changes took effect.
func (s *Stripe) Applied() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.applied
}

// Requests returns what the server was asked, oldest first.
func (s *Stripe) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *Stripe) serve(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // what cannot be read is missed below
	req := Request{
		Method: r.Method, Path: r.URL.Path, APIKey: strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "),
		IdempotencyKey: r.Header.Get("Idempotency-Key"), Header: r.Header.Clone(), Form: r.Form,
	}
	if s.arrive(req).pass(r.Context()) != nil {
		return
	}
	status, header, body := s.answer(req)
	if status == 0 {
		panic(http.ErrAbortHandler) // which is how a handler cuts a connection
	}
	maps.Copy(w.Header(), header)
	w.WriteHeader(status)
	_, _ = w.Write(body) // who does not listen any more need not
}

func (s *Stripe) arrive(req Request) *Gate {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, req)
	return s.gate
}

// answer returns the status 0 when there is to be none.
func (s *Stripe) answer(req Request) (int, http.Header, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	header := http.Header{"Content-Type": {"application/json"}, "Request-Id": {fmt.Sprintf("req_%d", len(s.requests))}}
	if words, ok := s.refused[req.APIKey]; ok || req.APIKey == "" {
		return http.StatusUnauthorized, header, problem(Error{Type: "invalid_request_error", Message: words})
	}
	if status, body := s.replay(req); status != 0 {
		return status, header, body
	}
	f := s.next(req.Method)
	var status int
	var body []byte
	if f == nil || f.Applied {
		status, body = s.carryOut(req)
	}
	if f != nil && f.Cut {
		if f.Applied {
			s.store(req, status, body)
		}
		return 0, nil, nil
	}
	if f != nil {
		status, body = f.Status, []byte(f.Body)
		if f.Body == "" {
			body = problem(f.Error)
		}
		maps.Copy(header, f.Header)
	}
	s.store(req, status, body)
	return status, header, body
}

// replay returns the status 0 when the key is new. It needs the lock.
func (s *Stripe) replay(req Request) (int, []byte) {
	before, ok := s.stored[req.IdempotencyKey]
	if !ok || req.Method != http.MethodPost || s.clock.Since(before.at) >= memory {
		return 0, nil
	}
	if before.of.Path != req.Path || before.of.Form.Encode() != req.Form.Encode() {
		return http.StatusBadRequest, problem(Error{
			Type:    "idempotency_error",
			Message: "Keys for idempotent requests can only be used with the same parameters they were first used with.",
		})
	}
	return before.status, before.body
}

// next takes the first fault that is meant for such a request. It needs the lock.
func (s *Stripe) next(method string) *Fault {
	i := slices.IndexFunc(s.faults, func(f Fault) bool {
		return f.Method == method || f.Method == "" && method == http.MethodPost
	})
	if i < 0 {
		return nil
	}
	f := s.faults[i]
	s.faults = slices.Delete(s.faults, i, i+1)
	return &f
}

// store needs the lock.
func (s *Stripe) store(req Request, status int, body []byte) {
	begun := !slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict, http.StatusTooManyRequests}, status)
	if req.Method == http.MethodPost && req.IdempotencyKey != "" && begun {
		s.stored[req.IdempotencyKey] = stored{of: req, status: status, body: body, at: s.clock.Now()}
	}
}

// carryOut needs the lock.
func (s *Stripe) carryOut(req Request) (int, []byte) {
	if id, ok := strings.CutPrefix(req.Path, "/v1/subscription_items/"); ok {
		i := s.items[id]
		switch {
		case i == nil:
			return missing("subscription_item", id)
		case req.Method == http.MethodPost:
			return s.update(id, i, req.Form)
		}
		return http.StatusOK, object(map[string]any{"id": id, "object": "subscription_item", "quantity": i.quantity, "subscription": i.subscription})
	}
	if id, ok := strings.CutPrefix(req.Path, "/v1/subscriptions/"); ok {
		invoice, ok := s.invoices[id]
		if !ok {
			return missing("subscription", id)
		}
		if req.Method == http.MethodPost {
			s.methods[id] = nil
			for n := 0; req.Form.Has(fmt.Sprintf("payment_settings[payment_method_types][%d]", n)); n++ {
				s.methods[id] = append(s.methods[id], req.Form.Get(fmt.Sprintf("payment_settings[payment_method_types][%d]", n)))
			}
		}
		return http.StatusOK, object(map[string]any{"id": id, "object": "subscription", "latest_invoice": orNull(invoice)})
	}
	return http.StatusNotFound, problem(Error{Type: "invalid_request_error", Message: "Unrecognized request URL (" + req.Method + ": " + req.Path + ")."})
}

func (s *Stripe) update(id string, i *item, form url.Values) (int, []byte) {
	quantity, err := strconv.ParseInt(form.Get("quantity"), 10, 64)
	if err != nil || quantity < 0 {
		return http.StatusBadRequest, problem(Error{Type: "invalid_request_error", Code: "parameter_invalid_integer", Message: "Invalid integer: " + form.Get("quantity")})
	}
	s.applied++
	if quantity != i.quantity && form.Get("proration_behavior") == "always_invoice" {
		s.invoiced++
		s.invoices[i.subscription] = fmt.Sprintf("in_%d", s.invoiced)
	}
	i.quantity = quantity
	return http.StatusOK, object(map[string]any{"id": id, "object": "subscription_item", "quantity": quantity, "subscription": i.subscription})
}

func missing(kind, id string) (int, []byte) {
	return http.StatusNotFound, problem(Error{Type: "invalid_request_error", Code: "resource_missing", Message: fmt.Sprintf("No such %s: '%s'", kind, id)})
}

func problem(e Error) []byte { return object(map[string]any{"error": e}) }

func object(o map[string]any) []byte {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err) // it is made of strings and numbers
	}
	return b
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
