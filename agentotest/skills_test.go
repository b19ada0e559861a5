package agentotest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/jsonname"
)

func TestBrowseSkills(t *testing.T) {
	s := start(t)
	own := s.AddSkill(SkillSeed{Name: "own", Custom: true})
	require.Equal(t, []any{"order-status", "calendar", "web-search"}, ask(t, s, "GET", "/v1/skills", "").column("name"))
	require.Equal(t, []any{"calendar"}, ask(t, s, "GET", "/v1/skills?limit=1&offset=1", "").column("name"))
	require.Equal(t, []any{"own"}, ask(t, s, "GET", "/v1/skills?source=custom", "").column("name"))
	require.Equal(t, []any{"web-search"}, ask(t, s, "GET", "/v1/skills?q=THE%20WEB", "").column("name"))
	ask(t, s, "GET", "/v1/skills?source=github", "").want(400, "validation_error")
	require.Equal(t, "own", ask(t, s, "GET", "/v1/skills/"+own, "").text("data", "name"))
}

func TestUploadSkill(t *testing.T) {
	s := start(t, WithRateLimit(0, 0))
	upload := func(version, md string) got {
		return ask(t, s, "POST", "/v1/skills", `{"name":"faq","version":"`+version+`","files":{"SKILL.md":"`+md+`","lib/a.py":"x"}}`)
	}
	id := upload("1.0.0", "a").want(201, "").text("data", "id")
	require.Equal(t, id, upload("1.0.0", "a").want(201, "").text("data", "id"), "uploading the same version twice has no effect")
	require.Equal(t, []string{"1.0.0"}, s.Skills()[0].Versions)
	upload("1.0.0", "b").want(409, "conflict")
	g := upload("1.1.0-rc.1+b.7", "b").want(201, "")
	require.Equal(t, []string{id, "1.1.0-rc.1+b.7", "custom"}, []string{g.text("data", "id"), g.text("data", "version"), g.text("data", "source")})
	skill := s.Skills()[0]
	require.Equal(t, []string{"1.0.0", "1.1.0-rc.1+b.7"}, skill.Versions)
	require.Equal(t, map[string]string{"SKILL.md": "b", "lib/a.py": "x"}, skill.Files)
	require.Len(t, s.Skills(), 4)

	files := `"files":{"SKILL.md":"x"}`
	for body, message := range map[string]string{
		`{"version":"1.0.0",` + files + `}`:                                      "name is required",
		`{"name":"faq",` + files + `}`:                                           "version is required",
		`{"name":"Faq","version":"1.0.0",` + files + `}`:                         "name must consist of lower-case letters, digits and single hyphens",
		`{"name":"a--b","version":"1.0.0",` + files + `}`:                        "name must consist of lower-case letters, digits and single hyphens",
		`{"name":"faq","version":"v1.0.0",` + files + `}`:                        "version must be a semantic version such as 1.0.0",
		`{"name":"faq","version":"1.0",` + files + `}`:                           "version must be a semantic version such as 1.0.0",
		`{"name":"faq","version":"1.0.0"}`:                                       "files must contain SKILL.md",
		`{"name":"faq","version":"1.0.0","files":{"docs/SKILL.md":"x"}}`:         "files must contain SKILL.md",
		`{"name":"faq","version":"1.0.0","files":{"SKILL.md":"x","../a":"x"}}`:   `files must have relative paths: "../a"`,
		`{"name":"faq","version":"1.0.0","files":{"SKILL.md":"x","/etc/a":"x"}}`: `files must have relative paths: "/etc/a"`,
		`{"name":"faq","version":"1.0.0","files":{"SKILL.md":{"content":"x"}}}`:  "files.SKILL.md must be a string",
	} {
		g := ask(t, s, "POST", "/v1/skills", body).want(400, "validation_error")
		require.Equal(t, message, g.text("error", "message"), body)
	}
	ask(t, s, "DELETE", "/v1/skills/"+id, "").want(204, "")
	ask(t, s, "DELETE", "/v1/skills/"+id, "").want(404, "skill_not_found")
	ask(t, s, "DELETE", "/v1/skills/"+s.Skills()[0].ID, "").want(403, "forbidden")
}

