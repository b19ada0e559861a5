// Package chart draws bars, as an SVG that is readable on light and dark pages.
package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

// Chart is groups of bars below each other.
type Chart struct {
	Title  string
	Groups []Group
}

// Group is bars that share a scale.
type Group struct {
	Title string
	Bars  []Bar
}

// Bar is one value. Without one there is only the text.
type Bar struct {
	Label string
	Value float64
	Text  string // beside the bar
	Own   bool   // drawn in the colour that stands out
}

const (
	width    = 760
	margin   = 24
	labels   = 136 // wide
	texts    = 150 // wide, right of the longest bar
	row      = 26  // high
	barHigh  = 16
	heading  = 34
	titleTop = 36
	longest  = width - 2*margin - labels - texts
)

// The colours are those of the pages around; a reader's system says which.
const style = `
.page{fill:#ffffff;stroke:#d1d9e0}.title,.heading{fill:#1f2328}.label,.text{fill:#3f4750}
.bar{fill:#a8b1bb}.own{fill:#0969da}.ownText{fill:#0a3069;font-weight:600}
text{font:13px -apple-system,BlinkMacSystemFont,"Segoe UI",Helvetica,Arial,sans-serif}
.title{font-size:17px;font-weight:600}.heading{font-weight:600}
@media (prefers-color-scheme:dark){
.page{fill:#0d1117;stroke:#3d444d}.title,.heading{fill:#f0f6fc}.label,.text{fill:#c3cad2}
.bar{fill:#656c76}.own{fill:#4493f8}.ownText{fill:#a5d0ff}
}
`

// SVG draws the chart. The same chart gives the same bytes.
func (c Chart) SVG() []byte {
	var out bytes.Buffer
	high := c.high()
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title">`+"\n", width, high, width, high)
	fmt.Fprintf(&out, "<title id=\"title\">%s</title>\n<style>%s</style>\n", escape(c.Title), style)
	fmt.Fprintf(&out, `<rect class="page" x="0.5" y="0.5" width="%d" height="%d" rx="6"/>`+"\n", width-1, high-1)
	text(&out, "title", margin, titleTop, c.Title)
	y := titleTop + 8
	for _, g := range c.Groups {
		y += heading
		text(&out, "heading", margin, y, g.Title)
		y += 10
		for _, b := range g.Bars {
			b.draw(&out, y, g.scale())
			y += row
		}
	}
	out.WriteString("</svg>\n")
	return out.Bytes()
}

func (c Chart) high() int {
	high := titleTop + 8 + margin/2
	for _, g := range c.Groups {
		high += heading + 10 + row*len(g.Bars)
	}
	return high
}

// scale is how much width one unit takes.
func (g Group) scale() float64 {
	most := 0.0
	for _, b := range g.Bars {
		most = max(most, b.Value)
	}
	if most == 0 {
		return 0
	}
	return longest / most
}

func (b Bar) draw(out *bytes.Buffer, y int, scale float64) {
	bar, words := "bar", "text"
	if b.Own {
		bar, words = "own", "ownText"
	}
	base := y + barHigh - 3
	text(out, "label", margin, base, b.Label)
	long := 0.0
	if b.Value > 0 {
		long = max(1, b.Value*scale)
		fmt.Fprintf(out, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`+"\n", bar, margin+labels, y, long, barHigh)
	}
	text(out, words, margin+labels+int(long)+8, base, b.Text)
}

func text(out *bytes.Buffer, class string, x, y int, s string) {
	fmt.Fprintf(out, `<text class="%s" x="%d" y="%d">%s</text>`+"\n", class, x, y, escape(s))
}

func escape(s string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(s)) // a Buffer takes everything
	return out.String()
}
