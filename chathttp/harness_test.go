package chathttp_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/big"
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
	"github.com/remsyshq/agento-go/internal/test/exchange"
	"github.com/remsyshq/agento-go/internal/test/http2test"
	"github.com/remsyshq/agento-go/internal/test/memnet"
)

const testKey = "ak_live_0123456789abcdef0123456789abcdef"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// protocol is a form of connection.
type protocol struct{ tls, http2 bool }

var protocols = map[string]protocol{
	"HTTP/1.1":     {},
	"HTTP/1.1+TLS": {tls: true},
	"HTTP/2":       {tls: true, http2: true},
}

// world is a service in memory and a client for it, inside of a bubble of
// virtual time.
type world struct {
	t        *testing.T
	ctx      context.Context
	client   *agento.Client
	listener *memnet.Listener
	protocol protocol
}

// inWorld runs a test in virtual time against a handler, over plain HTTP/1.1.
func inWorld(t *testing.T, handler http.HandlerFunc, opts []agento.Option, test func(w *world)) {
	t.Helper()
	inWorldOver(t, protocol{}, handler, opts, test)
}

// inWorldOver runs a test in virtual time over some form of connection. When it
// ends, every goroutine and every connection must be gone: the bubble sees to
// the goroutines.
func inWorldOver(t *testing.T, p protocol, handler http.HandlerFunc, opts []agento.Option, test func(w *world)) {
	t.Helper()
	certificate := testCertificate()
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen()
		var handlers sync.WaitGroup
		counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			handlers.Add(1)
			defer handlers.Done()
			handler(w, r)
		})
		server, tr := endpoints(p, counted, l, certificate)
		defer func() { // a test that fails must not leave the bubble with a goroutine
			tr.CloseIdleConnections()
			_ = server.Close()
		}()
		served := make(chan struct{})
		go func() {
			defer close(served)
			if p.tls {
				_ = server.ServeTLS(l, "", "")
			} else {
				_ = server.Serve(l)
			}
		}()
		w := &world{t: t, ctx: t.Context(), listener: l, protocol: p}
		base := "http://localhost"
		if p.tls {
			base = "https://localhost"
		}
		w.client = newClient(t, tr, append([]agento.Option{agento.WithBaseURL(base)}, opts...)...)
		test(w)
		synctest.Wait()
		w.client.CloseIdleConnections()
		synctest.Wait()
		require.Zero(t, l.Open(), "connections left open")
		_ = server.Close()
		<-served
		handlers.Wait()
	})
}

func endpoints(p protocol, handler http.Handler, l *memnet.Listener, certificate tls.Certificate) (*http.Server, *http.Transport) {
	server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
	tr := &http.Transport{DialContext: l.Dial}
	if !p.tls {
		return server, tr
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!p.http2)
	protocols.SetHTTP2(p.http2)
	server.Protocols, tr.Protocols = protocols, protocols
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	pool := x509.NewCertPool()
	pool.AddCert(certificate.Leaf)
	tr.TLSClientConfig = &tls.Config{RootCAs: pool}
	return server, tr
}

// testCertificate is valid for localhost at the time that a bubble begins with.
var testCertificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"localhost"},
		NotBefore:    time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
})

func newClient(t *testing.T, tr http.RoundTripper, opts ...agento.Option) *agento.Client {
	t.Helper()
	base := []agento.Option{
		agento.WithBaseURL("http://localhost"),
		agento.WithHTTPClient(&http.Client{Transport: exchange.Transport(tr, t.Name())}),
	}
	client, err := agento.New(testKey, append(base, opts...)...)
	require.NoError(t, err)
	return client
}

const (
	hi   = `data: {"type":"text","content":"Hi! "}` + "\n\n"
	more = `data: {"type":"text","content":"How can I help?"}` + "\n\n"
	done = `data: {"type":"done"}` + "\n\n"
)

// streaming is a handler's way to write an event stream piece by piece.
type streaming struct {
	http.ResponseWriter
	*http.ResponseController
	request *http.Request
}

func stream(w http.ResponseWriter, r *http.Request) streaming {
	_, _ = io.Copy(io.Discard, r.Body) // only then does HTTP/1.1 notice that a client leaves
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Request-Id", "req_42")
	return streaming{w, http.NewResponseController(w), r}
}

func (s streaming) send(pieces ...string) streaming {
	for _, p := range pieces {
		_, _ = io.WriteString(s, p)
		_ = s.Flush()
	}
	return s
}

// hold keeps the connection open and silent until the client goes away.
func (s streaming) hold() { <-s.request.Context().Done() }

// abort ends the connection in the middle.
func (s streaming) abort() { panic(http.ErrAbortHandler) }

func send(w *world, ctx context.Context, opts ...agento.Option) *agento.ChatStream {
	w.t.Helper()
	s, err := w.client.Chat.Send(ctx, "a1", agento.SendMessageParams{Message: "Hello"}, opts...)
	require.NoError(w.t, err)
	return s
}

// streamError is what every error of a stream is: an Error with the request id.
func streamError(t *testing.T, err error) *agento.Error {
	t.Helper()
	var e *agento.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "req_42", e.RequestID)
	return e
}

var widgetSecret = []byte("a made-up secret of thirty-two b")

// widget is a chat handler between browsers and a service, all in memory.
type widget struct {
	*world
	handler *chathttp.Handler
	service *chatService
	log     *syncBuffer
	dial    func() *http.Client // a browser of its own
	server  *memnet.Listener
	current atomic.Pointer[http.Handler]
}