func TestInstallSkill(t *testing.T) {
	type params = agento.InstallSkillParams
	s := start(t, WithRateLimit(0, 0))
	id, _ := seeded(s.Service)
	path := "/v1/agents/" + id + "/skills"
	skill := s.AddSkill(SkillSeed{Name: "own", Version: "1.0.0", Custom: true})
	s.AddSkill(SkillSeed{Name: "own", Version: "2.0.0", Custom: true})

	first := ask(t, s, "POST", path, bodyOf[params](object{"SkillID": skill, "Version": "1.0.0"})).want(201, "")
	require.Equal(t, []string{"own", "1.0.0", "custom", skill},
		[]string{first.text("data", "name"), first.text("data", "version"), first.text("data", "source"), first.text("data", jsonname.Of[agento.InstalledSkill]("SkillID"))})
	again := ask(t, s, "POST", path, bodyOf[params](object{"SkillID": skill, "Version": "1.0.0"})).want(201, "")
	require.Equal(t, first.body, again.body, "installing the same version twice has no effect")
	latest := ask(t, s, "POST", path, bodyOf[params](object{"SkillID": skill})).want(201, "")
	require.Equal(t, []string{first.text("data", "id"), "2.0.0"}, []string{latest.text("data", "id"), latest.text("data", "version")})
	require.Greater(t, latest.text("data", "installedAt"), first.text("data", "installedAt"))

	hub := ask(t, s, "POST", path, bodyOf[params](object{"GitHubURL": "https://github.com/some-one/My.Repo/tree/v1"})).want(201, "")
	require.Equal(t, []any{"my.repo", "github", nil}, []any{hub.at("data", "name"), hub.at("data", "source"), hub.at("data", jsonname.Of[agento.InstalledSkill]("SkillID"))})
	require.Equal(t, []any{"my.repo", "own"}, ask(t, s, "GET", path, "").column("name"))

	ask(t, s, "POST", path, bodyOf[params](object{"SkillID": "none"})).want(404, "skill_not_found")
	ask(t, s, "POST", path, bodyOf[params](object{"SkillID": skill, "Version": "9.0.0"})).want(404, "skill_version_not_found")
	for _, body := range []string{
		`{}`, bodyOf[params](object{"SkillID": ""}), bodyOf[params](object{"SkillID": 7}),
		bodyOf[params](object{"SkillID": skill, "GitHubURL": "https://github.com/a/b"}),
		bodyOf[params](object{"Version": "1.0.0", "GitHubURL": "https://github.com/a/b"}),
		bodyOf[params](object{"GitHubURL": "http://github.com/a/b"}), bodyOf[params](object{"GitHubURL": "https://github.com/a"}), bodyOf[params](object{"GitHubURL": "https://gitlab.com/a/b"}),
		bodyOf[params](object{"GitHubURL": "https://github.com/a/b?x=1"}), bodyOf[params](object{"GitHubURL": "https://github.com/a/b/tree/v1?x=1"}), bodyOf[params](object{"GitHubURL": "https://github.com.evil.com/a/b"}),
	} {
		ask(t, s, "POST", path, body).want(400, "validation_error")
	}

	ask(t, s, "DELETE", "/v1/skills/"+skill, "").want(204, "")
	ask(t, s, "DELETE", path+"/"+skill, "").want(204, "")
	ask(t, s, "DELETE", path+"/"+skill, "").want(404, "skill_not_found")
	ask(t, s, "DELETE", path+"/"+hub.text("data", "id"), "").want(204, "")
	require.Empty(t, s.Agent(id).Installed)
}
