package agentotest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/route"
)

// The SDK and the fake share only the route table. Each must decode what the other
// encodes, for every operation.
func TestSDKOperations(t *testing.T) {
	server := agentotest.NewServer()
	defer server.Close()
	id := server.AddAgent(agentotest.AgentSeed{Name: "Ada"})
	client := server.Client()
	for name, use := range map[string]func(*testing.T, *agentotest.Server, *agento.Client, string){
		"agents": useAgents, "account": useAccount, "chat": useChat, "knowledge": useKnowledge,
		"logs": useLogs, "skills": useSkills, "swarms": useSwarms,
	} {
		t.Run(name, func(t *testing.T) { use(t, server, client, id) })
	}
	seen := map[string]bool{}
	for _, r := range server.Requests() {
		require.Less(t, r.Status, 300, "%s: %s", r.Operation, r.Path)
		seen[r.Operation] = true
	}
	for _, r := range route.All() {
		require.True(t, seen[r.Name], "%s was not called", r.Call)
	}
}

func useAgents(t *testing.T, server *agentotest.Server, client *agento.Client, _ string) {
	ctx := t.Context()
	created, err := client.Agents.Create(ctx, agento.CreateAgentParams{
		Name: "Bob", Secrets: agento.Secrets{"openaiApiKey": "k"}, SoulMD: "S", WorkflowMD: "W", SharedMode: true, Region: "us",
	})
	require.NoError(t, err)
	a := server.Agent(created.ID)
	require.Equal(t, []any{"Bob", "S", "W", true, "us"}, []any{a.Name, a.Soul.Content, a.Workflow.Content, a.SharedMode, a.Region})
	read, err := client.Agents.Get(ctx, created.ID)
	require.NoError(t, err)
	require.Equal(t, created, read)
	require.Equal(t, a.CreatedAt.Truncate(time.Millisecond).UTC(), read.CreatedAt)
	page, err := client.Agents.List(ctx, &agento.ListParams{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, created.ID, page.Data[0].ID)
	require.Equal(t, agento.Pagination{Total: len(server.Agents()), Limit: 1}, page.Pagination)

	_, err = client.Agents.Update(ctx, created.ID, agento.UpdateAgentParams{Name: agento.Set("Eve"), Region: agento.Clear[string]()})
	require.NoError(t, err)
	require.Equal(t, []string{"Eve", "eu"}, []string{server.Agent(created.ID).Name, server.Agent(created.ID).Region})
	require.NoError(t, client.Agents.Stop(ctx, created.ID))
	require.NoError(t, client.Agents.Start(ctx, created.ID))
	require.NoError(t, client.Agents.Restart(ctx, created.ID))
	require.Equal(t, 3, server.Agent(created.ID).Starts)
	status, err := client.Agents.Status(ctx, created.ID)
	require.NoError(t, err)
	require.Equal(t, []any{agento.StatusRunning, true, "212MB / 8GB"}, []any{status.Status, status.Running, status.Memory})
	before := len(server.Agents())
	require.NoError(t, client.Agents.Delete(ctx, created.ID))
	require.Len(t, server.Agents(), before-1)
}

func useAccount(t *testing.T, server *agentotest.Server, client *agento.Client, id string) {
	ctx, target := t.Context(), agento.ForAgent(id)
	account, err := client.Account.Get(ctx)
	require.NoError(t, err)
	require.Equal(t, "test@example.com", account.Email)
	require.NoError(t, client.Account.SetSecrets(ctx, target, agento.Secrets{"geminiApiKey": "k"}))
	require.Equal(t, []string{"geminiApiKey"}, server.Agent(id).Secrets)

	soul, err := client.Account.Personality(ctx, target)
	require.NoError(t, err)
	_, err = client.Account.UpdatePersonality(ctx, target, agento.UpdateDocumentParams{Content: "soul", Version: soul.Version})
	require.NoError(t, err)
	work, err := client.Account.Workflow(ctx, target)
	require.NoError(t, err)
	updated, err := client.Account.UpdateWorkflow(ctx, target, agento.UpdateDocumentParams{Content: "work", Version: work.Version})
	require.NoError(t, err)
	require.Equal(t, "work", updated.Content)
	require.Equal(t, []string{"soul", "work"}, []string{server.Agent(id).Soul.Content, server.Agent(id).Workflow.Content})

	require.NoError(t, client.Account.PutRule(ctx, target, "a b.md", "x"))
	rule, err := client.Account.Rule(ctx, target, "a b.md")
	require.NoError(t, err)
	require.Equal(t, "x", rule.Content)
	rules, err := client.Account.Rules(ctx, target, nil)
	require.NoError(t, err)
	require.Equal(t, "a b.md", rules.Data[0].Name)
	require.NoError(t, client.Account.DeleteRule(ctx, target, "a b.md"))
	require.Empty(t, server.Agent(id).Rules)
}

func useChat(t *testing.T, server *agentotest.Server, client *agento.Client, id string) {
	ctx := t.Context()
	session, err := client.Chat.CreateSession(ctx, id, agento.CreateSessionParams{Title: "T", PeerID: "pia"})
	require.NoError(t, err)
	require.Equal(t, []string{"T", "pia"}, []string{session.Title, session.PeerID})
	reply, err := client.Chat.Ask(ctx, id, agento.SendMessageParams{Message: "Hi", SessionID: session.ID, PeerID: "pia"})
	require.NoError(t, err)
	require.Equal(t, server.Messages(id)[1].Content, reply.Text)
	history, err := client.Chat.History(ctx, id, &agento.HistoryParams{SessionID: session.ID})
	require.NoError(t, err)
	require.Equal(t, []any{2, "Hi"}, []any{len(history.Data), history.Data[1].Content})
	sessions, err := client.Chat.Sessions(ctx, id, nil)
	require.NoError(t, err)
	require.Equal(t, *session, withoutUpdate(sessions.Data[0], *session))
}

// withoutUpdate returns s with the UpdatedAt of like.
func withoutUpdate(s, like agento.Session) agento.Session {
	s.UpdatedAt = like.UpdatedAt
	return s
}

func useKnowledge(t *testing.T, server *agentotest.Server, client *agento.Client, agent string) {
	ctx := t.Context()
	swarm := server.AddSwarm(agentotest.SwarmSeed{})
	for id, target := range map[string]agento.Target{agent: agento.ForAgent(agent), swarm: agento.ForSwarm(swarm)} {
		result, err := client.Knowledge.Ingest(ctx, target, agento.IngestParams{Chunks: []agento.ChunkParams{
			{Content: "one", Title: "T", Source: "a.md", Metadata: map[string]any{"k": "v"}}, {Content: "one"},
		}})
		require.NoError(t, err)
		require.Equal(t, []any{1, 1, server.Knowledge(id)[0].ID}, []any{result.Ingested, result.Duplicates, result.IDs[0]})
		page, err := client.Knowledge.List(ctx, target, &agento.KnowledgeListParams{Source: "a.md"})
		require.NoError(t, err)
		require.Equal(t, []any{"one", "T", map[string]any{"k": "v"}}, []any{page.Data[0].Content, page.Data[0].Title, page.Data[0].Metadata})
		require.NoError(t, client.Knowledge.Delete(ctx, target, result.IDs[0]))
		require.Empty(t, server.Knowledge(id))
	}
}

func useLogs(t *testing.T, server *agentotest.Server, client *agento.Client, id string) {
	ctx := t.Context()
	server.AppendLog(id, "WARN", "disk")
	entries, err := client.Logs.Recent(ctx, id, &agento.LogsParams{Limit: 1})
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, "disk", entries[0].Message)
	logs, err := client.Logs.Stream(ctx, id, &agento.LogsParams{Tail: 1})
	require.NoError(t, err)
	defer logs.Close()
	require.Equal(t, entries[0].Line, (<-logs.Events()).Line)
	server.CloseLogStreams(id)
	for range logs.Events() {
	}
	require.NoError(t, logs.Err())
}

