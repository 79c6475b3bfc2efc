// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Command krew builds the kubectl plugin for every platform, packs it, and writes the manifest by which Krew, the package manager of kubectl's
// plugins, installs it: what a release puts beside its archives.
package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// platforms are those that the plugin is released for.
var platforms = []platform{
	{"darwin", "amd64"}, {"darwin", "arm64"}, {"linux", "amd64"}, {"linux", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
}

// platform is an operating system and an architecture, as Go and Krew call them.
type platform struct{ os, arch string }

// bin is what the program is called there.
func (p platform) bin() string {
	if p.os == "windows" {
		return "kubectl-" + plugin + ".exe"
	}
	return "kubectl-" + plugin
}

// archive is what the archive for it is called.
func (p platform) archive() string {
	ending := ".tar.gz"
	if p.os == "windows" {
		ending = ".zip"
	}
	return fmt.Sprintf("kubectl-%s_%s_%s%s", plugin, p.os, p.arch, ending)
}

func main() {
	r := release{build: compile, licenses: thirdParty}
	flag.StringVar(&r.version, "version", "", "version that is released, such as v0.1.0")
	flag.StringVar(&r.url, "releases", "https://seatkeeper.dev/releases", "`URL` below which each release has its archives, in a directory called as the version")
	flag.StringVar(&r.dir, "out", "dist", "`directory` for the archives and the manifest")
	flag.StringVar(&r.license, "license", "LICENSE", "`file` that goes into every archive")
	flag.Parse()
	if err := r.make(context.Background(), platforms); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

// release is one to be made.
type release struct {
	version, url, dir, license string
	// build puts the program for a platform at a path.
	build func(ctx context.Context, p platform, path string) error
	// licenses are those of what the program for a platform has of others.
	licenses func(ctx context.Context, p platform) ([]byte, error)
}

// make builds and packs the plugin, and writes the manifest last: where there is one, all of it is there.
func (r *release) make(ctx context.Context, platforms []platform) error {
	if err := checkVersion(r.version); err != nil {
		return fmt.Errorf("VERSION: %w", err)
	}
	license, err := os.ReadFile(r.license)
	if err != nil {
		return err
	}
	path := filepath.Join(r.dir, plugin+".yaml")
	if err := os.MkdirAll(r.dir, 0o750); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	m := newManifest(r.version)
	for _, p := range platforms {
		sum, err := r.pack(ctx, p, license)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", p.os, p.arch, err)
		}
		m.add(p, strings.TrimSuffix(r.url, "/")+"/"+r.version+"/"+p.archive(), sum)
	}
	if err := errors.Join(m.check(plugin)...); err != nil {
		return fmt.Errorf("krew would not take the manifest: %w", err)
	}
	return m.write(path)
}

// pack builds the plugin for a platform, packs it, and returns the archive's checksum.
func (r *release) pack(ctx context.Context, p platform, license []byte) (sum string, err error) {
	fmt.Println("Building", p.archive(), "...")
	work, err := os.MkdirTemp("", "krew")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	path := filepath.Join(work, p.bin())
	if err := r.build(ctx, p, path); err != nil {
		return "", err
	}
	program, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if says := stamped(path); says != r.version {
		fmt.Printf("  --version of it will say %q: Go takes that from the commit, so tag a clean one as %s for a release\n", says, r.version)
	}
	others, err := r.licenses(ctx, p)
	if err != nil {
		return "", err
	}
	archive, err := archive(p, []file{
		{name: "LICENSE", mode: 0o644, content: license}, {name: licenses, mode: 0o644, content: others}, {name: p.bin(), mode: 0o755, content: program},
	})
	if err != nil {
		return "", err
	}
	return checksum(archive), os.WriteFile(filepath.Join(r.dir, p.archive()), archive, 0o644)
}

// compile builds the plugin without what is of this machine, so that the same sources make the same archive anywhere.
func compile(ctx context.Context, p platform, path string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "./cmd/kubectl-seatkeeper")
	cmd.Env = p.environment()
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// stamped is the version that a program says it is.
func stamped(path string) string {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	return info.Main.Version
}

// environment has Go build for the platform.
func (p platform) environment() []string {
	return append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch)
}
