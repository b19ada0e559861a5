package agento_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// listServer responds to requests for a list. The ID of a row is its index.
type listServer func(offset, limit int) (first, rows, total int)

func (s listServer) client(t *testing.T, requests *int) *agento.Client {
	return harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
		if *requests++; *requests > 100 {
			t.Fatal("the iterator does not end")
		}
		offset, _ := strconv.Atoi(req.URL.Query().Get("offset"))
		limit, _ := strconv.Atoi(req.URL.Query().Get("limit"))
		first, rows, total := s(offset, limit)
		page := agento.Page[map[string]string]{Data: []map[string]string{}, Pagination: agento.Pagination{Total: total, Limit: rows, Offset: offset}}
		for i := range rows {
			page.Data = append(page.Data, map[string]string{"id": fmt.Sprint(first + i)})
		}
		body, err := json.Marshal(page)
		require.NoError(t, err)
		return harness.Respond(200, string(body)), nil
	}), agento.WithPacing(false))
}

func TestAllPages(t *testing.T) {
	cases := map[string]struct {
		server     listServer
		rows       int
		incomplete bool
		requests   int
	}{
		"pages":                                {func(offset, _ int) (int, int, int) { return offset, min(100, 250-offset), 250 }, 250, false, 3},
		"all at once, ignoring the parameters": {func(int, int) (int, int, int) { return 0, 7, 7 }, 7, false, 1},
		"nothing":                              {func(int, int) (int, int, int) { return 0, 0, 0 }, 0, false, 1},
		"ignores the offset":                   {func(int, int) (int, int, int) { return 0, 100, 250 }, 100, true, 2},
		"an empty page in the middle":          {func(offset, _ int) (int, int, int) { return offset, max(0, 100-offset), 250 }, 100, true, 2},
		"a total that is too small":            {func(offset, _ int) (int, int, int) { return offset, 100, 3 }, 100, false, 1},
		"a total that is too large":            {func(offset, _ int) (int, int, int) { return offset, max(0, min(100, 150-offset)), 1 << 30 }, 150, true, 3},
		"no total":                             {func(offset, _ int) (int, int, int) { return offset, max(0, min(100, 150-offset)), 0 }, 150, false, 3},
		"no total, no offset":                  {func(int, int) (int, int, int) { return 0, 100, 0 }, 100, true, 2},
		"a row that moves to the next page": {func(offset, _ int) (int, int, int) {
			return max(0, offset-1), min(100, 151-offset), 151
		}, 150, false, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			requests := 0
			client := c.server.client(t, &requests)
			seen := map[string]int{}
			var failure error
			for agent, err := range client.Agents.All(context.Background(), nil) {
				if err != nil {
					failure = err
					break
				}
				seen[agent.ID]++
			}
			require.Len(t, seen, c.rows)
			for id, n := range seen {
				require.Equal(t, 1, n, "row %s", id)
			}
			require.Equal(t, c.requests, requests)
			if c.incomplete {
				require.ErrorIs(t, failure, agento.ErrListIncomplete)
			} else {
				require.NoError(t, failure)
			}
		})
	}
}

func TestAllSendsLimitAndOffset(t *testing.T) {
	var queries []string
	client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
		queries = append(queries, req.URL.RawQuery)
		return harness.Respond(200, fmt.Sprintf(`{"data":[{"id":"%d"}],"pagination":{"total":12,"limit":1,"offset":0}}`, len(queries))), nil
	}))
	for _, err := range client.Agents.All(context.Background(), &agento.ListParams{Limit: 1, Offset: 10}) {
		require.NoError(t, err)
	}
	require.Equal(t, []string{"limit=1&offset=10", "limit=1&offset=11"}, queries)
}

func TestAllBreakStopsRequests(t *testing.T) {
	requests := 0
	client := listServer(func(offset, _ int) (int, int, int) { return offset, 10, 100 }).client(t, &requests)
	for range client.Agents.All(context.Background(), nil) {
		break
	}
	require.Equal(t, 1, requests)
}

func TestAllYieldsErrorOnce(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		return harness.Respond(403, `{"error":{"code":"forbidden","message":"scope agents:read is missing"}}`), nil
	}))
	n := 0
	for _, err := range client.Agents.All(context.Background(), nil) {
		n++
		require.ErrorIs(t, err, agento.ErrForbidden)
	}
	require.Equal(t, 1, n)
}

// A caller's struct that embeds a Page is decoded from the data, like any other.
func TestDoIntoEmbeddedPage(t *testing.T) {
	const rows = `{"data":[{"id":"a1"}],"pagination":{"total":1}}`
	var plain agento.Page[agento.Agent]
	require.NoError(t, harness.Client(t, harness.Always(rows)).Do(t.Context(), "GET", "/v1/agents", nil, &plain))
	require.Equal(t, 1, plain.Pagination.Total)

	client := harness.Client(t, harness.Always(`{"data":`+strings.Replace(rows, "{", `{"note":"x",`, 1)+`}`))
	var value struct {
		agento.Page[agento.Agent]
		Note string
	}
	require.NoError(t, client.Do(t.Context(), "GET", "/v1/things", nil, &value))
	require.Equal(t, "x", value.Note)
	require.Equal(t, plain, value.Page)

	var pointer struct{ *agento.Page[agento.Agent] }
	require.NoError(t, client.Do(t.Context(), "GET", "/v1/things", nil, &pointer))
	require.Equal(t, &plain, pointer.Page)
	require.Error(t, harness.Client(t, harness.Always(rows)).Do(t.Context(), "GET", "/v1/agents", nil, &pointer), "the data is a list")
}

func TestCollect(t *testing.T) {
	failure := errors.New("failure")
	seq := func(yield func(int, error) bool) { _ = yield(1, nil) && yield(2, nil) && yield(0, failure) }
	all, err := agento.Collect(seq)
	require.Equal(t, []int{1, 2}, all)
	require.ErrorIs(t, err, failure)
	all, err = agento.Collect(func(yield func(int, error) bool) { yield(3, nil) })
	require.Equal(t, []int{3}, all)
	require.NoError(t, err)
}