func useSkills(t *testing.T, server *agentotest.Server, client *agento.Client, id string) {
	ctx := t.Context()
	market, err := client.Skills.Browse(ctx, &agento.BrowseParams{Query: "calendar"})
	require.NoError(t, err)
	require.Len(t, market.Data, 1)
	skill, err := client.Skills.Upload(ctx, agento.UploadSkillParams{
		Name: "faq", Version: "1.0.0", Description: "Answers", Files: map[string]string{"SKILL.md": "---\nname: faq\ndescription: Answers\n---\n"},
	})
	require.NoError(t, err)
	read, err := client.Skills.Get(ctx, skill.ID)
	require.NoError(t, err)
	require.Equal(t, skill, read)
	installed, err := client.Skills.Install(ctx, id, agento.InstallSkillParams{SkillID: skill.ID, Version: "1.0.0"})
	require.NoError(t, err)
	list, err := client.Skills.Installed(ctx, id)
	require.NoError(t, err)
	require.Equal(t, []agento.InstalledSkill{*installed}, list)
	require.NoError(t, client.Skills.Uninstall(ctx, id, skill.ID))
	require.Empty(t, server.Agent(id).Installed)
	require.NoError(t, client.Skills.Delete(ctx, skill.ID))
	require.Len(t, server.Skills(), 3)
}

func useSwarms(t *testing.T, server *agentotest.Server, client *agento.Client, _ string) {
	ctx := t.Context()
	swarm, err := client.Swarms.Create(ctx, agento.CreateSwarmParams{Name: "Crew", Description: "d", Secrets: agento.Secrets{"openaiApiKey": "k"}})
	require.NoError(t, err)
	agent := server.AddAgent(agentotest.AgentSeed{Name: "Tom", SwarmID: swarm.ID})
	read, err := client.Swarms.Get(ctx, swarm.ID)
	require.NoError(t, err)
	require.Len(t, read.Agents, 1)
	require.Equal(t, []string{agent, "Tom"}, []string{read.Agents[0].ID, read.Agents[0].Name})
	_, err = client.Swarms.Update(ctx, swarm.ID, agento.UpdateSwarmParams{Description: agento.Clear[string]()})
	require.NoError(t, err)
	page, err := client.Swarms.List(ctx, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"Crew", ""}, []string{page.Data[0].Name, page.Data[0].Description})
	require.NoError(t, client.Swarms.Delete(ctx, swarm.ID))
	require.Empty(t, server.Agent(agent).SwarmID)
}
