package develop

import (
	"io"
	"os/exec"
	"runtime"
	"time"
)

// process is the running program. It is the leader of a group of processes, which end with it.
type process struct {
	command *exec.Cmd
	exited  chan struct{} // closed when it has ended
	err     error         // then: how
}

// start runs an executable.
func start(name string, words, environment []string, out, errors io.Writer) (*process, error) {
	p := &process{command: exec.Command(name, words...), exited: make(chan struct{})} //nolint:noctx // stop ends it, and not at once
	p.command.Env = environment
	p.command.Stdout, p.command.Stderr = out, errors
	p.command.WaitDelay = time.Second // for output that a child of it holds open
	setGroup(p.command)
	started := make(chan error)
	go func() {
		// The system may end the process together with the thread that started it, which has to live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.command.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = p.command.Wait()
		killGroup(p.command.Process)
		close(p.exited)
	}()
	return p, <-started
}

// stop ends the process and waits for that. It has so much time to end by itself, and is killed then, which stop
// reports.
func (p *process) stop(grace time.Duration) (killed bool) {
	terminate(p.command.Process)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.exited:
		return false
	case <-timer.C:
		killGroup(p.command.Process)
		<-p.exited
		return true
	}
}

// running reports whether the process has not ended. A nil process has.
func (p *process) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}
