// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	texttemplate "text/template"
)

// variables are what the templates of a mail may show. ParseTemplates says what each means.
type variables struct {
	Organization string
	Email        string
	GivenName    string
	FullName     string
	Roles        []Role
	Link         string
	Until        string
	Reminder     int
	Locale       string
}

// variables are the values for a mail in one language with a link.
func (p Params) variables(locale Locale, link string) variables {
	return variables{
		Organization: p.Organization, Email: p.Email, GivenName: p.GivenName, FullName: p.FullName, Roles: p.Roles,
		Link: link, Until: locale.FormatTime(p.ExpiresAt.In(p.Zone)), Reminder: p.Reminder, Locale: string(locale),
	}
}

// sampleToken looks like the token of a link, and is none.
var sampleToken = strings.Repeat("Abcdefgh", encoding.EncodedLen(tokenSize)/8)

// sample is a mail that templates are tried with.
type sample struct {
	// why says what is special about it, after "for".
	why string
	variables
}

// samples are mails in one language: with and without all that a mail may lack.
func samples(locale Locale) []sample {
	var all []sample
	for _, roles := range [][]Role{
		{{Name: "Support", Description: "Answers customers"}, {Name: "Sales"}, {Name: "Expenses", Description: "Enters & approves"}},
		{{Name: "Support"}},
		nil,
	} {
		for _, name := range []string{"Ada", ""} {
			for _, reminder := range []int{0, 1, 2} {
				why := "an invitation"
				if reminder > 0 {
					why = "reminder " + strconv.Itoa(reminder)
				}
				why += " with " + strconv.Itoa(len(roles)) + " roles"
				if name == "" {
					why += " to somebody without a given name"
				}
				all = append(all, sample{why, variables{
					Organization: "Example & Co", Email: "somebody@members.example", GivenName: name, FullName: strings.TrimSpace(name + " Example"),
					Roles: roles, Link: "https://portal.example" + Path + sampleToken, Until: "2026-03-01 08:05 (UTC)",
					Reminder: reminder, Locale: string(locale),
				}})
			}
		}
	}
	return all
}

// printLimit is how many bytes a function of a template takes and gives at most. It keeps templates from growing a
// text that they never show.
const printLimit = 4096

// functions stand in for those of the standard library that make text, within printLimit.
var functions = texttemplate.FuncMap{
	"print":   bounded(fmt.Sprint),
	"println": bounded(fmt.Sprintln),
	"printf": func(format string, args ...any) (string, error) {
		if err := checkFormat(format); err != nil {
			return "", err
		}
		return bounded(func(args ...any) string { return fmt.Sprintf(format, args...) })(args...)
	},
	"html":     bounded(htmltemplate.HTMLEscaper),
	"urlquery": bounded(htmltemplate.URLQueryEscaper),
}

var (
	errPrintLimit = errors.New("it makes or takes a text of more than " + strconv.Itoa(printLimit) + " bytes")
	errPrintKind  = errors.New("it takes text, numbers and truth values alone")
)

// bounded makes a function of text that refuses what is no text, and what is too long.
func bounded(write func(args ...any) string) func(args ...any) (string, error) {
	return func(args ...any) (string, error) {
		size := 0
		for _, arg := range args {
			switch v := reflect.ValueOf(arg); v.Kind() {
			case reflect.String:
				size += v.Len()
			case reflect.Bool, reflect.Int, reflect.Uint8: // Uint8 is a byte of a text
				size++
			default:
				return "", errPrintKind
			}
		}
		if size > printLimit {
			return "", errPrintLimit
		}
		text := write(args...)
		if len(text) > printLimit {
			return "", errPrintLimit
		}
		return text, nil
	}
}

var (
	directives = regexp.MustCompile(`%[^a-zA-Z%]*`)
	digits     = regexp.MustCompile(`[0-9]+`)
)

// checkFormat refuses a format of printf that could fill the memory.
func checkFormat(format string) error {
	if len(format) > printLimit {
		return errPrintLimit
	}
	total := 0
	for _, directive := range directives.FindAllString(format, -1) {
		if strings.ContainsAny(directive, "*[") {
			return errors.New("its format has a * or a [n] after a %: write the width itself")
		}
		for _, width := range digits.FindAllString(directive, -1) {
			n, err := strconv.Atoi(width)
			if err != nil || n > printLimit {
				return errPrintLimit
			}
			total += n
		}
	}
	if total > printLimit {
		return errPrintLimit
	}
	return nil
}
