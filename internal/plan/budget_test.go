package plan_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/plan"
)

// bounded decodes raw into a T, which may come to that many bytes. taken is what was counted.
func bounded[T any](t *testing.T, raw string, most int) (value T, faults []plan.Fault, taken int) {
	t.Helper()
	var body, all plan.Room
	body.Reset(most)
	all.Reset(math.MaxInt)
	var budget plan.Budget
	budget.Begin(t.Context(), &body, &all)
	defer budget.End()
	faults = compiled[T](t).DecodeWithin([]byte(raw), reflect.ValueOf(&value).Elem(), &budget)
	if err := budget.Err(); err != nil {
		t.Errorf("the budget ends with %v", err)
	}
	return value, faults, body.Taken()
}

func compiled[T any](t testing.TB) *plan.Params {
	t.Helper()
	params, err := plan.CompileParams(reflect.TypeFor[T]())
	if err != nil {
		t.Fatalf("CompileParams(%v) = %v, want none", reflect.TypeFor[T](), err)
	}
	return params
}

// list is a JSON array of that item, about size bytes long.
func list(item string, size int) string {
	return "[" + strings.Repeat(item+",", size/(len(item)+1)) + item + "]"
}

// object is a JSON object of that value, about size bytes long, under names of a few letters.
func object(value string, size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `,"%x":%s`, i, value)
	}
	return "{" + b.String()[1:] + "}"
}

type (
	wide struct {
		A *int       `json:"a"`
		B [63]*int64 `json:"b,omitempty"`
	}
	// Wide is exported, as what is embedded by a pointer has to be.
	Wide    wide
	within  struct{ *Wide }
	filling struct {
		List []int  `json:"list" default:"[1,2,3,4,5,6,7,8,9,10]"`
		Text string `json:"text" default:"a text of thirty-two bytes, more"`
	}
	own   struct{ inside any }
	chain struct {
		Next *chain `json:"next"`
		Rest [4]int `json:"rest,omitempty"`
	}
)

// UnmarshalJSON makes of its JSON the most that is usual.
func (o *own) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &o.inside) }

// becoming is a kind of params that become far more than their JSON is.
type becoming struct {
	name string
	raw  string
	// decode decodes raw within that many bytes. It returns what is kept, the faults and what was counted.
	decode func(t *testing.T, raw string, most int) (kept any, faults []plan.Fault, taken int)
}

func become[T any](name, raw string) becoming {
	return becoming{name, raw, func(t *testing.T, raw string, most int) (any, []plan.Fault, int) {
		value, faults, taken := bounded[T](t, raw, most)
		return value, faults, taken
	}}
}

func becomings(size int) []becoming {
	return []becoming{
		become[[]wide]("a list of large structs", list(`{}`, size)),
		become[[]within]("a list of embedded pointers to large structs", list(`{"a":null}`, size)),
		become[[]filling]("a list of defaults", list(`{}`, size)),
		become[[]chain]("a list of pointers", list(`{"next":{"next":{}}}`, size)),
		become[[][]int8]("a list of lists", list(`[0]`, size)),
		become[[][][]int]("a list of lists of lists", list(`[[0],[]]`, size)),
		become[[]string]("a list of texts", list(`"a text of some bytes"`, size)),
		become[[]*float64]("a list of pointers to numbers", list(`0.5`, size)),
		become[[]json.RawMessage]("a list of raw values", list(`[1]`, size)),
		become[[]map[string]int]("a list of maps", list(`{"a":0}`, size)),
		become[[]map[string]wide]("a list of maps of large structs", list(`{"a":{}}`, size)),
		become[[]map[int]struct{}]("a list of empty maps", list(`{}`, size)),
		become[map[string]int]("a map", object(`0`, size)),
		become[map[string]wide]("a map of large structs", object(`{}`, size)),
		become[map[string]string]("a map of texts", object(`"some text"`, size)),
		become[any]("any list of objects", list(`{}`, size)),
		become[any]("any list of objects with a member", list(`{"":0.5}`, size)),
		become[any]("any list of objects with nine", list(`{"1":0.5,"2":0.5,"3":0.5,"4":0.5,"5":0.5,"6":0.5,"7":0.5,"8":0.5,"9":0.5}`, size)),
		become[any]("any list of lists", list(`[]`, size)),
		become[any]("any list of lists of five", list(`[0.5,0.5,0.5,0.5,0.5]`, size)),
		become[any]("any list of numbers", list(`0.5`, size)),
		become[any]("any list of texts", list(`"text"`, size)),
		become[any]("any object", object(`0.5`, size)),
		become[[]any]("a list of any objects", list(`{}`, size)),
		become[[]any]("a list of any numbers", list(`0.5`, size)),
		become[[]big.Rat]("a list of fractions", list(`"1e4000"`, size)),
		become[[]big.Rat]("a list of small fractions", list(`"1e-4000"`, size)),
		become[[]big.Rat]("a list of short fractions", list(`"1/3"`, size)),
		become[[]*big.Float]("a list of short floats", list(`"0.1"`, size)),
		become[[]*big.Int]("a list of large integers", list(strings.Repeat("9", 400), size)),
		become[[]time.Time]("a list of times with zones", list(`"2026-01-02T15:04:05+01:23"`, size)),
		become[[]own]("a list of values that decode themselves", list(`{"":0.5}`, size)),
		become[[][]byte]("a list of bytes", list(`"AAAA"`, size)),
		become[struct {
			A []wide `json:"a"`
		}]("a member", `{"a":`+list(`{}`, size)+`}`),
	}
}

