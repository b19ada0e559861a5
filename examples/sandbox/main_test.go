package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	_ "github.com/remsyshq/agento-go/internal/test/exchange/recording"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sandbox is a running program.
type sandbox struct {
	welcome, base, key string
	end                func() (said string, err error)
}

var exports = regexp.MustCompile(`export AGENTO_BASE_URL=(http://\S+) AGENTO_API_KEY=(\S+)`)

// start runs the program on a free port until the test ends or the returned function is
// called.
func start(t *testing.T, args ...string) sandbox {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	said, out := io.Pipe()
	result := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-addr", "127.0.0.1:0", "-reply-gap", "0s"}, args...), out)
		_ = out.Close()
		result <- err
	}()
	end := sync.OnceValues(func() (string, error) {
		cancel()
		rest, err := io.ReadAll(said)
		return string(rest), errors.Join(err, <-result)
	})
	t.Cleanup(func() { _, _ = end() })
	var welcome strings.Builder
	for buffer := make([]byte, 4096); !strings.Contains(welcome.String(), "quickstart"); {
		n, err := said.Read(buffer)
		require.NoError(t, err)
		welcome.Write(buffer[:n])
	}
	found := exports.FindStringSubmatch(welcome.String())
	require.NotNil(t, found)
	return sandbox{welcome.String(), found[1], found[2], end}
}

// call calls an operation without the SDK.
func (s sandbox) call(t *testing.T, method, path, key, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.base+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("X-Api-Key", key)
	}
	res, err := client.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// client leaves no connection open.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(body)
}

func TestSandbox(t *testing.T) {
	s := start(t, "-agents", "4")
	res := s.call(t, "GET", "/v1/agents", s.key, "")
	require.Equal(t, 200, res.StatusCode)
	var agents struct {
		Data []struct{ ID, Status string }
	}
	require.NoError(t, json.NewDecoder(res.Body).Decode(&agents))
	require.Len(t, agents.Data, 4)
	for _, agent := range agents.Data {
		require.Contains(t, s.welcome, agent.ID)
	}

	first := agents.Data[3]
	require.Equal(t, "running", first.Status)
	path := "/v1/agents/" + first.ID + "/chat/messages"
	require.Contains(t, s.welcome, "$AGENTO_BASE_URL"+path)
	res = s.call(t, "POST", path, s.key, `{"message":"Hello"}`)
	require.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
	answer := text(t, res)
	require.Contains(t, answer, "test double")
	require.Contains(t, answer, `{"type":"done"}`)

	require.Equal(t, 401, s.call(t, "GET", "/v1/agents", "", "").StatusCode)
	require.Equal(t, 401, s.call(t, "GET", "/v1/agents", "ak_live_00112233445566778899aabbccddeeff", "").StatusCode)

	other := start(t)
	require.NotEqual(t, s.key, other.key, "each run has a new key")
	require.Equal(t, 401, other.call(t, "GET", "/v1/agents", s.key, "").StatusCode)
}

func TestEndsDuringStream(t *testing.T) {
	s := start(t)
	id := regexp.MustCompile(`/v1/agents/(\S+)/logs/stream`).FindStringSubmatch(s.welcome)
	require.NotNil(t, id)
	res := s.call(t, "GET", "/v1/agents/"+id[1]+"/logs/stream", s.key, "")
	require.Equal(t, 200, res.StatusCode)
	said, err := s.end()
	require.NoError(t, err)
	require.Equal(t, "Ended.\n", said)
	_, err = io.ReadAll(res.Body)
	require.Error(t, err, "the stream was dropped")
	_, err = net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	require.Error(t, err, "nothing listens anymore")
}

func TestEndedBeforeItBegins(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, run(ctx, []string{"-addr", "127.0.0.1:0"}, io.Discard))
}

func TestRateLimit(t *testing.T) {
	s := start(t, "-rate-limit", "2", "-window", "1h")
	for range 2 {
		require.Equal(t, 200, s.call(t, "GET", "/v1/account", s.key, "").StatusCode)
	}
	res := s.call(t, "GET", "/v1/account", s.key, "")
	require.Equal(t, 429, res.StatusCode)
	require.NotEmpty(t, res.Header.Get("Retry-After"))

	free := start(t, "-rate-limit", "0")
	require.Empty(t, free.call(t, "GET", "/v1/account", free.key, "").Header.Get("X-RateLimit-Limit"))
}

func TestScopes(t *testing.T) {
	s := start(t, "-scopes", "agents:read, chat")
	require.Equal(t, 200, s.call(t, "GET", "/v1/agents", s.key, "").StatusCode)
	res := s.call(t, "POST", "/v1/agents", s.key, `{"name":"x"}`)
	require.Equal(t, 403, res.StatusCode)
	require.Contains(t, text(t, res), "agents:write")
}

func TestNoAgents(t *testing.T) {
	s := start(t, "-agents", "0")
	require.Contains(t, s.welcome, "<agent ID>/chat/messages")
}

func TestInvalidArguments(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	for name, tt := range map[string]struct {
		args    []string
		problem string
	}{
		"taken":         {[]string{"-addr", taken.Addr().String()}, "address already in use"},
		"no address":    {[]string{"-addr", "nowhere"}, "missing port"},
		"negative":      {[]string{"-agents", "-1"}, "a flag is negative"},
		"no window":     {[]string{"-window", "0s"}, "the window is 0"},
		"a stray word":  {[]string{"8787"}, "an argument after the flags"},
		"unknown scope": {[]string{"-scopes", "agents:read,agents:all"}, `unknown scope "agents:all"`},
		"unknown flag":  {[]string{"-port", "1"}, "not defined"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, run(t.Context(), tt.args, io.Discard), tt.problem)
		})
	}
}

func TestReachable(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:80": "http://127.0.0.1:80", "[::1]:80": "http://[::1]:80",
		"0.0.0.0:80": "http://127.0.0.1:80", "[::]:80": "http://127.0.0.1:80", "192.0.2.1:80": "http://192.0.2.1:80",
	} {
		tcp, err := net.ResolveTCPAddr("tcp", addr)
		require.NoError(t, err)
		require.Equal(t, want, reachable(tcp))
	}
}
