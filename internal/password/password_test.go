// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package password_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"

	"seatkeeper.dev/seatkeeper/internal/password"
)

const secret = "five blue herons wade"

func TestNothingTellsAPassword(t *testing.T) {
	p := password.New(secret)
	type exported struct{ P password.Password }
	type unexported struct {
		p  password.Password
		at *password.Password
	}
	values := map[string]any{
		"itself": p, "pointer": &p, "exported field": exported{p}, "unexported field": unexported{p, &p},
		"list": []password.Password{p}, "map": map[string]password.Password{"p": p}, "key": map[password.Password]int{p: 1},
		"deep": []any{&unexported{p: p}},
	}
	for name, v := range values {
		told := map[string]string{"JSON": encoded(t, v)}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%c", "%p", "%10.3s", "%w"} {
			told[verb] = fmt.Sprintf(verb, v)
		}
		told["Errorf"] = fmt.Errorf("setting %v: %+v", v, v).Error()
		var text, structured bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("set", "password", v)
		slog.New(slog.NewJSONHandler(&structured, nil)).Info("set", "password", v)
		told["slog text"], told["slog JSON"] = text.String(), structured.String()
		funcr.New(func(_, args string) { told["logr"] = args }, funcr.Options{}).Info("set", "password", v)
		for where, what := range told {
			for _, tell := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), secret[:3]} {
				if strings.Contains(what, tell) {
					t.Errorf("%s, %s: %s", name, where, what)
				}
			}
		}
	}
}

// encoded is v as JSON, or what the encoder says of it: map keys must be texts.
func encoded(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func TestReveal(t *testing.T) {
	if got := password.New(secret).Reveal(); got != secret {
		t.Errorf("Reveal = %q", got)
	}
	if got := (password.Password{}).Reveal(); got != "" {
		t.Errorf("nothing reveals %q", got)
	}
	if got := fmt.Sprint(password.New(secret)); got != "[redacted]" {
		t.Errorf("it prints as %q", got)
	}
}
