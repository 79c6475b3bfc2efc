// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scim keeps accounts and groups in a directory that speaks SCIM 2.0 (RFC 7643 and 7644).
//
// An account is ours by its externalId, which is the account's UID, or by the ID that the directory gave it. Before an account is
// made, both externalId and userName are looked for, so that a creation whose answer was lost is found again. An account that
// merely has the same user name is taken only if that is allowed and it has no externalId: one with another externalId is
// somebody else's and is never taken.
//
// Only attributes that an Account has are written, each by itself where the directory knows PATCH. Where it knows PUT alone, all
// that it has of the account is written back with them. Of attributes with many values, the one with the type work (or mobile) is
// ours, of entitlements those with the type seat; roles are ours altogether.
package scim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/password"
)

// DefaultTimeout is how long one request may take.
const DefaultTimeout = 10 * time.Second

// Config is where a directory is, and how to speak with it.
type Config struct {
	// URL is where the endpoints are, like https://scim.example.org/v2. Only a directory on this machine may be without TLS.
	URL         string
	Credentials Credentials
	// CA are certificates in PEM that are trusted for the directory's, and that of who gives out tokens, besides the system's.
	CA []byte
	// Adopt takes an account that has the same user name and no externalId, instead of reporting a conflict.
	Adopt bool
	// Budget bounds the requests to the directory, and may be shared with others; nil, and nothing does.
	Budget *directory.Budget
	// Timeout is for each request; DefaultTimeout if it is 0.
	Timeout time.Duration
	// Clock is the real one if it is nil.
	Clock clock.PassiveClock
}

// Client is a directory.Directory that speaks SCIM. Its methods may be called from many goroutines.
type Client struct {
	base   string
	adopt  bool
	auth   *authorizer
	budget *directory.Budget
	http   *http.Client
	clock  clock.PassiveClock
	recent *recent
	// stubborn is what the directory does not keep although it is given it.
	stubborn *stubborn

	// learning is held by whoever reads the features.
	learning *turn
	known    atomic.Pointer[features]
}

var _ directory.Directory = (*Client)(nil)

// New returns a client. It does not connect before there is something to do. Errors hold no secret.
func New(config Config) (*Client, error) {
	base, err := checkURL("URL of the directory", config.URL)
	if err != nil {
		return nil, err
	}
	if err := config.Credentials.validate(); err != nil {
		return nil, err
	}
	if config.Timeout < 0 {
		return nil, errors.New("the timeout must not be negative")
	}
	roots, err := trust(config.CA)
	if err != nil {
		return nil, err
	}
	c := &Client{
		base: base, adopt: config.Adopt, budget: config.Budget, clock: config.Clock, learning: newTurn(),
		http: &http.Client{
			Timeout: config.Timeout,
			// A redirect would take the credentials elsewhere, and makes a GET of a PATCH.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
				TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
				TLSHandshakeTimeout: DefaultTimeout, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute,
			},
		},
	}
	if c.clock == nil {
		c.clock = clock.RealClock{}
	}
	if c.http.Timeout == 0 {
		c.http.Timeout = DefaultTimeout
	}
	c.auth, c.recent = newAuthorizer(c, config.Credentials), newRecent(c.clock)
	c.stubborn = &stubborn{clock: c.clock}
	return c, nil
}

