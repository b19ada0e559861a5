package agento_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
)

// answer is one of a script.
type answer struct {
	status int
	body   string
}

// scripted answers requests in turn, and hangs when there is nothing left. It tells
// the methods that it was asked with.
func scripted(t *testing.T, script ...answer) (*agento.Client, *[]string) {
	methods := new([]string)
	return newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		*methods = append(*methods, r.Method)
		if len(*methods) > len(script) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		next := script[len(*methods)-1]
		return respond(next.status, next.body), nil
	}), agento.WithPacing(false)), methods
}

const conflict = `{"error":{"code":"conflict","message":"busy"}}`

// TestChangeThatCannotBeReadWasMade: what a read after a confirmed change meets
// says nothing of the change. Nobody must take it for one that was refused, and
// nothing is edited again.
func TestChangeThatCannotBeReadWasMade(t *testing.T) {
	for name, read := range map[string]struct {
		answer
		not error
	}{
		"conflict":   {answer{409, conflict}, agento.ErrConflict},
		"rate limit": {answer{429, ""}, agento.ErrRateLimited},
		"not found":  {answer{404, `{"error":{"code":"agent_not_found"}}`}, agento.ErrNotFound},
		"failure":    {answer{500, ""}, agento.ErrInternal},
	} {
		for said, confirmation := range map[string]answer{"204": {204, ""}, "null": {200, `{"data":null}`}} {
			t.Run(name+" after "+said, func(t *testing.T) {
				made := func(err error) {
					t.Helper()
					require.ErrorContains(t, err, "the change was made, and what it made could not be read: agento: GET")
					require.NotErrorIs(t, err, read.not)
					require.NotErrorIs(t, err, agento.ErrOutcomeUnknown)
				}
				client, _ := scripted(t, confirmation, read.answer)
				_, err := client.Agents.Update(t.Context(), "a1", agento.UpdateAgentParams{Name: agento.Set("x")}, agento.WithMaxRetries(0))
				made(err)

				client, methods := scripted(t, answer{200, `{"data":{"content":"old","version":1}}`}, confirmation, read.answer)
				edits := 0
				_, err = client.Account.EditPersonality(t.Context(), agento.ForAgent("a1"), func(old string) (string, error) {
					edits++
					return old + "+", nil
				}, agento.WithMaxRetries(0))
				made(err)
				require.Equal(t, 1, edits)
				require.Equal(t, []string{"GET", "PUT", "GET"}, *methods)
			})
		}
	}
	synctest.Test(t, func(t *testing.T) {
		client, _ := scripted(t, answer{204, ""})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := client.Agents.Update(ctx, "a1", agento.UpdateAgentParams{Name: agento.Set("x")})
		require.ErrorIs(t, err, context.DeadlineExceeded, "the context's own end is told")
	})
}

// TestRefusedInASuccessAfterALostAnswer: a write that is sent again, and then
// refused in an answer of 2xx, may have been applied the first time.
func TestRefusedInASuccessAfterALostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := scripted(t, answer{503, ""}, answer{200, conflict})
		err := client.Account.SetSecrets(t.Context(), agento.ForAgent("a1"), agento.Secrets{"K": "value"})
		require.ErrorIs(t, err, agento.ErrConflict)
		require.ErrorIs(t, err, agento.ErrOutcomeUnknown)

		edits := 0
		client, _ = scripted(t, answer{200, `{"data":{"content":"old","version":1}}`}, answer{503, ""},
			answer{200, conflict}, answer{200, `{"data":{"content":"old+","version":2}}`})
		doc, err := client.Account.EditPersonality(t.Context(), agento.ForAgent("a1"), func(old string) (string, error) {
			edits++
			return old + "+", nil
		})
		require.NoError(t, err)
		require.Equal(t, "old+", doc.Content)
		require.Equal(t, 1, edits)
	})
	client, _ := scripted(t, answer{200, conflict})
	_, err := client.Agents.Create(t.Context(), agento.CreateAgentParams{Name: "Bot"})
	require.ErrorIs(t, err, agento.ErrConflict)
	require.NotErrorIs(t, err, agento.ErrOutcomeUnknown, "sent once, and refused")
}

