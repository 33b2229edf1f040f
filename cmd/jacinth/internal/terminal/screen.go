// Package terminal writes for people: with colours, widths and a progress bar where a terminal shows them, and as plain
// text everywhere else.
package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// A Screen is an output of the program together with what it can show. Make one with [NewScreen].
type Screen struct {
	io.Writer

	Width    int  // columns; 0 where nobody watches
	Terminal bool // a person watches
	colours  bool
}

// NewScreen finds out what w can show. A terminal is asked for its width; it gets colours unless the environment says
// NO_COLOR (https://no-color.org) or knows no terminal, TERM=dumb.
func NewScreen(w io.Writer) *Screen {
	s := &Screen{Writer: w}
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return s
	}
	s.Terminal = true
	s.Width = 80
	if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
		s.Width = width
	}
	kind := os.Getenv("TERM")
	s.colours = os.Getenv("NO_COLOR") == "" && kind != "" && kind != "dumb"
	return s
}

// style is the parameter of the control sequence SGR (ECMA-48, section 8.3.117).
type style string

const (
	bold   style = "1"
	faint  style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	blue   style = "34"
	cyan   style = "36"
)

func (s *Screen) paint(in style, text string) string {
	if !s.colours || text == "" {
		return text
	}
	return "\x1b[" + string(in) + "m" + text + "\x1b[0m"
}

// Bold returns text as it is shown in bold.
func (s *Screen) Bold(text string) string { return s.paint(bold, text) }

// Faint returns text as it is shown when it matters less than what stands around it.
func (s *Screen) Faint(text string) string { return s.paint(faint, text) }

// Good returns text in the colour of success.
func (s *Screen) Good(text string) string { return s.paint(green, text) }

// Bad returns text in the colour of failure.
func (s *Screen) Bad(text string) string { return s.paint(red, text) }
