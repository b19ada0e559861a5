package agento_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/chathttp"
	"github.com/remsyshq/agento-go/chunk"
)

// What follows is the code of the README, a function for each of its sections:
// the comment of each names it, and TestReadmeTasks compares the two.

// README.md: Install and call
func firstCall(ctx context.Context) error {
	client, err := agento.NewFromEnv() // the key is in AGENTO_API_KEY
	if err != nil {
		return err
	}
	for agent, err := range client.Agents.All(ctx, nil) {
		if err != nil {
			return err
		}
		fmt.Println(agent.Name, agent.Status)
	}
	return nil
}

// README.md: Create an agent
func newSupportAgent(ctx context.Context, client *agento.Client) error {
	agent, err := client.Agents.Create(ctx, agento.CreateAgentParams{
		Name:    "Support",
		Region:  "eu",
		SoulMD:  "You answer questions about orders, briefly.",
		Secrets: agento.Secrets{agento.AnthropicAPIKey: os.Getenv("ANTHROPIC_API_KEY")},
	})
	if err != nil {
		return err
	}
	_, err = client.Agents.WaitUntil(ctx, agent.ID, agento.StatusRunning)
	return err
}

// README.md: Stream an answer
func streamAnswer(ctx context.Context, client *agento.Client, agentID string) error {
	stream, err := client.Chat.Send(ctx, agentID, agento.SendMessageParams{Message: "Hello"})
	if err != nil {
		return err
	}
	defer stream.Close()
	for event := range stream.Events() { // a channel
		fmt.Print(event.Content)
	}
	return stream.Err() // nil only if the answer is complete
}

// README.md: Keep a conversation
func holdConversation(ctx context.Context, client *agento.Client, agentID string) error {
	session, err := client.Chat.CreateSession(ctx, agentID, agento.CreateSessionParams{PeerID: "customer-17"})
	if err != nil {
		return err
	}
	reply, err := client.Chat.Ask(ctx, agentID, agento.SendMessageParams{
		Message: "Where is my order?", SessionID: session.ID, PeerID: "customer-17",
	})
	if err != nil {
		return err // a cut answer is an error; reply.Text has what arrived of it
	}
	fmt.Println(reply.Text)
	return nil
}

// README.md: Tell errors apart
func tellErrorsApart(ctx context.Context, client *agento.Client, agentID string) error {
	err := client.Agents.Stop(ctx, agentID)
	var e *agento.Error
	switch {
	case errors.Is(err, agento.ErrNotFound):
		return fmt.Errorf("agent %s does not exist", agentID)
	case errors.Is(err, agento.ErrOutcomeUnknown):
		return fmt.Errorf("it may have been stopped: ask for its status: %w", err)
	case errors.As(err, &e):
		log.Printf("%s: %s (request id %s)", e.Code, e.Message, e.RequestID)
	}
	return err
}

// README.md: Stay within the rate limit
func withinTheLimit(ctx context.Context, client *agento.Client, agentID string) error {
	_, err := client.Chat.Ask(ctx, agentID, agento.SendMessageParams{Message: "Hello"}, agento.WithMaxWait(10*time.Second))
	var e *agento.Error
	if errors.Is(err, agento.ErrRateLimited) && errors.As(err, &e) {
		return fmt.Errorf("busy, try again in %v", e.RetryAfter)
	}
	return err
}

// README.md: Put an agent behind a chat widget
func chatWidget(client *agento.Client, mux *http.ServeMux, agentID string, secret []byte) error {
	handler, err := chathttp.NewHandler(client, chathttp.Config{
		Visitor: func(r *http.Request) (string, error) { return visitorOf(r) }, // who is it? required
		Turn: func(*http.Request, chathttp.Visit) (chathttp.Turn, error) {
			return chathttp.Turn{AgentID: agentID}, nil
		},
		TokenKeys: []chathttp.TokenKey{chathttp.NewTokenKey("2026-11", secret)}, // 32 random bytes, the same on all replicas
	})
	if err != nil {
		return err
	}
	mux.Handle("/chat", handler)
	return nil
}

// README.md: Feed a knowledge base
func feedKnowledge(ctx context.Context, client *agento.Client, agentID string) error {
	var chunks []agento.ChunkParams
	for c, err := range chunk.FromFS(os.DirFS("handbook")) {
		if err != nil {
			return err // it names the file
		}
		chunks = append(chunks, c)
	}
	_, err := client.Knowledge.Ingest(ctx, agento.ForAgent(agentID), agento.IngestParams{Chunks: chunks})
	return err
}

// README.md: Change a personality
func changePersonality(ctx context.Context, client *agento.Client, agentID string) error {
	_, err := client.Account.EditPersonality(ctx, agento.ForAgent(agentID), func(old string) (string, error) {
		return old + "\nNever promise a refund.\n", nil
	})
	if err != nil {
		return err
	}
	return client.Agents.Restart(ctx, agentID) // which loads it
}

// README.md: Deploy a skill
func deploySkill(ctx context.Context, client *agento.Client, agentIDs []string) error {
	skill, err := agento.SkillFromFS(os.DirFS("skills/invoices"))
	if err != nil {
		return err
	}
	report, err := client.Skills.Deploy(ctx, agento.DeployParams{Skill: skill, Agents: agentIDs})
	if report != nil {
		for _, agent := range report.Results {
			if agent.Err != nil {
				fmt.Println(agent.AgentID, agent.Err)
			}
		}
	}
	return err
}

// README.md: Follow a log
func followLog(ctx context.Context, client *agento.Client, agentID string, out io.Writer) error {
	entries, err := client.Logs.Stream(ctx, agentID, &agento.LogsParams{Tail: 20})
	if err != nil {
		return err
	}
	for entry, err := range entries.All() {
		if err != nil {
			return err
		}
		if entry.Reconnected {
			fmt.Fprintln(out, "-- the connection was lost: lines may be missing here --")
		}
		fmt.Fprintln(out, entry.Line)
	}
	return nil
}

// README.md: Test your own backend
func TestGreeting(t *testing.T) {
	server := agentotest.NewServer()
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{Name: "Bot"})

	reply, err := greet(t.Context(), server.Client(), agent) // your code
	if err != nil || !strings.Contains(reply, "test double") {
		t.Fatalf("%q, %v", reply, err)
	}
}

// greet is some code of a user's, to be tested.
func greet(ctx context.Context, client *agento.Client, agentID string) (string, error) {
	reply, err := client.Chat.Ask(ctx, agentID, agento.SendMessageParams{Message: "Hello"})
	if err != nil {
		return "", err
	}
	return reply.Text, nil
}

func visitorOf(r *http.Request) (string, error) {
	if visitor := r.Header.Get("X-Visitor"); visitor != "" {
		return visitor, nil
	}
	return "", errors.New("nobody is signed in")
}
