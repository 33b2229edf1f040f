//go:build unix

package jacinth

import (
	"io"
	"net"
	"os"
	"syscall"
)

// canLook reports whether readNow can read from a connection.
func canLook(conn net.Conn) bool {
	switch conn.(type) {
	case *lingeringTCP, *lingeringUnix:
		return true
	}
	return false
}

// readNow reads what has come and waits for nothing: if there is nothing, it fails as a read at its deadline does.
func readNow(conn net.Conn, p []byte) (n int, err error) {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = raw.Read(func(descriptor uintptr) bool {
		n, failed = syscall.Read(int(descriptor), p)
		return true
	})
	switch {
	case err != nil:
		return 0, err
	case failed != nil:
		return 0, os.ErrDeadlineExceeded
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return n, nil
}
