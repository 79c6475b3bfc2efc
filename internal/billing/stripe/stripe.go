// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package stripe bills through Stripe: an item is a subscription item there.
package stripe

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	api "github.com/stripe/stripe-go/v85"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/billing"
)

const (
	// DefaultTimeout is what one request may take when Options.Timeout is zero.
	DefaultTimeout = 20 * time.Second

	// maxAnswer is far above what Stripe says about a subscription.
	maxAnswer = 4 << 20
)

// Options say where Stripe is. The zero value is fit for use.
type Options struct {
	// BaseURL is Stripe's own when empty. It must be https, unless it leads to this
	// machine.
	BaseURL string
	// RootCAs are whom to trust for the certificate; the system's when nil.
	RootCAs *x509.CertPool
	// Timeout is what one request may take, DefaultTimeout when zero. A change
	// takes two, and two more where it says how to pay.
	Timeout time.Duration
}

func (o Options) validate() error {
	u, err := url.Parse(o.BaseURL)
	switch {
	case err != nil:
		return errors.New("the base URL of Stripe's API cannot be read") // it may hold a password
	case u.Host == "" || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return errors.New("the base URL of Stripe's API must be like https://api.stripe.com, with nothing behind the host")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return fmt.Errorf("the base URL of Stripe's API is %s: it must be https, or the API key can be read on the way", u)
	case o.Timeout < 0:
		return fmt.Errorf("the time-out is %s: it must not be negative", o.Timeout)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Provider is a billing.Provider over Stripe's API.
type Provider struct {
	baseURL   string
	timeout   time.Duration
	transport *http.Transport
}

var _ billing.Provider = (*Provider)(nil)

// New returns a provider. It does not connect before there is a change.
func New(o Options) (*Provider, error) {
	o.BaseURL = cmp.Or(o.BaseURL, api.APIURL)
	if err := o.validate(); err != nil {
		return nil, err
	}
	return &Provider{
		baseURL: o.BaseURL,
		timeout: cmp.Or(o.Timeout, DefaultTimeout),
		transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			ForceAttemptHTTP2:   true,
			TLSClientConfig:     &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: 10 * time.Second,
			MaxIdleConnsPerHost: billing.DefaultWorkers,
			IdleConnTimeout:     time.Minute,
		},
	}, nil
}

// Close ends the connections that are kept for the next change. Changes can still
// be made.
func (p *Provider) Close() error {
	p.transport.CloseIdleConnections()
	return nil
}

// SetQuantity implements billing.Provider. It does not look first whether the
// quantity is set already: Stripe prorates nothing then, and a look would be one
// more request and out of date at once. But where ways to pay are said, the item
// is read anyway: a change of these alone is to invoice nothing.
func (p *Provider) SetQuantity(ctx context.Context, c billing.Change) (billing.Receipt, error) {
	if err := c.Validate(); err != nil {
		return billing.Receipt{}, err
	}
	subscription, billed, err := p.accept(ctx, c)
	if err == nil && !billed {
		subscription, err = p.update(ctx, c)
	}
	if err != nil {
		return billing.Receipt{}, err
	}
	invoice, err := p.latestInvoice(ctx, subscription, c.APIKey)
	if err != nil {
		return billing.Receipt{}, err
	}
	return billing.Receipt{Invoice: invoice}, nil
}

// methods are Stripe's words for ways to pay.
var methods = map[v1alpha1.PaymentMethod]string{v1alpha1.PaymentCard: "card", v1alpha1.PaymentSEPADebit: "sepa_debit"}

// accept has the subscription of the item be paid in these ways, and says which it is and whether the quantity is billed already.
// It comes first, so that it applies to an invoice that the change brings, and needs no key: it says how things are to be.
func (p *Provider) accept(ctx context.Context, c billing.Change) (subscription string, billed bool, err error) {
	if len(c.PaymentMethods) == 0 {
		return "", false, nil
	}
	item, err := p.item(ctx, c)
	if err != nil {
		return "", false, unspent(err)
	}
	billed = item.Quantity == c.Quantity
	settings := &api.SubscriptionUpdatePaymentSettingsParams{}
	for _, m := range c.PaymentMethods {
		settings.PaymentMethodTypes = append(settings.PaymentMethodTypes, new(methods[m]))
	}
	a := &answer{next: p.transport}
	s, err := p.client(c.APIKey, a).V1Subscriptions.Update(ctx, item.Subscription, &api.SubscriptionUpdateParams{PaymentSettings: settings})
	if err == nil && (a.status != http.StatusOK || s.ID != item.Subscription) {
		err = errors.New("the answer does not confirm the ways to pay: something that is not Stripe may have given it")
	}
	if err == nil {
		return item.Subscription, billed, nil
	}
	err = classify(ctx, a, err, c.APIKey)
	if errors.Is(err, billing.ErrRejected) {
		err = p.refused(ctx, c, err)
	}
	return "", false, unspent(err)
}

// refused says of ways to pay that are refused whether the quantity is billed nevertheless, as when an earlier try set it whose
// answer was lost. Stripe may have come to that only meanwhile, so it is looked at now. The refusal is final all the same: a
// change that is still tried keeps the next one waiting, which corrects the ways to pay.
func (p *Provider) refused(ctx context.Context, c billing.Change, refusal error) error {
	item, err := p.item(ctx, c)
	if err != nil {
		return err
	}
	return billing.AsMethodsRejected(refusal, item.Quantity == c.Quantity)
}

func (p *Provider) item(ctx context.Context, c billing.Change) (*api.SubscriptionItem, error) {
	a := &answer{next: p.transport}
	item, err := p.client(c.APIKey, a).V1SubscriptionItems.Retrieve(ctx, c.Item, nil)
	if err == nil && (a.status != http.StatusOK || item.ID != c.Item || item.Subscription == "") {
		err = errors.New("the answer is not about the item: something that is not Stripe may have given it")
	}
	if err != nil {
		return nil, classify(ctx, a, err, c.APIKey)
	}
	return item, nil
}

// unspent is for requests that are not sent under the change's key: whatever becomes of them, the key is as good as before.
func unspent(err error) error {
	if billing.Spent(err) {
		return billing.AsUnavailable(errors.New(billing.Words(err)))
	}
	return err
}

// update returns the subscription that the item belongs to.
func (p *Provider) update(ctx context.Context, c billing.Change) (string, error) {
	proration := "create_prorations"
	if c.InvoiceNow {
		proration = "always_invoice"
	}
	params := &api.SubscriptionItemUpdateParams{Quantity: &c.Quantity, ProrationBehavior: &proration}
	params.IdempotencyKey = &c.Key
	a := &answer{next: p.transport}
	item, err := p.client(c.APIKey, a).V1SubscriptionItems.Update(ctx, c.Item, params)
	if err == nil && (a.status != http.StatusOK || item.ID != c.Item || item.Quantity != c.Quantity || item.Subscription == "") {
		err = errors.New("the answer does not confirm the quantity: something that is not Stripe may have given it")
	}
	if err != nil {
		return "", classify(ctx, a, err, c.APIKey)
	}
	return item.Subscription, nil
}

// latestInvoice is a request of its own: what an update answers leads to the
// subscription's ID and no further. If it fails, so does the change, to be
// repeated under the same key: Stripe then replays the update. So the failure
// neither rejects the change nor spends its key.
func (p *Provider) latestInvoice(ctx context.Context, subscription, apiKey string) (string, error) {
	a := &answer{next: p.transport}
	s, err := p.client(apiKey, a).V1Subscriptions.Retrieve(ctx, subscription, nil)
	if err == nil && (a.status != http.StatusOK || s.ID != subscription) {
		err = errors.New("the answer is not about the subscription: something that is not Stripe may have given it")
	}
	if err != nil {
		err = classify(ctx, a, err, apiKey)
		if errors.Is(err, billing.ErrRejected) || billing.Spent(err) {
			err = billing.AsUnavailable(fmt.Errorf("the quantity is set, but reading the latest invoice failed: %s", billing.Words(err)))
		}
		return "", err
	}
	if s.LatestInvoice == nil {
		return "", nil
	}
	return s.LatestInvoice.ID, nil
}

// client makes one request. It does not try again by itself, since whoever calls
// does, and neither logs nor reports to Stripe.
func (p *Provider) client(apiKey string, a *answer) *api.Client {
	return api.NewClient(apiKey, api.WithBackends(api.NewBackendsWithConfig(&api.BackendConfig{
		URL:               &p.baseURL,
		MaxNetworkRetries: new(int64(0)),
		EnableTelemetry:   new(false),
		LeveledLogger:     &api.LeveledLogger{Level: api.LevelNull},
		HTTPClient: &http.Client{
			Transport: a,
			Timeout:   p.timeout,
			// An API does not move; a redirect would only take the request elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	})))
}

// answer keeps of an answer what stripe-go drops when the body is not Stripe's,
// as with a proxy in between: its status and header.
type answer struct {
	next   http.RoundTripper
	status int // 0 when there is no answer
	header http.Header
}

// RoundTrip implements http.RoundTripper.
func (a *answer) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := a.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	a.status, a.header = res.StatusCode, res.Header
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(res.Body, maxAnswer), res.Body}
	return res, nil
}
