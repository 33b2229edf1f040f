package plan

import "cmp"

// decimal is a JSON number taken apart: its significant digits, and where the point stands among them. Comparing two
// takes time in proportion to their length, whatever their exponents say.
type decimal struct {
	negative      bool
	before, after []byte // digits before and after the point
	from, to      int    // the significant ones among them: neither leading nor trailing zeros
	point         int64  // the value is 0.d1d2d3… times ten to this power
}

// readDecimal takes number apart, a JSON number and nothing else.
func readDecimal(number []byte) decimal {
	d := decimal{negative: begins(number, 0, '-')}
	if d.negative {
		number = number[1:]
	}
	at := digitsEnd(number, 0)
	d.before = number[:at]
	if begins(number, at, '.') {
		end := digitsEnd(number, at+1)
		d.after = number[at+1 : end]
		at = end
	}
	d.to = len(d.before) + len(d.after)
	for d.from < d.to && d.digit(d.from) == '0' {
		d.from++
	}
	for d.from < d.to && d.digit(d.to-1) == '0' {
		d.to--
	}
	d.point = int64(len(d.before)-d.from) + exponent(number[at:])
	return d
}

// digit returns digit i of those before and after the point.
func (d *decimal) digit(i int) byte {
	if i < len(d.before) {
		return d.before[i]
	}
	return d.after[i-len(d.before)]
}

// sign returns -1, 0 or 1.
func (d *decimal) sign() int {
	switch {
	case d.from == d.to:
		return 0
	case d.negative:
		return -1
	default:
		return 1
	}
}

// compareNumbers compares the exact values of two JSON numbers.
func compareNumbers(a, b []byte) int {
	x, y := readDecimal(a), readDecimal(b)
	return x.compare(&y)
}

func (d *decimal) compare(other *decimal) int {
	if order := cmp.Compare(d.sign(), other.sign()); order != 0 || d.sign() == 0 {
		return order
	}
	return d.sign() * d.compareMagnitude(other)
}

// compareMagnitude compares two decimals that are not zero, as if none had a sign.
func (d *decimal) compareMagnitude(other *decimal) int {
	if order := cmp.Compare(d.point, other.point); order != 0 {
		return order
	}
	length, otherLength := d.to-d.from, other.to-other.from
	for i := range min(length, otherLength) {
		if order := cmp.Compare(d.digit(d.from+i), other.digit(other.from+i)); order != 0 {
			return order
		}
	}
	return cmp.Compare(length, otherLength)
}
