package plan_test

import (
	v1 "encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/jacinth-rpc/jacinth/internal/plan"
)

type pair struct {
	A int `json:"a"`
	B int `json:"b"`
}

type line struct {
	SKU      string  `json:"sku"`
	Quantity int     `json:"quantity"`
	Price    float64 `json:"price"`
}

type order struct {
	ID       int64             `json:"id"`
	Customer string            `json:"customer"`
	Email    string            `json:"email"`
	Note     string            `json:"note"`
	Paid     bool              `json:"paid"`
	Total    float64           `json:"total"`
	Rates    []float64         `json:"rates"`
	Tags     []string          `json:"tags"`
	Numbers  []int             `json:"numbers"`
	Lines    []line            `json:"lines"`
	Labels   map[string]string `json:"labels"`
	Address  struct {
		Street  string `json:"street"`
		City    string `json:"city"`
		Zip     string `json:"zip"`
		Country string `json:"country"`
	} `json:"address"`
	Express  bool  `json:"express"`
	Priority uint8 `json:"priority"`
}

var smallText = []byte(`{"a":1,"b":2}`)

var orderText = []byte(`{"id":9007199254740993,"customer":"Ada Lovelace of the Analytical Society","email":"ada@example.org",` +
	`"note":"` + strings.Repeat("Leave it at the door, please. ", 8) + `","paid":true,"total":1234.56,` +
	`"rates":[0.19,0.07,1.5,2.25],"tags":["books","engines","mathematics","letters"],` +
	`"numbers":[1,2,3,5,8,13,21,34,55,89],"lines":[{"sku":"A-100","quantity":2,"price":19.99},` +
	`{"sku":"B-200","quantity":1,"price":249.5},{"sku":"C-300","quantity":12,"price":0.85}],` +
	`"labels":{"source":"web","campaign":"autumn","locale":"en-GB"},` +
	`"address":{"street":"12 St James's Square","city":"London","zip":"SW1Y 4JH","country":"GB"},` +
	`"express":false,"priority":3}`)

func BenchmarkSmall(b *testing.B) { compare[pair](b, smallText) }

func BenchmarkOrder(b *testing.B) { compare[order](b, orderText) }

