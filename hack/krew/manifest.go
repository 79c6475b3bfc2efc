// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/version"
	"sigs.k8s.io/yaml"
)

// plugin is what Krew calls the plugin, and so what comes behind kubectl.
const plugin = "seatkeeper"

// What Krew takes (https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest).
const (
	apiVersion = "krew.googlecontainertools.github.com/v1alpha2"
	kind       = "Plugin"
	// shortest and lines are how long the short description, and the lines of others, are to be.
	shortest = 50
	lines    = 80
)

// manifest is Krew's Plugin.
type manifest struct {
	metav1.TypeMeta `json:",inline"`

	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec spec `json:"spec"`
}

type spec struct {
	Version          string   `json:"version"`
	Homepage         string   `json:"homepage"`
	ShortDescription string   `json:"shortDescription"`
	Description      string   `json:"description"`
	Caveats          string   `json:"caveats"`
	Platforms        []target `json:"platforms"`
}

// target is how the plugin is installed on one platform.
type target struct {
	Selector *metav1.LabelSelector `json:"selector"`
	URI      string                `json:"uri"`
	SHA256   string                `json:"sha256"`
	Bin      string                `json:"bin"`
	Files    []move                `json:"files"`
}

// move takes files of the archive to the directory of the plugin.
type move struct {
	From string `json:"from"`
	To   string `json:"to"`
}

func newManifest(version string) *manifest {
	m := &manifest{TypeMeta: metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}}
	m.Metadata.Name = plugin
	m.Spec = spec{
		Version:          version,
		Homepage:         "https://seatkeeper.dev",
		ShortDescription: "Run who belongs to an organization, on which seat",
		Description: `Shows and changes who belongs to an organization that Seatkeeper runs: in
which role and team, on which paid seat. It imports people from a spreadsheet
or a SCIM directory and exports them, shows who waits for what and what seats
cost, invites, archives and brings back, orders seats, approves, hands over.
`,
		Caveats: `The cluster has to have Seatkeeper, the operator. Begin with:
  kubectl seatkeeper status
`,
	}
	return m
}

// add adds a platform.
func (m *manifest) add(p platform, uri, sum string) {
	m.Spec.Platforms = append(m.Spec.Platforms, target{
		Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"os": p.os, "arch": p.arch}},
		URI:      uri, SHA256: sum, Bin: p.bin(),
		Files: []move{{From: p.bin(), To: "."}, {From: "LICENSE", To: "."}, {From: licenses, To: "."}},
	})
}

func (m *manifest) write(path string) error {
	text, err := yaml.Marshal(m)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// checkVersion says why Krew would not take a version.
func checkVersion(text string) error {
	if !strings.HasPrefix(text, "v") {
		return fmt.Errorf("%q is no version: it begins with v, such as v0.1.0", text)
	}
	_, err := version.ParseSemantic(text)
	return err
}

var (
	safeName  = regexp.MustCompile(`^[\w-]+$`)
	sha256Sum = regexp.MustCompile(`^[a-f0-9]{64}$`)
)

// check says all for which Krew, or its index, would refuse the manifest in a file of that name. Krew keeps the code that does so to itself.
func (m *manifest) check(name string) []error {
	problems := []error{checkVersion(m.Spec.Version)}
	must := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	must(m.APIVersion == apiVersion, "apiVersion is %q: it must be %s", m.APIVersion, apiVersion)
	must(m.Kind == kind, "kind is %q: it must be %s", m.Kind, kind)
	must(safeName.MatchString(m.Metadata.Name) && m.Metadata.Name == name, "metadata.name is %q, in a file that is called %s.yaml", m.Metadata.Name, name)
	must(strings.HasPrefix(m.Spec.Homepage, "https://"), "spec.homepage is %q: it must be the URL of a page", m.Spec.Homepage)
	short := m.Spec.ShortDescription
	must(short != "" && len(short) <= shortest && !strings.ContainsAny(short, "\r\n"), "spec.shortDescription is %q: it must be one line of at most %d characters", short, shortest)
	for line := range strings.Lines(m.Spec.Description + "\n" + m.Spec.Caveats) {
		must(len(strings.TrimSpace(line)) <= lines, "a line of spec.description or spec.caveats has more than %d characters: %q", lines, line)
	}
	must(len(m.Spec.Platforms) > 0, "spec.platforms has none")
	seen := map[platform]bool{}
	for i := range m.Spec.Platforms {
		if err := m.Spec.Platforms[i].check(seen); err != nil {
			problems = append(problems, fmt.Errorf("spec.platforms[%d]: %w", i, err))
		}
	}
	return problems
}

// check says why Krew would refuse one platform, or take it for another that was seen.
func (t *target) check(seen map[platform]bool) error {
	p, err := t.platform()
	switch {
	case err != nil:
		return err
	case seen[p]:
		return fmt.Errorf("selector selects %s/%s, as another one does", p.os, p.arch)
	case !strings.HasPrefix(t.URI, "https://"):
		return fmt.Errorf("uri is %q: it must begin with https://", t.URI)
	case !sha256Sum.MatchString(t.SHA256):
		return fmt.Errorf("sha256 is %q: it must be 64 hexadecimal digits in small letters", t.SHA256)
	case t.Bin == "":
		return errors.New("bin is empty: it must be the program's path")
	case len(t.Files) == 0:
		return errors.New("files is empty: leave it out, or say what of the archive is installed")
	}
	seen[p] = true
	for _, f := range t.Files {
		if f.From == "" || f.To == "" {
			return fmt.Errorf("files has from %q and to %q: both must be set", f.From, f.To)
		}
	}
	return nil
}

// platform is the one that is selected.
func (t *target) platform() (platform, error) {
	var p platform
	if s := t.Selector; s != nil && len(s.MatchLabels) == 2 && len(s.MatchExpressions) == 0 {
		p = platform{s.MatchLabels["os"], s.MatchLabels["arch"]}
	}
	if p.os == "" || p.arch == "" {
		return p, errors.New("selector must have os and arch as matchLabels")
	}
	return p, nil
}
