package chathttp

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzAppendJSON compares with encoding/json. Its two implementations write
// invalid UTF-8 differently.
func FuzzAppendJSON(f *testing.F) {
	var all []byte
	for c := range 256 {
		all = append(all, byte(c))
	}
	for _, s := range []string{
		"", "Hi! ", `"\`, "\x00\x1f\b\f\n\r\t\x7f", "<script>&", "\u2027\u2028\u2029\u202a", "日本語 🙂", "\ufffd",
		"a\xff", "\xc3", "\xe2\x80", "\xf0\x9f\x99", "\xed\xa0\x80", "\xc3(", string(all),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		data, err := json.Marshal(s)
		require.NoError(t, err)
		var want, got string
		require.NoError(t, json.Unmarshal(data, &want))
		appended := string(appendJSON([]byte(" "), s))
		require.NoError(t, json.Unmarshal([]byte(appended), &got))
		require.Equal(t, want, got)
		require.True(t, utf8.ValidString(appended))
		require.NotRegexp(t, "[\\x00-\\x1f<>&\u2028\u2029]", appended)
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	var dst []byte
	for b.Loop() {
		dst = appendJSON(dst[:0], "How can I help you with your order today? ")
	}
}

func TestAppendJSONAllocatesNothing(t *testing.T) {
	dst := make([]byte, 0, 100)
	require.Zero(t, testing.AllocsPerRun(100, func() { dst = appendJSON(dst[:0], "Größe: <b>\n") }))
}
