package agento_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func isConflict(err error) bool { return errors.Is(err, agento.ErrConflict) }

const (
	readSoul  = "Account.Personality"
	writeSoul = "Account.UpdatePersonality"
)

func TestEditDocument(t *testing.T) {
	lost := agentotest.Drop().AfterCommit()
	tests := map[string]struct {
		prepare           func(s *agentotest.Server, id string)
		opts              []agento.Option
		calls, puts, gets int // of the caller's function, and requests to the service
		content           string
		is, not           error
	}{
		"plain": {calls: 1, puts: 1, gets: 1, content: "old+"},
		"changed once by another": {
			prepare: func(s *agentotest.Server, id string) { changeBefore(s, id, 1) },
			calls:   2, puts: 2, gets: 2, content: "other+",
		},
		"changed nine times": {
			prepare: func(s *agentotest.Server, id string) { changeBefore(s, id, 9) },
			calls:   10, puts: 10, gets: 10, content: "other+",
		},
		"changed ten times": {
			prepare: func(s *agentotest.Server, id string) { changeBefore(s, id, 10) },
			calls:   10, puts: 10, gets: 10, content: "other", is: agento.ErrConflict, not: agento.ErrOutcomeUnknown,
		},
		"applied, response lost": {
			prepare: func(s *agentotest.Server, _ string) { s.Next(writeSoul, 1, lost) },
			calls:   1, puts: 2, gets: 2, content: "old+",
		},
		"not applied, response lost": {
			prepare: func(s *agentotest.Server, _ string) { s.Next(writeSoul, 1, agentotest.Drop()) },
			calls:   1, puts: 2, gets: 1, content: "old+",
		},
		"not applied, all responses lost": {
			prepare: func(s *agentotest.Server, _ string) { s.Next(writeSoul, 9, agentotest.Drop()) },
			calls:   1, puts: 4, gets: 2, content: "old", is: agento.ErrOutcomeUnknown,
		},
		"not applied, without retries": {
			prepare: func(s *agentotest.Server, _ string) { s.Next(writeSoul, 1, agentotest.Drop()) },
			opts:    []agento.Option{agento.WithMaxRetries(0)},
			calls:   1, puts: 1, gets: 2, content: "old", is: agento.ErrOutcomeUnknown,
		},
		"rate limited": {
			prepare: func(s *agentotest.Server, _ string) {
				s.Next(writeSoul, 1, agentotest.Fail(429, "rate_limit_exceeded"))
			},
			calls: 1, puts: 2, gets: 1, content: "old+",
		},
		"unavailable": {
			prepare: func(s *agentotest.Server, _ string) { s.Next(writeSoul, 2, agentotest.Fail(503, "unavailable")) },
			calls:   1, puts: 3, gets: 1, content: "old+",
		},
		"unavailable after it was applied": {
			prepare: func(s *agentotest.Server, _ string) {
				s.Next(writeSoul, 1, agentotest.Fail(503, "unavailable").AfterCommit())
			},
			calls: 1, puts: 2, gets: 2, content: "old+",
		},
		"applied, response lost, then changed by another": {
			prepare: func(s *agentotest.Server, id string) {
				s.Inject(func(r agentotest.Request) (agentotest.Fault, bool) {
					if r.Method == http.MethodGet && len(s.RequestsTo(readSoul)) == 2 {
						s.SetPersonality(id, "other")
					}
					return lost, r.Method == http.MethodPut
				})
			},
			calls: 1, puts: 4, gets: 2, content: "other", is: agento.ErrOutcomeUnknown, not: agento.ErrConflict,
		},
		// The first write takes effect after the read.
		"delayed": {
			prepare: func(s *agentotest.Server, id string) {
				s.Inject(func(r agentotest.Request) (agentotest.Fault, bool) {
					puts := len(s.RequestsTo(writeSoul))
					if isPut(r) && puts == 2 {
						s.SetPersonality(id, "old+")
					}
					return agentotest.Drop(), isPut(r) && puts == 1
				})
			},
			calls: 1, puts: 2, gets: 2, content: "old+",
		},
		"delayed, then changed by another": {
			prepare: func(s *agentotest.Server, id string) {
				s.Inject(func(r agentotest.Request) (agentotest.Fault, bool) {
					puts := len(s.RequestsTo(writeSoul))
					if isPut(r) && puts == 2 {
						s.SetPersonality(id, "other")
					}
					return agentotest.Drop(), isPut(r) && puts == 1
				})
			},
			calls: 1, puts: 2, gets: 2, content: "other", is: agento.ErrOutcomeUnknown,
		},
		"no such agent": {
			prepare: func(s *agentotest.Server, _ string) { s.Next(readSoul, 1, agentotest.Fail(404, "agent_not_found")) },
			calls:   0, puts: 0, gets: 1, content: "old", is: agento.ErrNotFound,
		},
		"forbidden": {
			prepare: func(s *agentotest.Server, _ string) { s.Next(writeSoul, 1, agentotest.Fail(403, "forbidden")) },
			calls:   1, puts: 1, gets: 1, content: "old", is: agento.ErrForbidden, not: agento.ErrOutcomeUnknown,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
				id := s.AddAgent(agentotest.AgentSeed{SoulMD: "old"})
				if tt.prepare != nil {
					tt.prepare(s, id)
				}
				calls := 0
				doc, err := s.Client().Account.EditPersonality(t.Context(), agento.ForAgent(id), func(old string) (string, error) {
					calls++
					return old + "+", nil
				}, tt.opts...)
				require.Equal(t, tt.calls, calls, "calls of the function")
				require.Len(t, s.RequestsTo(writeSoul), tt.puts)
				require.Len(t, s.RequestsTo(readSoul), tt.gets)
				require.Equal(t, tt.content, s.Agent(id).Soul.Content)
				if tt.is != nil {
					require.ErrorIs(t, err, tt.is)
					require.Nil(t, doc)
					if tt.not != nil {
						require.NotErrorIs(t, err, tt.not)
					}
					return
				}
				require.NoError(t, err)
				require.Equal(t, tt.content, doc.Content)
			})
		})
	}
}

