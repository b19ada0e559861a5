package agentotest

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// sources of skills.
const (
	sourceMarketplace = "marketplace"
	sourceCustom      = "custom"
	sourceGitHub      = "github"
)

const skillFile = "SKILL.md" // what every skill has

var (
	skillName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	// semver is the grammar of semver.org.
	semver = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)` +
		`(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?` +
		`(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$`)
)

type skill struct {
	id, name, author, source string
	created                  time.Time
	versions                 []*skillVersion // in the order of their upload
}

type skillVersion struct {
	version, description string
	files                map[string]string
}

func (k *skill) latest() *skillVersion { return k.versions[len(k.versions)-1] }

// version finds a version; "" is the latest.
func (k *skill) version(version string) (*skillVersion, bool) {
	if version == "" && len(k.versions) > 0 {
		return k.latest(), true
	}
	i := slices.IndexFunc(k.versions, func(v *skillVersion) bool { return v.version == version })
	if i < 0 {
		return nil, false
	}
	return k.versions[i], true
}

type skillWire struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description *string  `json:"description"`
	Version     string   `json:"version"`
	Author      *string  `json:"author"`
	Source      string   `json:"source"`
	CreatedAt   wireTime `json:"createdAt"`
}

func (k *skill) show() any {
	v := k.latest()
	return skillWire{k.id, k.name, optional(v.description), v.version, optional(k.author), k.source, wireTime(k.created)}
}

func seedMarketplace(s *Service) {
	for _, seed := range []SkillSeed{
		{Name: "web-search", Version: "1.2.0", Description: "Searches the web"},
		{Name: "calendar", Version: "0.9.1", Description: "Reads and writes appointments"},
		{Name: "order-status", Version: "2.0.0", Description: "Looks up an order in a shop"},
	} {
		seed.Author = "agentotest"
		s.AddSkill(seed)
	}
}

// browseSkills lists the marketplace, or with source=custom the account's own.
func (s *Service) browseSkills(c *call) (answer, error) {
	source := either(c.query("source"), sourceMarketplace)
	if source != sourceMarketplace && source != sourceCustom {
		return answer{}, invalid("source must be %s or %s", sourceMarketplace, sourceCustom)
	}
	q := strings.ToLower(c.query("q"))
	return list(s, c, kept(s.state.skills, func(k *skill) bool {
		text := strings.ToLower(k.name + "\n" + k.latest().description)
		return k.source == source && strings.Contains(text, q)
	}), (*skill).show)
}

func (s *Service) skill(id string) (*skill, error) {
	i := slices.IndexFunc(s.state.skills, func(k *skill) bool { return k.id == id })
	if i < 0 {
		return nil, notFound("skill")
	}
	return s.state.skills[i], nil
}

func (s *Service) getSkill(c *call) (answer, error) {
	k, err := s.skill(c.values["id"])
	if err != nil {
		return answer{}, err
	}
	return ok(k.show())
}

// uploadSkill puts a version into the account's catalog. The same version with
// the same content changes nothing.
func (s *Service) uploadSkill(c *call) (answer, error) {
	f := fieldsOf(c.body)
	name := f.required("name")
	v := &skillVersion{version: f.required("version"), description: f.text("description").value, files: f.texts("files").value}
	if f.err == nil {
		f.err = v.check(name)
	}
	if f.err != nil {
		return answer{}, f.err
	}
	k := s.findOrAddSkill(name, sourceCustom)
	old, there := k.version(v.version)
	switch {
	case !there:
		k.versions = append(k.versions, v)
	case old.description != v.description || !maps.Equal(old.files, v.files):
		return answer{}, conflict("version %s of %s exists with other content", v.version, name)
	}
	return created(k.show())
}

func (v *skillVersion) check(name string) error {
	if !skillName.MatchString(name) {
		return invalid("name must be of lower-case letters, digits and hyphens")
	}
	if !semver.MatchString(v.version) {
		return invalid("version must be a semantic version such as 1.0.0")
	}
	if strings.TrimSpace(v.files[skillFile]) == "" {
		return invalid("files must hold %s", skillFile)
	}
	for path := range v.files {
		if path == "." || !fs.ValidPath(path) {
			return invalid("files must have relative paths: %q is none", path)
		}
	}
	return nil
}

// findOrAddSkill finds or makes the skill that has a name in the marketplace or
// in the account's own catalog.
func (s *Service) findOrAddSkill(name, source string) *skill {
	i := slices.IndexFunc(s.state.skills, func(k *skill) bool { return k.source == source && k.name == name })
	if i >= 0 {
		return s.state.skills[i]
	}
	k := &skill{id: s.state.id(kindSkill), name: name, source: source, created: s.now()}
	s.state.skills = append(s.state.skills, k)
	return k
}

// deleteSkill takes a custom skill out of the catalog. Agents that have it
// installed keep it.
func (s *Service) deleteSkill(c *call) (answer, error) {
	k, err := s.skill(c.values["id"])
	if err != nil {
		return answer{}, err
	}
	if k.source != sourceCustom {
		return answer{}, forbidden("a skill of the marketplace cannot be deleted")
	}
	s.state.skills = slices.DeleteFunc(s.state.skills, func(other *skill) bool { return other == k })
	return noContent()
}

// SkillSeed describes a skill to begin with; every field may be left out.
type SkillSeed struct {
	Name        string // default "test-skill"
	Version     string // default "1.0.0"
	Description string
	Author      string
	Custom      bool              // in the account's own catalog and not in the marketplace
	Files       map[string]string // default a SKILL.md
}

// Skill is what the service knows of a skill.
type Skill struct {
	ID, Name, Author, Source string
	Versions                 []string          // in the order of their upload
	Description              string            // of the latest version
	Files                    map[string]string // of the latest version
}

// AddSkill puts a skill into the marketplace, or into the account's own
// catalog, and returns its id. A name that is there gets one more version.
func (s *Service) AddSkill(seed SkillSeed) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, source := either(seed.Name, "test-skill"), sourceMarketplace
	if seed.Custom {
		source = sourceCustom
	}
	if seed.Files == nil {
		seed.Files = map[string]string{skillFile: "---\nname: " + name + "\ndescription: " + either(seed.Description, name) + "\n---\n"}
	}
	k := s.findOrAddSkill(name, source)
	k.author = seed.Author
	k.versions = append(k.versions, &skillVersion{either(seed.Version, "1.0.0"), seed.Description, maps.Clone(seed.Files)})
	return k.id
}

// Skills returns the skills of the marketplace and of the account's own
// catalog, newest first.
func (s *Service) Skills() []Skill {
	s.mu.Lock()
	defer s.mu.Unlock()
	return newestFirst(s.state.skills, func(k *skill) Skill {
		v := k.latest()
		out := Skill{ID: k.id, Name: k.name, Author: k.author, Source: k.source, Description: v.description, Files: maps.Clone(v.files)}
		for _, v := range k.versions {
			out.Versions = append(out.Versions, v.version)
		}
		return out
	})
}
