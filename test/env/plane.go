// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// unlimited is a rest.Config.QPS: the API server's own flow control is limit enough.
const unlimited = -1

// start runs a control plane and installs the custom resource definitions of this repository. It takes the
// binary that CONTROLPLANE names, else the one that `make test` builds, else what KUBEBUILDER_ASSETS holds.
func start() (*rest.Config, func() error, error) {
	root, err := Root()
	if err != nil {
		return nil, nil, err
	}
	environment := &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join(root, "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	bin := binary(root)
	if bin == "" {
		if os.Getenv("KUBEBUILDER_ASSETS") == "" {
			return nil, nil, errors.New("there is no control plane to start: run `make test`, which builds one")
		}
		cfg, err := environment.Start()
		if err != nil {
			return nil, nil, err
		}
		cfg.QPS = unlimited
		return cfg, environment.Stop, nil
	}
	cfg, end, err := run(bin)
	if err != nil {
		return nil, nil, fmt.Errorf("starting %s: %w", bin, err)
	}
	environment.UseExistingCluster, environment.Config = new(true), cfg
	if _, err := environment.Start(); err != nil {
		return nil, nil, errors.Join(err, end())
	}
	return cfg, end, nil
}

// binary is the path of the control plane, or "" when there is none.
func binary(root string) string {
	if bin := os.Getenv("CONTROLPLANE"); bin != "" {
		return bin
	}
	bin := filepath.Join(root, "bin", "controlplane")
	if _, err := os.Stat(bin); err != nil {
		return ""
	}
	return bin
}

// run starts the binary and returns once it is ready. It is tied to this process by its standard input, so
// that it ends even when this process is killed.
func run(bin string) (*rest.Config, func() error, error) {
	cmd := exec.Command(bin, "-tied")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	end := func() error {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			return fmt.Errorf("%w: %s", err, &complaint)
		}
		return nil
	}
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n') // what is missing is missed below
		said <- strings.TrimSpace(line)
		_, _ = io.Copy(io.Discard, out)
	}()
	select {
	case line := <-said:
		kubeconfig, ok := strings.CutPrefix(line, "ready ")
		if !ok {
			return nil, nil, errors.Join(fmt.Errorf("it said %q", line), end())
		}
		cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
		if err != nil {
			return nil, nil, errors.Join(err, end())
		}
		cfg.QPS = unlimited
		return cfg, end, nil
	case <-time.After(2 * time.Minute):
		return nil, nil, errors.Join(errors.New("it is not ready after two minutes"), end())
	}
}

// Root is the directory of go.mod, at or above the directory that the test runs in.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod at or above the working directory")
		}
		dir = parent
	}
}
