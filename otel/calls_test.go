package agentootel_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	agentootel "github.com/remsyshq/agento-go/otel"
)

func TestCallWithQueueWaitAndRetries(t *testing.T) {
	run(t, []agentotest.Option{agentotest.WithRateLimit(3, time.Minute)}, nil, func(w *fixture) {
		for range 3 {
			_, err := w.client.Account.Get(w.ctx)
			require.NoError(t, err)
		}
		w.reset()
		w.server.Next("getAgent", 1, agentotest.Fail(503, "internal_error").Delayed(time.Second))
		w.server.Next("getAgent", 1, agentotest.Fail(500, "internal_error"))
		var resp agento.Response
		_, err := w.client.Agents.Get(w.ctx, w.agent, agento.WithResponse(&resp))
		require.NoError(t, err)

		require.Equal(t, `
getAgent (internal) 0s–1m2.5s
    {agento.attempts=3 agento.operation=getAgent agento.queue.wait=1m0s agento.request_id=ID gen_ai.agent.id=AGENT http.response.status_code=200 server.address=127.0.0.1 server.port=80}
  * 1m0s agento.queue.wait {agento.queue.wait=1m0s}
  * 1m1s agento.retry {agento.retry.wait=500ms error.type=503}
  * 1m1.5s agento.retry {agento.retry.wait=1s error.type=500}
  GET /v1/agents/{id} (client) 1m0s–1m1s Error ""
      {agento.request_id=ID error.type=503 http.request.method=GET http.response.status_code=503 server.address=127.0.0.1 server.port=80 url.full=BASE/v1/agents/AGENT url.template=/v1/agents/{id}}
  GET /v1/agents/{id} (client) 1m1.5s–1m1.5s Error ""
      {agento.request_id=ID error.type=500 http.request.method=GET http.request.resend_count=1 http.response.status_code=500 server.address=127.0.0.1 server.port=80 url.full=BASE/v1/agents/AGENT url.template=/v1/agents/{id}}
  GET /v1/agents/{id} (client) 1m2.5s–1m2.5s
      {agento.request_id=ID http.request.method=GET http.request.resend_count=2 http.response.status_code=200 server.address=127.0.0.1 server.port=80 url.full=BASE/v1/agents/AGENT url.template=/v1/agents/{id}}
`, w.spans())
		require.Equal(t, `
agento.client.call.duration 1×, total 1m2.5s {agento.operation=getAgent}
agento.client.call.duration 3×, total 0s {agento.operation=getAccount}
agento.client.queue.wait 1×, total 1m0s {agento.operation=getAgent}
agento.client.rate_limit.limit =3
agento.client.rate_limit.remaining =0
agento.client.retries 1 {agento.operation=getAgent error.type=500}
agento.client.retries 1 {agento.operation=getAgent error.type=503}
http.client.request.duration 1×, total 0s {error.type=500 http.request.method=GET http.response.status_code=500 server.address=127.0.0.1 server.port=80 url.template=/v1/agents/{id}}
http.client.request.duration 1×, total 0s {http.request.method=GET http.response.status_code=200 server.address=127.0.0.1 server.port=80 url.template=/v1/agents/{id}}
http.client.request.duration 1×, total 1s {error.type=503 http.request.method=GET http.response.status_code=503 server.address=127.0.0.1 server.port=80 url.template=/v1/agents/{id}}
http.client.request.duration 3×, total 0s {http.request.method=GET http.response.status_code=200 server.address=127.0.0.1 server.port=80 url.template=/v1/account}
`, w.points())
		require.Equal(t, resp.RequestID, attributes(w.span("getAgent"))["agento.request_id"])
	})
}

func TestWriteWithUnknownOutcome(t *testing.T) {
	run(t, nil, nil, func(w *fixture) {
		w.server.Next("createAgent", 1, agentotest.Drop().AfterCommit())
		_, err := w.client.Agents.Create(w.ctx, agento.CreateAgentParams{Name: "Sales"})
		require.ErrorIs(t, err, agento.ErrOutcomeUnknown)

		require.Equal(t, `
createAgent (internal) 0s–0s Error "network, the write may have been applied"
    {agento.attempts=1 agento.operation=createAgent agento.outcome_unknown=true error.type=network server.address=127.0.0.1 server.port=80}
  POST /v1/agents (client) 0s–0s Error "network"
      {error.type=network http.request.method=POST server.address=127.0.0.1 server.port=80 url.full=BASE/v1/agents url.template=/v1/agents}
`, w.spans())
		require.Equal(t, `
agento.client.call.duration 1×, total 0s {agento.operation=createAgent error.type=network}
http.client.request.duration 1×, total 0s {error.type=network http.request.method=POST server.address=127.0.0.1 server.port=80 url.template=/v1/agents}
`, w.points())
	})
}

