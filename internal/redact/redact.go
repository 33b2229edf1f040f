// Package redact takes secrets out of texts that people read: errors, logs and the help of a program. Many providers put
// a key into the path or the query of a URL, so of a URL only scheme and host are fit to print.
package redact

import (
	"net/url"
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

// Within returns text without the parts of u that may be a secret: user, password, the longer segments of the path, and
// the query. Servers and transports repeat the URL of a request in what they say of it.
func Within(text string, u *url.URL) string {
	if u == nil {
		return text
	}
	hide := func(secret string) {
		if len(secret) >= shortest {
			text = strings.ReplaceAll(text, secret, mark)
		}
	}
	if u.User != nil {
		password, _ := u.User.Password()
		hide(u.User.String())
		hide(password)
		hide(u.User.Username())
	}
	hide(u.RawQuery)
	for pair := range strings.FieldsFuncSeq(u.RawQuery, func(c rune) bool { return c == '&' || c == ';' }) {
		_, value, found := strings.Cut(pair, "=")
		if !found {
			value = pair
		}
		hide(value)
		if plain, err := url.QueryUnescape(value); err == nil {
			hide(plain)
		}
	}
	for segment := range strings.SplitSeq(u.EscapedPath(), "/") {
		hide(segment)
		if plain, err := url.PathUnescape(segment); err == nil {
			hide(plain)
		}
	}
	return text
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
