package chathttp_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chathttp"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// refusedFor asserts that a turn is rejected, with this Retry-After.
func refusedFor(w *widget, visitor string, status int, code, retryAfter string) {
	w.T.Helper()
	before := w.service.calls()
	p := w.say(visitor, "")
	require.Equal(w.T, status, p.status, p.body)
	require.Equal(w.T, code, p.code)
	require.Equal(w.T, retryAfter, p.header.Get("Retry-After"))
	require.Equal(w.T, before, w.service.calls())
}

func TestTurnsPerMinute(t *testing.T) {
	configure := func(c *chathttp.Config) { c.VisitorLimit.PerMinute, c.TotalLimit.PerMinute = 3, 5 }
	inWidget(t, harness.Protocol{}, answering(hi, done), configure, func(w *widget) {
		for range 3 {
			require.Equal(t, 200, w.say("pia", "").status)
			time.Sleep(10 * time.Second)
		}
		refusedFor(w, "pia", 429, "too_many_turns", "30") // the first was 30 s ago
		require.Equal(t, 200, w.say("bob", "").status, "the limit is per visitor")
		require.Equal(t, 200, w.say("eve", "").status)
		refusedFor(w, "eve", 503, "busy", "30")
		time.Sleep(30*time.Second - time.Millisecond)
		refusedFor(w, "pia", 429, "too_many_turns", "1")
		time.Sleep(time.Millisecond)
		require.Equal(t, 200, w.say("pia", "").status, "the first turn was a minute ago")
		refusedFor(w, "pia", 429, "too_many_turns", "10")
		time.Sleep(time.Hour)
		for range 3 {
			require.Equal(t, 200, w.say("pia", "").status)
		}
		refusedFor(w, "pia", 429, "too_many_turns", "60")
	})
}

func TestTurnsAtOnce(t *testing.T) {
	configure := func(c *chathttp.Config) { c.TotalLimit.AtOnce = 3 }
	release := make(chan struct{})
	var hold http.HandlerFunc
	inWidget(t, harness.Protocol{}, func(w http.ResponseWriter, r *http.Request) { hold(w, r) }, configure, func(w *widget) {
		release = make(chan struct{})
		hold = func(w http.ResponseWriter, r *http.Request) {
			s := harness.Stream(w, r).Send(hi)
			<-release
			s.Send(done)
		}
		ended := make(chan page, 4)
		begin := func(visitor string) {
			go func() { ended <- w.say(visitor, "") }()
			synctest.Wait()
		}
		begin("pia")
		begin("pia")
		refusedFor(w, "pia", 429, "too_many_turns", "5")
		begin("bob")
		refusedFor(w, "eve", 503, "busy", "5")
		refusedFor(w, "pia", 429, "too_many_turns", "5")
		close(release)
		for range 3 {
			require.Equal(t, "Hi! ", (<-ended).text)
		}
		synctest.Wait()
		require.Equal(t, 200, w.say("eve", "").status)
		require.Equal(t, 200, w.say("pia", "").status)
	})
}

// TestDefaultLimits checks two turns at once and twenty a minute per visitor, and
// 600 a minute in total.
func TestDefaultLimits(t *testing.T) {
	inWidget(t, harness.Protocol{}, answering(hi, done), nil, func(w *widget) {
		for range 20 {
			require.Equal(t, 200, w.say("pia", "").status)
		}
		refusedFor(w, "pia", 429, "too_many_turns", "60")
		for i := range 580 {
			require.Equal(t, 200, w.say(fmt.Sprint("visitor ", i), "").status)
		}
		refusedFor(w, "eve", 503, "busy", "60")
	})
}

