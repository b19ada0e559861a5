package agento

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/skillfile"
	"github.com/remsyshq/agento-go/internal/wire"
)

// SkillsService lists, uploads and installs skills. A custom skill is uploaded to the
// account's catalog, installed on an agent, and loaded by a restart of the agent.
// [SkillsService.Deploy] does all three.
type SkillsService struct{ core *core }

// SkillSource is the origin of a skill. Unknown sources are preserved.
type SkillSource string

// The sources of skills, all inferred.
const (
	SourceMarketplace SkillSource = "marketplace"
	SourceCustom      SkillSource = "custom" // the account's own catalog
	SourceGitHub      SkillSource = "github"
)

func (SkillSource) values() []string { return []string{"marketplace", "custom", "github"} }

// Skill is a skill of the marketplace or of the account's own catalog. It is documented
// that it has a name and a semantic version; the fields are inferred.
type Skill struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Description string      `json:"description,omitempty"`
	Version     string      `json:"version"`
	Author      string      `json:"author,omitempty"`
	Source      SkillSource `json:"source"`
	CreatedAt   *time.Time  `json:"createdAt"`
}

// BrowseParams selects skills. Zero values are not sent. The fields are inferred.
type BrowseParams struct {
	Query  string      // words to search for
	Source SkillSource // empty: the marketplace
	Limit  int         // the maximum number of skills
	Offset int         // the number of skills to skip
}

func (p *BrowseParams) request() request {
	r := request{route: route.BrowseSkills}
	if p != nil {
		r.query = query{p.Limit, p.Offset, wire.Args{filter("q", p.Query), filter("source", string(p.Source))}}
	}
	return r
}

// customRequest returns the request for the account's own skills.
func (p *BrowseParams) customRequest() request {
	r := p.request()
	if p != nil && p.Source != "" && p.Source != SourceCustom {
		r.err = errs.Argument("Source", "is %s; use Browse for skills of other sources", errs.Line(string(p.Source)))
	}
	r.query.filters[1] = filter("source", string(SourceCustom))
	return r
}

// UploadSkillParams is a version of a custom skill. [SkillFromFS] reads one from a folder.
type UploadSkillParams struct {
	// Name has lower-case letters, digits and hyphens. Required.
	Name string `json:"name"`
	// Version is a semantic version, such as 1.0.0. Required.
	Version     string `json:"version"`
	Description string `json:"description,omitempty"`
	// Files has the text of each file by its slash-separated path in the skill's folder.
	// SKILL.md is required. That the files are sent as JSON is documented.
	Files map[string]string `json:"files"`
}

func (p UploadSkillParams) check() error {
	return skillfile.Skill(p).Check()
}

// SkillFromFS reads the skill in a folder, such as os.DirFS("skills/invoices"). At its root
// is SKILL.md: Markdown after YAML front matter, which has a name and a description. That
// form is inferred. The version is the key version or metadata.version of the front matter.
// If there is none, set it before uploading.
//
// All files of the folder are included. They must be UTF-8 text of at most 1 MiB each and
// 4 MiB in total, at most 200 files in 200 folders. Hidden, linked and other irregular
// files are errors that name the file.
func SkillFromFS(fsys fs.FS) (UploadSkillParams, error) {
	skill, err := skillfile.Read(fsys)
	return UploadSkillParams(skill), err
}

func (s *Skill) identity(row bool) (bool, string) {
	if row {
		return s.ID != "" || s.Name != "", "id name"
	}
	return s.ID != "", "id"
}

func skillKey(s *Skill) string { return s.ID }

// Browse returns a page of skills, by default of the marketplace.
//
//   - API: GET /v1/skills (path inferred from the reference's title)
//   - Scope: skills
func (s *SkillsService) Browse(ctx context.Context, p *BrowseParams, opts ...Option) (*Page[Skill], error) {
	return list[Skill](ctx, s.core, p.request(), opts)
}

// AllMarketplace iterates over the skills that Browse lists. Limit is the page size. The
// iterator ends with [ErrListIncomplete] if skills may be missing.
//
//   - API: GET /v1/skills (path inferred from the reference's title)
//   - Scope: skills
func (s *SkillsService) AllMarketplace(ctx context.Context, p *BrowseParams, opts ...Option) iter.Seq2[Skill, error] {
	return iterate(ctx, s.core, p.request(), skillKey, opts)
}

// Custom returns a page of the account's own skills.
//
//   - API: GET /v1/skills with source=custom (path inferred from the reference's title)
//   - Scope: skills
func (s *SkillsService) Custom(ctx context.Context, p *BrowseParams, opts ...Option) (*Page[Skill], error) {
	return list[Skill](ctx, s.core, p.customRequest(), opts)
}

// AllCustom iterates over the account's own skills. Limit is the page size. The iterator
// ends with [ErrListIncomplete] if skills may be missing.
//
//   - API: GET /v1/skills with source=custom (path inferred from the reference's title)
//   - Scope: skills
func (s *SkillsService) AllCustom(ctx context.Context, p *BrowseParams, opts ...Option) iter.Seq2[Skill, error] {
	return iterate(ctx, s.core, p.customRequest(), skillKey, opts)
}

// Get returns a skill of the marketplace or of the account's own catalog.
//
//   - API: GET /v1/skills/{id} (path inferred from the reference's title)
//   - Scope: skills
func (s *SkillsService) Get(ctx context.Context, id string, opts ...Option) (*Skill, error) {
	return do[Skill](ctx, s.core, request{route: route.GetSkill, path: pathID("id", id)}, opts)
}

