package agentotest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

func ExampleNewServer() {
	server := agentotest.NewServer()
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{Name: "Support"})

	reply, err := server.Client().Chat.Ask(context.Background(), agent, agento.SendMessageParams{Message: "Hello"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(reply.Text)
	fmt.Println(server.Requests()[0].Operation)
	// Output:
	// This is agentotest, a test double of the Agento service: no model has read your message. You wrote: Hello
	// sendMessage
}

func ExampleService_Next() {
	server := agentotest.NewServer()
	defer server.Close()
	// The agent is created, but the response never arrives.
	server.Next("Agents.Create", 1, agentotest.Drop().AfterCommit())

	_, err := server.Client().Agents.Create(context.Background(), agento.CreateAgentParams{
		Name: "Support", Secrets: agento.Secrets{"anthropicApiKey": "sk-ant-test"},
	})
	fmt.Println(errors.Is(err, agento.ErrOutcomeUnknown), len(server.Agents()))
	// Output: true 1
}

// An agent is not visible to other accounts.
func ExampleService_AddAccount() {
	server := agentotest.NewServer()
	defer server.Close()
	acme, globex := server.AddAccount("acme"), server.AddAccount("globex")
	agent := acme.AddAgent(agentotest.AgentSeed{Name: "Support"})

	for _, account := range []*agentotest.Account{acme, globex} {
		_, err := server.ClientFor(account.Key()).Agents.Get(context.Background(), agent)
		fmt.Println(errors.Is(err, agento.ErrNotFound))
	}
	for _, request := range server.Requests() {
		fmt.Println(request.Account, request.Operation, request.Status)
	}
	// Output:
	// false
	// true
	// acme getAgent 200
	// globex getAgent 404
}

func ExampleRequest_Decode() {
	server := agentotest.NewServer()
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{})
	_, _ = server.Client().Chat.Ask(context.Background(), agent, agento.SendMessageParams{
		Message: "Where is my order?", PeerID: "pia", Context: map[string]string{"plan": "gold"},
	})

	var sent struct {
		PeerID  string
		Context map[string]string
	}
	err := server.RequestsTo("Chat.Send")[0].Decode(&sent)
	fmt.Println(sent.PeerID, sent.Context, err)
	// Output: pia map[plan:gold] <nil>
}

// An agent uses a tool, and then its model fails.
func ExampleWithReply() {
	server := agentotest.NewServer(agentotest.WithReply(func(agentotest.Turn) []agentotest.ReplyEvent {
		return []agentotest.ReplyEvent{
			agentotest.TextEvent("Let me see. "),
			agentotest.ToolEvent(map[string]any{"name": "order-status"}),
			agentotest.ErrorEvent("internal_error", "the model is overloaded"),
		}
	}))
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{})

	stream, err := server.Client().Chat.Send(context.Background(), agent, agento.SendMessageParams{Message: "Where is my order?"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for event, err := range stream.All() {
		if err != nil {
			fmt.Println(errors.Is(err, agento.ErrInternal))
			return
		}
		fmt.Println(event.Type)
	}
	// Output:
	// text
	// tool
	// true
}

// A 429 asks for a longer wait than the client accepts.
func ExampleAnswer() {
	server := agentotest.NewServer()
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{})
	server.Next("Chat.Send", 1, agentotest.Answer(agentotest.Raw{
		Status: http.StatusTooManyRequests,
		Header: http.Header{"Retry-After": {"90"}},
		Body:   []byte(`{"error":{"code":"rate_limit_exceeded","message":"too many requests"}}`),
	}))

	_, err := server.Client().Chat.Ask(context.Background(), agent, agento.SendMessageParams{Message: "Hello"})
	var e *agento.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code, e.RetryAfter, e.Attempts)
	}
	// Output: rate_limit_exceeded 1m30s 1
}

// A reply is too slow for the caller's deadline. In a testing/synctest bubble with
// WithInMemory, Slow and Stall take no time.
func ExampleSlow() {
	server := agentotest.NewServer()
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{})
	server.Next("Chat.Send", 1, agentotest.Slow(10)) // bytes per second

	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := server.Client().Chat.Ask(ctx, agent, agento.SendMessageParams{Message: "Hello"})
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}

// A reply stalls, and the connection stays open.
func ExampleStall() {
	server := agentotest.NewServer()
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{})
	server.Next("Chat.Send", 1, agentotest.Stall(60))

	_, err := server.Client().Chat.Ask(context.Background(), agent, agento.SendMessageParams{Message: "Hello"},
		agento.WithIdleTimeout(50*time.Millisecond))
	fmt.Println(errors.Is(err, agento.ErrStreamIdle))
	// Output: true
}

// messageSender is the part of agento.ChatService that the code under test uses.
type messageSender interface {
	Send(ctx context.Context, agentID string, p agento.SendMessageParams, opts ...agento.Option) (*agento.ChatStream, error)
}

// mockChat implements messageSender.
type mockChat struct {
	events []agento.ChatEvent
	err    error
}

func (m mockChat) Send(context.Context, string, agento.SendMessageParams, ...agento.Option) (*agento.ChatStream, error) {
	return agentotest.ChatStream(m.events, m.err), nil
}

// A mock returns a complete reply and an interrupted one.
func ExampleChatStream() {
	hello := []agento.ChatEvent{{Type: agento.ChatText, Content: "Hello"}}
	for _, chat := range []messageSender{mockChat{hello, nil}, mockChat{hello, agento.ErrStreamTruncated}} {
		stream, _ := chat.Send(context.Background(), "agent-1", agento.SendMessageParams{Message: "Hi"})
		text, err := stream.Text()
		fmt.Println(text, err)
	}
	// Output:
	// Hello <nil>
	// Hello agento: stream ended before it was complete
}

func ExampleLogStream() {
	stream := agentotest.LogStream([]agento.LogEntry{{Line: "disk is full"}}, agento.ErrForbidden)
	for entry, err := range stream.All() {
		fmt.Println(entry.Line, err)
	}
	// Output:
	// disk is full <nil>
	//  agento: forbidden
}
