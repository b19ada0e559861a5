package redispacer

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/test/documents"
)

// The blocks of the documents that use this package compile in its module.
func TestGoInDocumentsCompiles(t *testing.T) {
	all, err := documents.All("..")
	require.NoError(t, err)
	blocks, _ := documents.Go(all, "redispacer")
	require.NotEmpty(t, blocks)
	require.NoError(t, documents.Compile(".", blocks, map[string]string{
		"redispacer": "github.com/remsyshq/agento-go/redispacer",
		"redis":      "github.com/redis/go-redis/v9",
	}))
}
