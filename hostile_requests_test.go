package jacinth_test

import (
	"fmt"
	"strings"
)

const (
	mebibyte = 1 << 20

	// good is a call that runs.
	good = `{"jsonrpc":"2.0","method":"do","params":{"text":"é"},"id":"one"}`
	// marker is in the hostile requests wherever a name or a value can be, and in no log.
	marker = "h4ckme"
)

// hostile is a request that means no good, or looks as if it did.
type hostile struct {
	name   string
	body   string
	header []string // instead of the good ones, name and value in turn
	method string
	status int   // 0 is 200
	codes  []int // of the replies; 0 for a result
	runs   int   // calls that are run
}

func one(code int) []int { return []int{code} }

// filled is body repeated with commas between up to a mebibyte.
func filled(open, item, shut string) string {
	count := (mebibyte - len(open) - len(shut) + 1) / (len(item) + 1)
	return open + strings.Repeat(item+",", count-1) + item + shut
}

func nested(open, inner, shut string, depth int) string {
	return strings.Repeat(open, depth) + inner + strings.Repeat(shut, depth)
}

func request(member string) string {
	return `{"jsonrpc":"2.0","method":"do","id":1,` + member + `}`
}

func params(value string) string { return request(`"params":` + value) }

func hostileRequests() []hostile {
	var list []hostile
	add := func(h hostile) { list = append(list, h) }
	// refused are bodies that are answered with one error, and of which nothing runs.
	refused := func(code int, bodies map[string]string) {
		for name, body := range bodies {
			add(hostile{name: name, body: body, codes: one(code)})
		}
	}
	const parse, invalid, unknown, badParams, denied = -32700, -32600, -32601, -32602, -32001

	refused(parse, map[string]string{
		"65 arrays":                     nested("[", "", "]", 65),
		"65 objects":                    nested(`{"a":`, "1", "}", 65),
		"65 levels with the params":     params(`{"any":` + nested("[", "", "]", 63) + `}`),
		"65 levels in an unknown one":   request(`"` + marker + `":` + nested("[", "", "]", 64)),
		"65 levels in an id":            `{"jsonrpc":"2.0","method":"do","id":` + nested("[", "", "]", 64) + `}`,
		"65 levels in a method":         `{"jsonrpc":"2.0","method":` + nested("[", "", "]", 64) + `,"id":1}`,
		"100,000 open arrays":           strings.Repeat("[", 100_000),
		"100,000 arrays":                nested("[", "", "]", 100_000),
		"100,000 open objects":          strings.Repeat(`{"a":`, 100_000),
		"100,000 objects":               nested(`{"a":`, "1", "}", 100_000),
		"100,000 arrays in the params":  params(nested("[", "", "]", 100_000)),
		"100,000 objects in the params": params(nested(`{"named":`, "{}", "}", 100_000)),

		"a mebibyte of spaces":        strings.Repeat(" ", mebibyte),
		"a mebibyte of line ends":     strings.Repeat("\n", mebibyte),
		"a mebibyte of zeros":         strings.Repeat("\x00", mebibyte),
		"a mebibyte of quotes":        strings.Repeat(`"`, mebibyte),
		"a mebibyte of backslashes":   `"` + strings.Repeat(`\`, mebibyte-1),
		"a mebibyte of commas":        "[" + strings.Repeat(",", mebibyte-1),
		"a mebibyte of minus signs":   strings.Repeat("-", mebibyte),
		"a mebibyte of 0xFF":          strings.Repeat("\xff", mebibyte),
		"a mebibyte without its end":  `"` + strings.Repeat("x", mebibyte-1),
		"a mebibyte of leading zeros": strings.Repeat("0", mebibyte),

		"0xFF in an id":                       `{"jsonrpc":"2.0","method":"do","id":"` + "\xff" + `"}`,
		"0xFF in a method":                    `{"jsonrpc":"2.0","method":"d` + "\xff" + `","id":1}`,
		"0xFF in params":                      params(`{"text":"` + "\xff" + `"}`),
		"0xFF in a name":                      request(`"` + "\xff" + `":1`),
		"0xFF between the members":            request("\xff" + `"a":1`),
		"0xFF behind":                         good + "\xff",
		"an overlong slash":                   params(`{"text":"` + "\xc0\xaf" + `"}`),
		"an overlong NUL":                     params(`{"text":"` + "\xe0\x80\x80" + `"}`),
		"a surrogate in UTF-8":                params(`{"text":"` + "\xed\xa0\x80" + `"}`),
		"a character beyond Unicode":          params(`{"text":"` + "\xf4\x90\x80\x80" + `"}`),
		"half of a character":                 params(`{"text":"` + "\xe2\x82" + `"}`),
		"a lone continuation":                 params(`{"text":"` + "\x80" + `"}`),
		"a lone high surrogate":               params(`{"text":"\ud800"}`),
		"a lone low surrogate":                params(`{"text":"\udc00"}`),
		"surrogates the wrong way round":      params(`{"text":"\udc00\ud800"}`),
		"two low surrogates":                  params(`{"text":"\udc00\udc00"}`),
		"two high surrogates":                 params(`{"text":"\ud800\ud800"}`),
		"a high surrogate and a letter":       params(`{"text":"\ud800a"}`),
		"a high surrogate and an escape":      params(`{"text":"\ud800\n"}`),
		"a lone surrogate in an id":           `{"jsonrpc":"2.0","method":"do","id":"\ud800"}`,
		"a lone surrogate in a method":        `{"jsonrpc":"2.0","method":"\udfff","id":1}`,
		"a lone surrogate in a name":          request(`"\ud800":1`),
		"a lone surrogate in an unknown one":  request(`"a":["\ud8ff"]`),
		"an escape without its digits":        params(`{"text":"\u00"}`),
		"an escape with other digits":         params(`{"text":"\u00zz"}`),
		"an escape that JSON has not":         params(`{"text":"\x41"}`),
		"an escape of an apostrophe":          params(`{"text":"\'"}`),
		"a raw line end in a string":          params("{\"text\":\"a\nb\"}"),
		"a raw NUL in a string":               params("{\"text\":\"a\x00b\"}"),
		"a raw escape character in a method":  "{\"jsonrpc\":\"2.0\",\"method\":\"\x1b[2J\",\"id\":1}",
		"a byte order mark":                   "\ufeff" + good,
		"a byte order mark behind":            good + "\ufeff",
		"UTF-16 with its mark":                "\xff\xfe{\x00}\x00",
		"UTF-16, big end first":               "\x00{\x00}",
		"UTF-32":                              "\x00\x00\x00{\x00\x00\x00}",
		"no body":                             "",
		"a form":                              "method=do&id=1",
		"XML":                                 `<?xml version="1.0"?><methodCall/>`,
		"HTML":                                `<script>alert(1)</script>`,
		"a comment":                           good + "// " + marker,
		"two requests":                        good + good,
		"two requests on lines":               good + "\n" + good,
		"a request and NUL":                   good + "\x00",
		"a request and a bracket":             good + "]",
		"a batch that is not closed":          "[" + good + "," + good,
		"a batch with a comma too many":       "[" + good + ",]",
		"a batch without a comma":             "[" + good + good + "]",
		"a batch closed by a brace":           "[" + good + "}",
		"a batch with a bad item at its end":  "[" + strings.Repeat(good+",", 99) + `{"jsonrpc":}]`,
		"a batch and a call":                  "[" + good + "]" + good,
		"a trailing comma":                    `{"jsonrpc":"2.0","method":"do","id":1,}`,
		"no colon":                            `{"jsonrpc" "2.0"}`,
		"a number for a name":                 `{1:2}`,
		"a name without quotes":               `{jsonrpc:"2.0"}`,
		"apostrophes":                         `{'jsonrpc':'2.0'}`,
		"NaN":                                 params(`{"any":NaN}`),
		"Infinity":                            params(`{"any":-Infinity}`),
		"a hexadecimal number":                params(`{"any":0x1F}`),
		"a leading zero":                      params(`{"any":01}`),
		"a bare point":                        params(`{"any":1.}`),
		"a bare exponent":                     params(`{"any":1e}`),
		"a plus sign":                         params(`{"any":+1}`),
		"an upper-case literal":               params(`{"any":NULL}`),
		"undefined":                           params(`{"any":undefined}`),
		"a literal that goes on":              params(`{"any":nullx}`),
		"Python's separators":                 params(`{"any":1_000}`),
		"a vertical tab":                      "\v" + good,
		"a no-break space":                    "\u00a0" + good,
		"a line separator":                    "\u2028" + good,
		"a number that is cut":                `{"jsonrpc":"2.0","method":"do","id":-`,
		"an id of a mebibyte without its end": `{"jsonrpc":"2.0","method":"do","id":"` + strings.Repeat("x", mebibyte-100),
	})
	refused(invalid, map[string]string{
		"a mebibyte of 0":                filled("[", "0", "]"),
		"a mebibyte of {}":               filled("[", "{}", "]"),
		"a mebibyte of []":               filled("[", "[]", "]"),
		`a mebibyte of ""`:               filled("[", `""`, "]"),
		"a mebibyte of null":             filled("[", "null", "]"),
		"a mebibyte of calls":            filled("[", good, "]"),
		"101 calls":                      "[" + strings.Repeat(good+",", 100) + good + "]",
		"101 notifications":              "[" + strings.Repeat(`{"jsonrpc":"2.0","method":"do"},`, 101) + "0]",
		"a mebibyte of one string":       `"` + strings.Repeat("x", mebibyte-2) + `"`,
		"a mebibyte of one number":       strings.Repeat("9", mebibyte),
		"a mebibyte of digits behind":    "0." + strings.Repeat("9", mebibyte-2),
		"an empty batch":                 "[]",
		"an empty batch with spaces":     " [ \r\n\t ] ",
		"an empty object":                "{}",
		"a string":                       `"do"`,
		"a number":                       "-0",
		"a huge number":                  "1e999999999",
		"true":                           "true",
		"null":                           "null",
		"a method twice":                 request(`"method":"do"`),
		"a method twice, one escaped":    request(`"\u006d\u0065\u0074\u0068\u006f\u0064":"do"`),
		"an id twice":                    request(`"id":1`),
		"params twice":                   request(`"params":{},"params":{}`),
		"params twice, one escaped":      request(`"params":{},"param\u0073":{}`),
		"a version twice":                request(`"jsonrpc":"2.0"`),
		"a method in capitals":           `{"jsonrpc":"2.0","METHOD":"do","id":1}`,
		"a version in capitals":          `{"Jsonrpc":"2.0","method":"do","id":1}`,
		"a version with a long s":        `{"jſonrpc":"2.0","method":"do","id":1}`,
		"a method with an accent":        `{"jsonrpc":"2.0","méthod":"do","id":1}`,
		"a method with a NUL":            `{"jsonrpc":"2.0","method\u0000":"do","id":1}`,
		"a method that is null":          `{"jsonrpc":"2.0","method":null,"id":1}`,
		"a method that is a list":        `{"jsonrpc":"2.0","method":["do"],"id":1}`,
		"a method that is an object":     `{"jsonrpc":"2.0","method":{"do":1},"id":1}`,
		"a method of a mebibyte":         `{"jsonrpc":"2.0","method":"` + strings.Repeat("m", mebibyte-100) + `","id":1}`,
		"a method of escapes":            `{"jsonrpc":"2.0","method":"` + strings.Repeat(`\u0041`, 1000) + `","id":1}`,
		"an id that is true":             `{"jsonrpc":"2.0","method":"do","id":true}`,
		"an id that is a list":           `{"jsonrpc":"2.0","method":"do","id":[1]}`,
		"an id that is an object":        `{"jsonrpc":"2.0","method":"do","id":{"a":1}}`,
		"an id of a mebibyte":            `{"jsonrpc":"2.0","method":"do","id":"` + strings.Repeat("x", mebibyte-100) + `"}`,
		"an id of a mebibyte of digits":  `{"jsonrpc":"2.0","method":"do","id":` + strings.Repeat("9", mebibyte-100) + `}`,
		"an id of escapes":               `{"jsonrpc":"2.0","method":"do","id":"` + strings.Repeat(`\u0041`, 1000) + `"}`,
		"params that are a string":       params(`"` + marker + `"`),
		"params that are a number":       params("1e400"),
		"params that are true":           params("true"),
		"a version that is a number":     `{"jsonrpc":2.0,"method":"do","id":1}`,
		"version 1.0":                    `{"jsonrpc":"1.0","method":"do","id":1}`,
		"version 2.0 with a space":       `{"jsonrpc":"2.0 ","method":"do","id":1}`,
		"version 2.0 with a NUL":         `{"jsonrpc":"2.0\u0000","method":"do","id":1}`,
		"a request of version 1":         `{"method":"do","params":[],"id":1}`,
		"a response":                     `{"jsonrpc":"2.0","result":1,"id":1}`,
		"a mebibyte of members":          filled(`{`, `"a":1`, `}`),
		"a mebibyte of duplicate method": filled(`{`, `"method":"do"`, `}`),
	})
	for _, name := range []string{
		"", " do", "do ", "Do", "DO", `do\u0000`, `d\u00f6`, "ｄｏ", "do/", "do.", "../do", "__proto__", "constructor", "toString",
		"rpc.discover.do", "rpc.", "Service.ServeHTTP", "%s%n%d", "${jndi:ldap://" + marker + "}", "'; DROP TABLE " + marker + "; --",
		`do\r\nSet-Cookie: ` + marker, `\u001b[31m` + marker, `\u2028` + marker, `<script>` + marker, "do\\u200b", strings.Repeat("m", 128),
	} {
		add(hostile{name: "the method " + name, body: `{"jsonrpc":"2.0","method":"` + name + `","id":1}`, codes: one(unknown)})
	}
	refused(badParams, map[string]string{
		"params with an unknown name":         params(`{"` + marker + `":1}`),
		"params in capitals":                  params(`{"TEXT":"x"}`),
		"params with a long s":                params(`{"treeſ":[]}`),
		"params twice in a value":             params(`{"any":{"a":1,"a":2}}`),
		"params twice in a tree":              params(`{"trees":[{"text":"a","text":"b"}]}`),
		"params twice in a map":               params(`{"named":{"a":{},"a":{}}}`),
		"params with a prototype":             params(`{"__proto__":{"text":"x"}}`),
		"params with 30,000 unknown names":    params("{" + numbered(30_000) + "}"),
		"params with 30,000 wrong values":     params(`{"trees":[` + strings.Repeat("1,", 30_000) + `1]}`),
		"params with too many positions":      params("[" + strings.Repeat("null,", 5000) + "1]"),
		"params with a number beyond floats":  params(`{"any":1e400}`),
		"params with a number of 1,000 zeros": params(`{"text":1` + strings.Repeat("0", 1000) + `}`),
		"params with wrong kinds":             params(`{"text":[],"trees":{},"named":[]}`),
		"params with a very long name":        params(`{"` + strings.Repeat(marker, 10_000) + `":1}`),
		"params with very long names, nested": params(nested(`{"named":{"`+strings.Repeat("n", 1000)+`":`, `{"text":1}`, "}}", 15)),
	})
	for name, body := range map[string]string{
		"capitals beside":             `{"jsonrpc":"2.0","method":"do","METHOD":"closed","Method":"x","id":1,"ID":2,"Params":[1,2,3]}`,
		"a long s beside":             `{"jsonrpc":"2.0","method":"do","id":1,"paramſ":[1,2,3],"jſonrpc":"1.0"}`,
		"unknown members":             request(`"` + marker + `":[{}],"` + marker + `":1`),
		"64 levels":                   params(`{"any":` + nested("[", "", "]", 62) + `}`),
		"an id of 128 digits":         `{"jsonrpc":"2.0","method":"do","id":` + strings.Repeat("9", 128) + `}`,
		"an id beyond floats":         `{"jsonrpc":"2.0","method":"do","id":1e999999999}`,
		"an id with a line end":       `{"jsonrpc":"2.0","method":"do","id":"a\r\nb` + marker + `"}`,
		"an id with markup":           `{"jsonrpc":"2.0","method":"do","id":"</script><script>alert(1)"}`,
		"a long text":                 params(`{"text":"` + strings.Repeat("x", mebibyte-100) + `"}`),
		"a mebibyte of unknown ones":  filled(`{"jsonrpc":"2.0","method":"do","id":1,`, `"a":1`, `}`),
		"a mebibyte of white space":   strings.Repeat(" \n\t\r", (mebibyte-len(good))/4) + good,
		"a text of escapes":           params(`{"text":"` + strings.Repeat(`\u0000`, 1000) + `"}`),
		"a map of many names":         params(`{"any":{` + numbered(30_000) + `}}`),
		"an escaped method":           `{"jsonrpc":"2.0","method":"\u0064\u006f","id":1}`,
		"escaped members":             `{"\u006asonrpc":"2.0","metho\u0064":"do","i\u0064":1}`,
		"a text with every character": params(`{"text":"\u0001\u001b\u007f\u0085\u2028\u2029\ufeff\uffff"}`),
	} {
		add(hostile{name: name, body: body, codes: one(0), runs: 1})
	}
	add(hostile{name: "a notification of nothing", body: `{"jsonrpc":"2.0","method":"` + marker + `"}`})
	add(hostile{name: "a batch of 100 scalars", body: "[" + strings.Repeat("0,", 99) + "0]", codes: repeat(invalid, 100)})
	add(hostile{name: "a batch of 100 batches", body: "[" + strings.Repeat("["+good+"],", 99) + "[]]", codes: repeat(invalid, 100)})
	add(hostile{name: "a batch of 100 calls", body: "[" + strings.Repeat(good+",", 99) + good + "]", codes: repeat(0, 100), runs: 100})
	add(hostile{name: "a good item between bad ones", body: "[0," + good + ",null]", codes: []int{invalid, 0, invalid}, runs: 1})

	const closed = `{"jsonrpc":"2.0","method":"closed","params":{"` + marker + `":1},"id":1}`
	for _, header := range [][]string{
		{"X-Api-Token", marker},
		{"X-Api-Token", tokenOne + "\x00"},
		{"X-Api-Token", tokenOne, "X-Api-Token", marker},
		{"X-Api-Token", tokenOne, "Authorization", "Bearer " + marker},
		{"Authorization", "Bearer " + tokenOne, "Authorization", "Bearer " + marker},
		{"Authorization", "Bearer\t" + tokenOne},
		{"Authorization", "Bearer " + strings.Repeat("x", 1<<20)},
		{"X-Api-Token", strings.Repeat(tokenOne, 50_000)},
		{"X_Api_Token", tokenOne},
		{"X-Forwarded-Api-Token", tokenOne},
		{"Cookie", "token=" + tokenOne},
		{"X-Original-Url", "/api?token=" + tokenOne},
		{"X-Http-Method-Override", "PRIVATE", "X-Api-Token", marker},
	} {
		add(hostile{name: fmt.Sprintf("the headers %.60q", header), body: closed, header: header, codes: one(denied)})
	}
	typed := func(value string) []string { return []string{"Content-Type", value} }
	for _, value := range []string{
		"text/plain", "text/plain;charset=utf-8", "text/html", "application/x-www-form-urlencoded", "multipart/form-data",
		"application/xml", "application/octet-stream", "text/json", "application/json5", "application/jsonl",
		"application/ld+json", "application/json, text/plain", "application/json;", "application/json; charset=utf-16",
		"application/json; charset=utf-7", "application/json; charset", "application/json\x00", "application/json x",
		"json", "*/*", "/", "\xff", strings.Repeat("a", 10_000),
	} {
		h := hostile{name: fmt.Sprintf("the type %.60q", value), body: good, header: typed(value), status: 415, codes: one(invalid)}
		if value == "application/json;" { // an empty parameter is none
			h = hostile{name: h.name, body: good, header: h.header, codes: one(0), runs: 1}
		}
		add(h)
	}
	add(hostile{name: "no type", body: good, header: []string{"Content-Type", ""}, status: 415, codes: one(invalid)})
	for _, value := range []string{"gzip", "deflate", "br", "zstd", "compress", "GZIP", "identity, gzip", "x"} {
		add(hostile{
			name: "the coding " + value, body: "\x1f\x8b\x08", header: append(typed("application/json"), "Content-Encoding", value),
			status: 415, codes: one(invalid),
		})
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "post", "Post", "PROPFIND"} {
		add(hostile{name: "the HTTP method " + method, body: good, method: method, status: 405, codes: one(invalid)})
	}
	for name, body := range map[string]string{
		"one byte too many":    strings.Repeat(" ", mebibyte-len(good)+1) + good,
		"two mebibytes of 0":   "[" + strings.Repeat("0,", mebibyte) + "0]",
		"two mebibytes of 'x'": strings.Repeat("x", 2*mebibyte),
	} {
		add(hostile{name: name, body: body, status: 413, codes: one(invalid)})
	}
	return list
}

// numbered is that many members with names of their own.
func numbered(count int) string {
	var text strings.Builder
	for i := range count {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `"n%d":0`, i)
	}
	return text.String()
}

func repeat(code, count int) []int {
	list := make([]int, count)
	for i := range list {
		list[i] = code
	}
	return list
}
