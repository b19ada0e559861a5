package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/examples/internal/terminal"
)

const longestName = 16 // that widens the column

var (
	faint  = lipgloss.NewStyle().Faint(true)
	bright = lipgloss.NewStyle().Foreground(lipgloss.Cyan)
	notice = lipgloss.NewStyle().Foreground(lipgloss.Magenta)
	color  = map[agento.LogLevel]lipgloss.Style{
		agento.LevelInfo:  lipgloss.NewStyle().Foreground(lipgloss.Green),
		agento.LevelWarn:  lipgloss.NewStyle().Foreground(lipgloss.Yellow),
		agento.LevelError: lipgloss.NewStyle().Foreground(lipgloss.Red).Bold(true),
		"DEBUG":           faint,
	}
)

// printer prints items in the order in which they arrive.
type printer struct {
	w                   *colorprofile.Writer
	json                bool
	layout              string // of times
	name                int    // width of the name column
	lines, gaps, failed int
}

func newPrinter(w io.Writer, agents []source, o options) *printer {
	p := &printer{w: colorprofile.NewWriter(w, os.Environ()), json: o.json, layout: "15:04:05"}
	if p.w.Profile == colorprofile.NoTTY {
		p.layout = "2006-01-02T15:04:05.000Z07:00"
	}
	for _, a := range agents {
		p.name = max(p.name, min(ansi.StringWidth(terminal.Visible(a.Name)), longestName))
	}
	return p
}

func (p *printer) print(i item) error {
	event := ""
	switch {
	case i.ended:
		event = "ended"
		if i.err != nil {
			p.failed++
		}
	case i.entry.Reconnected:
		event = "reconnected"
		p.gaps++
	default:
		p.lines++
	}
	if p.json {
		_, err := fmt.Fprintln(p.w, object(i, event))
		return err
	}
	text := p.text(i)
	if file, ok := p.w.Forward.(term.File); ok {
		if width, _, err := term.GetSize(file.Fd()); err == nil && width > 4 {
			text = strings.ReplaceAll(ansi.Wrap(text, width-2, ""), "\n", "\n  ")
		}
	}
	_, err := fmt.Fprintln(p.w, text)
	return err
}

// text returns an item as text.
func (p *printer) text(i item) string {
	at, level, message := i.entry.Time, i.entry.Level, cmp.Or(i.entry.Message, i.entry.Line)
	style := lipgloss.NewStyle()
	if i.ended || i.entry.Reconnected {
		now := time.Now()
		at, level, style = &now, "----", notice
	}
	switch {
	case i.entry.Reconnected:
		message = "reconnected; lines may be missing here"
	case i.err != nil:
		message = "the log ended: " + i.err.Error()
	case i.ended:
		message = "the log ended"
	}
	when := strings.Repeat(" ", len(time.Now().Format(p.layout)))
	if at != nil {
		when = at.Local().Format(p.layout)
	}
	name := ansi.Truncate(terminal.Visible(i.Name), p.name, "…")
	return fmt.Sprintf("%s %s %s%s %s", faint.Render(when), color[level].Render(fmt.Sprintf("%-5s", terminal.Visible(string(level)))),
		bright.Render(name), strings.Repeat(" ", p.name-ansi.StringWidth(name)), style.Render(terminal.Visible(message)))
}

// object returns an item as JSON.
func object(i item, event string) string {
	failure := ""
	if i.err != nil {
		failure = i.err.Error()
	}
	text, _ := json.Marshal(struct {
		Agent   string          `json:"agent"`
		Name    string          `json:"name"`
		Event   string          `json:"event,omitempty"` // reconnected or ended; empty for a line
		Error   string          `json:"error,omitempty"`
		Time    *time.Time      `json:"time,omitempty"`
		Level   agento.LogLevel `json:"level,omitempty"`
		Message string          `json:"message,omitempty"`
		Line    string          `json:"line,omitempty"`
	}{i.ID, i.Name, event, failure, i.entry.Time, i.entry.Level, i.entry.Message, i.entry.Line})
	return terminal.Visible(string(text))
}
