package agento

import (
	"context"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
)

// InstalledSkill is a skill on an agent. Its fields are inferred.
type InstalledSkill struct {
	ID          string      `json:"id"`      // of the installation
	SkillID     string      `json:"skillId"` // in the catalog; empty for one from GitHub
	Name        string      `json:"name"`
	Version     string      `json:"version"`
	Source      SkillSource `json:"source"`
	InstalledAt *time.Time  `json:"installedAt"`
}

func installedKey(s *InstalledSkill) string { return s.ID }

// InstallSkillParams says which skill an agent is to get: exactly one of SkillID
// and GitHubURL is given.
type InstallSkillParams struct {
	// SkillID is the id of a skill of the marketplace or of the account's own
	// catalog. Inferred.
	SkillID string `json:"skillId,omitempty"`
	// Version is one of that skill; empty leaves it to the service. Inferred.
	Version string `json:"version,omitempty"`
	// GitHubURL is a public repository, https://github.com/owner/repo; with
	// /tree/ and a branch or tag behind it that one is taken. Documented; the
	// field's name on the wire is inferred.
	GitHubURL string `json:"githubUrl,omitempty"`
}

func (p InstallSkillParams) check() error {
	switch {
	case (p.SkillID == "") == (p.GitHubURL == ""):
		return errs.Argument("SkillID", "or GitHubURL must be given, and not both")
	case p.GitHubURL != "" && p.Version != "":
		return errs.Argument("Version", "goes with SkillID; a GitHubURL takes /tree/ and a branch or tag")
	case p.GitHubURL != "":
		return checkGitHubURL(p.GitHubURL)
	case p.Version != "":
		return checkVersion("Version", p.Version)
	}
	return nil
}

// checkGitHubURL does not repeat the URL, which may hold a password.
func checkGitHubURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || !strings.EqualFold(u.Host, "github.com") || u.User != nil ||
		strings.ContainsAny(raw, "?#") || !isRepository(u.Path) {
		return errs.Argument("GitHubURL", "is not of the form https://github.com/owner/repo or https://github.com/owner/repo/tree/branch")
	}
	return nil
}

// isRepository reports whether a path names a repository, and perhaps a branch or
// tag of it, which may hold slashes.
func isRepository(path string) bool {
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	if len(parts) < 3 || parts[0] != "" || !isGitHubName(parts[1], "-_") || !isGitHubName(parts[2], "-_.") {
		return false
	}
	ref := parts[3:]
	if len(ref) == 0 {
		return true
	}
	if ref[0] != "tree" || len(ref) == 1 {
		return false
	}
	for _, part := range ref[1:] {
		if part == "" || part == "." || part == ".." || strings.ContainsFunc(part, unicode.IsControl) {
			return false
		}
	}
	return true
}

func isGitHubName(s, also string) bool {
	return s != "." && s != ".." && onlyOf(s, func(c byte) bool {
		return isDigit(c) || isLower(c|0x20) || strings.IndexByte(also, c) >= 0
	})
}

// Installed returns all skills that are installed on an agent, loaded or not.
//
// GET /v1/agents/{id}/skills, inferred from the title. Scope: skills. Errors:
// those of every call; [ErrNotFound]; [ErrListIncomplete] if the service gives
// less than it says there is.
func (s *SkillsService) Installed(ctx context.Context, agentID string, opts ...Option) ([]InstalledSkill, error) {
	var all []InstalledSkill
	for row, err := range pages(0, installedKey, func(offset int) (*Page[InstalledSkill], error) {
		return s.installedPage(ctx, agentID, offset, opts)
	}) {
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, nil
}

// installedPage takes a list without a total for a whole one: that this list has
// pages at all is not known.
func (s *SkillsService) installedPage(ctx context.Context, agentID string, offset int, opts []Option) (*Page[InstalledSkill], error) {
	query, err := pageQuery(url.Values{}, 0, offset)
	if err != nil {
		return nil, err
	}
	page, err := list[InstalledSkill](ctx, s.core, request{route: route.InstalledSkills, path: agentPath("agentID", agentID), query: query}, opts)
	if err == nil && page.Pagination.Total == 0 {
		page.Pagination.Total = offset + len(page.Data)
	}
	return page, err
}

// Install installs a skill on an agent, which loads it with
// [AgentsService.Restart].
//
// POST /v1/agents/{id}/skills, documented. Scope: skills. Errors: those of every
// call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer is lost:
// [SkillsService.Installed] then tells.
func (s *SkillsService) Install(ctx context.Context, agentID string, p InstallSkillParams, opts ...Option) (*InstalledSkill, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return do[InstalledSkill](ctx, s.core, request{route: route.InstallSkill, path: agentPath("agentID", agentID), body: p}, opts)
}

// Uninstall takes a skill off an agent, which unloads it with
// [AgentsService.Restart]. Whether skillID is that of the skill or of its
// installation is not documented; the SDK's fake service takes either. One that
// is gone when the call is repeated after a lost answer counts as taken off.
//
// DELETE /v1/agents/{id}/skills/{skillId}, inferred from the title. Scope:
// skills. Errors: those of every call; [ErrNotFound]; [ErrOutcomeUnknown] when the
// answer is lost.
func (s *SkillsService) Uninstall(ctx context.Context, agentID, skillID string, opts ...Option) error {
	path := agentPath("agentID", agentID)
	path[1] = pathArg{"skillId", "skillID", skillID}
	return exec(ctx, s.core, request{route: route.UninstallSkill, path: path}, opts)
}
