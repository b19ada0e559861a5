package chunk_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chunk"
	"github.com/remsyshq/agento-go/internal/test/brokenfs"
)

func textFile(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }

// chunksOf returns the chunks and the errors of a folder.
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

// titled returns each chunk as "title | content".
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

func TestFromFS(t *testing.T) {
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

func TestFromFSAgainAndStopped(t *testing.T) {
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

// asIs is a converter that returns its input.
func asIs(r io.Reader) (string, error) {
	text, err := io.ReadAll(r)
	return string(text), err
}

func TestFromFSInvalidOptions(t *testing.T) {
	fsys := fstest.MapFS{"a.txt": textFile("one two"), "b.txt": textFile("three")}
	for name, tt := range map[string]struct {
		fsys    fs.FS
		opt     chunk.Option
		problem string
	}{
		"zero":        {fsys, chunk.Size(0), "agento: chunk.Size is not positive: 0"},
		"negative":    {fsys, chunk.Size(-5), "agento: chunk.Size is not positive: -5"},
		"empty":       {fsys, chunk.Option{}, "agento: opts has an empty Option at index 0"},
		"nil":         {nil, chunk.Size(10), "agento: fsys is nil"},
		"skipped":     {fsys, chunk.Skipped(nil), "agento: chunk.Skipped is nil"},
		"no dot":      {fsys, chunk.Convert("html", asIs), `agento: chunk.Convert takes an extension such as .html, not "html"`},
		"no name":     {fsys, chunk.Convert(".", asIs), `agento: chunk.Convert takes an extension such as .html, not "."`},
		"two dots":    {fsys, chunk.Convert(".tar.gz", asIs), `agento: chunk.Convert takes an extension such as .html, not ".tar.gz"`},
		"no function": {fsys, chunk.Convert(".html", nil), "agento: chunk.Convert has no function for .html"},
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
	require.Equal(t, []string{" | one", " | two", " | thre", " | e"}, titled(chunks), "the last option wins")
}

// TestFromFSInvalidFiles checks that only the invalid files yield an error.
func TestFromFSInvalidFiles(t *testing.T) {
	tests := map[string]struct {
		name    string
		file    *fstest.MapFile
		problem string
	}{
		"invalid UTF-8":               {"m.md", textFile("Gr\xfc\xdfe"), "file m.md is not UTF-8 text"},
		"UTF-16":                      {"m.txt", textFile("\xff\xfeh\x00i\x00"), "file m.txt is not UTF-8 text"},
		"UTF-16, no mark":             {"m.csv", textFile("h\x00i\x00"), "file m.csv is not UTF-8 text"},
		"cut in a character":          {"m.json", textFile("[]\xc3"), "file m.json is not UTF-8 text"},
		"too large":                   {"m.txt", textFile(strings.Repeat("x", 16<<20+1)), "file m.txt is larger than 16 MiB"},
		"symbolic link":               {"m.md", &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte("a.txt")}, "file m.md is not a regular file"},
		"pipe":                        {"m.md", &fstest.MapFile{Mode: fs.ModeNamedPipe}, "file m.md is not a regular file"},
		"backslash":                   {`m\n.md`, textFile("x"), `file m\\n.md has a name`},
		"line break":                  {"m\n.md", textFile("x"), `file m\n.md has a name`},
		"name not UTF-8":              {"m\xff.md", textFile("x"), `has a name`},
		"folder's name":               {"m\x1b[2J/x.md", textFile("x"), `file m\x1b[2J has a name`},
		"deep":                        {strings.Repeat("m/", 101) + "x.md", textFile("x"), "more than 100 folders deep"},
		"ragged rows":                 {"m.csv", textFile("a,b\n1,2\n3\n"), "file m.csv is not CSV with the separator \",\": record on line 3: wrong number of fields"},
		"no separator fits":           {"m.csv", textFile("Artikel;Preis (EUR, netto)\nStift;2\nTinte;3;4\n"), `file m.csv is not CSV with the separator ";": record on line 3: wrong number of fields`},
		"no separator fits below sep": {"m.csv", textFile("sep=;\na;b\n\n1,2\n"), `file m.csv is not CSV with the separator ";": record on line 4: wrong number of fields`},
		"quote in a cell":             {"m.csv", textFile("Rohr;Preis\n5\" Rohr;3\n"), `file m.csv is not CSV with the separator ";": parse error on line 2, column 2: bare "`},
		"title above the header":      {"m.csv", textFile("Preise\n\nName;Preis\nStift;2,50\nTinte;3\n"), "record on line 4: wrong number of fields"},
		"open quote":                  {"m.csv", textFile("a,b\n1,\"2\n"), `file m.csv is not CSV`},
		"endless column":              {"m.csv", textFile(strings.Repeat("x", 201) + "\n1\n"), "file m.csv has a column with a name of more than 200 characters"},
		"not JSON":                    {"m.json", textFile(`[{"q":"a","a":"b"},]`), "file m.json is not JSON"},
		"JSON cut":                    {"m.json", textFile(`[{"q":"a","a":"b"}`), "file m.json is not JSON"},
		"JSON in line 3":              {"m.json", textFile("[\n{\"q\":\"a\",\"a\":\"b\"},\n{\"q\":\"a\" \"a\":\"b\"}\n]"), "file m.json is not JSON: line 3: invalid character"},
		"two values":                  {"m.json", textFile("[] []"), "file m.json is not JSON: line 1: invalid character '[' after top-level value"},
		"a number":                    {"m.json", textFile("5"), "file m.json is neither an array of questions"},
		"strings":                     {"m.json", textFile(`["a"]`), "file m.json is neither an array of questions"},
		"no array":                    {"m.json", textFile(`{"name":"x","tags":["a"]}`), "file m.json is neither an array of questions"},
		"no answer":                   {"m.json", textFile(`[{"q":"a","a":"b"},{"question":"c"}]`), "file m.json is not a list of questions and answers: entry 2 has no question"},
		"not an object":               {"m.jsonl", textFile("{}\n\n[1]\n"), "file m.jsonl is not JSON Lines: line 3 is not an object"},
		"two on a line":               {"m.jsonl", textFile("{\"a\":1}{\"a\":2}\n"), "file m.jsonl is not JSON Lines: line 1 is not JSON: invalid character '{' after top-level value"},
		"several lines":               {"m.ndjson", textFile("{\n\"a\":1}\n"), "file m.ndjson is not JSON Lines: line 1 is not JSON: unexpected end of JSON input"},
		"in an object":                {"m.json", textFile(`{"faq":[{"q":"a","a":"b"},7]}`), "entry 2 of faq is not an object"},
		"a terminal's codes":          {"m.json", textFile(`{"\u001b[2J":[{"x":1}]}`), `entry 1 of \x1b[2J has no question`},
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
	require.Len(t, chunks, 1, "a file of the maximum size")
}

// An error of a file has the file as Source. An error of a folder has none: it may concern
// files that nobody has seen.
func TestErrorSource(t *testing.T) {
	good := fstest.MapFS{"bad.txt": textFile("\xff"), "sub/a.txt": textFile("a"), "new\nline.txt": textFile("a")}
	broken := brokenfs.FS{MapFS: good, List: func(name string) ([]fs.DirEntry, error) {
		if name == "sub" {
			return nil, io.ErrUnexpectedEOF
		}
		return good.ReadDir(name)
	}}
	var failed []string
	for c, err := range chunk.FromFS(broken) {
		require.Error(t, err)
		failed = append(failed, c.Source)
	}
	require.Equal(t, []string{"bad.txt", "new\nline.txt", ""}, failed)

	deep := strings.Repeat("m/", 101) + "x.md"
	for c, err := range chunk.FromFS(fstest.MapFS{deep: textFile("x")}) {
		require.Error(t, err)
		require.Empty(t, c.Source)
	}
	for c, err := range chunk.FromReader("a.json", strings.NewReader("5")) {
		require.Error(t, err)
		require.Equal(t, "a.json", c.Source)
	}
}

func TestFromFSOnDisk(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.md"), []byte("\ufeff# A\r\n\r\ntext\r\n"), 0o600))
	secret := filepath.Join(t.TempDir(), "secret.txt")
	require.NoError(t, os.WriteFile(secret, []byte("x"), 0o600))
	require.NoError(t, os.Symlink(secret, filepath.Join(dir, "b.txt")))
	require.NoError(t, os.Symlink(filepath.Dir(secret), filepath.Join(dir, "folder")))
	var skipped []string
	chunks, errs := chunksOf(os.DirFS(dir), chunk.Skipped(func(path string) { skipped = append(skipped, path) }))
	require.Equal(t, []string{"A | # A\n\ntext"}, titled(chunks))
	require.Len(t, errs, 1)
	require.ErrorContains(t, errs[0], "file b.txt is not a regular file")
	require.Equal(t, []string{"folder"}, skipped, "a symbolic link to a folder")

	chunks, errs = chunksOf(os.DirFS(filepath.Join(dir, "nowhere")))
	require.Empty(t, chunks)
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], fs.ErrNotExist)
	require.ErrorContains(t, errs[0], "agento: the folder cannot be read: ")
}

// failingFile is a file whose Read fails.
type failingFile struct{ fs.File }

func (failingFile) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestFromFSBroken(t *testing.T) {
	good := fstest.MapFS{"a.md": textFile("a"), "sub/x.txt": textFile("x")}
	broken := errors.New("disk on fire")

	_, errs := chunksOf(brokenfs.FS{MapFS: good, OpenFile: func(string) (fs.File, error) { return nil, broken }})
	require.Len(t, errs, 2)
	require.ErrorIs(t, errs[0], broken)
	require.ErrorContains(t, errs[0], "file a.md")
	require.ErrorContains(t, errs[1], "file sub/x.txt")

	_, errs = chunksOf(brokenfs.FS{MapFS: good, OpenFile: func(name string) (fs.File, error) {
		f, err := good.Open(name)
		return failingFile{f}, err
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

	// Listings with cycles or parent folders end.
	for _, name := range []string{"..", ".", "", "a/b", "a/..", "../../etc", "again"} {
		chunks, _ := chunksOf(brokenfs.FS{MapFS: good, List: func(string) ([]fs.DirEntry, error) {
			all, err := good.ReadDir(".")
			return []fs.DirEntry{brokenfs.Renamed{DirEntry: all[1], As: name}}, err
		}})
		require.Empty(t, chunks, "%q", name)
	}
}

func TestSkipped(t *testing.T) {
	fsys := fstest.MapFS{
		"a.md": textFile("A"), "b.html": textFile("<p>B"), "c/d.PDF": textFile("%PDF"), "c/e.rst": textFile("E"),
		"Makefile": textFile("all:"), ".env": textFile("x"), ".git/config": textFile("x"), "c/.x/y.pdf": textFile("x"),
	}
	var skipped []string
	report := chunk.Skipped(func(path string) { skipped = append(skipped, path) })
	chunks, errs := chunksOf(fsys, report)
	require.Empty(t, errs)
	require.Equal(t, []string{"a.md"}, sources(chunks))
	require.Equal(t, []string{"Makefile", "b.html", "c/d.PDF", "c/e.rst"}, skipped)

	skipped = nil
	chunks, errs = chunksOf(fsys, report, chunk.Convert(".rst", asIs))
	require.Empty(t, errs)
	require.Equal(t, []string{"a.md", "c/e.rst"}, sources(chunks))
	require.Equal(t, []string{"Makefile", "b.html", "c/d.PDF"}, skipped)
}

func TestConvert(t *testing.T) {
	heading := func(r io.Reader) (string, error) {
		text, err := io.ReadAll(r)
		return "\ufeff# Title\r\n\r\n" + strings.ToLower(string(text)), err
	}
	fsys := fstest.MapFS{"a.HTML": textFile("TEXT"), "b.md": textFile("B"), "c.htm": textFile("C")}
	chunks, errs := chunksOf(fsys, chunk.Convert(".Html", heading))
	require.Empty(t, errs)
	require.Equal(t, []agento.ChunkParams{{Content: "# Title\n\ntext", Title: "Title", Source: "a.HTML"}, {Content: "B", Source: "b.md"}}, chunks)

	chunks, errs = chunksOf(fsys, chunk.Convert(".md", heading))
	require.Empty(t, errs)
	require.Equal(t, []string{"Title | # Title\n\nb"}, titled(chunks), "replaces a known extension")

	broken := errors.New("not HTML")
	for problem, convert := range map[string]func(io.Reader) (string, error){
		"agento: file a.HTML: not HTML":             func(io.Reader) (string, error) { return "x", broken },
		"agento: file a.HTML is not UTF-8 text":     func(io.Reader) (string, error) { return "\xff", nil },
		"agento: file a.HTML is larger than 16 MiB": func(io.Reader) (string, error) { return strings.Repeat("x", 16<<20+1), nil },
	} {
		chunks, errs = chunksOf(fsys, chunk.Convert(".html", convert))
		require.Equal(t, []string{"b.md"}, sources(chunks))
		require.Len(t, errs, 1)
		require.EqualError(t, errs[0], problem)
		require.Equal(t, problem == "agento: file a.HTML: not HTML", errors.Is(errs[0], broken))
	}
}

func TestFromReader(t *testing.T) {
	read := func(name, content string, opts ...chunk.Option) ([]agento.ChunkParams, error) {
		return collect(chunk.FromReader(name, strings.NewReader(content), opts...))
	}
	for name, content := range map[string]string{
		"guide.md": "# Why?\n\nSo.", "https://example.com/a.b/faq.CSV": "q,a\n# Why?,So.\n", "a.json": `[{"q":"# Why?","a":"So."}]`,
		".jsonl": `{"q":"# Why?","a":"So."}`, "": "", "a": "", "a.pdf": "", "a.md/": "",
	} {
		chunks, err := read(name, content)
		if content == "" {
			require.ErrorIs(t, err, agento.ErrValidation)
			require.EqualError(t, err, "agento: file "+name+" has an unknown extension; use chunk.Convert")
			continue
		}
		require.NoError(t, err)
		require.Len(t, chunks, 1)
		require.Equal(t, "# Why?\n\nSo.", chunks[0].Content)
		require.Equal(t, name, chunks[0].Source)
	}

	chunks, err := read("a.rst", "one two", chunk.Size(3), chunk.Convert(".rst", asIs))
	require.NoError(t, err)
	require.Equal(t, []string{" | one", " | two"}, titled(chunks))
	_, err = read("a.md", "x", chunk.Size(0))
	require.EqualError(t, err, "agento: chunk.Size is not positive: 0")
	_, err = read("a.csv", "a,b\n1\n")
	require.ErrorContains(t, err, "agento: file a.csv is not CSV")
	_, err = read("a.txt", strings.Repeat("x", 16<<20+1))
	require.EqualError(t, err, "agento: file a.txt is larger than 16 MiB")
	_, err = collect(chunk.FromReader("a.md", nil))
	require.EqualError(t, err, "agento: r is nil")
	_, err = collect(chunk.FromReader("a.md", iotest.ErrReader(io.ErrUnexpectedEOF)))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.ErrorContains(t, err, "agento: file a.md: ")

	all := chunk.FromReader("a.txt", strings.NewReader("x"))
	_, err = collect(all)
	require.NoError(t, err)
	_, err = collect(all)
	require.EqualError(t, err, "agento: file a.txt was already read; FromReader can be iterated only once")
}

func collect(all iter.Seq2[agento.ChunkParams, error]) (chunks []agento.ChunkParams, err error) {
	for c, err := range all {
		if err != nil {
			return chunks, err
		}
		chunks = append(chunks, c)
	}
	return chunks, nil
}

// TestFromFSMemory checks that a chunk does not keep its file in memory.
func TestFromFSMemory(t *testing.T) {
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

// requireChunks checks the chunks of a file and returns their text without blank
// space.
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
