// Package remote reaches the service that a command is about, and asks it what it can do.
package remote

import (
	"bytes"
	"io"
	"net/http"

	"github.com/jacinth-rpc/jacinth"
)

// Service is a service that a command talks to. [Options.Service] makes one. It is for one goroutine at a time, but for
// what [Service.Client] returns.
type Service struct {
	URL string

	client *jacinth.Client
	last   recorder
}

// newService returns the service that client, which has not been used, is to talk to.
func newService(client *jacinth.Client) *Service {
	s := &Service{URL: client.URL, client: client}
	s.last.transport = http.DefaultTransport
	client.Transport = &s.last
	client.MaxResponse = maxResponse
	client.NoRetry = true // whoever sits before a terminal sees what happened and decides
	return s
}

// Client returns the client of the service. All calls to the service share it.
func (s *Service) Client() *jacinth.Client { return s.client }

// HasToken reports whether calls carry a token.
func (s *Service) HasToken() bool { return s.client.Token != "" }

// Anonymous returns the same service, called without a token.
func (s *Service) Anonymous() *Service {
	return newService(&jacinth.Client{URL: s.URL, Header: s.client.Header, Timeout: s.client.Timeout})
}

// Record keeps the bytes of every reply from now on, for [Service.Reply].
func (s *Service) Record() { s.last.keep = true }

// Reply returns the bytes of the last reply, as far as they were read.
func (s *Service) Reply() []byte { return s.last.body.Bytes() }

// Status is the HTTP status of the last reply, 0 when there was none.
func (s *Service) Status() int { return s.last.status }

// recorder is a RoundTripper that notes what came back last.
type recorder struct {
	transport http.RoundTripper
	keep      bool // the body too
	status    int
	read      int64 // bytes of the body
	body      bytes.Buffer
}

// RoundTrip sends the request by the transport below.
func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	r.status, r.read = 0, 0
	r.body.Reset()
	response, err := r.transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	r.status = response.StatusCode
	response.Body = &noted{ReadCloser: response.Body, in: r}
	return response, nil
}

// noted is the body of a response of which the recorder notes what is read.
type noted struct {
	io.ReadCloser
	in *recorder
}

func (b *noted) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.in.read += int64(n)
	if b.in.keep {
		b.in.body.Write(p[:n])
	}
	return n, err
}
