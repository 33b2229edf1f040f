package plan

import (
	"math/big"
	"strconv"
	"testing"
)

var decimals = []string{
	"0", "-0", "0.0", "0e5", "-0.00e-7", "1", "-1", "1.0", "10e-1", "0.1e1", "0.01e+2", "100", "1e2", "1E2", "99.999", "100.001", "12",
	"12.0", "12.5", "125e-1", "-12.5", "0.5", "0.05", "5e-2", "123456789012345678901234567890", "123456789012345678901234567891",
	"1.23456789012345678901234567890e29", "9", "90", "0.9", "0.90", "0.900000000001", "1e300", "1e-300", "-1e300", "1e301", "1e99",
}

func TestCompareNumbers_isExact(t *testing.T) {
	for _, a := range decimals {
		for _, b := range decimals {
			x, _ := new(big.Rat).SetString(a)
			y, _ := new(big.Rat).SetString(b)
			if got, want := compareNumbers([]byte(a), []byte(b)), x.Cmp(y); got != want {
				t.Errorf("compareNumbers(%s, %s) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestCompareNumbers_takesNoTimeForExponents(t *testing.T) {
	const huge, tiny = "1e999999999999999999999", "1e-999999999999999999999"
	if got := compareNumbers([]byte(huge), []byte(tiny)); got != 1 {
		t.Errorf("compareNumbers(%s, %s) = %d, want 1", huge, tiny, got)
	}
}

func FuzzCompareNumbers(f *testing.F) {
	for i, a := range decimals {
		f.Add(a, decimals[len(decimals)-1-i])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, okX := rational(a)
		y, okY := rational(b)
		if !okX || !okY {
			return
		}
		if got, want := compareNumbers([]byte(a), []byte(b)), x.Cmp(y); got != want {
			t.Errorf("compareNumbers(%s, %s) = %d, want %d", a, b, got, want)
		}
	})
}

// rational returns the value of a JSON number that is not too large to be worked out.
func rational(text string) (*big.Rat, bool) {
	if !isNumber([]byte(text)) {
		return nil, false
	}
	if e := exponentText(text); e != "" {
		if value, err := strconv.Atoi(e); err != nil || value < -500 || value > 500 {
			return nil, false
		}
	}
	return new(big.Rat).SetString(text)
}

func exponentText(text string) string {
	for i, letter := range text {
		if letter == 'e' || letter == 'E' {
			return text[i+1:]
		}
	}
	return ""
}
