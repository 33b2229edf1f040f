package redact_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/redact"
)

func TestURL(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a key in the path", "https://host.test/v3/0123456789abcdef", "https://host.test"},
		{"a key in the query", "https://host.test/?api-key=0123456789abcdef", "https://host.test"},
		{"a fragment", "https://host.test#secret", "https://host.test"},
		{"a port", "http://127.0.0.1:8000/api", "http://127.0.0.1:8000"},
		{"IPv6", "http://[::1]:8000/api", "http://[::1]:8000"},
		{"a password", "nats://ada:secret@one.test:4222", "nats://one.test:4222"},
		{"a user that is a token", "nats://secret@one.test:4222", "nats://one.test:4222"},
		{"a list", "http://one.test/secret,http://two.test/secret", "http://one.test,http://two.test"},
		{"a list with spaces", "http://one.test/secret, http://two.test/secret", "http://one.test,http://two.test"},
		{"a list with passwords", "nats://a:secret@one.test,nats://a:secret@two.test/secret", "nats://one.test,nats://two.test"},
		{"a password with a comma", "nats://a:12,secret@one.test", "nats://one.test"},
		{"a password with an @", "nats://a:se@cret@one.test?secret", "nats://one.test"},
		{"a password that no URL may have", "nats://a:12,secret %zz@one.test#secret", "…"},
		{"an @ in the fragment", "//host.test#@secret", "//host.test"},
		{"a comma in the path", "http://one.test/sec,ret", "http://one.test,…"},
		{"a wrong escape", "http://one.test/%zzsecret", "…"},
		{"a file", "file:///run/registry.json?secret", "file:///run/registry.json"},
		{"a scheme alone", "memory:secret", "memory:…"},
		{"a text", "secret", "…"},
		{"nothing", "", "…"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := redact.URL(test.text); got != test.want {
				t.Errorf("URL(%q) = %q, want %q", test.text, got, test.want)
			}
		})
	}
}

func TestWithin(t *testing.T) {
	u, err := url.Parse("https://ada-lovelace:hidden-password@host.test/v3/key%2Fof-a-caller?api-key=another%20key1&word&short=yes")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, text, want string }{
		{"a segment of the path", "Cannot POST /v3/key%2Fof-a-caller", "Cannot POST /v3/…"},
		{"a segment without its escapes", "no such key: key/of-a-caller", "no such key: …"},
		{"the query", "https://host.test/?api-key=another%20key1&word&short=yes", "https://host.test/?…"},
		{"a value of the query", "the key another%20key1 is unknown", "the key … is unknown"},
		{"a value without its escapes", "the key another key1 is unknown", "the key … is unknown"},
		{"the password", "hidden-password", "…"},
		{"the user", "ada-lovelace", "…"},
		{"what is too short to be a key", "v3, word, yes", "v3, word, yes"},
		{"another text", "connection refused", "connection refused"},
		{"user and password as a header has them", "Basic YWRhLWxvdmVsYWNlOmhpZGRlbi1wYXNzd29yZA==", "Basic …"},
		{"a token", "X-Api-Token: the-token-itself", "X-Api-Token: …"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := redact.Within(test.text, u, "the-token-itself"); got != test.want {
				t.Errorf("Within(%q) = %q, want %q", test.text, got, test.want)
			}
		})
	}
	if got := redact.Within("a text", nil); got != "a text" {
		t.Errorf("Within of no URL = %q", got)
	}
}

// TestWithin_nested has keys that begin, or end, with another part of the URL.
func TestWithin_nested(t *testing.T) {
	u, err := url.Parse("https://accounts:secret-accounts@host.test/accounts/accounts-sk-live-c0ffee?k=c0ffee-accounts")
	if err != nil {
		t.Fatal(err)
	}
	const text = "/accounts/accounts-sk-live-c0ffee c0ffee-accounts secret-accounts"
	if got := redact.Within(text, u); got != "/…/… … …" {
		t.Errorf("Within(%q) = %q", text, got)
	}
}

func TestMessage(t *testing.T) {
	u, err := url.Parse("https://host.test/accounts/0123456789abcdef?network=ethereum&key=fedcba9876543210")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"no such accounts":                       "no such accounts",
		"0123456789abcdef is unknown":            "… is unknown",
		"ethereum has no node":                   "ethereum has no node",
		"the key fedcba9876543210 is unknown":    "the key … is unknown",
		"?network=ethereum&key=fedcba9876543210": "?…",
		"at /accounts/0123456789abcdef":          "at /accounts/…",
		"the token the-token-itself is wrong":    "the token … is wrong",
	} {
		if got := redact.Message(text, u, "the-token-itself"); got != want {
			t.Errorf("Message(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestLocation(t *testing.T) {
	u, err := url.Parse("https://host.test/v3/0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	for location, want := range map[string]string{
		"/v3/0123456789abcdef/":            "/v3/…/",
		"https://login.test/?token=secret": "https://login.test/",
		"https://a:secret@login.test/in":   "https://login.test/in",
		"/in#secret":                       "/in",
		"/%zz":                             "/%zz",
	} {
		if got := redact.Location(location, u); got != want {
			t.Errorf("Location(%q) = %q, want %q", location, got, want)
		}
	}
}

func FuzzURL(f *testing.F) {
	for _, text := range []string{"http://h/%s", "nats://a:%s@h", "nats://a:b@h,nats://%s@i", "%s", "http://h?k=%s", "file:%s", "h,%s@i"} {
		f.Add(text)
	}
	const secret = "Zq7secretZq7"
	f.Fuzz(func(t *testing.T, around string) {
		before, after, found := strings.Cut(around, "%s")
		if !found {
			return
		}
		// Where the secret stands in the user, the path, the query or the fragment of a URL, nothing of it is printed.
		text := before + secret + after
		u, err := url.Parse(text)
		if err != nil || strings.Contains(around, ",") || strings.Contains(u.Host, secret) || strings.Contains(u.Scheme, strings.ToLower(secret)) || u.Host == "" {
			return
		}
		if got := redact.URL(text); strings.Contains(got, secret) {
			t.Errorf("URL(%q) = %q", text, got)
		}
	})
}
