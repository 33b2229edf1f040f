package main

import (
	"flag"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/jacinth-rpc/jacinth/internal/leaktest"
)

var update = flag.Bool("update", false, "write what commands print into scripts and documents, instead of comparing")

// TestMain makes the test binary the command itself where a script runs jacinth.
func TestMain(m *testing.M) {
	testscript.Main(watched{m}, map[string]func(){"jacinth": main})
}

// watched runs tests that may leave no goroutine behind.
type watched struct{ *testing.M }

func (w watched) Run() int { return leaktest.Main(w.M) }

// TestScripts runs testdata/script: each is what a user types, with what comes of it. Beside the commands of testscript
// there are those of session_test.go.
func TestScripts(t *testing.T) {
	environment := startFixtures(t)
	maps.Copy(environment, goEnvironment(t))
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: false,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Cmds:                sessionCommands,
		Setup: func(env *testscript.Env) error {
			for _, name := range slices.Sorted(maps.Keys(environment)) {
				env.Setenv(name, environment[name])
			}
			shop, stop, err := startShop() // one for each script, because it keeps what it is told
			if err != nil {
				return err
			}
			env.Defer(stop)
			env.Setenv("SHOP", shop)
			setScene(env)
			return nil
		},
	})
}

// goEnvironment lets the go command of a script use what is on this machine, and nothing else.
func goEnvironment(t *testing.T) map[string]string {
	t.Helper()
	names := []string{"GOCACHE", "GOMODCACHE", "GOROOT", "GOTOOLCHAIN"}
	output, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{"GOWORK": "off", "GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOTELEMETRY": "off", "CHECKOUT": checkout(t)}
	for i, value := range strings.Split(strings.TrimSuffix(string(output), "\n"), "\n") {
		environment[names[i]] = value
	}
	return environment
}

// checkout is the folder of the root module.
func checkout(t *testing.T) string {
	t.Helper()
	output, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/jacinth-rpc/jacinth").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(output))
}
