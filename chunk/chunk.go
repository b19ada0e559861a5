// Package chunk makes knowledge chunks from files, for
// [agento.KnowledgeService.Ingest].
//
// It only reads. It calls no operation of the API.
//
// # Kinds of files
//
// The kind of a file follows from its extension, in upper or lower case:
//
//   - .md, .markdown: CommonMark. Each heading begins a section. Its title is the
//     path of headings, such as "Guide > Install". A heading with nothing below it
//     belongs to the section of the next heading. Headings inside of lists,
//     quotations, code and HTML begin no section. The text is the source, not a
//     rendering. Front matter is left out if it is a YAML mapping between lines
//     of ---, or TOML between lines of +++.
//   - .txt, .text: one section.
//   - .csv: one section for each row below the header, as lines of "column:
//     value". The separator is the one of tab, semicolon, pipe and comma that gives
//     each row as many fields as the header, or the one that a first line such as
//     sep=; names.
//   - .json: an array of objects, each with a question and an answer, or an object
//     with such arrays. Other members of that object are left out.
//   - .jsonl, .ndjson: one section for each line, which has one object.
//
// A row or object with a question and an answer has the question as its title, and
// both in its content. They are the columns or members named question and answer,
// q and a, or title and content. The remaining columns or members follow as lines
// of "name: value". Values that are lists or objects are written as in JSON, with
// the escapes in strings decoded.
//
// [Convert] adds other kinds.
//
// # Sections and chunks
//
// A section of more than 2,000 characters (see [Size]) becomes several chunks. It
// is split between paragraphs if possible, else between lines, sentences or words.
// 2,000 characters are about 500 tokens of English. Chunks do not overlap. Together
// they have all of the text in order, except for blank space between chunks. Line
// ends become "\n". Titles are shortened to 200 characters.
//
// The source of a chunk is the file's name. A chunk of a section that was split has
// its number, from 1, as "part" in its metadata. Others have no metadata.
package chunk

import (
	"io"
	"io/fs"
	"iter"
	"path"
	"strings"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/textfs"
)

const (
	defaultSize = 2000 // characters
	maxTitle    = 200  // characters
)

// Option configures [FromFS] and [FromReader].
type Option struct {
	apply func(*settings) error
}

type settings struct {
	size       int // characters
	skipped    func(path string)
	converters map[string]func(io.Reader) (string, error) // by extension
}

