package plan

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// options is what the "json" tag of a struct field says, with the meaning that json/v2 gives it.
type options struct {
	name      string
	named     bool // the tag gives the name
	ignored   bool
	embed     bool
	omitzero  bool
	omitempty bool
	quoted    bool // "string"
	anyCase   bool // "case:ignore"
}

// isPlain reports whether there are no options besides embed.
func (o options) isPlain() bool {
	return !o.named && !o.omitzero && !o.omitempty && !o.quoted && !o.anyCase
}

// known are the options that json/v2 has; a word that merely looks like one of them is a mistake.
var known = map[string]bool{
	"case": true, "embed": true, "omitzero": true, "omitempty": true, "string": true, "format": true,
}

// parseTag reads the "json" tag of a struct field. When json/v2 would refuse it, rule says why.
func parseTag(f reflect.StructField) (o options, rule string) {
	tag, has := f.Tag.Lookup("json")
	if tag == "-" {
		return options{ignored: true}, ""
	}
	if !f.IsExported() && !f.Anonymous {
		if has {
			return o, fmt.Sprintf("is unexported and yet has the tag `json:%q`: "+
				"export the field or take the tag away", tag)
		}
		return options{ignored: true}, ""
	}
	name, rest, more := strings.Cut(tag, ",")
	o.name = f.Name
	if name != "" {
		o.name, o.named = name, true
	}
	if strings.ContainsAny(name, "\\'\"`") || !utf8.ValidString(name) {
		return o, fmt.Sprintf("has the name %q in its json tag, which json/v2 refuses: leave out quotes and backslashes",
			name)
	}
	given := map[string]bool{}
	for more {
		var option string
		option, rest, more = strings.Cut(rest, ",")
		word, setting, isSet := strings.Cut(option, ":")
		if rule = o.set(word, setting, isSet); rule != "" {
			return o, rule
		}
		if given[word] {
			return o, fmt.Sprintf("has the json tag option %q twice", word)
		}
		given[word] = true
	}
	return o, ""
}

// set takes in one option, with what stands behind its colon if there is one.
func (o *options) set(word, setting string, isSet bool) (rule string) {
	isLetter := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }
	if word == "" || strings.TrimFunc(word, isLetter) != "" || unicode.IsNumber([]rune(word)[0]) {
		return fmt.Sprintf("has the json tag option %q, which is not a word", word)
	}
	alike := strings.ReplaceAll(strings.ToLower(word), "_", "")
	if !known[word] && known[alike] {
		return fmt.Sprintf("has the json tag option %q: write %q", word, alike)
	}
	isCase := word == "case" && (setting == "ignore" || setting == "strict")
	if word != "format" && isSet != (word == "case") || word == "case" && !isCase {
		return fmt.Sprintf("has the json tag option %q with a value that it does not take, or without one that it needs",
			word)
	}
	switch word {
	case "embed":
		o.embed = true
	case "omitzero":
		o.omitzero = true
	case "omitempty":
		o.omitempty = true
	case "string":
		o.quoted = true
	case "case":
		o.anyCase = setting == "ignore"
	case "format":
		return fmt.Sprintf("has the json tag option %q, which json/v2 no longer has: use a type of your own with "+
			"MarshalText and UnmarshalText", word)
	}
	return ""
}
