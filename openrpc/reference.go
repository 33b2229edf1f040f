package openrpc

import (
	"fmt"
	"strings"
)

// maxReferences bounds a chain of references that name references; a longer one is taken for a circle.
const maxReferences = 16

// Resolve replaces, throughout the methods, each reference to a component of the document by a copy of that component,
// so that a reader needs to look in one place only. References of schemas stay, because schemas may refer to
// themselves: see [Document.Schema]. It fails with the first reference that leads nowhere, and has then replaced some.
func (d *Document) Resolve() error {
	var none Components
	in := d.Components
	if in == nil {
		in = &none
	}
	for i := range d.Methods {
		if err := in.resolveMethod(&d.Methods[i]); err != nil {
			return fmt.Errorf("openrpc: method %q: %w", d.Methods[i].Name, err)
		}
	}
	return nil
}

// Schema returns the schema that ref, such as "#/components/schemas/Person", names in the document, or nil if it names
// none there.
func (d *Document) Schema(ref string) *Schema {
	name, ok := componentName(ref, "schemas")
	if !ok || d.Components == nil {
		return nil
	}
	return d.Components.Schemas.Get(name)
}

func (c *Components) resolveMethod(m *Method) error {
	if m.Ref != "" {
		return fmt.Errorf("the reference %q does not lead to a component; methods cannot be components", m.Ref)
	}
	if err := resolveAll(m.Params, contentDescriptorRef, c.ContentDescriptors, "contentDescriptors"); err != nil {
		return err
	}
	if m.Result != nil {
		if err := resolve(m.Result, contentDescriptorRef, c.ContentDescriptors, "contentDescriptors"); err != nil {
			return err
		}
	}
	if err := resolveAll(m.Errors, func(e *Error) string { return e.Ref }, c.Errors, "errors"); err != nil {
		return err
	}
	if err := resolveAll(m.Tags, func(t *Tag) string { return t.Ref }, c.Tags, "tags"); err != nil {
		return err
	}
	if err := resolveAll(m.Links, func(l *Link) string { return l.Ref }, c.Links, "links"); err != nil {
		return err
	}
	pairingRef := func(e *ExamplePairing) string { return e.Ref }
	for i := range m.Examples {
		pairing := &m.Examples[i]
		if err := resolve(pairing, pairingRef, c.ExamplePairings, "examplePairings"); err != nil {
			return err
		}
		// A component's list is shared by all who refer to it, and replaced in only one of them.
		pairing.Params = append([]Example(nil), pairing.Params...)
		if err := resolveAll(pairing.Params, exampleRef, c.Examples, "examples"); err != nil {
			return err
		}
		if pairing.Result != nil {
			pairing.Result = new(*pairing.Result)
			if err := resolve(pairing.Result, exampleRef, c.Examples, "examples"); err != nil {
				return err
			}
		}
	}
	return nil
}

func contentDescriptorRef(c *ContentDescriptor) string { return c.Ref }

func exampleRef(e *Example) string { return e.Ref }

func resolveAll[T any](values []T, ref func(*T) string, components map[string]T, kind string) error {
	for i := range values {
		if err := resolve(&values[i], ref, components, kind); err != nil {
			return err
		}
	}
	return nil
}

// resolve follows value's reference, and that of what it finds, until there is none.
func resolve[T any](value *T, ref func(*T) string, components map[string]T, kind string) error {
	first := ref(value)
	for range maxReferences {
		if ref(value) == "" {
			return nil
		}
		name, ok := componentName(ref(value), kind)
		component, found := components[name]
		if !ok || !found {
			return fmt.Errorf("the reference %q leads to nothing in the components of the document", ref(value))
		}
		*value = component
	}
	return fmt.Errorf("the reference %q leads back to itself", first)
}

// componentName returns the name at the end of "#/components/<kind>/<name>", with the escapes of JSON pointers undone.
func componentName(ref, kind string) (name string, ok bool) {
	name, ok = strings.CutPrefix(ref, "#/components/"+kind+"/")
	if !ok || strings.Contains(name, "/") {
		return "", false
	}
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(name), true
}
