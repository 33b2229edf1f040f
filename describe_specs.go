package jacinth

import "context"

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

// specs is get_service_specs, for who wants its result as a value: see describing. What a caller may not call, it does
// not hear of.
func (s *Service) specs(ctx context.Context, _ None) (Specs, error) {
	visible, err := s.visible(ctx)
	if err != nil {
		return Specs{}, err
	}
	specs := s.frameOfSpecs()
	specs.Methods = make([]SpecsMethod, len(visible))
	for i, place := range visible {
		specs.Methods[i] = s.documents.listed[place].specs()
	}
	return specs, nil
}

// frameOfSpecs is all of the Specs but the methods.
func (s *Service) frameOfSpecs() Specs {
	c := &s.config
	return Specs{
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
}

func (m *registered) specs() SpecsMethod {
	return SpecsMethod{Name: m.Name, Doc: m.Doc, Private: m.Private, ReadOnly: m.ReadOnly, Idempotent: m.Idempotent}
}

// visible lists the places in documents.listed of the methods that the caller behind ctx may call. That is found out
// once for a body, and no longer than until ctx ends. The list is shared.
func (s *Service) visible(ctx context.Context) ([]int32, error) {
	request := RequestFrom(ctx)
	found, err := request.Once(ctx, s.documents, func() (any, error) { return s.mayCall(ctx, request) })
	if err != nil {
		return nil, err
	}
	places, _ := found.(*[]int32)
	return *places, nil
}

func (s *Service) mayCall(ctx context.Context, request *Request) (*[]int32, error) {
	places := make([]int32, 0, len(s.documents.listed))
	for i, m := range s.documents.listed {
		if m.Private {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if !s.probe(ctx, request, &m.Method) {
				if err := ctx.Err(); err != nil {
					return nil, err // it may be denied for that alone
				}
				continue
			}
		}
		places = append(places, int32(i))
	}
	return &places, nil
}

// probe reports whether a call of a method, which is not made, would be authorized for the sender of a request.
func (s *Service) probe(ctx context.Context, request *Request, method *Method) bool {
	asked := Request{Method: method, Peer: request.Peer, Probe: true, memo: request.memo, body: request.body}
	defer asked.finish()
	denied, _ := s.authorize(ctx, &asked)
	return denied == nil
}

// published is a limit as others read it: 0, which is left out, for none.
func published(limit int) int { return max(limit, 0) }
