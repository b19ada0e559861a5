package wire

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/remsyshq/agento-go/internal/errs"
)

// Arg is the value of a placeholder in a path template. Name is the argument's name in
// errors.
type Arg struct{ Placeholder, Name, Value string }

// Args are the arguments of a path. No path has more than two.
type Args [2]Arg

// Expand expands a path template. It returns the path and, if it differs, the escaped
// path. Each value becomes one segment. Arguments without a placeholder are ignored, so
// a template can change without its callers.
func Expand(template string, args *Args) (path, escaped string, err error) {
	var plain strings.Builder
	var raw []byte // escaped path; nil while equal to plain
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
			return "", "", fmt.Errorf("agento: path has no value for {%s}", placeholder)
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

// CheckID rejects values that cannot be a path segment: "", "." and "..". Servers may
// resolve the latter two even if they are escaped.
func CheckID(name, value string) error {
	switch value {
	case "":
		return errs.Argument(name, "is empty")
	case ".", "..":
		return errs.Argument(name, "is %q, which cannot be part of a path", value)
	}
	return nil
}
