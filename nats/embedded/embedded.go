// Package embedded runs a NATS server, with JetStream, inside of a program: for tests, for examples, and for a handful
// of services on one machine. It is the real server; what runs on it runs on a cluster as well.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/jacinth-rpc/jacinth/internal/netname"
)

// Config says what the server is. The zero value is a server in memory that only its own program can reach.
type Config struct {
	// Addr is host:port to listen on, with port 0 for any that is free; empty to listen nowhere. Whoever can reach it
	// can see all calls, and the tokens in them: an address that is not loopback is refused, unless Options ask callers
	// who they are.
	Addr string

	Dir    string                // where JetStream keeps its files; empty is a temporary one, removed by Close
	Logger *slog.Logger          // nil is slog.Default(); gets what is a warning or worse
	Adjust func(*server.Options) // for all else that a server can be: users, TLS, clusters; nil changes nothing
}

// Server is a NATS server that runs.
type Server struct {
	nats      *server.Server
	temporary string // directory
}

// Start starts a server and returns when it takes connections.
func Start(config Config) (*Server, error) {
	options := &server.Options{
		DontListen: config.Addr == "", NoSigs: true, JetStream: true, StoreDir: config.Dir,
		DisableJetStreamBanner: true,
	}
	if config.Addr != "" {
		host, port, err := net.SplitHostPort(config.Addr)
		if err != nil {
			return nil, fmt.Errorf("Config.Addr %q is not host:port, such as 127.0.0.1:4222", config.Addr)
		}
		options.Host = host
		if options.Port, err = strconv.Atoi(port); err != nil {
			return nil, fmt.Errorf("Config.Addr %q has no number as its port", config.Addr)
		}
		if options.Port == 0 {
			options.Port = server.RANDOM_PORT
		}
	}
	if config.Adjust != nil {
		config.Adjust(options)
	}
	if !options.DontListen && !netname.IsLoopback(options.Host) && !asksWho(options) {
		return nil, fmt.Errorf("the embedded server would listen on %s, where others can reach it, without asking who they are: "+
			"give it users in Config.Adjust, or a loopback address", options.Host)
	}
	s := &Server{}
	if options.StoreDir == "" {
		dir, err := os.MkdirTemp("", "jacinth-nats-")
		if err != nil {
			return nil, err
		}
		s.temporary, options.StoreDir = dir, dir
	}
	if err := s.start(options, config.Logger); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(options *server.Options, logger *slog.Logger) error {
	var err error
	if s.nats, err = server.NewServer(options); err != nil {
		return fmt.Errorf("the embedded server cannot be made: %w", err)
	}
	if logger == nil {
		logger = slog.Default()
	}
	failed := make(chan string, 1)
	s.nats.SetLogger(journal{logger, failed}, false, false)
	s.nats.Start()
	for late := time.Now().Add(10 * time.Second); ; {
		if s.nats.ReadyForConnections(100 * time.Millisecond) {
			return nil
		}
		select {
		case why := <-failed:
			return fmt.Errorf("the embedded server does not start: %s", why)
		default:
		}
		if time.Now().After(late) {
			return errors.New("the embedded server does not get ready")
		}
	}
}

// asksWho reports whether a server tells its callers apart.
func asksWho(o *server.Options) bool {
	return len(o.Users) > 0 || len(o.Nkeys) > 0 || o.Username != "" || o.Authorization != "" || o.TLSVerify ||
		o.CustomClientAuthentication != nil || len(o.TrustedOperators) > 0
}

// URL is where other programs reach the server, without any password; empty if it listens nowhere.
func (s *Server) URL() string {
	if s.nats.Addr() == nil {
		return ""
	}
	return s.nats.ClientURL()
}

// Connect connects the own program, without a socket.
func (s *Server) Connect(options ...nats.Option) (*nats.Conn, error) {
	return nats.Connect("", append([]nats.Option{nats.InProcessServer(s.nats)}, options...)...)
}

// LameDuck tells clients that the server is going and closes their connections little by little, then the server. It
// returns when all is done, and Close is to be called all the same.
func (s *Server) LameDuck() { s.nats.LameDuckShutdown() }

// NATS is the server itself.
func (s *Server) NATS() *server.Server { return s.nats }

// Close stops the server, if it still runs, and removes its files if they were temporary.
func (s *Server) Close() {
	if s.nats != nil {
		s.nats.Shutdown()
		s.nats.WaitForShutdown()
	}
	if s.temporary != "" {
		_ = os.RemoveAll(s.temporary)
	}
}

// journal passes what a server has to say on to a slog.Logger.
type journal struct {
	logger *slog.Logger
	failed chan string // the last words
}

func (journal) Noticef(string, ...any) {}
func (journal) Debugf(string, ...any)  {}
func (journal) Tracef(string, ...any)  {}

func (j journal) Warnf(format string, values ...any)  { j.log(slog.LevelWarn, format, values) }
func (j journal) Errorf(format string, values ...any) { j.log(slog.LevelError, format, values) }

func (j journal) Fatalf(format string, values ...any) {
	select {
	case j.failed <- fmt.Sprintf(format, values...):
	default:
	}
}

func (j journal) log(level slog.Level, format string, values []any) {
	j.logger.LogAttrs(context.Background(), level, "nats-server", slog.String("text", fmt.Sprintf(format, values...)))
}
