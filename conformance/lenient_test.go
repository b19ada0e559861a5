package conformance

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// A failed call returns a nil object, not a partial one.
func TestErrorReturnsNilObject(t *testing.T) {
	client := harness.Client(t, harness.Always(`{"data":{"id":"a1","name":7,"content":7}}`))
	got, err := client.Agents.Get(t.Context(), "a1")
	require.Error(t, err)
	require.Nil(t, got)
	created, err := client.Agents.Create(t.Context(), agento.CreateAgentParams{Name: "Bot"})
	require.Error(t, err)
	require.Nil(t, created)
	updated, err := client.Agents.Update(t.Context(), "a1", agento.UpdateAgentParams{})
	require.Error(t, err)
	require.Nil(t, updated)
	document, err := client.Account.Personality(t.Context(), agento.ForAgent("a1"))
	require.Error(t, err)
	require.Nil(t, document)
}

// Callers may read the reply of Ask without checking the error.
func TestAskReplyNeverNil(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) { return harness.Respond(403, ""), nil }))
	for _, p := range []agento.SendMessageParams{{Message: "Hello"}, {}} {
		reply, err := client.Chat.Ask(t.Context(), "a1", p)
		require.Error(t, err)
		require.Equal(t, &agento.Reply{}, reply)
	}
}

// A plan or a usage counter in an unknown form is not an error.
func TestAccountUnknownForms(t *testing.T) {
	client := harness.Client(t, harness.Always(`{"data":{"id":"acc","plan":{"id":7,"name":"Pro"},"usage":{
		"agents":3,"period":"2026-11","flags":[],"storage":{"used":"4 GB","limit":9},"runs":{"used":2,"limit":"unlimited"},"none":null}}}`))
	account, err := client.Account.Get(t.Context())
	require.NoError(t, err)
	nine := 9.0
	require.Equal(t, &agento.Account{
		ID: "acc", Plan: agento.Plan{ID: "7", Name: "Pro"},
		Usage: map[string]agento.Usage{
			"agents": {Used: 3}, "period": {}, "flags": {}, "storage": {Limit: &nine}, "runs": {Used: 2}, "none": {},
		},
	}, account)
	for _, usage := range []string{"7", "[]", "null", `{}`, `"none"`} {
		client = harness.Client(t, harness.Always(`{"data":{"id":"acc","usage":`+usage+`}}`))
		account, err = client.Account.Get(t.Context())
		require.NoError(t, err, usage)
		require.Equal(t, "acc", account.ID)
		require.Empty(t, account.Usage)
	}
	for _, plan := range []string{"7", "[]", "null", `{}`, `"Pro"`} {
		client = harness.Client(t, harness.Always(`{"data":{"id":"acc","plan":`+plan+`}}`))
		_, err = client.Account.Get(t.Context())
		require.NoError(t, err, plan)
	}
	for _, usage := range []string{"[]", `[{"used":1}]`, "5", `"none"`, "true", "null", "{}"} {
		client = harness.Client(t, harness.Always(`{"data":{"id":"acc","email":"a@b.example","usage":`+usage+`,"name":"Ann"}}`))
		account, err = client.Account.Get(t.Context())
		require.NoError(t, err, usage)
		require.Empty(t, account.Usage, usage)
		require.Equal(t, "acc a@b.example Ann", account.ID+" "+account.Email+" "+account.Name)
	}
}

// A blank response to a call without a result is a success. An HTML page is not.
func TestBlankResponse(t *testing.T) {
	for name, call := range map[string]func(*agento.Client) error{
		"Start": func(c *agento.Client) error { return c.Agents.Start(t.Context(), "a1") },
		"Do":    func(c *agento.Client) error { return c.Do(t.Context(), "POST", "/v1/agents/a1/start", nil, nil) },
		"Do with a result": func(c *agento.Client) error {
			return c.Do(t.Context(), "POST", "/v1/agents/a1/start", nil, new(any))
		},
	} {
		for _, blank := range []string{"", "\n", " \r\n\t"} {
			require.NoError(t, call(harness.Client(t, harness.Always(blank))), "%s, %q", name, blank)
		}
		err := call(harness.Client(t, harness.Always("<html>Log in to the Wi-Fi</html>")))
		require.ErrorIs(t, err, agento.ErrOutcomeUnknown, name)
		require.ErrorContains(t, err, "Log in to the Wi-Fi", name)
	}
}

