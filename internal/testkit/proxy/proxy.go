// Package proxy starts the proxies that services stand behind, nginx and HAProxy, as child processes of a test.
//
// A test says how the proxy is configured, and reaches it at a port of its own:
//
//	front := proxy.Nginx(t, `
//		upstream pool { server `+first+`; server `+second+`; }
//		server { listen LISTEN; location / { proxy_pass http://pool; } }`)
//	response, err := client.Get(front.URL() + "/livez")
//
// The port is opened before the proxy starts and handed to it, so that no other process can take it in between and
// no connection is refused. Nothing of the system's own configuration is read.
package proxy

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a proxy may take to start, and then to stop.
const patience = 20 * time.Second

// Proxy is a proxy that runs until the end of its test.
type Proxy struct {
	addr  string
	log   *output
	ended chan struct{} // closed when the process has ended
}

// Nginx starts nginx. Its configuration is what stands in the block http, with the word LISTEN where the address to
// listen on belongs: server { listen LISTEN; … }. Files that it names are relative to a directory of its own. The log
// of errors goes to [Proxy.Log]; there is no log of accesses unless the configuration has one.
//
// It skips the test if nginx is not installed, and fails it in continuous integration, where the variable CI is set.
func Nginx(t testing.TB, configuration string) *Proxy {
	t.Helper()
	path := program(t, "nginx")
	listener, addr := listen(t)
	dir := directory(t)
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // its own directory is closed to others
	}
	ready := filepath.Join(dir, "pid")
	file := write(t, dir, `
daemon off;
pid `+ready+`;
error_log stderr notice;
`+user+`
events {}
http {
	access_log off;
	client_body_temp_path bodies;
	proxy_temp_path proxied;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	`+strings.ReplaceAll(configuration, "LISTEN", addr)+`
}
`)
	command := command(t, path, "-p", dir, "-e", "stderr", "-c", file)
	command.Env = append(os.Environ(), "NGINX=3;") // the number of the listener that it takes over
	return start(t, command, listener, addr, ready)
}

// HAProxy starts HAProxy. Its configuration is all but the section global, with the word LISTEN where the address to
// listen on belongs: bind LISTEN. What it logs, with "log global", goes to [Proxy.Log].
//
// It skips the test if HAProxy is not installed, and fails it in continuous integration, where the variable CI is set.
func HAProxy(t testing.TB, configuration string) *Proxy {
	t.Helper()
	path := program(t, "haproxy")
	listener, addr := listen(t)
	dir := directory(t)
	ready := filepath.Join(dir, "stats")
	file := write(t, dir, `
global
	log stdout format raw local0
	maxconn 1000
	stats socket `+ready+`
`+strings.ReplaceAll(configuration, "LISTEN", "fd@3")+`
`)
	return start(t, command(t, path, "-db", "-f", file), listener, addr, ready)
}

// Addr returns the host and port that the proxy listens on.
func (p *Proxy) Addr() string { return p.addr }

// URL returns the URL of the proxy, without a path.
func (p *Proxy) URL() string { return "http://" + p.addr }

// Log returns what the proxy has written to standard output and error so far.
func (p *Proxy) Log() string { return p.log.String() }

// start starts a proxy that is given a listener as its file 3, waits until there is a file that it makes when it has
// understood its configuration, and waits for its end after the test.
func start(t testing.TB, command *exec.Cmd, listener *os.File, addr, ready string) *Proxy {
	t.Helper()
	p := &Proxy{addr: addr, log: new(output), ended: make(chan struct{})}
	command.Stdout, command.Stderr = p.log, p.log
	command.ExtraFiles = []*os.File{listener}
	endWithParent(command)
	err := command.Start()
	_ = listener.Close() // the proxy has one of its own
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = command.Wait() // how it ends when it is told to is its own affair
	}()
	t.Cleanup(func() {
		<-p.ended
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(command.Path), p.Log())
		}
	})
	for deadline := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		if _, err := os.Stat(ready); err == nil {
			return p
		}
		select {
		case <-p.ended:
			t.Fatalf("%v ended before it listened", command.Args)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v has not started after %v", command.Args, patience)
		}
	}
}

// command returns a command that is told to stop when the test ends, and killed if it does not.
func command(t testing.TB, path string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(t.Context(), path, arguments...) //nolint:gosec // one of two paths, given by this file
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = patience
	return command
}

// program returns the path of a program that the test needs.
func program(t testing.TB, name string) string {
	t.Helper()
	// Debian has servers where the shells of most users do not look.
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is missing, and continuous integration tests everything: install it with make deps", name)
	}
	t.Skipf("NOT TESTED behind %s, which is missing: install it with make deps", name)
	return ""
}

// listen opens a port for a proxy.
func listen(t testing.TB) (*os.File, string) {
	t.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	file, err := listener.File()
	_ = listener.Close() // the file is a duplicate
	if err != nil {
		t.Fatal(err)
	}
	return file, listener.Addr().String()
}

// directory makes a directory for what a proxy writes.
func directory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "proxy") //nolint:usetesting // t.TempDir has the test's name, too long for the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// write writes a configuration, and returns the path of its file.
func write(t testing.TB, dir, configuration string) string {
	t.Helper()
	path := filepath.Join(dir, "configuration")
	if err := os.WriteFile(path, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// output collects what a process writes. It may be read meanwhile.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
