package jacinth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

var errInside = errors.New("table trips is locked")

// trip fails its own check in the way that its kind says.
type trip struct {
	Kind string `json:"kind" enum:"good,plain,message,wrapped,code,long,broken,remote,panic"`
	Days int    `json:"days" min:"1" default:"1"`
}

func (t trip) Validate() error {
	switch t.Kind {
	case "good":
		return nil
	case "message":
		return &jacinth.Error{Code: 99, Message: "the trip is too short", Data: "hidden", Cause: errInside}
	case "wrapped":
		return fmt.Errorf("days: %w", jacinth.Errorf(99, "the trip is too long"))
	case "code":
		return jacinth.AccessDenied
	case "long":
		return errors.New(strings.Repeat("é", 1000))
	case "broken":
		return errors.New("a\xffb")
	case "remote":
		return errRemote
	case "panic":
		panic("inside")
	}
	return errors.New("to must not be before from")
}

// errRemote is an error that another service answered with.
var errRemote error

func failingTrip(context.Context, trip) (jacinth.None, error) {
	return jacinth.None{}, &jacinth.Error{Code: 5, Message: "the text of another service"}
}

func TestValidate_tellsTheCallerWhatIsMeantForThem(t *testing.T) {
	svc := jacinth.New(quiet("trips"))
	jacinth.Public(svc, "plan", func(context.Context, trip) (jacinth.None, error) { return jacinth.None{}, nil })
	jacinth.Public(svc, "fail", failingTrip)
	server := httptest.NewServer(svc)
	defer server.Close()
	client := &jacinth.Client{URL: server.URL + svc.Endpoint()}
	if errRemote = client.Call(t.Context(), "fail", jacinth.Positional{"good"}, nil); errRemote == nil {
		t.Fatal("the method that fails does not")
	}
	const head, tail = `{"jsonrpc":"2.0","error":{"code":-32602,"message":"Invalid params","data":{"faults":[`, `]}},"id":1}`
	for kind, want := range map[string]string{
		"good":    `{"jsonrpc":"2.0","result":null,"id":1}`,
		"plain":   head + `{"path":"","rule":"validate","expected":"to must not be before from"}` + tail,
		"message": head + `{"path":"","rule":"validate","expected":"the trip is too short"}` + tail,
		"wrapped": head + `{"path":"","rule":"validate","expected":"the trip is too long"}` + tail,
		"code":    head + `{"path":"","rule":"validate","expected":"Access denied"}` + tail,
		"long":    head + `{"path":"","rule":"validate","expected":"` + strings.Repeat("é", 128) + `…"}` + tail,
		"broken":  head + `{"path":"","rule":"validate","expected":"a�b"}` + tail,
		"remote":  head + `{"path":"","rule":"validate","expected":"Invalid params"}` + tail,
		"other": head + `{"path":"/kind","rule":"enum","expected":"one of \"good\", \"plain\", \"message\", \"wrapped\", \"code\", ` +
			`\"long\", \"broken\", \"remote\", \"panic\"","got":"\"other\""}` + tail,
	} {
		body := `{"jsonrpc":"2.0","method":"plan","params":{"kind":"` + kind + `"},"id":1}`
		reply := string(svc.Dispatch(t.Context(), jacinth.Peer{}, []byte(body), nil))
		if sortedMembers(t, reply) != sortedMembers(t, want) {
			t.Errorf("a trip of the kind %s is answered with\n%s, want\n%s", kind, reply, want)
		}
	}
	body := `{"jsonrpc":"2.0","method":"plan","params":["panic"],"id":1}`
	if reply := string(svc.Dispatch(t.Context(), jacinth.Peer{}, []byte(body), nil)); !strings.Contains(reply, `"code":-32603`) ||
		strings.Contains(reply, "inside") {
		t.Errorf("a Validate that panics is answered with %s", reply)
	}
}

// nilly says that it is right by a nil *Error, which is an error that is not nil.
type nilly struct{}

func (nilly) Validate() error {
	var right *jacinth.Error
	return right
}

func TestValidate_isToldOfANilError(t *testing.T) {
	log := &records{}
	config := quiet("nilly")
	config.Logger = newLogger(log)
	svc := jacinth.New(config)
	jacinth.Public(svc, "run", func(context.Context, nilly) (jacinth.None, error) { return jacinth.None{}, nil })
	if reply := callHTTP(svc, call("run")); !strings.Contains(string(reply.body), `"code":-32603`) {
		t.Errorf("the reply is %s, want an internal error", reply.body)
	}
	if !strings.Contains(log.text(), "return a plain nil") {
		t.Errorf("the log is %q, want it to say what to do", log.text())
	}
}

// sortedMembers writes JSON anew, with the members of objects in the order of their names.
func sortedMembers(t *testing.T, text string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	sorted, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(sorted)
}
