package skillfile

import (
	"regexp"
	"strings"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/textfs"
)

// Check returns an error if the skill cannot be uploaded.
func (s Skill) Check() error {
	if err := checkName("Name", s.Name); err != nil {
		return err
	}
	if err := CheckVersion("Version", s.Version); err != nil {
		return err
	}
	return checkFiles(s.Files)
}

// checkFiles rejects hidden files: if it skipped them, a caller would not notice.
func checkFiles(files map[string]string) error {
	if _, ok := files[manifest]; !ok {
		return errs.Argument("skill", "has no %s at its root", manifest)
	}
	if len(files) > maxFiles {
		return errs.Argument("skill", "has %d files, more than %d", len(files), maxFiles)
	}
	total := 0
	for path, content := range files {
		for name := range strings.SplitSeq(path, "/") {
			if problem := textfs.NameProblem(name); problem != "" {
				return textFile.Invalid(path, "%s", problem)
			}
		}
		if err := textFile.Check(path, content); err != nil {
			return err
		}
		total += len(content)
	}
	return checkTotal(total)
}

func checkTotal(bytes int) error {
	if bytes > maxTotal {
		return errs.Argument("skill", "is larger than %d MiB", maxTotal>>20)
	}
	return nil
}

var namePattern = regexp.MustCompile(`^[a-z0-9-]+$`)

func checkName(argument, name string) error {
	if !namePattern.MatchString(name) {
		return errs.Argument(argument, "must be of lower-case letters, digits and hyphens: %q", errs.Line(name))
	}
	return nil
}

// semver matches a version according to Semantic Versioning 2.0.0.
var semver = func() *regexp.Regexp {
	const (
		number     = `(0|[1-9][0-9]*)`
		identifier = `(` + number + `|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`
		build      = `[0-9A-Za-z-]+`
	)
	return regexp.MustCompile(`^` + number + `\.` + number + `\.` + number +
		`(-` + identifier + `(\.` + identifier + `)*)?(\+` + build + `(\.` + build + `)*)?$`)
}()

// CheckVersion returns an error that names the argument if version is not a
// semantic version.
func CheckVersion(argument, version string) error {
	if !semver.MatchString(version) {
		return errs.Argument(argument, "must be a semantic version, such as 1.0.0: %q", errs.Line(version))
	}
	return nil
}

// repository matches a repository on GitHub, optionally with a branch or tag.
var repository = regexp.MustCompile(`^(?i:https://github\.com)/[\w-]+/[\w.-]*[\w-][\w.-]*(/tree(/[^/?#\x00-\x1f\x7f]+)+)?/?$`)

// CheckGitHubURL returns an error if a URL is not that of a repository on GitHub. The
// error does not quote the URL, which may contain a password.
func CheckGitHubURL(raw string) error {
	if !repository.MatchString(raw) || strings.Contains(raw, "/../") || strings.HasSuffix(raw, "/..") {
		return errs.Argument("GitHubURL", "is not of the form https://github.com/owner/repo or https://github.com/owner/repo/tree/branch")
	}
	return nil
}
