package plan_test

import (
	"crypto/x509"
	"math/big"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/plan"
)

// price has the methods of what it embeds.
type price struct {
	*big.Rat
}

func TestDecode_boundsNumbersOfAnySize(t *testing.T) {
	type params struct {
		Int    *big.Int            `json:"int"`
		Rat    *big.Rat            `json:"rat"`
		Float  *big.Float          `json:"float"`
		OID    *x509.OID           `json:"oid"`
		Price  *price              `json:"price"`
		Prices map[string]*big.Rat `json:"prices,omitempty"`
	}
	const tooLong = " | maxLength | at most 4096 characters"
	const tooLarge = " | range | number with an exponent from -4096 to 4096"
	nines := strings.Repeat("9", 4096)
	for raw, want := range map[string][]string{
		`{"int":` + nines + `}`:                  nil,
		`{"int":9` + nines + `}`:                 {"/int" + tooLong},
		`{"int":"9` + nines + `"}`:               {"/int" + tooLong},
		`{"rat":"\u0039` + nines[:4095] + `"}`:   nil,
		`{"rat":"` + nines + `"}`:                nil,
		`{"rat":"9` + nines + `"}`:               {"/rat" + tooLong},
		`{"rat":"1e4096"}`:                       nil,
		`{"rat":"1e4097"}`:                       {"/rat" + tooLarge},
		`{"rat":"1e-4097"}`:                      {"/rat" + tooLarge},
		`{"rat":"1E+999999"}`:                    {"/rat" + tooLarge},
		`{"rat":"1\u0065999999"}`:                {"/rat" + tooLarge},
		`{"rat":"-1.5e99999999999999999999999"}`: {"/rat" + tooLarge},
		`{"rat":"3p-99999"}`:                     {"/rat" + tooLarge},
		`{"rat":"1e9_999"}`:                      {"/rat" + tooLarge},
		`{"rat":"0x1p9999"}`:                     {"/rat" + tooLarge},
		`{"rat":"-0X1E9999"}`:                    nil, // an E of a number in base 16 is a digit
		`{"rat":"3/4"}`:                          nil,
		`{"rat":"not a number"}`:                 {"/rat | value | string"},
		`{"float":"1e9999"}`:                     {"/float" + tooLarge},
		`{"float":"1.5e100"}`:                    nil,
		`{"oid":"1.2.` + nines[:1020] + `"}`:     nil,
		`{"oid":"1.2.` + nines[:1021] + `"}`:     {"/oid | maxLength | at most 1024 characters"},
		`{"price":"1e99999"}`:                    {"/price" + tooLarge},
		`{"prices":{"a":"1e99999"}}`:             {"/prices/a" + tooLarge},
	} {
		if got := faultsOf[params](t, raw); !reflect.DeepEqual(got, want) {
			t.Errorf("Decode(%.60s) has the faults %q, want %q", raw, got, want)
		}
	}
}

// TestCompileParams_refusesExpressionsOfCallers holds that no caller chooses a program to be compiled and run.
func TestCompileParams_refusesExpressionsOfCallers(t *testing.T) {
	type params struct {
		Search regexp.Regexp `json:"search"`
	}
	_, err := plan.CompileParams(reflect.TypeFor[params]())
	if want := "field Search (regexp.Regexp) lets callers choose"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("CompileParams(%v) = %v, want %s…", reflect.TypeFor[params](), err, want)
	}
	if _, err := plan.CompileResult(reflect.TypeFor[params]()); err != nil {
		t.Errorf("CompileResult(%v) = %v, want none", reflect.TypeFor[params](), err)
	}
}

func TestDescribe_tellsHowLongNumbersMayBe(t *testing.T) {
	type params struct {
		Rat big.Rat `json:"rat"`
	}
	description, _ := describeParams[params](t)
	schema := text(t, description.Params)
	if !strings.Contains(schema, `"maxLength":4096`) {
		t.Errorf("the schema is %s, want the maxLength of its text", schema)
	}
	_, defs := describeResult(t, reflect.TypeFor[params]())
	if schema := text(t, defs); len(defs) == 0 || strings.Contains(schema, "maxLength") {
		t.Errorf("the schema of a result is %s, want no maxLength", schema)
	}
}
