package agento_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing/fstest"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/chunk"
)

// An operation that the SDK has no method for.
func ExampleClient_Do() {
	server := agentotest.NewServer()
	defer server.Close()
	server.AddAgent(agentotest.AgentSeed{Name: "Support"})
	client := server.Client()

	var page agento.Page[struct {
		Name string `json:"name"`
	}]
	if err := client.Do(context.Background(), http.MethodGet, "/v1/agents?limit=1", nil, &page); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Data[0].Name, page.Pagination.Total)
	// Output: Support 1
}

// A field of a response that the SDK's types do not have.
func ExampleWithResponse() {
	server := agentotest.NewServer()
	defer server.Close()
	id := server.AddAgent(agentotest.AgentSeed{Name: "Support"})
	server.Next("Agents.Get", 1, agentotest.Answer(agentotest.Raw{
		Body: []byte(`{"data":{"id":"1","name":"Support","mood":"cheerful"}}`),
	}))
	client := server.Client()

	var response agento.Response
	agent, err := client.Agents.Get(context.Background(), id, agento.WithResponse(&response))
	if err != nil {
		fmt.Println(err)
		return
	}
	var more struct {
		Data struct {
			Mood string `json:"mood"`
		} `json:"data"`
	}
	if err := json.Unmarshal(response.Body, &more); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(agent.Name, "is", more.Data.Mood)
	// Output: Support is cheerful
}

