package agento_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/memnet"
)

const testKey = "ak_live_0123456789abcdef0123456789abcdef"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a service in memory and a client for it, inside of a bubble of
// virtual time.
type world struct {
	t        *testing.T
	ctx      context.Context
	client   *agento.Client
	listener *memnet.Listener
}

// inWorld runs a test in virtual time against a handler. When it ends, every
// goroutine and every connection must be gone: the bubble sees to the first.
func inWorld(t *testing.T, handler http.HandlerFunc, opts []agento.Option, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen()
		server := &http.Server{Handler: handler}
		go func() { _ = server.Serve(l) }()
		tr := &http.Transport{DialContext: l.Dial}
		w := &world{t: t, ctx: t.Context(), listener: l}
		w.client = newClient(t, tr, opts...)
		test(w)
		w.client.CloseIdleConnections()
		synctest.Wait()
		require.Zero(t, l.Open(), "connections left open")
		_ = server.Close()
	})
}

func newClient(t *testing.T, tr http.RoundTripper, opts ...agento.Option) *agento.Client {
	t.Helper()
	base := []agento.Option{
		agento.WithBaseURL("http://localhost"),
		agento.WithHTTPClient(&http.Client{Transport: tr}),
	}
	client, err := agento.New(testKey, append(base, opts...)...)
	require.NoError(t, err)
	return client
}

// roundTripper is a transport made of a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// respond is a response with a body.
func respond(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{
		StatusCode: status, Header: h, ContentLength: int64(len(body)),
		Body: io.NopCloser(strings.NewReader(body)),
	}
}

const agentJSON = `{"data":{"id":"a1","name":"Bot","status":"running"}}`

// cutConnection ends a connection without an answer, in the middle of whatever
// was being written.
func cutConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}
