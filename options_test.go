package agento_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func TestNewInvalidOptions(t *testing.T) {
	ok := agento.WithBaseURL("https://gateway.example")
	source := agento.WithKeySource(func(context.Context) (string, error) { return harness.TestKey, nil })
	cases := map[string]struct {
		key   string
		opts  []agento.Option
		names string // the error must contain it
	}{
		"empty key":               {"", nil, "apiKey"},
		"key with a space":        {"ak_live_0123 4567", nil, "apiKey"},
		"key with a line break":   {harness.TestKey + "\n", nil, "apiKey"},
		"key with a NUL":          {harness.TestKey + "\x00", []agento.Option{ok}, "apiKey"},
		"key without prefix":      {"0123456789abcdef", nil, "apiKey"},
		"key and key source":      {harness.TestKey, []agento.Option{source}, "WithKeySource"},
		"base URL without scheme": {harness.TestKey, []agento.Option{agento.WithBaseURL("api.agento.host")}, "base URL"},
		"base URL of other kind":  {harness.TestKey, []agento.Option{agento.WithBaseURL("ftp://api.agento.host")}, "base URL"},
		"base URL with password":  {harness.TestKey, []agento.Option{agento.WithBaseURL("https://me:hunter2@api.agento.host")}, "base URL"},
		"base URL with /v1":       {harness.TestKey, []agento.Option{agento.WithBaseURL("https://api.agento.host/v1")}, "/v1"},
		"base URL with /v1/":      {harness.TestKey, []agento.Option{agento.WithBaseURL("https://api.agento.host/v1/")}, "/v1"},
		"base URL with query":     {harness.TestKey, []agento.Option{agento.WithBaseURL("https://api.agento.host?x=1")}, "base URL"},
		"base URL with escapes":   {harness.TestKey, []agento.Option{agento.WithBaseURL("https://api.agento.host/tenant/a%2Fb")}, "base URL"},
		"base URL with the key":   {harness.TestKey, []agento.Option{agento.WithBaseURL("https://api.agento.host/?key=" + harness.TestKey)}, "base URL"},
		"key in a fragment":       {harness.TestKey, []agento.Option{agento.WithBaseURL("https://api.agento.host/#" + harness.TestKey)}, "base URL"},
		"key in a path":           {harness.TestKey, []agento.Option{agento.WithBaseURL("https://gateway.example/" + harness.TestKey)}, "base URL"},
		"key as the base URL":     {harness.TestKey, []agento.Option{agento.WithBaseURL(harness.TestKey)}, "base URL"},
		"key before /v1":          {harness.TestKey, []agento.Option{agento.WithBaseURL("https://gateway.example/" + harness.TestKey + "/v1")}, "base URL"},
		"key over plain http":     {harness.TestKey, []agento.Option{agento.WithBaseURL("http://gateway.example/" + harness.TestKey)}, "base URL"},
		"password, no slashes":    {harness.TestKey, []agento.Option{agento.WithBaseURL("https:me:hunter2@api.agento.host")}, "base URL"},
		"base URL without host":   {harness.TestKey, []agento.Option{agento.WithBaseURL("https://")}, "base URL"},
		"base URL with NUL":       {harness.TestKey, []agento.Option{agento.WithBaseURL("https://a\x00b")}, "base URL"},
		"empty base URL":          {harness.TestKey, []agento.Option{agento.WithBaseURL("")}, "WithBaseURL"},
		"plain http":              {harness.TestKey, []agento.Option{agento.WithBaseURL("http://api.agento.host")}, "WithPlainHTTP"},
		"plain http to another":   {harness.TestKey, []agento.Option{agento.WithBaseURL("http://10.0.0.1"), agento.WithPlainHTTP("10.0.0.2")}, "base URL"},
		"plain http, other port":  {harness.TestKey, []agento.Option{agento.WithBaseURL("http://gateway:9090"), agento.WithPlainHTTP("gateway:8080")}, "WithPlainHTTP"},
		"plain http, a URL":       {harness.TestKey, []agento.Option{agento.WithPlainHTTP("http://me:hunter2@gateway")}, "WithPlainHTTP"},
		"plain http, no host":     {harness.TestKey, []agento.Option{agento.WithPlainHTTP(":8080")}, "WithPlainHTTP"},
		"plain http, no port":     {harness.TestKey, []agento.Option{agento.WithPlainHTTP("gateway:")}, "WithPlainHTTP"},
		"plain http, bad port":    {harness.TestKey, []agento.Option{agento.WithPlainHTTP("gateway:http")}, "WithPlainHTTP"},
		"plain http, many colons": {harness.TestKey, []agento.Option{agento.WithPlainHTTP("a:b:c")}, "WithPlainHTTP"},
		"nil HTTP client":         {harness.TestKey, []agento.Option{agento.WithHTTPClient(nil)}, "WithHTTPClient"},
		"nil key source":          {"", []agento.Option{agento.WithKeySource(nil)}, "WithKeySource"},
		"nil logger":              {harness.TestKey, []agento.Option{agento.WithLogger(nil)}, "WithLogger"},
		"nil pacer":               {harness.TestKey, []agento.Option{agento.WithPacer(nil)}, "WithPacer"},
		"nil middleware":          {harness.TestKey, []agento.Option{agento.WithMiddleware(nil)}, "WithMiddleware"},
		"user agent":              {harness.TestKey, []agento.Option{agento.WithUserAgent("a\r\nb")}, "WithUserAgent"},
		"header key":              {harness.TestKey, []agento.Option{agento.WithHeader("a b", "x")}, "WithHeader"},
		"header value":            {harness.TestKey, []agento.Option{agento.WithHeader("A", "x\r\ny: z")}, "WithHeader"},
		"header X-Api-Key":        {harness.TestKey, []agento.Option{agento.WithHeader("x-api-key", "x")}, "WithHeader"},
		"header Host":             {harness.TestKey, []agento.Option{agento.WithHeader("host", "x")}, "WithHeader"},
		"header Content-Length":   {harness.TestKey, []agento.Option{agento.WithHeader("content-length", "1")}, "WithHeader"},
		"negative retries":        {harness.TestKey, []agento.Option{agento.WithMaxRetries(-1)}, "WithMaxRetries"},
		"no timeout":              {harness.TestKey, []agento.Option{agento.WithTimeout(0)}, "WithTimeout"},
		"negative idle timeout":   {harness.TestKey, []agento.Option{agento.WithIdleTimeout(-1)}, "WithIdleTimeout"},
		"no event size":           {harness.TestKey, []agento.Option{agento.WithMaxEventSize(0)}, "WithMaxEventSize"},
		"option of a call":        {harness.TestKey, []agento.Option{agento.WithResponse(&agento.Response{})}, "WithResponse"},
		"other option of a call":  {harness.TestKey, []agento.Option{agento.WithExtra("a", 1)}, "WithExtra"},
		"empty option":            {harness.TestKey, []agento.Option{{}}, "opts"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			client, err := agento.New(c.key, c.opts...)
			require.Nil(t, client)
			require.ErrorContains(t, err, c.names)
			require.ErrorIs(t, err, agento.ErrValidation)
			require.NotContains(t, err.Error(), "0123456789abcdef")
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestNewValidOptions(t *testing.T) {
	for name, opts := range map[string][]agento.Option{
		"default":           nil,
		"loopback":          {agento.WithBaseURL("http://127.0.0.1:8080")},
		"loopback, IPv6":    {agento.WithBaseURL("http://[::1]:8080")},
		"localhost":         {agento.WithBaseURL("http://localhost:8080/")},
		"plain, by name":    {agento.WithPlainHTTP("agento.internal"), agento.WithBaseURL("http://agento.internal:80")},
		"plain, with port":  {agento.WithPlainHTTP("Gateway:8080"), agento.WithBaseURL("http://gateway:8080/agento")},
		"plain, port 80":    {agento.WithPlainHTTP("gateway:80"), agento.WithBaseURL("http://gateway")},
		"plain, any port":   {agento.WithPlainHTTP("gateway"), agento.WithBaseURL("http://gateway:8080")},
		"plain, IPv6":       {agento.WithPlainHTTP("fd00::7"), agento.WithBaseURL("http://[fd00::7]:8080")},
		"plain, brackets":   {agento.WithPlainHTTP("[fd00::7]"), agento.WithBaseURL("http://[fd00::7]:8080")},
		"plain, IPv6, port": {agento.WithPlainHTTP("[fd00::7]:8080"), agento.WithBaseURL("http://[fd00::7]:8080")},
		"plain, long IPv6":  {agento.WithPlainHTTP("fd00:0::0:7"), agento.WithBaseURL("http://[fd00::7]")},
		"plain, loopback":   {agento.WithPlainHTTP("[::1]"), agento.WithBaseURL("http://[::1]:8080")},
		"below a path":      {agento.WithBaseURL("https://gateway.example/agento/")},
		"same option twice": {agento.WithBaseURL("ftp://x"), agento.WithBaseURL("https://gateway.example")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := agento.New(harness.TestKey, opts...)
			require.NoError(t, err)
		})
	}
	_, err := agento.New("a-key-of-some-gateway", agento.WithBaseURL("https://gateway.example"))
	require.NoError(t, err, "a key without prefix goes with another base URL")
}

func TestNewFromEnv(t *testing.T) {
	t.Setenv("AGENTO_API_KEY", "")
	t.Setenv("AGENTO_BASE_URL", "")
	_, err := agento.NewFromEnv()
	require.ErrorContains(t, err, "AGENTO_API_KEY")
	t.Setenv("AGENTO_API_KEY", harness.TestKey)
	_, err = agento.NewFromEnv()
	require.NoError(t, err)
	t.Setenv("AGENTO_BASE_URL", "ftp://nowhere")
	_, err = agento.NewFromEnv()
	require.ErrorIs(t, err, agento.ErrValidation)
	require.EqualError(t, err, `agento: AGENTO_BASE_URL must begin with https://`)
	_, err = agento.NewFromEnv(agento.WithBaseURL("https://gateway.example"))
	require.NoError(t, err, "an option wins over the environment")
	_, err = agento.NewFromEnv(agento.WithBaseURL("gateway.example"))
	require.ErrorContains(t, err, "base URL", "not the variable's fault")
	t.Setenv("AGENTO_BASE_URL", "")
	for _, key := range []string{harness.TestKey + "\n", "sk_secret"} {
		t.Setenv("AGENTO_API_KEY", key)
		_, err = agento.NewFromEnv()
		require.ErrorIs(t, err, agento.ErrValidation)
		require.ErrorContains(t, err, "agento: AGENTO_API_KEY ")
		require.NotContains(t, err.Error(), strings.TrimSpace(key))
	}
}

func TestOptionsSent(t *testing.T) {
	var got *http.Request
	var body string
	rt := harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
		got = req
		if req.Body != nil {
			b, _ := io.ReadAll(req.Body)
			body = string(b)
		}
		return harness.Respond(200, `{"data":{"id":"a1"},"more":1}`, "X-Request-Id", "req_1", "X-RateLimit-Limit", "120",
			"X-RateLimit-Remaining", "7", "X-RateLimit-Reset", "1768473000"), nil
	})
	client := harness.Client(t, rt, agento.WithUserAgent("widget/2"), agento.WithHeader("X-Team", "a"), agento.WithHeader("X-Env", "ci"))
	var resp agento.Response
	_, err := client.Agents.Create(context.Background(), agento.CreateAgentParams{Name: "Bot"},
		agento.WithHeader("x-team", "b"), agento.WithExtra("tier", map[string]int{"n": 1}), agento.WithExtra("name", "Other"),
		agento.WithResponse(&resp))
	require.NoError(t, err)
	require.Equal(t, harness.TestKey, got.Header.Get("X-Api-Key"))
	require.Equal(t, "b", got.Header.Get("X-Team"), "the call's option wins")
	require.Equal(t, "ci", got.Header.Get("X-Env"))
	require.Regexp(t, `^widget/2 agento-go/`, got.Header.Get("User-Agent"))
	require.JSONEq(t, `{"name":"Other","tier":{"n":1}}`, body)
	want := agento.RateLimit{Limit: 120, Remaining: 7, Reset: time.Unix(1768473000, 0), Known: true}
	require.Equal(t, want, resp.RateLimit)
	require.Equal(t, want, client.RateLimit())
	require.Equal(t, "req_1", resp.RequestID)
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, 1, resp.Attempts)
	require.JSONEq(t, `{"data":{"id":"a1"},"more":1}`, string(resp.Body))

	_, err = client.Agents.Get(context.Background(), "a")
	require.NoError(t, err)
	require.Equal(t, "a", got.Header.Get("X-Team"), "an option of a call does not stay")
}

