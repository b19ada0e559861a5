// Package chunk makes knowledge chunks of files.
package chunk

import (
	"io/fs"
	"iter"
	"strings"
	"unicode/utf8"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/errs"
)

const (
	defaultChunkSize = 2000 // characters
	maxChunkTitle    = 200  // characters
)

// Option sets how [FromFS] makes chunks. Make one with [Size].
type Option struct {
	apply func(*chunkSettings) error
}

type chunkSettings struct {
	size int // characters
}

// Size sets how many characters a chunk's content has at most, each a
// Unicode code point. The default is 2,000.
func Size(characters int) Option {
	return Option{func(s *chunkSettings) error {
		if characters <= 0 {
			return errs.Argument("chunk.Size", "is not positive: %d", characters)
		}
		s.size = characters
		return nil
	}}
}

// FromFS makes chunks of a folder, such as os.DirFS("docs"), for
// [agento.KnowledgeService.Ingest]. It reads files and does nothing else: no operation
// of the API is called.
//
// The kind of a file is that of its extension, in any case of letters:
//
//   - .md and .markdown: one section for each heading, written with # or
//     underlined. The title is the path of headings, such as "Guide > Install"; a
//     heading with nothing below it goes with the next one. Front matter is left
//     out.
//   - .txt and .text: one section.
//   - .csv: one section for each row after the header row, as lines of "column:
//     value". Columns are separated by commas, or by semicolons or tabs if the
//     header row has no comma.
//   - .json: questions and answers, as an array of objects, or as an object with
//     such arrays, whose other members are left out.
//
// A row or an object with a question and an answer (columns or members of the
// names question and answer, q and a, or title and content) becomes the question
// and the answer below it, with the question for its title. The question is in
// the content too, since the knowledge base drops content that it has already,
// as it would the second "Yes.". Of JSON, each object must be of this kind. What
// else a row or an object has follows as lines of "name: value".
//
// A section of more than 2,000 characters (see [Size]) becomes several
// chunks, cut between paragraphs if possible, else between lines, sentences or
// words. 2,000 characters are about 500 tokens of English: few enough to be about
// one thing, and within the bounds of the usual embedding models. Chunks do not
// overlap: together they have all of the text, in order, each word once; only
// blank space between chunks is left out, and line ends become "\n". A title is
// cut at 200 characters.
//
// The source is the file's path with slashes. A chunk of a section that was cut
// has its number, from 1, as "part" in its metadata; others have no metadata.
//
// Files come in lexical order, folder by folder, one in memory at a time. Hidden
// files and folders, whose names begin with a dot, are skipped, as are files of
// other extensions; links to folders are not followed. A file gives all of its
// chunks, or one error that names it and matches [agento.ErrValidation] or the error of
// the file system: it cannot be read, is not a regular file (but a symbolic link,
// for one), is larger than 16 MiB, is not text in UTF-8, is not in the form of its
// kind, or has a name with control characters, a backslash or invalid UTF-8. So
// does a folder that cannot be read, or is more than 100 folders deep. The
// iteration then goes on with the next file. An option that does not fit and an
// fsys that is nil are errors that end it.
func FromFS(fsys fs.FS, opts ...Option) iter.Seq2[agento.ChunkParams, error] {
	return func(yield func(agento.ChunkParams, error) bool) {
		settings, err := chunkSettingsOf(fsys, opts)
		if err != nil {
			yield(agento.ChunkParams{}, err)
			return
		}
		for file, err := range chunkFiles(fsys) {
			if err != nil {
				if !yield(agento.ChunkParams{}, err) {
					return
				}
				continue
			}
			for chunk, err := range settings.chunks(file) {
				if !yield(chunk, err) {
					return
				}
			}
		}
	}
}

func chunkSettingsOf(fsys fs.FS, opts []Option) (chunkSettings, error) {
	s := chunkSettings{size: defaultChunkSize}
	if fsys == nil {
		return s, errs.Argument("fsys", "is nil")
	}
	for i, o := range opts {
		if o.apply == nil {
			return s, errs.Argument("opts", "hold an empty Option at index %d", i)
		}
		if err := o.apply(&s); err != nil {
			return s, err
		}
	}
	return s, nil
}

// section is a part of a file that is about one thing. Its text is whole: it has
// the words of the title too.
type section struct{ title, text string }

// chunks makes the chunks of a file. The file is parsed twice, at first only for
// its errors, so that nothing of a bad file is given and nothing is kept.
func (s chunkSettings) chunks(f chunkFile) iter.Seq2[agento.ChunkParams, error] {
	return func(yield func(agento.ChunkParams, error) bool) {
		sections := f.sections()
		for _, err := range sections {
			if err != nil {
				yield(agento.ChunkParams{}, f.failure(err))
				return
			}
		}
		for one := range sections {
			for chunk := range s.cut(one, f.path) {
				if !yield(chunk, nil) {
					return
				}
			}
		}
	}
}

// cut makes the chunks of a section. They are copies, so that one which is kept
// does not keep the file.
func (s chunkSettings) cut(one section, source string) iter.Seq[agento.ChunkParams] {
	return func(yield func(agento.ChunkParams) bool) {
		title := strings.Clone(shorten(strings.TrimSpace(one.title), maxChunkTitle))
		rest, part := trimBlank(one.text), 1
		for rest != "" {
			var piece string
			piece, rest = cutPiece(rest, s.size)
			chunk := agento.ChunkParams{Content: strings.Clone(piece), Title: title, Source: source}
			if part > 1 || rest != "" {
				chunk.Metadata = map[string]any{"part": part}
			}
			part++
			if !yield(chunk) {
				return
			}
		}
	}
}

// shorten cuts s to so many characters.
func shorten(s string, characters int) string {
	if utf8.RuneCountInString(s) <= characters {
		return s
	}
	return strings.TrimSpace(s[:runeOffset(s, characters-1)]) + "…"
}
