package conformance

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

const okBody = `{"data":{"id":"a1","name":"Bot"}}`

func callFaults() []fault {
	group := func(name string, rows ...fault) []fault {
		for i := range rows {
			rows[i].group = name
		}
		return rows
	}
	var all []fault
	all = append(all, group("Unexpected responses",
		fault{name: "502 with HTML", result: "ErrInternal with status, request ID and an excerpt", serve: respondWith(502, "<html>Bad Gateway</html>", "X-Request-Id", "req_1"), check: text("<html>Bad Gateway</html>", text("req_1", status(502, agento.ErrInternal)))},
		fault{name: "401 with no body", result: "ErrUnauthorized", serve: respondWith(401, ""), check: status(401, agento.ErrUnauthorized)},
		fault{name: "404 with HTML", result: "ErrNoRoute, not ErrNotFound, which would mean that the agent does not exist", serve: respondWith(404, "<html>"), check: func(t *testing.T, err error) {
			status(404, agento.ErrNoRoute)(t, err)
			require.NotErrorIs(t, err, agento.ErrNotFound)
		}},
		fault{name: "200 with HTML", result: "an Error with an excerpt", serve: respondWith(200, "<html>Sign in</html>"), check: text("<html>Sign in</html>", status(200))},
		fault{name: "200 without data", result: "an Error, not an empty agent", serve: respondWith(200, `{"agent":{"id":"a1"}}`), check: status(200)},
		fault{name: "200 with an error envelope", result: "the error in the envelope", serve: respondWith(200, `{"error":{"code":"agent_not_found","message":"gone"}}`), check: is(agento.ErrNotFound)},
		fault{name: "200 with truncated JSON", result: "an Error", serve: respondWith(200, `{"data":{"id":"a`), check: status(200)},
		fault{name: "200 with a field of a wrong type", result: "an Error that names the field", serve: respondWith(200, `{"data":{"id":5}}`), check: text("id", status(200))},
		fault{name: "200 with unknown fields and states", result: "success; they are preserved", serve: respondWith(200, `{"data":{"id":"a1","status":"dreaming","new":{"x":1}},"more":[]}`), check: noError},
		fault{name: "200 in another content type", result: "success if the body parses", serve: respondWith(200, okBody, "Content-Type", "text/plain"), check: noError},
		fault{name: "204 instead of an object", result: "an Error, not an empty agent", serve: respondWith(204, ""), check: status(204)},
		fault{name: "204 to a DELETE", result: "success", serve: respondWith(204, ""), call: deleteAgent, check: noError},
		fault{name: "204 with a body, to a DELETE", result: "success; the connection is not reused", serve: raw("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody", nil), call: deleteAgent, check: noError},
		fault{name: "103 before the response", result: "success", serve: raw("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n"+okBody, nil), check: noError},
		fault{name: "101 without a request for an upgrade", result: "an Error", serve: raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", nil), check: is()},
		fault{name: "an invalid HTTP status", result: "an Error with the status", serve: respondWith(799, "odd"), check: status(799)},
	)...)
	all = append(all, group("Error envelopes",
		fault{name: "an unknown code", result: "an Error with the code; it matches the Err value of the status", serve: respondWith(409, `{"error":{"code":"odd_code","message":"m"}}`), check: func(t *testing.T, err error) {
			status(409, agento.ErrConflict)(t, err)
			require.ErrorContains(t, err, "odd_code")
		}},
		fault{name: "code and message of wrong types", result: "an Error with their JSON; it matches the Err value of the status", serve: respondWith(400, `{"error":{"code":7,"message":["a"]}}`), check: status(400, agento.ErrValidation)},
		fault{name: "error as a plain string", result: "an Error with an excerpt; it matches the Err value of the status", serve: respondWith(403, `{"error":"no"}`), check: status(403, agento.ErrForbidden)},
		fault{name: "a message of 2 MB", result: "one line of limited length", serve: respondWith(400, `{"error":{"code":"c","message":"`+strings.Repeat("long ", 400_000)+`"}}`), check: status(400, agento.ErrValidation)},
		fault{name: "line breaks and terminal control in the message", result: "one line, escaped", serve: respondWith(400, `{"error":{"code":"c","message":"a\n2026 INFO fine\u001b[2J"}}`), check: func(t *testing.T, err error) {
			require.NotRegexp(t, `[\x00-\x1f]`, err.Error())
		}},
		fault{name: "an error body that does not end", result: "the error after 1 MiB", serve: func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(400)
			endless(strings.Repeat("x", 1000))(w, r)
		}, check: status(400, agento.ErrValidation)},
		fault{name: "an error body of one byte a second", result: "the error after 5 s", serve: drip(400, time.Second), within: 5 * time.Second, check: status(400, agento.ErrValidation)},
		fault{name: "an error body that is never sent", result: "the error after 5 s", serve: func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(403)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, within: 5 * time.Second, check: status(403, agento.ErrForbidden)},
	)...)
	all = append(all, group("Bodies",
		fault{name: "truncated, then complete", result: "success at the second attempt", serve: first(raw("HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n{\"da", nil), respondWith(200, okBody))(), check: noError},
		fault{name: "truncated in every attempt", result: "an Error that wraps the cause", serve: raw("HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n{\"da", nil), check: is(io.ErrUnexpectedEOF)},
		fault{name: "longer than its Content-Length", result: "an Error", serve: raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"+okBody, nil), check: status(200)},
		fault{name: "gzip", result: "success", serve: gzipped(okBody, 0), check: noError},
		fault{name: "truncated gzip", result: "an Error after all attempts", serve: gzipped(okBody, 5), check: attempts(2)},
		fault{name: "invalid gzip", result: "an Error", serve: respondWith(200, "not gzip at all", "Content-Encoding", "gzip"), check: func(t *testing.T, err error) { require.ErrorContains(t, err, "gzip") }},
		fault{name: "a gigabyte compressed to a small gzip", result: "an Error at 64 MiB", serve: gzipBomb, check: func(t *testing.T, err error) { require.ErrorContains(t, err, "64 MiB") }},
		fault{name: "endless", result: "an Error at 64 MiB", serve: endless(strings.Repeat(" ", 1<<16)), check: func(t *testing.T, err error) { require.ErrorContains(t, err, "64 MiB") }},
		fault{name: "more rows than fit in memory", result: "an Error before they are decoded", serve: respondWith(200, `{"data":[`+strings.Repeat("{},", 700_000)+`{}]}`), call: func(ctx context.Context, c *agento.Client) error {
			_, err := c.Agents.List(ctx, nil)
			return err
		}, check: func(t *testing.T, err error) { require.ErrorContains(t, err, "memory; request fewer rows with Limit") }},
		fault{name: "one byte a second", result: "a timeout after a minute with less than 64 KiB", serve: drip(200, time.Second), opts: []agento.Option{agento.WithMaxRetries(0)}, within: time.Minute, check: isTimeout},
		fault{name: "slow, with WithTimeout", result: "a timeout that includes the body", serve: drip(200, time.Second), opts: []agento.Option{agento.WithMaxRetries(0), agento.WithTimeout(3 * time.Second)}, within: 3 * time.Second, check: isTimeout},
		fault{name: "slow, with a deadline", result: "the context's error, at the deadline", serve: drip(200, time.Second), call: within(4*time.Second, getAgent), within: 4 * time.Second, check: is(context.DeadlineExceeded)},
	)...)
	all = append(all, group("Headers",
		fault{name: "never sent", result: "a timeout after a minute, also without a deadline", serve: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, opts: []agento.Option{agento.WithMaxRetries(0)}, within: time.Minute, check: isTimeout},
		fault{name: "endless headers", result: "an Error", serve: func(w http.ResponseWriter, r *http.Request) {
			raw("HTTP/1.1 200 OK\r\n"+strings.Repeat("X-Filler: "+strings.Repeat("y", 1000)+"\r\n", 12_000), nil)(w, r)
		}, check: is()},
		fault{name: "not HTTP", result: "an Error", serve: raw("220 mail.example ESMTP\r\n", nil), check: is()},
		fault{name: "no rate limit", result: "success; RateLimit is not Known", serve: respondWith(200, okBody), check: noError},
		fault{name: "an invalid rate limit", result: "success; RateLimit is not Known", serve: respondWith(200, okBody, "X-RateLimit-Limit", "many", "X-RateLimit-Remaining", "-3", "X-RateLimit-Reset", "tomorrow"), check: noError},
	)...)
	all = append(all, group("Connections",
		fault{name: "refused", result: "an Error after all attempts; a write's outcome is known", transport: harness.RoundTripper(fails(errDial)), call: createAgent, check: known(is(syscall.ECONNREFUSED))},
		fault{name: "no such host", result: "an Error after all attempts; a write's outcome is known", transport: harness.RoundTripper(fails(errDNS)), call: createAgent, check: known(is())},
		fault{name: "a certificate of an unknown authority", result: "an Error at the first attempt; nothing was sent", transport: once(fails(errUnknown)), call: createAgent, check: known(is())},
		fault{name: "a certificate for another name", result: "an Error at the first attempt; nothing was sent", over: harness.Protocols["HTTP/1.1+TLS"], opts: []agento.Option{agento.WithBaseURL("https://elsewhere.example")}, call: createAgent, check: notRetried[x509.HostnameError]},
		fault{name: "a certificate that has expired", result: "an Error at the first attempt; nothing was sent", over: harness.Protocols["HTTP/2"], within: twoCenturies, call: func(ctx context.Context, c *agento.Client) error {
			time.Sleep(twoCenturies)
			return createAgent(ctx, c)
		}, check: notRetried[x509.CertificateInvalidError]},
		fault{name: "a client certificate is required", result: "an Error at the first attempt that names the certificate; nothing was sent", connections: overTLS{pipe(rejectCertificate)}, call: createAgent, check: notRetried[*net.OpError]},
		fault{name: "a proxy that refuses CONNECT", result: "an Error at the first attempt that names the proxy; nothing was sent", connections: viaProxy("403 Forbidden"), opts: overHTTPS, call: createAgent, check: notRetried[*net.OpError]},
		fault{name: "a proxy that cannot connect", result: "an Error after all attempts that names the proxy; a write's outcome is known", connections: viaProxy("503 Service Unavailable"), opts: overHTTPS, call: createAgent, check: known(is())},
		fault{name: "reset after the request was sent", result: "a read succeeds at the second attempt", serve: first(raw("", nil), respondWith(200, okBody))(), check: noError},
		fault{name: "a keep-alive connection that was closed", result: "success on another connection", serve: closedKeepAlive(), call: twice(getAgent), check: noError},
		fault{name: "HTTP/2: GOAWAY after a response", result: "the next call succeeds on another connection", over: harness.Protocols["HTTP/2"], serve: respondWith(200, okBody, "Connection", "close"), call: twice(getAgent), check: noError},
		fault{name: "HTTP/2: GOAWAY, request not processed", result: "success on another connection, also for a write", connections: goingAway(0), call: createAgent, check: noError},
		fault{name: "HTTP/2: GOAWAY, read possibly processed", result: "a read succeeds at the second attempt", connections: goingAway(1), check: noError},
		fault{name: "HTTP/2: GOAWAY, write possibly processed", result: "ErrOutcomeUnknown; sent once", connections: goingAway(1), call: createAgent, check: is(agento.ErrOutcomeUnknown)},
		fault{name: "redirect to the same host", result: "an Error; it is not followed", serve: respondWith(302, "", "Location", "/v1/agents/b"), check: status(302)},
		fault{name: "redirect to another host", result: "an Error; neither key nor body is sent there", serve: respondWith(307, "", "Location", "https://evil.example/"), call: createAgent, check: known(status(307))},
		fault{name: "redirect from https to http", result: "an Error; it is not followed", serve: respondWith(308, "", "Location", "http://localhost/"), check: status(308)},
		fault{name: "redirect without a target", result: "an Error", serve: respondWith(301, ""), check: status(301)},
	)...)
	return append(all, group("Transports of the caller",
		fault{name: "neither response nor error", result: "an Error", transport: func(*http.Request) (*http.Response, error) { return nil, nil }, check: is()},
		fault{name: "a response without a body", result: "an Error, as for an empty body", transport: func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 200}, nil }, check: status(200)},
		fault{name: "an invalid status", result: "an Error; ErrOutcomeUnknown for a write", transport: once(func(*http.Request) (*http.Response, error) { return harness.Respond(-1, okBody), nil }), call: createAgent, check: is(agento.ErrOutcomeUnknown)},
		fault{name: "a request changed for another host", result: "ErrCrossOrigin; it is not sent", opts: []agento.Option{agento.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
			return harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
				r = r.Clone(r.Context())
				r.URL.Host = "evil.example"
				return next.RoundTrip(r)
			})
		})}, call: createAgent, check: known(is(agento.ErrCrossOrigin))},
	)...)
}

