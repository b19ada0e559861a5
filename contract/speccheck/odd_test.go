package main

import (
	"maps"
	"slices"
	"testing"

	"github.com/remsyshq/agento-go/internal/route"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/contract"
)

// places returns all places in a document where a value can be replaced.
func places(node any) []func(with any) (undo func()) {
	var out []func(any) func()
	switch node := node.(type) {
	case object:
		for _, key := range slices.Sorted(maps.Keys(node)) {
			value := node[key]
			out = append(out, func(with any) func() {
				node[key] = with
				return func() { node[key] = value }
			})
			out = append(out, places(value)...)
		}
	case []any:
		for i, value := range node {
			out = append(out, func(with any) func() {
				node[i] = with
				return func() { node[i] = value }
			})
			out = append(out, places(value)...)
		}
	}
	return out
}

// TestInvalidDocuments checks that a document with one invalid place is compared or rejected.
func TestInvalidDocuments(t *testing.T) {
	d := object(ours(t))
	all := places(d)
	require.Greater(t, len(all), 3000)
	odd := []any{nil, 5.0, "x", []any{}, object{}, true, object{"$ref": "#"}}
	const every = 211 // try every 211th place, each with another value
	for i := 0; i < len(all); i += every {
		undo := all[i](odd[i/every%len(odd)])
		text := tree(d).json()
		undo()
		doc, err := contract.Parse(text)
		if err != nil {
			continue
		}
		report, err := compare(ownDocument(), doc, "odd")
		require.NoError(t, err)
		require.Len(t, report.Operations, len(route.All()))
	}
}