// TestDecodeWithin_countsWhatParamsBecome holds that what is counted is what is there, or more.
func TestDecodeWithin_countsWhatParamsBecome(t *testing.T) {
	most := 10 // percent that may be missing
	if raceEnabled {
		most = 40 // the detector gives small values blocks of their own
	}
	for _, test := range becomings(64 << 10) {
		test.decode(t, test.raw, math.MaxInt-1) // what is made once
		before := inUse()
		kept, faults, taken := test.decode(t, test.raw, math.MaxInt-1)
		live := inUse() - before
		runtime.KeepAlive(kept)
		if len(faults) > 0 {
			t.Errorf("%s: %v", test.name, faults)
		}
		if uncounted := live - taken; uncounted > live*most/100+32<<10 {
			t.Errorf("%s: %d KiB of JSON become %d KiB, and %d are counted", test.name, len(test.raw)>>10, live>>10, taken>>10)
		}
		if taken > 4*live+64<<10 {
			t.Errorf("%s: %d KiB are counted for the %d that are there", test.name, taken>>10, live>>10)
		}
	}
}

// inUse is how many bytes of the heap are in use.
func inUse() int {
	runtime.GC()
	runtime.GC() // what pools hold is gone after the second
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

// TestDecodeWithin_refusesWhatBecomesTooMuch holds that decoding ends where the bound is, and says where that was.
func TestDecodeWithin_refusesWhatBecomesTooMuch(t *testing.T) {
	const most = 64 << 10
	want := fmt.Sprintf("params that take at most %d bytes in memory", most)
	for _, test := range becomings(256 << 10) {
		var before, after runtime.MemStats
		test.decode(t, "null", most) // the plan is made each time
		runtime.ReadMemStats(&before)
		_, faults, taken := test.decode(t, test.raw, most)
		runtime.ReadMemStats(&after)
		if len(faults) != 1 || faults[0].Rule != plan.Memory || faults[0].Expected != want || faults[0].Got != "" {
			t.Errorf("%s: %v, want one of the rule memory, %s", test.name, faults, want)
			continue
		}
		if path := faults[0].Path; (path == "") != strings.HasPrefix(test.name, "any ") {
			t.Errorf("%s: the path of what is too much is %q", test.name, path)
		}
		if taken > most {
			t.Errorf("%s: %d bytes are counted, want at most %d", test.name, taken, most)
		}
		// The text is copied once; lists leave the smaller ones behind that they grew out of.
		if spent := after.TotalAlloc - before.TotalAlloc - uint64(len(test.raw)); spent > 8*most {
			t.Errorf("%s: %d KiB are allocated, want at most %d", test.name, spent>>10, 8*most>>10)
		}
	}
}

// TestDecodeWithin_stopsInDefaults holds that defaults count, and that nothing is asked for after them.
func TestDecodeWithin_stopsInDefaults(t *testing.T) {
	type params struct {
		Fills []filling `json:"fills"`
		Other int       `json:"other"`
	}
	_, faults, _ := bounded[params](t, `{"fills":`+list(`{}`, 8<<10)+`}`, 64<<10)
	if len(faults) != 1 || faults[0].Rule != plan.Memory || !strings.HasPrefix(faults[0].Path, "/fills/") {
		t.Errorf("the faults are %v, want one of the rule memory", faults)
	}
	_, faults, _ = bounded[filling](t, `{}`, 16)
	if len(faults) != 1 || faults[0].Rule != plan.Memory || faults[0].Path != "/list/4" {
		t.Errorf("the faults are %v, want one of the rule memory at /list/4", faults)
	}
}

// TestDecodeWithin_listsOtherFaultsFirst holds that what was found before the bound is told too.
func TestDecodeWithin_listsOtherFaultsFirst(t *testing.T) {
	type params struct {
		Count int    `json:"count"`
		Wides []wide `json:"wides"`
		Last  int    `json:"last"`
	}
	_, faults, _ := bounded[params](t, `{"count":"x","wides":`+list(`{}`, 64<<10)+`,"last":"y"}`, 64<<10)
	if len(faults) != 2 || faults[0].Path != "/count" || faults[1].Rule != plan.Memory {
		t.Errorf("the faults are %v, want those of /count and of the memory", faults)
	}
}

func TestBudget_givesBackItsRoom(t *testing.T) {
	var body, all plan.Room
	body.Reset(1 << 20)
	all.Reset(1 << 20)
	decode := func(raw string) (*plan.Budget, []plan.Fault) {
		budget := new(plan.Budget)
		budget.Begin(t.Context(), &body, &all)
		return budget, compiled[[]wide](t).DecodeWithin([]byte(raw), reflect.New(reflect.TypeFor[[]wide]()).Elem(), budget)
	}
	small, faults := decode(`[{},{}]`)
	if faults != nil || small.Err() != nil || body.Taken() != 0 || all.Taken() != 0 {
		t.Fatalf("a small call takes %d and %d bytes, %v, %v; want none", body.Taken(), all.Taken(), faults, small.Err())
	}
	first, faults := decode(list(`{}`, 2<<10))
	if faults != nil || first.Err() != nil || all.Taken() < 512*600 {
		t.Fatalf("600 structs take %d bytes, %v, %v", all.Taken(), faults, first.Err())
	}
	held := all.Taken()
	if held > 512*1000 {
		t.Errorf("700 structs hold %d bytes of room, want at most that of 1,000", held)
	}
	if held != body.Taken() {
		t.Errorf("the bodies take %d bytes, and the one that there is %d", held, body.Taken())
	}
	first.End()
	first.End()
	used := body.Taken()
	if all.Taken() != 0 || used < 512*600 || used > held {
		t.Errorf("after the call its body has %d bytes and all have %d; want what was used, and none", used, all.Taken())
	}
	if _, faults = decode(list(`{}`, 5<<10)); len(faults) != 1 || faults[0].Rule != plan.Memory {
		t.Errorf("a second call of the body gets %v, want what of the rule memory", faults)
	}
}

// TestBudget_shedsWhenOthersHaveTheRoom holds that this is no fault of the params, and that nothing is kept for it.
func TestBudget_shedsWhenOthersHaveTheRoom(t *testing.T) {
	var body, other, all plan.Room
	body.Reset(8 << 20)
	other.Reset(8 << 20)
	all.Reset(1400 << 10)
	var first, second plan.Budget
	params := compiled[[]wide](t)
	decode := func(budget *plan.Budget, of *plan.Room) []plan.Fault {
		budget.Begin(t.Context(), of, &all)
		return params.DecodeWithin([]byte(list(`{}`, 3<<10)), reflect.New(reflect.TypeFor[[]wide]()).Elem(), budget)
	}
	if faults := decode(&first, &body); faults != nil || first.Err() != nil {
		t.Fatalf("the first gets %v, %v", faults, first.Err())
	}
	decode(&second, &other)
	if !errors.Is(second.Err(), plan.ErrNoRoom) {
		t.Errorf("the second ends with %v, want %v", second.Err(), plan.ErrNoRoom)
	}
	second.End()
	first.End()
	if faults := decode(&second, &other); faults != nil || second.Err() != nil || all.Taken() == 0 {
		t.Errorf("when the first is over, the second gets %v, %v", faults, second.Err())
	}
	second.End()
	if all.Taken() != 0 {
		t.Errorf("%d bytes are never given back", all.Taken())
	}
}

// ending is a context that ends when it has been asked that often.
type ending struct {
	context.Context
	asked, after int
}

func (e *ending) Err() error {
	if e.asked++; e.asked > e.after {
		return context.DeadlineExceeded
	}
	return nil
}

// counting are texts that count how often they are decoded.
type counting struct{ text string }

var counted int

func (c *counting) UnmarshalText(text []byte) error {
	counted++
	c.text = string(text)
	return nil
}

type asked int

func (a asked) Validate() error {
	counted++
	return nil
}

// TestDecodeWithin_stopsWithItsContext holds that decoding ends soon after the context of the call, whatever it is at.
func TestDecodeWithin_stopsWithItsContext(t *testing.T) {
	type patterns struct {
		Text string `json:"text" pattern:"(a|aa|aaa){90}b" maxLength:"70000"`
	}
	t.Run("texts", stops[[]counting](list(`"a"`, 64<<10), 100))
	t.Run("values that are asked", stops[[]asked](list(`1`, 64<<10), 100))
	t.Run("numbers", stops[[]int](list(`1`, 64<<10), 0))
	t.Run("maps", stops[[]map[string]int](list(`{"a":1}`, 256<<10), 0))
	t.Run("map", stops[map[string]int](object(`1`, 256<<10), 0))
	t.Run("any", stops[[]any](list(`[1]`, 64<<10), 0))
	t.Run("any that is long", stopsAfter[struct {
		A any `json:"a"`
	}](`{"a":`+list(`1e-310`, 64<<10)+`}`, 0, 4))
	t.Run("pattern", stops[patterns](`{"text":"`+strings.Repeat("a", 65<<10)+`"}`, 0))
	t.Run("patterns", stops[[]patterns](list(`{"text":"`+strings.Repeat("a", 2<<10)+`"}`, 64<<10), 0))
}

// stops decodes raw into a T with a context that ends at its second look.
func stops[T any](raw string, most int) func(*testing.T) { return stopsAfter[T](raw, most, 1) }

// stopsAfter is stops with a context that ends after that many looks.
func stopsAfter[T any](raw string, most, looks int) func(*testing.T) {
	return func(t *testing.T) {
		var body, all plan.Room
		body.Reset(math.MaxInt)
		all.Reset(math.MaxInt)
		ctx := &ending{Context: t.Context(), after: looks}
		var budget plan.Budget
		budget.Begin(ctx, &body, &all)
		counted = 0
		var value T
		faults := compiled[T](t).DecodeWithin([]byte(raw), reflect.ValueOf(&value).Elem(), &budget)
		if !errors.Is(budget.Err(), context.DeadlineExceeded) || ctx.asked != looks+1 || len(faults) == 0 {
			t.Errorf("decoding ends with %v and %d faults after %d looks, want the error of the context at look %d",
				budget.Err(), len(faults), ctx.asked, looks+1)
		}
		if counted > most {
			t.Errorf("%d values were given to their types, want at most %d", counted, most)
		}
	}
}

// TestDecodeWithin_looksAtNoClockForLittle holds that a small call never asks its context.
func TestDecodeWithin_looksAtNoClockForLittle(t *testing.T) {
	var body, all plan.Room
	body.Reset(1 << 20)
	all.Reset(1 << 20)
	ctx := &ending{Context: t.Context()}
	var budget plan.Budget
	budget.Begin(ctx, &body, &all)
	var value order
	faults := compiled[order](t).DecodeWithin(orderText, reflect.ValueOf(&value).Elem(), &budget)
	if faults != nil || budget.Err() != nil || ctx.asked != 0 || body.Taken() != 0 {
		t.Errorf("a call of %d bytes asks its context %d times and takes %d bytes of its room: %v, %v",
			len(orderText), ctx.asked, body.Taken(), faults, budget.Err())
	}
}

// TestDecodeWithin_countsAddressesWithZones is by itself: what they take is kept by netip, and shared.
func TestDecodeWithin_countsAddressesWithZones(t *testing.T) {
	for _, sign := range []string{"%", `\u0025`} {
		var b strings.Builder
		for i := range 1000 {
			fmt.Fprintf(&b, `,"::1%s%x"`, sign, i)
		}
		_, faults, taken := bounded[[]netip.Addr](t, "["+b.String()[1:]+"]", 1<<20)
		if faults != nil || taken < 250_000 {
			t.Errorf("1,000 addresses with zones behind %s take %d bytes, %v; want 250,000 or more", sign, taken, faults)
		}
	}
}
