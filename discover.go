package jacinth

import (
	"context"
	"strings"
)

const (
	specsName      = "get_service_specs"
	protocolPrefix = "rpc." // of names that belong to the protocol: JSON-RPC 2.0, section 8
)

// Specs is how a service describes itself in few words: the result of its method get_service_specs.
type Specs struct {
	Name        string        `json:"name"`
	Version     string        `json:"version"`
	Description string        `json:"description"`
	Endpoint    string        `json:"endpoint"`
	Limits      SpecsLimits   `json:"limits"`
	Methods     []SpecsMethod `json:"methods"` // by name; private ones only for callers who may call them
}

// SpecsLimits are the limits that a caller had better know. A limit that is not set is left out.
type SpecsLimits struct {
	Body       int   `json:"body,omitzero"`            // bytes of a request
	BatchItems int   `json:"batch_items,omitzero"`     // calls in a batch
	Response   int   `json:"response,omitzero"`        // bytes of a reply
	Depth      int   `json:"depth,omitzero"`           // nesting of arrays and objects in a request
	ID         int   `json:"id,omitzero"`              // bytes of an id
	CallMillis int64 `json:"call_timeout_ms,omitzero"` // for one call, unless its method says otherwise
}

// SpecsMethod is one method of [Specs].
type SpecsMethod struct {
	Name    string `json:"name"`
	Doc     string `json:"doc"`
	Private bool   `json:"private"`

	ReadOnly   bool `json:"read_only,omitzero"`
	Idempotent bool `json:"idempotent,omitzero"`
}

// specs is get_service_specs. What a caller may not call, it does not hear of.
func (s *Service) specs(ctx context.Context, _ None) (Specs, error) {
	c := &s.config
	specs := Specs{
		Name: c.Name, Version: c.Version, Description: c.Description, Endpoint: c.Endpoint,
		Limits: SpecsLimits{
			Body:       published(c.Limits.Body),
			BatchItems: published(c.Limits.BatchItems),
			Response:   published(c.Limits.Response),
			Depth:      published(c.Limits.Depth),
			ID:         published(c.Limits.ID),
			CallMillis: duration(c.Limits.Call).Milliseconds(),
		},
	}
	for _, m := range s.visible(ctx) {
		specs.Methods = append(specs.Methods, SpecsMethod{Name: m.Name, Doc: m.Doc, Private: m.Private, ReadOnly: m.ReadOnly, Idempotent: m.Idempotent})
	}
	return specs, nil
}

// visible lists the methods that the caller behind ctx may call, but for those of the protocol itself.
func (s *Service) visible(ctx context.Context) []*registered {
	var list []*registered
	request := RequestFrom(ctx)
	for _, m := range s.sorted() {
		if strings.HasPrefix(m.Name, protocolPrefix) {
			continue
		}
		if m.Private {
			asked := Request{Method: &m.Method, Peer: request.Peer}
			if !s.mayCall(ctx, &asked) {
				continue
			}
		}
		list = append(list, m)
	}
	return list
}

// mayCall reports whether a call that is not made would be authorized.
func (s *Service) mayCall(ctx context.Context, asked *Request) bool {
	defer asked.finish()
	denied, _ := s.authorize(ctx, asked)
	return denied == nil
}

// published is a limit as others read it: 0, which is left out, for none.
func published(limit int) int { return max(limit, 0) }
