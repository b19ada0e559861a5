package agento_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// retryAfterFaults are the forms that Retry-After can have. The bubble's clock
// begins with the year 2000.
func retryAfterFaults() []fault {
	at := func(d time.Duration, layout string) string {
		return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(d).Format(layout)
	}
	obeyed := func(name, value string, wait time.Duration) fault {
		gets := "success after the usual pause"
		if wait > 0 {
			gets = fmt.Sprintf("success, not before %v", wait)
		}
		return fault{
			name: name, gets: gets, within: wait,
			serve: first(says(429, "", "Retry-After", value), says(200, okBody))(),
			check: fine, call: func(ctx context.Context, c *agento.Client) error {
				begun := time.Now()
				err := getAgent(ctx, c)
				if took := time.Since(begun); took < wait {
					return fmt.Errorf("repeated after %v, before %v had passed", took, wait)
				}
				return err
			},
		}
	}
	refused := func(name, value string) fault {
		return fault{
			name: name, gets: "ErrRateLimited with RetryAfter, at once",
			serve: says(429, "", "Retry-After", value), check: func(t *testing.T, err error) {
				status(429, agento.ErrRateLimited)(t, err)
				var e *agento.Error
				require.ErrorAs(t, err, &e)
				require.Greater(t, e.RetryAfter, time.Minute)
				require.Equal(t, 1, e.Attempts)
			},
		}
	}
	rows := []fault{
		obeyed("absent", "", 0), obeyed("0", "0", 0), obeyed("negative", "-5", 0), obeyed("words", "soon", 0),
		obeyed("seconds", "7", 7*time.Second), obeyed("a decimal", "1.5", 1500*time.Millisecond),
		obeyed("a date, as HTTP writes it now", at(20*time.Second, http.TimeFormat), 20*time.Second),
		obeyed("a date, RFC 850", at(20*time.Second, "Monday, 02-Jan-06 15:04:05 GMT"), 20*time.Second),
		obeyed("a date, as C prints it", at(20*time.Second, time.ANSIC), 20*time.Second),
		obeyed("a date that is past", at(-time.Hour, http.TimeFormat), 0),
		refused("an hour", "3600"), refused("the year 2060", "Thu, 01 Jan 2060 00:00:00 GMT"),
		refused("a number that overflows", "9223372037"), refused("a number with 40 digits", strings.Repeat("9", 40)),
		{
			name: "longer than the deadline", gets: "ErrRateLimited with RetryAfter, at once; not the deadline's error",
			serve: says(429, "", "Retry-After", "30"), call: within(3*time.Second, getAgent), check: status(429, agento.ErrRateLimited),
		},
	}
	for i := range rows {
		rows[i].group = "Retry-After on a 429"
		rows[i].opts = append(rows[i].opts, agento.WithPacing(false))
	}
	return rows
}

// writeFaults are writes whose answer does not tell what became of them.
func writeFaults() []fault {
	unknown := is(agento.ErrOutcomeUnknown)
	counted := func(answer http.HandlerFunc) func() http.HandlerFunc {
		return func() http.HandlerFunc {
			n := 0
			return func(w http.ResponseWriter, r *http.Request) {
				if n++; n > 1 {
					w.WriteHeader(599) // sent twice
					return
				}
				answer(w, r)
			}
		}
	}
	rows := []fault{
		{name: "POST answered by 500", gets: "ErrInternal and ErrOutcomeUnknown; sent once", serve: counted(says(500, ""))(), call: createAgent, check: status(500, agento.ErrInternal, agento.ErrOutcomeUnknown)},
		{name: "POST answered by 503", gets: "ErrInternal and ErrOutcomeUnknown; sent once", serve: counted(says(503, ""))(), call: createAgent, check: status(503, agento.ErrOutcomeUnknown)},
		{name: "POST, connection cut before the answer", gets: "ErrOutcomeUnknown; sent once", serve: counted(raw("", nil))(), call: createAgent, check: unknown},
		{name: "POST, answer cut in its body", gets: "ErrOutcomeUnknown; sent once", serve: counted(raw("HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{\"d", nil))(), call: createAgent, check: status(201, agento.ErrOutcomeUnknown)},
		{name: "POST answered by HTML and 200", gets: "ErrOutcomeUnknown; sent once", serve: counted(says(200, "<html>"))(), call: createAgent, check: status(200, agento.ErrOutcomeUnknown)},
		{name: "POST never answered", gets: "ErrOutcomeUnknown after a minute; sent once", serve: counted(func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Hold() })(), call: createAgent, within: time.Minute, check: unknown},
		{name: "POST, deadline while it is under way", gets: "the context's error and ErrOutcomeUnknown", serve: counted(func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Hold() })(), call: within(3*time.Second, createAgent), within: 3 * time.Second, check: is(context.DeadlineExceeded, agento.ErrOutcomeUnknown)},
		{name: "POST refused with 429, then well", gets: "success: it was not applied, so it is sent again", serve: first(says(429, "", "Retry-After", "1"), says(201, okBody))(), call: createAgent, within: time.Second, check: fine},
		{name: "POST answered by 400", gets: "ErrValidation, and the outcome is known", serve: says(400, `{"error":{"code":"validation_error","message":"name"}}`), call: createAgent, check: known(status(400, agento.ErrValidation))},
		{name: "DELETE cut, then 404", gets: "success: the first one did it", serve: first(raw("", nil), says(404, `{"error":{"code":"agent_not_found","message":"gone"}}`))(), call: deleteAgent, check: fine},
		{name: "DELETE cut, then a proxy's 404", gets: "ErrOutcomeUnknown: that 404 tells nothing", serve: first(raw("", nil), says(404, "<html>"))(), call: deleteAgent, check: status(404, agento.ErrOutcomeUnknown, agento.ErrNoRoute)},
		{name: "DELETE of what never was", gets: "ErrNotFound", serve: says(404, `{"error":{"code":"agent_not_found","message":"none"}}`), call: deleteAgent, check: known(status(404, agento.ErrNotFound))},
	}
	for i := range rows {
		rows[i].group = "Writes"
	}
	return rows
}

