package tokens_test

import (
	"os"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/leaktest"
)

func TestMain(m *testing.M) {
	if child := os.Getenv(childVariable); child != "" {
		os.Exit(runChild(child))
	}
	os.Exit(leaktest.Main(m))
}
