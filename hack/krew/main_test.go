// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// fakeRelease is a release whose programs say only where they are for.
func fakeRelease(t *testing.T, version string) *release {
	t.Helper()
	return &release{
		version: version, url: "https://releases.example/", dir: filepath.Join(t.TempDir(), "dist"), license: "../../LICENSE",
		build: func(_ context.Context, p platform, path string) error {
			return os.WriteFile(path, []byte(p.os+"/"+p.arch), 0o600)
		},
		licenses: func(_ context.Context, p platform) ([]byte, error) { return []byte("others on " + p.os), nil },
	}
}

// unpacked are the files of an archive, and those that can be run.
func unpacked(t *testing.T, name string, content []byte) (files map[string]string, run []string) {
	t.Helper()
	files = map[string]string{}
	add := func(name string, mode fs.FileMode, r io.Reader) {
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
		if mode&0o111 != 0 {
			run = append(run, name)
		}
	}
	if strings.HasSuffix(name, ".zip") {
		r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.File {
			part, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			add(f.Name, f.Mode(), part)
		}
		return files, run
	}
	small, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(small); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, run
		} else if err != nil {
			t.Fatal(err)
		}
		add(h.Name, h.FileInfo().Mode(), r)
	}
}

// TestKrewInstallsWhatIsReleased does with the manifest what Krew does: takes the archive for a platform, holds it to the checksum, unpacks it, and
// runs the program.
func TestKrewInstallsWhatIsReleased(t *testing.T) {
	r := fakeRelease(t, "v0.1.0")
	if err := r.make(t.Context(), platforms); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(r.dir, "seatkeeper.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	if err := yaml.UnmarshalStrict(text, &m); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(m.check("seatkeeper")...); err != nil {
		t.Error(err)
	}
	license, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, target := range m.Spec.Platforms {
		name, ok := strings.CutPrefix(target.URI, "https://releases.example/v0.1.0/")
		if !ok {
			t.Fatalf("the archive is at %s", target.URI)
		}
		content, err := os.ReadFile(filepath.Join(r.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if sum := checksum(content); sum != target.SHA256 {
			t.Errorf("%s has the checksum %s, and the manifest says %s", name, sum, target.SHA256)
		}
		where := target.Selector.MatchLabels["os"] + "/" + target.Selector.MatchLabels["arch"]
		files, run := unpacked(t, name, content)
		if diff := cmp.Diff(map[string]string{"LICENSE": string(license), licenses: "others on " + target.Selector.MatchLabels["os"], target.Bin: where}, files); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff([]string{target.Bin}, run); diff != "" {
			t.Errorf("what can be run of %s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff([]move{{target.Bin, "."}, {"LICENSE", "."}, {licenses, "."}}, target.Files); diff != "" {
			t.Errorf("what is installed of %s (-want +got):\n%s", name, diff)
		}
		got = append(got, where)
	}
	if diff := cmp.Diff([]string{"darwin/amd64", "darwin/arm64", "linux/amd64", "linux/arm64", "windows/amd64", "windows/arm64"}, got); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}

	again := fakeRelease(t, "v0.1.0")
	if err := again.make(t.Context(), platforms); err != nil {
		t.Fatal(err)
	}
	if twin, err := os.ReadFile(filepath.Join(again.dir, "seatkeeper.yaml")); err != nil || string(twin) != string(text) {
		t.Errorf("the same programs make another release (%v): %s", err, cmp.Diff(string(text), string(twin)))
	}
}

func TestNoHalfRelease(t *testing.T) {
	r := fakeRelease(t, "v0.1.0")
	if err := r.make(t.Context(), platforms); err != nil {
		t.Fatal(err)
	}
	r.build = func(_ context.Context, p platform, _ string) error {
		if p.os == "windows" {
			return errors.New("it does not compile")
		}
		return nil
	}
	if err := r.make(t.Context(), platforms[4:]); err == nil || !strings.Contains(err.Error(), "windows/amd64: it does not compile") {
		t.Errorf("it says %v", err)
	}
	if _, err := os.Stat(filepath.Join(r.dir, "seatkeeper.yaml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the manifest of before is still there (%v)", err)
	}
}

// TestLicenses checks that the licences of all that the program is built of, where it is built, are passed on.
func TestLicenses(t *testing.T) {
	t.Chdir("../..")
	on := map[string]string{}
	for _, p := range []platform{{"linux", "amd64"}, {"windows", "amd64"}} {
		text, err := thirdParty(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		on[p.os] = string(text)
	}
	for _, want := range []string{"\nGo (LICENSE)\n", "\ngithub.com/spf13/cobra v", "\nk8s.io/client-go v", "The Go Authors", "Apache License", "(NOTICE)"} {
		if !strings.Contains(on["linux"], want) {
			t.Errorf("they do not have %q", want)
		}
	}
	if only := "github.com/inconshreveable/mousetrap"; strings.Contains(on["linux"], only) || !strings.Contains(on["windows"], only) {
		t.Errorf("%s is built in on Windows alone", only)
	}
	if strings.Contains(on["linux"], "seatkeeper.dev/seatkeeper") {
		t.Error("the program is no work of others")
	}
}

func TestNothingWithoutALicense(t *testing.T) {
	root := t.TempDir()
	inner := filepath.Join(root, "third_party", "forked")
	if err := os.MkdirAll(inner, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := (texts{}).add("example.com/a v1", root, inner); err == nil || !strings.Contains(err.Error(), "example.com/a v1 has no licence") {
		t.Errorf("it says %v", err)
	}
	for name, text := range map[string]string{"LICENSE": "mine", "third_party/forked/LICENSE": "theirs", "license.go": "package a"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all := texts{}
	for range 2 { // two packages of one module
		if err := all.add("example.com/a v1", root, inner); err != nil {
			t.Fatal(err)
		}
	}
	want := texts{"mine": {"example.com/a v1 (LICENSE)"}, "theirs": {"example.com/a v1 (third_party/forked/LICENSE)"}}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestVersions(t *testing.T) {
	for version, want := range map[string]string{
		"v0.1.0": "", "v1.2.3-rc.1": "", "": "it begins with v", "0.1.0": "it begins with v", "v1": "illegal version string", "v1.2": "illegal version string",
	} {
		t.Run(version, func(t *testing.T) {
			err := fakeRelease(t, version).make(t.Context(), platforms[:1])
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("it says %v, want %q", err, want)
			}
		})
	}
}

func TestWhatKrewRefuses(t *testing.T) {
	for _, c := range []struct {
		why   string
		spoil func(m *manifest, first *target)
		want  string
	}{
		{"nothing", func(*manifest, *target) {}, ""},
		{"another API", func(m *manifest, _ *target) { m.APIVersion = "krew.googlecontainertools.github.com/v1alpha1" }, "apiVersion is"},
		{"another kind", func(m *manifest, _ *target) { m.Kind = "Plugins" }, "kind is"},
		{"another name than the file's", func(m *manifest, _ *target) { m.Metadata.Name = "seats" }, "metadata.name is"},
		{"a version without v", func(m *manifest, _ *target) { m.Spec.Version = "0.1.0" }, "it begins with v"},
		{"no homepage", func(m *manifest, _ *target) { m.Spec.Homepage = "" }, "spec.homepage is"},
		{"no short description", func(m *manifest, _ *target) { m.Spec.ShortDescription = "" }, "spec.shortDescription is"},
		{"a long short description", func(m *manifest, _ *target) { m.Spec.ShortDescription = strings.Repeat("x", 51) }, "at most 50"},
		{"two lines of it", func(m *manifest, _ *target) { m.Spec.ShortDescription = "a\nb" }, "one line"},
		{"a long line", func(m *manifest, _ *target) { m.Spec.Description += strings.Repeat("x", 81) + "\n" }, "more than 80"},
		{"a long caveat", func(m *manifest, _ *target) { m.Spec.Caveats += strings.Repeat("x", 81) + "\n" }, "more than 80"},
		{"no platform", func(m *manifest, _ *target) { m.Spec.Platforms = nil }, "spec.platforms has none"},
		{"no selector", func(_ *manifest, p *target) { p.Selector = nil }, "spec.platforms[0]: selector must"},
		{"a selector of one", func(_ *manifest, p *target) { delete(p.Selector.MatchLabels, "arch") }, "selector must"},
		{"a selector of something else", func(_ *manifest, p *target) {
			p.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"os": "linux", "libc": "musl"}}
		}, "selector must"},
		{"one platform twice", func(m *manifest, p *target) { m.Spec.Platforms = append(m.Spec.Platforms, *p) }, "spec.platforms[1]: selector selects linux/amd64, as another one does"},
		{"no address", func(_ *manifest, p *target) { p.URI = "" }, "uri is"},
		{"an address that anybody can answer", func(_ *manifest, p *target) { p.URI = "http://releases.example/x.tar.gz" }, "it must begin with https://"},
		{"no checksum", func(_ *manifest, p *target) { p.SHA256 = "" }, "sha256 is"},
		{"a checksum in capitals", func(_ *manifest, p *target) { p.SHA256 = strings.Repeat("A", 64) }, "small letters"},
		{"no program", func(_ *manifest, p *target) { p.Bin = "" }, "bin is empty"},
		{"no files", func(_ *manifest, p *target) { p.Files = []move{} }, "files is empty"},
		{"a file from nowhere", func(_ *manifest, p *target) { p.Files[0].From = "" }, "both must be set"},
		{"a file to nowhere", func(_ *manifest, p *target) { p.Files[1].To = "" }, "both must be set"},
	} {
		t.Run(c.why, func(t *testing.T) {
			m := newManifest("v0.1.0")
			m.add(platform{"linux", "amd64"}, "https://releases.example/v0.1.0/x.tar.gz", strings.Repeat("0a", 32))
			c.spoil(m, &m.Spec.Platforms[0])
			err := errors.Join(m.check("seatkeeper")...)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("it says %v, want %q", err, c.want)
			}
		})
	}
}
