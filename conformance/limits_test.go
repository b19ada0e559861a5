package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
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

// A request that fails with 408 may have been applied.
func TestRetryAfter408(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := agentotest.NewServer(agentotest.WithInMemory())
		defer s.Close()
		id := s.AddAgent(agentotest.AgentSeed{SoulMD: "old"})
		target := agento.ForAgent(id)
		s.Next("Account.UpdatePersonality", 1, agentotest.Fail(408, "slow").AfterCommit())
		calls := 0
		document, err := s.Client().Account.EditPersonality(t.Context(), target, func(old string) (string, error) {
			calls++
			return old + "+line", nil
		})
		require.NoError(t, err)
		require.Equal(t, "old+line", document.Content)
		require.Equal(t, 1, calls)

		s.Next("Agents.Delete", 1, agentotest.Fail(408, "slow").AfterCommit())
		require.NoError(t, s.Client().Agents.Delete(t.Context(), id))
	})
}

func TestTimeoutLimitsErrorBody(t *testing.T) {
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, nil, func(w *harness.Env) {
		begun := time.Now()
		_, err := w.Client.Agents.Get(w.Ctx, "a1", agento.WithTimeout(time.Second))
		require.ErrorIs(t, err, agento.ErrValidation)
		require.Equal(t, time.Second, time.Since(begun))
	})
}

// The error wraps the context's cause only if the context prevented a retry.
func TestContextEndsInErrorBody(t *testing.T) {
	for status, retryable := range map[int]bool{500: true, 400: false} {
		harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, nil, func(w *harness.Env) {
			cause := errors.New("shutting down")
			ctx, cancel := context.WithTimeoutCause(w.Ctx, time.Second, cause)
			defer cancel()
			_, err := w.Client.Agents.Get(ctx, "a1")
			var e *agento.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, status, e.StatusCode)
			require.Equal(t, retryable, errors.Is(err, cause))
		})
	}
}

// After a Retry-After above the limit, the next call fails immediately too.
func TestLongRetryAfterFailsNextCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			sent++
			return harness.Respond(429, "", "Retry-After", "600"), nil
		}))
		begun := time.Now()
		for attempts := 1; attempts >= 0; attempts-- {
			_, err := client.Agents.Get(t.Context(), "a1")
			var e *agento.Error
			require.ErrorAs(t, err, &e)
			require.ErrorIs(t, err, agento.ErrRateLimited)
			require.InDelta(t, 600, e.RetryAfter.Seconds(), 1)
			require.Equal(t, attempts, e.Attempts)
		}
		require.Zero(t, time.Since(begun))
		_, err := client.Agents.Get(t.Context(), "a1", agento.WithRetryAfterLimit(time.Hour), agento.WithMaxRetries(0))
		require.ErrorIs(t, err, agento.ErrRateLimited)
		require.GreaterOrEqual(t, time.Since(begun), 10*time.Minute)
		require.Equal(t, 2, sent)
	})
}

// If the rate limit prevents a retry, the error is that of the previous response.
func TestRateLimitPreventsRetryKeepsResponse(t *testing.T) {
	sent := 0
	harness.Run(t, func(w http.ResponseWriter, _ *http.Request) {
		sent++
		for name, value := range map[string]string{"Limit": "1", "Remaining": "0", "Reset": fmt.Sprint(time.Now().Add(50 * time.Second).Unix())} {
			w.Header().Set("X-RateLimit-"+name, value)
		}
		w.Header().Set("X-Request-Id", "req_1")
		w.WriteHeader(503)
		_, _ = io.WriteString(w, `{"error":{"code":"internal_error","message":"boom"}}`)
	}, []agento.Option{agento.WithMaxWait(time.Second)}, func(w *harness.Env) {
		err := w.Client.Account.SetSecrets(w.Ctx, agento.ForAgent("a1"), agento.Secrets{agento.AnthropicAPIKey: "sk-test-made-up"})
		require.Equal(t, 1, sent)
		require.ErrorIs(t, err, agento.ErrInternal)
		require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
		require.NotErrorIs(t, err, agento.ErrRateLimited)
		var e *agento.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, 503, e.StatusCode)
		require.Equal(t, "req_1", e.RequestID)
		require.InDelta(t, 50, e.RetryAfter.Seconds(), 2)
		require.NotContains(t, err.Error(), "nothing was sent")
	})
}

// A Retry-After that overflows is not retried immediately.
func TestRetryAfterOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			sent++
			return harness.Respond(429, "", "Retry-After", "9223372037"), nil
		}), agento.WithPacing(false), agento.WithRetryAfterLimit(math.MaxInt64))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := client.Agents.Get(ctx, "a1")
		require.ErrorIs(t, err, agento.ErrRateLimited)
		require.Equal(t, 1, sent)
	})
	for retryAfter, limit := range map[string]time.Duration{"99999999999": math.MaxInt64, "86400": time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			sent := 0
			client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
				if sent++; sent == 1 {
					return harness.Respond(200, "retry: 9223372036854775807\ndata: a\n\n", "Content-Type", "text/event-stream"), nil
				}
				return harness.Respond(503, "", "Retry-After", retryAfter), nil
			}), agento.WithPacing(false), agento.WithRetryAfterLimit(limit))
			ctx, cancel := context.WithTimeout(t.Context(), 24*365*time.Hour)
			defer cancel()
			s, err := client.Logs.Stream(ctx, "a1", nil)
			require.NoError(t, err)
			for range s.Events() {
			}
			require.Error(t, s.Err())
			require.LessOrEqual(t, sent, 2)
		})
	}
}

func TestLogStreamLongRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			if sent++; sent == 1 {
				return harness.Respond(200, "data: a\n\n", "Content-Type", "text/event-stream"), nil
			}
			return harness.Respond(503, "", "Retry-After", "86400"), nil
		}))
		begun := time.Now()
		s, err := client.Logs.Stream(t.Context(), "a1", nil)
		require.NoError(t, err)
		for range s.Events() {
		}
		var e *agento.Error
		require.ErrorAs(t, s.Err(), &e)
		require.Equal(t, 24*time.Hour, e.RetryAfter)
		require.Equal(t, 2, sent)
		require.Less(t, time.Since(begun), time.Minute)
	})
}

// An error keeps at most 1 MiB of the body.
func TestErrorBodyLimited(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		return harness.Respond(200, strings.Repeat("x", 3<<20)), nil
	}))
	_, err := client.Agents.Get(t.Context(), "a1")
	var e *agento.Error
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Body, 1<<20)
}
