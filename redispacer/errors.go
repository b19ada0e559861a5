package redispacer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remsyshq/agento-go"
)

var errNoAnswer = errors.New("no answer in time")

// explain says what a failure means, without what a server quotes of the
// command that it refused: that may be a password.
func explain(err error) error {
	var said redis.Error
	if !errors.As(err, &said) {
		return err
	}
	text, _, _ := strings.Cut(said.Error(), ", with args beginning with")
	code, _, _ := strings.Cut(text, " ")
	switch {
	case code == "NOAUTH" || code == "WRONGPASS" || strings.Contains(text, "unauthenticated"):
		return errors.New("the Redis server asks for a password, or refuses the one that it was given (" + code + ")")
	case code == "NOPERM":
		return errors.New("the Redis server does not allow this user to run the script or a command of it (NOPERM)")
	}
	if strings.HasPrefix(text, "ERR unknown command") {
		return errors.New("the Redis server runs no scripts: " + text)
	}
	return errors.New("the Redis server answered: " + text)
}

// answered tells an answer that Redis gave from none.
func answered(err error) bool {
	var said redis.Error
	return errors.As(err, &said) && !redis.IsLoadingError(err) && !redis.IsTryAgainError(err) &&
		!redis.IsClusterDownError(err) && !redis.IsMasterDownError(err)
}

// tooLate is the refusal of a turn that cannot come in time.
func tooLate(wait time.Duration) error {
	return &agento.Error{
		Code: agento.CodeRateLimited, RetryAfter: wait,
		Message: "the turn in the rate limit cannot come in time; nothing was sent",
	}
}

// ended matches both the Err and the Cause of a context that has ended.
func ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) { // unlike ==, for any type of error
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}
