package agentotest

import (
	"cmp"
	"io/fs"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/jsonname"
)

const (
	sourceMarketplace = "marketplace"
	sourceCustom      = "custom"
	sourceGitHub      = "github"
)

const skillFile = "SKILL.md" // required in every skill

var (
	skillName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	// semver is the grammar of semver.org.
	semver = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)` +
		`(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?` +
		`(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$`)
)

// SkillSeed describes a skill for [Account.AddSkill]. All fields are optional.
type SkillSeed struct {
	Name        string // default "test-skill"
	Version     string // default "1.0.0"
	Description string
	Author      string
	Custom      bool              // add it to the account's catalog instead of the marketplace
	Files       map[string]string // default a minimal SKILL.md
}

// Skill is the state of a skill.
type Skill struct {
	ID, Name, Author, Source string
	Versions                 []string          // in order of upload
	Description              string            // of the latest version
	Files                    map[string]string // of the latest version
}

type skill struct {
	id, name, author, source string
	account                  *Account // nil for skills of the marketplace
	created                  time.Time
	versions                 []*skillVersion // in order of upload
}

type skillVersion struct {
	version, description string
	files                map[string]string
}

func (k *skill) ident() string { return k.id }

func (k *skill) wire() any {
	v := k.latest()
	return objectOf[agento.Skill](object{
		"ID": k.id, "Name": k.name, "Description": orNull(v.description), "Version": v.version,
		"Author": orNull(k.author), "Source": k.source, "CreatedAt": wireTime(k.created),
	})
}

func (k *skill) latest() *skillVersion { return k.versions[len(k.versions)-1] }

// version returns the given version, or the latest if it is "". It returns nil if there
// is no such version.
func (k *skill) version(version string) *skillVersion {
	for _, v := range slices.Backward(k.versions) {
		if version == "" || v.version == version {
			return v
		}
	}
	return nil
}

func (s *Service) addMarketplace() {
	for _, seed := range []SkillSeed{
		{Name: "web-search", Version: "1.2.0", Description: "Searches the web"},
		{Name: "calendar", Version: "0.9.1", Description: "Reads and writes appointments"},
		{Name: "order-status", Version: "2.0.0", Description: "Looks up an order in a shop"},
	} {
		seed.Author = "agentotest"
		s.AddSkill(seed)
	}
}

// skills returns the skills of the marketplace and of the account.
func (a *Account) skills() []*skill {
	return filter(a.service.skills, func(k *skill) bool { return k.account == nil || k.account == a })
}

func skillOf(c *call) (*skill, error) { return find("skill", c.account.skills(), c.values["id"]) }

// browseSkills lists the marketplace, or with source=custom the account's own skills.
func browseSkills(c *call) (response, error) {
	source := cmp.Or(c.query(jsonname.Of[agento.Skill]("Source")), sourceMarketplace)
	if source != sourceMarketplace && source != sourceCustom {
		return response{}, invalid("source must be %s or %s", sourceMarketplace, sourceCustom)
	}
	q := strings.ToLower(c.query("q"))
	return list(c, filter(c.account.skills(), func(k *skill) bool {
		return k.source == source && strings.Contains(strings.ToLower(k.name+"\n"+k.latest().description), q)
	}))
}

// uploadSkill adds a skill version to the account's catalog. It accepts a version that
// exists if the content is the same.
func uploadSkill(c *call) (response, error) {
	f := fieldsOf[agento.UploadSkillParams](c)
	name := f.required("Name")
	v := &skillVersion{version: f.required("Version"), description: f.text("Description").value, files: f.texts("Files").value}
	if f.err == nil {
		f.err = v.check(name)
	}
	if f.err != nil {
		return response{}, f.err
	}
	k := c.account.findOrAddSkill(name, sourceCustom)
	switch old := k.version(v.version); {
	case old == nil:
		k.versions = append(k.versions, v)
	case old.description != v.description || !maps.Equal(old.files, v.files):
		return response{}, conflict("version %s of %s exists with different content", v.version, name)
	}
	return created(k.wire())
}

func (v *skillVersion) check(name string) error {
	if !skillName.MatchString(name) {
		return invalid("name must consist of lower-case letters, digits and single hyphens")
	}
	if !semver.MatchString(v.version) {
		return invalid("version must be a semantic version such as 1.0.0")
	}
	if strings.TrimSpace(v.files[skillFile]) == "" {
		return invalid("files must contain %s", skillFile)
	}
	for path := range v.files {
		if path == "." || !fs.ValidPath(path) {
			return invalid("files must have relative paths: %q", path)
		}
	}
	return nil
}

// findOrAddSkill finds a skill by name and source, or adds it.
func (a *Account) findOrAddSkill(name, source string) *skill {
	for _, k := range a.skills() {
		if k.source == source && k.name == name {
			return k
		}
	}
	k := &skill{id: a.service.newID(kindSkill), name: name, source: source, created: a.service.now()}
	if source == sourceCustom {
		k.account = a
	}
	a.service.skills = append(a.service.skills, k)
	return k
}

// deleteSkill deletes a custom skill from the catalog. Agents that have it installed
// keep it.
func deleteSkill(c *call, k *skill) (response, error) {
	if k.source != sourceCustom {
		return response{}, newError(http.StatusForbidden, "forbidden", "marketplace skills cannot be deleted")
	}
	c.service.skills = remove(c.service.skills, k)
	return noContent()
}

// AddSkill adds a skill to the marketplace, which all accounts share, or to the
// account's catalog, and returns its ID. If the skill exists, AddSkill adds a version.
func (a *Account) AddSkill(seed SkillSeed) string {
	a.service.mu.Lock()
	defer a.service.mu.Unlock()
	name, source := cmp.Or(seed.Name, "test-skill"), sourceMarketplace
	if seed.Custom {
		source = sourceCustom
	}
	files := maps.Clone(seed.Files)
	if files == nil {
		files = map[string]string{skillFile: "---\nname: " + name + "\ndescription: " + cmp.Or(seed.Description, name) + "\n---\n"}
	}
	k := a.findOrAddSkill(name, source)
	k.author = seed.Author
	k.versions = append(k.versions, &skillVersion{cmp.Or(seed.Version, "1.0.0"), seed.Description, files})
	return k.id
}

// Skills returns the skills of the marketplace and of the account's catalog, newest
// first.
func (a *Account) Skills() []Skill {
	a.service.mu.Lock()
	defer a.service.mu.Unlock()
	return newestFirst(a.skills(), func(k *skill) Skill {
		v := k.latest()
		out := Skill{ID: k.id, Name: k.name, Author: k.author, Source: k.source, Description: v.description, Files: maps.Clone(v.files)}
		for _, v := range k.versions {
			out.Versions = append(out.Versions, v.version)
		}
		return out
	})
}