// changeBefore lets another editor change the document before each of n writes.
func changeBefore(s *agentotest.Server, id string, n int) {
	s.Inject(func(r agentotest.Request) (agentotest.Fault, bool) {
		if isPut(r) && len(s.RequestsTo(writeSoul)) <= n {
			s.SetPersonality(id, "other")
		}
		return agentotest.Fault{}, false
	})
}

// A write that the service confirms without the document is not retried and not
// reported as refused, whatever the read of the document returns.
func TestEditConfirmedWriteNotRetried(t *testing.T) {
	for name, read := range map[string]struct {
		status int
		body   string
	}{
		"conflict":    {409, `{"error":{"code":"conflict","message":"it restarts"}}`},
		"rate limit":  {429, `{"error":{"code":"rate_limit_exceeded","message":"slow"}}`},
		"not found":   {404, `{"error":{"code":"agent_not_found","message":"gone"}}`},
		"unreadable":  {200, "<html>"},
		"no document": {200, `{"data":{}}`},
	} {
		for _, confirmed := range []*http.Response{harness.Respond(204, ""), harness.Respond(200, `{"data":null}`)} {
			t.Run(name, func(t *testing.T) {
				var methods []string
				client := harness.Client(t, harness.InOrder(t, &methods, harness.Respond(200, `{"data":{"content":"old","version":1}}`), confirmed,
					harness.Respond(read.status, read.body, "Retry-After", "3600")),
					agento.WithMaxRetries(0))
				calls := 0
				_, err := client.Account.EditPersonality(t.Context(), agento.ForAgent("a1"), func(old string) (string, error) {
					calls++
					return old + "+", nil
				})
				require.Equal(t, 1, calls, "calls of the function")
				require.Equal(t, []string{"GET", "PUT", "GET"}, methods)
				requireConfirmed(t, err, confirmed.StatusCode)
			})
		}
	}
}

