package wire

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/remsyshq/agento-go/internal/errs"
)

// Arg is the value of a placeholder in a path template, and the name that the
// caller knows the argument by.
type Arg struct{ Placeholder, Name, Value string }

// Args are the arguments of one path. No path has more.
type Args [2]Arg

// Expand fills a path template. It returns the path and, where it differs, its
// escaped form. A value is one segment, whatever characters it has. An argument
// without a placeholder is ignored, so that a template can change without its
// callers.
func Expand(template string, args Args) (path, escaped string, err error) {
	var plain strings.Builder
	var raw []byte // nil as long as it is the same
	plain.Grow(len(template) + 32)
	for {
		before, rest, found := strings.Cut(template, "{")
		plain.WriteString(before)
		if raw != nil {
			raw = append(raw, before...)
		}
		if !found {
			return plain.String(), string(raw), nil
		}
		placeholder, after, _ := strings.Cut(rest, "}")
		i := slices.IndexFunc(args[:], func(a Arg) bool { return a.Placeholder == placeholder })
		if i < 0 {
			return "", "", fmt.Errorf("agento: the path needs a value for {%s}", placeholder)
		}
		arg := args[i]
		if err := CheckID(arg.Name, arg.Value); err != nil {
			return "", "", err
		}
		escaped := url.PathEscape(arg.Value)
		if raw == nil && escaped != arg.Value {
			raw = []byte(plain.String())
		}
		if raw != nil {
			raw = append(raw, escaped...)
		}
		plain.WriteString(arg.Value)
		template = after
	}
}

// CheckID refuses what cannot be one segment of a path: nothing, and the two names that
// servers resolve, even escaped.
func CheckID(name, value string) error {
	switch value {
	case "":
		return errs.Argument(name, "is empty")
	case ".", "..":
		return errs.Argument(name, "is %q, which cannot be part of a path", value)
	}
	return nil
}
