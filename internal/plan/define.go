package plan

import (
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

// Definitions collects the schemas of named types, which other schemas refer to: structs, and whatever holds itself.
// What a type is as params and what it is as a result are two things. It is not safe for concurrent use.
type Definitions struct {
	prefix string
	list   []*definition
	byKey  map[definitionKey]*definition
}

type definitionKey struct {
	of       reflect.Type
	isResult bool
}

// definition is the schema of one named type.
type definition struct {
	definitionKey
	name   string
	schema *openrpc.Schema   // nil while it is being made
	refs   []*openrpc.Schema // that name it, once it has its name
}

// NewDefinitions returns definitions that references name by prefix and the name of the type.
func NewDefinitions(prefix string) *Definitions {
	return &Definitions{prefix: prefix, byKey: map[definitionKey]*definition{}}
}

// define returns the schema that build makes, or a reference to it: for a type with a name that is always defined, and
// for one that turns out to hold itself.
func (d drawing) define(of reflect.Type, always bool, build func() *openrpc.Schema) *openrpc.Schema {
	if of == nil || of.Name() == "" {
		return build()
	}
	key := definitionKey{of, d.isResult}
	if known := d.byKey[key]; known != nil {
		return known.refer()
	}
	def := &definition{definitionKey: key}
	d.byKey[key] = def
	place := len(d.list)
	d.list = append(d.list, def)
	schema := build()
	if !always && len(def.refs) == 0 {
		delete(d.byKey, key)
		d.list = slices.Delete(d.list, place, place+1)
		return schema
	}
	def.schema = schema
	return def.refer()
}

func (def *definition) refer() *openrpc.Schema {
	ref := &openrpc.Schema{Ref: "#"} // [Definitions.Schemas] has the name
	def.refs = append(def.refs, ref)
	return ref
}

// Schemas gives every definition its name, completes all references to it, and returns the definitions in the order of
// their names. It is called once, when all methods have been described.
func (d *Definitions) Schemas() openrpc.Properties {
	d.name()
	var schemas openrpc.Properties
	for _, def := range d.list {
		for _, ref := range def.refs {
			ref.Ref = d.prefix + def.name
		}
		schemas = append(schemas, openrpc.Property{Name: def.name, Schema: def.schema})
	}
	slices.SortFunc(schemas, func(a, b openrpc.Property) int { return strings.Compare(a.Name, b.Name) })
	return schemas
}

// name names definitions after their types. Where types of several packages have one name, that of the package goes
// before it; where one type is described both as params and as a result, the former is an Input.
func (d *Definitions) name() {
	packages := map[string]map[string]bool{}
	for _, def := range d.list {
		def.name = readable(def.of.Name())
		if packages[def.name] == nil {
			packages[def.name] = map[string]bool{}
		}
		packages[def.name][def.of.PkgPath()] = true
	}
	taken := map[string]bool{}
	for _, def := range d.list {
		name := def.name
		if len(packages[name]) > 1 {
			name = path.Base(def.of.PkgPath()) + "." + name
		}
		if !def.isResult && d.byKey[definitionKey{def.of, true}] != nil {
			name += "Input"
		}
		// Names are left that are alike: those of packages may be, and functions may declare types of one name.
		def.name = name
		for number := 2; taken[def.name]; number++ {
			def.name = name + strconv.Itoa(number)
		}
		taken[def.name] = true
	}
}

// readable turns the name of a Go type into the name of a component: Page[example.org/shop.Item] into PageOfItem.
func readable(name string) string {
	var b strings.Builder
	for name != "" {
		end := strings.IndexAny(name, "[],*{} ;·")
		switch {
		case end < 0:
			end = len(name)
		case end == 0:
			_, end = utf8.DecodeRuneInString(name)
		}
		word := name[:end]
		name = name[end:]
		switch word {
		case "[":
			if strings.HasPrefix(name, "]") {
				b.WriteString("List")
			}
			b.WriteString("Of")
		case ",":
			b.WriteString("And")
		case "·": // the number of a type that a function declares follows
			name = strings.TrimLeft(name, "0123456789")
		default:
			writeWord(&b, word[strings.LastIndexAny(word, "./")+1:])
		}
	}
	return b.String()
}

// writeWord writes the letters that the name of a component may have, the first of them large when others come before.
func writeWord(b *strings.Builder, word string) {
	for i := range len(word) {
		letter := word[i]
		switch {
		case letter >= utf8.RuneSelf || !strings.ContainsRune(letters, rune(letter)):
			if utf8.RuneStart(letter) && len(word) > 1 {
				b.WriteByte('_')
			}
		case i == 0 && b.Len() > 0 && 'a' <= letter && letter <= 'z':
			b.WriteByte(letter - 'a' + 'A')
		default:
			b.WriteByte(letter)
		}
	}
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
