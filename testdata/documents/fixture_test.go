// Package documents_test has what the blocks of Go code in the documents take
// for granted; the blocks themselves are added when it is tested.
package documents_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/chathttp"
	"github.com/remsyshq/agento-go/internal/test/documents"
)

var (
	mux        = http.NewServeMux()
	secret     = []byte("32 random bytes, made up for this")
	chat       *chathttp.Handler
	server     *http.Server
	terminated context.Context
)

func visitorOf(r *http.Request) (string, error) {
	if visitor := r.Header.Get("X-Visitor"); visitor != "" {
		return visitor, nil
	}
	return "", errors.New("not signed in")
}

func signIn(next http.Handler) http.Handler { return next }

func factsAbout(string) map[string]string { return map[string]string{"plan": "gold"} }

func greet(ctx context.Context, client *agento.Client, agentID string) (string, error) {
	reply, err := client.Chat.Ask(ctx, agentID, agento.SendMessageParams{Message: "Hello"})
	return reply.Text, err
}

// setups prepares the service for the blocks that need more than an agent. What
// a block does but does not print is checked in After, which prints what is wrong.
var setups = map[string]func(*documents.Service){
	"readme_handle_errors":               func(*documents.Service) { agentID = "a-404" },
	"tasks_change_a_personality":         loadPersonality,
	"tasks_deploy_a_skill":               loadSkill,
	"chat_widget_a_chat_widgets_backend": talkToWidget,
	"chat_widget_the_server":             terminate,
	"chat_widget_without_the_handler":    relayAnswers,
	"errors_errors":                      restrictKey,
	"errors_when_a_write_may_have_been_applied": func(s *documents.Service) {
		s.Next("Agents.Create", 1, agentotest.Drop().AfterCommit())
	},
	"moving_from_curl":                         serveWidgets,
	"rate_limits_rate_limits":                  rateLimited,
	"streaming_a_complete_or_truncated_answer": truncate,
	"streaming_logs":                           endLog,
	"telemetry_logs":                           readRecords,
}

// truncate ends the answer within the second of two events.
func truncate(s *documents.Service) { s.Next("Chat.Send", 1, agentotest.Cut(60)) }

func rateLimited(s *documents.Service) {
	s.Next("Chat.Send", 1, agentotest.Answer(agentotest.Raw{
		Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3600"}},
	}))
}

func restrictKey(s *documents.Service) {
	os.Setenv("AGENTO_API_KEY", s.AddKey("chat"))
	var err error
	if s.Client, err = agento.NewFromEnv(); err != nil {
		panic(err)
	}
}

func loadPersonality(s *documents.Service) {
	s.After = func() {
		if agent := s.Agent(s.AgentID); agent.Loaded.SoulMD != agent.Soul.Content {
			fmt.Println("the agent has not loaded its personality")
		}
	}
}

func loadSkill(s *documents.Service) {
	s.After = func() {
		if version := s.Agent(s.AgentID).Loaded.Skills["invoices"]; version != "1.0.0" {
			fmt.Println("the agent has loaded version", version)
		}
	}
}

// endLog serves a log of two lines that ends.
func endLog(s *documents.Service) {
	s.Next("Logs.Stream", 1, agentotest.Answer(agentotest.Raw{
		Header: http.Header{"Content-Type": {"text/event-stream"}},
		Body: []byte("data: 2026-11-23T10:00:00Z INFO the agent runs\n\n" +
			"data: 2026-11-23T10:00:07Z WARN the disk is nearly full\n\n" +
			"event: close\ndata: {}\n\n"),
	}))
}

// talkToWidget sends a message from a browser to the handler that a block adds
// to mux.
func talkToWidget(s *documents.Service) {
	mux = http.NewServeMux()
	s.After = func() {
		backend := httptest.NewServer(mux)
		defer backend.Close()
		browser := agentotest.Browser{URL: backend.URL + "/chat", Header: http.Header{"X-Visitor": {"pia"}}}
		answer, err := browser.Say(context.Background(), "Hello")
		if err != nil || answer.Text != "Hello, how can I help?" {
			fmt.Println("the browser got", answer, err)
		}
	}
}

// relayAnswers sends messages to the function that a block adds to mux: one that is
// answered, one that the service fails and one that it limits.
func relayAnswers(s *documents.Service) {
	mux = http.NewServeMux()
	ask := func(status int, text string) {
		recorder := httptest.NewRecorder()
		mux.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/ask?message=Hello", nil))
		if recorder.Code != status || !strings.Contains(recorder.Body.String(), text) {
			fmt.Println("the browser got", recorder.Code, recorder.Body)
		}
	}
	s.After = func() {
		ask(http.StatusOK, `{"type":"done"}`)
		s.Next("Chat.Send", 1, agentotest.Fail(http.StatusInternalServerError, "internal_error"))
		ask(http.StatusBadGateway, "not available")
		rateLimited(s)
		ask(http.StatusServiceUnavailable, "busy")
	}
}

// terminate serves a chat handler to a process that is being terminated.
func terminate(s *documents.Service) {
	mux = http.NewServeMux()
	var err error
	chat, err = chathttp.NewHandler(s.Client, chathttp.Config{
		Visitor: visitorOf,
		Turn: func(*http.Request, chathttp.Visit) (chathttp.Turn, error) {
			return chathttp.Turn{AgentID: agentID}, nil
		},
		TokenKeys: []chathttp.TokenKey{chathttp.NewTokenKey("2026-11", secret)},
	})
	if err != nil {
		panic(err)
	}
	mux.Handle("/chat", chat)
	backend := httptest.NewServer(mux)
	server = backend.Config
	var terminate context.CancelFunc
	terminated, terminate = context.WithCancel(context.Background())
	terminate()
	s.After = func() {
		recorder := httptest.NewRecorder()
		message := httptest.NewRequest(http.MethodPost, "/chat", strings.NewReader(`{"message":"Hello"}`))
		message.Header = http.Header{"Content-Type": {"application/json"}, "X-Visitor": {"pia"}}
		chat.ServeHTTP(recorder, message)
		if recorder.Code != http.StatusServiceUnavailable {
			fmt.Println("the handler still answers", recorder.Code)
		}
		if _, err := http.Get(backend.URL); err == nil {
			fmt.Println("the server still listens")
		}
	}
}

// serveWidgets adds an operation that the SDK has no method for.
func serveWidgets(s *documents.Service) {
	widgets := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/agents/"+s.AgentID+"/widgets" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"data":[{"name":"chat"}],"pagination":{"total":1,"limit":20,"offset":0}}`)
	}))
	s.Client = s.Server.Client(agento.WithBaseURL(widgets.URL))
	s.After = widgets.Close
}

// readRecords prints the log records that a block writes to standard error,
// without what differs from run to run.
func readRecords(s *documents.Service) {
	stderr := os.Stderr
	reader, writer, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	os.Stderr = writer
	s.After = func() {
		os.Stderr = stderr
		_ = writer.Close()
		for decoder := json.NewDecoder(reader); ; {
			var record map[string]any
			if err := decoder.Decode(&record); err != nil {
				return
			}
			delete(record, "time")
			delete(record, "took")
			delete(record, "request_id")
			text, _ := json.Marshal(record)
			fmt.Printf("%s\n", text)
		}
	}
}
