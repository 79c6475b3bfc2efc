// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package smtp

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// The keys of a Secret that says which server takes the mail.
const (
	keyHost     = "host"
	keyPort     = "port"
	keyUsername = "username"
	keyPassword = "password"
	keyTLS      = "tls"
	keyHello    = "hello"
	keyCA       = "ca.crt"
)

// defaultPort is where servers take mail from those who log in (RFC 6409).
const defaultPort = 587

// ParseSecret reads the options of New from the data of a Secret. Only host is
// required; port is 587 and tls is Required unless they say otherwise. hello is how
// we introduce ourselves, left empty unless it is given. ca.crt, in PEM, is trusted
// for the server's certificate instead of the system's authorities.
// White space around values, as editors leave it, does not count, but for the
// password: there it is line breaks at the end. Unknown keys are ignored.
//
// What ParseSecret returns, New takes. Errors name the key and what to do, and quote
// no value: a password may have ended up under any key.
func ParseSecret(data map[string][]byte) (Options, error) {
	value := func(key string) string { return string(bytes.TrimSpace(data[key])) }
	o := Options{
		Host:      value(keyHost),
		Username:  value(keyUsername),
		Password:  strings.TrimRight(string(data[keyPassword]), "\r\n"),
		HelloName: value(keyHello),
	}
	var err error
	if err := checkHost(o.Host); err != nil {
		return Options{}, err
	}
	if o.Port, err = parsePort(value(keyPort)); err != nil {
		return Options{}, err
	}
	if o.TLS, err = parseTLS(value(keyTLS)); err != nil {
		return Options{}, err
	}
	if o.HelloName != "" && !IsHelloName(o.HelloName) {
		return Options{}, fmt.Errorf("the key %s must be a host name in ASCII alone, like seatkeeper.example.org, or be left out", keyHello)
	}
	if err := checkLogin(o); err != nil {
		return Options{}, err
	}
	if ca := value(keyCA); ca != "" {
		o.RootCAs = x509.NewCertPool()
		if !o.RootCAs.AppendCertsFromPEM([]byte(ca)) {
			return Options{}, fmt.Errorf("the key %s holds no certificate: it must be in PEM, like -----BEGIN CERTIFICATE-----, or be left out to trust the usual authorities", keyCA)
		}
	}
	return o, nil
}

func checkHost(host string) error {
	switch {
	case host == "":
		return fmt.Errorf("the key %s is missing or empty: set it to the mail server's name, like smtp.example.org", keyHost)
	case net.ParseIP(host) != nil:
		return nil
	case strings.ContainsFunc(host, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("/:@[]", r)
	}):
		return fmt.Errorf("the key %s must be a host name or IP address alone, like smtp.example.org: without smtp://, and with the port in the key %s", keyHost, keyPort)
	}
	return nil
}

func parsePort(value string) (int, error) {
	if value == "" {
		return defaultPort, nil
	}
	port, err := strconv.ParseUint(value, 10, 16)
	if err != nil || port == 0 {
		return 0, fmt.Errorf("the key %s must be a number from 1 to 65535, usually 587 or 465, or be left out for %d", keyPort, defaultPort)
	}
	return int(port), nil
}

func parseTLS(value string) (TLS, error) {
	if value == "" {
		return TLSRequired, nil
	}
	if !TLS(value).known() {
		return "", fmt.Errorf("the key %s must be %s, %s, %s or %s, or be left out for %s", keyTLS, TLSRequired, TLSOpportunistic, TLSImplicit, TLSDisabled, TLSRequired)
	}
	return TLS(value), nil
}

func checkLogin(o Options) error {
	switch {
	case o.Username == "" && o.Password == "":
		return nil
	case o.Username == "":
		return fmt.Errorf("the key %s is missing: set it next to %s, or remove both if the server asks for no login", keyUsername, keyPassword)
	case o.Password == "":
		return fmt.Errorf("the key %s is missing: set it next to %s, or remove both if the server asks for no login", keyPassword, keyUsername)
	case strings.ContainsFunc(o.Username, unicode.IsControl):
		return fmt.Errorf("the key %s must be one line of text, without control characters", keyUsername)
	case strings.ContainsAny(o.Password, "\x00\r\n"):
		return fmt.Errorf("the key %s must be one line: it has line breaks or zero bytes in it", keyPassword)
	case o.TLS == TLSDisabled && !slices.Contains(loopback, o.Host):
		return errors.New("the password would be sent in the clear: set the key " + keyTLS + " to " + string(TLSRequired) +
			", or remove the keys " + keyUsername + " and " + keyPassword + " if the server asks for no login")
	}
	return nil
}

// loopback are the hosts to which go-mail tells a password in the clear.
var loopback = []string{"localhost", "127.0.0.1", "::1"}
