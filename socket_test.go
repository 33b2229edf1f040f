package jacinth_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/jacinth-rpc/jacinth"
)

// hear sends text over a connection of its own, ends its side of it, and returns all that comes back.
func (p *pipes) hear(text string) string {
	here, there := net.Pipe()
	p.connections <- there
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.WriteString(here, text)
	}()
	heard := make(chan string)
	go func() {
		all, _ := io.ReadAll(here)
		heard <- string(all)
	}()
	synctest.Wait() // until both sides wait for each other
	_ = here.Close()
	<-sent
	return <-heard
}

// statuses are those of the HTTP responses in what was heard.
func statuses(heard string) []int {
	var list []int
	reader := bufio.NewReader(strings.NewReader(heard))
	for {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return list
		}
		list = append(list, response.StatusCode)
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
}

// TestSocket sends bytes that no HTTP client would. Most are for net/http to refuse: what counts is that a request is
// not taken for another than its neighbours take it for, and that no method runs on the strength of a body that
// somebody else may see the end of elsewhere.
func TestSocket(t *testing.T) {
	const run = `{"jsonrpc":"2.0","method":"run","id":1}` // 39 bytes
	head := func(lines ...string) string {
		return "POST /api HTTP/1.1\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
	}
	const host, kind = "Host: service.test", "Content-Type: application/json"
	whole := head(host, kind, "Content-Length: 39") + run
	chunk := func(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }
	for _, test := range []struct {
		name, text string
		statuses   []int
		runs       int
	}{
		{"a good request", whole, []int{200}, 1},
		{"a good request in chunks", head(host, kind, "Transfer-Encoding: chunked") + chunk(run[:9]) + chunk(run[9:]) + "0\r\n\r\n", []int{200}, 1},
		{"two requests", whole + whole, []int{200, 200}, 2},

		{"no host", head(kind, "Content-Length: 39") + run, []int{400}, 0},
		{"two hosts", head(host, "Host: evil.test", kind, "Content-Length: 39") + run, []int{400}, 0},
		{"the same host twice", head(host, host, kind, "Content-Length: 39") + run, []int{400}, 0},
		{"a host with a path", head("Host: service.test/evil", kind, "Content-Length: 39") + run, []int{400}, 0},
		{"two lengths", head(host, kind, "Content-Length: 39", "Content-Length: 5") + run, []int{400}, 0},
		{"two lengths in one", head(host, kind, "Content-Length: 39, 39") + run, []int{400}, 0},
		{"a length with a sign", head(host, kind, "Content-Length: +39") + run, []int{400}, 0},
		{"a negative length", head(host, kind, "Content-Length: -1") + run, []int{400}, 0},
		{"a hexadecimal length", head(host, kind, "Content-Length: 0x27") + run, []int{400}, 0},
		{"a length in words", head(host, kind, "Content-Length: many") + run, []int{400}, 0},
		{"a length beyond numbers", head(host, kind, "Content-Length: 99999999999999999999") + run, []int{400}, 0},
		{"a length beyond memory", head(host, kind, "Content-Length: 9223372036854775807") + run, []int{413}, 0},
		{"a space before a colon", head(host, kind, "Content-Length : 39") + run, []int{400}, 0},
		{"a header without a name", head(host, kind, ": 39") + run, []int{400}, 0},
		{"a header without a colon", head(host, kind, "Content-Length") + run, []int{400}, 0},
		{"a header name with a space", head(host, kind, "X Y: 1", "Content-Length: 39") + run, []int{400}, 0},
		{"NUL in a header", head(host, kind, "X: a\x00b", "Content-Length: 39") + run, []int{400}, 0},
		{"a carriage return in a header", head(host, kind, "X: a\rb", "Content-Length: 39") + run, []int{400}, 0},
		{"a folded length", head(host, kind, "Content-Length:\r\n\t39") + run, []int{200}, 1},
		{"a fold in front", "POST /api HTTP/1.1\r\n X: 1\r\n" + host + "\r\n\r\n", []int{400}, 0},

		{"a length and chunks", head(host, kind, "Content-Length: 5", "Transfer-Encoding: chunked") + chunk(run) + "0\r\n\r\n", []int{200}, 1},
		{"a length beyond chunks", head(host, kind, "Content-Length: 200", "Transfer-Encoding: chunked") + "0\r\n\r\n" + whole, []int{200, 200}, 1},
		{"chunks in version 1.0", strings.Replace(head(host, kind, "Transfer-Encoding: chunked"), "1.1", "1.0", 1) + chunk(run) + "0\r\n\r\n", []int{200}, 0},
		{"an unknown coding", head(host, kind, "Transfer-Encoding: xchunked") + chunk(run) + "0\r\n\r\n", []int{501}, 0},
		{"two codings", head(host, kind, "Transfer-Encoding: gzip, chunked") + chunk(run) + "0\r\n\r\n", []int{501}, 0},
		{"chunked twice", head(host, kind, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + chunk(run) + "0\r\n\r\n", []int{501}, 0},
		{"chunked and identity", head(host, kind, "Transfer-Encoding: chunked, identity") + chunk(run) + "0\r\n\r\n", []int{501}, 0},
		{"a chunk with a bare line feed", head(host, kind, "Transfer-Encoding: chunked") + "27\n" + run + "\r\n0\r\n\r\n", []int{400}, 0},
		{"a chunk that goes on", head(host, kind, "Transfer-Encoding: chunked") + "27\r\n" + run + "x\r\n0\r\n\r\n", []int{400}, 0},
		{"a chunk of no size", head(host, kind, "Transfer-Encoding: chunked") + "\r\n" + run + "\r\n0\r\n\r\n", []int{400}, 0},
		{"a chunk of a negative size", head(host, kind, "Transfer-Encoding: chunked") + "-1\r\n" + run + "\r\n0\r\n\r\n", []int{400}, 0},
		{"a chunk of a size beyond numbers", head(host, kind, "Transfer-Encoding: chunked") + "fffffffffffffffff\r\n" + run, []int{400}, 0},
		{"a chunk that is not whole", head(host, kind, "Transfer-Encoding: chunked") + "ff\r\n" + run, nil, 0},
		{"chunks without an end", head(host, kind, "Transfer-Encoding: chunked") + chunk(run), nil, 0},
		{"a body that is not whole", head(host, kind, "Content-Length: 100") + run, nil, 0},
		{"a body that is longer", head(host, kind, "Content-Length: 10") + run + "\r\n\r\n", []int{200, 400}, 0},
		{"a request in a body", head(host, kind, fmt.Sprint("Content-Length: ", len(whole))) + whole, []int{200}, 0},
		{
			"a token in a trailer", head(host, kind, "Trailer: X-Api-Token", "Transfer-Encoding: chunked") +
				chunk(`{"jsonrpc":"2.0","method":"closed","id":1}`) + "0\r\nX-Api-Token: " + tokenOne + "\r\n\r\n", []int{200}, 0,
		},

		{"no version", "POST /api\r\n" + host + "\r\n\r\n", []int{400}, 0},
		{"version 0.9", "POST /api HTTP/0.9\r\n" + host + "\r\n\r\n", []int{505}, 0},
		{"version 3.0", "POST /api HTTP/3.0\r\n" + host + "\r\n\r\n", []int{505}, 0},
		{"a version that is none", "POST /api HTTPS/1.1\r\n" + host + "\r\n\r\n", []int{400}, 0},
		{"a method that is none", "PO(ST /api HTTP/1.1\r\n" + host + "\r\n\r\n", []int{400}, 0},
		{"a space in the path", "POST /api x HTTP/1.1\r\n" + host + "\r\n\r\n", []int{400}, 0},
		{"a tab in the path", "POST /a\tpi HTTP/1.1\r\n" + host + "\r\n\r\n", []int{400}, 0},
		{"a proxied request", "CONNECT evil.test:80 HTTP/1.1\r\nHost: evil.test:80\r\n\r\n", []int{404}, 0},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", []int{400}, 0},
		{"no HTTP", "{\"jsonrpc\":\"2.0\",\"method\":\"run\",\"id\":1}\r\n\r\n", []int{400}, 0},
		{"a dot in the path", strings.Replace(whole, "/api", "/./api", 1), []int{307}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				runs := 0
				svc := jacinth.New(jacinth.Config{
					Name: "socket", Authorize: jacinth.Tokens(tokenOne), Logger: slog.New(slog.DiscardHandler),
				})
				method := func(context.Context, jacinth.None) (int, error) {
					runs++
					return runs, nil
				}
				jacinth.Public(svc, "run", method)
				jacinth.Private(svc, "closed", method)
				ctx, stop := context.WithCancel(t.Context())
				network := newPipes()
				ended := make(chan error)
				go func() { ended <- svc.Serve(ctx, network) }()

				heard := network.hear(test.text)
				if got := statuses(heard); fmt.Sprint(got) != fmt.Sprint(test.statuses) {
					t.Errorf("the statuses are %v, want %v; heard %q", got, test.statuses, heard)
				}
				if runs != test.runs {
					t.Errorf("%d calls were run, want %d", runs, test.runs)
				}
				stop()
				if err := <-ended; err != nil {
					t.Errorf("Serve = %v, want nil", err)
				}
			})
		})
	}
}

