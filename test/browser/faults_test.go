package browser

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/agentotest"
)

const (
	unreachable = "The chat cannot be reached at the moment. Check your connection and try again."
	anotherWord = "A new conversation begins here"
)

func TestServerKilledDuringAnswer(t *testing.T) {
	s := setUp(t)
	page := s.open(t)
	page.send("a long story")
	s.gate.let(t, 3)
	page.untilText("Number 1: a ")
	s.kill()
	last := page.untilIdle()
	require.Equal(t, shownMessage{"guide", "Number 1: a ", "Interrupted."}, last.last())
	require.Equal(t, "The answer was interrupted. You can ask again.", last.Problem)

	page.send("Are you there?")
	last = page.untilIdle()
	require.Equal(t, unreachable, last.Problem)
	require.Equal(t, shownMessage{"guide", "", "No answer."}, last.last())
	require.Equal(t, "Are you there?", last.Text, "one key retries the message")

	s.gate.open()
	s.start(t, secret)
	page.enter()
	last = page.untilText("Number 2: Are you there?")
	require.Empty(t, last.Problem)
	require.Len(t, s.service.Sessions(s.agent), 1, "the session continues")
}

func TestServerRestartedWithNewSecret(t *testing.T) {
	s := setUp(t)
	s.gate.open()
	page := s.open(t)
	page.send("first")
	page.untilText("Number 1: first")
	page.untilIdle()
	s.interrupt(t)
	s.start(t, strings.Repeat("ff", 32))
	page.send("second")
	last := page.untilText("Number 1: second")
	require.Contains(t, last.Messages[2].Note, anotherWord)
	page.untilIdle()
	page.send("third")
	require.Empty(t, page.untilText("Number 2: third").Messages[4].Note)
}

func TestServerInterruptFinishesAnswer(t *testing.T) {
	s := setUp(t)
	page := s.open(t)
	page.send("a long story")
	s.gate.let(t, 3)
	page.untilText("Number 1: a ")
	ended := make(chan bool)
	go func() {
		defer close(ended)
		s.interrupt(t)
	}()
	s.gate.open()
	last := page.untilText("Number 1: a long story")
	require.Empty(t, last.Problem)
	<-ended
}

func TestServiceTruncatesAnswer(t *testing.T) {
	s := setUp(t)
	s.gate.open()
	s.service.Next("Chat.Send", 1, agentotest.Cut(90))
	page := s.open(t)
	page.send("a long story")
	last := page.until("the alert", func(s shown) bool { return s.Problem != "" })
	require.Equal(t, "The answer was interrupted.", last.Problem)
	require.Equal(t, "Number 1: ", last.last().Text)
	page.untilIdle()
	page.send("Again")
	require.Empty(t, page.untilText("Number 2: Again").Problem)
}

func TestServiceErrors(t *testing.T) {
	s := setUp(t)
	s.gate.open()
	page := s.open(t)
	for _, test := range []struct {
		status int
		want   string
	}{
		{http.StatusInternalServerError, "The chat is not available at the moment."},
		{http.StatusConflict, "The chat is not available at the moment."}, // the agent does not run
		{http.StatusTooManyRequests, "There is too much to do at the moment. Try again later."},
	} {
		s.service.Inject(func(agentotest.Request) (agentotest.Fault, bool) {
			return agentotest.Fail(test.status, "words_of_the_service"), true
		})
		page.send("Hello")
		last := page.until("the alert", func(s shown) bool { return s.Send && s.Problem != "" })
		require.Equal(t, test.want, last.Problem)
		require.Equal(t, "Hello", last.Text)
		page.press(strings.Repeat("\b", len(last.Text)))
	}
	require.NotContains(t, s.everything(), "words_of_the_service")
}
