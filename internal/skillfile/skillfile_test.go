package skillfile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/skillfile"
	"github.com/remsyshq/agento-go/internal/test/brokenfs"
)

const skillMD = "---\nname: invoices\ndescription: Reads invoices\nversion: 1.2.0\n---\n# Invoices\n"

func textFile(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }

func TestRead(t *testing.T) {
	p, err := skillfile.Read(fstest.MapFS{
		"SKILL.md":        textFile(skillMD),
		"scripts/read.py": textFile("print(1)\n"),
		"empty.txt":       textFile(""),
		"a b/ü.txt":       textFile("ü"),
	})
	require.NoError(t, err)
	require.Equal(t, skillfile.Skill{
		Name: "invoices", Version: "1.2.0", Description: "Reads invoices",
		Files: map[string]string{"SKILL.md": skillMD, "scripts/read.py": "print(1)\n", "empty.txt": "", "a b/ü.txt": "ü"},
	}, p)
}

func TestFrontMatter(t *testing.T) {
	type params = skillfile.Skill
	tests := map[string]struct {
		markdown string
		want     params
		problem  string // in the error
	}{
		"no version":             {"---\nname: a\ndescription: b\n---\n", params{Name: "a", Description: "b"}, ""},
		"version in metadata":    {"---\nname: a\ndescription: b\nmetadata:\n  author: me\n  version: \"1.0.0\"\n---\n", params{Name: "a", Description: "b", Version: "1.0.0"}, ""},
		"version wins":           {"---\nname: a\ndescription: b\nversion: 2.0.0\nmetadata: {version: 1.0.0}\n---\n", params{Name: "a", Description: "b", Version: "2.0.0"}, ""},
		"metadata is a list":     {"---\nname: a\ndescription: b\nmetadata: [version]\n---\n", params{Name: "a", Description: "b"}, ""},
		"metadata of a map":      {"---\nname: a\ndescription: b\nmetadata: {version: {x: 1}}\n---\n", params{Name: "a", Description: "b"}, ""},
		"folded description":     {"---\nname: a\ndescription: >-\n  one\n  two\n---\n", params{Name: "a", Description: "one two"}, ""},
		"line ends of Windows":   {"---\r\nname: a\r\ndescription: b\r\n---\r\ntext", params{Name: "a", Description: "b"}, ""},
		"byte order mark":        {"\ufeff---\nname: a\ndescription: b\n---\n", params{Name: "a", Description: "b"}, ""},
		"spaces behind a mark":   {"--- \nname: a\ndescription: b\n---\t\n", params{Name: "a", Description: "b"}, ""},
		"no text after it":       {"---\nname: a\ndescription: b\n---", params{Name: "a", Description: "b"}, ""},
		"unknown keys":           {"---\nname: a\nlicense: MIT\nallowed-tools: [Read]\ndescription: b\n---\n", params{Name: "a", Description: "b"}, ""},
		"name is a number":       {"---\nname: 007\ndescription: b\n---\n", params{Name: "007", Description: "b"}, ""},
		"none":                   {"# Invoices\n", params{}, "missing"},
		"empty file":             {"", params{}, "missing"},
		"not ended":              {"---\nname: a\ndescription: b\n", params{}, "does not end"},
		"a line before it":       {"\n---\nname: a\ndescription: b\n---\n", params{}, "does not begin"},
		"four hyphens":           {"----\nname: a\ndescription: b\n----\n", params{}, "missing"},
		"no name":                {"---\ndescription: b\n---\n", params{}, "no name"},
		"name is null":           {"---\nname: ~\ndescription: b\n---\n", params{}, "no name"},
		"bad name":               {"---\nname: My Skill\ndescription: b\n---\n", params{}, "lower-case"},
		"name is a list":         {"---\nname: [a]\ndescription: b\n---\n", params{}, "cannot be read"},
		"no description":         {"---\nname: a\n---\n", params{}, "no description"},
		"blank description":      {"---\nname: a\ndescription: '  '\n---\n", params{}, "no description"},
		"version is two":         {"---\nname: a\ndescription: b\nversion: 1.0\n---\n", params{}, "semantic version"},
		"bad metadata version":   {"---\nname: a\ndescription: b\nmetadata: {version: v1}\n---\n", params{}, "semantic version"},
		"a nested key twice":     {"---\nname: a\ndescription: b\nmetadata: [{x: 1, x: 2}]\n---\n", params{}, "cannot be read"},
		"many keys twice":        {"---\n" + strings.Repeat("a:\n", 5<<10) + "---\n", params{}, "cannot be read"},
		"an alias":               {"---\nname: &n a\ndescription: *n\n---\n", params{Name: "a", Description: "a"}, ""},
		"a key twice":            {"---\nname: a\nname: b\ndescription: b\n---\n", params{}, "line 3: duplicate key name"},
		"an unknown key twice":   {"---\nname: a\ndescription: b\nx: 1\nx: 2\n---\n", params{}, "cannot be read"},
		"not YAML":               {"---\nname: [a\n---\n", params{}, "cannot be read"},
		"a tab":                  {"---\n\tname: a\n---\n", params{}, "cannot be read"},
		"a list":                 {"---\n- name\n---\n", params{}, "cannot be read"},
		"a scalar":               {"---\nname\n---\n", params{}, "cannot be read"},
		"empty":                  {"---\n---\n", params{}, "no name"},
		"an alias for nothing":   {"---\nname: *a\ndescription: b\n---\n", params{}, "cannot be read"},
		"a merge":                {"---\nx: &x {name: a, description: b}\n<<: *x\n---\n", params{}, "no name"},
		"too long":               {"---\nname: a\ndescription: " + strings.Repeat("x", 17<<10) + "\n---\n", params{}, "larger than 16 KiB"},
		"too many lines":         {"---\n" + strings.Repeat("#\n", 9<<10) + "---\n", params{}, "larger than 16 KiB"},
		"deep":                   {"---\nname: a\ndescription: b\nx: " + strings.Repeat("[", 15<<10) + "\n---\n", params{}, "cannot be read"},
		"aliases upon aliases":   {"---\n" + bomb() + "name: *f\ndescription: b\n---\n", params{}, "cannot be read"},
		"colon in line 5":        {"---\nname: a\nversion: 1.0.0\nlicense: x\ndescription: Use when: asked\nx: y\n---\n", skillfile.Skill{}, "line 5: "},
		"quote in line 5":        {"---\nname: a\nversion: 1.0.0\nlicense: x\ndescription: 'it's'\nx: y\n---\n", skillfile.Skill{}, "line 5: "},
		"word after a quote":     {"---\nname: a\nversion: 1.0.0\nlicense: x\ndescription: \"a\" b\nx: y\n---\n", skillfile.Skill{}, "line 5: "},
		"open bracket in line 5": {"---\nname: a\nversion: 1.0.0\nlicense: x\ndescription: [foo\nx: y\n---\n", skillfile.Skill{}, "line 5: "},
		"word after a bracket":   {"---\nname: a\nversion: 1.0.0\nlicense: x\ndescription: [foo] bar\nx: y\n---\n", skillfile.Skill{}, "line 5: "},
		"list in line 5":         {"---\nname: a\nversion: 1.0.0\nlicense: x\n- a\nx: y\n---\n", skillfile.Skill{}, "line 5: "},
		"no colon in line 5":     {"---\nname: a\nversion: 1.0.0\nlicense: x\ndescription\nx: y\n---\n", skillfile.Skill{}, "line 5: "},
		"tab in line 5":          {"---\nname: a\nversion: 1.0.0\nlicense: x\n\tdescription: b\nx: y\n---\n", skillfile.Skill{}, "line 5: "},
		"indent in line 6":       {"---\nname: a\nversion: 1.0.0\nlicense:\n    a: b\n  c: d\nx: y\n---\n", skillfile.Skill{}, "line 6: "},
		"alias in line 5":        {"---\nname: a\nversion: 1.0.0\nlicense: x\ndescription: *all* files\nx: y\n---\n", skillfile.Skill{}, "line 5: "},
		"at sign in line 5":      {"---\r\nname: a\r\nversion: 1.0.0\r\nlicense: x\r\ndescription: @all\r\nx: y\r\n---\r\n", skillfile.Skill{}, "line 5: "},
		"after a list of lines":  {"---\nname: a\ntags: [\n  b,\n  c,\n]\ndescription: d: e\nx: y\n---\n", skillfile.Skill{}, "line 7: "},
		"after a quote of lines": {"---\nname: a\ntitle: \"b\n  c\n  d\"\ndescription: d: e\nx: y\n---\n", skillfile.Skill{}, "line 6: "},
		"quote the value":        {"---\nname: a\ndescription: Use when: asked\n---\n", skillfile.Skill{}, `line 3: mapping values are not allowed in this context; put the value of description in quotes`},
		"a list in a value":      {"---\nname: a\ndescription: [b]\n---\n", skillfile.Skill{}, "line 3: description is not text"},
		"an error of many lines": {"---\nname: {a: 1}\ndescription: [b]\nversion: {}\n---\n", params{}, "cannot be read"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := skillfile.Read(fstest.MapFS{"SKILL.md": textFile(tt.markdown)})
			if tt.problem != "" {
				require.ErrorIs(t, err, errs.ErrValidation)
				require.ErrorContains(t, err, tt.problem)
				require.ErrorContains(t, err, "SKILL.md")
				require.NotContains(t, err.Error(), "\n")
				require.Zero(t, p)
				return
			}
			require.NoError(t, err)
			tt.want.Files = map[string]string{"SKILL.md": tt.markdown}
			require.Equal(t, tt.want, p)
		})
	}
}

