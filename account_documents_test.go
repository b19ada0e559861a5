package agento_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func TestDocumentDecoded(t *testing.T) {
	tests := map[string]struct {
		data    string
		content string
		version agento.DocumentVersion
		fails   bool
	}{
		"content":              {`{"content":"# A","version":"v1"}`, "# A", `"v1"`, false},
		"name at creation":     {`{"soulMd":"# A","version":7}`, "# A", "7", false},
		"workflow's name":      {`{"workflowMd":"# A"}`, "# A", "", false},
		"content wins":         {`{"content":"# A","soulMd":"# B"}`, "# A", "", false},
		"null is empty":        {`{"content":null,"version":null}`, "", "", false},
		"empty version":        {`{"content":"","version":""}`, "", "", false},
		"a large number":       {`{"content":"x","version":123456789012345678901234567890}`, "x", "123456789012345678901234567890", false},
		"a decimal":            {`{"content":"x","version":1.50}`, "x", "1.50", false},
		"unknown fields":       {`{"content":"x","author":{"id":1}}`, "x", "", false},
		"content is a number":  {`{"content":1}`, "", "", true},
		"document is a string": {`"# A"`, "", "", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var doc agento.Document
			err := json.Unmarshal([]byte(tt.data), &doc)
			require.Equal(t, tt.fails, err != nil, "%v", err)
			if err == nil {
				require.Equal(t, tt.content, doc.Content)
				require.Equal(t, tt.version, doc.Version)
			}
		})
	}
}

