// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/clock"

	"seatkeeper.dev/seatkeeper/test/env"
)

func TestMain(m *testing.M) { env.Main(m) }

// call is one command line, run in this process.
type call struct {
	// stdin is what standard input gives.
	stdin io.Reader
	// terminal says that all three streams are one.
	terminal bool
	// environment is all that there is of it.
	environment map[string]string
	// as is what the program was called as.
	as string
	// ctx is the test's, if it is nil.
	ctx context.Context
}

// answer is what came of a call.
type answer struct {
	out, err string
	code     int
}

// run runs `kubectl seatkeeper` with these arguments, on the API server of the tests and as its administrator.
func run(t testing.TB, args ...string) answer {
	t.Helper()
	return call{}.run(t, args...)
}

// run is run, called in this way.
func (c call) run(t testing.TB, args ...string) answer {
	t.Helper()
	return c.raw(t, append([]string{"--kubeconfig", kubeconfig(t)}, args...)...)
}

// raw runs the command line as it is.
func (c call) raw(t testing.TB, args ...string) answer {
	t.Helper()
	var out, errs bytes.Buffer
	stdin := c.stdin
	if stdin == nil {
		stdin = strings.NewReader("")
	}
	ctx := c.ctx
	if ctx == nil {
		ctx = t.Context()
	}
	sh := &Shell{
		IOStreams: genericiooptions.IOStreams{In: stdin, Out: &out, ErrOut: &errs},
		Config:    genericclioptions.NewConfigFlags(true),
		Terminal:  func(any) bool { return c.terminal },
		Env:       func(name string) string { return c.environment[name] },
		Clock:     clock.RealClock{},
	}
	code := Run(ctx, sh, c.as, args)
	return answer{out.String(), errs.String(), code}
}

// done fails the test unless the command did what it was told, and returns what it printed.
func (a answer) done(t testing.TB) string {
	t.Helper()
	if a.code != exitDone {
		t.Fatalf("exit code %d\n%s%s", a.code, a.out, a.err)
	}
	return a.out
}

// failed fails the test unless the command failed and said all of this, and printed nothing.
func (a answer) failed(t testing.TB, saying ...string) {
	t.Helper()
	if a.code != exitFailed || a.out != "" {
		t.Fatalf("exit code %d, and it printed %q\n%s", a.code, a.out, a.err)
	}
	for _, text := range saying {
		if !strings.Contains(a.err, text) {
			t.Errorf("it does not say %q:\n%s", text, a.err)
		}
	}
}

// kubeconfig is a file that leads to the API server of the tests.
func kubeconfig(t testing.TB) string {
	t.Helper()
	cfg := env.Config(t)
	file := api.NewConfig()
	file.Clusters["test"] = &api.Cluster{
		Server: cfg.Host, CertificateAuthorityData: cfg.CAData, CertificateAuthority: cfg.CAFile, InsecureSkipTLSVerify: cfg.Insecure,
	}
	file.AuthInfos["admin"] = &api.AuthInfo{
		ClientCertificateData: cfg.CertData, ClientKeyData: cfg.KeyData, ClientCertificate: cfg.CertFile, ClientKey: cfg.KeyFile, Token: cfg.BearerToken,
	}
	file.Contexts["test"] = &api.Context{Cluster: "test", AuthInfo: "admin"}
	file.CurrentContext = "test"
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*file, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// write is a file of the test's own with this content.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// testShell is a shell without a cluster, and what it says on standard error.
func testShell(stdin string, terminal bool, environment map[string]string) (*Shell, *bytes.Buffer) {
	streams, _, _, errs := genericiooptions.NewTestIOStreams()
	streams.In = strings.NewReader(stdin)
	return &Shell{
		IOStreams: streams, Config: genericclioptions.NewConfigFlags(true), Terminal: func(any) bool { return terminal },
		Env: func(name string) string { return environment[name] }, Clock: clock.RealClock{},
	}, errs
}
