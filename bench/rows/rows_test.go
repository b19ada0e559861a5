package rows

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/bench/clients"
	"github.com/remsyshq/agento-go/bench/wire"
)

func TestAll(t *testing.T) {
	for _, size := range []Size{Full, Short} {
		keys := map[string]bool{}
		scales := map[string][]int{}
		for _, row := range All(size) {
			require.False(t, keys[row.Key], row.Key)
			keys[row.Key] = true
			for _, text := range []string{row.Name, row.Unit, row.What} {
				require.NotEmpty(t, text, row.Key)
			}
			require.Positive(t, row.ops, row.Key)
			if row.Growth != "" {
				scales[row.Growth] = append(scales[row.Growth], row.Scale)
			}
		}
		rising := []int{1, 10, 100}
		require.Equal(t, map[string][]int{"rows": rising, "events": rising, "chunks": rising}, scales)
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{7: "7", 999: "999", 1000: "1,000", 10_050: "10,050", 100_000: "100,000"} {
		require.Equal(t, want, thousands(n))
	}
}

func plan(t *testing.T, only string, handler http.Handler) Plan {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return Plan{Server: server.URL, Pairs: 2, Size: Short, Only: regexp.MustCompile(only), Log: func(string, ...any) {}}
}

// TestRun: each way has its pairs, and what is measured is there.
func TestRun(t *testing.T) {
	results, err := Run(t.Context(), plan(t, "^(memory-agent|call|crowd|idle|first-token)$", wire.NewServer()))
	require.NoError(t, err)
	pairs := map[string]int{}
	for _, r := range results {
		pairs[r.Row+" "+r.Kind] = len(r.Pairs)
		for _, p := range r.Pairs {
			require.Positive(t, p.Own.Value, r.Row)
			require.Positive(t, p.Raw.Value, r.Row)
			if r.Kind == clients.Raw {
				require.Equal(t, p.Raw, p.Own)
			}
		}
	}
	for row, n := range map[string]int{"memory-agent": 2, "call": 80, "crowd": 2, "idle": 2, "first-token": 20} {
		require.Equal(t, n, pairs[row+" "+clients.SDK], row)
		raw := n * (len(clients.Kinds) - 1)
		if row == "idle" || row == "first-token" {
			raw -= n * countCannot(row)
		}
		require.Equal(t, raw, pairs[row+" "+clients.Raw], row)
	}
}

// countCannot is how many ways of this build cannot do a row.
func countCannot(key string) int {
	n := 0
	for _, row := range All(Short) {
		for _, kind := range clients.Kinds {
			if row.Key == key && row.Cannot[kind.Name] != "" {
				n++
			}
		}
	}
	return n
}

// TestRunFails: a way that does not get what it asked for is no figure.
func TestRunFails(t *testing.T) {
	service := wire.NewServer()
	for only, spoil := range map[string]http.HandlerFunc{
		"^call$": func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusForbidden) },
		"^list$": func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = "/rows-99" + r.URL.Path
			service.ServeHTTP(w, r)
		},
	} {
		_, err := Run(t.Context(), plan(t, only, spoil))
		require.ErrorContains(t, err, clients.Raw, only)
	}
}

func TestPairs(t *testing.T) {
	require.Equal(t, 15, Row{}.pairs(15))
	require.Equal(t, 30, Row{steps: 2}.pairs(15))
	require.Equal(t, 5, Row{most: 5}.pairs(15))
	require.Equal(t, 3, Row{most: 5}.pairs(3))
}
