package jacinth_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// modulePath is the path of the root module and of its root package.
const modulePath = "github.com/jacinth-rpc/jacinth"

// jsonModule is the one module that the root module requires.
const jsonModule = "github.com/go-json-experiment/json"

// importRules says which packages of this module a package may import, and why no others. Imports point down: the
// optional packages stand on the root, the root stands on leaves. Tests may import what they like of ours.
var importRules = map[string]struct {
	may    []string
	reason string
}{
	modulePath: {
		[]string{
			own("openrpc"), own("explorer"), own("internal/call"), own("internal/codec"), own("internal/gate"), own("internal/lazyctx"),
			own("internal/listener"), own("internal/netname"), own("internal/pause"), own("internal/plan"), own("internal/redact"), own("internal/wire"),
		},
		"it is what programs import, and stands on its leaves alone",
	},

	own("openrpc"):        {nil, "a description is data that tools read without a service"},
	own("explorer"):       {nil, "the page knows a service by rpc.discover only, as any browser does"},
	own("internal/wire"):  {nil, "messages are the same whatever carries and whatever answers them"},
	own("internal/codec"): {nil, "it is the one door to json/v2, so that leaving that is a change to one package"},
	own("internal/plan"): {
		[]string{own("internal/codec"), own("internal/wire"), own("openrpc")},
		"it knows types and messages, and describes in the terms of JSON Schema what it checks, but knows no services",
	},
	own("internal/testkit"):       {[]string{modulePath}, "it serves the tests of every package, and stands on what they test"},
	own("internal/leaktest"):      {nil, "it serves the tests of every package"},
	own("internal/testkit/proxy"): {nil, "it serves the tests of every package"},

	own("internal/redact"):  {nil, "what is fit to print of a URL is the same wherever it is printed"},
	own("internal/netname"): {nil, "what a host means is the same to whoever registers, calls or listens"},

	own("internal/call"): {
		[]string{
			own("internal/codec"), own("internal/lazyctx"), own("internal/netname"), own("internal/pause"), own("internal/redact"),
			own("internal/wire"),
		},
		"it brings calls to a service, and meets the API above it in its hooks alone",
	},
	own("internal/gate"):     {nil, "it counts, whatever runs"},
	own("internal/listener"): {nil, "connections end the same way, whatever is served over them"},
	own("internal/lazyctx"):  {nil, "it is a context, whatever runs in it"},
	own("internal/pause"):    {nil, "it is a length of time, whoever waits"},
	own("internal/filelock"): {nil, "a lock of a file is the same whatever is in the file"},
	own("internal/atomicfile"): {
		[]string{own("internal/codec"), own("internal/filelock")},
		"a file is read and replaced the same way whatever its document says",
	},

	own("tokens"):       {[]string{modulePath, own("internal/atomicfile")}, "optional packages stand side by side on the root; none drags another in"},
	own("discovery"):    {[]string{modulePath, own("internal/atomicfile"), own("internal/netname"), own("internal/redact")}, "optional packages stand side by side on the root; none drags another in"},
	own("jacinthtest"):  {[]string{modulePath}, "optional packages stand side by side on the root; none drags another in"},
	own("conform"):      {nil, "it checks servers of whatever library"},
	own("openrpc/diff"): {[]string{own("openrpc")}, "it compares documents, wherever they come from"},
	own("web"):          {[]string{modulePath}, "optional packages stand side by side on the root; none drags another in"},
}

// jsonJudges are the packages whose tests may import jsonModule: there it is the judge of what is right.
var jsonJudges = []string{own("openrpc"), own("internal/codec"), own("internal/plan"), own("internal/wire")}

// withHTTP are the packages below the root package that may know a transport. All others there are the same whatever carries a
// message.
var withHTTP = []string{own("internal/call"), own("internal/listener"), own("internal/testkit")}

// unsafeReasons are the imports that no file has, in any module of this repository. A test may import unsafe, to name
// the pointer that it sees refused.
var unsafeReasons = map[string]string{
	"unsafe": "a service reads hostile bytes, so the memory safety of Go is not given away",
	"C":      "programs are built for every platform without a C compiler",
}

