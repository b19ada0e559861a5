package chunk_test

import (
	"encoding/csv"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chunk"
)

func TestChunksAreCutWhereItFits(t *testing.T) {
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
		"no crumbs":                {"a\n\nbcdefghi klmn opq", 14, []string{"a\n\nbcdefghi", "klmn opq"}},
		"a crumb if need be":       {"a\n\nbcdefghijklmnopqrst", 10, []string{"a", "bcdefghijk", "lmnopqrst"}},
		"indentation is kept":      {"aaaa\n    bbbb\n    cccc", 9, []string{"aaaa", "    bbbb", "    cccc"}},
		"a large one too":          {"aa\n        bbbb", 12, []string{"aa", "        bbbb"}},
		"but not that of a cut":    {"aaaa    bbbb", 6, []string{"aaaa", "bbbb"}},
		"endless indentation":      {"aaaa\n" + strings.Repeat(" ", 50) + "bbbb", 9, []string{"aaaa", "bbbb"}},
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

func TestChunkSizeByDefault(t *testing.T) {
	chunks, errs := chunksOf(fstest.MapFS{"a.txt": textFile(strings.Repeat("ä", 2000)), "b.txt": textFile(strings.Repeat("ä", 2001))})
	require.Empty(t, errs)
	require.Equal(t, []string{"a.txt", "b.txt", "b.txt"}, sources(chunks))
	require.Nil(t, chunks[0].Metadata)
	require.Equal(t, map[string]any{"part": 1}, chunks[1].Metadata)
	require.Equal(t, map[string]any{"part": 2}, chunks[2].Metadata)
	require.Equal(t, "ä", chunks[2].Content)
}

// Nothing is lost and nothing comes twice, whatever a text is made of.
func TestChunksHaveAllText(t *testing.T) {
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
		checkChunks(t, ".md", text.String(), 1+r.IntN(100))
		checkChunks(t, ".txt", text.String(), 1+r.IntN(100))
	}
}

// checkChunks checks the chunks of a file of one kind with any content.
func checkChunks(t *testing.T, ext, content string, size int) {
	t.Helper()
	name := "f" + ext
	chunks, errs := chunksOf(fstest.MapFS{name: textFile(content)}, chunk.Size(size))
	if len(errs) > 0 {
		require.Len(t, errs, 1)
		require.Empty(t, chunks)
		require.ErrorIs(t, errs[0], agento.ErrValidation)
		require.ErrorContains(t, errs[0], name)
		require.NotRegexp(t, `[\x00-\x1f]`, errs[0].Error())
		return
	}
	require.True(t, utf8.ValidString(content))
	all := requireChunks(t, chunks, name, size)
	want := squash(strings.TrimPrefix(content, "\ufeff"))
	switch ext {
	case ".txt":
		require.Equal(t, want, all)
	case ".md":
		if strings.HasPrefix(want, "---") || strings.HasPrefix(want, "+++") {
			require.True(t, strings.HasSuffix(want, all), "all but front matter")
			return
		}
		require.Equal(t, want, all)
	case ".csv":
		rows, err := csv.NewReader(strings.NewReader(strings.ReplaceAll(content, "\r", "\n"))).ReadAll()
		if first, _, _ := strings.Cut(content, "\n"); err == nil && len(rows) > 1 && strings.Contains(first, ",") {
			requireInOrder(t, rows[1:], all)
		}
	case ".json":
		var list []map[string]any
		if json.Unmarshal([]byte(content), &list) == nil {
			for _, entry := range list {
				for _, value := range entry {
					if s, ok := value.(string); ok {
						require.Contains(t, all, squash(s))
					}
				}
			}
		}
	}
}

// requireInOrder checks that the text has each row, of which the cells may have
// changed places, behind the row before.
func requireInOrder(t *testing.T, rows [][]string, all string) {
	t.Helper()
	for _, row := range rows {
		end := 0
		for _, cell := range row {
			cell = squash(cell)
			i := strings.Index(all, cell)
			require.GreaterOrEqual(t, i, 0, "%q", cell)
			end = max(end, len(cell))
		}
		all = all[end:]
	}
}

func FuzzChunks(f *testing.F) {
	seeds := map[string][]string{
		".md":   {"---\ntitle: x\n---\n# A\ntext\n## B\n\nTitle\n===\nmore", "```\n# no\n```\n# yes", "- ```\n  # no\n  ```\n", "<!--\n# no\n-->\n", "+++\na=1\n+++\nx"},
		".txt":  {"One. Two.\n\nThree four\r\nfive", "\ufeffä€𝄞", "\xff", "a\x00b", strings.Repeat(" ", 300) + "x"},
		".csv":  {"question,answer\nWhy?,So.\n", "a;b\n1;\"x\n\"\"y\"\n", "q\ta\tlang\n1\t2\ten\n", "a,b\n1\n", "\"", "a\n\n\n1"},
		".json": {`[{"question":"a","answer":"b","n":5}]`, `{"faq":[{"q":"\ud800","a":"\u0000"}],"x":[]}`, `[ ]`, `{`, `[{"title":"a","content":["b"]}]`, `5`},
	}
	for ext, contents := range seeds {
		for _, content := range contents {
			for _, size := range []uint16{1, 7, 2000} {
				f.Add(ext, content, size)
			}
		}
	}
	f.Fuzz(func(t *testing.T, ext, content string, size uint16) {
		if _, known := seeds[ext]; known {
			checkChunks(t, ext, content, int(max(size, 1)))
		}
	})
}