// notRetried requires an error with a cause of type T after one attempt.
func notRetried[T error](t *testing.T, err error) {
	t.Helper()
	known(is())(t, err)
	var (
		e     *agento.Error
		cause T
	)
	require.ErrorAs(t, err, &cause)
	require.ErrorAs(t, err, &e)
	require.Equal(t, 1, e.Attempts)
}

const twoCenturies = 200 * 365 * 24 * time.Hour

func isTimeout(t *testing.T, err error) {
	t.Helper()
	is()(t, err)
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout())
}

type callFunc = func(context.Context, *agento.Client) error

func within(d time.Duration, call callFunc) callFunc {
	return func(ctx context.Context, c *agento.Client) error {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		return call(ctx, c)
	}
}

func twice(call callFunc) callFunc {
	return func(ctx context.Context, c *agento.Client) error {
		return errors.Join(call(ctx, c), call(ctx, c))
	}
}

// once returns a transport that panics on a second request.
func once(respond attemptFunc) harness.RoundTripper {
	used := false
	return func(r *http.Request) (*http.Response, error) {
		if used {
			panic("second request")
		}
		used = true
		return respond(r)
	}
}

// closedKeepAlive responds and then closes the connection without announcing it.
func closedKeepAlive() http.HandlerFunc {
	return raw("HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n"+okBody, nil)
}

