package gen

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// initialisms are written in capitals in the middle of names, as Go programs have them.
var initialisms = map[string]bool{
	"acl": true, "api": true, "ascii": true, "cpu": true, "css": true, "db": true, "dns": true, "eof": true, "guid": true,
	"html": true, "http": true, "https": true, "id": true, "ip": true, "json": true, "jwt": true,
	"ok": true, "os": true, "qps": true, "ram": true, "rpc": true, "sla": true, "smtp": true, "sql": true, "ssh": true,
	"tcp": true, "tls": true, "ttl": true, "udp": true, "ui": true, "uid": true, "uri": true, "url": true, "utc": true,
	"utf8": true, "uuid": true, "vm": true, "xml": true, "isbn": true, "iban": true, "vat": true,
}

// split takes a name apart into lower-case words: at everything that is no letter and no digit, and where an
// upper-case letter begins a word, as in getHTTPHeader.
func split(name string) []string {
	var words []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
			word = nil
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !isWritable(r):
			end()
			continue
		case unicode.IsUpper(r) && len(word) > 0:
			before := word[len(word)-1]
			followed := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if followed && runes[i+1] == 's' && (i+2 == len(runes) || !unicode.IsLower(runes[i+2])) {
				followed = false // URLs is one word
			}
			if !unicode.IsUpper(before) || followed {
				end()
			}
		}
		word = append(word, r)
	}
	end()
	return words
}

// isWritable reports whether a letter or digit may stand in an identifier of all languages, and means the same there:
// Python reads some letters as others.
func isWritable(r rune) bool {
	switch {
	case r < 0x80:
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	case 0xc0 <= r && r <= 0xff, 0x400 <= r && r <= 0x45f, 0x3b1 <= r && r <= 0x3c9, 0x4e00 <= r && r <= 0x9fff:
		return unicode.IsLetter(r)
	}
	return false
}

// pascal writes words as one name, LikeThis.
func pascal(words []string) string {
	var name strings.Builder
	for _, word := range words {
		if initialisms[word] {
			name.WriteString(strings.ToUpper(word))
			continue
		}
		if one, isPlural := strings.CutSuffix(word, "s"); isPlural && initialisms[one] {
			name.WriteString(strings.ToUpper(one) + "s")
			continue
		}
		runes := []rune(word)
		runes[0] = unicode.ToUpper(runes[0])
		name.WriteString(string(runes))
	}
	text := name.String()
	if first := firstRune(text); !unicode.IsUpper(first) {
		text = "X" + text // a digit, or a letter that knows no capitals
	}
	return text
}

// camel writes words as one name, likeThis.
func camel(words []string) string {
	if len(words) == 0 {
		return "x"
	}
	name := words[0]
	if len(words) > 1 {
		name += pascal(words[1:])
	}
	if unicode.IsDigit(firstRune(name)) {
		name = "x" + name
	}
	return name
}

// snake writes words as one name, like_this.
func snake(words []string) string {
	name := strings.Join(words, "_")
	if name == "" || unicode.IsDigit(firstRune(name)) {
		name = "x" + name
	}
	return name
}

func firstRune(text string) rune {
	for _, r := range text {
		return r
	}
	return 0
}

// names gives out names that are taken only once.
type names struct {
	taken    map[string]bool
	reserved map[string]bool
}

// newNames returns names of which none is one of the reserved.
func newNames(reserved ...string) *names {
	n := &names{taken: make(map[string]bool), reserved: make(map[string]bool)}
	for _, name := range reserved {
		n.reserved[name] = true
	}
	return n
}

// take returns the name, or, when it is gone, the name with suffix and, if that is gone too, with a number. What is
// taken first stays as it is, so that the same document always gives the same names.
func (n *names) take(name, suffix string) string {
	free := func(candidate string) bool { return !n.taken[candidate] && !n.reserved[candidate] }
	candidate := name
	if !free(candidate) {
		candidate = name + suffix
	}
	for number := 2; !free(candidate); number++ {
		candidate = name + suffix + strconv.Itoa(number)
	}
	n.taken[candidate] = true
	return candidate
}

// group is a part of the names of methods up to a separator, with all that is in it.
type group struct {
	prefix  []string // the parts of the name; nil for the outermost
	methods []*method
	groups  []*group
}

// grouped sorts methods by the prefixes of their names, in the order in which they come.
func grouped(methods []*method) *group {
	root := &group{}
	for _, m := range methods {
		parts := strings.FieldsFunc(m.name, func(r rune) bool { return r == '.' || r == '/' || r == ':' })
		in := root
		for i := range max(len(parts)-1, 0) {
			in = in.sub(parts[:i+1])
		}
		in.methods = append(in.methods, m)
	}
	return root
}

// sub returns the group of the prefix, which is made if it is not there.
func (g *group) sub(prefix []string) *group {
	for _, inner := range g.groups {
		if slices.Equal(inner.prefix, prefix) {
			return inner
		}
	}
	inner := &group{prefix: prefix}
	g.groups = append(g.groups, inner)
	return inner
}

// base is the last part of the name of a method.
func (m *method) base() string {
	if at := strings.LastIndexAny(m.name, "./:"); at >= 0 && at+1 < len(m.name) {
		return m.name[at+1:]
	}
	return m.name
}
