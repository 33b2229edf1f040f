package listener

import (
	"net"
	"syscall"
)

// withoutSYN is a filter in the words of BPF for what comes to a listener of TCP: a segment that asks for a connection
// is dropped, any other one is let in, so that a connection which is being made becomes one.
var withoutSYN = []syscall.SockFilter{
	{Code: syscall.BPF_LD | syscall.BPF_B | syscall.BPF_ABS, K: 13},                   // the flags of the segment
	{Code: syscall.BPF_JMP | syscall.BPF_JSET | syscall.BPF_K, K: 0x02, Jt: 0, Jf: 1}, // SYN
	{Code: syscall.BPF_RET | syscall.BPF_K, K: 0},
	{Code: syscall.BPF_RET | syscall.BPF_K, K: 0xffffffff},
}

// keepOut has the system ignore whoever wants to connect from now on. Those ask again after a second, and are refused
// then. Where the system does not do that, as with multipath TCP, somebody may come in the moment that the listener is
// closed, and is reset.
func keepOut(listener net.Listener) {
	tcp, ok := listener.(*net.TCPListener)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(descriptor uintptr) {
		_ = syscall.AttachLsf(int(descriptor), withoutSYN) //nolint:staticcheck // what replaces it is not in the standard library
	})
}
