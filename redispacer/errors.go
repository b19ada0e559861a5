package redispacer

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remsyshq/agento-go"
)

var (
	errNoReply  = errors.New("no reply in time")
	errBadReply = errors.New("unexpected reply from the script")
)

// explain describes a failure without the arguments that Redis quotes from a rejected
// command, because one of them may be the password.
func explain(err error) error {
	if why := configProblem(err); why != "" {
		return errors.New(why)
	}
	if text := errorReply(err); text != "" {
		return errors.New("Redis cannot run the script: " + text)
	}
	if errors.Is(err, errBadReply) {
		return err
	}
	return fmt.Errorf("cannot reach Redis: %w", err)
}

// errorReply returns the text of an error that Redis returned, or "".
func errorReply(err error) string {
	var reply redis.Error
	if !errors.As(err, &reply) {
		return ""
	}
	text, _, _ := strings.Cut(reply.Error(), ", with args beginning with")
	return text
}

// configProblem describes an error reply that persists until the configuration
// changes. It returns "" for others, such as READONLY, which a failover may end.
func configProblem(err error) string {
	text := errorReply(err)
	switch {
	case text == "":
	case redis.IsAuthError(err) || strings.HasPrefix(text, "ERR AUTH"):
		code, _, _ := strings.Cut(text, " ")
		return "Redis requires a password or rejects the client's (" + code + ")"
	case redis.IsPermissionError(err) || strings.Contains(text, "user executing the script"):
		return "Redis does not allow the user to run the script or one of its commands (NOPERM)"
	case strings.HasPrefix(text, "ERR unknown command"):
		return "Redis does not run scripts: " + text
	}
	return ""
}

// rateLimited returns the error for a request that cannot be sent in time.
func rateLimited(wait time.Duration) error {
	return &agento.Error{
		Code: agento.CodeRateLimited, RetryAfter: wait,
		Message: "the rate limit does not allow the request in time; nothing was sent",
	}
}
