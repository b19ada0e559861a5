package conformance

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// fault is a row of the tables in docs/faults.md.
type fault struct {
	group, name, result string
	serve               http.HandlerFunc // unless transport or connections is set
	over                harness.Protocol // protocol of serve
	transport           harness.RoundTripper
	connections         http.RoundTripper // transport with its own connections
	opts                []agento.Option
	call                func(ctx context.Context, c *agento.Client) error // default Agents.Get
	within              time.Duration                                     // maximum duration, without the backoff
	check               func(t *testing.T, err error)
}

// TestFaults runs each fault of the table.
func TestFaults(t *testing.T) {
	for _, f := range allFaults() {
		t.Run(f.group+"/"+f.name, func(t *testing.T) {
			handler := f.serve
			if handler == nil {
				handler = func(http.ResponseWriter, *http.Request) {}
			}
			opts := append([]agento.Option{agento.WithMaxRetries(1)}, f.opts...)
			if f.connections != nil {
				opts = append(opts, agento.WithHTTPClient(&http.Client{Transport: f.connections}))
			}
			if f.transport != nil {
				opts = append(opts, agento.WithHTTPClient(&http.Client{Transport: f.transport}))
			}
			harness.RunOver(t, f.over, handler, opts, func(w *harness.Env) {
				begun := time.Now()
				call := f.call
				if call == nil {
					call = getAgent
				}
				err := call(w.Ctx, w.Client)
				f.check(w.T, err)
				require.LessOrEqual(w.T, time.Since(begun), f.within+2*time.Second)
				if err != nil {
					require.Less(w.T, len(err.Error()), 3000)
					require.NotContains(w.T, err.Error(), harness.TestKey)
				}
			})
		})
	}
}

// TestFaultsPage compares docs/faults.md with the tables. To update the page, run
//
//	go test ./conformance -run FaultsPage -update
func TestFaultsPage(t *testing.T) {
	const path = "../docs/faults.md"
	var page strings.Builder
	faults := allFaults()
	fmt.Fprintf(&page, faultsIntro, len(faults))
	group := ""
	for _, f := range faults {
		if f.group != group {
			group = f.group
			fmt.Fprintf(&page, "\n## %s\n\n| fault | result |\n|---|---|\n", group)
		}
		fmt.Fprintf(&page, "| %s | %s |\n", f.name, f.result)
	}
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(page.String()), 0o644))
		return
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, page.String(), string(got), "run: go test ./conformance -run FaultsPage -update")
	require.GreaterOrEqual(t, len(faults), 60)
}

const faultsIntro = `# Faults

The tables list %d faults of the service, the network and the caller's code, and the result of a call for each. Each row is a test; the page is
generated from the tests. ` + "`go test ./conformance -run TestFaults`" + ` runs them.

For each fault, the test also checks that the call returns in time, does not panic and does not print the API key. It also checks that no goroutine and
no connection is left.
`

func allFaults() []fault {
	return append(append(callFaults(), retryAfterFaults()...), append(writeFaults(), streamFaults()...)...)
}

func getAgent(ctx context.Context, c *agento.Client) error {
	_, err := c.Agents.Get(ctx, "a1")
	return err
}

func createAgent(ctx context.Context, c *agento.Client) error {
	_, err := c.Agents.Create(ctx, agento.CreateAgentParams{Name: "Bot"})
	return err
}

func deleteAgent(ctx context.Context, c *agento.Client) error { return c.Agents.Delete(ctx, "a1") }

func ask(ctx context.Context, c *agento.Client) error {
	reply, err := c.Chat.Ask(ctx, "a1", agento.SendMessageParams{Message: "Hello"})
	if err == nil && reply.Text == "" {
		return errors.New("reply has no text")
	}
	return err
}

// respondWith responds to every request with the same response.
func respondWith(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// first responds to the first request with one and to later requests with then.
func first(one, then http.HandlerFunc) func() http.HandlerFunc {
	return func() http.HandlerFunc {
		n := 0
		return func(w http.ResponseWriter, r *http.Request) {
			if n++; n == 1 {
				one(w, r)
				return
			}
			then(w, r)
		}
	}
}

// raw writes bytes to the connection, calls end, and closes the connection.
func raw(bytes string, end func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, bytes)
		if end != nil {
			end()
		}
	}
}

func noError(t *testing.T, err error) { require.NoError(t, err) }

// is requires an Error that matches all targets.
func is(targets ...error) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		var e *agento.Error
		require.ErrorAs(t, err, &e)
		for _, target := range targets {
			require.ErrorIs(t, err, target)
		}
	}
}

// status requires an Error with the given status that matches all targets.
func status(code int, targets ...error) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		is(targets...)(t, err)
		var e *agento.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, code, e.StatusCode)
	}
}

// text requires that the error contains part.
func text(part string, check func(*testing.T, error)) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		check(t, err)
		require.ErrorContains(t, err, part)
	}
}

// attempts requires an Error after n attempts.
func attempts(n int) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		var e *agento.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, n, e.Attempts)
	}
}

// known requires an error that is not ErrOutcomeUnknown.
func known(check func(*testing.T, error)) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		check(t, err)
		require.NotErrorIs(t, err, agento.ErrOutcomeUnknown)
	}
}

func endless(piece string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, piece); err != nil {
				return
			}
		}
	}
}

func drip(status int, every time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, " "); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			time.Sleep(every)
		}
	}
}

func gzipped(body string, cut int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		var b strings.Builder
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, body)
		_ = z.Close()
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, b.String()[:b.Len()-cut])
	}
}

// gzipBomb responds with a small body that decompresses to a gigabyte.
func gzipBomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	var part strings.Builder
	z := gzip.NewWriter(&part)
	_, _ = z.Write(make([]byte, 1<<20))
	_ = z.Close()
	for range 1 << 10 {
		if _, err := io.WriteString(w, part.String()); err != nil {
			return
		}
	}
}
