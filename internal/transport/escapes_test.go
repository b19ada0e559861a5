package transport

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRedactEscaped(t *testing.T) {
	const secret = `se"cr/ét😀`
	for text, want := range map[string]string{
		`{"a":"se\"cr\/\u00e9t\ud83d\ude00","b":"\n"}`:    `{"a":"[redacted]","b":"\n"}`,
		`{"a":"se\"cr/ét😀 \u0073e\"cr/ét😀"}`:              `{"a":"[redacted] [redacted]"}`,
		`{"a":"{\"b\":\"se\\\"cr\\/\\u00E9t😀\"}"}`:        `{"a":"{\"b\":\"[redacted]\"}"}`,
		`\ud83d\u0041 se\"cr/ét\ud83d\ude00 \u12 \x \`:    `\ud83d\u0041 [redacted] \u12 \x \`,
		`{"a":"se\"cr/ét😀","b":"se\\\"cr/ét😀"} se"cr/ét😀`: `{"a":"[redacted]","b":"[redacted]"} [redacted]`,
		`se\"cr/é`: `se\"cr/é`,
	} {
		require.Equal(t, want, redact(text, []string{secret}), text)
	}
}

// TestRedactOverlapping: of two values that overlap, or of which one holds the other, nothing is left.
func TestRedactOverlapping(t *testing.T) {
	for _, c := range []struct {
		text, want string
		values     []string
	}{
		{`\u0061bc\u0064efb`, `[redacted]b`, []string{"abcd", "cdef"}},
		{`xabcdefb`, `x[redacted]b`, []string{"abcd", "cdef"}},
		{`xabcdefb`, `x[redacted]b`, []string{"abcd", "abcdef"}},
		{`xabcdefb`, `x[redacted]b`, []string{"bcde", "abcdef"}},
		{`abcd-abcd`, `[redacted]-[redacted]`, []string{"abcd"}},
	} {
		require.Equal(t, c.want, redact(c.text, c.values), c.text)
	}
}

// FuzzRedact: however a text is made and escaped, what is hidden is not in what is
// left of it, and what has nothing to hide stays.
func FuzzRedact(f *testing.F) {
	const secret, other = "sk/+4\"é", "4\"éx\\" // the end of one may begin the other
	for _, text := range []string{"", `\`, `\u`, `\ud83d`, `\ud83d\ud83d`, `"sk\/+4\"\u00e9"`, `\\u0073k/+4"é`, `s\u006b/\u002b4\"é`, secret + `\` + secret, secret + `x\`, `sk/+4"\u00e9x\\`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clean := redact(text, []string{secret, other})
		plain := clean
		for range deepest + 1 {
			require.NotContains(t, plain, secret)
			require.NotContains(t, plain, other)
			if !strings.Contains(plain, `\`) {
				break
			}
			plain, _ = unescaped(plain, nil)
		}
		if !strings.Contains(clean, redacted) {
			require.Equal(t, text, clean)
		}
	})
}
