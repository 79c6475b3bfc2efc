// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// runAsProgram makes the test binary be the program that it tests.
const runAsProgram = "CONTROLPLANE_TEST_RUN_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(runAsProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestStateSurvives(t *testing.T) {
	// Longer than a Unix socket's path may be.
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	first := start(t, "-dir", dir, "-durable")
	if _, err := first.client(t).CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: "kept"},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}

	t.Run("second start is refused", func(t *testing.T) {
		out, err := program(t, "-dir", dir).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "stop it, or choose another -dir") {
			t.Errorf("got %v, %q", err, out)
		}
	})

	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.cmd.Wait() // "signal: killed"
	port := strings.TrimPrefix(first.config.Host, "https://127.0.0.1:")
	second := start(t, "-dir", dir, "-durable", "-port", port)
	// The first one's config: a copied kubeconfig goes on working.
	if _, err := first.client(t).CoreV1().Namespaces().Get(t.Context(), "kept", metav1.GetOptions{}); err != nil {
		t.Errorf("after a kill: %v", err)
	}
	second.stop(t)

	third := start(t, "-dir", dir)
	if _, err := third.client(t).CoreV1().Namespaces().Get(t.Context(), "kept", metav1.GetOptions{}); err != nil {
		t.Errorf("after an orderly stop: %v", err)
	}
}

func TestTakenPort(t *testing.T) {
	first := start(t)
	second := start(t, "-port", strings.TrimPrefix(first.config.Host, "https://127.0.0.1:"))
	if first.config.Host == second.config.Host {
		t.Errorf("both serve on %s", first.config.Host)
	}
}

type controlplane struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	config *rest.Config
}

// start waits until the program is ready; it ends with the test.
func start(t *testing.T, args ...string) *controlplane {
	t.Helper()
	cmd := program(t, append(args, "-tied")...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		_ = cmd.Wait() // an error when the test has waited already
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("waiting for the ready line: %v", err)
	}
	kubeconfig, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ok {
		t.Fatalf("got %q, want a ready line", line)
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	return &controlplane{cmd: cmd, stdin: stdin, config: config}
}

func (c *controlplane) stop(t *testing.T) {
	t.Helper()
	c.stdin.Close()
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("stopping: %v", err)
	}
}

func (c *controlplane) client(t *testing.T) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(c.config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), runAsProgram+"=1", "TMPDIR="+t.TempDir()) // a kill leaves the socket behind
	return cmd
}
