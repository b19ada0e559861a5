package redispacer

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

const (
	shortestWindow = 100 * time.Millisecond
	longestWindow  = 24 * time.Hour

	defaultWindow  = time.Minute
	defaultTimeout = 50 * time.Millisecond
	defaultPrefix  = "agento"
)

// Option configures a [Pacer]. If an option is given twice, the last one applies.
type Option struct {
	name  string
	apply func(*settings) error
}

type settings struct {
	window  time.Duration
	timeout time.Duration
	prefix  string
	logger  func() *slog.Logger
	notify  func(Change)
	alone   bool
}

func newSettings(opts []Option) (settings, error) {
	s := settings{window: defaultWindow, timeout: defaultTimeout, prefix: defaultPrefix, logger: slog.Default}
	for _, o := range opts {
		if o.apply == nil {
			return s, fmt.Errorf("redispacer: Option is empty")
		}
		if err := o.apply(&s); err != nil {
			return s, fmt.Errorf("redispacer: %s %w", o.name, err)
		}
	}
	return s, nil
}

func duration(name string, d, least time.Duration, field func(*settings) *time.Duration) Option {
	return Option{name, func(s *settings) error {
		if d < least || d > longestWindow {
			return fmt.Errorf("is not between %v and a day: %v", least, d)
		}
		*field(s) = d
		return nil
	}}
}

// WithWindow sets the length of the service's window, at least 100 ms. The default
// is a minute. All processes that share a key must use the same value.
func WithWindow(d time.Duration) Option {
	return duration("WithWindow", d, shortestWindow, func(s *settings) *time.Duration { return &s.window })
}

// WithTimeout sets how long a call waits for Redis before its process paces alone.
// The default is 50 ms, the minimum 1 ms.
func WithTimeout(d time.Duration) Option {
	return duration("WithTimeout", d, time.Millisecond, func(s *settings) *time.Duration { return &s.timeout })
}

// WithPrefix sets the prefix of the keys in Redis. The default is "agento".
func WithPrefix(prefix string) Option {
	return Option{"WithPrefix", func(s *settings) error {
		if prefix == "" || strings.ContainsAny(prefix, "{}") {
			return fmt.Errorf("is empty or has a brace: %q", prefix)
		}
		s.prefix = prefix
		return nil
	}}
}

// WithLogger sets the logger. The default is slog.Default().
func WithLogger(l *slog.Logger) Option {
	return Option{"WithLogger", func(s *settings) error {
		if l == nil {
			return fmt.Errorf("is nil")
		}
		s.logger = func() *slog.Logger { return l }
		return nil
	}}
}

// WithNotify calls f whenever the process starts or stops pacing alone, for metrics.
// A call of the client waits for f.
func WithNotify(f func(Change)) Option {
	return Option{"WithNotify", func(s *settings) error {
		if f == nil {
			return fmt.Errorf("is nil")
		}
		s.notify = f
		return nil
	}}
}

// WithStartAlone lets [New] succeed although Redis cannot be reached or cannot run
// the script, as during a failover. The Pacer then starts as if Redis had just
// become unavailable. A rejected password or user is still an error.
func WithStartAlone() Option {
	return Option{"WithStartAlone", func(s *settings) error {
		s.alone = true
		return nil
	}}
}

// Change reports that a process starts or stops pacing alone.
type Change struct {
	Alone  bool
	Err    error         // the failure of Redis, if Alone
	Lasted time.Duration // how long the process paced alone, if not Alone
}