// A version is sent as it was received. A version that is not JSON is sent as a string.
func TestDocumentVersionSentUnchanged(t *testing.T) {
	tests := map[string]struct {
		version agento.DocumentVersion
		want    string
	}{
		"text":             {`"v1"`, `{"content":"x","version":"v1"}`},
		"digits as text":   {`"007"`, `{"content":"x","version":"007"}`},
		"number":           {`7`, `{"content":"x","version":7}`},
		"large number":     {`123456789012345678901234567890`, `{"content":"x","version":123456789012345678901234567890}`},
		"own, not JSON":    {`rev-a`, `{"content":"x","version":"rev-a"}`},
		"none: overwrites": {``, `{"content":"x"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var sent string
			client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(r.Body)
				sent = string(body)
				return harness.Respond(200, `{"data":{"content":"x","version":8}}`), err
			}))
			doc, err := client.Account.UpdateWorkflow(t.Context(), agento.ForAgent("a1"), agento.UpdateDocumentParams{Content: "x", Version: tt.version})
			require.NoError(t, err)
			require.Equal(t, tt.want, sent)
			require.Equal(t, agento.DocumentVersion("8"), doc.Version)
		})
	}
}

func TestUpdateDocument(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		agent := agento.ForAgent(s.AddAgent(agentotest.AgentSeed{SoulMD: "old", WorkflowMD: "steps"}))
		account := s.Client().Account

		old, err := account.Personality(t.Context(), agent)
		require.NoError(t, err)
		require.Equal(t, "old", old.Content)
		updated, err := account.UpdatePersonality(t.Context(), agent, agento.UpdateDocumentParams{Content: "new", Version: old.Version})
		require.NoError(t, err)
		require.Equal(t, "new", updated.Content)
		require.NotEqual(t, old.Version, updated.Version)

		_, err = account.UpdatePersonality(t.Context(), agent, agento.UpdateDocumentParams{Content: "newer", Version: old.Version})
		require.ErrorIs(t, err, agento.ErrConflict)
		require.NotErrorIs(t, err, agento.ErrOutcomeUnknown)
		require.Len(t, s.RequestsTo("Account.Personality"), 1, "a plain conflict needs no read")

		_, err = account.UpdatePersonality(t.Context(), agent, agento.UpdateDocumentParams{Content: "newer"})
		require.NoError(t, err, "no version overwrites")

		steps, err := account.Workflow(t.Context(), agent)
		require.NoError(t, err)
		require.Equal(t, "steps", steps.Content)
	})
}

func TestUpdateDocumentResponseLost(t *testing.T) {
	const update = "Account.UpdatePersonality"
	lost := agentotest.Drop().AfterCommit()
	tests := map[string]struct {
		prepare       func(s *agentotest.Server, id string)
		unknown       bool
		conflict      bool
		puts, gets    int
		content       string
		unconditional bool
	}{
		"applied": {
			prepare: func(s *agentotest.Server, _ string) { s.Next(update, 1, lost) },
			puts:    2, gets: 1, content: "new", // the second PUT has a stale version
		},
		"body truncated": {
			prepare: func(s *agentotest.Server, _ string) { s.Next(update, 1, agentotest.Cut(9)) },
			puts:    2, gets: 1, content: "new",
		},
		"not applied": {
			prepare: func(s *agentotest.Server, _ string) { s.Next(update, 1, agentotest.Drop()) },
			puts:    2, gets: 0, content: "new",
		},
		"503 after it was applied": {
			prepare: func(s *agentotest.Server, _ string) {
				s.Next(update, 1, agentotest.Fail(503, "unavailable").AfterCommit())
			},
			puts: 2, gets: 1, content: "new",
		},
		"without a version": {
			prepare: func(s *agentotest.Server, _ string) { s.Next(update, 1, lost) },
			puts:    2, gets: 0, content: "new", unconditional: true,
		},
		"all responses lost": {
			prepare: func(s *agentotest.Server, _ string) { s.Next(update, 4, lost) },
			puts:    4, gets: 1, content: "new",
		},
		"never applied": {
			prepare: func(s *agentotest.Server, _ string) { s.Next(update, 4, agentotest.Drop()) },
			puts:    4, gets: 1, content: "old", unknown: true,
		},
		"overwritten meanwhile": {
			prepare: func(s *agentotest.Server, id string) {
				s.Inject(func(r agentotest.Request) (agentotest.Fault, bool) {
					puts := len(s.RequestsTo(update))
					if isPut(r) && puts == 2 {
						s.SetPersonality(id, "another's")
					}
					return lost, isPut(r) && puts == 1
				})
			},
			puts: 2, gets: 1, content: "another's", unknown: true, conflict: true,
		},
		"cannot be read back": {
			prepare: func(s *agentotest.Server, _ string) {
				s.Next(update, 1, lost)
				s.Next("Account.Personality", 1, agentotest.Fail(403, "forbidden"))
			},
			puts: 2, gets: 1, content: "new", unknown: true, conflict: true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
				id := s.AddAgent(agentotest.AgentSeed{SoulMD: "old"})
				account := s.Client().Account
				p := agento.UpdateDocumentParams{Content: "new"}
				if !tt.unconditional {
					doc, err := account.Personality(t.Context(), agento.ForAgent(id))
					require.NoError(t, err)
					p.Version = doc.Version
				}
				s.ForgetRequests()
				tt.prepare(s, id)

				doc, err := account.UpdatePersonality(t.Context(), agento.ForAgent(id), p)

				require.Len(t, s.RequestsTo(update), tt.puts)
				require.Len(t, s.RequestsTo("Account.Personality"), tt.gets)
				require.Equal(t, tt.content, s.Agent(id).Soul.Content)
				if tt.unknown {
					require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
					require.Equal(t, tt.conflict, isConflict(err), "%v", err)
					return
				}
				require.NoError(t, err)
				require.Equal(t, "new", doc.Content)
				require.JSONEq(t, `"`+s.Agent(id).Soul.Version+`"`, string(doc.Version))
			})
		})
	}
}

// A response without the content is treated like a lost one: the document is read.
func TestUpdateDocumentResponseWithoutContent(t *testing.T) {
	for name, answer := range map[string]*http.Response{
		"204":        harness.Respond(204, ""),
		"null":       harness.Respond(200, `{"data":null}`),
		"no content": harness.Respond(200, `{"data":{"version":"2"}}`),
	} {
		t.Run(name, func(t *testing.T) {
			client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPut {
					return answer, nil
				}
				return harness.Respond(200, `{"data":{"content":"new","version":"2"}}`, "X-Request-Id", "req_get"), nil
			}))
			var response agento.Response
			doc, err := client.Account.UpdatePersonality(t.Context(), agento.ForAgent("a1"),
				agento.UpdateDocumentParams{Content: "new", Version: `"1"`}, agento.WithResponse(&response), agento.WithExtra("x", 1))
			require.NoError(t, err)
			require.Equal(t, agento.DocumentVersion(`"2"`), doc.Version)
			require.Equal(t, "req_get", response.RequestID, "the response with the document")
		})
	}
}

// If the outcome stays unknown, WithResponse has the response to the write.
func TestUpdateDocumentUnresolvedKeepsWriteResponse(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPut {
			return harness.Respond(200, `not JSON`, "X-Request-Id", "req_put"), nil
		}
		return harness.Respond(200, `{"data":{"content":"other","version":"3"}}`, "X-Request-Id", "req_get"), nil
	}))
	var response agento.Response
	_, err := client.Account.UpdatePersonality(t.Context(), agento.ForAgent("a1"),
		agento.UpdateDocumentParams{Content: "new", Version: `"1"`}, agento.WithResponse(&response))
	require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
	require.ErrorContains(t, err, "it has other content")
	require.Equal(t, "req_put", response.RequestID)
}

// The service decides whether a document may be empty.
func TestUpdateDocumentEmptyContentSent(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		id := s.AddAgent(agentotest.AgentSeed{WorkflowMD: "steps"})
		_, err := s.Client().Account.UpdateWorkflow(t.Context(), agento.ForAgent(id), agento.UpdateDocumentParams{})
		require.NotErrorIs(t, err, agento.ErrOutcomeUnknown)
		require.Len(t, s.Requests(), 1)
	})
}

type inject = func(agentotest.Request) (agentotest.Fault, bool)

// everyFifth drops every fifth response to a matching request, after the request took
// effect.
func everyFifth(matches func(agentotest.Request) bool) inject {
	var n atomic.Int64
	return func(r agentotest.Request) (agentotest.Fault, bool) {
		return agentotest.Drop().AfterCommit(), matches(r) && n.Add(1)%5 == 0
	}
}

func anyCall(agentotest.Request) bool { return true }

func isPut(r agentotest.Request) bool { return r.Method == "PUT" }

// slow delays every response, so that the edits of many clients overlap.
func slow(d time.Duration, next inject) inject {
	return func(r agentotest.Request) (agentotest.Fault, bool) {
		if f, ok := next(r); ok {
			return f.Delayed(d), true
		}
		return agentotest.Delay(d), true
	}
}

func noFault(agentotest.Request) (agentotest.Fault, bool) { return agentotest.Fault{}, false }

// appender appends lines. After an unknown outcome it reads the document before it
// edits again.
type appender struct {
	client  *agento.Client
	agent   agento.Target
	unknown *atomic.Int64
}

func (a appender) add(ctx context.Context, line string) error {
	for {
		_, err := a.client.Account.EditPersonality(ctx, a.agent, func(old string) (string, error) {
			return old + line, nil
		})
		if !errors.Is(err, agento.ErrOutcomeUnknown) {
			return err
		}
		a.unknown.Add(1)
		doc, err := a.client.Account.Personality(ctx, a.agent)
		if err != nil || strings.Contains(doc.Content, line) {
			return err
		}
	}
}

func TestConcurrentEditsLoseNothing(t *testing.T) {
	tests := map[string]struct {
		clients, edits int
		faults         inject
		resolvable     bool // by the SDK, because nothing else writes
	}{
		"one client":                                   {1, 50, noFault, true},
		"one client, responses lost":                   {1, 50, everyFifth(anyCall), true},
		"one client, responses to writes lost":         {1, 50, everyFifth(isPut), true},
		"one client, slow, responses lost":             {1, 50, slow(20*time.Millisecond, everyFifth(anyCall)), true},
		"five clients":                                 {5, 10, noFault, true},
		"five clients, slow":                           {5, 10, slow(20*time.Millisecond, noFault), true},
		"five clients, very slow":                      {5, 10, slow(time.Second, noFault), true},
		"five clients, responses to writes lost":       {5, 10, everyFifth(isPut), false},
		"five clients, slow, responses to writes lost": {5, 10, slow(20*time.Millisecond, everyFifth(isPut)), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
				id := s.AddAgent(agentotest.AgentSeed{SoulMD: "# Rules\n"})
				s.Inject(tt.faults)
				var edits sync.WaitGroup
				var unknown atomic.Int64
				var want []string
				for c := range tt.clients {
					a := appender{s.Client(), agento.ForAgent(id), &unknown}
					for i := range tt.edits {
						line := fmt.Sprintf("- rule %02d of client %d\n", i, c)
						want = append(want, line)
						edits.Go(func() {
							if err := a.add(t.Context(), line); err != nil {
								t.Errorf("%q: %v", line, err)
							}
						})
					}
				}
				edits.Wait()
				soul := s.Agent(id).Soul.Content
				require.ElementsMatch(t, want, strings.SplitAfter(strings.TrimPrefix(soul, "# Rules\n"), "\n")[:len(want)])
				require.Len(t, soul, len("# Rules\n")+len(strings.Join(want, "")), "each line once")
				if tt.resolvable {
					require.Zero(t, unknown.Load())
				}
				t.Logf("%d requests, %d outcomes left to the caller", len(s.Requests()), unknown.Load())
			})
		})
	}
}
