// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package openid

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"seatkeeper.dev/seatkeeper/internal/fault"
)

// discover returns what a provider says of itself, or said a while ago.
func (c *Client) discover(ctx context.Context, issuer string) (*offer, error) {
	if kept, ok := c.offers.Get(issuer); ok {
		if o := kept.(*offer); c.clock.Since(o.readAt) < known {
			return o, nil
		}
	}
	asked := c.asking.DoChan(issuer, func() (any, error) {
		// Whoever asked first may leave before the others do; the HTTP client has a timeout of its own.
		return c.read(context.WithoutCancel(ctx), issuer)
	})
	select {
	case answer := <-asked:
		if answer.Err != nil {
			return nil, answer.Err
		}
		return answer.Val.(*offer), nil
	case <-ctx.Done():
		return nil, unavailable(ctx.Err())
	}
}

func (c *Client) read(ctx context.Context, issuer string) (*offer, error) {
	if u, err := url.Parse(issuer); err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u)) {
		return nil, fault.New(errors.New("its issuer is not a URL that begins with https://"), ErrMisconfigured)
	}
	ctx = oidc.ClientContext(ctx, c.http)
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, discoveryFailure(err)
	}
	said, err := decode(provider)
	if err != nil {
		return nil, fault.New(errors.New("what it says of itself cannot be read"), ErrMisconfigured)
	}
	if err := said.check(issuer); err != nil {
		return nil, err
	}
	o := &offer{
		provider: provider, keys: oidc.NewRemoteKeySet(ctx, said.KeysURL), algorithms: said.signatures(), style: said.style(),
		userInfo: said.UserInfoURL != "", namesItself: said.NamesItself, choice: said.choice(issuer), readAt: c.clock.Now(),
	}
	c.offers.Add(issuer, o)
	return o, nil
}

// discoveryFailure says why there is nothing to know of a provider.
func discoveryFailure(err error) error {
	other := (*oidc.IssuerMismatchError)(nil)
	switch {
	case unreached(err):
		return unavailable(err)
	case errors.As(err, &other):
		return fault.New(fmt.Errorf("it calls itself %q: write its issuer like that, letter by letter", other.Discovered), ErrMisconfigured)
	}
	return fault.New(errors.New("there is no OpenID provider at its issuer, at /.well-known/openid-configuration below it"), ErrMisconfigured)
}

// style is how a client with a secret shows it.
func (m metadata) style() oauth2.AuthStyle {
	const header, params = "client_secret_basic", "client_secret_post"
	if !slices.Contains(m.AuthMethods, header) && slices.Contains(m.AuthMethods, params) {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader // what is not said means this
}

// google is the issuer of the one that is known to refuse login, and to take select_account without saying so.
const google = "https://accounts.google.com"

// choice is the prompt by which people get to another account. A provider may refuse what it does not support (OpenID Connect Core
// 3.1.2.1), so one that says what it does is taken at its word. Of one that does not, only login can be counted on (15.1).
func (m metadata) choice(issuer string) string {
	switch {
	case m.Prompts == nil && issuer == google:
		return "select_account"
	case m.Prompts == nil:
		return "login"
	}
	for _, prompt := range []string{"select_account", "login"} {
		if slices.Contains(m.Prompts, prompt) {
			return prompt
		}
	}
	return ""
}

// signatures are the algorithms by which nobody but the provider can sign. Without any, the one that all have is taken for granted.
func (m metadata) signatures() []string {
	return slices.DeleteFunc(slices.Clone(m.Algorithms), func(algorithm string) bool {
		return algorithm == "none" || strings.HasPrefix(algorithm, "HS")
	})
}

func loopback(u *url.URL) bool {
	address := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || address != nil && address.IsLoopback()
}

// unreached says that something happened in place of an answer, the end of our own patience included.
func unreached(err error) bool {
	u := (*url.Error)(nil)
	return errors.As(err, &u) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// unavailable makes ErrUnavailable of what happened in place of an answer. It has no URL.
func unavailable(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	for _, ours := range []error{errRedirected, errTooLong} {
		if errors.Is(err, ours) {
			return fault.New(ours, ErrMisconfigured)
		}
	}
	var network net.Error
	if errors.As(err, &network) && network.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("it does not answer in time")
	}
	return fault.New(err, ErrUnavailable)
}

// maxAnswer is more than any answer of a provider has, in bytes.
const maxAnswer = 1 << 20

var (
	errRedirected = errors.New("it redirects, which is not followed")
	errTooLong    = errors.New("its answer is too long")
)

// bounded lets through answers that are there as a whole and no longer than maxAnswer, and neither redirections nor outages:
// nobody who gets a secret passes it on, and an outage is none of the answers that mean something.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	switch status := response.StatusCode; {
	case status/100 == 3:
		err = errRedirected
	case status/100 == 5, status == http.StatusTooManyRequests:
		err = fmt.Errorf("it answers with HTTP status %d", status)
	}
	body := response.Body
	defer body.Close()
	if err != nil {
		return nil, err
	}
	whole, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case len(whole) > maxAnswer:
		return nil, errTooLong
	}
	response.Body = io.NopCloser(bytes.NewReader(whole))
	return response, nil
}
