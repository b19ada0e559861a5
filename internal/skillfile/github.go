package skillfile

import (
	"regexp"
	"strings"

	"github.com/remsyshq/agento-go/internal/errs"
)

// repository is a repository on GitHub, and perhaps a branch or tag of it.
var repository = regexp.MustCompile(`^(?i:https://github\.com)/[\w-]+/[\w.-]*[\w-][\w.-]*(/tree(/[^/?#\x00-\x1f\x7f]+)+)?/?$`)

// CheckGitHubURL refuses what is no URL of a public repository. Its error does not quote the URL, which may have a password.
func CheckGitHubURL(name, raw string) error {
	if !repository.MatchString(raw) || strings.Contains(raw, "/../") || strings.HasSuffix(raw, "/..") {
		return errs.Argument(name, "is not of the form https://github.com/owner/repo or https://github.com/owner/repo/tree/branch")
	}
	return nil
}
