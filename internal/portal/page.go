// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"

	"seatkeeper.dev/seatkeeper/internal/invitation"
)

//go:embed pages
var files embed.FS

// view is one kind of page. Its texts are in pages/<locale>.html, as <name>.title and <name>.body.
type view struct {
	name   string
	status int
	// icon is also the class that sets the page's colours.
	icon string
}

var (
	viewInvitation = view{"invitation", http.StatusOK, "mail"}
	viewPostponed  = view{"invitation", http.StatusServiceUnavailable, "mail"}
	viewRefused    = view{"refused", http.StatusUnprocessableEntity, "fix"}
	viewLeave      = view{"leave", http.StatusOK, "mail"}
	viewWelcome    = view{"welcome", http.StatusOK, "done"}
	viewGoodbye    = view{"goodbye", http.StatusOK, "done"}
	viewAccepted   = view{"accepted", http.StatusConflict, "done"}
	viewDeclined   = view{"declined", http.StatusConflict, "stop"}
	viewExpired    = view{"expired", http.StatusGone, "wait"}
	viewSuperseded = view{"superseded", http.StatusGone, "stop"}
	viewRevoked    = view{"revoked", http.StatusGone, "stop"}
	viewUnknown    = view{"unknown", http.StatusNotFound, "stop"}
	viewBusy       = view{"busy", http.StatusServiceUnavailable, "wait"}
	viewFlooded    = view{"busy", http.StatusTooManyRequests, "wait"}
	viewUnclear    = view{"unclear", http.StatusBadRequest, "stop"}
	viewTooLarge   = view{"unclear", http.StatusRequestEntityTooLarge, "stop"}
	viewForeign    = view{"unclear", http.StatusForbidden, "stop"}
	viewNoMethod   = view{"unclear", http.StatusMethodNotAllowed, "stop"}
	viewFailed     = view{"failed", http.StatusInternalServerError, "stop"}
)

// verdictViews are the pages that tell of a verdict.
var verdictViews = map[Verdict]view{
	NotFound: viewUnknown, Open: viewInvitation, Accepted: viewAccepted, Declined: viewDeclined,
	Expired: viewExpired, Superseded: viewSuperseded, Revoked: viewRevoked, NotYet: viewBusy,
}

// page is a view with what it shows.
type page struct {
	view
	invitation.Details
	// Until is the end of the invitation's time, for people to read.
	Until string
	// Form asks for a password; nil when a click is enough.
	Form *form
	// Postponed says that the invitation can be declined, and not be accepted yet.
	Postponed bool
	// Providers are with whom people can sign in to accept, and SignIn says that there is no other way.
	Providers []offered
	SignIn    bool
	// Provider is whom the page is about, and Leave the address there that the browser goes to.
	Provider, Leave string
	// Trouble is why somebody has not been signed in.
	Trouble trouble
	// Invitation is the address of the invitation, for a page that has another one.
	Invitation string

	heading bool
}

// Heading is the page with its names set apart, for the heading: a title has plain text alone.
func (p page) Heading() page {
	p.heading = true
	return p
}

// Inviter is the organization's name, for the title and the heading.
func (p page) Inviter() any { return p.apart(p.Organization) }

// Label is the provider's name, for the title and the heading.
func (p page) Label() any { return p.apart(p.Provider) }

func (p page) apart(name string) any {
	if p.heading {
		return template.HTML("<bdi>" + template.HTMLEscapeString(name) + "</bdi>") //nolint:gosec // it is escaped
	}
	return name
}

// Icon is the page's icon, for the templates.
func (p page) Icon() string { return p.icon }

// Style is the style sheet of every page, for the templates.
func (p page) Style() template.CSS { return style }

var (
	style     = template.CSS(mustRead("pages/style.css")) //nolint:gosec // a file of the program itself
	templates = parsePages()
	policy    = contentSecurityPolicy()
)

// contentSecurityPolicy lets a page show its own style and post its own form, and nothing else.
func contentSecurityPolicy() string {
	hash := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
		"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}

// templateKey names a page in one language.
type templateKey struct {
	locale invitation.Locale
	view   string
}

// parsePages makes of the layout and the texts of a language one template per page. The files are part of the
// program: what is wrong with them is found when it starts.
func parsePages() map[templateKey]*template.Template {
	parsed := map[templateKey]*template.Template{}
	names := []string{viewRefused.name, viewWelcome.name, viewGoodbye.name, viewFlooded.name, viewUnclear.name, viewFailed.name, viewLeave.name, signInView}
	for _, v := range verdictViews {
		names = append(names, v.name)
	}
	for _, locale := range invitation.Locales {
		texts := template.Must(template.New("texts").Parse(mustRead("pages/" + string(locale) + ".html")))
		template.Must(texts.New("shared").Parse(mustRead("pages/form.html")))
		for _, name := range names {
			t := template.Must(template.Must(texts.Clone()).New("page").Parse(mustRead("pages/layout.html")))
			for _, part := range []string{"title", "body"} {
				template.Must(t.AddParseTree(part, texts.Lookup(name+"."+part).Tree))
			}
			parsed[templateKey{locale, name}] = t
		}
	}
	return parsed
}

func mustRead(name string) string {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return string(content)
}

// setHeaders sets the headers that every answer carries.
func setHeaders(h http.Header, https bool) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer") // the address of a page is a secret
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cache-Control", "no-store")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// write sends the page.
func (p page) write(w http.ResponseWriter) {
	var body bytes.Buffer
	if err := templates[templateKey{p.Locale, p.name}].Execute(&body, p); err != nil {
		panic(err) // the tests show every page in every language
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(p.Locale))
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	if p.status == http.StatusServiceUnavailable || p.status == http.StatusTooManyRequests {
		h.Set("Retry-After", "5")
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(body.Bytes()) // fails when the reader has gone, which is no concern of ours
}
