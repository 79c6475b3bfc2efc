// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package realscim

import (
	"bytes"
	"context"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
)

// Fault is what becomes of a request.
type Fault string

// The faults. Of the first five, and of NotPassed, the server learns nothing.
const (
	TooMany     Fault = "429, come back in a second"
	Internal    Fault = "500"
	BadGateway  Fault = "502, a page for people"
	Unavailable Fault = "503"
	SignIn      Fault = "200, a page to sign in"
	// NotPassed is a connection that ends before the request is passed on, and Lost one that ends after it was carried out.
	NotPassed Fault = "connection reset before"
	Lost      Fault = "connection reset after"
	// Half is an answer to a request that was carried out whose end is missing.
	Half Fault = "half an answer"
	// TooSlow is carried out at once, and Late only when whoever asked has given up. Neither is answered in time.
	TooSlow Fault = "answered too late"
	Late    Fault = "carried out too late"
)

// Faults are all that there are.
var Faults = []Fault{TooMany, Internal, BadGateway, Unavailable, SignIn, NotPassed, Lost, Half, TooSlow, Late}

// chaos has requests fail by chance. The zero value has none fail. The server's lock guards it.
type chaos struct {
	chance  *rand.Rand
	part    float64
	reached int
	hit     map[Fault]int
}

// Chaos has a part of the requests fail from now on, between 0 and 1, in every way that there is.
func (s *Server) Chaos(seed uint64, part float64) {
	s.set(func() {
		s.chaos.chance, s.chaos.part = rand.New(rand.NewPCG(seed, seed)), part
		s.chaos.reached, s.chaos.hit = 0, map[Fault]int{}
	})
}

// Suffered returns how many requests there were since Chaos, and how many were hit by each fault.
func (s *Server) Suffered() (requests int, hit map[Fault]int) {
	s.set(func() { requests, hit = s.chaos.reached, maps.Clone(s.chaos.hit) })
	return requests, hit
}

// draw says what becomes of the next request; nothing if it is empty.
func (c *chaos) draw() Fault {
	if c.chance == nil {
		return ""
	}
	c.reached++
	if c.chance.Float64() >= c.part {
		return ""
	}
	fault := Faults[c.chance.IntN(len(Faults))]
	c.hit[fault]++
	return fault
}

// suffer has a fault hit a request.
func (s *Server) suffer(fault Fault, w http.ResponseWriter, r *http.Request, next http.Handler) {
	switch fault {
	case TooMany:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "slow down", http.StatusTooManyRequests)
	case Internal:
		http.Error(w, "oh no", http.StatusInternalServerError)
	case BadGateway, SignIn:
		status := http.StatusOK
		if fault == BadGateway {
			status = http.StatusBadGateway
		}
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html><title>"+http.StatusText(status)+"</title></html>")
	case Unavailable:
		http.Error(w, "down for maintenance", http.StatusServiceUnavailable)
	case Half:
		half(w, carryOut(r, next))
	case TooSlow:
		carryOut(r, next)
		s.hang(r)
	case Late:
		read(r)
		s.hang(r)
		carryOut(r, next)
	case Lost:
		carryOut(r, next)
		panic(http.ErrAbortHandler)
	default:
		panic(http.ErrAbortHandler)
	}
}

// read has the whole request, which the server of the proxy notices to be given up only then.
func read(r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
}

// carryOut has the server carry out a request, whether anybody waits for the answer or not.
func carryOut(r *http.Request, next http.Handler) *httptest.ResponseRecorder {
	read(r)
	answer := httptest.NewRecorder()
	next.ServeHTTP(answer, r.WithContext(context.WithoutCancel(r.Context())))
	return answer
}

// half passes on the first half of an answer, and ends the connection.
func half(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), answer.Header())
	body := answer.Body.Bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(answer.Code)
	_, _ = w.Write(body[:len(body)/2])
	panic(http.ErrAbortHandler)
}
