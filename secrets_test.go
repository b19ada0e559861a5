package agento_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
)

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
