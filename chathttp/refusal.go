package chathttp

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	agento "github.com/remsyshq/agento-go"
)

// refusal is an error response, sent instead of an event stream.
type refusal struct {
	status     int
	code       string
	message    string        // empty: the message of the code
	retryAfter time.Duration // 0: no Retry-After header
	session    string        // token of a session that was created for the message
	agent      string        // for the log
	cause      error         // for the log
}

// retrySoon is the Retry-After of a 503 if the wait is unknown or shorter.
const retrySoon = 5 * time.Second

// write sends the refusal.
func (d *refusal) write(w http.ResponseWriter, timeout time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(timeout))
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if d.retryAfter > 0 {
		h.Set("Retry-After", wholeSeconds(d.retryAfter))
	}
	w.WriteHeader(d.status)
	_ = json.NewEncoder(w).Encode(struct { // the browser may have disconnected
		Error   publicError `json:"error"`
		Session string      `json:"session,omitempty"`
	}{publicError{d.code, cmp.Or(d.message, publicMessages[d.code])}, d.session})
}

// wholeSeconds rounds up, because Retry-After has no fractions.
func wholeSeconds(d time.Duration) string {
	seconds := int64(d / time.Second)
	if d%time.Second > 0 {
		seconds++
	}
	return strconv.FormatInt(seconds, 10)
}

// visitorRefusal returns the response to an error of the function Visitor.
func visitorRefusal(err error) *refusal {
	d := &refusal{status: http.StatusUnauthorized, code: codeVisitor, cause: err}
	d.apply(err)
	return d
}

// apply overrides the refusal with the fields of an Error, if err is one. It
// reports whether it is.
func (d *refusal) apply(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	if e.Status != 0 && (e.Status < 400 || e.Status > 599) {
		*d = refusal{status: http.StatusInternalServerError, code: codeUnavailable,
			cause: fmt.Errorf("chathttp.Error has status %d: %w", e.Status, err)}
		return true
	}
	d.message = e.Message
	if d.message == "" {
		d.message = publicMessages[d.code]
	}
	d.status, d.code, d.retryAfter = cmp.Or(e.Status, d.status), cmp.Or(e.Code, d.code), e.RetryAfter
	return true
}

// turnRefusal returns the response to an error of the function Turn. It does not
// reveal why the service rejected the backend's request.
func turnRefusal(err error) *refusal {
	d := &refusal{status: http.StatusForbidden, code: codeTurn, cause: err}
	if d.apply(err) {
		return d
	}
	var e *agento.Error
	if errors.Is(err, agento.ErrForbidden) && !errors.As(err, &e) {
		return d
	}
	return &refusal{status: http.StatusInternalServerError, code: codeUnavailable, cause: err}
}

// codeSessionNotFound is the code expected from the service for a deleted session.
const codeSessionNotFound agento.Code = "session_not_found"

// serviceRefusal returns the response to a failure before the stream. It reveals
// that the session is gone only if browsers have session tokens.
func serviceRefusal(err error, tokens bool) *refusal {
	d := &refusal{status: http.StatusInternalServerError, code: codeUnavailable, cause: err}
	var e *agento.Error
	if !errors.As(err, &e) { // the backend failed
		return d
	}
	d.status, d.retryAfter = http.StatusBadGateway, e.RetryAfter
	switch {
	case errors.Is(err, agento.ErrRateLimited):
		d.status, d.code, d.retryAfter = http.StatusServiceUnavailable, codeBusy, max(e.RetryAfter, retrySoon)
	case tokens && e.Code == codeSessionNotFound:
		d.status, d.code, d.retryAfter = http.StatusForbidden, codeSession, 0
	}
	return d
}
