package agento_test

import (
	"context"
	"errors"
	"fmt"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

func ExampleAgentsService_Create() {
	server := agentotest.NewServer() // a fake service
	defer server.Close()
	client := server.Client() // agento.New(os.Getenv("AGENTO_API_KEY"))
	ctx := context.Background()

	agent, err := client.Agents.Create(ctx, agento.CreateAgentParams{
		Name:    "Support",
		Region:  "eu",
		Secrets: agento.Secrets{agento.AnthropicAPIKey: "sk-ant-…"},
		SoulMD:  "# Support\nYou answer in one sentence.",
	})
	if errors.Is(err, agento.ErrLimitReached) {
		fmt.Println("the plan does not allow another agent")
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := client.Agents.WaitUntil(ctx, agent.ID, agento.StatusRunning); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(agent.Name, "runs in", agent.Region)
	// Output: Support runs in eu
}

func ExampleAgentsService_Update() {
	server := agentotest.NewServer()
	defer server.Close()
	swarm := server.AddSwarm(agentotest.SwarmSeed{Name: "Shop"})
	id := server.AddAgent(agentotest.AgentSeed{Name: "Till", Description: "Sells", SwarmID: swarm})
	client := server.Client()

	agent, err := client.Agents.Update(context.Background(), id, agento.UpdateAgentParams{
		Name:       agento.Set("Cashier"),
		SharedMode: agento.Set(false),      // false is sent too
		SwarmID:    agento.Clear[string](), // removes it from its swarm
		// Description does not change
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(agent.Name, agent.Description, agent.Swarm == nil)
	// Output: Cashier Sells true
}

func ExampleAgentsService_All() {
	server := agentotest.NewServer()
	defer server.Close()
	for _, name := range []string{"One", "Two", "Three"} {
		server.AddAgent(agentotest.AgentSeed{Name: name})
	}
	client := server.Client()

	for agent, err := range client.Agents.All(context.Background(), &agento.ListParams{Limit: 2}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(agent.Name, agent.Status)
	}
	// Output:
	// Three running
	// Two running
	// One running
}

// The service may still report the run before the restart as running. RestartAndWait waits
// for a later one.
func ExampleAgentsService_RestartAndWait() {
	server := agentotest.NewServer()
	defer server.Close()
	id := server.AddAgent(agentotest.AgentSeed{})
	client := server.Client()
	ctx := context.Background()

	before, err := client.Agents.Status(ctx, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	now, err := client.Agents.RestartAndWait(ctx, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(now.Status, now.StartedAt.After(*before.StartedAt))
	// Output: running true
}

func ExampleAgentsService_WaitAll() {
	server := agentotest.NewServer()
	defer server.Close()
	client := server.Client()
	ctx := context.Background()

	var ids []string
	for n := range 3 {
		agent, err := client.Agents.Create(ctx, agento.CreateAgentParams{
			Name:    fmt.Sprint("Support ", n),
			Secrets: agento.Secrets{agento.AnthropicAPIKey: "sk-ant-…"},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		ids = append(ids, agent.ID)
	}
	running := 0
	for agent, err := range client.Agents.WaitAll(ctx, ids, agento.StatusRunning) {
		if err != nil {
			fmt.Println(agent.ID, err)
			continue
		}
		running++
	}
	fmt.Println(running, "agents are running")
	// Output: 3 agents are running
}
