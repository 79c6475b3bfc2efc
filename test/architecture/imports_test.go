// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package architecture_test holds the rules of docs/architecture.md that a compiler does not: who may import whom,
// and who writes what.
package architecture_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	root   = "../.."
	module = "seatkeeper.dev/seatkeeper"
)

// room is a part of the house.
type room struct {
	name string
	// packages are the directories of the room; a * stands for one step.
	packages []string
	// may are the rooms that its packages may import. Packages of one room import each other only when
	// it is among them.
	may []string
	// outside are the modules beyond the standard library that they may import; nil, and any.
	outside []string
	// pure packages know no context, client, logger, goroutine or chance.
	pure bool
}

var rooms = []room{
	{name: "api", packages: []string{"api/v1alpha1"}, outside: []string{"k8s.io/apimachinery"}},
	{name: "verdict", packages: []string{"internal/verdict"}, may: []string{"api"}, pure: true},
	{
		name: "cores", packages: []string{"internal/access", "internal/guard", "internal/handover", "internal/membership", "internal/overview", "internal/pricing", "internal/seats"},
		may: []string{"api", "values", "verdict", "cores", "account"}, pure: true,
	},
	{name: "values", packages: []string{"internal/address", "internal/fault", "internal/password"}},
	{name: "account", packages: []string{"internal/account", "internal/group"}, may: []string{"api", "verdict", "account"}, pure: true},
	{name: "outbox", packages: []string{"internal/outbox"}},
	{name: "ownership", packages: []string{"internal/ownership"}, may: []string{"api", "cores", "outbox", "together"}},
	{name: "together", packages: []string{"internal/together"}},
	{name: "openid", packages: []string{"internal/openid", "internal/openid/openidtest"}, may: []string{"values"}},
	{name: "servingcert", packages: []string{"internal/servingcert"}},
	{name: "shards", packages: []string{"internal/shards"}},
	{name: "ports", packages: []string{"internal/billing", "internal/directory", "internal/mail"}, may: []string{"api", "values", "account"}},
	{
		name: "adapters", packages: []string{
			"internal/billing/fake", "internal/billing/stripe", "internal/directory/fake", "internal/directory/metered", "internal/directory/scim", "internal/mail/fake",
			"internal/mail/metered", "internal/mail/smtp",
		},
		may: []string{"api", "values", "ports"},
	},
	{
		name: "suites", packages: []string{"internal/billing/billingtest", "internal/directory/directorytest", "internal/directory/scimtest", "internal/mail/mailtest"},
		may: []string{"api", "values", "ports"},
	},
	{name: "invitation", packages: []string{"internal/invitation"}, may: []string{"api", "values", "ports"}, pure: true},
	{
		name: "shared", packages: []string{"internal/bindings", "internal/claims", "internal/index", "internal/keystore", "internal/loop", "internal/roster"},
		may: []string{"api", "verdict", "cores", "ports", "invitation", "shared"},
	},
	{name: "figures", packages: []string{"internal/figures"}, may: []string{"api", "shared"}},
	{name: "drift", packages: []string{"internal/drift"}, may: []string{"api", "cores", "account", "ports"}, pure: true},
	{
		name: "resync", packages: []string{"internal/resync"}, may: []string{"api", "cores", "account", "ports", "drift", "outbox", "shared"},
	},
	{
		name: "people", packages: []string{"internal/people", "internal/spreadsheet"}, may: []string{"api", "values", "cores", "ports", "people"}, pure: true,
	},
	{name: "follow", packages: []string{"internal/follow"}},
	{
		name: "mailroom", packages: []string{"internal/accounts", "internal/mailroom"}, may: []string{"api", "account", "ports", "invitation", "shared", "follow"},
	},
	{name: "signin", packages: []string{"internal/signin"}, may: []string{"api", "values", "follow", "openid"}},
	{
		name: "groups", packages: []string{"internal/groups"}, may: []string{"api", "verdict", "account", "ports", "outbox", "shared"},
	},
	{
		name: "entrances", packages: []string{"internal/admission", "internal/portal", "controllers/*"},
		may: []string{"api", "values", "verdict", "cores", "account", "ports", "outbox", "ownership", "invitation", "shared", "mailroom", "groups", "drift", "resync", "figures", "follow", "openid", "signin", "together"},
	},
	{
		name: "programs", packages: []string{"cmd/*", "cmd/*/*"},
		may: []string{
			"api", "values", "verdict", "cores", "account", "ports", "adapters", "outbox", "ownership", "invitation", "shared", "mailroom", "groups", "entrances", "programs", "servingcert", "shards", "resync", "figures", "people", "openid", "signin",
		},
	},
}