// bomb returns a few lines of YAML that expand to 10^6 values through aliases.
func bomb() string {
	lines := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'f'; c++ {
		lines += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 10), ","))
	}
	return lines
}

func TestReadInvalid(t *testing.T) {
	with := func(name string, file *fstest.MapFile) fs.FS {
		return fstest.MapFS{"SKILL.md": textFile(skillMD), name: file}
	}
	many := func(format string) fs.FS {
		all := fstest.MapFS{"SKILL.md": textFile(skillMD)}
		for i := range 201 {
			all[fmt.Sprintf(format, i)] = textFile("x")
		}
		return all
	}
	large := func(n int) fs.FS {
		all := fstest.MapFS{"SKILL.md": textFile(skillMD)}
		for i := range n {
			all[fmt.Sprintf("f%d", i)] = textFile(strings.Repeat("x", 1<<20))
		}
		return all
	}
	tests := map[string]struct {
		fsys    fs.FS
		problem string
	}{
		"nil":                  {nil, "fsys is nil"},
		"empty":                {fstest.MapFS{}, "no SKILL.md at its root"},
		"SKILL.md in a folder": {fstest.MapFS{"invoices/SKILL.md": textFile(skillMD)}, "no SKILL.md at its root"},
		"SKILL.md is a folder": {fstest.MapFS{"SKILL.md/x": textFile("x")}, "no SKILL.md at its root"},
		"in lower case":        {fstest.MapFS{"skill.md": textFile(skillMD)}, "no SKILL.md at its root"},
		"hidden file":          {with("a/.env", textFile("x")), "skill file a/.env is hidden"},
		"hidden folder":        {with(".git/config", textFile("x")), "skill file .git is hidden"},
		"symbolic link":        {with("link", &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte("SKILL.md")}), "skill file link is not a regular file"},
		"device":               {with("dev", &fstest.MapFile{Mode: fs.ModeDevice}), "skill file dev is not a regular file"},
		"picture":              {with("logo.png", textFile("\x89PNG\r\n")), "skill file logo.png is not UTF-8 text"},
		"NUL":                  {with("data.bin", textFile("a\x00b")), "skill file data.bin is not UTF-8 text"},
		"large file":           {with("big.txt", textFile(strings.Repeat("x", 1<<20+1))), "skill file big.txt is larger than 1 MiB"},
		"large in all":         {large(4), "larger than 4 MiB"},
		"many files":           {many("f%d.txt"), "more than 200 files"},
		"many folders":         {many("d%d/f.txt"), "more than 200"},
		"backslash":            {with(`a\b`, textFile("x")), `skill file a\\b`},
		"line break":           {with("a\nb", textFile("x")), `skill file a\nb`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := skillfile.Read(tt.fsys)
			require.ErrorIs(t, err, errs.ErrValidation)
			require.ErrorContains(t, err, tt.problem)
			require.NotContains(t, err.Error(), "\n")
		})
	}
	_, err := skillfile.Read(large(3))
	require.NoError(t, err, "a skill of the maximum size")
}

