package agento_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/exchange"
	_ "github.com/remsyshq/agento-go/internal/test/exchange/recording"
	"github.com/remsyshq/agento-go/internal/test/http2test"
	"github.com/remsyshq/agento-go/internal/test/memnet"
)

const testKey = "ak_live_0123456789abcdef0123456789abcdef"

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

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
	pull     bool // read streams on the caller's goroutine
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
	if p.http2 {
		http2test.SkipInBubble(t)
	}
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

// roundTripper is a transport made of a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// respond is a response with a body.
func respond(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{
		StatusCode: status, Header: h, ContentLength: int64(len(body)),
		Body: io.NopCloser(strings.NewReader(body)),
	}
}

const agentJSON = `{"data":{"id":"a1","name":"Bot","status":"running"}}`
