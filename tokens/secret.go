package tokens

import (
	"fmt"
	"io"
	"log/slog"
)

const masked = "***"

// Secret holds the text of a new token, which exists nowhere else. Printed, logged or encoded in whatever way it is
// ***; only [Secret.Reveal] gives the text away. It is safe for concurrent use.
type Secret struct {
	// A function and not a string: fmt cannot call the methods of an unexported field and prints what is in it, as
	// do programs that dump values by reflection.
	reveal func() string
}

// newSecret wraps text.
func newSecret(text string) Secret { return Secret{reveal: func() string { return text }} }

// Reveal returns the token, to be shown to whoever asked for it, once. It is empty for the zero Secret.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// String returns ***.
func (s Secret) String() string { return masked }

// GoString returns ***.
func (s Secret) GoString() string { return masked }

// Format prints *** whatever the verb.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, masked) }

// LogValue returns ***.
func (s Secret) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText returns ***.
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// MarshalJSON returns "***".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + masked + `"`), nil }

// MarshalBinary returns ***, for encoding/gob and its like.
func (s Secret) MarshalBinary() ([]byte, error) { return []byte(masked), nil }

// MarshalYAML returns ***; the packages for YAML look for this method.
func (s Secret) MarshalYAML() (any, error) { return masked, nil }
