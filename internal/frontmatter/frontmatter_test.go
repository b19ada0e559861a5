package frontmatter_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/frontmatter"
)

func TestCut(t *testing.T) {
	for name, tt := range map[string]struct{ text, matter, rest, problem string }{
		"matter":      {"---\na: b\n---\ntext\n---\n", "a: b\n", "text\n---\n", ""},
		"empty":       {"---\n---", "", "", ""},
		"second end":  {"--- \t\r\na: b\r\n...\r\ntext", "a: b\r\n", "text", ""},
		"indented":    {"---\na: b\n ---\n---\n", "a: b\n ---\n", "", ""},
		"longest":     {"---\n" + strings.Repeat("a", frontmatter.MaxBytes-1) + "\n---\n", strings.Repeat("a", frontmatter.MaxBytes-1) + "\n", "", ""},
		"too long":    {"---\n" + strings.Repeat("a", frontmatter.MaxBytes) + "\n---\n", "", "", "is larger than 16 KiB"},
		"no text":     {"", "", "", "is missing: the file does not begin with a line of ---"},
		"other text":  {"----\na: b\n---\n", "", "", "is missing: the file does not begin with a line of ---"},
		"not ended":   {"---\na: b\n----", "", "", "is missing or does not end with a line of ---"},
		"a line only": {"---", "", "", "is missing or does not end with a line of ---"},
	} {
		t.Run(name, func(t *testing.T) {
			matter, rest, err := frontmatter.Cut(tt.text, "---", "---", "...")
			if tt.problem != "" {
				require.EqualError(t, err, tt.problem)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.matter, matter)
			require.Equal(t, tt.rest, rest)
		})
	}
}

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct {
		matter  string
		keys    int
		problem string
	}{
		"mapping":            {"a: b\nc: [d]\n", 2, ""},
		"flow mapping":       {"{a: b}\n", 1, ""},
		"empty":              {"\n \n", 0, ""},
		"comment":            {"# a: b\n", 0, ""},
		"list":               {"- a: b\n", 0, "not a list of keys and values"},
		"word":               {"a\n", 0, "not a list of keys and values"},
		"key twice":          {"a: b\nc: {d: 1, d: 2}\n", 0, "line 3: duplicate key d"},
		"colon in a value":   {"a: b\nc: d: e\n", 0, "line 3: mapping values are not allowed in this context; put the value of c in quotes"},
		"colon in a list":    {"a:\n  - b: c: d\n", 0, "line 3: mapping values are not allowed in this context; put the value of b in quotes"},
		"quote in a quote":   {"a: 'it's'\n", 0, "line 2: did not find expected key"},
		"no colon":           {"a: b\nc\nd: e\n", 0, "line 3: could not find expected ':'"},
		"as many as located": {strings.Repeat("a:\n", 99) + "b: c: d\n", 0, "line 101: mapping values are not allowed in this context; put the value of b in quotes"},
		"too many":           {strings.Repeat("a:\n", 100) + "b: c: d\n", 0, "yaml: line 102: mapping values are not allowed in this context"},
	} {
		t.Run(name, func(t *testing.T) {
			mapping, err := frontmatter.Parse(tt.matter)
			if tt.problem != "" {
				require.EqualError(t, err, tt.problem)
				return
			}
			require.NoError(t, err)
			if tt.keys == 0 {
				require.Nil(t, mapping)
				return
			}
			require.Len(t, mapping.Content, 2*tt.keys)
		})
	}
}

// FuzzParse checks that an error names a line of the file.
func FuzzParse(f *testing.F) {
	for _, matter := range []string{
		"a: b\nc: d: e\n", "a: [b\nc: d\n", "a: 'b'c'\n", "a: \"b\n", "a:\n  - b\n c: d\n", "\ta: b\n", "a: *b\n", "a: &b [*b]\n", "? [a]\n: {b: c}\n", "a: |\n  b\n c\n",
		"a: @b\n", "a: !!binary x\n", "<<: *a\n", "a: b\n...\nc\n", "%YAML 9\n---\na: b\n", "a: \x01\n", "a: \xff\n", strings.Repeat("a: {", 200), strings.Repeat("- ", 300),
	} {
		f.Add(matter)
	}
	f.Fuzz(func(t *testing.T, matter string) {
		if len(matter) > frontmatter.MaxBytes {
			return
		}
		mapping, err := frontmatter.Parse(matter)
		if err != nil {
			require.Nil(t, mapping)
			require.NotEmpty(t, err.Error())
			lines := 2
			for _, lineBreak := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} { // of YAML
				lines += strings.Count(matter, lineBreak)
			}
			if line := regexpLine.FindStringSubmatch(err.Error()); line != nil && lines < 100 {
				n, err := strconv.Atoi(line[1])
				require.NoError(t, err)
				require.LessOrEqual(t, 2, n)
				require.LessOrEqual(t, n, lines)
			}
		}
	})
}

var regexpLine = regexp.MustCompile(`^line (\d+): `)
