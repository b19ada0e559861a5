package chunk

import (
	"iter"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/remsyshq/agento-go/internal/frontmatter"
)

// markdownSections divides a document at its headings, except those in lists and quotations.
func markdownSections(source string) (iter.Seq[section], error) {
	source = withoutFrontMatter(source)
	o := outline{source: source}
	document := blockParser.Parse(text.NewReader([]byte(source)))
	for n := document.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			o.heading(h)
		} else {
			o.body = true
		}
	}
	o.end(len(source))
	return slices.Values(o.sections), nil
}

// blockParser parses blocks as in CommonMark. It does not parse inline content.
var blockParser = parser.NewParser(
	parser.WithBlockParsers(
		util.Prioritized(parser.NewSetextHeadingParser(), 100),
		util.Prioritized(parser.NewThematicBreakParser(), 200),
		util.Prioritized(container{parser.NewListParser()}, 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewCodeBlockParser(), 500),
		util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
		util.Prioritized(container{parser.NewBlockquoteParser()}, 800),
		util.Prioritized(parser.NewHTMLBlockParser(), 900),
		util.Prioritized(parser.NewParagraphParser(), 1000),
	),
	parser.WithParagraphTransformers(util.Prioritized(linkReferences{}, 100)),
)

// The time of goldmark is quadratic in the depth of lists and quotations, and in
// the number of consecutive link references.
const (
	maxDepth          = 20
	maxReferenceLines = 100
)

// container parses lists or quotations. Those in maxDepth or more blocks are plain text.
type container struct{ parser.BlockParser }

func (c container) Open(parent ast.Node, r text.Reader, pc parser.Context) (ast.Node, parser.State) {
	if len(pc.OpenedBlocks()) >= maxDepth {
		return nil, parser.NoChildren
	}
	return c.BlockParser.Open(parent, r, pc)
}

// linkReferences parses the link references at the beginning of a paragraph. In a paragraph
// with more than maxReferenceLines lines they are plain text.
type linkReferences struct{}

func (linkReferences) Transform(p *ast.Paragraph, r text.Reader, pc parser.Context) {
	if p.Lines().Len() <= maxReferenceLines {
		parser.LinkReferenceParagraphTransformer.Transform(p, r, pc)
	}
}

// outline collects the sections of a document.
type outline struct {
	source   string
	sections []section
	begin    int       // of the current section
	body     bool      // the current section has more than headings
	headings [6]string // enclosing headings, by level
}

func (o *outline) heading(h *ast.Heading) {
	if o.body {
		o.end(strings.LastIndexByte(o.source[:h.Pos()], '\n') + 1)
	}
	var title []string
	for _, line := range h.Lines().Sliced(0, h.Lines().Len()) {
		title = append(title, strings.Fields(o.source[line.Start:line.Stop])...)
	}
	o.headings[h.Level-1] = shorten(strings.Join(title, " "), maxTitle)
	clear(o.headings[h.Level:])
}

// end ends the current section.
func (o *outline) end(at int) {
	titles := slices.DeleteFunc(slices.Clone(o.headings[:]), func(s string) bool { return s == "" })
	o.sections = append(o.sections, section{strings.Join(titles, " > "), o.source[o.begin:at]})
	o.begin, o.body = at, false
}

// withoutFrontMatter returns the text after the front matter. A text may begin with
// a thematic break, so only a parsable mapping is front matter.
func withoutFrontMatter(source string) string {
	if matter, rest, err := frontmatter.Cut(source, "---", "---", "..."); err == nil {
		if mapping, err := frontmatter.Parse(matter); err == nil && (mapping != nil || isBlank(matter)) {
			return rest
		}
	}
	if matter, rest, err := frontmatter.Cut(source, "+++", "+++"); err == nil && isTOML(matter) {
		return rest
	}
	return source
}

var (
	tomlKey     = regexp.MustCompile(`^([\w."'-]+\s*=\s*(["'\[{+\-\d]|true|false|inf|nan).*|\[.*\])$`)
	tomlElement = regexp.MustCompile(`^(".*"|'.*'|\[.*\]|\{.*\}|[\d.+-]+|[\]}])?,?$`) // in an array over several lines
)

// isTOML reports whether all lines are TOML. Multi-line strings are not supported.
func isTOML(matter string) bool {
	mapping := isBlank(matter)
	for line := range strings.Lines(matter) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
		switch {
		case line == "" || line[0] == '#':
		case tomlKey.MatchString(line):
			mapping = true
		case !mapping || !tomlElement.MatchString(line):
			return false
		}
	}
	return mapping
}
