package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReport(t *testing.T) {
	var browsers []*browser
	for k := range kinds {
		browsers = append(browsers, &browser{kind: k, turns: 1})
	}
	require.NoError(t, report(browsers))
	browsers[steady].err = errors.New("status 500")
	browsers[stuck].turns = 0
	require.EqualError(t, report(browsers), "steady browser: status 500\nstuck browsers: no turns")
}

func TestBrowserRead(t *testing.T) {
	const done = `data: {"type":"done"}` + "\n\n"
	all, short := ordinary.Wire(ordinary.Events), ordinary.Wire(ordinary.Events-1)
	first := ordinary.Wire(1)
	for name, tt := range map[string]struct{ reply, err string }{
		"complete":          {": heartbeat\n\n" + all + done, ""},
		"last event lost":   {short + done, `event 39 of 40 is "{\"type\":\"done\"}\n"`},
		"first event lost":  {strings.TrimPrefix(all, first) + done, "event 0 of 40 is"},
		"duplicate event":   {first + all + done, "event 1 of 40 is"},
		"truncated":         {all, "after 40 of 40 events: EOF"},
		"error":             {first + `data: {"type":"error","code":"timeout"}` + "\n\n", "event 1 of 40 is"},
		"damaged":           {"data: {\n\n", "unexpected end of JSON input"},
		"no events at all ": {done, "event 0 of 40 is"},
	} {
		err := newBrowser(steady, "", "").read(strings.NewReader(tt.reply), -1)
		if tt.err == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, tt.err, name)
	}
}

func TestBrowserReadUntilLeaving(t *testing.T) {
	b := newBrowser(leaving, "", "")
	require.NoError(t, b.read(strings.NewReader(ordinary.Wire(3)), 3))
	require.Equal(t, 3, b.events)
	require.Error(t, b.read(strings.NewReader(ordinary.Wire(2)), 3))
}
