package oracle_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A value is JSON that can be changed in places: a literal, an array or an object.
type value struct {
	literal string // as it is written; "" for the others
	items   []*value
	members []member
	isArray bool
}

type member struct {
	name  string
	value *value
}

// all lists the value and those in it.
func (v *value) all() []*value {
	list := []*value{v}
	for _, item := range v.items {
		list = append(list, item.all()...)
	}
	for _, m := range v.members {
		list = append(list, m.value.all()...)
	}
	return list
}

// clone returns a copy that shares nothing with v.
func (v *value) clone() *value {
	copied := *v
	copied.items = make([]*value, len(v.items))
	for i, item := range v.items {
		copied.items[i] = item.clone()
	}
	copied.members = make([]member, len(v.members))
	for i, m := range v.members {
		copied.members[i] = member{m.name, m.value.clone()}
	}
	return &copied
}

// write appends v as JSON: strings now and then with escapes that they do not need, white space here and there.
func (v *value) write(dst []byte, random *rand.Rand) []byte {
	space := func() {
		if random.IntN(16) == 0 {
			dst = append(dst, " \n\t\r"[random.IntN(4)])
		}
	}
	space()
	defer space()
	switch {
	case v.literal != "":
		dst = append(dst, rewritten(v.literal, random)...)
	case v.isArray:
		dst = append(dst, '[')
		for i, item := range v.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.write(dst, random)
		}
		dst = append(dst, ']')
	default:
		dst = append(dst, '{')
		for i, m := range v.members {
			if i > 0 {
				dst = append(dst, ',')
			}
			space()
			dst = append(append(dst, rewritten(quote(m.name), random)...), ':')
			dst = m.value.write(dst, random)
		}
		dst = append(dst, '}')
	}
	return dst
}

// rewritten returns a literal, one in eight strings with every character escaped.
func rewritten(literal string, random *rand.Rand) string {
	if literal[0] != '"' || random.IntN(8) > 0 {
		return literal
	}
	var text string
	if err := json.Unmarshal([]byte(literal), &text); err != nil {
		panic(err)
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, unit := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&b, `\u%04x`, unit)
	}
	return b.String() + `"`
}

func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}

// numberTexts are numbers at the borders of kinds and rules, and integers in other clothes.
var numberTexts = slices.Sorted(strings.FieldsSeq(`0 -0 1 -1 2 3 4 5 7 100 1000 1001 150 151 -5 1.0 -1.0 1e0 1E2 1e+2 1e3 10e-1
	-3.0000000000000000000001 150.0000000000000000000001 16777217.00000000000000000000001 -0.1 -0.10000000000000000000001
	1.5 -1.5 0.5 0.50 1e-1 0.1 0.9 0.90000000000000001 0.09999999999999999999 0.1000000000000000055511151231257827 100.0
	100.00000000000000000000001 99.99999999999999999999999 127 128 -128 -129 127.0 255 256 32767 32768 -32768 -32769 65535
	65536 2147483647 2147483648 -2147483648 -2147483649 4294967295 4294967296 16777216 16777217 16777217.5 16777218
	9007199254740992 9007199254740993 9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809
	9223372036854775807.0 92233720368547758.07e2 18446744073709551615 18446744073709551616 1844674407370955161.5e1 1e18 1e19
	1e20 123456789012345678901234567890 3.4028234e38 3.4028235e38 3.40282350000000000000001e38 3.4028236e38 -3.4028235e38
	-3.4028236e38 1e39 1.7976931348623157e308 1.79769313486231570000001e308 1.7976931348623158e308 1.7976931348623159e308
	-1.7976931348623157e308 -1.7976931348623158e308 1e308 1e309 1e400 -1e400 1e-400 -1e-400 0e400 0.000e-400 4.9e-324 2e-324`))

