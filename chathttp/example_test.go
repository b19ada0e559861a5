package chathttp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/chathttp"
)

type visitorKey struct{}

// signIn stands for your own sign-in: it identifies the visitor by something that
// a visitor cannot forge.
func signIn(next http.Handler) http.Handler {
	visitors := map[string]string{"cookie-of-pia": "customer-17"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cookie, err := r.Cookie("shop"); err == nil {
			r = r.WithContext(context.WithValue(r.Context(), visitorKey{}, visitors[cookie.Value]))
		}
		next.ServeHTTP(w, r)
	})
}

// greeter makes the agents of a fake service greet a visitor by its peer ID.
func greeter() agentotest.Option {
	return agentotest.WithReply(func(turn agentotest.Turn) []string { return []string{"Hello, ", turn.PeerID + "!"} })
}

func ExampleHandler() {
	service := agentotest.NewServer(greeter())
	defer service.Close()
	agent := service.AddAgent(agentotest.AgentSeed{Name: "Support", SharedMode: true})

	chat, err := chathttp.NewHandler(service.Client(), chathttp.Config{
		Visitor: func(r *http.Request) (string, error) {
			if visitor, _ := r.Context().Value(visitorKey{}).(string); visitor != "" {
				return visitor, nil
			}
			return "", errors.New("not signed in")
		},
		Turn: func(_ *http.Request, v chathttp.Visit) (chathttp.Turn, error) {
			return chathttp.Turn{AgentID: agent, Context: map[string]string{"plan": "gold"}}, nil
		},
		TokenKeys: []chathttp.TokenKey{chathttp.NewTokenKey("2026-11", []byte("32 random bytes, from a vault, …"))},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/chat", signIn(chat))
	backend := httptest.NewServer(mux)
	defer backend.Close()

	for _, cookie := range []string{"shop=cookie-of-pia", "shop=made-up"} {
		browser := agentotest.Browser{URL: backend.URL + "/chat", Client: backend.Client(), Header: http.Header{"Cookie": {cookie}}}
		answer, err := browser.Say(context.Background(), "Where is my order?")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d %q %q\n", answer.Status, answer.Text, answer.Code)
	}
	fmt.Println(chat.Shutdown(context.Background())) // on SIGTERM, before that of http.Server
	// Output:
	// 200 "Hello, customer-17!" ""
	// 401 "" "unauthorized"
	// <nil>
}

// A backend for many tenants: each has its own account, agent and quota.
func ExampleTurn() {
	type tenant struct {
		client   *agento.Client
		agent    string
		messages int // left this month
	}
	service := agentotest.NewServer(greeter())
	defer service.Close()
	tenants := map[string]*tenant{
		"shop": {service.Client(), service.AddAgent(agentotest.AgentSeed{SharedMode: true}), 1},
	}
	chat, err := chathttp.NewHandler(service.Client(), chathttp.Config{
		Visitor: func(r *http.Request) (string, error) {
			if tenants[r.PathValue("tenant")] == nil {
				return "", &chathttp.Error{Status: 404, Code: "no_such_tenant", Message: "There is no such shop."}
			}
			return r.PathValue("tenant") + "/" + r.Header.Get("Visitor"), nil
		},
		Turn: func(r *http.Request, _ chathttp.Visit) (chathttp.Turn, error) {
			t := tenants[r.PathValue("tenant")]
			if t.messages == 0 {
				return chathttp.Turn{}, &chathttp.Error{
					Status: 429, Code: "quota_used", Message: "The assistant is back tomorrow.", RetryAfter: 24 * time.Hour,
				}
			}
			t.messages-- // a real backend needs a lock here
			return chathttp.Turn{AgentID: t.agent, Client: t.client}, nil
		},
		OnTurn: func(_ context.Context, t chathttp.TurnInfo) {
			fmt.Printf("%s asked %q: %q, complete: %t\n", t.PeerID, t.Message, t.Text, t.Err == nil)
		},
		TokenKeys: []chathttp.TokenKey{chathttp.NewTokenKey("2026-11", []byte("32 random bytes, from a vault, …"))},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/{tenant}/chat", chat)
	backend := httptest.NewServer(mux)
	defer backend.Close()

	for _, tenant := range []string{"shop", "shop", "other"} {
		browser := agentotest.Browser{URL: backend.URL + "/" + tenant + "/chat", Client: backend.Client(), Header: http.Header{"Visitor": {"pia"}}}
		answer, err := browser.Say(context.Background(), "Hi")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d %q, Retry-After %q\n", answer.Status, answer.Code, answer.Header.Get("Retry-After"))
	}
	// Output:
	// shop/pia asked "Hi": "Hello, shop/pia!", complete: true
	// 200 "", Retry-After ""
	// 429 "quota_used", Retry-After "86400"
	// 404 "no_such_tenant", Retry-After ""
}

// Both the API key and the keys that sign tokens change while the handler runs.
func ExampleConfig() {
	service := agentotest.NewServer(greeter())
	defer service.Close()
	agent := service.AddAgent(agentotest.AgentSeed{SharedMode: true})

	var apiKey atomic.Pointer[string]
	setAPIKey := func(key string) { apiKey.Store(&key) }
	setAPIKey(service.Key())
	client, err := agento.New("", agento.WithBaseURL(service.URL), agento.WithHTTPClient(service.HTTPClient()),
		agento.WithKeySource(func(context.Context) (string, error) { return *apiKey.Load(), nil }))
	if err != nil {
		fmt.Println(err)
		return
	}
	var tokenKeys atomic.Pointer[[]chathttp.TokenKey]
	setTokenKeys := func(keys ...chathttp.TokenKey) { tokenKeys.Store(&keys) }
	before := chathttp.NewTokenKey("2026-11", []byte("32 random bytes, from a vault, …"))
	after := chathttp.NewTokenKey("2026-12", []byte("32 other bytes, from a vault, …!"))
	setTokenKeys(before)
	chat, err := chathttp.NewHandler(client, chathttp.Config{
		Visitor:       func(*http.Request) (string, error) { return "customer-17", nil },
		Turn:          func(*http.Request, chathttp.Visit) (chathttp.Turn, error) { return chathttp.Turn{AgentID: agent}, nil },
		TokenKeysFunc: func(context.Context) ([]chathttp.TokenKey, error) { return *tokenKeys.Load(), nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	backend := httptest.NewServer(chat)
	defer backend.Close()

	browser := agentotest.Browser{URL: backend.URL, Client: backend.Client()}
	say := func() {
		answer, err := browser.Say(context.Background(), "Hi")
		if err != nil {
			fmt.Println(err)
			return
		}
		signedBy, _, _ := strings.Cut(browser.Token, ".")
		fmt.Printf("%d %q, token signed by %s\n", answer.Status, answer.Text, signedBy)
	}
	say()
	setAPIKey(service.AddKey("chat"))
	service.RevokeKey(service.Key())
	setTokenKeys(after, before) // with replicas, first before, after on each
	say()
	setTokenKeys(after)
	say()
	fmt.Println(len(service.Sessions(agent)), "session")
	// Output:
	// 200 "Hello, customer-17!", token signed by 2026-11
	// 200 "Hello, customer-17!", token signed by 2026-12
	// 200 "Hello, customer-17!", token signed by 2026-12
	// 1 session
}

func ExampleRelay() {
	service := agentotest.NewServer(greeter())
	defer service.Close()
	agent := service.AddAgent(agentotest.AgentSeed{})
	client := service.Client()

	handler := func(w http.ResponseWriter, r *http.Request) {
		stream, err := client.Chat.Send(r.Context(), agent, agento.SendMessageParams{Message: "Hi", PeerID: "Pia"})
		if err != nil {
			http.Error(w, "the chat is not available", http.StatusBadGateway)
			return
		}
		if err := chathttp.Relay(w, stream); err != nil && !errors.Is(err, chathttp.ErrBrowserGone) {
			fmt.Println(err) // the browser received an error event
		}
	}
	recorder := httptest.NewRecorder()
	handler(recorder, httptest.NewRequest(http.MethodPost, "/chat", nil))
	fmt.Print(recorder.Body)
	// Output:
	// data: {"type":"text","content":"Hello, "}
	//
	// data: {"type":"text","content":"Pia!"}
	//
	// data: {"type":"done"}
}