// A field of a request that the SDK's types do not have.
func ExampleWithExtra() {
	server := agentotest.NewServer()
	defer server.Close()
	client := server.Client()

	_, err := client.Swarms.Create(context.Background(), agento.CreateSwarmParams{Name: "Shop"}, agento.WithExtra("colour", "green"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(server.RequestsTo("Swarms.Create")[0].Body))
	// Output: {"colour":"green","name":"Shop"}
}

func ExampleLogsService_Recent() {
	server := agentotest.NewServer()
	defer server.Close()
	id := server.AddAgent(agentotest.AgentSeed{})
	server.AppendLog(id, "ERROR", "disk is full")
	client := server.Client()

	entries, err := client.Logs.Recent(context.Background(), id, &agento.LogsParams{Limit: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, entry := range entries {
		fmt.Println(entry.Level, entry.Message)
	}
	// Output: ERROR disk is full
}

func ExampleLogsService_Stream() {
	server := agentotest.NewServer()
	defer server.Close()
	id := server.AddAgent(agentotest.AgentSeed{})
	server.AppendLog(id, "WARN", "disk is nearly full")
	client := server.Client()

	stream, err := client.Logs.Stream(context.Background(), id, &agento.LogsParams{Tail: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for entry, err := range stream.All() {
		if err != nil {
			fmt.Println(err)
			return
		}
		if entry.Reconnected {
			fmt.Println("the connection was lost; lines may be missing here")
			continue
		}
		fmt.Println(entry.Level, entry.Message)
		break // closes the stream; otherwise the loop follows the log
	}
	// Output: WARN disk is nearly full
}

// A program stores the ID of the last line that it has handled, and resumes there after it
// was restarted.
func ExampleLogsService_Stream_resume() {
	server := agentotest.NewServer()
	defer server.Close()
	id := server.AddAgent(agentotest.AgentSeed{})
	client := server.Client()

	position := "" // in your program: in a file or a database
	handle := func(lines int) {
		params := &agento.LogsParams{After: position, Tail: 1} // Tail is for the first run
		stream, err := client.Logs.Stream(context.Background(), id, params)
		if err != nil {
			fmt.Println(err)
			return
		}
		for entry, err := range stream.All() {
			if err != nil {
				fmt.Println(err)
				return
			}
			if entry.Reconnected {
				continue // it has no ID, which would delete the position
			}
			fmt.Println(entry.Level, entry.Message)
			position = entry.ID
			if lines--; lines == 0 {
				break
			}
		}
	}
	server.AppendLog(id, "INFO", "backup begins")
	handle(1)
	server.AppendLog(id, "WARN", "disk is nearly full") // while the program does not run
	server.AppendLog(id, "ERROR", "disk is full")
	handle(2)
	// Output:
	// INFO backup begins
	// WARN disk is nearly full
	// ERROR disk is full
}

// Failed calls are counted by agent and class, for example in a metrics counter.
func ExampleError_Kind() {
	server := agentotest.NewServer()
	defer server.Close()
	id := server.AddAgent(agentotest.AgentSeed{})
	failed := make(map[[2]string]int) // with concurrent calls: a counter that is safe for them
	client := server.Client(agento.WithMaxRetries(0), agento.WithObserver(agento.Observer{
		CallEnd: func(_ context.Context, call agento.CallInfo, r agento.CallEndInfo) {
			var e *agento.Error
			if errors.As(r.Err, &e) {
				failed[[2]string{call.AgentID, e.Kind()}]++
			}
		},
	}))

	server.Next("Agents.Restart", 1, agentotest.Fail(429, "rate_limit_exceeded"))
	server.Next("Agents.Restart", 1, agentotest.Fail(503, ""))
	server.Next("Agents.Restart", 1, agentotest.Drop())
	for range 3 {
		_ = client.Agents.Restart(context.Background(), id)
	}
	_ = client.Agents.Restart(context.Background(), "no-such-agent")
	fmt.Println(failed[[2]string{id, "rate_limit_exceeded"}], failed[[2]string{id, "503"}], failed[[2]string{id, "network"}])
	fmt.Println(failed[[2]string{"no-such-agent", "agent_not_found"}])
	// Output:
	// 1 1 1
	// 1
}

func ExampleKnowledgeService_Ingest() {
	server := agentotest.NewServer()
	defer server.Close()
	swarm := agento.ForSwarm(server.AddSwarm(agentotest.SwarmSeed{Name: "Shop"})) // or agento.ForAgent
	client := server.Client()
	ctx := context.Background()

	result, err := client.Knowledge.Ingest(ctx, swarm, agento.IngestParams{Chunks: []agento.ChunkParams{
		{Content: "We are open from 9 to 5.", Title: "Opening hours", Source: "faq"},
		{Content: "Returns take 14 days.", Source: "faq"},
		{Content: "We are open from 9 to 5.", Source: "website"},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Ingested, "new,", result.Duplicates, "known already")

	for chunk, err := range client.Knowledge.All(ctx, swarm, &agento.KnowledgeListParams{Source: "faq"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("-", chunk.Content)
	}
	// Unordered output:
	// 2 new, 1 known already
	// - We are open from 9 to 5.
	// - Returns take 14 days.
}

func ExampleKnowledgeService_Sync() {
	server := agentotest.NewServer()
	defer server.Close()
	target := agento.ForAgent(server.AddAgent(agentotest.AgentSeed{}))
	client := server.Client()
	ctx := context.Background()

	docs := fstest.MapFS{"returns.md": {Data: []byte("# Returns\n\nWithin 30 days.\n")}}
	report, err := client.Knowledge.Sync(ctx, target, chunk.FromFS(docs), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	state := report.State // store it as JSON for the next run

	docs["returns.md"] = &fstest.MapFile{Data: []byte("# Returns\n\nWithin 60 days.\n")}
	report, err = client.Knowledge.Sync(ctx, target, chunk.FromFS(docs), &agento.SyncParams{State: state})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("added", report.Added, "deleted", report.Deleted)
	// Output: added 1 deleted 1
}

func ExampleSwarmsService_Create() {
	server := agentotest.NewServer()
	defer server.Close()
	client := server.Client()
	ctx := context.Background()

	swarm, err := client.Swarms.Create(ctx, agento.CreateSwarmParams{
		Name:    "Shop",
		Secrets: agento.Secrets{agento.AnthropicAPIKey: "sk-ant-…"}, // for all agents of the swarm
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := client.Agents.Create(ctx, agento.CreateAgentParams{Name: "Till", SwarmID: swarm.ID}); err != nil {
		fmt.Println(err)
		return
	}
	swarm, err = client.Swarms.Get(ctx, swarm.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, agent := range swarm.Agents {
		fmt.Println(swarm.Name+":", agent.Name, agent.Status)
	}
	// Output: Shop: Till running
}
