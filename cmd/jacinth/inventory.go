package main

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/remote"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// inventory is what a service says of itself, and what of that it says only to whoever has the token.
type inventory struct {
	service *remote.Service
	known   *remote.Description
	added   map[string]bool // by the token; nil when there is none
}

// takeInventory asks the service what it has: twice, if there is a token.
func takeInventory(ctx context.Context, service *remote.Service) (*inventory, error) {
	known, err := service.Describe(ctx)
	if err != nil {
		return nil, err
	}
	i := &inventory{service: service, known: known}
	if !service.HasToken() {
		return i, nil
	}
	public, err := service.Anonymous().Describe(ctx)
	i.added = map[string]bool{}
	for _, m := range known.Methods {
		i.added[m.Name] = err != nil || public.Method(m.Name) == nil // one that wants a token to describe itself adds all
	}
	return i, nil
}

// methods iterates over the methods but those of the protocol itself.
func (i *inventory) methods() iter.Seq[*openrpc.Method] {
	return func(yield func(*openrpc.Method) bool) {
		for at := range i.known.Methods {
			m := &i.known.Methods[at]
			if !strings.HasPrefix(m.Name, "rpc.") && !yield(m) {
				return
			}
		}
	}
}

// isPrivate reports whether a method is known to need a token.
func (i *inventory) isPrivate(m *openrpc.Method) bool {
	return m.XJacinth != nil && m.XJacinth.Private || i.added[m.Name]
}

func (i *inventory) hasPrivate() bool {
	for m := range i.methods() {
		if i.isPrivate(m) {
			return true
		}
	}
	return false
}

// access says who may call a method.
func (i *inventory) access(m *openrpc.Method) string {
	if i.isPrivate(m) {
		return "token"
	}
	return "public"
}

// tokenSentence says what the token adds, or that there is none. It is empty where that is nothing to speak of.
func (i *inventory) tokenSentence() string {
	if i.added == nil {
		if i.known.XJacinth != nil && (i.known.Raw == nil || i.known.XJacinth.TokenHeader != "") {
			return "\nThere may be more for callers with a token: --token-file or JACINTH_TOKEN shows what it adds.\n"
		}
		return ""
	}
	count := 0
	for m := range i.methods() {
		if i.added[m.Name] {
			count++
		}
	}
	switch count {
	case 0:
		return "\nThe token adds nothing to that: it is not known there, or there is nothing that it opens.\n"
	case 1:
		return "\nThe token adds 1 method.\n"
	}
	return fmt.Sprintf("\nThe token adds %d methods.\n", count)
}
