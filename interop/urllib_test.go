package interop_test

import (
	"path/filepath"
	"testing"
)

func TestService_answersUrllib(t *testing.T) {
	need(t, "python3")
	testService(t, func(t *testing.T, url, token string) caller {
		return run(t, "python3", filepath.Join("testdata", "urllib.py"), url, token).caller()
	})
}
