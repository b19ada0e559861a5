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

// SkillsService browses, authors and installs skills. Three steps bring a skill
// of one's own to an agent: it is uploaded to the account's catalog, installed on
// the agent, and loaded by a restart. [SkillsService.Deploy] does all three.
type SkillsService struct{ core *core }

// SkillSource says where a skill comes from. Sources that are not listed here
// pass through.
type SkillSource string

// The sources of skills, all inferred.
const (
	SourceMarketplace SkillSource = "marketplace"
	SourceCustom      SkillSource = "custom" // the account's own catalog
	SourceGitHub      SkillSource = "github"
)

func (SkillSource) values() []string { return []string{"marketplace", "custom", "github"} }

// Skill is a skill of the marketplace or of the account's own catalog. That it
// has a name and a semantic version is documented, the fields are inferred.
type Skill struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Description string      `json:"description,omitempty"`
	Version     string      `json:"version"`
	Author      string      `json:"author,omitempty"`
	Source      SkillSource `json:"source"`
	CreatedAt   *time.Time  `json:"createdAt"`
}

// BrowseParams chooses which skills to list. The zero value leaves the choice to
// the service. All of it is inferred.
type BrowseParams struct {
	Query  string      // words to look for
	Source SkillSource // empty: the marketplace
	Limit  int         // rows at most
	Offset int         // rows to skip
}

func (p *BrowseParams) request() request {
	r := request{route: route.BrowseSkills}
	if p != nil {
		r.query = query{p.Limit, p.Offset, wire.Args{filter("q", p.Query), filter("source", string(p.Source))}}
	}
	return r
}

// customRequest is request for the account's own skills.
func (p *BrowseParams) customRequest() request {
	r := p.request()
	if p != nil && p.Source != "" && p.Source != SourceCustom {
		r.err = errs.Argument("Source", "is %s; use Browse for other skills than the account's own", errs.Line(string(p.Source)))
	}
	r.query.filters[1] = filter("source", string(SourceCustom))
	return r
}

// UploadSkillParams is a version of a custom skill. [SkillFromFS] makes one of a
// folder.
type UploadSkillParams struct {
	// Name is of lower-case letters, digits and hyphens. Required.
	Name string `json:"name"`
	// Version is a semantic version, such as 1.0.0. Required.
	Version     string `json:"version"`
	Description string `json:"description,omitempty"`
	// Files is the text of each file by its path, with slashes, relative to the
	// skill's folder. SKILL.md is required; that it and more files are sent as
	// JSON is documented.
	Files map[string]string `json:"files"`
}

func (p UploadSkillParams) check() error {
	return skillfile.Skill(p).Check()
}

// SkillFromFS returns the skill in a folder, such as os.DirFS("skills/invoices").
// SKILL.md is at its root: Markdown that begins with YAML front matter between two
// lines of ---. The front matter has a name and a description, which is inferred.
// The version is that of the key version or metadata.version, or empty; set it
// before uploading.
//
// All files of the folder are included. All must be UTF-8 text, of at most 1 MiB
// each and 4 MiB together, at most 200 files in 200 folders. Hidden files and
// folders, symbolic links and other files that are not regular are errors that name
// the file.
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

// Browse returns a page of the marketplace.
//
// GET /v1/skills, inferred from the title. Scope: skills. Errors: those of every
// call.
func (s *SkillsService) Browse(ctx context.Context, p *BrowseParams, opts ...Option) (*Page[Skill], error) {
	return list[Skill](ctx, s.core, p.request(), opts)
}

// AllMarketplace iterates over the marketplace, page by page; Limit is the size of
// a page. It ends with [ErrListIncomplete] if it cannot know whether it saw all.
//
// GET /v1/skills, inferred from the title. Scope: skills. Errors: those of
// [SkillsService.Browse].
func (s *SkillsService) AllMarketplace(ctx context.Context, p *BrowseParams, opts ...Option) iter.Seq2[Skill, error] {
	return iterate(ctx, s.core, p.request(), skillKey, opts)
}

// Custom returns a page of the account's own skills.
//
// GET /v1/skills with source=custom, inferred from the title. Scope: skills.
// Errors: those of every call.
func (s *SkillsService) Custom(ctx context.Context, p *BrowseParams, opts ...Option) (*Page[Skill], error) {
	return list[Skill](ctx, s.core, p.customRequest(), opts)
}

