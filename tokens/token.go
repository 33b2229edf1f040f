package tokens

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"regexp"
	"strings"
)

// DefaultPrefix begins a token unless its [Draft] says otherwise.
const DefaultPrefix = "jcn_"

const (
	alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

	publicLength = 8  // characters of an id after its prefix
	secretLength = 32 // 190 bits
	checkLength  = 6  // a CRC-32 in base 62
	tailLength   = 1 + secretLength + checkLength

	maxPrefix = 24
	maxID     = maxPrefix + publicLength
	maxToken  = maxID + tailLength
)

// tokenPattern follows a prefix in a token.
const tokenPattern = `[0-9A-Za-z]{8}_[0-9A-Za-z]{38}` //nolint:gosec // a pattern, no token

var prefixPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*_$`)

// ErrMalformed says that a text is not a token at all: its form or its checksum is wrong.
var ErrMalformed = errors.New("this is not a token")

// Pattern returns a regular expression, in the syntax that practically every secret scanner has, for the tokens with
// a prefix: Pattern("jcn_") is \bjcn_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}\b.
func Pattern(prefix string) string { return `\b` + regexp.QuoteMeta(prefix) + tokenPattern + `\b` }

// ParseID returns the public id of a token, such as jcn_7Qx2LmZ0, or ErrMalformed. That the form and the checksum are
// right says nothing about whether such a token was ever issued.
func ParseID(token string) (id string, err error) {
	if len(token) > maxToken || len(token) < len("a_")+publicLength+tailLength {
		return "", ErrMalformed
	}
	id = token[:len(token)-tailLength]
	if token[len(id)] != '_' || !isBase62(token[len(id)+1:]) || checkID(id) != nil {
		return "", ErrMalformed
	}
	var want [checkLength]byte
	if string(checksum(&want, token[:len(token)-checkLength])) != token[len(token)-checkLength:] {
		return "", ErrMalformed
	}
	return id, nil
}

// Redact replaces the secret part of every token in text, whatever its prefix, by ***. The ids stay.
func Redact(text string) string {
	if !strings.Contains(text, "_") {
		return text
	}
	return secretPart.ReplaceAllString(text, "${1}_"+masked)
}

// secretPart finds what looks like a token, with a wrong checksum too.
var secretPart = regexp.MustCompile(`(_[0-9A-Za-z]{8})_[0-9A-Za-z]{38}`)

// generate makes a token with a prefix.
func generate(prefix string) (id, token string) {
	id = prefix + random(publicLength)
	body := id + "_" + random(secretLength)
	var check [checkLength]byte
	return id, body + string(checksum(&check, body))
}

// random returns length characters, each equally likely.
func random(length int) string {
	const fair = 256 / len(alphabet) * len(alphabet) // bytes from here on would favour the first characters
	text := make([]byte, 0, length)
	for len(text) < length {
		var block [64]byte
		_, _ = rand.Read(block[:]) // never fails: it ends the program instead
		for _, b := range block {
			if int(b) < fair && len(text) < length {
				text = append(text, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(text)
}

// checksum puts the check digits of body into digits and returns them.
func checksum(digits *[checkLength]byte, body string) []byte {
	// As crc32.ChecksumIEEE, whose argument would have to be copied to the heap.
	sum := ^uint32(0)
	for i := range len(body) {
		sum = crc32.IEEETable[byte(sum&0xff)^body[i]] ^ sum>>8
	}
	sum = ^sum
	for i := range digits {
		digits[len(digits)-1-i] = alphabet[sum%uint32(len(alphabet))]
		sum /= uint32(len(alphabet))
	}
	return digits[:]
}

// checkPrefix says what is wrong with a prefix.
func checkPrefix(prefix string) error {
	if len(prefix) > maxPrefix || !prefixPattern.MatchString(prefix) {
		return fmt.Errorf("the prefix %q cannot begin a token: it is up to %d lower-case letters, digits and single _, "+
			"begins with a letter and ends with _", prefix, maxPrefix)
	}
	return nil
}

// checkID says whether id can be that of a token. It is in the path of every call, hence no regular expression.
func checkID(id string) error {
	prefix := len(id) - publicLength
	if prefix < len("a_") || prefix > maxPrefix || !isBase62(id[prefix:]) || id[prefix-1] != '_' {
		return errBadID
	}
	for i := range prefix {
		c := id[i]
		switch {
		case 'a' <= c && c <= 'z':
		case i > 0 && '0' <= c && c <= '9':
		case i > 0 && c == '_' && id[i-1] != '_':
		default:
			return errBadID
		}
	}
	return nil
}

var errBadID = errors.New("an id is a prefix such as jcn_ and 8 letters or digits")

// isBase62 takes the same time for every text of a length: there is no branch on what is in it.
func isBase62(text string) bool {
	well := byte(1)
	for i := range len(text) {
		well &= inAlphabet[text[i]]
	}
	return well == 1
}

// inAlphabet is 1 for the characters of the alphabet.
var inAlphabet = func() (table [256]byte) {
	for i := range len(alphabet) {
		table[alphabet[i]] = 1
	}
	return table
}()

// Hash is the SHA-256 of a token: what a store keeps instead of it. A slow hash is for passwords that people choose;
// 190 random bits cannot be guessed however fast the hash, and it is computed for every call.
type Hash [sha256.Size]byte

// HashOf returns the hash of a token.
func HashOf(token string) Hash {
	if len(token) > maxToken {
		return sha256.Sum256([]byte(token))
	}
	var buffer [maxToken]byte
	return sha256.Sum256(buffer[:copy(buffer[:], token)])
}

// Equal compares in constant time.
func (h Hash) Equal(other Hash) bool { return subtle.ConstantTimeCompare(h[:], other[:]) == 1 }

// IsZero reports whether h is no hash at all.
func (h Hash) IsZero() bool { return h == Hash{} }

// String returns h in hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText returns h in hexadecimal digits.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 hexadecimal digits.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(h)) {
		return fmt.Errorf("a hash has %d hexadecimal digits, not %d", hex.EncodedLen(len(h)), len(text))
	}
	if _, err := hex.Decode(h[:], text); err != nil {
		return errors.New("a hash has hexadecimal digits only")
	}
	return nil
}
