package main

import (
	"bytes"
	"fmt"
)

const (
	width, rowHeight, top = 760, 28, 60
	left                  = 330 // of the bars
	perUnit               = 260 // width of 1 ×
)

const style = `
.page{fill:#ffffff;stroke:#d1d9e0}.title{fill:#1f2328;font-size:17px;font-weight:600}.text{fill:#3f4750}
.bar{fill:#0969da}.line{stroke:#8b949e;stroke-dasharray:4 3}
text{font:13px -apple-system,BlinkMacSystemFont,"Segoe UI",Helvetica,Arial,sans-serif}
@media (prefers-color-scheme:dark){
.page{fill:#0d1117;stroke:#3d444d}.title{fill:#f0f6fc}.text{fill:#c3cad2}.bar{fill:#4493f8}
}
`

// chart draws the rows that compare the SDK with net/http, as an SVG for light and
// dark pages. The dashed line is net/http.
func chart(results []result) []byte {
	var bars []result
	for _, r := range results {
		if r.versus == raw && r.unit == "x" && r.limit != noLimit {
			bars = append(bars, r)
		}
	}
	height := top + rowHeight*len(bars) + 12
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title">`+"\n", width, height, width, height)
	fmt.Fprintf(&out, `<title id="title">Cost relative to net/http and encoding/json</title><style>%s</style>`+"\n", style)
	fmt.Fprintf(&out, `<rect class="page" x="0.5" y="0.5" width="%d" height="%d" rx="6"/>`+"\n", width-1, height-1)
	fmt.Fprintf(&out, `<text class="title" x="24" y="36">Cost relative to net/http and encoding/json (dashed line)</text>`+"\n")
	for i, r := range bars {
		y := top + rowHeight*i
		fmt.Fprintf(&out, `<text class="text" x="24" y="%d">%s</text>`+"\n", y+13, r.title)
		fmt.Fprintf(&out, `<rect class="bar" x="%d" y="%d" width="%.1f" height="16" rx="2"/>`+"\n", left, y, r.Center*perUnit)
		fmt.Fprintf(&out, `<text class="text" x="%.1f" y="%d">%.2f</text>`+"\n", left+max(r.Center, 1)*perUnit+8, y+13, r.Center)
	}
	fmt.Fprintf(&out, `<line class="line" x1="%d" x2="%d" y1="%d" y2="%d"/>`+"\n</svg>\n", left+perUnit, left+perUnit, top-6, height-12)
	return out.Bytes()
}
