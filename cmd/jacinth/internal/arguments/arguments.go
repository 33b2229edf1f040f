// Package arguments makes the params of a call out of the words of a command line.
package arguments

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
)

// Arguments are the words behind the name of a method: the whole params as JSON, or values by name or by position.
type Arguments struct {
	whole  json.RawMessage // nil where there are values
	values []value
	listed bool // the values are by position
}

// value is one word.
type value struct {
	name  string // "" by position
	text  string
	raw   bool // text is JSON, whatever the method wants
	bytes bool // text was read from a file or standard input
}

// subject is how a message calls the value.
func (v *value) subject() string {
	if v.name == "" {
		return "a value"
	}
	return v.name
}

// Parse reads the words. By position, each is a value; otherwise they are name=value pairs, or one word that is the
// params: a JSON object or array, @file, or - for what stands on standard input.
func Parse(words []string, byPosition bool, standardInput io.Reader) (*Arguments, error) {
	a := &Arguments{listed: byPosition}
	in := &sources{standardInput: standardInput}
	if !byPosition && len(words) == 1 {
		whole, is, err := in.whole(words[0])
		if is || err != nil {
			a.whole = whole
			return a, err
		}
	}
	for _, word := range words {
		v, err := parseValue(word, byPosition, in)
		if err != nil {
			return nil, err
		}
		a.values = append(a.values, v)
	}
	return a, nil
}

// NeedTypes reports whether some value means different things to different methods.
func (a *Arguments) NeedTypes() bool {
	for i := range a.values {
		if !a.values[i].raw {
			return true
		}
	}
	return false
}

func parseValue(word string, byPosition bool, in *sources) (value, error) {
	v := value{text: word}
	if byPosition {
		v.text, v.raw = strings.CutPrefix(word, ":=")
	} else {
		name, text, ok := strings.Cut(word, "=")
		switch {
		case !ok && isJSON(word):
			return v, failure.Usagef("%q is the params as a whole, and stands alone", word)
		case !ok:
			return v, failure.WithHint(failure.Usagef("%q is not name=value", word),
				"Values without names go by position: --pos. Params as a whole are JSON: '{\"name\": …}', @FILE or -")
		}
		v.text = text
		v.name, v.raw = strings.CutSuffix(name, ":")
		if v.name == "" {
			return v, failure.Usagef("%q has no name before the =", word)
		}
	}
	if err := v.load(in); err != nil {
		return v, err
	}
	if v.raw {
		return v, v.mustBeJSON()
	}
	if !utf8.ValidString(v.text) && !v.bytes {
		return v, failure.Usagef("%s: the value is not UTF-8", v.subject())
	}
	return v, nil
}

// load puts the content of a file in the place of @file. Two @ are one that means itself.
func (v *value) load(in *sources) error {
	file, is := strings.CutPrefix(v.text, "@")
	if !is {
		return nil
	}
	if strings.HasPrefix(file, "@") {
		v.text = file
		return nil
	}
	content, err := in.read(file)
	if err != nil {
		return err
	}
	v.text, v.bytes = string(content), true
	return nil
}

func (v *value) mustBeJSON() error {
	v.text = strings.TrimSpace(v.text)
	if why := syntaxError([]byte(v.text)); why != "" {
		return failure.Usagef("%s: what follows := must be JSON, and %s", v.subject(), why)
	}
	return nil
}

// sources are the places that values are read from beside the command line.
type sources struct {
	standardInput io.Reader
	used          bool // standard input can be read once
}

// whole returns the params that one word stands for as a whole, and whether it does.
func (s *sources) whole(word string) (json.RawMessage, bool, error) {
	var content []byte
	from := "the params"
	switch file, isFile := strings.CutPrefix(word, "@"); {
	case word == "-" || isFile:
		from = "the params from " + word
		if word == "-" {
			file = "-"
		}
		var err error
		if content, err = s.read(file); err != nil {
			return nil, true, err
		}
	case isJSON(word):
		content = []byte(word)
	default:
		return nil, false, nil
	}
	content = bytes.TrimSpace(content)
	if why := syntaxError(content); why != "" {
		return nil, true, failure.Usagef("%s must be JSON, and %s", from, why)
	}
	if content[0] != '{' && content[0] != '[' {
		return nil, true, failure.Usagef("%s must be a JSON object or array, not %s", from, content)
	}
	return content, true, nil
}

// read returns the content of a file, or of standard input for -.
func (s *sources) read(name string) ([]byte, error) {
	if name != "-" {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, failure.Usagef("a value cannot be read: %w", err)
		}
		return content, nil
	}
	if s.used {
		return nil, failure.Usagef("standard input can be read only once")
	}
	s.used = true
	content, err := io.ReadAll(s.standardInput)
	if err != nil {
		return nil, failure.Usagef("standard input cannot be read: %w", err)
	}
	return content, nil
}

// isJSON reports whether a word is meant as an object or an array.
func isJSON(word string) bool {
	word = strings.TrimSpace(word)
	return strings.HasPrefix(word, "{") || strings.HasPrefix(word, "[")
}
