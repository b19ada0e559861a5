// Tag puts the build tag generated on the generated files of a folder, so that
// the module is vetted and tested without them.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const constraint = "//go:build generated\n\n"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: tag folder")
		os.Exit(2)
	}
	if err := tagAll(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func tagAll(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if !isGenerated(filepath.Base(file)) {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if bytes.HasPrefix(source, []byte(constraint)) {
			continue
		}
		if err := os.WriteFile(file, append([]byte(constraint), source...), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// isGenerated knows the names that the two generators give to their files.
func isGenerated(name string) bool {
	return strings.HasSuffix(name, ".gen.go") || strings.HasPrefix(name, "oas_") && strings.HasSuffix(name, "_gen.go")
}
