package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	_ "github.com/remsyshq/agento-go/internal/test/exchange/recording"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testKey = "ak_live_00112233445566778899aabbccddeeff"

// The scopes in the program's doc comment.
const (
	leastScopes    = "skills agents:read agents:write"
	leastScopesDry = "skills agents:read"
)

// inBubble runs a test in virtual time, with a service of four agents, the third of them
// stopped, and a key with the given scopes.
func inBubble(t *testing.T, scopes string, test func(t *testing.T, s *agentotest.Server, c *agento.Client, ids []string)) {
	synctest.Test(t, func(t *testing.T) {
		s := agentotest.NewServer(agentotest.WithInMemory(), agentotest.WithStartDelay(5*time.Second), agentotest.WithKey(testKey, strings.Fields(scopes)...))
		defer s.Close()
		client, err := agento.New(testKey, agento.WithBaseURL(s.URL), agento.WithHTTPClient(s.HTTPClient()))
		require.NoError(t, err)
		var ids []string
		for _, status := range []string{"running", "running", "stopped", "running"} {
			ids = append(ids, s.AddAgent(agentotest.AgentSeed{Status: status}))
		}
		test(t, s, client, ids)
	})
}

func deployed(ctx context.Context, c *agento.Client, o options) (string, error) {
	var out bytes.Buffer
	err := o.run(ctx, c, &out)
	return out.String(), err
}

func to(ids []string) options { return options{deploy: agento.DeployParams{Agents: ids}} }

func TestDeployTwice(t *testing.T) {
	inBubble(t, leastScopes, func(t *testing.T, s *agentotest.Server, c *agento.Client, ids []string) {
		out, err := deployed(t.Context(), c, options{all: true})
		require.NoError(t, err)
		require.Contains(t, out, "order-status 1.0.0, 2 files, for 4 agents")
		require.Contains(t, out, ids[0]+" (running): installed and restarted")
		require.Contains(t, out, ids[2]+" (stopped): installed; it loads the skill when it is started")
		require.Contains(t, out, "4 changed, 0 were current, 0 failed")
		require.Equal(t, map[string]string{"order-status": "1.0.0"}, s.Agent(ids[3]).Loaded.Skills)

		out, err = deployed(t.Context(), c, to(ids))
		require.NoError(t, err)
		require.Contains(t, out, ids[0]+" (running): had it")
		require.Contains(t, out, "0 changed, 4 were current, 0 failed")
	})
}

func TestSomeAgentsFail(t *testing.T) {
	inBubble(t, leastScopes, func(t *testing.T, s *agentotest.Server, c *agento.Client, ids []string) {
		s.Inject(func(r agentotest.Request) (agentotest.Fault, bool) {
			refused := r.Operation == "installSkill" && strings.Contains(r.Path, ids[1])
			return agentotest.Fail(403, "limit_reached"), refused
		})
		out, err := deployed(t.Context(), c, to(append(ids, "nobody")))
		require.ErrorContains(t, err, "2 of 5 agents")
		require.ErrorIs(t, err, agento.ErrLimitReached)
		require.ErrorIs(t, err, agento.ErrNotFound)
		require.Contains(t, out, ids[0]+" (running): installed and restarted")
		require.Regexp(t, ids[1]+` \(running\): FAILED: .*limit_reached`, out)
		require.Regexp(t, `nobody \(unknown\): FAILED: .*agent_not_found`, out)
		require.Contains(t, out, "3 changed, 0 were current, 2 failed")

		s.Inject(nil)
		out, err = deployed(t.Context(), c, to(ids))
		require.NoError(t, err)
		require.Contains(t, out, "1 changed, 3 were current, 0 failed")
	})
}

func TestInterrupted(t *testing.T) {
	inBubble(t, leastScopes, func(t *testing.T, s *agentotest.Server, c *agento.Client, ids []string) {
		ctx, interrupt := context.WithCancel(t.Context())
		s.Inject(func(r agentotest.Request) (agentotest.Fault, bool) {
			if r.Operation == "restartAgent" {
				interrupt()
			}
			return agentotest.Fault{}, false
		})
		out, err := deployed(ctx, c, to(ids))
		require.ErrorIs(t, err, context.Canceled)
		require.Contains(t, out, "failed")
		require.Contains(t, out, "FAILED: agento: the deployment was stopped")
	})
}

