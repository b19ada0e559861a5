package contract

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/route"
)

var loaded = sync.OnceValues(func() (*Document, error) { return Load("../openapi.json") })

func loadDocument(t *testing.T) *Document {
	t.Helper()
	d, err := loaded()
	require.NoError(t, err)
	return d
}

// specOf returns an operation of the document.
func specOf(t *testing.T, d *Document, name string) *openapi3.Operation {
	t.Helper()
	for _, item := range d.doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.OperationID == name {
				return op
			}
		}
	}
	require.Fail(t, "no such operation in the document", name)
	return nil
}

// TestDocumentMatchesTable compares the document with the table of operations, row by row.
func TestDocumentMatchesTable(t *testing.T) {
	d := loadDocument(t)
	type row struct {
		route.Route
		group string
	}
	var got []row
	for path, item := range d.doc.Paths.Map() {
		for method, op := range item.Operations() {
			scope, _ := op.Extensions["x-scope"].(string)
			evidence, _ := op.Extensions["x-evidence"].(string)
			ok := op.Responses.Status(200)
			got = append(got, row{route.Route{
				Name: op.OperationID, Method: method, Path: path,
				Scope: route.Scope(scope), Evidence: route.Evidence(evidence),
				Stream: ok != nil && ok.Value.Content[eventStream] != nil, Summary: op.Summary,
			}, strings.Join(op.Tags, ",")})
		}
	}
	var want []row
	for _, r := range route.All() {
		operation := *r
		operation.Call = "" // not in the document
		want = append(want, row{operation, r.Group()})
	}
	byName := func(a, b row) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(got, byName)
	slices.SortFunc(want, byName)
	require.Equal(t, want, got)
}

func TestLoadInvalidDocument(t *testing.T) {
	for _, path := range []string{"nowhere.json", "go.mod", "../go.mod"} {
		_, err := Load(path)
		require.Error(t, err, path)
	}
}
