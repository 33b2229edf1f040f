package terminal

import (
	"bytes"
	"encoding/json"
	"strings"
)

// JSON returns raw, which must be valid, for people: a member a line, and in colours where the screen has them. Numbers,
// strings and the order of members stay as they came.
func (s *Screen) JSON(raw json.RawMessage) string {
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return Clean(string(raw))
	}
	if !s.Terminal {
		return out.String()
	}
	return s.coloured(Clean(out.String()))
}

// CompactJSON returns raw, which must be valid, in one line. A terminal gets what it would obey as the escapes that JSON
// has for it, which are the same value.
func (s *Screen) CompactJSON(raw json.RawMessage) string {
	if s.Terminal {
		return Clean(CompactJSON(raw))
	}
	return CompactJSON(raw)
}

// CompactJSON returns raw, which must be valid, in one line.
func CompactJSON(raw json.RawMessage) string {
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		return string(raw)
	}
	return out.String()
}

// coloured paints the tokens of indented JSON.
func (s *Screen) coloured(text string) string {
	if !s.colours {
		return text
	}
	var out strings.Builder
	for len(text) > 0 {
		end := tokenEnd(text)
		token := text[:end]
		text = text[end:]
		switch {
		case token[0] == '"' && strings.HasPrefix(text, ":"):
			out.WriteString(s.paint(blue, token))
		case token[0] == '"':
			out.WriteString(s.paint(green, token))
		case token == "true" || token == "false":
			out.WriteString(s.paint(yellow, token))
		case token == "null":
			out.WriteString(s.paint(faint, token))
		case token[0] == '-' || '0' <= token[0] && token[0] <= '9':
			out.WriteString(s.paint(cyan, token))
		default:
			out.WriteString(token)
		}
	}
	return out.String()
}

// tokenEnd is where the first token of valid JSON ends. Structure and space are tokens of one byte.
func tokenEnd(text string) int {
	switch c := text[0]; {
	case c == '"':
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(text)
	case strings.IndexByte("{}[],: \n", c) >= 0:
		return 1
	}
	if end := strings.IndexAny(text, "{}[],: \n"); end > 0 {
		return end
	}
	return len(text)
}