// own returns the import path of a package of the root module.
func own(dir string) string { return path.Join(modulePath, dir) }

// listed is what `go list` says of a package.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
	Deps                               []string // all that it imports, directly or not
}

func TestImports_pointDown(t *testing.T) {
	packages := listPackages(t)
	if !slices.ContainsFunc(packages, func(p listed) bool { return p.ImportPath == modulePath }) {
		t.Fatalf("go list names %d packages, but not %s", len(packages), modulePath)
	}
	for _, p := range packages {
		for _, fault := range importFaults(p) {
			t.Error(fault)
		}
	}
}

func TestImports_oneRequirement(t *testing.T) {
	var module struct {
		Require []struct{ Path string }
		Replace []struct{ Old struct{ Path string } }
		Tool    []struct{ Path string }
	}
	if err := json.Unmarshal(goCommand(t, "mod", "edit", "-json"), &module); err != nil {
		t.Fatal(err)
	}
	if len(module.Require) != 1 || module.Require[0].Path != jsonModule || len(module.Replace)+len(module.Tool) > 0 {
		t.Errorf("go.mod = %+v, want one requirement, %s, and nothing else: whoever imports jacinth gets these too; "+
			"what needs more is a nested module", module, jsonModule)
	}
}

func TestImports_noUnsafe(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			base := entry.Name()
			if base == "testdata" || base == "node_modules" || name != "." && strings.HasPrefix(base, ".") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		files++
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, fault := range sourceFaults(filepath.ToSlash(name), file) {
			t.Error(fault)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Error("no Go file was read")
	}
}

// TestImportRules_findFaults shows that each rule can fail.
func TestImportRules_findFaults(t *testing.T) {
	for _, test := range []struct {
		fault string
		p     listed
	}{
		{"imports a package above it", listed{ImportPath: own("internal/wire"), Imports: []string{modulePath}}},
		{"a leaf imports a leaf", listed{ImportPath: own("openrpc"), Imports: []string{own("internal/codec")}}},
		{"imports its sibling", listed{ImportPath: own("tokens"), Imports: []string{modulePath, own("discovery")}}},
		{"the root imports what stands on it", listed{ImportPath: modulePath, Imports: []string{own("tokens")}}},
		{"is in no rule", listed{ImportPath: own("utils")}},
		{"imports another module", listed{ImportPath: modulePath, Imports: []string{"golang.org/x/sync/errgroup"}}},
		{"imports json/v2 beside codec", listed{ImportPath: own("internal/wire"), Imports: []string{jsonModule}}},
		{"tests another module's help", listed{ImportPath: modulePath, XTestImports: []string{"github.com/google/go-cmp/cmp"}}},
		{"tests with json/v2 far from it", listed{ImportPath: modulePath, TestImports: []string{jsonModule + "/jsontext"}}},
		{"internal reaches HTTP", listed{ImportPath: own("internal/plan"), Deps: []string{"net/http"}}},
	} {
		if faults := importFaults(test.p); len(faults) != 1 {
			t.Errorf("importFaults of a package that %s = %q, want one", test.fault, faults)
		}
	}
	for _, test := range []struct {
		fault, name, source string
	}{
		{"unsafe", "a.go", `import "unsafe"`},
		{"C", "a_test.go", `import "C"`},
		{"a linked name", "a.go", "//go:linkname now time.now\nfunc now()"},
		{"HTTP in the dispatcher", "dispatch.go", `import "net/http"`},
		{"what is internal in an example", "examples/hello/main.go", `import "github.com/jacinth-rpc/jacinth/internal/wire"`},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), test.name, "package a\n\n"+test.source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if faults := sourceFaults(test.name, file); len(faults) != 1 {
			t.Errorf("sourceFaults of a file with %s = %q, want one", test.fault, faults)
		}
	}
}

