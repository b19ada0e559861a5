// Package documents tests the repository's Markdown: it runs the blocks of Go code,
// compares their output, and checks the links.
package documents

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Document is one Markdown file.
type Document struct {
	Path    string // slash-separated, relative to the root
	Blocks  []Block
	Links   []Link
	anchors map[string]bool
}

// Block is a fenced block of code.
type Block struct {
	Path     string // of the document
	Line     int    // of the first line of code
	Name     string // an identifier derived from the document and the heading
	Language string
	Text     string
	Scopes   []string // from the line "Scopes:" of its section
}

// Link is a link in text, not in code.
type Link struct {
	Path   string // of the document
	Line   int
	Target string
}

// skipped are directories without documents of the repository.
var skipped = []string{".git", "node_modules", "testdata", "out"}

// All reads every Markdown file under root.
func All(root string) ([]*Document, error) {
	var all []*Document
	files := os.DirFS(root)
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(skipped, entry.Name()):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".md":
			return nil
		}
		data, err := fs.ReadFile(files, name)
		all = append(all, parse(name, string(data)))
		return err
	})
	return all, err
}

// parse parses one document.
func parse(name, text string) *Document {
	d := &Document{Path: name, anchors: make(map[string]bool)}
	var section, fence string
	var block *Block
	first := 0 // index of the section's first block
	for i, line := range strings.Split(text, "\n") {
		switch trimmed := strings.TrimSpace(line); {
		case block != nil && trimmed == fence:
			d.Blocks = append(d.Blocks, *block)
			block = nil
		case block != nil:
			block.Text += line + "\n"
		case strings.HasPrefix(trimmed, "```"):
			fence = trimmed[:len(trimmed)-len(strings.TrimLeft(trimmed, "`"))]
			block = &Block{Path: name, Line: i + 2, Name: blockName(name, section, len(d.Blocks)-first), Language: trimmed[len(fence):]}
		case isHeading.MatchString(line):
			section, first = d.addAnchor(strings.TrimLeft(line, "# ")), len(d.Blocks)
		case hasScopes.MatchString(line):
			for j := range d.Blocks[first:] {
				d.Blocks[first+j].Scopes = strings.Split(hasScopes.FindStringSubmatch(line)[1], "`, `")
			}
		default:
			d.addLinks(line, i+1)
		}
	}
	return d
}

// blockName returns the name of the block that follows n other blocks in its section.
func blockName(document, section string, n int) string {
	base := strings.ToLower(strings.TrimSuffix(path.Base(document), ".md"))
	name := strings.ReplaceAll(base+"_"+section, "-", "_")
	if n > 0 {
		name += fmt.Sprintf("_%d", n+1)
	}
	return name
}

var (
	isHeading  = regexp.MustCompile(`^#{1,6} `)
	hasScopes  = regexp.MustCompile("^Scopes?: `(.*)`\\.$")
	isLink     = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	isCode     = regexp.MustCompile("`[^`]*`")
	notInNames = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// addAnchor adds the anchor of a heading and returns it. If the text is repeated, the
// anchor gets a number.
func (d *Document) addAnchor(heading string) string {
	name := strings.ReplaceAll(notInNames.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
	unique := name
	for n := 1; d.anchors[unique]; n++ {
		unique = fmt.Sprintf("%s-%d", name, n)
	}
	d.anchors[unique] = true
	return unique
}

func (d *Document) addLinks(line string, number int) {
	for _, m := range isLink.FindAllStringSubmatch(isCode.ReplaceAllString(line, ""), -1) {
		d.Links = append(d.Links, Link{d.Path, number, m[1]})
	}
}

// Go returns the Go blocks that use one of the named packages, and those that use none.
func Go(all []*Document, packages ...string) (with, without []Block) {
	for _, d := range all {
		for _, b := range d.Blocks {
			switch {
			case b.Language != "go":
			case slices.ContainsFunc(packages, b.uses):
				with = append(with, b)
			default:
				without = append(without, b)
			}
		}
	}
	return with, without
}

var isComment = regexp.MustCompile(`//.*`)

func (b Block) uses(pkg string) bool {
	return regexp.MustCompile(`\b` + pkg + `\.[A-Z]`).MatchString(isComment.ReplaceAllString(b.Text, ""))
}

// Broken returns the links to files and headings that do not exist. It ignores links
// to other sites.
func Broken(root string, all []*Document) []string {
	byPath := make(map[string]*Document)
	for _, d := range all {
		byPath[d.Path] = d
	}
	var broken []string
	for _, d := range all {
		for _, l := range d.Links {
			if problem := l.problem(root, byPath); problem != "" {
				broken = append(broken, fmt.Sprintf("%s:%d: %s: %s", l.Path, l.Line, l.Target, problem))
			}
		}
	}
	return broken
}

func (l Link) problem(root string, byPath map[string]*Document) string {
	if strings.Contains(l.Target, "://") || strings.HasPrefix(l.Target, "mailto:") {
		return ""
	}
	file, anchor, hasAnchor := strings.Cut(l.Target, "#")
	name := l.Path
	if file != "" {
		name = path.Join(path.Dir(l.Path), file)
	}
	if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err != nil {
		return "no such file"
	}
	if !hasAnchor {
		return ""
	}
	if d := byPath[name]; d == nil || !d.anchors[anchor] {
		return "no such heading"
	}
	return ""
}
