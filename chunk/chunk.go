// Package chunk converts files to knowledge chunks, for
// [agento.KnowledgeService.Ingest].
//
// It only reads files. It calls no operation of the API.
//
// # File formats
//
// The extension of a file, in upper or lower case, determines its format:
//
//   - .md, .markdown: CommonMark. Each heading begins a section. Its title is the
//     path of headings, such as "Guide > Install". A heading with nothing below it
//     is part of the next heading's section. Headings inside lists, quotations,
//     code and HTML do not begin a section. The text remains Markdown. Front matter
//     is omitted if it is a YAML mapping between lines of ---, or TOML between lines
//     of +++.
//   - .txt, .text: one section.
//   - .csv: one section for each row below the header, as lines of "column:
//     value". The separator is tab, semicolon, pipe or comma, whichever splits
//     each row into as many fields as the header. A first line that names the
//     separator, such as "sep=;", takes precedence.
//   - .json: an array of objects, each with a question and an answer, or an object
//     with such arrays. Other members of that object are omitted.
//   - .jsonl, .ndjson: one section for each line, which has one object.
//
// If a row or object has a question and an answer, the title of its section is the
// question, and the text is both. They are the columns or members named question and
// answer, q and a, or title and content. The remaining columns or members follow as
// lines of "name: value". Lists and objects are written like JSON, but with the
// escapes in strings decoded.
//
// [Convert] adds other formats.
//
// # Sections and chunks
//
// A section of more than 2,000 characters (see [Size]) becomes several chunks. It
// is split between paragraphs if possible, or else between lines, sentences or
// words. 2,000 characters are about 500 tokens of English. Chunks do not overlap.
// Together they contain the whole text in order, except for blank space between
// chunks. Line endings become "\n". Titles are shortened to 200 characters.
//
// A chunk of a split section has its number, from 1, as "part" in its metadata. Other
// chunks have no metadata.
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
// skips because the extension is unknown. Hidden files are not reported.
func Skipped(f func(path string)) Option {
	return Option{func(s *settings) error {
		if f == nil {
			return errs.Argument("chunk.Skipped", "is nil")
		}
		s.skipped = f
		return nil
	}}
}

// Convert adds a file format by its extension, such as ".html", or replaces a known
// one. toMarkdown reads a file and returns its text as Markdown or plain text. Its
// errors are reported as errors of the file.
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
// source of a chunk is the slash-separated path of its file.
//
// Files are read one at a time, in lexical order, folder by folder. FromFS skips
// hidden files and folders, whose names begin with a dot, and files with unknown
// extensions (see [Skipped]). It does not follow symbolic links: a link with a known
// extension is an error, and others are skipped.
//
// A file yields either all of its chunks or one error, with the file as Source. A folder
// that cannot be read, or is rejected, yields an error without Source. The iteration
// continues after both. The error matches [agento.ErrValidation] if
//
//   - a file is not a regular file, does not have the format of its extension, is not
//     UTF-8 text or is larger than 16 MiB (with [Convert], the last two apply to the
//     Markdown that it returns, not to the file);
//   - a folder is more than 100 folders deep;
//   - a name has a control character, a backslash or invalid UTF-8.
//
// An invalid option or a nil fsys ends the iteration.
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
		_ = fs.WalkDir(fsys, ".", w.visit) // w yields the errors
	}
}

// FromReader returns the chunks of one file. name may be a path or a URL: its
// extension determines the format, and it is the source of the chunks. If there is
// an error, it is the only value. The errors are those of a file in [FromFS]. An
// unknown extension is an error too.
//
// r is read when the iteration begins, so the result can be iterated only once.
func FromReader(name string, r io.Reader, opts ...Option) iter.Seq2[agento.ChunkParams, error] {
	used := false
	return func(yield func(agento.ChunkParams, error) bool) {
		s, err := newSettings(opts)
		switch {
		case err != nil:
		case r == nil:
			err = errs.Argument("r", "is nil")
		case used:
			err = textFile.Invalid(name, "was already read; FromReader can be iterated only once")
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

// section is a part of a file that becomes one or more chunks. Its text includes the title.
type section struct{ title, text string }

// format splits a text into sections. If it returns an error, there are none.
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

// parse reads a file with a known extension.
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

// plainLines replaces Windows and classic Mac OS line endings.
func plainLines(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}
