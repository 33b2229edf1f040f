package jacinth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// shown is what becomes of a value in all the ways in which programs show values. Of the verbs it leaves out %p of what
// is no pointer and %w outside Errorf, for which fmt asks nobody and go vet complains.
func shown(value any) map[string]string {
	ways := map[string]string{}
	for verb := range strings.SplitSeq("v +v #v T s +s #s q +q #q x X #x 20v .3s -5q d o b e c U t", " ") {
		ways["%"+verb] = fmt.Sprintf("%"+verb, value)
	}
	ways["Print"] = fmt.Sprint(value)
	ways["Println"] = fmt.Sprintln("of", value)
	ways["Errorf"] = fmt.Errorf("failed for %v", value).Error()
	encode := func(name string, encode func(io.Writer)) {
		var out bytes.Buffer
		encode(&out)
		ways[name] = out.String()
	}
	for name, handler := range map[string]func(io.Writer) slog.Handler{
		"slog text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		"slog JSON": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		encode(name, func(w io.Writer) {
			slog.New(handler(w)).With(slog.Any("before", value)).Info("called", slog.Any("value", value),
				slog.Group("group", slog.Any("value", value)), slog.Any("list", []any{value}))
		})
	}
	encode("JSON", func(w io.Writer) { fmt.Fprint(w, json.NewEncoder(w).Encode(value)) })
	encode("slog value", func(w io.Writer) { fmt.Fprint(w, slog.AnyValue(value).String(), slog.AnyValue(value).Resolve()) })
	return ways
}

func TestToken_isNotShown(t *testing.T) {
	const canary = "canary-4d9f2b71c6"
	leaks := func(text string) bool {
		text = strings.ToLower(text)
		for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("% x", canary), strings.Trim(fmt.Sprintf("%d", []byte(canary)), "[]"), "canary", "anary-4d9"} {
			if strings.Contains(text, strings.ToLower(form)) {
				return true
			}
		}
		return false
	}
	look := func(name string, value any) {
		t.Helper()
		for way, text := range shown(value) {
			if leaks(text) {
				t.Errorf("%s shown by %s has the token in it: %s", name, way, text)
			}
		}
	}

	bare := jacinth.Peer{Token: canary, Address: "192.0.2.1:4000"}
	overHTTP := bare
	overHTTP.HTTP = httptest.NewRequest("POST", "/api", strings.NewReader("{}"))
	overHTTP.HTTP.Header.Set("X-Api-Token", canary)
	for name, peer := range map[string]jacinth.Peer{"bare": bare, "over HTTP": overHTTP} {
		look("the token of a peer "+name, peer.Token)
		look("a pointer to the token of a peer "+name, &peer.Token)
		look("a peer "+name, peer)
		look("a pointer to a peer "+name, &peer)
		look("peers "+name, []jacinth.Peer{peer})
		look("a struct that embeds a peer "+name, struct{ jacinth.Peer }{peer})
		request := jacinth.Request{Method: &jacinth.Method{Name: "m"}, Peer: peer}
		look("a request of a peer "+name, request)
		look("a pointer to a request of a peer "+name, &request)
		look("a struct with a request of a peer "+name, struct{ R, S any }{request, &request})
	}

	look("a client", &jacinth.Client{
		URL: "http://ada:" + canary + "@remote.test/api", Token: canary, Header: http.Header{"Cookie": {canary}},
	})
	look("a client of a name", struct{ C *jacinth.Client }{&jacinth.Client{Service: "billing", Token: canary}})
	look("a client of a wrong URL", &jacinth.Client{URL: "http://ada:" + canary + "@remote.test/%zz"})

	svc := jacinth.New(jacinth.Config{Name: "test", Logger: slog.New(slog.DiscardHandler)})
	handled := false
	jacinth.Public(svc, "m", func(ctx context.Context, _ jacinth.None) (string, error) {
		handled = true
		look("the context of a call", ctx)
		look("the request of a call", jacinth.RequestFrom(ctx))
		look("the request of a call as a value", *jacinth.RequestFrom(ctx))
		child, cancel := context.WithCancel(context.WithValue(ctx, keyOfATest{}, "value"))
		defer cancel()
		look("a context of that of a call", child)
		look("a struct with the context of a call", struct{ Context context.Context }{ctx})
		return string(jacinth.RequestFrom(ctx).Token), nil
	})
	for _, peer := range []jacinth.Peer{bare, overHTTP} {
		if got := string(svc.Dispatch(t.Context(), peer, []byte(call("m")), nil)); !strings.Contains(got, canary) || !handled {
			t.Errorf("the handler, which may have the token, answers %s", got)
		}
	}

	if text := fmt.Sprintf("%v %+v %#v %s", svc, svc, svc, svc); text != "service test service test service test service test" {
		t.Errorf("a service is printed as %s", text)
	}

	for _, test := range []struct {
		value fmt.Stringer
		want  string
	}{
		{bare, "192.0.2.1:4000 with token ***"},
		{jacinth.Peer{Address: "192.0.2.1:4000"}, "192.0.2.1:4000"},
		{jacinth.Request{Peer: bare}, "call from 192.0.2.1:4000 with token ***"},
		{
			&jacinth.Request{Method: &jacinth.Method{Name: "m"}, Caller: jacinth.Caller{Name: "crm"}, Peer: bare},
			"call of m for crm from 192.0.2.1:4000 with token ***",
		},
		{&jacinth.Client{URL: "http://ada:hidden@remote.test/api"}, "client of http://remote.test"},
		{&jacinth.Client{URL: "http://hidden@remote.test/api"}, "client of http://remote.test"},
		{&jacinth.Client{Service: "billing"}, "client of billing"},
	} {
		text, err := json.Marshal(test.value)
		if err != nil || string(text) != `"`+test.want+`"` || test.value.String() != test.want || fmt.Sprintf("%v", test.value) != test.want {
			t.Errorf("%s, %s and %v, want %s", test.value.String(), text, test.value, test.want)
		}
	}
	for _, test := range []struct {
		token jacinth.Token
		want  string
	}{{canary, "***"}, {"", ""}} {
		text, err := test.token.MarshalText()
		if err != nil || string(text) != test.want || test.token.String() != test.want || fmt.Sprintf("%v", test.token) != test.want {
			t.Errorf("a token of %d characters is shown as %s, %s and %v, want %q", len(test.token), text, test.token.String(), test.token, test.want)
		}
	}
	if ways := shown("canary"); len(ways) < 30 || !leaks(strings.Join(mapValues(ways), " ")) {
		t.Error("this test would not see a token")
	}
}

type keyOfATest struct{}

func mapValues(m map[string]string) (list []string) {
	for value := range maps.Values(m) {
		list = append(list, value)
	}
	return list
}
