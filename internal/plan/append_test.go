package plan_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
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
			got, ok := appended(t, value)
			if !ok {
				t.Fatal("Append leaves it to the encoder")
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

func TestResult_leavesTheRestToTheEncoder(t *testing.T) {
	for _, value := range []any{loud("x"), quiet(1), 1.5, []int{1}, map[string]int{}, struct{ A int }{1}, time.Time{}, new(1)} {
		if got, ok := appended(t, value); ok {
			t.Errorf("Append of a %T = %s, want it left to the encoder", value, got)
		}
	}
}

func appended(t *testing.T, value any) ([]byte, bool) {
	t.Helper()
	result, err := plan.CompileResult(reflect.TypeOf(value))
	if err != nil {
		t.Fatal(err)
	}
	return result.Append(nil, reflect.ValueOf(value))
}
