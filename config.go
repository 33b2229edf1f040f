package jacinth

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/url"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/netname"
	"github.com/jacinth-rpc/jacinth/internal/redact"
)

// Unlimited takes a limit away. A limit that is left 0 has its default.
const Unlimited = -1

// Config says what a service is and where it listens. Only Name is required: the zero value of every other field
// is its default. The fields with a flag in their comment are set, in falling precedence, by the flag, by the
// environment (JACINTH_ADDR for -addr), by this struct and by the default; see [Config.Flags]. Secrets have no flag.
type Config struct {
	Name        string // of the service: letters, digits and . _ -
	Version     string // of the service, as it describes itself
	Description string // one sentence on what the service is for

	Addr      string // -addr: host:port to listen on; 127.0.0.1:8000
	Endpoint  string // -endpoint: path that calls are posted to; /api
	PublicURL string // -public-url: where others reach the service, without its Endpoint, when that is not Addr; see docs/adr/0017

	// Authorize decides whether a call of a private method may go on: nil lets it, an *Error is sent as it is, any
	// other error is logged and answered with AccessDenied. It may fill in the request's Caller and use its AtEnd. It must
	// be safe for concurrent use. Without it, registering a private method panics. See [Tokens].
	//
	// It runs before the params are looked at: once for each call of a private method, which is once for each item of a
	// batch, and once more for each private method if the body asks for a description, with Request.Probe. Anybody can
	// cause that, with any token. So what costs, such as a signature, a hash or a look-up, belongs into [Request.Once],
	// which does it once a body; and what a call is charged with is not for a probe.
	Authorize func(ctx context.Context, req *Request) error

	// Explorer is the path of a web page to read about the methods and to call them, which Run and Main serve.
	Explorer string // -explorer: /explorer; off for none

	// TLS makes Run, Main and Serve speak HTTPS, with HTTP/2; nil is plain HTTP. It has a certificate, or a function that
	// gets one. See [MutualTLS] for one from files, with which callers may show certificates of their own.
	TLS *tls.Config

	TokenHeader string // -token-header: carries the API token, as does Authorization: Bearer; X-Api-Token

	// Origins lists the web sites, such as https://app.example.com, whose pages may call the service from a browser.
	// None may by default, but pages of the service itself. "*" alone admits all; a service with private methods then
	// does not start. Cookies are never involved.
	Origins []string

	// Registry tells others where the service is for as long as Run or Main serves it. If it cannot be reached, the service
	// serves all the same, and goes on trying. RegistryURL names a registry by its address instead, and OpenRegistry opens it:
	// discovery.Open, for example, so that a program has the engines that it imports and no others. OpenRegistry is called
	// once; ctx applies to that call only. Return an error for an invalid URL, which stops the service. Do not return one
	// because the registry is unreachable: connect in the background instead. After Run, what it opened is closed if it is an
	// io.Closer. See [Service.Registry].
	Registry     Registry
	RegistryURL  string // -registry: of the registry of services; it goes before Registry
	OpenRegistry func(ctx context.Context, url string) (Registry, error)

	Limits       Limits
	DrainTimeout time.Duration // -drain-timeout: for calls under way when the service stops; 20s

	// DrainDelay is how long a stopping service keeps accepting calls, with 503 at /readyz, so that its callers can notice.
	// -drain-delay: 5s, which fits a balancer that checks every second; 1s for a service that has left a registry and was
	// never asked for /readyz; none after SIGINT, which comes from a person at a terminal, and none for a service that only
	// this machine can reach (loopback or a Unix socket, without a PublicURL or a registry) and that was never asked either.
	DrainDelay time.Duration

	Development bool // -development: read templates again for each request

	// Logger gets the log of the service: one line at Info for each request, before the caller gets the reply, and others.
	// It defaults to slog.Default(). If that is Go's original logger (text on standard error), request lines written within
	// 10 ms of each other are combined into one write while Run or Serve is running. They may then appear after lines that the
	// program logged itself, and a killed process can lose those of its last 10 ms. No call waits for that logger. A handler
	// of your own is called in the path of a call: one that blocks holds up calls, and does not hold up the end of Run.
	Logger *slog.Logger
}

