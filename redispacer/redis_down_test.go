package redispacer

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/redispacer/internal/redistest"
)

// pacedCall makes one call to a service that allows it.
func pacedCall(t *testing.T, p *Pacer) {
	t.Helper()
	require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
	p.Observe((&service{limit: 1000, window: time.Minute}).call())
}

// log is a buffer for concurrent use.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// TestRedisOutage makes calls while Redis fails and returns.
func TestRedisOutage(t *testing.T) {
	for name, test := range map[string]struct {
		away, back func(*testing.T, *redistest.Server)
	}{
		"killed":  {func(t *testing.T, s *redistest.Server) { s.Stop() }, func(t *testing.T, s *redistest.Server) { require.NoError(t, s.Restart()) }},
		"stopped": {func(t *testing.T, s *redistest.Server) { require.NoError(t, s.Pause()) }, func(t *testing.T, s *redistest.Server) { require.NoError(t, s.Resume()) }},
		"loses the script": {
			func(t *testing.T, s *redistest.Server) {
				require.NoError(t, connectTo(t, s).Do(t.Context(), "ACL", "SETUSER", "default", "-evalsha").Err())
			},
			func(t *testing.T, s *redistest.Server) {
				require.NoError(t, connectTo(t, s).Do(t.Context(), "ACL", "SETUSER", "default", "+evalsha").Err())
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := startRedis(t)
			client := redis.NewClient(&redis.Options{Addr: s.Addr})
			defer client.Close()
			var out log
			changes := make(chan Change, 100)
			const timeout = 300 * time.Millisecond
			p := newTestPacer(t, client, WithTimeout(timeout), WithLogger(slog.New(slog.NewTextHandler(&out, nil))),
				WithNotify(func(c Change) { changes <- c }))
			pacedCall(t, p)
			test.away(t, s)
			for c := (Change{}); !c.Alone; c = changed(t, p, changes) {
				require.Empty(t, c)
			}
			begun := time.Now()
			pacedCall(t, p) // does not wait for Redis
			require.Less(t, time.Since(begun), 10*time.Second)
			test.back(t, s)
			c := changed(t, p, changes)
			for ; c.Alone; c = changed(t, p, changes) { // another outage on a slow machine
			}
			require.Positive(t, c.Lasted)
			require.Equal(t, 1, strings.Count(out.String(), "level=WARN"), out.String())
			require.Contains(t, out.String(), "the rate limit is shared again")
			require.NotContains(t, out.String(), testKey)
		})
	}
}

// changed makes calls until the Pacer reports a change.
func changed(t *testing.T, p *Pacer, changes <-chan Change) Change {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		pacedCall(t, p)
		select {
		case c := <-changes:
			return c
		case <-time.After(time.Millisecond):
		}
	}
	t.Fatal("no change in a minute")
	return Change{}
}

// TestWaitersRejoin checks that a waiting call shares the limit when Redis returns.
func TestWaitersRejoin(t *testing.T) {
	s := startRedis(t)
	client := connectTo(t, s)
	p := newTestPacer(t, client, WithTimeout(500*time.Millisecond))
	s.Stop()
	pacedCall(t, p)
	p.mu.Lock()
	o := p.outage
	p.mu.Unlock()
	require.NotNil(t, o)
	p.Observe(agento.PaceResult{Granted: time.Now(), StatusCode: 429, RetryAfter: time.Hour}) // alone, no request may be sent
	p.learned.mu.Lock()
	p.learned.hold = time.Time{} // which is not reported to Redis
	p.learned.mu.Unlock()
	left := make(chan error)
	go func() { left <- p.Acquire(context.Background(), agento.PaceRequest{}) }()
	require.NoError(t, s.Restart())
	select {
	case err := <-left:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		t.Fatal("still waits")
	}
}
