// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package realmail runs a real mail server for tests: a private Postfix on loopback that delivers into a Maildir.
package realmail

import (
	"embed"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"
)

// The uid and gid, in main.cf too, of whoever owns the mail that was delivered: nobody's.
const mailOwner = 65534

//go:embed config
var config embed.FS

// Server is a Postfix of a test's own. It takes mail for the domain example.org, from anybody on this machine, with
// STARTTLS for those who want it.
type Server struct {
	// Addr is where it listens, as host and port; Host and Port are the same apart. It stays there when it is restarted.
	Addr string
	Host string
	Port int
	// CA is whom to trust for its certificate, in PEM.
	CA []byte

	postfix string
	dir     string
	policy  *policy
}

// Start runs a server until the test ends. POSTFIX names the program, which must be run as root.
func Start(t *testing.T) *Server {
	t.Helper()
	program := os.Getenv("POSTFIX")
	if program == "" {
		t.Fatal("POSTFIX is not set: run these tests by `make test-e2e`, or with POSTFIX=$(hack/postfix.sh)")
	}
	if os.Geteuid() != 0 {
		t.Fatal("Postfix delivers mail as its readers, which only root may: run these tests as root")
	}
	dir, err := os.MkdirTemp("", "realmail-") //nolint:usetesting // removed by the guard, after the server has ended
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{postfix: program, dir: dir, Host: "127.0.0.1"}
	s.guard(t)
	s.policy = startPolicy(t)
	s.makeDirs(t)
	s.configure(t)
	s.run(t, "start")
	return s
}

// guard ends the server and removes its directory when the test ends, and also if the whole process is killed: what
// does it is a process of its own, which waits for the end of its input.
func (s *Server) guard(t *testing.T) {
	t.Helper()
	cmd := exec.Command("sh", "-c", `cat; "$1" -c "$2/etc" stop >/dev/null 2>&1; rm -rf "$2"`, "guard", s.postfix, s.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the test, which then ends
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			log, err := os.ReadFile(filepath.Join(s.dir, "mail.log"))
			t.Logf("the log of Postfix (%v):\n%s", err, log)
		}
		_ = input.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("stopping Postfix: %v", err)
		}
	})
}

// configure writes all that Postfix reads.
func (s *Server) configure(t *testing.T) {
	t.Helper()
	s.Addr = freeAddr(t)
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if s.Port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	ca, chain := certify(t, s.Host)
	s.CA = ca
	s.write(t, "server.pem", 0o600, func(w io.Writer) error { _, err := w.Write(chain); return err })

	templates := template.Must(template.ParseFS(config, "config/*"))
	values := map[string]string{
		"Dir": s.dir, "Addr": s.Addr, "Policy": s.policy.addr,
		"Commands": filepath.Dir(s.postfix), "Daemons": s.daemons(t),
	}
	for _, name := range []string{"main.cf", "master.cf"} {
		s.write(t, name, 0o644, func(w io.Writer) error { return templates.ExecuteTemplate(w, name, values) })
	}
}

// makeDirs makes the directories of Postfix, which insists on their owners.
func (s *Server) makeDirs(t *testing.T) {
	t.Helper()
	owner, err := user.Lookup("postfix")
	if err != nil {
		t.Fatalf("Postfix is not installed as it should be: %v", err)
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		t.Fatal(err)
	}
	// MkdirTemp lets nobody else in, but the parts of Postfix run as other users.
	if err := os.Chmod(s.dir, 0o755); err != nil { //nolint:gosec // it holds no secrets but those of the test
		t.Fatal(err)
	}
	for name, uid := range map[string]int{"etc": 0, "spool": 0, "data": uid, "mail": mailOwner} {
		dir := filepath.Join(s.dir, name)
		if err := os.Mkdir(dir, 0o755); err != nil { //nolint:gosec // see above
			t.Fatal(err)
		}
		if err := os.Chown(dir, uid, -1); err != nil {
			t.Fatal(err)
		}
	}
}

// daemons is where this Postfix has its parts.
func (s *Server) daemons(t *testing.T) string {
	t.Helper()
	out, err := exec.Command(filepath.Join(filepath.Dir(s.postfix), "postconf"), "-d", "-h", "daemon_directory").Output()
	if err != nil {
		t.Fatalf("asking Postfix where its parts are: %v", err)
	}
	return strings.TrimSpace(string(out))
}

func (s *Server) write(t *testing.T, name string, mode os.FileMode, write func(io.Writer) error) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(s.dir, "etc", name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the server: nobody listens at Addr any more. It keeps its mail.
func (s *Server) Stop(t *testing.T) {
	t.Helper()
	s.run(t, "stop")
}

// Restart starts a stopped server again, at the same place.
func (s *Server) Restart(t *testing.T) {
	t.Helper()
	s.run(t, "start")
}

// run returns when Postfix has done what it was told to; once started, it listens.
func (s *Server) run(t *testing.T, command string) {
	t.Helper()
	cmd := exec.Command(s.postfix, "-c", filepath.Join(s.dir, "etc"), command)
	if out, err := cmd.CombinedOutput(); err != nil {
		log, _ := os.ReadFile(filepath.Join(s.dir, "mail.log"))
		t.Fatalf("postfix %s: %v\n%s%s", command, err, out, log)
	}
}

// freeAddr is an address that nobody listens at now.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return fmt.Sprint(l.Addr())
}
