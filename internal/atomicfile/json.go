package atomicfile

import (
	"errors"
	"fmt"

	"github.com/jacinth-rpc/jacinth/internal/codec"
)

// Decode reads a document, which is one JSON value and nothing else: member names are exact, and one that is unknown or
// comes twice is a fault, as is whatever follows the value, however far behind it.
func Decode(data []byte, into any) error {
	err := codec.DecodeKnown(data, into)
	if err == nil {
		return nil
	}
	if codec.Follows(data, err) {
		return errors.New("something follows its end")
	}
	if where := codec.Where(err); where != "" {
		return fmt.Errorf("it cannot be read as JSON, at %s: %w", where, err)
	}
	return fmt.Errorf("it cannot be read as JSON: %w", err)
}

// Encode writes a document for people to read too, or fails with [ErrTooLarge] before it has made more than limit bytes.
func Encode(document any, limit int) ([]byte, error) {
	return encode(document, limit, codec.EncodeIndented)
}

// EncodeCompact is Encode without indents and line ends, for a document that would not fit with them.
func EncodeCompact(document any, limit int) ([]byte, error) {
	return encode(document, limit, codec.Encode)
}

func encode(document any, limit int, into func(*codec.Writer, any) error) ([]byte, error) {
	const end = "\n"
	out := codec.Writer{Limit: limit - len(end)}
	if err := into(&out, document); errors.Is(err, codec.ErrTooLarge) {
		return nil, ErrTooLarge
	} else if err != nil {
		return nil, fmt.Errorf("it cannot be written as JSON: %w", err)
	}
	return append(out.Bytes, end...), nil
}
