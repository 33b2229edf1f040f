package jacinth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A transcript is one file of testdata/conformance: in its comment the sentence of the specification, or the rule of
// ours, that it proves, and then requests, each followed by its response.
//
//	-- request --
//	POST /api                       the request line and the headers may be left off together;
//	Content-Type: application/json  a header without a value is not sent
//
//	{"jsonrpc":"2.0",…}             the body
//	-- response --
//	HTTP 415                        may be left off for 200
//	Retry-After: 1                  headers that must be there; without a value, that must not be there
//
//	{"jsonrpc":"2.0",…}             the body; nothing means that nothing is sent
//
// A section "request quoted" has its body as a string literal of Go, for bytes that a text file cannot hold. In the
// body of a response, "<any>" stands for any value and "<none>" for a member that must not be there; the data of an
// error is compared only where the transcript has it.
type transcript struct {
	comment   string
	exchanges []transcribed
}

// transcribed is one request and its response.
type transcribed struct {
	request, response section
}

// section is one part of a transcript.
type section struct {
	name string
	text string // as it is in the file

	start  string // request or status line
	header []string
	body   string
}

// parseTranscript reads a transcript.
func parseTranscript(file []byte) (transcript, error) {
	var t transcript
	var parts []*section
	for line := range strings.Lines(string(file)) {
		name, isMarker := strings.CutPrefix(line, "-- ")
		name, closed := strings.CutSuffix(strings.TrimSpace(name), " --")
		switch {
		case isMarker && closed:
			parts = append(parts, &section{name: name})
		case len(parts) == 0:
			t.comment += line
		default:
			parts[len(parts)-1].text += line
		}
	}
	if strings.TrimSpace(t.comment) == "" {
		return t, errors.New("it does not say what it proves")
	}
	if len(parts) == 0 || len(parts)%2 != 0 {
		return t, errors.New("its sections are not pairs of a request and a response")
	}
	for pair := range slices.Chunk(parts, 2) {
		if !strings.HasPrefix(pair[0].name, "request") || pair[1].name != "response" {
			return t, fmt.Errorf("the sections %q and %q are not a request and a response", pair[0].name, pair[1].name)
		}
		if err := errors.Join(pair[0].parse("POST "), pair[1].parse("HTTP ")); err != nil {
			return t, err
		}
		t.exchanges = append(t.exchanges, transcribed{request: *pair[0], response: *pair[1]})
	}
	return t, nil
}

// parse takes a section apart: a head, if the first line is a start line, an empty line and the body.
func (s *section) parse(defaultStart string) error {
	s.start, s.body = defaultStart, s.text
	if first, rest, _ := strings.Cut(s.text, "\n"); isStartLine(first) {
		head, body, _ := strings.Cut(rest, "\n\n")
		if strings.HasPrefix(rest, "\n") {
			head, body = "", rest[1:]
		}
		s.start, s.body = first, body
		s.header = slices.DeleteFunc(strings.Split(head, "\n"), func(line string) bool { return line == "" })
	}
	s.body = strings.TrimSuffix(s.body, "\n")
	if s.name == "request quoted" {
		body, err := strconv.Unquote(s.body)
		if err != nil {
			return fmt.Errorf("a quoted request is a string literal of Go: %w", err)
		}
		s.body = body
	}
	return nil
}

// isStartLine reports whether a line is one such as "POST /api" or "HTTP 415".
func isStartLine(line string) bool {
	verb, rest, ok := strings.Cut(line, " ")
	if !ok || strings.Trim(verb, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || verb == "" {
		return false
	}
	if verb == "HTTP" {
		_, err := strconv.Atoi(rest)
		return err == nil
	}
	return strings.HasPrefix(rest, "/")
}

// headers yields the headers of a section, name and value.
func (s *section) headers(yield func(name, value string) bool) {
	for _, line := range s.header {
		name, value, _ := strings.Cut(line, ":")
		if !yield(name, strings.TrimSpace(value)) {
			return
		}
	}
}

// differences says what of an answer is not as the response has it.
func (s *section) differences(got answered) []string {
	var list []string
	status := http.StatusOK
	if number, ok := strings.CutPrefix(s.start, "HTTP "); ok && number != "" {
		status, _ = strconv.Atoi(number)
	}
	if got.status != status {
		list = append(list, fmt.Sprintf("the status is %d, want %d", got.status, status))
	}
	for name, want := range s.headers {
		if value := got.header.Get(name); value != want {
			list = append(list, fmt.Sprintf("the header %s is %q, want %q", name, value, want))
		}
	}
	if s.body == "" || len(got.body) == 0 {
		if s.body != string(got.body) {
			list = append(list, fmt.Sprintf("the body is %q, want %q", got.body, s.body))
		}
		return list
	}
	return append(list, compareReplies([]byte(s.body), got.body)...)
}

// compareReplies says where the JSON-RPC reply got differs from want. Member order and white space do not count,
// the order of a batch does; numbers count by their text, and ids byte for byte.
func compareReplies(want, got []byte) []string {
	wanted, err := decodeExact(want)
	if err != nil {
		return []string{fmt.Sprintf("the transcript's response is not JSON: %v", err)}
	}
	found, err := decodeExact(got)
	if err != nil {
		return []string{fmt.Sprintf("the reply %q is not JSON: %v", got, err)}
	}
	list := compareValues("", wanted, found)
	if wanted, found := idsOf(want), idsOf(got); !slices.Equal(wanted, found) {
		list = append(list, fmt.Sprintf("the ids are %q, want %q", found, wanted))
	}
	return list
}

// decodeExact decodes JSON whose numbers stay as they are written.
func decodeExact(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return value, err
}

// idsOf returns the ids of a reply as they are written.
func idsOf(reply []byte) []string {
	type item struct {
		ID json.RawMessage `json:"id"`
	}
	var batch []item
	if json.Unmarshal(reply, &batch) != nil {
		batch = make([]item, 1)
		if json.Unmarshal(reply, &batch[0]) != nil {
			return nil
		}
	}
	ids := make([]string, len(batch))
	for i := range batch {
		ids[i] = string(batch[i].ID)
	}
	return ids
}

func compareValues(path string, want, got any) []string {
	switch want := want.(type) {
	case string:
		if want == "<any>" {
			return nil
		}
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			return []string{fmt.Sprintf("%s is %s, want %s", path, compact(got), compact(want))}
		}
		var list []string
		for i := range want {
			list = append(list, compareValues(path+"/"+strconv.Itoa(i), want[i], got[i])...)
		}
		return list
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s is %s, want %s", path, compact(got), compact(want))}
		}
		return compareObjects(path, want, got)
	}
	if want != got {
		return []string{fmt.Sprintf("%s is %s, want %s", path, compact(got), compact(want))}
	}
	return nil
}