func TestRejectedRequestsCountPerVisitor(t *testing.T) {
	configure := func(c *chathttp.Config) {
		c.TotalLimit.PerMinute = 100
		turn := c.Turn
		c.Turn = func(r *http.Request, v chathttp.Visit) (chathttp.Turn, error) {
			if v.Message == "forbidden" {
				return chathttp.Turn{}, agento.ErrForbidden
			}
			return turn(r, v)
		}
	}
	for name, refused := range map[string]struct {
		body   string
		status int
	}{
		"empty message": {"{}", 400},
		"not JSON":      {"Hello", 400},
		"too large":     {body(strings.Repeat("x", 70_000), ""), 413},
		"bad token":     {body("Hello", "a token"), 403},
		"refused turn":  {body("forbidden", ""), 403},
	} {
		t.Run(name, func(t *testing.T) {
			inWidget(t, harness.Protocol{}, answering(hi, done), configure, func(w *widget) {
				for cookie := range 30 {
					visitor := fmt.Sprint("cookie ", cookie)
					for i := range 25 {
						unsized := struct{ io.Reader }{strings.NewReader(refused.body)} // otherwise Content-Length suffices to reject it
						p := read(t, w.do(w.dial(), http.MethodPost, unsized, "X-Visitor", visitor))
						if i < 20 {
							require.Equal(t, refused.status, p.status)
						} else {
							require.Equal(t, 429, p.status)
							require.Equal(t, "60", p.header.Get("Retry-After"))
						}
					}
				}
				for i := range 100 {
					require.Equal(t, 200, w.say(fmt.Sprint("visitor ", i), "").status)
				}
				refusedFor(w, "eve", 503, "busy", "60")
			})
		})
	}
}

// TestUnfinishedRequestsCountPerVisitor checks that a request whose body
// has not arrived is not a turn.
func TestUnfinishedRequestsCountPerVisitor(t *testing.T) {
	configure := func(c *chathttp.Config) { c.TotalLimit.AtOnce, c.VisitorLimit.AtOnce = 2, 3 }
	inWidget(t, harness.Protocol{}, answering(hi, done), configure, func(w *widget) {
		var conns []net.Conn
		for range 3 {
			conns = append(conns, w.raw(100))
		}
		synctest.Wait()
		refusedFor(w, "pia", 429, "too_many_turns", "5")
		require.Equal(t, 200, w.say("bob", "").status)
		for _, conn := range conns {
			require.NoError(t, conn.Close())
		}
	})
}

// TestManyTurnsOfOneVisitor checks that of 200 concurrent turns, two run.
func TestManyTurnsOfOneVisitor(t *testing.T) {
	inWidget(t, harness.Protocol{}, func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r).Send(hi)
		time.Sleep(time.Second)
		s.Send(done)
	}, nil, func(w *widget) {
		statuses := make(chan int, 200)
		for range 200 {
			go func() { statuses <- w.say("pia", "").status }()
		}
		count := map[int]int{}
		for range 200 {
			count[<-statuses]++
		}
		require.Equal(t, map[int]int{200: 2, 429: 198}, count)
	})
}

// TestRateLimitWaitLimited checks that a turn is rejected at once if the key's rate
// limit would delay it by more than MaxWait.
func TestRateLimitWaitLimited(t *testing.T) {
	answer := func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-RateLimit-Limit", "2")
		h.Set("X-RateLimit-Remaining", "0")
		h.Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Add(50*time.Second).Unix()))
		harness.Stream(w, r).Send(hi, done)
	}
	inWidget(t, harness.Protocol{}, answer, nil, func(w *widget) {
		require.Equal(t, 200, w.say("pia", "").status)
		begun, before := time.Now(), w.service.calls()
		p := w.say("bob", "")
		require.Equal(t, 503, p.status, p.body)
		require.Equal(t, "busy", p.code)
		require.NotEmpty(t, p.header.Get("Retry-After"))
		require.LessOrEqual(t, time.Since(begun), 10*time.Second)
		require.Equal(t, before, w.service.calls())
	})
}

// TestRateLimitWaitsAddUp checks that MaxWait limits the sum of the waits of a
// first turn: two calls, all attempts.
func TestRateLimitWaitsAddUp(t *testing.T) {
	for _, c := range []struct {
		refusals int // of the first attempts
		after    string
		status   int
	}{
		{refusals: 2, after: "3", status: 200},
		{refusals: 100, after: "3", status: 503},
		{refusals: 100, after: "9", status: 503},
		{refusals: 1, after: "11", status: 503},
	} {
		t.Run(fmt.Sprint(c.refusals, " times ", c.after), func(t *testing.T) {
			n := 0
			answer := func(w http.ResponseWriter, r *http.Request) {
				if n++; n <= c.refusals {
					w.Header().Set("Retry-After", c.after)
					w.WriteHeader(429)
					return
				}
				harness.Stream(w, r).Send(hi, done)
			}
			inWidget(t, harness.Protocol{}, answer, nil, func(w *widget) {
				begun := time.Now()
				p := w.say("pia", "")
				require.Equal(t, c.status, p.status, p.body)
				require.LessOrEqual(t, time.Since(begun), 11*time.Second) // with the jitter of the retries
			})
		})
	}
}