// Limits bound what one caller can cost. The zero value of a field is its default, [Unlimited] takes it away.
// Sizes are in bytes.
type Limits struct {
	Body         int           // -max-body: of one request; 1 MiB
	BodyInFlight int           // -max-body-in-flight: of all request bodies being worked on; 64 MiB
	BodyRate     int           // -min-body-rate: a second of a body, after 5 s; 240
	Decoded      int           // -max-decoded: that the params of one body become in memory; 16 MiB
	BatchItems   int           // -max-batch: calls in one batch; 100
	BatchWorkers int           // -batch-workers: calls of one batch that run at a time; 4
	Response     int           // -max-response: of one reply, a whole batch included; 8 MiB
	Depth        int           // -max-depth: nesting of arrays and objects in a request; 64
	ID           int           // -max-id: of the id of a call; 128
	Headers      int           // -max-headers: of the headers of a request; 16 KiB
	HeaderRead   time.Duration // -header-timeout: for the headers of a request; 5s
	Read         time.Duration // -read-timeout: for a whole request; 15s
	Idle         time.Duration // -idle-timeout: of a connection between requests; 120s
	Connection   time.Duration // -max-connection-age: of a connection, a fifth less at most; 10m
	Call         time.Duration // -call-timeout: for one call, unless the method says otherwise; 25s
	InFlight     int           // -max-in-flight: calls that run at a time; 512
	Waiting      int           // -max-waiting: calls that wait at a time, see [Waits], beside those; 1024

	// DecodedInFlight is -max-decoded-in-flight: that the params of all calls being worked on become in memory; 256 MiB.
	DecodedInFlight int

	ReplyInFlight int           // -max-reply-in-flight: of all replies that are made or wait to be read; 128 MiB
	Write         time.Duration // -write-timeout: for a reply to be read, and 1s more for each 16 KiB of it; 20s
}

// noExplorer is the Config.Explorer of a service without one.
const noExplorer = "off"

var (
	serviceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
	headerName  = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
)

// withDefaults returns c with every default filled in, or a sentence on what cannot be.
func (c Config) withDefaults() (Config, error) {
	orDefault(&c.Addr, "127.0.0.1:8000")
	orDefault(&c.Endpoint, "/api")
	orDefault(&c.TokenHeader, defaultTokenHeader)
	orDefault(&c.Explorer, "/explorer")
	orDefault(&c.DrainTimeout, 20*time.Second)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	l := &c.Limits
	orDefault(&l.Body, 1<<20)
	orDefault(&l.BodyInFlight, 64<<20)
	orDefault(&l.BodyRate, 240)
	orDefault(&l.Decoded, 16<<20)
	orDefault(&l.DecodedInFlight, 256<<20)
	orDefault(&l.BatchItems, 100)
	orDefault(&l.BatchWorkers, 4)
	orDefault(&l.Response, 8<<20)
	orDefault(&l.Depth, 64)
	orDefault(&l.ID, 128)
	orDefault(&l.Headers, 16<<10)
	orDefault(&l.HeaderRead, 5*time.Second)
	orDefault(&l.Read, 15*time.Second)
	orDefault(&l.Idle, 120*time.Second)
	orDefault(&l.Connection, 10*time.Minute)
	orDefault(&l.Call, 25*time.Second)
	orDefault(&l.InFlight, 512)
	orDefault(&l.ReplyInFlight, 128<<20)
	orDefault(&l.Write, 20*time.Second)
	orDefault(&l.Waiting, 1024)
	return c, c.check()
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c *Config) check() error {
	switch {
	case c.Name == "":
		return errors.New("Config.Name is empty: a service needs a name")
	case !serviceName.MatchString(c.Name):
		return fmt.Errorf("Config.Name %q is not a name: use up to 128 letters, digits and . _ -", c.Name)
	case !plainPath(c.Endpoint):
		return fmt.Errorf("Config.Endpoint %q is not a path: it begins with / and has no query, space or braces", c.Endpoint)
	case c.Explorer != noExplorer && (path.Clean(c.Explorer) != c.Explorer || !plainPath(c.Explorer) || c.Explorer == c.Endpoint):
		return fmt.Errorf("Config.Explorer %q is not a clean path beside the endpoint, such as /explorer, nor off", c.Explorer)
	case c.Endpoint == livePath || c.Endpoint == readyPath:
		return fmt.Errorf("Config.Endpoint %q is where the service says how it is", c.Endpoint)
	case !headerName.MatchString(c.TokenHeader):
		return fmt.Errorf("Config.TokenHeader %q is not the name of an HTTP header", c.TokenHeader)
	case strings.EqualFold(c.TokenHeader, "Authorization"):
		return errors.New("Config.TokenHeader is Authorization, which is read as a Bearer token in any case: name another header or none")
	}
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		return fmt.Errorf("Config.Addr %q is not host:port, such as 127.0.0.1:8000 or :8000", c.Addr)
	}
	if c.DrainDelay < 0 {
		return errors.New("Config.DrainDelay is negative: the service would never stop")
	}
	if c.RegistryURL != "" && c.OpenRegistry == nil {
		return fmt.Errorf("the registry %q (-registry) cannot be opened: set Config.OpenRegistry to what opens one, such as discovery.Open",
			redact.URL(c.RegistryURL))
	}
	if t := c.TLS; t != nil && len(t.Certificates) == 0 && t.GetCertificate == nil && t.GetConfigForClient == nil {
		return errors.New("Config.TLS has no certificate to show to callers: set its Certificates or GetCertificate")
	}
	if c.PublicURL != "" {
		if err := checkPublicURL(c.PublicURL); err != nil {
			return err
		}
	}
	if _, err := newOrigins(c); err != nil {
		return err
	}
	for _, s := range c.settings() {
		if limit, ok := s.value.(limitValue); ok && limit.get() < Unlimited {
			return fmt.Errorf("the limit -%s is negative: use jacinth.Unlimited to take it away", s.name)
		}
	}
	return nil
}

