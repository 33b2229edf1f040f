package discovery_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
)

const smallFile = 8 << 10 // bytes; what a full file is like does not depend on how large it is

// TestHostile_noFileIsWrittenThatWouldNotBeRead fills a registry with instances that are as long as they may be, of
// characters that become longer in JSON.
func TestHostile_noFileIsWrittenThatWouldNotBeRead(t *testing.T) {
	for name, c := range map[string]string{"characters that become longer": `"`, "characters that HTML minds": "&"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { fillRegistry(t, c) })
		})
	}
}

func fillRegistry(t *testing.T, c string) {
	path := filepath.Join(t.TempDir(), "services.json")
	reopen := func() *discovery.File {
		file, err := discovery.OpenSmallFile(path, smallFile)
		if err != nil {
			t.Fatalf("a file that was written cannot be read: %v", err)
		}
		return file
	}
	file := reopen()
	var leases []jacinth.Lease
	register := func(url, version string) bool {
		next := instance("billing", fmt.Sprintf("%05d", len(leases))+strings.Repeat(c, 123))
		next.URL, next.Version = url, version
		lease, err := file.Register(t.Context(), next)
		reopen()
		if err != nil {
			mentions(t, "Register in a full file", err, "the registry is full", "jacinth registry")
			return false
		}
		leases = append(leases, lease)
		return true
	}
	for register("http://a.test/"+strings.Repeat("a", 490), strings.Repeat(c, 64)) && len(leases) < smallFile/500 {
	}
	for rest := 400; rest > 0; rest -= 3 { // to the brim
		register("http://a.test/"+strings.Repeat("a", rest), "")
	}
	t.Logf("%d instances went into %d bytes", len(leases), smallFile)
	for i, lease := range leases { // those that are there can say what they like, and beat
		if err := lease.Ready(t.Context(), i%2 == 0); err != nil {
			t.Errorf("Ready in a full file = %v, want none", err)
		}
	}
	pass(20 * time.Second)
	watch := follow(t, reopen(), "billing")
	pass(seen)
	if len(watch.errors()) > 0 {
		t.Errorf("Watch of a full file = %v, want no errors", watch.errors())
	}
	for _, lease := range leases {
		closeLease(t, lease)
	}
	reopen()
}

// TestHostile_garbageBehindAFileIsAFault: wherever it lies, it may be what is left of another file.
func TestHostile_garbageBehindAFileIsAFault(t *testing.T) {
	path := filepath.Join(t.TempDir(), "services.json")
	for _, spaces := range []int{0, 1, 511, 512, 1000, 4096, 1 << 20} {
		if err := os.WriteFile(path, []byte(`{"format":1,"instances":[]}`+strings.Repeat(" ", spaces)+"garbage"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := discovery.OpenFile(path)
		mentions(t, fmt.Sprintf("OpenFile of a file with garbage behind %d spaces", spaces), err, path, "something follows its end")
	}
}
