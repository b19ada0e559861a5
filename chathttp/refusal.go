package chathttp

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/errs"
)

// denial is an answer that is not a stream.
type denial struct {
	status     int
	code       publicErrorCode
	retryAfter time.Duration // 0: nothing is said of it
	session    string        // token of a session that was just created
	agent      string
	cause      error // for the log only
}

const (
	codeMethod       publicErrorCode = "method_not_allowed"
	codeOrigin       publicErrorCode = "origin_not_allowed"
	codeMediaType    publicErrorCode = "unsupported_media_type"
	codeVisitor      publicErrorCode = "unauthorized"
	codeTooManyTurns publicErrorCode = "too_many_turns"
	codeShuttingDown publicErrorCode = "shutting_down"
	codeBodyTooLarge publicErrorCode = "body_too_large"
	codeBodyTimeout  publicErrorCode = "body_timeout"
	codeBody         publicErrorCode = "invalid_body"
	codeEmptyMessage publicErrorCode = "empty_message"
	codeTurn         publicErrorCode = "forbidden"
	codeSession      publicErrorCode = "session_refused"
)

var publicMessages = map[publicErrorCode]string{
	codeInterrupted:  "The answer was interrupted.",
	codeBusy:         "There is too much to do at the moment. Try again later.",
	codeUnavailable:  "The chat is not available at the moment.",
	codeMethod:       "Only POST is allowed.",
	codeOrigin:       "This page may not use the chat.",
	codeMediaType:    "The body must be application/json.",
	codeVisitor:      "Sign in to use the chat.",
	codeTooManyTurns: "Too many messages. Try again later.",
	codeShuttingDown: "The server is about to restart. Try again soon.",
	codeBodyTooLarge: "The message is too long.",
	codeBodyTimeout:  "The message took too long to arrive.",
	codeBody:         "The body is not the JSON object that it should be.",
	codeEmptyMessage: "The message is empty.",
	codeTurn:         "This chat is not open to you.",
	codeSession:      "The session is not valid any more. Begin a new one.",
}

// retrySoon is what is asked of a browser where nothing says how long it takes.
const retrySoon = 5 * time.Second

// deny answers with an error.
func (h *Handler) deny(w http.ResponseWriter, r *http.Request, d *denial) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(h.config.WriteTimeout))
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	if d.status == http.StatusMethodNotAllowed {
		header.Set("Allow", h.origins.methods())
	}
	if d.retryAfter > 0 {
		header.Set("Retry-After", wholeSeconds(d.retryAfter))
	}
	w.WriteHeader(d.status)
	_ = json.NewEncoder(w).Encode(struct { // it may have gone
		Error   publicError `json:"error"`
		Session string      `json:"session,omitempty"`
	}{publicError{d.code, publicMessages[d.code]}, d.session})

	level := slog.LevelDebug
	if d.cause != nil && d.status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	h.log(r, level, "chat message refused", d.cause,
		slog.Int("answered", d.status), slog.String("reason", string(d.code)), slog.String("agent", d.agent))
}

// wholeSeconds rounds up, since Retry-After has no fractions.
func wholeSeconds(d time.Duration) string {
	seconds := int64(d / time.Second)
	if d%time.Second > 0 {
		seconds++
	}
	return strconv.FormatInt(seconds, 10)
}

// turnDenial is what a browser learns of an error of the function Turn. One that
// the service has given it, of whatever kind, is not the visitor's affair.
func turnDenial(err error) *denial {
	var e *agento.Error
	if errors.Is(err, agento.ErrForbidden) && !errors.As(err, &e) {
		return &denial{status: http.StatusForbidden, code: codeTurn, cause: err}
	}
	return &denial{status: http.StatusInternalServerError, code: codeUnavailable, cause: err}
}

// codeSessionNotFound is what a session that was deleted is expected to give.
const codeSessionNotFound agento.Code = "session_not_found"

// upstreamDenial is what a browser learns of a failure before the stream. A
// session that is gone is its affair only if the browser holds it, by a token.
func upstreamDenial(err error, byToken bool) *denial {
	d := &denial{status: http.StatusInternalServerError, code: codeUnavailable, cause: err}
	var e *agento.Error
	if !errors.As(err, &e) { // the call was never made
		return d
	}
	d.status, d.retryAfter = http.StatusBadGateway, e.RetryAfter
	switch {
	case errors.Is(err, agento.ErrRateLimited):
		d.status, d.code, d.retryAfter = http.StatusServiceUnavailable, codeBusy, max(e.RetryAfter, retrySoon)
	case byToken && e.Code == codeSessionNotFound:
		d.status, d.code, d.retryAfter = http.StatusForbidden, codeSession, 0
	}
	return d
}

// failureAttrs is what the log is told of an error. An agento.Error's message and body
// are left out: they are the service's words, and may repeat a visitor's. So is a
// code that does not look like one.
func failureAttrs(err error) []slog.Attr {
	var attrs []slog.Attr
	var e *agento.Error
	if errors.As(err, &e) {
		if e.StatusCode != 0 {
			attrs = append(attrs, slog.Int("status", e.StatusCode))
		}
		if e.RequestID != "" {
			attrs = append(attrs, slog.String("request_id", errs.Line(e.RequestID)))
		}
		if plainCode(e.Code) {
			attrs = append(attrs, slog.String("code", string(e.Code)))
		}
		if e.Attempts > 1 {
			attrs = append(attrs, slog.Int("attempts", e.Attempts))
		}
		err = e.Unwrap()
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", errs.Line(err.Error())))
	}
	return attrs
}

// plainCode reports whether a code looks like one: a field of that name may hold
// anything.
func plainCode(code agento.Code) bool {
	return code != "" && len(code) <= 48 && strings.Trim(string(code), "abcdefghijklmnopqrstuvwxyz_") == ""
}
