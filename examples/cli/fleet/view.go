package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/term"
	"github.com/vbauerster/cupwriter"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/examples/internal/terminal"
)

var columns = []struct {
	title string
	from  int // minimum width of a terminal that shows the column
	keep  int // minimum width of the column
	text  func(agent) string
}{
	{"NAME", 0, 0, func(a agent) string { return a.Name }},
	{"STATUS", 0, 12, agent.state},
	{"CPU", 60, 6, func(a agent) string { return a.CPU }},
	{"MEMORY", 80, 16, func(a agent) string { return a.Memory }},
	{"UPTIME", 60, 10, func(a agent) string { return string(a.Uptime) }},
	{"REGION", 100, 10, func(a agent) string { return a.Region }},
	{"ID", 140, 36, func(a agent) string { return a.ID }},
	{"NOTE", 0, 0, func(a agent) string { return a.Note }},
}

func (a agent) state() string {
	if a.busy {
		return "starting"
	}
	return string(a.Status)
}

var colors = map[string]lipgloss.Style{
	"starting":                    lipgloss.NewStyle().Foreground(lipgloss.Yellow),
	string(agento.StatusCreating): lipgloss.NewStyle().Foreground(lipgloss.Yellow),
	string(agento.StatusRunning):  lipgloss.NewStyle().Foreground(lipgloss.Green),
	string(agento.StatusStopped):  lipgloss.NewStyle().Faint(true),
	string(agento.StatusErrored):  lipgloss.NewStyle().Foreground(lipgloss.Red),
}

// render renders the table; width 0 means unlimited.
func render(agents []agent, width int) string {
	t := table.New().Wrap(false).Border(lipgloss.HiddenBorder()).
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).BorderColumn(false).BorderHeader(false)
	var titles []string
	var keep []int
	rows := make([][]string, len(agents))
	for _, c := range columns {
		if width > 0 && width < c.from {
			continue
		}
		widest := len(c.title)
		for i, a := range agents {
			rows[i] = append(rows[i], terminal.Visible(c.text(a)))
			widest = max(widest, lipgloss.Width(rows[i][len(titles)]))
		}
		titles = append(titles, c.title)
		keep = append(keep, min(widest, c.keep))
	}
	t.Headers(titles...).Rows(rows...).StyleFunc(func(row, col int) lipgloss.Style {
		var style lipgloss.Style
		switch {
		case row == table.HeaderRow:
			style = style.Bold(true)
		case col == 1:
			style = colors[agents[row].state()]
		}
		if col < len(titles)-1 {
			style = style.PaddingRight(2)
		}
		if width >= 40 && keep[col] > 0 {
			style = style.Width(keep[col] + 2)
		}
		return style
	})
	if text := t.String(); width <= 0 || lipgloss.Width(text) <= width {
		return text
	}
	return t.Width(width).String()
}

// print writes the final table.
func (f *fleet) print(w io.Writer, asJSON bool) error {
	var out strings.Builder
	if asJSON {
		for _, a := range f.agents {
			line, err := json.Marshal(a)
			if err != nil {
				return err
			}
			out.WriteString(terminal.Visible(string(line)) + "\n")
		}
	} else {
		width, _ := size(w)
		profile := colorprofile.Detect(w, os.Environ())
		table := colorprofile.Writer{Forward: &out, Profile: profile}
		_, _ = table.WriteString(render(f.agents, width) + "\n")
	}
	for line := range strings.Lines(out.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// size returns the size of a terminal, and 0 for anything else.
func size(w io.Writer) (width, height int) {
	if file, ok := w.(term.File); ok && os.Getenv("TERM") != "dumb" {
		width, height, _ = term.GetSize(file.Fd())
	}
	return width, height
}

// show draws a progress bar on stderr if that is a terminal, and the table above it if stdout
// is a terminal too, until finish is called.
func (f *fleet) show(stdout, stderr io.Writer, asJSON bool) (finish func()) {
	f.tick = func() {}
	_, height := size(stderr)
	if height == 0 || len(f.agents) == 0 {
		return f.tick
	}
	lines := 0
	if width, _ := size(stdout); width > 0 && !asJSON {
		lines = max(0, min(height-3, len(f.agents)+1)) // keep one line of earlier output
	}
	console := cupwriter.New(fromMargin{stderr}, true)
	console.SetTermFd(int(stderr.(term.File).Fd()))
	screen := mpb.New(mpb.WithConsoleWriter(console))
	bar := screen.New(int64(len(f.agents)), mpb.BarStyle(), mpb.BarRemoveOnComplete(),
		mpb.BarTopExtender(f.lines(stderr, lines)...),
		mpb.PrependDecorators(decor.CountersNoUnit("%d of %d agents")),
		mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO)))
	f.tick = bar.Increment
	return screen.Wait
}

// fromMargin begins each picture at the left margin, because the echo of a key such as ^C
// moves the cursor.
type fromMargin struct{ io.Writer }

func (w fromMargin) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(append([]byte{'\r'}, p...))
	return max(0, n-1), err
}

// lines returns fillers for the lines of the table, lowest first. The highest line is drawn
// first; it renders the picture for all.
func (f *fleet) lines(terminal io.Writer, n int) []mpb.BarFiller {
	var picture []string
	profile := colorprofile.Detect(terminal, os.Environ())
	lines := make([]mpb.BarFiller, n)
	for i := range lines {
		lines[i] = mpb.BarFillerFunc(func(w io.Writer, _ decor.Statistics) error {
			if i == n-1 {
				width, height := size(terminal)
				picture = f.picture(width, min(n, height-3))
			}
			if i >= len(picture) {
				return nil
			}
			_, err := fmt.Fprintln(&colorprofile.Writer{Forward: w, Profile: profile}, picture[len(picture)-1-i])
			return err
		})
	}
	return lines
}

// picture returns the table in at most height lines. If there is no room for all agents,
// those that are being started come first.
func (f *fleet) picture(width, height int) []string {
	f.mu.Lock()
	agents := slices.Clone(f.agents)
	f.mu.Unlock()
	more := len(agents) + 1 - height
	if more <= 0 {
		return strings.Split(render(agents, width), "\n")
	}
	rank := map[bool]int{true: 0, false: 1}
	slices.SortStableFunc(agents, func(a, b agent) int { return rank[a.busy] - rank[b.busy] })
	shown := max(0, len(agents)-more-1)
	return append(strings.Split(render(agents[:shown], width), "\n"), fmt.Sprintf("… and %d more", len(agents)-shown))
}
