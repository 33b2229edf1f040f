package codec_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/codec"
)

// hall is room for so many bytes.
type hall struct{ size, held, asked int }

func (h *hall) Hold(size int) bool {
	if h.asked++; size > h.size {
		return false
	}
	h.held = max(h.held, size)
	return true
}

// TestWriter_takesRoomBeforeMemory holds that memory is never ahead of the room for it, and that room is not asked for
// at each write.
func TestWriter_takesRoomBeforeMemory(t *testing.T) {
	room := &hall{size: 1 << 20}
	w := codec.Writer{Limit: 1 << 30, Room: room, Free: 2048}
	text := []byte(strings.Repeat("x", 100))
	var steps int
	for range 1 << 20 / 100 {
		if _, err := w.Write(text); err != nil {
			t.Fatalf("Write = %v after %d bytes, want nil up to 1 MiB", err, len(w.Bytes))
		}
		if len(w.Bytes) < 600<<10 { // from where on there is too little for another step
			steps = room.asked
		}
		if len(w.Bytes) > 2048 && cap(w.Bytes) > room.held+room.held/3 { // the runtime rounds up
			t.Fatalf("%d bytes are in use, and there is room for %d", cap(w.Bytes), room.held)
		}
	}
	if steps > 30 {
		t.Errorf("room was asked for %d times up to 600 KiB, want a step for each half more", steps)
	}
	length, asked := len(w.Bytes), room.asked
	if n, err := w.Write(make([]byte, 10<<20)); n != 0 || !errors.Is(err, codec.ErrNoRoom) || len(w.Bytes) != length || cap(w.Bytes) > 2<<20 {
		t.Errorf("Write of 10 MiB = %d, %v and %d bytes; want 0, ErrNoRoom and nothing more", n, err, cap(w.Bytes))
	}
	if room.asked == asked {
		t.Error("room was not asked for")
	}
	if err := codec.Encode(&w, strings.Repeat("y", 1<<20)); !errors.Is(err, codec.ErrNoRoom) {
		t.Errorf("Encode = %v, want ErrNoRoom", err)
	}
}

func TestWriter_CutBack_dropsMemoryWithoutRoom(t *testing.T) {
	w := codec.Writer{Bytes: make([]byte, 100, 1000), Limit: 1 << 30, Room: &hall{size: 1 << 10}, Free: 1000}
	w.CutBack(10)
	if cap(w.Bytes) != 1000 {
		t.Errorf("memory that has room is dropped: %d bytes are left, want 1000", cap(w.Bytes))
	}
	w.Bytes = append(w.Bytes, make([]byte, 1<<20)...)
	if err := w.Reserve(0); !errors.Is(err, codec.ErrNoRoom) {
		t.Errorf("Reserve = %v, want ErrNoRoom", err)
	}
	if w.CutBack(10); cap(w.Bytes) > 1000 {
		t.Errorf("memory without room is kept: %d bytes", cap(w.Bytes))
	}
}

func TestWriter_ReserveKeepsTheLimit(t *testing.T) {
	w := codec.Writer{Bytes: make([]byte, 10), Limit: 20}
	if err := w.Reserve(10); err != nil {
		t.Errorf("Reserve(10) = %v, want nil", err)
	}
	if err := w.Reserve(11); !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("Reserve(11) = %v, want ErrTooLarge", err)
	}
	w.Limit = 9
	if err := w.Reserve(0); !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("Reserve(0) beyond the limit = %v, want ErrTooLarge", err)
	}
}
