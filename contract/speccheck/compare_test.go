package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/remsyshq/agento-go/internal/route"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/contract"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// tree is an OpenAPI document decoded from JSON.
type tree map[string]any

func ours(t *testing.T) tree {
	t.Helper()
	data, err := os.ReadFile("../../openapi.json")
	require.NoError(t, err)
	var d tree
	require.NoError(t, json.Unmarshal(data, &d))
	return d
}

// at returns the object at a path of keys.
func (d tree) at(keys ...string) map[string]any {
	node := map[string]any(d)
	for _, key := range keys {
		next, ok := node[key].(map[string]any)
		if !ok {
			panic("the document has no " + strings.Join(keys, " → ") + ", at " + key)
		}
		node = next
	}
	return node
}

func (d tree) path(path string) map[string]any { return d.at("paths", path) }

func (d tree) schema(name string) map[string]any { return d.at("components", "schemas", name) }

func (d tree) fields(schema string) map[string]any {
	return d.at("components", "schemas", schema, "properties")
}

// rename changes a key of an object.
func rename(in map[string]any, from, to string) {
	value, ok := in[from]
	if !ok {
		panic("there is no " + from)
	}
	delete(in, from)
	in[to] = value
}

func (d tree) compare(t *testing.T) *wirereport.Report {
	t.Helper()
	return compareText(t, d.json())
}

func compareText(t *testing.T, text []byte) *wirereport.Report {
	t.Helper()
	doc, err := contract.Parse(text)
	require.NoError(t, err)
	report, err := compare(ownDocument(), doc, "a test")
	require.NoError(t, err)
	report.Sort()
	return report
}

// mark returns a difference as text, with a "!" if it breaks a caller.
func mark(d wirereport.Difference) string {
	if d.Breaking {
		return "!" + d.String()
	}
	return d.String()
}

func TestOwnDocumentIsConfirmed(t *testing.T) {
	report := ours(t).compare(t)
	require.Empty(t, report.Differences)
	require.Equal(t, wirereport.Summary{Confirmed: len(route.All())}, report.Summary)
	require.False(t, report.Breaking())
}

// TestAlteredCopies checks that exactly the alteration is reported.
func TestAlteredCopies(t *testing.T) {
	for name, a := range alterations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := ours(t)
			a.alter(d)
			a.check(t, d.compare(t), a.want)
		})
	}
}

func (a alteration) check(t *testing.T, report *wirereport.Report, want []string) {
	t.Helper()
	var got []string
	for _, difference := range report.Differences {
		got = append(got, mark(difference))
	}
	require.ElementsMatch(t, want, got)
	breaking := strings.Contains(strings.Join(want, "\n"), "!")
	require.Equal(t, breaking, report.Breaking())
	if a.refuted == nil && breaking { // a part that all operations share
		require.Equal(t, len(report.Operations), report.Summary.Refuted)
		return
	}
	var refuted []string
	for _, op := range report.Operations {
		if op.Verdict == wirereport.Refuted {
			refuted = append(refuted, op.Name)
		}
	}
	require.ElementsMatch(t, a.refuted, refuted)
}
