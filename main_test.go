package jacinth_test

import (
	"os"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/leaktest"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		runChild()
		return
	}
	os.Exit(leaktest.Main(m))
}
