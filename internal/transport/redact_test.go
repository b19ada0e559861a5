package transport

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRedact(t *testing.T) {
	secret := "line one\nline <two> \"quoted\""
	r := longestFirst(append(formsOf(secret), formsOf(key)...))
	for text, want := range map[string]string{
		"<" + key + ">":      "<[redacted]>",
		"a " + secret + " b": "a [redacted] b",
		`"line one\nline \u003ctwo\u003e \"quoted\""`: `"[redacted]"`,
		`"line one\nline <two> \"quoted\""`:           `"[redacted]"`,
		"plain":                                       "plain",
	} {
		require.Equal(t, want, r.Redact(text))
	}
	require.Empty(t, formsOf("abc"), "so short a key would garble unrelated text")
}

// A body may be truncated inside of a key, by the connection or by our own limit.
func TestRedactTruncatedBody(t *testing.T) {
	r := formsOf(key)
	for n := shortestEnd; n < len(key); n++ {
		require.Equal(t, "echo [redacted]", string(r.RedactBody([]byte("echo "+key[:n]))))
	}
	require.Equal(t, "echo ak_live", string(r.RedactBody([]byte("echo ak_live"))))
}

func TestRedactError(t *testing.T) {
	r := formsOf(key)
	err := r.RedactError(fmt.Errorf("sending %s: %w", key, errors.ErrUnsupported))
	require.EqualError(t, err, "sending [redacted]: unsupported operation")
	require.ErrorIs(t, err, errors.ErrUnsupported)
	plain := errors.New("plain")
	require.Equal(t, plain, r.RedactError(plain))
	require.True(t, Final(r.RedactError(finalError{error: errors.New(key)})))
}

// The header of a response is copied: a transport may return the same one again.
func TestRedactedHeader(t *testing.T) {
	shared := http.Header{"X-Debug": {"a", key + key}, "X-Request-Id": {"req-" + key}, "Via": {"proxy"}}
	was := shared.Clone()
	out := Outcome{Header: shared, Redactor: formsOf(key)}
	require.Equal(t, http.Header{"X-Debug": {"a", "[redacted][redacted]"}, "X-Request-Id": {"req-[redacted]"}, "Via": {"proxy"}}, out.RedactedHeader())
	require.Equal(t, "req-[redacted]", out.RequestID())
	require.Equal(t, was, shared)
	require.Empty(t, (&Outcome{}).RequestID())
}
