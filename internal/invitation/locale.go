// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// Locale is a language that mails and pages are written in, as a BCP 47 tag.
type Locale string

// The languages that come built in. English is what remains when none fits.
const (
	English Locale = "en"
	French  Locale = "fr"
)

// Locales are all of them, the one to fall back on first.
var Locales = []Locale{English, French}

var matcher = language.NewMatcher([]language.Tag{language.English, language.French})

// MatchLocale picks the language that suits best, from BCP 47 tags or Accept-Language headers, the most wanted
// first. Empty ones are passed over.
func MatchLocale(wanted ...string) Locale {
	_, i := language.MatchStrings(matcher, wanted...)
	return Locales[i]
}

// FormatTime writes a time for people, to the minute, with the abbreviation of its zone. In languages that do not
// come built in it is written in figures.
func (l Locale) FormatTime(t time.Time) string {
	zone, _ := t.Zone()
	if strings.ContainsAny(zone, "+-") { // a zone without an abbreviation of its own
		zone = "UTC" + t.Format("-07:00")
	}
	spoken, _, _ := strings.Cut(string(l), "-")
	switch Locale(spoken) {
	case French:
		day := strconv.Itoa(t.Day())
		if t.Day() == 1 {
			day = "1er"
		}
		return fmt.Sprintf("%s %s %s %d à %d\u00a0h\u00a0%02d (%s)", frenchDays[t.Weekday()], day, frenchMonths[t.Month()-1],
			t.Year(), t.Hour(), t.Minute(), zone)
	case English:
		return t.Format("Monday, 2 January 2006 at 15:04 ") + "(" + zone + ")"
	}
	return t.Format("2006-01-02 15:04 ") + "(" + zone + ")"
}

var (
	frenchDays   = [...]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}
	frenchMonths = [...]string{
		"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
		"octobre", "novembre", "décembre",
	}
)

// LoadZone finds the time zone of a user by name: the user's own, else the organization's, else UTC. It is UTC
// as well beside an error.
func LoadZone(user, organization string) (*time.Location, error) {
	name := cmp.Or(user, organization, "UTC")
	zone, err := time.LoadLocation(name)
	// "Local" is the zone of the machine that this happens to run on.
	if err != nil || name == "Local" {
		return time.UTC, fmt.Errorf("there is no time zone %q: use a name of the IANA database such as Europe/Paris", name)
	}
	return zone, nil
}
