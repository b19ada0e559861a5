package chathttp

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/errs"
)

// record writes a log record, if l is not nil. Records contain neither the content
// of messages nor the service's error messages, which may quote it.
func record(ctx context.Context, l *slog.Logger, level slog.Level, message string, err error, attrs ...slog.Attr) {
	if l == nil || !l.Enabled(ctx, level) {
		return
	}
	l.LogAttrs(ctx, level, "agento: "+message, append(attrs, errorAttrs(err)...)...)
}

// errorAttrs returns the attributes of err for the log. It omits the message and
// the body of an agento.Error.
func errorAttrs(err error) []slog.Attr {
	var attrs []slog.Attr
	var e *agento.Error
	if errors.As(err, &e) {
		if e.StatusCode != 0 {
			attrs = append(attrs, slog.Int("status", e.StatusCode))
		}
		if e.RequestID != "" {
			attrs = append(attrs, slog.String("request_id", errs.Line(e.RequestID)))
		}
		if isCode(string(e.Code)) {
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

// isCode reports whether s looks like an error code. The service could send any
// text in its place.
func isCode(s string) bool {
	return s != "" && len(s) <= 48 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}
