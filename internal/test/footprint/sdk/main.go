// Sdk makes one call with the SDK, to measure its share of a binary.
package main

import (
	"context"
	"fmt"
	"os"

	agento "github.com/remsyshq/agento-go"
)

func main() {
	client, err := agento.NewFromEnv()
	if err == nil {
		var agent *agento.Agent
		if agent, err = client.Agents.Get(context.Background(), "a1"); err == nil {
			fmt.Println(agent.Name)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
