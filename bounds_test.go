package agento_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// TestRepeatedAfter408: a service that says 408 may have done it all the same.
func TestRepeatedAfter408(t *testing.T) {
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

// TestTimeoutBoundsAnErrorBody like everything else of an attempt.
func TestTimeoutBoundsAnErrorBody(t *testing.T) {
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

// TestCancelledInAnErrorBody: the context is why there was no other attempt.
func TestCancelledInAnErrorBody(t *testing.T) {
	for status, repeated := range map[int]bool{500: true, 400: false} {
		harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, nil, func(w *harness.Env) {
			cause := errors.New("closing time")
			ctx, cancel := context.WithTimeoutCause(w.Ctx, time.Second, cause)
			defer cancel()
			_, err := w.Client.Agents.Get(ctx, "a1")
			var e *agento.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, status, e.StatusCode)
			require.Equal(t, repeated, errors.Is(err, cause))
		})
	}
}

// TestNextCallAfterALongRetryAfter: what the first is not made to wait for, the
// next is not either.
func TestNextCallAfterALongRetryAfter(t *testing.T) {
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
