package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// textValue implements encoding.TextMarshaler.
type textValue struct{ text string }

func (o textValue) MarshalText() ([]byte, error) { return []byte(o.text), nil }

// opaque implements json.Marshaler.
type opaque struct {
	Text string
	Next *opaque
}

func (o *opaque) MarshalJSON() ([]byte, error) { return []byte(`{"text":"` + o.Text + `"}`), nil }

type base struct{ Note string }

func TestBodyWithInvalidUTF8Rejected(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
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
	for i, err := range []error{
		client.Account.PutRule(ctx, agent, "r", bad),
		client.Account.SetSecrets(ctx, agent, agento.Secrets{"k": bad}),
		client.Account.SetSecrets(ctx, agent, agento.Secrets{"a b": bad}),
		client.Account.SetSecrets(ctx, agent, agento.Secrets{bad: "v"}),
		last(client.Account.UpdatePersonality(ctx, agent, agento.UpdateDocumentParams{Content: bad})),
		last(client.Account.UpdateWorkflow(ctx, agent, agento.UpdateDocumentParams{Content: bad})),
		last(client.Account.UpdateWorkflow(ctx, agent, agento.UpdateDocumentParams{Content: "x", Version: agento.DocumentVersion(bad)})),
		last(client.Knowledge.Ingest(ctx, agent, agento.IngestParams{Chunks: []agento.ChunkParams{{Content: "x"}, {Content: bad}}})),
		last(client.Knowledge.Ingest(ctx, swarm, agento.IngestParams{Chunks: []agento.ChunkParams{{Content: "x", Metadata: map[string]any{"k": []any{bad}}}}})),
		last(client.Agents.Create(ctx, agento.CreateAgentParams{Name: bad})),
		last(client.Agents.Create(ctx, agento.CreateAgentParams{Name: "x", SoulMD: bad})),
		last(client.Agents.Create(ctx, agento.CreateAgentParams{Name: "x", Secrets: agento.Secrets{"k": bad}})),
		last(client.Agents.Update(ctx, "a1", agento.UpdateAgentParams{Description: agento.Set(bad)})),
		last(client.Swarms.Create(ctx, agento.CreateSwarmParams{Name: bad})),
		last(client.Swarms.Update(ctx, "s1", agento.UpdateSwarmParams{Name: agento.Set(bad)})),
		last(client.Swarms.Update(ctx, "s1", agento.UpdateSwarmParams{Secrets: agento.Secrets{"k": bad}})),
		last(client.Skills.Install(ctx, "a1", agento.InstallSkillParams{SkillID: bad})),
		last(client.Chat.CreateSession(ctx, "a1", agento.CreateSessionParams{Title: bad})),

		raw(bad),
		raw([2]string{"x", bad}),
		raw(map[string]*string{"k": &bad}),
		raw(json.RawMessage(`"` + bad + `"`)),
		raw(struct{ Raw json.RawMessage }{json.RawMessage(`"` + bad + `"`)}),
		raw(struct{ Text textValue }{textValue{bad}}),
		raw(map[textValue]int{{bad}: 1}),
		last(client.Stream(ctx, "POST", "/v1/things", map[string]string{"k": bad})),
		raw(&opaque{Text: bad}),
		raw([]opaque{{Text: bad}}),
		raw(struct{ base }{base{bad}}),
		extra("k", []string{bad}),
		extra(bad, 1),
		extra("k", json.RawMessage(`"`+bad+`"`)),
	} {
		require.ErrorContains(t, err, "not valid UTF-8", i)
		require.NotContains(t, err.Error(), "caf", i)
		require.ErrorIs(t, err, agento.ErrValidation)
	}
}

// A valid replacement character is sent unchanged.
func TestBodyWithReplacementCharacterSent(t *testing.T) {
	var sent string
	client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
		b, err := io.ReadAll(r.Body)
		sent = string(b)
		return harness.Respond(200, `{"data":{}}`), err
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
		`[null,null,"\\ufffd",1]`:     []any{nil, (*textValue)(nil), `\ufffd`, 1},
	} {
		require.NoError(t, client.Do(context.Background(), "POST", "/v1/things", body, nil))
		require.Equal(t, want, sent)
	}
}
