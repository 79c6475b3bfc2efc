// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"strings"
	"testing"
	"time"
)

func TestMatchLocale(t *testing.T) {
	cases := map[string]struct {
		why    string
		wanted []string
		want   Locale
	}{
		"nothing":             {"English is what remains", nil, English},
		"user's":              {"the user's own comes first", []string{"fr", "en"}, French},
		"organization's":      {"without a language of one's own", []string{"", "fr-FR"}, French},
		"Canada":              {"French is French", []string{"fr-CA", "en"}, French},
		"Britain":             {"English is English", []string{"en-GB", "fr"}, English},
		"unknown, then known": {"the organization's is better than none", []string{"ja", "fr-FR"}, French},
		"unknown":             {"English is what remains", []string{"ja", "ko"}, English},
		"nonsense":            {"a tag that means nothing is passed over", []string{"xx-abcdefgh", "fr"}, French},
		"header":              {"as browsers send it", []string{"de-DE,de;q=0.9,fr;q=0.8,en;q=0.7"}, French},
		"broken header":       {"a broken header is passed over", []string{";;q=,,,"}, English},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := MatchLocale(c.wanted...); got != c.want {
				t.Errorf("MatchLocale(%q) = %s, want %s: %s", c.wanted, got, c.want, c.why)
			}
		})
	}
}

func TestFormatTime(t *testing.T) {
	winter, summer := time.Date(2026, 3, 1, 8, 5, 0, 0, time.UTC), time.Date(2026, 8, 15, 22, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		locale Locale
		at     time.Time
		zone   string
		want   string
	}{
		"English":         {English, winter, "UTC", "Sunday, 1 March 2026 at 08:05 (UTC)"},
		"French, first":   {French, winter, "Europe/Paris", "dimanche 1er mars 2026 à 9\u00a0h\u00a005 (CET)"},
		"French, summer":  {French, summer, "Europe/Paris", "dimanche 16 août 2026 à 0\u00a0h\u00a000 (CEST)"},
		"French, Canada":  {"fr-CA", winter, "UTC", "dimanche 1er mars 2026 à 8\u00a0h\u00a005 (UTC)"},
		"English, GB":     {"en-GB", winter, "UTC", "Sunday, 1 March 2026 at 08:05 (UTC)"},
		"figures":         {"de", winter, "UTC", "2026-03-01 08:05 (UTC)"},
		"figures, zone":   {"pt-BR", summer, "America/Sao_Paulo", "2026-08-15 19:00 (UTC-03:00)"},
		"not English":     {"enm", summer, "Europe/Paris", "2026-08-16 00:00 (CEST)"},
		"no abbreviation": {English, winter, "America/Sao_Paulo", "Sunday, 1 March 2026 at 05:05 (UTC-03:00)"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			zone, err := LoadZone(c.zone, "")
			if err != nil {
				t.Fatal(err)
			}
			if got := c.locale.FormatTime(c.at.In(zone)); got != c.want {
				t.Errorf("FormatTime = %q, want %q", got, c.want)
			}
		})
	}
}

func TestFrenchCalendar(t *testing.T) {
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) // a Thursday
	if got := French.FormatTime(day); !strings.HasPrefix(got, "jeudi 1er janvier 2026") {
		t.Errorf("FormatTime = %q", got)
	}
	if got := French.FormatTime(day.AddDate(0, 0, 364)); !strings.HasPrefix(got, "jeudi 31 décembre 2026") {
		t.Errorf("FormatTime = %q", got)
	}
}

func TestLoadZone(t *testing.T) {
	cases := map[string]struct {
		why                string
		user, organization string
		want               string
		fails              bool
	}{
		"user's":         {"it comes first", "Asia/Tokyo", "Europe/Paris", "Asia/Tokyo", false},
		"organization's": {"without one of one's own", "", "Europe/Paris", "Europe/Paris", false},
		"none":           {"UTC is what remains", "", "", "UTC", false},
		"unknown":        {"there is no such place", "Europe/Atlantis", "Europe/Paris", "UTC", true},
		"Local":          {"the machine's zone says nothing about the person", "Local", "", "UTC", true},
		"a path":         {"no file is read", "../../etc/passwd", "", "UTC", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			zone, err := LoadZone(c.user, c.organization)
			if zone.String() != c.want || (err != nil) != c.fails {
				t.Errorf("LoadZone = %s, %v; want %s, failure %t: %s", zone, err, c.want, c.fails, c.why)
			}
		})
	}
}
