// Package terminal has what the examples that print to a terminal share.
package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Visible writes out what a terminal would act on, such as the character that
// begins a colour, in the form that JSON also has for it. A tab becomes spaces.
func Visible(s string) string {
	var b strings.Builder
	for _, r := range strings.ReplaceAll(s, "\t", "    ") {
		if unicode.IsGraphic(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}
