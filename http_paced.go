package jacinth

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// paced is the service as Run serves it: what is beside its endpoint, files and pages and handlers of the user's, has as
// much time to be read as replies to calls have, and as long as it is read.
type paced struct{ *Service }

func (p paced) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if limit := p.limits.Write; limit != Unlimited && r.URL.Path != p.config.Endpoint {
		own := &pacedWriter{
			ResponseWriter: w, control: http.NewResponseController(w), stream: r.ProtoMajor > 1, allowance: allowance{write: limit},
		}
		defer own.finish()
		w = own
	}
	p.Service.ServeHTTP(w, r)
}

// pacedWriter sets a deadline for each write, until its handler sets one: that one holds from then on. It has no limit
// for the time between writes.
type pacedWriter struct {
	http.ResponseWriter // of net/http

	control *http.ResponseController
	stream  bool // of HTTP/2, where a deadline counts between writes too

	mu    sync.Mutex // handlers may set deadlines from any goroutine
	owned bool       // by the handler
	allowance
}

// begin sets the deadline for a write of n bytes.
func (w *pacedWriter) begin(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owned {
		return
	}
	now := time.Now()
	if least := now.Add(w.write); w.end.Before(least) {
		w.end = least
	}
	_ = w.control.SetWriteDeadline(w.next(now, n))
}

// wrote takes the deadline away where it would count while nothing is written.
func (w *pacedWriter) wrote() {
	if !w.stream {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.owned {
		_ = w.control.SetWriteDeadline(time.Time{})
	}
}

// finish leaves a deadline behind for what net/http has still to send.
func (w *pacedWriter) finish() { w.begin(0) }

func (w *pacedWriter) Write(p []byte) (written int, err error) {
	for {
		part := p[:min(len(p), firstPiece)]
		w.begin(len(part))
		n, err := w.ResponseWriter.Write(part)
		w.wrote()
		written += n
		if p = p[n:]; err != nil || len(p) == 0 {
			return written, err
		}
	}
}

// ReadFrom leaves files to the kernel. Any other source may take its time between two writes.
func (w *pacedWriter) ReadFrom(source io.Reader) (written int64, err error) {
	to, canSend := w.ResponseWriter.(io.ReaderFrom)
	limited, isLimited := source.(*io.LimitedReader)
	if !isLimited {
		limited = &io.LimitedReader{R: source, N: 1<<63 - 1}
	}
	if !canSend || !isRegular(limited.R) {
		return io.Copy(struct{ io.Writer }{w}, source)
	}
	for limited.N > 0 {
		part := io.LimitedReader{R: limited.R, N: min(limited.N, firstPiece)}
		want := part.N
		w.begin(int(want))
		n, err := to.ReadFrom(&part)
		w.wrote()
		written += n
		limited.N -= want - part.N
		if err != nil || part.N > 0 {
			return written, err
		}
	}
	return written, nil
}

// isRegular reports whether a reader is a file that nothing has to be waited for.
func isRegular(source io.Reader) bool {
	file, ok := source.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode().IsRegular()
}

// Flush implements http.Flusher.
func (w *pacedWriter) Flush() { _ = w.FlushError() }

// FlushError is how http.ResponseController flushes.
func (w *pacedWriter) FlushError() error {
	w.begin(0)
	defer w.wrote()
	return w.control.Flush()
}

// SetWriteDeadline is how http.ResponseController sets a deadline of the handler's.
func (w *pacedWriter) SetWriteDeadline(deadline time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.owned = true
	return w.control.SetWriteDeadline(deadline)
}

// Hijack implements http.Hijacker. The connection is the handler's from then on.
func (w *pacedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	connection, buffered, err := w.control.Hijack()
	w.owned = w.owned || err == nil
	return connection, buffered, err
}

// Unwrap lets http.ResponseController find what else there is.
func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
