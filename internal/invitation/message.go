// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"net/url"
	texttemplate "text/template"
	"time"

	"seatkeeper.dev/seatkeeper/internal/mail"
)

// Params are what the mail of an invitation is made from.
type Params struct {
	Details
	Claims
	// TTL is how long the invitation could be answered when it was made. The mail is dated accordingly, unless
	// Date says otherwise.
	TTL time.Duration
	// Date is when the mail was written, if not TTL before the invitation expires.
	Date time.Time
	// Reminder is 0 for the invitation itself, n for its nth reminder.
	Reminder int
	// Zone is the time zone in which the person reads times.
	Zone *time.Location
	// From is who sends the mail.
	From mail.Address
	// ReplyTo is where answers go; to From if nil.
	ReplyTo *mail.Address
	// Portal is the address at which people reach the portal.
	Portal *url.URL
	// Keys are what the link is made with.
	Keys Keyring
	// Templates are the organization's own mails, with which Locale was chosen. Nil means that it has none.
	Templates *Templates
}

// Message writes the mail of an invitation, or a reminder of it: the same mail, byte for byte, for the same Params.
// All mails of an invitation carry the same link.
func Message(p Params) (mail.Message, error) {
	if p.Reminder < 0 {
		return mail.Message{}, fmt.Errorf("there is no reminder %d of an invitation: count from 1, or 0 for the invitation itself", p.Reminder)
	}
	token, err := p.Keys.Token(p.Claims, p.Email)
	if err != nil {
		return mail.Message{}, err
	}
	first, err := messageID(p.Claims, p.Email, p.From.Email, 0)
	if err != nil {
		return mail.Message{}, fmt.Errorf("making the Message-ID of an invitation: %w", err)
	}
	page := link(p.Portal, token)
	l, err := p.letter(page)
	if err != nil {
		return mail.Message{}, err
	}
	m := mail.Message{
		ID: first, From: p.From, ReplyTo: p.ReplyTo, To: mail.Address{Name: p.FullName, Email: p.Email},
		Subject: l.subject, Text: l.text, HTML: l.html, Date: p.Date,
	}
	if p.Date.IsZero() {
		m.Date = p.ExpiresAt.Add(-p.TTL)
	}
	if p.Reminder == 0 {
		return m, nil
	}
	// What comes again can be stopped: by declining, on the page.
	m.InReplyTo, m.Unsubscribe = first, page
	if m.ID, err = messageID(p.Claims, p.Email, p.From.Email, p.Reminder); err != nil {
		return mail.Message{}, fmt.Errorf("making the Message-ID of a reminder: %w", err)
	}
	return m, nil
}

// letter writes what the mail says: in the organization's own words if it has some.
func (p Params) letter(page string) (letter, error) {
	locale := p.Locale
	if own, found := p.Templates.find(locale); found {
		// What samples did not show, such as the lack of a sixth role, must not keep the mail from going out.
		if l, fault := own.write(p.variables(locale, page)); fault == nil {
			return l, nil
		}
		locale = MatchLocale(string(locale))
	}
	t, known := builtIn[locale]
	if !known {
		return letter{}, fmt.Errorf("there are no messages in the language %q: choose one with MatchLocale, or Match of the Templates", locale)
	}
	l, fault := t.write(p.variables(locale, page))
	if fault != nil {
		return letter{}, fmt.Errorf("writing the %s of an invitation: %w", fault.part, fault.err)
	}
	return l, nil
}

//go:embed templates
var files embed.FS

// builtIn are the mails that come with the program. Text and HTML share their sentences, which are in
// templates/<locale>.tmpl. What is wrong with them is found when the program starts.
var builtIn = func() map[Locale]letterTemplates {
	parsed := map[Locale]letterTemplates{}
	for _, locale := range Locales {
		sentences := "templates/" + string(locale) + ".tmpl"
		text := texttemplate.Must(texttemplate.ParseFS(files, sentences, "templates/message.txt"))
		parsed[locale] = letterTemplates{
			subject: text.Lookup("subject"), text: text.Lookup("message.txt"),
			html: htmltemplate.Must(htmltemplate.ParseFS(files, sentences, "templates/message.html")).Lookup("message.html"),
		}
	}
	return parsed
}()
