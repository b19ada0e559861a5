package chathttp_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chathttp"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func TestShutdown(t *testing.T) {
	var answer http.HandlerFunc
	inWidget(t, harness.Protocol{}, func(w http.ResponseWriter, r *http.Request) { answer(w, r) }, nil, func(w *widget) {
		ended := make(chan ending, 1)
		answer = talking(60, ended)
		answered := make(chan page, 1)
		go func() { answered <- w.say("pia", "") }()
		time.Sleep(10 * time.Second)

		ctx, cancel := context.WithTimeout(w.Ctx, 20*time.Second)
		defer cancel()
		begun := time.Now()
		require.ErrorIs(t, w.handler.Shutdown(ctx), context.DeadlineExceeded)
		require.Equal(t, 20*time.Second, time.Since(begun))
		refusedFor(w, "bob", 503, "shutting_down", "5")
		refusedFor(w, "pia", 503, "shutting_down", "5")

		twice := make(chan error, 2)
		for range 2 {
			go func() { twice <- w.handler.Shutdown(w.Ctx) }()
		}
		require.NoError(t, <-twice)
		require.NoError(t, <-twice)
		require.Equal(t, 50*time.Second, time.Since(begun), "returns after the last turn")
		require.Equal(t, "done", (<-answered).types[61])
		require.True(t, (<-ended).whole)

		over, cancel := context.WithCancel(w.Ctx)
		cancel()
		require.NoError(t, w.handler.Shutdown(over), "no turns are left")
		refusedFor(w, "bob", 503, "shutting_down", "5")
	})
}

func TestShutdownWithoutTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler, err := chathttp.NewHandler(harness.Client(t, http.DefaultTransport), widgetConfig())
		require.NoError(t, err)
		require.NoError(t, handler.Shutdown(t.Context()))
		require.NoError(t, handler.Shutdown(t.Context()))
	})
}

// TestSIGTERMDuringFiftyTurns restarts a backend over real connections: all turns
// finish, new ones get 503, and no answer is truncated.
func TestSIGTERMDuringFiftyTurns(t *testing.T) {
	const turns = 50
	var begun, ended sync.WaitGroup
	begun.Add(turns)
	release := make(chan struct{})
	service := httptest.NewServer(&chatService{answer: func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r).Send(hi)
		begun.Done()
		<-release
		s.Send(more, done)
	}})
	defer service.Close()
	client := harness.Client(t, service.Client().Transport, agento.WithBaseURL(service.URL))
	config := widgetConfig()
	config.VisitorLimit.AtOnce = 1
	handler, err := chathttp.NewHandler(client, config)
	require.NoError(t, err)
	backend := httptest.NewServer(handler)
	defer backend.Close()

	say := func(visitor string) (page, error) {
		req, err := http.NewRequestWithContext(t.Context(), "POST", backend.URL, strings.NewReader(body("Hello", "")))
		require.NoError(t, err)
		req.Header = http.Header{"Content-Type": {"application/json"}, "X-Visitor": {visitor}}
		resp, err := backend.Client().Do(req)
		if err != nil {
			return page{}, err
		}
		return read(t, resp), nil
	}
	terminated, stop := signal.NotifyContext(t.Context(), syscall.SIGTERM)
	defer stop()
	pages := make([]page, turns)
	for i := range turns {
		ended.Go(func() { pages[i], _ = say(strconv.Itoa(i)) })
	}
	begun.Wait()
	self, err := os.FindProcess(os.Getpid())
	require.NoError(t, err)
	if err := self.Signal(syscall.SIGTERM); err != nil {
		t.Skipf("this system has no SIGTERM: %v", err)
	}
	<-terminated.Done()

	down := make(chan error, 1)
	go func() {
		down <- errors.Join(handler.Shutdown(t.Context()), backend.Config.Shutdown(t.Context()))
	}()
	refused := page{status: 200}
	for refused.status != 503 { // until Shutdown has begun; visitor 0 is at its limit, so no turn begins here
		refused, err = say("0")
		require.NoError(t, err)
	}
	require.Equal(t, "shutting_down", refused.code)
	require.Equal(t, "5", refused.header.Get("Retry-After"))
	close(release)
	ended.Wait()
	require.NoError(t, <-down)
	for _, p := range pages {
		require.Equal(t, []string{"session", "text", "text", "done"}, p.types)
	}
}
