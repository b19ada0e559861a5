package agento_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
)

// odd is text of a caller's own kind.
type odd struct{ text string }

func (o odd) MarshalText() ([]byte, error) { return []byte(o.text), nil }

// opaque says itself how it is written.
type opaque struct {
	Text string
	Next *opaque
}

func (o *opaque) MarshalJSON() ([]byte, error) { return []byte(`{"text":"` + o.Text + `"}`), nil }

type base struct{ Note string }

// TestTextThatJSONCannotCarry is refused wherever it stands in a body, by the
// name of what it stands in, and is not repeated. JSON would have U+FFFD in its
// place, so that what arrives is not what was given.
func TestTextThatJSONCannotCarry(t *testing.T) {
	client := newClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return nil, errors.ErrUnsupported
	}))
	bad := "caf\xe9"
	ctx, agent, swarm := t.Context(), agento.ForAgent("a1"), agento.ForSwarm("s1")
	last := func(_ any, err error) error { return err }
	raw := func(body any) error { return client.Do(ctx, "POST", "/v1/things", body, nil) }
	extra := func(name string, value any) error {
		return client.Do(ctx, "POST", "/v1/things", nil, nil, agento.WithExtra(name, value))
	}
	for _, c := range []struct {
		names string
		err   error
	}{
		{"Content", client.Account.PutRule(ctx, agent, "r", bad)},
		{"Secrets[k]", client.Account.SetSecrets(ctx, agent, agento.Secrets{"k": bad})},
		{`Secrets["a b"]`, client.Account.SetSecrets(ctx, agent, agento.Secrets{"a b": bad})},
		{"a name in Secrets", client.Account.SetSecrets(ctx, agent, agento.Secrets{bad: "v"})},
		{"Content", last(client.Account.UpdatePersonality(ctx, agent, agento.UpdateDocumentParams{Content: bad}))},
		{"Content", last(client.Account.UpdateWorkflow(ctx, agent, agento.UpdateDocumentParams{Content: bad}))},
		{"Chunks[1].Content", last(client.Knowledge.Ingest(ctx, agent, agento.IngestParams{Chunks: []agento.ChunkParams{{Content: "x"}, {Content: bad}}}))},
		{"Chunks[0].Metadata[k][0]", last(client.Knowledge.Ingest(ctx, swarm, agento.IngestParams{Chunks: []agento.ChunkParams{{Content: "x", Metadata: map[string]any{"k": []any{bad}}}}}))},
		{"Name", last(client.Agents.Create(ctx, agento.CreateAgentParams{Name: bad}))},
		{"SoulMD", last(client.Agents.Create(ctx, agento.CreateAgentParams{Name: "x", SoulMD: bad}))},
		{"Secrets[k]", last(client.Agents.Create(ctx, agento.CreateAgentParams{Name: "x", Secrets: agento.Secrets{"k": bad}}))},
		{"Description", last(client.Agents.Update(ctx, "a1", agento.UpdateAgentParams{Description: agento.Set(bad)}))},
		{"Name", last(client.Swarms.Create(ctx, agento.CreateSwarmParams{Name: bad}))},
		{"Name", last(client.Swarms.Update(ctx, "s1", agento.UpdateSwarmParams{Name: agento.Set(bad)}))},
		{"Secrets[k]", last(client.Swarms.Update(ctx, "s1", agento.UpdateSwarmParams{Secrets: agento.Secrets{"k": bad}}))},
		{"SkillID", last(client.Skills.Install(ctx, "a1", agento.InstallSkillParams{SkillID: bad}))},
		{"Title", last(client.Chat.CreateSession(ctx, "a1", agento.CreateSessionParams{Title: bad}))},

		{"body", raw(bad)},
		{"body[1]", raw([2]string{"x", bad})},
		{"body[k]", raw(map[string]*string{"k": &bad})},
		{"body", raw(json.RawMessage(`"` + bad + `"`))},
		{"Raw", raw(struct{ Raw json.RawMessage }{json.RawMessage(`"` + bad + `"`)})},
		{"Text", raw(struct{ Text odd }{odd{bad}})},
		{"a name in body", raw(map[odd]int{{bad}: 1})},
		{"body[k]", last(client.Stream(ctx, "POST", "/v1/things", map[string]string{"k": bad}))},
		{"body", raw(&opaque{Text: bad})},
		{"Note", raw(struct{ base }{base{bad}})},
		{"WithExtra[0]", extra("k", []string{bad})},
		{"WithExtra", extra(bad, 1)},
		{"WithExtra", extra("k", json.RawMessage(`"`+bad+`"`))},
	} {
		require.EqualError(t, c.err, "agento: "+c.names+" is not valid UTF-8")
		require.ErrorIs(t, c.err, agento.ErrValidation)
	}
}

// TestTextThatJSONCanCarry arrives as it was given, also where it looks like what
// encoding/json makes of invalid text.
func TestTextThatJSONCanCarry(t *testing.T) {
	var sent string
	client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		b, err := io.ReadAll(r.Body)
		sent = string(b)
		return respond(200, `{"data":{}}`), err
	}))
	ring := &opaque{Text: "x"}
	ring.Next = ring
	type hidden struct {
		Text   string
		Skip   string `json:"-"`
		secret string
		Bytes  []byte
	}
	for want, body := range map[string]any{
		`{"Text":"�","Bytes":"/w=="}`: hidden{Text: "\ufffd", Skip: "\xff", secret: "\xff", Bytes: []byte{0xff}},
		`"\\ufffd"`:                   `\ufffd`,
		`{"r":"\ufffd"}`:              map[string]any{"r": json.RawMessage(`"\ufffd"`)},
		`[{"text":"x"},"\\ufffd"]`:    []any{ring, `\ufffd`},
		`[null,null,"\\ufffd",1]`:     []any{nil, (*string)(nil), `\ufffd`, 1},
	} {
		require.NoError(t, client.Do(context.Background(), "POST", "/v1/things", body, nil))
		require.Equal(t, want, sent)
	}
}
