package discovery

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/jacinth-rpc/jacinth"
)

// Static is a registry that is a fixed list. It is safe for concurrent use.
type Static struct {
	instances []jacinth.Instance // in order
}

// NewStatic makes a registry of the URLs of each service:
//
//	registry, err := discovery.NewStatic(map[string][]string{
//		"billing": {"http://10.0.0.7:8000/api", "http://10.0.0.8:8000/api"},
//	})
//
// The ID of an instance is its URL, and it is taken to be ready. NewStatic fails with a sentence if a name or a URL
// cannot be one.
func NewStatic(services map[string][]string) (*Static, error) {
	s := &Static{}
	for service, urls := range services {
		for _, url := range urls {
			instance := jacinth.Instance{ID: url, Service: service, URL: url, Ready: true}
			if err := checkURL(url); err != nil {
				return nil, err
			}
			if err := checkInstance(&instance); err != nil {
				return nil, err
			}
			s.instances = append(s.instances, instance)
		}
	}
	slices.SortFunc(s.instances, byServiceAndID)
	s.instances = slices.CompactFunc(s.instances, func(a, b jacinth.Instance) bool { return byServiceAndID(a, b) == 0 })
	return s, nil
}

// Register fails with [jacinth.ErrReadOnly].
func (s *Static) Register(context.Context, jacinth.Instance) (jacinth.Lease, error) {
	return nil, fmt.Errorf("the registry is a fixed list: %w", jacinth.ErrReadOnly)
}

// Watch yields the instances of a service once.
func (s *Static) Watch(ctx context.Context, service string) iter.Seq2[[]jacinth.Instance, error] {
	return func(yield func([]jacinth.Instance, error) bool) {
		if err := checkName(service); err != nil {
			refuse(ctx, err, yield)
			return
		}
		set := []jacinth.Instance{}
		for _, instance := range s.instances {
			if instance.Matches(service) {
				set = append(set, instance)
			}
		}
		if ctx.Err() == nil && yield(set, nil) {
			<-ctx.Done()
		}
	}
}
