package wirereport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/remsyshq/agento-go/internal/route"

	"github.com/stretchr/testify/require"
)

func TestNew(t *testing.T) {
	r := New("nothing")
	require.Len(t, r.Operations, len(route.All()))
	require.Equal(t, Summary{Unknown: len(route.All())}, r.Summary)
	require.False(t, r.Breaking())
	require.Equal(t, Operation{
		Name: "getAgent", Call: "Agents.Get", Method: "GET", Path: "/v1/agents/{id}", Evidence: "title", Verdict: Unknown,
	}, *r.Operation("getAgent"))
	require.Nil(t, r.Operation("getNobody"))
}

// TestNote checks that refuted and confirmed operations stay so.
func TestNote(t *testing.T) {
	tests := map[string]struct {
		notes []Verdict
		want  Verdict
	}{
		"nothing":            {nil, Unknown},
		"confirmed":          {[]Verdict{Confirmed}, Confirmed},
		"confirmed at last":  {[]Verdict{Unknown, Confirmed}, Confirmed},
		"confirmed at first": {[]Verdict{Confirmed, Unknown}, Confirmed},
		"refuted after all":  {[]Verdict{Confirmed, Refuted}, Refuted},
		"refuted at first":   {[]Verdict{Refuted, Confirmed, Unknown}, Refuted},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := New("x")
			for _, v := range tt.notes {
				r.Note("getAgent", v, "why "+string(v), "")
				r.Note("getNobody", v, "why")
			}
			require.Equal(t, tt.want, r.Operation("getAgent").Verdict)
			require.Equal(t, len(route.All()), r.Summary.Confirmed+r.Summary.Refuted+r.Summary.Unknown)
			require.Equal(t, tt.want == Refuted, r.Breaking())
			if tt.notes != nil {
				require.Equal(t, []string{"why " + string(tt.want)}, r.Operation("getAgent").Reasons)
			}
		})
	}
}

func TestAdd(t *testing.T) {
	r := New("x")
	r.Add(Difference{Kind: FieldUnknown, Where: "Agent.b", Text: "t", Operations: []string{"getAgent"}})
	require.False(t, r.Breaking())
	require.Equal(t, Unknown, r.Operation("getAgent").Verdict)
	for _, op := range []string{"getAgent", "listAgents", "getAgent"} {
		r.Add(Difference{Kind: FieldGone, Where: "Agent.c", Text: "t", Breaking: true, Operations: []string{op}})
	}
	r.Add(Difference{Kind: FieldUnknown, Where: "Agent.a", Text: "t"})
	r.Sort()
	require.Equal(t, []Difference{
		{Kind: FieldGone, Where: "Agent.c", Text: "t", Breaking: true, Operations: []string{"getAgent", "listAgents"}},
		{Kind: FieldUnknown, Where: "Agent.a", Text: "t"},
		{Kind: FieldUnknown, Where: "Agent.b", Text: "t", Operations: []string{"getAgent"}},
	}, r.Differences)
	require.Equal(t, 2, r.Summary.Refuted)
	require.Equal(t, []string{"field gone: Agent.c: t"}, r.Operation("listAgents").Reasons)
	require.True(t, r.Breaking())
}

func TestWriteText(t *testing.T) {
	r := New("a document")
	for _, op := range r.Operations {
		r.Note(op.Name, Confirmed)
	}
	var out bytes.Buffer
	require.NoError(t, r.WriteText(&out))
	require.Equal(t, fmt.Sprintf("compared with a document\n\n%[1]d operations: %[1]d confirmed, 0 refuted, 0 unknown\n", len(route.All())), out.String())

	r = New("a document")
	for _, op := range r.Operations[2:] {
		r.Note(op.Name, Confirmed)
	}
	r.Note("createAgent", Unknown, "nobody has looked")
	r.Add(Difference{Kind: PathMoved, Where: "listAgents", Text: "to /x", Breaking: true, Operations: []string{"listAgents", "getAgent"}})
	r.Add(Difference{Kind: OperationAdded, Where: "GET /y", Text: "the SDK lacks it"})
	out.Reset()
	require.NoError(t, r.WriteText(&out))
	require.Equal(t, `compared with a document

differences that would break a caller:
  path moved: listAgents: to /x
      in listAgents, getAgent

differences that break nobody:
  operation added: GET /y: the SDK lacks it

refuted:
  listAgents           GET    /v1/agents
      path moved: listAgents: to /x
  getAgent             GET    /v1/agents/{id}
      path moved: listAgents: to /x

unknown:
  createAgent          POST   /v1/agents
      nobody has looked

43 operations: 40 confirmed, 2 refuted, 1 unknown
`, out.String())
}

func TestWriteJSON(t *testing.T) {
	r := New("a <document>")
	var out bytes.Buffer
	require.NoError(t, r.WriteJSON(&out))
	require.Contains(t, out.String(), `"differences": []`)
	require.Contains(t, out.String(), "a <document>")
	r.Add(Difference{Kind: FieldGone, Where: "Agent.c", Text: "t", Breaking: true, Operations: []string{"getAgent"}})
	out.Reset()
	require.NoError(t, r.WriteJSON(&out))
	var back Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &back))
	require.Equal(t, *r, back)
}

func TestWriteTextAllOperations(t *testing.T) {
	r := New("x")
	for _, op := range r.Operations {
		r.Add(Difference{Kind: FieldUnknown, Where: "Error.hint", Text: "t", Operations: []string{op.Name}})
	}
	var out bytes.Buffer
	require.NoError(t, r.WriteText(&out))
	require.Contains(t, out.String(), "field unknown: Error.hint: t\n      in all operations\n")
}
