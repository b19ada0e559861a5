package agento_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
)

func TestSmoke(t *testing.T) {
	inWorld(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			w.Header().Set("Content-Type", "text/event-stream")
			for _, s := range []string{"Hi ", "you"} {
				fmt.Fprintf(w, "data: {\"type\":\"text\",\"content\":%q}\n\n", s)
				http.NewResponseController(w).Flush()
				time.Sleep(time.Second)
			}
			fmt.Fprint(w, "data: {\"type\":\"done\"}\n\n")
			return
		}
		fmt.Fprint(w, agentJSON)
	}, nil, func(w *world) {
		a, err := w.client.Agents.Get(w.ctx, "a1")
		require.NoError(t, err)
		require.Equal(t, "Bot", a.Name)
		r, err := w.client.Chat.Ask(w.ctx, "a1", agento.SendMessageParams{Message: "x"})
		require.NoError(t, err)
		require.Equal(t, "Hi you", r.Text)
		require.Equal(t, 2*time.Second, r.Duration)
		require.Equal(t, 1, w.listener.Dialled())
	})
}
