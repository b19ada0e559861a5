package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

func TestAnswerGrows(t *testing.T) {
	s := setUp(t)
	page := s.open(t)
	require.Empty(t, page.look().Messages)
	page.send("three more words")
	page.until("the stop button", func(s shown) bool { return s.Stop && !s.Send && s.Focus == "text" })
	for _, grown := range []string{"Number ", "Number 1: ", "Number 1: three ", "Number 1: three more "} {
		s.gate.let(t, 1) // the next word is sent only after this one is visible
		require.True(t, page.untilText(grown).Stop)
	}
	s.gate.let(t, 2) // the last word and the end of the answer
	last := page.untilIdle()
	require.Equal(t, []shownMessage{{Who: "you", Text: "three more words"}, {Who: "guide", Text: "Number 1: three more words"}}, last.Messages)
	require.Equal(t, "Number 1: three more words", last.Spoken, "the complete answer is announced to a screen reader")
	require.Empty(t, last.Problem)
	require.Contains(t, s.everything(), `"content":"three "`, "the recorder has the stream")
}

func TestStop(t *testing.T) {
	s := setUp(t)
	page := s.open(t)
	page.send("a long story")
	s.gate.let(t, 3)
	page.untilText("Number 1: a ")
	page.click("#stop")
	s.gate.waitLeft(t)
	last := page.untilIdle()
	require.Equal(t, shownMessage{"guide", "Number 1: a ", "Stopped."}, last.last())
	require.Empty(t, last.Problem, "not an error")
	require.Equal(t, "text", last.Focus)

	s.gate.open()
	page.send("Go on.")
	page.untilText("Number 2: Go on.")
	require.Len(t, s.service.Sessions(s.agent), 1)
}

func TestStopBeforeAnswerBegins(t *testing.T) {
	s := setUp(t)
	page := s.open(t)
	page.send("Hello")
	page.click("#stop")
	require.Equal(t, shownMessage{"guide", "", "Stopped."}, page.untilIdle().last())
	s.gate.open()
	page.send("Hello again")
	page.until("an answer", func(s shown) bool { return s.Send && s.last().Note == "" && len(s.Messages) == 4 })
}

func TestReloadContinuesSession(t *testing.T) {
	s := setUp(t)
	s.gate.open()
	page := s.open(t)
	page.send("first")
	page.untilText("Number 1: first")
	before := page.untilIdle().Messages
	page.reload()
	require.Equal(t, before, page.look().Messages)
	page.send("second")
	page.untilText("Number 2: second")
	require.Len(t, s.service.Sessions(s.agent), 1)

	page.untilIdle()
	page.click("#restart")
	require.Empty(t, page.look().Messages)
	page.send("third")
	page.untilText("Number 1: third")
	require.Len(t, s.service.Sessions(s.agent), 2)
}

func TestReloadDuringAnswer(t *testing.T) {
	s := setUp(t)
	page := s.open(t)
	page.send("a long story")
	s.gate.let(t, 3)
	page.untilText("Number 1: a ")
	page.reload()
	s.gate.waitLeft(t)
	require.Equal(t, []shownMessage{{"you", "a long story", ""}, {"guide", "Number 1: a ", "Interrupted."}}, page.look().Messages)
	s.gate.open()
	page.send("Go on.")
	page.untilText("Number 2: Go on.")
	require.Len(t, s.service.Sessions(s.agent), 1)
}

func TestPageCrashes(t *testing.T) {
	s := setUp(t)
	page := s.open(t)
	page.send("a long story")
	s.gate.let(t, 3)
	page.untilText("Number 1: a ")
	evaluate[chromedp.Void](page, `Storage.prototype.setItem = () => {}`) // as after a crash
	page.reload()
	require.Equal(t, []shownMessage{{"you", "a long story", ""}, {"guide", "", "Interrupted."}}, page.look().Messages)
}

func TestVisitorsAreSeparate(t *testing.T) {
	s := setUp(t)
	s.gate.open()
	pia, tom := s.open(t), s.open(t)
	pia.send("my secret")
	pia.untilText("Number 1: my secret")
	pia.untilIdle()
	require.Empty(t, tom.look().Messages)

	// Tom copies everything that Pia's page stores, except her cookie.
	stolen := evaluate[string](pia, `JSON.stringify(sessionStorage.chat)`)
	require.Empty(t, evaluate[string](pia, `document.cookie`), "the cookie is not visible to scripts")
	tom.open(s.recorder.url + "/icon.svg") // on the same origin
	evaluate[string](tom, `sessionStorage.chat = `+stolen)
	tom.open(s.recorder.url)
	tom.send("What was it?")
	last := tom.untilText("Number 1: What was it?")
	require.Contains(t, last.Messages[len(last.Messages)-2].Note, "A new conversation begins here")
	pia.send("and another")
	pia.untilText("Number 2: and another")
	sessions := s.service.Sessions(s.agent)
	require.Len(t, sessions, 2)
	require.NotEqual(t, sessions[0].PeerID, sessions[1].PeerID)
}

const markup = `<script>window.hit = 1</script><img src=x onerror="window.hit = 2"><b>bold</b> & "quoted"`

func TestMarkupIsText(t *testing.T) {
	s := setUp(t)
	s.gate.open()
	page := s.open(t)
	page.send(markup)
	page.untilText("Number 1: " + markup)
	page.untilIdle()
	require.Equal(t, markup, page.look().Messages[0].Text)
	page.reload()
	require.Equal(t, "Number 1: "+markup, page.look().last().Text)
	require.Zero(t, evaluate[int](page, `document.querySelectorAll("#messages script, #messages img, #messages b").length`))
	require.Zero(t, evaluate[int](page, `window.hit ?? 0`))
	page.expect("TrustedHTML")
	require.Equal(t, "refused", evaluate[string](page, `(() => {
		try { document.body.innerHTML = "<p>x</p>"; return "done" } catch { return "refused" }
	})()`), "the policy would not let a mistake through either")
}
