package jacinth

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/lazyctx"
)

// unencodable is a frame whose values are not to be encoded.
type unencodable struct{ frame }

var errInner = errors.New("a value was encoded")

func (unencodable) encode(*codec.Writer, any) error   { return errInner }
func (unencodable) encodeInPlace(*codec.Writer) error { return errInner }

// TestHostile_descriptionsAreCopied holds that no value is encoded for a caller: what was encoded once is copied, alone and
// behind middleware.
func TestHostile_descriptionsAreCopied(t *testing.T) {
	s := New(Config{Name: "copied"})
	s.freeze()
	ctx := &callContext{Context: lazyctx.Context{Context: context.Background()}}
	for _, name := range []string{discoverName, specsName} {
		d, _ := s.methods[name].frame().(*description)
		d.frame = unencodable{d.frame}
		w := codec.Writer{Limit: math.MaxInt}
		if err := d.callInPlace(ctx); err != nil {
			t.Fatal(err)
		}
		if err := d.encodeInPlace(&w); err != nil || len(w.Bytes) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	d, _ := s.methods[discoverName].frame().(*description)
	d.frame = unencodable{d.frame}
	result, err := d.call(ctx)
	if err != nil {
		t.Fatal(err)
	}
	w := codec.Writer{Limit: math.MaxInt}
	if err := d.encode(&w, result); err != nil || len(w.Bytes) == 0 {
		t.Errorf("%s behind middleware: %v", discoverName, err)
	}
}

// TestHostile_noRoomIsTakenForADescriptionThatDoesNotFit holds that the limit of a reply comes first.
func TestHostile_noRoomIsTakenForADescriptionThatDoesNotFit(t *testing.T) {
	s := New(Config{Name: "long"})
	s.freeze()
	for name, appendTo := range map[string]func(*codec.Writer, []int32) error{discoverName: s.documents.appendDocument, specsName: s.documents.appendSpecs} {
		whole := codec.Writer{Limit: math.MaxInt}
		if err := appendTo(&whole, []int32{0}); err != nil {
			t.Fatal(err)
		}
		tight := codec.Writer{Limit: len(whole.Bytes) - 1}
		if err := appendTo(&tight, []int32{0}); !errors.Is(err, codec.ErrTooLarge) || tight.Bytes != nil {
			t.Errorf("%s with a byte too few of room: %v, and %d bytes are taken; want none", name, err, cap(tight.Bytes))
		}
		exact := codec.Writer{Limit: len(whole.Bytes)}
		if err := appendTo(&exact, []int32{0}); err != nil {
			t.Errorf("%s with just the room that it needs: %v", name, err)
		}
	}
}

// fullRoom is a codec.Room that others have taken.
type fullRoom struct{}

func (fullRoom) Hold(int) bool { return false }

// TestHostile_noMemoryIsTakenForADescriptionWithoutRoom holds that the room beside other replies comes before the memory.
func TestHostile_noMemoryIsTakenForADescriptionWithoutRoom(t *testing.T) {
	s := New(Config{Name: "long"})
	s.freeze()
	for name, appendTo := range map[string]func(*codec.Writer, []int32) error{discoverName: s.documents.appendDocument, specsName: s.documents.appendSpecs} {
		w := codec.Writer{Limit: math.MaxInt, Room: fullRoom{}}
		if err := appendTo(&w, []int32{0}); !errors.Is(err, codec.ErrNoRoom) || w.Bytes != nil {
			t.Errorf("%s where all room is taken: %v, and %d bytes are taken; want %v and none", name, err, cap(w.Bytes), codec.ErrNoRoom)
		}
	}
}
