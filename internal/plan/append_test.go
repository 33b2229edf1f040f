package plan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/plan"
)

type shade string

// loud is a text that encodes itself.
type loud string

func (l loud) MarshalText() ([]byte, error) { return []byte(string(l) + "!"), nil }

// quiet does so behind a pointer only.
type quiet int

func (*quiet) MarshalJSON() ([]byte, error) { return []byte(`"quiet"`), nil }

func TestResult_appendsWhatTheEncoderWould(t *testing.T) {
	for _, value := range []any{
		true, false, 0, -1, math.MaxInt64, math.MinInt64, int8(-128), int16(7), int32(-7), int64(1) << 60,
		uint(1), uint8(255), uint16(65535), uint32(math.MaxUint32), uint64(math.MaxUint64),
		"", "plain", "é ü 漢 \U0001f600", shade("blue"), "\"\\\b\f\n\r\t\x00\x1f\x7f</script>&", "\u2028\u2029",
		"bad \xff utf-8", "cut \xe6\xbc", "\uFFFD",
	} {
		t.Run(fmt.Sprintf("%T(%v)", value, value), func(t *testing.T) {
			got, err := appended(t, value)
			if err != nil {
				t.Fatal(err)
			}
			want, err := codec.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			// Characters may be escaped or not; what is read must be the same.
			var gotBack, wantBack any
			if err := json.Unmarshal(got, &gotBack); err != nil {
				t.Fatalf("Append = %s: %v", got, err)
			}
			if err := json.Unmarshal(want, &wantBack); err != nil {
				t.Fatal(err)
			}
			if !codec.Valid(got) || !reflect.DeepEqual(gotBack, wantBack) {
				t.Errorf("Append = %s, want what the encoder writes: %s", got, want)
			}
			if _, isText := gotBack.(string); !isText && string(got) != string(want) {
				t.Errorf("Append = %s, want %s", got, want)
			}
		})
	}
}

// recursive contains itself, by pointer, in a list and in a map.
type recursive struct {
	Name  string                `json:"name,omitempty"`
	Next  *recursive            `json:"next,omitzero"`
	List  []recursive           `json:"list,omitempty"`
	Named map[string]*recursive `json:"named,omitempty"`
}

// mixed has members of every kind, and every option of a member.
type mixed struct {
	base
	*Embedded
	Float   float64           `json:"float"`
	Single  float32           `json:"single,omitzero"`
	Texts   map[string]string `json:"texts"`
	Numbers map[int]float64   `json:"numbers"`
	List    []*bool           `json:"list"`
	Bytes   []byte            `json:"bytes"`
	Octets  []octet           `json:"octets"`
	Array   [2]string         `json:"array"`
	At      time.Time         `json:"at,omitzero"`
	Any     any               `json:"any,omitempty"`
	Raw     json.RawMessage   `json:"raw,omitempty"`
	Quoted  struct {
		Number int `json:"number,string"`
	} `json:"quoted"`
	Inner *struct {
		Empty   string            `json:"empty,omitempty"`
		None    *int              `json:"none,omitempty"`
		Nothing []string          `json:"nothing,omitempty"`
		Bare    map[string]string `json:"bare,omitempty"`
		Zero    [1]int            `json:"zero,omitzero"`
		Loud    loud              `json:"loud"`
		Quiet   quiet             `json:"quiet"`
	} `json:"inner"`
}

func TestResult_appendsWholeValues(t *testing.T) {
	yes := true
	full := mixed{
		Embedded: &Embedded{X: "x"}, Float: -1e-9, Single: 3.4e38, Texts: map[string]string{"b": "<", "a": "\u2028", "ü": ""},
		Numbers: map[int]float64{2: 1e21, 1: 0.1}, List: []*bool{&yes, nil}, Bytes: []byte("bytes"), Octets: []octet{1},
		At: time.Unix(0, 0).UTC(), Any: map[string]any{"k": []any{1.5, nil}}, Raw: json.RawMessage(`{"a": 1}`),
	}
	full.Inner = &struct {
		Empty   string            `json:"empty,omitempty"`
		None    *int              `json:"none,omitempty"`
		Nothing []string          `json:"nothing,omitempty"`
		Bare    map[string]string `json:"bare,omitempty"`
		Zero    [1]int            `json:"zero,omitzero"`
		Loud    loud              `json:"loud"`
		Quiet   quiet             `json:"quiet"`
	}{Loud: "hey"}
	long := &recursive{Name: "end"}
	for range 1500 { // beyond the depth from which the encoder goes on
		long = &recursive{Next: long}
	}
	for _, value := range []any{
		mixed{},
		full,
		recursive{},
		*long,
		recursive{List: []recursive{{Name: "a"}, {}}, Named: map[string]*recursive{"n": nil, "m": {Name: "b"}}},
		[]int(nil),
		[]int{},
		[]int{1, 2},
		[][]string{nil, {"x"}},
		map[string]string(nil),
		map[string]string{"a\xff": "b"},
		1.5, float32(0.1), 1e-7, 1e-6, 1e20, 1e21, 5e-324, math.MaxFloat64, float32(1e-7), float32(1e-6), float32(1e21), float32(math.MaxFloat32), 0.0,
		math.Copysign(0, -1), loud("x"), quiet(1), time.Unix(0, 0).UTC(), new(1), (*int)(nil), new(new("x")),
		struct{}{},
	} {
		got, err := appended(t, value)
		if err != nil {
			t.Errorf("Append of %T: %v", value, err)
			continue
		}
		// By pointer, since the methods of a pointer count.
		pointer := reflect.New(reflect.TypeOf(value))
		pointer.Elem().Set(reflect.ValueOf(value))
		want, err := codec.Marshal(pointer.Interface())
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("Append of %T = %s, want %s", value, got, want)
		}
	}
}

