package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/agentotest"
)

var update = flag.Bool("update", false, "write the golden files")

var sample = []agent{
	{ID: "ag_1", Name: "Billing", Status: "running", CPU: "3%", Memory: "212MB / 8GB", Uptime: "4h12m", Region: "eu"},
	{ID: "ag_2", Name: "A name that is a good deal longer than others, as some are", Status: "stopped", Region: "us"},
	{ID: "ag_3", Name: "客服客服客服客服客服客服客服客服", Status: "creating", Region: "eu", busy: true},
	{ID: "ag_4", Name: "\x1b[31mred\a\u009b2J\u202eder", Status: "error", Region: "eu", Note: "out of memory: the container was\nstopped after 3 restarts"},
	{ID: "ag_5", Name: "", Status: "hibernating \x1b[2J", Region: "eu"},
}

func plain(text string) string {
	var out strings.Builder
	w := colorprofile.Writer{Forward: &out, Profile: colorprofile.NoTTY}
	_, _ = w.WriteString(text)
	return regexp.MustCompile(`(?m) +$`).ReplaceAllString(out.String(), "")
}

func TestRender(t *testing.T) {
	for _, width := range []int{0, 40, 80, 200} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			text := render(sample, width)
			require.Len(t, strings.Split(text, "\n"), len(sample)+1, "one line each")
			if width > 0 {
				require.LessOrEqual(t, lipgloss.Width(text), width)
			}
			require.NotContains(t, plain(text), "\x1b")
			file := filepath.Join("testdata", fmt.Sprintf("table-%d.txt", width))
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o777))
				require.NoError(t, os.WriteFile(file, []byte(plain(text)+"\n"), 0o666))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), plain(text)+"\n")
		})
	}
}

func TestRenderAnyWidth(t *testing.T) {
	for width := 1; width <= 220; width += 3 {
		text := render(sample, width)
		require.Len(t, strings.Split(text, "\n"), len(sample)+1, width)
		require.LessOrEqual(t, lipgloss.Width(text), width)
	}
}

func TestPictureFitsHeight(t *testing.T) {
	f := &fleet{agents: sample}
	whole := f.picture(80, 6)
	require.Len(t, whole, 6)
	for height := 2; height < 6; height++ {
		require.Len(t, f.picture(80, height), height)
	}
	cut := f.picture(80, 4)
	require.Contains(t, cut[1], "starting", "agents that are starting come first")
	require.Contains(t, cut[2], "Billing")
	require.Equal(t, "… and 3 more", cut[3])
	require.NotEmpty(t, f.picture(80, -1))
}

// onTerminal runs the program on a terminal of a size and returns its output.
func onTerminal(t *testing.T, columns, rows uint16, agents int) string {
	screen, tty, err := pty.Open()
	require.NoError(t, err)
	defer screen.Close()
	require.NoError(t, pty.Setsize(tty, &pty.Winsize{Cols: columns, Rows: rows}))
	sent := make(chan string)
	go func() {
		text, _ := io.ReadAll(screen) // ends with an error when the other side is closed
		sent <- string(text)
	}()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, startScopes, agentotest.WithStartDelay(time.Second))
		for i := range agents {
			addAgents(server, []string{"stopped", "running"}[i%2], fmt.Sprintf("A name so long that it needs room %d", i))
		}
		require.NoError(t, report(t.Context(), client, starting, tty, tty))
	})
	require.NoError(t, tty.Close())
	return <-sent
}

func TestTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	for name, size := range map[string][2]uint16{"narrow": {40, 12}, "wide": {160, 40}, "tiny": {10, 3}} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("NO_COLOR", "")
			sent := onTerminal(t, size[0], size[1], 20)
			if name != "tiny" {
				require.Contains(t, sent, "of 20 agents")
				require.Contains(t, sent, "starting")
				require.Equal(t, name == "narrow", strings.Contains(sent, "… and "))
			}
			require.Contains(t, sent, "\x1b[3", "color")
			require.Regexp(t, `\n\r\x1b\[\d+A\x1b\[J`, sent, "redrawn from the margin")
			for _, up := range regexp.MustCompile(`\x1b\[(\d+)A`).FindAllStringSubmatch(sent, -1) {
				var n int
				_, _ = fmt.Sscan(up[1], &n)
				require.Less(t, n, int(size[1]), "never higher than the screen")
			}
			for line := range strings.Lines(plain(sent[:strings.LastIndex(sent, "total 20:")])) {
				require.LessOrEqual(t, lipgloss.Width(strings.Trim(line, "\r\n")), int(size[0]), line)
			}
		})
	}
}

func TestTerminalWithoutColor(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("NO_COLOR", "1")
	sent := onTerminal(t, 80, 24, 3)
	require.Contains(t, sent, "of 3 agents")
	require.NotRegexp(t, `\x1b\[[0-9;]*3[0-7]m`, sent)
}

func TestDumbTerminal(t *testing.T) {
	t.Setenv("TERM", "dumb")
	require.NotContains(t, onTerminal(t, 80, 24, 3), "\x1b")
}
