package terminal

import (
	"io"
	"os"
	"strings"
	"unicode"
)

// Wrap returns a writer that breaks lines between words, for text that arrives in
// pieces. It keeps the last word until a space or a line break follows. A writer that is
// not a terminal is returned as it is.
func Wrap(w io.Writer) io.Writer {
	if file, ok := w.(*os.File); ok {
		if width := columns(file); width > 0 {
			return &wrapper{w: w, width: width}
		}
	}
	return w
}

type wrapper struct {
	w          io.Writer
	width      int
	column     int    // after the last word that was written
	spaces     int    // that follow it
	word       []rune // not yet written
	wordColumn int    // the width of word
}

func (w *wrapper) Write(p []byte) (int, error) {
	var out strings.Builder
	for _, r := range string(p) {
		switch r {
		case '\n':
			w.endWord(&out)
			out.WriteString("\n")
			w.column, w.spaces = 0, 0
		case ' ':
			w.endWord(&out)
			w.spaces++
		default:
			w.word = append(w.word, r)
			w.wordColumn += runeColumns(r)
		}
	}
	if len(w.word) == 0 { // as after a prompt
		out.WriteString(strings.Repeat(" ", w.spaces))
		w.column, w.spaces = w.column+w.spaces, 0
	}
	if _, err := io.WriteString(w.w, out.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// endWord writes the word, on a new line if there is no room for it.
func (w *wrapper) endWord(out *strings.Builder) {
	if len(w.word) == 0 {
		return
	}
	if w.column > 0 && w.column+w.spaces+w.wordColumn > w.width {
		out.WriteString("\n")
		w.column, w.spaces = 0, 0
	}
	out.WriteString(strings.Repeat(" ", w.spaces) + string(w.word))
	w.column, w.spaces = (w.column+w.spaces+w.wordColumn-1)%w.width+1, 0
	w.word, w.wordColumn = w.word[:0], 0
}

// runeColumns returns how many columns a rune takes.
func runeColumns(r rune) int {
	switch {
	case unicode.Is(unicode.Mn, r):
		return 0
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana):
		return 2
	}
	return 1
}
