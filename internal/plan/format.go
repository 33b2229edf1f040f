package plan

import (
	"net/netip"
	"strings"
	"time"
)

// formats are the formats of JSON Schema that are checked: those that one glance at the text settles. Any other one
// tells readers what is meant, and is not checked, as JSON Schema has it.
var formats = map[string]format{
	dateTime: {isDateTime, "2026-01-02T15:04:05Z"},

	"date": {isDate, "2026-01-02"},
	"ipv4": {isIPv4, "192.0.2.1"},
	"ipv6": {isIPv6, "2001:db8::1"},
	"uuid": {isUUID, "123e4567-e89b-12d3-a456-426614174000"},
}

type format struct {
	isRight func(text string) bool
	example string
}

const (
	dateTime = "date-time"

	// dateTimePattern is what of RFC 3339 time.Time takes: no leap seconds and no small letters.
	dateTimePattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"
)

// isDateTime reports whether text is what a time.Time takes.
func isDateTime(text string) bool {
	const seconds, zone = len("2006-01-02T15:04:05"), len("+07:00")
	if len(text) <= seconds || !isDate(text[:10]) || text[10] != 'T' || !isClock(text[11:16]) || text[16] != ':' ||
		!isWithin(text[17:seconds], 0, 59) {
		return false
	}
	rest := text[seconds:]
	if rest[0] == '.' {
		fraction := rest[1:]
		rest = strings.TrimLeft(fraction, "0123456789")
		if len(rest) == len(fraction) {
			return false
		}
	}
	return rest == "Z" || len(rest) == zone && (rest[0] == '+' || rest[0] == '-') && isClock(rest[1:])
}

// isClock reports whether text is hours and minutes, such as 23:59.
func isClock(text string) bool {
	return isWithin(text[:2], 0, 23) && text[2] == ':' && isWithin(text[3:], 0, 59)
}

// isDate reports whether text is a full-date of RFC 3339.
func isDate(text string) bool {
	if len(text) != len(time.DateOnly) || text[4] != '-' || text[7] != '-' || !isWithin(text[:4], 0, 9999) {
		return false
	}
	month, day := text[5:7], text[8:]
	if !isWithin(month, 1, 12) || !isWithin(day, 1, 31) {
		return false
	}
	if number(day) <= 28 {
		return true
	}
	days := time.Date(number(text[:4]), time.Month(number(month)+1), 0, 0, 0, 0, 0, time.UTC).Day()
	return number(day) <= days
}

// isWithin reports whether text is digits alone, and the number they are is one from least to most.
func isWithin(text string, least, most int) bool {
	value := number(text)
	return least <= value && value <= most
}

// number returns the number that a few digits are, and -1 where text has anything else in it.
func number(text string) int {
	value := 0
	for i := range len(text) {
		if !isDigit(text[i]) {
			return -1
		}
		value = value*10 + int(text[i]-'0')
	}
	return value
}

func isIPv4(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && address.Is4()
}

// isIPv6 reports whether text is an address of RFC 4291, which has no zone.
func isIPv6(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && !address.Is4() && address.Zone() == ""
}

// isUUID reports whether text is a UUID of RFC 9562, of any version, in either case.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		isDash := i == 8 || i == 13 || i == 18 || i == 23
		letter := text[i] | 0x20 // digits have that bit anyway
		isHex := isDigit(text[i]) || 'a' <= letter && letter <= 'f'
		if isDash != (text[i] == '-') || !isDash && !isHex {
			return false
		}
	}
	return true
}
