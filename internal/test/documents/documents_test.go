package documents

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const text = "# One title\n\nSee [there](docs/there.md#a-heading) and `[code](not/a/link.md)`.\n\n" +
	"## A `heading`, twice\n\n```go\nx := 1\n\nreturn use(x)\n```\n\nScopes: `chat`, `logs`.\n\n## A heading, twice\n\n````md\n```go\nno block\n```\n````\n" +
	"[up](#one-title) [second](#a-heading-twice-1) [off](https://example.com/x)\n"

func TestParse(t *testing.T) {
	d := parse("README.md", text)
	require.Equal(t, []Block{
		{"README.md", 8, "readme_a_heading_twice", "go", "x := 1\n\nreturn use(x)\n", []string{"chat", "logs"}},
		{"README.md", 18, "readme_a_heading_twice_1", "md", "```go\nno block\n```\n", nil},
	}, d.Blocks)
	require.Equal(t, []Link{
		{"README.md", 3, "docs/there.md#a-heading"},
		{"README.md", 22, "#one-title"},
		{"README.md", 22, "#a-heading-twice-1"},
		{"README.md", 22, "https://example.com/x"},
	}, d.Links)
}

func TestBroken(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	write("README.md", text)
	write("docs/there.md", "## A heading\n[back](../README.md) [wrong](../README.md#nowhere) [gone](gone.md)\n")
	all, err := All(root)
	require.NoError(t, err)
	require.Equal(t, []string{
		"docs/there.md:2: ../README.md#nowhere: no such heading",
		"docs/there.md:2: gone.md: no such file",
	}, Broken(root, all))
}

func block(name, text string) Block {
	return Block{Path: "docs/a.md", Line: 40, Name: name, Language: "go", Text: text, Scopes: []string{"agents:read"}}
}

const hello = "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n"

func TestRun(t *testing.T) {
	require.NoError(t, Run(t.Context(), ".", []Block{
		block("output", "fmt.Println(agentID != \"\")\n// Output: true\n"),
		block("unordered", "fmt.Println(1)\nfmt.Println(2)\n// Unordered output:\n// 2\n// 1\n"),
		block("err", "return errors.New(\"x\")\n// Output: error: x\n"),
		block("test", "func TestIt(t *testing.T) {}\n"),
		block("program", hello+"// Output: hello\n"),
	}, nil))
}

func TestRunFails(t *testing.T) {
	err := Run(t.Context(), ".", []Block{
		block("other_output", "fmt.Println(1)\n// Output: 2\n"),
		block("no_output", "fmt.Println(1)\n"),
		block("no_scope", "return client.Agents.Stop(ctx, agentID)\n"),
		block("test", "func TestIt(t *testing.T) { t.Error(1) }\n"),
		block("program_output", hello+"// Output: bye\n"),
		block("no_program", "package main\n\nfunc main() { missing() }\n"),
	}, nil)
	for _, problem := range []string{
		"got:\nhello\nwant:\nbye\n", "docs/a.md:42: undefined: missing",
		"got:\n1\nwant:\n2\n", "got:\n1\nwant:\n\n", "lacks the scope agents:write", "--- FAIL: TestIt",
	} {
		require.ErrorContains(t, err, problem)
	}
	err = Run(t.Context(), ".", []Block{block("no_method", "fmt.Println(1)\nclient.Agents.Fetch(ctx)\n")}, nil)
	require.ErrorContains(t, err, "a.md:41:")
}