func TestErrorEnvelopeWithStatus200(t *testing.T) {
	var out agento.Agent
	for name, call := range map[string]func(*agento.Client) error{
		"object": func(c *agento.Client) error { return second(c.Agents.Get(t.Context(), "a1")) },
		"list":   func(c *agento.Client) error { return second(c.Agents.List(t.Context(), nil)) },
		"change": func(c *agento.Client) error {
			return second(c.Agents.Update(t.Context(), "a1", agento.UpdateAgentParams{}))
		},
		"no result":      func(c *agento.Client) error { return c.Agents.Restart(t.Context(), "a1") },
		"raw":            func(c *agento.Client) error { return c.Do(t.Context(), "POST", "/v1/things", nil, &out) },
		"raw, no result": func(c *agento.Client) error { return c.Do(t.Context(), "POST", "/v1/things", nil, nil) },
	} {
		for _, rest := range []string{`}`, `,"data":null}`} {
			err := call(harness.Client(t, harness.Always(`{"error":{"code":"forbidden","message":"no"}`+rest)))
			require.ErrorIs(t, err, agento.ErrForbidden, name+rest)
			require.NotErrorIs(t, err, agento.ErrOutcomeUnknown, name+rest)

			err = call(harness.Client(t, harness.Always(`{"error":{"code":"internal_error"}`+rest)))
			require.ErrorIs(t, err, agento.ErrInternal, name+rest)
			isRead := name == "object" || name == "list"
			require.Equal(t, !isRead, errors.Is(err, agento.ErrOutcomeUnknown), name+rest)

			err = call(harness.Client(t, harness.Always(`{"error":{"message":"it is late"}`+rest)))
			require.ErrorContains(t, err, "it is late", name+rest)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A response that is not decoded may have any form without an error.
func TestResponsesNotDecoded(t *testing.T) {
	for _, body := range []string{
		`{}`, `{"data":null}`, `{"success":true}`, `null`, `[]`, `["x"]`, `"done"`, `7`, `true`,
		`{"error":null}`, `{"error":{}}`, `{"error":""}`, `{"error":{"code":null,"message":""}}`,
		`{"data":{"id":"a1"},"error":{"code":"deprecated","message":"soon"}}`,
	} {
		client := harness.Client(t, harness.Always(body))
		require.NoError(t, client.Agents.Restart(t.Context(), "a1"), body)
		require.NoError(t, client.Account.PutRule(t.Context(), agento.ForAgent("a1"), "r", "be kind"), body)
		require.NoError(t, client.Do(t.Context(), "POST", "/v1/things", nil, nil), body)
	}
}

// If the response has no object, the SDK reads the object back.
func TestUpdateResponseWithoutObject(t *testing.T) {
	for _, body := range []string{`{"data":{"updated":true}}`, `{"data":{}}`, `{"data":null}`, "", "\n"} {
		client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
			if req.Method == "PATCH" {
				return harness.Respond(200, body), nil
			}
			return harness.Respond(200, `{"data":{"id":"x","name":"read"}}`), nil
		}))
		agent, err := client.Agents.Update(t.Context(), "x", agento.UpdateAgentParams{})
		require.NoError(t, err, body)
		require.Equal(t, "read", agent.Name)
		swarm, err := client.Swarms.Update(t.Context(), "x", agento.UpdateSwarmParams{})
		require.NoError(t, err, body)
		require.Equal(t, "read", swarm.Name)
	}
}

// A confirmed update is a success whatever the document contains when it is read back.
func TestUpdateDocumentConfirmedWithoutContent(t *testing.T) {
	for _, body := range []string{`{"data":{"version":"2"}}`, `{"data":null}`, "", "\n"} {
		writes := 0
		client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
			if req.Method == "PUT" {
				writes++
				return harness.Respond(200, body), nil
			}
			return harness.Respond(200, `{"data":{"content":"new\n","version":"2"}}`), nil
		}))
		document, err := client.Account.UpdatePersonality(t.Context(), agento.ForAgent("a1"), agento.UpdateDocumentParams{Content: "new"})
		require.NoError(t, err, body)
		require.Equal(t, &agento.Document{Content: "new\n", Version: `"2"`}, document)
		require.Equal(t, 1, writes)
	}
}

// A version given as plain text equals the service's version.
func TestUpdateDocumentVersionNotJSON(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
		if req.Method == "PUT" {
			return harness.Respond(501, ""), nil
		}
		return harness.Respond(200, `{"data":{"content":"old","version":"v1"}}`), nil
	}))
	_, err := client.Account.UpdatePersonality(t.Context(), agento.ForAgent("a1"), agento.UpdateDocumentParams{Content: "new", Version: "v1"})
	require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
	require.ErrorContains(t, err, "it is unchanged")
}

// Without a version, the error does not compare the document with an earlier one.
func TestUpdateDocumentWithoutVersionUnresolved(t *testing.T) {
	for _, version := range []string{"", `,"version":"v1"`} {
		client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
			if req.Method == "PUT" {
				return harness.Respond(503, ""), nil
			}
			return harness.Respond(200, `{"data":{"content":"another's"`+version+`}}`), nil
		}), agento.WithMaxRetries(0))
		_, err := client.Account.UpdatePersonality(t.Context(), agento.ForAgent("a1"), agento.UpdateDocumentParams{Content: "new"})
		require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
		require.ErrorContains(t, err, "it has other content")
		require.NotContains(t, err.Error(), "as it was")
	}
}

