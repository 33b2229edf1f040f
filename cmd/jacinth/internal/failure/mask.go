package failure

import (
	"regexp"
	"strings"

	"github.com/jacinth-rpc/jacinth/tokens"
)

const hidden = "***"

var (
	// A user and a password may have characters that end them elsewhere: all up to the last @ of a word is hidden.
	userOfURL  = regexp.MustCompile("([A-Za-z][A-Za-z0-9+.-]*://)[^\\s\"'`]*@")
	queryOfURL = regexp.MustCompile("([A-Za-z][A-Za-z0-9+.-]*://[^\\s?\"'`]*\\?)[^\\s\"'`]+")
	webToken   = regexp.MustCompile(`eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]+(\.[0-9A-Za-z_-]*)?`)

	opaque = regexp.MustCompile(`[0-9A-Za-z]{16,}|[0-9A-Za-z_-]{24,}`)
	digits = regexp.MustCompile(`[0-9]`)
	letter = regexp.MustCompile(`[A-Za-z]`)
)

// LooksSecret reports whether text is, as a whole, what secrets look like: a token, or letters and digits in a row as
// nobody would name a thing.
func LooksSecret(text string) bool {
	if tokens.Redact(text) != text || webToken.FindString(text) == text && text != "" {
		return true
	}
	return opaque.FindString(text) == text && len(digits.FindAllString(text, 3)) == 3 && letter.MatchString(text)
}

// mask hides in the text of an error what looks like a secret: tokens, users and queries of URLs, and what else in the
// words that the command was given looks like one. A token is soon pasted behind the wrong flag, and an error soon into a
// log.
func mask(text string, words []string) string {
	for _, word := range words {
		for _, part := range opaque.FindAllString(word, -1) {
			inPath := !strings.Contains(word, "://") && strings.Contains(word, part+"/") // a folder
			if LooksSecret(part) && !inPath {
				text = strings.ReplaceAll(text, part, hidden)
			}
		}
	}
	text = userOfURL.ReplaceAllString(text, "${1}"+hidden+"@")
	text = queryOfURL.ReplaceAllString(text, "${1}"+hidden)
	return webToken.ReplaceAllString(tokens.Redact(text), hidden)
}
