package interop_test

import (
	"testing"
	"time"
)

// notes are the texts that came with notifications, in the order in which they ran.
type notes chan string

func newNotes() notes { return make(notes, 16) }

// expect waits for the next text.
func (n notes) expect(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-n:
		if got != want {
			t.Errorf("a notification ran with %q, want %q", got, want)
		}
	case <-time.After(30 * time.Second):
		t.Errorf("the notification with %q did not run", want)
	}
}

// none checks that nothing has run that was not expected.
func (n notes) none(t *testing.T) {
	t.Helper()
	select {
	case got := <-n:
		t.Errorf("a notification ran with %q, want none", got)
	default:
	}
}
