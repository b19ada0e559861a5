package chunk

import (
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/textfs"
)

const (
	maxChunkFile    = 16 << 20 // bytes
	maxChunkFolders = 100      // that a file is in
)

// sectionReader parses a text. It can be run more than once, and ends with the
// first error.
type sectionReader func(text string) iter.Seq2[section, error]

// chunkReader is what reads a file, by its extension; nil if nothing does.
func chunkReader(name string) sectionReader {
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".markdown":
		return markdownSections
	case ".txt", ".text":
		return textSections
	case ".csv":
		return csvSections
	case ".json":
		return jsonSections
	}
	return nil
}

func textSections(text string) iter.Seq2[section, error] {
	return func(yield func(section, error) bool) { yield(section{text: text}, nil) }
}

// chunkFile is a file that was read.
type chunkFile struct {
	path, text string
	read       sectionReader
}

func (f chunkFile) sections() iter.Seq2[section, error] { return f.read(f.text) }

// failure says in which file something is wrong.
func (f chunkFile) failure(problem error) error {
	return chunkFileError(f.path, "%s", errs.Line(problem.Error()))
}

func chunkFileError(path, format string, args ...any) error {
	return errs.Argument("file "+errs.Line(path), format, args...)
}

// chunkFiles reads the files of a folder, in lexical order, one at a time.
func chunkFiles(fsys fs.FS) iter.Seq2[chunkFile, error] {
	return func(yield func(chunkFile, error) bool) {
		w := chunkWalk{fsys: fsys, yield: yield}
		_ = fs.WalkDir(fsys, ".", w.visit) // which yields its errors
	}
}

// chunkWalk walks through a folder.
type chunkWalk struct {
	fsys  fs.FS
	yield func(chunkFile, error) bool
	begun bool
}

func (w *chunkWalk) visit(name string, d fs.DirEntry, err error) error {
	switch {
	case err != nil:
		return w.give(chunkFile{}, fmt.Errorf("agento: file %s: %w", errs.Line(name), err), nil)
	case !w.begun: // the root, whatever it is called
		w.begun = true
		return nil
	case d.IsDir():
		return w.folder(name, d)
	}
	return w.file(name, d)
}

// give yields a file or an error. next is what the walk goes on with.
func (w *chunkWalk) give(f chunkFile, err, next error) error {
	if !w.yield(f, err) {
		return fs.SkipAll
	}
	return next
}

func (w *chunkWalk) folder(name string, d fs.DirEntry) error {
	problem := entryProblem(name, d)
	switch {
	case isHidden(d):
		return fs.SkipDir
	case strings.Count(name, "/") >= maxChunkFolders:
		problem = fmt.Sprintf("is more than %d folders deep", maxChunkFolders)
	}
	if problem != "" {
		return w.give(chunkFile{}, chunkFileError(name, "%s", problem), fs.SkipDir)
	}
	return nil
}

func (w *chunkWalk) file(name string, d fs.DirEntry) error {
	read := chunkReader(name)
	if isHidden(d) || read == nil {
		return nil
	}
	problem := entryProblem(name, d)
	if problem == "" && !d.Type().IsRegular() {
		problem = "is not a regular file"
	}
	if problem != "" {
		return w.give(chunkFile{}, chunkFileError(name, "%s", problem), nil)
	}
	text, err := readChunkFile(w.fsys, name)
	return w.give(chunkFile{name, text, read}, err, nil)
}

func isHidden(d fs.DirEntry) bool { return strings.HasPrefix(d.Name(), ".") }

// entryProblem is what is wrong with a name. That of a file system which is not
// in order could lead the walk round in circles.
func entryProblem(name string, d fs.DirEntry) string {
	if problem := textfs.NameProblem(d.Name()); problem != "" {
		return problem
	}
	if path.Base(name) != d.Name() || !fs.ValidPath(name) {
		return "is not where its name says"
	}
	return ""
}

// readChunkFile returns the text of a file, with line feeds for line ends.
func readChunkFile(fsys fs.FS, name string) (string, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return "", fmt.Errorf("agento: file %s: %w", errs.Line(name), err)
	}
	defer func() { _ = f.Close() }()
	var text strings.Builder
	if _, err := io.Copy(&text, io.LimitReader(f, maxChunkFile+1)); err != nil {
		return "", fmt.Errorf("agento: file %s: %w", errs.Line(name), err)
	}
	switch {
	case text.Len() > maxChunkFile:
		return "", chunkFileError(name, "is larger than %d MiB", maxChunkFile>>20)
	case !utf8.ValidString(text.String()) || strings.Contains(text.String(), "\x00"):
		return "", chunkFileError(name, "is not text in UTF-8")
	}
	return plainLines(strings.TrimPrefix(text.String(), "\ufeff")), nil
}

// plainLines turns the line ends of Windows and of the old Macintosh into line
// feeds.
func plainLines(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}
