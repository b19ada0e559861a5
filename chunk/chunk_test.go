package chunk_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chunk"
	"github.com/remsyshq/agento-go/internal/test/brokenfs"
)

func textFile(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }

// chunksOf are the chunks and the errors of a folder.
func chunksOf(fsys fs.FS, opts ...chunk.Option) (chunks []agento.ChunkParams, errs []error) {
	for c, err := range chunk.FromFS(fsys, opts...) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		chunks = append(chunks, c)
	}
	return chunks, errs
}

// titled is what a chunk says, as "title | content".
func titled(chunks []agento.ChunkParams) []string {
	var all []string
	for _, c := range chunks {
		all = append(all, c.Title+" | "+c.Content)
	}
	return all
}

func sources(chunks []agento.ChunkParams) (names []string) {
	for _, c := range chunks {
		names = append(names, c.Source)
	}
	return names
}

func TestChunksFromFS(t *testing.T) {
	fsys := fstest.MapFS{
		"z.txt":           textFile("Last."),
		"a/b/guide.MD":    textFile("# Guide\n\nHello.\n"),
		"a/faq.json":      textFile(`[{"q":"Why?","a":"So."}]`),
		"a-rows.csv":      textFile("name,price\nPen,2\n"),
		"ü 1.markdown":    textFile("Text"),
		"notes.Text":      textFile("Notes"),
		"empty.md":        textFile(""),
		"blank.txt":       textFile(" \n\t\r\n\u00a0"),
		"empty.json":      textFile(" \n"),
		"empty.csv":       textFile(""),
		"logo.png":        textFile("\x89PNG"),
		"Makefile":        textFile("all:"),
		".env.txt":        textFile("TOKEN"),
		".git/readme.md":  textFile("hidden"),
		"a/.hidden/x.txt": textFile("hidden"),
	}
	chunks, errs := chunksOf(fsys)
	require.Empty(t, errs)
	require.Equal(t, []agento.ChunkParams{
		{Content: "# Guide\n\nHello.", Title: "Guide", Source: "a/b/guide.MD"},
		{Content: "Why?\n\nSo.", Title: "Why?", Source: "a/faq.json"},
		{Content: "name: Pen\nprice: 2", Source: "a-rows.csv"},
		{Content: "Notes", Source: "notes.Text"},
		{Content: "Last.", Source: "z.txt"},
		{Content: "Text", Source: "ü 1.markdown"},
	}, chunks)

	chunks, errs = chunksOf(fstest.MapFS{})
	require.Empty(t, chunks)
	require.Empty(t, errs)
}

func TestChunksRunAgainAndStop(t *testing.T) {
	all := chunk.FromFS(fstest.MapFS{"a.md": textFile("# A\nx\n# B\ny\n"), "b.txt": textFile("z"), "c.txt": textFile("\xff")})
	for range 2 {
		var contents []string
		for c, err := range all {
			if err == nil {
				contents = append(contents, c.Content)
			}
		}
		require.Equal(t, []string{"# A\nx", "# B\ny", "z"}, contents)
	}
	for stop := 1; stop <= 4; stop++ {
		n := 0
		for range all {
			if n++; n == stop {
				break
			}
		}
		require.Equal(t, stop, n)
	}
}

func TestChunksOptions(t *testing.T) {
	fsys := fstest.MapFS{"a.txt": textFile("one two"), "b.txt": textFile("three")}
	for name, tt := range map[string]struct {
		fsys    fs.FS
		opt     chunk.Option
		problem string
	}{
		"zero":     {fsys, chunk.Size(0), "agento: chunk.Size is not positive: 0"},
		"negative": {fsys, chunk.Size(-5), "agento: chunk.Size is not positive: -5"},
		"empty":    {fsys, chunk.Option{}, "agento: opts hold an empty Option at index 0"},
		"nil":      {nil, chunk.Size(10), "agento: fsys is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			chunks, errs := chunksOf(tt.fsys, tt.opt)
			require.Empty(t, chunks)
			require.Len(t, errs, 1)
			require.ErrorIs(t, errs[0], agento.ErrValidation)
			require.EqualError(t, errs[0], tt.problem)
		})
	}
	chunks, errs := chunksOf(fsys, chunk.Size(2), chunk.Size(4))
	require.Empty(t, errs)
	require.Equal(t, []string{" | one", " | two", " | thre", " | e"}, titled(chunks), "the last one wins")
}

