package agento

import (
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
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

// Skill is a skill of the marketplace or of the account's own catalog. That it
// has a name and a semantic version is documented, the fields are inferred.
type Skill struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Version     string      `json:"version"`
	Author      string      `json:"author"`
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

func (p BrowseParams) query() (url.Values, error) {
	q := url.Values{}
	addText(q, "q", p.Query)
	addText(q, "source", string(p.Source))
	return pageQuery(q, p.Limit, p.Offset)
}

// custom is the same choice among the account's own skills.
func (p BrowseParams) custom() (*BrowseParams, error) {
	if p.Source != "" && p.Source != SourceCustom {
		return nil, errs.Argument("Source", "is %s; use Browse for other skills than the account's own", errs.Line(string(p.Source)))
	}
	p.Source = SourceCustom
	return &p, nil
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
	if err := checkSkillName("Name", p.Name); err != nil {
		return err
	}
	if err := checkVersion("Version", p.Version); err != nil {
		return err
	}
	return checkSkillFiles(p.Files)
}

func skillPath(id string) pathArgs { return pathArgs{{"id", "id", id}} }

func skillKey(s *Skill) string { return s.ID }

// Browse returns a page of the marketplace.
//
// GET /v1/skills, inferred from the title. Scope: skills. Errors: those of every
// call.
func (s *SkillsService) Browse(ctx context.Context, p *BrowseParams, opts ...Option) (*Page[Skill], error) {
	query, err := orZero(p).query()
	if err != nil {
		return nil, err
	}
	return list[Skill](ctx, s.core, request{route: route.BrowseSkills, query: query}, opts)
}

// AllMarketplace iterates over the marketplace, page by page; Limit is the size of
// a page. It ends with [ErrListIncomplete] if it cannot know whether it saw all.
//
// GET /v1/skills, inferred from the title. Scope: skills. Errors: those of
// [SkillsService.Browse].
func (s *SkillsService) AllMarketplace(ctx context.Context, p *BrowseParams, opts ...Option) iter.Seq2[Skill, error] {
	return allSkills(ctx, "Skills.AllMarketplace", p, opts, s.Browse)
}

// Custom returns a page of the account's own skills.
//
// GET /v1/skills with source=custom, inferred from the title. Scope: skills.
// Errors: those of every call.
func (s *SkillsService) Custom(ctx context.Context, p *BrowseParams, opts ...Option) (*Page[Skill], error) {
	custom, err := orZero(p).custom()
	if err != nil {
		return nil, err
	}
	return s.Browse(ctx, custom, opts...)
}

// AllCustom iterates over the account's own skills, page by page; Limit is the
// size of a page. It ends with [ErrListIncomplete] if it cannot know whether it
// saw all.
//
// GET /v1/skills with source=custom, inferred from the title. Scope: skills.
// Errors: those of [SkillsService.Custom].
func (s *SkillsService) AllCustom(ctx context.Context, p *BrowseParams, opts ...Option) iter.Seq2[Skill, error] {
	return allSkills(ctx, "Skills.AllCustom", p, opts, s.Custom)
}

func allSkills(ctx context.Context, method string, p *BrowseParams, opts []Option, fetch func(context.Context, *BrowseParams, ...Option) (*Page[Skill], error)) iter.Seq2[Skill, error] {
	params := orZero(p)
	return iterate(method, params.Offset, skillKey, opts, func(offset int, opts []Option) (*Page[Skill], error) {
		page := params
		page.Offset = offset
		return fetch(ctx, &page, opts...)
	})
}

// Get returns a skill of the marketplace or of the account's own catalog.
//
// GET /v1/skills/{id}, inferred from the title. Scope: skills. Errors: those of
// every call; [ErrNotFound].
func (s *SkillsService) Get(ctx context.Context, id string, opts ...Option) (*Skill, error) {
	return do[Skill](ctx, s.core, request{route: route.GetSkill, path: skillPath(id)}, opts)
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
	if err := p.check(); err != nil {
		return nil, err
	}
	return do[Skill](ctx, s.core, request{route: route.UploadSkill, body: p}, opts)
}

// Delete deletes a skill from the account's catalog. What becomes of it on agents
// that have it is not documented. One that is gone when the deletion is repeated
// after a lost answer counts as deleted.
//
// DELETE /v1/skills/{id}, inferred from the title. Scope: skills. Errors: those of
// every call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer is lost.
func (s *SkillsService) Delete(ctx context.Context, id string, opts ...Option) error {
	return exec(ctx, s.core, request{route: route.DeleteSkill, path: skillPath(id)}, opts)
}
