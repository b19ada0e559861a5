package agento_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

const skillMD = "---\nname: invoices\ndescription: Reads invoices\nversion: 1.2.0\n---\n# Invoices\n"

func TestSkillFromFS(t *testing.T) {
	p, err := agento.SkillFromFS(fstest.MapFS{"SKILL.md": {Data: []byte(skillMD)}, "read.py": {Data: []byte("print(1)\n")}})
	require.NoError(t, err)
	require.Equal(t, agento.UploadSkillParams{
		Name: "invoices", Version: "1.2.0", Description: "Reads invoices",
		Files: map[string]string{"SKILL.md": skillMD, "read.py": "print(1)\n"},
	}, p)

	p, err = agento.SkillFromFS(fstest.MapFS{})
	require.ErrorIs(t, err, agento.ErrValidation)
	require.Zero(t, p)
}

func TestSkills(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		agent, skills := s.AddAgent(agentotest.AgentSeed{}), s.Client().Skills
		for i := range 3 {
			s.AddSkill(agentotest.SkillSeed{Name: fmt.Sprintf("mail-%d", i), Description: "Sends mail"})
		}
		page, err := skills.Browse(t.Context(), &agento.BrowseParams{Query: "MAIL", Limit: 2})
		require.NoError(t, err)
		require.Equal(t, agento.Pagination{Total: 3, Limit: 2}, page.Pagination)
		require.Equal(t, agento.SourceMarketplace, page.Data[0].Source)
		found := 0
		for skill, err := range skills.AllMarketplace(t.Context(), &agento.BrowseParams{Query: "mail", Limit: 2}) {
			require.NoError(t, err)
			require.Equal(t, "Sends mail", skill.Description)
			found++
		}
		require.Equal(t, 3, found)

		demo := demoSkill()
		demo.Description = "Shows"
		skill, err := skills.Upload(t.Context(), demo)
		require.NoError(t, err)
		require.Equal(t, "demo", skill.Name)
		require.Equal(t, "1.0.0", skill.Version)
		require.Equal(t, agento.SourceCustom, skill.Source)
		require.Equal(t, demo.Files, s.Skills()[0].Files)
		demo.Description = "Shows other things"
		_, err = skills.Upload(t.Context(), demo)
		require.ErrorIs(t, err, agento.ErrConflict)

		for _, p := range []*agento.BrowseParams{nil, {}, {Source: agento.SourceCustom}} {
			custom, err := skills.Custom(t.Context(), p)
			require.NoError(t, err)
			require.Len(t, custom.Data, 1)
			require.Equal(t, skill.ID, custom.Data[0].ID)
		}
		for one, err := range skills.AllCustom(t.Context(), nil) {
			require.NoError(t, err)
			require.Equal(t, skill.ID, one.ID)
		}
		got, err := skills.Get(t.Context(), skill.ID)
		require.NoError(t, err)
		require.Equal(t, skill, got)

		installed, err := skills.Installed(t.Context(), agent)
		require.NoError(t, err)
		require.Empty(t, installed, "an uploaded skill is on no agent")
		one, err := skills.Install(t.Context(), agent, agento.InstallSkillParams{SkillID: skill.ID})
		require.NoError(t, err)
		require.Equal(t, skill.ID, one.SkillID)
		require.NotNil(t, one.InstalledAt)
		hub, err := skills.Install(t.Context(), agent, agento.InstallSkillParams{GitHubURL: "https://github.com/owner/tools/tree/v2"})
		require.NoError(t, err)
		require.Equal(t, agento.SourceGitHub, hub.Source)
		require.Empty(t, hub.SkillID)
		installed, err = skills.Installed(t.Context(), agent)
		require.NoError(t, err)
		require.ElementsMatch(t, []agento.InstalledSkill{*one, *hub}, installed)

		require.NoError(t, skills.Uninstall(t.Context(), agent, skill.ID))
		installed, err = skills.Installed(t.Context(), agent)
		require.NoError(t, err)
		require.Equal(t, []agento.InstalledSkill{*hub}, installed)
		require.NoError(t, skills.Delete(t.Context(), skill.ID))
		_, err = skills.Get(t.Context(), skill.ID)
		require.ErrorIs(t, err, agento.ErrNotFound)
	})
}

// Installed returns the whole list, whether it is paginated or not.
func TestInstalledAllPages(t *testing.T) {
	harness.RunService(t, []agentotest.Option{agentotest.WithMaxPage(2)}, func(t *testing.T, s *agentotest.Server) {
		agent, skills := s.AddAgent(agentotest.AgentSeed{}), s.Client().Skills
		for i := range 5 {
			id := s.AddSkill(agentotest.SkillSeed{Name: fmt.Sprintf("skill-%d", i)})
			_, err := skills.Install(t.Context(), agent, agento.InstallSkillParams{SkillID: id})
			require.NoError(t, err)
		}
		installed, err := skills.Installed(t.Context(), agent)
		require.NoError(t, err)
		require.Len(t, installed, 5)
		require.Len(t, s.RequestsTo("Skills.Installed"), 3)
	})
	for body, want := range map[string]struct {
		rows int
		is   error
	}{
		`{"data":[{"id":"i1"},{"id":"i2"}]}`: {2, nil},
		`{"data":[]}`:                        {0, nil},
		`{"data":null}`:                      {0, nil},
		`{"data":[{"id":"i1"}],"pagination":{"total":1,"limit":1,"offset":0}}`:                  {1, nil},
		`{"data":[{"id":"i1"}],"pagination":{"total":2,"limit":1,"offset":0}}`:                  {0, agento.ErrListIncomplete},
		`{"data":[{"id":"i1","installedAt":null,"skillId":null,"uiHints":{}}],"pagination":{}}`: {1, nil},
	} {
		requests := 0
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			requests++
			return harness.Respond(200, body), nil
		}))
		installed, err := client.Skills.Installed(t.Context(), "a1")
		require.ErrorIs(t, err, want.is, body)
		require.Len(t, installed, want.rows, body)
		require.LessOrEqual(t, requests, 2, body)
	}
}