// impure are the packages that pure ones do without, and all below them.
var impure = []string{
	"context", "crypto/rand", "log", "math/rand", "net/http", "os", "sync",
	"github.com/go-logr", "go.uber.org/zap", "k8s.io/client-go", "k8s.io/klog", "sigs.k8s.io/controller-runtime",
}

// pkg is what `go list` tells of a package, without its tests: they may import what they like.
type pkg struct {
	ImportPath    string
	Imports, Deps []string
}

func TestImports(t *testing.T) {
	packages, err := list()
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range imports(packages) {
		t.Error(broken)
	}
	for _, r := range rooms {
		for _, pattern := range r.packages {
			if !slices.ContainsFunc(packages, func(p pkg) bool { return matches(pattern, within(p.ImportPath)) }) {
				t.Errorf("the room %s has %s, which is not there", r.name, pattern)
			}
		}
	}
}

// list asks for the packages of the module. One that does not compile is somebody else's test to fail.
func list() ([]pkg, error) {
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing packages: %w", err)
	}
	var packages []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading the list of packages: %w", err)
		}
		packages = append(packages, p)
	}
}

// imports says which imports break the rules.
func imports(packages []pkg) []string {
	var broken []string
	for _, p := range packages {
		dir := within(p.ImportPath)
		if beside(dir) {
			continue
		}
		at := find(dir)
		if at == nil {
			broken = append(broken, fmt.Sprintf("%s is in no room: say in this test and in docs/architecture.md what it may import", dir))
			continue
		}
		for _, path := range p.Imports {
			if why := at.refuses(path); why != "" {
				broken = append(broken, fmt.Sprintf("%s imports %s: %s", dir, path, why))
			}
		}
		if at.pure || at.outside != nil {
			for _, path := range p.Deps {
				if below(path, "k8s.io/client-go") || below(path, "sigs.k8s.io/controller-runtime") {
					broken = append(broken, fmt.Sprintf("%s depends on %s in the end", dir, path))
					break
				}
			}
		}
	}
	return broken
}

// refuses says why packages of the room do not import path, "" when they may.
func (r *room) refuses(path string) string {
	if r.pure && slices.ContainsFunc(impure, func(p string) bool { return below(path, p) }) {
		return "it is pure"
	}
	if dir := within(path); dir != "" {
		other := find(dir)
		if other == nil {
			return "that is beside the product"
		}
		if !slices.Contains(r.may, other.name) {
			return fmt.Sprintf("%s may import %s", r.name, strings.Join(r.may, ", "))
		}
		return ""
	}
	first, _, _ := strings.Cut(path, "/")
	standard := !strings.Contains(first, ".")
	if r.outside != nil && !standard && !slices.ContainsFunc(r.outside, func(m string) bool { return below(path, m) }) {
		return "beyond the standard library it may import " + strings.Join(r.outside, ", ")
	}
	return ""
}

// find returns the room of a directory of the module, nil when it has none.
func find(dir string) *room {
	for i, r := range rooms {
		for _, pattern := range r.packages {
			if matches(pattern, dir) {
				return &rooms[i]
			}
		}
	}
	return nil
}

func matches(pattern, dir string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(dir, "/")
	return slices.EqualFunc(want, got, func(w, g string) bool { return w == "*" || w == g })
}

// within is the directory of a package of the module, "" for a package of another one.
func within(path string) string {
	dir, ok := strings.CutPrefix(path, module+"/")
	if !ok {
		return ""
	}
	return dir
}

// beside says that a directory is not part of the product.
func beside(dir string) bool { return below(dir, "test") || below(dir, "hack") }

func below(path, parent string) bool { return path == parent || strings.HasPrefix(path, parent+"/") }

