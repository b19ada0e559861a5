package chathttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chathttp"
	"github.com/remsyshq/agento-go/internal/test/harness"
	"github.com/remsyshq/agento-go/internal/test/http2test"
	"github.com/remsyshq/agento-go/internal/test/memnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const hi, more, done = harness.Hi, harness.More, harness.Done

var widgetSecret = []byte("a made-up secret of thirty-two b")

// widget is a chat handler between browsers and a service, all in memory.
type widget struct {
	*harness.Env
	handler *chathttp.Handler
	service *chatService
	log     *syncBuffer
	dial    func() *http.Client // a new browser
	server  *memnet.Listener
	current atomic.Pointer[http.Handler]
}

// swap replaces the handler that serves.
func (w *widget) swap(h http.Handler) { w.current.Store(&h) }

// chatService is the part of the service that a chat handler uses: it creates
// sessions s1, s2, … and answers messages with the test's function.
type chatService struct {
	answer   http.HandlerFunc
	nameless atomic.Bool  // sessions have no ID
	longID   atomic.Int64 // length of a suffix to the IDs of sessions

	mu       sync.Mutex
	sessions []agento.CreateSessionParams
	messages []agento.SendMessageParams
}

func (s *chatService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if strings.HasSuffix(r.URL.Path, "/messages") {
		s.mu.Lock()
		s.messages = append(s.messages, decode[agento.SendMessageParams](body))
		s.mu.Unlock()
		s.answer(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions = append(s.sessions, decode[agento.CreateSessionParams](body))
	if s.nameless.Load() {
		_, _ = io.WriteString(w, `{"data":{}}`)
		return
	}
	_, _ = fmt.Fprintf(w, `{"data":{"id":"s%d%s"}}`, len(s.sessions), strings.Repeat("x", int(s.longID.Load())))
}

func decode[T any](data []byte) T {
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		panic(fmt.Sprintf("%v: %s", err, data))
	}
	return v
}

// calls returns the numbers of sessions created and messages sent.
func (s *chatService) calls() [2]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return [2]int{len(s.sessions), len(s.messages)}
}

// sentTo returns the session of each message, in order.
func (s *chatService) sentTo() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sessions []string
	for _, m := range s.messages {
		sessions = append(sessions, m.SessionID)
	}
	return sessions
}

// syncBuffer is a buffer that is safe for concurrent use.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// widgetConfig returns a configuration in which the header X-Visitor names the
// visitor and X-Agent the agent.
func widgetConfig() chathttp.Config {
	return chathttp.Config{
		Visitor: func(r *http.Request) (string, error) {
			if who := r.Header.Get("X-Visitor"); who != "" {
				return who, nil
			}
			return "", errors.New("not signed in")
		},
		Turn: func(r *http.Request, _ chathttp.Visit) (chathttp.Turn, error) {
			if agent := r.Header.Get("X-Agent"); agent != "" {
				return chathttp.Turn{AgentID: agent}, nil
			}
			return chathttp.Turn{AgentID: "a1"}, nil
		},
		TokenKeys: []chathttp.TokenKey{chathttp.NewTokenKey("k1", widgetSecret)},
	}
}

// inWidget runs a test in virtual time; answer is how the service answers a
// message, and configure changes the handler's configuration. It fails if a
// goroutine or connection is left at the end.
func inWidget(t *testing.T, p harness.Protocol, answer http.HandlerFunc, configure func(*chathttp.Config), test func(w *widget)) {
	t.Helper()
	inWidgetServer(t, p, answer, configure, nil, test)
}

// inWidgetServer is inWidget with a server that setup changes.
func inWidgetServer(t *testing.T, p harness.Protocol, answer http.HandlerFunc, configure func(*chathttp.Config), setup func(*http.Server), test func(w *widget)) {
	t.Helper()
	if p.HTTP2 {
		http2test.SkipInBubble(t)
	}
	service := &chatService{answer: answer}
	certificate := harness.Certificate()
	harness.Run(t, service.ServeHTTP, nil, func(upstream *harness.Env) {
		w := &widget{Env: upstream, service: service, log: &syncBuffer{}, server: memnet.Listen()}
		config := widgetConfig()
		config.Logger = slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		if configure != nil {
			configure(&config)
		}
		var err error
		w.handler, err = chathttp.NewHandler(upstream.Client, config)
		require.NoError(w.T, err)

		w.swap(w.handler)
		serve := func(rw http.ResponseWriter, r *http.Request) { (*w.current.Load()).ServeHTTP(rw, r) }
		server := &http.Server{Handler: http.HandlerFunc(serve), ErrorLog: log.New(io.Discard, "", 0)}
		p.Configure(server, &http.Transport{}, certificate)
		if setup != nil {
			setup(server)
		}
		defer server.Close() // a failing test must not leave a goroutine in the bubble
		served := make(chan struct{})
		go func() {
			defer close(served)
			p.Serve(server, w.server)
		}()
		var mu sync.Mutex
		var browsers []*http.Transport
		w.dial = func() *http.Client {
			mu.Lock()
			defer mu.Unlock()
			tr := &http.Transport{DialContext: w.server.Dial}
			p.Configure(&http.Server{}, tr, certificate)
			browsers = append(browsers, tr)
			return &http.Client{Transport: tr}
		}
		test(w)
		synctest.Wait()
		for _, tr := range browsers {
			tr.CloseIdleConnections()
		}
		_ = server.Close()
		<-served
		time.Sleep(10 * time.Second) // net/http and TLS take a while to close what the other side does not read
		synctest.Wait()
		require.Zero(w.T, w.server.Open(), "connections to browsers left open")
		require.NoError(w.T, w.handler.Shutdown(w.Ctx), "turns left")
		require.NotContains(w.T, w.log.String(), harness.TestKey)
		require.NotContains(w.T, w.log.String(), string(widgetSecret))
	})
}