func TestInvalidArgumentNotRecorded(t *testing.T) {
	run(t, nil, nil, func(w *fixture) {
		_, err := w.client.Agents.Get(w.ctx, "")
		require.ErrorIs(t, err, agento.ErrValidation)
		_, err = w.client.Chat.Send(w.ctx, w.agent, agento.SendMessageParams{})
		require.ErrorIs(t, err, agento.ErrValidation)
		require.Empty(t, w.server.Requests())
		require.Empty(t, w.exporter.GetSpans())
		require.Empty(t, w.metrics().ScopeMetrics)
	})
}

// The call fails before an attempt, because the wait would exceed WithMaxWait.
func TestMaxWaitExceeded(t *testing.T) {
	run(t, []agentotest.Option{agentotest.WithRateLimit(1, time.Minute)}, nil, func(w *fixture) {
		_, err := w.client.Account.Get(w.ctx)
		require.NoError(t, err)
		w.reset()
		_, err = w.client.Agents.Get(w.ctx, w.agent, agento.WithMaxWait(time.Second), agento.WithBulk(true))
		require.ErrorIs(t, err, agento.ErrRateLimited)

		require.Equal(t, `
getAgent (internal) 0s–0s Error "rate_limit_exceeded"
    {agento.attempts=0 agento.bulk=true agento.error.code=rate_limit_exceeded agento.operation=getAgent error.type=rate_limit_exceeded gen_ai.agent.id=AGENT server.address=127.0.0.1 server.port=80}
`, w.spans())
	})
}

// Metrics and span names of raw calls contain no path.
func TestRawCalls(t *testing.T) {
	run(t, nil, nil, func(w *fixture) {
		err := w.client.Do(w.ctx, "GET", "/v1/agents/"+w.agent+"?q=who", nil, nil)
		require.NoError(t, err)
		err = w.client.Do(w.ctx, "PROPFIND", "/v1/other/\xff", nil, nil)
		require.ErrorIs(t, err, agento.ErrNoRoute)
		stream, err := w.client.Stream(w.ctx, "POST", "/v1/agents/"+w.agent+"/chat/messages", map[string]string{"message": "Hello"})
		require.NoError(t, err)
		for range stream.Events() {
		}
		require.NoError(t, stream.Err())

		require.Equal(t, `
Client.Do (internal) 0s–0s
    {agento.attempts=1 agento.operation=Client.Do agento.request_id=ID http.response.status_code=200 server.address=127.0.0.1 server.port=80}
  GET (client) 0s–0s
      {agento.request_id=ID http.request.method=GET http.response.status_code=200 server.address=127.0.0.1 server.port=80 url.full=BASE/v1/agents/AGENT}
Client.Do (internal) 0s–0s Error "404"
    {agento.attempts=1 agento.error.code=unknown_route agento.operation=Client.Do agento.request_id=ID error.type=404 http.response.status_code=404 server.address=127.0.0.1 server.port=80}
  HTTP (client) 0s–0s Error ""
      {agento.request_id=ID error.type=404 http.request.method=_OTHER http.response.status_code=404 server.address=127.0.0.1 server.port=80 url.full=BASE/v1/other/�}
Client.Stream (internal) 0s–0s
    {agento.attempts=1 agento.operation=Client.Stream agento.request_id=ID agento.stream.end=complete agento.stream.events=6 agento.stream.time_to_first_event=0s http.response.status_code=200 server.address=127.0.0.1 server.port=80}
  * 0s agento.stream.first_event
  POST (client) 0s–0s
      {agento.request_id=ID http.request.method=POST http.response.status_code=200 server.address=127.0.0.1 server.port=80 url.full=BASE/v1/agents/AGENT/chat/messages}
`, w.spans())
		require.Equal(t, `
agento.client.call.duration 1×, total 0s {agento.operation=Client.Do error.type=404}
agento.client.call.duration 1×, total 0s {agento.operation=Client.Do}
agento.client.call.duration 1×, total 0s {agento.operation=Client.Stream}
agento.client.open_streams 0 {agento.operation=Client.Stream}
agento.client.rate_limit.limit =120
agento.client.rate_limit.remaining =117
agento.client.stream.end 1 {agento.operation=Client.Stream agento.stream.end=complete}
http.client.request.duration 1×, total 0s {error.type=404 http.request.method=_OTHER http.response.status_code=404 server.address=127.0.0.1 server.port=80}
http.client.request.duration 1×, total 0s {http.request.method=GET http.response.status_code=200 server.address=127.0.0.1 server.port=80}
http.client.request.duration 1×, total 0s {http.request.method=POST http.response.status_code=200 server.address=127.0.0.1 server.port=80}
`, w.points())
	})
}