// Upload uploads a skill, or a new version of one, to the account's catalog. Agents get it
// by [SkillsService.Install] and a restart. Upload first checks the name, the version,
// the paths, that there is a SKILL.md, and the limits of [SkillFromFS].
//
//   - API: POST /v1/skills (documented)
//   - Scope: skills
//   - Errors: [ErrConflict] if the version exists with other content
func (s *SkillsService) Upload(ctx context.Context, p UploadSkillParams, opts ...Option) (*Skill, error) {
	return do[Skill](ctx, s.core, request{route: route.UploadSkill, body: p, err: p.check()}, opts)
}

// Delete deletes a skill from the account's catalog. It succeeds if an attempt may have
// deleted it and a retry does not find it. The effect on agents that have it is unknown.
//
//   - API: DELETE /v1/skills/{id} (path inferred from the reference's title)
//   - Scope: skills
func (s *SkillsService) Delete(ctx context.Context, id string, opts ...Option) error {
	return exec(ctx, s.core, request{route: route.DeleteSkill, path: pathID("id", id)}, opts)
}

// InstalledSkill is a skill on an agent. Its fields are inferred.
type InstalledSkill struct {
	ID          string      `json:"id"`                // of the installation
	SkillID     string      `json:"skillId,omitempty"` // of the skill; empty for one from GitHub
	Name        string      `json:"name"`
	Version     string      `json:"version"`
	Source      SkillSource `json:"source"`
	InstalledAt *time.Time  `json:"installedAt"`
}

func (s *InstalledSkill) identity(bool) (bool, string) {
	return s.ID != "" || s.SkillID != "", "id skillId"
}

func installedKey(s *InstalledSkill) string { return s.ID }

// InstallSkillParams selects the skill to install, by exactly one of SkillID and GitHubURL.
type InstallSkillParams struct {
	// SkillID is the ID of a skill of the marketplace or of the account's own catalog.
	// Inferred.
	SkillID string `json:"skillId,omitempty"`
	// Version is the skill's version. Empty: the service chooses one. Inferred.
	Version string `json:"version,omitempty"`
	// GitHubURL is a public repository, https://github.com/owner/repo, which may be
	// followed by /tree/ and a branch or tag. Documented; the name of the field is
	// inferred.
	GitHubURL string `json:"githubUrl,omitempty"`
}

func (p InstallSkillParams) check() error {
	switch {
	case (p.SkillID == "") == (p.GitHubURL == ""):
		return errs.Argument("SkillID", "or GitHubURL must be given, and not both")
	case p.GitHubURL != "" && p.Version != "":
		return errs.Argument("Version", "is for SkillID; with GitHubURL, add /tree/ and a branch or tag to the URL")
	case p.GitHubURL != "":
		return skillfile.CheckGitHubURL(p.GitHubURL)
	case p.Version != "":
		return skillfile.CheckVersion("Version", p.Version)
	}
	return nil
}

// Installed returns all skills that are installed on an agent, also those not yet loaded.
//
//   - API: GET /v1/agents/{id}/skills (path inferred from the reference's title)
//   - Scope: skills
//   - Errors: [ErrListIncomplete] if skills may be missing, or there are more than 10,000
func (s *SkillsService) Installed(ctx context.Context, agentID string, opts ...Option) ([]InstalledSkill, error) {
	settings, err := s.core.settings.with(opts)
	if err != nil {
		return nil, err
	}
	var all []InstalledSkill
	r := request{route: route.InstalledSkills, path: pathID("agentID", agentID)}
	for row, err := range pages(0, installedKey, func(offset int) (*Page[InstalledSkill], error) {
		r.query.offset = offset
		page, err := listWith[InstalledSkill](ctx, s.core, r, settings)
		if err == nil && page.Pagination.Total == 0 { // this list may not have pages
			page.Pagination.Total = offset + len(page.Data)
		}
		return page, err
	}) {
		if err != nil {
			return nil, err
		}
		if len(all) == maxListed {
			return nil, fmt.Errorf("%w: the service returned more than %d rows", ErrListIncomplete, maxListed)
		}
		all = append(all, row)
	}
	return all, nil
}

// Install installs a skill on an agent. The agent loads it on [AgentsService.Restart].
// After an error that matches [ErrOutcomeUnknown], call [SkillsService.Installed].
//
//   - API: POST /v1/agents/{id}/skills (documented)
//   - Scope: skills
func (s *SkillsService) Install(ctx context.Context, agentID string, p InstallSkillParams, opts ...Option) (*InstalledSkill, error) {
	r := request{route: route.InstallSkill, path: pathID("agentID", agentID), body: p, err: p.check()}
	return do[InstalledSkill](ctx, s.core, r, opts)
}

// Uninstall uninstalls a skill from an agent. The agent unloads it on
// [AgentsService.Restart]. It succeeds if an attempt may have uninstalled it and a retry
// does not find it. Whether skillID is the ID of the skill or of the installation is not
// documented.
//
//   - API: DELETE /v1/agents/{id}/skills/{skillId} (path inferred from the reference's title)
//   - Scope: skills
func (s *SkillsService) Uninstall(ctx context.Context, agentID, skillID string, opts ...Option) error {
	path := pathID("agentID", agentID)
	path[1] = wire.Arg{Placeholder: "skillId", Name: "skillID", Value: skillID}
	return exec(ctx, s.core, request{route: route.UninstallSkill, path: path}, opts)
}
