package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// BenchmarkBinary compares the smallest program that reads one agent with the same program
// using net/http and encoding/json.
func BenchmarkBinary(b *testing.B) {
	b.Run("agento", func(b *testing.B) {
		for b.Loop() {
			more, err := binaryGrowth()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(more, "MB")
		}
		b.ReportMetric(0, "ns/op")
	})
}

var binaryGrowth = sync.OnceValues(func() (float64, error) {
	dir, err := os.MkdirTemp("", "agento-bench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	var sizes [2]int64
	for i, name := range []string{"raw", "sdk"} {
		out := filepath.Join(dir, name)
		command := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, "./internal/test/footprint/"+name)
		command.Dir = ".."
		command.Stderr = os.Stderr
		if err := command.Run(); err != nil {
			return 0, err
		}
		info, err := os.Stat(out)
		if err != nil {
			return 0, err
		}
		sizes[i] = info.Size()
	}
	return float64(sizes[1]-sizes[0]) / 1e6, nil
})
