// Package replay tests the example of go-vcr in docs/testing.md.
package replay

import (
	"testing"

	"github.com/stretchr/testify/require"
	_ "gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"

	"github.com/remsyshq/agento-go/internal/test/documents"
)

func TestGoInDocuments(t *testing.T) {
	all, err := documents.All("../../..")
	require.NoError(t, err)
	blocks, _ := documents.Go(all, "vcr")
	require.Len(t, blocks, 1)
	require.NoError(t, documents.Run(t.Context(), ".", blocks, map[string]string{
		"vcr": "gopkg.in/dnaeon/go-vcr.v4/pkg/recorder",
	}))
}
