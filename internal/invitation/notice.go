// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/mail"
)

// Notice is what the mail is made from that tells a person of the end of access.
type Notice struct {
	Details
	// UID is the User's.
	UID types.UID
	// Until is when access ends.
	Until time.Time
	// Date is when the mail was written.
	Date time.Time
	// Zone is the time zone in which the person reads times.
	Zone *time.Location
	// From is who sends the mail, and ReplyTo where answers go; to From if nil.
	From    mail.Address
	ReplyTo *mail.Address
}

// NoticeMessage writes the mail: the same mail, byte for byte, for the same Notice. It has no link: there is nothing to do on
// a page. Its Message-ID tells nothing but that it is the one mail about this end of this person's access.
func NoticeMessage(n Notice) (mail.Message, error) {
	t, known := builtInNotices[n.Locale]
	if !known {
		return mail.Message{}, fmt.Errorf("there is no notice in the language %q: choose one with MatchLocale", n.Locale)
	}
	_, domain, found := strings.Cut(n.From.Email, "@")
	if !found || domain == "" {
		return mail.Message{}, errors.New("making the Message-ID of a notice: the sender has no address: configure one such as people@acme.example")
	}
	values := variables{
		Organization: n.Organization, Email: n.Email, GivenName: n.GivenName, FullName: n.FullName,
		Until: n.Locale.FormatTime(n.Until.In(n.Zone)), Locale: string(n.Locale),
	}
	var parts [3]strings.Builder
	for i, part := range []executor{t.subject, t.text, t.html} {
		if err := part.Execute(&parts[i], values); err != nil {
			return mail.Message{}, fmt.Errorf("writing a notice: %w", err)
		}
	}
	id := sha256.Sum256(fmt.Appendf(nil, "seatkeeper.dev/access/notice-id\n%s\n%d", n.UID, n.Until.Unix()))
	return mail.Message{
		ID: hex.EncodeToString(id[:16]) + "@" + domain, From: n.From, ReplyTo: n.ReplyTo, To: mail.Address{Name: n.FullName, Email: n.Email},
		Subject: parts[0].String(), Text: parts[1].String(), HTML: parts[2].String(), Date: n.Date,
	}, nil
}

// builtInNotices are the notices that come with the program; there are no others.
var builtInNotices = func() map[Locale]letterTemplates {
	parsed := map[Locale]letterTemplates{}
	for _, locale := range Locales {
		sentences := "templates/notice." + string(locale) + ".tmpl"
		text := texttemplate.Must(texttemplate.ParseFS(files, sentences, "templates/notice.txt"))
		parsed[locale] = letterTemplates{
			subject: text.Lookup("subject"), text: text.Lookup("notice.txt"),
			html: htmltemplate.Must(htmltemplate.ParseFS(files, sentences, "templates/notice.html")).Lookup("notice.html"),
		}
	}
	return parsed
}()