// overEachBrowser runs a test over each kind of connection that a browser has.
func overEachBrowser(t *testing.T, answer http.HandlerFunc, configure func(*chathttp.Config), test func(w *widget)) {
	t.Helper()
	for name, proto := range harness.Protocols {
		t.Run(name, func(t *testing.T) { inWidget(t, proto, answer, configure, test) })
	}
}

// post sends a message as a browser does, with additional headers.
func (w *widget) post(body string, header ...string) *http.Response {
	w.T.Helper()
	return w.do(w.dial(), http.MethodPost, strings.NewReader(body), header...)
}

func (w *widget) do(c *http.Client, method string, body io.Reader, header ...string) *http.Response {
	w.T.Helper()
	resp, err := c.Do(w.request(w.Ctx, c, method, body, header...))
	require.NoError(w.T, err)
	return resp
}

func (w *widget) request(ctx context.Context, c *http.Client, method string, body io.Reader, header ...string) *http.Request {
	w.T.Helper()
	scheme := "http"
	if c.Transport.(*http.Transport).TLSClientConfig != nil {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(ctx, method, scheme+"://localhost/chat", body)
	require.NoError(w.T, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Visitor", "pia")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Del(header[i])
		if header[i+1] != "" {
			req.Header.Set(header[i], header[i+1])
		}
	}
	return req
}

// inMemory returns a request that did not arrive through a server.
func (w *widget) inMemory(message string) *http.Request {
	r := httptest.NewRequestWithContext(w.Ctx, http.MethodPost, "/chat", strings.NewReader(body(message, "")))
	r.Header = http.Header{"Content-Type": {"application/json"}, "X-Visitor": {"pia"}}
	return r
}

// page is a response as a browser sees it.
type page struct {
	status int
	header http.Header
	body   string
	text   string
	token  string   // from the session event, or from an error response
	types  []string // types of the events; an error is error:code
	code   string   // of an error response
}

// say sends a visitor's message and reads the response to its end.
func (w *widget) say(visitor, token string, header ...string) page {
	w.T.Helper()
	return read(w.T, w.post(body("Hello", token), append(header, "X-Visitor", visitor)...))
}

func body(message, token string) string {
	raw, _ := json.Marshal(map[string]string{"message": message, "session": token})
	return string(raw)
}

type wireEvent struct {
	Type, Content, Token, Session string
	Error                         struct{ Code, Message string }
}

func read(t *testing.T, resp *http.Response) page {
	t.Helper()
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	p := page{status: resp.StatusCode, header: resp.Header, body: string(raw)}
	require.NotContains(t, p.body+fmt.Sprint(resp.Header), harness.TestKey)
	if resp.Header.Get("Content-Type") != "text/event-stream" {
		if len(raw) > 0 {
			e := decode[wireEvent](raw)
			p.code, p.token = e.Error.Code, e.Session
			require.NotEmpty(t, e.Error.Message)
		}
		return p
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(p.body, "\n\n"), "\n\n") {
		if line == ":" {
			p.types = append(p.types, ":")
			continue
		}
		data, ok := strings.CutPrefix(line, "data: ")
		require.True(t, ok, p.body)
		p.add(decode[wireEvent]([]byte(data)))
	}
	return p
}

func (p *page) add(e wireEvent) {
	kind := e.Type
	if kind == "error" {
		kind += ":" + e.Error.Code
	}
	p.types = append(p.types, kind)
	p.text += e.Content
	if e.Token != "" {
		p.token = e.Token
	}
}

// answering returns a service that sends pieces and ends the answer.
func answering(pieces ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(pieces...) }
}