// A service whose pages never end, each with skills that were not there before.
func TestInstalledWithoutEnd(t *testing.T) {
	for _, total := range []string{"1000000000", "%d"} {
		requests := 0
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			var rows []string
			for i := range 100 {
				rows = append(rows, fmt.Sprintf(`{"id":"i%d-%d"}`, requests, i))
			}
			requests++
			total := total
			if total == "%d" {
				total = fmt.Sprint((requests + 1) * 100)
			}
			require.LessOrEqual(t, requests, 200, "no end")
			return harness.Respond(200, `{"data":[`+strings.Join(rows, ",")+`],"pagination":{"total":`+total+`,"limit":100}}`), nil
		}))
		installed, err := client.Skills.Installed(t.Context(), "a1")
		require.ErrorIs(t, err, agento.ErrListIncomplete)
		require.ErrorContains(t, err, "more than 10000 rows")
		require.Empty(t, installed)
		require.Equal(t, 101, requests)
	}
}

func TestInstallGitHubURL(t *testing.T) {
	for raw, ok := range map[string]bool{
		"https://github.com/owner/repo":                true,
		"https://github.com/owner/repo/":               true,
		"https://github.com/owner/repo.git":            true,
		"https://GitHub.com/Owner-1/my.repo_2":         true,
		"https://github.com/owner/repo/tree/main":      true,
		"https://github.com/owner/repo/tree/v1.2.0":    true,
		"https://github.com/owner/repo/tree/feature/x": true,
		"https://github.com/owner/repo/tree/%23weird":  true,
		"":                                                   false,
		"http://github.com/owner/repo":                       false,
		"https://github.com":                                 false,
		"https://github.com/owner":                           false,
		"https://github.com//repo":                           false,
		"https://github.com/owner//":                         false,
		"https://github.com/owner/..":                        false,
		"https://github.com/own%2Fer/repo":                   false,
		"https://github.com/owner/repo/blob/main":            false,
		"https://github.com/owner/repo/tree":                 false,
		"https://github.com/owner/repo/tree/":                false,
		"https://github.com/owner/repo/tree/a/../b":          false,
		"https://github.com/owner/repo?tab=readme":           false,
		"https://github.com/owner/repo#readme":               false,
		"https://github.com:443/owner/repo":                  false,
		"https://github.com.example.org/owner/repo":          false,
		"https://example.org/owner/repo":                     false,
		"https://user:ghp_secret@github.com/owner/repo":      false,
		"https://gist.github.com/owner/repo":                 false,
		"git@github.com:owner/repo.git":                      false,
		"https://github.com/owner/repo/tree/main\nX-Header:": false,
		"https://github.com/öwner/repo":                      false,
	} {
		sent := 0
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			sent++
			return harness.Respond(201, `{"data":{"id":"i1"}}`), nil
		}))
		_, err := client.Skills.Install(t.Context(), "a1", agento.InstallSkillParams{GitHubURL: raw})
		require.Equal(t, ok, err == nil, "%q: %v", raw, err)
		require.Equal(t, ok, sent == 1, raw)
		if err != nil {
			require.NotContains(t, err.Error(), "ghp_secret")
		}
	}
}

func TestUploadVersion(t *testing.T) {
	for version, ok := range map[string]bool{
		"0.0.0": true, "1.2.3": true, "10.20.30": true, "99999999999999999999.0.1": true,
		"1.0.0-rc.1": true, "1.0.0-0": true, "1.0.0-a-b.c": true, "1.0.0--": true, "1.0.0-0a": true, "1.0.0-x.0.y": true,
		"1.0.0+build": true, "1.0.0+001": true, "1.0.0-rc.1+exp.sha-5114f85": true, "1.0.0+a-b": true,
		"": false, "1": false, "1.0": false, "1.0.0.0": false, "v1.0.0": false, " 1.0.0": false, "1.0.0 ": false,
		"01.0.0": false, "1.00.0": false, "1.0.00": false, "1..0": false, "-1.0.0": false, "1.0.x": false, "1.0.0-": false,
		"1.0.0-01": false, "1.0.0-a..b": false, "1.0.0-a.": false, "1.0.0+": false, "1.0.0+a+b": false, "1.0.0+a..b": false,
		"1.0.0-ä": false, "1.0.0_1": false, "１.0.0": false, "latest": false, "1.0.0\n": false,
	} {
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			return harness.Respond(201, `{"data":{"id":"k1"}}`), nil
		}))
		_, err := client.Skills.Upload(t.Context(), agento.UploadSkillParams{Name: "n", Version: version, Files: map[string]string{"SKILL.md": "x"}})
		require.Equal(t, ok, err == nil, "%q: %v", version, err)
	}
}
