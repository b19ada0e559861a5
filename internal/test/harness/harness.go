// Package harness runs tests of the SDK in virtual time: a handler and a client, connected
// in memory, in a bubble of testing/synctest.
package harness

import (
	"context"
	"io"
	"log"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/exchange"
	_ "github.com/remsyshq/agento-go/internal/test/exchange/recording" // records requests if an environment variable is set
	"github.com/remsyshq/agento-go/internal/test/http2test"
	"github.com/remsyshq/agento-go/internal/test/memnet"
)

// TestKey is the API key of this package's clients.
const TestKey = "ak_live_0123456789abcdef0123456789abcdef"

// AgentJSON is the response to a request for an agent.
const AgentJSON = `{"data":{"id":"a1","name":"Bot","status":"running","region":"eu","image":"base","createdAt":"2026-01-15T10:30:00Z"}}`

// Env is an in-memory service and its client.
type Env struct {
	T        *testing.T
	Ctx      context.Context
	Client   *agento.Client
	Listener *memnet.Listener
	Protocol Protocol
	Pull     bool // read streams with All instead of Events
}

// Run runs a test in virtual time against a handler, over plain HTTP/1.1.
func Run(t *testing.T, handler http.HandlerFunc, opts []agento.Option, test func(env *Env)) {
	t.Helper()
	RunOver(t, Protocol{}, handler, opts, test)
}

// RunOver runs a test in virtual time over the protocol. It fails the test if a
// goroutine or a connection is left.
func RunOver(t *testing.T, p Protocol, handler http.HandlerFunc, opts []agento.Option, test func(env *Env)) {
	t.Helper()
	if p.HTTP2 {
		http2test.SkipInBubble(t)
	}
	certificate := Certificate() // outside the bubble
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen()
		var handlers sync.WaitGroup
		counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			handlers.Add(1)
			defer handlers.Done()
			handler(w, r)
		})
		server := &http.Server{Handler: counted, ErrorLog: log.New(io.Discard, "", 0)}
		tr := &http.Transport{DialContext: l.Dial}
		p.Configure(server, tr, certificate)
		defer func() { // a failing test must not leave a goroutine in the bubble
			tr.CloseIdleConnections()
			_ = server.Close()
		}()
		served := make(chan struct{})
		go func() {
			defer close(served)
			p.Serve(server, l)
		}()
		env := &Env{T: t, Ctx: t.Context(), Listener: l, Protocol: p}
		env.Client = Client(t, tr, append([]agento.Option{agento.WithBaseURL(p.baseURL())}, opts...)...)
		test(env)
		synctest.Wait()
		env.Client.CloseIdleConnections()
		synctest.Wait()
		require.Zero(t, l.Open(), "connections left open")
		_ = server.Close()
		<-served
		handlers.Wait()
	})
}

// RunEach runs a test over each protocol, and for both ways of reading a stream: the
// channel returned by Events, and All.
func RunEach(t *testing.T, handler http.HandlerFunc, opts []agento.Option, test func(env *Env)) {
	t.Helper()
	for name, p := range Protocols {
		for way, pull := range map[string]bool{"Events": false, "All": true} {
			t.Run(name+"/"+way, func(t *testing.T) {
				RunOver(t, p, handler, opts, func(env *Env) {
					env.Pull = pull
					test(env)
				})
			})
		}
	}
}

// RunService runs a test in virtual time against agentotest's service without a
// rate limit.
func RunService(t *testing.T, opts []agentotest.Option, test func(t *testing.T, s *agentotest.Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		unlimited := []agentotest.Option{agentotest.WithInMemory(), agentotest.WithRateLimit(0, 0)}
		s := agentotest.NewServer(append(unlimited, opts...)...)
		defer s.Close()
		test(t, s)
	})
}

// Client returns a client over the transport.
func Client(t *testing.T, tr http.RoundTripper, opts ...agento.Option) *agento.Client {
	t.Helper()
	base := []agento.Option{
		agento.WithBaseURL("http://localhost"),
		agento.WithHTTPClient(&http.Client{Transport: exchange.Transport(tr, t.Name())}),
	}
	client, err := agento.New(TestKey, append(base, opts...)...)
	require.NoError(t, err)
	return client
}

// RoundTripper is a function that implements http.RoundTripper.
type RoundTripper func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f RoundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// Respond returns a response. header lists names and values.
func Respond(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{
		StatusCode: status, Header: h, ContentLength: int64(len(body)),
		Body: io.NopCloser(strings.NewReader(body)),
	}
}

// Always returns a transport that responds to every request with status 200 and the body.
func Always(body string) RoundTripper {
	return func(*http.Request) (*http.Response, error) { return Respond(http.StatusOK, body), nil }
}

// InOrder returns a transport that responds with the given responses in order, and appends
// the methods of the requests to methods.
func InOrder(t *testing.T, methods *[]string, responses ...*http.Response) RoundTripper {
	return func(r *http.Request) (*http.Response, error) {
		n := len(*methods)
		*methods = append(*methods, r.Method)
		if n >= len(responses) {
			t.Errorf("more requests than responses: %v", *methods)
			return Respond(500, ""), nil
		}
		return responses[n], nil
	}
}

// Hang is a transport function that never responds.
func Hang(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}
