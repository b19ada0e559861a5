package chunk

import "strings"

// The lines of Markdown, as CommonMark 0.31 has them, where no tree of blocks is
// needed to tell.

// numberSigns returns the level and the title of a heading such as "## Title ##",
// level 0 if the line is none.
func numberSigns(line string) (level int, title string) {
	marks := strings.TrimLeft(line, " ")
	title = strings.TrimLeft(marks, "#")
	level = len(marks) - len(title)
	if level < 1 || level > 6 || len(line)-len(marks) > 3 || !beginsBlank(title) {
		return 0, ""
	}
	title = strings.TrimSpace(title)
	if open := strings.TrimRight(title, "#"); open == "" || strings.TrimRight(open, " \t") != open {
		title = strings.TrimSpace(open)
	}
	return level, title
}

// underline returns the level of heading that the line makes of the paragraph
// above it, 0 if it makes none.
func underline(line string) int {
	marks := strings.TrimSpace(line)
	switch {
	case marks == "" || indentation(line) > 3:
	case strings.Trim(marks, "=") == "":
		return 1
	case strings.Trim(marks, "-") == "":
		return 2
	}
	return 0
}

// isRule reports whether the line is a thematic break, such as "* * *".
func isRule(line string) bool {
	marks := strings.Join(strings.Fields(line), "")
	return len(marks) >= 3 && strings.Contains("-*_", marks[:1]) && strings.Trim(marks, marks[:1]) == "" && indentation(line) <= 3
}

// isContainer reports whether the line begins a list item or a quotation, or HTML
// such as "<div>", whose text is no paragraph of the section.
func isContainer(line string) bool {
	if indentation(line) > 3 {
		return false
	}
	rest := strings.TrimLeft(line, " \t")
	html := len(rest) > 1 && rest[0] == '<' && ('a' <= rest[1]|0x20 && rest[1]|0x20 <= 'z' || strings.Contains("/!?", rest[1:2]))
	return html || rest[0] == '>' || listMarker(rest) > 0
}

// listMarker is how long the marker of a list item at the beginning of s is.
func listMarker(s string) int {
	n := len(s) - len(strings.TrimLeft(s, "0123456789"))
	switch {
	case n == len(s) || n > 9:
		return 0
	case n == 0 && strings.Contains("-+*", s[:1]), n > 0 && strings.Contains(".)", s[n:n+1]):
		if beginsBlank(s[n+1:]) {
			return n + 1
		}
	}
	return 0
}

// blockBegun returns what reports the end of the block that a line begins, nil if
// it begins none in which a heading would be no heading.
func blockBegun(line string) func(string) bool {
	if ends := codeBegun(line); ends != nil {
		return ends
	}
	if ends := htmlBegun(line); ends != nil && !ends(line) {
		return ends
	}
	return nil
}

// codeBegun is for a fence of ``` or ~~~, which may stand in a list item.
func codeBegun(line string) func(string) bool {
	rest, most := strings.TrimLeft(line, " \t"), 3
	if indentation(line) > most {
		return nil
	}
	for n := listMarker(rest); n > 0; n = listMarker(rest) {
		rest = strings.TrimLeft(rest[n:], " \t")
		most = 3 + len(line) - len(rest)
	}
	if rest == "" || rest[0] != '`' && rest[0] != '~' {
		return nil
	}
	mark := rest[:1]
	length := len(rest) - len(strings.TrimLeft(rest, mark))
	if length < 3 || mark == "`" && strings.Contains(rest[length:], mark) {
		return nil
	}
	return func(line string) bool {
		marks := strings.TrimSpace(line)
		return len(marks) >= length && strings.Trim(marks, mark) == "" && indentation(line) <= most
	}
}

// htmlBegun is for a comment and for elements whose text is not Markdown. The end
// may be on the same line.
func htmlBegun(line string) func(string) bool {
	rest := strings.TrimLeft(line, " ")
	if !strings.HasPrefix(rest, "<") || indentation(line) > 3 {
		return nil
	}
	rest = strings.ToLower(rest)
	if strings.HasPrefix(rest, "<!--") {
		return func(line string) bool { return strings.Contains(line, "-->") }
	}
	for _, name := range []string{"pre", "script", "style", "textarea"} {
		if after, ok := strings.CutPrefix(rest[1:], name); ok && (beginsBlank(after) || after[0] == '>') {
			return func(line string) bool { return strings.Contains(strings.ToLower(line), "</"+name+">") }
		}
	}
	return nil
}

// indentation is in columns; a tab goes to the next multiple of four.
func indentation(line string) (columns int) {
	for _, c := range []byte(line) {
		switch c {
		case ' ':
			columns++
		case '\t':
			columns += 4 - columns%4
		default:
			return columns
		}
	}
	return columns
}

func isBlank(line string) bool { return strings.TrimSpace(line) == "" }

func beginsBlank(s string) bool { return s == "" || strings.Contains(" \t\n", s[:1]) }
