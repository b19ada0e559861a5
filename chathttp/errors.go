package chathttp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	agento "github.com/remsyshq/agento-go"
)

// ErrBrowserGone reports that an answer could not be written to the browser,
// because it disconnected or read too slowly.
var ErrBrowserGone = errors.New("agento: browser disconnected")

// Error is an error response for the browser. The functions Visitor and Turn of a
// [Config] may return it, possibly wrapped. The text around it is only logged.
type Error struct {
	Status     int           // from 400 to 599; 0: 401 from Visitor, 403 from Turn
	Code       string        // for the page's script; empty: unauthorized from Visitor, forbidden from Turn
	Message    string        // for the visitor; empty: a fixed message
	RetryAfter time.Duration // the Retry-After header, in whole seconds; 0: none
}

// Error returns the status, the code and the message.
func (e *Error) Error() string {
	return strings.TrimSpace(fmt.Sprintf("agento: refused with %d %s %s", e.Status, e.Code, e.Message))
}

// The codes of the errors that browsers receive, in an event or in a response.
const (
	codeInterrupted = "interrupted" // the answer began but is incomplete
	codeBusy        = "busy"        // a later attempt may succeed
	codeUnavailable = "unavailable" // anything else that the browser did not cause

	codeMethod       = "method_not_allowed"
	codeOrigin       = "origin_not_allowed"
	codeMediaType    = "unsupported_media_type"
	codeVisitor      = "unauthorized"
	codeTooManyTurns = "too_many_turns"
	codeShuttingDown = "shutting_down"
	codeBodyTooLarge = "body_too_large"
	codeBodyTimeout  = "body_timeout"
	codeBody         = "invalid_body"
	codeEmptyMessage = "empty_message"
	codeTurn         = "forbidden"
	codeSession      = "session_refused"
)

// publicMessages are the messages of the codes. They are fixed, so that no message
// of the service reaches a browser.
var publicMessages = map[string]string{
	codeInterrupted:  "The answer was interrupted.",
	codeBusy:         "There is too much to do at the moment. Try again later.",
	codeUnavailable:  "The chat is not available at the moment.",
	codeMethod:       "Only POST is allowed.",
	codeOrigin:       "This page may not use the chat.",
	codeMediaType:    "The body must be application/json.",
	codeVisitor:      "Sign in to use the chat.",
	codeTooManyTurns: "Too many messages. Try again later.",
	codeShuttingDown: "The server is restarting. Try again soon.",
	codeBodyTooLarge: "The message is too long.",
	codeBodyTimeout:  "The message took too long to arrive.",
	codeBody:         "The body is not a JSON object of the expected form.",
	codeEmptyMessage: "The message is empty.",
	codeTurn:         "This chat is not open to you.",
	codeSession:      "The session is no longer valid. Start a new one.",
}

// publicError is an error in the form that a browser receives.
type publicError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// publicCode returns the code that a browser receives for an error of the service.
func publicCode(err error) string {
	switch {
	case errors.Is(err, agento.ErrRateLimited):
		return codeBusy
	case errors.Is(err, agento.ErrStreamTruncated), errors.Is(err, agento.ErrStreamIdle), errors.Is(err, agento.ErrEventTooLarge),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return codeInterrupted
	}
	return codeUnavailable
}
