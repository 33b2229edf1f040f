package listener

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// TestConnection_looksOnceMore tells connections to go: the one on which something has come goes on.
func TestConnection_looksOnceMore(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, sends := range []bool{true, false} {
		there, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		var all connections
		here, ok := all.add(accepted).(*connection)
		if !ok {
			t.Skip("nothing can look at a connection here")
		}
		if sends {
			if _, err := there.Write([]byte("POST")); err != nil {
				t.Fatal(err)
			}
			// What is sent is there when somebody could have read it.
			raw, err := here.SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			if err := raw.Read(func(uintptr) bool { return true }); err != nil {
				t.Fatal(err)
			}
		}
		here.retire()
		n, err := here.Read(make([]byte, 8))
		if sends && (n != 4 || err != nil || here.state.Load() != isComing) {
			t.Errorf("with a request that has come, Read = %d, %v, and the connection is at %d", n, err, here.state.Load())
		}
		if !sends {
			if n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("with nothing, Read = %d, %v", n, err)
			}
			_ = there.SetReadDeadline(time.Now().Add(10 * time.Second))
			if n, err := there.Read(make([]byte, 8)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the other end has %d, %v, want the end of the connection", n, err)
			}
		}
		_, _ = there.Close(), here.Close()
		all.part(context.Background(), time.Now()) // none is left
	}
}