// stringTexts are strings that some rule or type takes or just does not take.
var stringTexts = []string{
	"", "a", "ab", "abc", "abcd", "abcde", "abcdef", "é", "ééééé", "éééééé", "😀", "😀😀😀", "😀😀😀😀", "e\u0301e\u0301", "\x00", "\u007f",
	"\u2028", "\n", "a\nb", "a,b", "é\x00", "red", "Red", "green", "blue", "x", "y", "z", "k", "low", "high", "null", "AB", "AB12",
	"AB12\n", "ab12", "A", "acb", "a\u2028b", "1x", "1_", "٣x", "#00ff00", "#00FF00", "#00ff0", "0", "-0", "00", "1", "-1", "+1", "1.0",
	"1e2", "1E+2", "1.", ".5", "127", "128", "-128", "-129", "255", "256", "9223372036854775807", "9223372036854775808",
	"-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", " 1", "1 ", "", "AQ==", "AQI=",
	"AQID", "AQJ=", "AR==", "AQ=", "AQ", "AQI", "AQIDBA==", "A===", "====", "AQ==\n", "A\nQ==", "AQ-_", strings.Repeat("A", 86) + "==",
	strings.Repeat("A", 88), "2026-01-02T03:04:05Z", "2026-01-02t03:04:05z", "2026-01-02T03:04:05.123456789012Z",
	"2026-01-02T03:04:05+23:59", "2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+01:60",
	"2026-01-02T24:00:00Z", "2026-01-02T03:04:60Z", "2016-12-31T23:59:60Z", "2026-02-29T00:00:00Z", "2024-02-29T00:00:00Z",
	"1900-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "0000-02-29T00:00:00Z", "9999-12-31T23:59:59.999Z",
	"10000-01-01T00:00:00Z", "2026-1-2T03:04:05Z", "2026-01-02T3:04:05Z", "2026-01-02T03:04:05", "2026-01-02T03:04:05,5Z",
	"2026-01-02T03:04:05.Z", "2026-01-02 03:04:05Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-04-31T00:00:00Z",
	"2026-01-02", "2024-02-29", "2023-02-29", "2026-04-31", "2026-1-02", "0000-01-01", "10000-01-01", "2026-01-02Z", "1.2.3.4",
	"1.2.3", "01.2.3.4", "1.2.3.256", "1.2.3.4.5", "::", "::1", "1::2::3", "fe80::1%eth0", "::ffff:1.2.3.4", "::1.2.3", "1:2:3:4:5:6:7:8",
	"1:2:3:4:5:6:7:8:9", "12345::", "123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000",
	"123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g", "123e4567-e89b-12d3-a456-4266141740000",
	"{123e4567-e89b-12d3-a456-426614174000}",
}

// Schemas of places that have none of their own.
var (
	anyNumber = map[string]any{"type": "number"}
	freeName  = map[string]any{}
)

// A maker makes values that are right by schemas, as a rule.
type maker struct {
	random  *rand.Rand
	schemas map[string]any // of the components of the document
	leaves  leaves
}

// make returns a value for the schema, with at most deep values in each other where that can be.
func (m *maker) make(schema any, deep int) *value {
	s, isObject := schema.(map[string]any)
	if !isObject || len(s) == 0 {
		return m.anything(deep)
	}
	if ref, has := s["$ref"].(string); has {
		return m.make(m.schemas[strings.TrimPrefix(ref, "#/components/schemas/")], deep)
	}
	if either, has := s["anyOf"].([]any); has {
		if deep <= 0 {
			return m.make(either[len(either)-1], deep)
		}
		return m.make(either[m.random.IntN(len(either))], deep)
	}
	if enum, has := s["enum"].([]any); has {
		return literal(enum[m.random.IntN(len(enum))])
	}
	types, isList := s["type"].([]any)
	if !isList {
		types = []any{s["type"]}
	}
	kind := types[m.random.IntN(len(types))]
	if deep <= 0 {
		kind = types[len(types)-1] // null, when it is among them
	}
	switch kind {
	case "null":
		return &value{literal: "null"}
	case "boolean":
		return &value{literal: strconv.FormatBool(m.random.IntN(2) == 0)}
	case "integer", "number":
		return &value{literal: m.number(s)}
	case "string":
		return &value{literal: quote(m.text(s))}
	case "array":
		return m.array(s, deep)
	default:
		return m.object(s, deep)
	}
}