// importFaults returns a sentence for each import of a package that breaks a rule.
func importFaults(p listed) []string {
	var faults []string
	rule, known := importRules[p.ImportPath]
	if !known {
		faults = append(faults, fmt.Sprintf("%s is in no rule; say in importRules what it may import, and why", p.ImportPath))
	}
	for _, imported := range p.Imports {
		if isOwn(imported) && known && !slices.Contains(rule.may, imported) {
			faults = append(faults, fmt.Sprintf("%s imports %s, which it may not: %s", p.ImportPath, imported, rule.reason))
		}
		if isForeign(imported) && (!isJSON(imported) || p.ImportPath != own("internal/codec")) {
			faults = append(faults, fmt.Sprintf("%s imports %s: the root module stands on the standard library alone, and "+
				"on %s behind internal/codec", p.ImportPath, imported, jsonModule))
		}
	}
	for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
		if isForeign(imported) && (!isJSON(imported) || !slices.Contains(jsonJudges, p.ImportPath)) {
			faults = append(faults, fmt.Sprintf("the tests of %s import %s: the tests of the root module use the standard "+
				"library, and json/v2 only in those of %s", p.ImportPath, imported, strings.Join(jsonJudges, ", ")))
		}
	}
	if strings.HasPrefix(p.ImportPath, own("internal")+"/") && !slices.Contains(withHTTP, p.ImportPath) && slices.Contains(p.Deps, "net/http") {
		faults = append(faults, fmt.Sprintf("%s reaches net/http: messages and params are the same whatever carries "+
			"them", p.ImportPath))
	}
	return faults
}

// sourceFaults returns a sentence for each rule that a file breaks, which is named relative to the root with slashes.
func sourceFaults(name string, file *ast.File) []string {
	var faults []string
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s imports %s: %v", name, spec.Path.Value, err))
		}
		named := imported == "unsafe" && strings.HasSuffix(name, "_test.go")
		if reason, forbidden := unsafeReasons[imported]; forbidden && !named {
			faults = append(faults, fmt.Sprintf("%s imports %q: %s", name, imported, reason))
		}
		if name == "dispatch.go" && imported == "net/http" {
			faults = append(faults, fmt.Sprintf("%s imports %q: every binding calls the dispatcher, so it knows none", name, imported))
		}
		if strings.HasPrefix(name, "examples/") && strings.HasPrefix(imported, own("internal")+"/") {
			faults = append(faults, fmt.Sprintf("%s imports %q: an example shows what every reader can write", name, imported))
		}
	}
	for _, group := range file.Comments {
		for _, comment := range group.List {
			if strings.HasPrefix(comment.Text, "//go:linkname") {
				faults = append(faults, fmt.Sprintf("%s has %q: what others do not export can change under us", name, comment.Text))
			}
		}
	}
	return faults
}

// isOwn reports whether an import path is of the root module, as every path below it is that the module can import.
func isOwn(imported string) bool {
	return imported == modulePath || strings.HasPrefix(imported, modulePath+"/")
}

// isForeign reports whether an import path is neither ours nor the standard library's, whose first element has no dot.
func isForeign(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".") && !isOwn(imported)
}

// isJSON reports whether an import path is of jsonModule.
func isJSON(imported string) bool {
	return imported == jsonModule || strings.HasPrefix(imported, jsonModule+"/")
}

// listPackages returns the packages of the root module.
func listPackages(t *testing.T) []listed {
	t.Helper()
	fields := "-json=ImportPath,Imports,TestImports,XTestImports,Deps"
	decoder := json.NewDecoder(strings.NewReader(string(goCommand(t, "list", fields, "./..."))))
	var packages []listed
	for {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// goCommand returns what a go command prints, run in the directory of the root package.
func goCommand(t *testing.T, arguments ...string) []byte {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "go", arguments...).Output()
	if err != nil {
		var detail []byte
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			detail = exit.Stderr
		}
		t.Fatalf("go %s: %v\n%s", strings.Join(arguments, " "), err, detail)
	}
	return output
}
