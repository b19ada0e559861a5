package chunk

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	agento "github.com/remsyshq/agento-go"
)

// split yields the chunks of a file. It returns false if no more are wanted. The
// chunks are copies: one that is kept does not keep the file in memory.
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

// cutPiece takes a piece of at most so many characters from the beginning of a
// text that is not blank. piece is not blank, and rest is trimmed as by trimBlank.
func cutPiece(text string, characters int) (piece, rest string) {
	limit := runeOffset(text, characters)
	if strings.TrimSpace(text[:limit]) == "" { // an indentation beyond all measure
		text = strings.TrimSpace(text)
		limit = runeOffset(text, characters)
	}
	if limit < len(text) {
		limit = cutPoint(text, limit)
	}
	piece, rest = text[:limit], text[limit:]
	if !strings.HasSuffix(piece, "\n") { // what comes is no indentation
		rest = strings.TrimLeftFunc(rest, func(r rune) bool { return r != '\n' && unicode.IsSpace(r) })
	}
	return trimBlank(piece), trimBlank(rest)
}

// trimBlank removes blank space from the end of a text and blank lines from its
// beginning. The indentation of the first line means something in Markdown.
func trimBlank(text string) string {
	text = strings.TrimRightFunc(text, unicode.IsSpace)
	begin := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsSpace(r) })
	return text[strings.LastIndexByte(text[:max(begin, 0)], '\n')+1:]
}

// runeOffset is where the n-th character of s begins, len(s) if it has fewer.
func runeOffset(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// cutPoint is where to cut a text so that the piece before has at most limit
// bytes: at the best kind of place in the second half, else in the first, else at
// the limit. The piece is not blank.
func cutPoint(text string, limit int) int {
	// A space or line break just behind the limit ends a piece as well.
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

// beforeIndentation moves a cut in the indentation of a line to the line before.
func beforeIndentation(text string, cut int) int {
	if line := strings.TrimRight(text[:cut], " \t"); strings.HasSuffix(line, "\n") {
		return len(line)
	}
	return cut
}

// The functions below find the last place of a kind at which to cut, -1 if there
// is none.

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
