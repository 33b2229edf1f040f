package develop

import (
	"os/exec"
	"syscall"
)

// setGroup makes the process of command the leader of a group, and has the system kill it if we end without doing so.
func setGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
