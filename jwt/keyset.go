package jwt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"

	"github.com/jacinth-rpc/jacinth"
)

const (
	keepKeys  = 10 * time.Minute // a set is good for
	keepStale = time.Hour        // and if the provider cannot be reached
	fetchRest = 30 * time.Second // between one fetch and the next that a key which is not known causes
	retryRest = 5 * time.Second  // after a fetch that failed
	fetchTime = 5 * time.Second

	maxKeySet = 1 << 20 // bytes
	maxKeys   = 100
)

// keySet is the keys that a provider publishes.
type keySet struct {
	address   string
	algorithm string
	client    *http.Client

	fetching chan struct{} // holds one value while a goroutine fetches

	mu      sync.Mutex
	keys    map[string]any // by id; replaced, never changed
	fetched time.Time      // when keys were
	tried   time.Time      // when it was last tried
	failure error          // of the last try
}

func newKeySet(config *Config) *keySet {
	return &keySet{
		address:   config.JWKS,
		algorithm: config.Algorithm,
		client: &http.Client{
			Transport: config.Transport,
			Timeout:   fetchTime,
			// Whoever can redirect could say which keys are the provider's.
			CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("the key set is elsewhere now") },
		},
		fetching: make(chan struct{}, 1),
	}
}

// checkAddress refuses an address that anybody on the way could answer for.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("Config.JWKS %q is not a full https address", address)
	}
	return nil
}

// find returns the key with an id, or the only key if a token names none.
func (s *keySet) find(ctx context.Context, id string) (any, error) {
	keys, due := s.current(id)
	if _, known := keys[id]; due {
		if err := s.refresh(ctx, id, known); err != nil {
			return nil, err
		}
		keys, _ = s.current(id)
	}
	if keys == nil {
		return nil, s.unavailable()
	}
	if key, ok := keys[id]; ok {
		return key, nil
	}
	if id == "" && len(keys) == 1 {
		for _, key := range keys {
			return key, nil
		}
	}
	return nil, errUnknownKey
}

// current returns the keys that may be used now, nil if there are none, and whether a fetch is due before a token that
// names the key id is judged.
func (s *keySet) current(id string) (keys map[string]any, due bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	age := now.Sub(s.fetched)
	if s.keys == nil || age >= keepStale {
		return nil, s.tried.IsZero() || now.Sub(s.tried) >= retryRest
	}
	if s.failure != nil && now.Sub(s.tried) < retryRest {
		return s.keys, false
	}
	_, known := s.keys[id]
	known = known || id == "" && len(s.keys) == 1
	return s.keys, age >= keepKeys || !known && now.Sub(s.tried) >= fetchRest
}

// refresh fetches the keys, one goroutine at a time; the others wait for it, unless they know a key that will do. It
// fails only if ctx ends: what came of the fetch is for current.
func (s *keySet) refresh(ctx context.Context, id string, known bool) error {
	select {
	case s.fetching <- struct{}{}:
	default:
		if known {
			return nil
		}
		select {
		case s.fetching <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer func() { <-s.fetching }()
	if _, due := s.current(id); !due { // somebody else was faster
		return nil
	}
	// The fetch is for all who wait, so it does not end with the one call that came first.
	keys, err := s.fetch(context.WithoutCancel(ctx))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried, s.failure = time.Now(), err
	if err == nil {
		s.keys, s.fetched = keys, s.tried
	}
	return nil
}

// fetch gets the key set and returns its keys for the algorithm.
func (s *keySet) fetch(ctx context.Context) (map[string]any, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the key set cannot be had: %s", response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxKeySet {
		return nil, fmt.Errorf("the key set has more than %d bytes", maxKeySet)
	}
	return parseKeySet(data, s.algorithm)
}

// parseKeySet returns the keys of a set that are for an algorithm. Providers publish keys for other ends beside them,
// which are passed over; a set without a single one is a mistake.
func parseKeySet(data []byte, algorithm string) (map[string]any, error) {
	var set jwkset.JWKSMarshal
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("the key set is not one: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("the key set has %d keys, more than %d", len(set.Keys), maxKeys)
	}
	keys := make(map[string]any)
	var problem error
	for _, entry := range set.Keys {
		if entry.USE != "" && entry.USE != jwkset.UseSig || entry.ALG != "" && string(entry.ALG) != algorithm {
			continue
		}
		entry.X5U, entry.X5C, entry.X5T, entry.X5TS256 = "", nil, "", "" // the key itself is all that counts
		parsed, err := jwkset.NewJWKFromMarshal(entry, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		if err == nil {
			err = checkKey(parsed.Key(), algorithm)
		}
		if err != nil {
			problem = err
			continue
		}
		if _, twice := keys[entry.KID]; twice {
			return nil, fmt.Errorf("the key set has two keys with the id %q", entry.KID)
		}
		keys[entry.KID] = parsed.Key()
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("the key set has no key for %s: %w", algorithm, errors.Join(errNoKey, problem))
	}
	return keys, nil
}

var errNoKey = errors.New("none can be used")

// unavailable asks the caller to come back: whether its token is good cannot be said without keys.
func (s *keySet) unavailable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &jacinth.Error{
		Code: jacinth.Unavailable,
		Data: later{Reason: "the token could not be checked: try again later"}, Cause: s.failure,
	}
}

// later is the data of an Unavailable error: the call was not run.
type later struct {
	Reason    string `json:"reason"`
	Processed bool   `json:"processed"`
}
