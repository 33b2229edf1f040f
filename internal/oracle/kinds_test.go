package oracle_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

type scalars struct {
	B    bool    `json:"b"`
	S    string  `json:"s"`
	I    int     `json:"i"`
	I8   int8    `json:"i8"`
	I16  int16   `json:"i16"`
	I32  int32   `json:"i32"`
	I64  int64   `json:"i64"`
	U    uint    `json:"u"`
	U8   uint8   `json:"u8"`
	U16  uint16  `json:"u16"`
	U32  uint32  `json:"u32"`
	U64  uint64  `json:"u64"`
	F32  float32 `json:"f32"`
	F64  float64 `json:"f64"`
	Nul  *int8   `json:"nul"`
	Nuls **bool  `json:"nuls,omitempty"`
}

type encodings struct {
	Bytes  []byte          `json:"bytes"`
	Zero   [0]byte         `json:"zero"`
	Two    [2]byte         `json:"two"`
	Three  [3]byte         `json:"three"`
	Sixty  *[64]byte       `json:"sixty"`
	Q8     int8            `json:"q8,string"`
	QU8    uint8           `json:"qu8,string,omitzero"`
	Q64    *int64          `json:"q64,string"`
	QU64   uint64          `json:"qu64,string"`
	QF     float64         `json:"qf,string"`
	At     time.Time       `json:"at"`
	Times  []*time.Time    `json:"times,omitempty"`
	Colour colour          `json:"colour"`
	Paint  *colour         `json:"paint"`
	Level  level           `json:"level" enum:"low,high"`
	Even   even            `json:"even"`
	Evens  map[string]even `json:"evens,omitempty"`
	Raw    json.RawMessage `json:"raw,omitempty"`
	Big    *even           `json:"big"`
}

// colour says itself what its text is.
type colour string

var colourText = regexp.MustCompile(`^#[0-9a-f]{6}$`)

func (c *colour) UnmarshalText(text []byte) error {
	if *c = colour(text); !colourText.Match(text) {
		return errors.New("no colour")
	}
	return nil
}

func (c colour) MarshalText() ([]byte, error) {
	if c == "" {
		return []byte("#000000"), nil
	}
	return []byte(c), nil
}

func (colour) JSONSchema() *openrpc.Schema {
	return &openrpc.Schema{Type: openrpc.Types{"string"}, Pattern: colourText.String()}
}

// level decodes itself and leaves it to a tag to say what it takes.
type level struct{ text string }

func (l *level) UnmarshalText(text []byte) error { l.text = string(text); return nil }
func (l level) MarshalText() ([]byte, error)     { return []byte(l.text), nil }

// even is an even number from 0 to 1000, or null.
type even struct{ half int }

func (e *even) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	number, ok := new(big.Rat).SetString(string(text))
	if !ok || !number.IsInt() || number.Sign() < 0 || number.Cmp(big.NewRat(1000, 1)) > 0 || number.Num().Bit(0) != 0 {
		return errors.New("not even")
	}
	e.half = int(number.Num().Int64()) / 2
	return nil
}

func (e even) MarshalJSON() ([]byte, error) { return strconv.AppendInt(nil, int64(e.half)*2, 10), nil }

func (even) JSONSchema() *openrpc.Schema {
	return &openrpc.Schema{Type: openrpc.Types{"integer", "null"}, Minimum: "0", Maximum: "1000", MultipleOf: "2"}
}

type rules struct {
	Age     int        `json:"age" min:"0" max:"150"`
	Count   *uint16    `json:"count" min:"1" max:"1e3"`
	Share   float64    `json:"share" min:"0.1" max:"0.9"`
	Single  float32    `json:"single,omitzero" min:"-0.1" max:"16777217"`
	Name    string     `json:"name" minLength:"1" maxLength:"5"`
	Nick    *string    `json:"nick" maxLength:"3"`
	Code    string     `json:"code" pattern:"^[A-Z]{2}[0-9]*$"`
	Part    string     `json:"part,omitempty" pattern:"a.?b|\\d\\w"`
	Kind    string     `json:"kind" enum:"red,green,blue" default:"red"`
	Odd     string     `json:"odd,omitempty" enum:"[\"a,b\",\"\",\"é\\u0000\"]"`
	Wide    *string    `json:"wide" enum:"a,b,c,d,e,f,g,h,i,j,k"`
	Step    int        `json:"step" enum:"1,2,-5" default:"1"`
	Ratio   float64    `json:"ratio,omitzero" enum:"0.5,0.1,1e2"`
	Date    string     `json:"date,omitempty" format:"date"`
	Moment  *string    `json:"moment" format:"date-time" pattern:"Z$|:00$"`
	IPv4    string     `json:"ipv4,omitempty" format:"ipv4"`
	IPv6    string     `json:"ipv6,omitempty" format:"ipv6"`
	UUID    *string    `json:"uuid" format:"uuid"`
	Mail    string     `json:"mail,omitempty" format:"email"`
	Words   []string   `json:"words" minItems:"1" maxItems:"4" minLength:"1" maxLength:"3"`
	Grid    [][]int8   `json:"grid,omitempty" maxItems:"3" min:"-3" max:"3"`
	Pair    [2]*string `json:"pair,omitempty" enum:"x,y"`
	Maybe   *[]uint8s  `json:"maybe" minItems:"2"`
	Default time.Time  `json:"default" default:"2026-01-02T03:04:05Z"`
}

