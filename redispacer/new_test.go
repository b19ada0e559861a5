package redispacer

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

const testPassword = "correct-horse-battery"

func TestNewInvalidArgument(t *testing.T) {
	client := connectTo(t, startRedis(t))
	for name, test := range map[string]struct {
		client redis.UniversalClient
		key    string
		opt    Option
		want   string
	}{
		"no client":       {nil, testKey, WithPrefix("a"), "Redis client is nil"},
		"no key":          {client, "", WithPrefix("a"), "API key is empty"},
		"empty option":    {client, testKey, Option{}, "Option is empty"},
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

func TestNewRedisRejects(t *testing.T) {
	for name, test := range map[string]struct {
		args     []string
		password string
		want     string
	}{
		"wants a password":     {[]string{"--requirepass", testPassword}, "", "requires a password or rejects the client's"},
		"wants another":        {[]string{"--requirepass", testPassword}, "wrong-" + testPassword, "requires a password or rejects the client's (WRONGPASS)"},
		"has no scripts":       {[]string{"--rename-command", "EVAL", "", "--rename-command", "EVALSHA", ""}, "", "does not run scripts"},
		"allows no scripts":    {strings.Fields("--user default on nopass ~* &* +@all -@scripting"), "", "does not allow the user to run the script"},
		"not all its commands": {strings.Fields("--user default on nopass ~* &* +@all -zrangebyscore"), "", "does not allow the user to run the script"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startRedis(t, test.args...)
			client := redis.NewClient(&redis.Options{Addr: s.Addr, Password: test.password})
			defer client.Close()
			p, err := New(client, testKey, WithStartAlone())
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), testPassword)
			require.NotContains(t, err.Error(), testKey)
			require.NotContains(t, err.Error(), "args") // of the command, which Redis quotes
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

func TestNewRedisUnreachable(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections and sends nothing
	require.NoError(t, err)
	defer silent.Close()
	for name, test := range map[string]struct{ addr, want string }{
		"refused": {"127.0.0.1:1", "refused"},
		"silent":  {silent.Addr().String(), "no reply in time"},
	} {
		t.Run(name, func(t *testing.T) {
			client := redis.NewClient(&redis.Options{Addr: test.addr, Password: testPassword, DialerRetries: 1, MaxRetries: -1})
			defer client.Close()
			p, err := New(client, testKey)
			require.ErrorContains(t, err, "redispacer: cannot reach Redis: ")
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), testPassword)
			require.Nil(t, p)

			p, alone := startAlone(t, client)
			require.ErrorContains(t, alone, test.want)
			begun := time.Now()
			pacedCall(t, p)
			require.Less(t, time.Since(begun), firstReply)
		})
	}
}

// TestNewRedisCannotServe starts while Redis returns temporary errors.
func TestNewRedisCannotServe(t *testing.T) {
	for name, text := range map[string]string{
		"replica":        "READONLY You can't write against a read only replica. script: 0123, on @user_script:9.",
		"replica, old":   "ERR Error running script (call to f_0123): @user_script:9: -READONLY You can't write against a read only replica.",
		"no replicas":    "NOREPLICAS Not enough good replicas to write.",
		"role changes":   "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
		"script runs":    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
		"loads":          "LOADING Redis is loading the dataset in memory",
		"master is away": "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
		"cluster down":   "CLUSTERDOWN The cluster is down",
		"slot moves":     "TRYAGAIN Multiple keys request during rehashing of slot",
		"disk full":      "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
		"no memory":      "OOM command not allowed when used memory > 'maxmemory'.",
		"many clients":   "ERR max number of clients reached",
		"proxy":          "ERR upstream failure",
	} {
		t.Run(name, func(t *testing.T) {
			client := redis.NewClient(&redis.Options{Addr: testClient.Options().Addr, MaxRetries: -1})
			defer client.Close()
			client.AddHook(errorHook{redisError(text)})
			_, err := New(client, testKey)
			require.ErrorContains(t, err, "redispacer: Redis cannot run the script: "+text)
			p, alone := startAlone(t, client)
			require.EqualError(t, alone, "Redis cannot run the script: "+text)
			pacedCall(t, p)
		})
	}
}

// errorHook makes every script fail.
type errorHook struct{ err redisError }

type redisError string

func (e redisError) Error() string { return string(e) }
func (redisError) RedisError()     {}

func (h errorHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h errorHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if !strings.HasPrefix(cmd.Name(), "eval") {
			return next(ctx, cmd)
		}
		cmd.SetErr(h.err)
		return h.err
	}
}

func (h errorHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// startAlone returns a Pacer of WithStartAlone and the error it reports.
func startAlone(t *testing.T, client redis.UniversalClient, opts ...Option) (*Pacer, error) {
	t.Helper()
	var out log
	var changes []Change
	p, err := New(client, testKey, append([]Option{WithStartAlone(), WithLogger(slog.New(slog.NewTextHandler(&out, nil))),
		WithNotify(func(c Change) { changes = append(changes, c) })}, opts...)...)
	require.NoError(t, err)
	require.Contains(t, out.String(), "level=WARN")
	require.Contains(t, out.String(), "paces alone")
	require.NotContains(t, out.String(), testPassword)
	require.NotContains(t, out.String(), testKey)
	require.Len(t, changes, 1)
	require.True(t, changes[0].Alone)
	return p, changes[0].Err
}

// TestStartDuringFailover starts on replicas and masters that do not take writes yet.
func TestStartDuringFailover(t *testing.T) {
	for name, test := range map[string]struct {
		args     []string
		down, up string
		want     string
	}{
		"READONLY":    {nil, "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "READONLY"},
		"NOREPLICAS":  {nil, "CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0", "NOREPLICAS"},
		"OOM":         {nil, "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "OOM"},
		"CLUSTERDOWN": {[]string{"--cluster-enabled", "yes"}, "PING", "CLUSTER ADDSLOTSRANGE 0 16383", "CLUSTERDOWN"},
	} {
		t.Run(name, func(t *testing.T) {
			client := connectTo(t, startRedis(t, test.args...))
			do := func(command string) {
				var words []any
				for _, word := range strings.Fields(command) {
					words = append(words, word)
				}
				require.NoError(t, client.Do(t.Context(), words...).Err())
			}
			do(test.down)
			p, alone := startAlone(t, client, WithTimeout(longTimeout))
			require.ErrorContains(t, alone, test.want)
			do(test.up)
			require.Eventually(t, func() bool { pacedCall(t, p); return p.shared() }, longTimeout, 10*time.Millisecond)
		})
	}
}
