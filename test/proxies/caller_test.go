package proxies

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
)

const (
	giveUp = 3 * time.Minute // timeout for expected events
	tick   = 5 * time.Millisecond
	key    = "ak_live_00112233445566778899aabbccddeeff"
)

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// caller is a client of the SDK that counts its connections. None may be open when its test
// ends.
type caller struct {
	*agento.Client
	ctx      context.Context
	dialled  atomic.Int64
	open     atomic.Int64
	received atomic.Int64 // bytes, received from the network
	mu       sync.Mutex
	answers  map[int]int // attempts by status; 0: no response
}

// newCaller returns a client for a base URL that is reached through dial.
func newCaller(t *testing.T, key, base string, dial dialFunc, opts ...agento.Option) *caller {
	t.Helper()
	return newCallerOver(t, key, base, dial, new(http.Transport), opts...)
}

func newCallerOver(t *testing.T, key, base string, dial dialFunc, tr *http.Transport, opts ...agento.Option) *caller {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), giveUp)
	t.Cleanup(cancel)
	c := &caller{ctx: ctx, answers: map[int]int{}}
	tr.MaxIdleConnsPerHost = 64
	tr.DialContext = c.counted(dial)
	own := []agento.Option{
		agento.WithBaseURL(base), agento.WithHTTPClient(&http.Client{Transport: tr}),
		agento.WithMaxRetries(1), agento.WithObserver(agento.Observer{Response: c.note}),
	}
	client, err := agento.New(key, append(own, opts...)...)
	require.NoError(t, err)
	c.Client = client
	t.Cleanup(func() {
		free := waitFor(func() bool {
			client.CloseIdleConnections() // again, because a closed stream is not idle at once
			return c.open.Load() == 0
		})
		require.True(t, free, "connections left open")
	})
	return c
}

func (c *caller) note(_ context.Context, _ agento.CallInfo, r agento.ResponseInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[r.StatusCode]++
}

// answered returns the number of attempts with a status.
func (c *caller) answered(status int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answers[status]
}

func (c *caller) counted(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c.dialled.Add(1)
		c.open.Add(1)
		return &countedConn{Conn: conn, of: c}, nil
	}
}

type countedConn struct {
	net.Conn
	of   *caller
	once sync.Once
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.of.received.Add(int64(n))
	return n, err
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.of.open.Add(-1) })
	return c.Conn.Close()
}

// The calls that the faults affect.

func (c *caller) get(id string, opts ...agento.Option) error {
	_, err := c.Agents.Get(c.ctx, id, opts...)
	return err
}

func (c *caller) create(name string, opts ...agento.Option) error {
	_, err := c.Agents.Create(c.ctx, newAgent(name, ""), opts...)
	return err
}

func newAgent(name, soul string) agento.CreateAgentParams {
	return agento.CreateAgentParams{Name: name, SoulMD: soul, Secrets: agento.Secrets{"anthropicApiKey": "sk-made-up"}}
}

func (c *caller) send(t *testing.T, agentID string, opts ...agento.Option) *agento.ChatStream {
	t.Helper()
	stream, err := c.Chat.Send(c.ctx, agentID, agento.SendMessageParams{Message: hello}, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stream.Close()) })
	return stream
}

const hello = "Hello, is my parcel on its way?"

// requireFailure requires an error with a status, without an error code of the SDK or the
// service, that matches all targets.
func requireFailure(t *testing.T, err error, status, attempts int, targets ...error) *agento.Error {
	t.Helper()
	var e *agento.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, status, e.StatusCode, err.Error())
	require.Equal(t, attempts, e.Attempts, err.Error())
	require.NotContains(t, err.Error(), key)
	require.False(t, strings.ContainsAny(err.Error(), "\r\n"), "an error is one line")
	for _, target := range targets {
		require.ErrorIs(t, err, target)
	}
	return e
}
