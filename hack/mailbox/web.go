// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mailbox

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed web
var assets embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"local":   func(t time.Time) string { return t.Local().Format("2 Jan 2006, 15:04:05") },
	"iso":     func(t time.Time) string { return t.Format(time.RFC3339) },
	"decoded": decodeWords,
}).ParseFS(assets, "web/*.html"))

const (
	pagePolicy = "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	// A mail runs no script and loads nothing, but its links open in a new tab
	// that is free of the sandbox: the invitation page would not work in it.
	mailPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; " +
		"style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

// web is the HTTP side: pages for people, JSON for programs.
type web struct {
	store    *store
	smtpAddr string
}

func newHandler(s *store, smtpAddr string) http.Handler {
	w := &web{store: s, smtpAddr: smtpAddr}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", w.list)
	mux.HandleFunc("GET /style.css", w.style)
	mux.HandleFunc("GET /messages/{id}", w.found(w.message))
	mux.HandleFunc("GET /messages/{id}/html", w.found(w.html))
	mux.HandleFunc("GET /messages/{id}/raw", w.found(w.raw))
	mux.HandleFunc("GET /api/messages", w.apiList)
	mux.HandleFunc("DELETE /api/messages", w.apiClear)
	mux.HandleFunc("GET /api/messages/{id}", w.found(w.apiMessage))
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		header := rw.Header()
		header.Set("Content-Security-Policy", pagePolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		mux.ServeHTTP(rw, r)
	})
}

// found looks up the mail that the path names.
func (w *web) found(serve func(http.ResponseWriter, Message)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		// What is no number is no mail either: 0 is never an ID.
		id, _ := strconv.Atoi(r.PathValue("id"))
		m, ok := w.store.get(id)
		if !ok {
			http.Error(rw, fmt.Sprintf("Mail %s is not here: it never arrived, or it was cleared or made room for newer mail.",
				r.PathValue("id")), http.StatusNotFound)
			return
		}
		serve(rw, m)
	}
}

func (w *web) newestFirst() []Message {
	messages := w.store.all()
	slices.Reverse(messages)
	return messages
}

func (w *web) list(rw http.ResponseWriter, r *http.Request) {
	render(rw, "list.html", map[string]any{
		"SMTPAddr": w.smtpAddr,
		"Messages": w.newestFirst(),
		"Live":     r.URL.Query().Has("live"),
	})
}

func (w *web) message(rw http.ResponseWriter, m Message) {
	render(rw, "message.html", map[string]any{
		"Message": m,
		"Fields":  slices.Sorted(maps.Keys(m.Header)),
	})
}

func render(rw http.ResponseWriter, page string, data any) {
	// Rendering may fail half-way, so it must not write to the client yet.
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, page, data); err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	write(rw, "text/html; charset=utf-8", b.Bytes())
}

func (w *web) style(rw http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(rw, r, assets, "web/style.css")
}

var doctype = regexp.MustCompile(`(?i)^\s*<!doctype[^>]*>`)

// html serves the mail's own page. Without a base target its links would open
// inside the frame; the doctype must stay first, or the browser turns quirky.
func (w *web) html(rw http.ResponseWriter, m Message) {
	rw.Header().Set("Content-Security-Policy", mailPolicy)
	head := doctype.FindString(m.HTML)
	write(rw, "text/html; charset=utf-8", []byte(head+`<base target="_blank">`+strings.TrimPrefix(m.HTML, head)))
}

func (w *web) raw(rw http.ResponseWriter, m Message) {
	write(rw, "text/plain; charset=utf-8", m.Raw)
}

// apiMessage is the JSON form of a mail: its own fields and its links.
type apiMessage struct {
	Message
	Links []string `json:"links"`
}

func newAPIMessage(m Message) apiMessage {
	// Appending turns no links into [] rather than null.
	return apiMessage{Message: m, Links: append([]string{}, m.Links()...)}
}

func (w *web) apiList(rw http.ResponseWriter, r *http.Request) {
	to := r.URL.Query().Get("to")
	list := struct {
		Messages []apiMessage `json:"messages"`
	}{Messages: []apiMessage{}}
	for _, m := range w.newestFirst() {
		if to == "" || m.SentTo(to) {
			list.Messages = append(list.Messages, newAPIMessage(m))
		}
	}
	writeJSON(rw, list)
}

func (w *web) apiMessage(rw http.ResponseWriter, m Message) { writeJSON(rw, newAPIMessage(m)) }

func (w *web) apiClear(rw http.ResponseWriter, _ *http.Request) {
	if err := w.store.clear(); err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.WriteHeader(http.StatusNoContent)
}

func writeJSON(rw http.ResponseWriter, value any) {
	// Readable links matter more here than safety inside HTML, where no JSON goes.
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	write(rw, "application/json", b.Bytes())
}

func write(rw http.ResponseWriter, contentType string, content []byte) {
	rw.Header().Set("Content-Type", contentType)
	// It fails only when the client has gone, and then there is nobody to tell.
	_, _ = rw.Write(content)
}
