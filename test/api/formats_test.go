// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package api_test

import "fmt"

func emailRules() []rule {
	var rules []rule
	for why, address := range map[string]string{
		"plain":                   "jean.martin@acme.example",
		"a tag (AX-12)":           "jean+sales+2026@acme.example",
		"an apostrophe":           "o'neil@acme.example",
		"every character allowed": "!#$%&'*+-/=?^_`{|}~@acme.example",
		"beyond ASCII":            "jürgen.李@acme.example",
		"digits":                  "007@4u.2go.example",
		"capitals":                "Jean.Martin@ACME.Example",
		"a long top level":        "jean@acme.xn--vermgensberatung-pwb",
		"a short one":             "j@a.io",
		"many labels":             "jean@mail.eu-west-1.acme.example",
		"labels of 63 characters": "jean@" + text(63) + ".example",
		"254 characters":          text(64) + "@" + text(63) + "." + text(63) + "." + text(53) + ".example",
	} {
		rules = append(rules, rule{"a good address: " + why, user, fields{"spec.email": address}, ""})
	}
	for why, address := range map[string]string{
		"no domain":                  "jean",
		"no local part":              "@acme.example",
		"two addresses":              "jean@acme.example,ada@acme.example",
		"two addresses and a space":  "jean@acme.example ada@acme.example",
		"two addresses, semicolon":   "jean@acme.example;ada@acme.example",
		"two at signs":               "jean@home@acme.example",
		"a name with angle brackets": "Jean Martin <jean@acme.example>",
		"angle brackets":             "<jean@acme.example>",
		"a link":                     "mailto:jean@acme.example",
		"a comment":                  "jean(work)@acme.example",
		"a quoted local part":        `"jean martin"@acme.example`,
		"a backslash":                `jean\@acme.example`,
		"a space inside":             "jean martin@acme.example",
		"a space before":             " jean@acme.example",
		"a space after":              "jean@acme.example ",
		"a no-break space":           "jean\u00a0martin@acme.example",
		"a newline after":            "jean@acme.example\n",
		"a header after a newline":   "jean@acme.example\r\nBcc: all@acme.example",
		"a tab":                      "jean\t@acme.example",
		"a null":                     "jean\x00@acme.example",
		"a bell":                     "jean\a@acme.example",
		"a delete":                   "jean\x7f@acme.example",
		"a zero-width space":         "jean\u200b@acme.example",
		"a zero-width joiner":        "jean\u200d@acme.example",
		"a byte order mark":          "\ufeffjean@acme.example",
		"a soft hyphen":              "je\u00adan@acme.example",
		"text turned around":         "jean\u202e@acme.example",
		"a zero-width in the domain": "jean@ac\u200bme.example",
		"no dot in the domain":       "jean@localhost",
		"a dot at the end":           "jean@acme.example.",
		"two dots in the domain":     "jean@acme..example",
		"a dot before the domain":    "jean@.acme.example",
		"two dots":                   "jean..martin@acme.example",
		"a dot before":               ".jean@acme.example",
		"a dot after":                "jean.@acme.example",
		"a hyphen before the domain": "jean@-acme.example",
		"a hyphen after a label":     "jean@acme-.example",
		"a hyphen at the end":        "jean@acme.example-",
		"an underscore":              "jean@ac_me.example",
		"a domain beyond ASCII":      "jean@société.example",
		"an IP address":              "jean@192.0.2.1",
		"an IP address in brackets":  "jean@[192.0.2.1]",
		"a port":                     "jean@acme.example:25",
		"a top level of one letter":  "jean@acme.e",
		"a label of 64 characters":   "jean@" + text(64) + ".example",
	} {
		rules = append(rules, rule{"a bad address: " + why, user, fields{"spec.email": address}, emailRule})
	}
	return append(rules,
		rule{"an address of 255 characters", user, fields{"spec.email": text(64) + "@" + text(63) + "." + text(63) + "." + text(54) + ".example"}, "spec.email: Too long"},
		rule{"an empty address", user, fields{"spec.email": ""}, "spec.email"},
	)
}

func localeRules() []rule {
	var rules []rule
	for _, kind := range []string{organization, user} {
		for _, tag := range []string{"en", "fr-FR", "FR-fr", "es-419", "zh-Hant-TW", "gsw-CH", "sl-rozaj-biske", "de-DE-u-co-phonebk", "de-CH-1996"} {
			rules = append(rules, rule{"a language: " + tag, kind, fields{"spec.locale": tag}, ""})
		}
		for _, tag := range []string{"fr_FR", "fr_FR.UTF-8", "french", "fr-", "-fr", "fr--FR", "fr FR", "fr-FR,en", "*", "12", "fr-FR\n", "en-u"} {
			rules = append(rules, rule{fmt.Sprintf("no language: %q", tag), kind, fields{"spec.locale": tag}, localeRule})
		}
		rules = append(rules,
			rule{"no language is left out, not empty", kind, fields{"spec.locale": ""}, "spec.locale"},
			rule{"a language of 36 characters", kind, fields{"spec.locale": "en-aaaaaaaa-bbbbbbbb-cccccccc-dddddd"}, "spec.locale: Too long"},
		)
	}
	return rules
}

func timeZoneRules() []rule {
	var rules []rule
	for _, kind := range []string{organization, user} {
		for _, zone := range []string{
			"UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "America/Port-au-Prince", "America/North_Dakota/New_Salem",
			"Etc/GMT+5", "EST5EDT", "GMT-0", "Antarctica/DumontDUrville",
		} {
			rules = append(rules, rule{"a time zone: " + zone, kind, fields{"spec.timeZone": zone}, ""})
		}
		for _, zone := range []string{
			"Local", "Europe/", "/Paris", "Europe//Paris", "Europe/Paris ", "Europe, Paris", "+02:00", "UTC+02:00", "../../etc/passwd",
			"/etc/localtime", "Europe/Paris\n", "Central European Time", "A/B/C/D",
		} {
			rules = append(rules, rule{fmt.Sprintf("no time zone: %q", zone), kind, fields{"spec.timeZone": zone}, timeZoneRule})
		}
		rules = append(rules,
			rule{"no time zone is left out, not empty", kind, fields{"spec.timeZone": ""}, "spec.timeZone"},
			rule{"a time zone of 65 characters", kind, fields{"spec.timeZone": text(65)}, "spec.timeZone: Too long"},
		)
	}
	return rules
}
