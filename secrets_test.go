package agento_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	agento "github.com/remsyshq/agento-go"
)

// No encoder of the standard library writes secrets, also inside of other values.
func TestSecretsNotEncoded(t *testing.T) {
	type job struct{ Params agento.CreateAgentParams }
	secrets := agento.Secrets{"anthropicApiKey": "sk-made-up-0001"}
	for _, v := range []any{
		secrets, &secrets, agento.CreateAgentParams{Name: "n", Secrets: secrets}, &agento.CreateSwarmParams{Secrets: secrets},
		job{agento.CreateAgentParams{Secrets: secrets}}, []agento.Secrets{secrets},
	} {
		for name, encode := range map[string]func(io.Writer) error{
			"gob":  func(w io.Writer) error { return gob.NewEncoder(w).Encode(v) },
			"json": func(w io.Writer) error { return json.NewEncoder(w).Encode(v) },
			"xml":  func(w io.Writer) error { return xml.NewEncoder(w).Encode(v) },
			"yaml": func(w io.Writer) error { return yaml.NewEncoder(w).Encode(v) },
		} {
			var b bytes.Buffer
			require.ErrorContains(t, encode(&b), "cannot be marshaled", "%s %T", name, v)
			require.NotContains(t, b.String(), "sk-made-up", "%s %T", name, v)
		}
	}
}

// Parameters print without their secrets, also inside of other values.
func TestParamsPrintWithoutSecrets(t *testing.T) {
	const secret = "sk-made-up-0001"
	secrets := agento.Secrets{"anthropicApiKey": secret}
	type job struct {
		Params any
		Create agento.CreateSwarmParams
		Update *agento.UpdateSwarmParams
		Agent  *agento.CreateAgentParams
	}
	agent := agento.CreateAgentParams{Name: "n", Secrets: secrets}
	update := agento.UpdateSwarmParams{Secrets: secrets}
	create := agento.CreateSwarmParams{Name: "n", Secrets: secrets}
	for _, v := range []any{create, update, &create, &update, []any{create}, job{update, create, &update, &agent}, agent, &agent} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			require.Contains(t, fmt.Sprintf(verb, v), "anthropicApiKey", verb)
			require.NotContains(t, fmt.Sprintf(verb, v), secret, verb)
			require.NotContains(t, fmt.Sprintf(verb, v), fmt.Sprintf("%x", secret))
		}
		encoded, err := json.Marshal(v)
		require.Error(t, err, "%s", encoded)
	}
}

// The exceptions that SECURITY.md names: fmt does not call methods there.
func TestSecretsPrintedWithoutMethods(t *testing.T) {
	const secret = "sk-made-up-0001"
	secrets := agento.Secrets{"anthropicApiKey": secret}
	type own struct{ secrets agento.Secrets }
	for verb, values := range map[string][]any{
		"%w": {secrets, agento.CreateAgentParams{Secrets: secrets}},
		"%p": {agento.CreateAgentParams{Secrets: secrets}},
		"%v": {own{secrets}},
	} {
		for _, v := range values {
			require.Contains(t, fmt.Sprintf(verb, v), secret, "%s of %T: correct SECURITY.md", verb, v)
		}
	}
}
