package knowledge

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStateJSON(t *testing.T) {
	s := new(service)
	s.add(Chunk{Content: "one", Source: "a \"quoted\" \u00fc <source>"})
	s.add(Chunk{Content: "two"})
	s.chunks[1].ID = "an \"id\" \\ with spaces"
	_, state, err := synchronize(t, s, State{}, false, chunkOf("a \"quoted\" \u00fc <source>", "", "one"), chunkOf("", "", "two"))
	require.NoError(t, err)
	require.Equal(t, state, throughJSON(t, state))

	empty, err := json.Marshal(State{})
	require.NoError(t, err)
	require.JSONEq(t, `{"version":1,"sources":[],"chunks":[]}`, string(empty))
}

func TestStateInvalid(t *testing.T) {
	const digests = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	require.NoError(t, json.Unmarshal([]byte(`{"version":1,"sources":["a"],"chunks":["`+digests+` 0 id"]}`), new(State)))
	for text, problem := range map[string]string{
		`{"version":2,"chunks":7}`:    "agento: the state of Knowledge.Sync has version 2; this version of the SDK reads version 1",
		`{}`:                          "agento: the state of Knowledge.Sync has version 0; this version of the SDK reads version 1",
		`[]`:                          "agento: not a state of Knowledge.Sync: ",
		`{"version":"1"}`:             "agento: not a state of Knowledge.Sync: ",
		`{"version":1,"chunks":[{}]}`: "agento: not a state of Knowledge.Sync: ",
		`{"version":1,"sources":["a"],"chunks":["` + digests + ` 1 id"]}`:      "agento: not a state of Knowledge.Sync: chunk 0 has no source",
		`{"version":1,"sources":["a"],"chunks":["` + digests + ` -1 id"]}`:     "chunk 0 has no source",
		`{"version":1,"sources":["a"],"chunks":["` + digests + ` x id"]}`:      " is not a chunk",
		`{"version":1,"sources":["a"],"chunks":["` + digests + ` 0"]}`:         " is not a chunk",
		`{"version":1,"sources":["a"],"chunks":["AAAA 0 id"]}`:                 " is not a chunk",
		`{"version":1,"sources":["a"],"chunks":["*` + digests[1:] + ` 0 id"]}`: " is not a chunk",
	} {
		state := State{sources: []string{"before"}}
		require.ErrorContains(t, json.Unmarshal([]byte(text), &state), problem)
		require.Equal(t, State{sources: []string{"before"}}, state)
	}
}
