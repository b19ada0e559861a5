package contract

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/route"
)

const documentPath = "../openapi.json"

func load(t *testing.T) *Document {
	t.Helper()
	d, err := Load(documentPath)
	require.NoError(t, err)
	return d
}

// The document and the table of operations are the same, row by row.
func TestDocumentIsTheTable(t *testing.T) {
	d := load(t)
	var got []route.Route
	for _, op := range d.operations {
		scope, _ := op.spec.Extensions["x-scope"].(string)
		evidence, _ := op.spec.Extensions["x-evidence"].(string)
		ok := op.spec.Responses.Status(200)
		got = append(got, route.Route{
			Name: op.id, Group: strings.Join(op.spec.Tags, ","), Method: op.method, Path: op.path,
			Scope: route.Scope(scope), Evidence: route.Evidence(evidence),
			Stream: ok != nil && ok.Value.Content[eventStream] != nil, Summary: op.spec.Summary,
		})
	}
	var want []route.Route
	for _, r := range route.All() {
		row := *r
		row.Call = "" // the SDK's own affair
		want = append(want, row)
	}
	byName := func(a, b route.Route) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(got, byName)
	slices.SortFunc(want, byName)
	require.Equal(t, want, got)
}

func TestLoadRefusesWhatIsNoDocument(t *testing.T) {
	for _, path := range []string{"nowhere.json", "go.mod", "../go.mod"} {
		_, err := Load(path)
		require.Error(t, err, path)
	}
}
