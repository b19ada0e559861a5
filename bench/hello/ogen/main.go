//go:build generated

// Ogen makes one call with the client of ogen, to measure what that adds to a
// binary.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/remsyshq/agento-go/bench/generated/ogen"
)

type keyFromEnvironment struct{}

func (keyFromEnvironment) ApiKey(context.Context, ogen.OperationName) (ogen.ApiKey, error) {
	return ogen.ApiKey{APIKey: os.Getenv("AGENTO_API_KEY")}, nil
}

func main() {
	name, err := agentName(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(name)
}

func agentName(ctx context.Context) (string, error) {
	client, err := ogen.NewClient("https://api.agento.host", keyFromEnvironment{})
	if err != nil {
		return "", err
	}
	answer, err := client.GetAgent(ctx, ogen.GetAgentParams{ID: "a1"})
	if err != nil {
		return "", err
	}
	agent, ok := answer.(*ogen.AgentResponseHeaders)
	if !ok {
		return "", fmt.Errorf("an answer of type %T", answer)
	}
	return agent.Response.Data.Name, nil
}