func literal(of any) *value {
	text, err := json.Marshal(of)
	if err != nil {
		panic(err)
	}
	return &value{literal: string(text)}
}

// number picks a number that is right by the schema.
func (m *maker) number(s map[string]any) string {
	for range 50 {
		text := pick(m.random, numberTexts)
		if m.random.IntN(3) == 0 {
			text = strconv.Itoa(m.random.IntN(200) - 50)
		}
		if m.leaves.areRight(s, text) {
			return text
		}
	}
	return literal(s["minimum"]).literal
}

// text picks or makes a string that is right by the schema.
func (m *maker) text(s map[string]any) string {
	letters := []rune("abcxyz019 é😀\u0000\u2028\"\\/~")
	for range 200 {
		text := pick(m.random, stringTexts)
		if pattern, has := s["pattern"].(string); has && s["format"] == nil && m.random.IntN(4) > 0 {
			text = matching(m.random, pattern)
		} else if m.random.IntN(3) == 0 {
			text = ""
			for range bound(s, "minLength", 0) + m.random.IntN(4) {
				text += string(pick(m.random, letters))
			}
		}
		if m.leaves.areRight(s, quote(text)) {
			return text
		}
	}
	return ""
}

// leaves has the schemas of strings and numbers, compiled by the oracle, by the addresses of their maps.
type leaves map[uintptr]*jsonschema.Schema

