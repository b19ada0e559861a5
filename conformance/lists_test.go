package conformance

import (
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
	"github.com/remsyshq/agento-go/internal/test/jsonname"
)

// listing is an All method and its query without limit and offset.
type listing struct {
	name  string
	keys  func(c *agento.Client, limit, offset int, opts ...agento.Option) iter.Seq2[string, error]
	query url.Values
}

// keysOf returns the keys of rows.
func keysOf[T any](rows iter.Seq2[T, error], key func(T) string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for row, err := range rows {
			if !yield(key(row), err) {
				return
			}
		}
	}
}

func listings(t *testing.T) []listing {
	ctx := t.Context()
	agent, swarm := agento.ForAgent("a:1"), agento.ForSwarm("s1")
	page := func(limit, offset int) *agento.ListParams { return &agento.ListParams{Limit: limit, Offset: offset} }
	return []listing{
		{"Agents.All", func(c *agento.Client, limit, offset int, opts ...agento.Option) iter.Seq2[string, error] {
			return keysOf(c.Agents.All(ctx, page(limit, offset), opts...), func(a agento.Agent) string { return a.ID })
		}, url.Values{}},
		{"Account.AllRules", func(c *agento.Client, limit, offset int, opts ...agento.Option) iter.Seq2[string, error] {
			return keysOf(c.Account.AllRules(ctx, agent, page(limit, offset), opts...), func(r agento.Rule) string { return r.Name })
		}, url.Values{}},
		{"Chat.AllHistory", func(c *agento.Client, limit, offset int, opts ...agento.Option) iter.Seq2[string, error] {
			p := &agento.HistoryParams{SessionID: "s:1", PeerID: "p&1", Limit: limit, Offset: offset}
			return keysOf(c.Chat.AllHistory(ctx, "a1", p, opts...), func(m agento.Message) string { return m.ID })
		}, url.Values{jsonname.Of[agento.Message]("SessionID"): {"s:1"}, jsonname.Of[agento.Session]("PeerID"): {"p&1"}}},
		{"Chat.AllSessions", func(c *agento.Client, limit, offset int, opts ...agento.Option) iter.Seq2[string, error] {
			return keysOf(c.Chat.AllSessions(ctx, "a1", page(limit, offset), opts...), func(s agento.Session) string { return s.ID })
		}, url.Values{}},
		{"Knowledge.All", func(c *agento.Client, limit, offset int, opts ...agento.Option) iter.Seq2[string, error] {
			p := &agento.KnowledgeListParams{Source: "faq", Limit: limit, Offset: offset}
			return keysOf(c.Knowledge.All(ctx, swarm, p, opts...), func(k agento.Chunk) string { return k.ID })
		}, url.Values{"source": {"faq"}}},
		{"Skills.AllMarketplace", func(c *agento.Client, limit, offset int, opts ...agento.Option) iter.Seq2[string, error] {
			p := &agento.BrowseParams{Query: "mail", Limit: limit, Offset: offset}
			return keysOf(c.Skills.AllMarketplace(ctx, p, opts...), func(s agento.Skill) string { return s.ID })
		}, url.Values{"q": {"mail"}}},
		{"Skills.AllCustom", func(c *agento.Client, limit, offset int, opts ...agento.Option) iter.Seq2[string, error] {
			p := &agento.BrowseParams{Limit: limit, Offset: offset}
			return keysOf(c.Skills.AllCustom(ctx, p, opts...), func(s agento.Skill) string { return s.ID })
		}, url.Values{"source": {"custom"}}},
		{"Swarms.All", func(c *agento.Client, limit, offset int, opts ...agento.Option) iter.Seq2[string, error] {
			return keysOf(c.Swarms.All(ctx, page(limit, offset), opts...), func(s agento.Swarm) string { return s.ID })
		}, url.Values{}},
	}
}

func TestEveryIteratorTested(t *testing.T) {
	var have []string
	for _, l := range listings(t) {
		have = append(have, l.name)
	}
	for call := range harness.ServiceMethods() {
		if _, method, _ := strings.Cut(call, "."); strings.HasPrefix(method, "All") {
			require.Contains(t, have, call)
		}
	}
}

// rows serves a list of n rows. The name of a row is its ID.
type rows struct {
	n, total      int
	ignoresOffset bool
	asked         []url.Values
}

func (l *rows) RoundTrip(r *http.Request) (*http.Response, error) {
	q := r.URL.Query()
	l.asked = append(l.asked, q)
	limit, _ := strconv.Atoi(q.Get("limit"))
	offset, _ := strconv.Atoi(q.Get("offset"))
	if l.ignoresOffset {
		offset = 0
	}
	var data []string
	for i := offset; i < l.n && len(data) < limit; i++ {
		data = append(data, fmt.Sprintf(`{"id":"r%d","name":"r%d","content":"c"}`, i, i))
	}
	return harness.Respond(200, fmt.Sprintf(`{"data":[%s],"pagination":{"total":%d,"limit":%d,"offset":%d}}`, strings.Join(data, ","), l.total, limit, offset)), nil
}

func collect(seq iter.Seq2[string, error]) (keys []string, err error) {
	for key, err := range seq {
		if err != nil {
			return keys, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func TestAllIterators(t *testing.T) {
	for _, l := range listings(t) {
		t.Run(l.name, func(t *testing.T) {
			list := &rows{n: 5, total: 5}
			client := harness.Client(t, list)
			keys, err := collect(l.keys(client, 2, 0))
			require.NoError(t, err)
			require.Equal(t, []string{"r0", "r1", "r2", "r3", "r4"}, keys)
			require.Len(t, list.asked, 3)
			for i, offset := range []string{"", "2", "4"} {
				want := url.Values{"limit": {"2"}}
				if offset != "" {
					want.Set("offset", offset)
				}
				for name, values := range l.query {
					want[name] = values
				}
				require.Equal(t, want, list.asked[i])
			}

			keys, err = collect(l.keys(client, 2, 3))
			require.NoError(t, err)
			require.Equal(t, []string{"r3", "r4"}, keys)

			keys, err = collect(l.keys(harness.Client(t, &rows{n: 5, total: 9}), 2, 0))
			require.ErrorIs(t, err, agento.ErrListIncomplete)
			require.Len(t, keys, 5)

			keys, err = collect(l.keys(harness.Client(t, &rows{n: 5, total: 5, ignoresOffset: true}), 2, 0))
			require.ErrorIs(t, err, agento.ErrListIncomplete)
			require.Equal(t, []string{"r0", "r1"}, keys, "each row is delivered once")

			keys, err = collect(l.keys(harness.Client(t, &rows{n: 5, total: 5, ignoresOffset: true}), 3, 0))
			require.ErrorIs(t, err, agento.ErrListIncomplete, "a repeated page is not a complete list")
			require.Equal(t, []string{"r0", "r1", "r2"}, keys)

			list.asked = nil
			_, err = collect(l.keys(client, 2, 0, agento.WithResponse(new(agento.Response))))
			require.ErrorContains(t, err, "WithResponse is not allowed on an iterator")
			_, err = collect(l.keys(client, -1, 0))
			require.ErrorContains(t, err, "limit")
			_, err = collect(l.keys(client, 1, -1))
			require.ErrorContains(t, err, "offset")
			require.ErrorIs(t, err, agento.ErrValidation)
			require.Empty(t, list.asked)
		})
	}
}
