package agento

import (
	"fmt"
	"net/url"
	"strings"
)

// pathArg is the value of a placeholder in a path template, and the name that
// the caller knows the argument by.
type pathArg struct{ placeholder, name, value string }

// expand fills a template. It returns the path as it is meant and, where that
// differs, as it is written in a URL. Each value is one segment, whatever
// characters it holds. A value that the template has no place for is left out,
// so that a template can change without its callers.
func expand(template string, args []pathArg) (path, rawPath string, err error) {
	for _, a := range args {
		if err := checkSegment(a); err != nil {
			return "", "", err
		}
	}
	if !strings.Contains(template, "{") {
		return template, "", nil
	}
	var plain, escaped strings.Builder
	rest := template
	for {
		before, after, found := strings.Cut(rest, "{")
		plain.WriteString(before)
		escaped.WriteString(before)
		if !found {
			break
		}
		var name string
		name, rest, _ = strings.Cut(after, "}")
		value, ok := valueOf(args, name)
		if !ok {
			return "", "", fmt.Errorf("agento: this operation needs {%s} in its path, and nothing gives it", name)
		}
		plain.WriteString(value)
		escaped.WriteString(url.PathEscape(value))
	}
	path, rawPath = plain.String(), escaped.String()
	if rawPath == path {
		rawPath = ""
	}
	return path, rawPath, nil
}

func valueOf(args []pathArg, placeholder string) (string, bool) {
	for _, a := range args {
		if a.placeholder == placeholder {
			return a.value, true
		}
	}
	return "", false
}

// checkSegment refuses what cannot be one segment: nothing, and the two names
// that servers resolve even when they are escaped.
func checkSegment(a pathArg) error {
	switch a.value {
	case "":
		return badArgument(a.name, "is empty")
	case ".", "..":
		return badArgument(a.name, "is %q, which cannot stand in a path", a.value)
	}
	return nil
}