func TestAttributesValidUTF8(t *testing.T) {
	response := agentotest.Raw{Status: 200, Header: http.Header{"X-Request-Id": {"id\xff" + strings.Repeat("x", 1000)}}, Body: []byte(`{"data":{"id":"a"}}`)}
	run(t, nil, nil, func(w *fixture) {
		w.server.Next("getAgent", 1, agentotest.Answer(response))
		_, err := w.client.Agents.Get(w.ctx, "a/b\xff")
		require.NoError(t, err)
		got := attributes(w.span("getAgent"))
		require.Equal(t, "a/b\ufffd", got["gen_ai.agent.id"])
		require.Equal(t, "id\ufffd"+strings.Repeat("x", 497), got["agento.request_id"])
	})
}

func TestWithAttributes(t *testing.T) {
	tenant := attribute.String("app.tenant", "a")
	run(t, nil, []agentootel.Option{agentootel.WithAttributes(tenant), agentootel.WithAttributes(attribute.Int("app.shard", 7))}, func(w *fixture) {
		_, err := w.client.Chat.Ask(w.ctx, w.agent, agento.SendMessageParams{Message: "Hello"})
		require.NoError(t, err)
		spans := w.exporter.GetSpans()
		require.Len(t, spans, 2)
		for _, s := range spans {
			require.Contains(t, s.Attributes, tenant, s.Name)
		}
		points := strings.Split(strings.TrimSpace(w.points()), "\n")
		require.Len(t, points, 8)
		for _, p := range points {
			require.Contains(t, p, "app.shard=7 app.tenant=a", p)
		}
	})
}

// The request's context contains the span of the call. The SDK does not add a
// Traceparent header.
func TestRequestContext(t *testing.T) {
	run(t, nil, nil, func(w *fixture) {
		var seen trace.SpanContext
		client := w.server.Client(agentootel.Instrument(w.providers()...),
			agento.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(req *http.Request) (*http.Response, error) {
					seen = trace.SpanContextFromContext(req.Context())
					require.NotContains(t, req.Header, "Traceparent")
					return next.RoundTrip(req)
				})
			}))
		_, err := client.Account.Get(w.ctx)
		require.NoError(t, err)
		require.True(t, seen.IsValid())
		require.Equal(t, w.span("getAccount").SpanContext.SpanID(), seen.SpanID())
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestGlobalProviders(t *testing.T) {
	run(t, nil, nil, func(w *fixture) {
		otel.SetTracerProvider(w.tracers)
		otel.SetMeterProvider(w.meters)
		client := w.server.Client(agentootel.Instrument(nil, agentootel.WithTracerProvider(nil), agentootel.WithMeterProvider(nil)))
		_, err := client.Account.Get(w.ctx)
		require.NoError(t, err)
		w.span("getAccount")
		require.Contains(t, w.points(), "agento.client.call.duration 1×, total 0s {agento.operation=getAccount}")
	})
}

func TestNewObserverWrapped(t *testing.T) {
	run(t, nil, nil, func(w *fixture) {
		o := agentootel.NewObserver(w.providers()...)
		calls, inner := 0, o.CallEnd
		o.CallEnd = func(ctx context.Context, call agento.CallInfo, r agento.CallEndInfo) {
			calls++
			inner(ctx, call, r)
		}
		client := w.server.Client(agento.WithObserver(o))
		_, err := client.Account.Get(w.ctx)
		require.NoError(t, err)
		require.Equal(t, 1, calls)
		w.span("getAccount")

		o.Start = nil // no span is recorded
		_, err = w.server.Client(agento.WithObserver(o)).Account.Get(w.ctx)
		require.NoError(t, err)
		require.Equal(t, 2, calls)
		w.span("getAccount")
	})
}
