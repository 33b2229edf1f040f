package conform

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Level says how binding a case is.
type Level int

// The levels.
const (
	Must   Level = iota // the specification demands it
	Should              // the specification recommends it, or it follows from what is demanded of clients
	Advice              // the specification is silent; it is how others do it, and safe
)

// String returns "MUST", "SHOULD" or "advice".
func (l Level) String() string {
	switch l {
	case Must:
		return "MUST"
	case Should:
		return "SHOULD"
	case Advice:
		return "advice"
	}
	return fmt.Sprintf("Level(%d)", int(l))
}

// MarshalText writes the level as String has it.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Outcome is how a case ended.
type Outcome int

// The outcomes.
const (
	Passed Outcome = iota
	Failed
	Skipped // because the service does not have the method
)

// String returns "passed", "failed" or "skipped".
func (o Outcome) String() string {
	switch o {
	case Passed:
		return "passed"
	case Failed:
		return "failed"
	case Skipped:
		return "skipped"
	}
	return fmt.Sprintf("Outcome(%d)", int(o))
}

// MarshalText writes the outcome as String has it.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Exchange is a request and what it was answered with, cut short if they are long.
type Exchange struct {
	Sent   string `json:"sent"`
	Status int    `json:"status,omitzero"` // of HTTP; 0 if there was no answer
	Got    string `json:"got"`
}

// Result is how one case ended.
type Result struct {
	Name      string     `json:"name"`
	Section   string     `json:"section"` // of the specification, or HTTP
	Level     Level      `json:"level"`
	Sentence  string     `json:"sentence"` // that the case proves
	Outcome   Outcome    `json:"outcome"`
	Why       string     `json:"why,omitzero"`       // it failed, or was skipped
	Exchanges []Exchange `json:"exchanges,omitzero"` // the one that failed, or all
}

// Report is how all cases ended, in the order of the specification.
type Report struct {
	URL     string           `json:"url"`
	Summary map[string]Count `json:"summary"` // by level
	Results []Result         `json:"results"`
}

// Count is how many cases of a level ended how.
type Count struct {
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
}

// Conforms reports whether the service does all that the specification demands, as far as that was seen.
func (r *Report) Conforms() bool { return r.Summary[Must.String()].Failed == 0 }

// Of returns how many cases of a level ended how.
func (r *Report) Of(level Level) Count { return r.Summary[level.String()] }

func (r *Report) count() {
	r.Summary = make(map[string]Count)
	for i := range r.Results {
		result := &r.Results[i]
		count := r.Summary[result.Level.String()]
		switch result.Outcome {
		case Passed:
			count.Passed++
		case Failed:
			count.Failed++
		case Skipped:
			count.Skipped++
		}
		r.Summary[result.Level.String()] = count
	}
}

// maxShown is how many bytes of a request or an answer a report repeats.
const maxShown = 400

// shown cuts text short and makes it valid UTF-8.
func shown(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > maxShown {
		end := maxShown
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end] + "…"
	}
	return strings.ToValidUTF8(text, "\ufffd")
}
