// Apicheck compares the exported names of the public packages with the baseline in the
// directory api. It fails if a program that compiled with the baseline might no longer
// compile.
//
//	go -C tools run ./apicheck           # compare
//	go -C tools run ./apicheck -renew    # write a new baseline
//
// New names are reported and do not fail the check.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/token"
	"go/types"
	"io"
	"log"
	"os"
	"path/filepath"

	"golang.org/x/exp/apidiff"
	"golang.org/x/tools/go/gcexportdata"
	"golang.org/x/tools/go/packages"
)

const module = "github.com/remsyshq/agento-go"

// public lists the directories of the public packages, relative to the root.
var public = []string{".", "agentotest", "chathttp", "chunk", "otel", "redispacer"}

func main() {
	log.SetFlags(0)
	renew := flag.Bool("renew", false, "write the baseline instead of comparing with it")
	flag.Parse()
	act := compare
	if *renew {
		act = write
	}
	var all []error
	for _, folder := range public {
		if err := act("..", folder, os.Stdout); err != nil {
			all = append(all, fmt.Errorf("%s: %w", filepath.Join(module, folder), err))
		}
	}
	if err := errors.Join(all...); err != nil {
		log.Fatal(err)
	}
}

// baseline is the file with the exported names of a package.
func baseline(root, folder string) string {
	if folder == "." {
		folder = "agento"
	}
	return filepath.Join(root, "api", folder+".export")
}

// compare reports the differences from the baseline. The error contains those that would
// break a program.
func compare(root, folder string, out io.Writer) error {
	before, err := read(root, folder)
	if err != nil {
		return err
	}
	now, err := load(root, folder)
	if err != nil {
		return err
	}
	report := apidiff.Changes(before, now)
	var breaks []error
	for _, change := range report.Changes {
		if !change.Compatible {
			breaks = append(breaks, errors.New("breaks callers: "+change.Message))
			continue
		}
		fmt.Fprintf(out, "%s: new: %s\n", now.Path(), change.Message)
	}
	return errors.Join(breaks...)
}

// load type-checks a package in its current state.
func load(root, folder string) (*types.Package, error) {
	config := &packages.Config{Mode: packages.NeedName | packages.NeedTypes, Dir: filepath.Join(root, folder)}
	loaded, err := packages.Load(config, ".")
	if err != nil {
		return nil, err
	}
	if len(loaded) != 1 {
		return nil, fmt.Errorf("%d packages in %s", len(loaded), config.Dir)
	}
	var faults []error
	for _, e := range loaded[0].Errors {
		faults = append(faults, e)
	}
	return loaded[0].Types, errors.Join(faults...)
}

// write writes the baseline, without positions, which would differ between machines.
func write(root, folder string, _ io.Writer) error {
	pkg, err := load(root, folder)
	if err != nil {
		return err
	}
	var data bytes.Buffer
	fmt.Fprintln(&data, pkg.Path())
	if err := gcexportdata.Write(&data, token.NewFileSet(), pkg); err != nil {
		return err
	}
	name := baseline(root, folder)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, data.Bytes(), 0o644)
}

func read(root, folder string) (*types.Package, error) {
	data, err := os.ReadFile(baseline(root, folder))
	if err != nil {
		return nil, err
	}
	path, rest, ok := bytes.Cut(data, []byte("\n"))
	if !ok {
		return nil, fmt.Errorf("%s is not a baseline", baseline(root, folder))
	}
	return gcexportdata.Read(bytes.NewReader(rest), token.NewFileSet(), map[string]*types.Package{}, string(path))
}
