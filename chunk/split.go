package chunk

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	agento "github.com/remsyshq/agento-go"
)

// split yields the chunks of a file. It returns false if yield did. Chunks are
// copies, so that they do not keep the file in memory.
func (s *settings) split(sections iter.Seq[section], source string, yield func(agento.ChunkParams, error) bool) bool {
	for one := range sections {
		title := strings.Clone(shorten(strings.TrimSpace(one.title), maxTitle))
		rest := trimBlank(one.text)
		for part := 1; rest != ""; part++ {
			var piece string
			piece, rest = cutPiece(rest, s.size)
			chunk := agento.ChunkParams{Content: strings.Clone(piece), Title: title, Source: source}
			if part > 1 || rest != "" {
				chunk.Metadata = map[string]any{"part": part}
			}
			if !yield(chunk, nil) {
				return false
			}
		}
	}
	return true
}

// shorten limits s to a number of characters.
func shorten(s string, characters int) string {
	if utf8.RuneCountInString(s) <= characters {
		return s
	}
	return strings.TrimSpace(s[:runeOffset(s, characters-1)]) + "…"
}

// cutPiece splits off a piece of at most the given number of characters. If
// text is not blank, piece is not blank. rest is trimmed by trimBlank.
func cutPiece(text string, characters int) (piece, rest string) {
	limit := runeOffset(text, characters)
	if strings.TrimSpace(text[:limit]) == "" { // the indentation exceeds the limit
		text = strings.TrimSpace(text)
		limit = runeOffset(text, characters)
	}
	if limit < len(text) {
		limit = cutPoint(text, limit)
	}
	piece, rest = text[:limit], text[limit:]
	if !strings.HasSuffix(piece, "\n") { // rest does not begin a line
		rest = strings.TrimLeftFunc(rest, func(r rune) bool { return r != '\n' && unicode.IsSpace(r) })
	}
	return trimBlank(piece), trimBlank(rest)
}

// trimBlank removes trailing blank space and leading blank lines. It keeps the
// first line's indentation, which is significant in Markdown.
func trimBlank(text string) string {
	text = strings.TrimRightFunc(text, unicode.IsSpace)
	begin := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsSpace(r) })
	return text[strings.LastIndexByte(text[:max(begin, 0)], '\n')+1:]
}

// runeOffset returns the length in bytes of the first n characters of s.
func runeOffset(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// cutPoint returns where to cut a text, at most at limit. It prefers the best kind
// of boundary in the second half, then in the first, then limit itself. The text
// before the cut is not blank.
func cutPoint(text string, limit int) int {
	// A space or line break just after the limit ends a piece as well.
	_, next := utf8.DecodeRuneInString(text[limit:])
	window := text[:limit+next]
	begin := len(window) - len(strings.TrimLeftFunc(window, unicode.IsSpace))
	for _, from := range []int{max(begin, limit/2), begin} {
		for _, last := range []func(string) int{lastParagraph, lastLine, lastSentence, lastWord} {
			if i := from + last(window[from:]); i >= from && i > begin {
				return beforeIndentation(text, min(i, limit))
			}
		}
	}
	return limit
}

// beforeIndentation moves a cut within a line's indentation to the start of that line.
func beforeIndentation(text string, cut int) int {
	if line := strings.TrimRight(text[:cut], " \t"); strings.HasSuffix(line, "\n") {
		return len(line)
	}
	return cut
}

// The functions below return the offset of the last boundary of a kind, or -1.

func lastParagraph(s string) int {
	for end := len(s); ; {
		end = strings.LastIndexByte(s[:end], '\n')
		if end < 0 {
			return -1
		}
		if before := strings.TrimRight(s[:end], " \t"); strings.HasSuffix(before, "\n") {
			return len(before)
		}
	}
}

func lastLine(s string) int { return strings.LastIndexByte(s, '\n') }

func lastSentence(s string) int {
	for end := len(s); ; {
		end = strings.LastIndexAny(s[:end], ".!?。！？")
		if end < 0 {
			return -1
		}
		mark, size := utf8.DecodeRuneInString(s[end:])
		next, _ := utf8.DecodeRuneInString(s[end+size:])
		if end+size < len(s) && (mark > unicode.MaxASCII || unicode.IsSpace(next)) {
			return end + size
		}
	}
}

func lastWord(s string) int { return strings.LastIndexFunc(s, unicode.IsSpace) }
