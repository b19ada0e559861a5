package harness

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
)

// CloseEvent is the event that ends a log.
const CloseEvent = "event: close\ndata: bye\n\n"

// LogService returns a constructor for handlers of a log stream. A handler calls the
// functions in order, one for each connection, and the last one for all later connections.
func LogService(connections ...func(s Streaming)) func() http.HandlerFunc {
	return func() http.HandlerFunc {
		n := 0
		return func(w http.ResponseWriter, r *http.Request) {
			play := connections[min(n, len(connections)-1)]
			n++
			play(Stream(w, r))
		}
	}
}

// Refuse returns a function that responds to a connection with the status.
func Refuse(status int) func(Streaming) {
	return func(s Streaming) { s.WriteHeader(status) }
}

// FollowEach runs a test over each protocol, with a new handler for each.
func FollowEach(t *testing.T, service func() http.HandlerFunc, opts []agento.Option, test func(env *Env)) {
	t.Helper()
	for name, p := range Protocols {
		t.Run(name, func(t *testing.T) { RunOver(t, p, service(), opts, test) })
	}
}

// Follow opens the log stream of the agent a1.
func (env *Env) Follow(p *agento.LogsParams, opts ...agento.Option) *agento.LogStream {
	env.T.Helper()
	s, err := env.Client.Logs.Stream(env.Ctx, "a1", p, opts...)
	require.NoError(env.T, err)
	return s
}

// Lines reads a log to its end. A reconnect marker is "~".
func Lines(s *agento.LogStream) []string {
	var all []string
	for e := range s.Events() {
		if e.Reconnected {
			all = append(all, "~")
			continue
		}
		all = append(all, e.Line)
	}
	return all
}

// Line returns the event of a log line. The ID may be empty.
func Line(id, text string) string {
	if id != "" {
		id = "id: " + id + "\n"
	}
	return id + "data: " + text + "\n\n"
}
