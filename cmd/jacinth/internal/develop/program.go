package develop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// program is what the go command knows of the program that is developed: where its source is.
type program struct {
	importPath string
	root       string   // folder of its module
	dirs       []string // folders of its packages outside of the standard library and the module cache
	embeds     []embed
	others     []string // folders with a go.work
}

// embed is a pattern of a go:embed line, and the folder that it counts from.
type embed struct{ dir, pattern string }

// listed is what `go list` says of a package.
type listed struct {
	Dir, ImportPath, Name string
	DepOnly               bool
	Standard              bool
	EmbedPatterns         []string
	EmbedFiles            []string
	Module                *struct {
		Dir     string
		Main    bool
		Replace *struct{ Version string }
	}
	Error *struct{ Err string }
}

// local reports whether the source of the package may change while it is worked on.
func (p *listed) local() bool {
	return !p.Standard && p.Dir != "" && p.Module != nil && (p.Module.Main || p.Module.Replace != nil && p.Module.Replace.Version == "")
}

// list finds out where the source of a program is. A program that does not compile has some too.
func list(ctx context.Context, pattern string) (*program, error) {
	fields := "-json=Dir,ImportPath,Name,DepOnly,Standard,EmbedPatterns,EmbedFiles,Module,Error"
	output, err := goCommand(ctx, "list", "-e", "-deps", fields, "--", pattern)
	if err != nil {
		return nil, err
	}
	p := &program{}
	decoder := json.NewDecoder(bytes.NewReader(output))
	for {
		var each listed
		if err := decoder.Decode(&each); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if !each.DepOnly {
			if err := p.take(&each, pattern); err != nil {
				return nil, err
			}
		}
		if each.local() {
			p.addDir(each.Dir)
			for _, name := range each.EmbedFiles {
				p.addDir(filepath.Dir(filepath.Join(each.Dir, name)))
			}
			for _, pattern := range each.EmbedPatterns {
				p.embeds = append(p.embeds, embed{each.Dir, strings.TrimPrefix(pattern, "all:")})
			}
		}
	}
	if workspace, err := goCommand(ctx, "env", "GOWORK"); err == nil {
		if name := string(bytes.TrimSpace(workspace)); name != "" && name != "off" {
			p.others = append(p.others, filepath.Dir(name))
		}
	}
	return p, nil
}

// take notes the package that is the program, and fails if it cannot be one.
func (p *program) take(main *listed, pattern string) error {
	switch {
	case p.importPath != "":
		return fmt.Errorf("%s is several packages, and one program is run at a time", pattern)
	case main.Module == nil || main.Dir == "":
		reason := "it is in no module"
		if main.Error != nil {
			reason = main.Error.Err
		}
		return fmt.Errorf("%s cannot be built: %s", pattern, reason)
	case main.Name != "main" && main.Name != "":
		return fmt.Errorf("%s is a package for others to import, not a program: it is named %s, not main", main.ImportPath, main.Name)
	}
	p.importPath, p.root = main.ImportPath, main.Module.Dir
	return nil
}

func (p *program) addDir(dir string) {
	if !slices.Contains(p.dirs, dir) {
		p.dirs = append(p.dirs, dir)
	}
}

// name is what the executable is called.
func (p *program) name() string { return path.Base(p.importPath) }

// matters reports whether a change of the file can change the program. Files that editors make beside the one that is
// edited do not.
func (p *program) matters(name string) bool {
	base := filepath.Base(name)
	for _, e := range p.embeds {
		if e.has(name) && !isScratch(base) {
			return true
		}
	}
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return false // the go command does not see it either
	}
	switch base {
	case "go.mod", "go.sum", "go.work", "go.work.sum":
		return true
	}
	switch filepath.Ext(base) {
	case ".go":
		return !strings.HasSuffix(base, "_test.go")
	case ".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".m", ".s", ".S", ".syso":
		return true
	}
	return false
}

// isScratch reports whether editors make files of that name and take them away again: emacs, vim, JetBrains and others.
func isScratch(base string) bool {
	return strings.HasPrefix(base, ".#") || strings.HasPrefix(base, "#") || strings.HasSuffix(base, "~") || base == "4913" ||
		strings.HasSuffix(base, ".swp") || strings.HasSuffix(base, ".swx") || strings.HasSuffix(base, "___")
}

// has reports whether the pattern embeds the file, or a folder that it is in.
func (e embed) has(name string) bool {
	relative, err := filepath.Rel(e.dir, name)
	if err != nil {
		return false
	}
	for at := filepath.ToSlash(relative); at != "." && !strings.HasPrefix(at, ".."); at = path.Dir(at) {
		if match, _ := path.Match(e.pattern, at); match {
			return true
		}
	}
	return false
}

// goCommand runs the go command and returns what it prints. Its error is what the go command says of it.
func goCommand(ctx context.Context, words ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", words...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 5 * time.Second // for the go command to take away what it has begun
	output, err := command.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && len(exit.Stderr) > 0 {
		return output, errors.New(strings.TrimRight(string(exit.Stderr), "\n"))
	}
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errors.New("the go command is not found: it builds what is run, so install Go and put it on the PATH")
	}
	return output, err
}
