package conformance

import (
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
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// Errors of a first attempt.
var (
	errDial    = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	errDNS     = &net.DNSError{Err: "no such host", Name: "api.agento.host", IsNotFound: true}
	errTLS     = tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}
	errReset   = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	errUnknown = x509.UnknownAuthorityError{}
)

type attemptFunc func(*http.Request) (*http.Response, error)

func fails(err error) attemptFunc {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func responds(status int, header ...string) attemptFunc {
	return func(*http.Request) (*http.Response, error) {
		return harness.Respond(status, `{"error":{"code":"some_code","message":"no"}}`, header...), nil
	}
}

func truncatedBody(*http.Request) (*http.Response, error) {
	resp := harness.Respond(http.StatusOK, "")
	resp.ContentLength = 100
	resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"data":{"id`), errReader{io.ErrUnexpectedEOF}))
	return resp, nil
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// TestRetryTable checks each outcome of a first attempt. The second attempt succeeds.
func TestRetryTable(t *testing.T) {
	const retried, once = 2, 1
	table := []struct {
		name         string
		first        attemptFunc
		safe, unsafe int  // number of attempts of GET, PUT and DELETE, and of POST and PATCH
		unknown      bool // a POST or PATCH that is not retried may have been applied
	}{
		{"429 with Retry-After", responds(429, "Retry-After", "2"), retried, retried, false},
		{"429 without Retry-After", responds(429), retried, retried, false},
		{"425", responds(425), retried, retried, false},
		{"dial refused", fails(errDial), retried, retried, false},
		{"DNS", fails(errDNS), retried, retried, false},
		{"TLS handshake", fails(errTLS), retried, retried, false},
		{"408", responds(408), retried, once, false},
		{"500", responds(500), retried, once, true},
		{"502", responds(502), retried, once, true},
		{"503", responds(503), retried, once, true},
		{"504", responds(504), retried, once, true},
		{"reset", fails(errReset), retried, once, true},
		{"EOF", fails(io.ErrUnexpectedEOF), retried, once, true},
		{"timeout after sending", harness.Hang, retried, once, true},
		{"body truncated", truncatedBody, retried, once, true},
		{"400", responds(400), once, once, false},
		{"401", responds(401), once, once, false},
		{"404", responds(404), once, once, false},
		{"409", responds(409), once, once, false},
		{"501", responds(501), once, once, true},
		{"certificate", fails(errUnknown), once, once, false},
		{"redirect", responds(307, "Location", "http://localhost/elsewhere"), once, once, false},
	}
	for _, row := range table {
		for _, method := range []string{"GET", "PUT", "DELETE", "POST", "PATCH"} {
			t.Run(row.name+"/"+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					want, isSafe := row.safe, true
					if method == "POST" || method == "PATCH" {
						want, isSafe = row.unsafe, false
					}
					var attempts atomic.Int32
					client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
						if attempts.Add(1) == 1 {
							return row.first(req)
						}
						return harness.Respond(200, `{"data":{}}`), nil
					}), agento.WithTimeout(30*time.Second))
					var body any
					if method != "GET" && method != "DELETE" {
						body = map[string]string{"name": "x"}
					}
					var resp agento.Response
					err := client.Do(t.Context(), method, "/v1/things", body, nil, agento.WithResponse(&resp))
					require.EqualValues(t, want, attempts.Load())
					require.Equal(t, want, resp.Attempts)
					if want == retried {
						require.NoError(t, err)
						return
					}
					var e *agento.Error
					require.ErrorAs(t, err, &e)
					require.Equal(t, row.unknown && (!isSafe || method != "GET"), errors.Is(err, agento.ErrOutcomeUnknown), "%v", err)
				})
			})
		}
	}
}

func TestRetryMaxRetries(t *testing.T) {
	for _, retries := range []int{0, 1, 3} {
		synctest.Test(t, func(t *testing.T) {
			var attempts int
			client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
				attempts++
				return harness.Respond(503, "<html>sorry</html>"), nil
			}), agento.WithMaxRetries(retries))
			_, err := client.Agents.Get(t.Context(), "a")
			require.Equal(t, retries+1, attempts)
			var e *agento.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, retries+1, e.Attempts)
			require.Equal(t, 503, e.StatusCode)
			require.ErrorIs(t, err, agento.ErrInternal)
			require.NotErrorIs(t, err, agento.ErrOutcomeUnknown, "a read is never ErrOutcomeUnknown")
		})
	}
}

// The backoff doubles from 0.5 s to 8 s, and jitter adds at most a quarter.
func TestRetryBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			at = append(at, time.Now())
			return harness.Respond(500, ""), nil
		}), agento.WithMaxRetries(6))
		_, err := client.Agents.Get(t.Context(), "a")
		require.Error(t, err)
		want := []time.Duration{500, 1000, 2000, 4000, 8000, 8000}
		require.Len(t, at, 7)
		for i, w := range want {
			w *= time.Millisecond
			got := at[i+1].Sub(at[i])
			require.GreaterOrEqual(t, got, w)
			require.LessOrEqual(t, got, w+w/4)
		}
	})
}

