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

// recorder is a pacer that lets everything go, or nothing, and remembers.
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
	tr := New(Config{HTTPClient: &http.Client{Transport: rt}, Origin: u, Pacer: p,
		Key: func(context.Context) (string, error) { return key, nil }})
	call.URL, call.Header = u, http.Header{}
	call.HeaderTimeout, call.RetryAfterLimit = time.Minute, time.Minute
	return tr.Do(t.Context(), &call)
}

// TestEachAttemptTakesItsPlace: one Acquire and one Observe for each attempt,
// with what became of it.
func TestEachAttemptTakesItsPlace(t *testing.T) {
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
		require.Zero(t, p.results[2].RetryAfter, "the wait of a service that is down is no matter of the rate limit")
		require.Equal(t, 429, p.results[3].StatusCode)
		require.Equal(t, 2*time.Second, p.results[3].RetryAfter)
		require.Equal(t, 2000, p.results[3].Date.Year())
		last := p.results[4]
		require.Equal(t, pace.Result{Granted: last.Granted, StatusCode: 200, Known: true, Limit: 120, Remaining: 5}, last)
	})
}

// TestARefusedAttemptIsNotSent, nor counted, nor repeated.
func TestARefusedAttemptIsNotSent(t *testing.T) {
	refusal := errors.New("no turn")
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

// slowPacer lets everything go after four seconds.
type slowPacer struct {
	recorder
	offered []time.Duration
}

func (p *slowPacer) Acquire(ctx context.Context, r pace.Request) error {
	p.offered = append(p.offered, r.MaxWait)
	time.Sleep(4 * time.Second)
	return p.recorder.Acquire(ctx, r)
}

// TestMaxWaitIsOfTheCall, of all its attempts together.
func TestMaxWaitIsOfTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &slowPacer{}
		out := carry(t, p, func(*http.Request) (*http.Response, error) { return nil, io.EOF },
			Call{Method: "GET", MaxRetries: 3, MaxWait: 10 * time.Second})
		require.ErrorIs(t, out.Err, io.EOF)
		require.Equal(t, []time.Duration{10 * time.Second, 6 * time.Second, 2 * time.Second, 1}, p.offered)
	})
}

// TestPatience: what a call waits in the queue, and because the service asks for it,
// is taken off what is left; what it waits of its own accord is not.
func TestPatience(t *testing.T) {
	answer := func(status int, header http.Header) roundTrip {
		return func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: header, Body: http.NoBody}, nil
		}
	}
	for name, c := range map[string]struct {
		rt      roundTrip
		offered []time.Duration
	}{
		"own pause": {answer(503, nil), []time.Duration{14 * time.Second, 10 * time.Second, 6 * time.Second, 2 * time.Second}},
		"asked":     {answer(503, http.Header{"Retry-After": {"11"}}), []time.Duration{14 * time.Second}},
		"429":       {answer(429, nil), []time.Duration{14 * time.Second, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				left := 14 * time.Second
				p := &slowPacer{}
				out := carry(t, p, c.rt, Call{Method: "GET", MaxRetries: 3, Patience: &left})
				require.NoError(t, out.Err)
				require.Len(t, p.offered, len(c.offered))
				for i, want := range c.offered {
					if want > 0 {
						require.Equal(t, want, p.offered[i])
					} else { // less, by a pause that is not told
						require.Less(t, p.offered[i], p.offered[i-1]-4*time.Second)
					}
				}
			})
		})
	}
}