// A conflict after an attempt that may have been applied may be caused by that attempt,
// whatever its status.
func TestEditConflictWithOwnWrite(t *testing.T) {
	const conflict = `{"error":{"code":"conflict","message":"changed"}}`
	for _, status := range []int{409, 200} {
		synctest.Test(t, func(t *testing.T) {
			var methods []string
			client := harness.Client(t, harness.InOrder(t, &methods, harness.Respond(200, `{"data":{"content":"old","version":1}}`),
				harness.Respond(503, ""), harness.Respond(status, conflict), harness.Respond(200, `{"data":{"content":"old+","version":2}}`)))
			calls := 0
			document, err := client.Account.EditPersonality(t.Context(), agento.ForAgent("a1"), func(old string) (string, error) {
				calls++
				return old + "+", nil
			})
			require.NoError(t, err)
			require.Equal(t, 1, calls, "calls of the function")
			require.Equal(t, "old+", document.Content)
			require.Equal(t, []string{"GET", "PUT", "PUT", "GET"}, methods)
		})
	}
}

func TestEditWithoutChangeWritesNothing(t *testing.T) {
	broken := errors.New("the function is broken")
	tests := map[string]struct {
		edit func(string) (string, error)
		is   error
	}{
		"when nothing changes":      {func(old string) (string, error) { return old, nil }, nil},
		"when the function fails":   {func(string) (string, error) { return "", broken }, broken},
		"when it fails as conflict": {func(string) (string, error) { return "", agento.ErrConflict }, agento.ErrConflict},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
				id := s.AddAgent(agentotest.AgentSeed{WorkflowMD: "steps"})
				var response agento.Response
				doc, err := s.Client().Account.EditWorkflow(t.Context(), agento.ForAgent(id), tt.edit, agento.WithResponse(&response))
				require.ErrorIs(t, err, tt.is)
				require.Len(t, s.Requests(), 1)
				require.Equal(t, 200, response.StatusCode)
				if tt.is == nil {
					require.Equal(t, "steps", doc.Content)
				}
			})
		})
	}
}

func TestEditWithoutVersionFails(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
		require.Equal(t, http.MethodGet, r.Method)
		return harness.Respond(200, `{"data":{"soulMd":"# A"}}`), nil
	}))
	_, err := client.Account.EditPersonality(t.Context(), agento.ForAgent("a1"), func(old string) (string, error) { return old + "x", nil })
	require.ErrorContains(t, err, "no version")
}

// Extra fields are sent with the write, but not with the reads, which have no body.
func TestEditExtraFieldsInWriteOnly(t *testing.T) {
	var body string
	client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPut {
			b, err := io.ReadAll(r.Body)
			body = string(b)
			return harness.Respond(200, `{"data":{"content":"ab","version":2}}`), err
		}
		return harness.Respond(200, `{"data":{"content":"a","version":1}}`), nil
	}))
	var response agento.Response
	_, err := client.Account.EditPersonality(t.Context(), agento.ForAgent("a1"), func(old string) (string, error) { return old + "b", nil },
		agento.WithExtra("note", "why"), agento.WithResponse(&response))
	require.NoError(t, err)
	require.JSONEq(t, `{"content":"ab","version":1,"note":"why"}`, body)
	require.JSONEq(t, `{"data":{"content":"ab","version":2}}`, string(response.Body))
}

// A write that was not sent is retried without reading the document back.
func TestEditRetriesUnsentWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var methods []string
		client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
			methods = append(methods, r.Method)
			if len(methods) == 2 {
				return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
			}
			return harness.Respond(200, `{"data":{"content":"x","version":1}}`), nil
		}))
		_, err := client.Account.EditWorkflow(t.Context(), agento.ForAgent("a1"), func(old string) (string, error) { return old + "+", nil })
		require.NoError(t, err)
		require.Equal(t, []string{"GET", "PUT", "PUT"}, methods)
	})
}

