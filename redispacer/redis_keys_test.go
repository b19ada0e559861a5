package redispacer

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
)

// exercise makes the script store all its keys.
func exercise(t *testing.T, p *Pacer) {
	t.Helper()
	s := &service{limit: 10, window: time.Minute}
	for range 6 { // of another client
		s.call()
	}
	for i := range 4 {
		require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{Bulk: i < 3}))
		p.Observe(s.call())
	}
	require.Eventually(t, func() bool { // two wait
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for _, bulk := range []bool{true, false} {
			r, err := p.ask(ctx, &scriptArgs{Op: opTake, ID: map[bool]string{true: "b", false: "c"}[bulk], Bulk: bulk, MaxWait: -1}, longTimeout)
			require.NoError(t, err)
			if r.verdict != again {
				return false
			}
		}
		return true
	}, longTimeout, time.Millisecond)
}

func TestStoredKeys(t *testing.T) {
	server := startRedis(t)
	client := connectTo(t, server)
	exercise(t, newTestPacer(t, client, WithPrefix("shop")))
	names, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.Len(t, names, 4)
	for _, name := range names {
		require.Regexp(t, `^shop:\{[0-9a-f]{32}\}:[a-z]+$`, name)
		ttl, err := client.PTTL(t.Context(), name).Result()
		require.NoError(t, err)
		require.Positive(t, ttl, name)
		require.Less(t, ttl, 5*time.Minute, name)
		dump, err := client.Dump(t.Context(), name).Result()
		require.NoError(t, err)
		require.NotContains(t, dump, testKey[8:])
	}
	require.NotEqual(t, keysOf("shop", testKey), keysOf("shop", testKey+"0"))
	require.Equal(t, names[0][:strings.Index(names[0], "}")], keysOf("shop", testKey)[0][:strings.Index(names[0], "}")])
}

func TestRedisCluster(t *testing.T) {
	server := startRedis(t, "--cluster-enabled", "yes")
	single := connectTo(t, server)
	require.NoError(t, single.ClusterAddSlotsRange(t.Context(), 0, 16383).Err())
	require.Eventually(t, func() bool {
		return strings.Contains(single.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
	}, time.Minute, time.Millisecond)
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{server.Addr}})
	defer cluster.Close()
	exercise(t, newTestPacer(t, cluster))
}