// AllCustom iterates over the account's own skills, page by page; Limit is the
// size of a page. It ends with [ErrListIncomplete] if it cannot know whether it
// saw all.
//
// GET /v1/skills with source=custom, inferred from the title. Scope: skills.
// Errors: those of [SkillsService.Custom].
func (s *SkillsService) AllCustom(ctx context.Context, p *BrowseParams, opts ...Option) iter.Seq2[Skill, error] {
	return iterate(ctx, s.core, p.customRequest(), skillKey, opts)
}

// Get returns a skill of the marketplace or of the account's own catalog.
//
// GET /v1/skills/{id}, inferred from the title. Scope: skills. Errors: those of
// every call; [ErrNotFound].
func (s *SkillsService) Get(ctx context.Context, id string, opts ...Option) (*Skill, error) {
	return do[Skill](ctx, s.core, request{route: route.GetSkill, path: pathID("id", id)}, opts)
}

// Upload puts a skill, or a new version of one, into the account's catalog. It is
// then on no agent: [SkillsService.Install] puts it there, and a restart of the
// agent loads it. What the service would refuse for its form is refused before it
// is sent: a name, a version or a path that is none, a missing SKILL.md, what is
// not text, a file above 1 MiB, more than 4 MiB or 200 files.
//
// POST /v1/skills, documented. Scope: skills. Errors: those of every call;
// [ErrConflict] when the version exists with other content;
// [ErrOutcomeUnknown] when the answer is lost; uploading the same again is then
// harmless.
func (s *SkillsService) Upload(ctx context.Context, p UploadSkillParams, opts ...Option) (*Skill, error) {
	return do[Skill](ctx, s.core, request{route: route.UploadSkill, body: p, err: p.check()}, opts)
}

// Delete deletes a skill from the account's catalog. What becomes of it on agents
// that have it is not documented. One that is gone when the deletion is repeated
// after a lost answer counts as deleted.
//
// DELETE /v1/skills/{id}, inferred from the title. Scope: skills. Errors: those of
// every call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer is lost.
func (s *SkillsService) Delete(ctx context.Context, id string, opts ...Option) error {
	return exec(ctx, s.core, request{route: route.DeleteSkill, path: pathID("id", id)}, opts)
}

// InstalledSkill is a skill on an agent. Its fields are inferred.
type InstalledSkill struct {
	ID          string      `json:"id"`                // of the installation
	SkillID     string      `json:"skillId,omitempty"` // in the catalog; empty for one from GitHub
	Name        string      `json:"name"`
	Version     string      `json:"version"`
	Source      SkillSource `json:"source"`
	InstalledAt *time.Time  `json:"installedAt"`
}

func (s *InstalledSkill) identity(bool) (bool, string) {
	return s.ID != "" || s.SkillID != "", "id skillId"
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
		return skillfile.CheckGitHubURL(p.GitHubURL)
	case p.Version != "":
		return skillfile.CheckVersion("Version", p.Version)
	}
	return nil
}

// Installed returns all skills that are installed on an agent, loaded or not.
//
// GET /v1/agents/{id}/skills, inferred from the title. Scope: skills. Errors:
// those of every call; [ErrNotFound]; [ErrListIncomplete] if the service gives
// less than it says there is, or more than 10,000 skills.
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
		if err == nil && page.Pagination.Total == 0 { // it is not known whether this list has pages
			page.Pagination.Total = offset + len(page.Data)
		}
		return page, err
	}) {
		if err != nil {
			return nil, err
		}
		if len(all) == maxListed {
			return nil, fmt.Errorf("%w: the service gave more than %d rows", ErrListIncomplete, maxListed)
		}
		all = append(all, row)
	}
	return all, nil
}

// Install installs a skill on an agent, which loads it with
// [AgentsService.Restart].
//
// POST /v1/agents/{id}/skills, documented. Scope: skills. Errors: those of every
// call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer is lost:
// [SkillsService.Installed] then tells.
func (s *SkillsService) Install(ctx context.Context, agentID string, p InstallSkillParams, opts ...Option) (*InstalledSkill, error) {
	r := request{route: route.InstallSkill, path: pathID("agentID", agentID), body: p, err: p.check()}
	return do[InstalledSkill](ctx, s.core, r, opts)
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
	path := pathID("agentID", agentID)
	path[1] = wire.Arg{Placeholder: "skillId", Name: "skillID", Value: skillID}
	return exec(ctx, s.core, request{route: route.UninstallSkill, path: path}, opts)
}
