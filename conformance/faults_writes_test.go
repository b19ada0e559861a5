package conformance

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// retryAfterFaults returns the forms of Retry-After. The clock of a synctest bubble starts
// in the year 2000.
func retryAfterFaults() []fault {
	at := func(d time.Duration, layout string) string {
		return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(d).Format(layout)
	}
	honored := func(name, value string, wait time.Duration) fault {
		result := "success after the usual backoff"
		if wait > 0 {
			result = fmt.Sprintf("success, not before %v", wait)
		}
		return fault{
			name: name, result: result, within: wait,
			serve: first(respondWith(429, "", "Retry-After", value), respondWith(200, okBody))(),
			check: noError, call: func(ctx context.Context, c *agento.Client) error {
				begun := time.Now()
				err := getAgent(ctx, c)
				if took := time.Since(begun); took < wait {
					return fmt.Errorf("retried after %v, before %v", took, wait)
				}
				return err
			},
		}
	}
	tooLong := func(name, value string) fault {
		return fault{
			name: name, result: "ErrRateLimited with RetryAfter, immediately",
			serve: respondWith(429, "", "Retry-After", value), check: func(t *testing.T, err error) {
				status(429, agento.ErrRateLimited)(t, err)
				var e *agento.Error
				require.ErrorAs(t, err, &e)
				require.Greater(t, e.RetryAfter, time.Minute)
				require.Equal(t, 1, e.Attempts)
			},
		}
	}
	rows := []fault{
		honored("absent", "", 0), honored("0", "0", 0), honored("negative", "-5", 0), honored("not a number or a date", "soon", 0),
		honored("seconds", "7", 7*time.Second), honored("a decimal", "1.5", 1500*time.Millisecond),
		honored("a date in the format of HTTP", at(20*time.Second, http.TimeFormat), 20*time.Second),
		honored("a date in the format of RFC 850", at(20*time.Second, "Monday, 02-Jan-06 15:04:05 GMT"), 20*time.Second),
		honored("a date in the format of asctime", at(20*time.Second, time.ANSIC), 20*time.Second),
		honored("a date in the past", at(-time.Hour, http.TimeFormat), 0),
		tooLong("an hour", "3600"), tooLong("the year 2060", "Thu, 01 Jan 2060 00:00:00 GMT"),
		tooLong("a number that overflows", "9223372037"), tooLong("a number with 40 digits", strings.Repeat("9", 40)),
		{
			name: "longer than the deadline", result: "ErrRateLimited with RetryAfter, immediately; not the deadline's error",
			serve: respondWith(429, "", "Retry-After", "30"), call: within(3*time.Second, getAgent), check: status(429, agento.ErrRateLimited),
		},
	}
	for i := range rows {
		rows[i].group = "Retry-After on a 429"
		rows[i].opts = append(rows[i].opts, agento.WithPacing(false))
	}
	return rows
}

// writeFaults returns faults of writes.
func writeFaults() []fault {
	unknown := is(agento.ErrOutcomeUnknown)
	counted := func(respond http.HandlerFunc) func() http.HandlerFunc {
		return func() http.HandlerFunc {
			n := 0
			return func(w http.ResponseWriter, r *http.Request) {
				if n++; n > 1 {
					w.WriteHeader(599) // a retry
					return
				}
				respond(w, r)
			}
		}
	}
	rows := []fault{
		{name: "POST, 500", result: "ErrInternal and ErrOutcomeUnknown; sent once", serve: counted(respondWith(500, ""))(), call: createAgent, check: status(500, agento.ErrInternal, agento.ErrOutcomeUnknown)},
		{name: "POST, 503", result: "ErrInternal and ErrOutcomeUnknown; sent once", serve: counted(respondWith(503, ""))(), call: createAgent, check: status(503, agento.ErrOutcomeUnknown)},
		{name: "POST, connection closed before the response", result: "ErrOutcomeUnknown; sent once", serve: counted(raw("", nil))(), call: createAgent, check: unknown},
		{name: "POST, response truncated in its body", result: "ErrOutcomeUnknown; sent once", serve: counted(raw("HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{\"d", nil))(), call: createAgent, check: status(201, agento.ErrOutcomeUnknown)},
		{name: "POST, 200 with HTML", result: "ErrOutcomeUnknown; sent once", serve: counted(respondWith(200, "<html>"))(), call: createAgent, check: status(200, agento.ErrOutcomeUnknown)},
		{name: "POST, no response", result: "ErrOutcomeUnknown after a minute; sent once", serve: counted(func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Hold() })(), call: createAgent, within: time.Minute, check: unknown},
		{name: "POST, deadline before the response", result: "the context's error and ErrOutcomeUnknown", serve: counted(func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Hold() })(), call: within(3*time.Second, createAgent), within: 3 * time.Second, check: is(context.DeadlineExceeded, agento.ErrOutcomeUnknown)},
		{name: "POST, 429, then success", result: "success; it was not applied, so it is retried", serve: first(respondWith(429, "", "Retry-After", "1"), respondWith(201, okBody))(), call: createAgent, within: time.Second, check: noError},
		{name: "POST, 400", result: "ErrValidation; the outcome is known", serve: respondWith(400, `{"error":{"code":"validation_error","message":"name"}}`), call: createAgent, check: known(status(400, agento.ErrValidation))},
		{name: "DELETE, connection closed, then 404", result: "success; the first attempt was applied", serve: first(raw("", nil), respondWith(404, `{"error":{"code":"agent_not_found","message":"gone"}}`))(), call: deleteAgent, check: noError},
		{name: "DELETE, connection closed, then a proxy's 404", result: "ErrOutcomeUnknown; this 404 may not be from the service", serve: first(raw("", nil), respondWith(404, "<html>"))(), call: deleteAgent, check: status(404, agento.ErrOutcomeUnknown, agento.ErrNoRoute)},
		{name: "DELETE of an unknown agent", result: "ErrNotFound", serve: respondWith(404, `{"error":{"code":"agent_not_found","message":"none"}}`), call: deleteAgent, check: known(status(404, agento.ErrNotFound))},
	}
	for i := range rows {
		rows[i].group = "Writes"
	}
	return rows
}
