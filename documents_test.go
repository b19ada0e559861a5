package agento_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/test/documents"
)

// ofModules are the packages of nested modules, whose own tests compile the
// blocks that use them.
var ofModules = []string{"agentootel", "redispacer"}

func TestGoInDocumentsCompiles(t *testing.T) {
	all, err := documents.All(".")
	require.NoError(t, err)
	_, blocks := documents.Go(all, ofModules...)
	require.Greater(t, len(blocks), 20)
	require.NoError(t, documents.Compile(".", blocks, nil))
}

func TestLinksLeadSomewhere(t *testing.T) {
	all, err := documents.All(".")
	require.NoError(t, err)
	links := 0
	for _, d := range all {
		links += len(d.Links)
	}
	require.Greater(t, links, 20)
	require.Empty(t, documents.Broken(".", all))
}

// Every document is found from the README.
func TestReadmeLeadsToEveryDocument(t *testing.T) {
	all, err := documents.All(".")
	require.NoError(t, err)
	linked := map[string]bool{}
	for _, d := range all {
		for _, l := range d.Links {
			if d.Path == "README.md" {
				name, _, _ := strings.Cut(l.Target, "#")
				linked[name] = true
			}
		}
	}
	for _, d := range all {
		if strings.HasPrefix(d.Path, "docs/") && !strings.HasPrefix(d.Path, "docs/decisions/") {
			require.True(t, linked[d.Path], "%s has no link in README.md", d.Path)
		}
	}
}