func TestRetryAfterHonored(t *testing.T) {
	date := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // start of a bubble's clock
	forms := []struct {
		value string
		least time.Duration
	}{
		{"0", 0}, {"7", 7 * time.Second}, {" 7 ", 7 * time.Second}, {"1.5", 1500 * time.Millisecond},
		{"-5", 0}, {"abc", 0}, {"", 0},
		{date.Add(20 * time.Second).Format(http.TimeFormat), 20 * time.Second},
		{date.Add(20 * time.Second).Format("Monday, 02-Jan-06 15:04:05 GMT"), 20 * time.Second},
		{date.Add(20 * time.Second).Format(time.ANSIC), 20 * time.Second},
		{date.Add(-time.Hour).Format(http.TimeFormat), 0},
	}
	for _, form := range forms {
		t.Run(form.value, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
					if attempts++; attempts == 1 {
						return harness.Respond(429, "", "Retry-After", form.value, "Date", date.Format(http.TimeFormat)), nil
					}
					return harness.Respond(200, harness.AgentJSON), nil
				}), agento.WithPacing(false))
				begun := time.Now()
				_, err := client.Agents.Get(t.Context(), "a")
				require.NoError(t, err)
				took := time.Since(begun)
				require.GreaterOrEqual(t, took, max(form.least, 500*time.Millisecond))
				require.LessOrEqual(t, took, max(form.least, 500*time.Millisecond)+125*time.Millisecond)
			})
		})
	}
}

// If Retry-After is above the limit or the deadline, the 429 is returned immediately.
func TestRetryAfterAboveLimit(t *testing.T) {
	for _, value := range []string{"61", "3600", "9223372037", "99999999999999999999", "Thu, 01 Jan 2060 00:00:00 GMT"} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
				return harness.Respond(429, `{"error":{"code":"rate_limit_exceeded","message":"slow down"}}`, "Retry-After", value), nil
			}), agento.WithPacing(false))
			_, err := client.Agents.Get(t.Context(), "a")
			var e *agento.Error
			require.ErrorAs(t, err, &e)
			require.ErrorIs(t, err, agento.ErrRateLimited)
			require.Greater(t, e.RetryAfter, time.Minute)
			require.Zero(t, time.Since(begun))
			require.Equal(t, 1, e.Attempts)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			return harness.Respond(429, "", "Retry-After", "30"), nil
		}), agento.WithPacing(false))
		_, err := client.Agents.Get(ctx, "a")
		var e *agento.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, 429, e.StatusCode)
		require.Equal(t, 30*time.Second, e.RetryAfter)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		require.Zero(t, time.Since(begun))
	})
}

// The error wraps the context's error and its cause, and contains the last response.
func TestContextEndsBetweenAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("stopped by the operator")
		ctx, cancel := context.WithCancelCause(t.Context())
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			return harness.Respond(503, `{"error":{"code":"overloaded","message":"busy"}}`, "X-Request-Id", "req_7"), nil
		}))
		time.AfterFunc(100*time.Millisecond, func() { cancel(cause) })
		begun := time.Now()
		_, err := client.Agents.Get(ctx, "a")
		require.Equal(t, 100*time.Millisecond, time.Since(begun))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, cause)
		var e *agento.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, 503, e.StatusCode)
		require.Equal(t, agento.Code("overloaded"), e.Code)
		require.Equal(t, "req_7", e.RequestID)
	})
}

// A call without a deadline ends after a minute if there is no response.
func TestHeaderTimeoutDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := harness.Client(t, harness.RoundTripper(harness.Hang), agento.WithMaxRetries(0))
		begun := time.Now()
		_, err := client.Agents.Get(context.Background(), "a")
		require.Equal(t, time.Minute, time.Since(begun))
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		require.True(t, timeout.Timeout())
	})
}

// A 404 to a retried DELETE is a success only if an earlier attempt may have been
// applied.
func TestRetriedDeleteNotFound(t *testing.T) {
	gone := func(*http.Request) (*http.Response, error) {
		return harness.Respond(404, `{"error":{"code":"agent_not_found","message":"no such agent"}}`), nil
	}
	for name, row := range map[string]struct {
		first attemptFunc
		ok    bool
	}{
		"EOF":     {fails(io.ErrUnexpectedEOF), true},
		"500":     {responds(500), true},
		"refused": {fails(errDial), false},
		"429":     {responds(429), false},
		"none":    {gone, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
					if attempts++; attempts == 1 {
						return row.first(req)
					}
					return gone(req)
				}))
				err := client.Agents.Delete(t.Context(), "a")
				if row.ok {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, agento.ErrNotFound)
			})
		})
	}
}

// Any error of a net/http transport's dialer means that nothing was sent.
func TestDialErrorOfNetHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dials := 0
		tr := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			dials++
			return nil, fmt.Errorf("custom dial error")
		}}
		// The clients of package harness wrap the transport.
		client, err := agento.New(harness.TestKey, agento.WithBaseURL("http://localhost"), agento.WithHTTPClient(&http.Client{Transport: tr}))
		require.NoError(t, err)
		_, err = client.Agents.Create(t.Context(), agento.CreateAgentParams{Name: "x"})
		require.Equal(t, 4, dials)
		require.NotErrorIs(t, err, agento.ErrOutcomeUnknown)
		require.ErrorContains(t, err, "custom dial error")
	})
}
