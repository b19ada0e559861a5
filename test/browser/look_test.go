package browser

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

const out = "out"

// TestLook writes screenshots for visual inspection and measures the layout.
func TestLook(t *testing.T) {
	require.NoError(t, os.RemoveAll(out))
	require.NoError(t, os.MkdirAll(out, 0o755))
	s := setUp(t)
	page := s.open(t)
	shots := map[string]bool{}
	for _, size := range []struct {
		name          string
		width, height int64
		options       []chromedp.EmulateViewportOption
	}{
		{"desktop", 1100, 800, nil},
		{"phone", 390, 844, []chromedp.EmulateViewportOption{chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait}},
	} {
		page.do(chromedp.EmulateViewport(size.width, size.height, size.options...))
		shoot := func(moment string) {
			for _, scheme := range []string{"light", "dark"} {
				page.colors(scheme)
				page.fits(size.width)
				page.readable()
				name := size.name + "-" + moment + "-" + scheme + ".png"
				shots[name] = true
				page.shoot(name)
			}
		}
		page.click("#restart")
		shoot("empty")
		page.converse(s, shoot)
	}
	files, err := filepath.Glob(filepath.Join(out, "*.png"))
	require.NoError(t, err)
	require.Len(t, files, len(shots))
	require.Len(t, files, 16)
}

const story = "Once there was a visitor who wanted to know everything about a product that had a very long name, " +
	"such as https://shop.example/products/the-one-with-the-address-that-does-not-end-where-the-line-does-but-goes-on-and-on\n\n" +
	"What became of it?"

// converse shows the page in four states: waiting, during an answer, after several answers,
// and after an error.
func (b *tab) converse(s *stage, shoot func(moment string)) {
	b.t.Helper()
	first := len(b.look().Messages)
	require.Zero(b.t, first)
	b.send("Do you deliver on Saturdays?")
	b.until("the stop button", func(s shown) bool { return s.Stop })
	shoot("waiting")
	s.gate.let(b.t, 8)
	b.untilIdle()
	evaluate[string](b, `document.querySelector("#text").value = `+quoted(story))
	b.click("#send")
	s.gate.let(b.t, 20)
	b.until("some words", func(s shown) bool { return len(s.last().Text) > 60 })
	shoot("answering")
	s.kill()
	b.until("the alert", func(s shown) bool { return s.Problem != "" })
	shoot("interrupted")
	s.start(b.t, secret)
}

// fits checks that nothing is wider than the window, and that the composer is inside it.
func (b *tab) fits(width int64) {
	b.t.Helper()
	require.LessOrEqual(b.t, evaluate[int64](b, `document.documentElement.scrollWidth`), width)
	require.True(b.t, evaluate[bool](b, `(() => {
		const box = document.querySelector("#composer").getBoundingClientRect();
		return box.top > 0 && box.bottom <= innerHeight;
	})()`))
}

// leastContrast returns the lowest contrast of a text on the page according to WCAG 2, and the
// text. It ignores disabled elements.
const leastContrast = `(() => {
	const channels = (color) => color.match(/[\d.]+/g).map(Number);
	const luminance = (color) => {
		const [r, g, b] = channels(color).map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const behind = (e) => {
		const color = getComputedStyle(e).backgroundColor;
		return channels(color)[3] === 0 ? behind(e.parentElement) : color;
	};
	const seen = [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && !e.disabled &&
		!e.closest(".unseen") && (e.value || [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim())));
	return seen.map((e) => {
		const [dark, light] = [getComputedStyle(e).color, behind(e)].map(luminance).sort((a, b) => a - b);
		return {ratio: (light + 0.05) / (dark + 0.05), text: e.value || e.textContent};
	}).sort((a, b) => a.ratio - b.ratio)[0];
})()`

// readable checks the contrast of the text.
func (b *tab) readable() {
	b.t.Helper()
	least := evaluate[struct {
		Ratio float64
		Text  string
	}](b, leastContrast)
	require.GreaterOrEqual(b.t, least.Ratio, 4.5, "of %q", least.Text)
}

func (b *tab) shoot(name string) {
	b.t.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(out, name), picture, 0o644))
}

func quoted(text string) string {
	data, _ := json.Marshal(text) // cannot fail for a string
	return string(data)
}
