package wire

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// listOf returns a body of about size bytes.
func listOf(before, row, after string, size int) []byte {
	return []byte(before + strings.Repeat(row, size/len(row)) + after)
}

func TestCheckMemory(t *testing.T) {
	agentRow := `{"id":"a","name":"Support","status":"running","createdAt":"2026-01-15T10:30:00.000Z","swarm":{"id":"s"},"text":"` + strings.Repeat("x", 200) + `"},`
	chunkRow := `{"id":"c","metadata":{"page":1,"file":"a.md"},"content":"` + strings.Repeat(`text, [1] {\"a\":\"b\"} `, 60) + `"},`
	const MB = 1e6
	for name, c := range map[string]struct {
		body []byte
		fits bool
	}{
		"empty objects":        {listOf(`{"data":[`, `{},`, `{}]}`, 63*MB), false},
		"empty objects, 1 MB":  {listOf(`{"data":[`, `{},`, `{}]}`, 1*MB), false},
		"empty objects, small": {listOf(`{"data":[`, `{},`, `{}]}`, 0.2*MB), true},
		"nulls":                {listOf(`{"data":[`, `null,`, `null]}`, 63*MB), false},
		"strings":              {listOf(`{"data":[`, `"",`, `""]}`, 63*MB), false},
		"with spaces":          {listOf(`{ "data" : [`, "{}  ,\n", `{}]}`, 63*MB), false},
		"in metadata":          {listOf(`{"data":[{"metadata":{"a":[`, `{},`, `{}]}}]}`, 63*MB), false},
		"lists in metadata":    {listOf(`{"data":[{"metadata":{"a":[`, `[],`, `[]]}}]}`, 63*MB), false},
		"deep":                 {listOf(`{"data":[`, `[`, ``, 63*MB), false},
		"in an error":          {listOf(`{"error":[`, `{},`, `{}]}`, 63*MB), false},
		"agents, 10 MB":        {listOf(`{"data":[`, agentRow, `{}]}`, 10*MB), true},
		"chunks":               {listOf(`{"data":[`, chunkRow, `{}]}`, 63*MB), true},
		"text, 40 MB":          {listOf(`{"data":{"content":"`, `[{,\"\\`, `"}}`, 40*MB), true},
		"text, 63 MB":          {listOf(`{"data":{"content":"`, `[{,\"\\`, `"}}`, 63*MB), false},
		"unterminated text":    {listOf(`{"data":{"content":"`, `[{,`, ``, 10*MB), true},
	} {
		require.Equal(t, c.fits, checkMemory(c.body, 330) == nil, name)
	}
}

// Every decoding function rejects the response before decoding it.
func TestLargeResponseRejected(t *testing.T) {
	var out []struct{ A int }
	var anything any
	list := listOf(`{"data":[`, `{},`, `{}]}`, 2e6)
	for name, err := range map[string]error{
		"Rows":         func() error { _, _, err := Rows[struct{ _ [330]byte }](list); return err }(),
		"Into":         Into(list, &out),
		"Into any":     Into(list, &anything),
		"Data":         func() error { _, err := Data[any](list); return err }(),
		"CheckSuccess": CheckSuccess(listOf(`{"error":[`, `{},`, `{}]}`, 2e6)),
	} {
		require.ErrorContains(t, err, "128 MiB of memory", name)
		require.Equal(t, name == "Rows" || name == "Into", strings.Contains(err.Error(), "Limit"), name)
	}
	require.Empty(t, out)
}

// endOfString agrees with encoding/json.
func TestEndOfString(t *testing.T) {
	for range 2000 {
		var b strings.Builder
		for range rand.N(12) {
			b.WriteByte(`"\{[,a`[rand.N(6)])
		}
		text, err := json.Marshal(b.String())
		require.NoError(t, err)
		require.Equal(t, len(text)-1, endOfString(append(text, `,"x"`...), 1), "%s", text)
	}
}

func BenchmarkCheckMemory(b *testing.B) {
	for name, row := range map[string]string{
		"agents": `{"id":"a","name":"Support","status":"running","createdAt":"2026-01-15T10:30:00.000Z","text":"` + strings.Repeat("x", 200) + `"},`,
		"quotes": `"\"\"\"\"\"\"\"\"",`,
	} {
		body := listOf(`{"data":[`, row, `{}]}`, 4e6)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				_ = checkMemory(body, 0)
			}
		})
	}
}
