package agento_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// BenchmarkLargeResponse reports the most memory that the heap has while a response is
// read and decoded.
func BenchmarkLargeResponse(b *testing.B) {
	list := func(ctx context.Context, c *agento.Client) error { _, err := c.Agents.List(ctx, nil); return err }
	recent := func(ctx context.Context, c *agento.Client) error { _, err := c.Logs.Recent(ctx, "a1", nil); return err }
	chunks := func(ctx context.Context, c *agento.Client) error {
		_, err := c.Knowledge.List(ctx, agento.ForAgent("a1"), nil)
		return err
	}
	account := func(ctx context.Context, c *agento.Client) error { _, err := c.Account.Get(ctx); return err }
	swarm := func(ctx context.Context, c *agento.Client) error { _, err := c.Swarms.Get(ctx, "s1"); return err }
	document := func(ctx context.Context, c *agento.Client) error {
		_, err := c.Account.Personality(ctx, agento.ForAgent("a1"))
		return err
	}
	remove := func(ctx context.Context, c *agento.Client) error { return c.Agents.Delete(ctx, "a1") }
	anything := func(ctx context.Context, c *agento.Client) error {
		var out any
		return c.Do(ctx, "GET", "/v1/x", nil, &out)
	}
	agentRow := `{"id":"0b4f9f0e-1111-2222-3333-444455556666","name":"Support","status":"running","region":"eu","image":"agento/runtime:1","swarm":null,"createdAt":"2026-01-15T10:30:00.000Z","startedAt":"2026-01-15T10:30:00.000Z","stoppedAt":null,"description":"Answers","sharedMode":false,"lastError":"","updatedAt":"2026-01-15T10:30:00.000Z"}`
	for _, c := range []struct {
		name               string
		call               func(context.Context, *agento.Client) error
		before, row, after string
	}{
		{"List/empty objects", list, `{"data":[`, `{},`, `{}]}`},
		{"List/nulls", list, `{"data":[`, `null,`, `null]}`},
		{"List/agents", list, `{"data":[`, agentRow + ",", agentRow + `]}`},
		{"List/no ID", list, `{"data":[`, `{"name":"a"},`, `{"name":"a"}]}`},
		{"Recent/empty strings", recent, `{"data":[`, `"",`, `""]}`},
		{"Recent/empty objects", recent, `{"data":[`, `{},`, `{}]}`},
		{"Recent/entries", recent, `{"data":[`, `{"timestamp":"2026-01-15T10:30:00.000Z","level":"INFO","line":"2026-01-15 10:30 INFO handled a message in 12 ms"},`, `""]}`},
		{"Recent/one line", recent, `{"data":["`, `a line without an end `, `"]}`},
		{"Recent/one entry", recent, `{"data":[{"line":"`, `a line without an end `, `"}]}`},
		{"Knowledge/metadata of objects", chunks, `{"data":[{"id":"c","metadata":{"a":[`, `{},`, `0]}}]}`},
		{"Knowledge/metadata of small maps", chunks, `{"data":[{"id":"c","metadata":{"a":[`, `{"":0},`, `0]}}]}`},
		{"Knowledge/metadata of lists", chunks, `{"data":[{"id":"c","metadata":{"a":[`, `[],`, `0]}}]}`},
		{"Knowledge/metadata of numbers", chunks, `{"data":[{"id":"c","metadata":{"a":[`, `0,`, `0]}}]}`},
		{"Knowledge/metadata of keys", chunks, `{"data":[{"id":"c","metadata":{`, `"%08d":0,`, `"":0}}]}`},
		{"Account/usage", account, `{"data":{"id":"a","usage":{`, `"%08d":0,`, `"":0}}}`},
		{"Swarm/agents", swarm, `{"data":{"id":"a","agents":[`, `{},`, `{}]}}`},
		{"Swarm/agent IDs", swarm, `{"data":{"id":"a","agents":[`, `"",`, `""]}}`},
		{"Document/content", document, `{"data":{"content":"`, `text \n`, `"}}`},
		{"Delete/error", remove, `{"error":[`, `{},`, `{}]}`},
		{"Do/any", anything, `{"data":[`, `[],`, `0]}`},
		{"Do/keys", anything, `{"data":{`, `"%08d":0,`, `"":0}}`},
	} {
		for _, size := range []int{4, 16, 63} {
			b.Run(fmt.Sprintf("%s/%dMB", c.name, size), func(b *testing.B) {
				var err error
				var peak uint64
				for b.Loop() {
					runtime.GC()
					client := clientFor(b, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
						resp := harness.Respond(200, "")
						resp.ContentLength = -1
						resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(c.before), &rows{text: c.row, left: size * 1e6}, strings.NewReader(c.after)))
						return resp, nil
					}))
					peak = max(peak, mostHeap(func() { err = c.call(b.Context(), client) }))
				}
				b.ReportMetric(float64(peak)/1e6, "MB-heap")
				if err != nil {
					b.Logf("%.150s", err.Error())
				}
			})
		}
	}
}

func clientFor(b *testing.B, tr http.RoundTripper) *agento.Client {
	client, err := agento.New(harness.TestKey, agento.WithHTTPClient(&http.Client{Transport: tr}))
	require.NoError(b, err)
	return client
}

// rows yields a text again and again. %08d in it becomes a number.
type rows struct {
	text    string
	n, left int
	rest    string
}

func (r *rows) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.left <= 0 {
			return 0, io.EOF
		}
		var b strings.Builder
		for b.Len() < 32<<10 && b.Len() < r.left {
			if strings.Contains(r.text, "%") {
				fmt.Fprintf(&b, r.text, r.n)
			} else {
				b.WriteString(r.text)
			}
			r.n++
		}
		r.rest = b.String()
		r.left -= len(r.rest)
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// mostHeap returns the most bytes that the objects on the heap had during f.
func mostHeap(f func()) (most uint64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(time.Millisecond); ; {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64())
			select {
			case <-ended:
				return
			case <-tick.C:
			}
		}
	}()
	f()
	close(ended)
	<-done
	return most
}
