package agentotest

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/remsyshq/agento-go"
)

// InstalledSkill is a skill installed on an agent. The agent loads it at its next start.
type InstalledSkill struct {
	ID, SkillID, Name, Version, Source string // SkillID is "" for a skill from GitHub
	InstalledAt                        time.Time
}

func (i *InstalledSkill) wire() any {
	return objectOf[agento.InstalledSkill](object{
		"ID": i.ID, "SkillID": orNull(i.SkillID), "Name": i.Name, "Version": i.Version,
		"Source": i.Source, "InstalledAt": wireTime(i.InstalledAt),
	})
}

func listInstalled(c *call, a *agent) (response, error) { return list(c, a.installed) }

func installSkill(c *call, a *agent) (response, error) {
	f := fieldsOf[agento.InstallSkillParams](c)
	skillID, version, url := f.notEmpty("SkillID"), f.text("Version"), f.notEmpty("GitHubURL")
	if f.err == nil && skillID.set == url.set {
		f.err = invalid("exactly one of %s and %s is required", f.name("SkillID"), f.name("GitHubURL"))
	}
	if f.err == nil && url.set && version.set {
		f.err = invalid("%s requires %s: to select a branch or tag, append /tree/<name> to %s", f.name("Version"), f.name("SkillID"), f.name("GitHubURL"))
	}
	if f.err != nil {
		return response{}, f.err
	}
	find := func() (*InstalledSkill, error) { return fromGitHub(url.value) }
	if skillID.set {
		find = func() (*InstalledSkill, error) { return c.account.fromCatalog(skillID.value, version.value) }
	}
	wanted, err := find()
	if err != nil {
		return response{}, err
	}
	return created(a.install(wanted).wire())
}

func (a *Account) fromCatalog(id, version string) (*InstalledSkill, error) {
	k, err := find("skill", a.skills(), id)
	if err != nil {
		return nil, err
	}
	v := k.version(version)
	if v == nil {
		return nil, notFound("skill_version")
	}
	return &InstalledSkill{SkillID: k.id, Name: k.name, Version: v.version, Source: k.source}, nil
}

// githubURL matches a repository URL with an optional branch or tag.
var githubURL = regexp.MustCompile(`^https://github\.com/[A-Za-z0-9][A-Za-z0-9-]*/([A-Za-z0-9._-]+?)(?:\.git)?(?:/tree/[^?#\s]+)?/?$`)

// fromGitHub names the skill after the repository.
func fromGitHub(url string) (*InstalledSkill, error) {
	parts := githubURL.FindStringSubmatch(url)
	if parts == nil {
		return nil, invalid("the URL must be of the form https://github.com/owner/repo")
	}
	return &InstalledSkill{Name: strings.ToLower(parts[1]), Version: "1.0.0", Source: sourceGitHub}, nil
}

// install installs a skill on an agent or replaces the installed version. It does
// nothing if the version is already installed.
func (a *agent) install(wanted *InstalledSkill) *InstalledSkill {
	i := slices.IndexFunc(a.installed, func(have *InstalledSkill) bool {
		return have.SkillID == wanted.SkillID && have.Name == wanted.Name && have.Source == wanted.Source
	})
	switch {
	case i < 0:
		wanted.ID = a.account.service.newID(kindInstalled)
		a.installed = append(a.installed, wanted)
	case a.installed[i].Version == wanted.Version:
		return a.installed[i]
	default:
		wanted.ID = a.installed[i].ID
		a.installed[i] = wanted
	}
	wanted.InstalledAt = a.stamp(a.now())
	a.log("INFO", "skill "+wanted.Name+" "+wanted.Version+" installed; a restart loads it")
	return wanted
}

// uninstallSkill accepts the ID of the skill or of its installation.
func uninstallSkill(c *call, a *agent) (response, error) {
	id := c.values["skillId"]
	i := slices.IndexFunc(a.installed, func(have *InstalledSkill) bool { return have.ID == id || have.SkillID == id })
	if i < 0 {
		return response{}, notFound("skill")
	}
	a.log("INFO", "skill "+a.installed[i].Name+" uninstalled; a restart unloads it")
	a.installed = slices.Delete(a.installed, i, i+1)
	return noContent()
}
