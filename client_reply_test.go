package jacinth_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// oddReply is what a service should not answer, and what its caller makes of it.
type oddReply struct {
	name   string
	answer func(http.ResponseWriter, *received)
	want   error
	quote  string // in the error's text
}

// odd answers with 200 and text.
func odd(text string) func(http.ResponseWriter, *received) { return replying(http.StatusOK, text) }

// raw writes text, in which a line ends as HTTP wants it, to the connection and closes it.
func raw(text string) func(http.ResponseWriter, *received) {
	return func(w http.ResponseWriter, got *received) {
		writeRaw(w, strings.ReplaceAll(got.fill(text), "\n", "\r\n"))
	}
}

// endless writes size bytes in chunks, as far as somebody reads them.
func endless(size int) func(http.ResponseWriter, *received) {
	return func(w http.ResponseWriter, _ *received) {
		chunk := bytes.Repeat([]byte(" "), 32<<10)
		for written := 0; written < size; written += len(chunk) {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
}

// bomb answers with size blanks, compressed.
func bomb(size int) func(http.ResponseWriter, *received) {
	return func(w http.ResponseWriter, _ *received) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.Copy(z, io.LimitReader(blanks{}, int64(size)))
		_ = z.Close()
	}
}

type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// dripping writes text byte by byte, one a second.
func dripping(text string) func(http.ResponseWriter, *received) {
	return func(w http.ResponseWriter, got *received) {
		for _, c := range []byte(got.fill(text)) {
			if _, err := w.Write([]byte{c}); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			select {
			case <-time.After(time.Second):
			case <-got.context.Done():
				return
			}
		}
	}
}

// oddLimit is the Client.MaxResponse of the odd replies.
const oddLimit = 64 << 10

var oddReplies = []oddReply{
	{"the id of another call", odd(`{"jsonrpc":"2.0","id":4711,"result":1}`), jacinth.ErrBadReply, "another call"},
	{"the id as a string", odd(`{"jsonrpc":"2.0","id":"$0","result":1}`), jacinth.ErrBadReply, "another call"},
	{"the id as a fraction", odd(`{"jsonrpc":"2.0","id":$0.0,"result":1}`), jacinth.ErrBadReply, "another call"},
	{"the id with an exponent", odd(`{"jsonrpc":"2.0","id":$0e0,"result":1}`), jacinth.ErrBadReply, "another call"},
	{"the id negated", odd(`{"jsonrpc":"2.0","id":-$0,"result":1}`), jacinth.ErrBadReply, "another call"},
	{"a null id", odd(`{"jsonrpc":"2.0","id":null,"result":1}`), jacinth.ErrBadReply, "another call"},
	{"no id", odd(`{"jsonrpc":"2.0","result":1}`), jacinth.ErrBadReply, "another call"},
	{"an object for an id", odd(`{"jsonrpc":"2.0","id":{"$0":1},"result":1}`), jacinth.ErrBadReply, `"id"`},
	{"a long id", odd(`{"jsonrpc":"2.0","id":"` + strings.Repeat("1", 1000) + `","result":1}`), jacinth.ErrBadReply, `"id"`},
	{"the error of another call", odd(`{"jsonrpc":"2.0","id":4711,"error":{"code":1,"message":"m"}}`), jacinth.ErrBadReply, "another call"},
	{"both members", odd(`{"jsonrpc":"2.0","id":$0,"result":1,"error":{"code":1,"message":"m"}}`), jacinth.ErrBadReply, "both"},
	{"neither member", odd(`{"jsonrpc":"2.0","id":$0}`), jacinth.ErrBadReply, `"result" or "error"`},
	{"neither but a null error", odd(`{"jsonrpc":"2.0","id":$0,"error":null}`), jacinth.ErrBadReply, `"result" or "error"`},
	{"the result twice", odd(`{"jsonrpc":"2.0","id":$0,"result":1,"result":2}`), jacinth.ErrBadReply, "twice"},
	{"the id twice", odd(`{"jsonrpc":"2.0","id":4711,"id":$0,"result":1}`), jacinth.ErrBadReply, "twice"},
	{"another version", odd(`{"jsonrpc":"1.0","id":$0,"result":1}`), jacinth.ErrBadReply, `"jsonrpc"`},
	{"no version", odd(`{"id":$0,"result":1}`), jacinth.ErrBadReply, `"jsonrpc"`},
	{"members in capitals", odd(`{"jsonrpc":"2.0","ID":$0,"Result":1}`), jacinth.ErrBadReply, `"result" or "error"`},
	{"JSON that ends too soon", odd(`{"jsonrpc":"2.0","id":$0,"resul`), jacinth.ErrBadReply, "ends before"},
	{"more behind the reply", odd(`{"jsonrpc":"2.0","id":$0,"result":1} {"a":1}`), jacinth.ErrBadReply, "white space"},
	{"a byte order mark", odd("\xef\xbb\xbf" + `{"jsonrpc":"2.0","id":$0,"result":1}`), jacinth.ErrBadReply, "byte order"},
	{"bytes that are no text", odd(`{"jsonrpc":"2.0","id":$0,"result":"` + "\xff" + `"}`), jacinth.ErrBadReply, "UTF-8"},
	{"a deep result", odd(`{"jsonrpc":"2.0","id":$0,"result":` + strings.Repeat("[", 30_000)), jacinth.ErrBadReply, "nested"},
	{"a number", odd(`5`), jacinth.ErrBadReply, `"5"`},
	{"null", odd(`null`), jacinth.ErrBadReply, `"null"`},
	{"only white space", odd("  \n "), jacinth.ErrBadReply, "empty"},
	{"a batch", odd(`[{"jsonrpc":"2.0","id":$0,"result":1}]`), jacinth.ErrBadReply, "batch"},
	{"a batch of two", odd(`[{"jsonrpc":"2.0","id":$0,"result":1},{"jsonrpc":"2.0","id":4711,"result":1}]`), jacinth.ErrBadReply, "too many"},
	{"an empty batch", odd(`[]`), jacinth.ErrBadReply, "at least one"},
	{"an error without a code", odd(`{"jsonrpc":"2.0","id":$0,"error":{"message":"m"}}`), jacinth.ErrBadReply, "code"},
	{"an error without a message", odd(`{"jsonrpc":"2.0","id":$0,"error":{"code":1}}`), jacinth.ErrBadReply, "message"},
	{"an error that is text", odd(`{"jsonrpc":"2.0","id":$0,"error":"m"}`), jacinth.ErrBadReply, "code"},
	{"a code that is text", odd(`{"jsonrpc":"2.0","id":$0,"error":{"code":"1","message":"m"}}`), jacinth.ErrBadReply, "code"},
	{"a code that is a fraction", odd(`{"jsonrpc":"2.0","id":$0,"error":{"code":1.5,"message":"m"}}`), jacinth.ErrBadReply, "code"},
	{"a code beyond all integers", odd(`{"jsonrpc":"2.0","id":$0,"error":{"code":99999999999999999999,"message":"m"}}`), jacinth.ErrBadReply, "code"},
	{"an error with the status of one", replying(500, `{"jsonrpc":"2.0","id":$0,"error":{"code":1,"message":"m"}}`), jacinth.Code(1), ""},
	{"an error for nobody", replying(400, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"m"}}`), jacinth.InvalidRequest, ""},
	{"an error with code 0", odd(`{"jsonrpc":"2.0","id":$0,"error":{"code":0,"message":""}}`), jacinth.Code(0), ""},
	{"an error with much data", odd(`{"jsonrpc":"2.0","id":$0,"error":{"code":1,"message":"m","data":"` + strings.Repeat("x", 60_000) + `"}}`), jacinth.Code(1), ""},
	{"a result that the status denies", replying(404, `{"jsonrpc":"2.0","id":$0,"result":1}`), jacinth.ErrBadReply, "status"},
	{"text", odd("I am a text"), jacinth.ErrBadReply, "I am a text"},
	{"a page", replying(500, "<html>"+strings.Repeat("I am a page ", 1000)), jacinth.ErrBadReply, "500"},
	{"a page in another script", replying(502, strings.Repeat("日本語", 1000)), jacinth.ErrBadReply, "502"},
	{"a page full of escapes", replying(502, strings.Repeat("\x1b[2J\r\n\u2028", 1000)), jacinth.ErrBadReply, "502"},
	{"a redirect", replying(307, "", "Location", "https://elsewhere.test/api"), jacinth.ErrBadReply, "elsewhere"},
	{"a redirect a long way off", replying(308, "moved", "Location", "https://"+strings.Repeat("x", 10_000)), jacinth.ErrBadReply, "redirect"},
	{"a redirect that nobody can read", raw("HTTP/1.1 301 Moved\nContent-Length: 0\nLocation: ://%" + strings.Repeat("x", 10_000) + "\n\n"), jacinth.ErrBadReply, "redirect"},
	{"a redirect to nowhere", replying(302, ""), jacinth.ErrBadReply, "302"},
	{"not modified", replying(304, ""), jacinth.ErrBadReply, "304"},
	{"nothing", odd(""), jacinth.ErrBadReply, "empty"},
	{"no content", replying(204, ""), jacinth.ErrBadReply, "204"},
	{"accepted", replying(202, ""), jacinth.ErrBadReply, "202"},
	{"not found and nothing else", replying(404, ""), jacinth.ErrBadReply, "404"},
	{"a status of its own", replying(799, okReply), jacinth.ErrBadReply, "799"},
	{"no answer", hangingUp, jacinth.ErrNoReply, "EOF"},
	{"half a header", raw("HTTP/1.1 200 OK\nConte"), jacinth.ErrNoReply, "malformed"},
	{"a header and no body", raw("HTTP/1.1 200 OK\nContent-Length: 50\n\n"), jacinth.ErrNoReply, "after 0 bytes"},
	{"half a body", raw("HTTP/1.1 200 OK\nContent-Length: 50\n\n" + `{"jsonrpc":"2.0",`), jacinth.ErrNoReply, "after 17 bytes"},
	{"half a chunk", raw("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n20\n" + `{"jsonrpc":"2.0",`), jacinth.ErrNoReply, "after 17 bytes"},
	{"a chunk that is none", raw("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nxyz\n"), jacinth.ErrNoReply, "chunk"},
	{"a length that is too short", raw("HTTP/1.1 200 OK\nContent-Length: 9\n\n" + okReply), jacinth.ErrBadReply, "ends before"},
	{"a length that is none", raw("HTTP/1.1 200 OK\nContent-Length: many\n\n" + okReply), jacinth.ErrNoReply, "Content-Length"},
	{"a length beyond all memory", raw("HTTP/1.1 200 OK\nContent-Length: 9223372036854775807\n\n" + okReply), jacinth.ErrNoReply, "after"},
	{"no HTTP", raw("220 mail.test ESMTP\n"), jacinth.ErrNoReply, "malformed"},
	{"no HTTP, and much of it", raw(strings.Repeat("I am a page ", 2000) + "\n"), jacinth.ErrNoReply, "malformed"},
	{"a long line in the header", raw("HTTP/1.1 200 OK\n" + strings.Repeat("I am a page ", 2000) + "\n\n"), jacinth.ErrNoReply, "malformed"},
	{"another protocol", raw("HTTP/1.1 101 Switching Protocols\nConnection: upgrade\nUpgrade: gossip\n\n"), jacinth.ErrBadReply, "101"},
	{"another protocol that is silent", func(w http.ResponseWriter, got *received) {
		connection := takeOver(w)
		defer func() { _ = connection.Close() }()
		_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: gossip\r\n\r\n")
		_, _ = connection.Read(make([]byte, 1)) // until the client hangs up
	}, jacinth.ErrBadReply, "101"},
	{"interim answers without end", raw(strings.Repeat("HTTP/1.1 103 Early Hints\nLink: <x>\n\n", 5000)), jacinth.ErrNoReply, ""},
	{"a header without end", raw("HTTP/1.1 200 OK\nX: " + strings.Repeat("x", 200_000)), jacinth.ErrNoReply, "exceeded"},
	{"10 GiB", endless(10 << 30), jacinth.ErrBadReply, "more than 65536 bytes"},
	{"compressed without being asked", bomb(32 << 10), jacinth.ErrBadReply, "200"},
	{"too slow", dripping(okReply), jacinth.ErrNoReply, "deadline"},
	{"never", func(_ http.ResponseWriter, got *received) { <-got.context.Done() }, jacinth.ErrNoReply, "deadline"},
}

func TestClient_oddReplies(t *testing.T) {
	for _, test := range oddReplies {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				remote, client := newRemote(t, inTurn(test.answer, ok))
				client.MaxResponse = oddLimit
				checkOdd(t, client, test)
				if n := remote.count(); n != 1 {
					t.Errorf("the call was sent %d times, want once", n)
				}
				// And the next call is none the worse for it, once it is seen that the connection is closed: one that closes
				// just when a call is written to it is another matter.
				synctest.Wait()
				if err := client.Call(t.Context(), "m", nil, nil); err != nil {
					t.Errorf("the next call: %v", err)
				}
			})
		})
	}
}

// checkOdd calls a service that answers oddly.
func checkOdd(t *testing.T, client *jacinth.Client, test oddReply) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var result any = "untouched"
	err := client.Call(t.Context(), "m", nil, &result)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, test.want) {
		t.Fatalf("Call = %.1000v, want %v", err, test.want)
	}
	if _, isCode := errors.AsType[jacinth.Code](test.want); isCode {
		if failure, ok := errors.AsType[*jacinth.Error](err); !ok || errors.Is(test.want, failure.Code) == false {
			t.Errorf("Call = %v, want an error of the service", err)
		}
	}
	if text := err.Error(); !strings.Contains(text, test.quote) || len(text) > 2200 {
		t.Errorf("the error has %d bytes and reads %.1000q, want %q in it", len(text), text, test.quote)
	}
	if quoted := strings.Count(err.Error(), "I am a page "); quoted > 256/len("I am a page ") {
		t.Errorf("the error quotes more than 256 bytes of the reply: %v", err)
	}
	if deadline := errors.Is(err, context.DeadlineExceeded); deadline != (test.quote == "deadline") {
		t.Errorf("the error says that the deadline has passed: %v", deadline)
	}
	if result != "untouched" {
		t.Errorf("the result became %v", result)
	}
	// What a reply costs at most: its limit, twice over while the buffer grows, the buffers of the connection and what
	// the test itself needs to send it.
	const most = 2 << 20
	if cost := after.TotalAlloc - before.TotalAlloc; cost > most {
		t.Errorf("the reply cost %d bytes of memory, want at most %d", cost, most)
	}
}

// TestClient_boundsDecompressedReplies holds that a client which asks for compressed replies counts what comes out.
func TestClient_boundsDecompressedReplies(t *testing.T) {
	_, client := newRemote(t, inTurn(bomb(4<<20), bombOf(okReply)))
	transport, _ := client.Transport.(*http.Transport)
	transport.DisableCompression = false
	client.MaxResponse = oddLimit
	checkOdd(t, client, oddReply{want: jacinth.ErrBadReply, quote: "more than 65536 bytes"})
	var got string
	if err := client.Call(t.Context(), "m", nil, &got); err != nil || got != "ok" {
		t.Errorf("a compressed reply = %q, %v; want ok", got, err)
	}
}

// bombOf answers with a compressed text that is no bomb.
func bombOf(text string) func(http.ResponseWriter, *received) {
	return func(w http.ResponseWriter, got *received) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, got.fill(text))
		_ = z.Close()
	}
}

func TestClient_MaxResponse(t *testing.T) {
	for _, test := range []struct {
		name       string
		limit      int
		size       int // of the reply
		wantResult bool
	}{
		{"the default, just so", 0, 8 << 20, true},
		{"the default, passed", 0, 8<<20 + 1, false},
		{"less, just so", 1000, 1000, true},
		{"less, passed", 1000, 1001, false},
		{"none", jacinth.Unlimited, 9 << 20, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, client := newRemote(t, func(w http.ResponseWriter, got *received) {
				head := got.fill(`{"jsonrpc":"2.0","id":$0,"result":"`)
				_, _ = io.WriteString(w, head+strings.Repeat("x", test.size-len(head)-len(`"}`))+`"}`)
			})
			client.MaxResponse = test.limit
			var got string
			err := client.Call(t.Context(), "m", nil, &got)
			if test.wantResult && err != nil || !test.wantResult && !errors.Is(err, jacinth.ErrBadReply) {
				t.Errorf("a reply of %d bytes: %v", test.size, err)
			}
		})
	}
}

// TestClient_errorIsTheServices holds that code, message and data are what the service sent, byte for byte.
func TestClient_errorIsTheServices(t *testing.T) {
	_, client := newRemote(t, odd(`{"jsonrpc":"2.0","id":$0,"error":{"data": {"a" : [1.50] },"message":"A \u20ac \"b\"\n","code":-32099}}`))
	failure, ok := errors.AsType[*jacinth.Error](client.Call(t.Context(), "m", nil, nil))
	if !ok || failure.Code != -32099 || failure.Message != "A € \"b\"\n" || fmt.Sprintf("%s", failure.Data) != `{"a" : [1.50] }` {
		t.Errorf("the error is %+v", failure)
	}
	for _, data := range []string{"", `,"data":null`} {
		_, client := newRemote(t, odd(`{"jsonrpc":"2.0","id":$0,"error":{"code":1,"message":"m"`+data+`}}`))
		failure, ok := errors.AsType[*jacinth.Error](client.Call(t.Context(), "m", nil, nil))
		if !ok || failure.Data != nil {
			t.Errorf("an error without data is %+v", failure)
		}
	}
}