// plainPath reports whether text is a path that a pattern of http.ServeMux can hold as it is.
func plainPath(text string) bool {
	return strings.HasPrefix(text, "/") && !strings.ContainsAny(text, "?#{} \t\r\n")
}

// checkPublicURL refuses what no other machine could call, and what is not to be told to all.
func checkPublicURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		if strings.Contains(text, "@") {
			text = redact.URL(text)
		}
		return fmt.Errorf("Config.PublicURL %q is not a full address, such as https://billing.example.com", text)
	}
	if u.User != nil {
		return fmt.Errorf("Config.PublicURL %q has a user or a password in it, which everybody would be told", redact.Host(u))
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(text, "#") {
		return fmt.Errorf("Config.PublicURL %q has a query or a fragment: leave them out, since an endpoint has none", redact.Host(u)+u.Path)
	}
	if netname.IsUnspecified(u.Hostname()) {
		return fmt.Errorf("Config.PublicURL %q means every address of a machine: name the one that others can reach", text)
	}
	host, err := netname.FromURL(u)
	if err == nil {
		err = host.Callable()
	}
	if err != nil {
		return fmt.Errorf("Config.PublicURL %q is where nobody can call the service: %w", text, err)
	}
	return nil
}

// resolved returns l with Unlimited spelled as the largest number, which is how the path of a call reads it.
// Durations keep Unlimited, since net/http and the deadline treat none apart, and so does BodyRate, which is a least.
func (l Limits) resolved() Limits {
	for _, field := range []*int{
		&l.Body, &l.BodyInFlight, &l.Decoded, &l.DecodedInFlight, &l.BatchItems, &l.BatchWorkers, &l.Response, &l.Depth, &l.ID,
		&l.Headers, &l.InFlight, &l.Waiting, &l.ReplyInFlight,
	} {
		if *field == Unlimited {
			*field = math.MaxInt
		}
	}
	return l
}

// duration returns limit, or 0 for Unlimited, which is what net/http calls no limit.
func duration(limit time.Duration) time.Duration { return max(limit, 0) }

// Flags adds a flag for every setting to set and reads the environment: for -addr the variable JACINTH_ADDR, and so
// on. A flag wins over the environment, which wins over what c holds, which wins over the default. Call it before
// set is parsed, and [New] after that. [Main] does all of this for programs that have no flags of their own to mix.
func (c *Config) Flags(set *flag.FlagSet) error {
	filled, err := c.withDefaults()
	if err != nil {
		return err
	}
	logger := c.Logger
	*c = filled
	c.Logger = logger
	for _, s := range c.settings() {
		variable := s.variable()
		set.Var(s.value, s.name, s.usage+" ["+variable+"]")
		if text, ok := os.LookupEnv(variable); ok {
			if err := s.value.Set(text); err != nil {
				return fmt.Errorf("the environment variable %s is %q: %w", variable, text, err)
			}
			set.Lookup(s.name).DefValue = s.value.String()
		}
	}
	return nil
}

// setting is a field of Config that flags and the environment can set.
type setting struct {
	name, usage string
	value       flag.Value
}

func (s setting) variable() string {
	return "JACINTH_" + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
}