// Close ends the connections that are kept for the next request. Requests can still be made.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// checkURL returns the URL without a slash at its end. Errors do not quote it: a secret may have ended up in it.
func checkURL(what, raw string) (string, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return "", fmt.Errorf("the %s must be like https://scim.example.org/v2", what)
	case u.User != nil:
		return "", fmt.Errorf("the %s must hold no user name or password: they belong in the credentials", what)
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return "", fmt.Errorf("the %s must end with its path, without ? and #", what)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return "", fmt.Errorf("the %s must begin with https://, since credentials and passwords go there; http:// is for this machine alone", what)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// trust returns the system's authorities and these.
func trust(ca []byte) (*x509.CertPool, error) {
	if len(ca) == 0 {
		return nil, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("the CA bundle holds no certificate: it must be in PEM, like -----BEGIN CERTIFICATE-----")
	}
	return roots, nil
}

// tries is how often something is begun anew because somebody else changed it meanwhile.
const tries = 4

// errChanged has what was begun be begun anew.
var errChanged = errors.New("somebody else changes it at the same time")

// again does something until nobody has come between.
func again(do func() error) error {
	err := errChanged
	for n := 0; n < tries && errors.Is(err, errChanged); n++ {
		err = do()
	}
	if errors.Is(err, errChanged) {
		return directory.Unavailable(err)
	}
	return err
}

func refOf(a directory.Account) ref { return ref{uid: a.UID, id: a.ID, name: a.UserName} }

func checked(a directory.Account) error {
	switch {
	case a.UID == "":
		return directory.Rejected(errors.New("an account needs a UID"))
	case a.UserName == "":
		return directory.Rejected(errors.New("an account needs a user name"))
	}
	return nil
}

// Ensure implements directory.Directory.
func (c *Client) Ensure(ctx context.Context, account directory.Account) (id string, err error) {
	if err := checked(account); err != nil {
		return "", err
	}
	err = again(func() error {
		f, err := c.features(ctx)
		if err == nil {
			id, err = c.ensure(ctx, f, account)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

func (c *Client) ensure(ctx context.Context, f *features, account directory.Account) (id string, err error) {
	k, shown := f.accountKind(), resource(nil)
	if account.Active { // whatever comes back: what is given up may be done later
		c.recent.enter(account.UID)
	}
	id, err = c.put(ctx, f, refOf(account), thing{
		kind:   k,
		differ: func(r resource) []change { return r.changes(c.stubborn.less(f, r.id(), account), account) },
		after:  func(r resource) { shown = r },
	})
	switch {
	case err != nil || shown == nil: // nothing was written
	case !account.Active:
		err = c.keepOut(ctx, f, id, shown)
	}
	if err != nil {
		return "", err
	}
	c.seeHowKept(ctx, f, id, shown, account)
	return id, nil
}

// seeHowKept finds out what the directory keeps its own way of an account that was written, as it showed it then.
func (c *Client) seeHowKept(ctx context.Context, f *features, id string, shown resource, account directory.Account) {
	if shown.id() != id {
		return
	}
	differ := shown.found(f).Differs(account)
	if len(differ) > 0 { // which may be for lack of words
		shown, err := c.read(ctx, f.accountKind(), id)
		if err != nil {
			return
		}
		differ = shown.found(f).Differs(account)
	}
	c.stubborn.note(id, account, differ)
}

// keepOut sees to it that an account that was made or changed is inactive: there are directories in which a new one is active
// whatever they are given. One that is not shown yet is looked at when it is next asked for.
func (c *Client) keepOut(ctx context.Context, f *features, id string, shown resource) error {
	k := f.accountKind()
	if shown.id() != id {
		var err error
		if shown, err = c.read(ctx, k, id); missing(err) {
			return nil
		} else if err != nil {
			return err
		}
	}
	if active, ok := shown.flag("active"); ok && !active {
		return nil
	}
	return c.shut(ctx, f, shown)
}

// Deactivate implements directory.Directory. It succeeds once the directory shows that nobody can sign in: that it took a request
// says little. It needs nothing that a directory says of itself, so that one that cannot tell now has nobody stay.
func (c *Client) Deactivate(ctx context.Context, account directory.Account) error {
	if err := checked(account); err != nil {
		return err
	}
	return again(func() error {
		f, err := c.features(ctx)
		switch {
		case ctx.Err() != nil:
			return err
		case err != nil:
			f = blind()
		}
		all, err := c.ours(ctx, f, f.accountKind(), c.recent.complete(refOf(account)))
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return c.recent.gone(account.UID)
		}
		for _, r := range all {
			// What was let in a moment ago may be shown as it was before.
			if active, ok := r.flag("active"); ok && !active && !c.recent.letIn(account.UID) {
				continue
			}
			if err := c.shut(ctx, f, r); err != nil {
				return err
			}
		}
		c.recent.leave(account.UID)
		return nil
	})
}

// shut has an account be used no more.
func (c *Client) shut(ctx context.Context, f *features, r resource) error {
	k := f.accountKind()
	shown, err := c.write(ctx, f, k, r, []change{r.setting(false, "active")})
	if err != nil {
		return err
	}
	return c.confirm(ctx, k, r.id(), shown)
}

var errStillActive = errors.New("the directory took the change, and shows that the account is still active")

// confirm holds that an account is inactive, by what the directory has answered, or shows.
func (c *Client) confirm(ctx context.Context, k kind, id string, shown resource) error {
	if active, ok := shown.flag("active"); !ok || shown.id() != id || active {
		var err error
		shown, err = c.read(ctx, k, id)
		if missing(err) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	if active, ok := shown.flag("active"); active || !ok {
		return directory.Unavailable(errStillActive)
	}
	return nil
}

// Delete implements directory.Directory.
func (c *Client) Delete(ctx context.Context, account directory.Account) error {
	if err := checked(account); err != nil {
		return err
	}
	f, err := c.features(ctx)
	if err != nil {
		return err
	}
	return c.remove(ctx, f, f.accountKind(), refOf(account))
}

// SetPassword implements directory.Directory. An account that is there gets the password alone.
func (c *Client) SetPassword(ctx context.Context, account directory.Account, secret password.Password) error {
	if err := checked(account); err != nil {
		return err
	}
	if secret.Reveal() == "" {
		return directory.Rejected(errors.New("an account needs a password that is not empty"))
	}
	return directory.Discreet(c.setPassword(ctx, account, secret), secret)
}

func (c *Client) setPassword(ctx context.Context, account directory.Account, secret password.Password) error {
	return again(func() error {
		f, err := c.features(ctx)
		if err != nil {
			return err
		}
		if !f.password {
			return directory.Rejected(errors.New("the directory takes no passwords: its ServiceProviderConfig says that changePassword is not supported"))
		}
		_, err = c.put(ctx, f, refOf(account), thing{
			kind: f.accountKind(),
			differ: func(r resource) []change {
				var all []change
				switch {
				case r.id() == "":
					all = r.changes(f, account)
				case r.uid() == "" && !f.anonymous(f.accountKind()):
					all = append(all, r.setting(string(account.UID), "externalId"))
				}
				return append(all, r.setting(secret.Reveal(), "password"))
			},
		})
		return err
	})
}
