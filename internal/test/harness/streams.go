package harness

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
)

// Events of a chat answer.
const (
	Hi   = `data: {"type":"text","content":"Hi! "}` + "\n\n"
	More = `data: {"type":"text","content":"How can I help?"}` + "\n\n"
	Done = `data: {"type":"done"}` + "\n\n"
)

// RequestID is the request ID of Stream's responses.
const RequestID = "req_42"

// Streaming writes an event stream piece by piece.
type Streaming struct {
	http.ResponseWriter
	*http.ResponseController
	Request *http.Request
}

// Stream reads the request and sets the headers of an event stream.
func Stream(w http.ResponseWriter, r *http.Request) Streaming {
	_, _ = io.Copy(io.Discard, r.Body) // an HTTP/1.1 server detects a disconnect only after that
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Request-Id", RequestID)
	return Streaming{w, http.NewResponseController(w), r}
}

// Send writes and flushes each piece.
func (s Streaming) Send(pieces ...string) Streaming {
	for _, p := range pieces {
		_, _ = io.WriteString(s, p)
		_ = s.Flush()
	}
	return s
}

// Hold keeps the connection open and idle until the client disconnects.
func (s Streaming) Hold() { <-s.Request.Context().Done() }

// Abort closes the connection in the middle of the response.
func (s Streaming) Abort() { panic(http.ErrAbortHandler) }

// Send sends a message to agent a1.
func (env *Env) Send(ctx context.Context, opts ...agento.Option) *agento.ChatStream {
	env.T.Helper()
	s, err := env.Client.Chat.Send(ctx, "a1", agento.SendMessageParams{Message: "Hello"}, opts...)
	require.NoError(env.T, err)
	return s
}

// Texts reads an answer to its end. It returns the type and content of each event.
func (env *Env) Texts(s *agento.ChatStream) []string {
	var all []string
	for _, e := range Read(env, s.Stream) {
		all = append(all, e.Type+":"+e.Content)
	}
	return all
}

// Read reads a stream to its end, with All if env.Pull is set.
func Read[T any](env *Env, s *agento.Stream[T]) (all []T) {
	if !env.Pull {
		for e := range s.Events() {
			all = append(all, e)
		}
		return all
	}
	for e, err := range s.All() {
		if err != nil {
			require.Equal(env.T, s.Err(), err)
			break
		}
		all = append(all, e)
	}
	return all
}

// StreamError checks that the error of a stream is an Error with the request ID.
func StreamError(t *testing.T, err error) *agento.Error {
	t.Helper()
	var e *agento.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, RequestID, e.RequestID)
	return e
}
