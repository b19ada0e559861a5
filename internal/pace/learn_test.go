package pace

import (
	"context"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

var anyTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// response has headers, with Reset the given number of seconds after Date.
func response(limit, remaining, reset int) Result {
	return Result{
		StatusCode: 200, Known: true, Limit: limit, Remaining: remaining,
		Date: anyTime, Reset: anyTime.Add(time.Duration(reset) * time.Second),
	}
}

// observe grants a call and observes its result after some time.
func observe(t *testing.T, p *Pacer, took time.Duration, r Result) {
	t.Helper()
	require.NoError(t, p.Acquire(context.Background(), Request{}))
	r.Granted = time.Now()
	time.Sleep(took)
	p.Observe(r)
}

func TestWindowLength(t *testing.T) {
	noDate := response(120, 119, 5)
	noDate.Date = time.Time{}
	tests := map[string]struct {
		took    time.Duration
		results []Result
		window  int
	}{
		"documented":             {0, []Result{response(120, 119, 60)}, 60},
		"rounded":                {0, []Result{response(120, 119, 59)}, 60},
		"shorter":                {0, []Result{response(120, 119, 30)}, 31},
		"five seconds":           {0, []Result{response(120, 119, 5)}, 6},
		"counted later":          {0, []Result{response(120, 120, 5)}, 6},
		"not the first":          {0, []Result{response(120, 118, 5)}, 60},
		"slow first response":    {20 * time.Second, []Result{response(120, 119, 40)}, 60},
		"slow and short":         {2500 * time.Millisecond, []Result{response(120, 119, 5)}, 8},
		"the least":              {0, []Result{response(120, 119, 10), response(120, 119, 9)}, 10},
		"longer than documented": {0, []Result{response(120, 119, 3600)}, 60},
		"shortened wrongly":      {0, []Result{response(120, 119, 5), response(120, 100, 50)}, 60},
		"and not again":          {0, []Result{response(120, 119, 5), response(120, 100, 50), response(120, 119, 5)}, 60},
		"without a clock":        {0, []Result{noDate}, 60},
		"reset before date":      {0, []Result{response(120, 119, -10)}, 60},
		"reset in far future":    {0, []Result{response(120, 119, math.MaxInt32)}, 60},
		"no window at all":       {0, []Result{response(120, 119, 0)}, 1},
		"a 429 is longer":        {0, []Result{response(120, 119, 5), {StatusCode: 429, RetryAfter: 30 * time.Second}}, 60},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := New()
				for _, r := range tt.results {
					time.Sleep(time.Second)
					observe(t, p, tt.took, r)
				}
				require.Equal(t, time.Duration(tt.window)*time.Second, time.Duration(p.window.length))
			})
		})
	}
}

// TestInvalidHeaders checks that calls are sent for any headers.
func TestInvalidHeaders(t *testing.T) {
	tests := map[string]Result{
		"no limit":           response(0, 0, 60),
		"negative limit":     response(-5, 3, 60),
		"negative remaining": response(120, -1, 60),
		"more than all":      response(120, 121, 60),
		"huge":               response(math.MaxInt, math.MaxInt, 60),
		"least":              response(math.MinInt, math.MinInt, 60),
		"all remains":        response(120, 120, 60),
		"year 2060":          response(120, 119, 34*365*24*3600),
		"before date":        response(120, 119, -3600),
		"no date":            {StatusCode: 200, Known: true, Limit: 120, Remaining: 119, Reset: anyTime},
		"zero times":         {StatusCode: 200, Known: true, Limit: 120, Remaining: 119},
		"ancient": {StatusCode: 200, Known: true, Limit: 120, Remaining: 119,
			Date: time.Unix(math.MinInt32, 0), Reset: time.Unix(math.MaxInt32, 0)},
		"odd status": {StatusCode: -7},
	}
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := New()
				start := time.Now()
				for range 100 {
					observe(t, p, 0, r)
				}
				require.Zero(t, time.Since(start))
				r.Granted = time.Now().Add(-time.Hour)
				p.Observe(r)
				r.Granted = time.Now().Add(time.Hour)
				p.Observe(r)
				r.Granted = time.Time{}
				p.Observe(r)
				ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
				defer cancel()
				for range 50 {
					require.NoError(t, p.Acquire(ctx, Request{}))
				}
			})
		})
	}
}

