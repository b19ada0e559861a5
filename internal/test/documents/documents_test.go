package documents

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const text = "# One title\n\nSee [there](docs/there.md#a-heading) and `[code](not/a/link.md)`.\n\n" +
	"## A `heading`, twice\n\n```go\nx := 1\n\nreturn use(x)\n```\n\n## A heading, twice\n\n````md\n```go\nno block\n```\n````\n" +
	"[up](#one-title) [second](#a-heading-twice-1) [off](https://example.com/x)\n"

func TestParse(t *testing.T) {
	d := Parse("README.md", text)
	require.Equal(t, []Block{
		{"README.md", 8, "A `heading`, twice", "go", "x := 1\n\nreturn use(x)\n"},
		{"README.md", 16, "A heading, twice", "md", "```go\nno block\n```\n"},
	}, d.Blocks)
	require.Equal(t, []Link{
		{"README.md", 3, "docs/there.md#a-heading"},
		{"README.md", 20, "#one-title"},
		{"README.md", 20, "#a-heading-twice-1"},
		{"README.md", 20, "https://example.com/x"},
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

func TestCompile(t *testing.T) {
	good := []Block{
		{Path: "a.md", Line: 1, Text: "agent, err := client.Agents.Get(ctx, id)\nif err != nil {\n\treturn err\n}\nfmt.Println(agent.Name)\n"},
		{Path: "a.md", Line: 9, Text: "func account(c *agento.Client) error {\n\t_, err := c.Account.Get(context.Background())\n\treturn err\n}\n"},
		{Path: "a.md", Line: 20, Text: "package main\n\nfunc main() {}\n"},
	}
	require.NoError(t, Compile("../../..", good, nil))
	bad := []Block{{Path: "docs/a.md", Line: 40, Text: "fmt.Println(1)\nclient.Agents.Fetch(ctx)\n"}}
	err := Compile("../../..", bad, nil)
	require.ErrorContains(t, err, "a.md:41")
	require.ErrorContains(t, err, "Fetch")
}
