package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/agentotest"
)

const (
	keyDigits = "00112233445566778899aabbccddeeff"
	key       = "ak_live_" + keyDigits
	secret    = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
)

// stage consists of a service that the test controls, the program, and the recorder.
type stage struct {
	*recorder
	*program
	gate    *gate
	service *agentotest.Server
	agent   string
}

// echo is the agent's answer. Each word is an event.
func echo(turn agentotest.Turn) []string {
	return strings.SplitAfter(fmt.Sprintf("Number %d: %s", turn.Number, turn.Message), " ")
}

func setUp(t *testing.T) *stage {
	t.Helper()
	s := &stage{gate: newGate(), recorder: startRecorder(t)}
	s.service = agentotest.NewServer(agentotest.WithKey(key, "chat"),
		agentotest.WithReply(echo), agentotest.WithMiddleware(s.gate.middleware))
	t.Cleanup(s.service.Close)
	s.agent = s.service.AddAgent(agentotest.AgentSeed{Name: "Guide", SharedMode: true})
	s.start(t, secret)
	t.Cleanup(func() {
		s.checkSecrets(t)
		if t.Failed() {
			got := s.everything()
			t.Logf("the browser got, at last:\n%s", got[max(0, len(got)-1000):])
		}
	})
	return s
}

// start starts or restarts the program.
func (s *stage) start(t *testing.T, secret string) {
	t.Helper()
	s.program = startProgram(t, "AGENTO_API_KEY="+key, "AGENTO_BASE_URL="+s.service.URL,
		"AGENTO_AGENT_ID="+s.agent, "CHATWIDGET_SECRET="+secret)
	s.to(t, s.program)
}

// open opens the page as a new visitor.
func (s *stage) open(t *testing.T) *tab {
	t.Helper()
	return openTab(t, s.recorder.url)
}

// checkSecrets checks that nothing that the browser received contains a secret.
func (s *stage) checkSecrets(t *testing.T) {
	got := strings.ToLower(s.everything())
	require.Contains(t, got, "content-security-policy", "the recorder has the headers")
	require.Contains(t, got, "<!doctype html>", "the recorder has the bodies")
	require.NotContains(t, got, keyDigits)
	require.NotContains(t, got, "ak_live")
	require.NotContains(t, got, "x-api-key")
	require.NotContains(t, got, secret)
	require.NotContains(t, got, strings.TrimPrefix(s.service.URL, "http://"), "the service's address")
}
