// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"testing"
)

func TestFreePorts(t *testing.T) {
	l, err := net.Listen("tcp", address(0))
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if !taken(port) {
		t.Error("a port that is listened on is not taken")
	}
	free, err := freePorts(port, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if free[0] == port || free[0] == free[1] || free[1] == free[2] || free[0] == free[2] {
		t.Errorf("with %d taken, got %d", port, free)
	}

	l.Close()
	if again, err := freePorts(port); err != nil || again[0] != port {
		t.Errorf("preferred and free is %d, got %d (%v)", port, again, err)
	}
}

func TestPortOf(t *testing.T) {
	for address, want := range map[string]int{"127.0.0.1:25": 25, "http://127.0.0.1:8025": 8025} {
		if got, err := portOf(address); err != nil || got != want {
			t.Errorf("%s: got %d, %v", address, got, err)
		}
	}
	if _, err := portOf("http://localhost"); err == nil {
		t.Error("an address without a port has none")
	}
}