// Edits of one document run one after the other, in the order of the calls. Edits of
// other documents do not wait.
func TestEditsOfOneDocumentSerialized(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		id, other := s.AddAgent(agentotest.AgentSeed{SoulMD: "x", WorkflowMD: "x"}), s.AddAgent(agentotest.AgentSeed{WorkflowMD: "x"})
		account := s.Client().Account
		var order []string
		edit := func(name string) func(string) (string, error) {
			return func(old string) (string, error) {
				order = append(order, name)
				time.Sleep(time.Minute)
				return old + "+", nil
			}
		}
		begun := time.Now()
		for _, one := range []func(){
			func() { account.EditPersonality(t.Context(), agento.ForAgent(id), edit("first")) },
			func() { account.EditPersonality(t.Context(), agento.ForAgent(id), edit("second")) },
			func() { account.EditWorkflow(t.Context(), agento.ForAgent(id), edit("workflow")) },
			func() { account.EditWorkflow(t.Context(), agento.ForAgent(other), edit("other agent")) },
		} {
			go one()
			synctest.Wait()
		}
		require.Equal(t, []string{"first", "workflow", "other agent"}, order)

		ctx, cancel := context.WithTimeoutCause(t.Context(), 30*time.Second, errors.New("the user left"))
		defer cancel()
		_, err := account.EditPersonality(ctx, agento.ForAgent(id), edit("late"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "the user left")
		require.Equal(t, 30*time.Second, time.Since(begun))

		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, []string{"first", "workflow", "other agent", "second"}, order)
		require.Equal(t, "x++", s.Agent(id).Soul.Content)
	})
}

// An edit that meets conflicts until its context ends reports both.
func TestEditConflictsUntilContextEnds(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		id := s.AddAgent(agentotest.AgentSeed{SoulMD: "x"})
		changeBefore(s, id, 100)
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
		defer cancel()
		_, err := s.Client().Account.EditPersonality(ctx, agento.ForAgent(id), func(old string) (string, error) { return old + "+", nil })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, agento.ErrConflict)
		require.NotContains(t, err.Error(), "\n")
	})
}

func TestEditInvalidArguments(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return nil, errors.ErrUnsupported
	}))
	keep := func(old string) (string, error) { return old, nil }
	//lint:ignore SA1012 the test is about it
	_, err := client.Account.EditPersonality(nil, agento.ForAgent("a1"), keep)
	require.ErrorIs(t, err, agento.ErrValidation)
	for name, call := range map[string]func() (*agento.Document, error){
		"edit": func() (*agento.Document, error) {
			return client.Account.EditPersonality(t.Context(), agento.ForAgent("a1"), nil)
		},
		"target": func() (*agento.Document, error) {
			return client.Account.EditWorkflow(t.Context(), agento.Target{}, keep)
		},
		"swarm": func() (*agento.Document, error) {
			return client.Account.EditWorkflow(t.Context(), agento.ForSwarm("s1"), keep)
		},
		"WithExtra": func() (*agento.Document, error) {
			return client.Account.EditWorkflow(t.Context(), agento.ForAgent("a1"), keep, agento.WithExtra("", 1))
		},
		"WithPacing": func() (*agento.Document, error) {
			return client.Account.EditWorkflow(t.Context(), agento.ForAgent("a1"), keep, agento.WithPacing(false))
		},
		"Personality": func() (*agento.Document, error) {
			return client.Account.Personality(t.Context(), agento.ForSwarm("s1"))
		},
		`target is ".`: func() (*agento.Document, error) {
			return client.Account.Personality(t.Context(), agento.ForAgent(".."))
		},
	} {
		_, err := call()
		require.ErrorIs(t, err, agento.ErrValidation)
		require.True(t, strings.Contains(err.Error(), name), "%v does not name %s", err, name)
	}
}
