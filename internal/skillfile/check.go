package skillfile

import (
	"strings"
	"unicode/utf8"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/textfs"
)

// The bounds of a custom skill. The service's own are not documented.
const (
	maxSkillFile  = 1 << 20 // bytes
	maxSkillTotal = 4 << 20 // bytes of all files together
	maxSkillFiles = 200
)

const skillFile = "SKILL.md" // what every skill has

// Check returns what is wrong with a skill that is to be uploaded.
func (s Skill) Check() error {
	if err := checkSkillName("Name", s.Name); err != nil {
		return err
	}
	if err := CheckVersion("Version", s.Version); err != nil {
		return err
	}
	return checkSkillFiles(s.Files)
}

// checkSkillFiles refuses files that no skill can have, and names the file.
func checkSkillFiles(files map[string]string) error {
	if _, ok := files[skillFile]; !ok {
		return errs.Argument("skill", "has no %s at its root", skillFile)
	}
	if len(files) > maxSkillFiles {
		return errs.Argument("skill", "has %d files, more than %d", len(files), maxSkillFiles)
	}
	total := 0
	for path, content := range files {
		if err := checkSkillPath(path); err != nil {
			return err
		}
		if err := checkSkillContent(path, content); err != nil {
			return err
		}
		total += len(content)
	}
	return checkSkillTotal(total)
}

func checkSkillTotal(bytes int) error {
	if bytes > maxSkillTotal {
		return errs.Argument("skill", "is larger than %d MiB", maxSkillTotal>>20)
	}
	return nil
}

// checkSkillPath takes a relative path with slashes that stays where it is. What
// is hidden is refused and not skipped: nobody is to believe it was sent, nor to
// send it unseen.
func checkSkillPath(path string) error {
	for _, name := range strings.Split(path, "/") {
		if problem := textfs.NameProblem(name); problem != "" {
			return skillFileError(path, problem)
		}
	}
	return nil
}

func checkSkillContent(path, content string) error {
	switch {
	case len(content) > maxSkillFile:
		return skillFileError(path, "is larger than 1 MiB")
	case !utf8.ValidString(content) || strings.Contains(content, "\x00"):
		return skillFileError(path, "is not text")
	}
	return nil
}

func skillFileError(path, problem string) error {
	return errs.Argument("skill file "+errs.Line(path), "%s", problem)
}

func checkSkillName(argument, name string) error {
	if !onlyOf(name, func(c byte) bool { return isLower(c) || isDigit(c) || c == '-' }) {
		return errs.Argument(argument, "must be of lower-case letters, digits and hyphens: %q", errs.Line(name))
	}
	return nil
}

// CheckVersion returns an error that names the argument if version is not a
// semantic version.
func CheckVersion(argument, version string) error {
	if !isSemver(version) {
		return errs.Argument(argument, "must be a semantic version, such as 1.0.0: %q", errs.Line(version))
	}
	return nil
}

// isSemver reports whether s is a version in the sense of Semantic Versioning 2.0.0.
func isSemver(s string) bool {
	rest, build, hasBuild := strings.Cut(s, "+")
	core, pre, hasPre := strings.Cut(rest, "-")
	numbers := strings.Split(core, ".")
	if len(numbers) != 3 {
		return false
	}
	for _, n := range numbers {
		if !onlyOf(n, isDigit) || leadsWithZero(n) {
			return false
		}
	}
	return (!hasPre || areIdentifiers(pre, true)) && (!hasBuild || areIdentifiers(build, false))
}

// areIdentifiers reports whether s is a list of identifiers with dots between
// them. In a pre-release those of digits alone are numbers.
func areIdentifiers(s string, preRelease bool) bool {
	for _, id := range strings.Split(s, ".") {
		if !onlyOf(id, func(c byte) bool { return isDigit(c) || isLower(c|0x20) || c == '-' }) {
			return false
		}
		if preRelease && onlyOf(id, isDigit) && leadsWithZero(id) {
			return false
		}
	}
	return true
}

func leadsWithZero(number string) bool { return len(number) > 1 && number[0] == '0' }

// onlyOf reports whether s is not empty and ok holds for each of its bytes.
func onlyOf(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return s != ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
