package discovery_test

import (
	"testing"

	"github.com/jacinth-rpc/jacinth/discovery"
)

func TestCheck(t *testing.T) {
	good := instance("billing", "a")
	if err := discovery.Check(good); err != nil {
		t.Errorf("Check(%+v) = %v, want nil", good, err)
	}
	good.URL = "http://0.0.0.0:8000/api"
	if discovery.Check(good) == nil {
		t.Errorf("Check(%+v) = nil, want an error", good)
	}
}
