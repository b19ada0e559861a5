//go:build live

package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

func TestWrite(t *testing.T) {
	if run.noWrites != "" {
		t.Skip(run.noWrites)
	}
	name := fmt.Sprintf("%s%x", prefix, time.Now().UnixNano())
	swarm := makeSwarm(t, name)
	if swarm != "" {
		writeSwarm(t, swarm)
	}
	skill := makeSkill(t, name)
	if agent := makeAgent(t, name, swarm); agent != "" {
		writeAgent(t, agent)
		writeDocuments(t, agent)
		writeRules(t, agent)
		writeKnowledge(t, agento.ForAgent(agent), "ingestAgentKnowledge", "listAgentKnowledge", "deleteAgentKnowledge")
		converse(t, agent)
		if skill != "" {
			installSkill(t, agent, skill)
		}
		readAgent(t, agent)
		runAgent(t, agent)
		try(t, "deleteAgent", func() error {
			return run.client.Agents.Delete(run.ctx, agent)
		})
	}
	if skill != "" {
		try(t, "deleteSkill", func() error {
			return run.client.Skills.Delete(run.ctx, skill)
		})
	}
	if swarm != "" {
		try(t, "deleteSwarm", func() error {
			return run.client.Swarms.Delete(run.ctx, swarm)
		})
	}
}

// secrets returns a real credential if there is one. Without it an agent cannot reply.
func secrets() agento.Secrets {
	return agento.Secrets{agento.AnthropicAPIKey: cmp.Or(os.Getenv("ANTHROPIC_API_KEY"), "made-up-by-the-live-tests")}
}

// removeAtTheEnd removes what was created when the test ends. It has its own time limit.
func removeAtTheEnd(t *testing.T, what string, remove func(ctx context.Context) error) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(run.ctx), cleanUpTime)
		defer cancel()
		if err := remove(ctx); err != nil && !errors.Is(err, agento.ErrNotFound) {
			t.Errorf("%s is not removed: %v", what, err)
		}
	})
}

// none returns why operations cannot be tried on what another operation creates.
func none(of, maker string) string {
	return fmt.Sprintf("no %s to try it on: %s returned none", of, maker)
}

func makeSwarm(t *testing.T, name string) string {
	var id string
	try(t, "createSwarm", func() error {
		swarm, err := run.client.Swarms.Create(run.ctx, agento.CreateSwarmParams{Name: name, Description: "made by a test", Secrets: secrets()})
		if err == nil && swarm.ID != "" {
			id = swarm.ID
			removeAtTheEnd(t, "swarm "+name, func(ctx context.Context) error { return run.client.Swarms.Delete(ctx, id) })
		}
		return err
	})
	if id == "" {
		cannotTry(none("swarm", "createSwarm"), "updateSwarm", "deleteSwarm", "ingestSwarmKnowledge", "deleteSwarmKnowledge")
	}
	return id
}

func writeSwarm(t *testing.T, id string) {
	ctx, c := run.ctx, run.client
	try(t, "updateSwarm", func() error {
		_, err := c.Swarms.Update(ctx, id, agento.UpdateSwarmParams{Description: agento.Set("still made by a test")})
		return err
	})
	try(t, "getSwarm", func() error {
		_, err := c.Swarms.Get(ctx, id)
		return err
	})
	writeKnowledge(t, agento.ForSwarm(id), "ingestSwarmKnowledge", "listSwarmKnowledge", "deleteSwarmKnowledge")
}

func makeAgent(t *testing.T, name, swarm string) string {
	var id string
	try(t, "createAgent", func() error {
		agent, err := run.client.Agents.Create(run.ctx, agento.CreateAgentParams{
			Name: name, Region: "eu", SwarmID: swarm, Secrets: secrets(), SoulMD: "# SOUL.md\n\nAnswer in one word.", WorkflowMD: "# Workflow\n",
		})
		if err == nil && agent.ID != "" {
			id = agent.ID
			removeAtTheEnd(t, "agent "+name, func(ctx context.Context) error { return run.client.Agents.Delete(ctx, id) })
		}
		return err
	})
	if id == "" {
		cannotTry(none("agent", "createAgent"), "updateAgent", "deleteAgent", "startAgent", "stopAgent", "restartAgent",
			"setAgentSecrets", "updatePersonality", "updateWorkflow", "putRule", "getRule", "deleteRule", "sendMessage", "createSession",
			"ingestAgentKnowledge", "deleteAgentKnowledge", "installSkill", "uninstallSkill")
		return ""
	}
	awaitRunning(t, id)
	return id
}

const startTime = 5 * time.Minute

func awaitRunning(t *testing.T, id string) {
	try(t, "getAgentStatus", func() error {
		_, err := run.client.Agents.Status(run.ctx, id)
		return err
	})
	if run.report.Operation("getAgentStatus").Verdict == wirereport.Refuted {
		t.Log("the agent's status is not known; not waiting for it to run")
		return
	}
	ctx, cancel := context.WithTimeout(run.ctx, startTime)
	defer cancel()
	if _, err := run.client.Agents.WaitUntil(ctx, id, agento.StatusRunning); err != nil {
		t.Logf("the agent does not run: %v", err)
	}
}

func writeAgent(t *testing.T, id string) {
	ctx, c := run.ctx, run.client
	try(t, "updateAgent", func() error {
		_, err := c.Agents.Update(ctx, id, agento.UpdateAgentParams{Description: agento.Set("made by a test")})
		return err
	})
	try(t, "setAgentSecrets", func() error {
		return c.Account.SetSecrets(ctx, agento.ForAgent(id), secrets())
	})
}

