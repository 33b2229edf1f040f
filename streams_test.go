package jacinth_test

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
)

// What HTTP/2 calls its frames and one of its settings (RFC 9113, sections 6 and 6.5.2).
const (
	frameData = iota
	frameHeaders
	framePriority
	frameReset
	frameSettings
	framePush
	framePing
	frameGoAway
	frameWindow

	settingWindow = 4
)

const (
	flagEndStream  = 1
	flagAck        = 1
	flagEndHeaders = 4
)

// h2frame is a frame of HTTP/2.
type h2frame struct {
	kind, flags byte
	stream      uint32
	payload     []byte
}

// streams is a client of HTTP/2 that writes frames by hand, so that it can behave as no client does.
type streams struct {
	net.Conn
	mu   sync.Mutex // of writes
	next uint32

	heard chan h2frame // all that come but settings and pings, which are answered
}

// newStreams begins HTTP/2 over c: each stream may be sent window bytes. Nothing is read before somebody runs hear.
func newStreams(t *testing.T, c net.Conn, window uint32) *streams {
	t.Helper()
	client := tls.Client(c, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	s := &streams{Conn: client, next: 1, heard: make(chan h2frame, 1000)}
	if _, err := io.WriteString(client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	s.send(h2frame{kind: frameSettings, payload: binary.BigEndian.AppendUint32([]byte{0, settingWindow}, window)})
	return s
}

func (s *streams) send(f h2frame) {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(f.payload))<<8|uint32(f.kind))
	head = binary.BigEndian.AppendUint32(append(head, f.flags), f.stream)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.Write(append(head, f.payload...))
}

// hear reads frames until the connection ends, and closes heard then.
func (s *streams) hear() {
	defer close(s.heard)
	for {
		var head [9]byte
		if _, err := io.ReadFull(s, head[:]); err != nil {
			return
		}
		f := h2frame{kind: head[3], flags: head[4], stream: binary.BigEndian.Uint32(head[5:])}
		f.payload = make([]byte, binary.BigEndian.Uint32(head[:])>>8)
		if _, err := io.ReadFull(s, f.payload); err != nil {
			return
		}
		switch f.kind {
		case frameSettings, framePing:
			if f.flags&flagAck == 0 {
				ack := h2frame{kind: f.kind, flags: flagAck}
				if f.kind == framePing {
					ack.payload = f.payload
				}
				s.send(ack)
			}
		default:
			s.heard <- f
		}
	}
}

// request begins a request on a stream of its own, without a body if that is empty.
func (s *streams) request(method, path, body string) (stream uint32) {
	var block []byte
	for _, field := range [][2]string{
		{":method", method},
		{":scheme", "https"},
		{":path", path},
		{":authority", "127.0.0.1"},
		{"content-type", "application/json"},
		{"content-length", strconv.Itoa(len(body))},
	} {
		// A literal that is not indexed, with a new name (RFC 7541, section 6.2.2).
		block = append(append(block, 0, byte(len(field[0]))), field[0]...)
		block = append(append(block, byte(len(field[1]))), field[1]...)
	}
	stream = s.next
	s.next += 2
	flags := byte(flagEndHeaders)
	if body == "" {
		flags |= flagEndStream
	}
	s.send(h2frame{kind: frameHeaders, flags: flags, stream: stream, payload: block})
	if body != "" {
		s.send(h2frame{kind: frameData, flags: flagEndStream, stream: stream, payload: []byte(body)})
	}
	return stream
}

// open lets n more bytes be sent on a stream, or on the connection if that is 0.
func (s *streams) open(stream, n uint32) {
	s.send(h2frame{kind: frameWindow, stream: stream, payload: binary.BigEndian.AppendUint32(nil, n)})
}

// testTLS is how a server of a test speaks TLS.
func testTLS(t *testing.T) *tls.Config {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	defer server.Close()
	return &tls.Config{Certificates: server.TLS.Certificates}
}
