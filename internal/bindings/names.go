// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"text/template"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Names makes the names by which Kubernetes knows people. The zero value takes their addresses.
type Names struct{ template *template.Template }

// person is what a template may show of a user.
type person struct {
	// Email is the address that the operator knows the person by.
	Email string
	// Name, Namespace and UID are those of the User.
	Name, Namespace string
	UID             types.UID
	// Organization is the name of the user's organization.
	Organization string
}

// ParseNames reads a template of Go's text/template over the fields Email, Name, Namespace, UID and Organization of a
// user, and tries it.
func ParseNames(text string) (Names, error) {
	parsed, err := template.New("name").Parse(text)
	if err != nil {
		return Names{}, err
	}
	n := Names{parsed}
	_, err = n.of(person{Email: "jean@acme.example", Name: "jean", Namespace: "acme", UID: "5f0c2b1e-3d8a-4c55-9a58-0c9c2f3f6a11", Organization: "acme"})
	return n, err
}

var (
	errNoName     = errors.New("the name is empty")
	errSystemName = errors.New("the name begins with system:, which is for Kubernetes itself")
)

// Of is the name of a user, by the address that took effect.
func (n Names) Of(u *v1alpha1.User) (string, error) {
	return n.of(person{Email: Address(u), Name: u.Name, Namespace: u.Namespace, UID: u.UID, Organization: u.Spec.Organization})
}

func (n Names) of(p person) (string, error) {
	name := p.Email
	if n.template != nil {
		var text strings.Builder
		if err := n.template.Execute(&text, p); err != nil {
			return "", fmt.Errorf("making a name: %w", err)
		}
		name = text.String()
	}
	switch {
	case strings.TrimSpace(name) == "":
		return "", errNoName
	case strings.HasPrefix(name, "system:"):
		return "", errSystemName
	}
	return name, nil
}

// Address is the address that the operator knows a user by.
func Address(u *v1alpha1.User) string { return cmp.Or(u.Status.Email, u.Spec.Email) }
