package main

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// point is a place on a plot in the units of its axes.
type point struct{ x, y float64 }

type curve struct {
	name   string
	points []point
}

// panel is one plot: microseconds a request over something, which has a logarithmic axis.
type panel struct {
	title  string
	steep  bool // the upper axis is logarithmic too, so that what grows as the size does is a straight line
	bytes  bool // x counts them
	curves []curve
}

// The measures of a picture, in pixels.
const (
	panelWidth, panelHeight = 480, 300
	left, right, top, below = 58, 24, 44, 40
	plotWidth, plotHeight   = panelWidth - left - right, panelHeight - top - below
	legendHeight            = 36
)

// style has the colours for light and dark pages; a picture has no ground of its own.
const style = `<style>
text{font:12px system-ui,sans-serif;fill:#57606a}.title{font-weight:600;font-size:13px;fill:#1f2328}
.grid{stroke:#d0d7de;stroke-width:1}.c0{stroke:#8250df;fill:#8250df}.c1{stroke:#6e7781;fill:#6e7781}
.line{fill:none;stroke-width:2}.guide{stroke:#8c959f;stroke-dasharray:3 4;fill:none}
@media (prefers-color-scheme:dark){text{fill:#9198a1}.title{fill:#f0f6fc}.grid{stroke:#3d444d}
.c0{stroke:#b083f0;fill:#b083f0}.c1{stroke:#9198a1;fill:#9198a1}.line{fill:none}.guide{stroke:#656c76}}
</style>
`

// plot draws panels in two columns as SVG, with the names of their curves, which are the same in all, above them.
func plot(panels []panel) []byte {
	var b bytes.Buffer
	width, height := 2*panelWidth, legendHeight+(len(panels)+1)/2*panelHeight
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`+"\n", width, height, width, height)
	b.WriteString("<title>How the cost of a request grows</title>\n" + style)
	for i, c := range panels[0].curves {
		x := left + i*110
		fmt.Fprintf(&b, `<circle class="c%d" cx="%d" cy="18" r="5"/><text x="%d" y="22">%s</text>`+"\n", i, x, x+12, c.name)
	}
	x := left + len(panels[0].curves)*110 + 30
	fmt.Fprintf(&b, `<path class="guide" d="M%d 18h24"/><text x="%d" y="22">in proportion to the size</text>`+"\n", x, x+32)
	fmt.Fprintf(&b, `<text x="%d" y="22" text-anchor="end">processor time of the server, µs a request</text>`+"\n", width-right)
	for i := range panels {
		fmt.Fprintf(&b, `<g transform="translate(%d %d)">`+"\n", i%2*panelWidth, legendHeight+i/2*panelHeight)
		panels[i].draw(&b)
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func (p *panel) draw(b *bytes.Buffer) {
	fmt.Fprintf(b, `<text class="title" x="%d" y="26">%s</text>`+"\n", left, p.title)
	first := p.curves[0].points
	across := scale{low: first[0].x, high: first[len(first)-1].x, log: true, from: left, to: left + plotWidth}
	upward := p.upward()
	for _, y := range upward.ticks() {
		at := upward.at(y)
		fmt.Fprintf(b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			left, left+plotWidth, at, at, left-8, at+4, short(y))
	}
	for _, q := range first {
		fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", across.at(q.x), top+plotHeight+20, p.label(q.x))
	}
	if p.steep { // what would grow exactly as the size does
		last := first[len(first)-1]
		start := max(across.low, last.x*upward.low/last.y)
		fmt.Fprintf(b, `<path class="guide" d="M%.1f %.1fL%.1f %.1f"/>`+"\n", across.at(start), upward.at(last.y*start/last.x),
			across.at(last.x), upward.at(last.y))
	}
	for i, c := range slices.Backward(p.curves) { // the first is on top
		path := []byte("M")
		for j, q := range c.points {
			if j > 0 {
				path = append(path, 'L')
			}
			x, y := across.at(q.x), upward.at(q.y)
			path = fmt.Appendf(path, "%.1f %.1f", x, y)
			fmt.Fprintf(b, `<circle class="c%d" cx="%.1f" cy="%.1f" r="3"><title>%s: %s µs</title></circle>`+"\n", i, x, y, p.label(q.x), figure(q.y))
		}
		fmt.Fprintf(b, `<path class="c%d line" d="%s"/>`+"\n", i, path)
	}
}

// upward is the axis of what a request costs: from zero, or in decades around the curves.
func (p *panel) upward() scale {
	least, most := math.Inf(1), 0.0
	for _, c := range p.curves {
		for _, q := range c.points {
			least, most = min(least, q.y), max(most, q.y)
		}
	}
	s := scale{high: most * 1.2, log: p.steep, from: top + plotHeight, to: top}
	if p.steep {
		s.low = math.Pow(10, math.Floor(math.Log10(least)))
		s.high = math.Pow(10, math.Ceil(math.Log10(most)))
	}
	return s
}

// scale places values between two positions.
type scale struct {
	low, high float64
	log       bool
	from, to  float64
}

func (s scale) at(value float64) float64 {
	share := (value - s.low) / (s.high - s.low)
	if s.log {
		share = math.Log(value/s.low) / math.Log(s.high/s.low)
	}
	return s.from + share*(s.to-s.from)
}

// ticks are round values: the powers of ten, or about five of 1, 2 and 5 times one.
func (s scale) ticks() (values []float64) {
	if s.log {
		for v := s.low; v <= s.high*1.001; v *= 10 {
			values = append(values, v)
		}
		return values
	}
	step := math.Pow(10, math.Floor(math.Log10(s.high/5)))
	for _, factor := range []float64{1, 2, 5, 10} {
		if s.high/(step*factor) <= 6 {
			step *= factor
			break
		}
	}
	for i := 0; float64(i)*step <= s.high; i++ {
		values = append(values, float64(i)*step)
	}
	return values
}

// label writes a value of the axis below.
func (p *panel) label(x float64) string {
	if !p.bytes {
		return short(x)
	}
	switch {
	case x >= 1<<20:
		return fmt.Sprintf("%g MiB", x/(1<<20))
	case x >= 1<<10:
		return fmt.Sprintf("%g KiB", x/(1<<10))
	}
	return fmt.Sprintf("%g B", x)
}

// short writes a number with at most a few digits.
func short(v float64) string {
	if v >= 10_000 {
		return strconv.FormatFloat(v/1000, 'g', 4, 64) + " k"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
