package conform

import (
	"net/http"
	"slices"
	"strings"
)

// Cases returns what is checked, in the order of the specification. What all answers have in common is checked with
// each of them and is not in the list.
func Cases() []Case {
	return slices.Concat(requestCases(), idCases(), notificationCases(), paramsCases(), errorCases(), batchCases(), exampleCases(), httpCases())
}

// Sentences of the specification that several cases prove.
const (
	caseSensitive = "All member names exchanged between the Client and the Server that are considered for matching of any kind " +
		"should be considered to be case-sensitive."
	exactVersion   = `A String specifying the version of the JSON-RPC protocol. MUST be exactly "2.0".`
	sameID         = "The Server MUST reply with the same value in the Response object if included."
	idTypes        = "An identifier established by the Client that MUST contain a String, Number, or NULL value if included."
	noReply        = "The Server MUST NOT reply to a Notification, including those that are within a batch request."
	structured     = "If present, parameters for the rpc call MUST be provided as a Structured value."
	invalidJSON    = "-32700 Parse error: Invalid JSON was received by the server."
	notRequest     = "-32600 Invalid Request: The JSON sent is not a valid Request object."
	oneResponse    = "If the batch rpc call itself fails to be recognized as an valid JSON or as an Array with at least one value, the response from the Server MUST be a single Response object."
	emptyArray     = "If there are no Response objects contained within the Response array as it is to be sent to the client, the server MUST NOT return an empty Array and should return nothing at all."
	responseToEach = "A Response object SHOULD exist for each Request object, except that there SHOULD NOT be any Response objects for notifications."
	example        = "An example of the specification."
)

// Sections whose requests are sent as they are, whatever the service takes.
const (
	paramsSection   = "4.2 Parameter Structures"
	examplesSection = "7 Examples"
)

// frameCase is checked with every answer.
var frameCase = Case{
	Name: "every answer is a Response object", Section: "5 Response object", Level: Must,
	Sentence: "When a rpc call is made, the Server MUST reply with a Response: jsonrpc, id, and either result or error, but not both.",
}

// one is a case of one request.
func one(name, section string, level Level, sentence, body string, w want, needs ...string) Case {
	return Case{
		Name: name, Section: section, Level: level, Sentence: sentence, needs: needs, requests: []request{{body: body, want: w}},
	}
}

// unreadable wants the error of a request that is none: its id, which is 1, may have been found out or not.
func unreadable(codes ...int64) want {
	known, unknown := failure("1", codes...), failure("null", codes...)
	return func(r *reply) string {
		if unknown(r) == "" {
			return ""
		}
		return known(r)
	}
}

