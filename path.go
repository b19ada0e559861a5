package agento

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/remsyshq/agento-go/internal/errs"
)

// pathArg is the value of a placeholder in a path template, and the name that
// the caller knows the argument by.
type pathArg struct{ placeholder, name, value string }

// pathArgs are those of one call, the given ones first. No path has more.
type pathArgs [2]pathArg

func (a *pathArgs) given() []pathArg {
	n := 0
	for n < len(a) && a[n].placeholder != "" {
		n++
	}
	return a[:n]
}

// expand fills a template. It returns the path as it is meant and, where that
// differs, as it is written in a URL. Each value is one segment, whatever
// characters it holds. A value that the template has no place for is left out,
// so that a template can change without its callers.
func expand(template string, all pathArgs) (path, rawPath string, err error) {
	args := all.given()
	for _, a := range args {
		if err := checkSegment(a); err != nil {
			return "", "", err
		}
	}
	path, err = fill(template, args, func(value string) string { return value })
	if err != nil || !needEscape(args) {
		return path, "", err
	}
	rawPath, err = fill(template, args, url.PathEscape)
	return path, rawPath, err
}

func needEscape(args []pathArg) bool {
	for _, a := range args {
		if url.PathEscape(a.value) != a.value {
			return true
		}
	}
	return false
}

// fill puts the values, each in the form that write gives it, into a template.
func fill(template string, args []pathArg, write func(string) string) (string, error) {
	var path strings.Builder
	path.Grow(len(template) + 32)
	for {
		before, rest, found := strings.Cut(template, "{")
		path.WriteString(before)
		if !found {
			return path.String(), nil
		}
		name, after, _ := strings.Cut(rest, "}")
		value, ok := valueOf(args, name)
		if !ok {
			return "", fmt.Errorf("agento: this operation needs {%s} in its path, and nothing gives it", name)
		}
		path.WriteString(write(value))
		template = after
	}
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
		return errs.Argument(a.name, "is empty")
	case ".", "..":
		return errs.Argument(a.name, "is %q, which cannot stand in a path", a.value)
	}
	return nil
}
