// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// loopback is where everything is served.
const loopback = "127.0.0.1"

// portsFile remembers ports from run to run.
const portsFile = "ports.json"

// ports are those that appear in addresses people keep: in kubeconfigs, in
// bookmarks, in the links of mails, in what is applied. Each is preferred and, when taken, replaced.
type ports struct {
	API       int `json:"api"`
	SMTP      int `json:"smtp"`
	Mailbox   int `json:"mailbox"`
	Directory int `json:"directory"`
	Portal    int `json:"portal"`
}

// recallPorts returns the ports of the last run, or those for a first one.
func (s *state) recallPorts() (ports, error) {
	p := ports{API: 6443, SMTP: 1025, Mailbox: 8025, Directory: 8026, Portal: 8090}
	if err := s.load(portsFile, &p); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return ports{}, err
	}
	return p, nil
}

// freePorts returns a port for each preferred one: that, or any when it is
// taken or 0.
func freePorts(preferred ...int) ([]int, error) {
	free := make([]int, len(preferred))
	for i, port := range preferred {
		l, err := net.Listen("tcp", address(port))
		if errors.Is(err, syscall.EADDRINUSE) {
			l, err = net.Listen("tcp", address(0))
		}
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		defer l.Close() // not earlier: they have to differ
		free[i] = l.Addr().(*net.TCPAddr).Port
	}
	return free, nil
}

// taken tells whether somebody listens on a port.
func taken(port int) bool {
	l, err := net.Listen("tcp", address(port))
	if err == nil {
		l.Close()
	}
	return errors.Is(err, syscall.EADDRINUSE)
}

func address(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

// portOf returns the port at the end of a URL or a host:port.
func portOf(address string) (int, error) {
	return strconv.Atoi(address[strings.LastIndex(address, ":")+1:])
}
