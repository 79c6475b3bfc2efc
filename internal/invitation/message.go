// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"io"
	"net/url"
	"strings"
	texttemplate "text/template"
	"time"

	"seatkeeper.dev/seatkeeper/internal/mail"
)

// Params are what the mail of an invitation is made from.
type Params struct {
	Details
	Claims
	// TTL is how long the invitation could be answered when it was made. The mail is dated accordingly.
	TTL time.Duration
	// Zone is the time zone in which the person reads times.
	Zone *time.Location
	// From is who sends the mail.
	From mail.Address
	// Portal is the address at which people reach the portal.
	Portal *url.URL
	// Keys are what the link is made with.
	Keys Keyring
}

// Message writes the mail of an invitation: the same mail, byte for byte, for the same Params.
func Message(p Params) (mail.Message, error) {
	token, err := p.Keys.Token(p.Claims, p.Email)
	if err != nil {
		return mail.Message{}, err
	}
	id, err := messageID(p.Claims, p.Email, p.From.Email)
	if err != nil {
		return mail.Message{}, fmt.Errorf("making the Message-ID of an invitation: %w", err)
	}
	t, known := templates[p.Locale]
	if !known {
		return mail.Message{}, fmt.Errorf("there are no messages in the language %q: choose one with MatchLocale", p.Locale)
	}
	content := struct {
		Details
		Link, Until string
	}{p.Details, link(p.Portal, token), p.Locale.FormatTime(p.ExpiresAt.In(p.Zone))}
	var subject, text, html strings.Builder
	for _, part := range []struct {
		to       *strings.Builder
		template executor
		name     string
	}{{&subject, t.text, "subject"}, {&text, t.text, "message.txt"}, {&html, t.html, "message.html"}} {
		if err := part.template.ExecuteTemplate(part.to, part.name, content); err != nil {
			return mail.Message{}, fmt.Errorf("writing an invitation: %w", err)
		}
	}
	return mail.Message{
		ID: id, From: p.From, To: mail.Address{Name: p.FullName, Email: p.Email},
		Subject: subject.String(), Text: text.String(), HTML: html.String(), Date: p.ExpiresAt.Add(-p.TTL),
	}, nil
}

//go:embed templates
var files embed.FS

// executor is what the two template packages have in common.
type executor interface {
	ExecuteTemplate(w io.Writer, name string, data any) error
}

// templates are the mails by language. Text and HTML share their sentences, which are in templates/<locale>.tmpl.
// The files are part of the program: what is wrong with them is found when it starts.
var templates = func() map[Locale]struct{ text, html executor } {
	parsed := map[Locale]struct{ text, html executor }{}
	for _, locale := range Locales {
		sentences := "templates/" + string(locale) + ".tmpl"
		parsed[locale] = struct{ text, html executor }{
			text: texttemplate.Must(texttemplate.ParseFS(files, sentences, "templates/message.txt")),
			html: htmltemplate.Must(htmltemplate.ParseFS(files, sentences, "templates/message.html")),
		}
	}
	return parsed
}()
