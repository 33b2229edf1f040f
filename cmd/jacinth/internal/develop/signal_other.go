//go:build !unix

package develop

import (
	"os"
	"os/exec"
)

// setGroup does nothing where there are no groups of processes.
func setGroup(*exec.Cmd) {}

// terminate ends a process: this system cannot ask.
func terminate(process *os.Process) { _ = process.Kill() }

func killGroup(process *os.Process) { _ = process.Kill() }

// executable is how the name of a program ends.
const executable = ".exe"
