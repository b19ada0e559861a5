package agento_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

func ExampleAccountService_Get() {
	server := agentotest.NewServer()
	defer server.Close()
	server.AddAgent(agentotest.AgentSeed{})
	client := server.Client()

	account, err := client.Account.Get(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("agents:", account.Usage["agents"].Used)
	// Output: agents: 1
}

func ExampleAccountService_EditPersonality() {
	server := agentotest.NewServer()
	defer server.Close()
	agent := agento.ForAgent(server.AddAgent(agentotest.AgentSeed{SoulMD: "# Support\n"}))
	client := server.Client()
	ctx := context.Background()

	const rule = "- Answer in one sentence.\n"
	_, err := client.Account.EditPersonality(ctx, agent, func(old string) (string, error) {
		return old + rule, nil
	})
	if errors.Is(err, agento.ErrOutcomeUnknown) {
		// The response was lost, and another client may have changed the document:
		// read it before editing again.
		doc, readErr := client.Account.Personality(ctx, agent)
		if readErr == nil && strings.Contains(doc.Content, rule) {
			err = nil
		}
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, err := client.Account.Personality(ctx, agent)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(doc.Content)
	// Output:
	// # Support
	// - Answer in one sentence.
}

func ExampleAccountService_UpdateWorkflow() {
	server := agentotest.NewServer()
	defer server.Close()
	id := server.AddAgent(agentotest.AgentSeed{WorkflowMD: "1. Greet\n"})
	agent := agento.ForAgent(id)
	client := server.Client()
	ctx := context.Background()

	read, err := client.Account.Workflow(ctx, agent)
	if err != nil {
		fmt.Println(err)
		return
	}
	server.SetWorkflow(id, "1. Listen\n") // another client is faster
	_, err = client.Account.UpdateWorkflow(ctx, agent, agento.UpdateDocumentParams{
		Content: read.Content + "2. Help\n",
		Version: read.Version,
	})
	fmt.Println(errors.Is(err, agento.ErrConflict))
	// Output: true
}

func ExampleAccountService_SetSecrets() {
	server := agentotest.NewServer()
	defer server.Close()
	id := server.AddAgent(agentotest.AgentSeed{})
	client := server.Client()

	secrets := agento.Secrets{agento.AnthropicAPIKey: "sk-ant-…", "shopToken": "…"}
	if err := client.Account.SetSecrets(context.Background(), agento.ForAgent(id), secrets); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(secrets) // prints the names only
	// Output: Secrets[anthropicApiKey shopToken]
}

func ExampleAccountService_PutRule() {
	server := agentotest.NewServer()
	defer server.Close()
	agent := agento.ForAgent(server.AddAgent(agentotest.AgentSeed{}))
	client := server.Client()
	ctx := context.Background()

	if err := client.Account.PutRule(ctx, agent, "refunds.md", "Refunds take a manager."); err != nil {
		fmt.Println(err)
		return
	}
	for rule, err := range client.Account.AllRules(ctx, agent, nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(rule.Name+":", rule.Content)
	}
	// Output: refunds.md: Refunds take a manager.
}
