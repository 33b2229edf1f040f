package plan

// A reading says what became of a JSON number that was read as an integer.
type reading int

const (
	whole      reading = iota // an integer whose magnitude fits 64 bits
	huge                      // an integer, too large for that
	fractional                // a number that is no integer
	noNumber                  // no number at all
)

// readInteger reads the JSON number at src[at] exactly, without going through a float. An integer may be written
// with a fraction or an exponent, such as 1.0 or 1e2, as JSON Schema has it.
func readInteger(src []byte, at int) (magnitude uint64, negative bool, end int, is reading) {
	end = at
	if begins(src, end, '-') {
		negative = true
		end++
	}
	first := end
	for end < len(src) && isDigit(src[end]) {
		magnitude = magnitude*10 + uint64(src[end]-'0')
		end++
	}
	digits := end - first
	if digits == 0 {
		return 0, false, at, noNumber
	}
	// Any 19 digits fit 64 bits.
	if digits <= 19 && (end == len(src) || !goesOn(src[end])) {
		return magnitude, negative, end, whole
	}
	end = numberEnd(src, end)
	magnitude, is = evaluate(src[first:end])
	return magnitude, negative, end, is
}

// evaluate returns the value of a JSON number without its sign. It takes time in proportion to the length of the
// number, whatever its exponent says.
func evaluate(number []byte) (uint64, reading) {
	d := readDecimal(number)
	length := int64(d.to - d.from)
	switch {
	case length == 0:
		return 0, whole
	case d.point < length:
		return 0, fractional
	case d.point > 20:
		return 0, huge
	}
	var value uint64
	for i := range int(d.point) {
		var unit uint64
		if d.from+i < d.to {
			unit = uint64(d.digit(d.from+i) - '0')
		}
		const limit = 1<<64 - 1
		if value > (limit-unit)/10 {
			return 0, huge
		}
		value = value*10 + unit
	}
	return value, whole
}

// exponent returns the value of an exponent such as e-12, held within bounds that no number of digits reaches.
func exponent(text []byte) int64 {
	if len(text) == 0 {
		return 0
	}
	at, negative := 1, false
	if begins(text, at, '+') || begins(text, at, '-') {
		negative = text[at] == '-'
		at++
	}
	const bound = 1 << 40
	value := int64(0)
	for ; at < len(text) && isDigit(text[at]); at++ {
		value = min(value*10+int64(text[at]-'0'), bound)
	}
	if negative {
		return -value
	}
	return value
}

// isNumber reports whether text is a JSON number and nothing else; isInteger, whether it is one without fraction and
// exponent.
func isNumber(text []byte) bool {
	at, ok := integerEnd(text)
	if ok && begins(text, at, '.') {
		first := at + 1
		at = digitsEnd(text, first)
		ok = at > first
	}
	if ok && at < len(text) && (text[at] == 'e' || text[at] == 'E') {
		first := at + 1
		if begins(text, first, '+') || begins(text, first, '-') {
			first++
		}
		at = digitsEnd(text, first)
		ok = at > first
	}
	return ok && at == len(text)
}

func isInteger(text []byte) bool {
	at, ok := integerEnd(text)
	return ok && at == len(text)
}

// integerEnd returns where the integer part of the number text ends, and whether there is a proper one.
func integerEnd(text []byte) (end int, ok bool) {
	first := 0
	if begins(text, 0, '-') {
		first = 1
	}
	end = digitsEnd(text, first)
	return end, end == first+1 || end > first && text[first] != '0'
}

func digitsEnd(text []byte, at int) int {
	for at < len(text) && isDigit(text[at]) {
		at++
	}
	return at
}

// numberEnd returns the position behind the number that at is in.
func numberEnd(src []byte, at int) int {
	for at < len(src) && (isDigit(src[at]) || goesOn(src[at]) || src[at] == '-' || src[at] == '+') {
		at++
	}
	return at
}

// goesOn reports whether b, behind the digits of an integer, begins a fraction or an exponent.
func goesOn(b byte) bool { return b == '.' || b == 'e' || b == 'E' }

func isDigit(b byte) bool { return '0' <= b && b <= '9' }
