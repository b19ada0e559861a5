// Package textfs reads text files of limited size from an fs.FS, with errors that
// name the file.
package textfs

import (
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/remsyshq/agento-go/internal/errs"
)

// Kind is a kind of text file.
type Kind struct {
	Name     string // in error messages, such as "skill file"
	MaxBytes int
}

// Read returns the content of a file.
func (k Kind) Read(fsys fs.FS, path string) (string, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return "", k.Failed(path, err)
	}
	defer func() { _ = f.Close() }()
	return k.ReadFrom(path, f)
}

// ReadFrom returns the content of a file, read from r.
func (k Kind) ReadFrom(path string, r io.Reader) (string, error) {
	var content strings.Builder
	if _, err := io.Copy(&content, io.LimitReader(r, int64(k.MaxBytes)+1)); err != nil {
		return "", k.Failed(path, err)
	}
	return content.String(), k.Check(path, content.String())
}

// Check returns an error if content is too large or is not UTF-8 text.
func (k Kind) Check(path, content string) error {
	switch {
	case len(content) > k.MaxBytes:
		return k.Invalid(path, "is larger than %d MiB", k.MaxBytes>>20)
	case !utf8.ValidString(content) || strings.Contains(content, "\x00"):
		return k.Invalid(path, "is not UTF-8 text")
	}
	return nil
}

// Invalid returns an error that matches agento.ErrValidation.
func (k Kind) Invalid(path, format string, args ...any) error {
	return errs.Argument(k.Name+" "+errs.Line(path), format, args...)
}

// Failed returns an error that wraps err. The root's path is ".".
func (k Kind) Failed(path string, err error) error {
	if path == "." {
		return fmt.Errorf("agento: the folder cannot be read: %w", err)
	}
	return fmt.Errorf("agento: %s %s: %w", k.Name, errs.Line(path), err)
}

// NameProblem returns why the name of a file or folder is invalid, or "".
func NameProblem(name string) string {
	switch {
	case name == "":
		return "is not a relative path"
	case name == "." || name == "..":
		return "refers to its folder or the parent folder"
	case name[0] == '.':
		return "is hidden"
	case !utf8.ValidString(name) || strings.Contains(name, `\`) || strings.ContainsFunc(name, unicode.IsControl):
		return "has a name with a backslash, a control character or invalid UTF-8"
	}
	return ""
}
