package remote

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
)

const (
	tokenVariable = "JACINTH_TOKEN" //nolint:gosec // G101: the name of a variable, not what is in it
	maxResponse   = 256 << 20       // bytes; a person who asks for much gets it, up to where it must be a mistake
)

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// Options are how to reach a service, as the flags of a command say it. The zero value sends no token and waits 10
// seconds.
type Options struct {
	token, tokenFile, tokenHeader string
	headers                       []string
	timeout                       Timeout
}

// Flags adds the flags that set o to those of a command.
func (o *Options) Flags(set *pflag.FlagSet) {
	set.StringVar(&o.tokenFile, "token-file", "", "read the API token from `FILE`; without it, "+tokenVariable+" has the token")
	set.StringVar(&o.token, "token", "", "API `TOKEN`; other users of this machine can see it, so that --token-file is better")
	set.StringVar(&o.tokenHeader, "token-header", "", "`NAME` of the header that carries the token (X-Api-Token); with Authorization, it is sent as Bearer")
	set.StringArrayVarP(&o.headers, "header", "H", nil, "send one more header, `'NAME: VALUE'`; may be given several times")
	set.Var(&o.timeout, "timeout", "`TIME` to wait for an answer, such as 500ms or 1m, or unlimited (10s)")
}

// Service returns the service at an address, which is completed by [URL]. It fails if the options cannot be meant.
func (o *Options) Service(address string) (*Service, error) {
	url, err := URL(address)
	if err != nil {
		return nil, err
	}
	token, err := o.readToken()
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(o.tokenHeader, "Authorization") && token != "" {
		token = "Bearer " + token
	}
	if o.tokenHeader != "" && !headerName.MatchString(o.tokenHeader) {
		return nil, failure.Usagef("--token-header %q is not the name of an HTTP header", o.tokenHeader)
	}
	header := http.Header{}
	for _, line := range o.headers {
		name, value, ok := strings.Cut(line, ":")
		if !ok || !headerName.MatchString(name) || strings.ContainsAny(value, "\r\n\x00") {
			return nil, failure.Usagef("--header is not of the form 'Name: value'") // what it has may be a secret
		}
		header.Add(name, strings.TrimSpace(value))
	}
	return newService(&jacinth.Client{
		URL: url, Token: token, TokenHeader: o.tokenHeader, Header: header, Timeout: o.timeout.Duration(),
	}), nil
}

// readToken returns the token that the flags or the environment name, "" for none.
func (o *Options) readToken() (string, error) {
	switch {
	case o.token != "" && o.tokenFile != "":
		return "", failure.Usagef("--token and --token-file both name a token: which one?")
	case o.token != "":
		return o.token, nil
	case o.tokenFile == "":
		return strings.TrimSpace(os.Getenv(tokenVariable)), nil
	}
	content, err := os.ReadFile(o.tokenFile)
	if err != nil {
		return "", failure.Usagef("the token cannot be read: %w", err)
	}
	token := strings.TrimSpace(string(content))
	if token == "" || strings.ContainsAny(token, "\r\n") {
		return "", failure.Usagef("%s does not hold a token: it wants one line with nothing else", o.tokenFile)
	}
	return token, nil
}

// Timeout is the value of a flag: a time, or unlimited. The zero value is what a client does without.
type Timeout time.Duration

// Duration is the timeout as a client takes it.
func (t *Timeout) Duration() time.Duration { return time.Duration(*t) }

// String is what [Timeout.Set] takes.
func (t *Timeout) String() string {
	switch *t {
	case 0:
		return ""
	case jacinth.Unlimited:
		return "unlimited"
	}
	return t.Duration().String()
}

// Set reads a time above zero, or unlimited.
func (t *Timeout) Set(text string) error {
	if text == "unlimited" {
		*t = jacinth.Unlimited
		return nil
	}
	length, err := time.ParseDuration(text)
	if err != nil || length <= 0 {
		return fmt.Errorf("%q is no time such as 500ms, 10s or 1m, nor unlimited", text)
	}
	*t = Timeout(length)
	return nil
}

// Type names the kind of value in the help of a command.
func (*Timeout) Type() string { return "time" }