func (l leaves) areRight(s map[string]any, text string) bool {
	key := reflect.ValueOf(s).Pointer()
	schema := l[key]
	if schema == nil {
		compiler := newCompiler()
		if err := compiler.AddResource("leaf.json", s); err != nil {
			panic(err)
		}
		schema = compiler.MustCompile("leaf.json")
		l[key] = schema
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	return err == nil && schema.Validate(value) == nil
}

func (m *maker) array(s map[string]any, deep int) *value {
	array := &value{isArray: true}
	least, most := bound(s, "minItems", 0), bound(s, "maxItems", 3)
	if prefix, has := s["prefixItems"].([]any); has {
		for _, schema := range prefix[:m.random.IntN(len(prefix)+1)] {
			array.items = append(array.items, m.make(schema, deep-1))
		}
		return array
	}
	count := least
	if deep > 0 && most > least {
		count += m.random.IntN(most - least + 1)
	}
	for range count {
		array.items = append(array.items, m.make(s["items"], deep-1))
	}
	return array
}

func (m *maker) object(s map[string]any, deep int) *value {
	object := &value{}
	required, _ := s["required"].([]any)
	properties, _ := s["properties"].(map[string]any)
	for _, name := range sortedKeys(properties) {
		if !slices.Contains(required, any(name)) && (deep <= 0 || m.random.IntN(2) == 0) {
			continue
		}
		object.members = append(object.members, member{name, m.make(properties[name], deep-1)})
	}
	if rest, open := s["additionalProperties"].(map[string]any); open && deep > 0 {
		names := freeName
		if schema, has := s["propertyNames"].(map[string]any); has {
			names = schema
		}
		for range m.random.IntN(3) {
			name := m.text(names)
			if !slices.ContainsFunc(object.members, func(m member) bool { return m.name == name }) {
				object.members = append(object.members, member{name, m.make(rest, deep-1)})
			}
		}
	}
	m.random.Shuffle(len(object.members), func(i, j int) {
		object.members[i], object.members[j] = object.members[j], object.members[i]
	})
	return object
}

// anything makes a value that has no schema.
func (m *maker) anything(deep int) *value {
	switch kind := m.random.IntN(8); {
	case kind == 0 && deep > 0:
		return m.array(map[string]any{}, deep)
	case kind == 1 && deep > 0:
		return m.object(map[string]any{"additionalProperties": map[string]any{}}, deep)
	case kind < 4:
		return &value{literal: m.number(anyNumber)}
	case kind < 6:
		return &value{literal: quote(pick(m.random, stringTexts))}
	default:
		return &value{literal: pick(m.random, []string{"null", "true", "false"})}
	}
}

// mutate changes a place in v, which is an array or an object and stays one.
func (m *maker) mutate(v *value) {
	places := v.all()
	at := pick(m.random, places)
	if len(places) > 1 && m.random.IntN(4) > 0 {
		at = pick(m.random, places[1:])
	}
	switch {
	case at.literal != "":
		m.mutateLiteral(at)
	case m.random.IntN(6) == 0 && at != v:
		*at = *m.anything(2)
	case at.isArray:
		m.mutateItems(at)
	default:
		m.mutateMembers(at)
	}
}

// mutateLiteral puts another literal in its place, mostly one of the same type.
func (m *maker) mutateLiteral(at *value) {
	switch kind := at.literal[0]; {
	case m.random.IntN(4) == 0:
		*at = *m.anything(1)
	case kind == '"' && m.random.IntN(3) == 0:
		at.literal = quote(m.edited(at.literal))
	case kind == '"':
		at.literal = quote(pick(m.random, stringTexts))
	case kind == '-' || '0' <= kind && kind <= '9':
		at.literal = pick(m.random, numberTexts)
	default:
		at.literal = pick(m.random, []string{"null", "true", "false"})
	}
}

// edited returns the text of a string with one character put in, taken out or put in the place of another.
func (m *maker) edited(literal string) string {
	var text string
	if err := json.Unmarshal([]byte(literal), &text); err != nil {
		panic(err)
	}
	runes := []rune(text)
	at := m.random.IntN(len(runes) + 1)
	letter := pick(m.random, []rune("aA019.:-+=/TZz\n\u0000é😀"))
	switch choice := m.random.IntN(3); {
	case choice == 0 || at == len(runes):
		runes = slices.Insert(runes, at, letter)
	case choice == 1:
		runes = slices.Delete(runes, at, at+1)
	default:
		runes[at] = letter
	}
	return string(runes)
}

func (m *maker) mutateItems(at *value) {
	switch length := len(at.items); {
	case length > 0 && m.random.IntN(2) == 0:
		i := m.random.IntN(length)
		at.items = slices.Delete(at.items, i, i+1)
	case length > 0 && m.random.IntN(2) == 0:
		at.items = append(at.items, pick(m.random, at.items).clone())
	default:
		at.items = append(at.items, m.anything(1))
	}
}

func (m *maker) mutateMembers(at *value) {
	i := m.random.IntN(len(at.members) + 1)
	name := pick(m.random, stringTexts)
	switch choice := m.random.IntN(4); {
	case i == len(at.members) || choice == 0:
		if !slices.ContainsFunc(at.members, func(m member) bool { return m.name == name }) {
			at.members = append(at.members, member{name, m.anything(1)})
		}
	case choice == 1:
		at.members = slices.Delete(at.members, i, i+1)
	case choice == 2:
		other := pick(m.random, at.members)
		at.members[i].value = other.value.clone()
	default:
		if name = strings.ToUpper(at.members[i].name); !slices.ContainsFunc(at.members, func(m member) bool { return m.name == name }) {
			at.members[i].name = name
		}
	}
}

func bound(s map[string]any, name string, otherwise int) int {
	number, has := s[name].(json.Number)
	if !has {
		return otherwise
	}
	count, err := strconv.Atoi(number.String())
	if err != nil {
		panic(err)
	}
	return count
}

func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }

func sortedKeys(object map[string]any) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
