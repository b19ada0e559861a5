//go:build live

package live

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	agento "github.com/remsyshq/agento-go"
)

func TestWrite(t *testing.T) {
	if !run.writes {
		t.Skip(writeVariable + " is not 1")
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
		remove(t, "deleteAgent", func(ctx context.Context, opts ...agento.Option) error {
			return run.client.Agents.Delete(ctx, agent, opts...)
		})
	}
	if skill != "" {
		remove(t, "deleteSkill", func(ctx context.Context, opts ...agento.Option) error {
			return run.client.Skills.Delete(ctx, skill, opts...)
		})
	}
	if swarm != "" {
		remove(t, "deleteSwarm", func(ctx context.Context, opts ...agento.Option) error {
			return run.client.Swarms.Delete(ctx, swarm, opts...)
		})
	}
}

// secrets are a real credential, if there is one. Without it an agent cannot
// answer, which is not the SDK's affair.
func secrets() agento.Secrets {
	return agento.Secrets{agento.AnthropicAPIKey: cmp.Or(os.Getenv("ANTHROPIC_API_KEY"), "made-up-by-the-live-tests")}
}

// removeAtTheEnd removes what was made, if the test has not come to that. It has
// a time of its own.
func removeAtTheEnd(t *testing.T, what string, remove func(ctx context.Context) error) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(run.ctx), cleanUpTime)
		defer cancel()
		if err := remove(ctx); err != nil && !errors.Is(err, agento.ErrNotFound) {
			t.Errorf("%s is not removed: %v", what, err)
		}
	})
}

func remove(t *testing.T, operation string, do func(ctx context.Context, opts ...agento.Option) error) {
	try(t, operation, func(opts ...agento.Option) (answerOf, error) { return none(), do(run.ctx, opts...) })
}

func makeSwarm(t *testing.T, name string) string {
	var id string
	try(t, "createSwarm", func(opts ...agento.Option) (answerOf, error) {
		swarm, err := run.client.Swarms.Create(run.ctx, agento.CreateSwarmParams{Name: name, Description: "made by a test", Secrets: secrets()}, opts...)
		if err == nil {
			id = swarm.ID
			removeAtTheEnd(t, "swarm "+name, func(ctx context.Context) error { return run.client.Swarms.Delete(ctx, id) })
		}
		return of[agento.Swarm](), err
	})
	if id == "" {
		cannotTry("there is no swarm to try it on", "updateSwarm", "deleteSwarm", "ingestSwarmKnowledge", "deleteSwarmKnowledge")
	}
	return id
}

func writeSwarm(t *testing.T, id string) {
	ctx, c := run.ctx, run.client
	try(t, "updateSwarm", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Swarms.Update(ctx, id, agento.UpdateSwarmParams{Description: agento.Set("still made by a test")}, opts...)
		return of[agento.Swarm](), err
	})
	try(t, "getSwarm", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Swarms.Get(ctx, id, opts...)
		return of[agento.Swarm](), err
	})
	writeKnowledge(t, agento.ForSwarm(id), "ingestSwarmKnowledge", "listSwarmKnowledge", "deleteSwarmKnowledge")
}

func makeAgent(t *testing.T, name, swarm string) string {
	var id string
	try(t, "createAgent", func(opts ...agento.Option) (answerOf, error) {
		agent, err := run.client.Agents.Create(run.ctx, agento.CreateAgentParams{
			Name: name, Region: "eu", SwarmID: swarm, Secrets: secrets(), SoulMD: "# SOUL.md\n\nAnswer in one word.", WorkflowMD: "# Workflow\n",
		}, opts...)
		if err == nil {
			id = agent.ID
			removeAtTheEnd(t, "agent "+name, func(ctx context.Context) error { return run.client.Agents.Delete(ctx, id) })
		}
		return of[agento.Agent](), err
	})
	if id == "" {
		cannotTry("there is no agent to try it on", "updateAgent", "deleteAgent", "startAgent", "stopAgent", "restartAgent",
			"setAgentSecrets", "updatePersonality", "updateWorkflow", "putRule", "getRule", "deleteRule", "sendMessage", "createSession",
			"ingestAgentKnowledge", "deleteAgentKnowledge", "installSkill", "uninstallSkill")
		return ""
	}
	awaitRunning(t, id)
	return id
}