// swap puts another handler in the place of the one that serves.
func (w *widget) swap(h http.Handler) { w.current.Store(&h) }

// chatService is the part of the service that a chat handler uses: it creates
// sessions s1, s2, … and answers messages as the test says.
type chatService struct {
	answer   http.HandlerFunc
	nameless atomic.Bool  // sessions have no id
	longID   atomic.Int64 // length of a suffix to the ids of sessions

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

// calls are how many sessions were created and messages sent.
func (s *chatService) calls() [2]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return [2]int{len(s.sessions), len(s.messages)}
}

// sentTo is the session of each message, in order.
func (s *chatService) sentTo() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sessions []string
	for _, m := range s.messages {
		sessions = append(sessions, m.SessionID)
	}
	return sessions
}

// syncBuffer is a buffer for many writers.
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

// widgetConfig is one in which the header X-Visitor says who it is, and X-Agent
// which agent is wanted.
func widgetConfig() chathttp.Config {
	return chathttp.Config{
		Visitor: func(r *http.Request) (string, error) {
			if who := r.Header.Get("X-Visitor"); who != "" {
				return who, nil
			}
			return "", errors.New("nobody is signed in")
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
// message, configure changes the handler's configuration. When it ends, no
// goroutine and no connection may be left.
func inWidget(t *testing.T, p protocol, answer http.HandlerFunc, configure func(*chathttp.Config), test func(w *widget)) {
	t.Helper()
	inWidgetServer(t, p, answer, configure, nil, test)
}

// inWidgetServer is inWidget with a server that setup has changed.
func inWidgetServer(t *testing.T, p protocol, answer http.HandlerFunc, configure func(*chathttp.Config), setup func(*http.Server), test func(w *widget)) {
	t.Helper()
	if p.http2 {
		http2test.SkipInBubble(t)
	}
	service := &chatService{answer: answer}
	certificate := testCertificate()
	inWorld(t, service.ServeHTTP, nil, func(upstream *world) {
		w := &widget{world: upstream, service: service, log: &syncBuffer{}, server: memnet.Listen()}
		config := widgetConfig()
		config.Logger = slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		if configure != nil {
			configure(&config)
		}
		var err error
		w.handler, err = chathttp.NewHandler(upstream.client, config)
		require.NoError(w.t, err)

		w.swap(w.handler)
		serve := func(rw http.ResponseWriter, r *http.Request) { (*w.current.Load()).ServeHTTP(rw, r) }
		server, _ := endpoints(p, http.HandlerFunc(serve), w.server, certificate)
		if setup != nil {
			setup(server)
		}
		defer server.Close() // a test that fails must not leave the bubble with a goroutine
		served := make(chan struct{})
		go func() {
			defer close(served)
			if p.tls {
				_ = server.ServeTLS(w.server, "", "")
			} else {
				_ = server.Serve(w.server)
			}
		}()
		var mu sync.Mutex
		var browsers []*http.Transport
		w.dial = func() *http.Client {
			mu.Lock()
			defer mu.Unlock()
			_, tr := endpoints(p, nil, w.server, certificate)
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
		require.Zero(w.t, w.server.Open(), "connections to browsers left open")
		require.NoError(w.t, w.handler.Shutdown(w.ctx), "turns left")
		require.NotContains(w.t, w.log.String(), testKey)
		require.NotContains(w.t, w.log.String(), string(widgetSecret))
	})
}

// overEachBrowser runs a test over each form of connection that a browser has.
func overEachBrowser(t *testing.T, answer http.HandlerFunc, configure func(*chathttp.Config), test func(w *widget)) {
	t.Helper()
	for name, proto := range protocols {
		t.Run(name, func(t *testing.T) { inWidget(t, proto, answer, configure, test) })
	}
}

// post sends a message as a browser does, with headers besides.
func (w *widget) post(body string, header ...string) *http.Response {
	w.t.Helper()
	return w.do(w.dial(), http.MethodPost, strings.NewReader(body), header...)
}

func (w *widget) do(c *http.Client, method string, body io.Reader, header ...string) *http.Response {
	w.t.Helper()
	resp, err := c.Do(w.request(w.ctx, c, method, body, header...))
	require.NoError(w.t, err)
	return resp
}

func (w *widget) request(ctx context.Context, c *http.Client, method string, body io.Reader, header ...string) *http.Request {
	w.t.Helper()
	scheme := "http"
	if c.Transport.(*http.Transport).TLSClientConfig != nil {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(ctx, method, scheme+"://localhost/chat", body)
	require.NoError(w.t, err)
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

// inMemory is a message that no server has taken.
func (w *widget) inMemory(message string) *http.Request {
	r := httptest.NewRequestWithContext(w.ctx, http.MethodPost, "/chat", strings.NewReader(body(message, "")))
	r.Header = http.Header{"Content-Type": {"application/json"}, "X-Visitor": {"pia"}}
	return r
}

// page is what a browser has got.
type page struct {
	status int
	header http.Header
	body   string
	text   string
	token  string   // from the session event, or beside an error
	types  []string // of the events, errors as error:code
	code   string   // of an error that is not an event
}

// say sends a message of a visitor and reads the answer to its end.
func (w *widget) say(visitor, token string, header ...string) page {
	w.t.Helper()
	return read(w.t, w.post(body("Hello", token), append(header, "X-Visitor", visitor)...))
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
	require.NotContains(t, p.body+fmt.Sprint(resp.Header), testKey)
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

// answering is a service that sends these pieces and ends the answer.
func answering(pieces ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { stream(w, r).send(pieces...) }
}
