package tokens_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth/tokens"
)

// slowFile is a file of one token, which a second process has revoked, and whose next reading takes until free is called.
func slowFile(t *testing.T) (store *tokens.File, id string, free func()) {
	t.Helper()
	store, path := newFile(t)
	_, record := issue(t, store, tokens.Draft{Name: "n"})
	other, err := tokens.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	reading := make(chan struct{})
	tokens.LingerOnce(store, func() { <-reading })
	if _, err := tokens.Revoke(t.Context(), other, record.ID); err != nil {
		t.Fatal(err)
	}
	return store, record.ID, sync.OnceFunc(func() { close(reading) })
}

// lookup looks up a token, and says how long that took.
func lookup(ctx context.Context, t *testing.T, store *tokens.File, id string) (revoked bool, took time.Duration, err error) {
	t.Helper()
	start := time.Now()
	record, err := store.Lookup(ctx, id)
	return !record.Revoked.IsZero(), time.Since(start), err
}

// TestHostile_lookupsDoNotWaitForTheReadingOfAFile: a file of 100,000 tokens takes a while to read, on a slow disk more.
func TestHostile_lookupsDoNotWaitForTheReadingOfAFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, id, free := slowFile(t)
		defer free()
		time.Sleep(time.Second)
		for i := range 300 { // 3 s
			revoked, took, err := lookup(t.Context(), t, store, id)
			if most := 5 * time.Millisecond; revoked || err != nil || took > most || i > 0 && took > 0 {
				t.Fatalf("look-up %d = revoked %v, %v, after %v; want what was read before, at once", i, revoked, err, took)
			}
			time.Sleep(10 * time.Millisecond)
		}
		free()
		synctest.Wait()
		if revoked, took, err := lookup(t.Context(), t, store, id); !revoked || err != nil || took > 0 {
			t.Errorf("a look-up after the reading = revoked %v, %v, after %v, want it revoked", revoked, err, took)
		}
	})
}

// TestHostile_nothingOldIsTrustedForLong: a file that cannot be read for long is a store that is down.
func TestHostile_nothingOldIsTrustedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, id, free := slowFile(t)
		defer free()
		time.Sleep(5 * time.Second)
		revoked, took, err := lookup(t.Context(), t, store, id)
		if err == nil || errors.Is(err, tokens.ErrNotFound) || took != 3*time.Second {
			t.Errorf("a look-up 5 s after the last look = revoked %v, %v, after %v, want an error that is no answer, after 3s", revoked, err, took)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, took, err := lookup(ended, t, store, id); !errors.Is(err, context.Canceled) || took > 0 {
			t.Errorf("a look-up of a call that is over = %v, after %v, want %v at once", err, took, context.Canceled)
		}
		time.AfterFunc(time.Second, free)
		if revoked, took, err = lookup(t.Context(), t, store, id); !revoked || err != nil || took != time.Second {
			t.Errorf("a look-up that waits for the reading = revoked %v, %v, after %v, want it revoked after 1s", revoked, err, took)
		}
	})
}

// TestHostile_anOldReadingDoesNotHideARevocation has a process read the file, and revoke a token before it has parsed what
// it read.
func TestHostile_anOldReadingDoesNotHideARevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, path := newFile(t)
		_, record := issue(t, store, tokens.Draft{Name: "n"})
		other, err := tokens.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		issue(t, other, tokens.Draft{Name: "a change"})
		reading := make(chan struct{})
		tokens.LingerOnce(store, func() { <-reading })
		time.Sleep(time.Second)
		if _, err := store.Lookup(t.Context(), record.ID); err != nil { // begins the reading
			t.Fatal(err)
		}
		if _, err := tokens.Revoke(t.Context(), store, record.ID); err != nil {
			t.Fatal(err)
		}
		for _, when := range []string{"at once", "when the reading that began before is over"} {
			if revoked, _, err := lookup(t.Context(), t, store, record.ID); !revoked || err != nil {
				t.Errorf("a look-up in the process that revoked, %s = revoked %v, %v, want it revoked", when, revoked, err)
			}
			if when == "at once" {
				close(reading)
				synctest.Wait()
			}
		}
	})
}
