package redispacer

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

const testPassword = "correct-horse-battery"

func TestBadInput(t *testing.T) {
	client := connectTo(t, startRedis(t))
	for name, test := range map[string]struct {
		client redis.UniversalClient
		key    string
		opt    Option
		want   string
	}{
		"no client":       {nil, testKey, WithPrefix("a"), "no Redis client"},
		"nil client":      {(*redis.Client)(nil), testKey, WithPrefix("a"), "no Redis client"},
		"no key":          {client, "", WithPrefix("a"), "no API key"},
		"empty option":    {client, testKey, Option{}, "an empty Option"},
		"window 0":        {client, testKey, WithWindow(0), "WithWindow is not between 100ms and a day: 0s"},
		"window negative": {client, testKey, WithWindow(-time.Second), "WithWindow is not between"},
		"window too long": {client, testKey, WithWindow(48 * time.Hour), "WithWindow is not between"},
		"timeout 0":       {client, testKey, WithTimeout(0), "WithTimeout is not between"},
		"no prefix":       {client, testKey, WithPrefix(""), "WithPrefix is empty or has a brace"},
		"brace in prefix": {client, testKey, WithPrefix("a{b}"), "WithPrefix is empty or has a brace"},
		"no logger":       {client, testKey, WithLogger(nil), "WithLogger is nil"},
		"no notify":       {client, testKey, WithNotify(nil), "WithNotify is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := New(test.client, test.key, test.opt)
			require.ErrorContains(t, err, "redispacer: "+test.want)
			require.NotContains(t, err.Error(), testKey)
			require.Nil(t, p)
		})
	}
}

func TestRedisThatRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		args     []string
		password string
		want     string
	}{
		"wants a password":     {[]string{"--requirepass", testPassword}, "", "asks for a password, or refuses the one that it was given"},
		"wants another":        {[]string{"--requirepass", testPassword}, "wrong-" + testPassword, "asks for a password, or refuses the one that it was given (WRONGPASS)"},
		"has no scripts":       {[]string{"--rename-command", "EVAL", "", "--rename-command", "EVALSHA", ""}, "", "runs no scripts"},
		"allows no scripts":    {strings.Fields("--user default on nopass ~* &* +@all -@scripting"), "", "does not allow this user to run the script or a command of it (NOPERM)"},
		"not all its commands": {strings.Fields("--user default on nopass ~* &* +@all -zrangebyscore"), "", "the Redis server "},
	} {
		t.Run(name, func(t *testing.T) {
			s := startRedis(t, test.args...)
			client := redis.NewClient(&redis.Options{Addr: s.Addr, Password: test.password})
			defer client.Close()
			p, err := New(client, testKey, WithStartAlone())
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), testPassword)
			require.NotContains(t, err.Error(), testKey)
			require.NotContains(t, err.Error(), "args") // a server quotes them
			require.Nil(t, p)
		})
	}
}

func TestRedisWithPassword(t *testing.T) {
	s := startRedis(t, "--requirepass", testPassword)
	client := redis.NewClient(&redis.Options{Addr: s.Addr, Password: testPassword})
	defer client.Close()
	newTestPacer(t, client)
}

func TestRedisThatCannotBeReached(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := l.Addr().String()
	require.NoError(t, l.Close())
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	require.NoError(t, err)
	defer silent.Close()
	for name, test := range map[string]struct{ addr, want string }{
		"refused": {closed, "refused"},
		"silent":  {silent.Addr().String(), "no answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			client := redis.NewClient(&redis.Options{Addr: test.addr, Password: testPassword})
			defer client.Close()
			p, err := New(client, testKey)
			require.ErrorContains(t, err, "redispacer: Redis cannot be reached: ")
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), testPassword)
			require.Nil(t, p)

			var log bytes.Buffer
			var changes []Change
			p, err = New(client, testKey, WithStartAlone(), WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
				WithNotify(func(c Change) { changes = append(changes, c) }))
			require.NoError(t, err)
			require.Contains(t, log.String(), "level=WARN")
			require.Contains(t, log.String(), "paces alone")
			require.NotContains(t, log.String(), testPassword)
			require.NotContains(t, log.String(), testKey)
			require.Len(t, changes, 1)
			require.True(t, changes[0].Alone)
			require.ErrorContains(t, changes[0].Err, test.want)
			begun := time.Now()
			pacedCall(t, p)
			require.Less(t, time.Since(begun), firstAnswer)
		})
	}
}
