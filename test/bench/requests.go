// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// requests counts requests to the API server by verb and kind, such as "PATCH users/status". What was refused is
// counted apart, with the code that says why: "PATCH users/status 409".
type requests map[string]float64

var label = regexp.MustCompile(`(\w+)="([^"]*)"`)

// parseRequests reads the API server's metrics. It leaves out watches, which last, and Leases and
// Services, which the API server itself renews and looks at.
func parseRequests(metrics io.Reader) (requests, error) {
	counts := requests{}
	lines := bufio.NewScanner(metrics)
	for lines.Scan() {
		series, ok := strings.CutPrefix(lines.Text(), "apiserver_request_total{")
		if !ok {
			continue
		}
		labels := map[string]string{}
		for _, m := range label.FindAllStringSubmatch(series, -1) {
			labels[m[1]] = m[2]
		}
		count, err := strconv.ParseFloat(series[strings.LastIndexByte(series, ' ')+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("the API server counts requests as %q: %w", lines.Text(), err)
		}
		if key := requestKey(labels); key != "" {
			counts[key] += count
		}
	}
	return counts, lines.Err()
}

// requestKey is empty for what is left out.
func requestKey(labels map[string]string) string {
	resource, verb, code := labels["resource"], labels["verb"], labels["code"]
	if resource == "" || resource == "leases" || resource == "services" || verb == "WATCH" || verb == "CONNECT" {
		return ""
	}
	key := verb + " " + resource
	if subresource := labels["subresource"]; subresource != "" {
		key += "/" + subresource
	}
	if code >= "400" {
		key += " " + code
	}
	return key
}

// since are the requests of now that came after before, those of none left out.
func (r requests) since(before requests) requests {
	more := requests{}
	for key, count := range r {
		if count > before[key] {
			more[key] = count - before[key]
		}
	}
	return more
}

// writes is the number of all requests that write, refused ones included.
func (r requests) writes() float64 {
	var sum float64
	for key, count := range r {
		if isWrite(key) {
			sum += count
		}
	}
	return sum
}

// sum is the number of all requests.
func (r requests) sum() float64 {
	var sum float64
	for _, count := range r {
		sum += count
	}
	return sum
}

// writesOf is the number of requests that write a kind, refused ones included.
func (r requests) writesOf(resource string) float64 {
	of := requests{}
	for key, count := range r {
		if strings.Fields(key)[1] == resource {
			of[key] = count
		}
	}
	return of.writes()
}

func isWrite(key string) bool {
	return !strings.HasPrefix(key, "GET ") && !strings.HasPrefix(key, "LIST ")
}

// per divides every count by a number of people.
func (r requests) per(people int) requests {
	each := requests{}
	for key, count := range r {
		each[key] = count / float64(people)
	}
	return each
}
