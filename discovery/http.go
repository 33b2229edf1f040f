package discovery

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/redact"
)

const (
	callTimeout = 3 * time.Second // for a beat, which comes again soon

	retryBase   = 500 * time.Millisecond // between tries while a registry is out of reach; it doubles
	retryCap    = 5 * time.Second
	soon        = 2 * time.Second  // the same, until a lease runs out that was kept so far
	refusedWait = 30 * time.Second // until a registry that refused is asked again: tokens are changed by people
)

// The environment from which [Open] takes the token for an HTTP registry.
const (
	tokenVariable     = "JACINTH_REGISTRY_TOKEN"      //nolint:gosec // G101: the name of a variable, not what is in it
	tokenFileVariable = "JACINTH_REGISTRY_TOKEN_FILE" //nolint:gosec // G101: as above
)

// HTTP is a registry that is a jacinth service, see [NewRegistryService], or several of them that know nothing of each
// other. It is safe for concurrent use.
//
// With several, an instance registers in each, and a set is what any of them says: a name can be found as long as one is
// in reach. What they say of one instance may differ for a TTL; the later lease holds.
type HTTP struct {
	clients []*jacinth.Client
}

// NewHTTP makes a registry of the clients of registry services, each of which has a URL and a token of its own:
//
//	registry, err := discovery.NewHTTP(&jacinth.Client{URL: "https://registry.internal/api", TokenSource: token})
//
// It fails, with a sentence, if there is none or one has no URL, and if one has Coalesce: beats would wait behind the
// questions that the registry answers only after a change.
func NewHTTP(clients ...*jacinth.Client) (*HTTP, error) {
	if len(clients) == 0 {
		return nil, errors.New("a registry over HTTP needs a client of at least one registry service")
	}
	for _, client := range clients {
		if u, err := url.Parse(client.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
			return nil, fmt.Errorf("%q is not the URL of a registry, such as http://127.0.0.1:8500/api", clip(redact.URL(client.URL)))
		}
		if client.Coalesce != 0 {
			return nil, errors.New("a client of a registry has no Coalesce: beats would wait behind questions that are answered only after a change")
		}
	}
	return &HTTP{clients: clients}, nil
}

// openHTTP opens registries by their URLs, which are separated by commas.
func openHTTP(list string) (Registry, error) {
	var clients []*jacinth.Client
	for text := range strings.SplitSeq(list, ",") {
		u, err := url.Parse(strings.TrimSpace(text))
		switch {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
			return nil, errors.New("the URL of a registry is not one, such as http://127.0.0.1:8500/api; several have commas between them")
		case u.User != nil || u.RawQuery != "" || u.Fragment != "":
			return nil, fmt.Errorf("the URL of a registry has host and path alone: its token goes into %s, or a file that %s names",
				tokenVariable, tokenFileVariable)
		}
		if u.Path == "" || u.Path == "/" {
			u.Path = "/api"
		}
		clients = append(clients, &jacinth.Client{URL: u.String(), TokenSource: environmentToken})
	}
	registry, err := NewHTTP(clients...)
	if err != nil {
		return nil, err
	}
	return registry, nil
}

// environmentToken returns the token that the environment has, or names the file of, which is read each time so that
// the token can be changed.
func environmentToken(context.Context) (string, error) {
	path := os.Getenv(tokenFileVariable)
	if path == "" {
		return strings.TrimSpace(os.Getenv(tokenVariable)), nil
	}
	content, err := os.ReadFile(path) //nolint:gosec // G304: the file that whoever runs the program names
	if err != nil {
		return "", fmt.Errorf("the token for the registry, which %s names, cannot be read: %w", tokenFileVariable, err)
	}
	return strings.TrimSpace(string(content)), nil
}

// Frozen reports whether one of the registries forgets nobody for now, because more than half of all instances fell
// silent at once: some that it tells of may be gone. It fails if none of them is in reach.
func (h *HTTP) Frozen(ctx context.Context) (bool, error) {
	var errs []error
	for _, client := range h.clients {
		status, err := statusMethod.Call(ctx, client, jacinth.None{}, jacinth.ReadOnly())
		if err == nil && status.Frozen {
			return true, nil
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("the registry at %s: %w", redact.URL(client.URL), err))
		}
	}
	if len(errs) < len(h.clients) {
		return false, nil
	}
	return false, errors.Join(errs...)
}
