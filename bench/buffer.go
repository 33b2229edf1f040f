package main

import (
	"bufio"
	"io"
	"sync"
	"time"
)

// buffer gathers the lines of a log into large writes, as the access logs of proxies do, and holds none back for
// longer than flushEvery. What it holds is lost where the process is killed, which is why no service gets it unasked.
type buffer struct {
	mu    sync.Mutex
	lines *bufio.Writer
}

const flushEvery = 100 * time.Millisecond

func newBuffer(out io.Writer) *buffer {
	b := &buffer{lines: bufio.NewWriterSize(out, 32<<10)}
	go func() {
		for range time.Tick(flushEvery) {
			b.mu.Lock()
			err := b.lines.Flush()
			b.mu.Unlock()
			if err != nil {
				return // and so will Write say
			}
		}
	}()
	return b
}

func (b *buffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lines.Write(line)
}
