package chunk_test

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chunk"
)

// checkFile checks the chunks, or the error, of any content. It returns their text
// without blank space.
func checkFile(t *testing.T, name, content string, size int) (text string, err error) {
	t.Helper()
	chunks, err := collect(chunk.FromReader(name, strings.NewReader(content), chunk.Size(size)))
	if err != nil {
		require.Empty(t, chunks)
		require.ErrorIs(t, err, agento.ErrValidation)
		require.ErrorContains(t, err, "file "+name+" ")
		require.NotRegexp(t, `[\x00-\x1f]`, err.Error())
		return "", err
	}
	require.True(t, utf8.ValidString(content))
	return requireChunks(t, chunks, name, size), nil
}

func checkText(t *testing.T, content string, size int) {
	t.Helper()
	text, err := checkFile(t, "f.txt", content, size)
	if err == nil {
		require.Equal(t, squash(strings.TrimPrefix(content, "\ufeff")), text)
	}
}

// checkMarkdown checks that all text is in the chunks, except for front matter.
func checkMarkdown(t *testing.T, content string, size int) {
	t.Helper()
	text, err := checkFile(t, "f.md", content, size)
	if err != nil {
		return
	}
	want := squash(strings.TrimPrefix(content, "\ufeff"))
	if text == want {
		return
	}
	require.True(t, strings.HasSuffix(want, text))
	matter := strings.TrimSuffix(want, text)
	yaml := strings.HasPrefix(matter, "---") && (strings.HasSuffix(matter, "---") || strings.HasSuffix(matter, "..."))
	toml := strings.HasPrefix(matter, "+++") && strings.HasSuffix(matter, "+++")
	require.True(t, yaml || toml, "%q is not front matter", matter)
	require.Regexp(t, `[:=?\[{]|^(---|\+\+\+)(---|\.\.\.|\+\+\+)$`, matter)
}

func FuzzMarkdown(f *testing.F) {
	for _, content := range []string{
		"---\ntitle: x\n---\n# A\ntext\n## B\n\nTitle\n===\nmore", "```\n# no\n```\n# yes", "- ```\n  # no\n  ```\n", "<!--\n# no\n-->\n", "+++\na=1\n+++\nx",
		"---\nNote: read this.\n\nText.\n\n---\nmore", "<div>\n# no\n</div>\n\n# yes", "> # no\n- - > # no\n\n# yes\n---\n", "[a]: /u\nTitle\n===\n", "\ta\n\t# no\r\n# yes",
		strings.Repeat(">", 100) + "# x", strings.Repeat("- ", 100) + "# x\n\n\n# y", strings.Repeat("[a]: b\n", 101) + "===\n", "---\n? [a]\n: b\n...\n# A",
	} {
		for _, size := range []uint16{1, 7, 2000} {
			f.Add(content, size)
		}
	}
	f.Fuzz(func(t *testing.T, content string, size uint16) { checkMarkdown(t, content, int(max(size, 1))) })
}

func FuzzText(f *testing.F) {
	for _, content := range []string{"One. Two.\n\nThree four\r\nfive", "\ufeffä€𝄞", "\xff", "a\x00b", strings.Repeat(" ", 300) + "x"} {
		for _, size := range []uint16{1, 7, 2000} {
			f.Add(content, size)
		}
	}
	f.Fuzz(func(t *testing.T, content string, size uint16) { checkText(t, content, int(max(size, 1))) })
}