// TestAnswersThatHaveNothingToSay: Do without a place for the answer judges as the
// methods do that have none.
func TestAnswersThatHaveNothingToSay(t *testing.T) {
	anything := errors.New("any error")
	for body, kind := range map[string]error{
		"": nil, "\r\n": nil, "{}": nil, "null": nil, `[]`: nil, `"ok"`: nil, `{"data":null}`: nil, `{"success":true,"message":"ok"}`: nil,
		`{"data":{"id":"a1"},"error":null}`: nil,
		"<html>Log in to the Wi-Fi":         agento.ErrOutcomeUnknown,
		"{":                                 agento.ErrOutcomeUnknown,
		conflict:                            agento.ErrConflict,
		`{"error":{"message":"no"}}`:        anything,
	} {
		for name, call := range map[string]func(*agento.Client) error{
			"Restart": func(c *agento.Client) error { return c.Agents.Restart(t.Context(), "a1") },
			"Do":      func(c *agento.Client) error { return c.Do(t.Context(), "POST", "/v1/agents/a1/restart", nil, nil) },
		} {
			client, _ := scripted(t, answer{200, body})
			err := call(client)
			switch kind {
			case nil:
				require.NoError(t, err, "%s %s", name, body)
			case anything:
				require.ErrorContains(t, err, "no", "%s %s", name, body)
			default:
				require.ErrorIs(t, err, kind, "%s %s", name, body)
			}
		}
	}
	client, methods := scripted(t, answer{200, " \n"}, answer{200, `{"data":{"id":"a1","name":"x"}}`})
	agent, err := client.Agents.Update(t.Context(), "a1", agento.UpdateAgentParams{Name: agento.Set("x")})
	require.NoError(t, err)
	require.Equal(t, "a1", agent.ID)
	require.Equal(t, []string{"PATCH", "GET"}, *methods)
}

// TestWaitUntilTellsTheLastStatus, also where the context ends while it asks.
func TestWaitUntilTellsTheLastStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := scripted(t, answer{200, `{"data":{"status":"creating"}}`})
		cause := context.Canceled
		ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, cause)
		defer cancel()
		st, err := client.Agents.WaitUntil(ctx, "a1", agento.StatusRunning)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, cause)
		require.ErrorContains(t, err, "agent a1 is creating, not yet running")
		require.Equal(t, agento.StatusCreating, st.Status)
	})
}

// TestReadBackWithoutAVersion: who does not know what was there does not say that
// it still is.
func TestReadBackWithoutAVersion(t *testing.T) {
	client, _ := scripted(t, answer{503, ""}, answer{200, `{"data":{"content":"another's"}}`})
	_, err := client.Account.UpdatePersonality(t.Context(), agento.ForAgent("a1"), agento.UpdateDocumentParams{Content: "c"}, agento.WithMaxRetries(0))
	require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
	require.ErrorContains(t, err, "holds something else")
}

// TestOutThatEmbedsAPage is decoded as the caller's own type.
func TestOutThatEmbedsAPage(t *testing.T) {
	client, _ := scripted(t, answer{200, `{"data":{"extra":"x"}}`}, answer{200, `{"data":{"extra":"x"}}`})
	var pointer struct {
		*agento.Page[agento.Agent]
		Extra string
	}
	require.NoError(t, client.Do(t.Context(), "GET", "/v1/things", nil, &pointer))
	require.Equal(t, "x", pointer.Extra)
	var value struct {
		agento.Page[agento.Agent]
		Extra string
	}
	require.NoError(t, client.Do(t.Context(), "GET", "/v1/things", nil, &value))
	require.Equal(t, "x", value.Extra)
}
