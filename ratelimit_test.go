package agento_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// noting is a pacer that permits every request and records its arguments.
type noting struct {
	asked   []agento.PaceRequest
	results []agento.PaceResult
}

func (p *noting) Acquire(_ context.Context, r agento.PaceRequest) error {
	p.asked = append(p.asked, r)
	return nil
}

func (p *noting) Observe(r agento.PaceResult) { p.results = append(p.results, r) }

// A Retry-After of another status is not about the rate limit.
func TestPacerObservesRetryAfterOf429Only(t *testing.T) {
	for status, want := range map[int]time.Duration{
		http.StatusTooManyRequests:    30 * time.Second,
		http.StatusServiceUnavailable: 0,
	} {
		pacer := &noting{}
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			return harness.Respond(status, "{}", "Retry-After", "30"), nil
		}), agento.WithPacer(pacer), agento.WithMaxRetries(0))
		_, err := client.Agents.Get(t.Context(), "a1")
		var failed *agento.Error
		require.ErrorAs(t, err, &failed)
		require.Equal(t, 30*time.Second, failed.RetryAfter, "the caller gets it with any status")
		require.Len(t, pacer.results, 1)
		require.Equal(t, status, pacer.results[0].StatusCode)
		require.Equal(t, want, pacer.results[0].RetryAfter)
	}
}

func TestPacerAcquireGetsCallOptions(t *testing.T) {
	pacer := &noting{}
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) { return harness.Respond(404, "{}"), nil }), agento.WithPacer(pacer))
	for _, opts := range [][]agento.Option{
		nil,
		{agento.WithBulk(true), agento.WithMaxWait(time.Second), agento.WithRetryAfterLimit(time.Hour)},
	} {
		_, err := client.Agents.Get(t.Context(), "a1", opts...)
		require.Error(t, err)
	}
	require.Equal(t, []agento.PaceRequest{
		{MaxHold: time.Minute},
		{Bulk: true, MaxWait: time.Second, MaxHold: time.Hour},
	}, pacer.asked)
}

// TestClientWithBulk checks that methods that are bulk by default follow an option of the
// client.
func TestClientWithBulk(t *testing.T) {
	for bulk, opts := range map[bool][]agento.Option{true: nil, false: {agento.WithBulk(false)}} {
		harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
			pacer := &noting{}
			client := s.Client(append(opts, agento.WithPacer(pacer))...)
			id := s.AddAgent(agentotest.AgentSeed{})
			chunks := func(yield func(agento.ChunkParams, error) bool) { yield(agento.ChunkParams{Content: "text"}, nil) }
			_, err := client.Knowledge.Sync(t.Context(), agento.ForAgent(id), chunks, nil)
			require.NoError(t, err)
			_, err = client.Skills.Deploy(t.Context(), agento.DeployParams{Skill: demoSkill(), Agents: []string{id}})
			require.NoError(t, err)
			_, err = agento.Collect(client.Agents.All(t.Context(), nil))
			require.NoError(t, err)
			for _, r := range pacer.asked {
				require.Equal(t, bulk, r.Bulk)
			}
			require.Greater(t, len(pacer.asked), 6)
		})
	}
}

func TestRateLimitWithoutHeadersKept(t *testing.T) {
	header := []string{"X-RateLimit-Limit", "120", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "5"}
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		return harness.Respond(200, harness.AgentJSON, header...), nil
	}), agento.WithPacing(false))
	require.False(t, client.RateLimit().Known)
	_, err := client.Agents.Get(context.Background(), "a")
	require.NoError(t, err)
	want := client.RateLimit()
	require.True(t, want.Known)
	for _, odd := range [][]string{nil, {"X-RateLimit-Limit", "x", "X-RateLimit-Remaining", "3"}, {"X-RateLimit-Limit", "-1", "X-RateLimit-Remaining", "3"}} {
		header = odd
		var resp agento.Response
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		_, err := client.Account.Get(ctx, agento.WithResponse(&resp))
		cancel()
		require.NoError(t, err)
		require.False(t, resp.RateLimit.Known)
		require.Equal(t, want, client.RateLimit())
	}
}
