package web_test

import (
	"os"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Main(m)) }