func compareObjects(path string, want, got map[string]any) []string {
	if _, hasData := want["data"]; !hasData && strings.HasSuffix(path, "/error") {
		got = maps.Clone(got)
		delete(got, "data")
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		value, ok := got[name]
		switch {
		case want[name] == "<none>":
			if ok {
				list = append(list, fmt.Sprintf("%s/%s is %s, want none", path, name, compact(value)))
			}
		case !ok:
			list = append(list, fmt.Sprintf("%s/%s is not there, want %s", path, name, compact(want[name])))
		default:
			list = append(list, compareValues(path+"/"+name, want[name], value)...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			list = append(list, fmt.Sprintf("%s/%s is %s, want none", path, name, compact(got[name])))
		}
	}
	return list
}

func compact(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(clip(text))
}

func TestTranscript_seesDifferences(t *testing.T) {
	const want = `[{"jsonrpc":"2.0","result":{"a":1.50,"b":[1,2]},"id":1},` +
		`{"jsonrpc":"2.0","error":{"code":-1,"message":"m"},"id":"\u0041"}]`
	for _, test := range []struct {
		name, want, got string
		status          int
		equal           bool
	}{
		{"the same", want, want, 200, true},
		{"members in another order", `{"id":1,"result":2}`, `{ "result":2, "id":1 }`, 200, true},
		{"another status", want, want, 503, false},
		{"another order of a batch", `[{"id":1},{"id":2}]`, `[{"id":2},{"id":1}]`, 200, false},
		{"a batch for one", `[{"id":1}]`, `{"id":1}`, 200, false},
		{"fewer items", `[{"id":1},{"id":2}]`, `[{"id":1}]`, 200, false},
		{"another number", `{"result":1}`, `{"result":2}`, 200, false},
		{"another text of a number", `{"result":1.0}`, `{"result":1}`, 200, false},
		{"a neighbour of a large number", `{"result":9007199254740993}`, `{"result":9007199254740992}`, 200, false},
		{"another kind", `{"result":1}`, `{"result":"1"}`, 200, false},
		{"a list for a value", `{"result":1}`, `{"result":[1]}`, 200, false},
		{"another text of an id", `{"id":"\u0041"}`, `{"id":"A"}`, 200, false},
		{"one member more", `{"result":1}`, `{"result":1,"error":null}`, 200, false},
		{"one member less", `{"result":1,"id":1}`, `{"result":1}`, 200, false},
		{"data that is not asked for", `{"error":{"code":1}}`, `{"error":{"code":1,"data":2}}`, 200, true},
		{"other data", `{"error":{"data":{"a":1}}}`, `{"error":{"data":{"a":2}}}`, 200, false},
		{"no data", `{"error":{"data":1}}`, `{"error":{}}`, 200, false},
		{"data that must not be there", `{"error":{"data":"<none>"}}`, `{"error":{"data":2}}`, 200, false},
		{"data that is not there", `{"error":{"data":"<none>"}}`, `{"error":{}}`, 200, true},
		{"any value", `{"error":{"data":"<any>"}}`, `{"error":{"data":{"a":1}}}`, 200, true},
		{"any value, but none", `{"error":{"data":"<any>"}}`, `{"error":{}}`, 200, false},
		{"something for nothing", ``, `{"id":1}`, 200, false},
		{"nothing for something", `{"id":1}`, ``, 200, false},
		{"no JSON", `{"id":1}`, `{"id":1`, 200, false},
	} {
		response := section{name: "response", text: test.want}
		if err := response.parse("HTTP "); err != nil {
			t.Fatal(err)
		}
		faults := response.differences(answered{status: test.status, body: []byte(test.got)})
		if equal := len(faults) == 0; equal != test.equal {
			t.Errorf("%s: the differences of %s from %s are %q", test.name, test.got, test.want, faults)
		}
	}
}
