package skillfile

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/remsyshq/agento-go/internal/errs"
)

// maxFrontMatter bounds what the YAML reader is given, and with it its work.
const maxFrontMatter = 16 << 10

// readFrontMatter reads name, description and version of a skill.
func readFrontMatter(markdown string) (Skill, error) {
	matter, err := cutFrontMatter(markdown)
	if err != nil {
		return Skill{}, err
	}
	p, err := parseFrontMatter(matter)
	if err != nil {
		return Skill{}, frontMatterError("cannot be read: %s", errs.Line(err.Error()))
	}
	if p.Name == "" {
		return Skill{}, frontMatterError("has no name")
	}
	if err := checkSkillName(skillFile+": name", p.Name); err != nil {
		return Skill{}, err
	}
	if strings.TrimSpace(p.Description) == "" {
		return Skill{}, frontMatterError("has no description")
	}
	if p.Version != "" {
		err = CheckVersion(skillFile+": version", p.Version)
	}
	return p, err
}

func frontMatterError(format string, args ...any) error {
	return errs.Argument("the front matter of "+skillFile, format, args...)
}

// cutFrontMatter returns what stands between the first line, of three hyphens,
// and the next such line.
func cutFrontMatter(markdown string) (string, error) {
	isMark := func(line string) bool { return strings.TrimRight(line, " \t\r\n") == "---" }
	rest := strings.TrimPrefix(markdown, "\ufeff")
	begin := true
	length := 0
	for line := range strings.Lines(rest) {
		switch {
		case begin && !isMark(line):
			return "", frontMatterError("is missing: the file does not begin with a line of ---")
		case begin:
			begin, rest = false, rest[len(line):]
			continue
		case isMark(line):
			return rest[:length], nil
		}
		if length += len(line); length > maxFrontMatter {
			return "", frontMatterError("is longer than %d KiB", maxFrontMatter>>10)
		}
	}
	return "", frontMatterError("is missing, or not ended by a line of ---")
}

// parseFrontMatter reads YAML, as a tree: decoding it would follow aliases, and
// compare each key with each. Keys that are not known pass. A panic of the YAML
// reader is an error too.
func parseFrontMatter(matter string) (p Skill, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("the YAML reader gave up: %v", problem)
		}
	}()
	var document yaml.Node
	// The line break stands for that of ---, so that errors name the file's lines.
	if err := yaml.Unmarshal([]byte("\n"+matter), &document); err != nil || len(document.Content) == 0 {
		return p, err
	}
	if err := checkKeys(&document); err != nil {
		return p, err
	}
	top := document.Content[0]
	if top.Kind != yaml.MappingNode {
		return p, errors.New("it is not a list of keys and values")
	}
	for _, field := range []struct {
		key  string
		text *string
	}{{"name", &p.Name}, {"description", &p.Description}, {"version", &p.Version}} {
		if *field.text, err = textOf(top, field.key); err != nil {
			return Skill{}, err
		}
	}
	if p.Version == "" {
		p.Version, _ = textOf(valueAt(top, "metadata"), "version") // which may be anything
	}
	return p, nil
}

// checkKeys refuses a key that is there twice, at any depth.
func checkKeys(n *yaml.Node) error {
	type key struct{ tag, value string }
	seen := make(map[key]bool)
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && child.Kind == yaml.ScalarNode {
			k := key{child.ShortTag(), child.Value}
			if seen[k] {
				return fmt.Errorf("line %d: the key %s is there twice", child.Line, child.Value)
			}
			seen[k] = true
		}
		if err := checkKeys(child); err != nil {
			return err
		}
	}
	return nil
}

// valueAt returns the value of a key, nil where there is none.
func valueAt(mapping *yaml.Node, key string) *yaml.Node {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value != key {
			continue
		}
		value := mapping.Content[i+1]
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		return value
	}
	return nil
}

// textOf returns the text of a key, which for a number is its digits; "" where
// there is none.
func textOf(mapping *yaml.Node, key string) (string, error) {
	value := valueAt(mapping, key)
	switch {
	case value == nil || value.ShortTag() == "!!null":
		return "", nil
	case value.Kind != yaml.ScalarNode:
		return "", fmt.Errorf("line %d: %s is not text", value.Line, key)
	}
	return value.Value, nil
}
