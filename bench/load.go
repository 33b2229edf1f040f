package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// connection is a keep-alive connection that sends one prebuilt request again and again. It is not net/http on
// purpose: the generator shares the machine with the server that it measures, and must cost little.
type connection struct {
	socket   net.Conn
	outgoing []byte
	incoming []byte
	work     *workload
	bare     bool
	right    []byte // a reply that was checked; others are compared with it
}

// Room for replies: to a single call, and to whatever there is.
const (
	smallReply = 4 << 10
	largeReply = 256 << 10
)

func open(ctx context.Context, address string, r *request, w *workload, room int) (*connection, error) {
	socket, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	out := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n",
		r.path, address, len(r.body))
	for key, value := range r.header {
		out = fmt.Appendf(out, "%s: %s\r\n", key, value)
	}
	out = append(append(out, "\r\n"...), r.body...)
	return &connection{socket: socket, outgoing: out, incoming: make([]byte, room), work: w, bare: r.bare}, nil
}

// abort closes the connection at once, so that no port is kept for it.
func (c *connection) abort() {
	if tcp, ok := c.socket.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.socket.Close()
}

// exchange sends the request and reads and checks the reply.
func (c *connection) exchange() error {
	if _, err := c.socket.Write(c.outgoing); err != nil {
		return err
	}
	body, err := c.receive()
	if err != nil {
		return err
	}
	if c.right != nil && bytes.Equal(body, c.right) {
		return nil
	}
	if err := c.work.check(body, c.bare); err != nil {
		return fmt.Errorf("the reply %.300q: %w", body, err)
	}
	c.right = slices.Clone(body)
	return nil
}

var (
	endOfHeader = []byte("\r\n\r\n")
	statusOK    = []byte("HTTP/1.1 200 ")
	lengthField = []byte("\r\nContent-Length: ")
	chunkedLine = []byte("\r\nTransfer-Encoding: chunked\r\n")

	errTooLong = errors.New("the reply is longer than the generator reads")
)

// receive reads one reply and returns its body, which is valid until the next call. It understands what net/http
// writes and no more.
func (c *connection) receive() ([]byte, error) {
	have, head := 0, -1
	for head < 0 {
		n, err := c.more(have)
		if err != nil {
			return nil, err
		}
		have += n
		head = bytes.Index(c.incoming[:have], endOfHeader)
	}
	header := c.incoming[:head+len("\r\n")]
	if !bytes.HasPrefix(header, statusOK) {
		return nil, fmt.Errorf("the server answered %.300q", c.incoming[:have])
	}
	start := head + len(endOfHeader)
	if _, field, found := bytes.Cut(header, lengthField); found {
		text, _, _ := bytes.Cut(field, []byte("\r\n"))
		length, err := strconv.Atoi(string(text))
		if err != nil {
			return nil, err
		}
		for have < start+length {
			n, err := c.more(have)
			if err != nil {
				return nil, err
			}
			have += n
		}
		return c.incoming[start : start+length], nil
	}
	if !bytes.Contains(header, chunkedLine) {
		return nil, fmt.Errorf("a reply without a length: %.300q", header)
	}
	return c.chunks(start, have)
}

func (c *connection) more(have int) (int, error) {
	if have == len(c.incoming) {
		return 0, errTooLong
	}
	return c.socket.Read(c.incoming[have:])
}

// chunks moves the chunks of a body together, in place.
func (c *connection) chunks(start, have int) ([]byte, error) {
	body, at := start, start
	for {
		line := bytes.Index(c.incoming[at:have], []byte("\r\n"))
		size := 0
		if line >= 0 {
			n, err := strconv.ParseInt(string(c.incoming[at:at+line]), 16, 32)
			if err != nil {
				return nil, err
			}
			size = int(n)
		}
		next := at + line + len("\r\n") + size + len("\r\n")
		if line < 0 || next > have {
			n, err := c.more(have)
			if err != nil {
				return nil, err
			}
			have += n
			continue
		}
		if size == 0 {
			return c.incoming[start:body], nil
		}
		body += copy(c.incoming[body:], c.incoming[at+line+len("\r\n"):next-len("\r\n")])
		at = next
	}
}

// patience is how long a reply may take.
const patience = 10 * time.Second

// load sends a workload over some connections at the same time for a while, each as soon as it has its reply.
func load(connections []*connection, duration time.Duration) (*latencies, error) {
	var group sync.WaitGroup
	all := make([]latencies, len(connections))
	failures := make([]error, len(connections))
	end := time.Now().Add(duration)
	for i, c := range connections {
		group.Go(func() {
			// A server that has ended must not hang the run.
			if failures[i] = c.socket.SetDeadline(end.Add(patience)); failures[i] != nil {
				return
			}
			for begin := time.Now(); begin.Before(end); {
				if failures[i] = c.exchange(); failures[i] != nil {
					return
				}
				now := time.Now()
				all[i].add(now.Sub(begin), 1)
				begin = now
			}
		})
	}
	group.Wait()
	total := new(latencies)
	for i := range all {
		total.merge(&all[i])
	}
	return total, errors.Join(failures...)
}