// TestNoReset checks that the other headers are ignored without Reset.
func TestNoReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		r := response(120, 60, 30)
		r.Reset = time.Time{}
		observe(t, p, 0, r)
		require.True(t, p.window.noHeaders)
	})
}

func TestHold(t *testing.T) {
	tests := map[string]struct {
		refusal Result
		hold    time.Duration // 0: a short back-off
	}{
		"Retry-After":               {Result{StatusCode: 429, RetryAfter: 7 * time.Second}, 7 * time.Second},
		"Retry-After, with headers": {withRetry(response(120, 0, 20), 15*time.Second), 15 * time.Second},
		"Retry-After, budget left":  {withRetry(response(120, 60, 60), 15*time.Second), 15 * time.Second},
		"Reset":                     {withRetry(response(120, 0, 20), 0), 21 * time.Second},
		"Reset, budget left":        {withRetry(response(120, 60, 20), 0), 0},
		"no headers":                {Result{StatusCode: 429}, 0},
		"huge":                      {Result{StatusCode: 429, RetryAfter: math.MaxInt64}, time.Hour},
		"negative":                  {Result{StatusCode: 429, RetryAfter: -time.Minute}, 0},
		"Reset in the past":         {withRetry(response(120, 0, -20), 0), 0},
		"Reset in year 2060":        {withRetry(response(120, 0, 34*365*24*3600), 0), 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := New()
				observe(t, p, 0, response(120, 100, 60))
				observe(t, p, 0, tt.refusal)
				least, most := tt.hold, tt.hold
				if tt.hold == 0 {
					least, most = time.Second/2, time.Second
				}
				waits := acquireAll(p, 10)
				time.Sleep(least - time.Millisecond)
				synctest.Wait()
				require.Empty(t, waits)
				time.Sleep(most - least + 100*time.Millisecond)
				synctest.Wait()
				require.Len(t, waits, 1, "the probe")
				require.InDelta(t, (least+most)/2, <-waits, float64(most-least)/2)

				again := response(120, 50, 60)
				again.Granted = time.Now()
				p.Observe(again)
				time.Sleep(20 * time.Second)
				synctest.Wait()
				require.Len(t, waits, 9, "the others after its response")
			})
		})
	}
}

// TestOne429 makes 1,000 calls with ample budget, one of which gets a 429, and measures
// the longest time in which nothing is sent.
func TestOne429(t *testing.T) {
	type headers struct {
		remaining int
		reset     time.Duration // after Date; 0: absent
		known     bool
	}
	forms := map[string]headers{
		"no headers":                      {},
		"Remaining 500, no Reset":         {500, 0, true},
		"Remaining 500, Reset":            {500, 20 * time.Second, true},
		"Remaining 500, Reset in past":    {500, -20 * time.Second, true},
		"Remaining 500, Reset far future": {500, 30 * 365 * 24 * time.Hour, true},
		"Remaining 0, no Reset":           {0, 0, true},
		"Remaining 0, Reset":              {0, 20 * time.Second, true},
		"Remaining 0, Reset in past":      {0, -20 * time.Second, true},
		"Remaining 0, Reset far future":   {0, 30 * 365 * 24 * time.Hour, true},
	}
	for name, h := range forms {
		for _, retryAfter := range []time.Duration{0, 7 * time.Second} {
			t.Run(fmt.Sprintf("%s, Retry-After %v", name, retryAfter), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newService(oldestLeaves)
					s.limit = 10_000
					s.odd, s.oddAt = Result{StatusCode: 429, RetryAfter: retryAfter}, 500
					if h.known {
						s.odd.Known, s.odd.Limit, s.odd.Remaining = true, s.limit, h.remaining
						s.odd.Date = anyTime
					}
					if h.reset != 0 {
						s.odd.Reset = anyTime.Add(h.reset)
					}
					_, err := client{New(), s}.run(1000, 4, Request{})
					require.NoError(t, err)
					requests, _ := s.totals()
					require.Equal(t, 1001, requests)
					t.Logf("longest stop %v", s.stop)

					// The 429 arrives a latency after its request.
					least, most := time.Second/2, time.Second+2*s.latency
					switch {
					case retryAfter > 0:
						least, most = retryAfter, retryAfter+2*s.latency
					case h.remaining == 0 && h.reset == 20*time.Second:
						least, most = 21*time.Second, 21*time.Second+2*s.latency
					}
					require.GreaterOrEqual(t, s.stop, least)
					require.LessOrEqual(t, s.stop, most)
				})
			})
		}
	}
}

