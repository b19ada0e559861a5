//go:build generated

// Oapi makes one call with the client of oapi-codegen, to measure what that adds
// to a binary.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/remsyshq/agento-go/bench/generated/oapi"
)

func main() {
	name, err := agentName(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(name)
}

func agentName(ctx context.Context) (string, error) {
	client, err := oapi.NewClientWithResponses("https://api.agento.host",
		oapi.WithRequestEditorFn(func(_ context.Context, req *http.Request) error {
			req.Header.Set("X-Api-Key", os.Getenv("AGENTO_API_KEY"))
			return nil
		}))
	if err != nil {
		return "", err
	}
	resp, err := client.GetAgentWithResponse(ctx, "a1")
	if err != nil {
		return "", err
	}
	if resp.JSON200 == nil {
		return "", fmt.Errorf("status %s", resp.Status())
	}
	return resp.JSON200.Data.Name, nil
}
