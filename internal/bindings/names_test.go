// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package bindings_test

import (
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/internal/bindings"
	"seatkeeper.dev/seatkeeper/test/build"
)

func TestParseNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ why, text, want string }{
		"address":  {"what the identity provider says", "{{.Email}}", ""},
		"prefixed": {"as --oidc-username-prefix does", "oidc:{{.Email}}", ""},
		"all":      {"whatever tells people apart", "{{.Namespace}}/{{.Organization}}/{{.Name}}/{{.UID}}", ""},
		"broken":   {"no template", "{{.Email", "unclosed action"},
		"a field":  {"that there is not", "{{.Phone}}", "Phone"},
		"empty":    {"nobody", "{{if false}}x{{end}} ", "empty"},
		"system":   {"Kubernetes' own", "system:{{.Name}}", "system:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := bindings.ParseNames(c.text)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want it to say %q", c.why, err, c.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	jean := build.User("jean").In("ns", "acme").Email("new@acme.example")
	for name, c := range map[string]struct {
		why, text string
		user      *build.UserBuilder
		want      string
		refused   bool
	}{
		"address":        {why: "by default", user: jean, want: "new@acme.example"},
		"an older one":   {why: "an edit has not taken effect", user: build.User("jean").In("ns", "acme").Email("new@acme.example").Known("old@acme.example"), want: "old@acme.example"},
		"template":       {why: "as the operator is told", text: "oidc:{{.Email}} {{.Name}} {{.Namespace}} {{.Organization}} {{.UID}}", user: jean, want: "oidc:new@acme.example jean ns acme uid-of-jean"},
		"for some, none": {why: "nobody is bound as nobody", text: `{{if ne .Name "ada"}}{{.Email}}{{end}}`, user: build.User("ada"), refused: true},
		"for some, all":  {why: "nobody is bound as the system", text: `{{if eq .Name "ada"}}system:{{end}}{{.Name}}`, user: build.User("ada"), refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var names bindings.Names
			if c.text != "" {
				parsed, err := bindings.ParseNames(c.text)
				if err != nil {
					t.Fatal(err)
				}
				names = parsed
			}
			got, err := names.Of(c.user.Obj())
			if got != c.want || (err != nil) != c.refused {
				t.Errorf("%s: got %q, %v", c.why, got, err)
			}
		})
	}
}
