package agentotest

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// installed is a skill on an agent.
type installed struct {
	id, skill, name, version, source string // skill is "" for one from GitHub
	at                               time.Time
}

type installedWire struct {
	ID          string   `json:"id"`
	SkillID     *string  `json:"skillId"`
	Name        string   `json:"name"`
	Version     string   `json:"version"`
	Source      string   `json:"source"`
	InstalledAt wireTime `json:"installedAt"`
}

func (i *installed) show() any {
	return installedWire{i.id, optional(i.skill), i.name, i.version, i.source, wireTime(i.at)}
}

func (i *installed) snapshot() InstalledSkill {
	return InstalledSkill{i.id, i.skill, i.name, i.version, i.source, i.at}
}

// githubURL is a public repository, with the branch or tag that it may pin.
var githubURL = regexp.MustCompile(`^https://github\.com/[A-Za-z0-9][A-Za-z0-9-]*/([A-Za-z0-9._-]+?)(?:\.git)?(?:/tree/[^?#\s]+)?/?$`)

func (s *Service) listInstalled(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	return list(s, c, a.installed, (*installed).show)
}

func (s *Service) installSkill(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	f := fieldsOf(c.body)
	skillID, version, url := f.kept("skillId"), f.text("version"), f.kept("githubUrl")
	if f.err == nil && skillID.set == url.set {
		f.err = invalid("one of skillId and githubUrl is required, and not both")
	}
	if f.err == nil && url.set && version.set {
		f.err = invalid("version goes with skillId only: githubUrl pins a branch or tag by /tree/<name>")
	}
	if f.err != nil {
		return answer{}, f.err
	}
	var want *installed
	if skillID.set {
		want, err = s.fromCatalog(skillID.value, version.value)
	} else {
		want, err = fromGitHub(url.value)
	}
	if err != nil {
		return answer{}, err
	}
	return s.install(a, want)
}

func (s *Service) fromCatalog(id, version string) (*installed, error) {
	k, err := s.skill(id)
	if err != nil {
		return nil, err
	}
	v, there := k.version(version)
	if !there {
		return nil, notFound("skill_version")
	}
	return &installed{skill: k.id, name: k.name, version: v.version, source: k.source}, nil
}

// fromGitHub takes the repository's name for the skill's; there is no
// repository to look into.
func fromGitHub(url string) (*installed, error) {
	parts := githubURL.FindStringSubmatch(url)
	if parts == nil {
		return nil, invalid("githubUrl must be of the form https://github.com/owner/repo")
	}
	return &installed{name: strings.ToLower(parts[1]), version: "1.0.0", source: sourceGitHub}, nil
}

// install puts a skill on an agent, in place of another version of it. The one
// that is there already is left as it is.
func (s *Service) install(a *agent, want *installed) (answer, error) {
	i := slices.IndexFunc(a.installed, func(have *installed) bool {
		return have.skill == want.skill && have.name == want.name && have.source == want.source
	})
	if i >= 0 && a.installed[i].version == want.version {
		return created(a.installed[i].show())
	}
	want.at = a.stamp(s.now())
	if i >= 0 {
		want.id, a.installed[i] = a.installed[i].id, want
	} else {
		want.id = s.state.id(kindInstalled)
		a.installed = append(a.installed, want)
	}
	s.log(a, "INFO", "skill "+want.name+" "+want.version+" installed; a restart loads it")
	return created(want.show())
}

// uninstallSkill takes the id of the skill or of its installation.
func (s *Service) uninstallSkill(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	id := c.values["skillId"]
	i := slices.IndexFunc(a.installed, func(have *installed) bool { return have.id == id || have.skill == id })
	if i < 0 {
		return answer{}, notFound("skill")
	}
	s.log(a, "INFO", "skill "+a.installed[i].name+" uninstalled; a restart unloads it")
	a.installed = slices.Delete(a.installed, i, i+1)
	return noContent()
}