// TestNoResponseAfterHold checks for a probe each second until a response arrives.
func TestNoResponseAfterHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		observe(t, p, 0, response(120, 100, 60))
		observe(t, p, 0, Result{StatusCode: 429, RetryAfter: time.Second})
		waits := acquireAll(p, 10)
		time.Sleep(5500 * time.Millisecond)
		synctest.Wait()
		require.Len(t, waits, 5)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.Len(t, waits, 10)
	})
}

// TestForeignExpires checks that without Date other clients' requests count for one window.
func TestForeignExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		r := response(120, 0, 60)
		r.Date = time.Time{}
		observe(t, p, 0, r)
		start := time.Now()
		require.NoError(t, p.Acquire(context.Background(), Request{}))
		require.InDelta(t, 60, time.Since(start).Seconds(), 0.5)
		require.NoError(t, p.Acquire(context.Background(), Request{}))
		require.InDelta(t, 61, time.Since(start).Seconds(), 0.5, "when the probe has no response")
	})
}

// TestExpiredInFlight checks that a request that left the window while a response was
// in flight is not attributed to another client.
func TestExpiredInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		start := time.Now()
		observe(t, p, 200*time.Millisecond, response(120, 119, 60)) // counted at its very end
		time.Sleep(time.Until(start.Add(60*time.Second + 190*time.Millisecond)))
		observe(t, p, 60*time.Millisecond, response(120, 118, 59)) // counted at its very start
		require.Zero(t, p.window.foreign)
		require.Equal(t, 1, p.window.own.n)
	})
}

// TestHeadersDisappear checks that pacing ends after two windows without headers.
func TestHeadersDisappear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		observe(t, p, 0, response(120, 119, 60))
		observe(t, p, 0, Result{StatusCode: 200})
		require.False(t, p.window.noHeaders, "one response is not enough")
		time.Sleep(3 * time.Minute)
		observe(t, p, 0, Result{StatusCode: 200})
		start := time.Now()
		for range 300 {
			observe(t, p, 0, Result{StatusCode: 200})
		}
		require.Zero(t, time.Since(start))
	})
}

// TestGrantedInFuture checks that later responses are used after a wrong Granted.
func TestGrantedInFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		observe(t, p, 0, response(120, 119, 60))
		r := response(120, 118, 60)
		r.Granted = time.Now().Add(time.Hour)
		p.Observe(r)
		time.Sleep(time.Second)
		observe(t, p, 0, response(10, 9, 60))
		require.Equal(t, 10, p.window.limit)
	})
}

func TestNoAllocation(t *testing.T) {
	for name, r := range ampleResults() {
		t.Run(name, func(t *testing.T) {
			p := New()
			ctx := context.Background()
			require.Zero(t, testing.AllocsPerRun(1000, func() {
				if p.Acquire(ctx, Request{}) == nil {
					r.Granted = time.Now()
					p.Observe(r)
				}
			}))
		})
	}
}

func withRetry(r Result, after time.Duration) Result {
	r.StatusCode, r.RetryAfter = 429, after
	return r
}

