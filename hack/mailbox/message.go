// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mailbox

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxDepth bounds how deep multiparts may be nested; real mail stays below 5.
const maxDepth = 10

// Message is a mail that was received. Treat it as read-only: copies share its
// slices and its header. Its JSON form is part of the HTTP API.
type Message struct {
	// ID counts the mails by arrival, from 1.
	ID int `json:"id"`
	// From and To are the envelope: who really gets the mail, whatever the
	// header says.
	From     string    `json:"from"`
	To       []string  `json:"to"`
	Received time.Time `json:"received"`
	// Subject is decoded, MessageID comes without its angle brackets.
	Subject   string `json:"subject"`
	MessageID string `json:"messageID"`
	// Header is as sent: encoded words are not decoded.
	Header mail.Header `json:"header"`
	// Text and HTML are the first parts of their kind that are no attachment,
	// decoded, with \n as the line end.
	Text string `json:"text"`
	HTML string `json:"html"`
	// Problem says what of the mail could not be read; empty if all could.
	Problem string `json:"problem,omitempty"`
	// Raw is the mail as sent.
	Raw []byte `json:"-"`
}

// SentTo says whether the address is among the envelope's recipients; case does
// not matter.
func (m Message) SentTo(address string) bool { return contains(m.To, address) }

func contains(addresses []string, address string) bool {
	return slices.ContainsFunc(addresses, func(a string) bool { return strings.EqualFold(a, address) })
}

var linkPattern = regexp.MustCompile("https?://[^\\s<>\"`“”„«»]+")

// Links returns the http and https addresses in the text part, in order.
func (m Message) Links() []string {
	links := linkPattern.FindAllString(m.Text, -1)
	for i, link := range links {
		// What closes a sentence or a bracket around the link is not part of it.
		closing := ".,;:!?'…]}"
		if !strings.Contains(link, "(") {
			closing += ")"
		}
		links[i] = strings.TrimRight(link, closing)
	}
	return links
}

// parse reads as much of a mail as it can, and notes what it cannot: a
// development mailbox shows a broken mail rather than refuse it.
func parse(raw []byte) Message {
	m := Message{Raw: raw}
	if err := m.read(); err != nil {
		m.Problem = err.Error()
	}
	return m
}

func (m *Message) read() error {
	parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return fmt.Errorf("reading the header: %w", err)
	}
	m.Header = parsed.Header
	m.Subject = decodeWords(parsed.Header.Get("Subject"))
	m.MessageID = strings.Trim(parsed.Header.Get("Message-ID"), "<> ")
	return m.readPart(textproto.MIMEHeader(parsed.Header), parsed.Body, 0)
}

func (m *Message) readPart(header textproto.MIMEHeader, body io.Reader, depth int) error {
	contentType := header.Get("Content-Type")
	if contentType == "" {
		contentType = "text/plain; charset=us-ascii" // the default of RFC 2045
	}
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("reading Content-Type %q: %w", contentType, err)
	}
	if strings.HasPrefix(mediaType, "multipart/") {
		return m.readMultipart(multipart.NewReader(body, params["boundary"]), depth+1)
	}
	disposition, _, _ := strings.Cut(header.Get("Content-Disposition"), ";")
	if strings.EqualFold(strings.TrimSpace(disposition), "attachment") {
		return nil
	}
	var text *string
	switch mediaType {
	case "text/plain":
		text = &m.Text
	case "text/html":
		text = &m.HTML
	default:
		return nil
	}
	if *text != "" {
		return nil
	}
	*text, err = decodeText(body, header.Get("Content-Transfer-Encoding"), params["charset"])
	if err != nil {
		return fmt.Errorf("reading the %s part: %w", mediaType, err)
	}
	return nil
}

func (m *Message) readMultipart(parts *multipart.Reader, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("reading the parts: they are nested more than %d deep", maxDepth)
	}
	var problems []error
	for {
		// NextPart would decode quoted-printable, but not base64.
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return errors.Join(problems...)
		}
		if err != nil {
			return errors.Join(append(problems, fmt.Errorf("reading the parts: %w", err))...)
		}
		if err := m.readPart(part.Header, part, depth); err != nil {
			problems = append(problems, err)
		}
	}
}

// decodeText returns what it could decode also beside an error.
func decodeText(body io.Reader, encoding, charset string) (string, error) {
	var problems []error
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "", "7bit", "8bit", "binary":
	default:
		problems = append(problems, fmt.Errorf("its transfer encoding %q is unknown", encoding))
	}
	decoded, err := io.ReadAll(body)
	if err != nil {
		problems = append(problems, fmt.Errorf("decoding it: %w", err))
	}
	switch strings.ToLower(charset) {
	case "", "utf-8", "us-ascii":
		if !utf8.Valid(decoded) {
			problems = append(problems, errors.New("it is not valid UTF-8"))
		}
	default:
		problems = append(problems, fmt.Errorf("its charset is %q: only utf-8 and us-ascii are read", charset))
	}
	text := strings.ToValidUTF8(string(decoded), "\uFFFD")
	return strings.ReplaceAll(text, "\r\n", "\n"), errors.Join(problems...)
}

// decodeWords decodes encoded words; what cannot be decoded stays as it is.
func decodeWords(value string) string {
	decoded, err := new(mime.WordDecoder).DecodeHeader(value)
	if err != nil {
		return value
	}
	return decoded
}
