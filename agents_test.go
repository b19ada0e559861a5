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
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// When the context ends, the error has the last status and the cause.
func TestWaitUntilContextEnds(t *testing.T) {
	for name, after := range map[string]time.Duration{"in a pause": 500 * time.Millisecond, "while it asks": 10 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if asked++; asked == 1 {
						return harness.Respond(200, `{"data":{"status":"creating"}}`), nil
					}
					<-r.Context().Done()
					return nil, r.Context().Err()
				}))
				late := errors.New("it took too long")
				ctx, cancel := context.WithTimeoutCause(t.Context(), after, late)
				defer cancel()
				seen, err := client.Agents.WaitUntil(ctx, "a1", agento.StatusRunning)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorIs(t, err, late)
				require.ErrorContains(t, err, "agent a1 is creating, not yet running")
				require.Equal(t, agento.StatusCreating, seen.Status)
			})
		})
	}
}

// An error of the call is returned unchanged.
func TestWaitUntilCallFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var methods []string
		client := harness.Client(t, harness.InOrder(t, &methods, harness.Respond(200, `{"data":{"status":"creating"}}`),
			harness.Respond(404, `{"error":{"code":"agent_not_found","message":"gone"}}`)))
		seen, err := client.Agents.WaitUntil(t.Context(), "a1", agento.StatusRunning)
		require.ErrorIs(t, err, agento.ErrNotFound)
		require.NotContains(t, err.Error(), "not yet")
		require.Nil(t, seen)
	})
}
