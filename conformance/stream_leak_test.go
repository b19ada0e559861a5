package conformance

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// streamUses open a stream and stop using it in different ways.
var streamUses = []func(t *testing.T, client *agento.Client){
	func(t *testing.T, c *agento.Client) { // read to its end
		s := openStream(t, c, context.Background(), "whole")
		for range s.Events() {
		}
		require.NoError(t, s.Err())
	},
	func(t *testing.T, c *agento.Client) { // closed early, nothing read
		require.NoError(t, openStream(t, c, context.Background(), "endless").Close())
	},
	func(t *testing.T, c *agento.Client) { // closed by leaving a range loop
		for range openStream(t, c, context.Background(), "endless").All() {
			break
		}
	},
	func(t *testing.T, c *agento.Client) { // canceled and read to its end
		ctx, cancel := context.WithCancel(context.Background())
		s := openStream(t, c, ctx, "endless")
		<-s.Events()
		cancel()
		for range s.Events() {
		}
		require.ErrorIs(t, s.Err(), context.Canceled)
	},
	func(t *testing.T, c *agento.Client) { // canceled and not read, with a full channel
		ctx, cancel := context.WithCancel(context.Background())
		openStream(t, c, ctx, "endless")
		cancel()
	},
	func(t *testing.T, c *agento.Client) { // read to its end with All
		text, err := openStream(t, c, context.Background(), "whole").Text()
		require.NoError(t, err)
		require.NotEmpty(t, text)
	},
	func(t *testing.T, c *agento.Client) { // canceled while reading with All
		ctx, cancel := context.WithCancel(context.Background())
		var last error
		defer cancel()
		for _, err := range openStream(t, c, ctx, "endless").All() {
			cancel()
			last = err
		}
		require.ErrorIs(t, last, context.Canceled)
	},
	func(t *testing.T, c *agento.Client) { // aborted by the server while reading with All
		_, err := openStream(t, c, context.Background(), "aborted").Text()
		require.ErrorIs(t, err, agento.ErrStreamTruncated)
	},
	func(t *testing.T, c *agento.Client) { // aborted by the server
		s := openStream(t, c, context.Background(), "aborted")
		for range s.Events() {
		}
		require.ErrorIs(t, s.Err(), agento.ErrStreamTruncated)
	},
}

func openStream(t *testing.T, client *agento.Client, ctx context.Context, agent string) *agento.ChatStream {
	s, err := client.Chat.Send(ctx, agent, agento.SendMessageParams{Message: "x"})
	require.NoError(t, err)
	return s
}

func serveStream(w http.ResponseWriter, r *http.Request) {
	s := harness.Stream(w, r).Send(harness.Hi)
	switch {
	case strings.Contains(r.URL.Path, "whole"):
		s.Send(harness.More, harness.Done)
	case strings.Contains(r.URL.Path, "aborted"):
		s.Abort()
	default:
		for r.Context().Err() == nil {
			if _, err := io.WriteString(s, strings.Repeat(harness.Hi, 50)); err != nil {
				return
			}
			_ = s.Flush()
		}
	}
}

// inBubble counts the goroutines of the caller's bubble. The number of runtime goroutines
// varies.
func inBubble() int {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	_, mine, _ := strings.Cut(string(stacks), "synctest bubble ") // the caller's stack is the first
	mine, _, _ = strings.Cut(mine, "]")
	return strings.Count(string(stacks), "synctest bubble "+mine+"]")
}

// TestStreamsLeak opens 10,000 streams and stops using them in different ways. It checks
// that no goroutine and no connection is left.
func TestStreamsLeak(t *testing.T) {
	for name, proto := range harness.Protocols {
		t.Run(name, func(t *testing.T) { testStreamsLeak(t, proto) })
	}
}

func testStreamsLeak(t *testing.T, proto harness.Protocol) {
	harness.RunOver(t, proto, serveStream, []agento.Option{agento.WithPacing(false)}, func(w *harness.Env) {
		round := func(n int) {
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() { streamUses[i%len(streamUses)](w.T, w.Client) })
				if i%50 == 49 {
					all.Wait()
				}
			}
			all.Wait()
			synctest.Wait() // canceled streams release their connections
			w.Client.CloseIdleConnections()
			time.Sleep(10 * time.Second) // the server's handlers end
			synctest.Wait()
		}
		round(100)
		before := inBubble()
		n := 10_000
		if proto == harness.Protocols["HTTP/1.1+TLS"] { // each stream that is not read to its end needs a new handshake
			n = 2500
		}
		round(n)
		require.LessOrEqual(t, inBubble(), before)
		require.Zero(t, w.Listener.Open())
	})
}

// TestStreamErrorsRepeated repeats cases with possible races 1,000 times over each
// protocol, and 250 times over HTTP/1.1 with TLS, where each stream needs a new handshake.
func TestStreamErrorsRepeated(t *testing.T) {
	times := 1000
	if testing.Short() {
		times = 50
	}
	cause := io.ErrClosedPipe // an error that the SDK does not return itself
	rows := map[string]struct {
		handler http.HandlerFunc
		run     func(w *harness.Env) (*agento.ChatStream, []error)
	}{
		"cancel": {func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(harness.Hi).Hold() },
			func(w *harness.Env) (*agento.ChatStream, []error) {
				ctx, cancel := context.WithCancelCause(w.Ctx)
				s := w.Send(ctx)
				if !w.Pull {
					<-s.Events()
				}
				cancel(cause)
				return s, []error{context.Canceled, cause}
			}},
		"deadline": {func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(harness.Hi).Hold() },
			func(w *harness.Env) (*agento.ChatStream, []error) {
				ctx, cancel := context.WithTimeout(w.Ctx, time.Second)
				context.AfterFunc(ctx, cancel)
				return w.Send(ctx), []error{context.DeadlineExceeded}
			}},
		"truncated": {func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(harness.Hi, "data: {").Abort() },
			func(w *harness.Env) (*agento.ChatStream, []error) {
				return w.Send(w.Ctx), []error{agento.ErrStreamTruncated}
			}},
		"idle": {func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(harness.Hi).Hold() },
			func(w *harness.Env) (*agento.ChatStream, []error) {
				return w.Send(w.Ctx, agento.WithIdleTimeout(time.Second)), []error{agento.ErrStreamIdle}
			}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			harness.RunEach(t, row.handler, []agento.Option{agento.WithPacing(false)}, func(w *harness.Env) {
				times := times
				if w.Protocol == harness.Protocols["HTTP/1.1+TLS"] {
					times /= 4
				}
				for range times {
					s, want := row.run(w)
					harness.Read(w, s.Stream)
					for _, err := range want {
						require.ErrorIs(t, s.Err(), err)
					}
				}
			})
		})
	}
}

// closeRecorder is a body that records whether it was closed.
type closeRecorder struct {
	io.Reader
	closed bool
}

func (c *closeRecorder) Close() error { c.closed = true; return nil }

func TestLogStreamLastBodyClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		last := &closeRecorder{Reader: strings.NewReader("")}
		sent := 0
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			if sent++; sent == 1 {
				return harness.Respond(200, "data: a\n\n", "Content-Type", "text/event-stream"), nil
			}
			resp := harness.Respond(204, "")
			resp.Body = last
			return resp, nil
		}))
		s, err := client.Logs.Stream(t.Context(), "a1", nil)
		require.NoError(t, err)
		for range s.Events() {
		}
		require.NoError(t, s.Err())
		require.True(t, last.closed)
	})
}
