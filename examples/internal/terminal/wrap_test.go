package terminal

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWrapper(t *testing.T) {
	for _, c := range []struct {
		width    int
		in, want string
	}{
		{10, "one two three four\n", "one two\nthree four\n"},
		{10, "1234567890 x\n", "1234567890\nx\n"},
		{10, "a  b\n\n  c\n", "a  b\n\n  c\n"},
		{10, "a 12345678901234 b\n", "a\n12345678901234 b\n"},
		{10, "Agent: hello you\n", "Agent:\nhello you\n"},
		{10, "客服客服 客服\n", "客服客服\n客服\n"},
		{10, "cafe\u0301 12345\n", "cafe\u0301 12345\n"},
		{80, "one two\n", "one two\n"},
	} {
		for size := 1; size <= len(c.in); size++ {
			var out strings.Builder
			w := &wrapper{w: &out, width: c.width}
			runes := []rune(c.in)
			for len(runes) > 0 {
				n := min(size, len(runes))
				_, err := fmt.Fprint(w, string(runes[:n]))
				require.NoError(t, err)
				runes = runes[n:]
			}
			require.Equal(t, c.want, trimLines(out.String()), "pieces of %d", size)
		}
	}
}

func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// A prompt is shown at once.
func TestWrapperWritesPrompt(t *testing.T) {
	var out strings.Builder
	_, err := fmt.Fprint(&wrapper{w: &out, width: 10}, "\nYou:   ")
	require.NoError(t, err)
	require.Equal(t, "\nYou:   ", out.String())
}

func TestWrapOfFile(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	require.NoError(t, err)
	defer file.Close()
	require.Same(t, file, Wrap(file))
}
