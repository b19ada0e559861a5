package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/bench/clients"
	"github.com/remsyshq/agento-go/bench/rows"
)

// TestShort makes a whole report in its short form: the generated clients are
// made and built, every way does every row, and what is written is a page and a
// picture. How fast anything is plays no part.
func TestShort(t *testing.T) {
	dir := t.TempDir()
	var out, errs bytes.Buffer
	err := run(t.Context(), []string{"-short", "-o", dir}, &out, &errs)
	require.NoError(t, err, errs.String())

	text, err := os.ReadFile(filepath.Join(dir, "benchmarks.md"))
	require.NoError(t, err)
	require.Equal(t, out.String(), string(text))
	for _, row := range rows.All(rows.Short) {
		require.Contains(t, string(text), row.Name)
	}
	require.NotContains(t, string(text), "| – | – | – | – | – | – |", "no row is without figures")
	picture, err := os.ReadFile(filepath.Join(dir, "benchmarks.svg"))
	require.NoError(t, err)
	requireXML(t, picture)
	for _, kind := range kinds {
		require.Contains(t, string(picture), kind)
	}
}

func requireXML(t *testing.T, text []byte) {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(text))
	for {
		_, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
	}
}

func TestParse(t *testing.T) {
	docs := filepath.Join("..", "docs")
	for _, c := range []struct {
		args  []string
		pairs int
		out   string
		bad   bool
	}{
		{args: nil, pairs: 15, out: docs},
		{args: []string{"-pairs", "40"}, pairs: 40, out: docs},
		{args: []string{"-short"}, pairs: 1},
		{args: []string{"-short", "-pairs", "3", "-o", "x"}, pairs: 3, out: "x"},
		{args: []string{"-only", "call"}, pairs: 15},
		{args: []string{"-only", "call", "-o", "x"}, pairs: 15, out: "x"},
		{args: []string{"-pairs", "-1"}, bad: true},
		{args: []string{"-only", "("}, bad: true},
		{args: []string{"extra"}, bad: true},
		{args: []string{"-unknown"}, bad: true},
	} {
		o, err := parse(c.args, io.Discard)
		if c.bad {
			require.Error(t, err, "%q", c.args)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.pairs, o.pairs, "%q", c.args)
		require.Equal(t, c.out, o.out, "%q", c.args)
	}
}

func TestFresh(t *testing.T) {
	root := t.TempDir()
	m := module{dir: filepath.Join(root, "bench")}
	dir := filepath.Join(m.dir, "generated", "oapi")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	document, settings := filepath.Join(root, "openapi.json"), filepath.Join(dir, "doc.go")
	versions, made := filepath.Join(m.dir, "go.mod"), filepath.Join(dir, "oapi.gen.go")
	now := time.Now()
	touch := func(path string, age time.Duration) {
		require.NoError(t, os.WriteFile(path, nil, 0o644))
		require.NoError(t, os.Chtimes(path, now, now.Add(-age)))
	}
	fresh := func() bool {
		is, err := m.fresh(dir)
		require.NoError(t, err)
		return is
	}
	for _, source := range []string{document, versions, settings} {
		touch(source, time.Hour)
	}
	require.False(t, fresh(), "nothing is made yet")
	touch(made, time.Minute)
	require.True(t, fresh())
	for _, source := range []string{document, versions, settings} {
		touch(source, time.Second)
		require.False(t, fresh(), source)
		touch(source, time.Hour)
		require.True(t, fresh())
	}
	touch(filepath.Join(dir, "more.gen.go"), 2*time.Hour)
	require.False(t, fresh(), "one of the files is older")
	require.NoError(t, os.Remove(document))
	_, err := m.fresh(dir)
	require.Error(t, err)
}

func TestModulesOf(t *testing.T) {
	lines := footprints + "sdk github.com/remsyshq/agento-go\n" +
		"github.com/remsyshq/agento-go github.com/remsyshq/agento-go\n" +
		"github.com/remsyshq/agento-go/internal/sse github.com/remsyshq/agento-go\n" +
		"github.com/hashicorp/go-retryablehttp github.com/hashicorp/go-retryablehttp\n" +
		benchPath + "/generated/oapi " + benchPath + "\n\n"
	require.Equal(t, []string{"github.com/hashicorp/go-retryablehttp", "github.com/remsyshq/agento-go"}, modulesOf(lines, footprints+"sdk"))
	require.Empty(t, modulesOf(footprints+"raw github.com/remsyshq/agento-go\n", footprints+"raw"))
}

func TestProcessorIn(t *testing.T) {
	require.Equal(t, "Some CPU @ 2 GHz", processorIn("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: Other\n"))
	require.Equal(t, "unknown processor", processorIn(""))
}

// TestKinds: the page has a column for every way of a build.
func TestKinds(t *testing.T) {
	for _, kind := range clients.Kinds {
		require.Contains(t, kinds, kind.Name)
	}
	require.Len(t, everyProgram(), len(kinds))
}
