package browser

import (
	"encoding/json"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// TestKeyboardOnly uses no mouse and does not set the focus.
func TestKeyboardOnly(t *testing.T) {
	s := setUp(t)
	page := s.open(t)
	require.Equal(t, "text", page.look().Focus, "the text field has the focus")
	page.press("first line")
	page.enter(chromedp.ModifierShift)
	page.press("second")
	require.Equal(t, "first line\nsecond", page.look().Text)
	page.enter()
	s.gate.let(t, 3)
	page.untilText("Number 1: first ")
	page.press("typed meanwhile")
	page.enter()
	require.Equal(t, "typed meanwhile", page.look().Text, "the text is kept and not sent")

	page.press(kb.Escape)
	s.gate.waitLeft(t)
	require.Equal(t, "Stopped.", page.untilIdle().last().Note)
	require.Equal(t, "text", page.look().Focus)
	page.enter()
	s.gate.let(t, 3)
	page.untilText("Number 2: typed ")
	page.press(kb.Tab)
	require.Equal(t, "stop", page.look().Focus)
	require.NotEqual(t, "none", evaluate[string](page, `getComputedStyle(document.activeElement).outlineStyle`), "the focus is visible")
	page.press(" ")
	s.gate.waitLeft(t)
	last := page.untilIdle()
	require.Equal(t, "Stopped.", last.last().Note)
	require.Equal(t, "text", last.Focus, "not on a removed button")

	back := []chromedp.KeyOption{chromedp.KeyModifiers(chromedp.ModifierShift)}
	page.press(kb.Tab, back...)
	require.Equal(t, "messages", page.look().Focus, "so that the arrow keys scroll it")
	page.press(kb.Tab, back...)
	require.Equal(t, "restart", page.look().Focus)
	page.enter()
	last = page.look()
	require.Empty(t, last.Messages)
	require.Equal(t, "text", last.Focus)
	require.NotEmpty(t, last.Spoken)
}

// TestScreenReader reads the accessibility tree.
func TestScreenReader(t *testing.T) {
	s := setUp(t)
	page := s.open(t)
	named := page.named()
	for role, name := range map[string]string{
		"heading": "Ask our guide", "textbox": "Your message", "log": "Conversation", "main": "", "status": "",
	} {
		require.Contains(t, named, [2]string{role, name})
	}
	require.Contains(t, named, [2]string{"button", "Send"})
	require.Contains(t, named, [2]string{"button", "New conversation"})
	require.NotContains(t, named, [2]string{"button", "Stop"})

	page.send("Hello")
	s.gate.let(t, 2)
	page.untilText("Number 1: ")
	named = page.named()
	require.Contains(t, named, [2]string{"button", "Stop"})
	require.NotContains(t, named, [2]string{"button", "Send"})
	require.Contains(t, named, [2]string{"StaticText", "You:"}, "the speaker is not shown by color alone")
	require.Contains(t, named, [2]string{"StaticText", "Guide:"})
	require.Equal(t, "The guide is answering.", page.look().Spoken)
	s.kill()
	page.untilIdle()
	require.Contains(t, page.named(), [2]string{"alert", ""})
	require.Contains(t, page.named(), [2]string{"StaticText", "The answer was interrupted. You can ask again."})
	require.Equal(t, "off", evaluate[string](page, `document.querySelector("#messages").ariaLive`), "partial sentences are not announced")
	require.Equal(t, "en", evaluate[string](page, `document.documentElement.lang`))
}

// named returns the role and the name of each element.
func (b *tab) named() [][2]string {
	b.t.Helper()
	tree, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	require.NoError(b.t, err)
	var out [][2]string
	for _, node := range tree.Nodes {
		if !node.Ignored {
			out = append(out, [2]string{text(node.Role), text(node.Name)})
		}
	}
	return out
}

func text(v *accessibility.Value) string {
	s := ""
	if v != nil {
		_ = json.Unmarshal(v.Value, &s) // "" if it is not a string
	}
	return s
}
