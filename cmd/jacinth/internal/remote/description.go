package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// Description is what a service says of itself.
type Description struct {
	*openrpc.Document

	Raw   json.RawMessage // the OpenRPC document as it came; nil when the service has none and told of itself otherwise
	Typed bool            // the document knows the params and results of its methods
}

// Method returns the method of the name, or nil if the service tells of none.
func (d *Description) Method(name string) *openrpc.Method {
	for i := range d.Methods {
		if d.Methods[i].Name == name {
			return &d.Methods[i]
		}
	}
	return nil
}

// ErrUndescribed says that a service answers, but cannot tell what it does.
var ErrUndescribed = errors.New("it does not describe itself: it has neither rpc.discover nor get_service_specs")

// introspection are the ways in which services tell of themselves, the one that tells most first.
var introspection = []struct {
	method string
	read   func(json.RawMessage) (*Description, error)
}{
	{"rpc.discover", readDocument},            // OpenRPC
	{"get_service_specs", readSpecs},          // jacinth, in few words
	{"system.listMethods", readMethodNames},   // a custom from XML-RPC, of many libraries
	{"rpc.serverInfo", readServerInformation}, // github.com/creachadair/jrpc2
}

// undescribed is an ErrUndescribed with words of its own.
type undescribed string

// Error returns the words.
func (e undescribed) Error() string { return string(e) }

// Is reports whether target is ErrUndescribed.
func (undescribed) Is(target error) bool { return target == ErrUndescribed }

// Describe asks the service what it can do, in all the ways there are. When it answers and knows none of them, or lets
// this caller use none, the error is ErrUndescribed.
func (s *Service) Describe(ctx context.Context) (*Description, error) {
	denied := false
	for _, way := range introspection {
		var raw json.RawMessage
		err := s.client.Call(ctx, way.method, nil, &raw, jacinth.ReadOnly())
		if refusal, answered := errors.AsType[*jacinth.Error](err); answered {
			denied = denied || refusal.Code == jacinth.AccessDenied
			continue
		}
		if err != nil {
			return nil, s.Explain(err)
		}
		if description, err := way.read(raw); err == nil {
			return description, nil
		}
	}
	if denied {
		return nil, &failure.Error{
			Exit: failure.Answered,
			Err:  undescribed(s.URL + " does not describe itself to this caller: access denied"),
			Hint: s.refused(jacinth.AccessDenied),
		}
	}
	return nil, &failure.Error{
		Exit: failure.Answered,
		Err:  fmt.Errorf("%s answers, but %w", s.URL, ErrUndescribed),
		Hint: "Its methods can be called all the same: jacinth call " + s.URL + " METHOD",
	}
}

func readDocument(raw json.RawMessage) (*Description, error) {
	document, err := openrpc.Parse(raw)
	if err != nil {
		return nil, err
	}
	_ = document.Resolve() // a reference that leads nowhere leaves one thing undescribed, and the rest is of use
	return &Description{Document: document, Raw: raw, Typed: true}, nil
}

func readSpecs(raw json.RawMessage) (*Description, error) {
	var specs jacinth.Specs
	if err := json.Unmarshal(raw, &specs); err != nil {
		return nil, err
	}
	document := &openrpc.Document{
		Info: openrpc.Info{Title: specs.Name, Version: specs.Version, Description: specs.Description},
		XJacinth: &openrpc.DocumentExtension{
			Endpoint: specs.Endpoint,
			Limits: openrpc.Limits{
				Body: specs.Limits.Body, BatchItems: specs.Limits.BatchItems, Response: specs.Limits.Response,
				Depth: specs.Limits.Depth, ID: specs.Limits.ID, CallTimeoutMS: specs.Limits.CallMillis,
			},
		},
	}
	for _, m := range specs.Methods {
		document.Methods = append(document.Methods, openrpc.Method{
			Name: m.Name, Summary: m.Doc,
			XJacinth: &openrpc.MethodExtension{Private: m.Private, ReadOnly: m.ReadOnly, Idempotent: m.Idempotent},
		})
	}
	return &Description{Document: document}, nil
}

func readMethodNames(raw json.RawMessage) (*Description, error) {
	var names []string
	if err := json.Unmarshal(raw, &names); err != nil {
		return nil, err
	}
	document := &openrpc.Document{}
	for _, name := range names {
		document.Methods = append(document.Methods, openrpc.Method{Name: name})
	}
	return &Description{Document: document}, nil
}

func readServerInformation(raw json.RawMessage) (*Description, error) {
	var server struct {
		Methods []string `json:"methods"`
	}
	if err := json.Unmarshal(raw, &server); err != nil {
		return nil, err
	}
	document := &openrpc.Document{}
	for _, name := range server.Methods {
		document.Methods = append(document.Methods, openrpc.Method{Name: name})
	}
	return &Description{Document: document}, nil
}
