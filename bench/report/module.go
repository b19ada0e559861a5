package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// module is this module's folder, in which the go command works.
type module struct {
	dir  string
	errs io.Writer
}

func findModule(ctx context.Context, errs io.Writer) (module, error) {
	command := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}")
	command.Stderr = errs
	dir, err := command.Output()
	if err != nil {
		return module{}, fmt.Errorf("finding the module: %w", err)
	}
	return module{strings.TrimSpace(string(dir)), errs}, nil
}

// below is a folder that is given relative to the module.
func (m module) below(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(m.dir, path)
}

// goCommand is a go command in the module; what it says goes to the errors.
func (m module) goCommand(ctx context.Context, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = m.dir
	command.Stdout, command.Stderr = m.errs, m.errs
	return command
}

// generate makes the generated clients, unless they are newer than what they
// are made from.
func (m module) generate(ctx context.Context) error {
	for _, name := range []string{"oapi", "ogen"} {
		dir := filepath.Join(m.dir, "generated", name)
		fresh, err := m.fresh(dir)
		if err != nil {
			return err
		}
		if fresh {
			continue
		}
		fmt.Fprintf(m.errs, "generating %s\n", name)
		if err := m.goCommand(ctx, "generate", "./generated/"+name).Run(); err != nil {
			return err
		}
	}
	return nil
}

// fresh reports whether a folder has generated files, all of them newer than
// openapi.json, the generators' versions and their settings.
func (m module) fresh(dir string) (bool, error) {
	sources := []string{filepath.Join(m.dir, "..", "openapi.json"), filepath.Join(m.dir, "go.mod")}
	var made []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if strings.HasSuffix(path, "gen.go") {
			made = append(made, path)
		} else {
			sources = append(sources, path)
		}
		return nil
	})
	if err != nil || len(made) == 0 {
		return false, err
	}
	for _, source := range sources {
		for _, file := range made {
			newer, err := isNewer(file, source)
			if err != nil || !newer {
				return false, err
			}
		}
	}
	return true, nil
}

func isNewer(file, than string) (bool, error) {
	var times [2]time.Time
	for i, path := range []string{file, than} {
		info, err := os.Stat(path)
		if err != nil {
			return false, err
		}
		times[i] = info.ModTime()
	}
	return times[0].After(times[1]), nil
}
