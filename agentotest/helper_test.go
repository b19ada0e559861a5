package agentotest

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, opts ...Option) *Server {
	t.Helper()
	server := NewServer(opts...)
	t.Cleanup(server.Close)
	return server
}

// got is a response with its whole body.
type got struct {
	t      *testing.T
	status int
	header http.Header
	body   string
	err    error // error of reading the body
}

// ask sends one request with the server's key.
func ask(t *testing.T, s *Server, method, path, body string) got {
	t.Helper()
	g, err := askAs(t, s, s.Key(), method, path, body)
	require.NoError(t, err)
	return g
}

func askAs(t *testing.T, s *Server, key, method, path, body string) (got, error) {
	t.Helper()
	response, err := open(t, s, key, method, path, body, nil)
	if err != nil {
		return got{}, err
	}
	defer response.Body.Close()
	g := got{t: t, status: response.StatusCode, header: response.Header}
	raw, err := io.ReadAll(response.Body)
	g.body, g.err = string(raw), err
	return g, nil
}

// open sends one request. The caller reads the body of the response.
func open(t *testing.T, s *Server, key, method, path, body string, header http.Header) (*http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, method, s.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	for name, values := range header {
		request.Header[name] = values
	}
	if key != "" {
		request.Header.Set("X-Api-Key", key)
	}
	return s.HTTPClient().Do(request)
}

// bodyOf returns a request body with the JSON names of T's fields. The values may have
// other types than the fields.
func bodyOf[T any](values object) string { return string(encodeJSON(objectOf[T](values))) }

// want checks the status and the error code.
func (g got) want(status int, code string) got {
	g.t.Helper()
	require.NoError(g.t, g.err)
	require.Equal(g.t, status, g.status, g.body)
	if status >= 400 {
		require.Equal(g.t, code, g.text("error", "code"), g.body)
		require.NotEmpty(g.t, g.text("error", "message"))
	}
	return g
}

// at returns the value at a path of names and indexes in the JSON body.
func (g got) at(path ...any) any {
	g.t.Helper()
	var v any
	require.NoError(g.t, json.Unmarshal([]byte(g.body), &v), g.body)
	for _, step := range path {
		switch step := step.(type) {
		case string:
			require.IsType(g.t, map[string]any{}, v, g.body)
			require.Contains(g.t, v, step, g.body)
			v = v.(map[string]any)[step]
		case int:
			require.IsType(g.t, []any{}, v, g.body)
			require.Greater(g.t, len(v.([]any)), step, g.body)
			v = v.([]any)[step]
		}
	}
	return v
}

func (g got) text(path ...any) string {
	g.t.Helper()
	v := g.at(path...)
	require.IsType(g.t, "", v, g.body)
	return v.(string)
}

// column returns a field of all rows of a list.
func (g got) column(name string) []any {
	g.t.Helper()
	out := []any{}
	for _, row := range g.at("data").([]any) {
		out = append(out, row.(map[string]any)[name])
	}
	return out
}

// stream is an event stream that is read line by line.
type stream struct {
	t        *testing.T
	response *http.Response
	lines    *bufio.Reader
}

func openStream(t *testing.T, s *Server, path string, header http.Header) *stream {
	t.Helper()
	response, err := open(t, s, s.Key(), http.MethodGet, path, "", header)
	require.NoError(t, err)
	return newStream(t, response)
}

// openReply sends a message and opens the stream of its response.
func openReply(t *testing.T, s *Server, agent string) *stream {
	t.Helper()
	response, err := open(t, s, s.Key(), http.MethodPost, "/v1/agents/"+agent+"/chat/messages", `{"message":"Hi"}`, nil)
	require.NoError(t, err)
	return newStream(t, response)
}

func newStream(t *testing.T, response *http.Response) *stream {
	t.Helper()
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	t.Cleanup(func() { _ = response.Body.Close() })
	return &stream{t, response, bufio.NewReader(response.Body)}
}

// block reads through the next blank line.
func (s *stream) block() string {
	s.t.Helper()
	block, err := s.read()
	require.NoError(s.t, err, block)
	return block
}

func (s *stream) read() (string, error) {
	var block strings.Builder
	for {
		line, err := s.lines.ReadString('\n')
		block.WriteString(line)
		if err != nil || line == "\n" {
			return block.String(), err
		}
	}
}

func seeded(s *Service) (agent, swarm string) {
	swarm = s.AddSwarm(SwarmSeed{Name: "Crew", Secrets: map[string]string{"openaiApiKey": "sk-test"}})
	return s.AddAgent(AgentSeed{Name: "Ada", SwarmID: swarm, SoulMD: "# Soul", WorkflowMD: "# Work"}), swarm
}
