package redispacer

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/remsyshq/agento-go/redispacer/internal/redistest"
)

const (
	testKey = "ak_live_0123456789abcdef0123456789abcdef"
	// longTimeout allows for a slow machine.
	longTimeout = 10 * time.Second
)

var silent = slog.New(slog.DiscardHandler)

func TestMain(m *testing.M) {
	logging.Disable()
	goleak.VerifyTestMain(withRedis{m})
}

// withRedis runs the tests with testClient connected to a server.
type withRedis struct{ tests *testing.M }

func (m withRedis) Run() int {
	dir, err := os.MkdirTemp("", "redispacer")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	s, err := redistest.Start(dir)
	if err != nil {
		panic(err)
	}
	defer s.Stop()
	testClient = redis.NewClient(&redis.Options{Addr: s.Addr})
	defer testClient.Close()
	for range cap(helpers) {
		h := newHelper()
		defer close(h.jobs)
		helpers <- h
	}
	return m.tests.Run()
}

func startRedis(t testing.TB, args ...string) *redistest.Server {
	t.Helper()
	s, err := redistest.Start(t.TempDir(), args...)
	require.NoError(t, err)
	t.Cleanup(s.Stop)
	return s
}

func connectTo(t testing.TB, s *redistest.Server) *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: s.Addr})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// newTestPacer returns a Pacer with a long timeout and no log.
func newTestPacer(t testing.TB, client redis.UniversalClient, opts ...Option) *Pacer {
	t.Helper()
	opts = append([]Option{WithTimeout(longTimeout), WithLogger(silent)}, opts...)
	p, err := New(client, testKey, opts...)
	require.NoError(t, err)
	return p
}
