package redispacer

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/test/documents"
)

// TestGoInDocuments runs the blocks of the documents that use this package.
func TestGoInDocuments(t *testing.T) {
	all, err := documents.All("..")
	require.NoError(t, err)
	blocks, _ := documents.Go(all, "redispacer")
	require.Len(t, blocks, 1)
	require.NoError(t, documents.Run(t.Context(), ".", blocks, map[string]string{
		"redispacer": "github.com/remsyshq/agento-go/redispacer",
		"redis":      "github.com/redis/go-redis/v9",
	}))
}
