package agentootel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
)

func TestErrorType(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("of the call: %w", err) }
	for want, errs := range map[string][]error{
		"":                    {nil},
		"canceled":            {context.Canceled, wrap(errors.Join(agento.ErrStreamTruncated, context.Canceled))},
		"rate_limit_exceeded": {&agento.Error{Code: agento.CodeRateLimited}, wrap(&agento.Error{StatusCode: 429, Code: agento.CodeRateLimited})},
		"502":                 {wrap(&agento.Error{StatusCode: 502})},
		"timeout":             {wrap(os.ErrDeadlineExceeded)},
		"_OTHER":              {errors.New("what the key source says"), &agento.Error{}},
	} {
		for _, err := range errs {
			require.Equal(t, want, errorType(err), "%v", err)
		}
	}
}

func TestAttemptType(t *testing.T) {
	require.Equal(t, "", attemptType(200, nil))
	require.Equal(t, "", attemptType(302, nil))
	require.Equal(t, "404", attemptType(404, nil))
	require.Equal(t, "network", attemptType(200, io.ErrUnexpectedEOF), "the response was truncated")
	require.Equal(t, "canceled", attemptType(0, context.Canceled))
}

func TestPlainCode(t *testing.T) {
	for code, want := range map[agento.Code]bool{
		"": false, "quota_exceeded": true, "Not a code": false, `{"a":1}`: false,
		"ak_live_0123456789abcdef0123456789abcdef":                   false,
		"a_code_that_is_much_longer_than_any_code_has_ever_been_yet": false,
	} {
		require.Equal(t, want, plainCode(code), code)
	}
}

func TestServer(t *testing.T) {
	for base, want := range map[string]string{
		"https://api.agento.host":       "api.agento.host 443",
		"http://localhost":              "localhost 80",
		"http://127.0.0.1:8080/gateway": "127.0.0.1 8080",
		"https://[::1]:9":               "::1 9",
	} {
		got := server(base)
		require.Len(t, got, 2)
		require.Equal(t, want, fmt.Sprint(got[0].Value.AsString(), " ", got[1].Value.AsInt64()))
	}
	require.Empty(t, server(""))
	require.Empty(t, server("://"))
}
