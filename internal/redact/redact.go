// Package redact takes secrets out of texts that people read: errors, logs and the help of a program. Many providers put
// a key into the path or the query of a URL, so of a URL only scheme and host are fit to print.
package redact

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
)

const mark = "…"

// URL returns scheme and host of a URL, without user, path and query, and of a list with commas those of each. A file: URL
// has no host and keeps its path. Where it is not sure what is the host, it returns … instead.
func URL(text string) string {
	if u, err := url.Parse(text); err == nil && !strings.Contains(text, ",") {
		return Host(u)
	} else if err == nil && u.User != nil && !strings.Contains(u.Host, ",") {
		return Host(u) // the comma is in the password, or behind the host
	}
	withUser := strings.Contains(text, "@")
	parts := strings.Split(text, ",")
	for i, part := range parts {
		u, err := url.Parse(strings.TrimSpace(part))
		if err != nil || withUser && u.User == nil {
			return mark // the comma may be in a password, and the part before it may be the beginning of that
		}
		parts[i] = Host(u)
	}
	return strings.Join(parts, ",")
}

// Host returns scheme and host of a URL, as [URL] does.
func Host(u *url.URL) string {
	switch {
	case u.Host != "" && u.Scheme != "":
		return u.Scheme + "://" + u.Host
	case u.Host != "":
		return "//" + u.Host
	case u.Scheme == "file" && u.Path != "":
		return "file://" + u.Path
	case u.Scheme != "":
		return u.Scheme + ":" + mark
	}
	return mark
}

// shortest is how long a part of a URL is that may be a key. Shorter ones, such as api and v3, are words.
const shortest = 8

// shortestKey is how long a part of a path or a query is that is hardly a word.
const shortestKey = 16

// Within returns text without the parts of u that may be a secret: user and password, also as a header has them, the longer
// segments of the path, and the query. Servers and transports repeat the URL of a request in what they say of it. The
// further secrets, such as a token, are taken out too.
func Within(text string, u *url.URL, further ...string) string {
	return without(text, u, shortest, further)
}

// Message is Within for what a service says of a call. That is made for people, and may well have a word in it that is in
// the URL too, so of path and query only parts as long as keys are taken out, and the query as a whole.
func Message(text string, u *url.URL, further ...string) string {
	return without(text, u, shortestKey, further)
}

func without(text string, u *url.URL, least int, further []string) string {
	var secrets []string
	hide := func(secret string, least int) {
		if len(secret) >= least && strings.Contains(text, secret) {
			secrets = append(secrets, secret)
		}
	}
	for _, secret := range further {
		hide(secret, shortest)
	}
	if u != nil {
		if u.User != nil {
			password, _ := u.User.Password()
			hide(u.User.String(), shortest)
			hide(password, shortest)
			hide(u.User.Username(), shortest)
			hide(base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)), shortest)
		}
		hide(u.RawQuery, shortest)
		for pair := range strings.FieldsFuncSeq(u.RawQuery, func(c rune) bool { return c == '&' || c == ';' }) {
			_, value, found := strings.Cut(pair, "=")
			if !found {
				value = pair
			}
			hide(value, least)
			if plain, err := url.QueryUnescape(value); err == nil {
				hide(plain, least)
			}
		}
		for segment := range strings.SplitSeq(u.EscapedPath(), "/") {
			hide(segment, least)
			if plain, err := url.PathUnescape(segment); err == nil {
				hide(plain, least)
			}
		}
	}
	if len(secrets) == 0 {
		return text
	}
	// The longest first: one may be the beginning of another, the rest of which would be left.
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(secrets))
	for _, secret := range secrets {
		pairs = append(pairs, secret, mark)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// Location returns where a redirect leads that answers a request to u: without its query, and without what [Within] takes
// out.
func Location(location string, u *url.URL) string {
	location, _, _ = strings.Cut(location, "?")
	location, _, _ = strings.Cut(location, "#")
	if to, err := url.Parse(location); err == nil && to.User != nil {
		to.User = nil
		location = to.String()
	}
	return Within(location, u)
}
