package jacinth

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jacinth-rpc/jacinth/explorer"
	"github.com/jacinth-rpc/jacinth/internal/listener"
)

const (
	maxHeaders = 1 << 30 // net/http adds to it and must not overflow
	maxStreams = 100     // requests at a time over one connection of HTTP/2
)

// Main runs a service as a whole program: it reads the settings from flags and the environment (see
// [Config.Flags]; -h lists them), listens, tells on standard error how to call the service, and stops as
// [Service.Run] does at SIGINT or SIGTERM. A second signal ends the program at once. Main returns after a clean stop
// and otherwise exits: with 2 after a wrong flag, with 1 after any other failure.
//
// A program with flags of its own defines them in package flag and leaves parsing to Main, or calls Config.Flags and
// flag.Parse before New.
func Main(s *Service) {
	if !flag.Parsed() {
		s.parse()
	}
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		received := <-signals
		signal.Stop(signals) // before anybody can see the service stop, so that a second signal has its usual effect
		if received == os.Interrupt {
			stop(errInterrupted)
		}
		stop(nil)
	}()
	s.listening = func(url string) {
		s.lines.settle() // behind the line of the start
		tell(s.hint(url))
	}
	if err := s.Run(ctx); err != nil {
		tell(fmt.Sprintf("%s: %v\n", s.config.Name, err))
		os.Exit(1)
	}
}

// tell writes to whoever looks at standard error, and goes on after logWait if that is nobody.
func tell(text string) {
	told := make(chan struct{})
	go func() {
		defer close(told)
		fmt.Fprint(os.Stderr, text)
	}()
	select {
	case <-told:
	case <-time.After(logWait):
	}
}

// parse reads flags and environment into the configuration, or ends the program.
func (s *Service) parse() {
	set := flag.CommandLine
	set.Usage = func() {
		fmt.Fprintf(set.Output(), "%s %s\n%s\n\nFlags; a value in [brackets] is the environment variable that sets the same:\n",
			s.config.Name, s.config.Version, s.config.Description)
		set.PrintDefaults()
	}
	err := s.config.Flags(set)
	if err == nil {
		flag.Parse() // which exits by itself after -h and after a wrong flag
		err = s.config.check()
	}
	if err == nil && flag.NArg() > 0 {
		err = fmt.Errorf("%q is no flag: flags begin with -, and -h lists them", flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", s.config.Name, err)
		os.Exit(2)
	}
}

// Background adds a task that runs beside the service: it starts when [Service.Run] listens, its context ends when
// the service begins to stop, and Run waits for it within the DrainTimeout. A task that returns an error, or panics,
// before that stops the service with that error; one that returns nil is done. See [Service.Every] for periodic work.
func (s *Service) Background(task func(ctx context.Context) error) {
	s.mustBeOpen("Background")
	s.background = append(s.background, task)
}

// Every adds a background task that calls task each interval, never twice at a time; the first call is one interval
// after the start. An error or a panic of one call is logged, and the next call comes all the same. It panics if the
// interval is not positive.
func (s *Service) Every(interval time.Duration, task func(ctx context.Context) error) {
	if interval <= 0 {
		panic(fmt.Sprintf("jacinth: Every needs a positive interval, not %v", interval))
	}
	s.Background(func(ctx context.Context) error {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
			}
			if err := guarded(ctx, task); err != nil && ctx.Err() == nil {
				s.report(ctx, slog.LevelError, "periodic task failed",
					slog.Duration("interval", interval), slog.String("error", err.Error()))
			}
		}
	})
}

// guarded runs task, and turns into an error what else may come of it: a panic, with its stack, and the end of its
// goroutine (runtime.Goexit, which is what testing.T.Fatal does), for which it has one of its own.
func guarded(ctx context.Context, task func(context.Context) error) error {
	ended := make(chan error, 1)
	go func() {
		err := errTaskGone
		defer func() {
			if value := recover(); value != nil {
				err = fmt.Errorf("panic: %v\n%s", value, debug.Stack())
			}
			ended <- err
		}()
		err = task(ctx)
	}()
	return <-ended
}

var errTaskGone = errors.New("the task ended its goroutine instead of returning")

// Run listens on Config.Addr, registers the service with the registry if it has one, and serves until ctx ends. Then
// the service is no longer ready and leaves its registry, and for the DrainDelay serves those who have not heard. After
// that it refuses new work with 503, what is under way may finish within the DrainTimeout, what has not by then has its
// context ended, and Run returns nil. It returns an error if it cannot listen, if nobody could reach it where it would
// register, if a background task failed, or if the service has been served before: a service serves once.
func (s *Service) Run(ctx context.Context) error {
	var listen net.ListenConfig
	listen.SetMultipathTCP(false) // see keepOut
	listener, err := listen.Listen(ctx, "tcp", s.config.Addr)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	return s.Serve(ctx, listener)
}

