// Package frontmatter reads the YAML at the beginning of a Markdown file.
package frontmatter

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxBytes is the maximum size of front matter, without its first line.
const MaxBytes = 16 << 10

// Cut returns the text between the first line, which must be begin, and the next line
// that is one of ends. rest is the text after that line.
func Cut(text, begin string, ends ...string) (matter, rest string, err error) {
	first, body, _ := strings.Cut(text, "\n")
	if trimRight(first) != begin {
		return "", "", fmt.Errorf("is missing: the file does not begin with a line of %s", begin)
	}
	length := 0
	for line := range strings.Lines(body) {
		if slices.Contains(ends, trimRight(line)) {
			return body[:length], body[length+len(line):], nil
		}
		if length += len(line); length > MaxBytes {
			return "", "", fmt.Errorf("is larger than %d KiB", MaxBytes>>10)
		}
	}
	return "", "", fmt.Errorf("is missing or does not end with a line of %s", ends[0])
}

func trimRight(line string) string { return strings.TrimRight(line, " \t\r\n") }

// Parse parses front matter returned by Cut. It returns a mapping, or nil if there is
// neither key nor value. Errors name the line of the file.
func Parse(matter string) (*yaml.Node, error) {
	document, err := parse(matter)
	switch {
	case err != nil:
		return nil, locate(matter, err)
	case len(document.Content) == 0:
		return nil, nil
	}
	top := document.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, errors.New("not a list of keys and values")
	}
	if err := checkKeys(top); err != nil {
		return nil, err
	}
	return top, nil
}

// parse parses without decoding, which would expand aliases. It adds a line break for the
// line before the front matter, so that line numbers match the file.
func parse(matter string) (document yaml.Node, err error) {
	err = yaml.Unmarshal([]byte("\n"+matter), &document)
	return document, err
}

var (
	errorPrefix = regexp.MustCompile(`^yaml: (line \d+: )?`)
	plainValue  = regexp.MustCompile(`^[\s-]*([\w.-]+):\s+[^\s"']`)
)

// locate adds the line of the mistake to an error of the YAML parser, which names the
// start of the surrounding mapping or no line. The mistake is in the line after the
// longest prefix that can be parsed.
func locate(matter string, err error) error {
	const most = 100 // lines, since each is tried
	lines := slices.Collect(strings.Lines(matter))
	if len(lines) > most {
		return err
	}
	n := len(lines) - 1
	for end := len(matter); n > 0; n-- {
		end -= len(lines[n])
		if _, err := parse(matter[:end]); err == nil {
			break
		}
	}
	problem := errorPrefix.ReplaceAllString(err.Error(), "")
	hint := ""
	if key := plainValue.FindStringSubmatch(lines[n]); key != nil {
		hint = "; put the value of " + key[1] + " in quotes"
	}
	const first = 2 // the line after ---
	return fmt.Errorf("line %d: %s%s", first+n, problem, hint)
}

// checkKeys returns an error if a key appears twice in a mapping, at any depth.
func checkKeys(n *yaml.Node) error {
	type key struct{ tag, value string }
	seen := make(map[key]bool)
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && child.Kind == yaml.ScalarNode {
			k := key{child.ShortTag(), child.Value}
			if seen[k] {
				return fmt.Errorf("line %d: duplicate key %s", child.Line, child.Value)
			}
			seen[k] = true
		}
		if err := checkKeys(child); err != nil {
			return err
		}
	}
	return nil
}