func writeDocuments(t *testing.T, id string) {
	ctx, account, target := run.ctx, run.client.Account, agento.ForAgent(id)
	try(t, "updatePersonality", func() error {
		old, err := account.Personality(ctx, target)
		if err != nil {
			return err
		}
		p := agento.UpdateDocumentParams{Content: old.Content + "\nAlways.\n", Version: old.Version}
		_, err = account.UpdatePersonality(ctx, target, p)
		return err
	})
	try(t, "updateWorkflow", func() error {
		old, err := account.Workflow(ctx, target)
		if err != nil {
			return err
		}
		p := agento.UpdateDocumentParams{Content: old.Content + "\nAlways.\n", Version: old.Version}
		_, err = account.UpdateWorkflow(ctx, target, p)
		return err
	})
}

func writeRules(t *testing.T, id string) {
	ctx, account, target := run.ctx, run.client.Account, agento.ForAgent(id)
	const name = "live.md"
	made := try(t, "putRule", func() error {
		return account.PutRule(ctx, target, name, "Be kind.")
	})
	if !made {
		cannotTry("no rule to try it on: putRule failed", "getRule", "deleteRule")
		return
	}
	try(t, "getRule", func() error {
		_, err := account.Rule(ctx, target, name)
		return err
	})
	try(t, "listRules", func() error {
		_, err := account.Rules(ctx, target, nil)
		return err
	})
	try(t, "deleteRule", func() error {
		return account.DeleteRule(ctx, target, name)
	})
}

func writeKnowledge(t *testing.T, target agento.Target, ingest, list, forget string) {
	ctx, knowledge := run.ctx, run.client.Knowledge
	var chunk string
	try(t, ingest, func() error {
		p := agento.IngestParams{Chunks: []agento.ChunkParams{{
			Content: "A test was here.", Title: "Test", Source: "live", Metadata: map[string]any{"by": "live"},
		}}}
		result, err := knowledge.Ingest(ctx, target, p)
		if err == nil && len(result.IDs) > 0 {
			chunk = result.IDs[0]
		}
		return err
	})
	try(t, list, func() error {
		page, err := knowledge.List(ctx, target, nil)
		if err == nil && chunk == "" && len(page.Data) > 0 {
			chunk = page.Data[0].ID
		}
		return err
	})
	if chunk == "" {
		cannotTry(none("chunk", ingest+" and "+list), forget)
		return
	}
	try(t, forget, func() error {
		return knowledge.Delete(ctx, target, chunk)
	})
}

func converse(t *testing.T, id string) {
	ctx, chat := run.ctx, run.client.Chat
	var session string
	try(t, "createSession", func() error {
		s, err := chat.CreateSession(ctx, id, agento.CreateSessionParams{Title: "Test", PeerID: "live"})
		if err == nil {
			session = s.ID
		}
		return err
	})
	try(t, "sendMessage", func() error {
		stream, err := chat.Send(ctx, id, agento.SendMessageParams{
			Message: "Say one word.", SessionID: session, PeerID: "live", Context: map[string]any{"plan": "test"},
		})
		if err != nil {
			return err
		}
		_, err = stream.Reply()
		return err
	})
}

// runAgent comes last, because a starting agent may reject other calls.
func runAgent(t *testing.T, id string) {
	ctx, agents := run.ctx, run.client.Agents
	for _, step := range []struct {
		operation string
		do        func(context.Context, string, ...agento.Option) error
	}{{"stopAgent", agents.Stop}, {"startAgent", agents.Start}, {"restartAgent", agents.Restart}} {
		worked := try(t, step.operation, func() error { return step.do(ctx, id) })
		if worked && step.operation == "startAgent" {
			awaitRunning(t, id)
		}
	}
}

func makeSkill(t *testing.T, name string) string {
	var id string
	try(t, "uploadSkill", func() error {
		skill, err := run.client.Skills.Upload(run.ctx, agento.UploadSkillParams{
			Name: name, Version: "1.0.0", Description: "Made by a test",
			Files: map[string]string{"SKILL.md": "---\nname: " + name + "\ndescription: Made by a test\n---\n\nDo nothing.\n"},
		})
		if err == nil && skill.ID != "" {
			id = skill.ID
			removeAtTheEnd(t, "skill "+name, func(ctx context.Context) error { return run.client.Skills.Delete(ctx, id) })
		}
		return err
	})
	if id == "" {
		cannotTry(none("skill", "uploadSkill"), "deleteSkill", "installSkill", "uninstallSkill")
		return ""
	}
	try(t, "getSkill", func() error {
		_, err := run.client.Skills.Get(run.ctx, id)
		return err
	})
	try(t, "browseSkills", func() error {
		_, err := run.client.Skills.Custom(run.ctx, nil)
		return err
	})
	return id
}

func installSkill(t *testing.T, agent, skill string) {
	ctx, skills := run.ctx, run.client.Skills
	var installed agento.InstalledSkill
	made := try(t, "installSkill", func() error {
		s, err := skills.Install(ctx, agent, agento.InstallSkillParams{SkillID: skill, Version: "1.0.0"})
		if err == nil {
			installed = *s
		}
		return err
	})
	if !made {
		cannotTry("no installed skill to try it on: installSkill failed", "uninstallSkill")
		return
	}
	try(t, "listInstalledSkills", func() error {
		_, err := skills.Installed(ctx, agent)
		return err
	})
	try(t, "uninstallSkill", func() error {
		err := skills.Uninstall(ctx, agent, skill)
		if errors.Is(err, agento.ErrNotFound) { // the path may need the installation's ID
			err = skills.Uninstall(ctx, agent, installed.ID)
		}
		return err
	})
}
