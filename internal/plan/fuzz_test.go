package plan_test

import (
	"bytes"
	v1 "encoding/json"
	"fmt"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/plan"
)

type fuzzScalars struct {
	B  bool              `json:"b,omitempty"`
	S  string            `json:"s,omitempty"`
	I  int64             `json:"i,omitempty"`
	I8 int8              `json:"i8,omitempty"`
	U  uint64            `json:"u,omitempty"`
	U8 uint8             `json:"u8,omitempty"`
	F  float64           `json:"f,omitempty"`
	G  float32           `json:"g,omitempty"`
	Q  int32             `json:"q,omitempty,string"`
	R  *float64          `json:"r,string"`
	V  *uint             `json:"v,string"`
	D  []byte            `json:"d,omitempty"`
	E  [3]byte           `json:"e,omitempty"`
	M  map[string]string `json:"m,omitempty"`
}

type fuzzNode struct {
	Value int                 `json:"value"`
	Next  *fuzzNode           `json:"next"`
	Kids  []fuzzNode          `json:"kids,omitempty"`
	Named map[string]fuzzNode `json:"named,omitempty"`
	Pair  [2]int16            `json:"pair,omitempty"`
	Table [][]float64         `json:"table,omitempty"`
	Deep  struct {
		PP **bool    `json:"pp"`
		O  []octet   `json:"o,omitempty"`
		S  []*string `json:"s,omitempty"`
	} `json:"deep,omitzero"`
}

type fuzzOwn struct {
	base
	*Embedded
	At   time.Time              `json:"at,omitzero"`
	Addr netip.Addr             `json:"addr,omitzero"`
	Any  any                    `json:"any,omitempty"`
	Anys []any                  `json:"anys,omitempty"`
	Raw  v1.RawMessage          `json:"raw,omitempty"`
	Text jsontext.Value         `json:"text,omitempty"`
	Big  *big.Int               `json:"big"`
	Key  map[netip.Addr]int     `json:"key,omitempty"`
	When map[time.Time]struct{} `json:"when,omitempty"`
}

// fuzzRules has rules for the members of the others.
type fuzzRules struct {
	S    string      `json:"s,omitempty" minLength:"1" maxLength:"2" pattern:"[a-z]"`
	I    int64       `json:"i,omitempty" min:"-5" max:"5" enum:"-5,1,2,3"`
	U    uint64      `json:"u,omitempty" min:"1"`
	F    float64     `json:"f,omitempty" max:"0.5" enum:"-1,0.1"`
	Kind string      `json:"kind,omitempty" enum:"k,l"`
	X    *string     `json:"x" format:"date"`
	Addr netip.Addr  `json:"addr,omitzero" enum:"::1"`
	M    []float32   `json:"table,omitempty" min:"-1" maxItems:"2"`
	Kids []fuzzRules `json:"kids,omitempty" minItems:"1"`
}

// Embedded is embedded by pointer.
type Embedded struct {
	X string `json:"x,omitempty"`
	Y *int   `json:"y"`
}