// TestReadFolder reads a real folder with links and hidden files.
func TestReadFolder(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "SKILL.md"), []byte(skillMD), 0o600))
	_, err := skillfile.Read(os.DirFS(dir))
	require.NoError(t, err)

	secret := filepath.Join(t.TempDir(), "secret.txt")
	require.NoError(t, os.WriteFile(secret, []byte("x"), 0o600))
	require.NoError(t, os.Symlink(secret, filepath.Join(dir, "notes.txt")))
	_, err = skillfile.Read(os.DirFS(dir))
	require.ErrorContains(t, err, "notes.txt is not a regular file")

	_, err = skillfile.Read(os.DirFS(filepath.Join(dir, "nowhere")))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestReadBrokenFS(t *testing.T) {
	good := fstest.MapFS{"SKILL.md": textFile(skillMD), "sub/x.txt": textFile("x")}
	broken := errors.New("disk on fire")

	_, err := skillfile.Read(brokenfs.FS{MapFS: good, OpenFile: func(string) (fs.File, error) { return nil, broken }})
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "SKILL.md")

	_, err = skillfile.Read(brokenfs.FS{MapFS: good, List: func(string) ([]fs.DirEntry, error) { return nil, broken }})
	require.ErrorIs(t, err, broken)

	// Listings with parent folders or cycles end.
	for _, name := range []string{"..", ".", "", "a/b", "../../etc", "again"} {
		_, err = skillfile.Read(brokenfs.FS{MapFS: good, List: func(string) ([]fs.DirEntry, error) {
			all, err := good.ReadDir(".")
			return []fs.DirEntry{brokenfs.Renamed{DirEntry: all[1], As: name}}, err
		}})
		require.ErrorIs(t, err, errs.ErrValidation, "%q", name)
	}
}

func FuzzRead(f *testing.F) {
	f.Fuzz(func(t *testing.T, markdown []byte) {
		p, err := skillfile.Read(fstest.MapFS{"SKILL.md": &fstest.MapFile{Data: markdown}})
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			require.Zero(t, p)
			return
		}
		require.Equal(t, string(markdown), p.Files["SKILL.md"])
		require.NotEmpty(t, strings.TrimSpace(p.Description))
		if p.Version == "" {
			p.Version = "1.0.0"
		}
		require.NoError(t, p.Check(), "what is read can be uploaded")
	})
}
