// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"seatkeeper.dev/seatkeeper/test/env"
)

// TestMakeRun is the life of a state directory. Its systems run beside the one of the other tests, which has taken
// the ports that they would like best.
func TestMakeRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	var first addresses
	step(t, "a killed system leaves nothing behind", func(t *testing.T) {
		d := startDev(t, dir)
		first = d.ready(t)
		if first.Kubeconfig == system.Kubeconfig || first.Mailbox == system.Mailbox || first.Directory == system.Directory || first.Portal == system.Portal {
			t.Errorf("%+v are also the addresses of another system: %+v", first, system)
		}
		d.kubectl(t, "scale", "seatpool/standard", "-n", "acme", "--replicas=5")
		t.Run("a second run says that it is up, and how to use it", func(t *testing.T) {
			out, err := devCommand(dir).CombinedOutput()
			if exitCode(err) != 1 || !bytes.Contains(out, []byte("is up already")) || !bytes.Contains(out, []byte(first.Mailbox)) {
				t.Errorf("got %v:\n%s", err, out)
			}
		})
		t.Run("its state is not removed", func(t *testing.T) {
			out, err := devCommand(dir, "-clean").CombinedOutput()
			if exitCode(err) != 1 || !bytes.Contains(out, []byte("stop it first")) {
				t.Errorf("got %v:\n%s", err, out)
			}
		})
		d.signal(t, syscall.SIGKILL)
		if err := d.wait(); err == nil {
			t.Error("it ended well")
		}
		env.Eventually(t, func() error { return d.left(t) }) // each part ends by itself
	})
	step(t, "the state survives that, and the addresses stay", func(t *testing.T) {
		d := startDev(t, dir)
		if again := d.ready(t); again != first {
			t.Errorf("the addresses were %+v and are %+v", first, again)
		}
		if out := d.kubectl(t, "get", "seatpool/standard", "-n", "acme", "-o", "jsonpath={.spec.seats}"); out != "5" {
			t.Errorf("the pool has %s seats, not those it was given before", out)
		}
		asked := time.Now()
		d.signal(t, syscall.SIGINT)
		d.signal(t, syscall.SIGINT) // impatience changes nothing
		if err := d.wait(); err != nil {
			t.Errorf("after Ctrl-C: %v\n%s", err, &d.output)
		}
		if took := time.Since(asked); took > 30*time.Second {
			t.Errorf("it took %s: something did not end when it was asked to\n%s", took, &d.output)
		}
		if err := d.left(t); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "system.json")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it still says how to reach the system: %v", err)
		}
	})
	step(t, "a part that ends takes the rest with it, and says why", func(t *testing.T) {
		d := startDev(t, dir)
		d.ready(t)
		d.killOperator(t)
		if err := d.wait(); exitCode(err) != 1 || !strings.Contains(d.output.String(), "the operator ended by itself") {
			t.Errorf("got %v:\n%s", err, &d.output)
		}
		if err := d.left(t); err != nil {
			t.Error(err)
		}
	})
	step(t, "an operator that does not come up says why", func(t *testing.T) {
		d := startDevIn(t, withOperator(t, "echo no such luck >&2; exit 3"), dir)
		if err := d.wait(); exitCode(err) != 1 || !strings.Contains(d.output.String(), "exit status 3. The end of") ||
			!strings.Contains(d.output.String(), "no such luck") {
			t.Errorf("got %v:\n%s", err, &d.output)
		}
		if err := d.left(t); err != nil {
			t.Error(err)
		}
	})
	step(t, "a start can be interrupted", func(t *testing.T) {
		d := startDev(t, dir)
		d.underWay(t)
		d.signal(t, syscall.SIGTERM)
		if err := d.wait(); err != nil {
			t.Errorf("%v\n%s", err, &d.output)
		}
		if err := d.left(t); err != nil {
			t.Error(err)
		}
	})
	step(t, "the state can be removed, once nothing uses it", func(t *testing.T) {
		d := startDev(t, dir)
		d.underWay(t)
		d.signal(t, syscall.SIGKILL)
		_ = d.wait() // "signal: killed"
		if out, err := devCommand(dir, "-clean").CombinedOutput(); err != nil {
			t.Fatalf("%v:\n%s", err, out)
		}
		if err := d.left(t); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it is still there: %v", err)
		}
	})
}

// addresses are how to reach a system, as it says itself.
type addresses struct {
	Kubeconfig, Mailbox, SMTP, Directory, Portal string
}

