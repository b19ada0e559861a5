package chunk_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/chunk"
)

func TestMarkdown(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string // title | content
	}{
		"no heading":       {"Hello.\n\nWorld.", []string{" | Hello.\n\nWorld."}},
		"text before":      {"Hello.\n# A\nx", []string{" | Hello.", "A | # A\nx"}},
		"path of headings": {"# Guide\na\n## Install\nb\n### Linux\nc\n## Use\nd\n# Annex\ne", []string{"Guide | # Guide\na", "Guide > Install | ## Install\nb", "Guide > Install > Linux | ### Linux\nc", "Guide > Use | ## Use\nd", "Annex | # Annex\ne"}},
		"a level left out": {"# A\na\n### C\nc\n## B\nb", []string{"A | # A\na", "A > C | ### C\nc", "A > B | ## B\nb"}},
		"deeper first":     {"### C\nc\n# A\na", []string{"C | ### C\nc", "A | # A\na"}},
		"bare headings":    {"# Guide\n\n## Install\n\nRun it.\n", []string{"Guide > Install | # Guide\n\n## Install\n\nRun it."}},
		"bare at the end":  {"# A\na\n# B\n", []string{"A | # A\na", "B | # B"}},
		"closed":           {"## A ##\nx\n# B#\ny\n# C # # \nz", []string{"A | ## A ##\nx", "B# | # B#\ny", "C # | # C # # \nz"}},
		"empty headings":   {"#\na\n## ##\nb\n##\tTab\nc", []string{" | #\na", " | ## ##\nb", "Tab | ##\tTab\nc"}},
		"indented":         {"   # A\na\n    # code\n\t# code\n", []string{"A |    # A\na\n    # code\n\t# code"}},
		"no headings":      {"#no\n####### no\n\\# no\n- # no\n> # no\nno # no\n", []string{" | #no\n####### no\n\\# no\n- # no\n> # no\nno # no"}},
		"line ends":        {"# A\r\na\r\n\r\n# B\r\nb", []string{"A | # A\na", "B | # B\nb"}},

		"underlined":              {"Guide\n=====\na\n\nInstall\n---\nb\n", []string{"Guide | Guide\n=====\na", "Guide > Install | Install\n---\nb"}},
		"underlined by one":       {"A\n=\na\n\nB\n-\nb", []string{"A | A\n=\na", "A > B | B\n-\nb"}},
		"of several lines":        {"x\n\nOne\n  two\n===\na", []string{" | x", "One two | One\n  two\n===\na"}},
		"behind a number sign":    {"# A\nB\n---\nb", []string{"A > B | # A\nB\n---\nb"}},
		"rule":                    {"a\n\n---\n\nb\n***\n- - -\nc", []string{" | a\n\n---\n\nb\n***\n- - -\nc"}},
		"no paragraph":            {"- item\n---\n> quote\n---\n    code\n---\n<div>\n---\n---\n", []string{" | - item\n---\n> quote\n---\n    code\n---\n<div>\n---\n---"}},
		"lazy lines":              {"- item\ngoes on\n---\nB\n---\nb", []string{" | - item\ngoes on\n---", "B | B\n---\nb"}},
		"number in a paragraph":   {"1. item\n---\n1984\n---\nx", []string{" | 1. item\n---", "1984 | 1984\n---\nx"}},
		"table":                   {"a | b\n--- | ---\n1 | 2\n", []string{" | a | b\n--- | ---\n1 | 2"}},
		"underline with spaces":   {"A\n= =\n   ===  \nx", []string{"A = = | A\n= =\n   ===  \nx"}},
		"underline too far right": {"A\n    ===\nx", []string{" | A\n    ===\nx"}},

		"fence":                    {"# A\n```sh\n# comment\nB\n---\n```\n# C\nc", []string{"A | # A\n```sh\n# comment\nB\n---\n```", "C | # C\nc"}},
		"tildes":                   {"~~~ `x`\n# a\n```\n# b\n~~~~\n# C\nc", []string{" | ~~~ `x`\n# a\n```\n# b\n~~~~", "C | # C\nc"}},
		"longer fence":             {"````\n```\n# a\n```\n````\n# C\nc", []string{" | ````\n```\n# a\n```\n````", "C | # C\nc"}},
		"fence with a word at end": {"```\n``` go\n# a\n```\n# C\nc", []string{" | ```\n``` go\n# a\n```", "C | # C\nc"}},
		"fence never closed":       {"```\n# a\n", []string{" | ```\n# a"}},
		"code in a line":           {"``` a ```\n# B\nb", []string{" | ``` a ```", "B | # B\nb"}},
		"fence in a list":          {"- ```\n  # a\n  ```\n10. - ~~~\n      # b\n      ~~~\n# C\nc", []string{" | - ```\n  # a\n  ```\n10. - ~~~\n      # b\n      ~~~", "C | # C\nc"}},
		"indented fence":           {"    ```\n# B\nb\n", []string{" |     ```", "B | # B\nb"}},
		"end too far right":        {"```\n    ```\n# a\n```\n# C\nc", []string{" | ```\n    ```\n# a\n```", "C | # C\nc"}},
		"fence ends a paragraph":   {"A\n```\nx\n```\n---\nb", []string{" | A\n```\nx\n```\n---\nb"}},
		"comment":                  {"<!-- x\n# a\n-->\n# B\n<!-- y -->\n# C\nc", []string{" | <!-- x\n# a\n-->", "B | # B\n<!-- y -->", "C | # C\nc"}},
		"preformatted":             {"<PRE class=x>\n# a\n</pre>\n# B\nb\n<prefix>\n# C\nc", []string{" | <PRE class=x>\n# a\n</pre>", "B | # B\nb\n<prefix>", "C | # C\nc"}},

		"div":                      {"<div>\n# a\nB\n---\n</div>\n# C\nc", []string{" | <div>\n# a\nB\n---\n</div>\n# C\nc"}},
		"div, then a blank line":   {"<div>\n# a\n</div>\n\n# C\nc", []string{" | <div>\n# a\n</div>", "C | # C\nc"}},
		"details":                  {"<details>\n<summary>S</summary>\n# a\n</details>\n\n# B\nb", []string{" | <details>\n<summary>S</summary>\n# a\n</details>", "B | # B\nb"}},
		"blank line in details":    {"<details>\n\n# A\na\n\n</details>", []string{" | <details>", "A | # A\na\n\n</details>"}},
		"HTML table":               {"<table>\n<tr><td>\n# a\n</td></tr>\n</table>\n\n# B\nb", []string{" | <table>\n<tr><td>\n# a\n</td></tr>\n</table>", "B | # B\nb"}},
		"table in a paragraph":     {"x\n<table>\n# a\n</table>", []string{" | x\n<table>\n# a\n</table>"}},
		"any element":              {"<my-box a='b'>\n# a\n</my-box>\n\n# B\nb", []string{" | <my-box a='b'>\n# a\n</my-box>", "B | # B\nb"}},
		"element in a line":        {"<b>x</b>\n# A\na", []string{" | <b>x</b>", "A | # A\na"}},
		"processing instruction":   {"<?x\n# a\n\n# b\n?>\n# C\nc", []string{" | <?x\n# a\n\n# b\n?>", "C | # C\nc"}},
		"CDATA":                    {"<![CDATA[\n# a\n\n# b\n]]>\n# C\nc", []string{" | <![CDATA[\n# a\n\n# b\n]]>", "C | # C\nc"}},
		"script with a blank line": {"<script>\n\n# a\n</script>\n# B\nb", []string{" | <script>\n\n# a\n</script>", "B | # B\nb"}},
		"blank line in a list":     {"- a\n\n  # b\n\n  B\n  ---\n\n# C\nc", []string{" | - a\n\n  # b\n\n  B\n  ---", "C | # C\nc"}},
		"code in a list":           {"1. a\n\n       # b\n\n# C\nc", []string{" | 1. a\n\n       # b", "C | # C\nc"}},
		"link reference":           {"[a]: /u\nTitle\n===\nx", []string{" | [a]: /u", "Title | Title\n===\nx"}},
		"only a link reference":    {"[a]: /u\n===\n# B\nb", []string{" | [a]: /u\n===", "B | # B\nb"}},

		"front matter":           {"---\ntitle: x\n---\n# A\na", []string{"A | # A\na"}},
		"front matter and mark":  {"\ufeff---\r\n# comment\r\n\r\ntitle: x\r\n...\r\nA\r\n", []string{" | A"}},
		"front matter in TOML":   {"+++\ntitle = 'x'\n+++\nA", []string{" | A"}},
		"empty front matter":     {"---\n---\nA", []string{" | A"}},
		"only front matter":      {"---\ntitle: x\n---\n", nil},
		"not closed":             {"---\ntitle: x\n", []string{" | ---\ntitle: x"}},
		"a rule, and another":    {"---\ntext\n\n---\nmore", []string{" | ---\ntext\n\n---\nmore"}},
		"a rule, and a sentence": {"---\nNote: read this.\n\nText.\n\n---\nmore", []string{" | ---\nNote: read this.\n\nText.\n\n---\nmore"}},
		"rules around a heading": {"---\n# A\n---\na", []string{" | ---", "A | # A\n---\na"}},
		"rules around a list":    {"---\n- a: b\n---\nc", []string{" | ---\n- a: b\n---\nc"}},
		"rules around a word":    {"---\n\nword\n\n---\nc", []string{" | ---\n\nword\n\n---\nc"}},
		"a key twice":            {"---\nNote: a\nNote: b\n\n---\nc", []string{" | ---\nNote: a\nNote: b\n\n---\nc"}},
		"rules around a quote":   {"---\n> Note: a\n> Note: b\n\n---\nc", []string{" | ---\n> Note: a\n> Note: b\n\n---\nc"}},
		"sentences in TOML":      {"+++\nNote = read this.\n\nText.\n\n+++\nmore", []string{" | +++\nNote = read this.\n\nText.\n\n+++\nmore"}},
		"a list in TOML":         {"+++\n- a = 1\n- 2\n+++\nmore", []string{" | +++\n- a = 1\n- 2\n+++\nmore"}},
		"a heading in TOML":      {"+++\n# A\n+++\na", []string{" | +++", "A | # A\n+++\na"}},
		"links in TOML":          {"+++\n[a](b)\n+++\nmore", []string{" | +++\n[a](b)\n+++\nmore"}},
		"tables in TOML":         {"+++\n# x\ntitle = \"x\"\ndraft = false\ndate = 2026-11-28\ntags = [\n  \"a\",\n  'b',\n]\n\n[menu.main]\nweight = -1\n+++\nA", []string{" | A"}},
		"lists in YAML":          {"---\ntitle: \"a: b\"\ntags:\n  - a\n  - b\nmenu: {main: 1}\n---\nA", []string{" | A"}},
		"further down":           {"a\n\n---\nb: c\n---\n", []string{" | a\n\n---", "b: c | b: c\n---"}},
		"too long":               {"---\na: b\n" + strings.Repeat("# x\n", 5000) + "---\n", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			chunks, errs := chunksOf(fstest.MapFS{"a.md": textFile(tt.text)})
			require.Empty(t, errs)
			if name == "too long" {
				require.NotEmpty(t, chunks, "it is plain text")
				return
			}
			require.Equal(t, tt.want, titled(chunks))
		})
	}
}

