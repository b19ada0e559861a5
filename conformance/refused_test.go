package conformance

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

var overHTTPS = []agento.Option{agento.WithBaseURL("https://localhost")}

// pipe returns a transport to an in-memory server.
func pipe(serve func(net.Conn)) *http.Transport {
	pool := x509.NewCertPool()
	pool.AddCert(harness.Certificate().Leaf)
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool},
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				serve(server)
			}()
			return client, nil
		},
	}
}

// rejectCertificate is a TLS server that requires a client certificate.
func rejectCertificate(conn net.Conn) { rejectCertificateOver(conn, tls.VersionTLS13, "http/1.1") }

func rejectCertificateOver(conn net.Conn, version uint16, protocol string) {
	_ = tls.Server(conn, &tls.Config{
		Certificates: []tls.Certificate{harness.Certificate()}, ClientAuth: tls.RequireAnyClientCert,
		MaxVersion: version, NextProtos: []string{protocol},
	}).Handshake()
	_, _ = io.Copy(io.Discard, conn) // otherwise the client might read a reset before the alert
}

// viaProxy returns a transport through a proxy that responds to CONNECT with the status.
func viaProxy(status string) *http.Transport {
	tr := pipe(func(conn net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_, _ = io.WriteString(conn, "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\n\r\n")
	})
	tr.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.example:3128", User: url.UserPassword("me", "pass-word")})
	return tr
}

// With TLS 1.3 the alert may arrive after the request was written.
func TestClientCertificateRejected(t *testing.T) {
	pool := x509.NewCertPool()
	pool.AddCert(harness.Certificate().Leaf)
	for name, c := range map[string]struct {
		version  uint16
		protocol string
	}{
		"HTTP/1.1, TLS 1.2": {tls.VersionTLS12, "http/1.1"},
		"HTTP/1.1, TLS 1.3": {tls.VersionTLS13, "http/1.1"},
		"HTTP/2, TLS 1.2":   {tls.VersionTLS12, "h2"},
		"HTTP/2, TLS 1.3":   {tls.VersionTLS13, "h2"},
	} {
		for _, wrapped := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				listener, err := net.Listen("tcp", "127.0.0.1:0")
				require.NoError(t, err)
				defer listener.Close()
				go func() {
					for {
						conn, err := listener.Accept()
						if err != nil {
							return
						}
						go func() {
							defer conn.Close()
							rejectCertificateOver(conn, c.version, c.protocol)
						}()
					}
				}()
				tr := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost"}}
				defer tr.CloseIdleConnections()
				opts := []agento.Option{agento.WithBaseURL("https://" + listener.Addr().String()), agento.WithMaxRetries(0)}
				if wrapped {
					opts = append(opts, agento.WithMiddleware(func(next http.RoundTripper) http.RoundTripper { return next }))
				}
				err = createAgent(t.Context(), plainClient(t, tr, opts...))
				require.NotErrorIs(t, err, agento.ErrOutcomeUnknown)
				// HTTP/2 may see the closed connection before it reads the alert.
				if c.version == tls.VersionTLS13 && c.protocol != "h2" {
					require.ErrorContains(t, err, "client certificate")
				}
			})
		}
	}
}

func TestProxyRefusesConnect(t *testing.T) {
	for status, attempts := range map[string]int{"403 Forbidden": 1, "407 Proxy Authentication Required": 1, "502 Bad Gateway": 2} {
		for _, call := range []callFunc{createAgent, getAgent} {
			t.Run(status, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					err := call(t.Context(), plainClient(t, viaProxy(status), append(overHTTPS, agento.WithMaxRetries(1))...))
					var e *agento.Error
					require.ErrorAs(t, err, &e)
					require.Equal(t, attempts, e.Attempts)
					require.ErrorContains(t, err, "proxy proxy.example:3128 refused")
					require.ErrorContains(t, err, status[4:])
					require.NotContains(t, err.Error(), "pass-word")
					require.NotErrorIs(t, err, agento.ErrOutcomeUnknown)
				})
			})
		}
	}
}

// plainClient returns a client that uses tr directly. The clients of package harness wrap
// the transport to record exchanges.
func plainClient(t *testing.T, tr http.RoundTripper, opts ...agento.Option) *agento.Client {
	t.Helper()
	opts = append([]agento.Option{agento.WithBaseURL("http://localhost"), agento.WithHTTPClient(&http.Client{Transport: tr})}, opts...)
	client, err := agento.New(harness.TestKey, opts...)
	require.NoError(t, err)
	return client
}
