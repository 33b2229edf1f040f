package plan

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/codec"
)

// TestFormats_agreeWithOthers holds that the checks that are written out here, to be quick, take what those take that
// are slow.
func TestFormats_agreeWithOthers(t *testing.T) {
	uuid := regexp.MustCompile("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
	others := map[string]func(string) bool{
		dateTime: func(text string) bool {
			var instant time.Time
			return codec.Decode(mustQuote(text), &instant) == nil
		},
		"date": func(text string) bool { _, err := time.Parse(time.DateOnly, text); return err == nil },
		"uuid": uuid.MatchString,
	}
	seeds := []string{
		"2026-01-02T03:04:05Z", "2024-02-29T23:59:59.123456789012+23:59", "0000-12-31T00:00:00.5-00:00", "2023-02-28",
		"2000-02-29", "1900-02-28", "2026-04-30", "2026-12-31", "123e4567-E89B-12d3-a456-426614174000",
	}
	letters := []byte("0123456789-:.,+TtZz aAfFgG@`/\x00\n")
	random := rand.New(rand.NewPCG(1, 2))
	taken := map[string]int{}
	for range 200_000 {
		text := []byte(seeds[random.IntN(len(seeds))])
		for range random.IntN(4) {
			at := random.IntN(len(text))
			switch letter := letters[random.IntN(len(letters))]; random.IntN(6) {
			case 0:
				text = slices.Delete(text, at, at+1)
			case 1:
				text = slices.Insert(text, at, letter)
			case 2:
				text = append(text, letter)
			case 3:
				text[at] = letter
			default:
				text[at] = letters[random.IntN(10)] // a digit, which often leaves the form as it is
			}
		}
		for name, isRight := range others {
			got, want := formats[name].isRight(string(text)), isRight(string(text))
			if got != want {
				t.Fatalf("%s: %q is right: %v, want %v", name, text, got, want)
			}
			if got {
				taken[name]++
			}
		}
	}
	for name := range others {
		if taken[name] < 1000 {
			t.Errorf("%s took %d texts: that shows little", name, taken[name])
		}
	}
}