const startTime = 5 * time.Minute

func awaitRunning(t *testing.T, id string) {
	ctx, cancel := context.WithTimeout(run.ctx, startTime)
	defer cancel()
	if _, err := run.client.Agents.WaitUntil(ctx, id, agento.StatusRunning); err != nil {
		t.Logf("the agent does not run: %v", err)
	}
}

func writeAgent(t *testing.T, id string) {
	ctx, c := run.ctx, run.client
	try(t, "updateAgent", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Agents.Update(ctx, id, agento.UpdateAgentParams{Description: agento.Set("made by a test")}, opts...)
		return of[agento.Agent](), err
	})
	try(t, "setAgentSecrets", func(opts ...agento.Option) (answerOf, error) {
		return none(), c.Account.SetSecrets(ctx, agento.ForAgent(id), secrets(), opts...)
	})
}

func writeDocuments(t *testing.T, id string) {
	ctx, account, target := run.ctx, run.client.Account, agento.ForAgent(id)
	try(t, "updatePersonality", func(opts ...agento.Option) (answerOf, error) {
		old, err := account.Personality(ctx, target)
		if err != nil {
			return none(), err
		}
		p := agento.UpdateDocumentParams{Content: old.Content + "\nAlways.\n", Version: old.Version}
		_, err = account.UpdatePersonality(ctx, target, p, opts...)
		return of[agento.Document](), err
	})
	try(t, "updateWorkflow", func(opts ...agento.Option) (answerOf, error) {
		old, err := account.Workflow(ctx, target)
		if err != nil {
			return none(), err
		}
		p := agento.UpdateDocumentParams{Content: old.Content + "\nAlways.\n", Version: old.Version}
		_, err = account.UpdateWorkflow(ctx, target, p, opts...)
		return of[agento.Document](), err
	})
}

func writeRules(t *testing.T, id string) {
	ctx, account, target := run.ctx, run.client.Account, agento.ForAgent(id)
	const name = "live.md"
	made := try(t, "putRule", func(opts ...agento.Option) (answerOf, error) {
		return none(), account.PutRule(ctx, target, name, "Be kind.", opts...)
	})
	if !made {
		cannotTry("there is no rule to try it on", "getRule", "deleteRule")
		return
	}
	try(t, "getRule", func(opts ...agento.Option) (answerOf, error) {
		_, err := account.Rule(ctx, target, name, opts...)
		return of[agento.Rule](), err
	})
	try(t, "listRules", func(opts ...agento.Option) (answerOf, error) {
		_, err := account.Rules(ctx, target, nil, opts...)
		return of[agento.Rule](), err
	})
	remove(t, "deleteRule", func(ctx context.Context, opts ...agento.Option) error {
		return account.DeleteRule(ctx, target, name, opts...)
	})
}

func writeKnowledge(t *testing.T, target agento.Target, ingest, list, forget string) {
	ctx, knowledge := run.ctx, run.client.Knowledge
	var chunk string
	try(t, ingest, func(opts ...agento.Option) (answerOf, error) {
		p := agento.IngestParams{Chunks: []agento.ChunkParams{{
			Content: "A test was here.", Title: "Test", Source: "live", Metadata: map[string]any{"by": "live"},
		}}}
		result, err := knowledge.Ingest(ctx, target, p, opts...)
		if err == nil && len(result.IDs) > 0 {
			chunk = result.IDs[0]
		}
		return of[agento.IngestResult](), err
	})
	try(t, list, func(opts ...agento.Option) (answerOf, error) {
		page, err := knowledge.List(ctx, target, nil, opts...)
		if err == nil && chunk == "" && len(page.Data) > 0 {
			chunk = page.Data[0].ID
		}
		return of[agento.Chunk](), err
	})
	if chunk == "" {
		cannotTry("there is no chunk to try it on", forget)
		return
	}
	remove(t, forget, func(ctx context.Context, opts ...agento.Option) error {
		return knowledge.Delete(ctx, target, chunk, opts...)
	})
}

