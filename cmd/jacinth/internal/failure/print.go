package failure

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
)

// Print tells a person of err: an error that a service answered with by its code, message and data, all else by a
// sentence. Of an interruption, which whoever caused it knows of, only the hint is told. What looks like a secret is
// hidden, above all where it stood among the words that the command was given.
func Print(screen *terminal.Screen, err error, words ...string) {
	var out strings.Builder
	if remote, ok := errors.AsType[*jacinth.Error](err); ok {
		out.WriteString(answered(screen, remote))
	} else if ExitCode(err) != interrupted {
		fmt.Fprintf(&out, "%s %s\n", screen.Bad("jacinth:"), terminal.Clean(sentence(err)))
	}
	if f, ok := errors.AsType[*Error](err); ok && f.Hint != "" {
		out.WriteString(terminal.Clean(f.Hint) + "\n")
	}
	fmt.Fprint(screen, mask(out.String(), words))
}

// answered shows the error of a service.
func answered(screen *terminal.Screen, e *jacinth.Error) string {
	head := screen.Bad(fmt.Sprintf("error %d:", int(e.Code)))
	text := fmt.Sprintf("%s %s\n", head, terminal.Clean(messageOf(e)))
	raw, ok := e.Data.(json.RawMessage)
	if !ok {
		return text
	}
	if lines := faults(raw); lines != nil {
		for _, line := range lines {
			text += "  " + line + "\n"
		}
		return text
	}
	return text + "data: " + screen.JSON(raw) + "\n"
}

func messageOf(e *jacinth.Error) string {
	if e.Message == "" {
		return e.Code.String()
	}
	return e.Message
}

// fault is one entry of data.faults, which jacinth services send with InvalidParams. docs/protocol.md describes it.
type fault struct {
	Path     string `json:"path"`
	Rule     string `json:"rule"`
	Expected string `json:"expected"`
	Got      string `json:"got"`
}

// faults reads the data of an error as a list of faults and returns a line for each, or nil if it is none or has more
// to tell.
func faults(raw json.RawMessage) []string {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || len(members) != 1 {
		return nil
	}
	var list []fault
	if json.Unmarshal(members["faults"], &list) != nil {
		return nil
	}
	var lines []string
	for _, f := range list {
		lines = append(lines, terminal.Line(f.line()))
	}
	return lines
}

// line says in words what a fault is.
func (f fault) line() string {
	where := strings.TrimPrefix(f.Path, "/")
	if where == "" {
		where = "the params"
	}
	line := where + ": "
	switch {
	case f.Rule == "validate" && f.Expected != "":
		return line + f.Expected // a sentence of the service
	case f.Rule == "unknown":
		return line + "there is no such param"
	case f.Rule == "duplicate":
		return line + "given twice"
	case f.Rule == "required":
		line += "missing"
		if f.Expected != "" {
			line += ", wanted " + f.Expected
		}
	case f.Expected != "":
		line += "wanted " + f.Expected
	default:
		line += "breaks the rule " + f.Rule
	}
	if f.Got != "" {
		line += ", got " + f.Got
	}
	return line
}