// The caller's client is not changed. Its Timeout limits an attempt of a call, but not
// a stream.
func TestWithHTTPClientCopied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		redirects := func(*http.Request, []*http.Request) error { return nil }
		mine := &http.Client{Transport: harness.RoundTripper(harness.Hang), Timeout: 5 * time.Second, CheckRedirect: redirects}
		client, err := agento.New(harness.TestKey, agento.WithHTTPClient(mine), agento.WithMaxRetries(0))
		require.NoError(t, err)
		begun := time.Now()
		_, err = client.Agents.Get(t.Context(), "a")
		require.Error(t, err)
		require.Equal(t, 5*time.Second, time.Since(begun))
		_, err = client.Chat.Send(t.Context(), "a", agento.SendMessageParams{Message: "x"})
		require.ErrorIs(t, err, agento.ErrStreamIdle)
		require.Equal(t, 5*time.Second+10*time.Minute, time.Since(begun))
		require.Equal(t, 5*time.Second, mine.Timeout)
		require.IsType(t, harness.RoundTripper(nil), mine.Transport)
	})
}

// The key source is called for each attempt, and its error ends the call.
func TestWithKeySource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		var keys []string
		client, err := agento.New("", agento.WithHTTPClient(&http.Client{Transport: harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
			keys = append(keys, req.Header.Get("X-Api-Key"))
			return harness.Respond(503, ""), nil
		})}), agento.WithMaxRetries(2), agento.WithKeySource(func(context.Context) (string, error) {
			if asked++; asked > 3 {
				return "", errors.New("the vault is sealed")
			}
			return harness.TestKey + strings.Repeat("f", asked), nil
		}))
		require.NoError(t, err)
		_, err = client.Agents.Get(t.Context(), "a")
		require.Error(t, err)
		require.Equal(t, []string{harness.TestKey + "f", harness.TestKey + "ff", harness.TestKey + "fff"}, keys)
		_, err = client.Agents.Create(t.Context(), agento.CreateAgentParams{Name: "x"})
		require.ErrorContains(t, err, "the vault is sealed")
		require.NotErrorIs(t, err, agento.ErrOutcomeUnknown)
		require.Len(t, keys, 3)
	})
}

// A failed call does not close the other connections of the pool.
func TestFailedCallKeepsConnections(t *testing.T) {
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/bad") {
			w.WriteHeader(500)
			return
		}
		time.Sleep(time.Second)
		_, _ = io.WriteString(w, harness.AgentJSON)
	}, []agento.Option{agento.WithMaxRetries(1)}, func(w *harness.Env) {
		for range 3 {
			results := make(chan error, 2)
			for range 2 {
				go func() { _, err := w.Client.Agents.Get(w.Ctx, "good"); results <- err }()
			}
			require.NoError(w.T, <-results)
			require.NoError(w.T, <-results)
			_, err := w.Client.Agents.Get(w.Ctx, "bad")
			require.ErrorIs(w.T, err, agento.ErrInternal)
		}
		require.Equal(w.T, 2, w.Listener.Dialled())
	})
}