func converse(t *testing.T, id string) {
	ctx, chat := run.ctx, run.client.Chat
	var session string
	try(t, "createSession", func(opts ...agento.Option) (answerOf, error) {
		s, err := chat.CreateSession(ctx, id, agento.CreateSessionParams{Title: "Test", PeerID: "live"}, opts...)
		if err == nil {
			session = s.ID
		}
		return of[agento.Session](), err
	})
	try(t, "sendMessage", func(...agento.Option) (answerOf, error) {
		stream, err := chat.Send(ctx, id, agento.SendMessageParams{
			Message: "Say one word.", SessionID: session, PeerID: "live", Context: map[string]any{"plan": "test"},
		})
		if err != nil {
			return none(), err
		}
		answer := of[agento.ChatEvent]()
		answer.events = []json.RawMessage{}
		for event, err := range stream.All() {
			if err != nil {
				return answer, err
			}
			answer.events = append(answer.events, event.Raw())
		}
		return answer, nil
	})
}

// runAgent comes last: what an agent is asked while it starts, it may refuse.
func runAgent(t *testing.T, id string) {
	ctx, agents := run.ctx, run.client.Agents
	for _, step := range []struct {
		operation string
		do        func(context.Context, string, ...agento.Option) error
	}{{"stopAgent", agents.Stop}, {"startAgent", agents.Start}, {"restartAgent", agents.Restart}} {
		worked := try(t, step.operation, func(opts ...agento.Option) (answerOf, error) { return none(), step.do(ctx, id, opts...) })
		if worked && step.operation == "startAgent" {
			awaitRunning(t, id)
		}
	}
}

func makeSkill(t *testing.T, name string) string {
	var id string
	try(t, "uploadSkill", func(opts ...agento.Option) (answerOf, error) {
		skill, err := run.client.Skills.Upload(run.ctx, agento.UploadSkillParams{
			Name: name, Version: "1.0.0", Description: "Made by a test",
			Files: map[string]string{"SKILL.md": "---\nname: " + name + "\ndescription: Made by a test\n---\n\nDo nothing.\n"},
		}, opts...)
		if err == nil {
			id = skill.ID
			removeAtTheEnd(t, "skill "+name, func(ctx context.Context) error { return run.client.Skills.Delete(ctx, id) })
		}
		return of[agento.Skill](), err
	})
	if id == "" {
		cannotTry("there is no skill to try it on", "deleteSkill", "installSkill", "uninstallSkill")
		return ""
	}
	try(t, "getSkill", func(opts ...agento.Option) (answerOf, error) {
		_, err := run.client.Skills.Get(run.ctx, id, opts...)
		return of[agento.Skill](), err
	})
	try(t, "browseSkills", func(opts ...agento.Option) (answerOf, error) {
		_, err := run.client.Skills.Custom(run.ctx, nil, opts...)
		return of[agento.Skill](), err
	})
	return id
}

func installSkill(t *testing.T, agent, skill string) {
	ctx, skills := run.ctx, run.client.Skills
	var installed agento.InstalledSkill
	made := try(t, "installSkill", func(opts ...agento.Option) (answerOf, error) {
		s, err := skills.Install(ctx, agent, agento.InstallSkillParams{SkillID: skill, Version: "1.0.0"}, opts...)
		if err == nil {
			installed = *s
		}
		return of[agento.InstalledSkill](), err
	})
	if !made {
		cannotTry("there is no installed skill to try it on", "uninstallSkill")
		return
	}
	try(t, "listInstalledSkills", func(opts ...agento.Option) (answerOf, error) {
		_, err := skills.Installed(ctx, agent, opts...)
		return of[agento.InstalledSkill](), err
	})
	try(t, "uninstallSkill", func(opts ...agento.Option) (answerOf, error) {
		err := skills.Uninstall(ctx, agent, skill, opts...)
		if errors.Is(err, agento.ErrNotFound) { // it may go by the id of the installation
			err = skills.Uninstall(ctx, agent, installed.ID, opts...)
		}
		return none(), err
	})
}