func requestCases() []Case {
	const conventions, section = "3 Conventions", "4 Request object"
	return []Case{
		one("Method is not method", conventions, Should, caseSensitive,
			`{"jsonrpc":"2.0","Method":"subtract","params":[42,23],"id":1}`, notRun, "subtract"),
		one("a Method beside the method changes nothing", conventions, Should, caseSensitive,
			`{"jsonrpc":"2.0","method":"subtract","Method":"sum","params":[42,23],"id":1}`, result("1", "19"), "subtract"),
		one("Params is not params", conventions, Should, caseSensitive,
			`{"jsonrpc":"2.0","method":"sum","params":[1],"Params":[5],"id":1}`, result("1", "1"), "sum"),
		one("ID is not id", conventions, Should, caseSensitive,
			`{"jsonrpc":"2.0","method":"subtract","params":[42,23],"ID":1}`, nothing, "subtract"),
		one("JSONRPC is not jsonrpc", conventions, Should, caseSensitive,
			`{"JSONRPC":"2.0","method":"subtract","params":[42,23],"id":1}`, unreadable(invalidRequest)),
		one("names of methods are exact", conventions, Should, caseSensitive, call("SUBTRACT", "[42,23]", "1"), failure("1", methodNotFound)),
		one("an escape in a name changes nothing", conventions, Should, "Since JSON-RPC utilizes JSON, it has the same type system.",
			`{"jsonrpc":"2.0","\u006dethod":"subtra\u0063t","params":[42,23],"id":1}`, result("1", "19"), "subtract"),

		one("without jsonrpc", section, Should, exactVersion, `{"method":"subtract","params":[42,23],"id":1}`, unreadable(invalidRequest)),
		one("jsonrpc 1.0", section, Should, exactVersion, `{"jsonrpc":"1.0","method":"subtract","params":[42,23],"id":1}`, unreadable(invalidRequest)),
		one("jsonrpc as a Number", section, Should, exactVersion, `{"jsonrpc":2.0,"method":"subtract","params":[42,23],"id":1}`, unreadable(invalidRequest)),
		one("without method", section, Must, notRequest, `{"jsonrpc":"2.0","params":[42,23],"id":1}`, unreadable(invalidRequest)),
		one("method null", section, Must, notRequest, `{"jsonrpc":"2.0","method":null,"id":1}`, unreadable(invalidRequest)),
		one("method as an Object", section, Must, notRequest, `{"jsonrpc":"2.0","method":{"name":"subtract"},"id":1}`, unreadable(invalidRequest)),
		one("members beside those of the specification", section, Should, "A rpc call is represented by sending a Request object to a Server.",
			`{"jsonrpc":"2.0","method":"subtract","params":[42,23],"id":1,"meta":{"trace":"a"}}`, result("1", "19"), "subtract"),
		one("space around everything", section, Must, "Since JSON-RPC utilizes JSON, it has the same type system.",
			" \r\n\t{ \"jsonrpc\" : \"2.0\" , \"method\" : \"subtract\" , \"params\" : [42,23] , \"id\" : 1 }\n ", result("1", "19"), "subtract"),
		one("a reserved name that is not there", "8 Extensions", Should, "Method names that begin with rpc. are reserved for system extensions, and MUST NOT be used for anything else.",
			call("rpc.there_is_no_such_method", "", "1"), failure("1", methodNotFound)),
	}
}

func idCases() []Case {
	const section = "4 Request object: id"
	var cases []Case
	for _, good := range []struct {
		name, id string
		level    Level
	}{
		{"a String", `"1"`, Must},
		{"zero", `0`, Must},
		{"an empty String", `""`, Must},
		{"a negative Number", `-7`, Must},
		{"a Number beyond the integers of a double", `9007199254740993`, Must},
		{"a Number beyond 64 bits", `123456789012345678901234567890`, Should},
		{"a Number with a fraction", `1.5`, Should},
		{"a String with escapes", `"a\"\\\u00fc\ud83d\ude00"`, Must},
		{"a String that looks like a Number", `"007"`, Must},
	} {
		cases = append(cases, one("id: "+good.name, section, good.level, sameID, call("subtract", "[42,23]", good.id), result(good.id, "19"), "subtract"))
	}
	cases = append(cases,
		one("id: null is a call", section, Must, "If it is not included it is assumed to be a notification. (Null is included.)",
			call("subtract", "[42,23]", "null"), result("null", "19"), "subtract"),
		one("id: of an error", section, Must, sameID, call("foobar", "", `"x-1"`), failure(`"x-1"`, methodNotFound)))
	for _, bad := range []struct{ name, id string }{{"true", "true"}, {"an Object", "{}"}, {"an Array", "[1]"}} {
		cases = append(cases, one("id: "+bad.name+" is refused", section, Should, idTypes,
			call("subtract", "[42,23]", bad.id), failure("null", invalidRequest)))
	}
	return cases
}

func notificationCases() []Case {
	const section = "4.1 Notification"
	return []Case{
		one("a method that there is", section, Must, noReply, call("notify_hello", "[7]", ""), nothing),
		one("a method that would have a result", section, Must, noReply, call("subtract", "[42,23]", ""), nothing),
		one("a method that there is not", section, Must, noReply, call("foobar", "", ""), nothing),
		one("wrong params", section, Must, noReply, call("subtract", `["a","b"]`, ""), nothing),
		one("in a batch", section, Must, noReply,
			"["+call("notify_hello", "[7]", "")+","+call("subtract", "[42,23]", "1")+","+call("foobar", "", "")+"]",
			batch(answered{id: "1", value: "19"}), "subtract"),
	}
}