func TestMarkdownLongSection(t *testing.T) {
	text := "# Guide\n## Install\n\n" + strings.Repeat("Some words of text.\n\n", 10) + "## Use\n\nOne."
	chunks, errs := chunksOf(fstest.MapFS{"a.md": textFile(text)})
	require.Empty(t, errs)
	require.Len(t, chunks, 2)
	small, errs := chunksOf(fstest.MapFS{"a.md": textFile(text)}, chunk.Size(100))
	require.Empty(t, errs)
	require.Equal(t, "# Guide\n## Install\n\nSome words of text.\n\nSome words of text.\n\nSome words of text.", small[0].Content)
	for i, c := range small[:len(small)-1] {
		require.Equal(t, "Guide > Install", c.Title)
		require.Equal(t, map[string]any{"part": i + 1}, c.Metadata)
		require.True(t, strings.HasSuffix(c.Content, "text."))
	}
	last := small[len(small)-1]
	require.Equal(t, "Guide > Use", last.Title)
	require.Nil(t, last.Metadata)
}

func TestMarkdownLongHeading(t *testing.T) {
	heading := strings.Repeat("ä", 300)
	chunks, errs := chunksOf(fstest.MapFS{"a.md": textFile("# " + heading + "\n## B\ntext")})
	require.Empty(t, errs)
	require.Equal(t, "# "+heading+"\n## B\ntext", chunks[0].Content)
	require.Equal(t, strings.Repeat("ä", 199)+"…", chunks[0].Title)
}

// TestMarkdownPathological checks that the whole text is one section, regardless of
// its depth and number of link references. goldmark alone would take quadratic time
// and stack space proportional to the depth.
func TestMarkdownPathological(t *testing.T) {
	const size = 1 << 20
	for name, one := range map[string]string{
		"quotations": ">", "lists": "- ", "numbers": "1. ", "both": "> * ", "link references": "[a]: b\n", "open titles": "[a]: b \"\n", "open brackets": "[\n",
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Repeat(one, size/len(one)) + "x\n\n# A\n\na"
			chunks, errs := chunksOf(fstest.MapFS{"a.md": textFile(text)}, chunk.Size(2*size))
			require.Empty(t, errs)
			require.Len(t, chunks, 2)
			require.Equal(t, "# A\n\na", chunks[1].Content)
			require.Equal(t, squash(text), squash(chunks[0].Content+chunks[1].Content))
		})
	}
}