// Serve is [Service.Run] on a listener of yours, which it closes: one with TLS of its own, for which Config.TLS stays nil,
// a Unix socket, a port that somebody else opened. For others to find it in a registry, one with TLS of its own, and one
// that is not of TCP, need a Config.PublicURL.
func (s *Service) Serve(ctx context.Context, inner net.Listener) error {
	if s.served.Swap(true) {
		_ = inner.Close()
		return fmt.Errorf("the service %q has been served before, and once stopped it refuses all calls: make another one with New", s.config.Name)
	}
	if err := s.explore(); err != nil {
		s.served.Store(false)
		_ = inner.Close()
		return err
	}
	s.freeze()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	calls, cancelCalls := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelCalls()
	server := s.server(calls)

	s.lines.begin()
	defer s.lines.end()
	defer s.closeRegistry()
	announcer, err := s.newAnnouncer(ctx, inner.Addr())
	if err != nil {
		s.served.Store(false)
		_ = inner.Close()
		return err
	}
	door := listener.New(inner, server.TLSConfig != nil)
	defer door.End()
	bounded := server.ConnState
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		if bounded != nil {
			bounded(conn, state)
		}
		door.ConnState(conn, state)
	}
	var tasks sync.WaitGroup
	failed := make(chan error, 1+len(s.background))
	for _, task := range s.background {
		tasks.Go(func() {
			if err := guarded(ctx, task); err != nil && ctx.Err() == nil {
				failed <- fmt.Errorf("a background task failed: %w", err)
			}
		})
	}
	tasks.Go(func() {
		defer door.Ended()
		if err := serve(server, door); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	})
	url := s.baseURL(inner.Addr())
	s.logStart(ctx, url)
	if announcer != nil {
		tasks.Go(func() { announcer.run(ctx) })
	}
	if s.listening != nil {
		s.listening(url)
	}

	select {
	case <-ctx.Done():
	case err = <-failed:
		stop()
	}
	stopping := &departure{service: s, server: server, door: door, announcer: announcer, tasks: &tasks, cancelCalls: cancelCalls}
	stopping.leave(context.Cause(ctx))
	stopping.drain()
	return err
}

// mountExplorer serves the explorer beside the endpoint. It is a page for those who run the service; in a server of
// its user's own, that user mounts package explorer or does not.
func (s *Service) mountExplorer() error {
	if s.config.Explorer == noExplorer {
		return nil
	}
	page := explorer.Handler(explorer.Config{
		Path: s.config.Explorer, Endpoint: s.config.Endpoint, TokenHeader: s.config.TokenHeader,
	})
	paths := []string{s.config.Explorer}
	if s.config.Explorer != "/" {
		paths = append(paths, s.config.Explorer+"/")
	}
	for _, path := range paths {
		_, taken := s.mux.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}})
		if _, of, found := strings.Cut(taken, "/"); found && "/"+of == path {
			return fmt.Errorf("the pattern %q is where the explorer is: set Config.Explorer to another path, or to off", taken)
		}
		s.mount("GET "+path, page)
	}
	return nil
}

// logStart writes the line of the start.
func (s *Service) logStart(ctx context.Context, url string) {
	attributes := []slog.Attr{slog.String("service", s.config.Name), slog.String("url", url+s.config.Endpoint)}
	if s.config.Explorer != noExplorer {
		attributes = append(attributes, slog.String("explorer", url+s.config.Explorer))
	}
	s.report(ctx, slog.LevelInfo, "listening", attributes...)
}

// serve accepts connections until server is shut down.
func serve(server *http.Server, listener net.Listener) error {
	if server.TLSConfig != nil {
		return server.ServeTLS(listener, "", "")
	}
	return server.Serve(listener)
}

// baseURL is an address that can be called on this machine, also when the service listens on all of its own.
func (s *Service) baseURL(address net.Addr) string {
	scheme := "http://"
	if s.config.TLS != nil {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return scheme + address.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + net.JoinHostPort(host, port)
}

// server is the net/http server of Run, with every limit set.
func (s *Service) server(calls context.Context) *http.Server {
	limits := &s.limits
	server := &http.Server{
		Handler:           paced{s},
		ReadHeaderTimeout: duration(limits.HeaderRead),
		ReadTimeout:       duration(limits.Read),
		TLSConfig:         s.config.TLS,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		IdleTimeout:       limits.Idle, // Unlimited stays negative: where it is 0, net/http takes the ReadTimeout
		MaxHeaderBytes:    min(limits.Headers, maxHeaders),
		BaseContext:       func(net.Listener) context.Context { return calls },
		ErrorLog:          slog.NewLogLogger(reporter{s}, slog.LevelDebug),
	}
	if limits.Connection != Unlimited {
		server.ConnContext = listener.MaxAge(limits.Connection)
	}
	s.replies.bindServer(server)
	return server
}

// hint tells a person how to call the service.
func (s *Service) hint(url string) string {
	text := fmt.Sprintf("%s listens on %s%s\n", s.config.Name, url, s.config.Endpoint)
	if s.config.Explorer != noExplorer {
		text += fmt.Sprintf("Explore it at %s%s\n", url, s.config.Explorer)
	}
	for _, m := range s.sorted() {
		if !m.Private && m.Name != specsName && !strings.HasPrefix(m.Name, "rpc.") {
			return text + "Try:\n  " + m.curl(url+s.config.Endpoint) + "\n"
		}
	}
	return text
}
