package agento_test

import (
	"context"
	"fmt"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

func ExampleSwarmsService_Create() {
	server := agentotest.NewServer()
	defer server.Close()
	client := server.Client()
	ctx := context.Background()

	swarm, err := client.Swarms.Create(ctx, agento.CreateSwarmParams{
		Name:    "Shop",
		Secrets: agento.Secrets{agento.AnthropicAPIKey: "sk-ant-…"}, // for all of its agents
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
