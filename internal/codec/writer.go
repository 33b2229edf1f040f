package codec

import (
	"errors"
	"math"
	"slices"
)

// What [Encode] ends with when the writer takes no more of a value.
var (
	ErrTooLarge = errors.New("the encoded value is larger than its limit")
	ErrNoRoom   = errors.New("there is no room for the encoded value beside others")
)

// Writer collects encoded JSON in Bytes, never more than Limit bytes in all. It is not safe for concurrent use.
type Writer struct {
	Bytes []byte
	Limit int

	Room Room // that Bytes takes with others; nil for as much as it likes
	Free int  // how long Bytes may become before Room is asked; Reserve raises it
}

// Room is what many writers share.
type Room interface {
	// Hold takes as much more room as makes size bytes with what it holds, or nothing and false.
	Hold(size int) bool
}

// Write appends p to Bytes, or refuses all of it with [ErrTooLarge] or [ErrNoRoom].
func (w *Writer) Write(p []byte) (int, error) {
	if err := w.Reserve(len(p)); err != nil {
		return 0, err
	}
	w.Bytes = append(w.Bytes, p...)
	return len(p), nil
}

// Reserve asks for n more bytes before they are appended to Bytes, or for those that have been if n is 0.
func (w *Writer) Reserve(n int) error {
	if n <= min(w.Free, w.Limit)-len(w.Bytes) {
		return nil
	}
	return w.grow(n)
}

// grow takes room for n more bytes. It takes the room before the memory, and counts all memory behind Bytes.
func (w *Writer) grow(n int) error {
	if n > w.Limit-len(w.Bytes) {
		return ErrTooLarge
	}
	if w.Room == nil {
		w.Free = math.MaxInt
		return nil
	}
	length := len(w.Bytes) + n
	if length <= w.Free {
		return nil
	}
	size := cap(w.Bytes)
	if length > size {
		size = max(length, min(size+size/2, w.Limit))
	}
	if !w.Room.Hold(size) {
		if size = length; !w.Room.Hold(size) {
			return ErrNoRoom
		}
	}
	if size > cap(w.Bytes) {
		w.Bytes = slices.Grow(w.Bytes, size-len(w.Bytes))
	}
	w.Free = size
	return nil
}

// CutBack takes back all but the first length bytes, and the memory behind them if there was no room for it.
func (w *Writer) CutBack(length int) {
	w.Bytes = w.Bytes[:length]
	if cap(w.Bytes) > w.Free {
		w.Bytes = slices.Clone(w.Bytes)
	}
}