func TestNoAgentChanged(t *testing.T) {
	inBubble(t, leastScopes, func(t *testing.T, s *agentotest.Server, c *agento.Client, ids []string) {
		s.AddSkill(agentotest.SkillSeed{Name: "order-status", Version: "1.0.0", Custom: true})
		out, err := deployed(t.Context(), c, to(ids))
		require.ErrorIs(t, err, agento.ErrConflict)
		require.NotContains(t, out, "changed")
		require.Empty(t, s.RequestsTo("installSkill"))
	})
}

func TestDryRun(t *testing.T) {
	inBubble(t, leastScopesDry, func(t *testing.T, s *agentotest.Server, c *agento.Client, ids []string) {
		admin := s.Client()
		skill, err := readSkill("")
		require.NoError(t, err)
		for id, version := range map[string]string{ids[0]: "1.0.0", ids[1]: "0.9.0"} {
			skillID := s.AddSkill(agentotest.SkillSeed{Name: skill.Name, Version: version, Description: skill.Description, Custom: true, Files: skill.Files})
			_, err := admin.Skills.Install(t.Context(), id, agento.InstallSkillParams{SkillID: skillID, Version: version})
			require.NoError(t, err)
		}
		other, err := admin.Skills.Install(t.Context(), ids[3], agento.InstallSkillParams{GitHubURL: "https://github.com/octocat/order-status"})
		require.NoError(t, err)
		require.Equal(t, "order-status", other.Name)
		s.ForgetRequests()

		o := to(append(ids, "nobody"))
		o.dry = true
		out, err := deployed(t.Context(), c, o)
		require.ErrorContains(t, err, "agent nobody: ")
		require.ErrorIs(t, err, agento.ErrNotFound)
		require.Contains(t, out, ids[0]+" (running): already installed")
		require.Contains(t, out, ids[1]+" (running): would replace 0.9.0")
		require.Contains(t, out, ids[2]+" (stopped): would be installed")
		require.Contains(t, out, ids[3]+" (running): would be installed")
		require.NotEmpty(t, s.Requests())
		for _, r := range s.Requests() {
			require.Equal(t, "GET", r.Method)
		}

		_, err = deployed(t.Context(), c, to(ids))
		require.ErrorIs(t, err, agento.ErrForbidden, "a key with these scopes cannot restart")
	})
}

func TestSample(t *testing.T) {
	t.Setenv("AGENTO_API_KEY", "")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-dry-run"}, &out))
	require.Contains(t, out.String(), "test service")
	require.Equal(t, 4, strings.Count(out.String(), "would be installed"))
}

func TestArguments(t *testing.T) {
	s := agentotest.NewServer(agentotest.WithKey(testKey, strings.Fields(leastScopes)...))
	defer s.Close()
	t.Setenv("AGENTO_API_KEY", testKey)
	t.Setenv("AGENTO_BASE_URL", s.URL)
	id := s.AddAgent(agentotest.AgentSeed{Status: "stopped"})
	dir := t.TempDir()
	none := filepath.Join(dir, "none")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "SKILL.md"), []byte("---\nname: demo\ndescription: Shows\n---\n"), 0o600))
	for name, tt := range map[string]struct {
		args    []string
		problem string
	}{
		"no agents":      {nil, "give either the IDs of agents or -all"},
		"all and one":    {[]string{"-all", id}, "give either the IDs of agents or -all"},
		"flag behind":    {[]string{id, "-dry-run"}, `"-dry-run" is not an ID: flags must precede the IDs`},
		"dash":           {[]string{"--", "-", id}, `"-" is not an ID`},
		"no folder":      {[]string{"-folder", none, id}, "-folder: open " + none + ": no such file or directory"},
		"a file":         {[]string{"-folder", filepath.Join(dir, "SKILL.md"), id}, "SKILL.md: not a directory"},
		"empty folder":   {[]string{"-folder", t.TempDir(), id}, "agento: skill has no SKILL.md at its root"},
		"no version":     {[]string{"-folder", dir, id}, "SKILL.md has no version"},
		"two versions":   {[]string{"-version", "2.0.0", id}, "SKILL.md has version 1.0.0, but -version is 2.0.0"},
		"negative batch": {[]string{"-batch", "-1", id}, "BatchSize"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, run(t.Context(), tt.args, io.Discard), tt.problem)
		})
	}
	require.Empty(t, s.RequestsTo("installSkill"))
	require.NoError(t, run(t.Context(), []string{"-folder", dir, "-version", "3.0.0", id}, io.Discard))
	require.Equal(t, "3.0.0", s.Agent(id).Installed[0].Version)
}