// TestSocket_endlessBody holds that a body without a length is read to the limit and no further.
func TestSocket_endlessBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := jacinth.New(quiet("endless"))
		ctx, stop := context.WithCancel(t.Context())
		network := newPipes()
		ended := make(chan error)
		go func() { ended <- svc.Serve(ctx, network) }()
		here, there := net.Pipe()
		network.connections <- there
		written := make(chan int)
		go func() {
			_, _ = io.WriteString(here, "POST /api HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
			total := 0
			for {
				n, err := io.WriteString(here, "1000\r\n"+strings.Repeat(" ", 4096)+"\r\n")
				total += n
				if err != nil {
					written <- total
					return
				}
			}
		}()
		response, err := http.ReadResponse(bufio.NewReader(here), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if r := mustReply(t, body); response.StatusCode != 413 || r.code() != -32600 || !response.Close {
			t.Errorf("status %d, %s, closed %v; want 413, -32600 and a connection that closes", response.StatusCode, body, response.Close)
		}
		if _, err := io.Copy(io.Discard, here); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("the connection ended with %v", err)
		}
		// net/http itself reads on for a while, at most 256 KiB, so that the sender gets to read the answer.
		if total := <-written; total < 1<<20 || total > 1<<20+300<<10 {
			t.Errorf("%d bytes were taken, want a little more than 1 MiB", total)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
	})
}
