package agento_test

import (
	"context"
	"fmt"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

// greeter makes the agents of the fake service answer in two parts.
func greeter() agentotest.Option {
	return agentotest.WithReply(func(turn agentotest.Turn) []string { return []string{"Hello, ", turn.PeerID + "!"} })
}

func ExampleChatService_Send() {
	server := agentotest.NewServer(greeter())
	defer server.Close()
	id := server.AddAgent(agentotest.AgentSeed{})
	client := server.Client()

	stream, err := client.Chat.Send(context.Background(), id, agento.SendMessageParams{
		Message: "Where is my order?",
		PeerID:  "customer-17",
		Context: map[string]any{"plan": "gold"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for event, err := range stream.All() {
		if err != nil {
			fmt.Println(err) // also if the answer is truncated
			return
		}
		fmt.Printf("%s %q\n", event.Type, event.Content)
	}
	// Output:
	// text "Hello, "
	// text "customer-17!"
	// done ""
}

func ExampleChatService_Ask() {
	server := agentotest.NewServer(greeter())
	defer server.Close()
	id := server.AddAgent(agentotest.AgentSeed{})
	client := server.Client()
	ctx := context.Background()

	session, err := client.Chat.CreateSession(ctx, id, agento.CreateSessionParams{Title: "Order 4711", PeerID: "Ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	reply, err := client.Chat.Ask(ctx, id, agento.SendMessageParams{Message: "Hi", SessionID: session.ID, PeerID: "Ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(reply.Text)
	// Output: Hello, Ada!
}

func ExampleChatService_AllHistory() {
	server := agentotest.NewServer(greeter())
	defer server.Close()
	id := server.AddAgent(agentotest.AgentSeed{})
	client := server.Client()
	ctx := context.Background()

	if _, err := client.Chat.Ask(ctx, id, agento.SendMessageParams{Message: "Hi", PeerID: "Ada"}); err != nil {
		fmt.Println(err)
		return
	}
	for message, err := range client.Chat.AllHistory(ctx, id, &agento.HistoryParams{PeerID: "Ada"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(message.Role+":", message.Content)
	}
	// Unordered output:
	// user: Hi
	// assistant: Hello, Ada!
}