// streamFaults are the rows of the stream table in several ways.
func streamFaults() []fault {
	sent := func(then func(harness.Streaming), pieces ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			s := harness.Stream(w, r).Send(pieces...)
			if then != nil {
				then(s)
			}
		}
	}
	rows := []fault{
		{name: "complete", gets: "the answer", serve: sent(nil, harness.Hi, harness.Done), check: fine},
		{name: "complete, and the connection stays open", gets: "the answer, without waiting for the connection", serve: sent(harness.Streaming.Hold, harness.Hi, harness.Done), check: fine},
		{name: "byte by byte", gets: "the answer", serve: func(w http.ResponseWriter, r *http.Request) {
			s := harness.Stream(w, r)
			for _, b := range []byte(harness.Hi + harness.Done) {
				s.Send(string(b))
			}
		}, check: fine},
		{name: "unknown events in between", gets: "they are delivered, and the answer", serve: sent(nil, `data: {"type":"mood","x":1}`+"\n\n", harness.Hi, harness.Done), check: fine},
		{name: "ends cleanly before done", gets: "ErrStreamTruncated, and what arrived", serve: sent(nil, harness.Hi), check: is(agento.ErrStreamTruncated)},
		{name: "ends cleanly before anything", gets: "ErrStreamTruncated", serve: sent(nil, ""), check: is(agento.ErrStreamTruncated)},
		{name: "cut inside of an event", gets: "ErrStreamTruncated; no half event", serve: sent(harness.Streaming.Abort, harness.Hi, `data: {"type":"done"`), check: is(agento.ErrStreamTruncated)},
		{name: "cut between done and its blank line", gets: "ErrStreamTruncated", serve: sent(nil, harness.Hi, `data: {"type":"done"}`+"\n"), check: is(agento.ErrStreamTruncated)},
		{name: "an error event", gets: "the error that it names, with the request id", serve: sent(nil, harness.Hi, `data: {"type":"error","error":{"code":"internal_error","message":"m"}}`+"\n\n"), check: is(agento.ErrInternal)},
		{name: "200 with JSON", gets: "ErrNotEventStream", serve: says(200, `{"data":{}}`, "Content-Type", "application/json"), check: is(agento.ErrNotEventStream)},
		{name: "200 with HTML", gets: "ErrNotEventStream with an excerpt", serve: says(200, "<html>", "Content-Type", "text/html"), check: is(agento.ErrNotEventStream)},
		{name: "silence after the first event", gets: "ErrStreamIdle after 10 min", serve: sent(harness.Streaming.Hold, harness.Hi), within: 10 * time.Minute, check: is(agento.ErrStreamIdle)},
		{name: "silence before the headers", gets: "ErrStreamIdle after 10 min", serve: func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Hold() }, within: 10 * time.Minute, check: is(agento.ErrStreamIdle)},
		{name: "an event above the limit", gets: "ErrEventTooLarge", serve: sent(nil, harness.Hi, "data: "+strings.Repeat("x", 5<<20)+"\n\n"), check: is(agento.ErrEventTooLarge)},
		{name: "deadline in the middle", gets: "the context's error", serve: sent(harness.Streaming.Hold, harness.Hi), call: within(time.Second, ask), within: time.Second, check: is(context.DeadlineExceeded)},
		{name: "500 before it begins", gets: "ErrInternal and ErrOutcomeUnknown; the message is not sent twice", serve: says(500, ""), check: status(500, agento.ErrOutcomeUnknown)},
		{name: "a body that ignores the context", gets: "the context's error, at the deadline", transport: func(*http.Request) (*http.Response, error) {
			resp := harness.Respond(200, "", "Content-Type", "text/event-stream")
			resp.Body = newStuckBody()
			return resp, nil
		}, call: within(time.Second, ask), within: time.Second, check: is(context.DeadlineExceeded)},
	}
	for i := range rows {
		rows[i].group = "Streams"
		if rows[i].call == nil {
			rows[i].call = ask
		}
	}
	return rows
}

// goingAway is a transport to a service whose first connection, of HTTP/2, ends
// with GOAWAY in answer to a request: streams up to last may have been taken up.
// All other connections answer well, over HTTP/1.1.
func goingAway(last byte) http.RoundTripper {
	certificate := harness.Certificate()
	pool := x509.NewCertPool()
	pool.AddCert(certificate.Leaf)
	var dials atomic.Int32 // net/http may dial twice at once
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

// overTLS sends over https what was meant for http.
type overTLS struct{ *http.Transport }

func (tr overTLS) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Scheme = "https"
	return tr.Transport.RoundTrip(req)
}

// goAway takes the first request of a connection and answers with GOAWAY.
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
	over := make(chan struct{})
	go func() { // what else the client has to say
		defer close(over)
		_, _ = io.Copy(io.Discard, c)
	}()
	_, _ = c.Write([]byte{0, 0, 8, goAway, 0, 0, 0, 0, 0, 0, 0, 0, last, 0, 0, 0, 0})
	if last == 0 {
		<-over // the client closes a connection that has nothing left of its own; a cut could be seen first
	}
}

// raw200 answers one request of HTTP/1.1.
func raw200(c net.Conn) {
	if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
		_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(okBody), okBody)
	}
}
