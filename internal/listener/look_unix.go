//go:build unix

package listener

import (
	"errors"
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

// readNow reads what has come and waits for nothing. If there is nothing, it fails as a read at its deadline does, and
// where the connection is to be shut, its other end is told so in the same moment.
func readNow(conn net.Conn, p []byte, shut bool) (n int, err error) {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = raw.Read(func(descriptor uintptr) bool {
		n, failed = syscall.Read(int(descriptor), p)
		if shut && errors.Is(failed, syscall.EAGAIN) {
			_ = syscall.Shutdown(int(descriptor), syscall.SHUT_WR)
		}
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
