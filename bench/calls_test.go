package bench

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
)

const loopbackConns = 2000 // idle connections kept, as many as a benchmark has streams

func sdkClient(b *testing.B, url string, transport http.RoundTripper, opts ...agento.Option) *agento.Client {
	b.Helper()
	client, err := agento.New(testKey, append(opts, agento.WithBaseURL(url), agento.WithHTTPClient(&http.Client{Transport: transport}))...)
	require.NoError(b, err)
	return client
}

func newRaw(url string, transport http.RoundTripper) rawClient {
	return rawClient{url, (&http.Client{Transport: transport}).Do}
}

// newRetryable is the raw client over go-retryablehttp with its defaults.
func newRetryable(url string, transport http.RoundTripper) rawClient {
	client := retryablehttp.NewClient()
	client.Logger = nil
	client.HTTPClient = &http.Client{Transport: transport}
	return rawClient{url, func(r *http.Request) (*http.Response, error) {
		req, err := retryablehttp.FromRequest(r)
		if err != nil {
			return nil, err
		}
		return client.Do(req)
	}}
}

// loopback starts the service and returns its URL and a function that creates a connection
// pool.
func loopback(b *testing.B) (url string, pool func() http.RoundTripper) {
	b.Helper()
	url, stop := startProcess(b, "service")
	b.Cleanup(stop)
	return url, func() http.RoundTripper {
		transport := &http.Transport{MaxIdleConnsPerHost: loopbackConns}
		b.Cleanup(transport.CloseIdleConnections)
		return transport
	}
}

// memory responds to status calls on the caller's goroutine, without a socket.
type memory struct{ header http.Header }

func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("X-Api-Key") != testKey {
		return nil, fmt.Errorf("request has no key")
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: m.header, ContentLength: int64(len(statusBody)), Body: io.NopCloser(strings.NewReader(statusBody)),
	}, nil
}

// inMemory is a *http.Transport that responds from memory.
func inMemory() http.RoundTripper {
	transport := &http.Transport{}
	transport.RegisterProtocol("http", memory{responseHeader()})
	return transport
}

func status(ctx context.Context, client *agento.Client) error {
	got, err := client.Agents.Status(ctx, agentID)
	if err != nil {
		return err
	}
	return want(string(got.Status), "running")
}

func BenchmarkCallInMemory(b *testing.B) {
	const url, ops, pairs = "http://localhost", 100, 1500
	raw, retryable, sdk := newRaw(url, inMemory()), newRetryable(url, inMemory()), sdkClient(b, url, inMemory())
	twin := timed(ops, 1, raw.status)
	b.Run("agento", func(b *testing.B) {
		compare(b, pairs, twin, timed(ops, 1, func(ctx context.Context) error { return status(ctx, sdk) }), "µs/call")
	})
	b.Run("retryablehttp", func(b *testing.B) {
		compare(b, pairs, twin, timed(ops, 1, retryable.status), "µs/call")
	})
}

func BenchmarkCallLoopback(b *testing.B) {
	const ops, pairs = 20, 400
	url, pool := loopback(b)
	raw, sdk := newRaw(url, pool()), sdkClient(b, url, pool())
	b.Run("agento", func(b *testing.B) {
		compare(b, pairs, timed(ops, 1, raw.status),
			timed(ops, 1, func(ctx context.Context) error { return status(ctx, sdk) }), "µs/call")
	})
}

func BenchmarkList100(b *testing.B) {
	const ops, pairs = 5, 300
	url, pool := loopback(b)
	raw, retryable, sdk := newRaw(url, pool()), newRetryable(url, pool()), sdkClient(b, url, pool())
	twin := timed(ops, 1, raw.list)
	b.Run("agento", func(b *testing.B) {
		compare(b, pairs, twin, timed(ops, 1, func(ctx context.Context) error {
			page, err := sdk.Agents.List(ctx, nil)
			if err != nil {
				return err
			}
			return want(len(page.Data), 100)
		}), "µs/call")
	})
	b.Run("retryablehttp", func(b *testing.B) {
		compare(b, pairs, twin, timed(ops, 1, retryable.list), "µs/call")
	})
}

// logging logs failed requests, and how many goroutines the process has during one.
type logging struct {
	next       http.RoundTripper
	goroutines int
}

func (l *logging) RoundTrip(req *http.Request) (*http.Response, error) {
	l.goroutines = runtime.NumGoroutine()
	resp, err := l.next.RoundTrip(req)
	if err != nil || resp.StatusCode >= 400 {
		log.Printf("%s %s: %v", req.Method, req.URL, err)
	}
	return resp, err
}

// BenchmarkWrappedTransport compares a client that has a custom RoundTripper with one that
// uses net/http's.
func BenchmarkWrappedTransport(b *testing.B) {
	const url, ops, pairs = "http://localhost", 100, 1500
	wrapper := &logging{next: inMemory()}
	plain, wrapped := sdkClient(b, url, inMemory()), sdkClient(b, url, wrapper)
	b.Run("agento", func(b *testing.B) {
		before := runtime.NumGoroutine()
		compare(b, pairs, timed(ops, 1, func(ctx context.Context) error { return status(ctx, plain) }),
			timed(ops, 1, func(ctx context.Context) error { return status(ctx, wrapped) }), "µs/call")
		b.ReportMetric(float64(wrapper.goroutines-before), "goroutines")
	})
}

// BenchmarkDrift compares clients whose observers have and do not have Drift.
func BenchmarkDrift(b *testing.B) {
	const url, ops, pairs = "http://localhost", 1000, 300
	observed := func(o agento.Observer) *agento.Client { return sdkClient(b, url, inMemory(), agento.WithObserver(o)) }
	plain := observed(agento.Observer{CallEnd: func(context.Context, agento.CallInfo, agento.CallEndInfo) {}})
	drift := observed(agento.Observer{
		CallEnd: func(context.Context, agento.CallInfo, agento.CallEndInfo) {},
		Drift:   func(context.Context, agento.CallInfo, agento.DriftInfo) {},
	})
	b.Run("agento", func(b *testing.B) {
		compare(b, pairs, timed(ops, 1, func(ctx context.Context) error { return status(ctx, plain) }),
			timed(ops, 1, func(ctx context.Context) error { return status(ctx, drift) }), "µs/call")
	})
}