// Repeated rows without IDs end the iteration.
func TestRepeatedRowsWithoutIDs(t *testing.T) {
	requests := 0
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		requests++
		return harness.Respond(200, `{"data":[{"content":"x","createdAt":"2026-01-15T10:30:00.000Z"}],"pagination":{"total":0}}`), nil
	}))
	rows := 0
	for _, err := range client.Chat.AllHistory(t.Context(), "a1", nil) {
		rows++
		require.LessOrEqual(t, rows, 2)
		if err != nil {
			require.ErrorIs(t, err, agento.ErrListIncomplete)
		}
	}
	require.LessOrEqual(t, requests, 2)
}

// json.Marshal would encode only the embedded secrets.
func TestBodyEmbeddingSecretsRejected(t *testing.T) {
	var sent string
	client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		sent = string(body)
		return harness.Respond(200, `{"data":{}}`), err
	}))
	secrets := agento.Secrets{"a": "b"}
	for _, body := range []any{
		struct {
			agento.CreateAgentParams
			Tier string
		}{agento.CreateAgentParams{Name: "x", Secrets: secrets}, "gold"},
		&struct{ agento.Secrets }{secrets},
	} {
		err := client.Do(t.Context(), "POST", "/v1/agents", body, nil)
		require.ErrorIs(t, err, agento.ErrValidation)
		require.ErrorContains(t, err, "body embeds")
		require.Empty(t, sent)
	}
	require.NoError(t, client.Do(t.Context(), "POST", "/v1/agents", &agento.CreateAgentParams{Name: "x", Secrets: secrets}, nil))
	require.JSONEq(t, `{"name":"x","secrets":{"a":"b"}}`, sent)
}

// The first attempt was applied. WithResponse returns the response of the write.
func TestPutRuleConflictAfterLostResponse(t *testing.T) {
	for content, want := range map[string]error{"be kind": nil, "another's": agento.ErrOutcomeUnknown} {
		synctest.Test(t, func(t *testing.T) {
			puts := 0
			client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
				switch {
				case req.Method == "GET":
					return harness.Respond(200, fmt.Sprintf(`{"data":{"name":"r","content":%q}}`, content)), nil
				case puts == 0:
					puts++
					return harness.Respond(500, ""), nil
				}
				return harness.Respond(409, `{"error":{"code":"conflict","message":"no"}}`), nil
			}))
			var resp agento.Response
			err := client.Account.PutRule(t.Context(), agento.ForAgent("a1"), "r", "be kind", agento.WithResponse(&resp))
			require.ErrorIs(t, err, want)
			if want == nil {
				require.Equal(t, 200, resp.StatusCode)
				require.Contains(t, string(resp.Body), content)
			} else {
				require.Equal(t, 409, resp.StatusCode, "the status of the write")
			}
		})
	}
}

// A null field does not hide the content under another name.
func TestDocumentNullField(t *testing.T) {
	client := harness.Client(t, harness.Always(`{"data":{"content":null,"soulMd":"real text","version":1}}`))
	d, err := client.Account.Personality(t.Context(), agento.ForAgent("a1"))
	require.NoError(t, err)
	require.Equal(t, "real text", d.Content)
}

// If the response is empty, the SDK reads the object back.
func TestUpdateResponseEmpty(t *testing.T) {
	for _, answer := range []*http.Response{harness.Respond(204, ""), harness.Respond(200, `{"data":null}`), harness.Respond(200, "")} {
		var sent []string
		read := harness.Respond(200, harness.AgentJSON)
		client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
			sent = append(sent, req.Method+" "+req.URL.Path)
			if req.Method == http.MethodPatch {
				return answer, nil
			}
			return read, nil
		}))
		params := agento.UpdateAgentParams{Name: agento.Set("Bot")}
		agent, err := client.Agents.Update(t.Context(), "a1", params, agento.WithExtra("description", "red"))
		require.NoError(t, err)
		require.Equal(t, "Bot", agent.Name)
		require.Equal(t, []string{"PATCH /v1/agents/a1", "GET /v1/agents/a1"}, sent)

		answer, read = harness.Respond(204, ""), harness.Respond(403, `{"error":{"code":"forbidden","message":"agents:read is missing"}}`)
		_, err = client.Agents.Update(t.Context(), "a1", params)
		require.ErrorContains(t, err, "the change was confirmed")
		require.ErrorContains(t, err, "agents:read is missing")

		answer, read = harness.Respond(204, ""), harness.Respond(200, `{"data":{"id":"s1","name":"Team"}}`)
		swarm, err := client.Swarms.Update(t.Context(), "s1", agento.UpdateSwarmParams{Name: agento.Set("Team")})
		require.NoError(t, err)
		require.Equal(t, "Team", swarm.Name)
	}
}
