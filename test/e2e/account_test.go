// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/test/env"
)

// account is a sample of a product, applied to a namespace of its own.
type account struct {
	*testing.T
	namespace string
}

// apply applies a sample, as people do, but to a namespace of its own, and waits until it is as they would find it.
func apply(t *testing.T, sample, namespace string) account {
	t.Helper()
	return applyWith(t, sample, namespace, nil)
}

// staffed is apply where the people of the sample, whose addresses are at a domain, have addresses of this test's own:
// each is sent one mail, and is known to Kubernetes by the address.
func staffed(t *testing.T, sample, namespace, domain string) account {
	t.Helper()
	return applyWith(t, sample, namespace, func(a account, yaml string) string {
		return strings.ReplaceAll(yaml, "@"+domain, "@"+a.namespace+".example")
	})
}

func applyWith(t *testing.T, sample, namespace string, edit func(a account, yaml string) string) account {
	t.Helper()
	a := account{t, strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))}
	dir := "config/samples/" + sample
	if strings.HasPrefix(sample, "config/") {
		dir = sample
	}
	yaml := a.run("", "kustomize", dir)
	yaml = strings.ReplaceAll(yaml, "namespace: "+namespace, "namespace: "+a.namespace)
	yaml = strings.ReplaceAll(yaml, "\n  name: "+namespace+"\n", "\n  name: "+a.namespace+"\n")
	if edit != nil {
		yaml = edit(a, yaml)
	}
	a.run(yaml, "apply", "--server-side", "-f", "-")
	a.run("", "wait", "users", "--all", "--for=condition=Ready", "--timeout=60s")
	if strings.Contains(yaml, "kind: SeatPool") {
		a.run("", "wait", "seats", "--all", "--for=condition=Ready", "--timeout=60s")
	}
	return a
}

// run is kubectl that works. It returns what it prints, warnings included.
func (a account) run(input string, args ...string) string {
	a.Helper()
	out, warnings, err := kubectlIn(a.T, a.namespace, input, args...)
	if err != nil {
		a.Fatal(err)
	}
	return out + warnings
}

// orders runs a command that changes seats, and holds that it answers with these words.
func (a account) orders(args []string, words ...string) {
	a.Helper()
	if out := a.run("", args...); !inOrder(strings.ReplaceAll(out, "\n", " "), words) {
		a.Errorf("kubectl %s answers %q, want it to say %q", strings.Join(args, " "), out, words)
	}
}

// refused runs a command that is to fail with these words.
func (a account) refused(args []string, words ...string) {
	a.Helper()
	out, _, err := kubectlIn(a.T, a.namespace, "", args...)
	if err == nil || !inOrder(err.Error(), words) {
		a.Errorf("kubectl %s answers %q (%v), want a refusal that says %q", strings.Join(args, " "), out, err, words)
	}
}

// invites applies a User with these roles.
func (a account) invites(organization, name string, roles ...string) {
	a.Helper()
	a.run(a.person(organization, name, roles...), "apply", "--server-side", "-f", "-")
}

// person is a User with these roles.
func (a account) person(organization, name string, roles ...string) string {
	return fmt.Sprintf(`
apiVersion: seatkeeper.dev/v1alpha1
kind: User
metadata: {name: %[2]s}
spec: {organization: %[1]s, email: %[2]s@%[3]s.example, roles: [%[4]s]}
`, organization, name, a.namespace, strings.Join(roles, ", "))
}

// sets patches the spec of an object.
func (a account) sets(object, spec string) {
	a.Helper()
	a.run("", "patch", object, "--type=merge", "-p", `{"spec":`+spec+`}`)
}

// has waits until a field of an object has a value.
func (a account) has(object, path, want string) {
	a.Helper()
	env.Eventually(a.T, func() error {
		got, _, err := kubectlIn(a.T, a.namespace, "", "get", object, "-o", "jsonpath="+path)
		if err == nil && got != want {
			err = fmt.Errorf("%s of %s is %q, want %q", path, object, got, want)
		}
		return err
	})
}

// is waits until an object is as its Ready condition says.
func (a account) is(object, reason string) {
	a.Helper()
	a.has(object, `{.status.conditions[?(@.type=="Ready")].reason}`, reason)
}

// figures waits until a pool has so many seats, held and free, and so many people waiting.
func (a account) figures(pool string, capacity, assigned, available, waiting int) {
	a.Helper()
	a.has("seats/"+pool, "{.status.capacity} {.status.assigned} {.status.available} {.status.waiting}",
		fmt.Sprint(capacity, " ", assigned, " ", available, " ", waiting))
}

func scale(pool string, seats int) []string {
	return []string{"scale", "seatpool/" + pool, fmt.Sprintf("--replicas=%d", seats)}
}