type uint8s []uint16

type base struct {
	ID   int    `json:"id"`
	Kind string `json:"kind,omitempty"`
}

// Extra is embedded by pointer.
type Extra struct {
	X string `json:"x,omitempty"`
	Y *bool  `json:"y"`
}

type collections struct {
	base
	*Extra
	List   []int              `json:"list"`
	Lists  [][]string         `json:"lists,omitempty"`
	Three  [3]bool            `json:"three"`
	Octets []octet            `json:"octets,omitempty"`
	Map    map[string]float64 `json:"map"`
	Keys8  map[int8]bool      `json:"keys8,omitempty"`
	KeysU  map[uint64]*int    `json:"keysU,omitempty"`
	KeysF  map[float64]string `json:"keysF,omitempty"`
	KeysB  map[[2]byte]int    `json:"keysB,omitempty"`
	KeysC  map[colour]int     `json:"keysC,omitempty"`
	Inner  struct {
		A int  `json:"a"`
		B *int `json:"b"`
	} `json:"inner"`
	Odd    int        `json:"a/b~c \u00e9"`
	Tree   tree       `json:"tree"`
	Ptr    *tree      `json:"ptr"`
	Forest forest     `json:"forest,omitempty"`
	Nest   nest       `json:"nest,omitempty"`
	Page   page[tree] `json:"page,omitzero"`
}

type octet uint8

type tree struct {
	Value int             `json:"value"`
	Left  *tree           `json:"left"`
	Kids  []tree          `json:"kids,omitempty"`
	Named map[string]tree `json:"named,omitempty"`
}

type (
	forest []forest
	nest   map[string]nest
)

type page[T any] struct {
	Items []T `json:"items"`
	Next  int `json:"next,omitempty"`
}

type optional struct {
	A *int     `json:"a"`
	B string   `json:"b,omitempty"`
	C []string `json:"c" default:"[]"`
}

type ordered struct {
	A int     `json:"a"`
	B string  `json:"b" minLength:"2"`
	C *bool   `json:"c"`
	D float64 `json:"d,omitzero"`
}

type loose struct {
	Any  any            `json:"any"`
	Anys map[string]any `json:"anys,omitempty"`
}

// echo answers with its params, so that results are judged too.
func echo[P any](_ context.Context, params P) (P, error) { return params, nil }

// newService returns a service that has a method for every kind of params.
func newService(config jacinth.Config) *jacinth.Service {
	config.Name, config.Version, config.Description = "kinds", "1.2.3", "Has every kind of params."
	config.Logger = slog.New(slog.DiscardHandler)
	config.Authorize = func(context.Context, *jacinth.Request) error { return nil }
	svc := jacinth.New(config)
	jacinth.Public(svc, "scalars", echo[scalars])
	jacinth.Public(svc, "encodings", echo[encodings])
	jacinth.Public(svc, "rules", echo[rules])
	jacinth.Public(svc, "collections", echo[collections])
	jacinth.Public(svc, "tree", echo[tree])
	jacinth.Public(svc, "tree_pointer", echo[*tree])
	jacinth.Public(svc, "optional", echo[optional])
	jacinth.Public(svc, "ordered", echo[ordered])
	jacinth.Public(svc, "loose", echo[loose])
	jacinth.Public(svc, "none", echo[jacinth.None])
	jacinth.Public(svc, "list", echo[[]int16])
	jacinth.Public(svc, "array", echo[[3]string])
	jacinth.Public(svc, "map", echo[map[string]bool])
	jacinth.Public(svc, "map_of_numbers", echo[map[int16]tree])
	jacinth.Public(svc, "forest", echo[forest])
	jacinth.Public(svc, "nest", echo[nest])
	// Two times that are not the same to Go may be the same text, which no result can have as two names.
	jacinth.Public(svc, "map_of_times", func(context.Context, map[time.Time]int) (jacinth.None, error) { return jacinth.None{}, nil })
	jacinth.Public(svc, "raw", echo[json.RawMessage])
	group := svc.Group("told")
	jacinth.Private(group, "all", echo[ordered],
		jacinth.Doc("Tells all there is to tell. And then some."),
		jacinth.Errors(&jacinth.Error{Code: 7, Message: "Lucky", Data: []int{1}}, &jacinth.Error{Code: jacinth.AccessDenied}),
		jacinth.Example(map[string]any{"a": 1, "b": "xx"}, ordered{A: 1, B: "xx"}),
		jacinth.Example(jacinth.Positional{1, "xx", true}, ordered{A: 1, B: "xx"}),
		jacinth.Deprecated("call told.more."), jacinth.Scope("telling"),
		jacinth.Idempotent(), jacinth.Timeout(time.Second))
	svc.Add(jacinth.Method{Name: "by_hand", Handler: func(_ context.Context, req *jacinth.Request) (any, error) {
		return req.Params(), nil
	}})
	return svc
}

// kinds are the methods whose params are driven; those with more to get wrong stand there more often.
var kinds = func() (names []string) {
	for times, list := range map[int]string{
		4: "encodings rules",
		3: "scalars collections",
		1: "tree tree_pointer optional ordered loose none list array map map_of_numbers map_of_times forest nest raw told.all by_hand",
	} {
		names = append(names, slices.Repeat(strings.Fields(list), times)...)
	}
	slices.Sort(names)
	return names
}()