func paramsCases() []Case {
	const section = paramsSection
	const exact = "The names MUST match exactly, including case, to the method's expected parameters."
	const absent = "The absence of expected names MAY result in an error being generated."
	return []Case{
		one("a String", section, Should, structured, call("subtract", `"42"`, "1"), unreadable(invalidRequest, invalidParams)),
		one("a Number", section, Should, structured, call("subtract", `42`, "1"), unreadable(invalidRequest, invalidParams)),
		one("left out", section, Must, "This member MAY be omitted.", call("get_data", "", "1"), result("1", `["hello",5]`), "get_data"),
		one("names in another case", section, Must, exact, call("subtract", `{"Minuend":42,"Subtrahend":23}`, "1"), not("19"), "subtract"),
		one("names that are missing", section, Advice, absent, call("subtract", `{"minuend":42}`, "1"), failure("1", invalidParams), "subtract"),
		one("values that are missing", section, Advice, absent, call("subtract", `[42]`, "1"), failure("1", invalidParams), "subtract"),
		one("names that there are not", section, Advice, "A name that is not expected is a mistake of the caller, who had better hear of it.",
			call("subtract", `{"minuend":42,"subtrahend":23,"subtrahent":5}`, "1"), failure("1", invalidParams), "subtract"),
		one("no params as an empty Array", section, Advice, "Clients that know no better send an empty Array for no params.",
			call("get_data", "[]", "1"), result("1", `["hello",5]`), "get_data"),
		one("no params as an empty Object", section, Advice, "Clients that know no better send an empty Object for no params.",
			call("get_data", "{}", "1"), result("1", `["hello",5]`), "get_data"),
	}
}

// not wants anything but this result.
func not(value string) want {
	return func(r *reply) string {
		for i := range r.all {
			if raw, ok := r.all[i].members["result"]; ok && sameJSON(raw, []byte(value)) {
				return "wanted anything but the result " + value
			}
		}
		return ""
	}
}

func errorCases() []Case {
	const section = "5.1 Error object"
	cases := []Case{
		one("a method that there is not", section, Must, "-32601 Method not found: The method does not exist / is not available.",
			call("there_is_no_such_method", "[1]", "1"), failure("1", methodNotFound)),
		one("params of a wrong type", section, Must, "-32602 Invalid params: Invalid method parameter(s).",
			call("subtract", `["a",{}]`, "1"), failure("1", invalidParams), "subtract"),
		one("JSON that is cut off", section, Must, invalidJSON, `{"jsonrpc":"2.0","method":"subtract","params":[42`, failure("null", parseError)),
		one("no JSON at all", section, Must, invalidJSON, `subtract 42 23`, failure("null", parseError)),
		one("an empty body", section, Should, invalidJSON, ``, failure("null", parseError)),
		one("something behind the request", section, Must, invalidJSON, call("subtract", "[42,23]", "1")+" x", failure("null", parseError)),
		one("two requests without an Array", section, Must, invalidJSON,
			call("subtract", "[42,23]", "1")+"\n"+call("subtract", "[42,23]", "2"), failure("null", parseError)),
		one("a comma too much", section, Must, invalidJSON, `{"jsonrpc":"2.0","method":"subtract","params":[42,23],"id":1,}`, failure("null", parseError)),
		one("single quotes", section, Must, invalidJSON, `{'jsonrpc':'2.0','method':'subtract','id':1}`, failure("null", parseError)),
		one("bytes that are no UTF-8", section, Should, "JSON text MUST be encoded using UTF-8 (RFC 8259, section 8.1).",
			"{\"jsonrpc\":\"2.0\",\"method\":\"subtract\",\"params\":[42,23],\"id\":\"\xff\"}", failure("null", parseError)),
		one("a member twice", section, Advice, "The names within an object SHOULD be unique (RFC 8259, section 4). Two readers of one request may see two calls.",
			`{"jsonrpc":"2.0","method":"subtract","method":"sum","params":[42,23],"id":1}`, notRun),
		one("nested very deep", section, Advice, "What is sent must not bring a server down.",
			call("subtract", "["+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+"]", "1"), alive),
	}
	for _, odd := range []struct{ name, body string }{
		{"an empty Object", "{}"},
		{"a Number", "1"},
		{"a String", `"subtract"`},
		{"null", "null"},
	} {
		cases = append(cases, one(odd.name+" is no request", section, Must, notRequest, odd.body, failure("null", invalidRequest)))
	}
	return cases
}

