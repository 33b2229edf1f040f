package proxy

import (
	"os/exec"
	"syscall"
)

// endWithParent has a process end when that of the test does, even if it is killed and cleans nothing up. It is
// told to stop, since nginx has a process of its own to stop.
func endWithParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