// dev is one run of a system on a state directory.
type dev struct {
	cmd    *exec.Cmd
	dir    string
	output bytes.Buffer
	temp   string
	ended  chan error
}

// startDev starts a system, and kills it at the end of the test if nothing else did.
func startDev(t *testing.T, dir string) *dev {
	t.Helper()
	return startDevIn(t, repository, dir)
}

// startDevIn is startDev in something like the repository.
func startDevIn(t *testing.T, root, dir string) *dev {
	t.Helper()
	d := &dev{cmd: devCommand(dir), dir: dir, temp: t.TempDir(), ended: make(chan error, 1)}
	d.cmd.Dir, d.cmd.Stdout, d.cmd.Stderr = root, &d.output, &d.output
	d.cmd.Env = append(os.Environ(), "TMPDIR="+d.temp)
	if err := d.cmd.Start(); err != nil {
		t.Fatalf("starting the system: %v: run this by make test-e2e", err)
	}
	go func() { d.ended <- d.cmd.Wait(); close(d.ended) }()
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill() // an error when it has ended
		_ = d.wait()
	})
	return d
}

// withOperator returns a directory like the repository, but for its operator, which is this shell script.
func withOperator(t *testing.T, script string) (root string) {
	t.Helper()
	root = t.TempDir()
	original, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bin/dev", "bin/controlplane", "bin/mailbox", "bin/directory", "bin/kubectl", "config"} {
		if err := os.Symlink(filepath.Join(original, name), filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "bin", "seatkeeper"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return root
}

func devCommand(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("bin/dev", append([]string{"-dir", dir}, args...)...)
	cmd.Dir = repository
	return cmd
}

// ready waits until the system can be used.
func (d *dev) ready(t *testing.T) (a addresses) {
	t.Helper()
	env.Eventually(t, func() error {
		select {
		case err := <-d.ended:
			t.Fatalf("the system ended before it was ready: %v\n%s", err, &d.output)
		default:
		}
		data, err := os.ReadFile(filepath.Join(d.dir, "system.json"))
		if err != nil {
			return err
		}
		says := struct {
			PID int
			*addresses
		}{addresses: &a}
		if err := json.Unmarshal(data, &says); err != nil {
			return err
		}
		if says.PID != d.cmd.Process.Pid {
			return fmt.Errorf("it is process %d that is ready", says.PID) // one that was killed
		}
		return nil
	})
	return a
}

// underWay waits until the system has started a part of itself.
func (d *dev) underWay(t *testing.T) {
	t.Helper()
	env.Eventually(t, func() error {
		if processes := d.processes(t); len(processes) < 2 {
			return fmt.Errorf("only these run: %q", processes)
		}
		return nil
	})
}

func (d *dev) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("bin/kubectl", append([]string{"--kubeconfig", filepath.Join(d.dir, "controlplane", "kubeconfig")}, args...)...)
	cmd.Dir = repository
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %q: %v: %s", args, err, out)
	}
	return string(out)
}

func (d *dev) signal(t *testing.T, signal os.Signal) {
	t.Helper()
	if err := d.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

func (d *dev) wait() error { return <-d.ended }

// processes are those of the system: the path of its state is in their arguments.
func (d *dev) processes(t *testing.T) []string {
	t.Helper()
	all, err := exec.Command("ps", "-axww", "-o", "pid=,args=").Output()
	if err != nil {
		t.Fatalf("listing processes: %v", err)
	}
	var those []string
	for line := range strings.Lines(string(all)) {
		if strings.Contains(line, d.dir) {
			those = append(those, strings.TrimSpace(line))
		}
	}
	return those
}

func (d *dev) killOperator(t *testing.T) {
	t.Helper()
	for _, process := range d.processes(t) {
		fields := strings.Fields(process)
		if fields[1] != "bin/seatkeeper" {
			continue
		}
		pid, err := strconv.Atoi(fields[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("no operator among %q", d.processes(t))
}

// left is an error that names the processes and temporary files that are left of the system.
func (d *dev) left(t *testing.T) error {
	t.Helper()
	files, err := os.ReadDir(d.temp)
	if err != nil {
		return err
	}
	if processes := d.processes(t); len(files)+len(processes) > 0 {
		return fmt.Errorf("left behind: the processes %q, the files %v", processes, files)
	}
	return nil
}

func exitCode(err error) int {
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return -1
}
