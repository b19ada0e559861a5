package agento_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

// readmeService is a service whose key has the scopes that a section of the
// README names, and no others.
func readmeService(section string, opts ...agentotest.Option) (server *agentotest.Server, key string) {
	server = agentotest.NewServer(append(opts, agentotest.WithReply(func(agentotest.Turn) []string {
		return []string{"It is ", "on its way."}
	}))...)
	return server, server.AddKey(readmeScopes(section)...)
}

func readmeClient(section string, opts ...agento.Option) (*agentotest.Server, *agento.Client) {
	server, key := readmeService(section)
	opts = append(opts, agento.WithBaseURL(server.URL), agento.WithHTTPClient(server.HTTPClient()))
	client, err := agento.New(key, opts...)
	if err != nil {
		log.Panic(err)
	}
	return server, client
}

var scopesLine = regexp.MustCompile(`(?m)^Scopes?: (.*)\.$`)

func readmeScopes(section string) []string {
	text, err := os.ReadFile("README.md")
	if err != nil {
		log.Panic(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n## "+section+"\n")
	if !ok {
		log.Panicf("README.md has no section %q", section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	line := scopesLine.FindStringSubmatch(rest)
	if line == nil {
		log.Panicf("the section %q of README.md names no scopes", section)
	}
	return strings.Split(strings.ReplaceAll(line[1], "`", ""), ", ")
}

func Example_installAndCall() {
	server, key := readmeService("Install and call")
	defer server.Close()
	server.AddAgent(agentotest.AgentSeed{Name: "Bot"})
	for name, value := range map[string]string{"AGENTO_API_KEY": key, "AGENTO_BASE_URL": server.URL} {
		defer os.Setenv(name, os.Getenv(name))
		os.Setenv(name, value)
	}
	if err := firstCall(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: Bot running
}

func Example_createAnAgent() {
	server, client := readmeClient("Create an agent")
	defer server.Close()
	defer os.Setenv("ANTHROPIC_API_KEY", os.Getenv("ANTHROPIC_API_KEY"))
	os.Setenv("ANTHROPIC_API_KEY", "made up")
	if err := newSupportAgent(context.Background(), client); err != nil {
		fmt.Println(err)
	}
	fmt.Println(server.Agents()[0].Name, server.Agents()[0].Status)
	// Output: Support running
}

func Example_streamAnAnswer() {
	server, client := readmeClient("Stream an answer")
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{})
	if err := streamAnswer(context.Background(), client, agent); err != nil {
		fmt.Println(err)
	}
	fmt.Println()
	server.Next("Chat.Send", 1, agentotest.Cut(60)) // in the middle of the answer
	if err := streamAnswer(context.Background(), client, agent); err != nil {
		fmt.Println("cut")
	}
	// Output:
	// It is on its way.
	// It is cut
}

func Example_keepAConversation() {
	server, client := readmeClient("Keep a conversation")
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{})
	if err := holdConversation(context.Background(), client, agent); err != nil {
		fmt.Println(err)
	}
	fmt.Println(len(server.Sessions(agent)), "session")
	// Output:
	// It is on its way.
	// 1 session
}

func Example_tellErrorsApart() {
	server, client := readmeClient("Tell errors apart")
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{})
	fmt.Println(tellErrorsApart(context.Background(), client, agent))
	fmt.Println(tellErrorsApart(context.Background(), client, "a-404"))
	server.Next("Agents.Stop", 1, agentotest.Drop().AfterCommit())
	err := tellErrorsApart(context.Background(), client, agent)
	fmt.Println(strings.HasPrefix(err.Error(), "it may have been stopped"))
	// Output:
	// <nil>
	// agent a-404 does not exist
	// true
}

func Example_stayWithinTheRateLimit() {
	server, client := readmeClient("Stay within the rate limit")
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{})
	fmt.Println(withinTheLimit(context.Background(), client, agent))
	server.Next("Chat.Send", 1, agentotest.Answer(agentotest.Raw{
		Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3600"}},
	}))
	fmt.Println(withinTheLimit(context.Background(), client, agent))
	// Output:
	// <nil>
	// busy, try again in 1h0m0s
}

func Example_chatWidget() {
	server, client := readmeClient("Put an agent behind a chat widget")
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{SharedMode: true})
	mux := http.NewServeMux()
	if err := chatWidget(client, mux, agent, []byte("32 random bytes, made up for this")); err != nil {
		fmt.Println(err)
	}
	backend := httptest.NewServer(mux)
	defer backend.Close()
	browser := agentotest.Browser{URL: backend.URL + "/chat", Client: backend.Client(), Header: http.Header{"X-Visitor": {"pia"}}}
	answer, err := browser.Say(context.Background(), "Where is my order?")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.Status, answer.Text)
	// Output: 200 It is on its way.
}

// inTestdata changes into the folder that has the README's folders.
func inTestdata() (back func()) {
	if err := os.Chdir("testdata"); err != nil {
		log.Panic(err)
	}
	return func() { _ = os.Chdir("..") }
}

func Example_feedAKnowledgeBase() {
	server, client := readmeClient("Feed a knowledge base")
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{})
	defer inTestdata()()
	if err := feedKnowledge(context.Background(), client, agent); err != nil {
		fmt.Println(err)
	}
	for _, chunk := range server.Knowledge(agent) {
		fmt.Printf("%s: %s\n", chunk.Source, chunk.Title)
	}
	// Unordered output:
	// orders.md: Orders
	// orders.md: Orders > Returns
}

func Example_changeAPersonality() {
	server, client := readmeClient("Change a personality")
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{SoulMD: "You are brief."})
	if err := changePersonality(context.Background(), client, agent); err != nil {
		fmt.Println(err)
	}
	fmt.Println(server.Agent(agent).Loaded.SoulMD)
	// Output:
	// You are brief.
	// Never promise a refund.
}

func Example_deployASkill() {
	server, client := readmeClient("Deploy a skill")
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{})
	defer inTestdata()()
	if err := deploySkill(context.Background(), client, []string{agent}); err != nil {
		fmt.Println(err)
	}
	fmt.Println(server.Agent(agent).Loaded.Skills)
	// Output: map[invoices:1.0.0]
}

func Example_followALog() {
	var closeLog func()
	server, client := readmeClient("Follow a log", agento.WithObserver(agento.Observer{
		FirstEvent: func(context.Context, agento.CallInfo, time.Duration) { closeLog() },
	}))
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{Status: "stopped"})
	server.AppendLog(agent, "WARN", "the disk is nearly full")
	closeLog = func() { server.CloseLogStreams(agent) } // otherwise it is followed without end
	var out strings.Builder
	if err := followLog(context.Background(), client, agent, &out); err != nil {
		fmt.Println(err)
	}
	fmt.Println(strings.HasSuffix(out.String(), "WARN the disk is nearly full\n"))
	// Output: true
}
