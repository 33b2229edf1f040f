package terminal

import (
	"io"
	"strings"
)

// A Table is shown as columns with a heading. Its cells are one line each and have no colours.
type Table struct {
	Heading []string
	Rows    [][]string // each as long as Heading
}

const (
	gap        = "  " // between columns
	leastInEnd = 20   // columns of the screen below which the last column is not squeezed
)

// Table writes t. Where the screen has a width, what does not fit into the last column goes on in the next line.
func (s *Screen) Table(t Table) error {
	last := len(t.Heading) - 1
	widths := make([]int, len(t.Heading))
	for _, row := range append([][]string{t.Heading}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], columns(cell))
		}
	}
	before := 0
	for _, width := range widths[:last] {
		before += width + len(gap)
	}
	room := 0
	if s.Width > 0 {
		room = max(s.Width-before, leastInEnd)
	}
	var out strings.Builder
	out.WriteString(s.Bold(padded(t.Heading, widths)) + "\n")
	for _, row := range t.Rows {
		lines := Wrap(row[last], room)
		for i, line := range lines {
			if i == 0 {
				out.WriteString(padded(append(row[:last:last], line), widths) + "\n")
			} else {
				out.WriteString(strings.Repeat(" ", before) + line + "\n")
			}
		}
	}
	_, err := io.WriteString(s, out.String())
	return err
}

// padded returns cells side by side, without spaces at the end.
func padded(cells []string, widths []int) string {
	var line strings.Builder
	for i, cell := range cells {
		line.WriteString(cell)
		if i < len(cells)-1 {
			line.WriteString(strings.Repeat(" ", widths[i]-columns(cell)) + gap)
		}
	}
	return strings.TrimRight(line.String(), " ")
}
