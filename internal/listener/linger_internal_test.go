package listener

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// halfPipe is a connection in memory whose writing side can be closed.
type halfPipe struct {
	net.Conn
	closedWrite bool
}

func (p *halfPipe) CloseWrite() error {
	p.closedWrite = true
	return nil
}

func newHalfPipe() (here net.Conn, there *halfPipe) {
	here, server := net.Pipe()
	return here, &halfPipe{Conn: server}
}

// send writes pieces with a pause after each until it fails, and returns when it did and how much was read.
func send(conn net.Conn, piece int, pause time.Duration) (sent int, took time.Duration) {
	start := time.Now()
	text := []byte(strings.Repeat("x", piece))
	for {
		n, err := conn.Write(text)
		sent += n
		if err != nil || sent > 2*lingerBytes {
			return sent, time.Since(start)
		}
		time.Sleep(pause)
	}
}

// TestLingerer_isBoundedInTime holds that nobody keeps a closed connection by sending a little now and then, or by
// sending nothing.
func TestLingerer_isBoundedInTime(t *testing.T) {
	for _, drip := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var l lingerer
			here, there := newHalfPipe()
			start := time.Now()
			if err := l.close(there); err != nil {
				t.Fatal(err)
			}
			if drip {
				send(here, 1, 900*time.Millisecond)
			} else {
				_, _ = here.Read(make([]byte, 1))
			}
			// The dripping side notices at its next byte.
			if took := time.Since(start); took < lingerTime || took > lingerTime+900*time.Millisecond {
				t.Errorf("the connection was closed after %v, want %v", took, lingerTime)
			}
			l.end()
			if !there.closedWrite {
				t.Error("the other side was not told that nothing more comes")
			}
		})
	}
}

func TestLingerer_isBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lingerer
		here, there := newHalfPipe()
		_ = l.close(there)
		sent, took := send(here, 1<<20, 0)
		if sent != lingerBytes || took != 0 {
			t.Errorf("%d bytes were read in %v, want %d at once", sent, took, lingerBytes)
		}
		l.end()
	})
}

// TestLingerer_isBoundedInNumber holds that the connections beyond the limit are closed at once, and that one that has
// ended makes room.
func TestLingerer_isBoundedInNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lingerer
		var others []net.Conn
		for range lingerConns {
			here, there := newHalfPipe()
			_ = l.close(there)
			others = append(others, here)
		}
		synctest.Wait()
		if !isClosedAtOnce(&l) {
			t.Errorf("connection %d lingers too", lingerConns+1)
		}
		_ = others[0].Close()
		synctest.Wait()
		if isClosedAtOnce(&l) {
			t.Error("a connection is closed at once when another has ended")
		}
		l.end()
	})
}

// isClosedAtOnce reports whether a connection that is closed now does not linger.
func isClosedAtOnce(l *lingerer) bool {
	here, there := newHalfPipe()
	_ = l.close(there)
	synctest.Wait()
	_ = here.SetWriteDeadline(time.Now().Add(time.Millisecond))
	_, err := here.Write([]byte("x"))
	return err != nil
}

// TestLingerer_holdsNobodyUp holds that a service which has stopped waits for none of its connections.
func TestLingerer_holdsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lingerer
		here, there := newHalfPipe()
		_ = l.close(there)
		synctest.Wait()
		start := time.Now()
		l.end()
		if took := time.Since(start); took != 0 {
			t.Errorf("the end took %v, want 0", took)
		}
		if _, err := here.Write([]byte("x")); err == nil {
			t.Error("a connection lingers when all have ended")
		}
		if !isClosedAtOnce(&l) {
			t.Error("a connection that is closed after the end lingers")
		}
	})
}

// TestLingerState_readsNothingOnceClosed holds that what comes after the close is not taken for a request.
func TestLingerState_readsNothingOnceClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lingerer
		here, there := newHalfPipe()
		state := lingerState{lingerer: &l}
		state.closed.Store(true)
		go send(here, 1, 0)
		if n, err := state.read(there, make([]byte, 1)); n != 0 || !errors.Is(err, net.ErrClosed) {
			t.Errorf("read = %d, %v; want 0 and %v", n, err, net.ErrClosed)
		}
		_ = here.Close()
	})
}

// TestLingerer_wrap_keepsWhatConnectionsCan holds that net/http can still send files without copying them, and that
// closing twice is seen.
func TestLingerer_wrap_keepsWhatConnectionsCan(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			address := "127.0.0.1:0"
			if network == "unix" {
				address = t.TempDir() + "/s"
			}
			inner, err := net.Listen(network, address)
			if err != nil {
				t.Fatal(err)
			}
			var l lingerer
			defer inner.Close()
			client, err := net.Dial(network, inner.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			accepted, err := inner.Accept()
			if err != nil {
				t.Fatal(err)
			}
			conn := l.wrap(accepted)
			if _, ok := conn.(io.ReaderFrom); !ok && network == "tcp" {
				t.Errorf("%T has no ReadFrom", conn)
			}
			if _, ok := conn.(halfCloser); !ok {
				t.Errorf("%T has no CloseWrite", conn)
			}
			if err := conn.Close(); err != nil {
				t.Errorf("Close = %v, want nil", err)
			}
			if err := conn.Close(); err == nil {
				t.Error("a second Close = nil, want an error")
			}
			if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("the other side reads %v, want the end", err)
			}
			l.end()
		})
	}
}
