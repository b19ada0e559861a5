package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTagAll(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"oapi.gen.go", "oas_client_gen.go", "doc.go", "other_gen.go"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("package x\n"), 0o644))
	}
	for range 2 { // the second time there is nothing left to do
		require.NoError(t, tagAll(dir))
		for name, tagged := range map[string]bool{"oapi.gen.go": true, "oas_client_gen.go": true, "doc.go": false, "other_gen.go": false} {
			source, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			want := "package x\n"
			if tagged {
				want = constraint + want
			}
			require.Equal(t, want, string(source), name)
		}
	}
}
