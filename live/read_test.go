//go:build live

package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// agentVariable names the agent to read. The default is the newest agent.
const agentVariable = "AGENTO_LIVE_AGENT"

func TestRead(t *testing.T) {
	ctx, c := run.ctx, run.client
	try(t, "getAccount", func() error {
		_, err := c.Account.Get(ctx)
		return err
	})
	agent := os.Getenv(agentVariable)
	listed := try(t, "listAgents", func() error {
		page, err := c.Agents.List(ctx, &agento.ListParams{Limit: 10})
		if err == nil && agent == "" && len(page.Data) > 0 {
			agent = page.Data[0].ID
		}
		return err
	})
	if agent == "" {
		cannotTry(noneIn(listed, "listAgents", "agent", "; set "+agentVariable), agentReads...)
	} else {
		readAgent(t, agent)
	}
	readSwarms(t)
	readSkills(t)
}

// noneIn returns why there is nothing to read: a list has no rows or cannot be read. help is
// a hint for the second case.
func noneIn(listed bool, list, what, help string) string {
	if !listed || run.report.Operation(list).Verdict == wirereport.Refuted {
		return fmt.Sprintf("no %s to read: %s failed%s", what, list, help)
	}
	return fmt.Sprintf("no %s to read: %s returned none", what, list)
}

// agentReads are the operations that readAgent tries.
var agentReads = []string{
	"getAgent", "getAgentStatus", "getPersonality", "getWorkflow", "listRules", "getRule", "listMessages", "listSessions",
	"listAgentKnowledge", "recentLogs", "streamLogs", "listInstalledSkills",
}

func readAgent(t *testing.T, id string) {
	ctx, c, target := run.ctx, run.client, agento.ForAgent(id)
	few := &agento.ListParams{Limit: 5}
	try(t, "getAgent", func() error {
		_, err := c.Agents.Get(ctx, id)
		return err
	})
	try(t, "getAgentStatus", func() error {
		_, err := c.Agents.Status(ctx, id)
		return err
	})
	try(t, "getPersonality", func() error {
		_, err := c.Account.Personality(ctx, target)
		return err
	})
	try(t, "getWorkflow", func() error {
		_, err := c.Account.Workflow(ctx, target)
		return err
	})
	var rule string
	listed := try(t, "listRules", func() error {
		page, err := c.Account.Rules(ctx, target, few)
		if err == nil && len(page.Data) > 0 {
			rule = page.Data[0].Name
		}
		return err
	})
	if rule == "" {
		cannotTry(noneIn(listed, "listRules", "rule", ""), "getRule")
	} else {
		try(t, "getRule", func() error {
			_, err := c.Account.Rule(ctx, target, rule)
			return err
		})
	}
	try(t, "listMessages", func() error {
		_, err := c.Chat.History(ctx, id, &agento.HistoryParams{Limit: 5})
		return err
	})
	try(t, "listSessions", func() error {
		_, err := c.Chat.Sessions(ctx, id, few)
		return err
	})
	try(t, "listAgentKnowledge", func() error {
		_, err := c.Knowledge.List(ctx, target, &agento.KnowledgeListParams{Limit: 5})
		return err
	})
	try(t, "listInstalledSkills", func() error {
		_, err := c.Skills.Installed(ctx, id)
		return err
	})
	try(t, "recentLogs", func() error {
		_, err := c.Logs.Recent(ctx, id, &agento.LogsParams{Limit: 5})
		return err
	})
	try(t, "streamLogs", func() error { return follow(ctx, id) })
}

// enoughLog is how long a log is read.
const enoughLog = 1500 * time.Millisecond

func follow(ctx context.Context, id string) error {
	logs, err := run.client.Logs.Stream(ctx, id, &agento.LogsParams{Tail: 5})
	if err != nil {
		return err
	}
	stop := time.AfterFunc(enoughLog, func() { _ = logs.Close() })
	defer stop.Stop()
	lines := 0
	for _, err := range logs.All() {
		if err != nil {
			return err
		}
		if lines++; lines == 5 {
			break
		}
	}
	return nil
}

func readSwarms(t *testing.T) {
	ctx, c := run.ctx, run.client
	var id string
	listed := try(t, "listSwarms", func() error {
		page, err := c.Swarms.List(ctx, &agento.ListParams{Limit: 5})
		if err == nil && len(page.Data) > 0 {
			id = page.Data[0].ID
		}
		return err
	})
	if id == "" {
		cannotTry(noneIn(listed, "listSwarms", "swarm", ""), "getSwarm", "listSwarmKnowledge")
		return
	}
	try(t, "getSwarm", func() error {
		_, err := c.Swarms.Get(ctx, id)
		return err
	})
	try(t, "listSwarmKnowledge", func() error {
		_, err := c.Knowledge.List(ctx, agento.ForSwarm(id), &agento.KnowledgeListParams{Limit: 5})
		return err
	})
}

func readSkills(t *testing.T) {
	ctx, c := run.ctx, run.client
	var id string
	listed := try(t, "browseSkills", func() error {
		page, err := c.Skills.Browse(ctx, &agento.BrowseParams{Limit: 5})
		if err == nil && len(page.Data) > 0 {
			id = page.Data[0].ID
		}
		return err
	})
	if id == "" {
		cannotTry(noneIn(listed, "browseSkills", "skill", ""), "getSkill")
		return
	}
	try(t, "getSkill", func() error {
		_, err := c.Skills.Get(ctx, id)
		return err
	})
}

// TestUnknownKeyRejected checks that the service rejects a key that does not exist.
func TestUnknownKeyRejected(t *testing.T) {
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
