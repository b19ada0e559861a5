package skillfile

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/frontmatter"
)

// readFrontMatter returns the name, description and version in a SKILL.md.
func readFrontMatter(markdown string) (Skill, error) {
	matter, _, err := frontmatter.Cut(strings.TrimPrefix(markdown, "\ufeff"), "---", "---")
	if err != nil {
		return Skill{}, frontMatterError("%v", err)
	}
	s, err := parseFrontMatter(matter)
	if err != nil {
		return Skill{}, frontMatterError("cannot be read: %s", errs.Line(err.Error()))
	}
	if s.Name == "" {
		return Skill{}, frontMatterError("has no name")
	}
	if err := checkName(manifest+": name", s.Name); err != nil {
		return Skill{}, err
	}
	if strings.TrimSpace(s.Description) == "" {
		return Skill{}, frontMatterError("has no description")
	}
	if s.Version != "" {
		if err := CheckVersion(manifest+": version", s.Version); err != nil {
			return Skill{}, err
		}
	}
	return s, nil
}

func frontMatterError(format string, args ...any) error {
	return errs.Argument("the front matter of "+manifest, format, args...)
}

func parseFrontMatter(matter string) (s Skill, err error) {
	top, err := frontmatter.Parse(matter)
	if err != nil {
		return s, err
	}
	for _, field := range []struct {
		key  string
		text *string
	}{{"name", &s.Name}, {"description", &s.Description}, {"version", &s.Version}} {
		if *field.text, err = textOf(top, field.key); err != nil {
			return Skill{}, err
		}
	}
	if s.Version == "" {
		s.Version, _ = textOf(valueAt(top, "metadata"), "version") // metadata may have any type
	}
	return s, nil
}

// valueAt returns the value of a key, or nil.
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

// textOf returns the value of a key as it is written, or "".
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
