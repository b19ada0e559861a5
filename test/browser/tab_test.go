package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// tab is a page of the widget in a separate browser context with its own cookies.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	expected   string // complaints with this text are expected
	complaints []string
	failures   []string // of requests; some tests expect them
}

// shown is the visible state of the page.
type shown struct {
	Messages []shownMessage
	Problem  string // the alert
	Spoken   string // announced to a screen reader
	Text     string // in the composer
	Focus    string // ID of the focused element
	Stop     bool   // the stop button is visible
	Send     bool
}

type shownMessage struct{ Who, Text, Note string }

const look = `({
	messages: [...document.querySelectorAll("#messages .message")].map((m) => ({
		who: m.classList.contains("you") ? "you" : "guide",
		text: m.querySelector("p").textContent, note: m.querySelector("small").textContent})),
	problem: document.querySelector("#problem").textContent,
	spoken: document.querySelector("#spoken").textContent,
	text: document.querySelector("#text").value,
	focus: document.activeElement.id,
	stop: document.querySelector("#stop").checkVisibility(),
	send: document.querySelector("#send").checkVisibility(),
})`

func openTab(t *testing.T, url string) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(chrome, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	tab := &tab{t: t, ctx: ctx}
	require.NoError(t, chromedp.Listen(ctx, tab.listen))
	tab.open(url)
	t.Cleanup(func() {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		if t.Failed() {
			t.Logf("requests that failed: %q", tab.failures)
		}
		require.Empty(t, tab.complaints, "errors and policy violations of the page")
	})
	return tab
}

// listen records console messages, except for requests that a test makes fail.
func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	complaint := ""
	switch e := event.(type) {
	case *network.EventLoadingFailed:
		b.failures = append(b.failures, e.ErrorText)
	case *runtime.EventExceptionThrown:
		complaint = fmt.Sprintf("%s %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *browserlog.EventEntryAdded:
		if e.Entry.Source != browserlog.EntrySourceNetwork && e.Entry.Level == browserlog.EntryLevelError {
			complaint = e.Entry.Text
		}
	}
	if complaint != "" && (b.expected == "" || !strings.Contains(complaint, b.expected)) {
		b.complaints = append(b.complaints, complaint)
	}
}

// expect declares an expected complaint.
func (b *tab) expect(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expected = text
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, giveUp)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, steps...))
}

func (b *tab) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

func (b *tab) reload() {
	b.t.Helper()
	b.do(chromedp.Reload())
}

func evaluate[T any](b *tab, script string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, giveUp)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err)
	return value
}

func (b *tab) look() shown {
	b.t.Helper()
	return evaluate[shown](b, look)
}

// lookSoon gives the page some time before it returns its state.
const lookSoon = `new Promise((done) => setTimeout(() => done(` + look + `), 10))`

// until waits until the page is in the wanted state.
func (b *tab) until(what string, is func(shown) bool) shown {
	b.t.Helper()
	var s shown
	for deadline := time.Now().Add(giveUp); time.Now().Before(deadline); {
		if s = evaluate[shown](b, lookSoon); is(s) {
			return s
		}
	}
	seen, _ := json.MarshalIndent(s, "", "  ")
	b.t.Fatalf("waiting for %s; the page shows %s", what, seen)
	return s
}

func (s shown) last() shownMessage {
	if len(s.Messages) == 0 {
		return shownMessage{}
	}
	return s.Messages[len(s.Messages)-1]
}

// untilText waits until the newest message has the text.
func (b *tab) untilText(want string) shown {
	b.t.Helper()
	return b.until(fmt.Sprintf("%q", want), func(s shown) bool { return s.last().Text == want })
}

// untilIdle waits until no answer is running.
func (b *tab) untilIdle() shown {
	b.t.Helper()
	return b.until("the end of the answer", func(s shown) bool { return s.Send && !s.Stop })
}

// press presses keys in the focused element.
func (b *tab) press(keys string, options ...chromedp.KeyOption) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys, options...))
}

// enter presses Enter like a keyboard: the page handles the key first, and a new line is
// inserted only if it does not.
func (b *tab) enter(modifiers ...chromedp.Modifier) {
	b.t.Helper()
	event := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "Enter", Code: "Enter", Text: "\r", WindowsVirtualKeyCode: 13}
	for _, m := range modifiers {
		event.Modifiers |= int64(m)
	}
	for _, event.Type = range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
		_, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, event)
		require.NoError(b.t, err)
		event.Text = ""
	}
}

// send writes a message and clicks the button.
func (b *tab) send(message string) {
	b.t.Helper()
	b.do(chromedp.SendKeys(chromedp.CSS("#text"), message), chromedp.Click(chromedp.CSS("#send")))
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// colors emulates the color scheme that the visitor prefers.
func (b *tab) colors(scheme string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: strings.ToLower(scheme)}},
	})
	require.NoError(b.t, err)
}
