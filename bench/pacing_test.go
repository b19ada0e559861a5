package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/remsyshq/agento-go/agentotest"
)

const (
	calls     = 1200
	callers   = 64
	perMinute = 120
	ideal     = (calls/perMinute - 1) * time.Minute // the first 120 leave at once
)

// way is a way to make many calls to a service that allows 120 a minute.
type way struct {
	name string
	call func(s *agentotest.Server) func(context.Context) error
}

var ways = []way{
	{"this SDK", func(s *agentotest.Server) func(context.Context) error {
		client := s.Client()
		return func(ctx context.Context) error {
			_, err := client.Account.Get(ctx)
			return err
		}
	}},
	{"go-retryablehttp, obeying Retry-After", func(s *agentotest.Server) func(context.Context) error {
		client := retryablehttp.NewClient()
		client.Logger = nil
		client.RetryMax = 1000
		client.HTTPClient = s.HTTPClient()
		return func(ctx context.Context) error { return get(ctx, s, client.Do) }
	}},
	{"token bucket at two thirds of the limit", func(s *agentotest.Server) func(context.Context) error {
		bucket := rate.NewLimiter(rate.Every(time.Minute/(perMinute*2/3)), 1)
		client := s.HTTPClient()
		return func(ctx context.Context) error {
			if err := bucket.Wait(ctx); err != nil {
				return err
			}
			return get(ctx, s, func(r *retryablehttp.Request) (*http.Response, error) { return client.Do(r.Request) })
		}
	}},
}

func get(ctx context.Context, s *agentotest.Server, do func(*retryablehttp.Request) (*http.Response, error)) error {
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/v1/account", nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-Api-Key", s.Key())
	resp, err := do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

// TestPacingTable makes 1,200 calls in each way, in virtual time, for each possible meaning
// of the service's window, and prints a table:
//
//	go -C bench test -run PacingTable -v .
func TestPacingTable(t *testing.T) {
	windows := []struct {
		name    string
		meaning agentotest.ResetMeaning
	}{
		{"sliding, Reset when the oldest leaves", agentotest.ResetOldest},
		{"sliding, Reset when wholly free", agentotest.ResetFree},
		{"fixed", agentotest.ResetFixed},
	}
	var table strings.Builder
	fmt.Fprintf(&table, "\n%d calls by %d goroutines, %d a minute; ideal %v\n\n", calls, callers, perMinute, ideal)
	fmt.Fprintf(&table, "| way | window | time | of the ideal | 429s |\n|---|---|---|---|---|\n")
	for _, w := range ways {
		for _, window := range windows {
			took, refused := run(t, w, window.meaning)
			fmt.Fprintf(&table, "| %s | %s | %v | %.3f | %d |\n", w.name, window.name, took.Round(time.Second/10), took.Seconds()/ideal.Seconds(), refused)
			if w.name == ways[0].name {
				require.LessOrEqual(t, took.Seconds(), 1.04*ideal.Seconds())
				require.Zero(t, refused)
			}
		}
	}
	t.Log(table.String())
}

func run(t *testing.T, w way, meaning agentotest.ResetMeaning) (took time.Duration, refused int) {
	synctest.Test(t, func(t *testing.T) {
		const trip = 50 * time.Millisecond
		server := agentotest.NewServer(
			agentotest.WithInMemory(), agentotest.WithRateLimit(perMinute, time.Minute), agentotest.WithReset(meaning),
			agentotest.WithMiddleware(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					time.Sleep(trip)
					next.ServeHTTP(rw, r)
				})
			}))
		defer server.Close()
		call := w.call(server)
		begun := time.Now()
		work := make(chan struct{}, calls)
		for range calls {
			work <- struct{}{}
		}
		close(work)
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for range work {
					if err := call(t.Context()); err != nil {
						t.Errorf("%s: %v", w.name, err)
					}
				}
			})
		}
		all.Wait()
		took = time.Since(begun)
		for _, r := range server.Requests() {
			if r.Status == http.StatusTooManyRequests {
				refused++
			}
		}
	})
	return took, refused
}