// fuzzed decodes raw, whose validity is known, into a T, and compares what comes out with json/v2. The names are the
// members of T in their order, when it is a struct.
func fuzzed[T any](t testing.TB, names ...string) func(t *testing.T, raw []byte, isValid bool) {
	params, err := plan.CompileParams(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	isStruct := reflect.TypeFor[T]().Kind() == reflect.Struct
	result, err := plan.CompileResult(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	decode := func(raw []byte) (T, []plan.Fault) {
		var value T
		faults := params.Decode(raw, reflect.ValueOf(&value).Elem())
		shareZones(&value)
		return value, faults
	}
	return func(t *testing.T, raw []byte, isValid bool) {
		value, faults := decode(raw)
		decodeTightly(t, params, raw, value, faults)
		kind := jsontext.Value(raw).Kind()
		if !isValid || kind == 'n' {
			return
		}
		if err := presentable(faults); err != nil {
			t.Fatalf("%T from %q: %v", value, raw, err)
		}
		if isStruct && kind == '[' {
			comparePositions(t, raw, names, value, faults, decode)
			return
		}
		if _, hasDefaults := any(value).(settings); hasDefaults {
			return
		}
		var oracle T
		err := json.Unmarshal(raw, &oracle, json.RejectUnknownMembers(true))
		if faults != nil {
			if err == nil && !areStricter(faults) {
				t.Fatalf("%T from %q has the faults %v, and json/v2 takes it", value, raw, faults)
			}
			return
		}
		if err != nil {
			integral, changed := normalise(raw)
			if !changed {
				t.Fatalf("%T from %q has no faults, and json/v2 says %v", value, raw, err)
			}
			oracle = *new(T)
			if err := json.Unmarshal(integral, &oracle, json.RejectUnknownMembers(true)); err != nil {
				t.Fatalf("%T from %q has no faults, and json/v2 says of %q: %v", value, raw, integral, err)
			}
			if own, is := any(&value).(*fuzzOwn); is {
				oracle := any(&oracle).(*fuzzOwn)
				own.Raw, own.Text, oracle.Raw, oracle.Text = nil, nil, nil, nil
			}
		}
		shareZones(&oracle)
		if !reflect.DeepEqual(value, oracle) {
			t.Fatalf("%T from %q is\n%+v, and json/v2 says\n%+v", value, raw, value, oracle)
		}
		compareAppended(t, result, &value)
	}
}

// decodeTightly decodes raw once more, within bounds that it may not fit: it comes to the same, or to a fault that says so.
func decodeTightly[T any](t *testing.T, params *plan.Params, raw []byte, value T, faults []plan.Fault) {
	t.Helper()
	var body, all plan.Room
	body.Reset(40 * (len(raw) % 7))
	all.Reset(math.MaxInt)
	var budget plan.Budget
	budget.Begin(t.Context(), &body, &all)
	defer budget.End()
	var again T
	got := params.DecodeWithin(raw, reflect.ValueOf(&again).Elem(), &budget)
	shareZones(&again)
	switch {
	case budget.Err() != nil || len(got) > plan.MaxFaults:
		t.Fatalf("%T from %q within a budget: %v, and %d faults", value, raw, budget.Err(), len(got))
	case slices.ContainsFunc(got, func(f plan.Fault) bool { return f.Rule == plan.Memory }):
	case !slices.Equal(lines(got), lines(faults)) || faults == nil && !reflect.DeepEqual(again, value):
		t.Fatalf("%T from %q within a budget is\n%+v, %v, and without one\n%+v, %v", value, raw, again, got, value, faults)
	}
}

// compareAppended compares what is appended for a value with what json/v2 writes.
func compareAppended[T any](t *testing.T, result *plan.Result, value *T) {
	t.Helper()
	w := &codec.Writer{Limit: math.MaxInt}
	err := result.Append(w, reflect.ValueOf(value).Elem())
	want, refused := codec.Marshal(value)
	if (err == nil) != (refused == nil) {
		t.Fatalf("Append of %+v: %v, and json/v2 says %v", *value, err, refused)
	}
	if err == nil && string(w.Bytes) != string(want) && !sameJSON(t, w.Bytes, want) {
		t.Fatalf("Append of %+v =\n%s, and json/v2 writes\n%s", *value, w.Bytes, want)
	}
}

// sameJSON leaves aside which characters are escaped and in which order members come.
func sameJSON(t *testing.T, texts ...[]byte) bool {
	t.Helper()
	var values [2]any
	for i, text := range texts {
		decoder := v1.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&values[i]); err != nil || !codec.Valid(text) {
			t.Fatalf("%s is not JSON: %v", text, err)
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}

// zones has one location for each name and offset.
var zones sync.Map

// shareZones gives the times that are keys of a map the same location where they have the same zone. A time that is
// read from text brings a location of its own, and the keys of two maps are compared with ==.
func shareZones(value any) {
	share := func(own *fuzzOwn) {
		if own.When == nil {
			return
		}
		shared := make(map[time.Time]struct{}, len(own.When))
		for at := range own.When {
			name, offset := at.Zone()
			zone, _ := zones.LoadOrStore(fmt.Sprint(name, offset), time.FixedZone(name, offset))
			shared[at.In(zone.(*time.Location))] = struct{}{}
		}
		own.When = shared
	}
	switch value := value.(type) {
	case *fuzzOwn:
		share(value)
	case *map[string]fuzzOwn:
		for name, own := range *value {
			share(&own)
			(*value)[name] = own
		}
	}
}

// presentable finds what must not be in a list of faults.
func presentable(faults []plan.Fault) error {
	if len(faults) > plan.MaxFaults || faults != nil && len(faults) == 0 {
		return fmt.Errorf("there are %d faults", len(faults))
	}
	for _, fault := range faults {
		isPointer := fault.Path == "" || fault.Path[0] == '/'
		if !isPointer || !utf8.ValidString(fault.Path) || !utf8.ValidString(fault.Got) || len(fault.Got) > 67 {
			return fmt.Errorf("the fault %+v cannot be shown", fault)
		}
	}
	return nil
}

// areStricter reports whether all faults come of rules that json/v2 does not have.
func areStricter(faults []plan.Fault) bool {
	for _, fault := range faults {
		if fault.Rule != plan.Required && (fault.Rule != plan.Type || fault.Got != "null") {
			return false
		}
	}
	return true
}

// comparePositions compares an array with the object that says the same.
func comparePositions[T any](t *testing.T, raw []byte, names []string, value T, faults []plan.Fault,
	decode func([]byte) (T, []plan.Fault),
) {
	var elements []v1.RawMessage
	if err := v1.Unmarshal(raw, &elements); err != nil {
		t.Fatal(err)
	}
	if len(elements) > len(names) {
		if last := faults[len(faults)-1]; len(faults) < plan.MaxFaults && last.Rule != plan.Position {
			t.Fatalf("%T from %q ends with the fault %v, want one of the position", value, raw, last)
		}
		return
	}
	object := []byte{'{'}
	for i, element := range elements {
		if i > 0 {
			object = append(object, ',')
		}
		object = append(append(strconv.AppendQuote(object, names[i]), ':'), element...)
	}
	named, namedFaults := decode(append(object, '}'))
	if len(faults) != len(namedFaults) {
		t.Fatalf("%T from %q has the faults %v, and by name %v", value, raw, faults, namedFaults)
	}
	for i := range faults {
		first, rest, _ := strings.Cut(faults[i].Path[1:], "/")
		if n, err := strconv.Atoi(first); err == nil {
			faults[i].Path = strings.TrimSuffix("/"+names[n]+"/"+rest, "/")
		}
		namedFaults[i].Path = strings.TrimSuffix(namedFaults[i].Path, "/")
	}
	if !slices.Equal(lines(faults), lines(namedFaults)) {
		t.Fatalf("%T from %q has the faults %v, and by name %v", value, raw, faults, namedFaults)
	}
	if faults == nil && !reflect.DeepEqual(value, named) {
		t.Fatalf("%T from %q is\n%+v, and by name\n%+v", value, raw, value, named)
	}
}

var oddNumber = regexp.MustCompile(`^-?([0-9.]+)(?:[eE]([-+]?[0-9]+))?$`)

// normalise writes the integers in raw that have a fraction, an exponent or a needless minus as plain ones.
func normalise(raw []byte) (integral []byte, changed bool) {
	decoder := jsontext.NewDecoder(strings.NewReader(string(raw)), jsontext.AllowDuplicateNames(true))
	at := 0
	for {
		token, err := decoder.ReadToken()
		if err != nil {
			return append(integral, raw[at:]...), changed
		}
		if token.Kind() != '0' {
			continue
		}
		number := token.String()
		parts := oddNumber.FindStringSubmatch(number)
		exponent, err := strconv.Atoi(parts[2])
		plain := number
		if strings.Trim(parts[1], "0.") == "" {
			plain = "0"
		} else if parts[2] == "" || err == nil && -500 < exponent && exponent < 500 {
			if value, ok := new(big.Rat).SetString(number); ok && value.IsInt() {
				plain = value.Num().String()
			}
		}
		end := int(decoder.InputOffset())
		integral = append(append(integral, raw[at:end-len(number)]...), plain...)
		at = end
		changed = changed || plain != number
	}
}

// subjects are the types that fuzzing decodes into.
func subjects(t testing.TB) (all func(t *testing.T, raw []byte)) {
	each := []func(*testing.T, []byte, bool){
		fuzzed[fuzzScalars](t, "b", "s", "i", "i8", "u", "u8", "f", "g", "q", "r", "v", "d", "e", "m"),
		fuzzed[fuzzNode](t, "value", "next", "kids", "named", "pair", "table", "deep"),
		fuzzed[fuzzOwn](t, "id", "kind", "x", "y", "at", "addr", "any", "anys", "raw", "text", "big", "key", "when"),
		fuzzed[settings](t, "Text", "Empty", "Count", "On", "Tags", "Table", "Since", "Bytes", "Note", "Null", "Big",
			"Pair", "Any", "Tree"),
		fuzzed[map[int16]fuzzNode](t), fuzzed[map[float64]int](t), fuzzed[map[string]fuzzOwn](t),
		fuzzed[[]fuzzNode](t), fuzzed[[3]*int8](t), fuzzed[any](t), fuzzed[v1.RawMessage](t),
	}
	params, err := plan.CompileParams(reflect.TypeFor[fuzzRules]())
	if err != nil {
		t.Fatal(err)
	}
	each = append(each, func(t *testing.T, raw []byte, isValid bool) {
		faults := params.Decode(raw, reflect.New(reflect.TypeFor[fuzzRules]()).Elem())
		if err := presentable(faults); err != nil && isValid {
			t.Fatalf("rules and %q: %v", raw, err)
		}
	})
	return func(t *testing.T, raw []byte) {
		isValid := jsontext.Value(raw).IsValid(jsontext.AllowDuplicateNames(true))
		for _, decode := range each {
			decode(t, raw, isValid)
		}
	}
}

func FuzzDecode(f *testing.F) {
	decode := subjects(f)
	for _, seed := range []string{
		``, ` `, `null`, `{}`, `[]`, `1`, `"x"`, `{"a":1,"a":2}`, `{"":1}`, `nul`, `{"b"`, `{"b":`, `["`, `[,]`, `{,}`, `\`,
		`{"b":true,"s":"a\u00e9\ud83d\ude00\n","i":-9223372036854775808,"i8":127,"u":18446744073709551615,"u8":255}`,
		`{"f":1.5e300,"g":3.4e38,"q":"-12","r":"1e2","v":"3","d":"AQI=","e":"AQID","m":{"a":"b","a/~":""}}`,
		`{"i":1.0,"i8":-12.7e1,"u":1e2,"u8":-0,"f":-0,"q":"1.0","r":null,"v":null}`,
		`{"i":1e999999999,"i8":128,"u":-1,"u8":0.5,"g":1e39,"q":1,"d":"A","e":"AQ=="}`,
		`[true,"x",1,2,3,4,5,6,"7","8",null,"AQI=","AQID",{}]`, `[true,"x",1,2,3,4,5,6,"7","8",null,"","",{},1]`,
		`{"value":1,"next":{"value":2,"kids":[{"value":3},{"value":"x"}]},"named":{"k":{"value":4}},"pair":[1,2]}`,
		`{"value":9007199254740993,"table":[[1,2.5],[]],"deep":{"pp":true,"o":[1,2],"s":["a",null]},"pair":[1]}`,
		`[1,null,[],{},[1,2],[[]],{"pp":null}]`, `{"value":null,"kids":null,"deep":{"x":0}}`,
		`{"id":1,"kind":"k","x":"y","y":2,"at":"2026-01-02T15:04:05Z","addr":"::1","any":{"a":[1,null,"x"]},"anys":[1]}`,
		`{"id":1,"raw":{"a": [1 ]},"text":[1e5],"big":123456789012345678901234567890,"key":{"::1":1},"when":{}}`,
		`{"id":1,"any":{"a":1,"a":2},"raw":{"a":{"b":1,"b":2}},"at":null,"big":null}`, `{"id":1,"any":[1e400]}`,
		`{"id":1,"when":{"2026-01-02T15:04:05+01:23":{},"2026-01-02T15:04:05+01:23":{}},"key":{"::1":1,"0::1":2}}`,
		`{"1":{"value":1},"-0":{"value":2},"0":{"value":3}}`, `{"1":1,"1.0":2,"x":3}`, `[{"value":1},null,{}]`, `[1,null,-128]`,
		`{"\u0069":1,"i":2,"I":3}`, `{"Count":5,"Tags":[],"Pair":{"B":9}}`, `[[[[[[[[]]]]]]]]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(decode)
}

func TestDecode_survivesWhatIsNotJSON(t *testing.T) {
	decode := subjects(t)
	for _, text := range []string{
		`{"s":"\"","i":-1.5e+3,"m":{"a\u0062\ud83d\ude00":"\\\u00e9\ud83d\ude00"},"d":"AQI=","q":"1","b":true,"r":null}`,
		`[{"value":1,"next":{"value":null},"kids":[{"value":1},[{}]],"named":{"a":{}},"pair":[1,2]},null]`,
		`{"id":1,"at":"\u0032","any":{"a":[null,{}]},"raw":[{}],"key":{"::1":1},"when":{"2026-01-02T15:04:05Z":{}}}`,
	} {
		for end := range len(text) {
			decode(t, []byte(text[:end]))
			decode(t, []byte(text[end:]))
			decode(t, []byte(text[:end]+text[end+1:]))
			for _, odd := range []string{`"`, `\`, `{`, `]`, `,`, `:`, `u`, "-", "\xff"} {
				decode(t, []byte(text[:end]+odd+text[end:]))
			}
		}
	}
}

// vocabulary has for the members of the fuzzed types a value that suits them, and then some that need not. The
// members without values are those that hold members again.
var vocabulary = []map[string][]string{
	{
		"b": {"true", "1"}, "s": {`"x"`, `"\u00e9\n"`, "0"}, "i": {"-5", "1e3", "9007199254740993", "1.5"},
		"i8": {"127", "128", "-12.8e1"}, "u": {"18446744073709551615", "-0", "-1"}, "u8": {"255", "2.55e2", "256"},
		"f": {"-2.5e10", "1", "1e400"}, "g": {"0.1", "1e39"}, "q": {`"12"`, `"1.0"`, "12"}, "r": {`"1e1"`, "null"},
		"v": {`"7"`, `"-7"`}, "d": {`"AQI="`, `""`, `"A"`}, "e": {`"AQID"`, `"AQ=="`}, "\\u0069": {"5"},
		"m": {`{"a":"b"}`, `{"a":"b","a":"c"}`},
	},
	{
		"value": {"1", "2.0", `"x"`}, "next": nil, "kids": nil, "named": nil, "pair": {"[1,2]", "[1]", "[1,2,3]"},
		"table": {"[[1,2.5],[]]", "[null]"}, "deep": {`{"pp":true}`, `{"o":[1,256]}`, `{"s":["a",null],"pp":null}`},
	},
	{
		"id": {"1", "2"}, "kind": {`"k"`, "null"}, "x": {`"y"`, "1"}, "y": {"3", "null"}, "big": {"12345678901234567890", "1.5"},
		"at": {`"2026-01-02T15:04:05Z"`, `"noon"`, "null"}, "addr": {`"::1"`, `"1.2.3.4"`, `"x"`}, "anys": nil,
		"any": {`[1,{"a":null}]`, `{"a":1,"a":2}`}, "raw": {`{"a": 1}`, `[{"a":1,"a":2}]`}, "text": {"1", `"t"`},
		"key": {`{"::1":1}`, `{"::1":1,"0::1":2}`}, "when": {`{"2026-01-02T15:04:05Z":{}}`},
	},
	{"1": nil, "2": nil, "-0": nil, "0": nil, "1.0": {"2"}, "": {"3"}},
}

// randomJSON appends a value that goes at most deep values down. Most members have values that suit them.
func randomJSON(dst []byte, random *rand.Rand, deep int) []byte {
	group := vocabulary[random.IntN(len(vocabulary))]
	names := slices.Sorted(maps.Keys(group))
	random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	if required := []string{"value", "id"}[random.IntN(2)]; slices.Contains(names, required) {
		names = append([]string{required}, slices.DeleteFunc(names, func(name string) bool { return name == required })...)
	}
	value := func(name string) {
		suitable := group[name]
		switch {
		case len(suitable) == 0:
			dst = randomJSON(dst, random, deep-1)
		case random.IntN(10) > 0:
			dst = append(dst, suitable[0]...)
		default:
			dst = append(dst, suitable[random.IntN(len(suitable))]...)
		}
	}
	switch kind := random.IntN(8); {
	case kind < 5 && deep > 0:
		dst = append(dst, '{')
		for i, name := range names[:random.IntN(len(names)+1)] {
			if i > 0 {
				dst = append(dst, ", "[:1+random.IntN(2)]...)
			}
			dst = append(append(append(dst, '"'), name...), `":`...)
			value(name)
		}
		return append(dst, '}')
	case kind < 7 && deep > 0:
		dst = append(dst, '[')
		for i := range random.IntN(4) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = randomJSON(dst, random, deep-1)
		}
		return append(dst, ']')
	case deep > 0 && random.IntN(2) == 0:
		value(names[0])
		return dst
	default:
		return append(dst, "null"...)
	}
}

func TestDecode_agreesWithJSONOnRandomParams(t *testing.T) {
	decode := subjects(t)
	for seed := range uint64(5_000) {
		decode(t, randomJSON(nil, rand.New(rand.NewPCG(seed, 1)), 5))
	}
}