// FuzzCSV checks that a file is valid if a separator fits, that its chunks have
// the cells that this separator gives, and that no letter or digit is lost.
func FuzzCSV(f *testing.F) {
	for _, content := range []string{
		"question,answer\nWhy?,So.\n", "a;b\n1;\"x\n\"\"y\"\n", "q\ta\tlang\n1\t2\ten\n", "a,b\n1\n", "\"", "a\n\n\n1", "sep=;\nName;Preis\nStift;2,50\n",
		"Artikel;Preis (EUR, netto)\nStift;2,50\n", "a|b,c\n1|2,3\n", "name, note\nPen, \"red, blue\"\n", "\"sep=,\"\na,b\n,\n", "a;\"b\nc\"\r1;2", "x\n1;2\n", "a\tb\n\t\n",
	} {
		f.Add(content, uint16(7))
		f.Add(content, uint16(2000))
	}
	f.Fuzz(func(t *testing.T, content string, size uint16) {
		text, err := checkFile(t, "f.csv", content, int(max(size, 1)))
		if err != nil && !strings.Contains(err.Error(), "is not CSV") {
			return
		}
		body := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(content, "\ufeff"))
		separators := "\t;|,"
		if first, rest, _ := strings.Cut(body, "\n"); len(first) > 4 && strings.EqualFold(strings.Trim(first, `"`)[:min(4, len(strings.Trim(first, `"`)))], "sep=") {
			if err != nil {
				return
			}
			line := []rune(strings.Trim(first, `"`))
			if len(line) == 5 && !unicode.IsLetter(line[4]) && !unicode.IsDigit(line[4]) {
				separators, body = string(line[4]), rest
			}
		}
		fits := 0
		for _, separator := range separators {
			r := csv.NewReader(strings.NewReader(body))
			r.Comma, r.TrimLeadingSpace = separator, !unicode.IsSpace(separator)
			rows, csvErr := r.ReadAll()
			if csvErr != nil || len(rows) > 0 && len(rows[0]) == 1 && separator != ',' && len(separators) > 1 {
				continue
			}
			require.NoError(t, err, "separator %q fits", separator)
			if len(rows) == 0 || inOrder(rows[1:], text) {
				fits++
			}
		}
		if err == nil {
			require.Positive(t, fits, "no separator gives %q", text)
			requireLetters(t, belowHeader(body), text)
		}
	})
}

// inOrder reports whether the text has all cells of a row after those of the row
// before.
func inOrder(rows [][]string, text string) bool {
	for _, row := range rows {
		end := 0
		for _, cell := range row {
			cell = squash(cell)
			if !strings.Contains(text, cell) {
				return false
			}
			end = max(end, len(cell))
		}
		text = text[end:]
	}
	return true
}

// belowHeader returns the text after the header: the first line that is not blank
// and ends outside of quotes.
func belowHeader(text string) string {
	text = strings.TrimLeft(text, "\n")
	quotes := 0
	for i, r := range text {
		switch {
		case r == '"':
			quotes++
		case r == '\n' && quotes%2 == 0:
			return text[i:]
		}
	}
	return ""
}

// requireLetters checks that got has as many of each letter and digit as want.
func requireLetters(t *testing.T, want, got string) {
	t.Helper()
	count := make(map[rune]int)
	for _, r := range got {
		count[r]++
	}
	for _, r := range want {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			count[r]--
			require.GreaterOrEqual(t, count[r], 0, "%q is lost", r)
		}
	}
}

// FuzzJSON checks that the chunks have the values of all strings, without escapes.
func FuzzJSON(f *testing.F) {
	for _, content := range []string{
		`[{"question":"a","answer":"b","n":5}]`, `{"faq":[{"q":"\ud800","a":"\u0000"}],"x":[]}`, `[ ]`, `{`, `[{"title":"a","content":["b"]}]`, `5`,
		`[{"q":"a","a":{"caf\u00e9":["\"\\\/",null,{"x":"y"}]}}]`, "{\"a\":1}\n\n{\"b\":[\"\\u00e9\"]}",
	} {
		f.Add(content, uint16(7), true)
		f.Add(content, uint16(2000), false)
	}
	f.Fuzz(func(t *testing.T, content string, size uint16, lines bool) {
		name := "f.json"
		if lines {
			name = "f.jsonl"
		}
		text, err := checkFile(t, name, content, int(max(size, 1)))
		if err != nil {
			return
		}
		var list []any
		if !lines {
			_ = json.Unmarshal([]byte(content), &list)
		}
		for line := range strings.Lines(content) {
			var value any
			if lines && json.Unmarshal([]byte(line), &value) == nil {
				list = append(list, value)
			}
		}
		for _, entry := range list {
			requireStrings(t, entry, text)
		}
	})
}

func requireStrings(t *testing.T, value any, text string) {
	t.Helper()
	switch value := value.(type) {
	case string:
		require.Contains(t, text, squash(value))
	case []any:
		for _, v := range value {
			requireStrings(t, v, text)
		}
	case map[string]any:
		for _, v := range value {
			requireStrings(t, v, text)
		}
	}
}
