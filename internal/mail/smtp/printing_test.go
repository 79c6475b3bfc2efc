// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package smtp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestNothingPrintsThePassword(t *testing.T) {
	const password = "hunter2"
	o := Options{Host: "mail.example", Port: 587, Username: "seatkeeper", Password: password}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	type around struct {
		Options Options
		Pointer *Options
		Sender  any
	}
	for _, value := range []any{o, &o, around{o, &o, s}, &around{o, &o, s}, []Options{o}, s} {
		printed := map[string]string{}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
			printed[verb] = fmt.Sprintf(verb, value)
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		printed["JSON"] = string(encoded)
		var text, lines bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("Starting", "value", value)
		slog.New(slog.NewJSONHandler(&lines, nil)).Info("Starting", "value", value)
		printed["slog"], printed["slog in JSON"] = text.String(), lines.String()
		for how, out := range printed {
			for _, secret := range []string{password, fmt.Sprintf("%x", password), fmt.Sprintf("%X", password)} {
				if strings.Contains(out, secret) {
					t.Errorf("%s of %T shows the password: %s", how, value, out)
				}
			}
		}
	}
	for how, out := range map[string]string{"%+v": fmt.Sprintf("%+v", o), "JSON": toJSON(t, o)} {
		for _, shown := range []string{"mail.example", "587", "seatkeeper"} {
			if !strings.Contains(out, shown) {
				t.Errorf("%s does not show %q: %s", how, shown, out)
			}
		}
	}
	if o.Password != password {
		t.Error("printing changed the password")
	}
}

func toJSON(t *testing.T, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}
