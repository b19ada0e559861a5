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
	require.Equal(t, `"[redacted]"`, formsOf(`a<b \u003c c`).Redact(`"a<b \\u003c c"`))
	require.Empty(t, formsOf("abc"), "redacting such a short key would garble unrelated text")
}

// TestRedactTruncatedBody truncates a body inside a key, as the connection or a limit does.
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

// TestRedactedHeader checks that the header is copied: a transport may reuse it.
func TestRedactedHeader(t *testing.T) {
	shared := http.Header{"X-Debug": {"a", key + key}, "X-Request-Id": {"req-" + key}, "Via": {"proxy"}}
	was := shared.Clone()
	out := Outcome{Header: shared, Redactor: formsOf(key)}
	require.Equal(t, http.Header{"X-Debug": {"a", "[redacted][redacted]"}, "X-Request-Id": {"req-[redacted]"}, "Via": {"proxy"}}, out.RedactedHeader())
	require.Equal(t, "req-[redacted]", out.RequestID())
	require.Equal(t, was, shared)
	require.Empty(t, (&Outcome{}).RequestID())
}
