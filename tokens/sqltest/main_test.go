package sqltest_test

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if p, err := onePostgres(); err == nil {
		if err := p.stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		_ = os.RemoveAll(p.directory)
	}
	os.Exit(code)
}
