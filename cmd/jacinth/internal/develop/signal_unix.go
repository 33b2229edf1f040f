//go:build unix

package develop

import (
	"os"
	"syscall"
)

// terminate asks a process to end.
func terminate(process *os.Process) { _ = process.Signal(syscall.SIGTERM) }

// killGroup ends a process and all of its group. The group may be gone.
func killGroup(process *os.Process) { _ = syscall.Kill(-process.Pid, syscall.SIGKILL) }

// executable is how the name of a program ends.
const executable = ""
