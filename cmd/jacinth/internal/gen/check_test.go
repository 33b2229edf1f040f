package gen_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestClient_isGo compiles and vets the Go clients of all documents, against the library of this checkout.
func TestClient_isGo(t *testing.T) {
	module := goModule(t)
	for name, document := range allDocuments(t) {
		write(t, filepath.Join(module, name, "client.go"), client(t, "go", document))
	}
	run(t, module, "go", "vet", "./...")
	if unformatted := run(t, module, "gofmt", "-l", "."); len(unformatted) > 0 {
		t.Errorf("gofmt would change %s", unformatted)
	}
}

// TestClient_isTypeScript has the compiler check the TypeScript clients, with all that it can be strict about.
func TestClient_isTypeScript(t *testing.T) {
	compiler := nodeTool(t, "tsc")
	dir := t.TempDir()
	arguments := []string{
		"--strict", "--noEmit", "--noUnusedLocals", "--noImplicitReturns", "--exactOptionalPropertyTypes",
		"--noUncheckedIndexedAccess", "--noImplicitOverride", "--isolatedModules", "--target", "es2022", "--module", "esnext",
		"--moduleResolution", "bundler", "--types", "",
	}
	for name, document := range allDocuments(t) {
		write(t, filepath.Join(dir, name+".ts"), client(t, "ts", document))
		arguments = append(arguments, name+".ts")
	}
	run(t, dir, compiler, arguments...)
}

// TestClient_isPython compiles the Python clients, imports them, and has a checker look at their types.
func TestClient_isPython(t *testing.T) {
	python := tool(t, "python3")
	dir := t.TempDir()
	for name, document := range allDocuments(t) {
		write(t, filepath.Join(dir, name+".py"), client(t, "python", document))
		run(t, dir, python, "-W", "error", "-m", "py_compile", name+".py")
		run(t, dir, python, "-W", "error", "-c", "import "+name)
	}
	t.Run("types", func(t *testing.T) {
		checker := nodeTool(t, "pyright")
		write(t, filepath.Join(dir, "pyrightconfig.json"), []byte(`{"pythonVersion":"3.11","typeCheckingMode":"standard"}`))
		run(t, dir, checker, "--warnings")
	})
}

// allDocuments are those that there are golden files of, and what services say of themselves.
func allDocuments(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{"discovered": discover(t, (&shop{}).service()), "shapes": discover(t, shapes())}
	for _, name := range documents(t) {
		all[name] = read(t, name)
	}
	return all
}

// goModule returns the directory of a new module that requires the library of this checkout.
func goModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root := checkout(t)
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	requirements, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	_, require, _ := strings.Cut(string(requirements), "require ")
	write(t, filepath.Join(dir, "go.sum"), sums)
	write(t, filepath.Join(dir, "go.mod"), []byte("module example.org/shop\n\ngo 1.26.0\n\n"+
		"require github.com/jacinth-rpc/jacinth v0.0.0\n\nrequire "+require+"\nreplace github.com/jacinth-rpc/jacinth => "+root+"\n"))
	return dir
}

// checkout is the directory of this checkout.
func checkout(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// nodeTool returns the path of a program of the packages in tools/node.
func nodeTool(t *testing.T, name string) string {
	t.Helper()
	tool(t, "node")
	path := filepath.Join(checkout(t), "tools", "node", "node_modules", ".bin", name)
	if _, err := os.Stat(path); err != nil {
		untested(t, name+" is not there; make deps installs it")
	}
	return path
}

// untested ends a test that lacks a program. Continuous integration lacks none: there, it fails.
func untested(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip("NOT TESTED: " + why)
}

// tool returns the path of a program.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		untested(t, name+" is not there; install it to have this tested")
	}
	return path
}

// run runs a program, which must succeed, and returns what it prints.
func run(t *testing.T, dir, program string, arguments ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "PYTHONDONTWRITEBYTECODE=1")
	var errors bytes.Buffer
	command.Stderr = &errors
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(program), strings.Join(arguments, " "), err, output, errors.Bytes())
	}
	return output
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
