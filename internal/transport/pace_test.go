package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/pace"
)

// recorder is a pacer that allows every request, or none, and records the results.
type recorder struct {
	refuse  error
	asked   int
	results []pace.Result
}

func (p *recorder) Acquire(context.Context, pace.Request) error {
	p.asked++
	return p.refuse
}

func (p *recorder) Observe(r pace.Result) { p.results = append(p.results, r) }

func carry(t *testing.T, p Pacer, rt roundTrip, call Call) *Outcome {
	t.Helper()
	u, err := url.Parse("http://localhost/v1/agents")
	require.NoError(t, err)
	tr := New(Config{HTTPClient: &http.Client{Transport: rt}, Origin: u, Key: key, NewPacer: func() Pacer { return p }})
	call.URL, call.Header = u, http.Header{}
	call.HeaderTimeout, call.RetryAfterLimit = time.Minute, time.Minute
	return tr.Do(t.Context(), &call)
}

// TestAttemptAcquiresAndObserves checks for one Acquire and one Observe per attempt.
func TestAttemptAcquiresAndObserves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &recorder{}
		attempt := 0
		out := carry(t, p, func(*http.Request) (*http.Response, error) {
			switch attempt++; attempt {
			case 1:
				return nil, &net.OpError{Op: "dial", Err: io.EOF}
			case 2:
				return nil, io.EOF
			case 3:
				return &http.Response{StatusCode: 503, Body: http.NoBody, Header: http.Header{"Retry-After": {"3"}}}, nil
			case 4:
				return &http.Response{StatusCode: 429, Body: http.NoBody, Header: http.Header{"Retry-After": {"2"}, "Date": {"Sat, 01 Jan 2000 00:00:00 GMT"}}}, nil
			}
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("{}")),
				Header: http.Header{"X-Ratelimit-Limit": {"120"}, "X-Ratelimit-Remaining": {"5"}}}, nil
		}, Call{Method: "GET", MaxRetries: 4})
		require.NoError(t, out.Err)
		require.Equal(t, 5, out.Attempts)
		require.Equal(t, 5, p.asked)
		require.Len(t, p.results, 5)
		require.True(t, p.results[0].NotSent)
		require.False(t, p.results[1].NotSent)
		require.Equal(t, 503, p.results[2].StatusCode)
		require.Zero(t, p.results[2].RetryAfter, "the Retry-After of a 503 does not concern the rate limit")
		require.Equal(t, 429, p.results[3].StatusCode)
		require.Equal(t, 2*time.Second, p.results[3].RetryAfter)
		require.Equal(t, 2000, p.results[3].Date.Year())
		last := p.results[4]
		require.Equal(t, pace.Result{Granted: last.Granted, StatusCode: 200, Known: true, Limit: 120, Remaining: 5}, last)
	})
}

// TestRefusedAttemptNotSent checks that the attempt is not sent, counted or retried.
func TestRefusedAttemptNotSent(t *testing.T) {
	refusal := errors.New("no permission")
	p := &recorder{refuse: refusal}
	out := carry(t, p, func(*http.Request) (*http.Response, error) {
		t.Error("sent")
		return nil, io.EOF
	}, Call{Method: "POST", Body: []byte("{}"), MaxRetries: 3})
	require.ErrorIs(t, out.Err, refusal)
	require.Zero(t, out.Attempts)
	require.False(t, out.Unknown)
	require.Equal(t, 1, p.asked)
	require.Empty(t, p.results)
}

// slowPacer allows each request after four seconds.
type slowPacer struct {
	recorder
	offered []time.Duration
}

func (p *slowPacer) Acquire(ctx context.Context, r pace.Request) error {
	p.offered = append(p.offered, r.MaxWait)
	time.Sleep(4 * time.Second)
	return p.recorder.Acquire(ctx, r)
}

// TestMaxWaitLimitsCall checks that MaxWait limits the sum of a call's waits.
func TestMaxWaitLimitsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &slowPacer{}
		out := carry(t, p, func(*http.Request) (*http.Response, error) { return nil, io.EOF },
			Call{Method: "GET", MaxRetries: 3, MaxWait: 10 * time.Second})
		require.ErrorIs(t, out.Err, io.EOF)
		require.Equal(t, []time.Duration{10 * time.Second, 6 * time.Second, 2 * time.Second, 1}, p.offered)
	})
}

func TestNewKeyHasNewPacer(t *testing.T) {
	u := &url.URL{Scheme: "http", Host: "localhost", Path: "/v1/agents"}
	var pacers []*recorder
	current := key
	tr := New(Config{
		HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{"Sent": r.Header["X-Api-Key"]}}, nil
		})},
		Origin: u, KeySource: func(context.Context) (string, error) { return current, nil },
		NewPacer: func() Pacer { pacers = append(pacers, &recorder{}); return pacers[len(pacers)-1] },
	})
	other := strings.Replace(key, "0", "f", 1)
	for _, current = range []string{key, key, other, key, other} {
		out := tr.Do(t.Context(), &Call{Method: "GET", URL: u, HeaderTimeout: time.Minute})
		require.NoError(t, out.Err)
		require.Equal(t, current, out.Header.Get("Sent"))
		require.NotContains(t, out.Redact(key+other), key[8:])
	}
	require.Len(t, pacers, 2)
	require.Equal(t, []int{3, 2}, []int{pacers[0].asked, pacers[1].asked})
	require.True(t, tr.HoldsKey("x"+key) && tr.HoldsKey(other))
}
