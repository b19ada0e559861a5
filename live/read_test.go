//go:build live

package live

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	agento "github.com/remsyshq/agento-go"
)

// agentVariable names the agent to read; without it, it is the newest.
const agentVariable = "AGENTO_LIVE_AGENT"

func TestRead(t *testing.T) {
	ctx, c := run.ctx, run.client
	try(t, "getAccount", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Account.Get(ctx, opts...)
		return of[agento.Account](), err
	})
	agent := os.Getenv(agentVariable)
	try(t, "listAgents", func(opts ...agento.Option) (answerOf, error) {
		page, err := c.Agents.List(ctx, &agento.ListParams{Limit: 10}, opts...)
		if err == nil && agent == "" && len(page.Data) > 0 {
			agent = page.Data[0].ID
		}
		return of[agento.Agent](), err
	})
	if agent == "" {
		cannotTry("the account has no agent to read", agentReads...)
	} else {
		readAgent(t, agent)
	}
	readSwarms(t)
	readSkills(t)
}

// agentReads are the operations that readAgent tries.
var agentReads = []string{
	"getAgent", "getAgentStatus", "getPersonality", "getWorkflow", "listRules", "getRule", "listMessages", "listSessions",
	"listAgentKnowledge", "recentLogs", "streamLogs", "listInstalledSkills",
}

func readAgent(t *testing.T, id string) {
	ctx, c, target := run.ctx, run.client, agento.ForAgent(id)
	few := &agento.ListParams{Limit: 5}
	try(t, "getAgent", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Agents.Get(ctx, id, opts...)
		return of[agento.Agent](), err
	})
	try(t, "getAgentStatus", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Agents.Status(ctx, id, opts...)
		return of[agento.AgentStatus](), err
	})
	try(t, "getPersonality", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Account.Personality(ctx, target, opts...)
		return of[agento.Document](), err
	})
	try(t, "getWorkflow", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Account.Workflow(ctx, target, opts...)
		return of[agento.Document](), err
	})
	var rule string
	try(t, "listRules", func(opts ...agento.Option) (answerOf, error) {
		page, err := c.Account.Rules(ctx, target, few, opts...)
		if err == nil && len(page.Data) > 0 {
			rule = page.Data[0].Name
		}
		return of[agento.Rule](), err
	})
	if rule == "" {
		cannotTry("the agent has no rule to read", "getRule")
	} else {
		try(t, "getRule", func(opts ...agento.Option) (answerOf, error) {
			_, err := c.Account.Rule(ctx, target, rule, opts...)
			return of[agento.Rule](), err
		})
	}
	try(t, "listMessages", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Chat.History(ctx, id, &agento.HistoryParams{Limit: 5}, opts...)
		return of[agento.Message](), err
	})
	try(t, "listSessions", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Chat.Sessions(ctx, id, few, opts...)
		return of[agento.Session](), err
	})
	try(t, "listAgentKnowledge", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Knowledge.List(ctx, target, &agento.KnowledgeListParams{Limit: 5}, opts...)
		return of[agento.Chunk](), err
	})
	try(t, "listInstalledSkills", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Skills.Installed(ctx, id, opts...)
		return of[agento.InstalledSkill](), err
	})
	try(t, "recentLogs", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Logs.Recent(ctx, id, &agento.LogsParams{Limit: 5}, opts...)
		return of[agento.LogEntry](), err
	})
	try(t, "streamLogs", func(...agento.Option) (answerOf, error) { return follow(ctx, id) })
}

// enoughLog is how long a log is followed.
const enoughLog = 1500 * time.Millisecond

func follow(ctx context.Context, id string) (answerOf, error) {
	logs, err := run.client.Logs.Stream(ctx, id, &agento.LogsParams{Tail: 5})
	if err != nil {
		return none(), err
	}
	stop := time.AfterFunc(enoughLog, func() { _ = logs.Close() })
	defer stop.Stop()
	answer := of[agento.LogEntry]()
	answer.events = []json.RawMessage{}
	for entry, err := range logs.All() {
		if err != nil {
			return answer, err
		}
		answer.events = append(answer.events, entry.Raw())
		if len(answer.events) == 5 {
			break
		}
	}
	return answer, nil
}

func readSwarms(t *testing.T) {
	ctx, c := run.ctx, run.client
	var id string
	try(t, "listSwarms", func(opts ...agento.Option) (answerOf, error) {
		page, err := c.Swarms.List(ctx, &agento.ListParams{Limit: 5}, opts...)
		if err == nil && len(page.Data) > 0 {
			id = page.Data[0].ID
		}
		return of[agento.Swarm](), err
	})
	if id == "" {
		cannotTry("the account has no swarm to read", "getSwarm", "listSwarmKnowledge")
		return
	}
	try(t, "getSwarm", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Swarms.Get(ctx, id, opts...)
		return of[agento.Swarm](), err
	})
	try(t, "listSwarmKnowledge", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Knowledge.List(ctx, agento.ForSwarm(id), &agento.KnowledgeListParams{Limit: 5}, opts...)
		return of[agento.Chunk](), err
	})
}

func readSkills(t *testing.T) {
	ctx, c := run.ctx, run.client
	var id string
	try(t, "browseSkills", func(opts ...agento.Option) (answerOf, error) {
		page, err := c.Skills.Browse(ctx, &agento.BrowseParams{Limit: 5}, opts...)
		if err == nil && len(page.Data) > 0 {
			id = page.Data[0].ID
		}
		return of[agento.Skill](), err
	})
	if id == "" {
		cannotTry("the marketplace has no skill to read", "getSkill")
		return
	}
	try(t, "getSkill", func(opts ...agento.Option) (answerOf, error) {
		_, err := c.Skills.Get(ctx, id, opts...)
		return of[agento.Skill](), err
	})
}

// A key that the service does not have is refused as one.
func TestAWrongKeyIsRefused(t *testing.T) {
	if run.ctx.Err() != nil {
		t.Skip("interrupted")
	}
	base := os.Getenv("AGENTO_BASE_URL")
	if base == "" {
		base = "https://api.agento.host"
	}
	client, err := agento.New("ak_live_00000000000000000000000000000000", agento.WithBaseURL(base))
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	if _, err := client.Account.Get(run.ctx); !errors.Is(err, agento.ErrUnauthorized) {
		t.Errorf("a made-up key: %v", err)
	}
}
