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

// answer is an answer with headers: Reset is so many seconds after Date.
func answer(limit, remaining, reset int) Result {
	return Result{
		StatusCode: 200, Known: true, Limit: limit, Remaining: remaining,
		Date: anyTime, Reset: anyTime.Add(time.Duration(reset) * time.Second),
	}
}

// observe grants a call and enters its answer after some time.
func observe(t *testing.T, p *Pacer, took time.Duration, r Result) {
	t.Helper()
	require.NoError(t, p.Acquire(context.Background(), Request{}))
	r.Granted = time.Now()
	time.Sleep(took)
	p.Observe(r)
}

func TestWindowLength(t *testing.T) {
	noDate := answer(120, 119, 5)
	noDate.Date = time.Time{}
	tests := map[string]struct {
		took    time.Duration
		answers []Result
		window  int
	}{
		"documented":              {0, []Result{answer(120, 119, 60)}, 60},
		"rounded":                 {0, []Result{answer(120, 119, 59)}, 60},
		"shorter":                 {0, []Result{answer(120, 119, 30)}, 31},
		"five seconds":            {0, []Result{answer(120, 119, 5)}, 6},
		"counted afterwards":      {0, []Result{answer(120, 120, 5)}, 6},
		"not the first":           {0, []Result{answer(120, 118, 5)}, 60},
		"slow first answer":       {20 * time.Second, []Result{answer(120, 119, 40)}, 60},
		"slow and short":          {2500 * time.Millisecond, []Result{answer(120, 119, 5)}, 8},
		"the least":               {0, []Result{answer(120, 119, 10), answer(120, 119, 9)}, 10},
		"longer than documented":  {0, []Result{answer(120, 119, 3600)}, 60},
		"shortened wrongly":       {0, []Result{answer(120, 119, 5), answer(120, 100, 50)}, 60},
		"and not again":           {0, []Result{answer(120, 119, 5), answer(120, 100, 50), answer(120, 119, 5)}, 60},
		"without a clock":         {0, []Result{noDate}, 60},
		"reset before date":       {0, []Result{answer(120, 119, -10)}, 60},
		"reset in far future":     {0, []Result{answer(120, 119, math.MaxInt32)}, 60},
		"no window at all":        {0, []Result{answer(120, 119, 0)}, 1},
		"a 429 outlasts what was": {0, []Result{answer(120, 119, 5), {StatusCode: 429, RetryAfter: 30 * time.Second}}, 60},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := New()
				for _, r := range tt.answers {
					time.Sleep(time.Second)
					observe(t, p, tt.took, r)
				}
				require.Equal(t, time.Duration(tt.window)*time.Second, time.Duration(p.model.window))
			})
		})
	}
}

// Whatever the headers say, calls go on.
func TestNonsenseHeaders(t *testing.T) {
	tests := map[string]Result{
		"no limit":           answer(0, 0, 60),
		"negative limit":     answer(-5, 3, 60),
		"negative remaining": answer(120, -1, 60),
		"more than all":      answer(120, 121, 60),
		"huge":               answer(math.MaxInt, math.MaxInt, 60),
		"least":              answer(math.MinInt, math.MinInt, 60),
		"all remains":        answer(120, 120, 60),
		"year 2060":          answer(120, 119, 34*365*24*3600),
		"before date":        answer(120, 119, -3600),
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

// TestNoReset: without the time of the reset the other headers are nothing to
// go by.
func TestNoReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		r := answer(120, 60, 30)
		r.Reset = time.Time{}
		observe(t, p, 0, r)
		require.True(t, p.model.blind)
	})
}

func TestHold(t *testing.T) {
	tests := map[string]struct {
		refusal Result
		hold    time.Duration
	}{
		"asked for":        {Result{StatusCode: 429, RetryAfter: 7 * time.Second}, 7 * time.Second},
		"with headers":     {withRetry(answer(120, 0, 20), 15*time.Second), 15 * time.Second},
		"only the headers": {withRetry(answer(120, 0, 20), 0), 21 * time.Second},
		"nothing":          {Result{StatusCode: 429}, time.Second},
		"absurd":           {Result{StatusCode: 429, RetryAfter: math.MaxInt64}, time.Hour},
		"negative":         {Result{StatusCode: 429, RetryAfter: -time.Minute}, time.Second},
		"bare year 2060":   {withRetry(answer(120, 0, 34*365*24*3600), 0), time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := New()
				observe(t, p, 0, answer(120, 100, 60))
				observe(t, p, 0, tt.refusal)
				start := time.Now()
				waits := acquireAll(p, 10)
				time.Sleep(tt.hold - time.Millisecond)
				synctest.Wait()
				require.Empty(t, waits)
				time.Sleep(100 * time.Millisecond)
				synctest.Wait()
				require.Len(t, waits, 1, "then one goes, to see")
				require.Equal(t, tt.hold, <-waits)

				again := answer(120, 50, 60)
				again.Granted = start.Add(tt.hold)
				p.Observe(again)
				time.Sleep(20 * time.Second)
				synctest.Wait()
				require.Len(t, waits, 9, "and the others after its answer")
			})
		})
	}
}