func TestImportsAreJudged(t *testing.T) {
	for why, c := range map[string]struct {
		from, to string
		want     string
	}{
		"controllers use what is shared":        {"controllers/user", module + "/internal/loop", ""},
		"controllers use cores":                 {"controllers/user", module + "/internal/membership", ""},
		"controllers meet through objects":      {"controllers/user", module + "/controllers/seatpool", "entrances may import"},
		"a controller calls no webhook":         {"controllers/user", module + "/internal/admission", "entrances may import"},
		"a controller knows the port":           {"controllers/user", module + "/internal/mail", ""},
		"a controller knows no adapter":         {"controllers/user", module + "/internal/mail/smtp", "entrances may import"},
		"a page knows no controller":            {"internal/portal", module + "/controllers/user", "entrances may import"},
		"what is shared knows no controller":    {"internal/loop", module + "/controllers/user", "shared may import"},
		"commands name adapters":                {"cmd/seatkeeper", module + "/internal/mail/smtp", ""},
		"commands name controllers":             {"cmd/seatkeeper/app", module + "/controllers/user", ""},
		"commands do without tests":             {"cmd/seatkeeper", module + "/test/env", "beside the product"},
		"commands do without tools":             {"cmd/seatkeeper", module + "/hack/mailbox", "beside the product"},
		"nothing imports a command":             {"internal/portal", module + "/cmd/seatkeeper/app", "entrances may import"},
		"a suite is for tests":                  {"cmd/seatkeeper", module + "/internal/mail/mailtest", "programs may import"},
		"cores know the verdict":                {"internal/membership", module + "/internal/verdict", ""},
		"cores know each other":                 {"internal/membership", module + "/internal/seats", ""},
		"the verdict knows no core":             {"internal/verdict", module + "/internal/seats", "verdict may import"},
		"cores know no port":                    {"internal/membership", module + "/internal/mail", "cores may import"},
		"cores know no loop":                    {"internal/seats", module + "/internal/loop", "cores may import"},
		"a core has values to sort":             {"internal/seats", "slices", ""},
		"a core is handed the time":             {"internal/seats", "time", ""},
		"a core waits for nobody":               {"internal/seats", "context", "it is pure"},
		"a core starts nothing":                 {"internal/seats", "sync", "it is pure"},
		"a core starts nothing, with atomics":   {"internal/seats", "sync/atomic", "it is pure"},
		"a core leaves nothing to chance":       {"internal/seats", "math/rand/v2", "it is pure"},
		"a core has a client":                   {"internal/access", "sigs.k8s.io/controller-runtime/pkg/client", "it is pure"},
		"a core logs":                           {"internal/access", "log/slog", "it is pure"},
		"a core logs in Kubernetes' way":        {"internal/access", "k8s.io/klog/v2", "it is pure"},
		"a port knows the API":                  {"internal/mail", module + "/api/v1alpha1", ""},
		"a port knows no adapter":               {"internal/mail", module + "/internal/mail/smtp", "ports may import"},
		"an adapter knows its port":             {"internal/mail/smtp", module + "/internal/mail", ""},
		"adapters do not know each other":       {"internal/mail/smtp", module + "/internal/mail/fake", "adapters may import"},
		"the API is made of apimachinery":       {"api/v1alpha1", "k8s.io/apimachinery/pkg/runtime", ""},
		"the API is made of nothing else":       {"api/v1alpha1", "k8s.io/api/core/v1", "it may import k8s.io/apimachinery"},
		"the API stands alone":                  {"api/v1alpha1", module + "/internal/verdict", "api may import"},
		"a name that only starts like another":  {"api/v1alpha1", "k8s.io/apimachinery2/pkg/runtime", "it may import k8s.io/apimachinery"},
		"a list of people is no file":           {"internal/people", "os", "it is pure"},
		"a list of people asks no cluster":      {"internal/people", "sigs.k8s.io/controller-runtime/pkg/client", "it is pure"},
		"a plugin reads lists of people":        {"cmd/kubectl-seatkeeper/cli", module + "/internal/people", ""},
		"the operator does not":                 {"controllers/user", module + "/internal/people", "entrances may import"},
		"a package that nobody thought of":      {"internal/util", "strings", "internal/util is in no room"},
		"a test may do as it likes":             {"test/stories", module + "/internal/mail/fake", ""},
		"a tool for development, too":           {"hack/dev", module + "/internal/mail/fake", ""},
		"a package below one that has its room": {"internal/seats/plan", "strings", "internal/seats/plan is in no room"},
	} {
		t.Run(why, func(t *testing.T) {
			got := strings.Join(imports([]pkg{{ImportPath: module + "/" + c.from, Imports: []string{c.to}}}), "; ")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("%s importing %s: %q, want it to say %q", c.from, c.to, got, c.want)
			}
		})
	}
	t.Run("a client comes in through the back door", func(t *testing.T) {
		got := imports([]pkg{{
			ImportPath: module + "/internal/seats", Imports: []string{"example.com/x"}, Deps: []string{"example.com/x", "k8s.io/client-go/rest"},
		}})
		if diff := cmp.Diff([]string{"internal/seats depends on k8s.io/client-go/rest in the end"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