// A bad file gives nothing but its error, and does not keep the others back.
func TestChunksOfBadFiles(t *testing.T) {
	tests := map[string]struct {
		name    string
		file    *fstest.MapFile
		problem string
	}{
		"invalid UTF-8":      {"m.md", textFile("Gr\xfc\xdfe"), "file m.md is not text in UTF-8"},
		"UTF-16":             {"m.txt", textFile("\xff\xfeh\x00i\x00"), "file m.txt is not text in UTF-8"},
		"UTF-16, no mark":    {"m.csv", textFile("h\x00i\x00"), "file m.csv is not text in UTF-8"},
		"cut in a character": {"m.json", textFile("[]\xc3"), "file m.json is not text in UTF-8"},
		"too large":          {"m.txt", textFile(strings.Repeat("x", 16<<20+1)), "file m.txt is larger than 16 MiB"},
		"symbolic link":      {"m.md", &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte("a.txt")}, "file m.md is not a regular file"},
		"pipe":               {"m.md", &fstest.MapFile{Mode: fs.ModeNamedPipe}, "file m.md is not a regular file"},
		"backslash":          {`m\n.md`, textFile("x"), `file m\\n.md has a name`},
		"line break":         {"m\n.md", textFile("x"), `file m\n.md has a name`},
		"name not UTF-8":     {"m\xff.md", textFile("x"), `has a name`},
		"folder's name":      {"m\x1b[2J/x.md", textFile("x"), `file m\x1b[2J has a name`},
		"deep":               {strings.Repeat("m/", 101) + "x.md", textFile("x"), "more than 100 folders deep"},
		"ragged rows":        {"m.csv", textFile("a,b\n1,2\n3\n"), "file m.csv is not CSV: record on line 3: wrong number of fields"},
		"open quote":         {"m.csv", textFile("a,b\n1,\"2\n"), `file m.csv is not CSV`},
		"endless column":     {"m.csv", textFile(strings.Repeat("x", 201) + "\n1\n"), "file m.csv has a column with a name of more than 200 characters"},
		"not JSON":           {"m.json", textFile(`[{"q":"a","a":"b"},]`), "file m.json is not JSON"},
		"JSON cut":           {"m.json", textFile(`[{"q":"a","a":"b"}`), "file m.json is not JSON"},
		"two values":         {"m.json", textFile("[] []"), "file m.json is not JSON: there is something behind its end"},
		"a number":           {"m.json", textFile("5"), "file m.json is neither an array of questions"},
		"strings":            {"m.json", textFile(`["a"]`), "file m.json is neither an array of questions"},
		"no array":           {"m.json", textFile(`{"name":"x","tags":["a"]}`), "file m.json is neither an array of questions"},
		"no answer":          {"m.json", textFile(`[{"q":"a","a":"b"},{"question":"c"}]`), "file m.json is not a list of questions and answers: entry 2 has no question"},
		"in an object":       {"m.json", textFile(`{"faq":[{"q":"a","a":"b"},7]}`), "entry 2 of faq is not an object"},
		"a terminal's codes": {"m.json", textFile(`{"\u001b[2J":[{"x":1}]}`), `entry 1 of \x1b[2J has no question`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			chunks, errs := chunksOf(fstest.MapFS{"a.txt": textFile("first"), tt.name: tt.file, "z.txt": textFile("last")})
			require.Len(t, errs, 1)
			require.ErrorIs(t, errs[0], agento.ErrValidation)
			require.ErrorContains(t, errs[0], tt.problem)
			require.NotRegexp(t, `[\x00-\x1f]`, errs[0].Error())
			require.Equal(t, []string{"a.txt", "z.txt"}, sources(chunks))
		})
	}
	chunks, errs := chunksOf(fstest.MapFS{"m.txt": textFile(strings.Repeat("x", 16<<20))}, chunk.Size(16<<20))
	require.Empty(t, errs)
	require.Len(t, chunks, 1, "as large as may be")
}

