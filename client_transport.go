package jacinth

import (
	"net"
	"net/http"
	"time"
)

// NewTransport returns what a Client without a Transport sends its requests with: HTTP/1.1 and, over TLS,
// HTTP/2, and connections that are kept for 30 seconds after their last use, long before a service of jacinth closes
// them (120 s), so that no call is written to a connection that is just going away. It is for programs that need the
// same with one thing changed:
//
//	transport := jacinth.NewTransport()
//	transport.TLSClientConfig = &tls.Config{RootCAs: ours, Certificates: mine}
//	billing := &jacinth.Client{URL: url, Transport: transport}
//
// Like every http.Transport it is made once and kept, since the connections are in it.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        30 * time.Second,
		DisableCompression:     true, // between neighbours it costs more than it saves
		MaxResponseHeaderBytes: 64 << 10,
		Protocols:              protocols,
		// All calls share one HTTP/2 connection, which is not closed by a call that times out: a dead one has to be
		// found by pinging.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
	}
}

// sharedTransport keeps the connections of all clients that have no Transport of their own.
var sharedTransport = NewTransport()
