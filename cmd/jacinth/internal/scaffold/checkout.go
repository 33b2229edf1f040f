package scaffold

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/mod/modfile"
)

const rootModule = "github.com/jacinth-rpc/jacinth"

// A Checkout is a folder with the source of jacinth, which new services take it from until it is published.
type Checkout struct {
	Dir string // absolute
	Go  string // version of Go that it wants: 1.26.0

	requires []string // module and version
	sums     []byte   // its go.sum
}

// FindCheckout returns the checkout in dir or, when that is empty, the one that this program was built from or the one
// that the current folder is in.
func FindCheckout(dir string) (*Checkout, error) {
	if dir != "" {
		return readCheckout(dir)
	}
	for _, start := range []func() (string, error){sourceDir, os.Getwd} {
		at, err := start()
		for ; err == nil; at = filepath.Dir(at) {
			if checkout, err := readCheckout(at); err == nil {
				return checkout, nil
			}
			if at == filepath.Dir(at) {
				break
			}
		}
	}
	return nil, errors.New("the source of jacinth is not found, which is not published yet")
}

// sourceDir is where this file was when the program was built.
func sourceDir() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	if !ok || !filepath.IsAbs(file) { // built with -trimpath
		return "", errors.New("the program does not know where it was built")
	}
	return filepath.Dir(file), nil
}

// readCheckout reads what a new service needs to know of the checkout in dir.
func readCheckout(dir string) (*Checkout, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	name := filepath.Join(dir, "go.mod")
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	module, err := modfile.Parse(name, content, nil)
	if err != nil {
		return nil, err
	}
	if module.Module == nil || module.Module.Mod.Path != rootModule || module.Go == nil {
		return nil, fmt.Errorf("%s is not the go.mod of %s", name, rootModule)
	}
	c := &Checkout{Dir: dir, Go: module.Go.Version}
	for _, required := range module.Require {
		c.requires = append(c.requires, required.Mod.Path+" "+required.Mod.Version)
	}
	c.sums, err = os.ReadFile(filepath.Join(dir, "go.sum"))
	return c, err
}

// Quoted is the folder as it stands in a go.mod.
func (c *Checkout) Quoted() string { return modfile.AutoQuote(filepath.ToSlash(c.Dir)) }

// Indirect is what a go.mod says of the modules that the checkout requires, in the form that go mod tidy gives it.
func (c *Checkout) Indirect() string {
	if len(c.requires) == 1 {
		return "require " + c.requires[0] + " // indirect"
	}
	var block strings.Builder
	for _, module := range c.requires {
		block.WriteString("\t" + module + " // indirect\n")
	}
	return "require (\n" + block.String() + ")"
}

// GoImage is the tag of the container image of the Go that the checkout wants: 1.26.
func (c *Checkout) GoImage() string {
	parts := strings.SplitN(c.Go, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}