// compare decodes text into a T with a plan and with the two packages that it stands beside.
func compare[T any](b *testing.B, text []byte) {
	b.Run("plan", func(b *testing.B) { decodeMany[T](b, text) })
	b.Run("v2", func(b *testing.B) {
		var value T
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var zero T
			value = zero
			if err := json.Unmarshal(text, &value, json.RejectUnknownMembers(true)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("v1", func(b *testing.B) {
		var value T
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var zero T
			value = zero
			if err := v1.Unmarshal(text, &value); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The same params with rules for nearly every value.
type checkedLine struct {
	SKU      string  `json:"sku" pattern:"^[A-Z]-[0-9]+$"`
	Quantity int     `json:"quantity" min:"1" max:"1000"`
	Price    float64 `json:"price" min:"0"`
}

type checkedOrder struct {
	ID       int64             `json:"id" min:"1"`
	Customer string            `json:"customer" minLength:"1" maxLength:"100"`
	Email    string            `json:"email" maxLength:"254" format:"email"`
	Note     string            `json:"note" maxLength:"1000"`
	Paid     bool              `json:"paid"`
	Total    float64           `json:"total" min:"0" max:"1e6"`
	Rates    []float64         `json:"rates" min:"0" max:"10" maxItems:"100"`
	Tags     []string          `json:"tags" minLength:"1" maxLength:"50" maxItems:"20"`
	Numbers  []int             `json:"numbers" min:"0" max:"1000"`
	Lines    []checkedLine     `json:"lines" minItems:"1" maxItems:"100"`
	Labels   map[string]string `json:"labels"`
	Address  struct {
		Street  string `json:"street" minLength:"1"`
		City    string `json:"city" minLength:"1"`
		Zip     string `json:"zip" minLength:"3" maxLength:"10"`
		Country string `json:"country" enum:"DE,FR,GB,IT,US"`
	} `json:"address"`
	Express  bool  `json:"express"`
	Priority uint8 `json:"priority" max:"9"`
}

type checkedPair struct {
	A int `json:"a" min:"0" max:"100"`
	B int `json:"b" min:"0" max:"100"`
}

type texts struct {
	Part string `json:"part"`
	ID   string `json:"id"`
	At   string `json:"at"`
	Day  string `json:"day"`
}

type checkedTexts struct {
	Part string `json:"part" pattern:"^[A-Z]{2}-[0-9]+$"`
	ID   string `json:"id" format:"uuid"`
	At   string `json:"at" format:"date-time"`
	Day  string `json:"day" format:"date"`
}

var textsText = []byte(`{"part":"AB-123","id":"123e4567-e89b-12d3-a456-426614174000","at":"2026-01-02T03:04:05Z","day":"2026-01-02"}`)

// BenchmarkChecks measures what rules cost: the same text, into a struct without rules and into one with. They take
// turns in short rounds, and the ratio is the median of those of the rounds, so that it means something on a machine that
// has other work as well. That of the order is to stay below 1.3. Texts have nothing but the dearest rules there are.
func BenchmarkChecks(b *testing.B) {
	b.Run("small", ratio[pair, checkedPair](smallText, 256))
	b.Run("order", ratio[order, checkedOrder](orderText, 16))
	b.Run("texts", ratio[texts, checkedTexts](textsText, 64))
}

// ratio compares decoding text into a Plain and into a Checked, in rounds of that many.
func ratio[Plain, Checked any](text []byte, times int) func(*testing.B) {
	return func(b *testing.B) {
		takeTurns(b, times, "checked/plain", decoder[Plain](b, text), decoder[Checked](b, text))
	}
}

// BenchmarkBounds measures what it costs to count what params become: the same text into the same struct, without bounds
// and with.
func BenchmarkBounds(b *testing.B) {
	b.Run("small", boundsRatio[pair](smallText, 256))
	b.Run("order", boundsRatio[order](orderText, 16))
	b.Run("numbers", boundsRatio[[]int]([]byte(list("1", 1000)), 16))
}

func boundsRatio[T any](text []byte, times int) func(*testing.B) {
	return func(b *testing.B) {
		params := compiled[T](b)
		into := reflect.ValueOf(new(T)).Elem()
		var body, all plan.Room
		body.Reset(16 << 20)
		all.Reset(256 << 20)
		budget := new(plan.Budget)
		takeTurns(b, times, "bounded/plain", decoder[T](b, text), func() {
			into.SetZero()
			budget.Begin(b.Context(), &body, &all)
			if faults := params.DecodeWithin(text, into, budget); faults != nil {
				b.Fatal(faults)
			}
			budget.End()
		})
	}
}

// takeTurns compares what plain and other cost, in rounds of that many.
func takeTurns(b *testing.B, times int, unit string, plain, other func()) {
	round := func(decode func()) float64 {
		start := time.Now()
		for range times {
			decode()
		}
		return float64(time.Since(start))
	}
	var ratios []float64
	var spent float64
	for b.Loop() {
		before, after := round(plain), round(other)
		ratios, spent = append(ratios, after/before), spent+before
	}
	slices.Sort(ratios)
	b.ReportMetric(0, "ns/op") // a round, which is nothing to look at
	b.ReportMetric(spent/float64(len(ratios)*times), "ns/plain")
	b.ReportMetric(ratios[len(ratios)/2], unit)
}

func decodeMany[T any](b *testing.B, text []byte) {
	decode := decoder[T](b, text)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		decode()
	}
}

// decoder returns what decodes text into one and the same T.
func decoder[T any](b *testing.B, text []byte) func() {
	b.Helper()
	params, err := plan.CompileParams(reflect.TypeFor[T]())
	if err != nil {
		b.Fatal(err)
	}
	into := reflect.ValueOf(new(T)).Elem()
	return func() {
		into.SetZero()
		if faults := params.Decode(text, into); faults != nil {
			b.Fatal(faults)
		}
	}
}
