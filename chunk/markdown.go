package chunk

import (
	"iter"
	"strings"
)

// markdownSections reads Markdown section by section. Of CommonMark it knows what
// tells a heading from a line that looks like one.
func markdownSections(text string) iter.Seq2[section, error] {
	return func(yield func(section, error) bool) {
		m := markdown{text: text[frontMatterEnd(text):], paragraph: noParagraph}
		for line := range strings.Lines(m.text) {
			h := m.next(line)
			if h.level == 0 {
				continue
			}
			if done := m.begin(h); done.text != "" && !yield(done, nil) {
				return
			}
		}
		yield(section{m.title, m.text[m.section:]}, nil)
	}
}

// markdown is a reader of lines.
type markdown struct {
	text     string
	at       int // where the next line begins
	section  int // where the section begins
	title    string
	headings [6]string // that it is below, by level
	body     bool      // there is more than headings in it, before the paragraph

	paragraph int                    // where one begins that could be a heading yet
	lazy      bool                   // a line of text goes on with a list item or a quotation
	block     func(line string) bool // reports whether the block of code or HTML ends
}

const noParagraph = -1

// heading is a line or, if it is underlined, a paragraph. Level 0 is none.
type heading struct {
	at, level int
	title     string
}

// next takes the next line, which may be or end a heading.
func (m *markdown) next(line string) (h heading) {
	at := m.at
	m.at += len(line)
	if m.block != nil {
		if m.block(line) {
			m.block = nil
		}
		return h
	}
	switch level, title := numberSigns(line); {
	case level > 0:
		m.endParagraph()
		return heading{at, level, title}
	case m.paragraph != noParagraph && underline(line) > 0:
		h = heading{m.paragraph, underline(line), m.text[m.paragraph:at]}
		m.paragraph = noParagraph
		return h
	}
	m.take(at, line)
	return h
}

// take takes a line that is no heading.
func (m *markdown) take(at int, line string) {
	blank := isBlank(line)
	m.block = blockBegun(line)
	switch {
	case m.block != nil, blank, isRule(line):
		m.endParagraph()
		m.lazy = false
	case isContainer(line):
		m.endParagraph()
		m.lazy = true
	case m.paragraph == noParagraph && !m.lazy && indentation(line) <= 3:
		m.paragraph = at
		return
	}
	m.body = m.body || !blank && m.paragraph == noParagraph
}

// endParagraph ends a paragraph that has not become a heading.
func (m *markdown) endParagraph() {
	if m.paragraph != noParagraph {
		m.body, m.paragraph = true, noParagraph
	}
}

// begin begins a section, and returns the one before. If that has nothing but
// headings it goes on.
func (m *markdown) begin(h heading) (done section) {
	if m.body {
		done = section{m.title, m.text[m.section:h.at]}
		m.section = h.at
	}
	m.body, m.lazy = false, false
	m.headings[h.level-1] = shorten(strings.Join(strings.Fields(h.title), " "), maxChunkTitle)
	clear(m.headings[h.level:])
	var above []string
	for _, title := range m.headings {
		if title != "" {
			above = append(above, title)
		}
	}
	m.title = strings.Join(above, " > ")
	return done
}

// frontMatterEnd is where the text behind the front matter begins, 0 if there is
// none: YAML between lines of ---, or TOML between lines of +++.
func frontMatterEnd(text string) int {
	var mark, separator string
	at, keyed := 0, true // as long as nothing is there
	for line := range strings.Lines(text) {
		begin := at
		at += len(line)
		switch line = strings.TrimRight(line, " \t\n"); {
		case begin == 0 && line == "---":
			mark, separator = line, ":"
		case begin == 0 && line == "+++":
			mark, separator = line, "="
		case begin == 0 || !keyed || at > 16<<10:
			return 0
		case line == mark, line == "..." && mark == "---":
			return at
		case separator != "" && line != "" && line[0] != '#':
			keyed = strings.Contains(line, separator) // which one line has to show
			separator = ""
		}
	}
	return 0
}
