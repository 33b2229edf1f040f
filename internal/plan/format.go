package plan

import (
	"net/netip"
	"strings"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/codec"
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
	var instant time.Time
	return codec.Decode(mustQuote(text), &instant) == nil
}

// isDate reports whether text is a full-date of RFC 3339.
func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
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
		if isDash != (text[i] == '-') || !isDash && !strings.Contains("0123456789abcdefABCDEF", text[i:i+1]) {
			return false
		}
	}
	return true
}