func batchCases() []Case {
	const section = "6 Batch"
	return []Case{
		one("one call", section, Must, "The Server should respond with an Array containing the corresponding Response objects.",
			"["+call("subtract", "[42,23]", "1")+"]", batch(answered{id: "1", value: "19"}), "subtract"),
		one("each its own answer", section, Should, responseToEach,
			"["+call("subtract", "[42,23]", "1")+","+call("subtract", "[23,42]", `"1"`)+","+call("foobar", "", "2")+"]",
			batch(answered{id: "1", value: "19"}, answered{id: `"1"`, value: "-19"}, answered{id: "2", code: methodNotFound}), "subtract"),
		one("the same id twice", section, Advice, responseToEach, "["+call("subtract", "[42,23]", "1")+","+call("subtract", "[23,42]", "1")+"]",
			batch(answered{id: "1", value: "19"}, answered{id: "1", value: "-19"}), "subtract"),
		one("id null in a batch", section, Should, responseToEach, "["+call("subtract", "[42,23]", "null")+"]",
			batch(answered{id: "null", value: "19"}), "subtract"),
		one("a batch in a batch", section, Must, notRequest, "["+call("subtract", "[42,23]", "1")+",["+call("subtract", "[23,42]", "2")+"]]",
			batch(answered{id: "1", value: "19"}, answered{id: "null", code: invalidRequest}), "subtract"),
		one("an empty Object beside a call", section, Must, notRequest, "["+call("subtract", "[42,23]", "1")+",{}]",
			batch(answered{id: "1", value: "19"}, answered{id: "null", code: invalidRequest}), "subtract"),
		one("space before it", section, Must, "Since JSON-RPC utilizes JSON, it has the same type system.",
			"\n\t ["+call("subtract", "[42,23]", "1")+"]", batch(answered{id: "1", value: "19"}), "subtract"),
		one("notifications that all fail", section, Must, emptyArray, "["+call("foobar", "", "")+","+call("subtract", `["a"]`, "")+"]", nothing),
	}
}

// exampleCases are the examples of the specification as they stand there.
func exampleCases() []Case {
	const section = examplesSection
	return []Case{
		one("rpc call with positional parameters", section, Must, example, `{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}`, result("1", "19"), "subtract"),
		one("rpc call with positional parameters, the other way round", section, Must, example, `{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}`, result("2", "-19"), "subtract"),
		one("rpc call with named parameters", section, Must, example, `{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}`, result("3", "19"), "subtract"),
		one("rpc call with named parameters, the other way round", section, Must, example, `{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}`, result("4", "19"), "subtract"),
		one("a Notification", section, Must, example, `{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}`, nothing),
		one("a Notification without params", section, Must, example, `{"jsonrpc": "2.0", "method": "foobar"}`, nothing),
		one("rpc call of non-existent method", section, Must, example, `{"jsonrpc": "2.0", "method": "foobar", "id": "1"}`, failure(`"1"`, methodNotFound)),
		one("rpc call with invalid JSON", section, Must, example, `{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]`, failure("null", parseError)),
		one("rpc call with invalid Request object", section, Must, example, `{"jsonrpc": "2.0", "method": 1, "params": "bar"}`, failure("null", invalidRequest)),
		one("rpc call Batch, invalid JSON", section, Must, oneResponse, "[\n  {\"jsonrpc\": \"2.0\", \"method\": \"sum\", \"params\": [1,2,4], \"id\": \"1\"},\n  {\"jsonrpc\": \"2.0\", \"method\"\n]", failure("null", parseError)),
		one("rpc call with an empty Array", section, Must, oneResponse, "[]", failure("null", invalidRequest)),
		one("rpc call with an invalid Batch (but not empty)", section, Must, example, "[1]", batch(answered{id: "null", code: invalidRequest})),
		one("rpc call with invalid Batch", section, Must, example, "[1,2,3]",
			batch(answered{id: "null", code: invalidRequest}, answered{id: "null", code: invalidRequest}, answered{id: "null", code: invalidRequest})),
		one("rpc call Batch", section, Must, example, `[
  {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
  {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
  {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
  {"foo": "boo"},
  {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
  {"jsonrpc": "2.0", "method": "get_data", "id": "9"}
]`, batch(answered{id: `"1"`, value: "7"}, answered{id: `"2"`, value: "19"}, answered{id: "null", code: invalidRequest},
			answered{id: `"5"`, code: methodNotFound}, answered{id: `"9"`, value: `["hello",5]`}), "sum", "subtract", "get_data"),
		one("rpc call Batch (all notifications)", section, Must, emptyArray, `[
  {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
  {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}
]`, nothing),
	}
}