// TestConsecutive429s checks that waits double with each 429, counting a burst once.
func TestConsecutive429s(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		for i := range 7 {
			start := time.Now()
			require.NoError(t, p.Acquire(context.Background(), Request{}))
			if i > 0 {
				most := min(time.Second<<(i-1), 15*time.Second)
				wait := time.Since(start).Round(time.Millisecond)
				require.LessOrEqual(t, wait, most)
				require.GreaterOrEqual(t, wait, max(most/2, time.Second), "Retry-After")
			}
			for range 16 {
				p.Observe(Result{Granted: time.Now(), StatusCode: 429, RetryAfter: time.Second})
			}
			time.Sleep(time.Nanosecond)
		}
		require.NoError(t, p.Acquire(context.Background(), Request{}))
		ok := response(120, 100, 60)
		ok.Granted = time.Now()
		p.Observe(ok)
		require.Zero(t, p.window.consecutive)
	})
}

// TestNotCounted checks that requests that the service did not count use no budget.
func TestNotCounted(t *testing.T) {
	for _, r := range []Result{{NotSent: true}, {StatusCode: 401}, {StatusCode: 403}} {
		t.Run(fmt.Sprintf("%+v", r), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := New()
				observe(t, p, 0, response(120, 119, 60))
				start := time.Now()
				for range 500 {
					observe(t, p, 0, r)
				}
				require.Zero(t, time.Since(start))
				require.Equal(t, 1, p.window.own.n)
			})
		})
	}
}

// TestNoResponseIsCounted checks that a request without a response counts.
func TestNoResponseIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		start := time.Now()
		for range 121 {
			observe(t, p, 0, Result{})
		}
		require.GreaterOrEqual(t, time.Since(start), time.Minute)
	})
}

// TestHugeLimit checks that memory does not grow with the limit.
func TestHugeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		start := time.Now()
		for range 200 {
			for range 1000 {
				observe(t, p, 0, response(1_000_000_000, 999_000_000, 60))
			}
			time.Sleep(time.Second)
		}
		require.Equal(t, 200*time.Second, time.Since(start))
	})
}

func TestLimitChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		observe(t, p, 0, response(10, 9, 60))
		start := time.Now()
		for i := range 9 {
			observe(t, p, 0, response(10, 8-i, 60))
		}
		require.Zero(t, time.Since(start))
		require.Error(t, p.Acquire(context.Background(), Request{MaxWait: 30 * time.Second}))
		time.Sleep(61 * time.Second)
		observe(t, p, 0, response(500, 499, 60))
		for i := range 499 {
			observe(t, p, 0, response(500, 498-i, 60))
		}
		require.Equal(t, 61*time.Second, time.Since(start).Truncate(time.Second))
	})
}

// TestLateResponse checks that a late response is ignored.
func TestLateResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		require.NoError(t, p.Acquire(context.Background(), Request{}))
		late := response(120, 50, 60)
		late.Granted = time.Now()
		time.Sleep(30 * time.Second)
		observe(t, p, 0, response(120, 18, 30))
		require.Equal(t, 100, p.window.foreign)
		p.Observe(late)
		require.Equal(t, 100, p.window.foreign)
	})
}

// TestResetBeforeOwnExpiry checks that the window is shortened if Remaining is 0 and
// Reset is long before this client's requests would leave the window.
func TestResetBeforeOwnExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		observe(t, p, 0, response(120, 119, 60))
		for i := range 119 {
			observe(t, p, 0, response(120, 118-i, 4))
		}
		start := time.Now()
		require.NoError(t, p.Acquire(context.Background(), Request{}))
		require.InDelta(t, 5, time.Since(start).Seconds(), 0.1)
	})
}

// TestLag checks that the lag is at most a second and decreases slowly.
func TestLag(t *testing.T) {
	for _, limit := range []int{1, 120, math.MaxInt} {
		synctest.Test(t, func(t *testing.T) {
			p := New()
			r := response(limit, limit, 60)
			observe(t, p, 10*time.Second, r)
			require.Equal(t, second, p.window.lag)
			for range 100 {
				observe(t, p, 10*time.Millisecond, r)
				require.LessOrEqual(t, p.window.lag, second)
				require.GreaterOrEqual(t, p.window.lag, second/100)
			}
		})
	}
}