// If the one that went to see gets no answer, another goes each second.
func TestUnansweredAfterHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		observe(t, p, 0, answer(120, 100, 60))
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

// Without a clock to go by, what others used is gone after a window.
func TestOthersAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		r := answer(120, 0, 60)
		r.Date = time.Time{}
		observe(t, p, 0, r)
		start := time.Now()
		for range 2 {
			require.NoError(t, p.Acquire(context.Background(), Request{}))
			require.InDelta(t, 60, time.Since(start).Seconds(), 0.5)
		}
	})
}

// What left the window while an answer was under way is not somebody else's.
func TestExpiredUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		start := time.Now()
		observe(t, p, 200*time.Millisecond, answer(120, 119, 60)) // counted at its very end
		time.Sleep(time.Until(start.Add(60*time.Second + 190*time.Millisecond)))
		observe(t, p, 60*time.Millisecond, answer(120, 118, 59)) // counted at its very start
		require.Zero(t, p.model.foreign)
		require.Equal(t, 1, p.model.own.n)
	})
}

// A proxy that begins to strip the headers takes the limit away, in time.
func TestHeadersStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		observe(t, p, 0, answer(120, 119, 60))
		observe(t, p, 0, Result{StatusCode: 200})
		require.False(t, p.model.blind, "one answer is no proof")
		time.Sleep(3 * time.Minute)
		observe(t, p, 0, Result{StatusCode: 200})
		start := time.Now()
		for range 300 {
			observe(t, p, 0, Result{StatusCode: 200})
		}
		require.Zero(t, time.Since(start))
	})
}

// A grant in the future, by a mistake of the caller, does not deafen the Pacer.
func TestGrantedInFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		observe(t, p, 0, answer(120, 119, 60))
		r := answer(120, 118, 60)
		r.Granted = time.Now().Add(time.Hour)
		p.Observe(r)
		time.Sleep(time.Second)
		observe(t, p, 0, answer(10, 9, 60))
		require.Equal(t, 10, p.model.limit)
	})
}

func TestNoAllocation(t *testing.T) {
	for name, r := range ampleAnswers() {
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

// Refused time and again, the pauses grow; the calls of one burst count once.
func TestStrikes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		var waits []int
		for range 7 {
			start := time.Now()
			require.NoError(t, p.Acquire(context.Background(), Request{}))
			waits = append(waits, int(time.Since(start).Round(time.Second)/time.Second))
			for range 16 {
				p.Observe(Result{Granted: time.Now(), StatusCode: 429, RetryAfter: time.Second})
			}
			time.Sleep(time.Nanosecond)
		}
		require.Equal(t, []int{0, 1, 1, 2, 4, 8, 15}, waits, "at most a quarter of the window")
		require.NoError(t, p.Acquire(context.Background(), Request{}))
		ok := answer(120, 100, 60)
		ok.Granted = time.Now()
		p.Observe(ok)
		require.Zero(t, p.model.strikes)
	})
}

// A refused request, and one that was decided before the limiter, did not use the budget.
func TestNotCounted(t *testing.T) {
	for _, r := range []Result{{NotSent: true}, {StatusCode: 401}, {StatusCode: 403}} {
		t.Run(fmt.Sprintf("%+v", r), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := New()
				observe(t, p, 0, answer(120, 119, 60))
				start := time.Now()
				for range 500 {
					observe(t, p, 0, r)
				}
				require.Zero(t, time.Since(start))
				require.Equal(t, 1, p.model.own.n)
			})
		})
	}
}

// What was sent and not answered may have been counted.
func TestCutIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		start := time.Now()
		for range 121 {
			observe(t, p, 0, Result{})
		}
		require.GreaterOrEqual(t, time.Since(start), time.Minute)
	})
}

// The memory does not grow with the limit that a server names.
func TestHugeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		start := time.Now()
		for range 200 {
			for range 1000 {
				observe(t, p, 0, answer(1_000_000_000, 999_000_000, 60))
			}
			time.Sleep(time.Second)
		}
		require.Equal(t, 200*time.Second, time.Since(start))
		require.LessOrEqual(t, len(p.model.own.ring), maxSlots)
	})
}

// A limit that changes holds from then on.
func TestLimitChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		observe(t, p, 0, answer(10, 9, 60))
		start := time.Now()
		for i := range 9 {
			observe(t, p, 0, answer(10, 8-i, 60))
		}
		require.Zero(t, time.Since(start))
		require.Error(t, p.Acquire(context.Background(), Request{MaxWait: 30 * time.Second}))
		time.Sleep(61 * time.Second)
		observe(t, p, 0, answer(500, 499, 60))
		for i := range 499 {
			observe(t, p, 0, answer(500, 498-i, 60))
		}
		require.Equal(t, 61*time.Second, time.Since(start).Truncate(time.Second))
	})
}
