package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

var sample = Chart{Title: `Costs < "all" & sundry`, Groups: []Group{
	{Title: "One call", Bars: []Bar{
		{Label: "raw", Value: 50, Text: "50 ns"},
		{Label: "own", Value: 100, Text: "100 ns", Own: true},
		{Label: "none", Text: "cannot"},
		{Label: "tiny", Value: 0.0001, Text: "next to nothing"},
	}},
	{Title: "Nothing", Bars: []Bar{{Label: "none", Text: "cannot"}}},
	{Title: "Empty"},
}}

// element is what a test asks of a drawing.
type element struct {
	name  string
	attrs map[string]string
	text  string
}

func parse(t *testing.T, svg []byte) []element {
	t.Helper()
	var all []element
	dec := xml.NewDecoder(bytes.NewReader(svg))
	dec.Strict = true
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err, "well-formed")
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, attrs: map[string]string{}}
			for _, a := range token.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			all = append(all, e)
		case xml.CharData:
			if len(all) > 0 {
				all[len(all)-1].text += string(bytes.TrimSpace(token))
			}
		}
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	require.NoError(t, err)
	return f
}

func TestSVG(t *testing.T) {
	all := parse(t, sample.SVG())
	require.Equal(t, "svg", all[0].name)
	high := number(t, all[0].attrs["height"])
	var bars []float64
	var words []string
	for _, e := range all {
		switch {
		case e.name == "rect" && e.attrs["class"] != "page":
			bars = append(bars, number(t, e.attrs["width"]))
			require.LessOrEqual(t, number(t, e.attrs["x"])+number(t, e.attrs["width"]), float64(width-texts))
		case e.name == "text":
			words = append(words, e.text)
			require.Less(t, number(t, e.attrs["y"]), high, "inside of the picture")
		}
	}
	require.Equal(t, []float64{longest / 2, longest, 1}, bars, "to scale, and what is there can be seen")
	require.Equal(t, []string{
		`Costs < "all" & sundry`,
		"One call", "raw", "50 ns", "own", "100 ns", "none", "cannot", "tiny", "next to nothing",
		"Nothing", "none", "cannot",
		"Empty",
	}, words)
	require.Equal(t, sample.SVG(), sample.SVG(), "the same each time")
}