func newSettings(opts []Option) (*settings, error) {
	s := &settings{
		size:       defaultSize,
		skipped:    func(string) {},
		converters: make(map[string]func(io.Reader) (string, error)),
	}
	for i, o := range opts {
		if o.apply == nil {
			return nil, errs.Argument("opts", "has an empty Option at index %d", i)
		}
		if err := o.apply(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Size sets the maximum number of characters (Unicode code points) in the content
// of a chunk. The default is 2,000.
func Size(characters int) Option {
	return Option{func(s *settings) error {
		if characters <= 0 {
			return errs.Argument("chunk.Size", "is not positive: %d", characters)
		}
		s.size = characters
		return nil
	}}
}

// Skipped sets a function that [FromFS] calls with the path of each file that it
// skips because it does not know the extension. Hidden files are not reported.
func Skipped(f func(path string)) Option {
	return Option{func(s *settings) error {
		if f == nil {
			return errs.Argument("chunk.Skipped", "is nil")
		}
		s.skipped = f
		return nil
	}}
}

// Convert adds a kind of files, such as ".html", or replaces a known one. The
// function reads a file and returns its text as Markdown, or as plain text. Its
// errors are those of the file.
func Convert(extension string, toMarkdown func(r io.Reader) (string, error)) Option {
	return Option{func(s *settings) error {
		if len(extension) < 2 || path.Ext(extension) != extension {
			return errs.Argument("chunk.Convert", "takes an extension such as .html, not %q", extension)
		}
		if toMarkdown == nil {
			return errs.Argument("chunk.Convert", "has no function for %s", extension)
		}
		s.converters[strings.ToLower(extension)] = toMarkdown
		return nil
	}}
}

// FromFS returns the chunks of all files in a folder, such as os.DirFS("docs"). The
// source of a chunk is the path of its file, with slashes.
//
// Files are read one at a time, in lexical order, folder by folder. Hidden files
// and folders, whose names begin with a dot, are skipped, and so are files with
// other extensions (see [Skipped]) and symbolic links to folders.
//
// A file yields all of its chunks or one error, with the file as Source, and the
// iteration continues with the next file. The error of a folder has no Source: the
// files in it are not known. An error matches
// [agento.ErrValidation] if the file is not in the form of its kind, is not UTF-8
// text, is larger than 16 MiB, is not a regular file, is more than 100 folders deep,
// or has a name with a control character, a backslash or invalid UTF-8. An invalid
// option or a nil fsys ends the iteration.
func FromFS(fsys fs.FS, opts ...Option) iter.Seq2[agento.ChunkParams, error] {
	return func(yield func(agento.ChunkParams, error) bool) {
		s, err := newSettings(opts)
		if err == nil && fsys == nil {
			err = errs.Argument("fsys", "is nil")
		}
		if err != nil {
			yield(agento.ChunkParams{}, err)
			return
		}
		w := walk{fsys: fsys, settings: s, yield: yield}
		_ = fs.WalkDir(fsys, ".", w.visit) // yields its errors
	}
}

// FromReader returns the chunks of one file. The kind follows from the extension of
// name, which may be a path or a URL and is the source of the chunks. An error is
// yielded first, and nothing else: the errors are those of a file in [FromFS], and
// an unknown extension.
//
// r is read when the iteration begins. It can be iterated only once.
func FromReader(name string, r io.Reader, opts ...Option) iter.Seq2[agento.ChunkParams, error] {
	used := false
	return func(yield func(agento.ChunkParams, error) bool) {
		s, err := newSettings(opts)
		switch {
		case err != nil:
		case r == nil:
			err = errs.Argument("r", "is nil")
		case used:
			err = textFile.Invalid(name, "was read before; FromReader can be iterated once")
		case !s.knows(name):
			err = textFile.Invalid(name, "has an unknown extension; use chunk.Convert")
		}
		if err != nil {
			yield(agento.ChunkParams{Source: name}, err)
			return
		}
		used = true
		sections, err := s.parse(name, r)
		if err != nil {
			yield(agento.ChunkParams{Source: name}, err)
			return
		}
		s.split(sections, name, yield)
	}
}

// section is a part of a file about one subject. Its text includes the title.
type section struct{ title, text string }

// format returns the sections of a text. An error means that there are none.
type format func(text string) (iter.Seq[section], error)

var formats = map[string]format{
	".md":       markdownSections,
	".markdown": markdownSections,
	".txt":      textSections,
	".text":     textSections,
	".csv":      csvSections,
	".json":     jsonSections,
	".jsonl":    jsonLineSections,
	".ndjson":   jsonLineSections,
}

func textSections(text string) (iter.Seq[section], error) {
	return func(yield func(section) bool) { yield(section{text: text}) }, nil
}

func extension(name string) string { return strings.ToLower(path.Ext(name)) }

func (s *settings) knows(name string) bool {
	ext := extension(name)
	return formats[ext] != nil || s.converters[ext] != nil
}

var textFile = textfs.Kind{Name: "file", MaxBytes: 16 << 20}

// parse reads a file of a known kind.
func (s *settings) parse(name string, r io.Reader) (iter.Seq[section], error) {
	text, parse, err := "", formats[extension(name)], error(nil)
	if convert := s.converters[extension(name)]; convert != nil {
		parse = markdownSections
		if text, err = convert(r); err != nil {
			return nil, textFile.Failed(name, err)
		}
		err = textFile.Check(name, text)
	} else {
		text, err = textFile.ReadFrom(name, r)
	}
	if err != nil {
		return nil, err
	}
	sections, err := parse(plainLines(strings.TrimPrefix(text, "\ufeff")))
	if err != nil {
		return nil, textFile.Invalid(name, "%s", errs.Line(err.Error()))
	}
	return sections, nil
}

// plainLines replaces the line ends of Windows and of the old Macintosh.
func plainLines(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}
