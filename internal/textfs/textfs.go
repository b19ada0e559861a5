// Package textfs reads text files of limited size from an fs.FS.
package textfs

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// NameProblem returns what is wrong with the name of a file or folder, or "".
func NameProblem(name string) string {
	switch {
	case name == "":
		return "is not a relative path"
	case name == "." || name == "..":
		return "leads out of the skill's folder or back to it"
	case name[0] == '.':
		return "is hidden"
	case !utf8.ValidString(name) || strings.Contains(name, `\`) || strings.ContainsFunc(name, unicode.IsControl):
		return "has a name with a backslash, a control character or invalid UTF-8"
	}
	return ""
}