func TestChunksOfFolderOnDisk(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.md"), []byte("\ufeff# A\r\n\r\ntext\r\n"), 0o600))
	secret := filepath.Join(t.TempDir(), "secret.txt")
	require.NoError(t, os.WriteFile(secret, []byte("x"), 0o600))
	require.NoError(t, os.Symlink(secret, filepath.Join(dir, "b.txt")))
	require.NoError(t, os.Symlink(filepath.Dir(secret), filepath.Join(dir, "folder")))
	chunks, errs := chunksOf(os.DirFS(dir))
	require.Equal(t, []string{"A | # A\n\ntext"}, titled(chunks))
	require.Len(t, errs, 1)
	require.ErrorContains(t, errs[0], "file b.txt is not a regular file")

	chunks, errs = chunksOf(os.DirFS(filepath.Join(dir, "nowhere")))
	require.Empty(t, chunks)
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], fs.ErrNotExist)
}

// cutFile is a file whose disk fails while it is read.
type cutFile struct{ fs.File }

func (cutFile) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestChunksFromBrokenFS(t *testing.T) {
	good := fstest.MapFS{"a.md": textFile("a"), "sub/x.txt": textFile("x")}
	broken := errors.New("disk on fire")

	_, errs := chunksOf(brokenfs.FS{MapFS: good, OpenFile: func(string) (fs.File, error) { return nil, broken }})
	require.Len(t, errs, 2)
	require.ErrorIs(t, errs[0], broken)
	require.ErrorContains(t, errs[0], "file a.md")
	require.ErrorContains(t, errs[1], "file sub/x.txt")

	_, errs = chunksOf(brokenfs.FS{MapFS: good, OpenFile: func(name string) (fs.File, error) {
		f, err := good.Open(name)
		return cutFile{f}, err
	}})
	require.Len(t, errs, 2)
	require.ErrorIs(t, errs[0], io.ErrUnexpectedEOF)

	chunks, errs := chunksOf(brokenfs.FS{MapFS: good, List: func(name string) ([]fs.DirEntry, error) {
		if name == "sub" {
			return nil, broken
		}
		return good.ReadDir(name)
	}})
	require.Equal(t, []string{"a.md"}, sources(chunks))
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], broken)
	require.ErrorContains(t, errs[0], "file sub:")

	// Listings that lead upwards, or round in circles, come to an end.
	for _, name := range []string{"..", ".", "", "a/b", "a/..", "../../etc", "again"} {
		chunks, _ := chunksOf(brokenfs.FS{MapFS: good, List: func(string) ([]fs.DirEntry, error) {
			all, err := good.ReadDir(".")
			return []fs.DirEntry{brokenfs.Renamed{DirEntry: all[1], As: name}}, err
		}})
		require.Empty(t, chunks, "%q", name)
	}
}

// What is kept of a file is its chunk and not the file, and nothing is kept of
// those that are gone by.
func TestChunksMemory(t *testing.T) {
	const size = 1 << 20
	files := fstest.MapFS{}
	page := textFile("kept\n\n" + strings.Repeat("word ", size/5))
	for i := range 20 {
		files[fmt.Sprintf("%02d.txt", i)] = page
	}
	before := liveHeap()
	var kept []agento.ChunkParams
	source := ""
	for c, err := range chunk.FromFS(files, chunk.Size(1000)) {
		require.NoError(t, err)
		if c.Source != source {
			source = c.Source
			kept = append(kept, c)
		}
		if c.Source == "19.txt" {
			require.Less(t, liveHeap(), before+4*size, "one file at a time")
			break
		}
	}
	require.Len(t, kept, 20)
	require.Less(t, liveHeap(), before+size)
	runtime.KeepAlive(kept)
}

func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// squash removes all blank space.
func squash(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// requireChunks checks what holds for the chunks of any file, and returns all of
// their text without blank space.
func requireChunks(t *testing.T, chunks []agento.ChunkParams, name string, size int) string {
	t.Helper()
	var all strings.Builder
	part := 0
	for _, c := range chunks {
		require.NotEmpty(t, squash(c.Content))
		require.True(t, utf8.ValidString(c.Content))
		require.LessOrEqual(t, utf8.RuneCountInString(c.Content), size)
		require.LessOrEqual(t, utf8.RuneCountInString(c.Title), 200)
		require.True(t, utf8.ValidString(c.Title))
		require.NotContains(t, c.Title, "\n")
		require.Equal(t, name, c.Source)
		switch c.Metadata["part"] {
		case nil:
			require.Nil(t, c.Metadata)
			part = 0
		case 1:
			part = 1
		default:
			part++
			require.Equal(t, map[string]any{"part": part}, c.Metadata)
		}
		all.WriteString(c.Content)
	}
	return squash(all.String())
}
