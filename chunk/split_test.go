package chunk_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/chunk"
)

func TestSplit(t *testing.T) {
	tests := map[string]struct {
		text string
		size int
		want []string
	}{
		"fits":                     {"one two", 7, []string{"one two"}},
		"at a paragraph":           {"one. two\nthree\n\nfour five", 20, []string{"one. two\nthree", "four five"}},
		"the last paragraph":       {"aaaa\n\nbbbb\n\ncccc\n\ndddd", 13, []string{"aaaa\n\nbbbb", "cccc\n\ndddd"}},
		"blank line with spaces":   {"aaaa\n \t\nbbbb cccc", 12, []string{"aaaa", "bbbb cccc"}},
		"at a line":                {"one two\nthree. four\nfive", 20, []string{"one two\nthree. four", "five"}},
		"at a sentence":            {"One two. Three four", 15, []string{"One two.", "Three four"}},
		"not in a number":          {"pi is 3.1415 or so", 14, []string{"pi is 3.1415", "or so"}},
		"sentence at the end":      {"One two. Three", 8, []string{"One two.", "Three"}},
		"ideographic full stop":    {"春はあけぼの。やうやう白くなりゆく山ぎは", 10, []string{"春はあけぼの。", "やうやう白くなりゆく", "山ぎは"}},
		"at a word":                {"one two three four", 10, []string{"one two", "three four"}},
		"a space after the limit":  {"one two three", 7, []string{"one two", "three"}},
		"in a word":                {"abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		"between characters":       {"äöüß€𝄞x", 2, []string{"äö", "üß", "€𝄞", "x"}},
		"one by one":               {"a b\n\nc", 1, []string{"a", "b", "c"}},
		"no tiny piece":            {"a\n\nbcdefghi klmn opq", 14, []string{"a\n\nbcdefghi", "klmn opq"}},
		"tiny piece":               {"a\n\nbcdefghijklmnopqrst", 10, []string{"a", "bcdefghijk", "lmnopqrst"}},
		"indentation is kept":      {"aaaa\n    bbbb\n    cccc", 9, []string{"aaaa", "    bbbb", "    cccc"}},
		"large indentation":        {"aa\n        bbbb", 12, []string{"aa", "        bbbb"}},
		"indentation at a cut":     {"aaaa    bbbb", 6, []string{"aaaa", "bbbb"}},
		"indentation > limit":      {"aaaa\n" + strings.Repeat(" ", 50) + "bbbb", 9, []string{"aaaa", "bbbb"}},
		"blank around":             {"\n \n  aaaa\n \n\n", 20, []string{"  aaaa"}},
		"line ends of Windows":     {"aaaa\r\n\r\nbbbb\r\ncccc", 9, []string{"aaaa", "bbbb\ncccc"}},
		"line ends of the old Mac": {"aaaa\rbbbb", 20, []string{"aaaa\nbbbb"}},
		"a mark in the middle":     {"\ufeffa\ufeffb", 5, []string{"a\ufeffb"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			chunks, errs := chunksOf(fstest.MapFS{"a.txt": textFile(tt.text)}, chunk.Size(tt.size))
			require.Empty(t, errs)
			var got []string
			for _, c := range chunks {
				got = append(got, c.Content)
			}
			require.Equal(t, tt.want, got)
			requireChunks(t, chunks, "a.txt", tt.size)
		})
	}
}

func TestSizeDefault(t *testing.T) {
	chunks, errs := chunksOf(fstest.MapFS{"a.txt": textFile(strings.Repeat("ä", 2000)), "b.txt": textFile(strings.Repeat("ä", 2001))})
	require.Empty(t, errs)
	require.Equal(t, []string{"a.txt", "b.txt", "b.txt"}, sources(chunks))
	require.Nil(t, chunks[0].Metadata)
	require.Equal(t, map[string]any{"part": 1}, chunks[1].Metadata)
	require.Equal(t, map[string]any{"part": 2}, chunks[2].Metadata)
	require.Equal(t, "ä", chunks[2].Content)
}

// TestSplitKeepsAllText checks that no text is lost or repeated.
func TestSplitKeepsAllText(t *testing.T) {
	bits := []string{
		"word", "Sentence one. ", "#", "# Heading\n", "## Deeper ##\n", "Title\n===\n", "Title\n---\n", "```go\n", "```\n", "~~~\n", "    code\n",
		"- item\n", "1. item\n", "> quote\n", "<!-- ", "-->", "<pre>\n", "</pre>\n", "\n", "\n\n", "\r\n", "\r", " ", "\t", "    ", "\u00a0", "\u2028",
		"ä", "𝄞", "e\u0301", "。", "!", "...", "---\n", "+++\n", "key: value\n", "\ufeff", strings.Repeat("x", 40), "|a|b|\n|-|-|\n",
	}
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		var text strings.Builder
		for range r.IntN(60) {
			text.WriteString(bits[r.IntN(len(bits))])
		}
		checkMarkdown(t, text.String(), 1+r.IntN(100))
		checkText(t, text.String(), 1+r.IntN(100))
	}
}
