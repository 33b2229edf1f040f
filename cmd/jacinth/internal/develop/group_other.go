//go:build unix && !linux

package develop

import (
	"os/exec"
	"syscall"
)

// setGroup makes the process of command the leader of a group.
func setGroup(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