// TestResult_appendsNoMoreThanTheLimit holds that a result which is too large is given up when it is seen to be.
func TestResult_appendsNoMoreThanTheLimit(t *testing.T) {
	for _, value := range []any{
		make([]int, 1000), make([][]string, 1000), strings.Repeat("x", 1000),
		map[string]string{strings.Repeat("x", 1000): "y"},
		[]recursive{{Name: strings.Repeat("x", 1000)}, {}},
		struct{ T string }{strings.Repeat("x", 1000)},
	} {
		whole, err := codec.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		for _, limit := range []int{0, 100, len(whole) - 1} {
			w := &codec.Writer{Limit: limit}
			if err := appendTo(t, w, value); !errors.Is(err, codec.ErrTooLarge) {
				t.Errorf("Append of %T to a writer of %d bytes = %v, want ErrTooLarge", value, limit, err)
			}
			if reflect.TypeOf(value).Kind() == reflect.Slice && len(w.Bytes) > limit+1100 {
				t.Errorf("Append of %T wrote %d bytes of a limit of %d", value, len(w.Bytes), limit)
			}
		}
		if err := appendTo(t, &codec.Writer{Limit: len(whole)}, value); err != nil {
			t.Errorf("Append of %T to a writer of %d bytes, which it needs: %v", value, len(whole), err)
		}
	}
}

// TestResult_appendsNoMoreThanTheLimit_ofSharedValues holds that a small value which is written at many places is given
// up like a large one.
func TestResult_appendsNoMoreThanTheLimit_ofSharedValues(t *testing.T) {
	type fork struct {
		Left, Right *fork `json:",omitempty"`
		End         bool
	}
	shared := &fork{End: true}
	for range 16 { // 65,536 ways to the end
		shared = &fork{Left: shared, Right: shared}
	}
	const limit = 1000
	w := &codec.Writer{Limit: limit}
	if err := appendTo(t, w, *shared); !errors.Is(err, codec.ErrTooLarge) || len(w.Bytes) > 2*limit {
		t.Errorf("Append to a writer of %d bytes wrote %d and returned %v, want ErrTooLarge soon after the limit", limit, len(w.Bytes), err)
	}
}

func TestResult_refusesWhatHasNoForm(t *testing.T) {
	ring := &recursive{}
	ring.Next = ring
	for _, value := range []any{
		math.NaN(), math.Inf(-1), float32(math.Inf(1)),
		[]float64{1, math.NaN()},
		*ring,
		map[string]string{"\xff": "a", "\xfe": "b"}, // both are written "\ufffd"
	} {
		if got, err := appended(t, value); err == nil {
			t.Errorf("Append of %T = %.200s, want an error", value, got)
		}
	}
}

func appended(t testing.TB, value any) ([]byte, error) {
	t.Helper()
	w := &codec.Writer{Limit: math.MaxInt}
	err := appendTo(t, w, value)
	return w.Bytes, err
}

func appendTo(t testing.TB, w *codec.Writer, value any) error {
	t.Helper()
	result, err := plan.CompileResult(reflect.TypeOf(value))
	if err != nil {
		t.Fatal(err)
	}
	addressable := reflect.New(reflect.TypeOf(value)).Elem()
	addressable.Set(reflect.ValueOf(value))
	return result.Append(w, addressable)
}

// noRoom is room for that many bytes.
type noRoom int

func (n noRoom) Hold(size int) bool { return size <= int(n) }

// TestAppend_takesRoomBeforeMemory holds that neither one long text nor many values are written before there is room.
func TestAppend_takesRoomBeforeMemory(t *testing.T) {
	for _, value := range []any{
		strings.Repeat("x", 1<<20), make([]int, 1<<20),
		[]string{strings.Repeat("x", 1<<20)},
		struct{ Text string }{strings.Repeat("x", 1<<20)},
		map[string]string{"a": strings.Repeat("x", 1000), "b": strings.Repeat("x", 1<<20)},
		make([]byte, 1<<20), any(make([]bool, 1<<20)),
	} {
		w := &codec.Writer{Limit: math.MaxInt, Room: noRoom(5000), Free: 1000}
		if err := appendTo(t, w, value); !errors.Is(err, codec.ErrNoRoom) || cap(w.Bytes) > 10_000 {
			t.Errorf("Append of %T = %v and takes %d bytes, want ErrNoRoom and at most what there is room for", value, err, cap(w.Bytes))
		}
	}
}