// blockingBody blocks until it is closed.
type blockingBody struct{ closed chan struct{} }

func newBlockingBody() io.ReadCloser { return blockingBody{make(chan struct{})} }

func (b blockingBody) Read([]byte) (int, error) {
	<-b.closed
	return 0, net.ErrClosed
}

func (b blockingBody) Close() error {
	select {
	case <-b.closed:
	default:
		close(b.closed)
	}
	return nil
}

// goingAway returns a transport whose first connection uses HTTP/2 and responds to a
// request with GOAWAY: streams up to last may have been processed. Later connections use
// HTTP/1.1 and respond normally.
func goingAway(last byte) http.RoundTripper {
	certificate := harness.Certificate()
	pool := x509.NewCertPool()
	pool.AddCert(certificate.Leaf)
	var dials atomic.Int32 // net/http may dial concurrently
	tr := &http.Transport{
		ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool},
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			serve, protocol := raw200, "http/1.1"
			if dials.Add(1) == 1 {
				serve, protocol = func(c net.Conn) { goAway(c, last) }, "h2"
			}
			go func() {
				defer server.Close()
				serve(tls.Server(server, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{protocol}}))
			}()
			return client, nil
		},
	}
	return overTLS{tr}
}

// overTLS changes the scheme of requests to https.
type overTLS struct{ *http.Transport }

func (tr overTLS) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Scheme = "https"
	return tr.Transport.RoundTrip(req)
}

// goAway responds to the first request of a connection with GOAWAY.
func goAway(c net.Conn, last byte) {
	const preface, frameHead, settings, headers, goAway = 24, 9, 4, 1, 7
	_, _ = io.CopyN(io.Discard, c, preface)
	_, _ = c.Write([]byte{0, 0, 0, settings, 0, 0, 0, 0, 0})
	for head := make([]byte, frameHead); ; {
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		_, _ = io.CopyN(io.Discard, c, int64(head[0])<<16|int64(head[1])<<8|int64(head[2]))
		if head[3] == headers {
			break
		}
	}
	closed := make(chan struct{})
	go func() { // discard the rest of the client's data
		defer close(closed)
		_, _ = io.Copy(io.Discard, c)
	}()
	_, _ = c.Write([]byte{0, 0, 8, goAway, 0, 0, 0, 0, 0, 0, 0, 0, last, 0, 0, 0, 0})
	if last == 0 {
		<-closed // let the client close the connection, so that it reads the GOAWAY first
	}
}

// raw200 responds to one HTTP/1.1 request.
func raw200(c net.Conn) {
	if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
		_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(okBody), okBody)
	}
}