func (c *Config) settings() []setting {
	l := &c.Limits
	return []setting{
		{"addr", "`host:port` to listen on", (*textValue)(&c.Addr)},
		{"endpoint", "`path` that calls are posted to", (*textValue)(&c.Endpoint)},
		{"public-url", "`url` where others reach the service", (*textValue)(&c.PublicURL)},
		{"explorer", "`path` of the page to explore the service, or off", (*textValue)(&c.Explorer)},
		{"token-header", "HTTP `header` that carries the API token", (*textValue)(&c.TokenHeader)},
		{"drain-timeout", "`time` for calls under way when the service stops", (*durationValue)(&c.DrainTimeout)},
		{"registry", "`url` of the registry of services", (*secretURLValue)(&c.RegistryURL)},
		{"drain-delay", "`time` that a service which stops goes on serving while others learn of it; 5s, less where nobody can", (*delayValue)(&c.DrainDelay)},
		{"development", "read templates again for each request", (*switchValue)(&c.Development)},
		{"max-body", "`bytes` of one request", (*countValue)(&l.Body)},
		{"max-body-in-flight", "`bytes` of all requests being worked on", (*countValue)(&l.BodyInFlight)},
		{"min-body-rate", "`bytes` a second in which a body comes at least", (*countValue)(&l.BodyRate)},
		{"max-decoded", "`bytes` that the params of one request become in memory", (*countValue)(&l.Decoded)},
		{"max-decoded-in-flight", "`bytes` that the params of all calls being worked on become in memory", (*countValue)(&l.DecodedInFlight)},
		{"max-batch", "`calls` in one batch", (*countValue)(&l.BatchItems)},
		{"batch-workers", "`calls` of one batch that run at a time", (*countValue)(&l.BatchWorkers)},
		{"max-response", "`bytes` of one reply", (*countValue)(&l.Response)},
		{"max-depth", "`levels` of nesting in a request", (*countValue)(&l.Depth)},
		{"max-id", "`bytes` of the id of a call", (*countValue)(&l.ID)},
		{"max-headers", "`bytes` of the headers of a request", (*countValue)(&l.Headers)},
		{"header-timeout", "`time` for the headers of a request", (*durationValue)(&l.HeaderRead)},
		{"read-timeout", "`time` for a whole request", (*durationValue)(&l.Read)},
		{"idle-timeout", "`time` that a connection may stay idle", (*durationValue)(&l.Idle)},
		{"max-connection-age", "`time` after which a connection ends with its next reply", (*durationValue)(&l.Connection)},
		{"call-timeout", "`time` for one call", (*durationValue)(&l.Call)},
		{"max-in-flight", "`calls` that run at a time", (*countValue)(&l.InFlight)},
		{"max-reply-in-flight", "`bytes` of all replies that are made or wait to be read", (*countValue)(&l.ReplyInFlight)},
		{"write-timeout", "`time` for a reply to be read, and 1s more for each 16 KiB of it", (*durationValue)(&l.Write)},
		{"max-waiting", "`calls` that wait for something at a time, beside those that run", (*countValue)(&l.Waiting)},
	}
}

type textValue string

func (v *textValue) String() string        { return string(*v) }
func (v *textValue) Set(text string) error { *v = textValue(text); return nil }

// secretURLValue is a URL that may have a password or a key in it, which -h and the usage after a wrong flag must not print.
type secretURLValue string

func (v *secretURLValue) String() string        { return redact.URL(string(*v)) }
func (v *secretURLValue) Set(text string) error { *v = secretURLValue(text); return nil }

type switchValue bool

func (v *switchValue) String() string   { return strconv.FormatBool(bool(*v)) }
func (v *switchValue) IsBoolFlag() bool { return true }

func (v *switchValue) Set(text string) error {
	on, err := strconv.ParseBool(text)
	if err != nil {
		return errors.New("want true or false")
	}
	*v = switchValue(on)
	return nil
}

// limitValue is a number that "unlimited" takes away.
type limitValue interface{ get() int64 }

const unlimited = "unlimited"

type countValue int

func (v *countValue) get() int64 { return int64(*v) }

func (v *countValue) String() string {
	if *v == Unlimited {
		return unlimited
	}
	return strconv.Itoa(int(*v))
}

func (v *countValue) Set(text string) error {
	if text == unlimited {
		*v = Unlimited
		return nil
	}
	count, err := strconv.Atoi(text)
	if err != nil || count < 1 {
		return errors.New("want a whole number from 1, or unlimited")
	}
	*v = countValue(count)
	return nil
}

// delayValue is a time that nothing takes the end of.
type delayValue time.Duration

func (v *delayValue) String() string {
	if *v == 0 {
		return ""
	}
	return time.Duration(*v).String()
}

func (v *delayValue) Set(text string) error {
	length, err := time.ParseDuration(text)
	if err != nil || length <= 0 {
		return errors.New("want a time such as 500ms or 5s")
	}
	*v = delayValue(length)
	return nil
}

type durationValue time.Duration

func (v *durationValue) get() int64 { return int64(*v) }

func (v *durationValue) String() string {
	if *v == Unlimited {
		return unlimited
	}
	return time.Duration(*v).String()
}

func (v *durationValue) Set(text string) error {
	if text == unlimited {
		*v = Unlimited
		return nil
	}
	length, err := time.ParseDuration(text)
	if err != nil || length <= 0 {
		return errors.New("want a time such as 500ms, 30s or 2m, or unlimited")
	}
	*v = durationValue(length)
	return nil
}
