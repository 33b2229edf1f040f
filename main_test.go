package jacinth_test

import (
	"os"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/leaktest"
)

func TestMain(m *testing.M) {
	switch os.Getenv(childVariable) {
	case "":
	case fleetChild:
		runFleetChild()
		return
	case logChild, jsonLogChild:
		runLogChild(os.Getenv(childVariable) == jsonLogChild)
		return
	default:
		runChild()
		return
	}
	os.Exit(leaktest.Main(m))
}
