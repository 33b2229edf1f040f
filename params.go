package jacinth

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jacinth-rpc/jacinth/internal/plan"
)

// maxVerdict is how many bytes a caller sees of what a Validate method says.
const maxVerdict = 256

// invalidParams is what a caller is told whose params have faults. What a method Validate returns was written for the
// caller; of an [Error] only the message is, as everywhere.
func invalidParams(faults []plan.Fault) *Error {
	for i := range faults {
		if cause := faults[i].Cause; cause != nil {
			faults[i].Expected = forCaller(cause)
		}
	}
	return &Error{Code: InvalidParams, Data: faultList{faults}}
}

// forCaller is the text of an error that was written for a caller, but for its cause and what is too long.
func forCaller(err error) string {
	own, ok := errors.AsType[*Error](err)
	if ok && own == nil {
		panic(errNilError) // for the log, as all panics of a call: no caller can do anything about it
	}
	text := err.Error()
	if ok {
		text = own.message()
		if own.remote { // what another service said is an inside matter
			text = InvalidParams.String()
		}
	}
	if len(text) > maxVerdict {
		text = strings.ToValidUTF8(text[:maxVerdict], "") + "…"
	}
	return strings.ToValidUTF8(text, string(utf8.RuneError))
}

// curl is a shell command that calls the method: as in its first example, or with made-up params.
func (m *registered) curl(url string) string {
	var example []byte
	if len(m.Examples) > 0 {
		example, _ = m.Examples[0].Params.(json.RawMessage)
	} else if m.typed != nil {
		example = m.typed.example()
	}
	params := ""
	if len(example) > 0 {
		params = `,"params":` + string(example)
	}
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q%s}`, m.Name, params)
	return fmt.Sprintf("curl %s -H 'Content-Type: application/json' -d '%s'", url, strings.ReplaceAll(body, "'", `'\''`))
}