func httpCases() []Case {
	const section = "HTTP"
	subtract := call("subtract", "[42,23]", "1")
	via := func(name, sentence string, asked request, needs ...string) Case {
		return Case{Name: name, Section: section, Level: Advice, Sentence: sentence, needs: needs, requests: []request{asked}}
	}
	return []Case{
		via("GET", "Calls may change things; a GET must not (RFC 9110, section 9.2.1). 405 says so.",
			request{verb: http.MethodGet, want: status(http.StatusMethodNotAllowed)}),
		via("PUT", "Calls are sent by POST; 405 with Allow says so (RFC 9110, section 15.5.6).",
			request{verb: http.MethodPut, body: subtract, want: both(status(http.StatusMethodNotAllowed), hasAllow)}),
		via("text/plain", "A page of any site can have a browser post text/plain, without asking: refuse it with 415, and run nothing.",
			request{kind: "text/plain", body: subtract, want: both(notRun, status(http.StatusUnsupportedMediaType))}),
		via("a form", "A page of any site can have a browser post a form, without asking: refuse it with 415, and run nothing.",
			request{kind: "application/x-www-form-urlencoded", body: subtract, want: both(notRun, status(http.StatusUnsupportedMediaType))}),
		via("without a Content-Type", "A page of any site can have a browser post without a type: refuse it with 415, and run nothing.",
			request{kind: noType, body: subtract, want: both(notRun, status(http.StatusUnsupportedMediaType))}),
		via("with a charset", "A media type can have parameters (RFC 9110, section 8.3.1), and many clients send this one.",
			request{kind: "application/json; charset=utf-8", body: subtract, want: result("1", "19")}, "subtract"),
		via("the type in another case", "The names of media types are case-insensitive (RFC 9110, section 8.3.1).",
			request{kind: "Application/JSON", body: subtract, want: result("1", "19")}, "subtract"),
		via("the type of answers", "An answer says that it is JSON.", request{body: subtract, want: isJSON}, "subtract"),
		via("the status of an error", "An answer of JSON-RPC came through, whatever it says: 200, so that nothing on the way retries or hides it.",
			request{body: call("foobar", "", "1"), want: status(http.StatusOK)}),
		via("the status of a parse error", "An answer of JSON-RPC came through, whatever it says: 200, or 400 since the body is at fault.",
			request{body: "{", want: status(http.StatusOK, http.StatusBadRequest)}),
		via("the status of a notification", "All is well, and there is nothing to read: 200, 202 or 204.",
			request{body: call("notify_hello", "[7]", ""), want: both(nothing, status(http.StatusOK, http.StatusAccepted, http.StatusNoContent))}),
	}
}

func hasAllow(r *reply) string {
	if r.header.Get("Allow") == "" {
		return "the answer has no Allow header"
	}
	return ""
}

func isJSON(r *reply) string {
	kind, _, _ := strings.Cut(strings.ToLower(r.header.Get("Content-Type")), ";")
	if strings.TrimSpace(kind) != "application/json" {
		return "wanted the Content-Type application/json, got " + kind
	}
	return ""
}
