package documents

import (
	"context"
	"fmt"
	"os"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

// Service is the fake service of a block.
type Service struct {
	*agentotest.Server
	Client  *agento.Client
	AgentID string
	// After is called when the block has returned. What it prints is output of
	// the block.
	After func()
}

// RunBlock runs a block against a new service with one running agent and a key with
// the given scopes, or with all of them if scopes is nil.
func RunBlock(scopes []string, setup func(*Service), block func(context.Context, *agento.Client) error) {
	server := agentotest.NewServer(agentotest.WithReply(reply))
	defer server.Close()
	if scopes == nil {
		scopes = agentotest.AllScopes()
	}
	s := &Service{Server: server}
	s.AgentID = server.AddAgent(agentotest.AgentSeed{Name: "Support", SoulMD: "You are brief.", SharedMode: true})
	for name, value := range map[string]string{"AGENTO_API_KEY": server.AddKey(scopes...), "AGENTO_BASE_URL": server.URL, "ANTHROPIC_API_KEY": "made up"} {
		os.Setenv(name, value)
	}
	var err error
	if s.Client, err = agento.NewFromEnv(); err != nil {
		panic(err)
	}
	setup(s)
	if err := block(context.Background(), s.Client); err != nil {
		fmt.Println("error:", err)
	}
	if s.After != nil {
		s.After()
	}
}

func reply(turn agentotest.Turn) []string {
	if turn.Message == "Hello" {
		return []string{"Hello", ", how can I help?"}
	}
	return []string{"It is ", "on its way."}
}
